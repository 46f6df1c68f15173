"""A journal through an engine: where it first differs from the rulebook, if it does."""

from collections.abc import Sequence
from typing import Literal

import attrs

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec_conformance.comparing.amounts import EXACT, Tolerance
from marginspec_conformance.comparing.books import broken_in_state
from marginspec_conformance.comparing.capabilities import (
    needed_by_answer,
    needed_by_event,
    needed_by_expected,
    needed_by_header,
)
from marginspec_conformance.comparing.differences import BY_LEVEL, Difference, differences
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.comparing.judging import Judge, Judged
from marginspec_conformance.comparing.levels import LEVELS
from marginspec_conformance.driving.asking import BATCH, Engine, reduced
from marginspec_conformance.protocol.messages import Accepted, Capability, Errored, Refused, Unsupported
from marginspec_journal.states import OpenedState, opening

NO_RECEIPT = Receipt(None, ())
Outcome = Literal["agrees", "differs", "undecided", "skipped", "oracle failed"]


@attrs.frozen
class Plan:
    """At which level an engine is compared, and how far balances may be off."""

    level: int
    tolerance: Tolerance = EXACT


@attrs.frozen
class Case:
    """A journal to compare by: where it begins, and its events."""

    header: Header
    events: tuple[Event, ...]
    opened: OpenedState | None = None

    def start(self) -> OpenedState:
        """The state it begins from."""
        return self.opened or opening(State(header=self.header))


@attrs.frozen
class Checked:
    """What came of a case: how many events were judged, and where and why it ended, if not at its end.

    `place` is the event's, from 0. `why` tells what was lacking, or what failed of the oracle.
    """

    outcome: Outcome
    judged: int
    place: int = -1
    found: Judged | None = None
    why: str = ""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs."""
        return self.found.differences if self.found else ()


def check(
    engine: Engine, case: Case, plan: Plan, known: Sequence[Expected] = (), stored: Sequence[Accepted | Refused] = ()
) -> Checked:
    """Compare an engine with the rulebook over a case; EngineFailure if it fails apart from being wrong.

    `known` is what the oracle expects of the first events, if it was asked before. `stored` are answers to all events
    that were made of the rulebook before: an engine that gives these agrees, and the oracle is not asked at all.
    """
    by_answers = map(needed_by_answer, case.events, stored)
    lacking = engine.lacks(needed_to_begin(case).union(*map(needed_by_event, case.events), *by_answers))
    if lacking:
        return Checked("skipped", 0, why=f"needs {lacking[0]}")
    refused = engine.begin(case.header, case.opened)
    if refused is not None:
        if not refused.failed:
            return Checked("skipped", 0, why=needed(engine, refused.why))
        return Checked("differs", 0, 0, not_begun(case, refused.why))
    if len(stored) == len(case.events) and plan.level > 1 and gives(engine, case, plan, stored):
        return Checked("agrees", len(case.events))
    judge = Judge(case.start(), plan.level, plan.tolerance)
    if known:
        # The very state that the oracle began from, by which what it found is known to be of here.
        judge.state = known[0].before
    checked = _in_batches(engine, case, plan, judge, known)
    return at_end(engine, checked, case, judge) if checked.outcome == "agrees" else checked


def at_end(engine: Engine, checked: Checked, case: Case, judge: Judge) -> Checked:
    """What came of a case in which nothing differs: at level 1 the engine's own state is looked at, too."""
    if judge.level == 1 and not judge.has_accepted:
        return Checked("undecided", checked.judged, why="it refused every event, which says nothing of its books")
    if judge.level == 1 and "state" in engine.hello.capabilities:
        return _with_state(engine, checked, case, judge)
    return checked


def needed_to_begin(case: Case) -> frozenset[Capability]:
    """What a case needs of an engine before any event."""
    by_header = needed_by_header(case.header)
    return by_header if case.opened is None else by_header | {"reset_state"}


def needed(engine: Engine, capability: str) -> str:
    """What an engine says that it lacks; that it claims to have it is not left unsaid."""
    return f"needs {capability}{', which it claims to have' if capability in engine.hello.capabilities else ''}"


def gives(engine: Engine, case: Case, plan: Plan, stored: Sequence[Accepted | Refused]) -> bool:
    """Whether an engine gives just these answers; if not, it has begun the case anew."""
    want, place, agrees = LEVELS[plan.level].want, 0, True
    compared = BY_LEVEL[plan.level]
    while agrees and place < len(case.events):
        batch, right = case.events[place : place + BATCH], stored[place : place + BATCH]
        if not engine.agrees(batch, want, [reduced(one, want) for one in right]):
            heard = list(engine.answers(batch, want))
            agrees = len(heard) == len(batch) and not any(
                isinstance(one, Unsupported) or differences(expected, one, compared, {})
                for expected, one in zip(right, heard, strict=True)
            )
        place += len(batch)
    if not agrees:
        engine.begin(case.header, case.opened)
    return agrees


def not_begun(case: Case, why: str) -> Judged:
    """What is judged of an engine that fails at a header or a state: its first event has no answer."""
    expected = Expected(case.events[0], case.start().state, case.start().state, NO_RECEIPT)
    return Judged("differs", expected, (Difference("errored", "begin", "ok", why),))


def _in_batches(engine: Engine, case: Case, plan: Plan, judge: Judge, known: Sequence[Expected]) -> Checked:
    want = LEVELS[plan.level].want
    for place in range(0, len(case.events), BATCH):
        batch = case.events[place : place + BATCH]
        expected = known[place : place + len(batch)]
        answers = [reduced(one.answer, want) for one in expected] if plan.level == 4 else []
        if len(answers) == len(batch) and engine.agrees(batch, want, answers):
            judge.state = expected[-1].after
            continue
        for step, heard in enumerate(engine.answers(batch, want)):
            try:
                judged = judge.take(batch[step], heard, expected[step] if step < len(expected) else None)
            except AssertionError as error:
                return Checked("oracle failed", place + step, place + step, why=str(error))
            if judged.verdict == "unsupported":
                assert isinstance(heard, Unsupported)
                return Checked("skipped", place + step, place + step, why=needed(engine, heard.capability))
            lacking = engine.lacks(needed_by_expected(judged.expected))
            if judged.verdict != "agrees" and lacking:
                return Checked("skipped", place + step, place + step, why=f"needs {lacking[0]}")
            if judged.verdict != "agrees":
                return Checked(judged.verdict, place + step + 1, place + step, judged)
    return Checked("agrees", len(case.events))


def _with_state(engine: Engine, checked: Checked, case: Case, judge: Judge) -> Checked:
    """At level 1 an engine's own state is asked for, too: every invariant of a state can be asked of it."""
    told = engine.session.state()
    if isinstance(told, Unsupported):
        return checked
    found = (
        [Difference("errored", "state", "a state", told.message)]
        if isinstance(told, Errored)
        else broken_in_state(told)
    )
    if not found:
        return checked
    expected = Expected(case.events[-1], judge.state, judge.state, NO_RECEIPT)
    return Checked("differs", checked.judged, len(case.events) - 1, Judged("differs", expected, tuple(found)))
