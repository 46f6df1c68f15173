"""Events that change an account's position mode, margin mode or leverage."""

from marginspec.model import events
from marginspec.model.units import MAX_LEVERAGE
from marginspec_engine import layout
from marginspec_engine.layout import NONE, reasons
from marginspec_engine.memory.positions import position_key
from marginspec_engine.memory.words import (
    Words,
    account_row,
    insert,
    lookup,
    make_room,
    market_row,
    order_row,
    position_row,
    put,
)
from marginspec_engine.rules.guards import event_word, is_account, is_listed
from marginspec_engine.rules.margin import SETTING_MODES, leverage_of, margin_mode_of, setting_of
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.transaction import effect


@handles(events.SetPositionMode)
def set_position_mode(book: Words) -> int:
    """The position mode changes only while the account has no position and no order (ACC-01)."""
    account, mode = event_word(book, layout.FIRST_ACCOUNT), event_word(book, layout.CHOICE)
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    owner = account_row(book, account)
    if owner[layout.MODE] == mode:
        return reasons.ACCEPTED
    if owner[layout.OPEN_POSITIONS] > 0 or owner[layout.FIRST_ORDER] != NONE:
        return reasons.NOT_FLAT
    put(book, owner, layout.MODE, mode)
    effect(book, layout.POSITION_MODE_SET, account, mode)
    return reasons.ACCEPTED


@handles(events.SetMarginMode)
def set_margin_mode(book: Words) -> int:
    """The margin mode of a market changes only while the account is flat there, without orders there (ACC-01)."""
    account, market = event_word(book, layout.FIRST_ACCOUNT), event_word(book, layout.OF_MARKET)
    mode = event_word(book, layout.CHOICE)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    if mode == margin_mode_of(book, account, market):
        return reasons.ACCEPTED
    if not is_idle(book, account, market):
        return reasons.NOT_FLAT
    setting = setting_of(book, account, market)
    set_setting(book, account, market, setting - setting % SETTING_MODES + 1 + mode)
    effect(book, layout.MARGIN_MODE_SET, account, market, mode)
    return reasons.ACCEPTED


@handles(events.SetLeverage)
def set_leverage(book: Words) -> int:
    """A leverage is at most the first tier's, and changes only while flat there, without orders there (ACC-01)."""
    account, market = event_word(book, layout.FIRST_ACCOUNT), event_word(book, layout.OF_MARKET)
    leverage = event_word(book, layout.CHOICE)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    most = market_row(book, market)[layout.TIERS + layout.LEVERAGES]
    if leverage < 1 or leverage > min(MAX_LEVERAGE, most):
        return reasons.INVALID_LEVERAGE
    if leverage == leverage_of(book, account, market):
        return reasons.ACCEPTED
    if not is_idle(book, account, market):
        return reasons.NOT_FLAT
    setting = setting_of(book, account, market)
    set_setting(book, account, market, leverage * SETTING_MODES + setting % SETTING_MODES)
    effect(book, layout.LEVERAGE_SET, account, market, leverage)
    return reasons.ACCEPTED


def set_setting(book: Words, account: int, market: int, setting: int) -> None:
    """Set what an account has set for a market; this is the last thing that its event does."""
    make_room(book, layout.SETTING_MAP)
    insert(book, layout.SETTING_MAP, (account << 32) | market, setting)


def is_idle(book: Words, account: int, market: int) -> bool:
    """Whether an account has neither a position nor an order in a market."""
    for side in range(len(layout.SIDES)):
        number = lookup(book, layout.POSITION_MAP, position_key(account, market, side))
        if number != NONE and position_row(book, number)[layout.QUANTITY] != 0:
            return False
    number = account_row(book, account)[layout.FIRST_ORDER]
    while number != NONE:
        order = order_row(book, number)
        if order[layout.MARKET] == market:
            return False
        number = order[layout.NEXT]
    return True
