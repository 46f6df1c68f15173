"""The same exchange for us and for the peer lrvx: half of the accounts are long, each against one that is short."""

from typing import Any, Literal, NamedTuple

import attrs
import numpy as np

from marginspec_engine.memory.python_words import Words64
from marginspec_tools.bench.worlds import ONE, TIERS, World

PRICE = 100_000
"""The first mark of every market, in price units: 1000.00."""
LOTS = 1_000
"""Every position's quantity: 1.000."""
PRICE_UNITS, LOT_UNITS = 100, 1_000
SEED = 7
OpenedBy = Literal["engine", "accounts"]


@attrs.frozen(eq=False)
class Exchange:
    """Accounts with a position in every market: what they deposit, their leverage, and cash added to isolated ones.

    Deposits and cash added are in whole units.
    """

    markets: int
    isolated: bool
    deposits: Words64
    leverages: Words64
    added: Words64

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.deposits)

    def world(self) -> World:
        """The exchange as our engine holds it."""
        world = World(self.accounts, np.full(self.markets, PRICE, np.int64))
        world.deposit(self.deposits * ONE)
        for market in range(self.markets):
            if self.isolated:
                world.isolate(market)
            world.set_leverage(market, self.leverages)
            world.open_pairs(market, np.full(self.accounts // 2, LOTS))
            if self.isolated:
                world.add_to_isolated(market, self.added * ONE)
        return world

    def peer_question(self, opened_by: OpenedBy) -> dict[str, Any]:
        """The exchange as the peer is asked to hold it, in its units.

        Its engine opens positions that are isolated, each with an equity; attached accounts are cross.
        """
        value = LOTS / LOT_UNITS * PRICE / PRICE_UNITS
        equities = value / self.leverages + self.added if self.isolated else self.deposits
        return {
            "opened_by": opened_by,
            "tiers": [(tier.floor / ONE, tier.maintenance_rate / ONE) for tier in TIERS],
            "equities": equities.tolist(),
            "markets": self.markets,
            "quantity": LOTS / LOT_UNITS,
            "price": PRICE / PRICE_UNITS,
        }


def isolated_exchange(accounts: int, most_leverage: int = 20) -> Exchange:
    """Isolated positions of one market, whose triggers differ; the nearest lies where the leverage has it."""
    random = np.random.default_rng(SEED)
    deposits, leverages = random.integers(600, 1200, accounts), random.integers(2, most_leverage + 1, accounts)
    return Exchange(1, True, deposits, leverages, random.integers(0, 100, accounts))


def cross_exchange(accounts: int, markets: int) -> Exchange:
    """Cross accounts with a position in every market."""
    random = np.random.default_rng(SEED)
    deposits, leverages = random.integers(600, 1200, accounts) * markets, random.integers(2, 21, accounts)
    return Exchange(markets, False, deposits, leverages, np.zeros(accounts, np.int64))


def thin_exchange(accounts: int, markets: int) -> Exchange:
    """Cross accounts that bear the loss of a twentieth in one of four markets, and not much more."""
    deposits = np.random.default_rng(SEED).integers(210, 240, accounts)
    return Exchange(markets, False, deposits, np.full(accounts, 20), np.zeros(accounts, np.int64))


def crashing_exchange(accounts: int) -> Exchange:
    """Accounts of which most of those that are long cannot bear a mark that falls by 12%."""
    random, half = np.random.default_rng(SEED), accounts // 2
    deposits = np.concatenate((random.integers(10, 145, half), random.integers(300, 2000, accounts - half)))
    return Exchange(1, False, deposits, np.full(accounts, 100), np.zeros(accounts, np.int64))


class Path(NamedTuple):
    """Marks in turn: whose market, and the price, in price units."""

    markets: Words64
    prices: Words64

    def peer_question(self) -> dict[str, Any]:
        """The path as the peer is asked to take it."""
        return {"path": list(zip(self.markets.tolist(), (self.prices / PRICE_UNITS).tolist(), strict=True))}

    def between(self, first: int, last: int) -> "Path":
        """A part of the path."""
        return Path(self.markets[first:last], self.prices[first:last])


def path_of_market(prices: Words64) -> Path:
    """Marks of the first market."""
    return Path(np.zeros(len(prices), np.int64), prices)


def random_walk(steps: int) -> Path:
    """A seeded path of steps of a basis point up or down."""
    turns = np.random.default_rng(SEED).choice(np.array([-1, 1]), steps)
    return path_of_market(PRICE + PRICE // 10_000 * np.cumsum(turns))
