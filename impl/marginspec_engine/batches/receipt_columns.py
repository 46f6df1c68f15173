"""Receipts as columns: a row an effect, or a rejection; quantities are signed, those of orders too.

Effects that list or change a market are rare and hold tables; of these only the market and the type are given.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from marginspec.model.fields import Amount, Choice, Flag, Integer, Kind, LedgerName, Name
from marginspec.model.units import WIRE_DECIMALS
from marginspec_engine import layout
from marginspec_engine.layout import NONE
from marginspec_engine.layout.effect_reading import EffectReader
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.memory.tables import Tables

AMOUNT = pa.decimal128(38, WIRE_DECIMALS)
TEXT = pa.dictionary(pa.int32(), pa.string())
REJECTED = "rejected"

TYPES: tuple[tuple[type, Any], ...] = (
    *((kind, TEXT) for kind in (Name, Choice, LedgerName)),
    *((Amount, AMOUNT), (Integer, pa.int64()), (Flag, pa.bool_())),
)
"""The type of a column for each kind of field; columns stand in this order of kinds."""


class Column(NamedTuple):
    """A column: its name, what it holds, and in which word each kind of effect that has it holds it."""

    name: str
    kind: Kind
    words: dict[int, int]

    @property
    def type(self) -> Any:
        """How the column is stored."""
        return dict(TYPES)[type(self.kind)]


def all_columns() -> list[Column]:
    """A column for each field of effects; where one name stands for several things, the type of effect names each."""
    kinds = defaultdict(set)
    for fields in layout.EFFECT_FIELDS:
        for placed in fields:
            kinds[placed.name].add(type(placed.kind) if isinstance(placed.kind, Amount) else placed.kind)
    columns: dict[str, Column] = {}
    for effect, fields in enumerate(layout.EFFECT_FIELDS):
        for placed in fields:
            name = placed.name if len(kinds[placed.name]) == 1 else layout.EFFECT_NAMES[effect]
            columns.setdefault(name, Column(name, placed.kind, {})).words[effect] = placed.place
    order = [kind for kind, _ in TYPES]
    return sorted(columns.values(), key=lambda column: order.index(type(column.kind)))


COLUMNS = all_columns()


class Cells(NamedTuple):
    """The words of a column, and where there is one."""

    words: Words64
    given: Any


class ReceiptColumns:
    """Turns collected effects of one engine into tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._reader = EffectReader(tables)

    def schema(self) -> Any:
        """The columns of every table."""
        fields = [(column.name, column.type) for column in COLUMNS]
        return pa.schema([("seq", pa.int64()), ("type", TEXT), *fields, (REJECTED, TEXT)])

    def table(self, rows: Words64) -> Any:
        """Collected rows as a table."""
        kinds = rows[:, 1]
        cells = {column.name: cells_of(column, rows) for column in COLUMNS}
        columns = [pa.array(rows[:, 0]), types_of(kinds)]
        columns += [self._column(column, cells) for column in COLUMNS]
        columns.append(texts([str(reason) for reason in REASONS], -kinds, kinds < 0))
        return pa.table(columns, schema=self.schema())

    def _column(self, column: Column, cells: dict[str, Cells]) -> Any:
        words, given = cells[column.name]
        match column.kind:
            case Name(of):
                return texts(self._tables.names(of).texts, words, given)
            case Choice(chosen):
                return texts(chosen, words, given)
            case LedgerName():
                return self._ledger_accounts(cells["asset"].words, words, given)
            case Amount(of):
                return amounts(words, WIRE_DECIMALS - self._decimals(of, cells), given)
            case Flag():
                return pa.array(words == 1, mask=~given)
        return pa.array(words, mask=~given)

    def _ledger_accounts(self, assets: Words64, words: Words64, given: Any) -> Any:
        """Ledger accounts, each of which is written once."""
        pairs, places = np.unique(np.column_stack((words[given], assets[given])), axis=0, return_inverse=True)
        names = [str(self._reader.ledger_account(asset, word)) for word, asset in pairs.tolist()]
        chosen = np.zeros(len(words), np.int64)
        chosen[given] = places.reshape(-1)
        return texts(names, chosen, given)

    def _decimals(self, of: str, cells: dict[str, Cells]) -> Words64:
        """Digits after the point of each row's prices, quantities or money."""
        markets, assets = with_a_row(self._tables.market_rows()), with_a_row(self._tables.asset_rows())
        market, asset = cells["market"].words, cells["asset"].words
        if of == "money":
            digits: Words64 = assets[np.where(asset == NONE, markets[market, layout.ASSET], asset), layout.DECIMALS]
        else:
            digits = markets[market, layout.PRICE_DECIMALS if of == "price" else layout.QUANTITY_DECIMALS]
        return digits


def cells_of(column: Column, rows: Words64) -> Cells:
    """The words of a column in collected rows."""
    words = np.full(len(rows), NONE, np.int64)
    given = np.zeros(len(rows), bool)
    for effect, place in column.words.items():
        chosen = rows[:, 1] == effect
        words[chosen] = rows[chosen, 1 + place]
        # Of names and choices, which are never negative, NONE is what a cross domain does not have.
        given[chosen] = (words[chosen] != NONE) if isinstance(column.kind, Name | Choice) else True
    return Cells(words, given)


def types_of(kinds: Words64) -> Any:
    """The type of effect of each row, or that it is a rejection."""
    names = (*layout.EFFECT_NAMES, REJECTED)
    return texts(names, np.where(kinds < 0, len(names) - 1, kinds), np.ones(len(kinds), bool))


def with_a_row(rows: Words64) -> Words64:
    """Rows of a table, or one of zeros where there is none, for values that are null."""
    return rows if len(rows) else np.zeros((1, rows.shape[1]), np.int64)


def texts(names: Sequence[str], chosen: Words64, given: Any) -> Any:
    """A column of texts, chosen by number where there is one."""
    indices = pa.array(np.where(given, chosen, 0).astype(np.int32), mask=~given)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(names) or [""], pa.string()))


def amounts(units: Words64, digits: Words64, given: Any) -> Any:
    """A column of decimals: units times 10 to the power of some digits (0 to 8), in 128 bits."""
    factors = 10**digits
    upper, lower = (units >> 32) * factors, (units & 0xFFFFFFFF) * factors
    shifted = (upper.astype(np.uint64) & np.uint64(0xFFFFFFFF)) << np.uint64(32)
    low = shifted + lower.astype(np.uint64)
    high = (upper >> 32) + (low < shifted)
    halves = np.column_stack((low.view(np.int64), high))
    validity = pa.py_buffer(np.packbits(given, bitorder="little").tobytes())
    return pa.Decimal128Array.from_buffers(AMOUNT, len(units), [validity, pa.py_buffer(halves.tobytes())])
