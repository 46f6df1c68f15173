"""The legs of a trade or fill, as the rules see them before anything is booked."""

from marginspec.handlers.guards import quantity_in, tick_price_in
from marginspec.handlers.trading import Leg, leg_of, traded_key
from marginspec.model.events import LiquidationFill, Trade
from marginspec.model.state import State
from marginspec.model.units import Quantity
from marginspec.transaction import Transaction

NamedLeg = tuple[str, Leg]


def legs_of(before: State, event: Trade | LiquidationFill) -> tuple[NamedLeg, ...]:
    """Each party of a trade or fill that has passed the checks of its fields: its part, and its leg."""
    if isinstance(event, Trade):
        return trade_legs(before, event)
    return (("counterparty", fill_leg(before, event)),)


def trade_legs(before: State, event: Trade) -> tuple[NamedLeg, ...]:
    """Buyer and seller of a trade."""
    book, market = Transaction(before), before.markets[event.market]
    price = tick_price_in(market, event.price)
    bought = quantity_in(market, event.quantity, price)
    sold = Quantity(-bought)
    fees = market.fees
    rates = (fees.taker_fee, fees.maker_fee) if event.taker == "buyer" else (fees.maker_fee, fees.taker_fee)
    buyer = traded_key(book, event.buyer, market.id, event.buyer_side, bought)
    seller = traded_key(book, event.seller, market.id, event.seller_side, sold)
    return (
        ("buyer", leg_of(book, buyer, bought, price, rates[0], event.buyer_order)),
        ("seller", leg_of(book, seller, sold, price, rates[1], event.seller_order)),
    )


def fill_leg(before: State, event: LiquidationFill) -> Leg:
    """The counterparty of a liquidation fill."""
    book, market = Transaction(before), before.markets[event.market]
    price = tick_price_in(market, event.price)
    size = quantity_in(market, event.quantity, price)
    quantity = size if event.side == "long" else Quantity(-size)
    key = traded_key(book, event.counterparty, market.id, event.counterparty_side, quantity)
    return leg_of(book, key, quantity, price, market.fees.maker_fee, None)
