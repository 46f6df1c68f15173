"""The folder that `marginspec audit --report` wrote: what it says, and whether it is still as it was written."""

from collections import Counter
from pathlib import Path
from typing import Literal

import attrs
import msgspec

from marginspec_journal import InputError
from marginspec_tools.audit import AUDIT_VERSION, FINDINGS, SUMMARY, compared
from marginspec_tools.dashboard.reports.reading import Amount, Count, content, decoded, told

Verdict = Literal["holds", "findings", "not compared"]


class Compared(msgspec.Struct, frozen=True):
    """How many observed values there are of a kind or in a market, and what became of them."""

    values: Count
    tolerated: Count
    differs: Count
    consequence: Count
    unchecked: Count = msgspec.field(name="not checked")


class Exercised(msgspec.Struct, frozen=True):
    """In how many events a clause had an effect, and in how many of these something was observed."""

    events: Count
    compared: Count


class Coverage(msgspec.Struct, frozen=True):
    """What an audit compared."""

    events: Count
    lines: Count
    values: Count
    accounts: Count
    kinds: dict[str, Compared]
    markets: dict[str, Compared]
    clauses: dict[str, Exercised]


class Counts(msgspec.Struct, frozen=True):
    """How many findings there are, by severity and by clause, and how many values differ because of them."""

    count: Count
    severities: dict[str, Count]
    clauses: dict[str, Count]
    consequences: Count


class Summary(msgspec.Struct, frozen=True):
    """A report's summary, as far as it is shown."""

    audit: int
    rulebook: str
    verdict: Verdict
    journal: str
    engine: str
    events: Count
    rejected: Count
    run: bool
    stopped: Count | None
    subset: str | None
    coverage: Coverage
    findings: Counts
    hash: str
    full: Count | None = None
    sample: Count = 1


class Finding(msgspec.Struct, frozen=True):
    """A finding, as far as it is shown; money is what is at stake."""

    id: str
    severity: str
    clause: str
    seq: Count
    account: str | None
    market: str | None
    asset: str | None
    money: Amount
    where: str
    what: str
    expected: str | None
    observed: str | None
    consequences: Count


@attrs.frozen
class AuditReport:
    """A report that is consistent; `changed` says in which way it is not as its manifest has it, if it is not."""

    summary: Summary
    findings: tuple[Finding, ...]
    files: int
    changed: str

    @property
    def limits(self) -> list[str]:
        """What the audit did not look at, by its own word."""
        summary = self.summary
        within = sum(one.tolerated for one in summary.coverage.kinds.values())
        stated = {
            "the journal was not run, since its opening state breaks invariants": not summary.run,
            f"nothing after event {summary.stopped} was checked, where the rules could not go on": summary.stopped,
            f"it ended at event {summary.full}, with too many findings": summary.full,
            f"invariants of states were checked after every {summary.sample}th event only": summary.sample != 1,
            f"{within:,} differences within the tolerance that was given": within,
            f"only some accounts are known: {told(summary.subset or '')} stands for all others": summary.subset,
        }
        return [limit for limit, is_so in stated.items() if is_so]


def read_audit(folder: Path) -> AuditReport:
    """The report in a folder; InputError, with the reason, for one that is cut short or contradicts itself."""
    summary = decoded(content(folder / SUMMARY), Summary, SUMMARY)
    if summary.audit != AUDIT_VERSION:
        raise InputError(SUMMARY, None, "audit", f"format {summary.audit}, but {AUDIT_VERSION} is read")
    lines = content(folder / FINDINGS).splitlines()
    findings = tuple(decoded(line, Finding, FINDINGS, number) for number, line in enumerate(lines, 1))
    check_agree(summary, findings)
    state = compared(folder)
    changed = "; ".join(f"{word}: {', '.join(names)}" for word, names in state.differences.items())
    return AuditReport(summary, findings, state.files, told(changed))


def check_agree(summary: Summary, findings: tuple[Finding, ...]) -> None:
    """Refuse a summary that says otherwise than the findings."""
    counts = summary.findings
    if len(findings) != counts.count:
        raise InputError(FINDINGS, None, None, f"{len(findings)} findings, but {SUMMARY} counts {counts.count}")
    for field, stated in (("severity", counts.severities), ("clause", counts.clauses)):
        found = Counter(str(getattr(one, field)) for one in findings)
        if found != Counter(stated):
            raise InputError(FINDINGS, None, field, f"counts are others than {SUMMARY} has")
    if len({one.id for one in findings}) != len(findings):
        raise InputError(FINDINGS, None, "id", "not every finding has an id of its own")
    expected = "findings" if findings else "holds" if summary.coverage.values else "not compared"
    if summary.verdict != expected:
        raise InputError(SUMMARY, None, "verdict", f"{summary.verdict}, but what it counts says {expected}")
