"""audit of longer days: as many findings as there are causes, whoever is at fault and however often."""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import attrs
import pytest
from click.testing import CliRunner

from marginspec.handlers import trading
from marginspec.margin import margin
from marginspec.margin.margin import DomainMargin
from marginspec.model import market
from marginspec.model.market import Tier, TierTerms
from marginspec.model.units import RATE_ONE, Decimal8, Money, div_down, div_up
from marginspec.settlement import deleveraging, liquidation, settle
from marginspec.settlement.deleveraging import compare_ranked
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


@pytest.fixture(scope="module")
def rough_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day with marks that jump both ways: many are liquidated, and some deleveraged."""
    path = tmp_path_factory.mktemp("day") / "rough.jsonl"
    words = ["scenario", str(path), "--accounts", "40", "--markets", "4", "--events", "1500", "--seed", "4"]
    assert CliRunner().invoke(marginspec, [*words, "--volatility", "0.012", "--jump-mean", "0"]).exit_code == 0
    return path


def ranks_last_first() -> AbstractContextManager[Any]:
    """Deleverages those with the least profit first."""

    def reverse(first: Any, second: Any) -> int:
        return -compare_ranked(first, second)

    return patch("marginspec.settlement.deleveraging.compare_ranked", reverse)


def rounds_fees_down() -> AbstractContextManager[Any]:
    """Rounds fees in favour of accounts."""
    return patch("marginspec.handlers.trading.div_up", div_down)


def takes_fees(per_cent: int) -> AbstractContextManager[Any]:
    """Takes so many per cent of the fees."""

    def fee(value: Money, rate: int) -> Money:
        return Money(div_up(abs(value) * rate * per_cent, RATE_ONE * 100))

    return patch("marginspec.handlers.trading.trade_fee", fee)


def rounds_funding_up_twice() -> AbstractContextManager[Any]:
    """Has payers of funding pay a quantum more."""

    def due(value: Money, rate: int) -> Money:
        rounded = div_up(value * rate, RATE_ONE)
        return Money(rounded + 1 if rounded > 0 else rounded)

    return patch("marginspec.handlers.funding.funding_due", due)


@contextmanager
def liquidates_at(per_cent: int) -> Iterator[None]:
    """Takes a domain for unhealthy once its margin ratio is so many per cent."""

    def is_healthy(domain: DomainMargin) -> bool:
        return not domain.positions or domain.equity * per_cent > domain.maintenance * 100

    with ExitStack() as stack:
        for module in (settle, deleveraging, liquidation, trading):
            stack.enter_context(patch.object(module, "is_healthy", is_healthy))
        yield


def demands_initial_margin(per_cent: int) -> AbstractContextManager[Any]:
    """Has initial margin be so many per cent, and at least maintenance still."""

    def initial(notional: Money, leverage: int, tier: Tier, maintenance: Money) -> Money:
        return Money(max(initial_margin(notional, leverage, tier, Money(0)) * per_cent // 100, maintenance))

    initial_margin = margin.initial_margin
    return patch.object(margin, "initial_margin", initial)


def moves_the_first_edge(per_cent: int) -> AbstractContextManager[Any]:
    """Has the first tier end at so many per cent of what was listed."""

    def next_tier(below: Tier | None, row: TierTerms, decimals: int) -> Tier:
        if below is not None and below.floor == 0:
            row = attrs.evolve(row, floor=Decimal8(row.floor * per_cent // 100))
        return listed_tier(below, row, decimals)

    listed_tier = market.next_tier
    return patch.object(market, "next_tier", next_tier)


def found_of(day: Path, path: Path, exchange: AbstractContextManager[Any]) -> list[Finding]:
    """The findings of a day on an exchange with a rule of its own."""
    write_day(path, day, list(observed_day(day, exchange)))
    return findings(path)


@pytest.mark.rule("ADL-02")
def test_another_order_of_deleveraging_is_one_finding(day: Path, tmp_path: Path) -> None:
    (found,) = found_of(day, tmp_path / "other.jsonl", ranks_last_first())
    assert (found.clause, found.classified, found.severity) == ("ADL-02", "order", "critical")
    assert found.consequences > 100


@pytest.mark.rule("TRD-01", "NUM-02")
def test_fees_that_are_rounded_otherwise_are_one_finding(day: Path, tmp_path: Path) -> None:
    (found,) = found_of(day, tmp_path / "other.jsonl", rounds_fees_down())
    assert (found.clause, found.classified, found.severity) == ("TRD-01", "figure", "low")
    assert found.consequences > 1000


@pytest.mark.rule("TRD-01")
@pytest.mark.parametrize("per_cent", [50, 99, 150])
def test_another_fee_rate_is_one_finding(per_cent: int, day: Path, tmp_path: Path) -> None:
    (found,) = found_of(day, tmp_path / "other.jsonl", takes_fees(per_cent))
    assert (found.clause, found.seq, found.owners, found.returned) == ("TRD-01", 91, 42, None)
    assert found.events > 650


@pytest.mark.rule("TRD-01")
def test_another_fee_rate_is_found_once_where_only_wallets_are_told(day: Path, tmp_path: Path) -> None:
    records = []
    for record in observed_day(day, takes_fees(150)):
        observed = dict(record.observed or {})
        wallets = {name: text for name, text in observed.pop("ledger", {}).items() if name.startswith("wallet")}
        records.append(record._replace(observed={**observed, "ledger": wallets}))
    write_day(tmp_path / "other.jsonl", day, records)
    found = findings(tmp_path / "other.jsonl")
    # Where both sides open isolated positions, all that is told is what these were opened with (ACC-04).
    assert [(one.clause, one.owners, one.events) for one in found] == [("TRD-01", 40, 644), ("ACC-04", 24, 42)]


@pytest.mark.rule("FND-01", "NUM-02")
def test_funding_that_is_rounded_otherwise_is_one_finding(day: Path, tmp_path: Path) -> None:
    (found,) = found_of(day, tmp_path / "other.jsonl", rounds_funding_up_twice())
    assert (found.clause, found.severity, found.events, found.money) == ("FND-01", "low", 8, 277)


@pytest.mark.rule("LIQ-01", "MRG-05")
@pytest.mark.parametrize(("per_cent", "events", "owners"), [(50, 9, 7), (80, 5, 4), (90, 2, 2), (99, 1, 1)])
def test_liquidation_at_another_margin_ratio_is_one_finding(
    per_cent: int, events: int, owners: int, rough_day: Path, tmp_path: Path
) -> None:
    (early,) = found_of(rough_day, tmp_path / "other.jsonl", liquidates_at(per_cent))
    told = early.clause, early.classified, early.severity, early.events, early.owners
    assert told == ("LIQ-01", "solvency", "critical", events, owners)


@pytest.mark.rule("LIQ-01", "MRG-05")
def test_a_fault_beside_a_rule_of_its_own_is_found_apart(rough_day: Path, tmp_path: Path) -> None:
    records = list(observed_day(rough_day, liquidates_at(50)))
    planted: dict[str, int] = {}
    # One event each of an account and of funds that have long been otherwise because of the other rule.
    for name in ("insurance:USDT", "wallet:a00017:USDT", "house:USDT"):
        begin = 1 + max(planted.values(), default=1290)
        place = next(place for place in range(begin, 1500) if name in (records[place].observed or {}).get("ledger", {}))
        observed: dict[str, Any] = dict(records[place].observed or {})
        wrong = moved(observed["ledger"][name], 100_000_000 * (len(planted) + 2))
        records[place] = records[place]._replace(observed={**observed, "ledger": {**observed["ledger"], name: wrong}})
        planted[name] = place + 1
    write_day(tmp_path / "both.jsonl", rough_day, records)
    early, *others = findings(tmp_path / "both.jsonl")
    assert (early.clause, early.events, early.owners) == ("LIQ-01", 9, 7)
    assert {one.leading.where: one.seq for one in others} == planted
    assert [one.money for one in others] == [400_000_000, 300_000_000, 200_000_000]


@pytest.mark.rule("MRG-02", "MRG-06", "TRD-02", "TRD-03", "ACC-04")
@pytest.mark.parametrize(
    ("per_cent", "clauses"),
    [(80, ["TRD-02", "ACC-04", "MRG-06"]), (120, ["TRD-02", "TRD-02", "TRD-03", "ACC-04", "MRG-06"])],
)
def test_another_initial_margin_is_a_finding_for_each_clause_and_answer(
    per_cent: int, clauses: list[str], rough_day: Path, tmp_path: Path
) -> None:
    found = found_of(rough_day, tmp_path / "other.jsonl", demands_initial_margin(per_cent))
    assert [one.clause for one in found] == clauses


@pytest.mark.rule("LIQ-01", "MRG-05")
def test_too_late_a_liquidation_is_told_by_the_fill_that_finds_no_lot(day: Path, tmp_path: Path) -> None:
    late, *_ = found_of(day, tmp_path / "other.jsonl", liquidates_at(150))
    assert (late.clause, late.leading.observed, late.events) == ("LIQ-01", "NO_INVENTORY", 5)


@pytest.mark.rule("MKT-02", "LIQ-01")
def test_another_edge_of_a_tier_is_told_by_clause_and_not_by_event(day: Path, tmp_path: Path) -> None:
    found = found_of(day, tmp_path / "other.jsonl", moves_the_first_edge(50))
    assert [(one.clause, one.events) for one in found] == [("LIQ-01", 1), ("LIQ-05", 7), ("WTF-01", 1)]


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
