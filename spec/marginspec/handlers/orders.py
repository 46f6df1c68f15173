"""Orders: placing, cancelling, and what a fill leaves of them. Matching is the venue's business."""

import attrs

from marginspec.handlers.guards import (
    check_band,
    check_position_side,
    known_account,
    known_market,
    marked_market,
    only_reduces,
    open_order,
    quantity_in,
    signed,
    tick_price_in,
)
from marginspec.margin.margin import (
    available_margin,
    domain_initial,
    domain_margin,
    margin_mode_of,
    movable_margin,
    order_margin,
)
from marginspec.model.account import DomainKey, Order, PositionKey
from marginspec.model.effects import OrderCancelled, OrderPlaced, OrderReduced
from marginspec.model.events import CancelOrder, PlaceOrder
from marginspec.model.rejections import Reason, require
from marginspec.model.units import FLAT, Price, Quantity
from marginspec.registry import handles, rule
from marginspec.transaction import Transaction


@handles(PlaceOrder)
@rule("TRD-03", "MKT-04")
def place_order(transaction: Transaction, event: PlaceOrder) -> None:
    """Placing is refused if order margin rises by more than is available, or movable if the market is isolated."""
    market = known_market(transaction, event.market)
    known_account(transaction, event.account)
    mark = marked_market(market)
    price = tick_price_in(market, event.price)
    check_band(market, Price(price - mark if event.side == "buy" else mark - price))
    quantity = signed(event.side, quantity_in(market, event.quantity, price))
    key = PositionKey(event.account, event.market, event.position_side)
    check_position_side(transaction, key, quantity)
    taken = event.account in transaction.orders and event.order in transaction.orders[event.account]
    require(not taken, Reason.ORDER_EXISTS)
    held = transaction.positions.get(key, FLAT)
    require(not event.reduce_only or only_reduces(held, quantity), Reason.REDUCE_ONLY)
    domain = DomainKey(event.account, market.asset)
    reserved = order_margin(transaction, event.account, market.asset)
    margin = domain_margin(transaction, domain)
    isolated = margin_mode_of(transaction, event.account, event.market) == "isolated"
    free = movable_margin if isolated else available_margin
    left = free(margin, domain_initial(transaction, margin), reserved)
    order = Order(event.order, event.market, event.position_side, quantity, price, event.reduce_only)
    transaction.set_order(event.account, order, OrderPlaced(event.account, order))
    increase = order_margin(transaction, event.account, market.asset) - reserved
    require(increase <= left, Reason.INSUFFICIENT_BALANCE)


@handles(CancelOrder)
@rule("TRD-03")
def cancel_order(transaction: Transaction, event: CancelOrder) -> None:
    """Cancelling takes an open order away and frees its margin."""
    known_account(transaction, event.account)
    order = open_order(transaction, event.account, event.order)
    transaction.remove_order(event.account, order.id, OrderCancelled(event.account, order.id))


@rule("TRD-03")
def fits_order(order: Order, key: PositionKey, quantity: Quantity, price: Price) -> bool:
    """A fill is of the order's market and side, no worse than its limit, no larger than what is left of it."""
    if order.market != key.market or order.position_side != key.side:
        return False
    if quantity > 0:
        return quantity <= order.quantity and price <= order.price
    return quantity >= order.quantity and price >= order.price


@rule("TRD-03")
def reduce_order(transaction: Transaction, account: str, order_id: str, quantity: Quantity) -> None:
    """A fill leaves the order that much smaller; nothing left ends it."""
    order = transaction.orders[account][order_id]
    rest = Quantity(order.quantity - quantity)
    effect = OrderReduced(account, order.id, order.market, rest)
    transaction.set_order(account, attrs.evolve(order, quantity=rest), effect)
