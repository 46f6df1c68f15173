"""The index answers what the specification's states and receipts say, at any event, of any journal."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from immutables import Map

from marginspec.margin.margin import lot_cost
from marginspec.model import ledger
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    LotOpened,
    LotReduced,
    OrderCancelled,
    PositionChanged,
    Receipt,
    Transferred,
)
from marginspec.model.events import Event
from marginspec.model.fields import type_name
from marginspec.model.ledger import LedgerAccount
from marginspec.model.state import Header, State
from marginspec.settlement.waterfall import needed_relief
from marginspec.transition import SpecificationEngine, apply
from marginspec_audit import assets_of
from marginspec_audit.transparency import market_status
from marginspec_conformance.generator import journals
from marginspec_journal import Record, open_journal, write_journal
from marginspec_journal.chain import ReceiptChain
from marginspec_journal.lines import record_object
from marginspec_tools.audit.waterfall import happenings
from marginspec_tools.dashboard.index import Builder, Filter, Index, NotThere, asking
from marginspec_tools.dashboard.index.answers import Page
from marginspec_tools.dashboard.index.tables import Readers
from marginspec_tools.dashboard.index.values import NO_LOTS
from marginspec_tools.simulate import stress_day_path

EVENTS = 300
KINDS = {
    "aimed": journals.aimed_journal,
    "giant": journals.giant_journal,
    "glitch": journals.glitch_journal,
    "ruin": journals.ruin_journal,
    "crowd": journals.crowd_journal,
    "avalanche": journals.avalanche_journal,
    "narrow": journals.narrow_journal,
}
"""Kinds of random journals: what they reach is said where they are made."""
Kind = Callable[[int, int], tuple[Header, journals.Choose]]


@attrs.frozen
class Step:
    """An event of a run of the specification."""

    seq: int
    record: Record
    before: State
    receipt: Receipt
    after: State


def steps_of(path: Path) -> Iterator[Step]:
    journal = open_journal(path)
    state = State(header=journal.header)
    for seq, record in enumerate(journal, start=1):
        before = state
        state, receipt = apply(state, record.event)
        yield Step(seq, record, before, receipt, state)


def random_journal(path: Path, kind: Kind, seed: int) -> None:
    header, choose = kind(seed, EVENTS)
    engine = SpecificationEngine.from_header(header)
    records: list[Record] = []
    for line in range(2, EVENTS + 2):
        event: Event = choose(engine.state())
        engine.apply(event)
        records.append(Record(line, event))
    write_journal(path, header, records)


@contextmanager
def indexed(journal: Path, folder: Path) -> Iterator[Index]:
    with closing(Builder(journal, folder / "an.index")) as builder:
        builder.build()
    with closing(Index(folder / "an.index")) as index:
        yield index


@pytest.fixture(scope="module")
def stress_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with indexed(stress_day_path(), tmp_path_factory.mktemp("index")) as index:
        yield index


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return list(steps_of(stress_day_path()))


def check_states(index: Index, steps: Iterator[Step], every: int) -> None:
    for step in steps:
        if step.seq % every == 0:
            assert index.state_at(step.seq) == step.after
            check_parts(index, step.seq, step.after)


def check_parts(index: Index, seq: int, state: State) -> None:
    """Each account and market by itself is as it is in the whole."""
    funds = index.funds_state(seq)
    for name in ("markets", "next_lot", "uncovered", "fund_status", "closed_markets"):
        assert getattr(funds, name) == getattr(state, name)
    assert (funds.open_interest, funds.open_value) == (state.open_interest, state.open_value)
    balances = {one: held for one, held in funds.ledger.items() if not one.lot}
    assert balances == {one: state.ledger[one] for one in state.ledger if not one.account and not one.lot}
    check_lots(index, seq, state)
    for account in state.accounts:
        assert own_of(index.account_state(seq, account), "") == own_of(state, account)
    for market in state.markets:
        part = index.market_state(seq, market)
        assert part.markets == Map({market: state.markets[market]})
        assert part.lots == Map({lot: state.lots[lot] for lot in state.lots_in.get(market, ())})
        for name in ("fund_status", "open_interest"):
            assert getattr(part, name).get(market) == getattr(state, name).get(market)
        assert index.queue_state(seq, market).positions_in.get(market) == state.positions_in.get(market)


def check_lots(index: Index, seq: int, state: State) -> None:
    """Lots taken together have the sums of all, and come one by one, newest first."""
    funds, together = index.funds_state(seq), index.lots(seq)
    assert set(together) == set(state.lots_in)
    for asset in assets_of(state):
        assert needed_relief(funds, asset) == needed_relief(state, asset)
    for market in state.markets:
        number = together.get(market, NO_LOTS).number
        assert attrs.evolve(market_status(funds, market), lots=number) == market_status(state, market)
        assert len(funds.lots_in.get(market, ())) <= 2
        found = paged(partial(lots_before, index, seq, market))
        lots = [state.lots[lot] for lot in state.lots_in.get(market, ())]
        assert [(one.lot, one.cost) for one in reversed(found)] == [(lot, lot_cost(state, lot.id)) for lot in lots]


def lots_before(index: Index, seq: int, market: str, below: int | None) -> Page[Any]:
    return index.open_lots(seq, market, below, 2)


def own_of(state: State, account: str) -> dict[str, Any]:
    """What of a state is an account's; of every account's if none is named."""
    of_keys = ("settings", "positions", "positions_of")
    claims = [(domain, own[domain]) for own in state.relief_claims.values() for domain in own]
    return {
        "balances": {one: state.ledger[one] for one in state.ledger if one.account and account in ("", one.account)},
        "claims": {domain: amount for domain, amount in claims if account in ("", domain.account)},
        **{name: kept(getattr(state, name), lambda key: account in ("", key[0])) for name in of_keys},
        **{
            name: kept(getattr(state, name), lambda key: account in ("", key))
            for name in ("accounts", "orders", "domains_of")
        },
    }


def kept(entries: Map[Any, Any], is_kept: Callable[[Any], bool]) -> dict[Any, Any]:
    return {key: value for key, value in entries.items() if is_kept(key)}


def test_states_of_the_stress_day(stress_day: Index, steps: list[Step]) -> None:
    check_states(stress_day, iter(steps), 100)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_states_of_random_journals(tmp_path: Path, kind: Kind, seed: int) -> None:
    path = tmp_path / "random.jsonl"
    random_journal(path, kind, seed)
    with indexed(path, tmp_path) as index:
        check_states(index, steps_of(path), 6)


def test_moments_can_be_run_again(stress_day: Index, steps: list[Step]) -> None:
    whole = 0
    for step in steps[::3]:
        moment = stress_day.moment(step.seq)
        if moment is None:
            whole += 1
            moment = stress_day.whole_moment(step.seq)
            assert moment.before == step.before
        assert (moment.seq, moment.record) == (step.seq, step.record)
        assert apply(moment.before, moment.record.event)[1] == step.receipt
    assert 0 < whole < len(steps) // 30


# ------------------------------------------------------------------- events


def paged(ask: Callable[[int | None], Page[Any]]) -> list[Any]:
    """All rows of all pages."""
    rows: list[Any] = []
    after: int | None = None
    while True:
        page = ask(after)
        rows += page.rows
        after = page.after
        if after is None:
            return rows


def touched(step: Step, of: str) -> set[str]:
    """The accounts or markets that an event names, or whose entries in the state it changed."""
    fields = ("market",) if of == "market" else ("account", "buyer", "seller", "counterparty")
    names = {str(getattr(step.record.event, field)) for field in fields if getattr(step.record.event, field, None)}
    for effect in step.receipt.effects:
        match effect:
            case Transferred(source=source, target=target):
                names |= {getattr(side, of) for side in (source, target)}
            case PositionChanged(key=key) | Deleveraged(counterparty=key):
                names.add(getattr(key, of))
            case OrderCancelled(account=account, order=order):
                names.add(account if of == "account" else step.before.orders[account][order].market)
            case LotOpened(lot=opened) if of == "market":
                names.add(opened.market)
            case LotReduced(market=market) if of == "market":
                names.add(market)
            case _:
                pass
    return names - {""}


def sides(transfer: Transferred) -> tuple[LedgerAccount, LedgerAccount]:
    return transfer.source, transfer.target


def is_of_waterfall(step: Step) -> bool:
    return any(True for _ in happenings(step.receipt.effects))


@pytest.mark.parametrize(
    ("chosen", "fits"),
    [
        (Filter(), lambda step: step.seq > 0),
        (Filter(type="trade"), lambda step: type_name(type(step.record.event)) == "trade"),
        (Filter(rejected=True), lambda step: step.receipt.rejected is not None),
        (Filter(rejected="UNHEALTHY"), lambda step: step.receipt.rejected == "UNHEALTHY"),
        (Filter(waterfall=True), is_of_waterfall),
        (Filter(market="BTCUSDT"), lambda step: "BTCUSDT" in touched(step, "market")),
        (Filter(account="a00003"), lambda step: "a00003" in touched(step, "account")),
        (
            Filter(account="a00003", market="BTCUSDT", type="trade"),
            lambda step: (
                {"a00003"} <= touched(step, "account")
                and {"BTCUSDT"} <= touched(step, "market")
                and type_name(type(step.record.event)) == "trade"
            ),
        ),
    ],
    ids=["all", "type", "rejected", "reason", "waterfall", "market", "account", "together"],
)
def test_events_that_fit(stress_day: Index, steps: list[Step], chosen: Filter, fits: Callable[[Step], bool]) -> None:
    until = 2_100
    found = [row.seq for row in paged(lambda below: stress_day.events(until, chosen, below, 7))]
    assert found == [step.seq for step in reversed(steps[:until]) if fits(step)]


def test_an_event_has_its_texts_and_what_it_changed(stress_day: Index, steps: list[Step]) -> None:
    chain = ReceiptChain(steps[0].after.header)
    for step in steps:
        chained = chain.append(step.record.event, step.receipt)
        if step.seq % 5:
            continue
        event = stress_day.event(step.seq)
        assert event.text.encode() == msgspec.json.encode(record_object(step.record))
        assert (event.receipt.encode(), event.hash) == (chained.line(), chained.hash)
        assert list(event.effects) == msgspec.json.decode(chained.canonical).get("effects", [])
        changed = {one.name: (one.before or 0, one.after or 0) for one in event.changes if one.kind == "ledger"}
        names = {*step.before.ledger, *step.after.ledger}
        balances = {name: (step.before.balance(name), step.after.balance(name)) for name in names}
        assert changed == {str(name): both for name, both in balances.items() if both[0] != both[1]}
        positions = {one.name: (one.before or 0, one.after or 0) for one in event.changes if one.kind == "position"}
        keys = {*step.before.positions, *step.after.positions}
        held = {key: (step.before.positions.get(key, 0), step.after.positions.get(key, 0)) for key in keys}
        assert positions == {":".join(key): both for key, both in held.items() if both[0] != both[1]}


# ------------------------------------------------------------------- the waterfall


def test_liquidations_with_who_bore_their_losses(stress_day: Index, steps: list[Step]) -> None:
    until = 2_000
    taken: list[tuple[int, DomainLiquidated]] = []
    of_lot: dict[int, int] = {}
    borne: dict[int, Counter[str]] = defaultdict(Counter)
    for step in steps[:until]:
        for effect in step.receipt.effects:
            match effect:
                case DomainLiquidated():
                    taken.append((step.seq, effect))
                case LotOpened(lot=lot):
                    of_lot[lot.id] = len(taken)
                case Transferred(rule="WTF-01", source=source, target=target, amount=amount):
                    borne[of_lot[target.lot]][source.kind] += amount
                case Transferred(rule="LIQ-05", source=source, target=target, amount=amount) if (
                    target.kind == "reserve"
                ):
                    borne[of_lot[source.lot]]["profit"] += amount
                case Deleveraged(lot=number, loss=loss):
                    borne[of_lot[number]]["deleveraging"] += loss
                case _:
                    pass
    rows = paged(lambda below: stress_day.liquidations(until, below=below, most=10))
    assert [(row.seq, row.account, row.equity, row.maintenance) for row in reversed(rows)] == [
        (seq, one.domain.account, one.equity, one.maintenance) for seq, one in taken
    ]
    assert {row.id: row.borne for row in rows if row.borne} == {one: dict(sums) for one, sums in borne.items()}
    assert {lot.id: row.id for row in rows for lot in row.lots} == of_lot
    for account in {row.account for row in rows}:
        own = paged(partial(liquidations_of, stress_day, until, account))
        assert own == [row for row in rows if row.account == account]
    in_market = paged(lambda below: stress_day.liquidations(until, market="BTCUSDT", below=below, most=3))
    assert in_market == [row for row in rows if "BTCUSDT" in {lot.market for lot in row.lots}]
    totals: Counter[str] = Counter()
    for sums in borne.values():
        totals.update(sums)
    whole = stress_day.borne(until)["USDT"]
    assert {name: whole[name] for name in totals} == totals


def liquidations_of(index: Index, until: int, account: str, below: int | None) -> Page[Any]:
    return index.liquidations(until, account=account, below=below, most=3)


# ------------------------------------------------------------------- history


@pytest.mark.parametrize("raw", [True, False], ids=["values", "spans"])
def test_a_series_leaves_no_low_and_no_high_out(
    stress_day: Index, steps: list[Step], monkeypatch: pytest.MonkeyPatch, raw: bool
) -> None:
    monkeypatch.setattr(asking, "RAW_EVENTS", 10_000 if raw else 0)
    account = ledger.insurance("USDT")
    for after, until in ((0, 2_400), (301, 1_999)):
        points = stress_day.series("ledger", str(account), until, after, 9)
        assert len(points) <= 9
        for point in points:
            values = [
                step.after.balance(account)
                for step in steps[point.first - 1 : point.last]
                if step.after.balance(account) != step.before.balance(account)
            ]
            assert (point.low, point.high, point.value) == (min(values), max(values), values[-1])
        inside = {seq for point in points for seq in range(point.first, point.last + 1)}
        changed = {
            step.seq for step in steps[after:until] if step.after.ledger.get(account) != step.before.ledger.get(account)
        }
        assert changed <= inside


def test_every_change_of_a_reserve_has_its_cause(stress_day: Index, steps: list[Step]) -> None:
    name = str(ledger.reserve("BTCUSDT"))
    rows = paged(lambda below: stress_day.movements(name, 2_400, below, 5))
    expected = [
        (step.seq, effect.rule, effect.amount if effect.target == name else -effect.amount, step.after.balance(account))
        for step in reversed(steps)
        for effect in step.receipt.effects
        if isinstance(effect, Transferred) and name in sides(effect)
        for account in (ledger.reserve("BTCUSDT"),)
    ]
    assert [(row.seq, row.rule, row.amount, row.balance) for row in rows] == expected
    versions = paged(lambda below: stress_day.history("ledger", name, 2_400, below, 5))
    assert [(one.seq, one.value or 0) for one in versions] == list(
        dict.fromkeys((seq, to) for seq, _, _, to in expected)
    )
    assert [one.before for one in versions] == [*(one.value for one in versions[1:]), None]


# ------------------------------------------------------------------- names, and what is not there


def test_accounts_are_found_by_how_they_begin(stress_day: Index, steps: list[Step]) -> None:
    names = sorted(steps[1_000].after.accounts)
    assert stress_day.accounts(1_001, most=100) == tuple(names)
    assert stress_day.accounts(1_001, prefix="a0001") == tuple(name for name in names if name.startswith("a0001"))
    assert stress_day.accounts(1_001, after=names[4], most=2) == tuple(names[5:7])
    assert stress_day.accounts(0) == ()


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda index: index.state_at(2_401), "event 2401: there are 0 to 2400"),
        (lambda index: index.event(-1), "event -1: there are 0 to 2400"),
        (lambda index: index.event(0), "event 0"),
        (lambda index: index.event_row(0), "event 0"),
        (lambda index: index.account_state(5, "unheard.of"), "account unheard.of"),
        (lambda index: index.market_state(5, "NOTHING"), "market NOTHING"),
        (lambda index: index.event_of_ref("none"), "ref none"),
    ],
)
def test_what_is_not_there_is_said(stress_day: Index, ask: Callable[[Index], Any], said: str) -> None:
    with pytest.raises(NotThere) as refused:
        ask(stress_day)
    assert str(refused.value) == said


# ------------------------------------------------------------------- quickness

SMALL = {"segments", "markets", "head", "m"}
"""Tables that are read whole: of a row for each 65,536 events, or for each market."""


def test_no_answer_looks_through_a_large_table(stress_day: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connected = Readers._connected

    def listening(readers: Readers) -> sqlite3.Connection:
        database = connected(readers)
        database.set_trace_callback(asked.append)
        return database

    monkeypatch.setattr(Readers, "_connected", listening)
    with closing(Index(stress_day.path)) as index:
        for chosen in (Filter(), Filter(type="trade", market="BTCUSDT"), Filter(rejected=True), Filter(waterfall=True)):
            index.events(2_400, chosen)
        index.events(2_400, Filter(account="a00003", market="BTCUSDT"))
        for ask in (index.lots, index.funds_state, index.moments, index.liquidations, index.accounts, index.borne):
            ask(2_000)
        index.account_state(2_000, "a00003")
        index.market_state(2_000, "BTCUSDT")
        index.open_lots(2_000, "BTCUSDT")
        index.has_deleveraged(1_674)
        index.market_of_lot(3)
        index.account_since("a00003")
        index.asset_since("USDT")
        index.queue_state(2_000, "BTCUSDT")
        index.liquidations(2_000, account="a00003")
        index.liquidations(2_000, market="BTCUSDT")
        index.borne_in(1_674)
        index.borne_of_lot(2_000, 3)
        index.moment(1_999)
        index.event(1_674)
        index.movements("insurance:USDT", 2_000)
        index.series("mark", "BTCUSDT", 2_000)
        index.head()
    with closing(sqlite3.connect(stress_day.path)) as database:
        scans = {
            step[3]
            for statement in set(asked)
            if statement.lstrip().startswith("SELECT")
            for step in database.execute(f"EXPLAIN QUERY PLAN {statement}")
        }
    looked = {detail.split()[1] for detail in scans if detail.startswith("SCAN") and "USING" not in detail}
    assert looked - {"CONSTANT"} <= SMALL
    assert not [detail for detail in scans if "TEMP B-TREE" in detail and "RIGHT PART" not in detail]
