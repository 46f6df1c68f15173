"""Events that change an account's position mode, margin mode or leverage."""

from marginspec.model import events
from marginspec.model.units import MAX_LEVERAGE
from marginspec_engine import layout
from marginspec_engine.layout import NONE, reasons
from marginspec_engine.memory.positions import position_key, wallet_of
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
from marginspec_engine.rules.margin import (
    SETTING_MODES,
    demanded_margin,
    domain_margin,
    leverage_of,
    margin_mode_of,
    setting_of,
)
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.trading import fits_tier
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
    """A leverage is at most the first tier's; positions and orders bound how far it changes (ACC-01)."""
    account, market = event_word(book, layout.FIRST_ACCOUNT), event_word(book, layout.OF_MARKET)
    leverage = event_word(book, layout.CHOICE)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    most = market_row(book, market)[layout.TIERS + layout.LEVERAGES]
    if leverage < 1 or leverage > min(MAX_LEVERAGE, most):
        return reasons.INVALID_LEVERAGE
    present = leverage_of(book, account, market)
    if leverage == present:
        return reasons.ACCEPTED
    is_isolated = margin_mode_of(book, account, market) == layout.ISOLATED_MODE
    if is_isolated and leverage < present and positions_there(book, account, market) > 0:
        return reasons.LEVERAGE_REDUCTION
    return change_leverage(book, account, market, leverage, leverage < present)


def change_leverage(book: Words, account: int, market: int, leverage: int, is_lowered: bool) -> int:
    """Another leverage, unless a position's tier or the cross domain's margins forbid it (ACC-01)."""
    wallet = wallet_of(book, account, market_row(book, market)[layout.ASSET])
    demanded = demanded_margin(book, wallet)
    setting = setting_of(book, account, market)
    set_setting(book, account, market, leverage * SETTING_MODES + setting % SETTING_MODES)
    effect(book, layout.LEVERAGE_SET, account, market, leverage)
    for side in range(len(layout.SIDES)):
        held = held_position(book, account, market, side)
        if held != NONE and not fits_tier(book, position_row(book, held)):
            return reasons.LEVERAGE_ABOVE_TIER
    demanded_now = demanded_margin(book, wallet)
    equity, _ = domain_margin(book, wallet)
    if (is_lowered or demanded_now > demanded) and equity < demanded_now:
        return reasons.INSUFFICIENT_MARGIN
    return reasons.ACCEPTED


def set_setting(book: Words, account: int, market: int, setting: int) -> None:
    """Set what an account has set for a market."""
    make_room(book, layout.SETTING_MAP)
    insert(book, layout.SETTING_MAP, (account << 32) | market, setting)


def held_position(book: Words, account: int, market: int, side: int) -> int:
    """The row of an open position; NONE if there is none."""
    number = lookup(book, layout.POSITION_MAP, position_key(account, market, side))
    if number == NONE or position_row(book, number)[layout.QUANTITY] == 0:
        return NONE
    return number


def positions_there(book: Words, account: int, market: int) -> int:
    """How many positions an account has in a market."""
    count = 0
    for side in range(len(layout.SIDES)):
        if held_position(book, account, market, side) != NONE:
            count += 1
    return count


def is_idle(book: Words, account: int, market: int) -> bool:
    """Whether an account has neither a position nor an order in a market."""
    if positions_there(book, account, market) > 0:
        return False
    number = account_row(book, account)[layout.FIRST_ORDER]
    while number != NONE:
        order = order_row(book, number)
        if order[layout.MARKET] == market:
            return False
        number = order[layout.NEXT]
    return True
