"""Events as words: names as numbers, choices as their places, decimals as two words."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from marginspec.model.events import Event
from marginspec.model.fields import Amount, Choice, Flag, Integer, Kind, Name
from marginspec_engine.layout import EMPTY_ROW, EVENT_CLASSES, EVENT_FIELDS, EVENT_ROW, EVENT_TYPE
from marginspec_engine.layout.fields import Placed
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.memory.tables import Tables

WORD = 2**64
HALF = 2**63
SIGN_PLACE = 63
NOTHING_STATED = np.array(EMPTY_ROW, np.int64)
MOST = 2**127 - WORD
"""No limit is near: a decimal past this is taken for this, which leaves NO_DECIMAL as a high word free."""

Writer: TypeAlias = Callable[[Tables, Any, Words64], None]
ColumnWriter: TypeAlias = Callable[[Tables, list[Any], Words64], None]


def write_event(tables: Tables, event: Event, words: Words64) -> None:
    """Write an event into the words of a row; its names are numbered."""
    words[:EVENT_ROW] = NOTHING_STATED
    words[EVENT_TYPE], writers = WRITERS[type(event)]
    for name, write in writers:
        value = getattr(event, name)
        if value is not None:
            write(tables, value, words)


def written_events(tables: Tables, events: Sequence[Event]) -> Words64:
    """The rows of events of one class, written a field at a time, which is much cheaper than event by event."""
    event_type, columns = COLUMNS[type(events[0])]
    rows = np.tile(NOTHING_STATED, (len(events), 1))
    rows[:, EVENT_TYPE] = event_type
    for name, write in columns:
        values = [getattr(event, name) for event in events]
        places = [place for place, value in enumerate(values) if value is not None]
        if len(places) == len(values):
            write(tables, values, rows)
        elif places:
            stated = rows[places]
            write(tables, [values[place] for place in places], stated)
            rows[places] = stated
    return rows


def column_writer(placed: Placed) -> ColumnWriter:
    """What writes the values of a field into rows."""
    place = placed.place

    def write_amounts(_: Tables, values: list[Any], rows: Words64) -> None:
        rows[:, place : place + 2] = decimal_words(values)

    if isinstance(placed.kind, Amount):
        return write_amounts
    if isinstance(placed.kind, Name):
        of = placed.kind.of

        def write_names(tables: Tables, values: list[Any], rows: Words64) -> None:
            rows[:, place] = tables.numbered(of, values)

        return write_names
    word = word_of(placed.kind)

    def write(tables: Tables, values: list[Any], rows: Words64) -> None:
        rows[:, place] = [word(tables, value) for value in values]

    return write


def decimal_words(decimals: list[int]) -> Words64:
    """The low and the high words of decimals."""
    try:
        low = np.array(decimals, np.int64)
    except OverflowError:
        words = np.empty((len(decimals), 2), np.int64)
        for row, decimal in zip(words, decimals, strict=True):
            write_decimal(row, 0, decimal)
        return words
    return np.column_stack((low, low >> SIGN_PLACE))


def writer_of(placed: Placed) -> Writer:
    """What writes the value of a field."""
    place = placed.place
    if isinstance(placed.kind, Amount):
        return lambda _, decimal, words: write_decimal(words, place, decimal)
    word = word_of(placed.kind)

    def write(tables: Tables, value: Any, words: Words64) -> None:
        words[place] = word(tables, value)

    return write


def word_of(kind: Kind) -> Callable[[Tables, Any], int]:
    """What gives the word of a value of a kind that has one."""
    match kind:
        case Name(of):
            number: Callable[[Tables, Any], int] = getattr(Tables, of)
            return number
        case Choice(words):
            numbers = {word: number for number, word in enumerate(words)}
            return lambda _, word: numbers[word]
        case Integer():
            # One past every limit is taken for the nearest that fits a word.
            return lambda _, integer: max(-HALF, min(HALF - 1, integer))
        case Flag():
            return lambda _, flag: int(flag)
    raise AssertionError(kind)


def write_decimal(words: Words64, place: int, decimal: int) -> None:
    """Write a decimal, counted in 1e-8, as its low and its high word."""
    kept = max(-MOST, min(MOST, decimal))
    low = kept % WORD
    words[place] = low - WORD if low >= HALF else low
    words[place + 1] = kept // WORD


WRITERS: dict[type, tuple[int, tuple[tuple[str, Writer], ...]]] = {
    record: (EVENT_CLASSES.index(record), tuple((placed.name, writer_of(placed)) for placed in fields))
    for record, fields in EVENT_FIELDS.items()
}
"""For each class of events that has a row, its type, and what writes each of its fields."""
COLUMNS: dict[type, tuple[int, tuple[tuple[str, ColumnWriter], ...]]] = {
    record: (EVENT_CLASSES.index(record), tuple((placed.name, column_writer(placed)) for placed in fields))
    for record, fields in EVENT_FIELDS.items()
}
"""Likewise, what writes each field of many events."""
