"""Position mode, margin mode and leverage: choices of an account."""

import attrs
import pytest

from marginspec.margin.margin import domain_initial, domain_margin
from marginspec.model.account import PositionSide, Setting
from marginspec.model.effects import LeverageSet, MarginModeSet, PositionModeSet
from marginspec.model.rejections import Reason
from marginspec_conformance.generator.events import (
    deposit,
    leverage,
    listing,
    margin_mode,
    mark,
    new_tiers,
    order,
    position_mode,
    trade,
    withdraw,
)
from worlds.states import cross, effects, key, refusal, settled

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
def test_leverage_changes() -> None:
    assert effects(OPEN, leverage("alice", 3)) == (LeverageSet("alice", "A", 3),)
    # 10 is the default here, so setting it does nothing.
    assert effects(OPEN, leverage("alice", 10)) == ()
    chosen = settled(margin_mode("alice"), leverage("alice", 3), state=OPEN)
    assert dict(chosen.settings) == {("alice", "A"): Setting("isolated", 3)}
    for busy in (HELD, ORDERED):
        assert effects(busy, leverage("alice", 3)) == (LeverageSet("alice", "A", 3),)
        assert effects(busy, leverage("alice", 10)) == ()
        assert effects(busy, leverage("alice", 3, "B")) == (LeverageSet("alice", "B", 3),)


@pytest.mark.rule("ACC-01", "MRG-02")
def test_leverage_changes_initial_margin_of_a_position_and_nothing_else() -> None:
    lower = settled(leverage("alice", 4), state=HELD)
    before, after = domain_margin(HELD, cross("alice")), domain_margin(lower, cross("alice"))
    assert after == before
    assert (domain_initial(HELD, before), domain_initial(lower, after)) == (50, 125)
    assert lower == attrs.evolve(HELD, settings=lower.settings)
    assert settled(leverage("alice", 10), state=lower) == attrs.evolve(
        HELD, settings=lower.settings.set(("alice", "A"), Setting(None, 10))
    )


@pytest.mark.rule("ACC-01")
def test_an_isolated_positions_leverage_is_only_raised() -> None:
    isolated = settled(margin_mode("alice"), leverage("alice", 5), state=OPEN)
    held = settled(trade("alice", "bob", "5", "100"), state=isolated)
    assert refusal(held, leverage("alice", 4)) == Reason.LEVERAGE_REDUCTION
    assert effects(held, leverage("alice", 6)) == (LeverageSet("alice", "A", 6),)
    # An order is no position, nor is a position in another market one here.
    ordered = settled(order("alice", "buy", "1", "90"), state=isolated)
    assert effects(ordered, leverage("alice", 4)) == (LeverageSet("alice", "A", 4),)
    assert effects(held, leverage("alice", 4, "B")) == (LeverageSet("alice", "B", 4),)
    sides: tuple[tuple[PositionSide, str, str], ...] = (("LONG", "alice", "bob"), ("SHORT", "bob", "alice"))
    for side, buyer, seller in sides:
        hedged = settled(position_mode("alice"), trade(buyer, seller, "1", "100"), state=isolated)
        assert key("alice", side=side) in hedged.positions
        assert refusal(hedged, leverage("alice", 4)) == Reason.LEVERAGE_REDUCTION


@pytest.mark.rule("ACC-01", "TRD-02")
def test_leverage_is_at_most_that_of_the_tier_of_each_position() -> None:
    # 5 lots at 300 are worth 1500, in the tier that allows 5.
    second_tier = settled(deposit("bob", "2000"), mark("300"), state=HELD)
    assert refusal(second_tier, leverage("alice", 9)) == Reason.LEVERAGE_ABOVE_TIER
    assert refusal(second_tier, leverage("bob", 6)) == Reason.LEVERAGE_ABOVE_TIER
    assert effects(second_tier, leverage("alice", 5)) == (LeverageSet("alice", "A", 5),)
    low = settled(leverage("alice", 3), state=second_tier)
    assert refusal(low, leverage("alice", 6)) == Reason.LEVERAGE_ABOVE_TIER
    assert effects(low, leverage("alice", 4)) == (LeverageSet("alice", "A", 4),)
    # Either side of a hedge is enough.
    hedged = settled(
        *(position_mode("alice"), trade("alice", "bob", "1", "100"), trade("bob", "alice", "11", "100")),
        *(deposit("bob", "2000"), leverage("alice", 5)),
        state=settled(leverage("alice", 5), leverage("bob", 5), state=OPEN),
    )
    assert refusal(hedged, leverage("alice", 6)) == Reason.LEVERAGE_ABOVE_TIER


@pytest.mark.rule("ACC-01", "MRG-02", "MRG-03")
def test_a_lower_leverage_needs_equity_for_initial_and_order_margin() -> None:
    # Dave has 100: 3 lots and an order for 2 need 50 at 10, 100 at 5 and 125 at 4.
    busy = settled(
        *(deposit("dave", "100"), trade("dave", "bob", "3", "100"), order("dave", "buy", "2", "100")), state=OPEN
    )
    assert effects(busy, leverage("dave", 5)) == (LeverageSet("dave", "A", 5),)
    assert refusal(busy, leverage("dave", 4)) == Reason.INSUFFICIENT_MARGIN
    # The margin of orders in an isolated market is the cross domain's too.
    isolated = settled(deposit("dave", "50"), margin_mode("dave"), order("dave", "buy", "5", "100"), state=OPEN)
    assert refusal(isolated, leverage("dave", 9)) == Reason.INSUFFICIENT_MARGIN


@pytest.mark.rule("ACC-01")
def test_whoever_lacks_margin_may_raise_a_leverage_and_not_lower_one() -> None:
    # At 98, dave has 40 of equity, and 5 lots need 49.
    short = settled(deposit("dave", "50"), trade("dave", "bob", "5", "100"), mark("98"), state=OPEN)
    for market in ("A", "B"):
        assert refusal(short, leverage("dave", 9, market)) == Reason.INSUFFICIENT_MARGIN
    # At 5, erin's would need 98 of 90; at 6 it needs less.
    lean = settled(*(deposit("erin", "100"), leverage("erin", 5), trade("erin", "bob", "5", "100")), state=OPEN)
    assert effects(settled(mark("98"), state=lean), leverage("erin", 6)) == (LeverageSet("erin", "A", 6),)


@pytest.mark.rule("ACC-01", "MRG-03")
def test_a_raised_leverage_may_demand_more_for_orders_in_an_isolated_market() -> None:
    # 10 lots are in the first tier, 11 in the second, which allows 5: the order for one more needs 220 - 200 at 5, but
    # 220 - 100 at 10.
    opening = (margin_mode("alice"), leverage("alice", 5), trade("alice", "bob", "10", "100"))
    held = settled(*opening, order("alice", "buy", "1", "100"), state=OPEN)
    left = {amount: settled(withdraw("alice", str(800 - amount)), state=held) for amount in (119, 120)}
    assert refusal(left[119], leverage("alice", 10)) == Reason.INSUFFICIENT_MARGIN
    assert effects(left[120], leverage("alice", 10)) == (LeverageSet("alice", "A", 10),)
    assert effects(left[119], leverage("alice", 6)) == (LeverageSet("alice", "A", 6),)


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
    assert refusal(HELD, leverage("alice", value)) == reason


@pytest.mark.rule("ACC-01", "NUM-03")
def test_leverage_of_a_thousand() -> None:
    wide = settled(new_tiers(("0", 1000, "0.0001")), state=OPEN)
    assert refusal(wide, leverage("alice", 1000)) is None
    assert refusal(wide, leverage("alice", 1001)) == Reason.INVALID_LEVERAGE


@pytest.mark.rule("ACC-01")
def test_a_side_counts_as_a_position_in_hedge_mode() -> None:
    hedged = settled(position_mode("alice"), trade("bob", "alice", "1", "100"), state=OPEN)
    assert refusal(hedged, margin_mode("alice")) == Reason.NOT_FLAT
