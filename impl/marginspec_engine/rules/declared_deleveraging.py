"""Declared deleveraging: a venue that cannot sell its lots closes them against counterparties."""

from marginspec.model import events
from marginspec_engine import layout
from marginspec_engine.index.suspects import expose
from marginspec_engine.layout import reasons
from marginspec_engine.memory.words import Words, market_row
from marginspec_engine.rules.deleveraging import NO_STEP, deleverage, find_declared_step
from marginspec_engine.rules.fills import choose_lots
from marginspec_engine.rules.guards import event_word, is_listed, quantity_in
from marginspec_engine.rules.registry import handles


@handles(events.Deleverage)
def declared_deleveraging(book: Words) -> int:
    """A venue may declare deleveraging of its lots of a side: by steps, oldest first (ADL-06)."""
    number = event_word(book, layout.OF_MARKET)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    market = market_row(book, number)
    if market[layout.MARK] == 0:
        return reasons.NO_MARK
    left = quantity_in(book, market, market[layout.MARK])
    if left == 0:
        return reasons.INVALID_QUANTITY
    is_long = event_word(book, layout.CHOICE) == layout.LONG_LOTS
    if not choose_lots(book, market, left if is_long else -left):
        return reasons.NO_INVENTORY
    step = find_declared_step(book, number, is_long, left)
    if step[2] == 0:
        return reasons.NO_COUNTERPARTY
    while step[2] > 0:
        deleverage(book, step)
        left = left - step[2]
        step = find_declared_step(book, number, is_long, left) if left > 0 else NO_STEP
    expose(book, market[layout.ASSET])
    book[layout.EVENT_MARKET] = number
    return reasons.ACCEPTED
