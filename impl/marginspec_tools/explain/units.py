"""Figures in words: what kind of number a value is follows from its type, and whose unit it counts from its scope."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache, reduce
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import attrs

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.fields import Amount, Rows, fields_of
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market, Tier
from marginspec.model.state import Book
from marginspec.model.units import WIRE_DECIMALS, Decimal8, Money, Price, Quantity, Rate
from marginspec_journal.decimals import decimal_text, shortest_decimal

KINDS: dict[Any, Amount] = {Money: Amount("money"), Price: Amount("price"), Quantity: Amount("quantity")}
KINDS |= {Rate: Amount("rate"), Decimal8: Amount("rate", stated=True)}
ROUNDED = {"money": "quanta", "price": "price units", "quantity": "lots", "rate": "1e-8"}
LISTED, DECIMALS_SHOWN, LONGEST = 6, 8, 16
"""To people: entries of a list, digits of a fraction that has many, and how long an exact one may be."""


@cache
def hints_of(declared: Any) -> Mapping[str, Any]:
    """The types of a function's parameters and answer, or of a class's fields."""
    return get_type_hints(declared, include_extras=True)


@cache
def bare_type(hint: Any) -> Any:
    """A type without None and marks, but for the mark of an amount."""
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        return next((mark for mark in marks if isinstance(mark, Amount)), bare_type(base))
    if get_origin(hint) in (Union, UnionType):
        return bare_type(next(one for one in get_args(hint) if one is not type(None)))
    return hint


def kind_of(hint: Any) -> Amount | None:
    """What kind of amount a type counts; None if it is no amount."""
    bare = bare_type(hint)
    return bare if isinstance(bare, Amount) else KINDS.get(bare)


class Scope(NamedTuple):
    """The market and the asset whose units amounts count; empty where none is named."""

    market: str = ""
    asset: str = ""

    def within(self, values: Iterable[Any], names: Mapping[str, Any]) -> "Scope":
        """The scope inside a call or record: the first market and asset that it names, else this one."""
        markets, assets = [names.get("market"), names.get("market_id")], [names.get("asset")]
        for value in values:
            named = getattr(value, "key", value)
            markets.append(value.id if isinstance(value, Market) else getattr(named, "market", None))
            assets.append(getattr(value, "asset", None))
        market = next((one for one in markets if one and isinstance(one, str)), "")
        asset = next((one for one in assets if one and isinstance(one, str)), "")
        return Scope(market or self.market, asset or ("" if market else self.asset))


@attrs.frozen
class Figure:
    """A value in words and its unit."""

    value: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.value} {self.unit}".rstrip()


WORDS = {None: Figure("none"), True: Figure("yes"), False: Figure("no")}


def name_of(value: PositionKey | DomainKey | LedgerAccount | Market | str) -> str:
    """The name of what has one; of a position or domain, in one-way mode its side says nothing."""
    match value:
        case DomainKey() if value.is_cross:
            return f"{value.account} cross {value.asset}"
        case DomainKey() | PositionKey():
            mode = "isolated " if isinstance(value, DomainKey) else ""
            return f"{value.account} {mode}{value.market}{'' if value.side == 'BOTH' else ' ' + value.side}"
    return value.id if isinstance(value, Market) else str(value)


def field_names(value: Any) -> Sequence[str]:
    """The names of a record's fields; none if it is no record."""
    return getattr(value, "_fields", ()) or [one.name for one in getattr(value, "__attrs_attrs__", ())]


class Units:
    """Figures of the values of a book, in the units of its markets and assets."""

    def __init__(self, *books: Book) -> None:
        self._header = books[0].header
        self._records: dict[tuple[int, Scope], tuple[Any, dict[str, Any]]] = {}
        self._markets = {name: market for book in books for name, market in book.markets.items()}

    def amount(self, value: int, kind: Amount | None, scope: Scope) -> Figure:
        """An amount in the unit of its scope; as a bare integer if no unit is known."""
        market = self._markets.get(scope.market)
        asset = scope.asset or (market.asset if market else "")
        if kind is not None and (kind.stated or kind.of == "rate"):
            units = {"rate": "", "quantity": scope.market}
            return Figure(shortest_decimal(Decimal8(value)), units.get(kind.of, asset))
        if kind is not None and kind.of == "money" and asset:
            return Figure(decimal_text(value, self._header.decimals(asset)), asset)
        if kind is not None and kind.of != "money" and market:
            of_price = kind.of == "price"
            digits = market.price_decimals if of_price else market.quantity_decimals
            return Figure(decimal_text(value, digits), market.asset if of_price else market.id)
        return Figure(str(int(value)))

    def figure(self, value: Any, hint: Any, scope: Scope) -> Any:
        """A value: a Figure, a list of such, or such by name; None of what is no figure, as books and no answer are."""
        found: Any = None
        match value:
            case None | bool():
                found = None if value is None and hint in (None, NoneType) else WORDS[value]
            case int():
                found = self.amount(value, kind_of(hint), scope)
            case PositionKey() | DomainKey() | str() | LedgerAccount() | Market():
                found = Figure(name_of(value))
            case Mapping():
                inner = (get_args(bare_type(hint)) or (None,))[-1]
                for name, one in value.items():
                    key = figure_text(self.figure(name, None, scope))
                    found = {**(found or {}), key: self.figure(one, inner, scope.within((name,), {"market": name}))}
            case _ if field_names(value) and not isinstance(value, Book):
                # The same records come again and again, and stay alive here, so that none takes another's place.
                if (id(value), scope) not in self._records:
                    self._records[id(value), scope] = (value, self._record(value, scope))
                found = self._records[id(value), scope][1]
            case tuple() | list():
                inners = get_args(bare_type(hint)) or (None,)
                each = inners if len(inners) == len(value) and ... not in inners else inners[:1] * len(value)
                found = [self.figure(one, inner, scope) for one, inner in zip(value, each, strict=True)]
        return found

    def _record(self, value: Any, scope: Scope) -> dict[str, Any]:
        own = {name: getattr(value, name) for name in field_names(value)}
        within, hints = scope.within((value, *own.values()), own), hints_of(value.__class__)
        found = {name: self.figure(one, hints.get(name), within) for name, one in own.items()}
        if isinstance(value, Tier):  # whose deduction counts 1e-8 of a quantum
            one = self.amount(1, KINDS[Money], within)
            exact = Fraction(one.value) * value.deduction / 10**WIRE_DECIMALS
            found["deduction"] = Figure(fraction_text(exact), one.unit)
        return {name: one for name, one in found.items() if one is not None}

    def field_figures(self, record: Any, scope: Scope) -> dict[str, Any]:
        """The fields of an event or effect as documents have them (model/fields.py); those left out are absent."""
        values = {field.name: reduce(getattr, field.path, record) for field in fields_of(record.__class__)}
        within, found = scope.within((record,), values), dict[str, Any]()
        for field in fields_of(record.__class__):
            value, kind = values[field.name], field.kind
            if value is None:
                continue
            if isinstance(kind, Rows):
                found[field.name] = [self.field_figures(row, within) for row in value]
            elif isinstance(kind, Amount):
                found[field.name] = self.amount(value if kind.form == "signed" else abs(value), kind, within)
                if kind.form == "sided":
                    found["side"] = Figure("buy" if value > 0 else "sell")
            elif value != "":
                found[field.name] = self.figure(value, None, within)
        return found


def figure_text(figure: Any, level: int = 0) -> str:
    """A figure for people; a record inside another by its key alone, if it has one; of long lists the first entries."""
    match figure:
        case {"numerator": over, "denominator": under}:
            return short_fraction(fraction_text(Fraction(int(over.value), int(under.value))))
        case {"key": name} | {"id": name} if level > 0:
            return figure_text(name)
        case dict():
            pairs = [
                (name, figure_text(one, level + 1)) for name, one in figure.items() if not (level and type(one) is list)
            ]
            told = ", ".join(f"{spaced(name)} {text}" for name, text in pairs if level == 0 or text != "none")
            return f"({told})" if level > 0 and told else told
        case list():
            each = [figure_text(one, level + 1) or "…" for one in figure[:LISTED]]
            each = [f"({text})" if isinstance(one, list) else text for one, text in zip(figure, each, strict=False)]
            return ", ".join(each + [f"… {len(figure)} in all"] * (len(figure) > LISTED)) or "none"
    return str(figure)


def spaced(name: str) -> str:
    """A name in source as words."""
    return name.replace("_", " ")


def fraction_text(amount: Fraction) -> str:
    """A fraction as a decimal where it has one that is not long, else as numerator and denominator; exact."""
    for decimals in range(3 * WIRE_DECIMALS):
        if (amount * 10**decimals).denominator == 1:
            return decimal_text(int(amount * 10**decimals), decimals)
    return str(amount)


def short_fraction(fraction: str) -> str:
    """A fraction's text, or its first digits after a ≈ where that is long; for people only."""
    shown = decimal_text(int(Fraction(fraction) * 10**DECIMALS_SHOWN), DECIMALS_SHOWN)
    return fraction if len(fraction) <= LONGEST else f"≈{shown}"
