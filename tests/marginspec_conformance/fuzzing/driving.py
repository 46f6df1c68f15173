"""Random journals, one after another, through the specification and an engine."""

from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic

import attrs

from marginspec.model.events import Event, Trade
from marginspec.model.fields import type_name
from marginspec.model.state import Header, State
from marginspec_conformance.comparing.capabilities import needed_by_event, needed_by_expected, needed_by_header
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.comparing.judging import Judge
from marginspec_conformance.comparing.leaving import Parts, exercised, settled_by
from marginspec_conformance.comparing.levels import LEVELS
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Case, Checked, Plan, at_end, check
from marginspec_conformance.protocol.messages import Accepted, Unsupported
from marginspec_conformance.stories.blaming import unless_left_out

LENGTH = 256
"""So many events are drawn for a random journal."""
NO_TRADE = "no trade was accepted"
"""Why a journal that agrees says nothing: where nobody has a position, little is left to be wrong about."""

MOST_WORDS = 20
"""So many words for what an engine lacks are told, the most frequent first."""


@attrs.frozen
class Tried:
    """One journal of a fuzz: its seed, the events that the engine decided, and what came of them.

    `accepted` counts by type the events that engine and rulebook both accepted; `left_out` counts those that were left
    out, each for itself, by the engine's word for what it lacks or by the clause.
    """

    seed: int
    case: Case
    checked: Checked
    accepted: Counter[str] = attrs.Factory(Counter)
    left_out: Counter[str] = attrs.Factory(Counter)


class Fuzz:
    """Random journals from a seed on, until time is up or the caller has seen enough."""

    def __init__(
        self, engine: Engine, plan: Plan, seed: int, most_s: float, left_out: frozenset[str] = frozenset()
    ) -> None:
        self.engine, self._plan, self._seed, self._left_out = engine, plan, seed, left_out
        self._until = monotonic() + most_s

    def __iter__(self) -> Iterator[Tried]:
        from marginspec_conformance.generator.journals import KINDS, kind_of

        seed = self._seed
        while monotonic() < self._until:
            header, choose = KINDS[kind_of(seed)](seed, LENGTH)
            if not self.engine.lacks(needed_by_header(header)):
                yield self._tried(seed, header, choose)
            seed += 1

    def _tried(self, seed: int, header: Header, choose: Callable[[State], Event]) -> Tried:
        """The journal of a seed."""
        state = State(header=header)
        if self.engine.begin(header) is not None:
            case = Case(header, (choose(state),))
            return Tried(seed, case, check(self.engine, case, self._plan))
        growing = Growing(self.engine, self._plan, Case(header, ()), self._left_out)
        for _ in range(LENGTH):
            checked = growing.take(choose(growing.judge.state))
            if checked is not None:
                break
        else:
            checked = growing.at_end()
        checked = unless_left_out(checked, self._left_out)
        return Tried(seed, growing.case, checked, growing.accepted, growing.left_out)


class Growing:
    """A case that grows by each event that the engine decides, so that what it lacks leaves out that event alone.

    The engine has begun the case. An event that is unsupported changes nothing: it is asked the next where it stands.
    """

    def __init__(self, engine: Engine, plan: Plan, begun: Case, clauses: frozenset[str] = frozenset()) -> None:
        self._engine, self._plan, self._begun, self._clauses = engine, plan, begun, clauses
        self.judge = Judge(begun.start(), plan.level, plan.tolerance)
        self._events: list[Event] = []
        self._parts = Parts()
        self.accepted: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    @property
    def case(self) -> Case:
        """The events that the engine decided."""
        return attrs.evolve(self._begun, events=tuple(self._events))

    def take(self, event: Event) -> Checked | None:
        """Ask an event; what came of the journal, if it ends there."""
        place = len(self._events)
        try:
            lacking = self._engine.lacks(needed_by_event(event)) or self._lacking(
                expected := expected_of(self.judge.state, event)
            )
            if lacking:
                self.left_out[lacking[0]] += 1
                return None
            heard = self._engine.alone(event, LEVELS[self._plan.level].want)
            judged = self.judge.take(event, heard, expected)
        except AssertionError as error:
            return Checked("oracle failed", place, place, why=str(error))
        if judged.verdict == "unsupported":
            assert isinstance(heard, Unsupported)
            self.left_out[heard.capability] += 1
            return None
        self._events.append(event)
        if judged.verdict != "agrees":
            return Checked(judged.verdict, place + 1, place, judged)
        if isinstance(heard, Accepted) and expected.receipt.rejected is None:
            self.accepted[type_name(type(event))] += 1
        return None

    def _lacking(self, expected: Expected) -> list[str]:
        """What the engine lacks to answer as the rulebook does, and what is left out that the event shows at work."""
        lacking = self._engine.lacks(needed_by_expected(expected))
        shown = exercised([expected.answer]) | self._parts.exercised_by(expected.event) | settled_by(expected.receipt)
        return lacking or sorted(self._clauses & shown)

    def at_end(self) -> Checked:
        """What came of a journal in which nothing differs."""
        judged = len(self._events)
        if not self.accepted[type_name(Trade)]:
            return Checked("undecided", judged, why=NO_TRADE)
        return at_end(self._engine, Checked("agrees", judged), self.case, self.judge)


def wanting(left_out: Counter[str]) -> str:
    """For want of what events were left out, and how many of each."""
    words = left_out.most_common()
    named = ", ".join(f"{word} ({count})" for word, count in words[:MOST_WORDS])
    return f"for want of {named}" + (f", and {len(words) - MOST_WORDS} more words" if words[MOST_WORDS:] else "")
