"""Events of a Parquet journal as rows of words, column by column.

Like the journal's own fast readers, this one takes a batch only where it is certain that the definition of a row
would take it too; otherwise the batch is read by the definition, which then says what is wrong, if anything is.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from marginspec.model.events import Event, ListMarket
from marginspec_engine import layout
from marginspec_engine.layout import NONE
from marginspec_engine.layout.event_words import MARGIN_MODES, POSITION_MODES, SIDES, WRITERS, write_event
from marginspec_engine.memory.plain_memory import Words64
from marginspec_engine.memory.tables import Tables
from marginspec_journal.errors import InputError
from marginspec_journal.events import EVENT_FORMS
from marginspec_journal.names import is_name, is_time_stamp
from marginspec_journal.parquet import ParquetJournal

ROWS_AT_ONCE = 250_000
Flags = npt.NDArray[np.bool_]
Known = dict[str, tuple[Any, Words64]]
"""For each column, the texts that its last batch had and their numbers: batches of one file often share them."""


class EventRows(NamedTuple):
    """Events as rows of words; those that are not compiled stand beside them, by row."""

    words: Words64
    uncompiled: dict[int, Event]

    def until(self, count: int) -> "EventRows":
        """The first events, so many of them or all."""
        return EventRows(self.words[:count], {place: one for place, one in self.uncompiled.items() if place < count})

    def behind(self, count: int) -> "EventRows":
        """The events behind so many."""
        left = {place - count: one for place, one in self.uncompiled.items() if place >= count}
        return EventRows(self.words[count:], left)


class Irregular(Exception):  # noqa: N818 - not an error: the batch is read in the other way
    """A batch holds something that only the definition of a row can judge."""


TYPES = {
    "deposit": layout.DEPOSIT,
    "withdraw": layout.WITHDRAW,
    "fund_insurance": layout.FUND_INSURANCE,
    "withdraw_house": layout.WITHDRAW_HOUSE,
    "set_position_mode": layout.SET_POSITION_MODE,
    "set_margin_mode": layout.SET_MARGIN_MODE,
    "set_leverage": layout.SET_LEVERAGE,
    "adjust_isolated_margin": layout.ADJUST_ISOLATED_MARGIN,
    "place_order": layout.PLACE_ORDER,
    "cancel_order": layout.CANCEL_ORDER,
    "trade": layout.TRADE,
    "funding": layout.FUNDING,
    "liquidation_fill": layout.LIQUIDATION_FILL,
    "mark_price": layout.MARK_PRICE,
    "update_tiers": layout.UPDATE_TIERS,
    "update_fees": layout.UPDATE_FEES,
    "list_market": layout.LIST_MARKET,
}
"""The number of each type of event."""
FIELDS = tuple(sorted({field for form in EVENT_FORMS.values() for field in form.kinds}))
BITS = {field: 1 << place for place, field in enumerate(FIELDS)}
MOST_HIGH_WORD = 10**38 >> 64
"""The high word of a decimal that may have more digits than the wire format allows."""
TIME_SHAPE = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.[0-9]+)?Z$"
REFERENCE_SHAPE = r"^[\x20-\x7e]{1,128}$"
NAME_SHAPE = r"^[A-Za-z0-9._-]{1,64}$"

ORDER_SIDES = {"sell": 0, "buy": 1}
LOT_SIDES = {"short": 0, "long": 1}
TAKERS = {"seller": 0, "buyer": 1}


def required_and_allowed() -> tuple[Words64, Words64]:
    """For each type, the bits of the fields that it must and may have."""
    required, allowed = np.zeros(len(TYPES), np.int64), np.zeros(len(TYPES), np.int64)
    for name, event_type in TYPES.items():
        form = EVENT_FORMS[name]
        required[event_type] = sum(BITS[field] for field in form.required)
        allowed[event_type] = sum(BITS[field] for field in form.kinds)
    return required, allowed


REQUIRED, ALLOWED = required_and_allowed()


def event_rows(journal: ParquetJournal, tables: Tables) -> Iterator[EventRows]:
    """All events of a journal, batch by batch; InputError as the journal itself would raise it."""
    known: Known = {}
    try:
        for rows_before, batch in journal.batches(ROWS_AT_ONCE):
            try:
                yield BatchReader(journal, tables, batch, rows_before, known).rows()
            except Irregular:
                yield rows_of_events(tables, [record.event for record in journal.records(batch, rows_before)])
    except InputError:
        # The definition reads fewer rows at once, so it may come upon another fault first.
        for _ in ParquetJournal(Path(journal.name)):
            pass
        raise


def rows_of_events(tables: Tables, events: list[Event]) -> EventRows:
    """Events as rows, one by one."""
    listings = dict.fromkeys(event.market for event in events if isinstance(event, ListMarket))
    tables.add_markets([market for market in listings if market not in tables.markets.numbers])
    words = np.full((len(events), layout.EVENT_ROW), NONE, np.int64)
    uncompiled = {}
    for place, event in enumerate(events):
        if type(event) in WRITERS:
            write_event(tables, event, words[place])
        else:
            words[place, layout.EVENT_TYPE] = layout.LIST_MARKET
            uncompiled[place] = event
    return EventRows(words, uncompiled)


def regular(holds: bool) -> None:
    """Leave a batch to the definition of a row unless a condition holds."""
    if not holds:
        raise Irregular


def listed(dictionary: Any) -> list[str]:
    """The texts of a dictionary."""
    try:
        texts: list[str] = dictionary.to_pylist()
    except UnicodeDecodeError:
        raise Irregular from None
    return texts


class BatchReader:
    """Reads one batch."""

    def __init__(
        self, journal: ParquetJournal, tables: Tables, batch: pa.RecordBatch, rows_before: int, known: Known
    ) -> None:
        self._journal, self._tables, self._batch, self._before = journal, tables, batch, rows_before
        self._known = known
        names = batch.schema.names
        self._columns = {
            name: column for name, column in zip(names, batch.columns, strict=True) if column.null_count < len(column)
        }
        self._words = np.full((batch.num_rows, layout.EVENT_ROW), NONE, np.int64)
        self._types = self._codes("type", TYPES)

    def rows(self) -> EventRows:
        """The batch as rows of words; Irregular if not all of it is as it is as a rule."""
        regular(bool((self._types >= 0).all()))
        self._check_fields()
        self._check_annotations()
        self._words[:, layout.EVENT_TYPE] = self._types
        self._write_names()
        self._write_choices()
        self._write_decimal("price", layout.PRICE_LOW)
        for field in ("amount", "quantity", "rate"):
            self._write_decimal(field, layout.AMOUNT_LOW)
        return EventRows(self._words, self._uncompiled())

    # ------------------------------------------------------------- checks

    def _check_fields(self) -> None:
        """Every row has all fields that its type must have, and none that it may not have."""
        given = np.zeros(len(self._types), np.int64)
        for field in FIELDS:
            if field in self._columns:
                given |= np.where(self._given(field), BITS[field], 0)
        required, allowed = REQUIRED[self._types], ALLOWED[self._types]
        regular(bool(((given & required) == required).all() and ((given & ~allowed) == 0).all()))

    def _check_annotations(self) -> None:
        """Time stamps are UTC and of the common shape, references printable; what was observed is for others."""
        regular("observed" not in self._columns)
        if "ref" in self._columns:
            regular(self._all_match("ref", REFERENCE_SHAPE))
        if "ts" in self._columns:
            regular(self._all_match("ts", TIME_SHAPE))
            days = pc.unique(pc.utf8_slice_codeunits(self._text("ts"), 0, 10)).to_pylist()
            regular(all(is_time_stamp(f"{day}T00:00:00Z") for day in days if day is not None))

    def _all_match(self, field: str, shape: str) -> bool:
        matched = pc.all(pc.match_substring_regex(self._text(field), shape), min_count=0)
        return bool(matched.as_py())

    # ------------------------------------------------------------- columns

    def _given(self, field: str) -> Flags:
        """Where a field is not null."""
        flags: Flags = self._columns[field].is_valid().to_numpy(zero_copy_only=False)
        return flags

    def _text(self, field: str) -> Any:
        column = self._columns[field]
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

    def _encoded(self, field: str) -> tuple[Words64, Any]:
        """A column of texts as places among its different texts, with those; NONE for null."""
        column = self._columns[field]
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        regular(encoded.dictionary.null_count == 0)
        indices = encoded.indices.fill_null(NONE).to_numpy(zero_copy_only=False).astype(np.int64)
        return indices, encoded.dictionary

    def _codes(self, field: str, words: dict[str, int]) -> Words64:
        """A column of fixed texts as words; NONE for null and for any other text."""
        if field not in self._columns:
            return np.full(self._batch.num_rows, NONE, np.int64)
        indices, dictionary = self._encoded(field)
        return np.array([*(words.get(text, NONE) for text in listed(dictionary)), NONE], np.int64)[indices]

    def _numbers(self, field: str, numbers: dict[str, int], add: Callable[[list[str]], None]) -> Words64:
        """A column of names as numbers; NONE for null."""
        indices, dictionary = self._encoded(field)
        before, numbered = self._known.get(field, (None, None))
        if numbered is None or not dictionary.equals(before):
            numbered = self._numbered(listed(dictionary), numbers, add)
            self._known[field] = (dictionary, numbered)
        return numbered[indices]

    def _numbered(self, texts: list[str], numbers: dict[str, int], add: Callable[[list[str]], None]) -> Words64:
        """The numbers of different names, and NONE behind them; names that have none are checked and numbered."""
        fresh = [text for text in texts if text not in numbers]
        if fresh:
            shaped = pc.all(pc.match_substring_regex(pa.array(fresh, pa.large_string()), NAME_SHAPE)).as_py()
            regular(bool(shaped) or all(is_name(text) for text in fresh))
            add(fresh)
        return np.array([*(numbers[text] for text in texts), NONE], np.int64)

    def _put(self, place: int, values: Words64) -> None:
        """Write values where there are any."""
        self._words[:, place] = np.where(values == NONE, self._words[:, place], values)

    def _write_names(self) -> None:
        tables = self._tables
        accounts = (tables.accounts.numbers, tables.add_accounts)
        orders = (tables.orders.numbers, tables.add_orders)
        for field, place in (
            ("account", layout.FIRST_ACCOUNT),
            ("buyer", layout.FIRST_ACCOUNT),
            ("counterparty", layout.FIRST_ACCOUNT),
            ("seller", layout.SECOND_ACCOUNT),
        ):
            if field in self._columns:
                self._put(place, self._numbers(field, *accounts))
        for field, place in (
            ("order", layout.FIRST_ORDER_NAME),
            ("buyer_order", layout.FIRST_ORDER_NAME),
            ("seller_order", layout.SECOND_ORDER_NAME),
        ):
            if field in self._columns:
                self._put(place, self._numbers(field, *orders))
        if "market" in self._columns:
            self._put(layout.OF_MARKET, self._numbers("market", tables.markets.numbers, tables.add_markets))
        if "asset" in self._columns:
            self._put(layout.EVENT_ASSET, self._numbers("asset", tables.assets.numbers, self._add_assets))

    def _add_assets(self, texts: list[str]) -> None:
        for text in texts:
            self._tables.asset(text)

    def _write_choices(self) -> None:
        for field, place in (
            ("position_side", layout.FIRST_SIDE),
            ("buyer_side", layout.FIRST_SIDE),
            ("counterparty_side", layout.FIRST_SIDE),
            ("seller_side", layout.SECOND_SIDE),
        ):
            if field in self._columns:
                self._put_choice(field, place, SIDES)
        is_adjusting, is_filling = self._types == layout.ADJUST_ISOLATED_MARGIN, self._types == layout.LIQUIDATION_FILL
        if "side" in self._columns:
            self._put_choice("side", layout.FIRST_SIDE, SIDES, is_adjusting)
            self._put_choice("side", layout.CHOICE, LOT_SIDES, is_filling)
            self._put_choice("side", layout.CHOICE, ORDER_SIDES, ~(is_adjusting | is_filling))
        if "taker" in self._columns:
            self._put_choice("taker", layout.CHOICE, TAKERS)
        if "mode" in self._columns:
            of_positions = self._types == layout.SET_POSITION_MODE
            self._put_choice("mode", layout.CHOICE, POSITION_MODES, of_positions)
            self._put_choice("mode", layout.CHOICE, MARGIN_MODES, ~of_positions)
        if "leverage" in self._columns:
            column = self._columns["leverage"]
            # Of the integers only unsigned ones can have 64 bits without a sign.
            regular(column.type != pa.uint64())
            leverage = column.cast(pa.int64()).fill_null(NONE).to_numpy(zero_copy_only=False)
            # A leverage of -1 could not be told from none.
            regular(bool((leverage[self._given("leverage")] >= 0).all() and (leverage < 10**18).all()))
            self._put(layout.CHOICE, leverage)
        if "reduce_only" in self._columns:
            flags = self._columns["reduce_only"].cast(pa.int64()).fill_null(NONE).to_numpy(zero_copy_only=False)
            self._put(layout.SECOND_CHOICE, flags)

    def _put_choice(self, field: str, place: int, words: dict[str, int], where: Flags | None = None) -> None:
        """Write one of some fixed texts, in some rows."""
        chosen = self._codes(field, words)
        given = self._given(field) if where is None else self._given(field) & where
        regular(bool((chosen[given] >= 0).all()))
        self._words[given, place] = chosen[given]

    def _write_decimal(self, field: str, place: int) -> None:
        if field not in self._columns:
            return
        column = self._columns[field]
        halves = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)
        halves = halves[column.offset : column.offset + len(column)]
        given = self._given(field)
        high = halves[given, 1]
        regular(bool(((high > -MOST_HIGH_WORD) & (high < MOST_HIGH_WORD)).all()))
        self._words[given, place : place + 2] = halves[given]

    def _uncompiled(self) -> dict[int, Event]:
        """Events that list or change a market, read by the definition of a row."""
        places = np.nonzero(self._types > layout.MARK_PRICE)[0]
        if len(places) == 0:
            return {}
        # Rows cannot be picked out of a column of views.
        regular(not any(pa.types.is_string_view(column.type) for column in self._batch.columns))
        # Their rows are counted wrong, which nobody sees: a refusal is told by the definition, of the whole journal.
        records = self._journal.records(self._batch.take(pa.array(places)), self._before)
        return {place: record.event for place, record in zip(places.tolist(), records, strict=True)}
