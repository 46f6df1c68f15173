"""audit of a venue's day: each planted fault is one finding, and what only follows from one is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from marginspec_journal import InputError
from marginspec_tools.audit.command import command
from worlds.venue_day import FOLDER, days


def audited(name: str, folder: Path, *arguments: str) -> tuple[Result, list[dict[str, Any]]]:
    """An audit's outcome and findings."""
    outcome = CliRunner().invoke(command, [str(FOLDER / f"{name}.jsonl"), "--report", str(folder), *arguments])
    lines = (folder / "findings.jsonl").read_text("utf-8").splitlines()
    return outcome, [json.loads(line) for line in lines]


def test_the_days_are_made_of_the_true_one() -> None:
    for path, text in days():
        assert path.read_text("utf-8") == text


def test_a_day_that_is_right_is_compared_and_agrees(tmp_path: Path) -> None:
    outcome, found = audited("true", tmp_path / "r", "--json")
    assert (outcome.exit_code, found) == (0, [])
    summary = json.loads(outcome.stdout)
    assert summary["verdict"] == "holds"
    coverage = summary["coverage"]
    assert (coverage["events"], coverage["lines"], coverage["values"], coverage["accounts"]) == (271, 271, 889, 24)
    assert {kind: counts["equal"] for kind, counts in coverage["kinds"].items()} == {
        "verdict": 271,
        "balance": 410,
        "quantity": 157,
        "mark": 51,
    }
    assert {market: counts["values"] for market, counts in coverage["markets"].items()} == {
        "BTCUSDT": 131,
        "ETHUSDT": 184,
        "SOLUSDT": 176,
    }
    assert coverage["clauses"]["WTF-01"] == {"events": 6, "compared": 6}


@pytest.mark.rule("LIQ-01", "WTF-01", "TRD-01", "TRD-02", "ACC-01")
def test_each_planted_fault_is_one_finding_by_the_money_at_stake(tmp_path: Path) -> None:
    outcome, found = audited("planted", tmp_path / "r")
    assert outcome.exit_code == 1
    assert [
        (one["clause"], one["seq"], one["ref"], one["where"], one["severity"], one["class"], one["money"])
        for one in found
    ] == [
        ("LIQ-01", 191, "VEN-900191", "c10:SOLUSDT:BOTH", "critical", "solvency", "70874.433"),
        ("LIQ-01", 171, "VEN-900171", "i01:BTCUSDT:BOTH", "high", "solvency", "11629.215"),
        ("ACC-01", 196, "VEN-900196", "i01:BTCUSDT:BOTH", "medium", "figure", "1717.2675"),
        ("TRD-02", 193, "VEN-900193", "Trade", "high", "solvency", "1500.282"),
        ("WTF-01", 259, "VEN-900259", "reserve:SOLUSDT", "high", "order", "91.81073443"),
        ("TRD-01", 121, "VEN-900121", "insurance:USDT", "low", "figure", "0.01"),
        ("TRD-01", 167, "VEN-900167", "wallet:c01:USDT", "low", "figure", "0.00000001"),
    ]
    drawn = found[4]
    assert (drawn["account"], drawn["market"], drawn["returned"]) == (None, "SOLUSDT", 269)
    assert [(one["where"], one["expected"], one["observed"], one["difference"]) for one in drawn["values"]] == [
        ("reserve:SOLUSDT", "53.54217182", "145.35290625", "91.81073443"),
        ("insurance:USDT", "2459.65427307", "2367.84353864", "-91.81073443"),
    ]
    said = outcome.stdout.splitlines()
    assert said[-2] == "7 findings: 1 critical, 3 high, 1 medium, 2 low; 1 consequence of them"
    lines = (tmp_path / "r" / "consequences.jsonl").read_text("utf-8").splitlines()
    (kept_closed,) = [json.loads(line) for line in lines]
    assert (kept_closed["of"], kept_closed["seq"], kept_closed["where"]) == (found[1]["id"], 196, "i01:BTCUSDT:BOTH")


def test_the_same_faults_have_the_same_ids_in_another_audit(tmp_path: Path) -> None:
    ids = [[one["id"] for one in audited("planted", tmp_path / name)[1]] for name in ("one", "two")]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 7
    # The drifting day begins with the planted day's wrong insurance fund, at the same event.
    (drifting,) = audited("drift", tmp_path / "three")[1]
    assert drifting["id"] in ids[0]


def test_one_wrong_balance_that_is_carried_forward_is_one_finding(tmp_path: Path) -> None:
    outcome, (found,) = audited("drift", tmp_path / "r")
    assert outcome.exit_code == 1
    assert (found["clause"], found["seq"], found["where"], found["money"]) == ("TRD-01", 121, "insurance:USDT", "0.01")
    assert (found["consequences"], found["last"], found["returned"], found["since"]) == (47, 270, None, 120)
    # Where the exchange's fund would have deleveraged otherwise, the rules cannot go on from it: the fault stays one.
    assert (found["events"], found["owners"]) == (1, 1)
    lines = (tmp_path / "r" / "consequences.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["again"] for line in lines} == {False}
    assert audited("drift", tmp_path / "t", "--tolerance", "balance=0.01")[0].exit_code == 0
    assert audited("drift", tmp_path / "u", "--tolerance", "balance=0.00999999")[0].exit_code == 1


def test_rounding_for_display_is_one_finding_and_none_within_half_of_the_last_digit(tmp_path: Path) -> None:
    outcome, (found,) = audited("rounded4", tmp_path / "r")
    assert outcome.exit_code == 1
    assert (found["class"], found["severity"], found["clause"], found["money"], found["consequences"]) == (
        "display",
        "low",
        "NUM-01",
        "0.00005",
        344,
    )
    outcome, none = audited("rounded4", tmp_path / "t", "--tolerance", "balance=0.00005", "--json")
    assert (outcome.exit_code, none) == (0, [])
    summary = json.loads(outcome.stdout)
    assert summary["tolerances"] == {"balance": "0.00005"}
    assert summary["coverage"]["kinds"]["balance"]["tolerated"] == 345
    outcome, _ = audited("rounded4", tmp_path / "u", "--tolerance", "balance=0.00005", "--tolerance", "fund=1")
    most = "of at most 0.00005 (wallet:c06:USDT balance, event 101)"
    assert outcome.stdout.splitlines()[-2] == f"No findings; 345 differences within the tolerance, {most}"


def test_misspelt_names_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    path = FOLDER / "sparse.jsonl"
    outcome = CliRunner().invoke(command, [str(path), "--report", str(tmp_path / "r")])
    assert isinstance(outcome.exception, InputError)
    assert str(outcome.exception) == f"{path}:101: observed.ledger.wallet:cO1:USDT: no such account: cO1"
    assert list(tmp_path.iterdir()) == []
