"""Figures of many domains at once, as arrays: margins, liquidation bands, bankruptcy prices, ranks in the queues.

Prices count units of their market, quantities lots, amounts quanta: all exact, as the rulebook computes them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from marginspec.model.market import Market
from marginspec.model.state import Ranking
from marginspec_engine.kernels.limits import MOST, NO_PRICE, RATE_ONE
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.numba.portfolios import (
    LARGEST,
    DomainFigures,
    MarketColumns,
    PositionColumns,
    PositionFigures,
    Scores,
    bands_alone_found,
    bands_found,
    bankruptcies_found,
    fitting,
    queues_sorted,
    scores_written,
    seen_positions,
    summed,
    unhealthy_found,
)
from marginspec_engine.rules.market import turn_above, turn_below
from marginspec_engine.rules.rankings import RANKING_NAMES

Flags = npt.NDArray[np.bool_]

__all__ = ["NO_PRICE", "Portfolio", "market_columns"]


def market_columns(markets: Sequence[Market], asset_unit: int = 10**8) -> MarketColumns:
    """Markets with a mark as columns; `asset_unit` is how many quanta an asset's unit has."""
    width = max((len(market.tiers.tiers) for market in markets), default=1)
    shape = (len(markets), width)
    floors, rates = np.full(shape, MOST, np.int64), np.zeros(shape, np.int64)
    quanta, rests = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    below, above = np.full(shape, MOST, np.int64), np.full(shape, MOST, np.int64)
    for number, market in enumerate(markets):
        for place, tier in enumerate(market.tiers.tiers):
            floors[number, place], rates[number, place] = tier.floor, tier.maintenance_rate
            quanta[number, place], rests[number, place] = divmod(tier.deduction, RATE_ONE)
            below[number, place] = turn_below(tier.floor, tier.maintenance_rate, tier.deduction)
            above[number, place] = turn_above(tier.floor, tier.maintenance_rate, tier.deduction)
    unit_values = [market.marked() * market.quanta_per_unit for market in markets]
    return MarketColumns(
        np.array([market.marked() for market in markets], np.int64),
        np.array([market.quanta_per_unit for market in markets], np.int64),
        # Where one lot is worth more than 64 bits no lot fits, and nothing is multiplied by what stands here.
        np.array([min(value, MOST) for value in unit_values], np.int64),
        np.array([LARGEST // value for value in unit_values], np.int64),
        np.full(len(markets), asset_unit, np.int64),
        np.array([len(market.tiers.tiers) for market in markets], np.int64),
        width,
        floors.reshape(-1),
        rates.reshape(-1),
        quanta.reshape(-1),
        rests.reshape(-1),
        below.reshape(-1),
        above.reshape(-1),
    )


@cache
def pool_of(threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work, since starting them takes longer than a small portfolio."""
    return ThreadPoolExecutor(threads, "portfolio")


@attrs.frozen
class Portfolio:
    """Domains with positions, as columns; each figure is computed when it is asked for, on some threads.

    Domains must fit (`fits`): where one does not, figures are meaningless, and the rulebook's own functions answer.
    """

    markets: MarketColumns
    positions: PositionColumns
    threads: int = 1

    def in_parts(self, count: int, work: Callable[[int, int], Any]) -> None:
        """Do work on all numbers below a count, split over the threads: each part from one number to another.

        The first part is done here, while the threads that do the others wake up.
        """
        ends = [count * part // self.threads for part in range(self.threads + 1)]
        others = [pool_of(self.threads - 1).submit(work, *part) for part in pairwise(ends[1:])]
        work(0, ends[1])
        for other in others:
            other.result()

    @property
    def domains(self) -> int:
        """How many domains there are."""
        return len(self.positions.cash)

    @property
    def count(self) -> int:
        """How many positions there are."""
        return len(self.positions.markets)

    def fits(self) -> Flags:
        """For each domain, whether its cash, costs and values at mark are each at most 2^60."""
        found = np.empty(self.domains, np.bool_)
        self.in_parts(self.domains, lambda begin, end: fitting(self.markets, self.positions, begin, end, found))
        return found

    def domain_figures(self) -> DomainFigures:
        """Equity and maintenance margin of each domain (ACC-03, MRG-04)."""
        found = DomainFigures(np.empty(self.domains, np.int64), np.empty(self.domains, np.int64))
        self.write_domain_figures(found)
        return found

    def write_domain_figures(self, found: DomainFigures) -> None:
        """The same into columns that are there."""
        self.in_parts(self.domains, lambda begin, end: summed(self.markets, self.positions, begin, end, found))

    def position_figures(self) -> PositionFigures:
        """Value at mark, signed, and maintenance margin of each position (MRG-01, MRG-04)."""
        found = PositionFigures(np.empty(self.count, np.int64), np.empty(self.count, np.int64))
        self.in_parts(self.count, lambda begin, end: seen_positions(self.markets, self.positions, begin, end, found))
        return found

    def unhealthy(self, market: int = 0) -> Flags:
        """Which domains are not healthy, where each is one isolated position of the same market (MRG-05)."""
        found = np.empty(self.domains, np.bool_)
        self.write_unhealthy(market, found)
        return found

    def write_unhealthy(self, market: int, found: Flags) -> None:
        """The same into a column that is there."""
        self.in_parts(
            self.domains, lambda begin, end: unhealthy_found(self.markets, market, self.positions, begin, end, found)
        )

    def bands(self) -> tuple[Words64, Words64]:
        """For each position, the ends of the band in its market below and above the mark, or NO_PRICE (MRG-07)."""
        below, above = np.empty(self.count, np.int64), np.empty(self.count, np.int64)
        self.write_bands(below, above)
        return below, above

    def write_bands(self, below: Words64, above: Words64) -> None:
        """The same into columns that are there."""
        are_alone = bool((np.diff(self.positions.first) == 1).all())
        find = bands_alone_found if are_alone else bands_found
        self.in_parts(self.domains, lambda begin, end: find(self.markets, self.positions, begin, end, below, above))

    def bankruptcy_prices(self, domains: DomainFigures, seen: PositionFigures) -> Words64:
        """For each position, the mark of its market at which its domain's equity is zero, or NO_PRICE (MRG-08)."""
        prices = np.empty(self.count, np.int64)
        figures = (self.markets, self.positions, domains, seen)
        self.in_parts(self.domains, lambda begin, end: bankruptcies_found(*figures, begin, end, prices))
        return prices

    def ranks(
        self, domains: DomainFigures, seen: PositionFigures, ties: Words64, *, ranking: Ranking = "binance"
    ) -> Words64:
        """For each position, its place in its market's and side's queue, from 1; 0 in domains not healthy (ADL-02).

        Among equal scores the position with the lower number in `ties` stands first: the rulebook's order of keys.
        """
        above, times, below, by = (np.zeros(self.count, np.int64) for _ in range(4))
        scores = Scores(above, times, below, by, ties)
        scores_written(self.markets, self.positions, domains, seen, RANKING_NAMES.index(ranking), scores)
        queue_numbers = 2 * self.positions.markets + (self.positions.quantities > 0)
        is_queued = np.repeat(domains.equity > domains.maintenance, np.diff(self.positions.first))
        queue = np.nonzero(is_queued)[0]
        # Nearly in order by floating point, which decides nothing: then they are sorted exactly, queue by queue.
        rough = scores.above[queue] / scores.below[queue] * (scores.times[queue] / scores.by[queue])
        queue = queue[np.lexsort((ties[queue], -rough, queue_numbers[queue]))]
        lengths = np.bincount(queue_numbers[queue], minlength=2 * len(self.markets.marks))
        ends = np.cumsum(lengths)
        self.in_parts(len(ends), lambda begin, end: queues_sorted(scores, queue, ends, begin, end))
        ranks = np.zeros(self.count, np.int64)
        ranks[queue] = np.arange(len(queue)) - np.repeat(ends - lengths, lengths) + 1
        return ranks
