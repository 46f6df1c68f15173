"""What the fields of events, effects and states are: names, amounts, choices, and whose unit an amount counts.

The classes themselves declare it, by the types of their fields; whatever reads, writes, stores or shows a record
follows this declaration. An amount counts the unit of the market or asset that its own record names: prices and
quantities that of the market, money that of the asset, or of the market's asset where no asset is named. A record
inside another stands among the other's fields.
"""

import re
from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from marginspec.model.ledger import LedgerAccount
from marginspec.model.units import Decimal8, Money, Price, Quantity, Rate


@attrs.frozen
class Name:
    """The name of an account, market, asset or order."""

    of: Literal["account", "market", "asset", "order"]


@attrs.frozen
class Amount:
    """An integer in units of a market or asset; a rate counts 1e-8.

    `stated` is an amount as an event states it, a decimal that counts 1e-8 before any unit is known. Documents have an
    `unsigned` amount without its sign, and beside a `sided` one its side: buy if it is positive, else sell.
    """

    of: Literal["price", "quantity", "money", "rate"]
    stated: bool = False
    form: Literal["signed", "unsigned", "sided"] = "signed"


@attrs.frozen
class Integer:
    """A number that counts no unit; `least` is the smallest there can be, where documents have a bound."""

    least: int | None = None


@attrs.frozen
class Flag:
    """Yes or no."""


@attrs.frozen
class Choice:
    """One of some words."""

    words: tuple[str, ...]


@attrs.frozen
class LedgerName:
    """A ledger account."""


@attrs.frozen
class Rows:
    """Some rows of a record, in order."""

    record: type


Kind = Name | Amount | Integer | Flag | Choice | LedgerName | Rows

AccountName = Annotated[str, Name("account")]
MarketName = Annotated[str, Name("market")]
AssetName = Annotated[str, Name("asset")]
OrderName = Annotated[str, Name("order")]

StatedPrice = Annotated[Decimal8, Amount("price", stated=True)]
StatedQuantity = Annotated[Decimal8, Amount("quantity", stated=True)]
StatedMoney = Annotated[Decimal8, Amount("money", stated=True)]
StatedRate = Annotated[Decimal8, Amount("rate", stated=True)]

LotNumber = Annotated[int, Integer(least=1)]

UnsignedQuantity = Annotated[Quantity, Amount("quantity", form="unsigned")]
SidedQuantity = Annotated[Quantity, Amount("quantity", form="sided")]

UNSTATED = "unstated"
"""Marks a field that documents do not state with the record: it follows from the others, or stands elsewhere."""

_KINDS: dict[Any, Kind] = {
    Price: Amount("price"),
    Quantity: Amount("quantity"),
    Money: Amount("money"),
    Rate: Amount("rate"),
    int: Integer(),
    bool: Flag(),
    LedgerAccount: LedgerName(),
}


@attrs.frozen
class Field:
    """A field of a record as documents have it: its name, what it is, the attributes that lead to it.

    An optional one is left out where it is None or empty.
    """

    name: str
    kind: Kind
    path: tuple[str, ...]
    optional: bool


def type_name(record: type) -> str:
    """The name of a class of events or effects in documents: its TYPE, else its own name, as in list_market."""
    stated: str | None = getattr(record, "TYPE", None)
    return stated or re.sub("(?<!^)(?=[A-Z])", "_", record.__name__).lower()


@cache
def fields_of(record: type) -> tuple[Field, ...]:
    """The fields of a record in the order in which its class has them, those of records inside it among them."""
    return tuple(_fields(record))


def _fields(record: type) -> Iterator[Field]:
    declared = get_type_hints(record, include_extras=True)
    for name in getattr(record, "_fields", ()) or [field.name for field in attrs.fields(record)]:
        given, marks = _plain(declared[name])
        if UNSTATED in marks:
            continue
        kind = _kind(given, marks)
        if kind is not None:
            yield Field(_wire_name(record, name), kind, (name,), _is_optional(record, name))
            continue
        for inner in fields_of(given):
            yield attrs.evolve(inner, path=(name, *inner.path))


def _wire_name(record: type, name: str) -> str:
    """A record's own id is named after the record, as in `order`."""
    return record.__name__.lower() if name == "id" else name


def _plain(declared: Any) -> tuple[Any, tuple[Any, ...]]:
    """A declared type without None and marks, and its marks."""
    marks: tuple[Any, ...] = ()
    if get_origin(declared) is Annotated:
        declared, *found = get_args(declared)
        marks = tuple(found)
    if get_origin(declared) in (Union, UnionType):
        (declared,) = (one for one in get_args(declared) if one is not type(None))
        inner, more = _plain(declared)
        return inner, (*marks, *more)
    return declared, marks


def _kind(given: Any, marks: tuple[Any, ...]) -> Kind | None:
    """What a field is; None if it is a record, whose own fields take its place."""
    stated = [mark for mark in marks if isinstance(mark, Kind)]
    if stated:
        return stated[0]
    if get_origin(given) is Literal:
        return Choice(tuple(word for word in get_args(given) if word))
    if get_origin(given) is tuple:
        return Rows(get_args(given)[0])
    return _KINDS.get(given)


def _is_optional(record: type, name: str) -> bool:
    default = getattr(record, "_field_defaults", {}).get(name, attrs.NOTHING)
    if attrs.has(record):
        default = getattr(attrs.fields(record), name).default
    return default is None or default == ""
