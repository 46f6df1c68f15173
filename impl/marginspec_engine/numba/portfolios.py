"""Compiled loops over portfolios: figures of domains, bands, bankruptcy prices, and ranks in the queues.

The arithmetic is that of `kernels`. The loop over all domains goes by blocks that stay in the processor's cache, one
step of arithmetic after the other, so that the steps become vector instructions.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from marginspec_engine.kernels.bands import Hedge, bankruptcy_price, hedge_end, highest_price, lower_end, upper_end
from marginspec_engine.kernels.deleveraging import compare_scores
from marginspec_engine.kernels.limits import NO_PRICE
from marginspec_engine.kernels.margin import maintenance_margin, value_of
from marginspec_engine.kernels.quotients import divided_down, end_on_line, line_parts, scaled_by_hints
from marginspec_engine.kernels.rates import part_up
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.numba.compiling import OPTIONS, compiled
from marginspec_engine.rules.rankings import RANKINGS, Figures, score_by

BLOCK = 512
"""Positions in a block: its six columns take 24 kB."""
LARGEST = 2**60
"""A domain whose cash, costs and values at mark are each at most this has no figure beyond 2^62."""


class MarketColumns(NamedTuple):
    """Markets, a row each; their tiers, `width` rows each, of which the first `tier_counts` count.

    `unit_values` are quanta that one lot is worth at mark, `most_lots` the lots worth at most 2^60. Behind a market's
    last tier floors are so high that nothing is above them.
    """

    marks: Words64
    quanta_per_unit: Words64
    unit_values: Words64
    most_lots: Words64
    asset_units: Words64
    tier_counts: Words64
    width: int
    floors: Words64
    rates: Words64
    deduction_quanta: Words64
    deduction_rests: Words64
    turns_below: Words64
    turns_above: Words64


class PositionColumns(NamedTuple):
    """Domains and their positions: domain d has positions first[d] to first[d + 1], all amounts in quanta."""

    cash: Words64
    first: Words64
    markets: Words64
    quantities: Words64
    costs: Words64


class DomainFigures(NamedTuple):
    """Equity and maintenance margin of each domain, in quanta."""

    equity: Words64
    maintenance: Words64


class PositionFigures(NamedTuple):
    """Value at mark, signed, and maintenance margin of each position, in quanta."""

    values: Words64
    maintenance: Words64


# ----------------------------------------------------------------- limits


def domain_fits(markets: MarketColumns, positions: PositionColumns, domain: int) -> bool:
    """Whether a domain's cash, costs and values at mark are each at most LARGEST."""
    costs, values = 0, 0
    if abs(positions.cash[domain]) > LARGEST:
        return False
    for place in range(positions.first[domain], positions.first[domain + 1]):
        market, quantity, cost = positions.markets[place], abs(positions.quantities[place]), abs(positions.costs[place])
        if quantity > markets.most_lots[market] or cost > LARGEST:
            return False
        costs, values = costs + cost, values + quantity * markets.unit_values[market]
        if costs > LARGEST or values > LARGEST:
            return False
    return True


def find_unfit(markets: MarketColumns, positions: PositionColumns, begin: int, end: int, fits: Any) -> None:
    """Tell for each domain whether it fits."""
    for domain in range(begin, end):
        fits[domain] = domain_fits(markets, positions, domain)


# ----------------------------------------------------------------- figures


def tier_among(markets: MarketColumns, market: int, notional: int) -> int:
    """Where the tier stands that holds a notional (MKT-02): floors below it are counted, which needs no guess."""
    first = market * markets.width
    tier = first
    for above in range(first + 1, first + markets.width):
        tier += notional > markets.floors[above]
    return tier


def block_end(first: Words64, begin: int, end: int) -> int:
    """The domain before which a block of domains ends that begins at one; at least one domain is in it."""
    last = min(end, begin + BLOCK)
    while last > begin + 1 and first[last] - first[begin] > BLOCK:
        last -= max(1, (last - begin) // 8)
    return last


def sum_domains(
    markets: MarketColumns, positions: PositionColumns, begin: int, end: int, figures: DomainFigures
) -> None:
    """Equity and maintenance margin of domains, block by block (ACC-03, MRG-04)."""
    largest = max(BLOCK, largest_domain(positions, begin, end))
    values, rates, rests = np.empty(largest, np.int64), np.empty(largest, np.int64), np.empty(largest, np.int64)
    quanta, gains, margins = np.empty(largest, np.int64), np.empty(largest, np.int64), np.empty(largest, np.int64)
    domain = begin
    while domain < end:
        last = block_end(positions.first, domain, end)
        start = positions.first[domain]
        count = positions.first[last] - start
        for place in range(count):
            market = positions.markets[start + place]
            value = positions.quantities[start + place] * markets.unit_values[market]
            tier = tier_among(markets, market, abs(value))
            values[place], rates[place] = value, markets.rates[tier]
            quanta[place], rests[place] = markets.deduction_quanta[tier], markets.deduction_rests[tier]
        for place in range(count):
            gains[place] = values[place] - positions.costs[start + place]
        for place in range(count):
            margins[place] = part_up(abs(values[place]), rates[place], rests[place]) - quanta[place]
        while domain < last:
            equity, maintenance = positions.cash[domain], 0
            for place in range(positions.first[domain] - start, positions.first[domain + 1] - start):
                equity += gains[place]
                maintenance += margins[place]
            figures.equity[domain], figures.maintenance[domain] = equity, maintenance
            domain += 1


def see_positions(
    markets: MarketColumns, positions: PositionColumns, begin: int, end: int, figures: PositionFigures
) -> None:
    """Value and maintenance margin of each position (MRG-01, MRG-04)."""
    for place in range(begin, end):
        market = positions.markets[place]
        value = value_of(markets.marks[market], positions.quantities[place], markets.quanta_per_unit[market])
        tier = tier_among(markets, market, abs(value))
        figures.values[place] = value
        figures.maintenance[place] = maintenance_margin(
            abs(value), markets.rates[tier], markets.deduction_quanta[tier], markets.deduction_rests[tier]
        )


def find_unhealthy(
    markets: MarketColumns, market: int, positions: PositionColumns, begin: int, end: int, unhealthy: Any
) -> None:
    """Tell for isolated positions of one market, a domain each, which are not healthy (MRG-05)."""
    unit_value, first = markets.unit_values[market], market * markets.width
    values, margins, rates = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    quanta, rests = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    for start in range(begin, end, BLOCK):
        count, largest = min(BLOCK, end - start), 0
        for place in range(count):
            values[place] = positions.quantities[start + place] * unit_value
        for place in range(count):
            largest = max(largest, abs(values[place]))
        if markets.tier_counts[market] == 1 or largest <= markets.floors[first + 1]:
            rate, quantum, rest = markets.rates[first], markets.deduction_quanta[first], markets.deduction_rests[first]
            for place in range(count):
                margins[place] = part_up(abs(values[place]), rate, rest) - quantum
        else:
            choose_tiers(markets, market, values, largest, count, rates, quanta, rests)
            for place in range(count):
                margins[place] = part_up(abs(values[place]), rates[place], rests[place]) - quanta[place]
        for place in range(count):
            equity = positions.cash[start + place] + values[place] - positions.costs[start + place]
            unhealthy[start + place] = equity <= margins[place]


def choose_tiers(
    markets: MarketColumns,
    market: int,
    values: Words64,
    largest: int,
    count: int,
    rates: Words64,
    quanta: Words64,
    rests: Words64,
) -> None:
    """Rates and deductions of the tiers of some values in a market, none of them beyond the largest (MKT-02)."""
    first = market * markets.width
    for place in range(count):
        rates[place] = markets.rates[first]
        quanta[place], rests[place] = markets.deduction_quanta[first], markets.deduction_rests[first]
    for tier in range(first + 1, first + markets.tier_counts[market]):
        floor, rate = markets.floors[tier], markets.rates[tier]
        if floor >= largest:
            break
        quantum, rest = markets.deduction_quanta[tier], markets.deduction_rests[tier]
        for place in range(count):
            above = abs(values[place]) > floor
            rates[place] = rate if above else rates[place]
            quanta[place] = quantum if above else quanta[place]
            rests[place] = rest if above else rests[place]


# ----------------------------------------------------------------- prices


def other_side(positions: PositionColumns, domain: int, place: int) -> int:
    """Where a domain's other position in the market of one of its positions stands; that one if it is alone there."""
    for other in range(positions.first[domain], positions.first[domain + 1]):
        if other != place and positions.markets[other] == positions.markets[place]:
            return other
    return place


def largest_domain(positions: PositionColumns, begin: int, end: int) -> int:
    """The most positions that a domain has."""
    largest = 0
    for domain in range(begin, end):
        largest = max(largest, positions.first[domain + 1] - positions.first[domain])
    return largest


def find_bands(
    markets: MarketColumns, positions: PositionColumns, begin: int, end: int, below: Words64, above: Words64
) -> None:
    """The ends of the band of each position's market, below and above the mark (MRG-07)."""
    largest = largest_domain(positions, begin, end)
    values, maintenances = np.empty(largest, np.int64), np.empty(largest, np.int64)
    for domain in range(begin, end):
        start, equity, maintenance = positions.first[domain], positions.cash[domain], 0
        for place in range(start, positions.first[domain + 1]):
            market = positions.markets[place]
            value = positions.quantities[place] * markets.unit_values[market]
            tier = tier_among(markets, market, abs(value))
            quanta, rest = markets.deduction_quanta[tier], markets.deduction_rests[tier]
            margin = maintenance_margin(abs(value), markets.rates[tier], quanta, rest)
            values[place - start], maintenances[place - start] = value, margin
            equity += value - positions.costs[place]
            maintenance += margin
        for place in range(start, positions.first[domain + 1]):
            health = equity - values[place - start] - (maintenance - maintenances[place - start])
            mark, other = markets.marks[positions.markets[place]], other_side(positions, domain, place)
            if equity <= maintenance:
                below[place], above[place] = mark, mark
            elif other == place:
                below[place], above[place] = band_of(markets, positions, place, health)
            else:
                health = health - values[other - start] + maintenances[other - start]
                below[place], above[place] = hedge_band(markets, positions, place, other, health)


def band_of(markets: MarketColumns, positions: PositionColumns, place: int, health: int) -> tuple[int, int]:
    """The band of a position alone in its market, of a health at a price of zero, in a healthy domain."""
    market, quantity = positions.markets[place], positions.quantities[place]
    size, first = abs(quantity) * markets.quanta_per_unit[market], market * markets.width
    rates, quanta, rests = markets.rates, markets.deduction_quanta, markets.deduction_rests
    last = first + markets.tier_counts[market]
    if quantity > 0:
        return lower_end(health, size, markets.turns_below, rates, quanta, rests, first, last), NO_PRICE
    return NO_PRICE, upper_end(health, size, markets.turns_above, rates, quanta, rests, first, last)


def hedge_band(markets: MarketColumns, positions: PositionColumns, one: int, two: int, health: int) -> tuple[int, int]:
    """The band of both positions of a market, of a health at a price of zero, in a healthy domain."""
    market, lots, others = positions.markets[one], positions.quantities[one], positions.quantities[two]
    mark, unit, first = markets.marks[market], markets.quanta_per_unit[market], market * markets.width
    long_size, short_size = max(lots, others) * unit, -min(lots, others) * unit
    lines = (markets.floors, markets.rates, markets.deduction_quanta, markets.deduction_rests)
    hedge = Hedge(health, long_size, short_size, *lines, first, first + markets.tier_counts[market])
    return hedge_end(hedge, mark, 1), hedge_end(hedge, mark, highest_price(max(long_size, short_size)))


def find_bands_alone(
    markets: MarketColumns, positions: PositionColumns, begin: int, end: int, below: Words64, above: Words64
) -> None:
    """The same of domains of one position each, block by block, so that the steps become vector instructions."""
    values, healths, sizes = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    rows, tiers, margins = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    rates, quanta, rests = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    for start in range(begin, end, BLOCK):
        count = min(BLOCK, end - start)
        for place in range(count):
            market, quantity = positions.markets[start + place], positions.quantities[start + place]
            rows[place], sizes[place] = market * markets.width, quantity * markets.quanta_per_unit[market]
            values[place] = quantity * markets.unit_values[market]
        for place in range(count):
            healths[place] = positions.cash[start + place] - positions.costs[start + place]
        find_tiers(markets, values, rows, count, margins, tiers)
        pick_tiers(markets, tiers, count, rates, quanta, rests)
        for place in range(count):
            margins[place] = part_up(abs(values[place]), rates[place], rests[place]) - quanta[place]
        find_lines(markets, healths, sizes, rows, count, quanta, rests, tiers)
        pick_tiers(markets, tiers, count, rates, quanta, rests)
        find_ends(healths, sizes, count, rates, quanta, rests, tiers)
        for place in range(count):
            # Of an unhealthy position the end means nothing: its band is the mark.
            mark, is_healthy = markets.marks[positions.markets[start + place]], healths[place] + values[place]
            end_or_mark = tiers[place] if is_healthy > margins[place] else mark
            other = NO_PRICE if is_healthy > margins[place] else mark
            below[start + place] = end_or_mark if sizes[place] > 0 else other
            above[start + place] = other if sizes[place] > 0 else end_or_mark


def find_tiers(
    markets: MarketColumns, values: Words64, rows: Words64, count: int, notionals: Words64, tiers: Words64
) -> None:
    """Which rows hold the tiers of some values at mark; a floor counts once it is passed."""
    for place in range(count):
        notionals[place] = abs(values[place]) - 1
    count_reached(notionals, rows, markets.floors, markets.width, count, tiers)


NOT_REACHED = -(2**63)
"""An amount below every turn."""


def find_lines(
    markets: MarketColumns,
    healths: Words64,
    sizes: Words64,
    rows: Words64,
    count: int,
    downwards: Words64,
    upwards: Words64,
    lines: Words64,
) -> None:
    """Which rows hold the tiers whose lines some positions meet, by health at a price of zero (see `met_place`)."""
    for place in range(count):
        lines[place] = -healths[place] if sizes[place] > 0 else NOT_REACHED
    count_reached(lines, rows, markets.turns_below, markets.width, count, downwards)
    for place in range(count):
        lines[place] = healths[place] if sizes[place] < 0 else NOT_REACHED
    count_reached(lines, rows, markets.turns_above, markets.width, count, upwards)
    for place in range(count):
        lines[place] = downwards[place] if sizes[place] > 0 else upwards[place]


def count_reached(amounts: Words64, rows: Words64, turns: Words64, width: int, count: int, reached: Words64) -> None:
    """For each amount the last row of its table, which begins at a row, of which it has reached the turn."""
    for place in range(count):
        reached[place] = rows[place]
    for tier in range(1, width):
        for place in range(count):
            reached[place] += amounts[place] >= turns[rows[place] + tier]


def pick_tiers(
    markets: MarketColumns, tiers: Words64, count: int, rates: Words64, quanta: Words64, rests: Words64
) -> None:
    """Rates and deductions of the tiers in some rows."""
    for place in range(count):
        tier = tiers[place]
        rates[place], quanta[place] = markets.rates[tier], markets.deduction_quanta[tier]
        rests[place] = markets.deduction_rests[tier]


def find_ends(
    healths: Words64, sizes: Words64, count: int, rates: Words64, quanta: Words64, rests: Words64, ends: Words64
) -> None:
    """The ends of bands of positions by the lines that they meet, which are written over."""
    for place in range(count):
        whole, rest, divisor = line_parts(sizes[place] > 0, healths[place], rates[place], quanta[place], rests[place])
        quanta[place], rests[place], rates[place] = whole, rest, divisor
    for place in range(count):
        ends[place] = scaled_by_hints(max(0, quanta[place]), rests[place], rates[place])
    for place in range(count):
        ends[place] = divided_down(ends[place], abs(sizes[place]))
    for place in range(count):
        ends[place] = end_on_line(sizes[place] > 0, quanta[place], ends[place], abs(sizes[place]))


def find_bankruptcies(
    markets: MarketColumns,
    positions: PositionColumns,
    domains: DomainFigures,
    seen: PositionFigures,
    begin: int,
    end: int,
    prices: Words64,
) -> None:
    """The mark of each position's market at which its domain's equity is zero (MRG-08)."""
    for domain in range(begin, end):
        for place in range(positions.first[domain], positions.first[domain + 1]):
            market, equity, slope = positions.markets[place], domains.equity[domain], 0
            for other in range(positions.first[domain], positions.first[domain + 1]):
                if positions.markets[other] == market:
                    equity -= seen.values[other]
                    slope += positions.quantities[other] * markets.quanta_per_unit[market]
            prices[place] = bankruptcy_price(equity, slope)


# ----------------------------------------------------------------- ranks


class Scores(NamedTuple):
    """Four factors of each position's score, and who stands first among equals: the lower number."""

    above: Words64
    times: Words64
    below: Words64
    by: Words64
    ties: Words64


def write_scores(
    markets: MarketColumns,
    positions: PositionColumns,
    domains: DomainFigures,
    seen: PositionFigures,
    ranking: int,
    scores: Scores,
) -> None:
    """The score of every position of a healthy domain (ADL-02)."""
    for domain in range(len(positions.cash)):
        equity, maintenance = domains.equity[domain], domains.maintenance[domain]
        if equity <= maintenance:
            continue
        for place in range(positions.first[domain], positions.first[domain + 1]):
            value, cost = seen.values[place], positions.costs[place]
            cash, unit = positions.cash[domain], markets.asset_units[positions.markets[place]]
            found = score_by(ranking, Figures(value - cost, cost, abs(value), cash, maintenance, equity, unit))
            scores.above[place], scores.times[place], scores.below[place], scores.by[place] = found


def stands_first(scores: Scores, first: int, second: int) -> bool:
    """Whether a position stands before another in their queue (ADL-02)."""
    order = compare_scores(
        (scores.above[first], scores.times[first], scores.below[first], scores.by[first]),
        (scores.above[second], scores.times[second], scores.below[second], scores.by[second]),
    )
    return order > 0 or (order == 0 and scores.ties[first] < scores.ties[second])


def merge_runs(scores: Scores, queue: Words64, spare: Words64, first: int, middle: int, end: int) -> None:
    """Merge two sorted runs of a queue that stand side by side; at once if they are in order."""
    if middle >= end or not stands_first(scores, queue[middle], queue[middle - 1]):
        return
    for place in range(first, middle):
        spare[place] = queue[place]
    left, right, place = first, middle, first
    while left < middle:
        if right < end and stands_first(scores, queue[right], spare[left]):
            queue[place] = queue[right]
            right += 1
        else:
            queue[place] = spare[left]
            left += 1
        place += 1


def sort_queue(scores: Scores, queue: Words64, spare: Words64, first: int, end: int) -> None:
    """Sort the positions in some places of a queue, the highest score first; nearly sorted ones take one turn."""
    run = 1
    while run < end - first:
        for start in range(first, end - run, 2 * run):
            merge_runs(scores, queue, spare, start, start + run, min(start + 2 * run, end))
        run *= 2


def sort_queues(scores: Scores, queue: Words64, ends: Words64, begin: int, end: int) -> None:
    """Sort some of the queues that stand one after the other."""
    spare = np.empty(len(queue), np.int64)
    for number in range(begin, end):
        sort_queue(scores, queue, spare, ends[number - 1] if number else 0, ends[number])


# Written into their callers, since a call counts references to every array that it is given.
INNER: tuple[Any, ...] = (
    *(domain_fits, tier_among, block_end, largest_domain, other_side, band_of),
    *(choose_tiers, find_tiers, find_lines, count_reached, pick_tiers, find_ends),
)
for function in INNER:
    register_jitable(inline="always", **OPTIONS)(function)
CALLED: tuple[Any, ...] = (stands_first, merge_runs, sort_queue, score_by, *RANKINGS.values(), hedge_band)
for called in CALLED:
    register_jitable(**OPTIONS)(called)

fitting: Any = compiled(find_unfit)
summed: Any = compiled(sum_domains)
seen_positions: Any = compiled(see_positions)
unhealthy_found: Any = compiled(find_unhealthy)
bands_found: Any = compiled(find_bands)
bands_alone_found: Any = compiled(find_bands_alone)
bankruptcies_found: Any = compiled(find_bankruptcies)
scores_written: Any = compiled(write_scores)
queues_sorted: Any = compiled(sort_queues)
