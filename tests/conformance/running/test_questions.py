"""`conform run --level 0`: questions, right, wrong, unanswered."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from marginspec_conformance.adapter import Adapter
from marginspec_conformance.engines import specification
from marginspec_conformance.protocol.messages import Calculated, Hello, Unsupported
from marginspec_conformance.reporting.log import read_log
from marginspec_conformance.running.command import command
from marginspec_conformance.vectors.question import questions_of
from marginspec_journal import InputError
from marginspec_journal.canonical import JsonObject

ALL = len(questions_of())
UNDER = "level 0, rulebook 2, profiles none, suite 2; clauses left out: none"
DEBT, ALONE = "MRG-08/debt", "MRG-08/alone-long-10"


def under_of(part: str) -> str:
    """What is said under which conditions of a part of the questions."""
    return UNDER.replace("suite 2", f"suite 2, of {part} only")


class Calculator(Adapter):
    """The rulebook's own answers, changed by kind."""

    def hello(self) -> Hello:
        return Hello("calculator", "1", "Python", "2", 0, frozenset({"calc"}))

    def calc(self, question: JsonObject) -> Calculated | Unsupported:
        right = specification().calc(question)
        assert isinstance(right, Calculated)
        return self.changed(question["kind"], right.values)

    def changed(self, kind: str, values: JsonObject) -> Calculated | Unsupported:
        return Calculated(values)


class Silent(Calculator):
    """Has nothing for tiers, and gives one end of a band only."""

    def changed(self, kind: str, values: JsonObject) -> Calculated | Unsupported:
        if kind == "tier":
            return Unsupported("tiers")
        if kind == "band":
            return Calculated({"liquidation_price_below": values["liquidation_price_below"]})
        return Calculated(values)


class Wrong(Calculator):
    """Prices are off by a thousandth; a debt is an error."""

    def changed(self, kind: str, values: JsonObject) -> Calculated | Unsupported:
        price = values.get("bankruptcy_price")
        if price == "130000.00":
            raise ValueError("no debts\x1b[2J")
        return Calculated(values if price is None else {"bankruptcy_price": f"{price}{'' if '.' in price else '.00'}1"})


def run(engine: str, *arguments: object) -> Result:
    where = f"py:{__name__}:{engine}" if ":" not in engine else f"py:{engine}"
    outcome = CliRunner().invoke(command, ["-e", where, *map(str, arguments)])
    # The time that it took stands alone on its line.
    outcome.stdout_bytes = re.sub(rb" in \d+\.\d s\n", b"\n", outcome.stdout_bytes)
    return outcome


def ident(name: str) -> str:
    [found] = [one.id for one in questions_of() if one.id.startswith(f"{name}/")]
    return found


def test_the_specification_answers_all() -> None:
    outcome = run("marginspec_conformance.engines:specification", "--level", "0")
    expected = f"calc: {ALL} of {ALL}\n{UNDER}; skipped: 0; undecided: 0\n{ALL} questions\n"
    assert (outcome.exit_code, outcome.stdout) == (0, expected)


def test_an_engine_of_level_0_is_asked_questions() -> None:
    outcome = run("Calculator", "--shard", "1/10")
    some = len(questions_of((), (1, 10)))
    assert (outcome.exit_code, outcome.stdout.splitlines()[0]) == (0, f"calc: {some} of {some}")


def test_an_engine_without_calc_is_asked_nothing() -> None:
    outcome = run("marginspec_conformance.adapter:Adapter", "--level", "0")
    expected = [f"calc: 0 of {ALL}; {ALL} skipped", f"{UNDER}; skipped: {ALL}; undecided: 0", f"{ALL} questions"]
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (4, [*expected, f"  skipped: {ALL} need calc"])


def test_what_is_not_answered_is_not_passed(tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    outcome = run("Silent", "MKT-02", "MRG-07", "MRG-08", "--log", log)
    kinds = {kind: len(questions_of([clause])) for clause, kind in (("MKT-02", 0), ("MRG-07", 1), ("MRG-08", 2))}
    count = sum(kinds.values())
    said = f"calc: {kinds[2]} of {count}; {kinds[1]} undecided; {kinds[0]} skipped"
    assert outcome.exit_code == 0
    under = under_of("MKT-02, MRG-07, MRG-08")
    assert outcome.stdout.splitlines() == [
        said,
        f"{under}; skipped: {kinds[0]}; undecided: {kinds[1]}",
        f"{count} questions",
        f"  skipped: {kinds[0]} need tiers",
    ]
    written = read_log(log)
    assert written.ending.verdict == f"{said} ({under}; skipped: {kinds[0]}; undecided: {kinds[1]})"
    assert {(one.outcome, one.reason) for one in written.cases} == {
        ("skipped", "needs tiers"),
        ("undecided", "says nothing of liquidation_price_above"),
        ("passed", ""),
    }


def test_a_wrong_answer_has_a_story(tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    outcome = run("Wrong", ident(ALONE), ident(DEBT), "--log", log)
    sentence = "The bankruptcy price is the mark at which the domain's equity is zero, other marks fixed."
    again = f"-e py:{__name__}:Wrong --level 0"
    assert outcome.exit_code == 1
    assert outcome.stdout.splitlines() == [
        f"{ident(ALONE)}:",
        "  question (bankruptcy): A long alone with a margin of 9000: where its equity is zero.",
        "  calc bankruptcy_price: expected 27000.00, the engine says 27000.001 (off by 0.001)",
        f"  clause MRG-08: {sentence}",
        "  not affected: nothing else was compared",
        f"  again: marginspec conform run {ident(ALONE)} {again}",
        f"{ident(DEBT)}:",
        "  question (bankruptcy): A domain that is bankrupt at the mark.",
        "  errored calc: expected an answer, the engine says ValueError: no debts\\x1b[2J",
        f"  clause MRG-08: {sentence}",
        "  not affected: nothing else was compared",
        f"  again: marginspec conform run {ident(DEBT)} {again}",
        "calc: 0 of 2; 2 failed",
        f"{under_of(f'{ident(ALONE)}, {ident(DEBT)}')}; skipped: 0; undecided: 0",
        "2 questions",
        "  bankruptcy bankruptcy_price: off by at most 0.001",
    ]
    [first, _] = read_log(log).cases
    assert first.finding is not None
    found = first.finding
    assert (found.event, found.clause, found.kind, found.subject) == (
        "calc bankruptcy",
        "MRG-08",
        "calc",
        "bankruptcy_price",
    )
    assert (found.expected, found.actual) == ("27000.00", "27000.001 (off by 0.001)")


def test_within_a_tolerance_the_report_says_by_how_much(tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    outcome = run("Wrong", ident(ALONE), "--tolerance", "0.001", "--log", log)
    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines() == [
        "calc: 1 of 1",
        f"{under_of(ident(ALONE))}; skipped: 0; undecided: 0",
        "1 questions",
        "  bankruptcy bankruptcy_price: off by at most 0.001",
    ]
    [case] = read_log(log).cases
    assert (case.outcome, case.reason) == ("passed", "within 0.001 (inclusive): bankruptcy_price off by 0.001")
    assert run("Wrong", ident(ALONE), "--tolerance", "<0.001").exit_code == 1


def test_fail_fast_ends_at_the_first() -> None:
    outcome = run("Wrong", ident(ALONE), ident(DEBT), "--fail-fast")
    assert outcome.stdout.splitlines()[6] == "calc: 0 of 2; 1 failed; 1 of 2 questions were not asked"


def test_an_engine_that_dies_is_no_wrong_engine() -> None:
    program = "import sys; sys.stdin.readline(); print('{}'.format(sys.argv[1]), flush=True); sys.stdin.readline()"
    hello = json.dumps(
        {
            "id": 1,
            "answer": "hello",
            "protocol": 1,
            "name": "dies",
            "version": "1",
            "language": "Python",
            "rulebook": "2",
            "level": 0,
            "capabilities": ["calc"],
        }
    )
    outcome = CliRunner().invoke(command, ["-e", f"exec:python3 -c \"{program}\" '{hello}'", "MRG-08"])
    count = len(questions_of(["MRG-08"]))
    assert outcome.exit_code == 3
    assert (
        outcome.stdout.splitlines()[0]
        == f"calc: 0 of {count}; 3 engine failed; {count - 3} of {count} questions were not asked"
    )


def test_a_name_of_no_question() -> None:
    for arguments in (["--level", "0", "LIQ-01"], ["LIQ-01"]):
        refused = run("Calculator", *arguments).exception
        assert isinstance(refused, InputError)
        assert str(refused) == "CLAUSE: no question is of LIQ-01"


def test_other_commands_ask_no_questions() -> None:
    from marginspec_conformance.driving.options import opened_engine

    with pytest.raises(InputError, match="level 0 has no events to compare; name one with --level"):
        opened_engine(f"py:{__name__}:Calculator", None, "0", 10)
