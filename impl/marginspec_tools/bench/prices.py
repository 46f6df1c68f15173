"""Liquidation prices in batch, beside peers that answer the same question."""

from functools import partial
from typing import Any

import attrs
import numpy as np

from marginspec_engine.batches.portfolios import NO_PRICE, Portfolio
from marginspec_tools.bench.measurements import Measurement, alternating, on_threads, seconds_of
from marginspec_tools.bench.peers_setup import Peer
from marginspec_tools.bench.sweeps import portfolio_of
from marginspec_tools.bench.worlds import ONE, TIERS

ROUNDS = 5
SAMPLE = 20_000
"""So many prices are asked of a peer."""
CROSS = 16
"""Positions of a cross account."""
CLOSE = 1e-9
"""Two prices agree where they differ by no more than this part: what floating point may lose."""
NEEDED, MOST = 20, 0.5
"""The ratio to reach beside a peer that answers the same question: most of its prices agree."""
THINNEST = 10
"""Peers answer of healthy domains only, so cash is a tenth of the notional or more."""
PRICE_UNITS, LOT_UNITS = 100, 1_000

PEER_TIERS = [[tier.floor / ONE, tier.maintenance_rate / ONE, tier.max_leverage] for tier in TIERS]


def our_prices(portfolio: Portfolio) -> list[float | None]:
    """The liquidation price of each position, as a peer gives it."""
    below, above = portfolio.bands()
    chosen = np.where(portfolio.positions.quantities > 0, below, above)
    return [None if price == NO_PRICE else price / PRICE_UNITS for price in chosen.tolist()]


def isolated_rows(portfolio: Portfolio) -> list[list[float]]:
    """Isolated positions as peers take them: quantity, entry, cash, mark."""
    positions = portfolio.positions
    quantities = positions.quantities / LOT_UNITS
    entries = positions.costs / ONE / quantities
    marks = portfolio.markets.marks[positions.markets] / PRICE_UNITS
    rows: list[list[float]] = np.column_stack((quantities, entries, positions.cash / ONE, marks)).tolist()
    return rows


def cross_domains(portfolio: Portfolio) -> list[dict[str, Any]]:
    """Cross accounts as peers take them, each asked about its first market."""
    positions = portfolio.positions
    quantities = positions.quantities / LOT_UNITS
    entries = positions.costs / ONE / quantities
    marks = portfolio.markets.marks[positions.markets] / PRICE_UNITS
    rows = list(zip(positions.markets.tolist(), quantities.tolist(), entries.tolist(), marks.tolist(), strict=True))
    starts = positions.first.tolist()
    return [
        {"cash": cash / ONE, "positions": rows[first:end], "asked": rows[first][0]}
        for cash, first, end in zip(positions.cash.tolist(), starts, starts[1:], strict=False)
    ]


def first_domains(portfolio: Portfolio, domains: int) -> Portfolio:
    """The first domains of a portfolio."""
    first = portfolio.positions.first[: domains + 1]
    end = int(first[-1])
    columns = portfolio.positions
    kept = columns._replace(
        cash=columns.cash[:domains],
        first=first,
        markets=columns.markets[:end],
        quantities=columns.quantities[:end],
        costs=columns.costs[:end],
    )
    return Portfolio(portfolio.markets, kept, portfolio.threads)


def isolated_prices(positions: int, peers: dict[str, Peer], seed: int, threads: int) -> list[Measurement]:
    """Prices of isolated positions, beside each peer on a sample."""
    portfolio = portfolio_of(positions, 1, 1, seed, threads, THINNEST)
    prices = our_prices(first_domains(portfolio, SAMPLE))
    question: dict[str, Any] = {
        "kind": "isolated",
        "tiers": PEER_TIERS,
        "positions": isolated_rows(first_domains(portfolio, SAMPLE)),
    }
    named = f"liquidation price of {positions:,} isolated positions {on_threads(threads)}, each"
    return measurements_beside_peers("isolated prices", named, portfolio, prices, question, peers)


def cross_prices(accounts: int, peers: dict[str, Peer], seed: int, threads: int) -> list[Measurement]:
    """Prices of all positions of cross accounts, beside each peer on one position of some."""
    portfolio = portfolio_of(accounts, CROSS, 600, seed, threads, THINNEST)
    sample = first_domains(portfolio, SAMPLE // CROSS)
    prices = our_prices(sample)[::CROSS]
    question: dict[str, Any] = {"kind": "cross", "tiers": PEER_TIERS, "domains": cross_domains(sample)}
    named = (
        f"liquidation price of {accounts * CROSS:,} positions of cross accounts of {CROSS} {on_threads(threads)}, each"
    )
    return measurements_beside_peers("cross prices", named, portfolio, prices, question, peers)


def measurements_beside_peers(
    row: str,
    named: str,
    portfolio: Portfolio,
    prices: list[float | None],
    question: dict[str, Any],
    peers: dict[str, Peer],
) -> list[Measurement]:
    """A measurement for each peer that answers, with how many of its prices agree; one without a peer if none does."""
    answers = {name: peer.ask(question) for name, peer in peers.items()}
    able = [name for name, answer in answers.items() if "unsupported" not in answer]

    def seconds_of_peer(name: str) -> float:
        """Seconds that the peer takes for all prices of the sample, by its own clock."""
        return float(peers[name].ask(question)["seconds"])

    theirs = [partial(seconds_of_peer, name) for name in able]
    columns = portfolio.bands()
    ours, *seconds = alternating(ROUNDS, lambda: seconds_of(lambda: portfolio.write_bands(*columns)), *theirs)
    measurement = Measurement(row, named, portfolio.count, 1e6 * ours / portfolio.count)
    if not able:
        return [measurement]
    found = []
    for name, taken in zip(able, seconds, strict=True):
        agreed, worst = agreement(prices, answers[name]["prices"])
        note = f"{agreed:,} of {len(prices):,} prices within a tick of ours, the worst {100 * worst:.1f}% off"
        needed = NEEDED if agreed >= MOST * len(prices) else None
        one = attrs.evolve(measurement, peer=name, peer_us=1e6 * taken / len(prices), needed=needed, note=note)
        found.append(one)
    return found


def agreement(ours: list[float | None], theirs: list[float | None]) -> tuple[int, float]:
    """How many of a peer's prices are within a price unit of ours, and by what part the worst is off."""
    both = [(one, other) for one, other in zip(ours, theirs, strict=True) if one and other]
    agreed = sum(abs(one - other) <= 1 / PRICE_UNITS + CLOSE * one for one, other in both)
    agreed += sum(1 for one, other in zip(ours, theirs, strict=True) if not one and not other)
    return agreed, max((abs(one - other) / one for one, other in both), default=0.0)
