"""Marks and tiers: what makes settlement look at every domain of a market."""

from marginspec.model import events
from marginspec.model.units import MAX_OPEN_INTEREST_MARKED
from marginspec_engine import layout
from marginspec_engine.index.suspects import expose
from marginspec_engine.index.triggers import look_at_domain, look_at_mark
from marginspec_engine.kernels import margin
from marginspec_engine.kernels.limits import MAX_VALUE
from marginspec_engine.layout import USED, reasons
from marginspec_engine.memory.words import Words, asset_row, at, items, market_row, position_row
from marginspec_engine.rules.guards import event_word, is_listed, price_in
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.transaction import effect


@handles(events.MarkPrice)
def set_mark(book: Words) -> int:
    """A new mark price; refused if its asset's open interest would be worth more than 2^61 (MKT-01, NUM-03)."""
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    number = event_word(book, layout.OF_MARKET)
    market = market_row(book, number)
    mark = price_in(book, market)
    if mark == 0:
        return reasons.INVALID_PRICE
    asset, unit = asset_row(book, market[layout.ASSET]), market[layout.QUANTA_PER_UNIT]
    open_interest = market[layout.OPEN_INTEREST]
    if not margin.value_fits(mark, open_interest, unit, MAX_OPEN_INTEREST_MARKED):
        return reasons.OUT_OF_RANGE
    change = margin.value_of(mark, open_interest, unit) - margin.value_of(market[layout.MARK], open_interest, unit)
    if asset[layout.OPEN_VALUE] + change > MAX_OPEN_INTEREST_MARKED:
        return reasons.OUT_OF_RANGE
    asset[layout.OPEN_VALUE] = asset[layout.OPEN_VALUE] + change
    market[layout.MARK] = mark
    market[layout.MOST_LOTS] = most_lots(mark, unit)
    effect(book, layout.MARK_SET, number, mark)
    look_at_mark(book, number)
    expose(book, market[layout.ASSET])
    book[layout.EVENT_MARKET] = number
    return reasons.ACCEPTED


def most_lots(mark: int, unit: int) -> int:
    """The most lots that are worth at most 2^62 at a mark."""
    return MAX_VALUE // unit // mark


def look_at_market(book: Words, number: int) -> None:
    """After a market's new tiers: look at every domain with a position there, and at the asset's cover (MKT-03)."""
    market = market_row(book, number)
    listed = at(market, layout.MARKET_POSITIONS)
    for place in range(listed[USED]):
        look_at_domain(book, position_row(book, items(book, listed)[place])[layout.DOMAIN])
    expose(book, market[layout.ASSET])
    book[layout.EVENT_MARKET] = number
