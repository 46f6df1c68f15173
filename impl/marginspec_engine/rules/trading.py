"""Trades: what each side's booking does to position, cash, fees and isolated margin, and when it is refused."""

from marginspec.model import events
from marginspec.model.units import MAX_GROSS_COST, MAX_OPEN_INTEREST_TRADED
from marginspec_engine import layout
from marginspec_engine.kernels import margin
from marginspec_engine.kernels import trading as kernels
from marginspec_engine.layout import NONE, reasons
from marginspec_engine.memory.orders import order_key
from marginspec_engine.memory.positions import domain_of, position_of, set_position
from marginspec_engine.memory.words import (
    Words,
    account_row,
    asset_row,
    at,
    domain_row,
    lookup,
    market_row,
    order_row,
    position_row,
    reserve,
)
from marginspec_engine.rules.closing import realise, return_all_margin
from marginspec_engine.rules.guards import (
    NOT_WHOLE,
    event_word,
    fee_in,
    fits_side,
    is_account,
    is_listed,
    is_within_band,
    only_reduces,
    quantity_in,
    tick_price_in,
)
from marginspec_engine.rules.margin import (
    domain_margin,
    initial_of,
    is_flat,
    leverage_of,
    movable,
    reserved_for_orders,
    tier_of,
    value_at_mark,
)
from marginspec_engine.rules.orders import fits_order, reduce_order
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.transaction import balance, cash_of, ledger_word, too_wide, transfer


@handles(events.Trade)
def trade(book: Words) -> int:
    """A trade names two parties, quantity, price, taker; both sides are booked, then tested (TRD-01, TRD-02)."""
    buyer, seller = event_word(book, layout.FIRST_ACCOUNT), event_word(book, layout.SECOND_ACCOUNT)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, buyer) or not is_account(book, seller):
        return reasons.UNKNOWN_ACCOUNT
    market = market_row(book, event_word(book, layout.OF_MARKET))
    if market[layout.MARK] == 0:
        return reasons.NO_MARK
    if buyer == seller:
        return reasons.SELF_TRADE
    return trade_stated(book, market)


def trade_stated(book: Words, market: Words) -> int:
    """A trade at the price, of the quantity and for the fees that the event states (TRD-01)."""
    price = tick_price_in(book, market)
    if price == 0:
        return reasons.INVALID_PRICE
    if not is_within_band(market, abs(price - market[layout.MARK])):
        return reasons.PRICE_OUT_OF_BAND
    quantity = quantity_in(book, market, price)
    if quantity == 0:
        return reasons.INVALID_QUANTITY
    value = margin.value_of(price, quantity, market[layout.QUANTA_PER_UNIT])
    buyer_takes = event_word(book, layout.CHOICE) == layout.BUYER
    buyer_rate = market[layout.TAKER_FEE] if buyer_takes else market[layout.MAKER_FEE]
    seller_rate = market[layout.MAKER_FEE] if buyer_takes else market[layout.TAKER_FEE]
    buyer_fee = fee_in(book, market, layout.SECOND_AMOUNT_LOW, value, buyer_rate)
    seller_fee = fee_in(book, market, layout.THIRD_AMOUNT_LOW, value, seller_rate)
    if buyer_fee == NOT_WHOLE or seller_fee == NOT_WHOLE:
        return reasons.INVALID_AMOUNT
    return trade_at(book, market, price, quantity, buyer_fee, seller_fee)


def trade_at(book: Words, market: Words, price: int, quantity: int, buyer_fee: int, seller_fee: int) -> int:
    """A trade of so many lots at a price, both in units, for fees in quanta."""
    reserve(book, at(market, layout.MARKET_POSITIONS), 2)
    bought = traded_position(book, layout.FIRST_ACCOUNT, layout.FIRST_SIDE, quantity)
    sold = traded_position(book, layout.SECOND_ACCOUNT, layout.SECOND_SIDE, -quantity)
    if not fits_side(book, position_row(book, bought), quantity):
        return reasons.WRONG_POSITION_SIDE
    if not fits_side(book, position_row(book, sold), -quantity):
        return reasons.WRONG_POSITION_SIDE
    buyer, seller = at(book, layout.LEGS), at(book, layout.LEGS + layout.LEG)
    fill_leg(book, buyer, bought, quantity, price, buyer_fee)
    fill_leg(book, seller, sold, -quantity, price, seller_fee)
    reason = check_orders(book, buyer, seller)
    if reason != reasons.ACCEPTED:
        return reason
    open_interest = market[layout.OPEN_INTEREST]
    value = margin.value_of(price, quantity, market[layout.QUANTA_PER_UNIT])
    accounts = ledger_word(layout.POSITION_OF, bought), ledger_word(layout.POSITION_OF, sold)
    transfer(book, market[layout.ASSET], accounts[0], accounts[1], value, layout.ACC_02)
    book_leg(book, market, buyer)
    book_leg(book, market, seller)
    reason = pay_rebates(book, market, 2)
    if reason != reasons.ACCEPTED:
        return reason
    reason = check_booked(book, 2)
    check_open_interest(book, market, open_interest)
    return reason


def traded_position(book: Words, account_word: int, side_word: int, quantity: int) -> int:
    """The position that a party of the event trades; a side that is not named opens in hedge mode (TRD-01)."""
    account, side = event_word(book, account_word), event_word(book, side_word)
    if side == NONE:
        opened = layout.LONG if quantity > 0 else layout.SHORT
        side = layout.BOTH if account_row(book, account)[layout.MODE] == layout.ONE_WAY else opened
    return position_of(book, account, event_word(book, layout.OF_MARKET), side)


def fill_leg(book: Words, leg: Words, number: int, quantity: int, price: int, fee: int) -> None:
    """A party's side of a trade (TRD-01)."""
    domain = domain_of(book, number)
    position = position_row(book, number)
    leg[layout.LEG_POSITION] = number
    leg[layout.LEG_DOMAIN] = domain
    leg[layout.LEG_QUANTITY] = quantity
    leg[layout.LEG_PRICE] = price
    leg[layout.LEG_FEE] = fee
    leg[layout.LEG_ORDER] = NONE
    leg[layout.LEG_COST] = position[layout.COST]
    leg[layout.HAS_OPENED] = 0
    leg[layout.IS_SHORT_OF_MARGIN] = 0
    leg[layout.HAS_NEGATIVE_CASH] = 0


def check_orders(book: Words, buyer: Words, seller: Words) -> int:
    """A fill names an open order that it fits, and a reduce-only order only reduces (TRD-03)."""
    if not find_order(book, buyer, layout.FIRST_ORDER_NAME) or not find_order(book, seller, layout.SECOND_ORDER_NAME):
        return reasons.UNKNOWN_ORDER
    if not is_fitting(book, buyer) or not is_fitting(book, seller):
        return reasons.ORDER_MISMATCH
    if not reduces(book, buyer) or not reduces(book, seller):
        return reasons.REDUCE_ONLY
    return reasons.ACCEPTED


def find_order(book: Words, leg: Words, name_word: int) -> bool:
    """Put the order that the event names for a leg into it; False if it is not open."""
    name = event_word(book, name_word)
    if name == NONE:
        return True
    account = position_row(book, leg[layout.LEG_POSITION])[layout.OWNER]
    leg[layout.LEG_ORDER] = lookup(book, layout.ORDER_MAP, order_key(account, name))
    return leg[layout.LEG_ORDER] != NONE


def is_fitting(book: Words, leg: Words) -> bool:
    """Whether a leg fits the order that it fills, if any."""
    if leg[layout.LEG_ORDER] == NONE:
        return True
    order, position = order_row(book, leg[layout.LEG_ORDER]), position_row(book, leg[layout.LEG_POSITION])
    return fits_order(order, position, leg[layout.LEG_QUANTITY], leg[layout.LEG_PRICE])


def reduces(book: Words, leg: Words) -> bool:
    """Whether a leg only reduces its position, if its order must."""
    if leg[layout.LEG_ORDER] == NONE or order_row(book, leg[layout.LEG_ORDER])[layout.REDUCE_ONLY] == 0:
        return True
    return only_reduces(position_row(book, leg[layout.LEG_POSITION])[layout.QUANTITY], leg[layout.LEG_QUANTITY])


def book_leg(book: Words, market: Words, leg: Words) -> None:
    """A leg, its value booked to the position, first closes what it can, then opens the rest (ACC-02, TRD-01)."""
    if leg[layout.LEG_ORDER] != NONE:
        reduce_order(book, leg[layout.LEG_ORDER], leg[layout.LEG_QUANTITY])
    number, domain, quantity = leg[layout.LEG_POSITION], leg[layout.LEG_DOMAIN], leg[layout.LEG_QUANTITY]
    held = position_row(book, number)[layout.QUANTITY]
    closing = kernels.closing_part(held, quantity)
    opening = quantity - closing
    if closing != 0:
        value = margin.value_of(leg[layout.LEG_PRICE], -closing, market[layout.QUANTA_PER_UNIT])
        realise(book, market, number, domain, closing, value, leg[layout.LEG_COST], layout.ACC_02)
        pay_fee(book, market, leg)
        is_cross = domain_row(book, domain)[layout.MARKET] == NONE
        if opening != 0 and not is_cross and domain_row(book, domain)[layout.CASH] < 0:
            leg[layout.HAS_NEGATIVE_CASH] = 1
        return_margin(book, leg, held, closing)
    if opening != 0:
        leg[layout.HAS_OPENED] = 1
        fee = max(0, leg[layout.LEG_FEE]) if closing == 0 else 0
        move_margin(book, market, leg, opening, fee)
        set_position(book, number, domain, held + quantity)
        if closing == 0:
            pay_fee(book, market, leg)


def pay_fee(book: Words, market: Words, leg: Words) -> None:
    """A fee is paid from the domain's cash, and exactly what is paid is credited; no rebate yet (TRD-01)."""
    asset, cash, fee = market[layout.ASSET], cash_of(book, leg[layout.LEG_DOMAIN]), max(0, leg[layout.LEG_FEE])
    insured = kernels.insurance_part(fee, market[layout.INSURANCE_SHARE])
    transfer(book, asset, cash, ledger_word(layout.INSURANCE_OF, asset), insured, layout.TRD_01)
    transfer(book, asset, cash, ledger_word(layout.HOUSE_OF, asset), fee - insured, layout.TRD_01)


def pay_rebates(book: Words, market: Words, legs: int) -> int:
    """The house pays fees below zero once all sides are booked; to the wallet if a position is flat (TRD-01)."""
    asset = market[layout.ASSET]
    house = ledger_word(layout.HOUSE_OF, asset)
    for number in range(legs):
        leg = at(book, layout.LEGS + layout.LEG * number)
        rebate = max(0, -leg[layout.LEG_FEE])
        if rebate > balance(book, house):
            return reasons.INSUFFICIENT_FUNDS
        is_open = position_row(book, leg[layout.LEG_POSITION])[layout.QUANTITY] != 0
        domain = leg[layout.LEG_DOMAIN] if is_open else domain_row(book, leg[layout.LEG_DOMAIN])[layout.WALLET]
        transfer(book, asset, house, cash_of(book, domain), rebate, layout.TRD_01)
    return reasons.ACCEPTED


MAX_MARGIN = 2**61
"""Twice this and a fee of 2^62 at most fit 64 bits."""


def move_margin(book: Words, market: Words, leg: Words, opening: int, fee: int) -> None:
    """An isolated position's opening margin comes from the cross wallet; notes if too little is movable (ACC-04)."""
    domain = domain_row(book, leg[layout.LEG_DOMAIN])
    if domain[layout.MARKET] == NONE:
        return
    leverage = leverage_of(book, domain[layout.OWNER], domain[layout.MARKET])
    value = margin.value_of(leg[layout.LEG_PRICE], opening, market[layout.QUANTA_PER_UNIT])
    at_mark = value_at_mark(market, opening)
    if max(abs(value), abs(at_mark)) > MAX_MARGIN:
        too_wide(book)
    due = kernels.opening_margin(value, at_mark, leverage, fee)
    if due > movable(book, domain[layout.WALLET]):
        leg[layout.IS_SHORT_OF_MARGIN] = 1
    wallet, own = cash_of(book, domain[layout.WALLET]), cash_of(book, leg[layout.LEG_DOMAIN])
    transfer(book, market[layout.ASSET], wallet, own, due, layout.ACC_04)


def return_margin(book: Words, leg: Words, held: int, closing: int) -> None:
    """A trade that reduces an isolated position returns part of its cash; one that makes it flat, all (ACC-04)."""
    domain = domain_row(book, leg[layout.LEG_DOMAIN])
    if domain[layout.MARKET] == NONE:
        return
    if position_row(book, leg[layout.LEG_POSITION])[layout.QUANTITY] == 0:
        return_all_margin(book, leg[layout.LEG_DOMAIN])
        return
    movable_now = movable(book, leg[layout.LEG_DOMAIN])
    returned = kernels.returned_margin(domain[layout.CASH], movable_now, abs(held), abs(closing))
    own, wallet = cash_of(book, leg[layout.LEG_DOMAIN]), cash_of(book, domain[layout.WALLET])
    transfer(book, domain[layout.ASSET], own, wallet, returned, layout.ACC_04)


def check_booked(book: Words, legs: int) -> int:
    """Afterwards each party has the margin, leverage, cash and health that the trade needs (TRD-02)."""
    for number in range(legs):
        if at(book, layout.LEGS + layout.LEG * number)[layout.IS_SHORT_OF_MARGIN] == 1:
            return reasons.INSUFFICIENT_BALANCE
    for number in range(legs):
        if not leverage_fits(book, at(book, layout.LEGS + layout.LEG * number)):
            return reasons.LEVERAGE_ABOVE_TIER
    for number in range(legs):
        if not size_fits(book, at(book, layout.LEGS + layout.LEG * number)):
            return reasons.POSITION_LIMIT
    for number in range(legs):
        if owes_when_flat(book, at(book, layout.LEGS + layout.LEG * number)):
            return reasons.NEGATIVE_CASH
    return check_health(book, legs)


def check_health(book: Words, legs: int) -> int:
    """Each party is healthy; one that opened in cross margin has its initial and order margin too (TRD-02)."""
    for number in range(legs):
        domain = at(book, layout.LEGS + layout.LEG * number)[layout.LEG_DOMAIN]
        equity, maintenance = domain_margin(book, domain)
        if not margin.is_healthy(is_flat(book, domain), equity, maintenance):
            return reasons.UNHEALTHY
    for number in range(legs):
        leg = at(book, layout.LEGS + layout.LEG * number)
        if leg[layout.HAS_OPENED] == 1:
            domain = leg[layout.LEG_DOMAIN]
            spare, is_cross = spare_margin(book, domain), domain_row(book, domain)[layout.MARKET] == NONE
            if is_cross and spare < reserved_for_orders(book, domain):
                return reasons.INSUFFICIENT_MARGIN
    return reasons.ACCEPTED


def spare_margin(book: Words, domain: int) -> int:
    """A domain's equity less its initial margin; notes if the costs of its positions are past their limit (NUM-03)."""
    words = domain_row(book, domain)
    spare, gross, number = words[layout.CASH], 0, words[layout.FIRST]
    while number != NONE:
        position = position_row(book, number)
        market = market_row(book, position[layout.MARKET])
        leverage = leverage_of(book, position[layout.OWNER], position[layout.MARKET])
        value = value_at_mark(market, position[layout.QUANTITY])
        initial = initial_of(market, position[layout.QUANTITY], leverage)
        spare = spare + margin.unrealised(value, position[layout.COST]) - initial
        gross = gross + abs(position[layout.COST])
        number = position[layout.NEXT]
    if gross > MAX_GROSS_COST:
        book[layout.OUT_OF_RANGE] = 1
    return spare


def leverage_fits(book: Words, leg: Words) -> bool:
    """Whether a leg that opened has a leverage of at most that of the tier of its position at mark (TRD-02)."""
    return leg[layout.HAS_OPENED] == 0 or fits_tier(book, position_row(book, leg[layout.LEG_POSITION]))


def fits_tier(book: Words, position: Words) -> bool:
    """Whether a position's leverage is at most that of the tier which holds it at mark (ACC-01, TRD-02)."""
    market = market_row(book, position[layout.MARKET])
    if abs(position[layout.QUANTITY]) > market[layout.MOST_LOTS]:
        too_wide(book)
    tier = tier_of(market, abs(value_at_mark(market, position[layout.QUANTITY])))
    return (
        leverage_of(book, position[layout.OWNER], position[layout.MARKET])
        <= market[layout.TIERS + layout.LEVERAGES + tier]
    )


def size_fits(book: Words, leg: Words) -> bool:
    """Whether the position of a leg that opened is worth at most the market's position limit at mark (MKT-04)."""
    position = position_row(book, leg[layout.LEG_POSITION])
    market = market_row(book, position[layout.MARKET])
    limit = market[layout.POSITION_LIMIT]
    if leg[layout.HAS_OPENED] == 0 or limit == 0:
        return True
    return abs(value_at_mark(market, position[layout.QUANTITY])) <= limit


def owes_when_flat(book: Words, leg: Words) -> bool:
    """Whether a leg closed into negative cash, or leaves its domain or the cross one flat with negative cash."""
    if leg[layout.HAS_NEGATIVE_CASH] == 1 or is_flat_and_negative(book, leg[layout.LEG_DOMAIN]):
        return True
    return is_flat_and_negative(book, domain_row(book, leg[layout.LEG_DOMAIN])[layout.WALLET])


def is_flat_and_negative(book: Words, domain: int) -> bool:
    """Whether a domain without a position has negative cash."""
    return is_flat(book, domain) and domain_row(book, domain)[layout.CASH] < 0


def check_open_interest(book: Words, market: Words, before: int) -> None:
    """The asset's open interest at mark stays within 2^60 when a trade raises it (NUM-03)."""
    asset = asset_row(book, market[layout.ASSET])
    if market[layout.OPEN_INTEREST] > before and asset[layout.OPEN_VALUE] > MAX_OPEN_INTEREST_TRADED:
        book[layout.OUT_OF_RANGE] = 1
