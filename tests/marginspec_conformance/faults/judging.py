"""Which planted faults the vectors notice: `python -m marginspec_conformance.faults.judging`.

Each fault runs in a process of its own, since it may hang, take all memory or crash; that counts as noticed, as an
engine that never answers does. Prints a line of JSON for each fault, with the first vector that notices it, and a sum.
"""

import multiprocessing
import resource
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
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
from marginspec_conformance.faults.catalogue import fault_named, faults_by_hand, mutants
from marginspec_conformance.faults.planting import PACKAGE, Planted
from marginspec_conformance.vectors.reading import shard_of, vectors_of
from marginspec_conformance.vectors.vector import Vector
from marginspec_tools.console import DIVERGED, print_json_line

STEP_S = 2.0
"""A fault that is not done with one event after so long hangs."""
FAULT_S = 60.0
"""So long is a fault judged; one that vectors noticed by then is noticed."""
MEMORY = 6 * 2**30
DONE = ""
HASHES = 5
"""The level at which whole receipts are compared."""


@attrs.frozen
class Judged:
    """A vector as faults are judged by it: where it begins, its events, what comes of them, and the code that ran."""

    id: str
    start: State
    events: tuple[Event, ...]
    right: tuple[tuple[Receipt, State], ...]
    ran: frozenset[CodeType]


class TookTooLongError(Exception):
    """A fault was not done in time."""


@click.command()
@click.argument("faults", nargs=-1)
@click.option("--vectors", type=click.Path(path_type=Path), help="Vectors from a file instead of those of the suite.")
@click.option("--level", type=click.IntRange(4, HASHES), default=4, show_default=True, help="4: balances; 5: receipts.")
@click.option("--shard", default="1/1", show_default=True, help="Judge one of several parts of the faults only.")
@click.option("--all", "every", is_flag=True, help="Name every vector that notices a fault, not only the first.")
@click.pass_context
def command(
    ctx: click.Context, faults: tuple[str, ...], vectors: Path | None, level: int, shard: str, every: bool
) -> None:
    """Judge FAULTS by their names, or all: those made by hand and the mutants of the rules' functions.

    Exit codes: 0 each was noticed; 1 some were not; 2 wrong usage or input.
    """
    judged = [prepared(one) for one in known_starts(vectors_of(path=vectors))]
    number, count = shard_of(shard)
    planted = list(map(fault_named, faults)) if faults else [*faults_by_hand(), *mutants()]
    missed = 0
    for fault in planted[number - 1 :: count]:
        noticed = noticed_by(fault, judged, level, every)
        missed += not noticed
        print_json_line({"fault": fault.name, "what": fault.what, "noticed_by": noticed})
        sys.stdout.flush()
    print_json_line({"faults": len(planted[number - 1 :: count]), "not_noticed": missed, "level": level})
    if missed:
        ctx.exit(DIVERGED)


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


def noticed_by(fault: Planted, vectors: Sequence[Judged], level: int, every: bool) -> list[str]:
    """The ids of the vectors that notice a fault: the first, or every one; empty if none does."""
    swapped = {function.__code__ for function, _ in fault.swaps}
    touched = [one for one in vectors if not swapped.isdisjoint(one.ran)]
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=judge_within, args=(fault, touched, level, every, theirs))
    child.start()
    theirs.close()
    found: list[str] = []
    until = monotonic() + FAULT_S
    while ours.poll(max(0.0, until - monotonic())):
        try:
            found.append(ours.recv())
        except EOFError:
            break
    else:
        found += [] if found else ["took too long"]
    child.kill()
    child.join()
    return [one for one in found if one != DONE] if found else ["crashed"]


def judge_within(fault: Planted, vectors: Sequence[Judged], level: int, every: bool, told: Connection) -> None:
    """What the process of one fault does: it tells the ids of vectors that notice it, and at last that it is done."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, too_long)
    known: dict[tuple[int, Event], tuple[State, Receipt] | None] = {}
    with fault.grown():
        for vector in vectors:
            if not agrees(vector, level, known):
                told.send(vector.id)
                if not every:
                    break
    told.send(DONE)


def too_long(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as handlers of signals are called
    """The alarm rings."""
    raise TookTooLongError


def agrees(vector: Judged, level: int, known: dict[tuple[int, Event], tuple[State, Receipt] | None]) -> bool:
    """Whether a fault, which is planted now, answers all events of a vector as the rulebook does.

    `known` is what it made of events from states before: vectors that begin alike are run once up to where they part.
    """
    state, before = vector.start, vector.start
    for event, (right, right_after) in zip(vector.events, vector.right, strict=True):
        key = (id(state), event)
        if key not in known:
            known[key] = outcome_of(state, event)
        outcome = known[key]
        if outcome is None:
            return False
        after, receipt = outcome
        if level == HASHES:
            differs = receipt != right
        else:
            # Claims are told at level 4, and stand in no receipt.
            changed = receipt != right or after.relief_claims != right_after.relief_claims
            differs = changed and answers_differ((state, after, receipt), (before, right_after, right), event)
        if differs:
            return False
        state, before = after, right_after
    return True


def outcome_of(state: State, event: Event) -> tuple[State, Receipt] | None:
    """What the fault makes of an event; None if it fails or hangs."""
    signal.setitimer(signal.ITIMER_REAL, STEP_S)
    try:
        return apply(state, event)
    except Exception:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def answers_differ(found: tuple[State, State, Receipt], right: tuple[State, State, Receipt], event: Event) -> bool:
    """Whether two outcomes of an event differ in what an engine at level 4 tells of it."""
    try:
        one, other = (Expected(event, before, after, receipt).answer for before, after, receipt in (found, right))
    except Exception:
        return True
    return one != other


if __name__ == "__main__":
    command()
