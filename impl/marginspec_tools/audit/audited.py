"""An audit in progress and at its end: what was checked and compared, what was found, and what that comes to."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import attrs

from marginspec_tools.audit.checks import Checks, Tally
from marginspec_tools.audit.comparison import Comparison
from marginspec_tools.audit.faults import Fault
from marginspec_tools.audit.findings import Consequence, Finding, Folding, ranked
from marginspec_tools.audit.opening import NEED_ALL_ACCOUNTS, broken_at_opening
from marginspec_tools.audit.surveillance import Note, Watch
from marginspec_tools.console import EngineCrash
from marginspec_tools.runs import Run, Step

Verdict = Literal["holds", "findings", "not compared"]
MOST_FINDINGS = 100_000
"""An audit ends with so many findings, and those of the same event: nobody reads on, and memory is bounded."""
EXIT_CODES: dict[Verdict, int] = {"holds": 0, "findings": 1, "not compared": 4}


@attrs.define
class Audited:
    """The audit of a run; iterate once, for each event with what follows from earlier findings there.

    `subset` names the account that stands for all those that are not known; then what needs all accounts is not
    checked. From a state that breaks invariants it goes on only with `accepts_broken`, and `stopped` is the event at
    which the rules could not. The invariants of states are checked after every event whose number `sample` divides, and
    after the last. With MOST_FINDINGS it ends, and `full` is the event at which that was. `at_end` is what follows from
    findings after the last event.
    """

    run: Run
    comparison: Comparison
    subset: str | None = None
    accepts_broken: bool = False
    sample: int = 1
    folding: Folding = attrs.Factory(Folding)
    watch: Watch = attrs.Factory(Watch)
    notes: list[Note] = attrs.Factory(list)
    at_end: list[Consequence] = attrs.Factory(list)
    checks: Checks = attrs.field(init=False)
    opening: list[Fault] = attrs.field(init=False)
    stopped: int | None = None
    full: int | None = None

    def __attrs_post_init__(self) -> None:
        self.folding.apart = self.sample
        self.checks = Checks(self.run, unchecked=self.unchecked, sample=self.sample)
        self.opening = broken_at_opening(self.run.start, self.unchecked)
        self.folding.add(self.opening, self.run.state)
        if self.is_run:
            self.tally.add(self.opening)

    @property
    def tally(self) -> Tally:
        """What was counted."""
        return self.checks.tally

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The invariants that are not checked, since they need all accounts."""
        return () if self.subset is None else NEED_ALL_ACCOUNTS

    @property
    def is_run(self) -> bool:
        """Whether the journal is run at all."""
        return not self.opening or self.accepts_broken

    def __iter__(self) -> Iterator[tuple[Step, list[Consequence]]]:
        if not self.is_run:
            return
        try:
            for step, faults in self.checks:
                self.watch.take(step)
                consequences = self.folding.add(faults, step.transition.after)
                yield step, [*consequences, *self.comparison.take(step)]
                if len(self.folding.findings) + len(self.comparison.findings) >= MOST_FINDINGS:
                    self.full = step.number
                    break
        except EngineCrash:
            if not self.opening:
                raise
            self.stopped = self.run.chain.events + 1
        self.notes = self.watch.finish()
        self.at_end = self.folding.add(self.checks.finish(), self.run.state)

    @property
    def findings(self) -> list[Finding]:
        """All findings, the most money first."""
        return ranked([*self.folding.findings, *self.comparison.findings])

    @property
    def verdict(self) -> Verdict:
        """What the audit comes to. Without an observed value it says nothing of the exchange, whatever holds."""
        if self.folding.findings or self.comparison.findings:
            return "findings"
        return "holds" if self.comparison.coverage.values else "not compared"

    def count(self, part: Literal["severity", "classified", "clause"]) -> Counter[str]:
        """How many findings there are of each severity, class or clause."""
        return Counter(str(getattr(one, part)) for one in self.findings)
