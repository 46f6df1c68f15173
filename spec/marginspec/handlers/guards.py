"""Guards that several events share: each refuses with its reason or gives the checked value in units."""

from marginspec.model.account import Order, OrderSide, PositionKey, PositionMode, PositionSide
from marginspec.model.ledger import external
from marginspec.model.market import Market
from marginspec.model.rejections import Reason, Rejected, require
from marginspec.model.state import Book
from marginspec.model.units import (
    FLAT,
    MAX_AMOUNT,
    MAX_NET_DEPOSITS,
    MAX_PRICE,
    MAX_QUANTITY,
    MAX_VALUE,
    RATE_ONE,
    Decimal8,
    Money,
    Price,
    Quantity,
    Rate,
    div_down,
    in_units,
)
from marginspec.registry import rule
from marginspec.transaction import Transaction


def known_market(book: Book, market: str) -> Market:
    """The market of that id; refuses UNKNOWN_MARKET."""
    if market not in book.markets:
        raise Rejected(Reason.UNKNOWN_MARKET)
    return book.markets[market]


@rule("ACC-01")
def known_account(book: Book, account: str) -> PositionMode:
    """An account exists from its first accepted deposit; refuses UNKNOWN_ACCOUNT."""
    if account not in book.accounts:
        raise Rejected(Reason.UNKNOWN_ACCOUNT)
    return book.accounts[account]


@rule("MKT-01")
def marked_market(market: Market) -> Price:
    """No trade, order, funding or liquidation before a market's first mark; refuses NO_MARK."""
    if market.mark is None:
        raise Rejected(Reason.NO_MARK)
    return market.mark


@rule("NUM-03")
def price_in(market: Market, price: Decimal8) -> Price:
    """A price is positive, within its limit and no finer than its market's decimals; refuses INVALID_PRICE."""
    units = in_units(price, market.price_decimals)
    if units is None or not 0 < units <= MAX_PRICE:
        raise Rejected(Reason.INVALID_PRICE)
    return Price(units)


@rule("MKT-01", "NUM-03")
def tick_price_in(market: Market, price: Decimal8) -> Price:
    """The price of a trade, fill or order is a multiple of the tick; refuses INVALID_PRICE."""
    units = price_in(market, price)
    if div_down(units, market.tick) * market.tick != units:
        raise Rejected(Reason.INVALID_PRICE)
    return units


@rule("MKT-04")
def check_band(market: Market, distance: Price) -> None:
    """A price is at most the band times the mark away from the mark, widened to the next ticks; or PRICE_OUT_OF_BAND.

    A distance below zero, on a side of the mark that has no bound, is within any band.
    """
    band = market.limits.price_band
    mark, tick = market.marked(), market.tick
    if band is not None and (distance - tick) * RATE_ONE >= mark * band:
        raise Rejected(Reason.PRICE_OUT_OF_BAND)


@rule("MKT-04", "LIQ-05")
def check_fill_band(market: Market, worse: Price) -> None:
    """A fill is worse for the engine than the mark by at most the fill band times the mark; else PRICE_OUT_OF_BAND."""
    band, mark = market.limits.fill_band, market.marked()
    require(band is None or worse * RATE_ONE <= mark * band, Reason.PRICE_OUT_OF_BAND)


@rule("NUM-03")
def quantity_in(market: Market, quantity: Decimal8, price: Price) -> Quantity:
    """A quantity is positive, within its limit like its value at price and mark, and exact; else INVALID_QUANTITY."""
    lots = in_units(quantity, market.quantity_decimals)
    if lots is None or not 0 < lots <= MAX_QUANTITY:
        raise Rejected(Reason.INVALID_QUANTITY)
    dearest = Price(max(price, market.marked()))
    if market.value(dearest, Quantity(lots)) > MAX_VALUE:
        raise Rejected(Reason.INVALID_QUANTITY)
    return Quantity(lots)


@rule("NUM-03")
def amount_in(book: Book, asset: str, amount: Decimal8) -> Money:
    """An amount is not zero, within its limit and no finer than its asset's quantum; refuses INVALID_AMOUNT."""
    quanta = in_units(amount, book.header.decimals(asset))
    if quanta is None or quanta == 0 or not -MAX_AMOUNT <= quanta <= MAX_AMOUNT:
        raise Rejected(Reason.INVALID_AMOUNT)
    return Money(quanta)


@rule("NUM-03")
def positive_amount_in(book: Book, asset: str, amount: Decimal8) -> Money:
    """An amount that must be positive; refuses INVALID_AMOUNT."""
    quanta = amount_in(book, asset, amount)
    require(quanta > 0, Reason.INVALID_AMOUNT)
    return quanta


@rule("NUM-03", "MKT-04")
def funding_rate(market: Market, rate: Decimal8) -> Rate:
    """A funding rate is at most 1 either way, or the market's cap; refuses INVALID_RATE."""
    most: Rate = market.limits.funding_cap or Rate(RATE_ONE)
    require(-most <= rate <= most, Reason.INVALID_RATE)
    return Rate(rate)


@rule("ACC-01")
def fits_mode(mode: PositionMode, side: PositionSide) -> bool:
    """One-way mode has the side BOTH; hedge mode has LONG and SHORT."""
    return (side == "BOTH") == (mode == "one_way")


@rule("ACC-01", "TRD-01")
def check_position_side(book: Book, key: PositionKey, quantity: Quantity) -> None:
    """A signed quantity opens a hedge side without bound but closes it at most to flat; else WRONG_POSITION_SIDE."""
    after = book.positions.get(key, FLAT) + quantity
    past_flat = (key.side == "LONG" and after < 0) or (key.side == "SHORT" and after > 0)
    if past_flat or not fits_mode(book.accounts[key.account], key.side):
        raise Rejected(Reason.WRONG_POSITION_SIDE)


@rule("TRD-03")
def only_reduces(held: Quantity, quantity: Quantity) -> bool:
    """A signed quantity only reduces a position of the opposite sign that is at least as large."""
    if quantity > 0:
        return held + quantity <= 0
    return held + quantity >= 0


def signed(side: OrderSide, quantity: Quantity) -> Quantity:
    """A quantity with the sign of its side: buying is positive."""
    return quantity if side == "buy" else Quantity(-quantity)


def open_order(book: Book, account: str, order: str) -> Order:
    """An account's open order of that id; refuses UNKNOWN_ORDER."""
    found = book.orders[account].get(order) if account in book.orders else None
    if found is None:
        raise Rejected(Reason.UNKNOWN_ORDER)
    return found


@rule("NUM-03")
def check_net_deposits(transaction: Transaction, asset: str) -> None:
    """Net deposits of an asset, minus the balance of `external`, stay within 2^60 quanta; else OUT_OF_RANGE."""
    if -transaction.balance(external(asset)) > MAX_NET_DEPOSITS:
        transaction.out_of_range = True
