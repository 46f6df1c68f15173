"""The guide: its toy engine in both languages, what it shows of a run, and the commands that it names."""

import json
import re
import shlex
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from marginspec_conformance.command import command
from marginspec_tools.cli import marginspec

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "how-to" / "validate-your-engine.md", DOCS / "conformance" / "README.md")
TOYS = {"python": "adapter.py", "node": "adapter.mjs"}
ENGINES = {"python": "exec:python3 adapter.py", "node": "exec:node adapter.mjs"}
MENDED, MISTAKEN = ", equity) - initial:", ", equity):"


def told(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(command, arguments, catch_exceptions=False)
    return answer.exit_code, answer.output


def blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(params=TOYS)
def lang(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A language in which the toy stands in this folder."""
    chosen: str = request.param
    monkeypatch.chdir(tmp_path)
    told("init", "--lang", chosen, "toy")
    shutil.copy(DOCS / "how-to" / "toy-engine" / TOYS[chosen], "toy")
    monkeypatch.chdir(tmp_path / "toy")
    return chosen


def untimed(text: str) -> str:
    return re.sub(r"in \d+\.\d s", "in 0.0 s", text)


def test_the_toy_is_short_and_does_what_the_guide_says(lang: str) -> None:
    adapter = Path(TOYS[lang])
    assert len(adapter.read_text("utf-8").splitlines()) < 100
    code, output = told("doctor", ENGINES[lang])
    last = "13 steps, nothing to mend; 6 of 7 events supported, and not a liquidation"
    assert (code, output.splitlines()[-1]) == (0, last)
    story, mended = blocks(PAGES[0], "text")
    code, output = told("run", "MRG-06", "-e", ENGINES[lang])
    assert (code, untimed(output)) == (0, untimed(mended.replace(ENGINES["python"], ENGINES[lang])))
    if lang == "python":
        adapter.write_text(adapter.read_text("utf-8").replace(MENDED, MISTAKEN), "utf-8")
        code, output = told("run", "MRG-06", "-e", ENGINES[lang])
        assert code == 1
        assert output.startswith(story)


def test_the_toy_fails_where_the_guide_says(lang: str) -> None:
    code, _ = told("run", "-e", ENGINES[lang], "--log", "log.ndjson")
    lines = [json.loads(line) for line in Path("log.ndjson").read_text("utf-8").splitlines()]
    cases = [line["case"] for line in lines if "case" in line]
    expected = {case["finding"]["expected"] for case in cases if case["outcome"] == "failed"}
    assert (code, expected) == (1, {"rejected (LEVERAGE_ABOVE_TIER)"})
    # Enough of them pass that the toy can be called an engine.
    assert sum(case["outcome"] == "passed" for case in cases) > 90


def test_an_engine_of_its_own_is_wrapped_by_a_short_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue with floats, codes and one currency: the adapter reaches level 4 by `Books`, and finds what it rounds."""
    told("init", "--lang", "python", str(tmp_path / "venue"))
    for name in ("venue.py", "adapter.py"):
        shutil.copy(DOCS / "how-to" / "wrapped-engine" / name, tmp_path / "venue")
    monkeypatch.chdir(tmp_path / "venue")
    assert len(Path("adapter.py").read_text("utf-8").splitlines()) < 100
    assert told("doctor", ENGINES["python"])[1].splitlines()[-1] == "13 steps, nothing to mend"
    code, output = told("run", "MRG-06", "-e", ENGINES["python"])
    expected = blocks(PAGES[0], "text")[1].replace("input_checks; skipped", "input_checks, several_assets; skipped")
    assert (code, untimed(output)) == (0, untimed(expected))
    told("run", "-e", ENGINES["python"], "--level", "4", "--log", "log.ndjson")
    lines = [json.loads(line) for line in Path("log.ndjson").read_text("utf-8").splitlines()]
    cases = [line["case"] for line in lines if "case" in line]
    assert sum(case["outcome"] == "passed" for case in cases) > 80
    assert {"insurance:USD", "wallet:alice:USD"} & {case["finding"]["subject"] for case in cases if case["finding"]}


COMMANDS = sorted(
    {
        line.partition(" #")[0].strip()
        for page in PAGES
        for text in (*blocks(page, "sh"), *re.findall(r"`(marginspec [^`]*)`", page.read_text("utf-8")))
        for line in text.splitlines()
        if line.startswith("marginspec ")
    }
)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_pages_is_one(line: str) -> None:
    found: click.Command = marginspec
    context = click.Context(found)
    words = shlex.split(line)[1:]
    while isinstance(found, click.Group):
        name = words.pop(0)
        below = found.get_command(context, name)
        assert below is not None, name
        found = below
    found.make_parser(context).parse_args(words)
