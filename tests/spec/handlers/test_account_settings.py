"""Position mode, margin mode and leverage: choices of an account."""

import pytest

from marginspec.model.account import Setting
from marginspec.model.effects import LeverageSet, MarginModeSet, PositionModeSet
from marginspec.model.rejections import Reason
from worlds.events import deposit, leverage, listing, margin_mode, mark, new_tiers, order, position_mode, trade
from worlds.states import effects, refusal, settled

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
