"""Final settlement in the optimized engine: equal to the rules, taken back whole, nothing of a market but its name."""

from collections import Counter
from pathlib import Path

import pytest

from marginspec.model.events import Event, SettleMarket
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec_conformance.generator.aimed import Seeded, settling_event, world
from marginspec_conformance.generator.events import (
    adjust,
    deposit,
    fund,
    leverage,
    listing,
    margin_mode,
    mark,
    order,
    settle,
    trade,
)
from marginspec_engine.batches.event_columns import rows_of_events
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.states.snapshots import Origin, read_snapshot, write_snapshot
from marginspec_journal.states import opening
from worlds.pair import Pair
from worlds.states import MINIMAL, MINIMAL_NONE, UNPAYABLE, isolated_domain

JOURNALS = 40
EVENTS = 120

# Five lots of dave's at 88 each, for which nobody can be deleveraged.
WITHOUT_COVER: list[Event] = [
    *(listing(), mark("100"), deposit("bob", "1000"), deposit("carol", "5000"), deposit("dave", "60")),
    *(trade("dave", "carol", "5", "100"), mark("92"), trade("carol", "bob", "5", "80")),
    *(order("carol", "buy", "1", "70"), margin_mode("dave")),
]


@pytest.mark.rule("MKT-05")
def test_journals_in_which_markets_end() -> None:
    happened: Counter[str] = Counter()
    for seed in range(JOURNALS):
        chooser = Seeded(seed)
        opened = world(chooser)
        pair = Pair(State(header=opened.header))
        for place in range(len(opened.opening) + EVENTS):
            event = opened.opening[place] if place < len(opened.opening) else settling_event(chooser, pair.state)
            happened.update(type(effect).__name__ for effect in pair.take(event).effects)
            if isinstance(event, SettleMarket):
                pair.compare()
        pair.restart()
        pair.compare()
    assert happened["MarketSettled"] > JOURNALS


@pytest.mark.rule("MKT-05", "INV-09")
def test_what_settlement_did_is_taken_back_if_a_loss_has_no_cover() -> None:
    pair = Pair(State(header=MINIMAL_NONE))
    for event in WITHOUT_COVER:
        assert pair.take(event).rejected is None, event
    for price in ("80", "1", "87"):
        assert pair.take(settle(price)).rejected == Reason.COVER_EXCEEDED
        pair.compare()
    assert pair.take(fund("40")).rejected is None
    assert pair.take(settle("80")).rejected is None
    pair.compare()


@pytest.mark.rule("MKT-05", "LVY-02", "WTF-01")
@pytest.mark.parametrize("last", [mark("850"), settle("850"), settle("800"), fund("10"), settle("1")])
def test_a_claim_in_a_closed_market_is_paid_back_or_drawn(last: Event) -> None:
    pair = Pair(State(header=MINIMAL))
    isolated = (listing("B"), mark("100", "B"), margin_mode("carol", market="B"))
    lending = (trade("carol", "bob", "5", "100", "B"), adjust("carol", "5000", "B"), UNPAYABLE[-1], settle("101", "B"))
    for event in (*UNPAYABLE[:-1], *isolated, *lending):
        assert pair.take(event).rejected is None, event
    assert pair.state.relief_claims["USD"][isolated_domain("carol", "B")] == 6
    pair.compare()
    going_on = Pair(pair.engine.state())
    for one in (pair, going_on):
        assert one.take(last).rejected is None
        one.compare()
        one.restart()
        one.compare()


@pytest.mark.rule("MKT-05")
def test_settings_and_orders_of_a_market_go_and_others_stay() -> None:
    pair = Pair(State(header=MINIMAL))
    accounts = [f"a{number:03}" for number in range(150)]
    events: list[Event] = [listing(), listing("B"), mark("100"), mark("100", "B")]
    for place, account in enumerate(accounts):
        events.append(deposit(account, "1000"))
        events += [leverage(account, 1 + place % 9, market) for market in ("A", "B") if place % 3 or market == "B"]
        events += [order(account, "buy", "1", "90", id=f"o{9 - one}", market="AB"[one % 2]) for one in range(4)]
    events += [trade(accounts[0], accounts[1], "2", "100"), trade(accounts[2], accounts[3], "2", "100", "B")]
    for event in events:
        assert pair.take(event).rejected is None, event
    pair.take(settle("97"))
    pair.compare()
    assert len(pair.state.settings) == 150
    pair.restart()
    for event in (settle("97", "B"), listing(), listing("A2"), mark("5", "A2"), leverage(accounts[5], 7, "A2")):
        pair.take(event)
        pair.compare()


@pytest.mark.rule("MKT-05")
@pytest.mark.parametrize("header", [MINIMAL, MINIMAL_NONE])
def test_a_run_goes_on_from_a_snapshot_with_closed_markets(header: object, tmp_path: Path) -> None:
    run = BatchRun(opening(State(header=MINIMAL if header is MINIMAL else MINIMAL_NONE)))
    run.take(rows_of_events(run.engine.tables, [*WITHOUT_COVER, settle("80"), settle("88"), listing("B")]))
    write_snapshot(tmp_path / "run.snapshot", run, Origin("0" * 64, "0" * 64))
    again = read_snapshot(tmp_path / "run.snapshot").run()
    assert run.reached().state.closed_markets == ("A",)
    for one in (run, again):
        one.take(rows_of_events(one.engine.tables, [mark("1"), listing(), mark("3", "B"), settle("3", "B")]))
    assert again.reached() == run.reached()
    assert again.reached().state.closed_markets == ("A", "B")


@pytest.mark.rule("MKT-05")
def test_a_state_with_closed_markets_alone() -> None:
    state = State(header=MINIMAL, closed_markets=("A", "Z"))
    engine = OptimizedEngine(state)
    assert engine.state() == state
    assert engine.apply(listing("Z")).rejected == Reason.MARKET_EXISTS
    assert engine.apply(settle("1", "Z")).rejected == Reason.UNKNOWN_MARKET
    assert engine.apply(listing("M")).rejected is None
    assert engine.state().closed_markets == ("A", "Z")
