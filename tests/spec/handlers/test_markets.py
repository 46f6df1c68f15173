"""Listings, marks, fees and tiers."""

import attrs
import pytest

from marginspec.handlers.markets import move_mark
from marginspec.model.account import DomainKey
from marginspec.model.effects import DomainLiquidated, FeesUpdated, LimitsUpdated, MarketListed, MarkSet, TiersUpdated
from marginspec.model.market import FeeTerms, Limits
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, State
from marginspec.model.units import Money, Price, Rate
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import (
    BINANCE_ROWS,
    binance_listing,
    deposit,
    leverage,
    listing,
    mark,
    new_fees,
    new_limits,
    new_tiers,
    trade,
)
from worlds.states import MINIMAL, balances, cross, effects, key, minimal, refusal, settled, table

OPEN = settled(listing(), mark("100"), listing("B"), deposit("alice", "1000"), deposit("bob", "1000"))

HELD = settled(trade("alice", "bob", "5", "100"), state=OPEN)


@pytest.mark.rule("MKT-01", "JRN-01")
def test_listing_emits_the_market() -> None:
    empty = State(header=MINIMAL)
    assert effects(empty, listing()) == (MarketListed(minimal()),)
    assert refusal(OPEN, listing()) == Reason.MARKET_EXISTS
    real = settled(binance_listing(), header=Header()).markets["BTCUSDT"]
    fees = FeeTerms(Rate(40_000), Rate(20_000), Rate(10_000_000), Rate(1_250_000))
    rows = table(*BINANCE_ROWS, asset_decimals=8)
    assert real == minimal(
        "BTCUSDT", asset="USDT", price_decimals=2, quantity_decimals=3, quanta_per_unit=1000, tiers=rows, fees=fees
    )


@pytest.mark.rule("MKT-01")
def test_a_mark_needs_no_tick_but_the_markets_decimals() -> None:
    coarse = settled(listing("C", tick="5"), state=OPEN)
    assert effects(coarse, mark("7", "C")) == (MarkSet("C", Price(7)),)
    assert refusal(coarse, mark("7.5", "C")) == Reason.INVALID_PRICE
    assert refusal(coarse, mark("0", "C")) == Reason.INVALID_PRICE
    assert refusal(coarse, mark("1", "Z")) == Reason.UNKNOWN_MARKET


@pytest.mark.rule("SET-01", "MKT-01")
@pytest.mark.parametrize(("price", "losers"), [(101, {cross("bob")}), (99, {cross("alice")}), (100, set())])
def test_a_mark_has_only_those_looked_at_who_lose_by_it(price: int, losers: set[DomainKey]) -> None:
    transaction = Transaction(HELD)
    move_mark(transaction, HELD.markets["A"], Price(price))
    assert (transaction.suspects, transaction.exposed, transaction.event_market) == (losers, {"USD"}, "A")


@pytest.mark.rule("NUM-03")
def test_open_interest_is_bounded_at_a_new_mark() -> None:
    rich = settled(
        *(listing(rows=(("0", 1000, "0.00000001"),)), mark("1"), deposit("alice", str(2**59))),
        *(deposit("bob", str(2**59)), leverage("alice", 1000), leverage("bob", 1000)),
        trade("alice", "bob", str(2**53), "1"),
    )
    assert refusal(rich, mark(str(2**9 + 1))) == Reason.OUT_OF_RANGE
    assert refusal(rich, mark("64")) is None
    assert rich.open_interest["A"] == 2**53


@pytest.mark.rule("MKT-03", "JRN-01")
def test_new_fees_apply_from_the_next_event() -> None:
    event = new_fees("0.01", "0.02", "0.5", "1")
    fees = FeeTerms(Rate(1_000_000), Rate(2_000_000), Rate(50_000_000), Rate(100_000_000))
    assert effects(HELD, event) == (FeesUpdated("A", fees),)
    changed = settled(event, state=HELD)
    assert changed == attrs.evolve(HELD, markets=HELD.markets.set("A", attrs.evolve(HELD.markets["A"], fees=fees)))
    paid = settled(trade("alice", "bob", "1", "100"), state=changed)
    # 1 from the taker, of which half of 1 rounds down to nothing; 2 from the maker, half of it to insurance.
    assert (balances(paid)["house:USD"], balances(paid)["insurance:USD"]) == (2, 1)
    assert refusal(HELD, new_fees("1.00000001")) == Reason.INVALID_RATE
    assert refusal(HELD, new_fees(market="Z")) == Reason.UNKNOWN_MARKET


@pytest.mark.rule("MKT-03", "LIQ-01")
def test_new_tiers_are_settled_like_a_mark() -> None:
    # 500 at 2 * 100% less something: with 99% maintenance 495 < 1000, so both stay; with tight cash, not.
    rows = (("0", 1, "0.99"),)
    assert effects(HELD, new_tiers(*rows)) == (TiersUpdated("A", table(*rows)),)
    tight = settled(deposit("carol", "50"), deposit("dave", "60"), trade("carol", "dave", "5", "100"), state=OPEN)
    found = effects(tight, new_tiers(("0", 4, "0.11")))
    assert found[0] == TiersUpdated("A", table(("0", 4, "0.11")))
    assert [effect.domain.account for effect in found if isinstance(effect, DomainLiquidated)] == ["carol"]
    assert refusal(HELD, new_tiers()) == Reason.INVALID_TIERS
    assert refusal(HELD, new_tiers(("0", 1, "0.5"), market="Z")) == Reason.UNKNOWN_MARKET
    unmarked = settled(new_tiers(("0", 3, "0.3"), market="B"), state=OPEN)
    assert unmarked.markets["B"].tiers == table(("0", 3, "0.3"))
    assert key("carol") in tight.positions


@pytest.mark.rule("MKT-01", "NUM-03")
def test_a_market_without_positions_has_no_open_interest_to_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marginspec.handlers.markets.MAX_OPEN_INTEREST_MARKED", 0)
    assert refusal(settled(listing()), mark("100")) is None


BANDS = Limits(Rate(10**7), Rate(10**6), Rate(300_000), Money(500))


@pytest.mark.rule("MKT-04", "MKT-01")
def test_a_market_is_listed_with_limits_or_without() -> None:
    event = listing("N", band="0.1", fill_band="0.01", cap="0.003", limit="500.00")
    assert effects(OPEN, event) == (MarketListed(attrs.evolve(minimal("N"), limits=BANDS)),)
    assert settled(listing("N"), state=OPEN).markets["N"].limits == Limits()


@pytest.mark.rule("MKT-04")
def test_new_limits_replace_all_and_lift_what_they_leave_out() -> None:
    limited = settled(new_limits(band="0.1", fill_band="0.01", cap="0.003", limit="500"), state=HELD)
    assert limited.markets["A"] == attrs.evolve(HELD.markets["A"], limits=BANDS)
    changed = Limits(fill_band=Rate(10**8), position_limit=Money(2**62))
    assert effects(limited, new_limits(fill_band="1", limit=str(2**62))) == (LimitsUpdated("A", changed),)
    assert effects(limited, new_limits()) == (LimitsUpdated("A", Limits()),)
    assert settled(new_limits(), state=limited) == HELD


@pytest.mark.rule("MKT-04", "TRD-02")
def test_a_position_above_a_new_limit_may_stay_and_shrink() -> None:
    held = settled(deposit("carol", "1000"), new_limits(limit="300"), mark("101"), state=HELD)
    assert refusal(held, trade("alice", "carol", "1", "101")) == Reason.POSITION_LIMIT
    closed = settled(trade("bob", "alice", "1", "101"), trade("bob", "alice", "4", "101"), state=held)
    # At 101 two are worth 202, and three 303.
    assert refusal(closed, trade("alice", "bob", "3", "101")) == Reason.POSITION_LIMIT
    assert settled(trade("alice", "bob", "2", "101"), state=closed).positions[key("bob")] == -2
    # A flip opens too.
    assert refusal(held, trade("bob", "alice", "8", "101")) == Reason.POSITION_LIMIT
    exactly = settled(new_limits(limit="303"), state=closed)
    assert settled(trade("alice", "bob", "3", "101"), state=exactly).positions[key("alice")] == 3
