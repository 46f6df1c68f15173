"""An engine's book and the names of what stands in it."""

import weakref
from collections.abc import Iterable

import numpy as np

from marginspec.model.state import Header
from marginspec.model.units import WIRE_DECIMALS
from marginspec_engine import layout
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory import words as memory
from marginspec_engine.memory.names import SIGN, Names, json_text, padded_bytes, ranks
from marginspec_engine.memory.python_words import DirectMemory, PythonWords, Words64, released, vector_of, words_of
from marginspec_engine.rules.market import FeeRates, LimitRow, TierRow
from marginspec_engine.rules.rankings import RANKING_NAMES
from marginspec_engine.text.literals import all_literals

MARKET_VECTORS = (
    layout.MARKET_POSITIONS,
    layout.LONG_HEAP,
    layout.SHORT_HEAP,
    *(queue + layout.QUEUED for queue in layout.QUEUES),
    *(queue + layout.NODES for queue in layout.QUEUES),
)
"""Where a market's row holds vectors."""
BOOK_VECTORS = (
    *layout.BOOK_VECTORS,
    layout.BY_SHORTFALL + layout.QUEUED,
    layout.BY_SHORTFALL + layout.NODES,
    layout.ASIDE + layout.NODES,
)

TEXTS_OF = {
    "account": layout.ACCOUNT_TEXTS,
    "market": layout.MARKET_TEXTS,
    "asset": layout.ASSET_TEXTS,
    "order": layout.ORDER_TEXTS,
}
"""For each kind of name, where it is kept where the texts begin, and how long they are."""
TEXT = 2
LOOKED_AT = {
    "account": (),
    "market": (),
    "asset": ((layout.DOMAINS, layout.DOMAIN_ROW),),
    "order": ((layout.ORDERS, layout.ORDER),),
}
"""For each kind, tables of which every row is looked at to find the names that something has."""
LEAST_FREED = 256


class Tables:
    """The book of one engine, its tables, and the names that their rows stand for."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.book: Words64 = np.zeros(layout.BOOK, np.int64)
        self.words = PythonWords(DirectMemory(), self.book.ctypes.data)
        self.accounts, self.markets, self.assets, self.orders = Names(), Names(), Names(), Names()
        for place in (layout.FREE_LOT, layout.FREE_ORDER, layout.EVENT_MARKET):
            self.book[place] = NONE
        self.book[layout.NEXT_LOT] = 1
        self.book[layout.RANKING] = RANKING_NAMES.index(header.profile.adl_ranking)
        self.book[layout.LEVIES] = header.profile.last_resort == "levy"
        self._is_ranked = True
        self._without_gaps: dict[int, int] = {}
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

    def names(self, of: str) -> Names:
        """The names of accounts, markets, assets or orders."""
        names: Names = getattr(self, f"{of}s")
        return names

    def name(self, of: str, number: int) -> str:
        """The name of an account, market, asset or order."""
        return self.names(of).texts[number]

    def account(self, text: str) -> int:
        """The number of an account, which has a row."""
        return self._number("account", text)

    def market(self, text: str) -> int:
        """The number of a market, which has a row if it, or one of a higher number, is listed."""
        return self._number("market", text)

    def asset(self, text: str) -> int:
        """The number of an asset, which has a row."""
        return self._number("asset", text)

    def order(self, text: str) -> int:
        """The number of an order's name."""
        return self._number("order", text)

    def _number(self, of: str, text: str) -> int:
        number = self.names(of).numbers.get(text)
        return int(self.add_names(of, [text])[0]) if number is None else number

    def numbered(self, of: str, texts: list[str]) -> list[int]:
        """The numbers of names of a kind; those that have none are numbered together."""
        numbers = self.names(of).numbers
        fresh = [text for text in dict.fromkeys(texts) if text not in numbers]
        if fresh:
            self.add_names(of, fresh)
        return [numbers[text] for text in texts]

    def add_accounts(self, texts: list[str]) -> None:
        """Number many accounts that have no number yet."""
        self.add_names("account", texts)

    def add_names(self, of: str, texts: list[str]) -> Words64:
        """Number many names of a kind that have no number yet, and make their rows."""
        numbers = self.names(of).add(texts)
        written = [json_text(text) for text in texts]
        padded, placed = padded_bytes(written)
        start, _ = self._append(layout.TEXTS, np.frombuffer(padded, np.int64))
        begins = (placed[:, 0] + start) * layout.WORD_BYTES
        kept = self._rows_for(of, TEXTS_OF[of], TEXT)
        kept[numbers] = np.column_stack((begins, [len(text) for text in written]))
        if of == "account":
            self._add_account_rows(numbers, texts)
        elif of == "order":
            self._rows_for(of, layout.ORDER_NAMES, TEXT)[numbers] = self._ordering_words(texts)
        elif of == "asset":
            self._add_asset_rows(numbers, texts)
        return numbers

    def _add_account_rows(self, numbers: Words64, texts: list[str]) -> None:
        rows = self._rows_for("account", layout.ACCOUNTS, layout.ACCOUNT)
        rows[numbers] = 0
        for place in (layout.MODE, layout.FIRST_ORDER, layout.FIRST_LOADED, layout.RANK):
            rows[numbers, place] = NONE
        rows[numbers, layout.NAME_START : layout.NAME_LENGTH + 1] = self._ordering_words(texts)
        self.book[layout.HAS_UNRANKED_ACCOUNTS] = 1

    def _add_asset_rows(self, numbers: Words64, texts: list[str]) -> None:
        rows, decimals = self._rows_for("asset", layout.ASSETS, layout.ASSET_ROW), map(self.header.decimals, texts)
        rows[numbers] = 0
        rows[numbers, layout.DECIMALS] = list(decimals)
        rows[numbers, layout.ASSET_UNIT] = 10 ** rows[numbers, layout.DECIMALS]
        rows[numbers, layout.AMOUNT_SCALE] = 10 ** (WIRE_DECIMALS - rows[numbers, layout.DECIMALS])
        self._is_ranked = False

    def _ordering_words(self, texts: list[str]) -> Words64:
        """Have names stand as signed words that order like them; gives where each begins, and of how many words it is.

        These are the bytes of UTF-8, eight a word, filled up with zeros.
        """
        padded, placed = padded_bytes([text.encode() for text in texts])
        words = np.frombuffer(padded, ">u8").astype(np.uint64).view(np.int64) ^ np.int64(-SIGN)
        start, _ = self._append(layout.NAMES, words)
        placed[:, 0] += start
        return placed

    def _append(self, vector: int, words: Words64) -> tuple[int, int]:
        """Put many words at the end of a vector; gives where they begin and end."""
        used = int(self.book[vector + USED])
        self._grow(vector, used + words.size)[used:] = words.reshape(-1)
        return used, used + words.size

    def _grow(self, vector: int, size: int) -> Words64:
        """Have a vector hold at least so many words, the new ones zeros; gives them all, valid until it grows."""
        used = int(self.book[vector + USED])
        if size > used:
            memory.reserve(self.words, memory.at(self.words, vector), size - used)
            self.book[vector + USED] = size
            vector_of(self.book, vector)[used:] = 0
        return vector_of(self.book, vector)

    def _rows_for(self, of: str, vector: int, width: int) -> Words64:
        """The rows of a table that has one for each name of a kind."""
        return self._grow(vector, len(self.names(of)) * width).reshape(-1, width)

    def rank(self) -> None:
        """Give new assets, and markets that are newly listed, their ranks by name; before compiled code runs."""
        if self._is_ranked:
            return
        self._is_ranked = True
        self.asset_rows()[:, layout.RANK] = ranks(self.assets.texts)
        rows = self.market_rows()
        numbers = np.nonzero(rows[:, layout.IS_MARKET_LISTED])[0]
        rows[numbers, layout.RANK] = ranks([self.markets.texts[number] for number in numbers])

    # ------------------------------------------------------------- names that nobody has

    def free_names(self) -> tuple[str, ...]:
        """Free the numbers of names that nothing has, as refused events leave them; gives the kinds that had any.

        Not while rows of events wait that name them. It is done once so many names are new that it costs little.
        """
        return tuple([of for of in TEXTS_OF if self._free(of)])

    def _free(self, of: str) -> bool:
        names = self.names(of)
        if names.fresh <= LEAST_FREED or names.fresh <= self._looked_at(of) // 2:
            return False
        names.fresh = 0
        is_used = np.zeros(len(names), bool)
        is_used[names.free] = True
        is_used[self._used(of)] = True
        numbers = np.nonzero(~is_used)[0]
        names.drop(numbers.tolist())
        self._rows_for(of, TEXTS_OF[of], TEXT)[numbers] = 0
        if of == "account":
            rows = self.table(layout.ACCOUNTS, layout.ACCOUNT)
            rows[numbers, layout.NAME_LENGTH], rows[numbers, layout.RANK] = 0, NONE
            self.book[layout.HAS_UNRANKED_ACCOUNTS] = 1
        elif of == "order":
            self._rows_for(of, layout.ORDER_NAMES, TEXT)[numbers] = 0
        self._compact()
        return len(numbers) > 0

    def _looked_at(self, of: str) -> int:
        """How many rows freeing names of a kind looks at."""
        return max([len(self.names(of)), *(int(self.book[table + USED]) // width for table, width in LOOKED_AT[of])])

    def _used(self, of: str) -> Words64:
        """The numbers of names that something has: open orders, accounts that exist, markets and listed ones' assets.

        An asset is also had by whoever has a balance in it.
        """
        if of == "account":
            return np.nonzero(self.table(layout.ACCOUNTS, layout.ACCOUNT)[:, layout.MODE] != NONE)[0]
        markets = self.market_rows()
        if of == "market":
            return np.nonzero(markets[:, [layout.IS_MARKET_LISTED, layout.IS_CLOSED]].any(axis=1))[0]
        if of == "order":
            orders = self.table(layout.ORDERS, layout.ORDER)
            named: Words64 = orders[orders[:, layout.OWNER] != NONE, layout.NAME]
            return named
        places = [layout.EXTERNAL, layout.INSURANCE, layout.RELIEF, layout.HOUSE, layout.UNCOVERED]
        balances = self.asset_rows()[:, places]
        domains = self.table(layout.DOMAINS, layout.DOMAIN_ROW)
        of_markets = markets[markets[:, layout.IS_MARKET_LISTED] == 1, layout.ASSET]
        of_domains = domains[domains[:, layout.CASH] != 0, layout.ASSET]
        return np.concatenate((np.nonzero(balances.any(axis=1))[0], of_markets, of_domains))

    def _compact(self) -> None:
        """Have the words of names stand side by side again, once most of them are of names that are gone."""
        if self._may_have_gaps(layout.TEXTS):
            texts = [self.table(vector, TEXT) for vector in TEXTS_OF.values()]
            lengths = [-(-placed[:, 1] // layout.WORD_BYTES) for placed in texts]
            self._close_gaps(layout.TEXTS, [placed[:, 0] for placed in texts], lengths, layout.WORD_BYTES)
        if self._may_have_gaps(layout.NAMES):
            accounts = self.table(layout.ACCOUNTS, layout.ACCOUNT)[:, layout.NAME_START :]
            names = accounts, self.table(layout.ORDER_NAMES, TEXT)
            self._close_gaps(layout.NAMES, [placed[:, 0] for placed in names], [placed[:, 1] for placed in names], 1)

    def _may_have_gaps(self, vector: int) -> bool:
        """Whether most words of a vector came since it had no gaps."""
        return int(self.book[vector + USED]) > 2 * self._without_gaps.get(vector, 0) + LEAST_FREED

    def _close_gaps(self, vector: int, begins: list[Words64], lengths: list[Words64], unit: int) -> None:
        """Move pieces of a vector to its front; where each begins, in units of a part of a word, is written anew."""
        counts = np.concatenate(lengths)
        kept, words = int(counts.sum()), vector_of(self.book, vector)
        after = np.cumsum(counts) - counts
        places = np.repeat(np.concatenate(begins) // unit - after, counts) + np.arange(kept)
        words[:kept] = words[places]
        self.book[vector + USED] = kept
        self._without_gaps[vector] = kept
        for begin, moved in zip(begins, np.split(after, np.cumsum([len(one) for one in begins])[:-1]), strict=True):
            begin[:] = moved * unit

    # ------------------------------------------------------------- markets

    def list_market(self, number: int, asset: int, decimals: tuple[int, int], tick: int) -> None:
        """Open a market of an asset with its decimals of prices and quantities and its tick in price units."""
        price, quantity = decimals
        self._add_market_rows(number)
        self._is_ranked = False
        words = self.row(layout.MARKETS, number, layout.MARKET_ROW)
        words[layout.IS_MARKET_LISTED] = 1
        words[layout.ASSET] = asset
        words[layout.PRICE_DECIMALS], words[layout.QUANTITY_DECIMALS] = price, quantity
        words[layout.PRICE_SCALE] = 10 ** (WIRE_DECIMALS - price)
        words[layout.QUANTITY_SCALE] = 10 ** (WIRE_DECIMALS - quantity)
        words[layout.TICK] = tick
        asset_decimals = int(self.asset_rows()[asset, layout.DECIMALS])
        words[layout.QUANTA_PER_UNIT] = 10 ** (asset_decimals - price - quantity)

    def _add_market_rows(self, number: int) -> None:
        """Have rows of markets up to a number."""
        before = len(self.market_rows())
        self._grow(layout.MARKETS, (number + 1) * layout.MARKET_ROW)
        for place in (layout.FIRST_LOT, layout.LAST_LOT, layout.QUEUE_EVENT):
            self.market_rows()[before:, place] = NONE

    def set_tiers(self, number: int, tiers: Iterable[TierRow]) -> None:
        """Put a market's tiers in place."""
        words = self.row(layout.MARKETS, number, layout.MARKET_ROW)
        columns = words[layout.TIERS :].reshape(-1, layout.MAX_TIERS)
        count = 0
        for place, tier in enumerate(tiers):
            columns[:, place] = tier
            count = place + 1
        words[layout.TIER_COUNT] = count

    def set_fees(self, number: int, fees: FeeRates) -> None:
        """Put a market's fees in place."""
        words = self.row(layout.MARKETS, number, layout.MARKET_ROW)
        words[layout.TAKER_FEE : layout.TAKER_FEE + len(fees)] = fees

    def set_limits(self, number: int, limits: LimitRow) -> None:
        """Put a market's limits in place."""
        words = self.row(layout.MARKETS, number, layout.MARKET_ROW)
        words[layout.PRICE_BAND : layout.PRICE_BAND + len(limits)] = limits

    def close_market(self, number: int) -> None:
        """Have a market that is not listed be one that was settled for good."""
        self._add_market_rows(number)
        self.row(layout.MARKETS, number, layout.MARKET_ROW)[layout.IS_CLOSED] = 1

    def is_listed(self, market: str) -> bool:
        """Whether a market is."""
        return self._says(market, layout.IS_MARKET_LISTED)

    def is_known(self, market: str) -> bool:
        """Whether a market is listed, or was settled for good."""
        return self.is_listed(market) or self._says(market, layout.IS_CLOSED)

    def _says(self, market: str, column: int) -> bool:
        """Whether a market's row, if it has one, says yes in a column."""
        number, rows = self.markets.numbers.get(market), self.market_rows()
        return number is not None and number < len(rows) and bool(rows[number, column])


def release_book(book: Words64) -> None:
    """Give up all memory of a book that nobody uses any more."""
    rows = vector_of(book, layout.MARKETS).reshape(-1, layout.MARKET_ROW)
    addresses = [int(words[vector]) for words in rows for vector in MARKET_VECTORS]
    addresses += [int(book[vector]) for vector in (*BOOK_VECTORS, *layout.MAPS)]
    for address in addresses:
        released(address)
