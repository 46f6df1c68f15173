"""One event, whole: its handler, what it takes back if it is refused, and settlement."""

from marginspec.model.events import CancelOrder, Deposit, MarkPrice, PlaceOrder, Trade, Withdraw
from marginspec_engine import layout
from marginspec_engine.index.stale import clear_flag
from marginspec_engine.index.triggers import box_stale, keep_boxes
from marginspec_engine.layout import NONE, USED, reasons
from marginspec_engine.memory.words import Words, asset_row, at, items, take_back
from marginspec_engine.rules import (  # noqa: F401 - registers handlers
    account_settings,
    cash,
    declared_deleveraging,
    fills,
    final_settlement,
    funding,
    markets,
    orders,
    trading,
)
from marginspec_engine.rules.markets import look_at_market
from marginspec_engine.rules.registry import dispatch
from marginspec_engine.rules.settle import publish_funds, settle


def begin(book: Words) -> None:
    """Forget what the event before needed."""
    book[layout.EVENT] = book[layout.EVENT] + 1
    book[layout.SETTLING] = 0
    book[layout.OUT_OF_RANGE] = 0
    book[layout.WIDE] = 0
    book[layout.EVENT_MARKET] = NONE
    book[layout.CLOSING] = NONE
    at(book, layout.EFFECTS)[USED] = 0
    at(book, layout.UNDONE)[USED] = 0


def finish(book: Words, reason: int) -> int:
    """Take back what a refused event did, or settle what an accepted one did; gives the reason, 0 if accepted."""
    if reason == reasons.ACCEPTED and book[layout.OUT_OF_RANGE] == 1:
        reason = reasons.OUT_OF_RANGE
    if book[layout.WIDE] == 1:
        reason = reasons.TOO_WIDE
    if reason != reasons.ACCEPTED:
        take_back(book)
        at(book, layout.EFFECTS)[USED] = 0
        forget_suspects(book)
        keep_boxes(book)
        return reason
    at(book, layout.UNDONE)[USED] = 0
    if settle(book) != reasons.ACCEPTED:
        # Only Python's draft comes here, and is dropped.
        return reasons.COVER_EXCEEDED
    publish_funds(book)
    box_stale(book)
    forget_exposure(book)
    return reason


def forget_suspects(book: Words) -> None:
    """Nothing is left to look at after an event that is refused."""
    suspects = at(book, layout.SUSPECTS)
    for place in range(suspects[USED]):
        clear_flag(book, items(book, suspects)[place], layout.IS_SUSPECT)
    suspects[USED] = 0
    forget_exposure(book)


def forget_exposure(book: Words) -> None:
    """No asset is left to look at after an event."""
    if book[layout.EXPOSED_ASSETS] > 0 or book[layout.SETTLING] == 1:
        for asset in range(at(book, layout.ASSETS)[USED] // layout.ASSET_ROW):
            asset_row(book, asset)[layout.IS_EXPOSED] = 0
        book[layout.EXPOSED_ASSETS] = 0


MOST_FREQUENT = (Trade, PlaceOrder, CancelOrder, MarkPrice, Deposit, Withdraw)
handle = dispatch("handle", MOST_FREQUENT, globals())
"""Takes the event in the event words by its type; gives the reason."""


def apply_event(book: Words) -> int:
    """Take the event in the event words: 0 if it is accepted, else its reason; TOO_WIDE leaves it to wider integers.

    Effects are left in the book's EFFECTS.
    """
    begin(book)
    return finish(book, handle(book, book[layout.EVENT_WORDS + layout.EVENT_TYPE]))


def settle_market(book: Words, number: int) -> None:
    """Settle an accepted event that changed a table: of a market whose domains are all looked at, or NONE (SET-01)."""
    begin(book)
    if number != NONE:
        look_at_market(book, number)
    finish(book, reasons.ACCEPTED)
