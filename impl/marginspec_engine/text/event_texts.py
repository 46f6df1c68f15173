"""Canonical events: keys in order, decimals in their shortest form, what is absent left out."""

from marginspec_engine.layout import (
    ACCOUNT_TEXTS,
    ADJUST_ISOLATED_MARGIN,
    AMOUNT_LOW,
    ASSET_TEXTS,
    CANCEL_ORDER,
    CHOICE,
    CROSS,
    DEPOSIT,
    EVENT_ASSET,
    EVENT_TYPE,
    FIRST_ACCOUNT,
    FIRST_ORDER_NAME,
    FIRST_SIDE,
    FUND_INSURANCE,
    FUNDING,
    LIQUIDATION_FILL,
    LONG,
    MARK_PRICE,
    MARKET_TEXTS,
    NONE,
    OF_MARKET,
    ONE_WAY,
    ORDER_TEXTS,
    PLACE_ORDER,
    PRICE_LOW,
    SECOND_ACCOUNT,
    SECOND_CHOICE,
    SECOND_ORDER_NAME,
    SECOND_SIDE,
    SET_LEVERAGE,
    SET_MARGIN_MODE,
    SET_POSITION_MODE,
    SHORT,
    TRADE,
    WITHDRAW,
)
from marginspec_engine.memory.words import Words
from marginspec_engine.rules.guards import event_word
from marginspec_engine.text.literals import literal
from marginspec_engine.text.texts import fixed, name, shortest, whole

ACCOUNT_IS = literal('{"account":"')
AMOUNT_IS = literal('{"amount":"')
ALSO_AMOUNT = literal('","amount":"')
ALSO_ASSET = literal('","asset":"')
ALSO_MARKET = literal('","market":"')
ALSO_SIDE = literal('","side":"')
ALSO_ORDER = literal('","order":"')
ALSO_PRICE = literal('","price":"')
ALSO_QUANTITY = literal('","quantity":"')
END = literal('"}')

BOTH_TEXT, LONG_TEXT, SHORT_TEXT = literal("BOTH"), literal("LONG"), literal("SHORT")
ENDS_DEPOSIT, ENDS_WITHDRAW = literal('","type":"deposit"}'), literal('","type":"withdraw"}')
ENDS_FUND, ENDS_HOUSE = literal('","type":"fund_insurance"}'), literal('","type":"withdraw_house"}')
MODE_CROSS, MODE_ISOLATED = literal('","mode":"cross","type":'), literal('","mode":"isolated","type":')
MODE_ONE_WAY, MODE_HEDGE = literal('","mode":"one_way","type":'), literal('","mode":"hedge","type":')
POSITION_MODE_TYPE, MARGIN_MODE_TYPE = literal('"set_position_mode"}'), literal('"set_margin_mode"}')
ALSO_LEVERAGE, COMMA_MARKET = literal('","leverage":'), literal(',"market":"')
ENDS_LEVERAGE, ENDS_ADJUSTMENT = literal('","type":"set_leverage"}'), literal('","type":"adjust_isolated_margin"}')
ALSO_POSITION_SIDE = literal('","position_side":"')
REDUCES, REDUCES_NOT = literal('","reduce_only":true,"side":'), literal('","reduce_only":false,"side":')
BUYS, SELLS = literal('"buy","type":"place_order"}'), literal('"sell","type":"place_order"}')
ENDS_CANCEL = literal('","type":"cancel_order"}')
BUYER_IS, BUYER_ORDER, BUYER_SIDE = literal('{"buyer":"'), literal('","buyer_order":"'), literal('","buyer_side":"')
ALSO_SELLER, SELLER_ORDER = literal('","seller":"'), literal('","seller_order":"')
SELLER_SIDE = literal('","seller_side":"')
BUYER_TAKES = literal('","taker":"buyer","type":"trade"}')
SELLER_TAKES = literal('","taker":"seller","type":"trade"}')
MARKET_IS = literal('{"market":"')
ENDS_MARK, ALSO_RATE = literal('","type":"mark_price"}'), literal('","rate":"')
ENDS_FUNDING = literal('","type":"funding"}')
COUNTERPARTY_IS, COUNTERPARTY_SIDE = literal('{"counterparty":"'), literal('","counterparty_side":"')
FILLS_LONG = literal('","side":"long","type":"liquidation_fill"}')
FILLS_SHORT = literal('","side":"short","type":"liquidation_fill"}')


def side_text(book: Words, out: int, side: int) -> int:
    """The name of a position side."""
    if side == LONG:
        return fixed(book, out, LONG_TEXT)
    return fixed(book, out, SHORT_TEXT if side == SHORT else BOTH_TEXT)


def named(book: Words, out: int, part: int, texts: int, place: int) -> int:
    """A literal, then the name that a word of the event stands for."""
    return name(book, fixed(book, out, part), texts, event_word(book, place))


def valued(book: Words, out: int, part: int, low: int) -> int:
    """A literal, then a decimal of the event."""
    return shortest(book, fixed(book, out, part), event_word(book, low), event_word(book, low + 1))


def sided(book: Words, out: int, part: int, place: int) -> int:
    """A literal and a side, if the event names one."""
    side = event_word(book, place)
    return out if side == NONE else side_text(book, fixed(book, out, part), side)


def ordered(book: Words, out: int, part: int, place: int) -> int:
    """A literal and an order, if the event names one."""
    return out if event_word(book, place) == NONE else named(book, out, part, ORDER_TEXTS, place)


def write_event(book: Words, out: int) -> int:
    """The canonical event of the event words."""
    event_type = event_word(book, EVENT_TYPE)
    if event_type == TRADE:
        return write_trade(book, out)
    if event_type == PLACE_ORDER:
        return write_placing(book, out)
    if event_type == CANCEL_ORDER:
        out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, FIRST_ACCOUNT)
        return fixed(book, named(book, out, ALSO_ORDER, ORDER_TEXTS, FIRST_ORDER_NAME), ENDS_CANCEL)
    if event_type == MARK_PRICE:
        out = named(book, out, MARKET_IS, MARKET_TEXTS, OF_MARKET)
        return fixed(book, valued(book, out, ALSO_PRICE, PRICE_LOW), ENDS_MARK)
    if event_type == FUNDING:
        out = named(book, out, MARKET_IS, MARKET_TEXTS, OF_MARKET)
        return fixed(book, valued(book, out, ALSO_RATE, AMOUNT_LOW), ENDS_FUNDING)
    if event_type == LIQUIDATION_FILL:
        return write_fill(book, out)
    return write_cash_or_setting(book, out, event_type)


def write_trade(book: Words, out: int) -> int:
    """A trade."""
    out = named(book, out, BUYER_IS, ACCOUNT_TEXTS, FIRST_ACCOUNT)
    out = ordered(book, out, BUYER_ORDER, FIRST_ORDER_NAME)
    out = sided(book, out, BUYER_SIDE, FIRST_SIDE)
    out = named(book, out, ALSO_MARKET, MARKET_TEXTS, OF_MARKET)
    out = valued(book, valued(book, out, ALSO_PRICE, PRICE_LOW), ALSO_QUANTITY, AMOUNT_LOW)
    out = named(book, out, ALSO_SELLER, ACCOUNT_TEXTS, SECOND_ACCOUNT)
    out = ordered(book, out, SELLER_ORDER, SECOND_ORDER_NAME)
    out = sided(book, out, SELLER_SIDE, SECOND_SIDE)
    return fixed(book, out, BUYER_TAKES if event_word(book, CHOICE) == 1 else SELLER_TAKES)


def write_placing(book: Words, out: int) -> int:
    """An order placed."""
    out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, FIRST_ACCOUNT)
    out = named(book, out, ALSO_MARKET, MARKET_TEXTS, OF_MARKET)
    out = named(book, out, ALSO_ORDER, ORDER_TEXTS, FIRST_ORDER_NAME)
    out = sided(book, out, ALSO_POSITION_SIDE, FIRST_SIDE)
    out = valued(book, valued(book, out, ALSO_PRICE, PRICE_LOW), ALSO_QUANTITY, AMOUNT_LOW)
    out = fixed(book, out, REDUCES if event_word(book, SECOND_CHOICE) == 1 else REDUCES_NOT)
    return fixed(book, out, BUYS if event_word(book, CHOICE) == 1 else SELLS)


def write_fill(book: Words, out: int) -> int:
    """A fill of lots."""
    out = named(book, out, COUNTERPARTY_IS, ACCOUNT_TEXTS, FIRST_ACCOUNT)
    out = sided(book, out, COUNTERPARTY_SIDE, FIRST_SIDE)
    out = named(book, out, ALSO_MARKET, MARKET_TEXTS, OF_MARKET)
    out = valued(book, valued(book, out, ALSO_PRICE, PRICE_LOW), ALSO_QUANTITY, AMOUNT_LOW)
    return fixed(book, out, FILLS_LONG if event_word(book, CHOICE) == 1 else FILLS_SHORT)


def write_cash_or_setting(book: Words, out: int, event_type: int) -> int:
    """Cash, margin moved, or a setting."""
    if event_type == FUND_INSURANCE:
        return write_fund(book, out, ENDS_FUND)
    if event_type not in (DEPOSIT, WITHDRAW, ADJUST_ISOLATED_MARGIN, SET_POSITION_MODE, SET_MARGIN_MODE, SET_LEVERAGE):
        return write_fund(book, out, ENDS_HOUSE)
    out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, FIRST_ACCOUNT)
    if event_type in (DEPOSIT, WITHDRAW):
        out = named(book, valued(book, out, ALSO_AMOUNT, AMOUNT_LOW), ALSO_ASSET, ASSET_TEXTS, EVENT_ASSET)
        return fixed(book, out, ENDS_DEPOSIT if event_type == DEPOSIT else ENDS_WITHDRAW)
    if event_type == ADJUST_ISOLATED_MARGIN:
        out = named(book, valued(book, out, ALSO_AMOUNT, AMOUNT_LOW), ALSO_MARKET, MARKET_TEXTS, OF_MARKET)
        return fixed(book, sided(book, out, ALSO_SIDE, FIRST_SIDE), ENDS_ADJUSTMENT)
    return write_setting(book, out, event_type)


def write_fund(book: Words, out: int, end: int) -> int:
    """Cash of the exchange's own."""
    out = valued(book, out, AMOUNT_IS, AMOUNT_LOW)
    return fixed(book, named(book, out, ALSO_ASSET, ASSET_TEXTS, EVENT_ASSET), end)


def write_setting(book: Words, out: int, event_type: int) -> int:
    """What an account sets, its name written."""
    choice = event_word(book, CHOICE)
    if event_type == SET_POSITION_MODE:
        out = fixed(book, out, MODE_ONE_WAY if choice == ONE_WAY else MODE_HEDGE)
        return fixed(book, out, POSITION_MODE_TYPE)
    if event_type == SET_MARGIN_MODE:
        out = named(book, out, ALSO_MARKET, MARKET_TEXTS, OF_MARKET)
        return fixed(book, fixed(book, out, MODE_CROSS if choice == CROSS else MODE_ISOLATED), MARGIN_MODE_TYPE)
    out = fixed(book, out, ALSO_LEVERAGE)
    out = signed_whole(book, out, choice)
    return fixed(book, named(book, out, COMMA_MARKET, MARKET_TEXTS, OF_MARKET), ENDS_LEVERAGE)


MINUS_SIGN = literal("-")


def signed_whole(book: Words, out: int, number: int) -> int:
    """An integer."""
    if number < 0:
        return whole(book, fixed(book, out, MINUS_SIGN), -number)
    return whole(book, out, number)
