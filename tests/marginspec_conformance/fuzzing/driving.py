"""Random journals, one after another, through the specification and an engine."""

from collections.abc import Callable, Iterator
from time import monotonic

import attrs

from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec_conformance.comparing.capabilities import needed_by_answer, needed_by_event, needed_by_header
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.comparing.leaving import exercised
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Case, Checked, Plan, check
from marginspec_conformance.protocol.messages import Capability
from marginspec_conformance.stories.blaming import unless_left_out

LENGTH = 256
"""So many events has a random journal at most."""


EventKind = tuple[type[Event], frozenset[Capability]]
"""Events that an engine has or lacks together: those of a class that need the same capabilities."""


@attrs.frozen
class Generated:
    """A random journal as the specification took it, and how many events were left out for what the engine lacks.

    `failure` is the assertion of the specification that ended it, if one did.
    """

    case: Case
    known: tuple[Expected, ...]
    left_out: int
    failure: str = ""


@attrs.frozen
class Tried:
    """One journal of a fuzz: its seed, and what came of it."""

    seed: int
    generated: Generated
    checked: Checked


def generate(
    header: Header,
    choose: Callable[[State], Event],
    has: Callable[[Event], bool],
    length: int,
    answers: Callable[[Expected], bool] = lambda _: True,
) -> Generated:
    """A journal of so many events, each aimed at the state before it; some are left out, by themselves or the answer.

    An assertion of the specification ends the journal before that event.
    """
    state, known, left_out = State(header=header), list[Expected](), 0
    failure = ""
    for _ in range(length):
        event = choose(state)
        if not has(event):
            left_out += 1
            continue
        try:
            expected = expected_of(state, event)
        except AssertionError as error:
            failure = str(error) or "assertion"
            break
        if not answers(expected):
            left_out += 1
            continue
        known.append(expected)
        state = expected.after
    return Generated(Case(header, tuple(one.event for one in known)), tuple(known), left_out, failure)


class Fuzz:
    """Random journals from a seed on, until time is up or the caller has seen enough."""

    def __init__(
        self, engine: Engine, plan: Plan, seed: int, most_s: float, left_out: frozenset[str] = frozenset()
    ) -> None:
        self.engine, self._plan, self._seed, self._left_out = engine, plan, seed, left_out
        self._until = monotonic() + most_s
        self._unsupported: set[EventKind] = set()
        self._taken: set[EventKind] = set()

    def __iter__(self) -> Iterator[Tried]:
        seed = self._seed
        while monotonic() < self._until:
            generated = self._generated(seed)
            if generated is not None:
                checked = check(self.engine, generated.case, self._plan, generated.known)
                checked = unless_left_out(checked, self._left_out)
                if checked.outcome == "skipped" and checked.found is None and checked.place >= 0:
                    kinds = [kind_of_event(event) for event in generated.case.events[: checked.place + 1]]
                    self._taken.update(kinds[:-1])
                    if kinds[-1] not in self._taken:
                        # It is tried anew without such events, and without them all journals after it are made.
                        self._unsupported.add(kinds[-1])
                        continue
                    # Of such events it has others: up to here it agrees.
                    checked = attrs.evolve(checked, outcome="agrees")
                yield Tried(seed, generated, checked)
            seed += 1

    def _generated(self, seed: int) -> Generated | None:
        """The journal of a seed; None if the engine lacks what its profile needs, or none of its events is left."""
        from marginspec_conformance.generator.journals import KINDS, kind_of

        header, choose = KINDS[kind_of(seed)](seed, LENGTH)
        if self.engine.lacks(needed_by_header(header)):
            return None
        generated = generate(header, choose, self._has, LENGTH, self._answers)
        return generated if generated.case.events else None

    def _answers(self, expected: Expected) -> bool:
        """Whether the engine has what the rulebook's answer takes, and leaves out no clause that it shows."""
        lacking = self.engine.lacks(needed_by_answer(expected.event, expected.answer))
        return not lacking and not (self._left_out and self._left_out & exercised([expected.answer]))

    def _has(self, event: Event) -> bool:
        kind = kind_of_event(event)
        return kind not in self._unsupported and not self.engine.lacks(kind[1])


def kind_of_event(event: Event) -> EventKind:
    """The kind of an event."""
    return type(event), needed_by_event(event)
