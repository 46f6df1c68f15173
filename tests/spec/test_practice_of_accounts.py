"""Leverage, openings and orders as traders of a venue know them, with the figures that they reported.

Where the reports come from stands in decisions 0029 to 0031.
"""

import pytest

from marginspec.margin.bands import Band, bankruptcy_price, liquidation_band
from marginspec.margin.margin import cost_of, domain_margin, movable, order_margin
from marginspec.model.account import Setting
from marginspec.model.effects import LeverageSet, MarkSet, OrderPlaced
from marginspec.model.events import Event
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import Price
from marginspec_conformance.generator.events import (
    BINANCE_ROWS,
    adjust,
    deposit,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    order,
    position_mode,
    trade,
)
from worlds.states import BINANCE, balances, cross, effects, isolated_domain, key, refusal, resting, settled

ONE = 10**8
"""A unit of the asset in quanta."""
VENUE: tuple[Event, ...] = (
    listing(rows=BINANCE_ROWS, asset="USDT", decimals=(2, 3), tick="0.01"),
    mark("100"),
    *(deposit(account, "10000", "USDT") for account in ("alice", "bob")),
)
"""Units and tiers of a venue, without fees."""
BOUGHT = settled(*VENUE, margin_mode("alice"), leverage("alice", 5), trade("alice", "bob", "1", "100"), header=BINANCE)
"""An isolated long of 1 at 100 and 5x."""
OWN = isolated_domain("alice", asset="USDT")


@pytest.mark.rule("TRD-02", "ACC-04", "MRG-07", "MRG-08")
def test_a_second_buy_below_the_entry_averages_it() -> None:
    doubled = settled(mark("90"), trade("alice", "bob", "1", "90"), state=BOUGHT)
    margin = domain_margin(doubled, OWN)
    # 20 and 18 of margin, 100 and 90 of cost, 10 lost.
    assert (margin.cash, margin.equity, cost_of(doubled, key("alice"))) == (38 * ONE, 28 * ONE, 190 * ONE)
    # 38 + 2p - 190 = 0.004 * 2p at p = 76.305; it is zero at p = 76.
    assert liquidation_band(doubled, OWN, "A") == Band(Price(7630), None)
    assert bankruptcy_price(doubled, OWN, "A") == 7600
    assert effects(doubled, mark("76.31")) == (MarkSet("A", Price(7631)),)
    assert len(effects(settled(mark("76.31"), state=doubled), mark("76.3"))) > 1


@pytest.mark.rule("TRD-02", "MRG-07")
def test_margin_that_was_added_before_lowers_the_liquidation_price() -> None:
    topped_up = settled(mark("90"), adjust("alice", "8"), trade("alice", "bob", "1", "90"), state=BOUGHT)
    # 46 + 2p - 190 = 0.004 * 2p at p = 72.289...
    assert liquidation_band(topped_up, OWN, "A") == Band(Price(7228), None)


HEDGED_SHORT = settled(
    *VENUE,
    *(position_mode("alice"), margin_mode("alice"), leverage("alice", 5), trade("bob", "alice", "1", "100")),
    header=BINANCE,
)


@pytest.mark.rule("TRD-02")
@pytest.mark.parametrize(
    ("held", "before", "more"),
    [
        (BOUGHT, (mark("99.99"),), trade("alice", "bob", "0.001", "99.99")),
        (BOUGHT, (funding("0.0001"),), trade("alice", "bob", "1", "100")),
        (HEDGED_SHORT, (mark("100.01"),), trade("bob", "alice", "1", "100.01")),
        (
            settled(order("alice", "buy", "1", "100"), state=BOUGHT),
            (mark("99.99"),),
            trade("alice", "bob", "1", "100", taker="seller", buyer_order="o1"),
        ),
    ],
    ids=["a tick of loss", "funding", "short", "the rest of an order"],
)
def test_a_small_loss_does_not_keep_an_isolated_position_from_growing(
    held: State, before: tuple[Event, ...], more: Event
) -> None:
    assert refusal(settled(*before, state=held), more) is None


# ------------------------------------------------------------------- orders

ROOMY: tuple[Event, ...] = (
    listing(rows=BINANCE_ROWS, asset="USDT", decimals=(2, 3), tick="0.01"),
    mark("10000"),
    deposit("bob", "1000000", "USDT"),
)


@pytest.mark.rule("MRG-03", "TRD-03")
def test_an_order_costs_what_it_opens() -> None:
    exact = settled(*ROOMY, deposit("alice", "10000", "USDT"), leverage("alice", 1), header=BINANCE)
    assert refusal(exact, order("alice", "buy", "1", "10000")) is None
    short = settled(*ROOMY, deposit("alice", "9999.99999999", "USDT"), leverage("alice", 1), header=BINANCE)
    assert refusal(short, order("alice", "buy", "1", "10000")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("MRG-03", "TRD-03")
def test_an_order_against_a_position_costs_what_is_larger_than_it() -> None:
    sold = settled(
        *(*ROOMY, deposit("alice", "10000", "USDT"), leverage("alice", 1), trade("bob", "alice", "1", "10000")),
        header=BINANCE,
    )
    more = settled(order("alice", "buy", "1.5", "10000"), state=sold)
    assert order_margin(more, "alice", "USDT") == 0
    filled = settled(trade("alice", "bob", "1.5", "10000", buyer_order="o1"), state=more)
    assert filled.positions[key("alice")] == 500
    twice = settled(order("alice", "buy", "2", "10000"), state=sold)
    assert order_margin(twice, "alice", "USDT") == 0
    assert refusal(twice, order("alice", "buy", "0.001", "10000", id="o2")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("MRG-03", "TRD-03")
@pytest.mark.parametrize("reduce_only", [False, True])
@pytest.mark.parametrize(("at", "limit"), [("10000", "10000"), ("10000", "9990"), ("9600", "9500")])
def test_an_order_that_closes_is_never_refused_for_margin(at: str, limit: str, reduce_only: bool) -> None:
    bought = settled(
        *(*ROOMY, deposit("alice", "1000", "USDT"), leverage("alice", 10), trade("alice", "bob", "1", "10000")),
        header=BINANCE,
    )
    assert movable(bought, cross("alice", "USDT")) == 0
    event = order("alice", "sell", "1", limit, reduce_only=reduce_only)
    placed = resting(-1000, int(limit) * 100, reduce_only=reduce_only)
    assert effects(settled(mark(at), state=bought), event) == (OrderPlaced("alice", placed),)


# ----------------------------------------------------------------- leverage


@pytest.mark.rule("ACC-01")
def test_leverage_of_a_cross_position_goes_both_ways() -> None:
    held = settled(*ROOMY, deposit("alice", "100000", "USDT"), trade("alice", "bob", "1", "10000"), header=BINANCE)
    assert effects(held, leverage("alice", 50)) == (LeverageSet("alice", "A", 50),)
    assert effects(held, leverage("alice", 10)) == (LeverageSet("alice", "A", 10),)


@pytest.mark.rule("ACC-01", "TRD-02")
def test_who_fills_the_first_tier_lowers_the_leverage_and_goes_on() -> None:
    full = settled(
        listing(rows=(("0", 50, "0.01"), ("100000", 10, "0.025")), asset="USDT", decimals=(2, 0), tick="0.01"),
        *(mark("10"), deposit("alice", "1000000", "USDT"), deposit("bob", "10000000", "USDT"), leverage("bob", 5)),
        trade("alice", "bob", "10000", "10"),
        header=BINANCE,
    )
    assert refusal(full, trade("alice", "bob", "1", "10")) == Reason.LEVERAGE_ABOVE_TIER
    lowered = settled(leverage("alice", 10), state=full)
    assert dict(lowered.settings) == {("bob", "A"): Setting(None, 5), ("alice", "A"): Setting(None, 10)}
    more = settled(trade("alice", "bob", "1", "10"), state=lowered)
    assert (more.positions[key("alice")], balances(more)["wallet:alice:USDT"]) == (10_001, 1_000_000 * ONE)
