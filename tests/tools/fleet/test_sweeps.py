"""Sweeps: each scenario's answer is that of the specification; shards, in any number of processes, make the whole."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec.model.effects import Deleveraged, DomainLiquidated, Effect, Levied, LotOpened
from marginspec.model.events import MarkPrice
from marginspec.transition import SpecificationEngine
from marginspec_journal import write_lines
from marginspec_journal.decimals import parse_decimal
from marginspec_journal.states import read_state, write_state
from marginspec_tools import cli
from marginspec_tools.runs.fast_running import FastRun
from marginspec_tools.simulate import generate, mixed

SCENARIOS = 12
COUNTED = {"liquidated": DomainLiquidated, "lots": LotOpened, "deleveraged": Deleveraged, "levied": Levied}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A state at work, and scenarios in which its markets fall and rise by more and more."""
    folder = tmp_path_factory.mktemp("sweep")
    parameters = mixed(accounts=60, following=1200, seed=11)
    journal, state, scenarios = folder / "mixed.jsonl", folder / "mixed.state", folder / "scenarios.jsonl"
    write_lines(journal, parameters.header, generate(parameters))
    run = FastRun(journal)
    assert b"".join(run) == b""
    write_state(state, run.reached())
    marks = json.loads(state.read_bytes())["marks"]
    lines = []
    for place in range(SCENARIOS):
        factor = 100 + (place + 1) * 6 * (-1 if place % 2 == 0 else 1)
        moved = {market: scaled(price, factor) for market, price in marks.items()}
        lines.append(json.dumps({"marks": moved}))
    scenarios.write_text("\n".join(lines) + "\n")
    return state, scenarios


def scaled(price: str, per_cent: int) -> str:
    """A price at so many per cent, in as many digits."""
    whole, _, fraction = price.partition(".")
    digits = str(int(whole + fraction) * per_cent // 100).zfill(len(fraction) + 1)
    return f"{digits[: -len(fraction)]}.{digits[-len(fraction) :]}" if fraction else digits


def run(*arguments: object) -> list[dict[str, Any]]:
    """The lines that a command prints."""
    outcome = CliRunner().invoke(cli.marginspec, [str(one) for one in arguments])
    assert outcome.exit_code == 0, outcome.output
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def expected(state: Path, marks: dict[str, str]) -> dict[str, Any]:
    """Counts and hash by the specification."""
    opened = read_state(state)
    engine, chain = SpecificationEngine(opened.state), opened.chain()
    effects: list[Effect] = []
    for market, price in sorted(marks.items()):
        event = MarkPrice(market, parse_decimal(price))
        receipt = engine.apply(event)
        effects += receipt.effects
        chain.append(event, receipt)
    counts = {name: sum(isinstance(one, kind) for one in effects) for name, kind in COUNTED.items()}
    return {**counts, "hash": chain.hash}


def test_each_answer_is_the_specifications(files: tuple[Path, Path]) -> None:
    state, scenarios = files
    *answers, last = run("sweep", state, scenarios, "--jobs", 1)
    assert last["scenarios"] == len(answers) == SCENARIOS
    stated = [json.loads(line)["marks"] for line in scenarios.read_text().splitlines()]
    for answer, marks in zip(answers, stated, strict=True):
        own = expected(state, marks)
        assert {name: answer[name] for name in own} == own
    assert max(answer["liquidated"] for answer in answers) > 0


def test_shards_and_processes_make_the_same_whole(files: tuple[Path, Path], tmp_path: Path) -> None:
    state, scenarios = files
    whole = run("sweep", state, scenarios, "--jobs", 1)
    assert run("sweep", state, scenarios, "--jobs", 2) == whole
    parts = [tmp_path / f"part{number}" for number in (1, 2, 3)]
    for number, part in enumerate(parts, start=1):
        assert run("sweep", state, scenarios, "--jobs", 1, "--shard", f"{number}/3", "--output", part) == []
    assert run("merge", parts[2], parts[0], parts[1]) == whole


def test_parts_are_joined_in_any_grouping(files: tuple[Path, Path], tmp_path: Path) -> None:
    state, scenarios = files
    whole, first, second, third = (tmp_path / name for name in ("whole", "first", "second", "third"))
    run("sweep", state, scenarios, "--jobs", 1, "--output", whole)
    for number, part in enumerate((first, second, third), start=1):
        run("sweep", state, scenarios, "--jobs", 1, "--shard", f"{number}/3", "--output", part)
    for name, group, rest in [("left", (first, second), third), ("right", (third, second), first)]:
        run("merge", *group, "--partial", "--output", tmp_path / name)
        assert last_of(tmp_path / name)["lines"] == 8
        run("merge", rest, tmp_path / name, "--output", tmp_path / f"all-{name}")
        assert (tmp_path / f"all-{name}").read_bytes() == whole.read_bytes()


def last_of(path: Path) -> dict[str, Any]:
    """The last line of a file."""
    stated: dict[str, Any] = json.loads(path.read_bytes().splitlines()[-1])
    return stated


def test_what_does_not_make_a_whole_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    state, scenarios = files
    first, second, changed = (tmp_path / name for name in ("first", "second", "changed"))
    for number, part in enumerate((first, second), start=1):
        run("sweep", state, scenarios, "--jobs", 1, "--shard", f"{number}/2", "--output", part)
    missing = "scenario: 1 is missing; --partial joins the others"
    assert refused("merge", first) == f"{first}: {missing}"
    assert refused("merge", first, second, first) == f"{first}:1: scenario: 0 is also in {first}:1"
    lines = second.read_bytes().splitlines(keepends=True)
    last, of_another = lines[-1], "differs from the total of the lines before it"
    for text, message in [
        (lines[:-1], f"{changed}: incomplete output of a sweep or campaign: its last line is missing"),
        (lines[1:], f"{changed}:6: lines: {of_another}"),
        ([lines[1], *lines[1:]], f"{changed}:2: scenario: must be at least 4, found 3"),
        ([lines[0].replace(b'"lots":', b'"lots":1'), *lines[1:]], f"{changed}:7: hash: {of_another}"),
        ([b"{}\n", *lines[1:]], f"{changed}:1: scenario: missing field"),
        (
            [lines[-1].replace(b'"rulebook":"2"', b'"rulebook":"3"')],
            f'{changed}:1: rulebook: expected one of 2, found "3"',
        ),
        ([last.replace(b'"sweep":1', b'"sweep":2')], f"{changed}:1: sweep: must be at most 1, found 2"),
        ([], f"{changed}: holds no sweep"),
    ]:
        changed.write_bytes(b"".join(text))
        assert refused("merge", first, changed) == message
    other = tmp_path / "other"
    scenarios_of_other = tmp_path / "scenarios"
    scenarios_of_other.write_bytes(b"".join(scenarios.read_bytes().splitlines(keepends=True)[:4]))
    run("sweep", state, scenarios_of_other, "--jobs", 1, "--output", other)
    assert refused("merge", first, other) == f"{other}:5: scenarios: of another sweep than {first}"
    assert "3/2 is not a shard, such as 2/5" in refused("sweep", state, scenarios, "--shard", "3/2")


def sealed(lines: list[bytes], last: bytes) -> bytes:
    """Lines with a last line that is their total."""
    digest = sha256(b"".join(sha256(line).digest() for line in lines)).hexdigest()
    return b"\n".join((*lines, json.dumps({**json.loads(last), "hash": digest}).encode(), b""))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hash": None}, "hash: missing field"),
        ({"amounts": None}, "amounts: missing field"),
        ({"levied": "0"}, 'levied: expected an integer, found "0"'),
        ({"amounts": {"USDT": {"house": 1}}}, "amounts.USDT.house: expected a string, found 1"),
        ({"hash": "0"}, "hash: expected 64 lower-case hexadecimal digits"),
        ({"more": 1}, "more: unknown field"),
    ],
)
def test_a_line_that_is_no_answer_is_not_joined(
    change: dict[str, Any], said: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    run("sweep", *files, "--jobs", 1, "--output", whole)
    *lines, last = whole.read_bytes().splitlines()
    assert sealed(lines, last).splitlines()[:-1] == lines
    changed = {**json.loads(lines[2]), **change}
    lines[2] = json.dumps({name: one for name, one in changed.items() if one is not None}).encode()
    whole.write_bytes(sealed(lines, last))
    assert refused("merge", whole) == f"{whole}:3: {said}"


def test_a_market_that_does_not_exist_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    state, good = files
    scenarios, output = tmp_path / "unlisted.jsonl", tmp_path / "answers"
    scenarios.write_text(good.read_text() + '{"marks":{"UNLISTED-1":"5"}}\n')
    said = f"{scenarios}:{SCENARIOS + 1}: marks.UNLISTED-1: the state has no such market"
    assert refused("sweep", state, scenarios, "--output", output) == said
    assert list(tmp_path.iterdir()) == [scenarios]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_state_that_is_none_is_refused_whoever_reads_it(files: tuple[Path, Path], tmp_path: Path, jobs: int) -> None:
    _, scenarios = files
    state, output = tmp_path / "none.state", tmp_path / "answers"
    state.write_text("{}")
    assert refused("sweep", state, scenarios, "--jobs", jobs, "--output", output) == f"{state}: accepted: missing field"
    assert list(tmp_path.iterdir()) == [state]


def refused(*arguments: object) -> str:
    """Why a command refuses; exit code 2."""
    from marginspec_tools.cli import WRONG_INPUT

    outcome = CliRunner().invoke(cli.marginspec, [str(one) for one in arguments])
    assert outcome.exit_code in (WRONG_INPUT, 1)
    return str(outcome.exception) if outcome.exit_code == 1 else outcome.stderr
