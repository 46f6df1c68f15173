"""Functions that write the canonical text of events and effects, made from what the rulebook's classes declare.

A function takes the book, the address to write at and the record's words, and gives the address behind the text. Keys
stand in order, and all fixed text between two values is one literal.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, get_args

from marginspec.model.account import OrderSide
from marginspec.model.fields import Amount, Choice, Flag, Integer, Kind, LedgerName, Name, type_name
from marginspec_engine.layout.fields import Placed
from marginspec_engine.layout.generated import choice_by_number
from marginspec_engine.text.literals import literal

FLAGS = ("false", "true")


class Entry(NamedTuple):
    """A key of a record's document: what its value is, the word that holds it, and whether it may be absent."""

    key: str
    kind: Kind
    place: int
    word: str
    is_optional: bool = False


def entries_of(fields: Iterable[Placed]) -> Iterator[Entry]:
    """The keys of a record; beside a sided amount stands its side."""
    for placed in fields:
        word = f"words[{placed.place}]"
        yield Entry(placed.name, placed.kind, placed.place, word, placed.field.optional)
        if isinstance(placed.kind, Amount) and placed.kind.form == "sided":
            yield Entry("side", Choice(get_args(OrderSide)), placed.place, f"({word} < 0)")


def is_stated(entry: Entry) -> str:
    """The condition that an optional field is there."""
    if isinstance(entry.kind, Amount):
        return f"words[{entry.place + 1}] != layout.NO_DECIMAL"
    return f"words[{entry.place}] != layout.NONE"


class FunctionText:
    """The lines of one function; fixed text waits until a value follows, or until it depends on two choices."""

    def __init__(self, record: type, fields: Sequence[Placed]) -> None:
        self.name = f"write_{type_name(record)}"
        self.lines: list[str] = []
        self._places = {placed.name: placed.place for placed in fields}
        self._waiting, self._index = ["{"], ""
        entries = sorted(
            (*entries_of(fields), Entry("type", Choice((type_name(record),)), 0, "")), key=lambda entry: entry.key
        )
        for entry in entries:
            self._add(entry, is_first=entry is entries[0])
        self._fix("}")
        self._flush()

    def definition(self) -> list[str]:
        """The whole function; what market and asset its amounts are of is looked up once."""
        head = [f"asset = asset_row(book, {self._asset()})"] if self._uses("asset[") else []
        if self._uses("market[") or "market[" in "".join(head):
            head.insert(0, f"market = market_row(book, words[{self._places['market']}])")
        lines = (*head, *self.lines, "return out")
        return [f"def {self.name}(book, out, words):", *(f"    {line}" for line in lines)]

    def _uses(self, name: str) -> bool:
        return any(name in line for line in self.lines)

    def _asset(self) -> str:
        return f"words[{self._places['asset']}]" if "asset" in self._places else "market[layout.ASSET]"

    def _add(self, entry: Entry, *, is_first: bool) -> None:
        quote = "" if isinstance(entry.kind, Integer | Flag) else '"'
        key = f'{"" if is_first else ","}"{entry.key}":{quote}'
        if not entry.is_optional:
            self._fix(key)
            self._value(entry)
            self._fix(quote)
            return
        # A quote that ends the value before it waits on, and ends this one instead.
        kept = quote if all(text.endswith(quote) for text in self._waiting) else ""
        self._flush(kept)
        before, self.lines = self.lines, []
        self._fix(key)
        self._value(entry)
        self._fix(quote.removesuffix(kept))
        self._flush()
        self.lines = [*before, f"if {is_stated(entry)}:", *(f"    {line}" for line in self.lines)]
        self._waiting = [kept]

    def _fix(self, text: str) -> None:
        self._waiting = [waiting + text for waiting in self._waiting]

    def _choose(self, index: str, words: Sequence[str]) -> None:
        """One of some words, by number."""
        if len(words) == 1:
            self._fix(words[0])
            return
        if self._index:
            self._flush()
        self._waiting, self._index = [self._waiting[0] + word for word in words], index

    def _flush(self, kept: str = "") -> None:
        """Write what waits, but for an end that is kept waiting."""
        parts = [literal(text.removesuffix(kept)) for text in self._waiting]
        index, self._waiting, self._index = self._index, [kept], ""
        if len(parts) == 1:
            self.lines += [f"out = fixed(book, out, {parts[0]})"] if parts[0] != literal("") else []
            return
        # In a branch of its own each literal's length is known to the compiler.
        for number, part in enumerate(parts):
            is_chosen = f"if {index} == {number}:" if number < len(parts) - 1 else "else:"
            self.lines += [f"el{is_chosen}" if 0 < number < len(parts) - 1 else is_chosen]
            self.lines.append(f"    out = fixed(book, out, {part})")

    def _value(self, entry: Entry) -> None:
        match entry.kind:
            case Choice(words):
                self._choose(entry.word, words)
            case Flag():
                self._choose(entry.word, FLAGS)
            case kind:
                self._flush()
                self.lines.append(f"out = {self._call(kind, entry.word, entry.place)}")

    def _call(self, kind: Kind, word: str, place: int) -> str:
        """The call that writes a value of a kind."""
        match kind:
            case Name(of):
                return f"name(book, out, layout.{of.upper()}_TEXTS, {word})"
            case LedgerName():
                return f"ledger_account(book, out, {self._asset()}, {word})"
            case Amount(stated=True):
                return f"shortest(book, out, {word}, words[{place + 1}])"
            case Amount("price" | "quantity" as of, form=form):
                units = word if form == "signed" else f"abs({word})"
                return f"amount(book, out, {units}, market[layout.{of.upper()}_DECIMALS])"
            case Amount("money"):
                return f"amount(book, out, {word}, asset[layout.DECIMALS])"
            case Integer():
                return f"integer(book, out, {word})"
        raise AssertionError(kind)


def definitions(name: str, records: dict[int, tuple[type, Sequence[Placed]]]) -> list[str]:
    """A function for each record, and one of a name that is told which, by the number of its class."""
    functions = {number: FunctionText(record, fields) for number, (record, fields) in records.items()}
    lines = [line for function in functions.values() for line in function.definition()]
    names = {number: function.name for number, function in functions.items()}
    return [*lines, *choice_by_number(name, "words[0]", "book, out, words", names, "book, out, words")]
