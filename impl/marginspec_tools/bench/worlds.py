"""Exchanges to measure: many accounts and positions, opened by events as rows of words."""

from typing import NamedTuple

import numpy as np

from marginspec.model import events
from marginspec.model.market import TierTerms
from marginspec.model.state import Header, State
from marginspec.model.units import Decimal8
from marginspec_engine import layout
from marginspec_engine.batches.event_columns import EventRows
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout.event_words import NOTHING_STATED
from marginspec_engine.memory.python_words import Words64
from marginspec_journal.states import opening

ASSET = "USDT"
ONE = 10**8
TIERS = tuple(
    TierTerms(Decimal8(floor * ONE), leverage, Decimal8(rate))
    for floor, leverage, rate in (
        (0, 125, 400_000),
        (50_000, 100, 500_000),
        (250_000, 50, 1_000_000),
        (1_000_000, 20, 2_500_000),
        (5_000_000, 10, 5_000_000),
    )
)
"""The first tiers of a large market; peers are given the same."""
PRICE_WIRE, LOTS_WIRE = 10**6, 10**5
"""A price unit and a lot of every market, in 1e-8: two and three digits after the point."""


def event_words(count: int, event_class: type) -> Words64:
    """So many events of a class, with nothing else in them yet."""
    words = np.tile(NOTHING_STATED, (count, 1))
    words[:, layout.EVENT_TYPE] = layout.EVENT_CLASSES.index(event_class)
    return words


def with_prices(words: Words64, prices: Words64) -> Words64:
    """Events with prices, in price units."""
    words[:, layout.PRICE_LOW], words[:, layout.PRICE_HIGH] = prices * PRICE_WIRE, 0
    return words


def with_amounts(words: Words64, amounts: Words64) -> Words64:
    """Events with amounts or quantities, in 1e-8."""
    words[:, layout.AMOUNT_LOW], words[:, layout.AMOUNT_HIGH] = amounts, 0
    return words


class Trades(NamedTuple):
    """Buyers and sellers by number, the lots that each pair trades, and the price, in price units."""

    buyers: Words64
    sellers: Words64
    lots: Words64
    price: int


class World:
    """An exchange of markets M0, M1 and so on, of one asset, without fees, and accounts a0000000 and so on."""

    def __init__(self, accounts: int, prices: Words64) -> None:
        self.accounts, self.prices = accounts, prices
        self.run = BatchRun(opening(State(header=Header())))
        self.tables = self.run.engine.tables
        free = (Decimal8(0), Decimal8(0), Decimal8(0), Decimal8(0))
        for market in range(len(prices)):
            terms = (f"M{market}", ASSET, 2, 3, Decimal8(PRICE_WIRE), *free, TIERS)
            self.take_event(events.ListMarket(*terms))
        self.tables.add_accounts([f"a{number:07}" for number in range(accounts)])
        self.asset = self.tables.asset(ASSET)
        self.take(with_prices(self.in_markets(event_words(len(prices), events.MarkPrice)), prices))

    def in_markets(self, words: Words64) -> Words64:
        """Events, one in each market."""
        words[:, layout.OF_MARKET] = np.arange(len(words))
        return words

    def take_event(self, event: events.Event) -> None:
        """Take one event that is not compiled."""
        words = event_words(1, events.ListMarket)
        self.run.take(EventRows(words, {0: event}))

    def take(self, words: Words64) -> None:
        """Take events."""
        self.run.take(EventRows(words, {}))

    def deposit(self, amounts: Words64) -> None:
        """Give every account so much, in 1e-8."""
        words = with_amounts(event_words(self.accounts, events.Deposit), amounts)
        words[:, layout.EVENT_ASSET], words[:, layout.FIRST_ACCOUNT] = self.asset, np.arange(self.accounts)
        self.take(words)

    def isolate(self, market: int) -> None:
        """Set every account's margin mode in a market to isolated."""
        words = event_words(self.accounts, events.SetMarginMode)
        words[:, layout.FIRST_ACCOUNT], words[:, layout.OF_MARKET] = np.arange(self.accounts), market
        words[:, layout.CHOICE] = layout.ISOLATED_MODE
        self.take(words)

    def set_leverage(self, market: int, leverages: Words64) -> None:
        """Set every account's leverage in a market."""
        words = event_words(self.accounts, events.SetLeverage)
        words[:, layout.FIRST_ACCOUNT], words[:, layout.OF_MARKET] = np.arange(self.accounts), market
        words[:, layout.CHOICE] = leverages
        self.take(words)

    def add_to_isolated(self, market: int, amounts: Words64) -> None:
        """Move so much cash, in 1e-8, into every account's isolated position in a market."""
        words = with_amounts(event_words(self.accounts, events.AdjustIsolatedMargin), amounts)
        words[:, layout.FIRST_ACCOUNT], words[:, layout.OF_MARKET] = np.arange(self.accounts), market
        words[:, layout.FIRST_SIDE] = layout.BOTH
        self.take(words[amounts > 0])

    def open_pairs(self, market: int, lots: Words64) -> None:
        """Have each account of the first half buy so many lots, at mark, of one of the second half."""
        half = self.accounts // 2
        buyers, sellers = np.arange(half), np.arange(half, 2 * half)
        self.trade(market, Trades(buyers, sellers, lots, int(self.prices[market])))

    def trade(self, market: int, trades: Trades) -> None:
        """Have accounts trade, each buyer with the seller in its place."""
        words = with_amounts(event_words(len(trades.buyers), events.Trade), trades.lots * LOTS_WIRE)
        with_prices(words, np.full(len(trades.buyers), trades.price))
        words[:, layout.OF_MARKET], words[:, layout.CHOICE] = market, 1
        words[:, layout.FIRST_ACCOUNT], words[:, layout.SECOND_ACCOUNT] = trades.buyers, trades.sellers
        self.take(words)

    def marks(self, markets: Words64, prices: Words64) -> Words64:
        """Marks of markets, in price units."""
        words = with_prices(event_words(len(prices), events.MarkPrice), prices)
        words[:, layout.OF_MARKET] = markets
        return words

    def positions(self, market: int) -> int:
        """How many positions a market has."""
        return int(self.tables.market_rows()[market, layout.MARKET_POSITIONS + layout.USED])
