"""What an audit compared: observed values by kind, market and account, events, and the clauses that were exercised."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import attrs

from marginspec.model.effects import Deleveraged, DomainLiquidated, Levied, LotOpened, ReliefReturned, Transferred
from marginspec.model.units import Decimal8
from marginspec.registry import HANDLERS, REGISTRY
from marginspec_journal.decimals import shortest_decimal
from marginspec_tools.audit.own_books import Books
from marginspec_tools.observed import VALUE_KINDS, Figure, ValueKind, kind_of, whose
from marginspec_tools.runs import Step

Outcome = Literal["equal", "tolerated", "as displayed", "consequence", "differs", "not checked"]
OUTCOMES: dict[Outcome, str] = {
    "equal": "equal, by value",
    "tolerated": "within the tolerance",
    "as displayed": "equal to the digits that were stated",
    "consequence": "differs, as follows from a finding",
    "differs": "differs",
    "not checked": "needs accounts that are not known",
}
"""What became of an observed value."""

COLUMNS = ("of", "name", "values", *OUTCOMES, "events", "compared")
_HANDLED = {kind: next(one.ids[0] for one in REGISTRY if one.executable is taker) for kind, taker in HANDLERS.items()}


class Tolerated(NamedTuple):
    """The largest difference within a tolerance: by how much, in 1e-8, of which figure, after which event."""

    off: int
    figure: Figure
    seq: int


class Booked(NamedTuple):
    """An invariant on the exchange's own numbers, and after which event these were told."""

    books: Books
    seq: int


@attrs.define
class Coverage:
    """Counts of observed values by what they are and whose, of events, and of the clauses that had an effect.

    `exercised` counts the events in which a clause had an effect, `compared` those of them that have observed values.
    `checked` counts the checks of an invariant on the exchange's own numbers, `undecided` those that the rounding of
    the numbers for display leaves open; `books` has both of its sides, of an asset
    or market as they were told last, of domains those of the closest one. `tolerated` has the largest difference within
    the tolerance of each kind.
    """

    events: int = 0
    lines: int = 0
    kinds: Counter[tuple[ValueKind, Outcome]] = attrs.Factory(Counter)
    markets: Counter[tuple[str, Outcome]] = attrs.Factory(Counter)
    accounts: Counter[tuple[str, Outcome]] = attrs.Factory(Counter)
    exercised: Counter[str] = attrs.Factory(Counter)
    compared: Counter[str] = attrs.Factory(Counter)
    unknown_codes: Counter[str] = attrs.Factory(Counter)
    checked: Counter[str] = attrs.Factory(Counter)
    undecided: Counter[str] = attrs.Factory(Counter)
    books: dict[tuple[str, str], Booked] = attrs.Factory(dict)
    tolerated: dict[ValueKind, Tolerated] = attrs.Factory(dict)

    def add_event(self, step: Step) -> None:
        """Count an event and the clauses that had an effect in it."""
        clauses = clauses_of(step)
        self.events += 1
        self.exercised.update(clauses)
        if step.record.observed:
            self.lines += 1
            self.compared.update(clauses)

    def add(self, step: Step, figure: Figure, outcome: Outcome, number: int = 1) -> None:
        """Count an observed value."""
        self.kinds[kind_of(figure), outcome] += number
        own = whose(step.transition.after, figure)
        market = own.market or str(getattr(step.transition.event, "market", "") if not figure.name else "")
        if market:
            self.markets[market, outcome] += number
        if own.account:
            self.accounts[own.account, outcome] += number

    def add_tolerated(self, step: Step, figure: Figure, off: int) -> None:
        """Keep a difference within the tolerance, if none of its kind was larger."""
        kind = kind_of(figure)
        if kind not in self.tolerated or off > self.tolerated[kind].off:
            self.tolerated[kind] = Tolerated(off, figure, step.number)

    def add_books(self, step: Step, told: Books, *, is_decided: bool) -> None:
        """Count a check of an invariant on the exchange's own numbers, unless their display leaves it open."""
        if not is_decided:
            self.undecided[told.invariant] += 1
            return
        self.checked[told.invariant] += 1
        key = told.invariant, told.own.asset if told.own.account else told.where
        known = self.books[key].books if key in self.books else None
        if known is None or not told.own.account or told.amount - told.other < known.amount - known.other:
            self.books[key] = Booked(told, step.number)

    def leave(self, step: Step, figures: list[Figure]) -> None:
        """Count values that were found to differ as not checked."""
        for figure in figures:
            self.add(step, figure, "differs", -1)
            self.add(step, figure, "not checked")

    @property
    def values(self) -> int:
        """How many observed values were compared."""
        return sum(count for (_, outcome), count in self.kinds.items() if outcome != "not checked")

    @property
    def unchecked(self) -> int:
        """How many observed values were not compared."""
        return sum(count for (_, outcome), count in self.kinds.items() if outcome == "not checked")

    @property
    def within(self) -> int:
        """How many observed values differ by no more than the tolerance."""
        return sum(count for (_, outcome), count in self.kinds.items() if outcome == "tolerated")

    def rows(self) -> Iterator[dict[str, Any]]:
        """The table of coverage: by kind, market, account and clause, with the columns that each has."""
        for of, counts in (("kind", self.kinds), ("market", self.markets), ("account", self.accounts)):
            yield from rows_of(of, counts)
        for clause in sorted(self.exercised):
            yield {"of": "clause", "name": clause, "events": self.exercised[clause], "compared": self.compared[clause]}

    def as_object(self) -> dict[str, Any]:
        """The coverage for programs; accounts are in coverage.csv."""
        return {
            "events": self.events,
            "lines": self.lines,
            "values": self.values,
            "unchecked": self.unchecked,
            "kinds": {kind: outcomes_of(self.kinds, kind) for kind in VALUE_KINDS if any_of(self.kinds, kind)},
            "markets": {name: outcomes_of(self.markets, name) for name in names_in(self.markets)},
            "accounts": len(names_in(self.accounts)),
            "clauses": {
                clause: {"events": self.exercised[clause], "compared": self.compared[clause]}
                for clause in sorted(self.exercised)
            },
            "invariants": {
                one: {"checked": self.checked[one], "undecided": self.undecided[one]}
                for one in sorted({*self.checked, *self.undecided})
            },
            "tolerated": {
                kind: {"count": self.kinds[kind, "tolerated"], "most": shortest_decimal(Decimal8(one.off))}
                | {"what": str(one.figure), "seq": one.seq}
                for kind, one in self.tolerated.items()
            },
            "unknown_codes": dict(sorted(self.unknown_codes.items())),
        }


def clauses_of(step: Step) -> set[str]:
    """The clauses that had an effect in an event: what takes it, what moves money, and what settlement did."""
    if step.transition.receipt.rejected is not None:
        return set()
    effects = step.transition.receipt.effects
    clauses: set[str] = {one.rule for one in effects if type(one) is Transferred}
    clauses |= {"LIQ-02" if one.lot.reason == "step_down" else "LIQ-03" for one in effects if type(one) is LotOpened}
    clauses |= {CLAUSES[kind] for kind in set(map(type, effects)) if kind in CLAUSES}
    return clauses | {_HANDLED[type(step.transition.event)]}


CLAUSES: dict[type, str] = {
    DomainLiquidated: "LIQ-01",
    Deleveraged: "ADL-01",
    Levied: "LVY-01",
    ReliefReturned: "LVY-02",
}
"""The clauses of what settlement does, but for transfers and lots; all else is of the event's own clause."""


def names_in(counts: "Counter[tuple[str, Outcome]]") -> list[str]:
    """The names that are counted."""
    return sorted({name for name, _ in counts})


def any_of(counts: "Counter[Any]", name: str) -> bool:
    """Whether anything of a name was counted."""
    return any(counts[name, outcome] for outcome in OUTCOMES)


def outcomes_of(counts: "Counter[Any]", name: str) -> dict[str, int]:
    """How many values of a name there are, and what became of them."""
    outcomes: dict[str, int] = {outcome: counts[name, outcome] for outcome in OUTCOMES}
    return {"values": sum(outcomes.values()), **outcomes}


def rows_of(of: str, counts: "Counter[Any]") -> Iterator[dict[str, Any]]:
    """The rows of kinds, markets or accounts."""
    for name in names_in(counts):
        yield {"of": of, "name": name, **outcomes_of(counts, name)}
