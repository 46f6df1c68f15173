"""Answers of a venue told apart by their shape, and what readers of all venues need."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

import attrs
from immutables import Map

from marginspec.model.account import PositionKey, PositionSide
from marginspec_journal.names import is_name
from marginspec_tools.venues.claims import Exhibit, Uncheckable
from marginspec_tools.venues.documents import Entry, Shown
from marginspec_tools.venues.figures import NotToBeHad, Range, TierRow, exactly, max_end, min_end, rules_table

SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")


@attrs.frozen
class Kind:
    """A kind of record that a venue's answers hold: its name, and the fields by which it is recognised.

    `optional` are all other fields that it may have; None if it may have any.
    """

    name: str
    fields: tuple[str, ...]
    test: Callable[[Entry], bool] = lambda _: True
    optional: tuple[str, ...] | None = None

    def fits(self, entry: Entry) -> bool:
        """Whether a record is of this kind."""
        return entry.has(*self.fields) and self.test(entry)


Answers = Mapping[str, tuple[Entry, ...]]
"""Records by the names of their kinds."""


@attrs.frozen
class Venue:
    """A venue: how it is called, the records that a document of it holds, their kinds, and what they come to.

    `tiers` is the kind that has them; `most` are numbers of records that an answer of a kind is cut at, `asked_by` the
    field that it is asked by, one value at a time, and `goes_on` is whether an answer says that another page follows.
    """

    name: str
    title: str
    records: Callable[[Entry], Iterator[Entry]]
    kinds: tuple[Kind, ...]
    exhibit: Callable[[Answers], Exhibit]
    tiers: str
    most: Mapping[str, tuple[int, ...]] = Map()
    asked_by: Mapping[str, str] = Map()
    goes_on: Callable[[Entry], bool] = lambda _: False


def refuse_error(answer: Entry, code: str, message: str, *, fine: str = "") -> None:
    """Refuse an answer whose code is not the one that says that all went well."""
    if answer.has(code) and answer.text(code) != fine:
        said = f": {answer.text(message)}" if answer.gives(message) else ""
        answer.fail(f"the venue answers with an error, {code} {answer.text(code)}{said}")


def elements_or_self(document: Entry) -> Iterator[Entry]:
    """The elements of a list, or what is no list as it is."""
    if isinstance(document.value, list):
        yield from document.elements()
    else:
        yield document


def left_empty(entry: Entry, place: str, fields: Iterable[str]) -> Iterator[Uncheckable]:
    """The fields of figures that a record has, and says nothing in."""
    for field in fields:
        if entry.has(field) and not entry.gives(field):
            yield Uncheckable(place, field, "", EMPTY)


EMPTY = "the answer has this field and says nothing in it"


def market_name(entry: Entry, field: str) -> str:
    """The name of a market, which must be one that a journal can have."""
    name = entry.text(field)
    if not is_name(name):
        entry.child(field).fail(f"not a name of a market: {entry.child(field).shown()}")
    return name


LAST_MOMENT = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def moment(entry: Entry, field: str) -> int:
    """A time in milliseconds of Unix time."""
    time = entry.whole(field)
    if not 0 <= time <= LAST_MOMENT:
        entry.child(field).fail(f"not milliseconds of Unix time: {entry.text(field)}")
    return time


def positive(entry: Entry, field: str) -> Fraction:
    """A price above zero."""
    value = entry.number(field).value
    if value <= 0:
        entry.child(field).fail(f"must be above zero, found {entry.text(field)}")
    return value


def check_sides(entry: Entry, key: PositionKey, quantity: Fraction, others: Iterable[PositionKey]) -> None:
    """Refuse a quantity with the wrong sign for its side, a second position, and BOTH beside LONG or SHORT."""
    if key in others:
        entry.fail(f"a second answer on {key.market} {key.side}")
    if (key.side == "LONG" and quantity < 0) or (key.side == "SHORT" and quantity > 0):
        entry.fail(f"{key.market} {key.side} has a quantity of the wrong sign")
    if any((key.side == "BOTH") != (other.side == "BOTH") for other in others):
        entry.fail(f"{key.market} {key.side}: BOTH cannot be mixed with LONG or SHORT")


def side_of(entry: Entry, field: str) -> PositionSide:
    """The side of a position."""
    text = entry.text(field)
    found = next((side for side in SIDES if side == text.upper()), None)
    return entry.child(field).fail(f"expected one of {', '.join(SIDES)}, found {text}") if found is None else found


def leverage_in(entry: Entry, field: str) -> int:
    """A whole leverage of at least 1."""
    leverage = entry.whole(field)
    if not 1 <= leverage <= 1000:
        entry.child(field).fail(f"expected a leverage from 1 to 1000, found {leverage}")
    return leverage


def checked_tiers(entry: Entry, market: str, rows: Iterable[TierRow]) -> tuple[TierRow, ...]:
    """A tier table that MKT-02 allows; any other is refused."""
    tiers = tuple(sorted(rows, key=lambda row: row.floor))
    reason = unfit(market, tiers)
    return entry.fail(reason) if reason else tiers


def unfit(market: str, tiers: tuple[TierRow, ...]) -> str:
    """Why MKT-02 does not allow a tier table; empty if it does."""
    try:
        for end in (min_end,) if all(row.rate.is_exact for row in tiers) else (min_end, max_end):
            rules_table(market, tiers, end)
    except NotToBeHad as reason:
        return str(reason)
    return ""


def deductions(market: str, rows: tuple[TierRow, ...]) -> list[Fraction]:
    """The deduction of each tier, by the rules' recurrence."""
    table = rules_table(market, rows, min_end)
    return [Fraction(tier.deduction, 10**16) for tier in table.tiers]


def cost_range(
    value: Fraction, unrealised: Shown, unit: Fraction, entries: tuple[Fraction, ...], width: Fraction
) -> Range:
    """The cost of a position of a value at mark: the first that its entry price may mean and its unrealised PnL fits.

    `entries` are quantity times entry, as shown and as the venue may have cut it. If none fits, the entry is shown
    rounded by up to `width` in all, and the cost is what both leave; where they contradict each other, the entry's, so
    that the difference is found. Without an entry the unrealised PnL decides alone.
    """
    by_profit = Range(value - unrealised.value - unit, value - unrealised.value + unit)
    for cost in entries:
        if by_profit.low < cost < by_profit.high:
            return exactly(cost)
    if not entries:
        return by_profit
    low, high = max(entries[0] - width, by_profit.low), min(entries[0] + width, by_profit.high)
    return Range(low, high) if low < high else exactly(entries[0])


def unit_of(shown: Shown, decimals: int) -> Fraction:
    """One unit of the last digit of a number that a venue shows with so many digits, or more."""
    return Fraction(1, 10 ** max(shown.decimals, decimals))
