"""Figures of many domains at once: beside a scan by a peer, and beside the same sweep in floating point."""

from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from marginspec_engine.batches.portfolios import Portfolio
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.numba.portfolios import LARGEST, MarketColumns, PositionColumns
from marginspec_engine.rules.market import turn_above, turn_below
from marginspec_tools.bench.measurements import Measurement, alternating, on_threads, seconds_of
from marginspec_tools.bench.worlds import ONE, TIERS

ROUNDS = 7
BLOCK = 512
QUANTA_PER_UNIT = 1_000
"""Of a lot of a thousandth at a price of a hundredth."""
MARKETS_APART = 37
Floats = npt.NDArray[np.float64]


def portfolio_of(
    accounts: int, positions: int, markets: int, seed: int, threads: int = 1, thinnest: int = 30
) -> Portfolio:
    """Accounts with so many positions each, in different markets, with cash around what they need.

    Cash is at least one part in `thinnest` of what an account's positions are worth.
    """
    random = np.random.default_rng(seed)
    columns = markets_of(random.integers(1_000, 10_000_000, markets))
    count = accounts * positions
    nearby = random.integers(0, markets, accounts)[:, None] + MARKETS_APART * np.arange(positions)
    chosen, quantities = (nearby % markets).reshape(-1), random.integers(1, 5_000, count)
    quantities *= random.choice(np.array([-1, 1]), count)
    values = quantities * columns.unit_values[chosen]
    costs = values + values // 1_000 * random.integers(-50, 50, count)
    cash = np.abs(values).reshape(accounts, positions).sum(1) // random.integers(3, thinnest, accounts)
    first = np.arange(0, count + 1, positions)
    return Portfolio(columns, PositionColumns(cash, first, chosen, quantities, costs), threads)


def markets_of(marks: Words64) -> MarketColumns:
    """Markets at these marks, all with the tiers of the worlds."""
    count, width = len(marks), len(TIERS)
    floors = np.array([tier.floor for tier in TIERS], np.int64)
    rates = np.array([tier.maintenance_rate for tier in TIERS], np.int64)
    # In 1e-16, beyond 64 bits.
    steps = [upper.floor * (upper.maintenance_rate - lower.maintenance_rate) for lower, upper in pairwise(TIERS)]
    deductions = list(accumulate(steps, initial=0))
    rows = list(zip(floors.tolist(), rates.tolist(), deductions, strict=True))
    return MarketColumns(
        marks,
        np.full(count, QUANTA_PER_UNIT),
        marks * QUANTA_PER_UNIT,
        LARGEST // (marks * QUANTA_PER_UNIT),
        np.full(count, ONE),
        np.full(count, width),
        width,
        np.tile(floors, count),
        np.tile(rates, count),
        np.tile([deduction // ONE for deduction in deductions], count),
        np.tile([deduction % ONE for deduction in deductions], count),
        np.tile([turn_below(*row) for row in rows], count),
        np.tile([turn_above(*row) for row in rows], count),
    )


# ----------------------------------------------------------------- the reference in floating point


class FloatColumns(NamedTuple):
    """What the reference reads: the same columns in floating point."""

    cash: Floats
    first: Words64
    markets: Words64
    quantities: Floats
    costs: Floats
    unit_values: Floats
    floors: Floats
    rates: Floats
    deductions: Floats
    width: int


def floats_of(portfolio: Portfolio) -> FloatColumns:
    """A portfolio in floating point."""
    markets, positions = portfolio.markets, portfolio.positions
    return FloatColumns(
        positions.cash / ONE,
        positions.first,
        positions.markets,
        positions.quantities.astype(np.float64),
        positions.costs / ONE,
        markets.unit_values / ONE,
        markets.floors / ONE,
        markets.rates / ONE,
        markets.deduction_quanta / ONE,
        markets.width,
    )


@numba.njit(error_model="numpy", nogil=True)
def sweep_in_floats(columns: FloatColumns, begin: int, end: int, equities: Floats, maintenances: Floats) -> None:
    """Equity and maintenance margin of domains, position by position."""
    for domain in range(begin, end):
        equity, maintenance = columns.cash[domain], 0.0
        for place in range(columns.first[domain], columns.first[domain + 1]):
            market = columns.markets[place]
            value = columns.quantities[place] * columns.unit_values[market]
            tier = market * columns.width
            last = tier + columns.width - 1
            while tier < last and abs(value) > columns.floors[tier + 1]:
                tier += 1
            equity += value - columns.costs[place]
            maintenance += abs(value) * columns.rates[tier] - columns.deductions[tier]
        equities[domain], maintenances[domain] = equity, maintenance


@numba.njit(error_model="numpy", nogil=True)
def sweep_blocks_in_floats(columns: FloatColumns, begin: int, end: int, equities: Floats, maintenances: Floats) -> None:
    """The same block by block, as the exact sweep goes; domains have the same number of positions."""
    each = columns.first[1] - columns.first[0]
    domains = BLOCK // each
    values, rates = np.empty(BLOCK, np.float64), np.empty(BLOCK, np.float64)
    deductions, gains = np.empty(BLOCK, np.float64), np.empty(BLOCK, np.float64)
    for first in range(begin, end, domains):
        last = min(end, first + domains)
        start, count = first * each, (last - first) * each
        for place in range(count):
            market = columns.markets[start + place]
            value = columns.quantities[start + place] * columns.unit_values[market]
            tier = market * columns.width
            for above in range(market * columns.width + 1, (market + 1) * columns.width):
                tier += abs(value) > columns.floors[above]
            values[place], rates[place], deductions[place] = value, columns.rates[tier], columns.deductions[tier]
        for place in range(count):
            gains[place] = values[place] - columns.costs[start + place]
            values[place] = abs(values[place]) * rates[place] - deductions[place]
        for domain in range(first, last):
            equity, maintenance = columns.cash[domain], 0.0
            for place in range((domain - first) * each, (domain - first + 1) * each):
                equity += gains[place]
                maintenance += values[place]
            equities[domain], maintenances[domain] = equity, maintenance


def triad(sums: Floats, first: Floats, second: Floats, factor: float) -> None:
    """The memory's own measure: three columns passed once."""
    for place in range(len(sums)):
        sums[place] = first[place] + factor * second[place]


compiled_triad: Any = numba.njit(triad)

# ----------------------------------------------------------------- figures


def sweep_measurement(accounts: int, seed: int, threads: int) -> Measurement:
    """Equity and maintenance margin of all accounts of four positions, exactly, beside floating point."""
    portfolio = portfolio_of(accounts, 4, 600, seed, threads)
    floats = floats_of(portfolio)
    found: tuple[Floats, Floats] = np.empty(accounts), np.empty(accounts)
    columns = [np.ones(4 * accounts) for _ in range(3)]

    def seconds_in_floats(sweep: Any) -> float:
        """Seconds of a sweep in floating point, on as many threads as the exact one."""

        def sweep_part(begin: int, end: int) -> None:
            """Sweep the domains from one up to another, which is left out."""
            sweep(floats, begin, end, *found)

        return seconds_of(lambda: portfolio.in_parts(accounts, sweep_part))

    into = portfolio.domain_figures()
    ours, plain, blocks, memory = alternating(
        ROUNDS,
        lambda: seconds_of(lambda: portfolio.write_domain_figures(into)),
        lambda: seconds_in_floats(sweep_in_floats),
        lambda: seconds_in_floats(sweep_blocks_in_floats),
        lambda: seconds_of(lambda: compiled_triad(*columns, 2.0)),
    )
    gap = float(np.abs(into.equity / ONE - found[0]).max())
    note = (
        f"float64 plain {1e9 * plain / accounts:.1f} ns, in blocks {1e9 * blocks / accounts:.1f} ns an account; memory "
        f"triad of as many rows {1e9 * memory / accounts:.1f} ns; largest difference of the two equities {gap:.0e}"
    )
    named = f"exact sweep of {accounts:,} accounts of 4 positions {on_threads(threads)}, an account"
    best = min(plain, blocks)
    return Measurement("sweep", named, accounts, 1e6 * ours / accounts, "float64", 1e6 * best / accounts, 1 / 1.5, note)
