"""Queues of counterparties: positions by score, with a tree over them that finds the first eligible one.

A node of the tree holds the best entry and the most spare of the positions below it, or better ones, so a node that is
not good enough for a lot rules all of them out. Leaves are kept up to date as domains change. The nodes above are as
soon as a leaf is better; that it is worse they learn when a search looks below them in vain. The order is that of the
event's first look at the market (ADL-02).
"""

from marginspec_engine.compiled.fetching import FAR, LINE_BYTES, NEAR, fetch_position, fetch_positions
from marginspec_engine.compiled.figures import domain_margin, value_at_mark
from marginspec_engine.compiled.memory import Words, at, items, push, reserve, row
from marginspec_engine.compiled.octets import fetch, fraction_hint
from marginspec_engine.compiled.sorting import rank_accounts, sort_pairs
from marginspec_engine.compiled.touched import forget
from marginspec_engine.kernels import deleveraging as kernels
from marginspec_engine.kernels import margin
from marginspec_engine.kernels.wide import compare_products, multiply_divide_down
from marginspec_engine.layout import (
    ACCOUNT,
    ACCOUNTS,
    ADDRESS,
    ASSET,
    ASSET_ROW,
    ASSET_UNIT,
    ASSETS,
    CASH,
    COST,
    DIRTY,
    DOMAIN,
    DOMAIN_ROW,
    DOMAINS,
    EVENT,
    FIRST,
    FIRST_LOSING,
    FIRST_LOT,
    FRONT,
    IMPROVED,
    IS_DIRTY,
    KEYS,
    LEAF,
    LEAF_EVENT,
    LEAVES,
    LONG_QUEUE,
    LOSING,
    LOT,
    LOTS,
    MARKET,
    MARKET_POSITIONS,
    MARKET_ROW,
    MARKETS,
    NEXT,
    NONE,
    OWNER,
    PAIRLESS_LONG,
    PAIRLESS_SHORT,
    POSITION,
    POSITIONS,
    QUANTITY,
    QUEUE_EVENT,
    QUEUED,
    QUEUES_TAKEN,
    RANK,
    RANKS_BITMEX,
    SHORT_QUEUE,
    SIDE,
    TREE,
    USED,
    WORD_BYTES,
    WORKING,
)

# ----------------------------------------------------------------- candidates and their order

CANDIDATE = 11
(NUMBERED, ABOVE, TIMES, BELOW, BY, ROUGH_PROFIT, ROUGH_RISK, KEY_RANK, HELD, COSTS, SPARE) = range(CANDIDATE)
"""Words of a candidate in WORKING: its position, four factors of its score, two of a rough one, its key's rank, and
what its leaf will hold."""
ROUGH_ONE = 2**30
MOST_ROUGH = 2**32
NOT_ROUGH = -1


def take_queues(book: Words, number: int) -> None:
    """Scores and order of both sides are taken at the event's first look at a market, and kept (ADL-02)."""
    market = row(book, MARKETS, number, MARKET_ROW)
    if market[QUEUE_EVENT] == book[EVENT]:
        return
    rank_accounts(book)
    market[QUEUE_EVENT] = book[EVENT]
    book[QUEUES_TAKEN] = book[EVENT]
    market[PAIRLESS_LONG] = NONE
    market[PAIRLESS_SHORT] = NONE
    shorts_lose, longs_lose = take_losing(book, market)
    take_queue(book, market, LONG_QUEUE, shorts_lose)
    take_queue(book, market, SHORT_QUEUE, longs_lose)


def take_losing(book: Words, market: Words) -> tuple[bool, bool]:
    """A market's lots that lose at mark, oldest first; and whether short ones do, and long ones.

    No lot that the event opens later loses: every domain has equity of at least zero by then (SET-01).
    """
    shorts_lose, longs_lose = False, False
    market[FIRST_LOSING] = 0
    losing, lot_number = at(market, LOSING), market[FIRST_LOT]
    losing[USED] = 0
    while lot_number != NONE:
        lot = row(book, LOTS, lot_number, LOT)
        if lot[COST] > value_at_mark(market, lot[QUANTITY]):
            push(book, losing, lot_number)
            shorts_lose = shorts_lose or lot[QUANTITY] < 0
            longs_lose = longs_lose or lot[QUANTITY] > 0
        lot_number = lot[NEXT]
    return shorts_lose, longs_lose


def take_queue(book: Words, market: Words, side: int, is_asked: bool) -> None:
    """The queue of a side: its positions in healthy domains, highest score first (ADL-02); empty if nobody will ask."""
    count = collect_candidates(book, market, side) if is_asked else 0
    order_candidates(book, count)
    queue = at(market, side)
    queued = at(queue, QUEUED)
    queued[USED] = 0
    reserve(book, queued, count)
    plant(book, queue, count)
    pairs = items(book, at(book, KEYS))
    for place in range(count):
        if place + FAR < count:
            fetch_candidate(book, pairs[2 * (place + FAR) + 1] % PLACES)
        if place + NEAR < count:
            fetch_position(book, candidate(book, pairs[2 * (place + NEAR) + 1] % PLACES)[NUMBERED])
        take_place(book, queue, place, candidate(book, pairs[2 * place + 1] % PLACES))
    queued[USED] = count
    queue[IMPROVED] = 0
    queue[FRONT] = 0
    for place in range(queue[LEAVES] - 1, 0, -1):
        join(book, queue, place)


def take_place(book: Words, queue: Words, place: int, chosen: Words) -> None:
    """Have a candidate stand at a place of a queue, and in its leaf."""
    number = chosen[NUMBERED]
    items(book, at(queue, QUEUED))[place] = number
    position = row(book, POSITIONS, number, POSITION)
    position[LEAF] = place
    position[LEAF_EVENT] = book[EVENT]
    leaf = node(book, queue, queue[LEAVES] + place)
    leaf[BEST_HELD] = chosen[HELD]
    leaf[BEST_COST] = chosen[COSTS]
    leaf[MOST_SPARE] = chosen[SPARE]


def collect_candidates(book: Words, market: Words, side: int) -> int:
    """Leave in WORKING the candidates of a side; gives how many there are."""
    listed, working = at(market, MARKET_POSITIONS), at(book, WORKING)
    working[USED] = 0
    reserve(book, working, CANDIDATE * listed[USED])
    for place in range(listed[USED]):
        fetch_positions(book, items(book, listed), place, listed[USED], 1)
        number = items(book, listed)[place]
        position = row(book, POSITIONS, number, POSITION)
        if (position[QUANTITY] > 0) == (side == LONG_QUEUE):
            equity, maintenance = domain_margin(book, position[DOMAIN])
            if equity > maintenance:
                add_candidate(book, market, number, equity, maintenance)
    return working[USED] // CANDIDATE


def add_candidate(book: Words, market: Words, number: int, equity: int, maintenance: int) -> None:
    """Put a position with its score into WORKING, by the profile's ranking (ADL-02)."""
    position = row(book, POSITIONS, number, POSITION)
    value = value_at_mark(market, position[QUANTITY])
    unrealised = margin.unrealised(value, position[COST])
    if book[RANKS_BITMEX] == 1:
        score = kernels.bitmex_score(unrealised, position[COST], abs(value), equity)
    else:
        cash = row(book, DOMAINS, position[DOMAIN], DOMAIN_ROW)[CASH]
        unit = row(book, ASSETS, market[ASSET], ASSET_ROW)[ASSET_UNIT]
        score = kernels.binance_score(unrealised, cash, maintenance, equity, unit)
    above, times, below, by = score
    working = at(book, WORKING)
    added = at(items(book, working), working[USED])
    working[USED] = working[USED] + CANDIDATE
    added[NUMBERED] = number
    added[ABOVE] = above
    added[TIMES] = times
    added[BELOW] = below
    added[BY] = by
    added[ROUGH_PROFIT] = rough(above, below)
    added[ROUGH_RISK] = rough(times, by)
    added[KEY_RANK] = key_rank(book, number)
    added[HELD] = position[QUANTITY]
    added[COSTS] = position[COST]
    added[SPARE] = equity - maintenance


def rough(number: int, divisor: int) -> int:
    """A fraction (>= 0) in 2^-30, rounded down; NOT_ROUGH if it is negative, too large or has no divisor."""
    if number < 0 or divisor <= 0 or number // divisor >= MOST_ROUGH:
        return NOT_ROUGH
    return multiply_divide_down(number, ROUGH_ONE, divisor)


PLACES = 2**31
"""A pair's second word is the rank of a candidate's key times this, and the candidate's place."""


def order_candidates(book: Words, count: int) -> None:
    """Leave in KEYS pairs in the candidates' order, each of a guess, and of key and place.

    Guesses, ties by key, bring them into almost that order, in which few exact comparisons find everybody in place.
    """
    keys = at(book, KEYS)
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
            fetch_boundary(book, pairs, start + run + 2 * run * NEAR, count)
            merge_candidates(book, pairs, at(pairs, 2 * count), start, start + run, min(start + 2 * run, count))
        run = 2 * run


def fetch_boundary(book: Words, pairs: Words, middle: int, count: int) -> None:
    """Have the candidates read soon that will be compared where two runs meet."""
    if middle < count:
        fetch_candidate(book, pairs[2 * middle - 1] % PLACES)
        fetch_candidate(book, pairs[2 * middle + 1] % PLACES)


LEAST_KEY, MOST_KEY = -(2**63) + 1, 2**63 - 1


def guessed_key(words: Words) -> int:
    """About where a candidate stands, from low to high: highest scores first, those of zero by key."""
    if words[BELOW] == 0:
        return LEAST_KEY if words[ABOVE] >= 0 else MOST_KEY
    if words[ABOVE] == 0:
        return words[KEY_RANK]
    guess = fraction_hint(abs(words[ABOVE]), words[TIMES], words[BELOW], words[BY])
    return -guess if words[ABOVE] > 0 else MOST_KEY // 2 + guess // 2


def merge_candidates(book: Words, pairs: Words, spare: Words, first: int, middle: int, end: int) -> None:
    """Merge two runs of ordered pairs that stand side by side; at once if they are in order, as they mostly are."""
    if not pair_stands_first(book, pairs, middle, pairs, middle - 1):
        return
    for place in range(2 * first, 2 * middle):
        spare[place] = pairs[place]
    left, right, place = first, middle, first
    while left < middle:
        if right < end and pair_stands_first(book, pairs, right, spare, left):
            pairs[2 * place] = pairs[2 * right]
            pairs[2 * place + 1] = pairs[2 * right + 1]
            right = right + 1
        else:
            pairs[2 * place] = spare[2 * left]
            pairs[2 * place + 1] = spare[2 * left + 1]
            left = left + 1
        place = place + 1


def pair_stands_first(book: Words, pairs: Words, place: int, others: Words, other: int) -> bool:
    """Whether the candidate of a pair stands before that of another."""
    first, second = pairs[2 * place + 1] % PLACES, others[2 * other + 1] % PLACES
    return stands_first(candidate(book, first), candidate(book, second))


def stands_first(first: Words, second: Words) -> bool:
    """Whether a candidate stands before another: the higher score, ties by key (ADL-02).

    Rough scores tell where their roundings, less than one unit in each part, cannot change the answer.
    """
    if has_rough_score(first) and has_rough_score(second):
        profit, risk, other_profit, other_risk = (
            first[ROUGH_PROFIT],
            first[ROUGH_RISK],
            second[ROUGH_PROFIT],
            second[ROUGH_RISK],
        )
        if compare_products(profit, risk, other_profit + 1, other_risk + 1) >= 0:
            return True
        if compare_products(other_profit, other_risk, profit + 1, risk + 1) >= 0:
            return False
    return stands_first_exactly(first, second)


def has_rough_score(words: Words) -> bool:
    """Whether a candidate has a rough score."""
    return words[BELOW] != 0 and words[ROUGH_PROFIT] != NOT_ROUGH and words[ROUGH_RISK] != NOT_ROUGH


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
    return at(items(book, at(book, WORKING)), CANDIDATE * place)


def fetch_candidate(book: Words, place: int) -> None:
    """Have the words of a candidate read soon."""
    start = at(book, WORKING)[ADDRESS] + CANDIDATE * place * WORD_BYTES
    fetch(start)
    fetch(start + LINE_BYTES)


def key_rank(book: Words, number: int) -> int:
    """Where a position's key stands among those of its market."""
    position = row(book, POSITIONS, number, POSITION)
    return 4 * row(book, ACCOUNTS, position[OWNER], ACCOUNT)[RANK] + position[SIDE]


# ----------------------------------------------------------------- the tree

NODE = 3
BEST_COST, BEST_HELD, MOST_SPARE = range(NODE)
"""Of a node: cost and lots of the position of the best entry below it (0 lots: there is none), and the most spare."""


def plant(book: Words, queue: Words, count: int) -> None:
    """Make an empty tree over so many places: node 1 is its root, 2n and 2n + 1 stand below node n, leaves last.

    It has at least two leaves, so that node 1 is none.
    """
    tree, leaves = at(queue, TREE), 2
    while leaves < count:
        leaves = 2 * leaves
    queue[LEAVES] = leaves
    tree[USED] = 0
    reserve(book, tree, 2 * leaves * NODE)
    for place in range(count, leaves):
        leaf = node(book, queue, leaves + place)
        leaf[BEST_HELD] = 0
        leaf[MOST_SPARE] = 0


def node(book: Words, queue: Words, place: int) -> Words:
    """A node of a queue's tree."""
    return at(items(book, at(queue, TREE)), NODE * place)


def write_leaf(book: Words, leaf: Words, number: int) -> None:
    """Write what a position can be closed against into its leaf."""
    position = row(book, POSITIONS, number, POSITION)
    leaf[BEST_HELD] = position[QUANTITY]
    leaf[BEST_COST] = position[COST]
    leaf[MOST_SPARE] = 0
    if position[QUANTITY] != 0:
        equity, maintenance = domain_margin(book, position[DOMAIN])
        leaf[MOST_SPARE] = equity - maintenance


def join(book: Words, queue: Words, place: int) -> bool:
    """Write a node from the two below it; whether it changed."""
    joined, left, right = node(book, queue, place), node(book, queue, 2 * place), node(book, queue, 2 * place + 1)
    best = left if is_better_entry(left, right) else right
    cost, held, spare = best[BEST_COST], best[BEST_HELD], max(left[MOST_SPARE], right[MOST_SPARE])
    is_changed = joined[BEST_COST] != cost or joined[BEST_HELD] != held or joined[MOST_SPARE] != spare
    joined[BEST_COST] = cost
    joined[BEST_HELD] = held
    joined[MOST_SPARE] = spare
    return is_changed


def is_better_entry(first: Words, second: Words) -> bool:
    """Whether a node's entry leaves its position more profit a lot than another's, or the same."""
    if first[BEST_HELD] == 0 or second[BEST_HELD] == 0:
        return second[BEST_HELD] == 0
    sizes = abs(first[BEST_HELD]), abs(second[BEST_HELD])
    return compare_products(-first[BEST_COST], sizes[1], -second[BEST_COST], sizes[0]) >= 0


def update_leaf(book: Words, queue: Words, place: int, number: int) -> None:
    """Write a position's leaf anew, and the nodes above it if it is better now; then that is counted."""
    leaf = node(book, queue, queue[LEAVES] + place)
    cost, held, spare = leaf[BEST_COST], leaf[BEST_HELD], leaf[MOST_SPARE]
    write_leaf(book, leaf, number)
    if leaf[BEST_HELD] == 0 or (leaf[MOST_SPARE] <= spare and not entry_improved(leaf, cost, held)):
        return
    queue[IMPROVED] = queue[IMPROVED] + 1
    above = (queue[LEAVES] + place) // 2
    while above > 0 and join(book, queue, above):
        above = above // 2


def entry_improved(leaf: Words, cost: int, held: int) -> bool:
    """Whether a leaf's entry is better than one of this cost and lots."""
    return held == 0 or compare_products(-leaf[BEST_COST], abs(held), -cost, abs(leaf[BEST_HELD])) > 0


def refresh_leaves(book: Words) -> None:
    """Write the leaves of all domains anew that changed since the last search."""
    changed = at(book, DIRTY)
    while changed[USED] > 0:
        changed[USED] = changed[USED] - 1
        domain = items(book, changed)[changed[USED]]
        forget(book, domain, IS_DIRTY)
        number = row(book, DOMAINS, domain, DOMAIN_ROW)[FIRST]
        while number != NONE:
            position = row(book, POSITIONS, number, POSITION)
            market = row(book, MARKETS, position[MARKET], MARKET_ROW)
            if position[LEAF_EVENT] == book[EVENT] and market[QUEUE_EVENT] == book[EVENT]:
                update_leaf(book, at(market, queue_side(position[QUANTITY])), position[LEAF], number)
            number = position[NEXT]


def drop_leaf(book: Words, number: int, quantity: int) -> None:
    """Write the leaf of a position anew that was of a sign and is gone."""
    position = row(book, POSITIONS, number, POSITION)
    queue = at(row(book, MARKETS, position[MARKET], MARKET_ROW), queue_side(quantity))
    update_leaf(book, queue, position[LEAF], number)


def queue_side(quantity: int) -> int:
    """The queue of positions of a sign."""
    return LONG_QUEUE if quantity > 0 else SHORT_QUEUE


def first_eligible(book: Words, queue: Words, lot: Words, spare: int) -> int:
    """The first position of a queue whose entry is no worse than a lot's, with this much spare; NONE (ADL-01)."""
    place = front_leaf(book, queue)
    while place > 1:
        if may_be_eligible(node(book, queue, place), lot, spare):
            if place >= queue[LEAVES]:
                number = waiting(book, queue, place - queue[LEAVES])
                if number != NONE:
                    return number
            elif may_be_below(book, queue, place, lot, spare):
                place = 2 * place
                continue
        while place % 2 == 1 and place > 1:
            place = place // 2
        place = place + 1 if place > 1 else place
    return NONE


def front_leaf(book: Words, queue: Words) -> int:
    """The first leaf whose position is not gone for the event; 1, where a search ends, if there is none."""
    front, count = queue[FRONT], at(queue, QUEUED)[USED]
    while front < count and node(book, queue, queue[LEAVES] + front)[BEST_HELD] == 0:
        front = front + 1
    queue[FRONT] = front
    return queue[LEAVES] + front if front < count else 1


def waiting(book: Words, queue: Words, place: int) -> int:
    """The position at a place of a queue; NONE, and its leaf is written, if it is gone, and so in no domain."""
    queued = at(queue, QUEUED)
    fetch_positions(book, items(book, queued), place, queued[USED], 1)
    number = items(book, queued)[place]
    if row(book, POSITIONS, number, POSITION)[QUANTITY] != 0:
        return number
    update_leaf(book, queue, place, number)
    return NONE


def may_be_below(book: Words, queue: Words, place: int, lot: Words, spare: int) -> bool:
    """Whether a node below one that looks good enough for a lot does too; if none does, the node is written anew."""
    left, right = node(book, queue, 2 * place), node(book, queue, 2 * place + 1)
    if may_be_eligible(left, lot, spare) or may_be_eligible(right, lot, spare):
        return True
    join(book, queue, place)
    return False


def may_be_eligible(below: Words, lot: Words, spare: int) -> bool:
    """Whether a node's best entry and most spare are good enough for a lot; of a leaf: whether it is eligible."""
    if below[BEST_HELD] == 0 or below[MOST_SPARE] < spare:
        return False
    return kernels.entry_is_no_worse(below[BEST_HELD], below[BEST_COST], lot[QUANTITY], lot[COST])
