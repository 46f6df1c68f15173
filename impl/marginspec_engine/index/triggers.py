"""The trigger index: for each position a box of marks within which its domain stays healthy, sorted per market.

A domain's slack, its equity less its maintenance margin less one quantum, is divided over its positions. A position's
box ends where it alone would have lost its part, so while no mark has left any box of a domain, it is healthy (T-BOX).
Long positions wait for a mark at or below their trigger, short ones at or above, in heaps, the nearest first.
An entry of a heap counts only while its position is KEYED by it; others are dropped when they come up. A new entry may
stand nearer than its trigger, so that most changes of slack leave it where it is; it is moved back when it comes up.
"""

from marginspec_engine import layout
from marginspec_engine.index.stale import clear_flag, mark_stale
from marginspec_engine.index.suspects import suspect
from marginspec_engine.kernels import boxes, margin
from marginspec_engine.kernels.bands import BEYOND, lower_end, upper_end
from marginspec_engine.kernels.limits import NO_PRICE
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.prefetch import prefetch_positions
from marginspec_engine.memory.words import Words, at, domain_row, items, market_row, position_row, push, reserve
from marginspec_engine.rules.margin import domain_margin, is_flat, tier_maintenance, tier_of, value_at_mark


def look_at_mark(book: Words, number: int) -> None:
    """After a market's new mark: suspect every unhealthy domain with a position there (LIQ-01)."""
    look_at_side(book, number, layout.LONG_HEAP)
    look_at_side(book, number, layout.SHORT_HEAP)
    market = market_row(book, number)
    rebuild_if_crowded(book, market, layout.LONG_HEAP)
    rebuild_if_crowded(book, market, layout.SHORT_HEAP)


def box_stale(book: Words) -> None:
    """Measure the boxes anew of every domain whose boxes are stale; settlement has left all of them healthy."""
    stale = at(book, layout.STALE_BOXES)
    for place in range(stale[USED]):
        domain = items(book, stale)[place]
        clear_flag(book, domain, layout.HAS_STALE_BOXES)
        equity, maintenance = domain_margin(book, domain)
        box_domain(book, domain, equity - maintenance)
    stale[USED] = 0


def keep_boxes(book: Words) -> None:
    """After an event that is refused, every box holds as before."""
    stale = at(book, layout.STALE_BOXES)
    for place in range(stale[USED]):
        clear_flag(book, items(book, stale)[place], layout.HAS_STALE_BOXES)
    stale[USED] = 0


MOST_SINGLY = 64
"""So many entries are taken out of a heap one by one; if there are more, all are taken at once."""


def look_at_side(book: Words, number: int, side: int) -> None:
    """Look at the domains whose long or short positions' boxes the mark has left."""
    market = market_row(book, number)
    heap, bound, singly = at(market, side), bound_of(market, side), 0
    while heap[USED] > 0 and items(book, heap)[0] <= bound:
        if singly < MOST_SINGLY:
            key, found = items(book, heap)[0], items(book, heap)[1]
            pop(book, heap)
            look_at_entry(book, market, side, key, found)
            singly = singly + 1
        else:
            look_at_many(book, market, side)


def bound_of(market: Words, side: int) -> int:
    """The largest key of an entry whose box the mark has left: longs wait for falling marks, and have negative keys."""
    return -market[layout.MARK] if side == layout.LONG_HEAP else market[layout.MARK]


def look_at_entry(book: Words, market: Words, side: int, key: int, found: int) -> None:
    """Look at a position whose entry came up, if the entry counts; one that came up too soon waits on."""
    position = position_row(book, found)
    sign = 1 if side == layout.LONG_HEAP else -1
    if position[layout.QUANTITY] * sign <= 0 or position[layout.KEYED] != -key * sign:
        return
    position[layout.KEYED] = NONE
    if position[layout.TRIGGER] * sign < market[layout.MARK] * sign:
        enter_heap(book, found, position[layout.TRIGGER])
    else:
        look_at_domain(book, position[layout.DOMAIN])


def look_at_many(book: Words, market: Words, side: int) -> None:
    """Take all entries out of a heap whose boxes the mark has left, and look at each."""
    heap, taken = at(market, side), at(book, layout.WORKING)
    taken[USED] = 0
    reserve(book, taken, heap[USED])
    pairs, chosen, bound, kept = items(book, heap), items(book, taken), bound_of(market, side), 0
    for place in range(0, heap[USED], 2):
        if pairs[place] <= bound:
            chosen[taken[USED]] = pairs[place]
            chosen[taken[USED] + 1] = pairs[place + 1]
            taken[USED] = taken[USED] + 2
        else:
            pairs[kept] = pairs[place]
            pairs[kept + 1] = pairs[place + 1]
            kept = kept + 2
    keep_heap(book, heap, kept // 2)
    for place in range(0, taken[USED], 2):
        prefetch_positions(book, chosen, place + 1, taken[USED], 2)
        look_at_entry(book, market, side, chosen[place], chosen[place + 1])


def look_at_domain(book: Words, domain: int) -> None:
    """Suspect a domain if it is unhealthy; else give its positions boxes by its present slack.

    Relief that is returned can save a suspect: its entries came up and are gone, so its boxes are measured anew.
    """
    equity, maintenance = domain_margin(book, domain)
    if not margin.is_healthy(is_flat(book, domain), equity, maintenance):
        suspect(book, domain)
        mark_stale(book, domain)
    else:
        box_domain(book, domain, equity - maintenance)


def box_domain(book: Words, domain: int, health: int) -> None:
    """Divide a domain's health, but for its last quantum, over its positions, and box each."""
    words = domain_row(book, domain)
    number = words[layout.FIRST]
    budget = boxes.budget_of(health, words[layout.COUNT])
    while number != NONE:
        position = position_row(book, number)
        if position[layout.QUANTITY] > 0:
            box_long(book, number, budget)
        else:
            box_short(book, number, budget)
        number = position[layout.NEXT]


NEAR = 64
"""A box narrower than this part of the mark is measured exactly; a wider one may be too narrow."""


def box_long(book: Words, number: int, budget: int) -> None:
    """Box a long position: below its trigger it may have lost more than a budget of quanta.

    It loses its size a price unit, and its maintenance margin only falls.
    """
    position = position_row(book, number)
    market = market_row(book, position[layout.MARKET])
    mark, size = market[layout.MARK], position[layout.QUANTITY] * market[layout.QUANTA_PER_UNIT]
    distance = boxes.distance_down(budget, size)
    trigger, key = mark - distance - 1, mark - distance // 2 - 1
    if distance < mark // NEAR:
        trigger = exact_end(market, position[layout.QUANTITY], budget)
        key = trigger
    position[layout.TRIGGER] = trigger
    if position[layout.KEYED] == NONE or trigger > position[layout.KEYED]:
        enter_heap(book, number, max(NO_PRICE, key))


def box_short(book: Words, number: int, budget: int) -> None:
    """Box a short position: at or above its trigger it may have lost more than a budget of quanta.

    It loses its size a price unit, and its maintenance margin rises by less than that, since rates are below 1.
    """
    position = position_row(book, number)
    market = market_row(book, position[layout.MARKET])
    mark, size = market[layout.MARK], -position[layout.QUANTITY] * market[layout.QUANTA_PER_UNIT]
    distance = boxes.distance_up(budget, size)
    trigger, key = min(BEYOND, mark + distance + 1), min(BEYOND, mark + distance // 2 + 1)
    if distance < mark // NEAR:
        trigger = exact_end(market, position[layout.QUANTITY], budget)
        trigger = BEYOND if trigger == NO_PRICE else trigger
        key = trigger
    position[layout.TRIGGER] = trigger
    if position[layout.KEYED] == NONE or trigger < position[layout.KEYED]:
        enter_heap(book, number, key)


def exact_end(market: Words, quantity: int, budget: int) -> int:
    """The nearest price at which lots, if they were alone, would have lost more than a budget; NO_PRICE if none."""
    value, columns = value_at_mark(market, quantity), at(market, layout.TIERS)
    tier, size = tier_of(market, abs(value)), abs(quantity) * market[layout.QUANTA_PER_UNIT]
    health = boxes.health_at_zero(value, tier_maintenance(market, abs(value), tier), budget)
    below, above, rates = at(columns, layout.TURNS_BELOW), at(columns, layout.TURNS_ABOVE), at(columns, layout.RATES)
    quanta, rests = at(columns, layout.DEDUCTION_QUANTA), at(columns, layout.DEDUCTION_RESTS)
    if quantity > 0:
        return lower_end(health, size, below, rates, quanta, rests, 0, market[layout.TIER_COUNT])
    return upper_end(health, size, above, rates, quanta, rests, 0, market[layout.TIER_COUNT])


def enter_heap(book: Words, number: int, key: int) -> None:
    """Have a position wait for a mark; whatever entry it had counts no more."""
    position = position_row(book, number)
    market = market_row(book, position[layout.MARKET])
    position[layout.KEYED] = key
    if position[layout.QUANTITY] > 0:
        add(book, at(market, layout.LONG_HEAP), -key, number)
    else:
        add(book, at(market, layout.SHORT_HEAP), key, number)


# ----------------------------------------------------------------- heaps of pairs, the least key first


def add(book: Words, heap: Words, key: int, number: int) -> None:
    """Put a pair into a heap."""
    push(book, heap, key)
    push(book, heap, number)
    pairs, place = items(book, heap), heap[USED] // 2 - 1
    while place > 0 and pairs[2 * ((place - 1) // 2)] > key:
        parent = (place - 1) // 2
        pairs[2 * place] = pairs[2 * parent]
        pairs[2 * place + 1] = pairs[2 * parent + 1]
        place = parent
    pairs[2 * place] = key
    pairs[2 * place + 1] = number


def pop(book: Words, heap: Words) -> None:
    """Take the first pair out of a heap."""
    heap[USED] = heap[USED] - 2
    pairs, count = items(book, heap), heap[USED] // 2
    sink(pairs, count, 0, pairs[2 * count], pairs[2 * count + 1])


def sink(pairs: Words, count: int, place: int, key: int, number: int) -> None:
    """Put a pair into a heap from a place downwards."""
    child = 2 * place + 1
    while child < count:
        if child + 1 < count and pairs[2 * child + 2] < pairs[2 * child]:
            child = child + 1
        if pairs[2 * child] >= key:
            break
        pairs[2 * place] = pairs[2 * child]
        pairs[2 * place + 1] = pairs[2 * child + 1]
        place = child
        child = 2 * place + 1
    pairs[2 * place] = key
    pairs[2 * place + 1] = number


LEAST_CROWD = 1024


def rebuild_if_crowded(book: Words, market: Words, side: int) -> None:
    """Drop the entries of a heap that count no more, once they are most of it."""
    heap = at(market, side)
    count, open_positions = heap[USED] // 2, at(market, layout.MARKET_POSITIONS)[USED]
    if count < max(LEAST_CROWD, 2 * open_positions):
        return
    pairs, kept = items(book, heap), 0
    for place in range(count):
        key, number = pairs[2 * place], pairs[2 * place + 1]
        position = position_row(book, number)
        is_long = side == layout.LONG_HEAP
        of_side = position[layout.QUANTITY] > 0 if is_long else position[layout.QUANTITY] < 0
        if of_side and position[layout.KEYED] == (-key if is_long else key):
            pairs[2 * kept] = key
            pairs[2 * kept + 1] = number
            kept = kept + 1
    keep_heap(book, heap, kept)


def keep_heap(book: Words, heap: Words, count: int) -> None:
    """Make a heap of its first pairs, so many of them, and drop the rest."""
    pairs = items(book, heap)
    heap[USED] = 2 * count
    for place in range(count // 2 - 1, -1, -1):
        sink(pairs, count, place, pairs[2 * place], pairs[2 * place + 1])
