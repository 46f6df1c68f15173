"""audit of longer days: as many findings as there are causes, whoever is at fault and however often."""

import random
from collections import defaultdict
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from marginspec.model.units import div_down
from marginspec.settlement.deleveraging import compare_ranked
from marginspec_journal import Record
from marginspec_tools.audit.comparison import Comparison
from marginspec_tools.audit.findings import Finding, ranked
from marginspec_tools.cli import marginspec
from marginspec_tools.runs import Run, Step
from worlds.observing import observed_day, told_of, write_day


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day with a crash in it: liquidations, deleveraging and fills."""
    path = tmp_path_factory.mktemp("day") / "day.jsonl"
    words = ["scenario", str(path), "--accounts", "40", "--markets", "4", "--events", "1300", "--seed", "5"]
    assert CliRunner().invoke(marginspec, words).exit_code == 0
    return path


def findings(path: Path) -> list[Finding]:
    comparison = Comparison(str(path))
    for step in Run(path):
        comparison.take(step)
    return ranked(comparison.findings)


# ------------------------------------------------------------------- faults here and there


def moved(text: str, quanta: int) -> str:
    """A decimal that is so many units of its last digit more."""
    return str(Decimal(text) + Decimal(quanta).scaleb(-len(text.partition(".")[2])))


def faulty(observed: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """What was observed with one value wrong: the answer, a balance or a quantity."""
    groups = [name for name in ("ledger", "positions") if name in observed]
    group = chance.choice(["answer", *groups])
    if group == "answer":
        return {"accepted": True} if "rejected" in observed else {"rejected": "INSUFFICIENT_MARGIN"}
    name, quanta = chance.choice(list(observed[group])), chance.choice((1, -1, 500, 100_000))
    value = observed[group][name]
    wrong = moved(value, quanta) if group == "ledger" else {"quantity": moved(value["quantity"], quanta)}
    return {**observed, group: {**observed[group], name: wrong}}


@pytest.mark.parametrize("seed", range(3))
def test_each_fault_is_one_finding_at_its_event(seed: int, day: Path, tmp_path: Path) -> None:
    chance = random.Random(seed)
    records = list(observed_day(day))
    places = sorted(chance.sample(range(len(records)), 30))
    # Answers that are wrong in the same way are one cause: the first of them is found, the others are told with it.
    answers: dict[tuple[type, str, str], list[int]] = defaultdict(list)
    apart = []
    for place in places:
        right: dict[str, Any] = dict(records[place].observed or {})
        wrong = faulty(right, chance)
        records[place] = records[place]._replace(observed=wrong)
        given, due = (str(one.get("rejected", "accepted")) for one in (wrong, right))
        if given == due:
            apart.append(place + 1)
        else:
            answers[type(records[place].event), due, given].append(place + 1)
    path = tmp_path / "faulty.jsonl"
    write_day(path, day, records)
    found = findings(path)
    assert sorted(one.seq for one in found) == sorted([*apart, *[seqs[0] for seqs in answers.values()]])
    events = {one.seq: one.events for one in found}
    assert events == {**dict.fromkeys(apart, 1), **{seqs[0]: len(seqs) for seqs in answers.values()}}


def test_a_day_that_is_right_has_none(day: Path, tmp_path: Path) -> None:
    write_day(tmp_path / "right.jsonl", day, list(observed_day(day)))
    assert findings(tmp_path / "right.jsonl") == []


# ------------------------------------------------------------------- rules of the exchange's own


def ranks_last_first() -> AbstractContextManager[Any]:
    """Deleverages those with the least profit first."""

    def reverse(first: Any, second: Any) -> int:
        return -compare_ranked(first, second)

    return patch("marginspec.settlement.deleveraging.compare_ranked", reverse)


def rounds_fees_down() -> AbstractContextManager[Any]:
    """Rounds fees in favour of accounts."""
    return patch("marginspec.handlers.trading.div_up", div_down)


@pytest.mark.rule("ADL-02")
def test_another_order_of_deleveraging_is_one_finding(day: Path, tmp_path: Path) -> None:
    write_day(tmp_path / "other.jsonl", day, list(observed_day(day, ranks_last_first())))
    (found,) = findings(tmp_path / "other.jsonl")
    assert (found.clause, found.classified, found.severity) == ("ADL-02", "order", "critical")
    assert found.consequences > 100


@pytest.mark.rule("TRD-01", "NUM-02")
def test_fees_that_are_rounded_otherwise_are_one_finding(day: Path, tmp_path: Path) -> None:
    write_day(tmp_path / "other.jsonl", day, list(observed_day(day, rounds_fees_down())))
    (found,) = findings(tmp_path / "other.jsonl")
    assert (found.clause, found.classified, found.severity) == ("TRD-01", "figure", "low")
    assert found.consequences > 1000


# ------------------------------------------------------------------- whatever an exchange states

EXTREMES = ("0", "-1", "5000", "0.00000001", f"{10**29}", f"-{10**29}.99999999")
FIGURES = ("entry_price", "unrealised", "liquidation_price", "bankruptcy_price", "maintenance", "initial")
MARGINS = ("equity", "maintenance", "initial", "order_margin", "available", "movable", "margin_ratio")


def nonsense(step: Step, chance: random.Random) -> dict[str, Any]:
    """What no exchange should state, of accounts and markets that there are."""

    def values(*names: str) -> dict[str, str]:
        return {name: chance.choice(EXTREMES) for name in names if chance.random() < 0.7}

    state = step.transition.after
    account, market = chance.choice(sorted(state.accounts)), chance.choice(sorted(state.markets))
    held = ":".join(chance.choice(sorted(state.positions))) if state.positions else f"{account}:{market}:BOTH"
    figures = {"leverage": chance.choice((-5, 0, 7, 10**9)), "margin_mode": "isolated", "adl": 9, **values(*FIGURES)}
    funds = (f"wallet:{account}:USDT", "insurance:USDT", "clearing:USDT", f"reserve:{market}", f"position:{held}")
    groups: dict[str, Any] = {
        "positions": {held: {"quantity": chance.choice(EXTREMES), **figures}},
        "ledger": values(*funds),
        "domains": {f"{account}:USDT": values(*MARGINS)},
        "marks": values(market),
        "funds": {market: {"lots": 9, **values("balance", "long_lots", "lots_pnl")}},
        "uncovered": values("USDT"),
    }
    return {name: group for name, group in groups.items() if chance.random() < 0.5}


@pytest.mark.parametrize("subset", [None, "a00001"])
def test_whatever_an_exchange_states_the_audit_goes_on(subset: str | None, day: Path) -> None:
    chance, comparison = random.Random(7), Comparison("day", subset=subset)
    for step in Run(day):
        told = told_of(step)
        if step.transition.after.accounts and chance.random() < 0.05:
            told = {**told, **nonsense(step, chance)}
        comparison.take(step._replace(record=step.record._replace(observed=told)))
    assert len(comparison.findings) > 30
    assert len({one.id for one in comparison.findings}) == len(comparison.findings)
    assert all(one.text and one.as_object() for one in comparison.findings)
