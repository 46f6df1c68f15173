"""Replaying a journal with every invariant checked after every event, shared over processes.

Each process replays the whole journal, which is cheap, and checks every so-manieth event, which is not. So
every event is checked once, and the processes' hashes are runs to compare (INV-10).
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from marginspec_audit import EVENT_INVARIANTS, STATE_INVARIANTS, Violation
from marginspec_tools.runs.running import Run, Step

MOST_PROCESSES = 4
SECOND_RUN = "INV-10"


@attrs.frozen
class Broken:
    """An invariant that an event broke."""

    event: int
    violation: Violation


@attrs.frozen
class Share:
    """What one process found: totals and hash of its whole run, and what was broken in its part of the events."""

    events: int
    accepted: int
    hash: str
    broken: tuple[Broken, ...]


@attrs.frozen
class Verdict:
    """Whether an invariant held throughout, and where it did not."""

    invariant: str
    sentence: str
    broken: tuple[Broken, ...]

    @property
    def holds(self) -> bool:
        """Whether it never broke."""
        return not self.broken


def broken_by(step: Step) -> list[Broken]:
    """Every invariant that an event or the state after it breaks; a refused event leaves a state already checked."""
    transition = step.taken
    found = [violation for predicate in EVENT_INVARIANTS.values() for violation in predicate(transition)]
    if transition.after is not transition.before:
        found.extend(violation for predicate in STATE_INVARIANTS.values() for violation in predicate(transition.after))
    return [Broken(step.number, violation) for violation in found]


def check_share(run: Run, share: int, shares: int) -> Iterator[tuple[Step, list[Broken]]]:
    """Run a journal; check those events whose number leaves this rest, and give each with what it broke."""
    for step in run:
        mine = step.number % shares == share
        yield step, broken_by(step) if mine else []


def run_share(path: Path, share: int, shares: int) -> Share:
    """One process's part."""
    run = Run(path)
    broken = [found for _, breaks in check_share(run, share, shares) for found in breaks]
    return share_of(run, broken)


def share_of(run: Run, broken: Sequence[Broken]) -> Share:
    """What a process found, once its run is over."""
    return Share(run.chain.events, run.accepted, run.chain.hash, tuple(broken))


def default_processes() -> int:
    """As many as there are processors, at most four."""
    return min(MOST_PROCESSES, os.cpu_count() or 1)


def sentence(predicate: object) -> str:
    """The first line of a predicate's docstring, without its full stop."""
    return (predicate.__doc__ or "").strip().splitlines()[0].rstrip(".")


def sentences() -> dict[str, str]:
    """What each invariant says, by id."""
    found: dict[str, list[str]] = {}
    for invariant, predicate in (*STATE_INVARIANTS.items(), *EVENT_INVARIANTS.items()):
        found.setdefault(invariant, []).append(sentence(predicate))
    return {invariant: "; ".join(texts) for invariant, texts in sorted(found.items())}


def verdicts(shares: Sequence[Share]) -> tuple[Verdict, ...]:
    """One verdict for each invariant; that the processes agree is part of INV-10."""
    broken = sorted((found for share in shares for found in share.broken), key=lambda found: found.event)
    if len({share.hash for share in shares}) > 1:
        violation = Violation(SECOND_RUN, "runs of the same journal end in different hashes", "hash", len(shares))
        broken.append(Broken(shares[0].events, violation))
    return tuple(
        Verdict(invariant, text, tuple(found for found in broken if found.violation.invariant == invariant))
        for invariant, text in sentences().items()
    )
