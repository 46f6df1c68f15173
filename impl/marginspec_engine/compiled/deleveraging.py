"""Auto-deleveraging: who is closed against which lot, by how much, at what value."""

from marginspec_engine.compiled.figures import domain_margin, value_at_mark
from marginspec_engine.compiled.ledger import effect, move, named
from marginspec_engine.compiled.memory import Words, at, items, push, row
from marginspec_engine.compiled.queues import (
    first_bearable,
    first_eligible,
    queue_side,
    refresh_leaves,
    refresh_lot,
    take_queues,
)
from marginspec_engine.compiled.rows import reduce_lot
from marginspec_engine.compiled.suspects import suspect
from marginspec_engine.compiled.trading import realise, return_all_margin
from marginspec_engine.compiled.trees import largest, reaches
from marginspec_engine.compiled.waterfall import count_funds, shortfall
from marginspec_engine.kernels import deleveraging as kernels
from marginspec_engine.kernels import trading as trading_kernels
from marginspec_engine.layout import (
    ADL_03,
    ASSET,
    CLOSED_LOTS,
    COST,
    COUNTERPARTY_DELEVERAGED,
    DELEVERAGED,
    DOMAIN,
    DOMAIN_ROW,
    DOMAINS,
    IS_TRIED,
    LONG_LOSING,
    LONG_QUEUE,
    LOT,
    LOT_OF,
    LOTS,
    MARKET,
    MARKET_ROW,
    MARKETS,
    MARKETS_WITH_LOTS,
    NONE,
    NUMBER,
    OWNER,
    POSITION,
    POSITION_OF,
    POSITIONS,
    QUANTITY,
    RANK,
    SHORT_LOSING,
    SHORT_QUEUE,
    SIDE,
    USED,
)

Step = tuple[int, int, int]
"""A lot, its counterparty's position, and how many lots are closed; a quantity of 0 is no step."""


def next_step(book: Words, asset: int, missing: int) -> Step:
    """A step is in the market with the largest positive shortfall, ties by id, that has an eligible pair (ADL-01)."""
    listed = at(book, MARKETS_WITH_LOTS)
    for place in range(listed[USED]):
        row(book, MARKETS, items(book, listed)[place], MARKET_ROW)[IS_TRIED] = 0
    number = shortest_market(book, asset)
    while number != NONE:
        market = row(book, MARKETS, number, MARKET_ROW)
        step = find_step(book, number, shortfall(market), missing)
        if step[2] > 0:
            return step
        market[IS_TRIED] = 1
        number = shortest_market(book, asset)
    return NONE, NONE, 0


def shortest_market(book: Words, asset: int) -> int:
    """The market of an asset with the largest positive shortfall that has not been tried; NONE if there is none."""
    chosen, largest, rank = NONE, 0, NONE
    listed = at(book, MARKETS_WITH_LOTS)
    for place in range(listed[USED]):
        number = items(book, listed)[place]
        market = row(book, MARKETS, number, MARKET_ROW)
        if market[ASSET] == asset and market[IS_TRIED] == 0:
            missing = shortfall(market)
            if missing > largest or (missing == largest and missing > 0 and market[RANK] < rank):
                chosen, largest, rank = number, missing, market[RANK]
    return chosen


def find_step(book: Words, number: int, short: int, missing: int) -> Step:
    """In a market: the oldest losing lot with an eligible counterparty, and the first of these (ADL-01)."""
    take_queues(book, number)
    refresh_leaves(book)
    market = row(book, MARKETS, number, MARKET_ROW)
    most = kernels.most_loss(short, missing)
    lot_number = oldest_bearable(book, market, most)
    while lot_number != NONE:
        step = pair(book, market, lot_number, short, missing)
        if step[2] > 0:
            return step
        lot_number = oldest_bearable(book, market, most)
    return NONE, NONE, 0


def oldest_bearable(book: Words, market: Words, most: int) -> int:
    """The oldest losing lot of a market for which a counterparty may be eligible; NONE if there is none (ADL-01)."""
    long_lot = first_bearable(book, market, LONG_LOSING, SHORT_QUEUE, most)
    short_lot = first_bearable(book, market, SHORT_LOSING, LONG_QUEUE, most)
    if long_lot == NONE or short_lot == NONE:
        return max(long_lot, short_lot)
    is_older = row(book, LOTS, long_lot, LOT)[NUMBER] < row(book, LOTS, short_lot, LOT)[NUMBER]
    return long_lot if is_older else short_lot


def pair(book: Words, market: Words, number: int, short: int, missing: int) -> Step:
    """The first eligible counterparty of a losing lot, with what is closed (ADL-01, ADL-04)."""
    lot, loss = row(book, LOTS, number, LOT), lot_loss(book, number)
    size, queue = abs(lot[QUANTITY]), at(market, queue_side(-lot[QUANTITY]))
    found = first_eligible(book, queue, loss, size)
    if found == NONE:
        # Now the tree does not say either that there may be one, so that the same lot is not looked at again.
        assert not reaches(largest(book, queue), loss, size)
        return NONE, NONE, 0
    position = row(book, POSITIONS, found, POSITION)
    equity, maintenance = domain_margin(book, position[DOMAIN])
    held, spare = abs(position[QUANTITY]), equity - maintenance
    return number, found, kernels.step_quantity(loss, size, short, missing, held, spare)


def lot_loss(book: Words, number: int) -> int:
    """What a lot loses at mark; negative for a profit."""
    lot = row(book, LOTS, number, LOT)
    return lot[COST] - value_at_mark(row(book, MARKETS, lot[MARKET], MARKET_ROW), lot[QUANTITY])


def deleverage(book: Words, step: Step) -> None:
    """The pair is closed at the lot's bankruptcy value, pro rata, without tick or fee, nothing left over (ADL-03)."""
    number, counterparty, part = step
    lot, position = row(book, LOTS, number, LOT), row(book, POSITIONS, counterparty, POSITION)
    market_number, held, domain = lot[MARKET], lot[QUANTITY], position[DOMAIN]
    market = row(book, MARKETS, market_number, MARKET_ROW)
    closing = part if held > 0 else -part
    loss_before = lot_loss(book, number)
    value = trading_kernels.released_cost(lot[COST], abs(held), part)
    cost = position[COST]
    move(book, market[ASSET], named(POSITION_OF, counterparty), named(LOT_OF, number), value, ADL_03)
    reduce_lot(book, number, held - closing)
    realise(book, market, counterparty, domain, closing, -value, cost, ADL_03)
    refresh_lot(book, number, held)
    if position[QUANTITY] == 0 and row(book, DOMAINS, domain, DOMAIN_ROW)[MARKET] != NONE:
        return_all_margin(book, domain)
    released = loss_before - (lot_loss(book, number) if lot[QUANTITY] != 0 else 0)
    words = effect(book, COUNTERPARTY_DELEVERAGED, 8)
    words[1] = lot[NUMBER]
    words[2] = position[OWNER]
    words[3] = market_number
    words[4] = position[SIDE]
    words[5] = part
    words[6] = value
    words[7] = released
    count_funds(book, market_number, DELEVERAGED, released)
    suspect(book, domain)
    if lot[QUANTITY] == 0:
        push(book, at(book, CLOSED_LOTS), number)
