"""The checks of an audit, event by event, and what they have found."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from marginspec.model.effects import LotOpened
from marginspec_audit import EVENT_INVARIANTS, STATE_INVARIANTS
from marginspec_tools.audit.faults import Fault, broken_event_invariants, broken_invariants, broken_state_invariants
from marginspec_tools.audit.recount import Recount
from marginspec_tools.audit.waterfall import happenings
from marginspec_tools.runs import Run, Step

FIRST_SHOWN = 20


@attrs.define
class Tally:
    """What an audit has counted so far.

    `faults` by kind, and `broken` by invariant; the first faults, and the first of each invariant; what `happened` in
    the waterfall, and the lots that each market had.
    """

    faults: Counter[str] = attrs.field(factory=Counter)
    broken: Counter[str] = attrs.field(factory=Counter)
    first: list[Fault] = attrs.field(factory=list)
    first_broken: dict[str, Fault] = attrs.field(factory=dict)
    happened: Counter[str] = attrs.field(factory=Counter)
    lots_opened: Counter[str] = attrs.field(factory=Counter)

    def count(self, step: Step) -> None:
        """Count what an event did."""
        effects = step.transition.receipt.effects
        for one in happenings(effects):
            self.happened[one] += 1
        for opened in [one for one in effects if type(one) is LotOpened]:
            self.lots_opened[opened.lot.market] += 1

    def add(self, faults: Iterable[Fault]) -> None:
        """Count faults, and keep those that are among the first."""
        for fault in faults:
            self.faults[fault.kind] += 1
            if fault.kind == "invariant":
                self.broken[fault.rule] += 1
                self.first_broken.setdefault(fault.rule, fault)
            if len(self.first) < FIRST_SHOWN:
                self.first.append(fault)

    def join(self, other: "Tally") -> None:
        """Add what another process found of the same journal; the first of all faults are kept."""
        self.faults.update(other.faults)
        self.broken.update(other.broken)
        for rule, fault in other.first_broken.items():
            self.first_broken[rule] = min(fault, self.first_broken.get(rule, fault), key=lambda one: one.seq)
        self.first = sorted([*self.first, *other.first], key=lambda one: one.seq)[:FIRST_SHOWN]

    @property
    def holds(self) -> bool:
        """Whether there is no fault."""
        return not self.faults


class Share(NamedTuple):
    """Which events a process checks the invariants of: those whose number leaves `number` when divided by `parts`."""

    number: int
    parts: int


WHOLE = Share(0, 1)


@attrs.frozen
class CheckedSoFar:
    """What checks have counted, and the last event, of which only the end is asked."""

    tally: Tally
    recount: Recount
    last: Step | None


class Checks:
    """A run with its checks; iterate over it once, for each event with its faults, and finish it.

    The invariants of states are checked after every event whose number `sample` divides, and after the last; those of
    events always. They take nearly all of the time. So processes may share them, each of which runs the whole journal;
    the first one does all the rest. Invariants that are `unchecked` are left out.
    """

    def __init__(self, run: Run, share: Share = WHOLE, unchecked: Collection[str] = (), sample: int = 1) -> None:
        self.run, self.tally, self.sample = run, Tally(), sample
        self._share, self._unchecked = share, unchecked
        self._recount = Recount(run.start.state)
        self._last: Step | None = None

    def __iter__(self) -> Iterator[tuple[Step, list[Fault]]]:
        for step in self.run:
            self._last = step
            found = self._broken(step) if step.number % self._share.parts == self._share.number else []
            if self._share.number == 0:
                self.tally.count(step)
                found += self._recount.take(step)
            yield step, self._counted(found)

    def _broken(self, step: Step) -> list[Fault]:
        if step.number % self.sample == 0:
            return broken_invariants(step)
        return broken_event_invariants(step, is_followed=self.run.is_followed)

    def _counted(self, found: list[Fault]) -> list[Fault]:
        found = [one for one in found if one.rule not in self._unchecked]
        self.tally.add(found)
        return found

    def so_far(self) -> CheckedSoFar:
        """What is needed to go on from here."""
        last = self._last
        if last is not None:
            last = last._replace(transition=attrs.evolve(last.transition, before=last.transition.after))
        return CheckedSoFar(self.tally, self._recount, last)

    def go_on_from(self, kept: CheckedSoFar) -> None:
        """Go on, before the first step, from where the checks of the same run stood."""
        self.tally, self._recount, self._last = kept.tally, kept.recount, kept.last

    def finish(self) -> list[Fault]:
        """What is found after the last event: of its state, if that was not looked at, and of the whole ledger."""
        if self._last is None or self._share.number:
            return []
        found = [] if self._last.number % self.sample == 0 else broken_state_invariants(self._last)
        return self._counted([*found, *self._recount.finish(self._last)])


def check_share(path: Path, share: Share) -> tuple[str, Tally]:
    """A process's part: the hash of its whole run, and what it found."""
    checks = Checks(Run(path), share)
    for _ in checks:
        pass
    return checks.run.totals().hash, checks.tally


# ----------------------------------------------------------------- the invariants


@attrs.frozen
class Verdict:
    """What was found of an invariant: how often it was broken, and where first."""

    invariant: str
    sentence: str
    broken: int
    first: Fault | None

    def as_object(self) -> dict[str, Any]:
        """The verdict for programs."""
        return {**attrs.asdict(self), "first": None if self.first is None else self.first.as_line()}


def verdicts(tally: Tally) -> list[Verdict]:
    """What was found of each invariant."""
    return [
        Verdict(invariant, sentence, tally.broken[invariant], tally.first_broken.get(invariant))
        for invariant, sentence in invariant_sentences().items()
    ]


def invariant_sentences() -> dict[str, str]:
    """What each invariant says, by id: the first line of what checks it."""
    found: dict[str, list[str]] = {}
    for invariant, predicate in (*STATE_INVARIANTS.items(), *EVENT_INVARIANTS.items()):
        found.setdefault(invariant, []).append((predicate.__doc__ or "").strip().splitlines()[0].rstrip("."))
    return {invariant: "; ".join(texts) for invariant, texts in sorted(found.items())}
