"""Findings: what an audit found to be other than the rulebook says."""

from typing import Literal

import attrs

from marginspec_tools.console import one_line
from marginspec_tools.runs import Step, broken_by

Kind = Literal["invariant", "transparency", "name", "verdict", "ledger", "position", "mark"]

KINDS: dict[Kind, str] = {
    "invariant": "a settled state or an event breaks an invariant",
    "transparency": "a market's counters or a balance are not what the transfers amount to",
    "name": "the observed account, asset, market, side or lot does not exist",
    "verdict": "the observed engine accepted or rejected otherwise, or for another reason",
    "ledger": "an observed balance differs",
    "position": "an observed position differs",
    "mark": "an observed mark differs",
}
"""Every kind of finding with its meaning."""


@attrs.frozen
class Finding:
    """One finding: the event it came up at, what it is about, what the rulebook has and what was found instead.

    `rule` is a clause or invariant; `what` the field, counter or property. None stands for something absent.
    """

    seq: int
    line: int
    ts: str | None
    ref: str | None
    kind: Kind
    rule: str
    where: str
    what: str
    expected: str | None
    observed: str | None

    @property
    def text(self) -> str:
        """In one line, for people."""
        expected, observed = self.expected or "nothing", self.observed or "nothing"
        place = f"event {self.seq} (line {self.line})"
        text = f"{place} {self.kind} {self.rule}: {self.where} {self.what}: expected {expected}, observed {observed}"
        # What was observed may be any text.
        return one_line(text)


def finding(
    step: Step, kind: Kind, rule: str, where: str, what: str, expected: str | None, observed: str | None
) -> Finding:
    """A finding at an event of a run."""
    record = step.record
    return Finding(step.number, record.line, record.ts, record.ref, kind, rule, where, what, expected, observed)


def broken_invariants(step: Step) -> list[Finding]:
    """The invariants that an event or the state after it breaks."""
    found: list[Finding] = []
    for one in broken_by(step.transition, step.number, step.record.line):
        broken = one.violation
        found.append(finding(step, "invariant", broken.invariant, broken.where.name, broken.what, "none", one.amount))
    return found
