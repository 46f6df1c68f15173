"""audit of lines that state all balances or quantities: the invariants on the exchange's own numbers, both sides."""

import json
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec.model.events import Event
from marginspec_journal.state_objects import state_object
from marginspec_tools.audit.command import command
from marginspec_tools.runs import Run
from worlds.golden import HEADER, OPEN, TAKEN_OVER, mark, trade
from worlds.lines import Line, journal_text, line_of

Answer = dict[str, Any]
Change = Callable[[Answer], None]

TRADED: list[Event] = [*OPEN, trade("alice", "bob", "2")]
"""After it the account `alice` has 999.8, and the house 0.24."""


def everything(folder: Path, events: list[Event]) -> Answer:
    """All that an exchange has after some events: its ledger, positions and lots."""
    path = folder / "day.jsonl"
    path.write_text(journal_text((HEADER, *events)), "utf-8")
    *_, last = Run(path)
    told = state_object(last.transition.after, events=0, accepted=0, rejected=0)
    lots = {lot: {"quantity": one["quantity"]} for lot, one in told["lots"].items()}
    positions = {name: {"quantity": one["quantity"]} for name, one in told["positions"].items()}
    return {"ledger": told["ledger"], "positions": positions, "lots": lots}


def audited(
    folder: Path, events: list[Event], change: Change, *arguments: str
) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """The exit code, findings and coverage of an audit of events, the last of which tells of everything."""
    answer = everything(folder, events)
    change(answer)
    *before, last = events
    told: Line = {**line_of(last), "observed": answer}
    path = folder / "j.jsonl"
    path.write_text(journal_text((HEADER, *before, told)), "utf-8")
    outcome = CliRunner().invoke(command, [str(path), "--report", str(folder / "r"), *arguments])
    assert outcome.exit_code in (0, 1), outcome.exception
    lines = (folder / "r" / "findings.jsonl").read_text("utf-8").splitlines()
    summary = json.loads((folder / "r" / "summary.json").read_text("utf-8"))
    return outcome.exit_code, [json.loads(line) for line in lines], summary["coverage"]["invariants"]


def told_of(finding: dict[str, Any]) -> tuple[Any, ...]:
    names = ("clause", "class", "severity", "where", "what", "expected", "observed", "money", "asset")
    return tuple(finding[name] for name in names)


def as_it_is(_: Answer) -> None:
    """Nothing is told otherwise."""


ONCE = {"checked": 1, "undecided": 0}


@pytest.mark.rule("INV-01", "INV-02")
@pytest.mark.parametrize("events", [TRADED, TAKEN_OVER])
def test_what_adds_up_is_told_as_checked(events: list[Event], tmp_path: Path) -> None:
    assert audited(tmp_path, events, as_it_is) == (0, [], {"INV-01": ONCE, "INV-02": ONCE})
    text = "Checked on the exchange's own numbers, where a line states all that it takes: INV-01 1 time, INV-02 1 time."
    assert text in (tmp_path / "r" / "summary.md").read_text("utf-8").splitlines()
    page = (tmp_path / "r" / "report.html").read_text("utf-8")
    assert "On the exchange's own numbers, as told last; of domains, the closest" in page


@pytest.mark.rule("INV-01")
def test_no_tolerance_hides_that_balances_do_not_add_up(tmp_path: Path) -> None:
    def wrong(answer: Answer) -> None:
        answer["ledger"]["wallet:alice:USDT"] = "999.8001"

    code, (found,), checked = audited(tmp_path, TRADED, wrong, "--tolerance", "balance=1")
    assert (code, checked) == (1, {"INV-01": ONCE, "INV-02": ONCE})
    assert told_of(found) == (
        *("INV-01", "conservation", "high", "USDT", "all balances = net deposits"),
        *("7000", "7000.0001", "0.0001", "USDT"),
    )


@pytest.mark.rule("INV-01")
def test_two_wrong_balances_that_add_up_are_no_breach_of_conservation(tmp_path: Path) -> None:
    def wrong(answer: Answer) -> None:
        answer["ledger"] |= {"wallet:alice:USDT": "999.9", "house:USDT": "0.1400"}

    code, found, checked = audited(tmp_path, TRADED, wrong)
    assert (code, [one["clause"] for one in found], checked) == (1, ["TRD-01"], {"INV-01": ONCE, "INV-02": ONCE})


def test_where_a_balance_is_not_told_conservation_is_not_checked(tmp_path: Path) -> None:
    def silent(answer: Answer) -> None:
        del answer["ledger"]["house:USDT"]

    assert audited(tmp_path, TRADED, silent) == (0, [], {"INV-02": ONCE})
    # What was paid in follows from the journal, where the exchange does not tell.
    code, found, checked = audited(tmp_path, TRADED, lambda answer: answer["ledger"].pop("external:USDT"), "--force")
    assert (code, found, checked) == (0, [], {"INV-01": ONCE, "INV-02": ONCE})


@pytest.mark.rule("INV-02")
def test_a_position_without_another_side_is_a_breach(tmp_path: Path) -> None:
    def wrong(answer: Answer) -> None:
        answer["positions"]["bob:ABC:BOTH"]["quantity"] = "-1.5"

    code, found, _ = audited(tmp_path, TRADED, wrong)
    assert (code, [one["clause"] for one in found]) == (1, ["INV-02", "ACC-02"])
    assert told_of(found[0]) == (
        *("INV-02", "conservation", "critical", "ABC", "long, lots included = short, lots included"),
        *("1.5", "2", "50", "USDT"),
    )


@pytest.mark.rule("INV-01", "NUM-01")
def test_what_is_rounded_for_display_is_undecided(tmp_path: Path) -> None:
    def short(answer: Answer) -> None:
        cut = {name: str(Decimal(text).quantize(Decimal("0.1"), ROUND_DOWN)) for name, text in answer["ledger"].items()}
        answer["ledger"] = cut

    code, found, checked = audited(tmp_path, TRADED, short)
    assert (code, [one["class"] for one in found]) == (1, ["display"])
    assert checked == {"INV-01": {"checked": 0, "undecided": 1}, "INV-02": ONCE}


@pytest.mark.rule("INV-04", "INV-05")
def test_the_exchanges_own_equity_and_maintenance(tmp_path: Path) -> None:
    def told(equity: str, maintenance: str) -> Change:
        return lambda answer: answer.update(
            {"ledger": {}, "positions": {}, "domains": {"alice:USDT": {"equity": equity, "maintenance": maintenance}}}
        )

    code, found, checked = audited(tmp_path, TRADED, told("999.8", "2"))
    assert (code, found, checked) == (0, [], {"INV-04": ONCE, "INV-05": ONCE})
    _, found, _ = audited(tmp_path, TRADED, told("1.5", "2"), "--tolerance", "margin=9999", "--force")
    assert [told_of(one) for one in found] == [
        *[(*("INV-04", "solvency", "critical", "alice:USDT", "equity > its maintenance"), *("2", "1.5", "200", "USDT"))]
    ]
    _, found, _ = audited(tmp_path, TRADED, told("-3", "0"), "--tolerance", "margin=9999", "--force")
    assert [told_of(one) for one in found] == [
        ("INV-05", "solvency", "high", "alice:USDT", "equity ≥ 0", "0", "-3", "3", "USDT")
    ]


@pytest.mark.rule("INV-06")
def test_shortfalls_that_no_fund_covers(tmp_path: Path) -> None:
    def told(shortfall: str) -> Change:
        return lambda answer: answer.update(
            {
                "ledger": {"insurance:USDT": "0.4400"},
                "positions": {},
                "lots": {},
                "funds": {"ABC": {"shortfall": shortfall}},
            }
        )

    wide = ("--tolerance", "fund=9999", "--tolerance", "balance=9999")
    assert audited(tmp_path, TAKEN_OVER, told("0.44"), *wide) == (0, [], {"INV-06": ONCE})
    _, found, _ = audited(tmp_path, TAKEN_OVER, told("0.4401"), *wide, "--force")
    assert [told_of(one) for one in found] == [
        (
            *("INV-06", "order", "high", "USDT", "shortfalls ≤ insurance, relief and uncovered"),
            *("0.44", "0.4401", "0.0001", "USDT"),
        )
    ]


def test_of_some_accounts_only_nothing_is_added_up(tmp_path: Path) -> None:
    def wrong(answer: Answer) -> None:
        answer["ledger"] = {name: text for name, text in answer["ledger"].items() if "alice" in name}

    code, found, checked = audited(tmp_path, TRADED, wrong, "--subset", "bob")
    assert (code, found, checked) == (0, [], {})


def test_a_breach_that_lasts_is_one_finding(tmp_path: Path) -> None:
    answer = everything(tmp_path, TRADED)
    answer["ledger"]["wallet:alice:USDT"] = "999.8001"
    lines: list[Line] = [{**line_of(mark("100")), "observed": answer}] * 3
    path = tmp_path / "j.jsonl"
    path.write_text(journal_text((HEADER, *TRADED, *lines)), "utf-8")
    CliRunner().invoke(command, [str(path), "--report", str(tmp_path / "r"), "--tolerance", "balance=1"])
    (found,) = [json.loads(line) for line in (tmp_path / "r" / "findings.jsonl").read_text("utf-8").splitlines()]
    assert (found["clause"], found["events"], found["money"], found["returned"]) == ("INV-01", 3, "0.0001", None)
