"""A journal of an exchange at work, as Parquet: trades, orders and fills, marks and funding, written by columns."""

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from marginspec.model.state import Header
from marginspec_engine.memory.python_words import Words64
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.canonical import canonical_json
from marginspec_journal.header import header_object
from marginspec_journal.parquet import METADATA_KEY
from marginspec_tools.bench.worlds import ASSET, LOTS_WIRE, ONE, PRICE_WIRE, TIERS

AMOUNT = pa.decimal128(38, 8)
MARK_SHARE, FUNDING_SHARE = 0.099, 0.001
ORDER_SHARE, CANCEL_SHARE = 0.1, 0.05
"""Of the other events, so many place an order, and so many take one back; the rest are trades."""
OTHERS = 1 - MARK_SHARE - FUNDING_SHARE
SHARES = {
    "trade": OTHERS * (1 - ORDER_SHARE - CANCEL_SHARE),
    "place_order": OTHERS * ORDER_SHARE,
    "cancel_order": OTHERS * CANCEL_SHARE,
    "mark_price": MARK_SHARE,
    "funding": FUNDING_SHARE,
}
"""Share of each type among the events after the opening."""
TYPES = ("list_market", "mark_price", "deposit", "trade", "place_order", "cancel_order", "funding")
LISTED, MARKED, DEPOSITED, TRADED, PLACED, CANCELLED, FUNDED = range(len(TYPES))
BUSIEST = 2
"""Accounts trade in this many markets of their own each, so that positions do not grow without end."""


@attrs.frozen
class Mixed:
    """How large a journal is: accounts, markets, and the events that follow the opening."""

    accounts: int
    markets: int
    events: int
    seed: int

    @property
    def opening(self) -> int:
        """Events before those that count: listings, first marks and deposits."""
        return 2 * self.markets + self.accounts


def texts(names: list[str], chosen: Words64) -> Any:
    """A column of texts, chosen by number; null where that is below zero."""
    indices = pa.array(chosen.astype(np.int32), mask=chosen < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names))


def amounts(wire: Words64, given: Any) -> Any:
    """A column of decimals, counted in 1e-8; null where not given."""
    halves = np.column_stack((wire, wire >> 63))
    buffers = [pa.py_buffer(np.packbits(given, bitorder="little").tobytes()), pa.py_buffer(halves.tobytes())]
    return pa.Decimal128Array.from_buffers(AMOUNT, len(wire), buffers)


class Columns:
    """The columns of a mixed journal, numbers for names."""

    def __init__(self, size: Mixed) -> None:
        self.size, self.random = size, np.random.default_rng(size.seed)
        count = size.opening + size.events
        self.types = np.empty(count, np.int64)
        self.market, self.price, self.quantity = (np.full(count, -1, np.int64) for _ in range(3))
        self.buyer, self.seller, self.account = (np.full(count, -1, np.int64) for _ in range(3))
        self.order, self.flag = np.full(count, -1, np.int64), self.random.integers(0, 2, count)
        self._open()
        self._follow(slice(size.opening, count))

    def _open(self) -> None:
        """Listings, then first marks, then a deposit for each account."""
        markets, size = self.size.markets, self.size
        self.base = self.random.integers(1_000, 1_000_000, markets) * 10
        self.types[: size.opening] = DEPOSITED
        self.types[:markets], self.types[markets : 2 * markets] = LISTED, MARKED
        self.market[:markets] = self.market[markets : 2 * markets] = np.arange(markets)
        self.price[markets : 2 * markets] = self.base
        self.account[2 * markets : size.opening] = np.arange(size.accounts)

    def _follow(self, rows: slice) -> None:
        """What happens then."""
        count, size, random = self.size.events, self.size, self.random
        drawn, other = random.random(count), random.random(count)
        types = np.where(other < CANCEL_SHARE, CANCELLED, np.where(other < ORDER_SHARE + CANCEL_SHARE, PLACED, TRADED))
        types = np.where(drawn < MARK_SHARE + FUNDING_SHARE, FUNDED, types)
        types = np.where(drawn < MARK_SHARE, MARKED, types)
        first = random.integers(0, size.accounts, count)
        market = (first + random.integers(0, BUSIEST, count)) % size.markets
        # The other side is of the same markets: the accounts' numbers differ by a multiple of how many there are.
        rounds = size.accounts // size.markets
        apart = random.integers(1, max(2, rounds), count)
        second = (first // size.markets + apart) % rounds * size.markets + first % size.markets
        self.types[rows], self.market[rows] = types, market
        self.price[rows] = self._prices(types, market)
        self.quantity[rows] = np.maximum(1, 100_000_000 // self.price[rows])
        trades = types == TRADED
        self.buyer[rows] = np.where(trades, first, -1)
        self.seller[rows] = np.where(trades, np.where(second == first, (first + 1) % size.accounts, second), -1)
        self._orders(rows, types, first, market)

    def _orders(self, rows: slice, types: Words64, first: Words64, market: Words64) -> None:
        """Each cancelling takes back the order placed longest ago, if one is left."""
        placed, cancelled = np.nonzero(types == PLACED)[0], np.nonzero(types == CANCELLED)[0]
        matched = min(len(placed), len(cancelled))
        account, order = np.full(len(types), -1), np.full(len(types), -1)
        account[placed], order[placed] = first[placed], np.arange(len(placed))
        account[cancelled], order[cancelled] = first[cancelled], 0
        account[cancelled[:matched]], order[cancelled[:matched]] = first[placed[:matched]], np.arange(matched)
        self.account[rows], self.order[rows] = account, order
        self.market[rows] = np.where(types == CANCELLED, -1, market)

    def _prices(self, types: Words64, market: Words64) -> Words64:
        """Each market's mark, which walks a basis point up or down with each of its marks."""
        prices = np.empty(len(types), np.int64)
        for number in range(self.size.markets):
            places = np.nonzero(market == number)[0]
            steps = np.where(types[places] == MARKED, self.random.choice(np.array([-1, 1]), len(places)), 0)
            prices[places] = self.base[number] + (self.base[number] // 10_000) * np.cumsum(steps)
        return prices


def table_of(size: Mixed) -> Any:
    """A mixed journal as a table."""
    found = Columns(size)
    types, accounts = found.types, [f"a{number:07}" for number in range(size.accounts)]
    is_priced = np.isin(types, (MARKED, TRADED, PLACED))
    is_traded, is_placed, is_listed = (types == kind for kind in (TRADED, PLACED, LISTED))
    order_names = [f"o{number}" for number in range(int(found.order.max()) + 1)]
    chosen = {
        "type": texts(list(TYPES), types),
        "market": texts([f"M{number}" for number in range(size.markets)], found.market),
        "asset": texts([ASSET], np.where(is_listed | (types == DEPOSITED), 0, -1)),
        "account": texts(accounts, found.account),
        "buyer": texts(accounts, found.buyer),
        "seller": texts(accounts, found.seller),
        "order": texts(order_names, found.order),
        "taker": texts(["buyer", "seller"], np.where(is_traded, found.flag, -1)),
        "side": texts(["buy", "sell"], np.where(is_placed, found.flag, -1)),
        "position_side": texts(["BOTH"], np.where(is_placed, 0, -1)),
        "reduce_only": pa.array(np.zeros(len(types), bool), mask=~is_placed),
        "price": amounts(found.price * PRICE_WIRE, is_priced),
        "quantity": amounts(found.quantity * LOTS_WIRE, is_traded | is_placed),
        "amount": amounts(np.full(len(types), 10_000 * ONE), types == DEPOSITED),
        "rate": amounts(np.full(len(types), 10_000), types == FUNDED),
        **listed_columns(is_listed),
    }
    return pa.table(chosen)


def listed_columns(is_listed: Any) -> dict[str, Any]:
    """What only a listing states."""
    fees = {"taker_fee": 40_000, "maker_fee": 20_000, "insurance_fee_share": 10_000_000, "clearance_fee": 1_250_000}
    columns = {name: amounts(np.full(len(is_listed), rate), is_listed) for name, rate in fees.items()}
    columns["tick"] = amounts(np.full(len(is_listed), PRICE_WIRE), is_listed)
    for name, digits in (("price_decimals", 2), ("quantity_decimals", 3)):
        columns[name] = pa.array(np.full(len(is_listed), digits), mask=~is_listed)
    tier = pa.struct([("floor", AMOUNT), ("max_leverage", pa.int64()), ("maintenance_rate", AMOUNT)])
    rates = amounts(np.array([term.maintenance_rate for term in TIERS]), np.ones(len(TIERS), bool)).to_pylist()
    rows = [
        {"floor": term.floor // ONE, "max_leverage": term.max_leverage, "maintenance_rate": rate}
        for term, rate in zip(TIERS, rates, strict=True)
    ]
    listed = int(is_listed.sum())
    columns["tiers"] = pa.array([*(listed * [rows]), *((len(is_listed) - listed) * [None])], pa.list_(tier))
    return columns


def write_mixed(path: Path, size: Mixed) -> None:
    """Write a mixed journal."""
    table = table_of(size).replace_schema_metadata({METADATA_KEY: canonical_json(header_object(Header()))})
    with atomic_writer(path) as stream:
        pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
