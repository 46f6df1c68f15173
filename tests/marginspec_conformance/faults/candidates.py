"""Which faults would explain an answer: those with which the rulebook gives just that answer from the state before.

They are tried in a process of their own, since a fault may hang, take all memory or crash. It reads one question as
JSON from its standard input and writes one answer to its standard output.
"""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import attrs

from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec_conformance.comparing.differences import Heard, Silence
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.faults.catalogue import faults_by_hand, has_mutants, mutants
from marginspec_conformance.faults.planting import Planted
from marginspec_conformance.protocol.messages import Accepted, Refused
from marginspec_conformance.stories.blaming import trail_of
from marginspec_journal.errors import InputError
from marginspec_journal.events import event_object, record_of
from marginspec_journal.states import opening, state_in, state_text
from marginspec_journal.strict_json import Node
from marginspec_tools.console import install_line

ONE_S = 1.0
"""A fault that is not done with one event after so long hangs."""
ALL_S = 90.0
MEMORY = 4 * 2**30
HANGS, FAILS = "hangs", "fails"


@attrs.frozen
class Candidate:
    """A fault that explains an answer: its name, what is wrong, its clauses."""

    name: str
    what: str
    clauses: tuple[str, ...]


@attrs.frozen
class Candidates:
    """The faults that explain an answer, those written by hand first, and what was not looked at, if anything."""

    found: tuple[Candidate, ...]
    tried: int
    not_tried: str = ""


def candidates_for(
    expected: Expected, heard: Heard, reasons: bool = True, agreed: Sequence[Expected] = ()
) -> Candidates:
    """The faults that give an engine's answer to an event from the state before it.

    `reasons` says whether a refusal must have the same reason. With a fault, the events in `agreed`, which the engine
    answered as the rulebook does, must come out as they do without.
    """
    question = {
        "agreed": [[state_json(one.before), event_object(one.event)] for one in agreed],
        "state": state_json(expected.before),
        "event": event_object(expected.event),
        "answer": told(heard),
        "reasons": reasons,
    }
    command = [sys.executable, "-m", "marginspec_conformance.faults.candidates"]
    try:
        ended = subprocess.run(
            command, input=json.dumps(question), capture_output=True, check=False, text=True, timeout=ALL_S
        )
    except subprocess.TimeoutExpired:
        return Candidates((), 0, f"the faults were not tried within {ALL_S:g} s")
    if ended.returncode != 0:
        return Candidates((), 0, f"trying the faults failed: {(ended.stderr.splitlines() or ['without a word'])[-1]}")
    answer = json.loads(ended.stdout)
    found = (Candidate(**{**one, "clauses": tuple(one["clauses"])}) for one in answer["found"])
    return Candidates(tuple(found), answer["tried"], answer["not_tried"])


def state_json(state: State) -> Any:
    """A state as the JSON of a file."""
    return json.loads(state_text(opening(state)))


def told(heard: Heard) -> dict[str, Any] | str:
    """What a fault must give: what is compared of an answer, or that there is none."""
    match heard:
        case Silence():
            return HANGS
        case Accepted():
            decisions = {name: getattr(heard, name) for name in ("liquidated", "deleveraged", "levied")}
            changes = None if heard.changes is None else attrs.asdict(heard.changes)
            return {"accepted": True, **decisions, "changes": changes}
        case Refused():
            return {"accepted": False, "reason": heard.reason}
    return FAILS


# ------------------------------------------------------------------- the process


class TookTooLongError(Exception):
    """A fault is not done with one event in time."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TookTooLongError in the rules if they take longer; they are Python, and so can be interrupted."""

    def late(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interface of handlers
        raise TookTooLongError

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def answer_with(fault: Planted, state: State, event: Event) -> dict[str, Any] | str:
    """What the rulebook gives with a fault, as `told` has it."""
    try:
        with limited(ONE_S), fault.grown():
            return told(expected_of(state, event).answer)
    except TookTooLongError:
        return HANGS
    except (Exception, RecursionError):
        return FAILS


def is_explained(answer: Any, given: Any, reasons: bool) -> bool:
    """Whether a fault's answer has all that the engine told; what it was not asked for says nothing."""
    if isinstance(answer, str) or isinstance(given, str):
        return bool(answer == given)
    if answer["accepted"] != given["accepted"]:
        return False
    if not answer["accepted"]:
        return not reasons or answer["reason"] == given["reason"]
    return all(value is None or same(value, given[name]) for name, value in answer.items())


def same(value: Any, given: Any) -> bool:
    """Whether two parts of answers are the same; lists and tuples are."""
    return bool(json.dumps(value, sort_keys=True) == json.dumps(given, sort_keys=True))


def faults_near(expected: Expected) -> Iterator[Planted]:
    """The faults made by hand, and the mutants of the functions that ran in an event."""
    yield from faults_by_hand()
    if has_mutants():
        ran = {f"{one.module.removeprefix('marginspec.')}.{one.name}" for one in trail_of(expected).rules}
        yield from mutants(frozenset(ran))


def asked(state: Any, event: Any) -> tuple[State, Event]:
    """A state and an event of a question."""
    opened = state_in(Node("state", None, "", state))
    return opened.state, record_of(Node("event", None, "", event), 1).event


def agrees_on(fault: Planted, agreed: list[Expected]) -> bool:
    """Whether events come out with a fault as they do without."""
    return all(same(answer_with(fault, one.before, one.event), told(one.answer)) for one in agreed)


def explained(question: Any) -> dict[str, Any]:
    """The answer to a question: the faults that explain what an engine answered."""
    state, event = asked(question["state"], question["event"])
    expected = expected_of(state, event)
    agreed = [expected_of(*asked(*one)) for one in question["agreed"]]
    found: list[dict[str, Any]] = []
    tried = 0
    for fault in faults_near(expected):
        tried += 1
        answer = answer_with(fault, state, event)
        if is_explained(question["answer"], answer, question["reasons"]) and agrees_on(fault, agreed):
            found.append({"name": fault.name, "what": fault.what, "clauses": fault.clauses})
    not_tried = "" if has_mutants() else f"the mutants need the extra: {install_line('proofs')}"
    return {"found": found, "tried": tried, "not_tried": not_tried}


def main() -> None:
    """Answer the question on standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        answer = explained(json.load(sys.stdin))
    except InputError as refused:
        answer = {"found": [], "tried": 0, "not_tried": f"the state before cannot be gone on from: {refused}"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
