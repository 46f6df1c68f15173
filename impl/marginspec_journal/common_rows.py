"""The fast way to read the common rows of a table: events from columns instead of a line of JSON a row.

Like common_lines it takes a row only where it is certain that the definition in events would take it
too, with the same record, and otherwise says so by None. So it is never the one that refuses.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from marginspec.model.fields import Amount, Choice, Kind, Name
from marginspec_journal.common_lines import COMMON_FORMS
from marginspec_journal.events import ANNOTATIONS, Record
from marginspec_journal.names import is_name, is_reference, is_time_stamp
from marginspec_journal.records import RecordForm

Column = Sequence[Any]
Holds = Callable[[Any], bool]

# A decimal of the wire format has at most 38 digits.
_TOO_LARGE = 10**38


def _is_decimal(value: Any) -> bool:
    return value is not None and -_TOO_LARGE < value < _TOO_LARGE


def _is_text_name(value: Any) -> bool:
    return value is not None and is_name(value)


def _is_given(value: Any) -> bool:
    return value is not None


def _check(kind: Kind, *, optional: bool) -> Holds:
    """What tells whether a column's value is right for a field of some kind."""
    if optional:
        given = _check(kind, optional=False)
        return lambda value: value is None or given(value)
    if isinstance(kind, Choice):
        return frozenset(kind.words).__contains__
    if isinstance(kind, Amount):
        return _is_decimal
    return _is_text_name if isinstance(kind, Name) else _is_given


_CHECKS = {
    name: [(field, _check(kind, optional=field in form.optional)) for field, kind in form.kinds.items()]
    for name, form in COMMON_FORMS.items()
}


@attrs.frozen
class _Plan:
    """Where the fields of a type of event are in a batch, in the order of its class."""

    event_class: Callable[..., Any]
    fields: tuple[tuple[Column, Holds], ...]


class CommonRows:
    """The rows of a batch: its columns by name (a name without a column is null throughout)."""

    def __init__(self, columns: Mapping[str, Column], rows: int) -> None:
        self._columns = columns
        self._absent: Column = [None] * rows
        self._kinds = self._column("type")
        self._plans = {name: self._plan(name, form) for name, form in COMMON_FORMS.items()}
        self._ts, self._ref, self._observed = (self._column(name) for name in ANNOTATIONS)
        self._given = [len(row) - row.count(None) for row in zip(*columns.values(), strict=True)]

    def _column(self, name: str) -> Column:
        return self._columns.get(name, self._absent)

    def _plan(self, name: str, form: RecordForm) -> _Plan:
        return _Plan(form.record, tuple((self._column(field), holds) for field, holds in _CHECKS[name]))

    def record(self, place: int, row: int) -> Record | None:
        """The record at a place of the batch (from 0), which is that row of the file (from 1)."""
        plan = self._plans.get(self._kinds[place])
        if plan is None or self._observed[place] is not None:
            return None
        values = []
        for column, holds in plan.fields:
            value = column[place]
            if not holds(value):
                return None
            values.append(value)
        ts, ref = self._ts[place], self._ref[place]
        if (ts is not None and not is_time_stamp(ts)) or (ref is not None and not is_reference(ref)):
            return None
        # Each value that is given must be one that was used, else it does not belong to the type.
        used = 1 + len(values) - values.count(None) + (ts is not None) + (ref is not None)
        return Record(row, plan.event_class(*values), ts, ref) if used == self._given[place] else None
