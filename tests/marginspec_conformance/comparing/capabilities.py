"""What an engine must have for a header or an event, by the words of the protocol."""

from collections.abc import Iterator

from marginspec.model import events
from marginspec.model.effects import Transferred
from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.protocol.messages import Accepted, Answer, Capability

BY_CLASS: dict[type, Capability] = {
    events.AdjustIsolatedMargin: "isolated",
    events.PlaceOrder: "orders",
    events.CancelOrder: "orders",
    events.UpdateLimits: "limits",
    events.Funding: "funding",
    events.LiquidationFill: "fills",
    events.Deleverage: "deleverage",
    events.SettleMarket: "settle_market",
}
"""What every event of a class needs."""
LEVY = "LVY-01"
LIMITS = ("price_band", "fill_band", "funding_cap", "position_limit")
SIDES = ("side", "position_side", "buyer_side", "seller_side", "counterparty_side")
FEES = ("buyer_fee", "seller_fee", "counterparty_fee")
ORDERS = ("buyer_order", "seller_order")


def needed_by_header(header: Header) -> frozenset[Capability]:
    """What a journal's profile needs."""
    needed: set[Capability] = set()
    if header.profile.adl_ranking == "bitmex":
        needed.add("bitmex")
    if header.profile.last_resort == "none":
        needed.add("no_levy")
    return frozenset(needed)


def needed_by_event(event: Event) -> frozenset[Capability]:
    """What an event needs, by its class and its fields."""
    return frozenset(_needed(event))


def needed_by_answer(event: Event, answer: Answer) -> frozenset[Capability]:
    """What an engine needs to answer an event as the rulebook does: to deleverage by itself, to levy."""
    if not isinstance(answer, Accepted):
        return frozenset()
    needed: set[Capability] = set()
    if answer.deleveraged and not isinstance(event, events.Deleverage):
        needed.add("adl")
    if answer.levied:
        needed.add("levy")
    return frozenset(needed)


def needed_by_expected(expected: Expected) -> frozenset[Capability]:
    """What an engine needs to take an event as the rulebook does: to levy, too, where the house alone pays."""
    moves = (one for one in expected.receipt.effects if isinstance(one, Transferred))
    levy: frozenset[Capability] = frozenset({"levy"} if any(one.rule == LEVY for one in moves) else ())
    return needed_by_answer(expected.event, expected.answer) | levy


def _needed(event: Event) -> Iterator[Capability]:
    if type(event) in BY_CLASS:
        yield BY_CLASS[type(event)]
    if isinstance(event, events.ListMarket) and any(getattr(event, name) is not None for name in LIMITS):
        yield "limits"
    if isinstance(event, events.SetMarginMode) and event.mode == "isolated":
        yield "isolated"
    if isinstance(event, events.SetPositionMode) and event.mode == "hedge":
        yield "hedge"
    if any(getattr(event, name, None) in ("LONG", "SHORT") for name in SIDES):
        yield "hedge"
    if any(getattr(event, name, None) is not None for name in FEES):
        yield "stated_fees"
    if any(getattr(event, name, None) is not None for name in ORDERS):
        yield "orders"
