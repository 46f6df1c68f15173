"""Figures of checks that look at positions, modes and orders."""

from marginspec.handlers.guards import fits_mode, only_reduces, quantity_in, signed, tick_price_in
from marginspec.handlers.orders import fits_order
from marginspec.handlers.trading import Leg
from marginspec.margin.margin import NO_ORDERS, margin_mode_of
from marginspec.model.account import Order, PositionKey, PositionSide
from marginspec.model.events import (
    AdjustIsolatedMargin,
    CancelOrder,
    LiquidationFill,
    PlaceOrder,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Trade,
)
from marginspec.model.state import State
from marginspec.model.units import FLAT, Quantity
from marginspec_tools.explain.effects import order_node
from marginspec_tools.explain.explanation import Explanation, clause
from marginspec_tools.explain.figures import Parts, lots, position_name, price
from marginspec_tools.explain.parties import legs_of
from marginspec_tools.explain.refused_inputs import names_node
from marginspec_tools.explain.watching import Watched

MODE, REDUCES, FITS = clause("ACC-01", fits_mode), clause("TRD-03", only_reduces), clause("TRD-03", fits_order)
SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")


def ordered(before: State, event: PlaceOrder) -> tuple[PositionKey, Quantity]:
    """The position and signed quantity of an order that is being placed."""
    market = before.markets[event.market]
    size = quantity_in(market, event.quantity, tick_price_in(market, event.price))
    return PositionKey(event.account, event.market, event.position_side), signed(event.side, size)


def side_fits(watched: Watched, event: PlaceOrder | Trade | LiquidationFill) -> Parts:
    """Each party's mode and side, and what its position would become."""
    if isinstance(event, PlaceOrder):
        key, quantity = ordered(watched.before, event)
        return (side_node(watched.before, "order", key, quantity),)
    legs = legs_of(watched.before, event)
    return tuple(side_node(watched.before, name, leg.key, leg.quantity) for name, leg in legs)


def side_node(before: State, name: str, key: PositionKey, quantity: Quantity) -> Explanation:
    """One party's position side: whether it fits the mode, and stays on its side of zero."""
    mode, held = before.accounts[key.account], before.positions.get(key, FLAT)
    after = held + quantity
    fits = fits_mode(mode, key.side)
    within = not (key.side == "LONG" and after < 0) and not (key.side == "SHORT" and after > 0)
    parts = (
        Explanation("position mode", mode.replace("_", "-"), clause=MODE),
        Explanation("position side", key.side),
        lots(before, "held", key.market, held),
        lots(before, "quantity", key.market, quantity),
        lots(before, "afterwards", key.market, after),
    )
    word = "fits" if fits and within else "does not fit the mode" if not fits else "would pass zero"
    return Explanation(f"{name} {position_name(key)}", word, inputs=parts)


def orders_node(before: State, account: str) -> Explanation:
    """An account's open orders, by name."""
    return names_node(f"open orders of {account}", sorted(before.orders.get(account, NO_ORDERS)))


def order_is_new(watched: Watched, event: PlaceOrder) -> Parts:
    """The open order that has the id."""
    found = watched.before.orders[event.account][event.order]
    return (order_node(watched.before, f"open order {event.order} of {event.account}", found),)


def order_open(watched: Watched, event: CancelOrder | Trade) -> Parts:
    """The orders named, and those that are open."""
    if isinstance(event, CancelOrder):
        return (Explanation("order named", event.order), orders_node(watched.before, event.account))
    parts: list[Explanation] = []
    for name, leg in legs_of(watched.before, event):
        if leg.order is not None:
            is_open = leg.order in watched.before.orders.get(leg.key.account, NO_ORDERS)
            parts.append(Explanation(f"{name}'s order", leg.order, formula="is open" if is_open else "is not open"))
            parts.append(orders_node(watched.before, leg.key.account))
    return tuple(parts)


def filled_orders(before: State, event: Trade) -> list[tuple[str, Leg, Order]]:
    """The legs of a trade that name an order, each with that order."""
    legs = legs_of(before, event)
    return [(name, leg, before.orders[leg.key.account][leg.order]) for name, leg in legs if leg.order is not None]


def order_fits(watched: Watched, event: Trade) -> Parts:
    """Each named order beside its fill."""
    parts: list[Explanation] = []
    for name, leg, order in filled_orders(watched.before, event):
        fits = fits_order(order, leg.key, leg.quantity, leg.price)
        inputs = (
            order_node(watched.before, f"order {order.id} in {order.market}", order),
            lots(watched.before, "fill", leg.key.market, leg.quantity),
            Explanation("position side of the fill", leg.key.side),
            price(watched.before, "price of the fill", leg.key.market, leg.price),
        )
        word = "fits" if fits else "does not fit"
        parts.append(Explanation(f"{name}'s fill", word, clause=FITS, inputs=inputs))
    return tuple(parts)


def order_only_reduces(watched: Watched, event: PlaceOrder | Trade) -> Parts:
    """Each reduce-only quantity beside what it would reduce."""
    before = watched.before
    if isinstance(event, PlaceOrder):
        return (reduction_node(before, "order", *ordered(before, event)),)
    filled = [(name, leg) for name, leg, order in filled_orders(before, event) if order.reduce_only]
    return tuple(reduction_node(before, f"{name}'s fill", leg.key, leg.quantity) for name, leg in filled)


def reduction_node(before: State, name: str, key: PositionKey, quantity: Quantity) -> Explanation:
    """Whether a quantity only reduces a position."""
    held = before.positions.get(key, FLAT)
    parts = (lots(before, "held", key.market, held), lots(before, "quantity", key.market, quantity))
    word = "only reduces" if only_reduces(held, quantity) else "does not only reduce"
    return Explanation(f"{name} on {position_name(key)}", word, clause=REDUCES, inputs=parts)


def position_held(watched: Watched, event: AdjustIsolatedMargin) -> Parts:
    """The position named, and those held in the market."""
    key = PositionKey(event.account, event.market, event.side)
    return (lots(watched.before, f"position {position_name(key)}", event.market, 0), *held_nodes(watched.before, event))


def held_nodes(before: State, event: AdjustIsolatedMargin | SetMarginMode | SetLeverage) -> Parts:
    """An account's positions in a market."""
    keys = (PositionKey(event.account, event.market, side) for side in SIDES)
    held = [key for key in keys if key in before.positions]
    return tuple(lots(before, f"position {position_name(key)}", key.market, before.positions[key]) for key in held)


def account_is_idle(watched: Watched, event: SetPositionMode | SetMarginMode | SetLeverage) -> Parts:
    """What is open where there must be nothing."""
    before, open_orders = watched.before, watched.before.orders.get(event.account, NO_ORDERS)
    if isinstance(event, SetPositionMode):
        domains = before.domains_of.get(event.account, ())
        keys = [key for domain in domains for key in before.positions_of[domain]]
        held: Parts = tuple(
            lots(before, f"position {position_name(key)}", key.market, before.positions[key]) for key in keys
        )
        orders = [open_orders[name] for name in sorted(open_orders)]
    else:
        held = held_nodes(before, event)
        orders = [open_orders[name] for name in sorted(open_orders) if open_orders[name].market == event.market]
    return (*held, *(order_node(before, f"order {order.id}", order) for order in orders))


def position_isolated(watched: Watched, event: AdjustIsolatedMargin) -> Parts:
    """The margin mode, and the position."""
    mode = margin_mode_of(watched.before, event.account, event.market)
    by = clause("ACC-01", margin_mode_of)
    named = Explanation(f"margin mode of {event.account} in {event.market}", mode, clause=by)
    return (named, *held_nodes(watched.before, event))
