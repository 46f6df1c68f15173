"""Queues of counterparties by score, and of losing lots by age, each with a tree that finds the first that will do.

A lot and a counterparty meet at the lot's bankruptcy price exactly if what the lot loses for each of its lots is at
most what the counterparty can bear (ADL-04). So each counterparty stands in its queue with that, each lot with minus
its loss, and one comparison of fractions decides, of a leaf and of all below a node. They meet at the counterparty's
own entry exactly if that gains less for each of its lots than the lot loses, and can give it. So a second tree over
each queue has minus the gain of those who can, and one over the lots their losses. Leaves are kept up to date as
domains and lots change. The order is that of the event's first look at the market (ADL-02).
"""

from marginspec_engine import layout
from marginspec_engine.index.shortfalls import take_up
from marginspec_engine.index.sorting import merge_pairs, rank_accounts, sort_pairs
from marginspec_engine.index.stale import clear_flag
from marginspec_engine.index.trees import (
    AMOUNT,
    OVER,
    change_leaf,
    drop_leaf,
    first_exceeding,
    first_reaching,
    grow,
    largest,
    plant,
    plant_leaf,
)
from marginspec_engine.kernels import deleveraging as kernels
from marginspec_engine.kernels import margin
from marginspec_engine.kernels.limits import MOST
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.prefetch import FAR, LINE_BYTES, NEAR, prefetch_position, prefetch_positions
from marginspec_engine.memory.raw_bytes import fraction_hint, prefetch
from marginspec_engine.memory.words import (
    Words,
    account_row,
    asset_row,
    at,
    domain_row,
    items,
    lot_row,
    market_row,
    position_row,
    push,
    reserve,
)
from marginspec_engine.rules.margin import known_margin, lot_loss, maintenance_of, value_at_mark
from marginspec_engine.rules.rankings import Figures, score_by

# ----------------------------------------------------------------- candidates and their order

CANDIDATE = 12
(NUMBERED, ABOVE, TIMES, BELOW, BY, ROUGH_PROFIT, ROUGH_RISK, KEY_RANK) = range(8)
BEARABLE, BORNE_OVER, GIVEN, GIVEN_OVER = range(8, CANDIDATE)
"""Words of a candidate in WORKING: its position, four factors of its score, two of a rough one, its key's rank, and
what its two leaves will hold."""


def take_queues(book: Words, number: int, is_declared: bool) -> None:
    """Scores and order of both sides are taken at the event's first look at a market, and kept (ADL-02).

    Of lots that do not lose only what is declared asks for counterparties.
    """
    market = market_row(book, number)
    if market[layout.QUEUE_EVENT] == book[layout.EVENT]:
        return
    rank_accounts(book)
    market[layout.QUEUE_EVENT] = book[layout.EVENT]
    book[layout.QUEUES_TAKEN] = book[layout.EVENT]
    list_lots(book, market)
    for side, losing in ((layout.LONG_QUEUE, layout.SHORT_LOSING), (layout.SHORT_QUEUE, layout.LONG_LOSING)):
        has_losing = take_losing(book, market, losing)
        has_lots = at(market, losing + layout.QUEUED)[USED] > 0
        take_queue(book, market, side, has_losing or (is_declared and has_lots))


def list_lots(book: Words, market: Words) -> None:
    """A market's lots of each side, oldest first; those that gain may have to take the cost of others (ADL-03).

    No step looks at lots that the event opens later: all is covered by then (SET-01, two rounds).
    """
    at(market, layout.LONG_LOSING + layout.QUEUED)[USED] = 0
    at(market, layout.SHORT_LOSING + layout.QUEUED)[USED] = 0
    number = market[layout.FIRST_LOT]
    while number != NONE:
        lot = lot_row(book, number)
        push(book, at(market, losing_side(lot[layout.QUANTITY]) + layout.QUEUED), number)
        number = lot[layout.NEXT]


def take_losing(book: Words, market: Words, side: int) -> bool:
    """The trees of a side's losing lots: of minus what each loses for each of its lots, of that. Whether any loses."""
    queue, losses = at(market, side), at(market, side + layout.AT_ENTRY)
    queued, any_loses = at(queue, layout.QUEUED), False
    plant(book, queue, queued[USED])
    plant(book, losses, queued[USED])
    for place in range(queued[USED]):
        number = items(book, queued)[place]
        lot, loss = lot_row(book, number), lot_loss(book, number)
        lot[layout.LOT_LEAF] = place
        size = abs(lot[layout.QUANTITY]) if loss > 0 else 0
        plant_leaf(book, queue, place, -loss, size)
        plant_leaf(book, losses, place, loss, size)
        any_loses = any_loses or loss > 0
    grow(book, queue)
    grow(book, losses)
    return any_loses


def take_queue(book: Words, market: Words, side: int, is_asked: bool) -> None:
    """The queue of a side: its positions in healthy domains, highest score first (ADL-02); empty if nobody will ask.

    Each stands with the most that a lot may lose, for each of its lots, so that the position is eligible for it at the
    lot's price, and with minus its own gain, if it is eligible at its entry.
    """
    count = collect_candidates(book, market, side) if is_asked else 0
    order_candidates(book, count)
    queue = at(market, side)
    queued = at(queue, layout.QUEUED)
    queued[USED] = 0
    reserve(book, queued, count)
    plant(book, queue, count)
    plant(book, at(market, side + layout.AT_ENTRY), count)
    pairs = items(book, at(book, layout.KEYS))
    for place in range(count):
        if place + FAR < count:
            prefetch_candidate(book, pairs[2 * (place + FAR) + 1] % PLACES)
        if place + NEAR < count:
            prefetch_position(book, candidate(book, pairs[2 * (place + NEAR) + 1] % PLACES)[NUMBERED])
        take_place(book, market, side, place, candidate(book, pairs[2 * place + 1] % PLACES))
    queued[USED] = count
    grow(book, queue)
    grow(book, at(market, side + layout.AT_ENTRY))


def take_place(book: Words, market: Words, side: int, place: int, chosen: Words) -> None:
    """Have a candidate stand at a place of a side's queue, and in its leaves."""
    number, queue = chosen[NUMBERED], at(market, side)
    items(book, at(queue, layout.QUEUED))[place] = number
    position = position_row(book, number)
    position[layout.LEAF] = place
    position[layout.LEAF_EVENT] = book[layout.EVENT]
    plant_leaf(book, queue, place, chosen[BEARABLE], chosen[BORNE_OVER])
    plant_leaf(book, at(market, side + layout.AT_ENTRY), place, chosen[GIVEN], chosen[GIVEN_OVER])


def collect_candidates(book: Words, market: Words, side: int) -> int:
    """Leave in WORKING the candidates of a side; gives how many there are."""
    listed, working = at(market, layout.MARKET_POSITIONS), at(book, layout.WORKING)
    working[USED] = 0
    reserve(book, working, CANDIDATE * listed[USED])
    for place in range(listed[USED]):
        prefetch_positions(book, items(book, listed), place, listed[USED], 1)
        number = items(book, listed)[place]
        position = position_row(book, number)
        if (position[layout.QUANTITY] > 0) == (side == layout.LONG_QUEUE):
            equity, maintenance = known_margin(book, position[layout.DOMAIN])
            if equity > maintenance:
                add_candidate(book, market, number, equity, maintenance)
    return working[USED] // CANDIDATE


def add_candidate(book: Words, market: Words, number: int, equity: int, maintenance: int) -> None:
    """Put a position with its score into WORKING, by the profile's ranking (ADL-02)."""
    position = position_row(book, number)
    value = value_at_mark(market, position[layout.QUANTITY])
    unrealised = margin.unrealised(value, position[layout.COST])
    cash = domain_row(book, position[layout.DOMAIN])[layout.CASH]
    unit = asset_row(book, market[layout.ASSET])[layout.ASSET_UNIT]
    figures = Figures(unrealised, position[layout.COST], abs(value), cash, maintenance, equity, unit)
    above, times, below, by = score_by(book[layout.RANKING], figures)
    working = at(book, layout.WORKING)
    added = at(items(book, working), working[USED])
    working[USED] = working[USED] + CANDIDATE
    added[NUMBERED] = number
    added[ABOVE] = above
    added[TIMES] = times
    added[BELOW] = below
    added[BY] = by
    added[ROUGH_PROFIT] = kernels.rough_part(above, below) if below != 0 else kernels.NOT_ROUGH
    added[ROUGH_RISK] = kernels.rough_part(times, by)
    added[KEY_RANK] = key_rank(book, number)
    bearable, over, given, given_over = leaves_of(market, position, equity, maintenance)
    added[BEARABLE] = bearable
    added[BORNE_OVER] = over
    added[GIVEN] = given
    added[GIVEN_OVER] = given_over


PLACES = 2**31
"""A pair's second word is the rank of a candidate's key times this, and the candidate's place."""


def order_candidates(book: Words, count: int) -> None:
    """Leave in KEYS pairs in the candidates' order, each of a guess, and of key and place.

    Guesses, ties by key, bring them into almost that order, in which few exact comparisons find everybody in place.
    """
    keys = at(book, layout.KEYS)
    keys[USED] = 0
    reserve(book, keys, 4 * count)
    pairs, run = items(book, keys), 1
    for place in range(count):
        words = candidate(book, place)
        pairs[2 * place] = guessed_key(words)
        pairs[2 * place + 1] = words[KEY_RANK] * PLACES + place
    sort_pairs(book, count)
    while run < count:
        for start in range(0, count - run, 2 * run):
            prefetch_boundary(book, pairs, start + run + 2 * run * NEAR, count)
            middle, end = start + run, min(start + 2 * run, count)
            merge_pairs(book, score_comes_first, pairs, at(pairs, 2 * count), start, middle, end)
        run = 2 * run


def prefetch_boundary(book: Words, pairs: Words, middle: int, count: int) -> None:
    """Have the candidates read soon that will be compared where two runs meet."""
    if middle < count:
        prefetch_candidate(book, pairs[2 * middle - 1] % PLACES)
        prefetch_candidate(book, pairs[2 * middle + 1] % PLACES)


LEAST_KEY, MOST_KEY = -(2**63) + 1, 2**63 - 1


def guessed_key(words: Words) -> int:
    """About where a candidate stands, from low to high: highest scores first, those of zero by key."""
    if words[BELOW] == 0:
        return LEAST_KEY if words[ABOVE] >= 0 else MOST_KEY
    if words[ABOVE] == 0:
        return words[KEY_RANK]
    guess = fraction_hint(abs(words[ABOVE]), words[TIMES], words[BELOW], words[BY])
    return -guess if words[ABOVE] > 0 else MOST_KEY // 2 + guess // 2


def score_comes_first(book: Words, pairs: Words, place: int, others: Words, other: int) -> bool:
    """Whether the candidate of a pair stands before that of another."""
    first, second = pairs[2 * place + 1] % PLACES, others[2 * other + 1] % PLACES
    return stands_first(candidate(book, first), candidate(book, second))


def stands_first(first: Words, second: Words) -> bool:
    """Whether a candidate stands before another: the higher score, ties by key (ADL-02); mostly seen by rough ones."""
    if has_rough_score(first) and has_rough_score(second):
        profit, risk = first[ROUGH_PROFIT], first[ROUGH_RISK]
        other_profit, other_risk = second[ROUGH_PROFIT], second[ROUGH_RISK]
        if kernels.surely_exceeds(profit, risk, other_profit, other_risk):
            return True
        if kernels.surely_exceeds(other_profit, other_risk, profit, risk):
            return False
    return stands_first_exactly(first, second)


def has_rough_score(words: Words) -> bool:
    """Whether a candidate has a rough score."""
    return words[ROUGH_PROFIT] != kernels.NOT_ROUGH and words[ROUGH_RISK] != kernels.NOT_ROUGH


def stands_first_exactly(first: Words, second: Words) -> bool:
    """The same by exact scores."""
    if first[BELOW] == 0 or second[BELOW] == 0:
        return stands_first_by_infinity(first, second)
    one = first[ABOVE], first[TIMES], first[BELOW], first[BY]
    other = second[ABOVE], second[TIMES], second[BELOW], second[BY]
    # Equal factors are told at once: the comparison would take them apart to the end.
    order = 0 if one == other else kernels.compare_scores(one, other)
    if order != 0:
        return order > 0
    return first[KEY_RANK] < second[KEY_RANK]


def stands_first_by_infinity(first: Words, second: Words) -> bool:
    """The same where a cost of nothing makes a score infinite; equal infinities are tied."""
    one, other = infinity(first), infinity(second)
    if one != other:
        return one > other
    return first[KEY_RANK] < second[KEY_RANK]


def infinity(words: Words) -> int:
    """1 or -1 for a candidate whose score is infinite, 0 for a finite one."""
    if words[BELOW] != 0:
        return 0
    return 1 if words[ABOVE] >= 0 else -1


def candidate(book: Words, place: int) -> Words:
    """The words of a candidate."""
    return at(items(book, at(book, layout.WORKING)), CANDIDATE * place)


def prefetch_candidate(book: Words, place: int) -> None:
    """Have the words of a candidate read soon."""
    start = at(book, layout.WORKING)[layout.ADDRESS] + CANDIDATE * place * layout.WORD_BYTES
    prefetch(start)
    prefetch(start + LINE_BYTES)


def key_rank(book: Words, number: int) -> int:
    """Where a position's key stands among those of its market."""
    position = position_row(book, number)
    return 4 * account_row(book, position[layout.OWNER])[layout.RANK] + position[layout.SIDE]


# ----------------------------------------------------------------- what changes while an event has queues


def refresh_leaves(book: Words) -> None:
    """Write the leaves of all domains anew that changed since the last search."""
    changed = at(book, layout.STALE_LEAVES)
    while changed[USED] > 0:
        changed[USED] = changed[USED] - 1
        domain = items(book, changed)[changed[USED]]
        clear_flag(book, domain, layout.HAS_STALE_LEAVES)
        equity, maintenance = known_margin(book, domain)
        number = domain_row(book, domain)[layout.FIRST]
        while number != NONE:
            position = position_row(book, number)
            if position[layout.LEAF_EVENT] == book[layout.EVENT]:
                market = market_row(book, position[layout.MARKET])
                if change_leaves(book, market, position, equity, maintenance):
                    take_up(book, market)
            number = position[layout.NEXT]


def change_leaves(book: Words, market: Words, position: Words, equity: int, maintenance: int) -> bool:
    """Write both leaves of a position anew; whether it may be eligible for more lots than before."""
    bearable, over, given, given_over = leaves_of(market, position, equity, maintenance)
    side, place = queue_side(position[layout.QUANTITY]), position[layout.LEAF]
    bears_more = change_leaf(book, at(market, side), place, bearable, over)
    if given_over == 0:
        drop_leaf(book, at(market, side + layout.AT_ENTRY), place)
        return bears_more
    return change_leaf(book, at(market, side + layout.AT_ENTRY), place, given, given_over) or bears_more


def leaves_of(market: Words, position: Words, equity: int, maintenance: int) -> tuple[int, int, int, int]:
    """The most that a lot may lose for each of its lots so that a position is eligible at its price (ADL-04).

    And minus what the position gains for each of its own, over 0 lots if it is not eligible at its own entry.
    """
    size = abs(position[layout.QUANTITY])
    value = value_at_mark(market, position[layout.QUANTITY])
    unrealised = margin.unrealised(value, position[layout.COST])
    saved = maintenance_of(market, abs(value)) - maintenance_of(market, value_at_mark(market, size - 1))
    spare = kernels.room(equity, 0, maintenance, saved)
    bearable, over = kernels.bearable_loss(unrealised, size, spare)
    return bearable, over, -unrealised, size if kernels.can_give(unrealised, size, spare) else 0


def leave_queue(book: Words, position: Words, held: int) -> None:
    """Take a position out of the queue that the event has of its side, if it stands there (ADL-02, ADL-04)."""
    if position[layout.LEAF_EVENT] == book[layout.EVENT]:
        market, side = market_row(book, position[layout.MARKET]), queue_side(held)
        drop_leaf(book, at(market, side), position[layout.LEAF])
        drop_leaf(book, at(market, side + layout.AT_ENTRY), position[layout.LEAF])
        position[layout.LEAF_EVENT] = NONE


def queue_side(quantity: int) -> int:
    """The queue of positions of a sign."""
    return layout.LONG_QUEUE if quantity > 0 else layout.SHORT_QUEUE


def losing_side(quantity: int) -> int:
    """The queue of losing lots of a sign."""
    return layout.LONG_LOSING if quantity > 0 else layout.SHORT_LOSING


def refresh_lot(book: Words, number: int, held: int) -> None:
    """Write the leaves of a lot anew of which so many lots were held before a step."""
    lot = lot_row(book, number)
    market, place, size = market_row(book, lot[layout.MARKET]), lot[layout.LOT_LEAF], abs(lot[layout.QUANTITY])
    side, loss = losing_side(held), lot_loss(book, number)
    assert items(book, at(market, side + layout.QUEUED))[place] == number
    if loss > 0:
        change_leaf(book, at(market, side), place, -loss, size)
        change_leaf(book, at(market, side + layout.AT_ENTRY), place, loss, size)
    else:
        drop_leaf(book, at(market, side), place)
        drop_leaf(book, at(market, side + layout.AT_ENTRY), place)


# ----------------------------------------------------------------- searches


def first_eligible(book: Words, market: Words, number: int, most: int) -> int:
    """The first counterparty in the queue that is eligible for a lot; NONE if there is none (ADL-01, ADL-04).

    One lot may release at most so much. A lot that does not lose closes at the mark.
    """
    lot = lot_row(book, number)
    side, loss, size = queue_side(-lot[layout.QUANTITY]), max(0, lot_loss(book, number)), abs(lot[layout.QUANTITY])
    place = NONE
    if kernels.is_no_less(most, 1, loss, size):
        place = first_reaching(book, at(market, side), loss, size)
    if loss > 0 and can_close_at_entry(book, number):
        gain, over = kernels.most_gain(loss, size, most)
        place = earlier(place, first_exceeding(book, at(market, side + layout.AT_ENTRY), -gain, over))
    if place == NONE:
        return NONE
    queued = at(market, side + layout.QUEUED)
    prefetch_positions(book, items(book, queued), place, queued[USED], 1)
    return items(book, queued)[place]


def can_close_at_entry(book: Words, number: int) -> bool:
    """Whether one of a lot may close at a counterparty's entry: one more, or another lot, has what is left (ADL-04)."""
    return abs(lot_row(book, number)[layout.QUANTITY]) > 1 or heir_of(book, number) != NONE


def heir_of(book: Words, number: int) -> int:
    """The newest other lot of a lot's side in its market; NONE if there is none (ADL-03)."""
    lot = lot_row(book, number)
    other = market_row(book, lot[layout.MARKET])[layout.LAST_LOT]
    while other != NONE:
        is_of_side = (lot_row(book, other)[layout.QUANTITY] > 0) == (lot[layout.QUANTITY] > 0)
        if other != number and is_of_side:
            return other
        other = lot_row(book, other)[layout.PREVIOUS]
    return NONE


def earlier(place: int, other: int) -> int:
    """The earlier of two places of a queue; NONE is none."""
    if place == NONE or other == NONE:
        return max(place, other)
    return min(place, other)


def oldest_bearable(book: Words, market: Words, most: int) -> int:
    """The oldest losing lot of a market for which a counterparty may be eligible; NONE if there is none (ADL-01)."""
    long_lot = oldest_of_side(book, market, layout.LONG_LOSING, layout.SHORT_QUEUE, most)
    short_lot = oldest_of_side(book, market, layout.SHORT_LOSING, layout.LONG_QUEUE, most)
    if long_lot == NONE:
        return short_lot
    if short_lot == NONE:
        return long_lot
    is_older = lot_row(book, long_lot)[layout.NUMBER] < lot_row(book, short_lot)[layout.NUMBER]
    return long_lot if is_older else short_lot


def oldest_of_side(book: Words, market: Words, losing: int, queue: int, most: int) -> int:
    """The oldest losing lot of a side for which somebody in a queue may be eligible; NONE if there is none.

    For each of its lots it loses at most what the best of them can bear, and at most so much; or more than what one of
    them gains, who can give that.
    """
    queued = at(market, losing + layout.QUEUED)
    borne, given = largest(book, at(market, queue)), largest(book, at(market, queue + layout.AT_ENTRY))
    place = NONE
    if borne[OVER] != 0 and queued[USED] > 0:
        amount, over = kernels.lesser(borne[AMOUNT], borne[OVER], most)
        place = first_reaching(book, at(market, losing), -amount, over)
    if given[OVER] != 0 and queued[USED] > 0:
        gain, over = -given[AMOUNT], given[OVER]
        if most == MOST or not kernels.is_no_less(gain, over, most + 1, 1):
            at_entry = first_exceeding(book, at(market, losing + layout.AT_ENTRY), gain, over)
            if at_entry != NONE and can_close_at_entry(book, items(book, queued)[at_entry]):
                place = earlier(place, at_entry)
    return items(book, queued)[place] if place != NONE else NONE
