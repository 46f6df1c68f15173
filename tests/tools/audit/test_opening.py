"""audit --from: opening states that break invariants, and states in which only some accounts are known."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.transition import SpecificationEngine, apply
from marginspec_journal import InputError
from marginspec_journal.header import header_of
from marginspec_journal.states import opening, state_text
from marginspec_journal.strict_json import Node
from marginspec_tools.audit.command import command
from worlds.golden import HEADER, OPEN, deposit, mark, trade
from worlds.lines import Line, journal_text, line_of


def state_after(*events: Event) -> dict[str, Any]:
    """The state file after events, as an opening state."""
    state = State(header=header_of(Node("header", None, "", HEADER)))
    for event in events:
        state, receipt = apply(state, event)
        assert receipt.rejected is None
    found: dict[str, Any] = json.loads(state_text(opening(state)))
    del found["hash"]
    return found


def run(folder: Path, start: dict[str, Any], lines: list[Event | Line], *arguments: str) -> Result:
    (folder / "state.json").write_text(json.dumps(start), "utf-8")
    (folder / "j.jsonl").write_text(journal_text((HEADER, *lines)), "utf-8")
    words = [str(folder / "j.jsonl"), "--from", str(folder / "state.json"), "--report", str(folder / "r"), *arguments]
    return CliRunner().invoke(command, words)


def found_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "r" / "findings.jsonl").read_text("utf-8").splitlines()]


def summary_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "r" / "summary.json").read_text("utf-8"))
    return found


TRADED = state_after(*OPEN, deposit("dave", "120"), trade("dave", "carol", "10"))


def broken_state() -> dict[str, Any]:
    """Dave's wallet is missing by 50: the balances do not sum to zero. He loses 70 at 93, and is not healthy there."""
    changed = json.loads(json.dumps(TRADED))
    changed["ledger"]["wallet:dave:USDT"] = "69"
    changed["marks"]["ABC"] = "93.5"
    found: dict[str, Any] = changed
    return found


@pytest.mark.rule("INV-01", "INV-04")
def test_what_an_opening_state_breaks_is_reported_and_nothing_is_run(tmp_path: Path) -> None:
    outcome = run(tmp_path, broken_state(), [mark("93.5")])
    assert outcome.exit_code == 1
    said = (
        "The opening state breaks 2 invariants in 2 places: the journal was not run (--accept-broken goes on from it)"
    )
    assert said in outcome.stdout.splitlines()
    assert [(one["clause"], one["seq"], one["line"], one["where"], one["observed"]) for one in found_in(tmp_path)] == [
        ("INV-01", 0, 0, "USDT", "-50.0000"),
        ("INV-04", 0, 0, "dave:USDT::", "-5.3500"),
    ]
    summary = summary_in(tmp_path)
    assert (summary["verdict"], summary["run"], summary["events"]) == ("findings", False, 0)
    assert [one["rule"] for one in summary["opening"]] == ["INV-01", "INV-04"]


@pytest.mark.rule("INV-01", "INV-04")
def test_a_broken_state_can_be_gone_on_from(tmp_path: Path) -> None:
    wrong = {**line_of(deposit("alice", "1")), "observed": {"ledger": {"wallet:alice:USDT": "1000"}}}
    outcome = run(tmp_path, broken_state(), [mark("93.4"), wrong], "--accept-broken")
    assert outcome.exit_code == 1
    assert "The opening state breaks 2 invariants in 2 places: it was gone on from" in outcome.stdout.splitlines()
    # The lack stays, dave is liquidated by the first event, and the exchange lost a deposit.
    assert [(one["clause"], one["seq"], one["consequences"]) for one in found_in(tmp_path)] == [
        ("INV-01", 0, 2),
        ("INV-04", 0, 0),
        ("ACC-01", 2, 0),
    ]
    assert summary_in(tmp_path)["happened"]["liquidations"] == 1


def test_where_the_rules_cannot_go_on_the_report_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(SpecificationEngine):
        def apply(self, event: Event) -> Receipt:
            assert event != mark("94"), "a state that rules cannot lead to"
            return super().apply(event)

    monkeypatch.setattr("marginspec_tools.runs.engines.SpecificationEngine", Failing)
    outcome = run(tmp_path, broken_state(), [mark("93.5"), mark("94"), mark("95")], "--accept-broken")
    assert outcome.exit_code == 1
    said = "The rules could not go on from there at event 2: nothing after it was checked"
    assert said in outcome.stdout.splitlines()
    assert (summary_in(tmp_path)["stopped"], summary_in(tmp_path)["events"]) == (2, 1)


# ------------------------------------------------------------------- some accounts only


def only_dave() -> dict[str, Any]:
    """The state as dave's own tables show it: nothing of carol, of the fees, or of what was paid in."""
    known: dict[str, Any] = json.loads(json.dumps(TRADED))
    known["ledger"] = {name: text for name, text in known["ledger"].items() if ":dave:" in name}
    known["positions"] = {name: one for name, one in known["positions"].items() if name.startswith("dave:")}
    known["accounts"] = {"dave": known["accounts"]["dave"]}
    return known


def seen(event: Event, wallet: str, **more: Any) -> Line:
    answer = {"ledger": {"wallet:dave:USDT": wallet, **more.pop("ledger", {})}, **more}
    return {**line_of(event), "observed": answer}


@pytest.mark.rule("TRD-01", "MRG-07")
def test_a_part_of_the_accounts_is_audited_against_one_that_stands_for_the_others(tmp_path: Path) -> None:
    figures = {"dave:ABC:BOTH": {"quantity": "8", "liquidation_price": "86.01"}}
    sold = seen(trade("others", "dave", "2", taker="seller"), "118.8", positions=figures)
    outcome = run(tmp_path, only_dave(), [sold, mark("101")], "--subset", "others")
    assert (outcome.exit_code, found_in(tmp_path)) == (0, []), outcome.stdout
    said = outcome.stdout.splitlines()
    assert "Only some accounts are known: others stands for all others" in said
    assert (
        "Not checked, since it needs all accounts: INV-01, INV-02, INV-06, INV-08, INV-12, INV-13, INV-14; "
        "funds, lots, queues, deleveraging and levies"
    ) in said
    assert summary_in(tmp_path)["unchecked"] == ["INV-01", "INV-02", "INV-06", "INV-08", "INV-12", "INV-13", "INV-14"]


def test_what_is_wrong_of_a_known_account_is_found(tmp_path: Path) -> None:
    sold = seen(trade("others", "dave", "2", taker="seller"), "118.7")
    assert run(tmp_path, only_dave(), [sold], "--subset", "others").exit_code == 1
    assert [(one["clause"], one["money"]) for one in found_in(tmp_path)] == [("TRD-01", "0.1")]


def test_what_needs_all_accounts_is_not_compared(tmp_path: Path) -> None:
    more = {"ledger": {"insurance:USDT": "77"}, "funds": {"ABC": {"inflow": "9"}}}
    more |= {"positions": {"dave:ABC:BOTH": {"quantity": "10", "adl": 0}}}
    known = only_dave()
    known["accounts"]["others"] = known["accounts"]["dave"]
    outcome = run(tmp_path, known, [seen(mark("101"), "119", **more)], "--subset", "others")
    assert outcome.exit_code == 0, outcome.stdout
    told = "2 values (1 balance, 1 quantity); 3 more were observed and not checked"
    assert f"Compared with the exchange in 1 of 1 events: {told}" in outcome.stdout.splitlines()
    coverage = summary_in(tmp_path)["coverage"]
    assert (coverage["values"], coverage["unchecked"]) == (2, 3)
    assert sum(one["values"] for one in coverage["kinds"].values()) == 2 + 3
    kinds = summary_in(tmp_path)["coverage"]["kinds"]
    assert {kind: (one["equal"], one["not checked"]) for kind, one in kinds.items()} == {
        "balance": (1, 1),
        "quantity": (1, 0),
        "indicator": (0, 1),
        "fund": (0, 1),
    }


def test_where_nothing_that_was_observed_could_be_compared_that_is_said(tmp_path: Path) -> None:
    known = only_dave()
    known["accounts"]["others"] = known["accounts"]["dave"]
    line = {**line_of(mark("101")), "observed": {"ledger": {"insurance:USDT": "77"}}}
    outcome = run(tmp_path, known, [line], "--subset", "others")
    said = "NOT COMPARED: none of 1 value that were observed could be compared; "
    assert outcome.exit_code == 4
    assert f"{said}invariants and receipts of the rulebook's run only" in outcome.stdout.splitlines()


def test_made_up_money_is_neither_told_as_deposits_nor_what_a_finding_is_measured_by(tmp_path: Path) -> None:
    # Dave paid in 120, so a thousandth of that is 0.12; the account that stands for others has 2^58 quanta.
    sold = seen(trade("others", "dave", "2", taker="seller"), "117.8")
    run(tmp_path, only_dave(), [sold], "--subset", "others")
    assert [(one["clause"], one["money"], one["severity"]) for one in found_in(tmp_path)] == [("TRD-01", "1", "high")]
    assert summary_in(tmp_path)["assets"]["USDT"]["net_deposits"] is None
    whose = "in which others with made-up money stands for all others: they say nothing of the exchange's."
    for name, times in (("summary.md", 1), ("report.html", 3)):
        text = (tmp_path / "r" / name).read_text("utf-8")
        assert text.count(whose) == times
        funds = text.partition("Funds by asset" if name == "report.html" else "## Funds")[2]
        assert ("2882303" in funds.replace(",", ""), "not known" in funds) == (False, True)


@pytest.mark.parametrize("with_state", [True, False])
def test_a_name_that_no_account_has_is_refused(tmp_path: Path, *, with_state: bool) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text(journal_text((HEADER, *OPEN)), "utf-8")
    (tmp_path / "state.json").write_text(json.dumps(only_dave()), "utf-8")
    start = ["--from", str(tmp_path / "state.json")] if with_state else []
    words = [str(path), *start, "--report", str(tmp_path / "r"), "--subset", "othres"]
    outcome = CliRunner().invoke(command, words)
    assert isinstance(outcome.exception, InputError)
    reason = "no account of this name in an event or the opening state, to stand for all others: othres"
    assert str(outcome.exception) == f"{path}: --subset: {reason}"
    assert not (tmp_path / "r").exists()


def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    outcome = run(tmp_path, only_dave(), [], "--subset", "a b")
    assert outcome.exit_code == 2
    assert "'a b' is not a name" in outcome.stderr
