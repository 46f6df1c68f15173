"""An audit in progress and at its end: what was checked and compared, what was found, and what that comes to."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import attrs

from marginspec_tools.audit.checks import Checks, Tally
from marginspec_tools.audit.comparison import Comparison
from marginspec_tools.audit.findings import Consequence, Finding, Folding, ranked
from marginspec_tools.runs import Run, Step

Verdict = Literal["holds", "findings", "not compared"]
EXIT_CODES: dict[Verdict, int] = {"holds": 0, "findings": 1, "not compared": 4}


@attrs.define
class Audited:
    """The audit of a run; iterate once, for each event with what follows from earlier findings there.

    `at_end` is what follows from them of the whole ledger after the last event.
    """

    run: Run
    comparison: Comparison
    folding: Folding = attrs.Factory(Folding)
    tally: Tally = attrs.Factory(Tally)
    at_end: list[Consequence] = attrs.Factory(list)

    def __iter__(self) -> Iterator[tuple[Step, list[Consequence]]]:
        checks = Checks(self.run)
        self.tally = checks.tally
        for step, faults in checks:
            consequences = self.folding.add(faults, step.transition.after)
            yield step, [*consequences, *self.comparison.take(step)]
        self.at_end = self.folding.add(checks.finish(), self.run.state)

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
