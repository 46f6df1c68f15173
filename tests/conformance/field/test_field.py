"""The field: the page is what the recorded answers give, and they are answers to today's questions."""

import gzip
import sys
from collections import Counter
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner

from engines.field.__main__ import PAGE
from engines.field.decisions import decided, journals
from engines.field.libraries import ADAPTERS, RECORDED, REQUIREMENTS, Library, Way, libraries
from engines.field.measuring import OutdatedError, measured
from engines.field.page import page
from engines.field.recording import importing_the_protocol, main
from marginspec_conformance.running.command import command
from marginspec_conformance.vectors.question import questions_of

LIBRARIES = libraries()
DECISIONS = [library.decisions for library in LIBRARIES if library.decisions is not None]
WAYS = [(library, way) for library in LIBRARIES for way in library.ways]


def test_the_page_is_what_the_records_give() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it anew: `PYTHONPATH=tests python -m engines.field`"


@pytest.mark.parametrize(("library", "way"), WAYS, ids=[way.name for _, way in WAYS])
def test_every_question_of_today_was_asked(library: Library, way: Way) -> None:
    found = measured(way)
    asked = [*(one.question.id for one in found.heard), *found.unanswered]
    assert sorted(asked) == sorted(one.id for one in questions_of())
    assert found.heard
    assert f"{library.name}=={found.hello.version}\n" in library.requirements.read_text("utf-8")


def test_every_file_is_of_a_library() -> None:
    ways = [(library, way) for library in LIBRARIES for way in library.everything]
    assert set(RECORDED.iterdir()) == {way.record for _, way in ways}
    assert set(REQUIREMENTS.iterdir()) == {library.requirements for library in LIBRARIES}
    scripts = {Path(library.command(way, Path("x")).split()[1]) for library, way in ways}
    assert set(ADAPTERS.glob("*_library.py")) == scripts


@pytest.mark.parametrize("way", DECISIONS, ids=[way.name for way in DECISIONS])
def test_decisions_are_of_journals_of_today(way: Way) -> None:
    found = Counter(one.checked.outcome for one in decided(way))
    assert found.total() == len(journals())
    assert found["agrees"] > found["differs"] > 0
    assert found["oracle failed"] == 0


def test_requirements_name_one_version_each() -> None:
    for library in LIBRARIES:
        lines = library.requirements.read_text("utf-8").splitlines()
        assert all(line.count("==") == 1 and " " not in line for line in lines), library.name


def test_a_question_that_was_not_recorded_is_said(tmp_path: Path) -> None:
    [way] = LIBRARIES[0].ways
    lines = gzip.decompress(way.record.read_bytes()).splitlines(keepends=True)
    # Without the last question, its answer, and `stop` and its answer.
    short = tmp_path / way.record.name
    short.write_bytes(gzip.compress(b"".join(lines[:-4])))

    @attrs.frozen
    class Shortened(Way):
        @property
        def record(self) -> Path:
            return short

    shortened = Shortened(way.name, way.functions, way.arguments, way.notes)
    number = len(questions_of()) + 1
    with pytest.raises(OutdatedError) as said:
        measured(shortened)
    assert str(said.value) == (
        f"ccxt.jsonl.gz has no answers to today's questions ({short} has no answer to this request {number}, calc,): "
        "record anew with `PYTHONPATH=tests python -m engines.field.recording FOLDER`"
    )


CALCULATOR = """
from asking import Calculator, band, price_text
from engine_protocol import serve, unsupported


class Formula(Calculator):
    library = "pip"
    note = "with a formula"

    def ask_band(self, question):
        lacking = question.lacking(cross=False)
        if lacking:
            return unsupported(lacking)
        [one] = question.asked
        tier = question.market.tier_of(one.notional)
        side = 1 if one.quantity > 0 else -1
        price = (one.quantity * one.entry - question.cash - tier.deduction) / (one.size * (side - tier.rate))
        return band(question, price_text(price))


serve(Formula())
"""


def test_a_library_is_asked_through_its_adapter(tmp_path: Path) -> None:
    script = tmp_path / "formula.py"
    script.write_text(f"import sys\nsys.path.append({str(ADAPTERS)!r})\n{CALCULATOR}", "utf-8")
    begins = ("MRG-07/flat", "MRG-07/hedged", "MRG-07/no-")
    flat = [one.id for one in questions_of(["MRG-07"]) if one.id.startswith(begins)]
    with importing_the_protocol():
        arguments = ["-e", f"exec:{sys.executable} {script}", "--level", "0", "--tolerance", "<0.01", *flat]
        outcome = CliRunner().invoke(command, arguments)
    counts = Counter("flat" in one for one in flat)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout.splitlines()[0] == f"calc: {counts[True]} of {len(flat)}; {counts[False]} skipped"


def test_nothing_is_recorded_of_a_library_that_is_not_named(tmp_path: Path) -> None:
    main(tmp_path, ["another"])
    assert list(tmp_path.iterdir()) == []
