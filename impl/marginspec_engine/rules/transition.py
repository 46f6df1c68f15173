"""One event, whole: its handler, what it takes back if it is refused, and settlement."""

from marginspec_engine.index.touched import forget
from marginspec_engine.index.triggers import box_touched, forget_touched
from marginspec_engine.layout import (
    ADJUST_ISOLATED_MARGIN,
    ASSET_ROW,
    ASSETS,
    CANCEL_ORDER,
    DEPOSIT,
    EFFECTS,
    EVENT,
    EVENT_MARKET,
    EVENT_TYPE,
    EVENT_WORDS,
    EXPOSED_ASSETS,
    FUND_INSURANCE,
    FUNDING,
    IS_EXPOSED,
    IS_SUSPECT,
    LIQUIDATION_FILL,
    MARK_PRICE,
    NONE,
    OUT_OF_RANGE,
    PLACE_ORDER,
    SET_LEVERAGE,
    SET_MARGIN_MODE,
    SET_POSITION_MODE,
    SETTLING,
    SUSPECTS,
    TRADE,
    UNDONE,
    USED,
    WIDE,
    WITHDRAW,
    WITHDRAW_HOUSE,
    reasons,
)
from marginspec_engine.memory.words import Words, at, items, row, take_back
from marginspec_engine.rules.account_settings import set_leverage, set_margin_mode, set_position_mode
from marginspec_engine.rules.cash import adjust_isolated_margin, deposit, fund_insurance, withdraw, withdraw_house
from marginspec_engine.rules.funding import funding
from marginspec_engine.rules.liquidation import liquidation_fill
from marginspec_engine.rules.markets import look_at_market, set_mark
from marginspec_engine.rules.orders import cancel_order, place_order
from marginspec_engine.rules.settle import publish_funds, settle
from marginspec_engine.rules.trading import trade


def begin(book: Words) -> None:
    """Forget what the event before needed."""
    book[EVENT] = book[EVENT] + 1
    book[SETTLING] = 0
    book[OUT_OF_RANGE] = 0
    book[WIDE] = 0
    book[EVENT_MARKET] = NONE
    at(book, EFFECTS)[USED] = 0
    at(book, UNDONE)[USED] = 0


def finish(book: Words, reason: int) -> int:
    """Take back what a refused event did, or settle what an accepted one did; gives the reason, 0 if accepted."""
    if reason == reasons.ACCEPTED and book[OUT_OF_RANGE] == 1:
        reason = reasons.OUT_OF_RANGE
    if book[WIDE] == 1:
        reason = reasons.TOO_WIDE
    if reason != reasons.ACCEPTED:
        take_back(book)
        at(book, EFFECTS)[USED] = 0
        forget_suspects(book)
        forget_touched(book)
        return reason
    at(book, UNDONE)[USED] = 0
    settle(book)
    publish_funds(book)
    box_touched(book)
    forget_exposure(book)
    return reason


def forget_suspects(book: Words) -> None:
    """Nothing is left to look at after an event that is refused."""
    suspects = at(book, SUSPECTS)
    for place in range(suspects[USED]):
        forget(book, items(book, suspects)[place], IS_SUSPECT)
    suspects[USED] = 0
    forget_exposure(book)


def forget_exposure(book: Words) -> None:
    """No asset is left to look at after an event."""
    if book[EXPOSED_ASSETS] > 0 or book[SETTLING] == 1:
        for asset in range(at(book, ASSETS)[USED] // ASSET_ROW):
            row(book, ASSETS, asset, ASSET_ROW)[IS_EXPOSED] = 0
        book[EXPOSED_ASSETS] = 0


def apply_event(book: Words) -> int:
    """Take the event in the event words: 0 if it is accepted, else its reason; TOO_WIDE leaves it to wider integers.

    Effects are left in the book's EFFECTS.
    """
    begin(book)
    return finish(book, handle(book, book[EVENT_WORDS + EVENT_TYPE]))


def handle(book: Words, event_type: int) -> int:
    """What takes each type of event."""
    if event_type == TRADE:
        return trade(book)
    if event_type == PLACE_ORDER:
        return place_order(book)
    if event_type == CANCEL_ORDER:
        return cancel_order(book)
    if event_type == MARK_PRICE:
        return set_mark(book)
    if event_type == DEPOSIT:
        return deposit(book)
    if event_type == WITHDRAW:
        return withdraw(book)
    return handle_seldom(book, event_type)


def handle_seldom(book: Words, event_type: int) -> int:
    """The same for types that are seldom."""
    if event_type == FUNDING:
        return funding(book)
    if event_type == LIQUIDATION_FILL:
        return liquidation_fill(book)
    if event_type == FUND_INSURANCE:
        return fund_insurance(book)
    if event_type == WITHDRAW_HOUSE:
        return withdraw_house(book)
    return handle_setting(book, event_type)


def handle_setting(book: Words, event_type: int) -> int:
    """The same for types that set something for an account."""
    if event_type == SET_POSITION_MODE:
        return set_position_mode(book)
    if event_type == SET_MARGIN_MODE:
        return set_margin_mode(book)
    if event_type == SET_LEVERAGE:
        return set_leverage(book)
    assert event_type == ADJUST_ISOLATED_MARGIN
    return adjust_isolated_margin(book)


def settle_market(book: Words, number: int) -> None:
    """Settle an accepted event that changed a table: of a market whose domains are all looked at, or NONE (SET-01)."""
    begin(book)
    if number != NONE:
        look_at_market(book, number)
    finish(book, reasons.ACCEPTED)
