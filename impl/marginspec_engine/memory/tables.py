"""An engine's book and the names of what stands in it."""

import struct
import weakref
from collections.abc import Iterable

import numpy as np

from marginspec.model.market import Market
from marginspec.model.state import Header
from marginspec_engine import layout
from marginspec_engine.layout import NONE, USED, VECTOR
from marginspec_engine.memory import words as memory
from marginspec_engine.memory.names import SIGN, Names, json_text, ordering_words, padded_bytes
from marginspec_engine.memory.plain_memory import DirectMemory, PlainWords, Words64, released, vector_of, words_of
from marginspec_engine.rules.market import FeeRates, TierRow
from marginspec_engine.text.literals import all_literals

WIRE_DECIMALS = 8
MARKET_VECTORS = (
    layout.MARKET_POSITIONS,
    layout.LONG_HEAP,
    layout.SHORT_HEAP,
    *(queue + layout.QUEUED for queue in layout.QUEUES),
    *(queue + layout.NODES for queue in layout.QUEUES),
)
"""Where a market's row holds vectors."""
BOOK_VECTORS = (
    *range(layout.ASSETS, layout.POSITION_MAP, VECTOR),
    layout.BY_SHORTFALL + layout.QUEUED,
    layout.BY_SHORTFALL + layout.NODES,
    layout.ASIDE + layout.NODES,
)
MAPS = (layout.POSITION_MAP, layout.DOMAIN_MAP, layout.SETTING_MAP, layout.ORDER_MAP)


class Tables:
    """The book of one engine, its tables, and the names that their rows stand for."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.book: Words64 = np.zeros(layout.BOOK, np.int64)
        self.words = PlainWords(DirectMemory(), self.book.ctypes.data)
        self.accounts, self.markets, self.assets, self.orders = Names(), Names(), Names(), Names()
        for place in (layout.FREE_LOT, layout.FREE_ORDER, layout.EVENT_MARKET):
            self.book[place] = NONE
        self.book[layout.NEXT_LOT] = 1
        self.book[layout.RANKS_BITMEX] = header.profile.adl_ranking == "bitmex"
        self.book[layout.LEVIES] = header.profile.last_resort == "levy"
        self._literals = np.frombuffer(all_literals(), np.uint8)
        self.book[layout.LITERALS] = self._literals.ctypes.data
        weakref.finalize(self, release_book, self.book)

    # ------------------------------------------------------------- rows

    def table(self, table: int, width: int) -> Words64:
        """The rows of a table, valid until it grows."""
        return vector_of(self.book, table).reshape(-1, width)

    def market_rows(self) -> Words64:
        """The rows of all markets."""
        return self.table(layout.MARKETS, layout.MARKET_ROW)

    def asset_rows(self) -> Words64:
        """The rows of all assets."""
        return self.table(layout.ASSETS, layout.ASSET_ROW)

    def position_words(self, number: int) -> tuple[int, int, int]:
        """Account, market and side of a position's row."""
        account, market, side = self.row(layout.POSITIONS, number, layout.POSITION)[:3].tolist()
        return account, market, side

    def domain_words(self, number: int) -> tuple[int, int, int, int]:
        """Account, asset, market (NONE if cross) and side of a domain's row."""
        words = self.row(layout.DOMAINS, number, layout.DOMAIN_ROW)
        return int(words[layout.OWNER]), int(words[layout.ASSET]), int(words[layout.MARKET]), int(words[layout.SIDE])

    def row(self, table: int, number: int, width: int) -> Words64:
        """A row of a table, valid until it grows."""
        return words_of(int(self.book[table]) + number * width * layout.WORD_BYTES, width)

    # ------------------------------------------------------------- names

    def account(self, text: str) -> int:
        """The number of an account; a new row if it has none."""
        number = self.accounts.numbers.get(text)
        return self._new_account(text) if number is None else number

    def _new_account(self, text: str) -> int:
        number = memory.new_row(self.words, layout.ACCOUNTS, layout.ACCOUNT)
        names = memory.at(self.words, layout.NAMES)
        words = self.row(layout.ACCOUNTS, number, layout.ACCOUNT)
        for place in (layout.MODE, layout.FIRST_ORDER, layout.FIRST_LOADED):
            words[place] = NONE
        ordering = ordering_words(text)
        words[layout.NAME_START], words[layout.NAME_LENGTH] = names[USED], len(ordering)
        for word in ordering:
            memory.push(self.words, names, word)
        self._add_text(layout.ACCOUNT_TEXTS, text)
        return self.accounts.add(text)

    def _add_text(self, kind: int, text: str) -> None:
        """Have a name stand as JSON writes it, behind the others of its kind."""
        texts, placed = memory.at(self.words, layout.TEXTS), memory.at(self.words, kind)
        written = json_text(text)
        memory.push(self.words, placed, texts[USED] * layout.WORD_BYTES)
        memory.push(self.words, placed, len(written))
        for (word,) in struct.iter_unpack("<q", written.ljust(-(-len(written) // 8) * 8, b"\0")):
            memory.push(self.words, texts, word)

    def add_accounts(self, texts: list[str]) -> None:
        """Number many accounts that have no number yet."""
        before = len(self.accounts)
        rows = np.zeros((len(texts), layout.ACCOUNT), np.int64)
        rows[:, [layout.MODE, layout.FIRST_ORDER, layout.FIRST_LOADED]] = NONE
        rows[:, [layout.NAME_START, layout.NAME_LENGTH]] = self._extend_names(texts)
        self._extend(layout.ACCOUNTS, rows)
        self._extend_texts(layout.ACCOUNT_TEXTS, texts)
        self.accounts.add_all(texts, before)

    def add_orders(self, texts: list[str]) -> None:
        """Number many names of orders that have no number yet."""
        self._extend(layout.ORDER_NAMES, self._extend_names(texts))
        self._extend_texts(layout.ORDER_TEXTS, texts)
        self.orders.add_all(texts, len(self.orders))

    def _extend(self, vector: int, words: Words64) -> None:
        """Put many words at the end of a vector."""
        memory.reserve(self.words, memory.at(self.words, vector), words.size)
        start, used = int(self.book[vector]), int(self.book[vector + USED])
        words_of(start + used * layout.WORD_BYTES, words.size)[:] = words.reshape(-1)
        self.book[vector + USED] = used + words.size

    def _extend_names(self, texts: list[str]) -> Words64:
        """Have names stand as the words that order them; gives where each begins, and of how many words it is."""
        padded, placed = padded_bytes([text.encode() for text in texts])
        placed[:, 0] += self.book[layout.NAMES + USED]
        self._extend(layout.NAMES, np.frombuffer(padded, ">u8").astype(np.uint64).view(np.int64) ^ np.int64(-SIGN))
        return placed

    def _extend_texts(self, kind: int, texts: list[str]) -> None:
        """Have names stand as JSON writes them."""
        written = [json_text(text) for text in texts]
        padded, placed = padded_bytes(written)
        placed[:, 0] = (placed[:, 0] + self.book[layout.TEXTS + USED]) * layout.WORD_BYTES
        placed[:, 1] = [len(text) for text in written]
        self._extend(layout.TEXTS, np.frombuffer(padded, np.int64))
        self._extend(kind, placed)

    def order(self, text: str) -> int:
        """The number of an order's name."""
        number = self.orders.numbers.get(text)
        return self._new_order(text) if number is None else number

    def _new_order(self, text: str) -> int:
        names, order_names = memory.at(self.words, layout.NAMES), memory.at(self.words, layout.ORDER_NAMES)
        ordering = ordering_words(text)
        memory.push(self.words, order_names, names[USED])
        memory.push(self.words, order_names, len(ordering))
        for word in ordering:
            memory.push(self.words, names, word)
        self._add_text(layout.ORDER_TEXTS, text)
        return self.orders.add(text)

    def asset(self, text: str) -> int:
        """The number of an asset; a new row if it has none."""
        number = self.assets.numbers.get(text)
        if number is not None:
            return number
        number = memory.new_row(self.words, layout.ASSETS, layout.ASSET_ROW)
        self.assets.add(text)
        self._add_text(layout.ASSET_TEXTS, text)
        words = self.row(layout.ASSETS, number, layout.ASSET_ROW)
        words[layout.DECIMALS] = self.header.decimals(text)
        words[layout.ASSET_UNIT] = 10 ** self.header.decimals(text)
        words[layout.AMOUNT_SCALE] = 10 ** (WIRE_DECIMALS - self.header.decimals(text))
        self.asset_rows()[:, layout.RANK] = self.assets.ranks()
        return number

    def market(self, text: str) -> int:
        """The number of a market, listed or not; a new row if it has none."""
        if text not in self.markets.numbers:
            self.add_markets([text])
        return self.markets.numbers[text]

    def add_markets(self, texts: list[str]) -> None:
        """Number many markets that have no number yet: all are ranked anew, so one by one is slow."""
        rows = np.zeros((len(texts), layout.MARKET_ROW), np.int64)
        rows[:, [layout.FIRST_LOT, layout.LAST_LOT, layout.QUEUE_EVENT]] = NONE
        self._extend(layout.MARKETS, rows)
        self._extend_texts(layout.MARKET_TEXTS, texts)
        self.markets.add_all(texts, len(self.markets))
        self.market_rows()[:, layout.RANK] = self.markets.ranks()

    # ------------------------------------------------------------- markets

    def list_market(self, number: int, asset: int, decimals: tuple[int, int], tick: int) -> None:
        """Open a market of an asset with its decimals of prices and quantities and its tick in price units."""
        price, quantity = decimals
        words = self.row(layout.MARKETS, number, layout.MARKET_ROW)
        words[layout.IS_MARKET_LISTED] = 1
        words[layout.ASSET] = asset
        words[layout.PRICE_DECIMALS], words[layout.QUANTITY_DECIMALS] = price, quantity
        words[layout.PRICE_SCALE] = 10 ** (WIRE_DECIMALS - price)
        words[layout.QUANTITY_SCALE] = 10 ** (WIRE_DECIMALS - quantity)
        words[layout.TICK] = tick
        asset_decimals = int(self.asset_rows()[asset, layout.DECIMALS])
        words[layout.QUANTA_PER_UNIT] = 10 ** (asset_decimals - price - quantity)

    def set_tiers(self, number: int, tiers: Iterable[TierRow]) -> None:
        """Put a market's tiers in place."""
        words = self.row(layout.MARKETS, number, layout.MARKET_ROW)
        columns = words[layout.TIERS :].reshape(layout.TIER_COLUMNS, -1)
        count = 0
        for place, tier in enumerate(tiers):
            columns[:, place] = tier
            count = place + 1
        words[layout.TIER_COUNT] = count

    def set_fees(self, number: int, fees: FeeRates) -> None:
        """Put a market's fees in place."""
        words = self.row(layout.MARKETS, number, layout.MARKET_ROW)
        words[layout.TAKER_FEE : layout.TAKER_FEE + len(fees)] = fees

    def is_listed(self, market: Market | str) -> bool:
        """Whether a market is."""
        number = self.markets.numbers.get(market if isinstance(market, str) else market.id)
        return number is not None and bool(self.market_rows()[number, layout.IS_MARKET_LISTED])


def release_book(book: Words64) -> None:
    """Give up all memory of a book that nobody uses any more."""
    rows = vector_of(book, layout.MARKETS).reshape(-1, layout.MARKET_ROW)
    addresses = [int(words[vector]) for words in rows for vector in MARKET_VECTORS]
    addresses += [int(book[vector]) for vector in (*BOOK_VECTORS, *MAPS)]
    for address in addresses:
        released(address)
