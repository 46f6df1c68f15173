"""`marginspec calc` of a Parquet file: the same answers for millions of positions, by columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from marginspec.model.market import Market
from marginspec.model.state import Ranking
from marginspec.model.units import MAX_AMOUNT, MAX_QUANTITY, MAX_VALUE, WIRE_DECIMALS
from marginspec_engine.batches.portfolios import Flags, Portfolio, market_columns
from marginspec_engine.batches.receipt_columns import AMOUNT, amounts
from marginspec_engine.kernels.limits import NO_PRICE
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.numba.portfolios import DomainFigures, PositionColumns, PositionFigures
from marginspec_journal import InputError
from marginspec_journal.decimals import decimal_text
from marginspec_journal.limits import TABLE_ROWS
from marginspec_journal.parquet import opened_table, parquet_file, refusing_damage
from marginspec_journal.state_reading import WRONG_SIGN

REQUIRED = ("domain", "cash", "market", "quantity", "cost")
ALLOWED = (*REQUIRED, "side")
SIDES = ("BOTH", "LONG", "SHORT")
LONG_SIDE, SHORT_SIDE = 1, 2


class Texts(NamedTuple):
    """A column of texts: the different ones, and which of them each row has."""

    texts: list[str]
    chosen: Words64


class Reader:
    """Reads the columns of a file; whatever is malformed is refused with its row, from 1, and its column."""

    def __init__(self, path: Path, markets: Sequence[Market]) -> None:
        self._name = str(path)
        self._markets = markets
        self._table = self._opened(path)
        self._check_columns()

    def _opened(self, path: Path) -> Any:
        with opened_table(path) as stream, refusing_damage(path):
            table = parquet_file(stream, path)
            if table.metadata.num_rows > TABLE_ROWS:
                self._refuse(None, None, f"{table.metadata.num_rows} rows, more than the limit of {TABLE_ROWS}")
            return table.read().unify_dictionaries()

    def _check_columns(self) -> None:
        names = self._table.column_names
        for name in names:
            if name not in ALLOWED:
                self._refuse(None, name, "unknown column")
        for name in REQUIRED:
            if names.count(name) != 1:
                self._refuse(None, name, "expected this column once")
        for name in names:
            column = self._table.column(name)
            if column.null_count:
                self._refuse_first(column.is_null().to_numpy(), name, "missing")

    def _refuse(self, row: int | None, column: str | None, reason: str) -> NoReturn:
        raise InputError(self._name, row, column, reason)

    def _refuse_first(self, wrong: Any, column: str, reason: str) -> None:
        """Refuse the first row in which something is wrong, if there is one."""
        if wrong.any():
            self._refuse(int(np.argmax(wrong)) + 1, column, reason)

    # ------------------------------------------------------------- columns

    def texts(self, name: str) -> Texts:
        """A column of texts."""
        column = self._table.column(name).combine_chunks()
        if not pa.types.is_dictionary(column.type):
            if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
                self._refuse(None, name, f"expected texts, not {column.type}")
            column = column.dictionary_encode()
        if not pa.types.is_string(column.dictionary.type) and not pa.types.is_large_string(column.dictionary.type):
            self._refuse(None, name, f"expected texts, not {column.dictionary.type}")
        try:
            texts = column.dictionary.to_pylist()
        except UnicodeDecodeError:
            self._refuse(None, name, "has texts that are not UTF-8")
        chosen = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self._refuse_first(np.array([text is None for text in texts], np.bool_)[chosen], name, "missing")
        return Texts(texts, chosen)

    def decimals(self, name: str, digits: Words64, most: int) -> Words64:
        """A column of decimals in units of 10^-digits, row by row, which must be exact and at most so many."""
        column = self._table.column(name)
        if not pa.types.is_decimal128(column.type):
            self._refuse(None, name, f"expected decimal128, not {column.type}")
        try:
            exact = column.cast(AMOUNT).combine_chunks()
        except pa.ArrowInvalid:
            self._refuse(None, name, f"has decimals of more than {WIRE_DECIMALS} digits after the point or 30 before")
        halves = np.frombuffer(exact.buffers()[1], np.int64).reshape(-1, 2)[exact.offset : exact.offset + len(exact)]
        wire, high = halves[:, 0], halves[:, 1]
        self._refuse_first(high != wire >> 63, name, "too large")
        scale = 10 ** (WIRE_DECIMALS - digits)
        units = wire // scale
        self._refuse_first(units * scale != wire, name, "has more digits than its market allows")
        self._refuse_first((units > most) | (units < -most), name, "too large")
        return units

    # ------------------------------------------------------------- rows

    def rows(self) -> "Rows":
        """All of the file."""
        domains, markets = self.texts("domain"), self.market_numbers()
        digits = np.array([market.quantity_decimals for market in self._markets], np.int64)[markets]
        quantities = self.decimals("quantity", digits, MAX_QUANTITY)
        in_quanta = np.full(len(markets), WIRE_DECIMALS)
        cash, costs = (self.decimals(name, in_quanta, MAX_AMOUNT) for name in ("cash", "cost"))
        self._refuse_first(quantities == 0, "quantity", "must not be zero")
        self._refuse_first(
            (costs == 0) | ((costs > 0) != (quantities > 0)), "cost", "expected a cost with the sign of the quantity"
        )
        self._check_values(markets, quantities)
        sides = self.sides(quantities)
        first = self.domain_starts(domains, cash)
        self._check_domains(first, markets, sides)
        cash_of = cash[first[:-1]]
        return Rows(domains, sides, PositionColumns(cash_of, first, markets, quantities, costs))

    def market_numbers(self) -> Words64:
        """Each row's market, by its number."""
        known = {market.id: number for number, market in enumerate(self._markets)}
        markets = self.texts("market")
        numbers = np.array([*(known.get(text, -1) for text in markets.texts), -1], np.int64)[markets.chosen]
        self._refuse_first(numbers < 0, "market", "unknown market")
        return numbers

    def sides(self, quantities: Words64) -> Words64:
        """Each row's side as its place among SIDES; BOTH if the file has no sides."""
        if "side" not in self._table.column_names:
            return np.zeros(len(quantities), np.int64)
        stated = self.texts("side")
        places = np.array([*(SIDES.index(text) if text in SIDES else -1 for text in stated.texts), -1], np.int64)
        sides: Words64 = places[stated.chosen]
        self._refuse_first(sides < 0, "side", "expected BOTH, LONG or SHORT")
        wrong = ((sides == LONG_SIDE) & (quantities < 0)) | ((sides == SHORT_SIDE) & (quantities > 0))
        self._refuse_first(wrong, "quantity", WRONG_SIGN)
        return sides

    def _check_values(self, markets: Words64, quantities: Words64) -> None:
        """No position's value at mark is beyond 2^62 quanta."""
        most = [MAX_VALUE // (market.marked() * market.quanta_per_unit) for market in self._markets]
        self._refuse_first(np.abs(quantities) > np.array(most, np.int64)[markets], "quantity", "its value is too large")

    def domain_starts(self, domains: Texts, cash: Words64) -> Words64:
        """Where each domain's rows begin, and where the last one's end; they must stand together, with one cash."""
        begins = np.ones(len(cash), np.bool_)
        begins[1:] = domains.chosen[1:] != domains.chosen[:-1]
        starts = np.nonzero(begins)[0]
        again = np.ones(len(starts), np.bool_)
        again[np.unique(domains.chosen[starts], return_index=True)[1]] = False
        wrong = np.zeros(len(cash), np.bool_)
        wrong[starts[again]] = True
        self._refuse_first(wrong, "domain", "the rows of a domain must be adjacent")
        differs = np.append(False, cash[1:] != cash[:-1])[: len(cash)]
        self._refuse_first(~begins & differs, "cash", "must be the same in all rows of the domain")
        return np.append(starts, len(cash)).astype(np.int64)

    def _check_domains(self, first: Words64, markets: Words64, sides: Words64) -> None:
        """A domain has one asset, no position twice, and either the side BOTH or the others."""
        owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
        of_asset = sorted({market.asset for market in self._markets})
        assets = np.array([of_asset.index(market.asset) for market in self._markets], np.int64)[markets]
        self._refuse_first(assets != assets[first[:-1]][owner], "market", "settles in another asset than the domain")
        hedged = sides > 0
        self._refuse_first(hedged != hedged[first[:-1]][owner], "side", "BOTH cannot be mixed with LONG or SHORT")
        keys = (owner * len(self._markets) + markets) * len(SIDES) + sides
        wrong = np.ones(len(keys), np.bool_)
        wrong[np.unique(keys, return_index=True)[1]] = False
        self._refuse_first(wrong, "market", "repeated position of the domain")

    def check_fit(self, portfolio: Portfolio) -> None:
        """What is larger than 64 bits can be sure of is for a file of questions."""
        wrong = np.zeros(portfolio.count, np.bool_)
        wrong[portfolio.positions.first[:-1]] = ~portfolio.fits()
        reason = "cash, costs or values of the domain exceed 2^60 quanta: ask about it in a JSON file of questions"
        self._refuse_first(wrong, "domain", reason)


class Rows(NamedTuple):
    """What a file states: domains by name, sides by place, and the columns of the portfolio."""

    domains: Texts
    sides: Words64
    positions: PositionColumns


class Answers(NamedTuple):
    """What is answered of a portfolio."""

    domains: DomainFigures
    seen: PositionFigures
    below: Words64
    above: Words64
    bankruptcies: Words64
    ranks: Words64


def answer_columns(path: Path, markets: Sequence[Market], ranking: Ranking, threads: int) -> Any:
    """A table with a row for each position of a file, in its order."""
    reader = Reader(path, markets)
    rows = reader.rows()
    portfolio = Portfolio(market_columns(markets), rows.positions, threads)
    reader.check_fit(portfolio)
    return table_of(markets, rows, answers_of(portfolio, rows, ranking))


def answers_of(portfolio: Portfolio, rows: Rows, ranking: Ranking) -> Answers:
    """All figures of a portfolio."""
    domains, seen = portfolio.domain_figures(), portfolio.position_figures()
    below, above = portfolio.bands()
    ranks = portfolio.ranks(domains, seen, ties_of(rows), ranking=ranking)
    return Answers(domains, seen, below, above, portfolio.bankruptcy_prices(domains, seen), ranks)


def ties_of(rows: Rows) -> Words64:
    """Numbers of positions in the order of their keys: domains by name, code point by code point, then sides."""
    ordered = sorted(range(len(rows.domains.texts)), key=rows.domains.texts.__getitem__)
    ranks = np.empty(len(ordered), np.int64)
    ranks[ordered] = np.arange(len(ordered))
    ties: Words64 = ranks[rows.domains.chosen] * len(SIDES) + rows.sides
    return ties


# ----------------------------------------------------------------- columns of answers


def table_of(markets: Sequence[Market], rows: Rows, answers: Answers) -> Any:
    """The answers as a table; amounts are exact decimals, what does not exist is null."""
    positions = rows.positions
    of_domain = np.repeat(np.arange(len(positions.cash)), np.diff(positions.first))
    digits = np.array([market.price_decimals for market in markets], np.int64)[positions.markets]
    equity, maintenance = (figures[of_domain] for figures in answers.domains)
    columns = {
        "domain": texts_column(rows.domains.texts, rows.domains.chosen),
        "market": texts_column([market.id for market in markets], positions.markets),
        "side": texts_column(list(SIDES), rows.sides),
        "notional": money_column(np.abs(answers.seen.values)),
        "unrealised": money_column(answers.seen.values - positions.costs),
        "maintenance": money_column(answers.seen.maintenance),
        "equity": money_column(equity),
        "domain_maintenance": money_column(maintenance),
        "healthy": pa.array(equity > maintenance),
        "liquidation_price_below": price_column(answers.below, digits),
        "liquidation_price_above": price_column(answers.above, digits),
        "bankruptcy_price": price_column(answers.bankruptcies, digits),
        "adl_rank": pa.array(answers.ranks, mask=answers.ranks == 0),
    }
    return pa.table(columns)


def texts_column(texts: Sequence[str], chosen: Words64) -> Any:
    """A column of texts by number."""
    return pa.DictionaryArray.from_arrays(pa.array(chosen.astype(np.int32)), pa.array(texts, pa.string()))


def money_column(quanta: Words64) -> Any:
    """A column of amounts in quanta."""
    return amounts(quanta, np.zeros(len(quanta), np.int64), np.ones(len(quanta), np.bool_))


def price_column(prices: Words64, digits: Words64) -> Any:
    """A column of prices in units, null where there is none."""
    given: Flags = prices != NO_PRICE
    return amounts(prices, WIRE_DECIMALS - digits, given)


def summary(table: Any) -> dict[str, Any]:
    """What a table of answers comes to: counts, and the sums of notionals and maintenance margins."""
    sums = {name: pc.sum(table.column(name)).as_py() for name in ("notional", "maintenance")}
    healthy = pc.sum(table.column("healthy")).as_py()
    return {
        "positions": len(table),
        "domains": len(pc.unique(table.column("domain"))),
        "positions_of_unhealthy_domains": len(table) - (healthy or 0),
        **{
            name: decimal_text(int(found.scaleb(WIRE_DECIMALS)) if found else 0, WIRE_DECIMALS)
            for name, found in sums.items()
        },
    }
