"""One event after another, judged at a level: the oracle beside an engine, and what follows from a difference."""

from typing import Literal

import attrs

from marginspec.model.effects import Receipt
from marginspec.model.events import Deleverage, Event, LiquidationFill
from marginspec_conformance.comparing.amounts import EXACT, Tolerance
from marginspec_conformance.comparing.books import Books
from marginspec_conformance.comparing.choices import Chosen, choosing
from marginspec_conformance.comparing.differences import (
    BY_LEVEL,
    NEEDLESS,
    Difference,
    Heard,
    Silence,
    differences,
    needless,
)
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.comparing.figures import Figures, adopted
from marginspec_conformance.comparing.near_ties import is_near_tie, may_turn
from marginspec_conformance.comparing.terms import differing_terms
from marginspec_conformance.protocol.messages import Accepted, Errored, Refused, Unsupported
from marginspec_journal.states import OpenedState

DECIDED = ("verdict", "liquidated", "deleveraged", "levied")
CHOICE_LEVELS = (2, 3)
"""Levels at which an engine may choose where venues differ by design."""

Verdict = Literal["agrees", "differs", "undecided", "unsupported"]


@attrs.frozen
class Judged:
    """An event judged: what was expected, what differs, what that means, and what was heard."""

    verdict: Verdict
    expected: Expected
    differences: tuple[Difference, ...] = ()
    heard: Heard | None = None


class Judge:
    """Takes the events of one journal and an engine's answers to them, in order, until they part.

    An AssertionError is the oracle's own, and ends the journal without a verdict.
    """

    def __init__(self, opened: OpenedState, level: int, tolerance: Tolerance = EXACT) -> None:
        self.state, self.level = opened.state, level
        self._compared = attrs.evolve(BY_LEVEL[level], tolerance=tolerance)
        self._chain = opened.chain() if level == 5 else None
        self._books = Books.of(opened.state) if level == 1 else None
        self.has_accepted = False
        """Whether the engine accepted any event."""

    def take(self, event: Event, heard: Heard, expected: Expected | None = None) -> Judged:
        """Judge the answer to an event; `expected` spares the oracle if it was asked at this state before."""
        if expected is None or expected.before is not self.state:
            expected = expected_of(self.state, event)
        if isinstance(heard, Unsupported):
            return self._unsupported(expected, heard)
        self.has_accepted |= isinstance(heard, Accepted)
        if self._books is not None:
            return self._by_books(expected, heard)
        found: list[Difference] = []
        if isinstance(heard, Accepted) and heard.choices and self.level in CHOICE_LEVELS:
            chosen = Chosen.of(heard.choices)
            with choosing(chosen):
                expected = expected_of(self.state, event)
            found += chosen.wrong
        found += differences(self._answer(expected), heard, self._compared, Figures(expected.before))
        if isinstance(heard, Accepted) and heard.terms:
            found += differing_terms(expected, heard.terms)
        if found and self._is_undecided(expected, heard, found):
            return Judged("undecided", expected, tuple(found), heard)
        self.state = expected.after
        if self.level == 3 and isinstance(heard, Accepted) and heard.changes is not None:
            self.state = adopted(expected, heard.changes)
        return Judged("differs" if found else "agrees", expected, tuple(found), heard)

    def _unsupported(self, expected: Expected, heard: Unsupported) -> Judged:
        """Nothing is judged, unless the word says that the engine would decide what the rulebook does not."""
        found = needless(expected.answer, heard) if self.level > 1 else None
        if found is None or isinstance(expected.event, Deleverage | LiquidationFill):
            return Judged("unsupported", expected)
        if self.level in CHOICE_LEVELS and may_turn(expected, NEEDLESS[heard.capability]):
            return Judged("unsupported", expected)
        return Judged("differs", expected, (found,), heard)

    def _answer(self, expected: Expected) -> Accepted | Refused:
        """The answer that the oracle expects; at level 5 with the chain's hash."""
        if self._chain is None:
            return expected.answer
        chained = self._chain.append(expected.event, Receipt(expected.receipt.rejected, expected.receipt.effects))
        if expected.receipt.rejected is not None:
            return Refused(expected.receipt.rejected.value, chained.hash)
        return Accepted(hash=chained.hash)

    def _is_undecided(self, expected: Expected, heard: Heard, found: list[Difference]) -> bool:
        """Whether a decision differs that one quantum would turn, at a level where an engine may round."""
        may_round = self.level in CHOICE_LEVELS and isinstance(heard, Accepted | Refused)
        return may_round and any(one.kind in DECIDED for one in found) and is_near_tie(expected, heard)  # type: ignore[arg-type]  # mypy does not see through may_round

    def _by_books(self, expected: Expected, heard: Heard) -> Judged:
        """Level 1: the engine's own balances only; whether it accepts is its own affair."""
        assert self._books is not None
        self.state = expected.after
        if isinstance(heard, Silence | Errored):
            found = differences(expected.answer, heard, self._compared, {})
            return Judged("differs", expected, tuple(found), heard)
        found = self._books.take(expected.event, heard) if isinstance(heard, Accepted) else []
        return Judged("differs" if found else "agrees", expected, tuple(found), heard)
