"""Fills: the engine closes lots in the market, profits to the reserve, losses from the waterfall."""

from marginspec.handlers.guards import (
    check_band,
    check_fill_band,
    check_position_side,
    known_account,
    known_market,
    marked_market,
    quantity_in,
    tick_price_in,
)
from marginspec.handlers.trading import (
    book_leg,
    check_booked,
    check_open_interest,
    fee_in,
    leg_of,
    pay_rebates,
    traded_key,
)
from marginspec.margin.closing import released_cost
from marginspec.margin.margin import lot_cost
from marginspec.model import ledger
from marginspec.model.account import Lot, PositionKey
from marginspec.model.events import Deleverage, LiquidationFill
from marginspec.model.market import Market
from marginspec.model.rejections import Reason, require
from marginspec.model.units import FLAT, Money, Price, Quantity
from marginspec.registry import handles, rule
from marginspec.settlement.waterfall import book_lots, uncovered_shortfall
from marginspec.transaction import Transaction


@handles(LiquidationFill)
@rule("LIQ-05", source="SRC-03 SRC-04 SRC-06")
def liquidation_fill(transaction: Transaction, event: LiquidationFill) -> None:
    """The engine closes lots, oldest first: profits to the reserve, losses from the waterfall, then the counterparty.

    Refused COVER_EXCEEDED, whole, if a loss exceeds the cover, or more shortfall is left uncovered than before.
    """
    market = known_market(transaction, event.market)
    known_account(transaction, event.counterparty)
    mark = marked_market(market)
    price = tick_price_in(market, event.price)
    check_band(market, Price(abs(price - mark)))
    check_fill_band(market, Price(mark - price if event.side == "long" else price - mark))
    size = quantity_in(market, event.quantity, price)
    fee = fee_in(transaction, market, event.counterparty_fee, market.value(price, size), market.fees.maker_fee)
    quantity = size if event.side == "long" else Quantity(-size)
    key = traded_key(transaction, event.counterparty, market.id, event.counterparty_side, quantity)
    check_position_side(transaction, key, quantity)
    closed = lots_to_close(transaction, event, size)
    open_interest = transaction.open_interest.get(market.id, FLAT)
    leg = leg_of(transaction, key, quantity, price, fee, None)
    close_lots(transaction, market, key, closed, price)
    booked = book_leg(transaction, market, leg)
    pay_rebates(transaction, market, (leg,))
    check_booked(transaction, market, (leg,), (booked,))
    check_open_interest(transaction, market, open_interest)
    transaction.exposed.add(market.asset)
    transaction.event_market = market.id


@rule("LIQ-04", "LIQ-05")
def lots_to_close(
    transaction: Transaction, event: LiquidationFill | Deleverage, size: Quantity
) -> tuple[tuple[Lot, Quantity], ...]:
    """Lots queue per market and direction, oldest first: each with its part (> 0); refuses NO_INVENTORY."""
    closed: tuple[tuple[Lot, Quantity], ...] = ()
    left = size
    for lot_id in transaction.lots_in.get(event.market, ()):
        queued = transaction.lots[lot_id]
        if queued.direction == event.side and left > 0:
            part = Quantity(min(left, abs(queued.quantity)))
            closed = (*closed, (queued, part))
            left = Quantity(left - part)
    require(left == 0, Reason.NO_INVENTORY)
    return closed


@rule("LIQ-05", "WTF-01", "INV-07", source="SRC-03 SRC-04")
def close_lots(
    transaction: Transaction, market: Market, key: PositionKey, closed: tuple[tuple[Lot, Quantity], ...], price: Price
) -> None:
    """All are closed, then their profits and losses booked; refused if more shortfall is left uncovered than before."""
    uncovered = uncovered_shortfall(transaction, market.asset)
    profits = tuple((lot.id, close_lot(transaction, market, key, lot, part, price)) for lot, part in closed)
    book_lots(transaction, market, profits)
    require(uncovered_shortfall(transaction, market.asset) <= uncovered, Reason.COVER_EXCEEDED)


@rule("LIQ-05", "ACC-02", "INV-11")
def close_lot(
    transaction: Transaction, market: Market, key: PositionKey, lot: Lot, part: Quantity, price: Price
) -> Money:
    """A lot's cost is released pro rata so that its profit rounds down; gives the profit, negative for a loss."""
    quantity = part if lot.quantity > 0 else Quantity(-part)
    cost = lot_cost(transaction, lot.id)
    value = market.value(price, quantity)
    transaction.move(market.asset, ledger.position(*key), ledger.lot(lot.id), value, "LIQ-05")
    transaction.reduce_lot(lot, Quantity(lot.quantity - quantity))
    return Money(value - released_cost(cost, Quantity(abs(lot.quantity)), part))
