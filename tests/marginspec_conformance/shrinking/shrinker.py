"""Shrinking a case: accounts first, then markets, time, events, then numbers, as long as its signature stays."""

from collections.abc import Callable, Iterator
from time import monotonic

import attrs

from marginspec_conformance.connectors.session import EngineFailure
from marginspec_conformance.driving.asking import BATCH, Engine
from marginspec_conformance.driving.checking import Case, Checked, Plan, check
from marginspec_conformance.shrinking.passes import (
    Events,
    accounts_of,
    another_party,
    fewer_events,
    fewer_names,
    fewer_pairs,
    markets_of,
    one_account_for_two,
    one_event_for_a_number,
    one_event_for_two,
    simpler_fields,
)
from marginspec_conformance.shrinking.signature import Signature, signature_of
from marginspec_journal.states import opening

HANGING_S = 0.25
"""While a journal on which an engine never answers is shrunk, it has no longer than this for an answer."""
FEW = 16
"""So few events are worth a try of each one against each number."""


@attrs.frozen
class Shrunk:
    """The smallest case that was found, what came of it, and how many smaller ones were tried.

    `alone` is the last event from the state before it, if the engine takes states and differs there in the same way.
    `is_done` says that nothing smaller was found, rather than that time was up.
    """

    case: Case
    checked: Checked
    signature: Signature
    tried: int
    is_done: bool
    alone: Case | None = None


class Shrinker:
    """Makes one case smaller; every smaller one is asked of the engine anew."""

    def __init__(self, engine: Engine, case: Case, plan: Plan, most_s: float) -> None:
        self._engine, self._plan, self._until = engine, plan, monotonic() + most_s
        self._case = case
        self._seen: set[Events] = set()
        self.tried = 0

    def shrink(self) -> Shrunk | None:
        """The smallest case with the same first difference; None if the case as it is shows none."""
        whole, checked = self._case, check(self._engine, self._case, self._plan)
        signature = signature_of(checked)
        if signature is None:
            return None
        self._signature = signature
        self._take(checked)
        if signature.kind == "no answer":
            self._shrink_quickly()
        else:
            self._rounds()
        found = check(self._engine, self._case, self._plan)
        if signature_of(found) == signature:
            return Shrunk(self._case, found, signature, self.tried, not self._is_late(), self._alone(found))
        # The engine is slow rather than that it hangs: all that is known is the case as it was.
        return Shrunk(whole, checked, signature, self.tried, is_done=False)

    def _shrink_quickly(self) -> None:
        """Each try on which an engine hangs lasts as long as its limit: it is less here, and needed but once a try."""
        limits = self._engine.limits
        self._engine.limits = attrs.evolve(limits, answer_s=min(limits.answer_s, HANGING_S))
        self._engine.at_once = 1
        self._rounds()
        self._engine.limits, self._engine.at_once = limits, BATCH
        self._engine.close()

    def _rounds(self) -> None:
        while not self._is_late():
            before = self._case.events
            self._round()
            if self._case.events == before:
                break

    def _round(self) -> None:
        self._fewer(lambda taken: fewer_names(taken, accounts_of, self._holds))
        self._fewer(lambda taken: fewer_names(taken, markets_of, self._holds))
        self._fewer(lambda taken: fewer_events(taken, self._holds))
        for smaller in (one_account_for_two, one_event_for_two, another_party):
            self._first_of(smaller)
        if len(self._case.events) <= 40:
            self._fewer(lambda taken: fewer_pairs(taken, self._holds))
        self._first_of(simpler_fields)
        if len(self._case.events) <= FEW:
            self._first_of(one_event_for_a_number)

    def _fewer(self, smaller: Callable[[Events], Events]) -> None:
        smaller(self._case.events)

    def _first_of(self, smaller: Callable[[Events], Iterator[Events]]) -> None:
        """Take the first smaller journal that holds, again and again."""
        found = True
        while found and not self._is_late():
            found = any(self._holds(events) for events in smaller(self._case.events))

    def _holds(self, events: Events) -> bool:
        """Whether a journal still has the same first difference; if so, it is the case from now on, up to there."""
        if events in self._seen or self._is_late():
            return False
        self._seen.add(events)
        self.tried += 1
        case = attrs.evolve(self._case, events=events)
        try:
            checked = check(self._engine, case, self._plan) if events else None
        except EngineFailure:
            # The engine fails otherwise here: it is another journal's matter.
            self._engine.close()
            return False
        if checked is None or signature_of(checked) != self._signature:
            return False
        self._case = case
        self._take(checked)
        return True

    def _take(self, checked: Checked) -> None:
        """What follows the first difference is left out."""
        self._case = attrs.evolve(self._case, events=self._case.events[: checked.place + 1])

    def _is_late(self) -> bool:
        return monotonic() >= self._until

    def _alone(self, checked: Checked) -> Case | None:
        """The last event from the state before it, if the engine takes states and differs in the same way."""
        if checked.found is None or "reset_state" not in self._engine.hello.capabilities:
            return None
        expected = checked.found.expected
        alone = Case(self._case.header, (expected.event,), opening(expected.before))
        try:
            found = check(self._engine, alone, self._plan)
        except EngineFailure:
            self._engine.close()
            return None
        return alone if signature_of(found) == self._signature else None
