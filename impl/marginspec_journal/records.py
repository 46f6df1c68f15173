"""Records in documents: how each is written and read, compiled from what its class declares its fields to be.

An amount that an event states is a decimal in its shortest form. Any other has all digits of its unit: money those of
its asset, prices and quantities those of their market, rates 8. Objects are written with their keys in order.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import Any, get_args

import msgspec

from marginspec.model.account import OrderSide
from marginspec.model.fields import (
    Amount,
    Choice,
    Field,
    Flag,
    Integer,
    Kind,
    LedgerName,
    Name,
    Rows,
    fields_of,
    type_name,
)
from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.canonical import JsonObject
from marginspec_journal.decimals import decimal_text, shortest_decimal
from marginspec_journal.digits import MarketDigits
from marginspec_journal.ledger_names import ledger_account_of
from marginspec_journal.strict_json import Node

Encode = Callable[..., JsonObject]
Write = Callable[..., str]
Read = Callable[[Node, MarketDigits | None], Any]
Bounds = tuple[int | None, int | None]
UNBOUNDED: Bounds = (None, None)

TYPE, SIDE = "type", "side"
SIDES: tuple[OrderSide, ...] = get_args(OrderSide)
"""The sides of an amount that documents have without its sign: of a positive one, and of a negative one."""


class RecordForm:
    """How documents have the records of a class: which fields, in the class's order, what each is, and its bounds.

    Events and effects state their type. Where records stand by name or number, that `key` is no field of theirs.
    Optional fields of one record inside, as market and side of a domain, stand together or not at all.

    `encode` makes the object of a record; amounts with fixed digits need the Digits, and those of a record that names
    no market or asset the MarketDigits of its own. `text` makes the JSON of that object.
    """

    def __init__(
        self, record: type, *, typed: bool = False, key: str = "", bounds: Mapping[str, Bounds] | None = None
    ) -> None:
        self.record, self.typed, self.name = record, typed, type_name(record)
        self.bounds = bounds or {}
        fields = tuple(field for field in fields_of(record) if field.name != key)
        self.kinds = {name: kind for field in fields for name, kind in _document_kinds(field)}
        self.optional = tuple(field.name for field in fields if field.optional)
        self.required = tuple(name for name in self.kinds if name not in self.optional)
        self.sided = tuple(field.name for field in fields if _is_sided(field.kind))
        self.together = tuple(_together(fields))
        self.encode = _encoder(self, fields)
        self.text = _writer(self, fields)
        self._readers = {name: _reader(kind, *self.bounds.get(name, UNBOUNDED)) for name, kind in self.kinds.items()}

    def fields(self, node: Node, *more: str) -> dict[str, Node]:
        """The fields of an object that is such a record; `more` are optional ones that are not the record's."""
        required = (TYPE, *self.required) if self.typed else self.required
        found = node.record(required, (*self.optional, *more))
        for names in self.together:
            absent = [name for name in names if name not in found]
            if 0 < len(absent) < len(names):
                node.child(absent[0]).fail("missing field")
        return found

    def values(self, fields: Mapping[str, Node], digits: MarketDigits | None = None) -> dict[str, Any]:
        """What the fields hold, by name; amounts in units of so many digits, or of 1e-8 if none are given."""
        found = {name: read(fields[name], digits) for name, read in self._readers.items() if name in fields}
        for name in self.sided:
            if found.pop(SIDE) == SIDES[1]:
                found[name] = -found[name]
        return found

    def build(self, values: Mapping[str, Any], **key: Any) -> Any:
        """The record of values by name and its key, where the class has nothing else; its rows are records too."""
        return self.record(**key, **{name: _built(self.kinds[name], value) for name, value in values.items()})

    def read(self, node: Node, digits: MarketDigits | None = None) -> dict[str, Any]:
        """What an object that is such a record holds, by name, as `values` gives it."""
        return self.values(self.fields(node), digits)


def _reader(kind: Kind, least: int | None, most: int | None) -> Read:
    """What reads a field of some kind within bounds; rows as their fields by name."""
    match kind:
        case Name():
            return lambda node, _: node.name()
        case Amount(of="rate") | Amount(stated=True):
            return lambda node, _: node.wire_decimal()
        case Amount():
            return lambda node, digits: _amount(node, None if digits is None else getattr(digits, kind.of), least, most)
        case Integer():
            return lambda node, _: node.integer(kind.least if least is None else least, most)
        case Flag():
            return lambda node, _: node.flag()
        case Choice():
            return lambda node, _: node.choice(kind.words)
        case LedgerName():
            return lambda node, _: ledger_account_of(node.text(), node)
        case Rows():
            return lambda node, digits: tuple(row_form(kind.record).read(row, digits) for row in node.elements())


def _amount(node: Node, decimals: int | None, least: int | None, most: int | None) -> int:
    return node.wire_decimal() if decimals is None else node.units(decimals, least, most)


def _built(kind: Kind, value: Any) -> Any:
    return tuple(kind.record(**row) for row in value) if isinstance(kind, Rows) else value


@cache
def row_form(record: type) -> RecordForm:
    """How documents have the records of a list."""
    return RecordForm(record)


def _is_sided(kind: Kind) -> bool:
    return isinstance(kind, Amount) and kind.form == "sided"


def _document_kinds(field: Field) -> Iterator[tuple[str, Kind]]:
    """The fields that documents have of a record's field, which are two of an amount beside its side."""
    yield field.name, field.kind
    if _is_sided(field.kind):
        yield SIDE, Choice(SIDES)


def _together(fields: tuple[Field, ...]) -> Iterator[tuple[str, ...]]:
    """The names of what one record inside, a key, may leave out as a whole; each amount may be absent by itself."""
    named = [field for field in fields if isinstance(field.kind, Name | Choice)]
    optional = [field for field in named if field.optional and len(field.path) > 1]
    for _, inner in groupby(optional, lambda field: field.path[:-1]):
        yield tuple(field.name for field in inner)


# ------------------------------------------------------------------- writing


def _encoder(form: RecordForm, fields: tuple[Field, ...]) -> Encode:
    """The function that makes a record's object."""
    deletions = [f"if {_is_absent(field)}: del encoded[{field.name!r}]" for field in fields if field.optional]
    lines = [f"encoded = {_object_text(_all_shown(form, fields))}", *deletions, "return encoded"]
    encode: Encode = _compiled(form, fields, lines)
    return encode


def _writer(form: RecordForm, fields: tuple[Field, ...]) -> Write:
    """The function that writes a record's object, without making it where it has no list and is sure of its last field.

    An optional field then brings its comma along.
    """
    shown = _all_shown(form, fields)
    *names, last = sorted(shown)
    if last in form.optional or any(isinstance(field.kind, Rows) for field in fields):
        return lambda record, digits=None: msgspec.json.encode(form.encode(record, digits)).decode()
    written = {name: f'"{name}":{_written(form.kinds.get(name), shown[name])}' for name in shown}
    absent = {field.name: _is_absent(field) for field in fields if field.optional}
    lines = [f"{name} = '' if {absent[name]} else f'''{written[name]},'''" for name in absent]
    before = "".join(f"{{{name}}}" if name in absent else f"{written[name]}," for name in names)
    write: Write = _compiled(form, fields, [*lines, f"return f'''{{{{{before}{written[last]}}}}}'''"])
    return write


def _compiled(form: RecordForm, fields: tuple[Field, ...], lines: list[str]) -> Any:
    """A function of a record, compiled from its text as attrs does: writing is most of a replay's output."""
    owners: dict[str, str] = {one.kind.of: _value(one) for one in fields_of(form.record) if isinstance(one.kind, Name)}
    units = [f"{of}_digits = {_digits(of, owners)}" for of in sorted(set(_units(fields)))]
    names: dict[str, Any] = {"decimal_text": decimal_text, "shortest_decimal": shortest_decimal}
    text = "\n    ".join(["def compiled(record, digits=None):", *units, *lines])
    exec(compile(text, f"<writer of {form.name}>", "exec"), names)
    return names["compiled"]


def _all_shown(form: RecordForm, fields: tuple[Field, ...]) -> dict[str, str]:
    """For each field that documents have of a record, the expression of what it holds."""
    shown = dict(text for field in fields for text in _shown(field, _value(field)))
    return {**shown, TYPE: repr(form.name)} if form.typed else shown


def _written(kind: Kind | None, expression: str) -> str:
    """How a text has the value of an expression: names, words and decimals have no character that JSON escapes."""
    if isinstance(kind, Flag):
        return f"{{'true' if {expression} else 'false'}}"
    return f"{{{expression}}}" if isinstance(kind, Integer) else f'"{{{expression}}}"'


def _value(field: Field) -> str:
    return f"record.{'.'.join(field.path)}"


def _object_text(shown: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name!r}: {shown[name]}' for name in sorted(shown))}}}"


def _shown(field: Field, value: str) -> Iterator[tuple[str, str]]:
    """For each field that documents have of a record's field, its name and the expression of what it holds."""
    text = _expression(field.kind, value)
    yield field.name, f"{text} if {value} is not None else None" if field.optional and text != value else text
    if _is_sided(field.kind):
        yield SIDE, f"{SIDES[0]!r} if {value} > 0 else {SIDES[1]!r}"


def _expression(kind: Kind, value: str) -> str:
    match kind:
        case Amount(stated=True):
            return f"shortest_decimal({value})"
        case Amount(of="rate"):
            return f"decimal_text({value}, {WIRE_DECIMALS})"
        case Amount():
            units = value if kind.form == "signed" else f"abs({value})"
            return f"decimal_text({units}, {kind.of}_digits)"
        case LedgerName():
            return f"{value}.name"
        case Rows():
            shown = dict(text for field in fields_of(kind.record) for text in _shown(field, f"row.{field.path[0]}"))
            return f"[{_object_text(shown)} for row in {value}]"
    return value


def _is_absent(field: Field) -> str:
    return f"not {_value(field)}" if isinstance(field.kind, Name | Choice) else f"{_value(field)} is None"


def _units(fields: tuple[Field, ...]) -> Iterator[str]:
    """Whose digits the amounts of fields need."""
    for field in fields:
        if isinstance(field.kind, Rows):
            yield from _units(fields_of(field.kind.record))
        elif isinstance(field.kind, Amount) and field.kind.of != "rate" and not field.kind.stated:
            yield field.kind.of


def _digits(of: str, owners: Mapping[str, str]) -> str:
    """The expression of the digits of an amount: by the asset or market that the record names, else they are given."""
    if of == "money" and "asset" in owners:
        return f"digits.assets[{owners['asset']}]"
    return f"digits.markets[{owners['market']}].{of}" if "market" in owners else f"digits.{of}"
