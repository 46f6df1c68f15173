"""Markets of an asset by shortfall: in which of them the next step of deleveraging is looked for (ADL-01).

A market in which no pair is eligible is set aside, and taken up again only when there may be one: a counterparty can
bear more than before, or as little is missing by now as the market's shortfall, so that a step may exceed it.
"""

from marginspec_engine import layout
from marginspec_engine.index.sorting import sort_pairs
from marginspec_engine.index.trees import AMOUNT, change_leaf, first_reaching, grow, largest, plant, plant_leaf, reaches
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.words import Words, at, items, market_row, push
from marginspec_engine.rules.waterfall import shortfall


def line_up(book: Words, asset: int) -> None:
    """Have the markets of an asset that have lots stand in a queue by id, each with its shortfall."""
    collect_markets(book, asset)
    queue, aside = at(book, layout.BY_SHORTFALL), at(book, layout.ASIDE)
    queued, keys = at(queue, layout.QUEUED), at(book, layout.KEYS)
    count = keys[USED] // 2
    sort_pairs(book, count)
    plant(book, queue, count)
    plant(book, aside, count)
    queued[USED] = 0
    for place in range(count):
        number = items(book, keys)[2 * place + 1]
        market = market_row(book, number)
        push(book, queued, number)
        market[layout.SHORTFALL_LEAF] = place
        plant_leaf(book, queue, place, shortfall(market), 1)
        plant_leaf(book, aside, place, 0, 1)
    grow(book, queue)
    grow(book, aside)


def collect_markets(book: Words, asset: int) -> None:
    """Leave in KEYS pairs of rank and number of an asset's markets that have lots."""
    listed, keys = at(book, layout.MARKETS_WITH_LOTS), at(book, layout.KEYS)
    keys[USED] = 0
    for place in range(listed[USED]):
        number = items(book, listed)[place]
        market = market_row(book, number)
        if market[layout.ASSET] == asset:
            push(book, keys, market[layout.RANK])
            push(book, keys, number)


def dismiss(book: Words) -> None:
    """No market is set aside any more: its place in the queue will be that of another asset's."""
    queued = at(book, layout.BY_SHORTFALL + layout.QUEUED)
    for place in range(queued[USED]):
        market_row(book, items(book, queued)[place])[layout.IS_ASIDE] = 0


def shortest_market(book: Words) -> int:
    """Of those not set aside, the market with the largest positive shortfall, ties by id; NONE if there is none."""
    queue = at(book, layout.BY_SHORTFALL)
    most = largest(book, queue)[AMOUNT]
    while most > 0:
        place = first_reaching(book, queue, most, 1)
        if place != NONE:
            return items(book, at(queue, layout.QUEUED))[place]
        most = largest(book, queue)[AMOUNT]
    return NONE


def recount(book: Words, market: Words) -> None:
    """Have a market stand in the queue with the shortfall that it has now."""
    change_leaf(book, at(book, layout.BY_SHORTFALL), market[layout.SHORTFALL_LEAF], shortfall(market), 1)


def set_aside(book: Words, market: Words, missing: int) -> None:
    """Look for no step in a market, until one may be found there."""
    short = shortfall(market)
    market[layout.IS_ASIDE] = 1
    change_leaf(book, at(book, layout.BY_SHORTFALL), market[layout.SHORTFALL_LEAF], 0, 1)
    if short < missing:
        change_leaf(book, at(book, layout.ASIDE), market[layout.SHORTFALL_LEAF], short, 1)


def take_up(book: Words, market: Words) -> None:
    """Look for steps again in a market, if it was set aside."""
    if market[layout.IS_ASIDE] == 1:
        market[layout.IS_ASIDE] = 0
        change_leaf(book, at(book, layout.ASIDE), market[layout.SHORTFALL_LEAF], 0, 1)
        recount(book, market)


def take_up_restoring(book: Words, missing: int) -> None:
    """Take up the markets again that were set aside while their shortfall was less than what was missing."""
    aside = at(book, layout.ASIDE)
    while reaches(largest(book, aside), missing, 1):
        place = first_reaching(book, aside, missing, 1)
        if place != NONE:
            take_up(book, market_row(book, items(book, at(book, layout.BY_SHORTFALL + layout.QUEUED))[place]))
