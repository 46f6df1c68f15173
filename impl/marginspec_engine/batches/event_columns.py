"""Events of a Parquet journal as rows of words, column by column.

Like the journal's own fast readers, this one takes a batch only if it is certain that the strict reader of rows would
take it too; any other batch goes to the strict reader, which says what is wrong, if anything is. Which column holds
what, and in which word it belongs, follows from the rulebook's classes of events.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from marginspec.model.events import Event, ListMarket
from marginspec.model.fields import Amount, Choice, Kind, Name
from marginspec_engine import layout
from marginspec_engine.layout import EVENT_FIELDS, EVENT_NAMES, NONE
from marginspec_engine.layout.event_words import COLUMNS, NOTHING_STATED, written_events
from marginspec_engine.memory.python_words import Words64
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


class Irregular(Exception):  # noqa: N818 - not an error: the strict reader takes the batch
    """A batch has a row that the strict reader must judge."""


TYPES = {name: number for number, name in enumerate(EVENT_NAMES)}
FIELDS = tuple(sorted({field for form in EVENT_FORMS.values() for field in form.kinds}))
BITS = {field: 1 << place for place, field in enumerate(FIELDS)}
MOST_HIGH_WORD = 10**38 >> 64
"""The high word of a decimal that may have more digits than the wire format allows."""
MOST_INTEGER = 10**18
TIME_SHAPE = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.[0-9]+)?Z$"
REFERENCE_SHAPE = r"^[\x20-\x7e]{1,128}$"
NAME_SHAPE = r"^[A-Za-z0-9._-]{1,64}$"


def required_and_allowed() -> tuple[Words64, Words64]:
    """For each type, the bits of the fields that it must and may have."""
    forms = [EVENT_FORMS[name] for name in EVENT_NAMES]
    required = [sum(BITS[field] for field in form.required) for form in forms]
    return np.array(required), np.array([sum(BITS[field] for field in form.kinds) for form in forms])


def uses_of_columns() -> dict[str, dict[tuple[Kind, int], list[int]]]:
    """What a column holds and in which word it belongs, for each set of types that have it."""
    uses: dict[str, dict[tuple[Kind, int], list[int]]] = defaultdict(lambda: defaultdict(list))
    for event_type, fields in enumerate(EVENT_FIELDS.values()):
        for placed in fields:
            uses[placed.name][placed.kind, placed.place].append(event_type)
    return uses


REQUIRED, ALLOWED = required_and_allowed()
USES = uses_of_columns()
NAMED = {field: kind.of for field, uses in USES.items() for kind, _ in uses if isinstance(kind, Name)}
"""What each column of names names."""


def event_rows(journal: ParquetJournal, tables: Tables) -> Iterator[EventRows]:
    """All events of a journal, batch by batch; InputError as the journal itself would raise it."""
    known: Known = {}
    try:
        for rows_before, batch in journal.batches(ROWS_AT_ONCE):
            freed = tables.free_names()
            for field in [field for field in known if NAMED[field] in freed]:
                del known[field]
            try:
                yield BatchReader(journal, tables, batch, rows_before, known).rows()
            except Irregular:
                known.clear()
                yield rows_of_events(tables, [record.event for record in journal.records(batch, rows_before)])
    except InputError:
        # The definition reads fewer rows at once, so it may come upon another fault first.
        for _ in ParquetJournal(Path(journal.name)):
            pass
        raise


def rows_of_events(tables: Tables, events: list[Event]) -> EventRows:
    """Events as rows; the rows made before must have been taken, since names that nobody has are freed."""
    tables.free_names()
    words = np.tile(NOTHING_STATED, (len(events), 1))
    places: dict[type, list[int]] = defaultdict(list)
    for place, event in enumerate(events):
        places[type(event)].append(place)
    uncompiled = {place: events[place] for kind in [*places] if kind not in COLUMNS for place in places.pop(kind)}
    number_listed(tables, uncompiled)
    words[list(uncompiled), layout.EVENT_TYPE] = layout.LIST_MARKET
    for of_kind in places.values():
        words[of_kind] = written_events(tables, [events[place] for place in of_kind])
    return EventRows(words, uncompiled)


def number_listed(tables: Tables, uncompiled: dict[int, Event]) -> None:
    """Number markets that will be listed before any that may not be: only the first ones need rows."""
    for event in uncompiled.values():
        if isinstance(event, ListMarket):
            tables.market(event.market)


def regular(holds: bool) -> None:
    """Raise Irregular unless a condition holds."""
    if not holds:
        raise Irregular


def listed(dictionary: Any) -> list[str]:
    """The texts of a dictionary; raises Irregular if one is not UTF-8."""
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
        self._validity: dict[str, Flags] = {}
        names = batch.schema.names
        self._columns = {
            name: column for name, column in zip(names, batch.columns, strict=True) if column.null_count < len(column)
        }
        self._words = np.tile(NOTHING_STATED, (batch.num_rows, 1))
        self._types = self._codes("type", TYPES) if "type" in self._columns else self._words[:, layout.EVENT_TYPE]

    def rows(self) -> EventRows:
        """The batch as rows of words; raises Irregular if a row needs the strict reader."""
        regular(bool((self._types >= 0).all()))
        self._check_fields()
        self._check_annotations()
        uncompiled = self._uncompiled()
        number_listed(self._tables, uncompiled)
        self._words[:, layout.EVENT_TYPE] = self._types
        for field, uses in USES.items():
            if field not in self._columns:
                continue
            given = self._given(field)
            for (kind, place), event_types in uses.items():
                where = given if len(uses) == 1 else given & np.isin(self._types, event_types)
                self._write(field, kind, place, where)
        return EventRows(self._words, uncompiled)

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
        if field not in self._validity:
            self._validity[field] = self._columns[field].is_valid().to_numpy(zero_copy_only=False)
        return self._validity[field]

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
        indices, dictionary = self._encoded(field)
        return np.array([*(words.get(text, NONE) for text in listed(dictionary)), NONE], np.int64)[indices]

    def _write(self, field: str, kind: Kind, place: int, where: Flags) -> None:
        """Write the values of a column into a word, or two, of some rows."""
        match kind:
            case Amount():
                self._write_decimal(field, place, where)
                return
            case Name(of):
                values = self._numbers(field, of)
            case Choice(words):
                values = self._codes(field, {word: number for number, word in enumerate(words)})
                regular(bool((values[where] >= 0).all()))
            case _:
                values = self._integers(field, where)
        np.copyto(self._words[:, place], values, where=where)

    def _integers(self, field: str, where: Flags) -> Words64:
        """Integers or flags of some rows; not those of 64 bits without a sign, nor any that might be past a word."""
        column = self._columns[field]
        regular(column.type != pa.uint64())
        values: Words64 = column.cast(pa.int64()).fill_null(NONE).to_numpy(zero_copy_only=False)
        # A value of -1 could not be told from none.
        regular(bool(((values >= 0) & (values < MOST_INTEGER))[where].all()))
        return values

    def _write_decimal(self, field: str, place: int, where: Flags) -> None:
        column = self._columns[field]
        halves = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)
        halves = halves[column.offset : column.offset + len(column)]
        high = halves[where, 1]
        regular(bool(((high > -MOST_HIGH_WORD) & (high < MOST_HIGH_WORD)).all()))
        self._words[where, place : place + 2] = halves[where]

    def _numbers(self, field: str, of: str) -> Words64:
        """A column of names as numbers; NONE for null."""
        indices, dictionary = self._encoded(field)
        before, numbered = self._known.get(field, (None, None))
        if numbered is None or not dictionary.equals(before):
            numbered = self._numbered(listed(dictionary), of)
            self._known[field] = (dictionary, numbered)
        return numbered[indices]

    def _numbered(self, texts: list[str], of: str) -> Words64:
        """The numbers of different names, and NONE behind them; names that have none are checked and numbered."""
        numbers = self._tables.names(of).numbers
        fresh = list(dict.fromkeys(text for text in texts if text not in numbers))
        if fresh:
            shaped = pc.all(pc.match_substring_regex(pa.array(fresh, pa.large_string()), NAME_SHAPE)).as_py()
            regular(bool(shaped) or all(is_name(text) for text in fresh))
            self._tables.add_names(of, fresh)
        return np.array([*(numbers[text] for text in texts), NONE], np.int64)

    def _uncompiled(self) -> dict[int, Event]:
        """Events that list or change a market, read by the definition of a row."""
        places = np.nonzero(self._types > layout.LAST_COMPILED)[0]
        if len(places) == 0:
            return {}
        # Rows cannot be picked out of a column of views.
        regular(not any(pa.types.is_string_view(column.type) for column in self._batch.columns))
        # Their rows are counted wrong, which nobody sees: a refusal is told by the definition, of the whole journal.
        records = self._journal.records(self._batch.take(pa.array(places)), self._before)
        return {place: record.event for place, record in zip(places.tolist(), records, strict=True)}
