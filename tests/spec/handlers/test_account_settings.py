"""Position mode, margin mode and leverage; listing, tiers, fees and marks."""

import attrs
import pytest

from marginspec.model.account import Setting
from marginspec.model.effects import (
    DomainLiquidated,
    FeesUpdated,
    LeverageSet,
    MarginModeSet,
    MarketListed,
    MarkSet,
    PositionModeSet,
    TiersUpdated,
)
from marginspec.model.market import FeeTerms
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, State
from marginspec.model.units import Price, Rate
from worlds.events import (
    BINANCE_ROWS,
    binance_listing,
    deposit,
    leverage,
    listing,
    margin_mode,
    mark,
    new_fees,
    new_tiers,
    order,
    position_mode,
    trade,
)
from worlds.states import MINIMAL, balances, effects, key, minimal, refusal, settled, table

OPEN = settled(listing(), mark("100"), listing("B"), deposit("alice", "1000"), deposit("bob", "1000"))
HELD = settled(trade("alice", "bob", "5", "100"), state=OPEN)
ORDERED = settled(order("alice", "buy", "1", "90"), state=OPEN)


@pytest.mark.rule("ACC-01")
def test_position_mode_changes_while_idle() -> None:
    assert effects(OPEN, position_mode("alice")) == (PositionModeSet("alice", "hedge"),)
    hedged = settled(position_mode("alice"), state=OPEN)
    assert dict(hedged.accounts) == {"alice": "hedge", "bob": "one_way"}
    assert effects(hedged, position_mode("alice", "one_way")) == (PositionModeSet("alice", "one_way"),)
    for busy in (HELD, ORDERED):
        assert refusal(busy, position_mode("alice")) == Reason.NOT_FLAT
        assert effects(busy, position_mode("alice", "one_way")) == ()
    assert refusal(OPEN, position_mode("zoe")) == Reason.UNKNOWN_ACCOUNT


@pytest.mark.rule("ACC-01")
def test_margin_mode_changes_while_idle_in_the_market() -> None:
    assert effects(OPEN, margin_mode("alice")) == (MarginModeSet("alice", "A", "isolated"),)
    isolated = settled(leverage("alice", 3), margin_mode("alice"), state=OPEN)
    assert dict(isolated.settings) == {("alice", "A"): Setting("isolated", 3)}
    for busy in (HELD, ORDERED):
        assert refusal(busy, margin_mode("alice")) == Reason.NOT_FLAT
        assert effects(busy, margin_mode("alice", "cross")) == ()
        assert effects(busy, margin_mode("alice", market="B")) == (MarginModeSet("alice", "B", "isolated"),)
    assert refusal(OPEN, margin_mode("alice", market="Z")) == Reason.UNKNOWN_MARKET
    assert refusal(OPEN, margin_mode("zoe")) == Reason.UNKNOWN_ACCOUNT


@pytest.mark.rule("ACC-01")
def test_leverage_changes_while_idle_in_the_market() -> None:
    assert effects(OPEN, leverage("alice", 3)) == (LeverageSet("alice", "A", 3),)
    # 10 is the default here, so setting it does nothing.
    assert effects(OPEN, leverage("alice", 10)) == ()
    chosen = settled(margin_mode("alice"), leverage("alice", 3), state=OPEN)
    assert dict(chosen.settings) == {("alice", "A"): Setting("isolated", 3)}
    for busy in (HELD, ORDERED):
        assert refusal(busy, leverage("alice", 3)) == Reason.NOT_FLAT
        assert effects(busy, leverage("alice", 10)) == ()
        assert effects(busy, leverage("alice", 3, "B")) == (LeverageSet("alice", "B", 3),)


@pytest.mark.rule("ACC-01", "NUM-03")
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *[(-1, Reason.INVALID_LEVERAGE), (0, Reason.INVALID_LEVERAGE), (1, None), (10, None)],
        *[(11, Reason.INVALID_LEVERAGE), (1000, Reason.INVALID_LEVERAGE), (1001, Reason.INVALID_LEVERAGE)],
    ],
)
def test_leverage_is_at_most_the_first_tiers(value: int, reason: Reason | None) -> None:
    assert refusal(OPEN, leverage("alice", value)) == reason
    assert refusal(HELD, leverage("alice", value)) == (Reason.NOT_FLAT if value == 1 else reason)


@pytest.mark.rule("ACC-01", "NUM-03")
def test_leverage_of_a_thousand() -> None:
    wide = settled(new_tiers(("0", 1000, "0.0001")), state=OPEN)
    assert refusal(wide, leverage("alice", 1000)) is None
    assert refusal(wide, leverage("alice", 1001)) == Reason.INVALID_LEVERAGE


@pytest.mark.rule("ACC-01")
def test_a_side_counts_as_a_position_in_hedge_mode() -> None:
    hedged = settled(position_mode("alice"), trade("bob", "alice", "1", "100"), state=OPEN)
    assert refusal(hedged, leverage("alice", 3)) == Reason.NOT_FLAT


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
