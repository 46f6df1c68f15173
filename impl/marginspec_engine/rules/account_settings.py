"""Events that change an account's position mode, margin mode or leverage."""

from marginspec_engine.layout import (
    ACCOUNT,
    ACCOUNTS,
    CHOICE,
    CROSS,
    FIRST_ACCOUNT,
    FIRST_ORDER,
    LEVERAGE_SET,
    LEVERAGES,
    MARGIN_MODE_SET,
    MARKET,
    MARKET_ROW,
    MARKETS,
    MODE,
    NEXT,
    NONE,
    OF_MARKET,
    OPEN_POSITIONS,
    ORDER,
    ORDERS,
    POSITION,
    POSITION_MAP,
    POSITION_MODE_SET,
    POSITIONS,
    QUANTITY,
    SETTING_MAP,
    TIERS,
    reasons,
)
from marginspec_engine.memory.rows import position_key
from marginspec_engine.memory.words import Words, enter, found, make_room, put, row
from marginspec_engine.rules.guards import event_word, is_account, is_listed
from marginspec_engine.rules.margin import SETTING_MODES, leverage_of, setting_of
from marginspec_engine.rules.transaction import effect

MAX_LEVERAGE = 1000
SIDES = 3


def set_position_mode(book: Words) -> int:
    """The position mode changes only while the account has no position and no order (ACC-01)."""
    account, mode = event_word(book, FIRST_ACCOUNT), event_word(book, CHOICE)
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    owner = row(book, ACCOUNTS, account, ACCOUNT)
    if owner[MODE] == mode:
        return reasons.ACCEPTED
    if owner[OPEN_POSITIONS] > 0 or owner[FIRST_ORDER] != NONE:
        return reasons.NOT_FLAT
    put(book, owner, MODE, mode)
    words = effect(book, POSITION_MODE_SET, 3)
    words[1] = account
    words[2] = mode
    return reasons.ACCEPTED


def set_margin_mode(book: Words) -> int:
    """The margin mode of a market changes only while the account is flat there, without orders there (ACC-01)."""
    account, market, mode = event_word(book, FIRST_ACCOUNT), event_word(book, OF_MARKET), event_word(book, CHOICE)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    setting = setting_of(book, account, market)
    if mode == max(CROSS, setting % SETTING_MODES):
        return reasons.ACCEPTED
    if not is_idle(book, account, market):
        return reasons.NOT_FLAT
    set_setting(book, account, market, setting - setting % SETTING_MODES + mode)
    words = effect(book, MARGIN_MODE_SET, 4)
    words[1] = account
    words[2] = market
    words[3] = mode
    return reasons.ACCEPTED


def set_leverage(book: Words) -> int:
    """A leverage is at most the first tier's, and changes only while flat there, without orders there (ACC-01)."""
    account, market = event_word(book, FIRST_ACCOUNT), event_word(book, OF_MARKET)
    leverage = event_word(book, CHOICE)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    most = row(book, MARKETS, market, MARKET_ROW)[TIERS + LEVERAGES]
    if leverage < 1 or leverage > min(MAX_LEVERAGE, most):
        return reasons.INVALID_LEVERAGE
    if leverage == leverage_of(book, account, market):
        return reasons.ACCEPTED
    if not is_idle(book, account, market):
        return reasons.NOT_FLAT
    mode = setting_of(book, account, market) % SETTING_MODES
    set_setting(book, account, market, leverage * SETTING_MODES + mode)
    words = effect(book, LEVERAGE_SET, 4)
    words[1] = account
    words[2] = market
    words[3] = leverage
    return reasons.ACCEPTED


def set_setting(book: Words, account: int, market: int, setting: int) -> None:
    """Set what an account has set for a market; this is the last thing that its event does."""
    make_room(book, SETTING_MAP)
    enter(book, SETTING_MAP, (account << 32) | market, setting)


def is_idle(book: Words, account: int, market: int) -> bool:
    """Whether an account has neither a position nor an order in a market."""
    for side in range(SIDES):
        number = found(book, POSITION_MAP, position_key(account, market, side))
        if number != NONE and row(book, POSITIONS, number, POSITION)[QUANTITY] != 0:
            return False
    number = row(book, ACCOUNTS, account, ACCOUNT)[FIRST_ORDER]
    while number != NONE:
        order = row(book, ORDERS, number, ORDER)
        if order[MARKET] == market:
            return False
        number = order[NEXT]
    return True
