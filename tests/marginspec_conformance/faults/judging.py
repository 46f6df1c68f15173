"""Which planted faults vectors and questions notice, and at which level.

`python -m marginspec_conformance.faults.judging` prints a line of JSON for each fault, and a sum. Each fault runs in a
process of its own, since it may hang, take all memory or crash; that counts as noticed by the vector that it was at, as
an engine that never answers does.
"""

import multiprocessing
import resource
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from types import CodeType, FrameType

import attrs
import click

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.driving.asking import reduced
from marginspec_conformance.faults.catalogue import AnyFault, all_faults, fault_named
from marginspec_conformance.faults.planting import PACKAGE, Applied
from marginspec_conformance.faults.rebuilding import EngineFault
from marginspec_conformance.vectors.question import AskedQuestion, read_questions, rulebook_answer
from marginspec_conformance.vectors.reading import shard_of, vectors_of
from marginspec_conformance.vectors.vector import Vector
from marginspec_tools.console import DIVERGED, print_json_line

STEP_S = 2.0
"""A fault that is not done with one event after so many seconds of the processor hangs."""
FAULT_S = 600.0
"""So many seconds of the clock is a fault judged; what vectors noticed by then counts."""
MEMORY = 6 * 2**30
QUESTIONS, DECISIONS, BALANCES, HASHES, NEVER = 0, 2, 4, 5, 6
"""The levels that a fault is judged at: answers to questions, verdicts and decisions, balances, whole receipts.

Questions are asked only about a fault that no vector notices. The last one is none of them.
"""
Seen = tuple[int, str]
"""A level, and the vector or question that notices a fault at it."""


@attrs.frozen
class Judged:
    """A vector as faults are judged by it: where it begins, its events, what comes of them, and the code that ran."""

    id: str
    start: State
    events: tuple[Event, ...]
    right: tuple[tuple[Receipt, State], ...]
    ran: frozenset[CodeType]


Outcome = tuple[State, Receipt] | None
"""What a fault makes of an event; None if it fails or hangs."""


class TookTooLongError(Exception):
    """A fault was not done in time."""


@click.command()
@click.argument("faults", nargs=-1)
@click.option("--vectors", type=click.Path(path_type=Path), help="Vectors from a file, and no questions.")
@click.option("--shard", default="1/1", show_default=True, help="Judge one of several parts of the faults only.")
@click.pass_context
def command(ctx: click.Context, faults: tuple[str, ...], vectors: Path | None, shard: str) -> None:
    """Judge FAULTS by their names, or all: those made by hand and the mutants of the rules and of the engine.

    Exit codes: 0 each was noticed; 1 some were not; 2 wrong usage or input.
    """
    judged = shortest_first(vectors_of(path=vectors))
    questions = list(read_questions()) if vectors is None else []
    number, count = shard_of(shard)
    planted = list(map(fault_named, faults)) if faults else all_faults()
    missed = 0
    for fault in planted[number - 1 :: count]:
        seen = seen_by(fault, judged, questions)
        missed += seen is None
        level, vector = seen or (None, "")
        print_json_line({"fault": fault.name, "what": fault.what, "level": level, "vector": vector})
        sys.stdout.flush()
    print_json_line({"faults": len(planted[number - 1 :: count]), "not_noticed": missed})
    if missed:
        ctx.exit(DIVERGED)


def shortest_first(vectors: Iterable[Vector]) -> list[Judged]:
    """Vectors run without a fault, those of fewest events first, so that the first that notices a fault is short."""
    return sorted(map(prepared, known_starts(vectors)), key=lambda one: (len(one.events), one.id))


def known_starts(vectors: Iterable[Vector]) -> Iterator[tuple[Vector, State]]:
    """Vectors with the state that each begins from; equal empty ones are one object, so that they are run once."""
    empty: dict[object, State] = {}
    for one in vectors:
        start = one.opened.state if one.opened else empty.setdefault(one.header, State(header=one.header))
        yield one, start


def prepared(found: tuple[Vector, State]) -> Judged:
    """A vector run without a fault, under a watch for the rulebook's code."""
    vector, start = found
    ran: set[CodeType] = set()

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            ran.add(frame.f_code)

    right = []
    state = start
    before = sys.getprofile()
    for event in vector.events:
        sys.setprofile(watch)
        try:
            after, receipt = apply(state, event)
        finally:
            sys.setprofile(before)
        right.append((receipt, after))
        state = after
    own = frozenset(code for code in ran if code.co_filename.startswith(str(PACKAGE)))
    return Judged(vector.id, start, vector.events, tuple(right), own)


def seen_by(fault: AnyFault, vectors: Sequence[Judged], questions: Sequence[AskedQuestion] = ()) -> Seen | None:
    """The lowest level at which a vector notices a fault, and the first that does, else a question that does."""
    touched = [one for one in vectors if reaches(one, fault)]
    asked = () if isinstance(fault, EngineFault) else questions
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=judge_within, args=(fault, touched, asked, theirs))
    child.start()
    theirs.close()
    found: list[Seen] = []
    done, at, until = False, "", monotonic() + FAULT_S
    while not done and ours.poll(max(0.0, until - monotonic())):
        try:
            told = ours.recv()
        except EOFError:
            found += [(DECISIONS, at)]
            break
        done = told is None
        if isinstance(told, str):
            at = told
        elif not done:
            found += [told]
    else:
        found += [] if done or found else [(DECISIONS, at)]
    child.kill()
    child.join()
    return found[-1] if found else None


def reaches(vector: Judged, fault: AnyFault) -> bool:
    """Whether a vector runs the functions that a fault is in; of the engine that is not known before."""
    if isinstance(fault, EngineFault):
        return True
    return not {function.__code__ for function, _ in fault.swaps}.isdisjoint(vector.ran)


def judge_within(
    fault: AnyFault, vectors: Sequence[Judged], questions: Sequence[AskedQuestion], told: Connection
) -> None:
    """What the process of one fault does: it tells where it is, what notices it at a lower level, at last None."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, too_long)
    lowest = NEVER
    taken: Callable[[State, Event], Outcome] | None = None
    for vector in vectors:
        told.send(vector.id)
        taken = taken or taker_of(fault)
        level = level_of(vector, taken)
        if level < lowest:
            lowest = level
            told.send((level, vector.id))
            if level == DECISIONS:
                break
    with fault.grown():
        wrong = (one.id for one in questions if not answers(one)) if lowest == NEVER else iter(())
        first = next(wrong, None)
    if first is not None:
        told.send((QUESTIONS, first))
    told.send(None)


def taker_of(fault: AnyFault) -> Callable[[State, Event], Outcome]:
    """What tells the outcomes of events: the rulebook's once for each state, the engine goes on and cannot go back."""
    outcome = partial(outcome_of, fault.applied())
    return outcome if isinstance(fault, EngineFault) else remembered(outcome)


def remembered(outcome: Callable[[State, Event], Outcome]) -> Callable[[State, Event], Outcome]:
    """The same, asked once for each event from a state: vectors that begin alike are run once up to where they part."""
    known: dict[tuple[int, Event], Outcome] = {}

    def asked(state: State, event: Event) -> Outcome:
        key = (id(state), event)
        if key not in known:
            known[key] = outcome(state, event)
        return known[key]

    return asked


def too_long(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as handlers of signals are called
    """The alarm rings."""
    raise TookTooLongError


def level_of(vector: Judged, taken: Callable[[State, Event], Outcome]) -> int:
    """The lowest level at which what a fault makes of a vector's events differs from the rulebook."""
    lowest = NEVER
    state, before = vector.start, vector.start
    for event, (right, right_after) in zip(vector.events, vector.right, strict=True):
        outcome = taken(state, event)
        if outcome is None:
            return DECISIONS
        after, receipt = outcome
        # Claims are told at level 4, and stand in no receipt.
        if receipt != right or after.relief_claims != right_after.relief_claims:
            lowest = min(lowest, level_between((state, after, receipt), (before, right_after, right), event))
        state, before = after, right_after
    return lowest


def answers(question: AskedQuestion) -> bool:
    """Whether a fault, which is planted now, answers a question as the rulebook does."""
    signal.setitimer(signal.ITIMER_VIRTUAL, STEP_S)
    try:
        return rulebook_answer(question.asked) == question.expected
    except Exception:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def outcome_of(applied: Applied, state: State, event: Event) -> Outcome:
    """What a fault makes of an event; None if it fails or hangs."""
    signal.setitimer(signal.ITIMER_VIRTUAL, STEP_S)
    try:
        return applied(state, event)
    except Exception:
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def level_between(found: tuple[State, State, Receipt], right: tuple[State, State, Receipt], event: Event) -> int:
    """The lowest level at which two outcomes of an event differ."""
    try:
        one, other = (Expected(event, before, after, receipt).answer for before, after, receipt in (found, right))
    except Exception:
        return DECISIONS
    if reduced(one, "decisions") != reduced(other, "decisions"):
        return DECISIONS
    if one != other:
        return BALANCES
    return HASHES if found[2] != right[2] else NEVER


if __name__ == "__main__":
    command()
