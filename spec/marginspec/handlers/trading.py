"""Trades: what each side's booking does to position, cash, fees and isolated margin, and when it is refused."""

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
    tick_price_in,
)
from marginspec.handlers.orders import fits_order, reduce_order
from marginspec.margin.closing import Part, realise, return_all_margin
from marginspec.margin.margin import (
    DomainMargin,
    cash_account,
    cost_of,
    demanded_margin,
    domain_margin,
    domain_of,
    is_healthy,
    leverage_of,
    movable,
    notional_of,
)
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey, PositionSide
from marginspec.model.events import Trade
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.rejections import Reason, Rejected, require
from marginspec.model.units import (
    FLAT,
    MAX_GROSS_COST,
    MAX_OPEN_INTEREST_TRADED,
    NOTHING,
    RATE_ONE,
    Decimal8,
    Money,
    Price,
    Quantity,
    Rate,
    div_down,
    div_up,
    in_units,
)
from marginspec.registry import handles, rule
from marginspec.transaction import Transaction


@attrs.define
class Leg:
    """One party's side of a trade: position, domain and cash, signed quantity, price, fee, order, cost before it."""

    key: PositionKey
    domain: DomainKey
    cash: LedgerAccount
    quantity: Quantity
    price: Price
    fee: Money
    order: str | None
    cost: Money


@attrs.define
class Booked:
    """What the booking of a leg found: whether it opened, lacked margin to move, closed into negative cash."""

    opened: bool
    short_of_margin: bool
    negative_cash: bool


@handles(Trade)
@rule("TRD-01", "TRD-02")
def trade(transaction: Transaction, event: Trade) -> None:
    """A trade names buyer, seller, quantity, price and taker; both sides are booked, then both are tested."""
    market = known_market(transaction, event.market)
    known_account(transaction, event.buyer)
    known_account(transaction, event.seller)
    mark = marked_market(market)
    if event.buyer == event.seller:
        raise Rejected(Reason.SELF_TRADE)
    price = tick_price_in(market, event.price)
    check_band(market, Price(abs(price - mark)))
    quantity = quantity_in(market, event.quantity, price)
    value = market.value(price, quantity)
    taker, maker = market.fees.taker_fee, market.fees.maker_fee
    buyer_rate, seller_rate = (taker, maker) if event.taker == "buyer" else (maker, taker)
    buyer_fee = fee_in(transaction, market, event.buyer_fee, value, buyer_rate)
    seller_fee = fee_in(transaction, market, event.seller_fee, value, seller_rate)
    sold = Quantity(-quantity)
    buyer_key = traded_key(transaction, event.buyer, event.market, event.buyer_side, quantity)
    seller_key = traded_key(transaction, event.seller, event.market, event.seller_side, sold)
    check_position_side(transaction, buyer_key, quantity)
    check_position_side(transaction, seller_key, sold)
    buyer = leg_of(transaction, buyer_key, quantity, price, buyer_fee, event.buyer_order)
    seller = leg_of(transaction, seller_key, sold, price, seller_fee, event.seller_order)
    check_orders(transaction, (buyer, seller))
    open_interest = transaction.open_interest.get(market.id, FLAT)
    transaction.transfer(market.asset, ledger.position(*buyer_key), ledger.position(*seller_key), value, "ACC-02")
    booked = (book_leg(transaction, market, buyer), book_leg(transaction, market, seller))
    pay_rebates(transaction, market, (buyer, seller))
    check_booked(transaction, market, (buyer, seller), booked)
    check_open_interest(transaction, market, open_interest)


@rule("TRD-01")
def fee_in(transaction: Transaction, market: Market, stated: Decimal8 | None, value: Money, rate: Rate) -> Money:
    """A stated fee, zero or a rebate too, replaces a side's own; refuses INVALID_AMOUNT if it is above the value."""
    if stated is None:
        return trade_fee(value, rate)
    fee = in_units(stated, transaction.header.decimals(market.asset))
    if fee is None or abs(fee) > value:
        raise Rejected(Reason.INVALID_AMOUNT)
    return Money(fee)


@rule("TRD-01")
def leg_of(
    transaction: Transaction, key: PositionKey, quantity: Quantity, price: Price, fee: Money, order: str | None
) -> Leg:
    """Each side of a trade pays its own fee, and is booked to its own position and domain."""
    domain = domain_of(transaction, key)
    return Leg(key, domain, cash_account(domain), quantity, price, fee, order, cost_of(transaction, key))


@rule("TRD-01")
def traded_key(
    transaction: Transaction, account: str, market: str, side: PositionSide | None, quantity: Quantity
) -> PositionKey:
    """A side that is not named is BOTH in one-way mode; in hedge mode the trade opens: LONG buys, SHORT sells."""
    if side is not None:
        return PositionKey(account, market, side)
    if transaction.accounts[account] == "one_way":
        return PositionKey(account, market, "BOTH")
    return PositionKey(account, market, "LONG" if quantity > 0 else "SHORT")


@rule("TRD-03")
def check_orders(transaction: Transaction, legs: tuple[Leg, ...]) -> None:
    """A fill names an open order that it fits, and a reduce-only order only reduces, each of them in turn."""
    named = [(leg, open_order(transaction, leg.key.account, leg.order)) for leg in legs if leg.order is not None]
    for leg, order in named:
        require(fits_order(order, leg.key, leg.quantity, leg.price), Reason.ORDER_MISMATCH)
    for leg, order in named:
        held = transaction.positions.get(leg.key, FLAT)
        require(not order.reduce_only or only_reduces(held, leg.quantity), Reason.REDUCE_ONLY)


@rule("ACC-02")
def closing_part(held: Quantity, quantity: Quantity) -> Quantity:
    """The part of a signed quantity that closes what is held: none if the signs agree, at most to flat."""
    if held > 0 and quantity < 0:
        return Quantity(max(quantity, -held))
    if held < 0 and quantity > 0:
        return Quantity(min(quantity, -held))
    return FLAT


@rule("TRD-01", source="SRC-09")
def trade_fee(value: Money, rate: Rate) -> Money:
    """A side's fee is the trade's value at its fee rate; rounds up, adding less than one quantum."""
    return Money(div_up(abs(value) * rate, RATE_ONE))


@rule("TRD-01", source="SRC-09")
def insurance_part(fee: Money, share: Rate) -> Money:
    """The insurance fund gets its share of each fee, rounded down by less than one quantum; the house the rest."""
    return Money(div_down(fee * share, RATE_ONE))


@rule("ACC-02", "TRD-01")
def book_leg(transaction: Transaction, market: Market, leg: Leg) -> Booked:
    """A leg, its value booked to the position, first closes what it can, then opens the rest: a flip does both."""
    if leg.order is not None:
        reduce_order(transaction, leg.key.account, leg.order, leg.quantity)
    held = transaction.positions.get(leg.key, FLAT)
    closing = closing_part(held, leg.quantity)
    opening = Quantity(leg.quantity - closing)
    negative_cash = short_of_margin = False
    if closing != 0:
        value = market.value(leg.price, Quantity(-closing))
        realise(transaction, market, Part(leg.key, leg.domain, leg.cash, closing, value, leg.cost), "ACC-02")
        pay_fee(transaction, market, leg)
        negative_cash = opening != 0 and not leg.domain.is_cross and transaction.balance(leg.cash) < 0
        return_margin(transaction, leg, held, closing)
    if opening != 0:
        fee = Money(max(0, leg.fee)) if closing == 0 else NOTHING
        short_of_margin = move_margin(transaction, market, leg, opening, fee)
        transaction.set_position(leg.key, leg.domain, Quantity(held + leg.quantity))
        if closing == 0:
            pay_fee(transaction, market, leg)
    return Booked(opening != 0, short_of_margin, negative_cash)


@rule("TRD-01", source="SRC-09")
def pay_fee(transaction: Transaction, market: Market, leg: Leg) -> None:
    """A fee is paid from the domain's cash, and exactly what is paid is credited; a rebate is no fee yet."""
    asset, fee = market.asset, Money(max(0, leg.fee))
    insured = insurance_part(fee, market.fees.insurance_fee_share)
    transaction.transfer(asset, leg.cash, ledger.insurance(asset), insured, "TRD-01")
    transaction.transfer(asset, leg.cash, ledger.house(asset), Money(fee - insured), "TRD-01")


@rule("TRD-01")
def pay_rebates(transaction: Transaction, market: Market, legs: tuple[Leg, ...]) -> None:
    """A fee below zero is a rebate: the house pays it once all sides are booked; else INSUFFICIENT_FUNDS.

    An isolated position that is flat by then has no use for cash: its rebate goes to the wallet.
    """
    rebates = sum([max(0, -leg.fee) for leg in legs])
    if rebates == 0:
        return
    house = ledger.house(market.asset)
    require(rebates <= transaction.balance(house), Reason.INSUFFICIENT_FUNDS)
    for leg in legs:
        wallet = ledger.wallet(leg.key.account, market.asset)
        target = leg.cash if leg.key in transaction.positions else wallet
        transaction.transfer(market.asset, house, target, Money(max(0, -leg.fee)), "TRD-01")


@rule("ACC-04")
def opening_margin(value: Money, value_at_mark: Money, leverage: int, fee: Money) -> Money:
    """Opening an isolated position moves the larger of both values over the leverage, the open loss and the fee.

    The values are signed like the opened quantity. Rounds up, by less than one quantum.
    """
    margin = div_up(max(abs(value), abs(value_at_mark)), leverage)
    return Money(margin + max(0, value - value_at_mark) + fee)


@rule("ACC-04")
def move_margin(transaction: Transaction, market: Market, leg: Leg, opening: Quantity, fee: Money) -> bool:
    """An isolated position's opening margin comes from the cross wallet; tells whether too little is movable."""
    if leg.domain.is_cross:
        return False
    leverage = leverage_of(transaction, leg.key.account, market)
    value = market.value(leg.price, opening)
    due = opening_margin(value, market.at_mark(opening), leverage, fee)
    cross = DomainKey(leg.domain.account, market.asset)
    short = due > movable(transaction, cross)
    transaction.transfer(market.asset, cash_account(cross), leg.cash, due, "ACC-04")
    return short


@rule("ACC-04")
def returned_margin(cash: Money, movable_now: Money, size: Quantity, part: Quantity) -> Money:
    """A reduction returns the cash pro rata, rounded down by less than one quantum, at most what is movable."""
    return Money(max(0, min(div_down(cash * part, size), movable_now)))


@rule("ACC-04")
def return_margin(transaction: Transaction, leg: Leg, held: Quantity, closing: Quantity) -> None:
    """A trade that reduces an isolated position returns part of its cash; one that makes it flat, all."""
    domain = leg.domain
    if domain.is_cross:
        return
    if leg.key not in transaction.positions:
        return_all_margin(transaction, domain)
        return
    part, size = Quantity(abs(closing)), Quantity(abs(held))
    returned = returned_margin(transaction.balance(leg.cash), movable(transaction, domain), size, part)
    wallet = ledger.wallet(domain.account, domain.asset)
    transaction.transfer(domain.asset, leg.cash, wallet, returned, "ACC-04")


@rule("TRD-02")
def check_booked(transaction: Transaction, market: Market, legs: tuple[Leg, ...], booked: tuple[Booked, ...]) -> None:
    """Afterwards each party has the margin, leverage, cash and health that the trade needs.

    Each reason is tested for every party before the next one: INSUFFICIENT_BALANCE, LEVERAGE_ABOVE_TIER,
    POSITION_LIMIT, NEGATIVE_CASH, UNHEALTHY, INSUFFICIENT_MARGIN.
    """
    parties = tuple(zip(legs, booked, strict=True))
    short_of_margin = [side.short_of_margin for side in booked]
    if any(short_of_margin):
        raise Rejected(Reason.INSUFFICIENT_BALANCE)
    too_high = [side.opened and not leverage_fits(transaction, market, leg.key) for leg, side in parties]
    if any(too_high):
        raise Rejected(Reason.LEVERAGE_ABOVE_TIER)
    too_large = [side.opened and not size_fits(transaction, market, leg.key) for leg, side in parties]
    if any(too_large):
        raise Rejected(Reason.POSITION_LIMIT)
    owing = [side.negative_cash or owes_when_flat(transaction, leg) for leg, side in parties]
    if any(owing):
        raise Rejected(Reason.NEGATIVE_CASH)
    margins = [domain_margin(transaction, leg.domain) for leg in legs]
    healthy = [is_healthy(margin) for margin in margins]
    if not all(healthy):
        raise Rejected(Reason.UNHEALTHY)
    for (leg, side), margin in zip(parties, margins, strict=True):
        if side.opened:
            check_gross_cost(transaction, margin)
        if side.opened and leg.domain.is_cross:
            demanded = demanded_margin(transaction, leg.domain, margin)
            if margin.equity < demanded:
                raise Rejected(Reason.INSUFFICIENT_MARGIN)


@rule("NUM-03")
def check_gross_cost(transaction: Transaction, margin: DomainMargin) -> None:
    """The costs of a domain's positions, without their signs, stay within 2^60 where it opens; else OUT_OF_RANGE."""
    if sum([abs(position.cost) for position in margin.positions]) > MAX_GROSS_COST:
        transaction.out_of_range = True


@rule("TRD-02", "ACC-01")
def leverage_fits(transaction: Transaction, market: Market, key: PositionKey) -> bool:
    """The leverage is at most that of the tier which holds the resulting notional at mark."""
    held = transaction.positions.get(key, FLAT)
    tier = market.tiers.holding(notional_of(market.at_mark(held)))
    return leverage_of(transaction, key.account, market) <= tier.max_leverage


@rule("MKT-04", "TRD-02")
def size_fits(transaction: Transaction, market: Market, key: PositionKey) -> bool:
    """The resulting notional at mark is at most the market's position limit."""
    limit = market.limits.position_limit
    return limit is None or notional_of(market.at_mark(transaction.positions.get(key, FLAT))) <= limit


def owes_when_flat(transaction: Transaction, leg: Leg) -> bool:
    """Whether a leg's domain, or the cross domain that stands behind it, has no position but negative cash."""
    if is_flat_and_negative(transaction, leg.domain, leg.cash):
        return True
    if leg.domain.is_cross:
        return False
    cross = DomainKey(leg.key.account, leg.domain.asset)
    return is_flat_and_negative(transaction, cross, cash_account(cross))


def is_flat_and_negative(transaction: Transaction, domain: DomainKey, cash: LedgerAccount) -> bool:
    """Whether a domain without a position has negative cash."""
    return transaction.balance(cash) < 0 and domain not in transaction.positions_of


@rule("NUM-03")
def check_open_interest(transaction: Transaction, market: Market, before: int) -> None:
    """The asset's open interest at mark stays within 2^60 when a trade or fill raises it; else OUT_OF_RANGE."""
    raised = transaction.open_interest.get(market.id, FLAT) > before
    if raised and transaction.open_value[market.asset] > MAX_OPEN_INTEREST_TRADED:
        transaction.out_of_range = True
