"""Trades: what each side's booking does to position, cash, fees and isolated margin, and when it is refused."""

from marginspec.model import events
from marginspec_engine.kernels import margin
from marginspec_engine.kernels import trading as kernels
from marginspec_engine.layout import (
    ACC_02,
    ACC_04,
    ASSET,
    BOTH,
    BUYER,
    CASH,
    CHOICE,
    COST,
    FIRST,
    FIRST_ACCOUNT,
    FIRST_ORDER_NAME,
    FIRST_SIDE,
    HAS_NEGATIVE_CASH,
    HAS_OPENED,
    HOUSE_OF,
    INSURANCE_OF,
    INSURANCE_SHARE,
    IS_SHORT_OF_MARGIN,
    LEG,
    LEG_COST,
    LEG_DOMAIN,
    LEG_FEE,
    LEG_ORDER,
    LEG_POSITION,
    LEG_PRICE,
    LEG_QUANTITY,
    LEGS,
    LEVERAGES,
    LONG,
    MAKER_FEE,
    MARK,
    MARKET,
    MARKET_POSITIONS,
    MODE,
    MOST_LOTS,
    NEXT,
    NONE,
    OF_MARKET,
    ONE_WAY,
    OPEN_INTEREST,
    OPEN_VALUE,
    ORDER_MAP,
    OUT_OF_RANGE,
    OWNER,
    POSITION_OF,
    QUANTA_PER_UNIT,
    QUANTITY,
    REDUCE_ONLY,
    SECOND_ACCOUNT,
    SECOND_ORDER_NAME,
    SECOND_SIDE,
    SHORT,
    TAKER_FEE,
    TIERS,
    TRD_01,
    WALLET,
    reasons,
)
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
    event_word,
    fits_side,
    is_account,
    is_listed,
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
from marginspec_engine.rules.transaction import cash_of, ledger_word, too_wide, transfer

MAX_GROSS_COST = 2**60
MAX_OPEN_INTEREST_TRADED = 2**60


@handles(events.Trade)
def trade(book: Words) -> int:
    """A trade names buyer, seller, quantity, price and taker; both sides are booked, then tested (TRD-01, TRD-02)."""
    buyer, seller = event_word(book, FIRST_ACCOUNT), event_word(book, SECOND_ACCOUNT)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, buyer) or not is_account(book, seller):
        return reasons.UNKNOWN_ACCOUNT
    market = market_row(book, event_word(book, OF_MARKET))
    if market[MARK] == 0:
        return reasons.NO_MARK
    if buyer == seller:
        return reasons.SELF_TRADE
    price = tick_price_in(book, market)
    if price == 0:
        return reasons.INVALID_PRICE
    quantity = quantity_in(book, market, price)
    if quantity == 0:
        return reasons.INVALID_QUANTITY
    return trade_at(book, market, price, quantity)


def trade_at(book: Words, market: Words, price: int, quantity: int) -> int:
    """A trade of so many lots at a price, both in units."""
    reserve(book, at(market, MARKET_POSITIONS), 2)
    bought = traded_position(book, FIRST_ACCOUNT, FIRST_SIDE, quantity)
    sold = traded_position(book, SECOND_ACCOUNT, SECOND_SIDE, -quantity)
    if not fits_side(book, position_row(book, bought), quantity):
        return reasons.WRONG_POSITION_SIDE
    if not fits_side(book, position_row(book, sold), -quantity):
        return reasons.WRONG_POSITION_SIDE
    buyer_takes = event_word(book, CHOICE) == BUYER
    buyer_rate = market[TAKER_FEE] if buyer_takes else market[MAKER_FEE]
    seller_rate = market[MAKER_FEE] if buyer_takes else market[TAKER_FEE]
    buyer, seller = at(book, LEGS), at(book, LEGS + LEG)
    fill_leg(book, buyer, bought, quantity, price, buyer_rate)
    fill_leg(book, seller, sold, -quantity, price, seller_rate)
    reason = check_orders(book, buyer, seller)
    if reason != reasons.ACCEPTED:
        return reason
    open_interest = market[OPEN_INTEREST]
    value = margin.value_of(price, quantity, market[QUANTA_PER_UNIT])
    transfer(book, market[ASSET], ledger_word(POSITION_OF, bought), ledger_word(POSITION_OF, sold), value, ACC_02)
    book_leg(book, market, buyer)
    book_leg(book, market, seller)
    reason = check_booked(book, 2)
    check_open_interest(book, market, open_interest)
    return reason


def traded_position(book: Words, account_word: int, side_word: int, quantity: int) -> int:
    """The position that a party of the event trades; a side that is not named opens in hedge mode (TRD-01)."""
    account, side = event_word(book, account_word), event_word(book, side_word)
    if side == NONE:
        opened = LONG if quantity > 0 else SHORT
        side = BOTH if account_row(book, account)[MODE] == ONE_WAY else opened
    return position_of(book, account, event_word(book, OF_MARKET), side)


def fill_leg(book: Words, leg: Words, number: int, quantity: int, price: int, rate: int) -> None:
    """A party's side of a trade; each pays its fee on the value of the whole trade (TRD-01)."""
    domain = domain_of(book, number)
    position = position_row(book, number)
    market = market_row(book, position[MARKET])
    leg[LEG_POSITION] = number
    leg[LEG_DOMAIN] = domain
    leg[LEG_QUANTITY] = quantity
    leg[LEG_PRICE] = price
    leg[LEG_FEE] = kernels.trade_fee(margin.value_of(price, quantity, market[QUANTA_PER_UNIT]), rate)
    leg[LEG_ORDER] = NONE
    leg[LEG_COST] = position[COST]
    leg[HAS_OPENED] = 0
    leg[IS_SHORT_OF_MARGIN] = 0
    leg[HAS_NEGATIVE_CASH] = 0


def check_orders(book: Words, buyer: Words, seller: Words) -> int:
    """A fill names an open order that it fits, and a reduce-only order only reduces (TRD-03)."""
    if not find_order(book, buyer, FIRST_ORDER_NAME) or not find_order(book, seller, SECOND_ORDER_NAME):
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
    account = position_row(book, leg[LEG_POSITION])[OWNER]
    leg[LEG_ORDER] = lookup(book, ORDER_MAP, order_key(account, name))
    return leg[LEG_ORDER] != NONE


def is_fitting(book: Words, leg: Words) -> bool:
    """Whether a leg fits the order that it fills, if any."""
    if leg[LEG_ORDER] == NONE:
        return True
    order, position = order_row(book, leg[LEG_ORDER]), position_row(book, leg[LEG_POSITION])
    return fits_order(order, position, leg[LEG_QUANTITY], leg[LEG_PRICE])


def reduces(book: Words, leg: Words) -> bool:
    """Whether a leg only reduces its position, if its order must."""
    if leg[LEG_ORDER] == NONE or order_row(book, leg[LEG_ORDER])[REDUCE_ONLY] == 0:
        return True
    return only_reduces(position_row(book, leg[LEG_POSITION])[QUANTITY], leg[LEG_QUANTITY])


def book_leg(book: Words, market: Words, leg: Words) -> None:
    """A leg, its value booked to the position, first closes what it can, then opens the rest (ACC-02, TRD-01)."""
    if leg[LEG_ORDER] != NONE:
        reduce_order(book, leg[LEG_ORDER], leg[LEG_QUANTITY])
    number, domain, quantity = leg[LEG_POSITION], leg[LEG_DOMAIN], leg[LEG_QUANTITY]
    held = position_row(book, number)[QUANTITY]
    closing = kernels.closing_part(held, quantity)
    opening = quantity - closing
    if closing != 0:
        value = margin.value_of(leg[LEG_PRICE], -closing, market[QUANTA_PER_UNIT])
        realise(book, market, number, domain, closing, value, leg[LEG_COST], ACC_02)
        pay_fee(book, market, leg)
        is_cross = domain_row(book, domain)[MARKET] == NONE
        if opening != 0 and not is_cross and domain_row(book, domain)[CASH] < 0:
            leg[HAS_NEGATIVE_CASH] = 1
        return_margin(book, leg, held, closing)
    if opening != 0:
        leg[HAS_OPENED] = 1
        fee = leg[LEG_FEE] if closing == 0 else 0
        move_margin(book, market, leg, opening, fee)
        set_position(book, number, domain, held + quantity)
        if closing == 0:
            pay_fee(book, market, leg)


def pay_fee(book: Words, market: Words, leg: Words) -> None:
    """A fee is paid from the domain's cash, and exactly what is paid is credited (TRD-01)."""
    asset, cash, fee = market[ASSET], cash_of(book, leg[LEG_DOMAIN]), leg[LEG_FEE]
    insured = kernels.insurance_part(fee, market[INSURANCE_SHARE])
    transfer(book, asset, cash, ledger_word(INSURANCE_OF, asset), insured, TRD_01)
    transfer(book, asset, cash, ledger_word(HOUSE_OF, asset), fee - insured, TRD_01)


MAX_MARGIN = 2**61
"""Twice this and a fee of 2^62 at most fit 64 bits."""


def move_margin(book: Words, market: Words, leg: Words, opening: int, fee: int) -> None:
    """An isolated position's opening margin comes from the cross wallet; notes if too little is movable (ACC-04)."""
    domain = domain_row(book, leg[LEG_DOMAIN])
    if domain[MARKET] == NONE:
        return
    leverage = leverage_of(book, domain[OWNER], domain[MARKET])
    value, at_mark = margin.value_of(leg[LEG_PRICE], opening, market[QUANTA_PER_UNIT]), value_at_mark(market, opening)
    if max(abs(value), abs(at_mark)) > MAX_MARGIN:
        too_wide(book)
    due = kernels.opening_margin(value, at_mark, leverage, fee)
    if due > movable(book, domain[WALLET]):
        leg[IS_SHORT_OF_MARGIN] = 1
    transfer(book, market[ASSET], cash_of(book, domain[WALLET]), cash_of(book, leg[LEG_DOMAIN]), due, ACC_04)


def return_margin(book: Words, leg: Words, held: int, closing: int) -> None:
    """A trade that reduces an isolated position returns part of its cash; one that makes it flat, all (ACC-04)."""
    domain = domain_row(book, leg[LEG_DOMAIN])
    if domain[MARKET] == NONE:
        return
    if position_row(book, leg[LEG_POSITION])[QUANTITY] == 0:
        return_all_margin(book, leg[LEG_DOMAIN])
        return
    movable_now = movable(book, leg[LEG_DOMAIN])
    returned = kernels.returned_margin(domain[CASH], movable_now, abs(held), abs(closing))
    own, wallet = cash_of(book, leg[LEG_DOMAIN]), cash_of(book, domain[WALLET])
    transfer(book, domain[ASSET], own, wallet, returned, ACC_04)


def check_booked(book: Words, legs: int) -> int:
    """Afterwards each party has the margin, leverage, cash and health that the trade needs (TRD-02)."""
    for number in range(legs):
        if at(book, LEGS + LEG * number)[IS_SHORT_OF_MARGIN] == 1:
            return reasons.INSUFFICIENT_BALANCE
    for number in range(legs):
        if not leverage_fits(book, at(book, LEGS + LEG * number)):
            return reasons.LEVERAGE_ABOVE_TIER
    for number in range(legs):
        if owes_when_flat(book, at(book, LEGS + LEG * number)):
            return reasons.NEGATIVE_CASH
    return check_health(book, legs)


def check_health(book: Words, legs: int) -> int:
    """Each party is healthy; one that opened has its initial and order margin too (TRD-02)."""
    for number in range(legs):
        domain = at(book, LEGS + LEG * number)[LEG_DOMAIN]
        equity, maintenance = domain_margin(book, domain)
        if not margin.is_healthy(is_flat(book, domain), equity, maintenance):
            return reasons.UNHEALTHY
    for number in range(legs):
        leg = at(book, LEGS + LEG * number)
        if leg[HAS_OPENED] == 1:
            spare = spare_margin(book, leg[LEG_DOMAIN])
            if spare < reserved_for_orders(book, leg[LEG_DOMAIN]):
                return reasons.INSUFFICIENT_MARGIN
    return reasons.ACCEPTED


def spare_margin(book: Words, domain: int) -> int:
    """A domain's equity less its initial margin; notes if the costs of its positions are past their limit (NUM-03)."""
    words = domain_row(book, domain)
    spare, gross, number = words[CASH], 0, words[FIRST]
    while number != NONE:
        position = position_row(book, number)
        market = market_row(book, position[MARKET])
        leverage = leverage_of(book, position[OWNER], position[MARKET])
        value = value_at_mark(market, position[QUANTITY])
        spare = spare + margin.unrealised(value, position[COST]) - initial_of(market, position[QUANTITY], leverage)
        gross = gross + abs(position[COST])
        number = position[NEXT]
    if gross > MAX_GROSS_COST:
        book[OUT_OF_RANGE] = 1
    return spare


def leverage_fits(book: Words, leg: Words) -> bool:
    """Whether a leg that opened has a leverage of at most that of the tier of its position at mark (TRD-02)."""
    if leg[HAS_OPENED] == 0:
        return True
    position = position_row(book, leg[LEG_POSITION])
    market = market_row(book, position[MARKET])
    if abs(position[QUANTITY]) > market[MOST_LOTS]:
        too_wide(book)
    tier = tier_of(market, abs(value_at_mark(market, position[QUANTITY])))
    return leverage_of(book, position[OWNER], position[MARKET]) <= market[TIERS + LEVERAGES + tier]


def owes_when_flat(book: Words, leg: Words) -> bool:
    """Whether a leg closed into negative cash, or leaves its domain or the cross one flat with negative cash."""
    if leg[HAS_NEGATIVE_CASH] == 1 or is_flat_and_negative(book, leg[LEG_DOMAIN]):
        return True
    return is_flat_and_negative(book, domain_row(book, leg[LEG_DOMAIN])[WALLET])


def is_flat_and_negative(book: Words, domain: int) -> bool:
    """Whether a domain without a position has negative cash."""
    return is_flat(book, domain) and domain_row(book, domain)[CASH] < 0


def check_open_interest(book: Words, market: Words, before: int) -> None:
    """The asset's open interest at mark stays within 2^60 when a trade raises it (NUM-03)."""
    asset = asset_row(book, market[ASSET])
    if market[OPEN_INTEREST] > before and asset[OPEN_VALUE] > MAX_OPEN_INTEREST_TRADED:
        book[OUT_OF_RANGE] = 1
