"""Reports of audits side by side: verdicts, what was compared, and the findings, above all those that not all have."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from marginspec_tools.audit import SEVERITIES
from marginspec_tools.dashboard.index import NotThere
from marginspec_tools.dashboard.pages.side_by_side import Numbered, clause_address, left_out, numbered
from marginspec_tools.dashboard.reports import AuditReport, Compared, Finding, told
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, View

SAME, OTHER, LATER = "this journal", "another journal", "events that are not indexed"
"""Of what a report is."""
NOTHING, ALIKE = "No report that could be read has any.", "All reports that could be read have the same."


@attrs.frozen
class Told:
    """A finding, and the numbers of the reports that have it."""

    finding: Finding
    reports: list[int]
    is_here: bool
    """Whether it is of an event of this journal."""


def audits(view: View) -> list[Numbered[AuditReport]]:
    """The reports as they are now."""
    return numbered(view.source.reports.read_audits())


def readable(view: View) -> list[Numbered[AuditReport]]:
    """Those that say something."""
    return [one for one in view.once(audits) if one.report is not None]


def content(view: View) -> Mapping[str, Any]:
    """A card for each report, and whether there is anything to compare."""
    return {
        "cards": [card(view, one) for one in view.once(audits)],
        "left_out": left_out(view.source.reports.audits),
        "severities": SEVERITIES,
        "is_several": len(view.once(readable)) > 1,
    }


def card(view: View, one: Numbered[AuditReport]) -> dict[str, Any]:
    """What is told of a report at first sight."""
    report = one.report
    if report is None:
        return {"of": one, "standing": "broken", "verdict": "broken report"}
    verdict = verdict_of(view, report)
    standing = "broken" if report.summary.verdict == "findings" else "holds" if verdict == "holds" else "unknown"
    return {"of": one, "standing": standing, "verdict": verdict, "relation": relation(view, report)}


def verdict_of(view: View, report: AuditReport) -> str:
    """A report's verdict with all that it is under; simply `holds` only if it is of this journal and without limits."""
    related = relation(view, report)
    under = {
        "not as it was written": bool(report.changed),
        "with limits": bool(report.limits),
        f"of {related}": related != SAME,
    }
    told_under = " and ".join(name for name, is_so in under.items() if is_so)
    return f"{report.summary.verdict}, but {told_under}" if told_under else report.summary.verdict


def relation(view: View, report: AuditReport) -> str:
    """Whether a report is of the journal that is shown: then both have the same hash after the report's last event."""
    if report.summary.events > view.head.seq:
        return LATER
    try:
        reached = view.index.event(report.summary.events).hash
    except NotThere:
        return OTHER
    return SAME if reached == report.summary.hash else OTHER


# --------------------------------------------------------------------- tables


def reports_table(view: View) -> Table:
    """The reports, one below the other."""
    rows = [Row(str(one.number), report_cells(view, one)) for one in view.once(audits)]
    return Table("reports", "Reports", REPORTS, Order("report"), rows)


def report_cells(view: View, one: Numbered[AuditReport]) -> tuple[str | None, ...]:
    """A report's row; of one that is broken, why."""
    lead, report = (str(one.number), one.name), one.report
    if report is None:
        return (*lead, "broken report", one.reason, *[None] * (len(REPORTS) - 4))
    summary, counts = report.summary, report.summary.findings
    limits = "; ".join(report.limits) or None
    return (
        *(*lead, verdict_of(view, report), limits, report.changed or f"all {report.files} files as it says"),
        *(relation(view, report), told(summary.journal), told(summary.engine), told(summary.rulebook)),
        *map(str, (summary.events, summary.rejected, summary.coverage.lines, summary.coverage.values)),
        *map(str, (counts.count, *(counts.severities.get(severity, 0) for severity in SEVERITIES))),
        *(str(counts.consequences), told(summary.hash)),
    )


REPORTS = (
    Column("report", "report", "number"),
    Column("name", "name", "name"),
    Column("verdict", "verdict", "status"),
    Column("limits", "what it did not look at, or why it is broken", "prose"),
    Column("manifest", "manifest", "prose"),
    Column("of", "of"),
    Column("journal", "journal, by its word", "name"),
    Column("engine", "engine", "name"),
    Column("rulebook", "rulebook", "name"),
    Column("events", "events", "number"),
    Column("rejected", "refused", "number"),
    Column("lines", "events observed", "number"),
    Column("values", "values compared", "number"),
    Column("findings", "findings", "number"),
    *(Column(severity, severity, "number") for severity in SEVERITIES),
    Column("consequences", "consequences", "number"),
    Column("hash", "hash", "name"),
)


def clauses_table(view: View) -> Table:
    """Of each clause, the findings, the events where it had an effect, and those of them that have observed values."""
    reports = view.once(readable)
    exercised = [one.known.summary.coverage.clauses for one in reports]
    found = [one.known.summary.findings.clauses for one in reports]
    rows = []
    for clause in sorted({name for part in exercised for name in part} | {name for part in found for name in part}):
        known = [part.get(clause) for part in exercised]
        cells = [
            *(str(part.get(clause, 0)) for part in found),
            *(None if one is None else str(one.events) for one in known),
            *(None if one is None else str(one.compared) for one in known),
        ]
        rows.append(Row(clause, (told(clause), *cells), {"clause": clause_address(view, clause)}))
    heads = (("findings", "findings"), ("events", "had an effect"), ("compared", "observed"))
    return Table("clauses", "By clause", columns("clause", reports, heads), Order("clause"), rows, empty=NOTHING)


def coverage_table(view: View) -> Table:
    """Of each kind of value and each market, how many were compared, how many differ, and how many were not checked."""
    reports = view.once(readable)
    parts = [dict(parts_of(one.known)) for one in reports]
    rows = []
    for of, name in sorted({key for part in parts for key in part}):
        known = [part.get((of, name)) for part in parts]
        cells = [
            *(None if one is None else str(one.values - one.unchecked) for one in known),
            *(None if one is None else str(one.differs + one.consequence) for one in known),
            *(None if one is None else str(one.unchecked) for one in known),
        ]
        rows.append(Row(f"{of}:{name}", (of, told(name), *cells)))
    heads = (("compared", "compared"), ("differ", "differ"), ("unchecked", "not checked"))
    named = columns("of", reports, heads)
    return Table("coverage", "What was compared", (named[0], NAMED, *named[1:]), Order("of"), rows, empty=NOTHING)


NAMED = Column("name", "name", "name")


def parts_of(report: AuditReport) -> Iterator[tuple[tuple[str, str], Compared]]:
    """The parts that a report counts values of."""
    coverage = report.summary.coverage
    yield from ((("kind", name), found) for name, found in coverage.kinds.items())
    yield from ((("market", name), found) for name, found in coverage.markets.items())


def columns(lead: str, reports: list[Numbered[AuditReport]], heads: tuple[tuple[str, str], ...]) -> tuple[Column, ...]:
    """A leading column, and some for each report."""
    return (Column(lead, lead), *(one.column("report", name, head) for name, head in heads for one in reports))


def findings_told(view: View) -> list[Told]:
    """The findings of all reports, each once; a report of another journal has its own."""
    found: dict[tuple[bool, str], Told] = {}
    for one in view.once(readable):
        is_here = relation(view, one.known) == SAME
        for finding in one.known.findings:
            known = found.setdefault((is_here, finding.id), Told(finding, [], is_here))
            known.reports.append(one.number)
    return list(found.values())


def apart_table(view: View) -> Table:
    """The findings that some of the reports have, and others have not."""
    reports = [one.number for one in view.once(readable)]
    rows = [finding_row(view, one) for one in view.once(findings_told) if one.reports != reports]
    note = "A finding is the same if clause, event and what differs are the same. Broken reports are left out."
    return Table("apart", "Findings that not all reports have", FINDINGS, Order("event"), rows, note=note, empty=ALIKE)


def findings_table(view: View) -> Table:
    """All findings."""
    rows = [finding_row(view, one) for one in view.once(findings_told)]
    return Table("findings", "All findings", FINDINGS, Order("money", True), rows, empty=NOTHING)


def finding_row(view: View, one: Told) -> Row:
    """A finding; it leads to its event if that is of this journal."""
    finding = one.finding
    links = {"clause": clause_address(view, finding.clause)}
    if one.is_here and view.head.first < finding.seq <= view.head.seq:
        links["event"] = view.event_address(finding.seq)
    texts = (finding.account, finding.market, f"{finding.where} {finding.what}", finding.expected, finding.observed)
    cells = (
        *(str(finding.seq), ", ".join(map(str, one.reports)), told(finding.severity), told(finding.clause)),
        *(None if text is None else told(text) for text in texts),
        *(finding.money, finding.asset and told(finding.asset), str(finding.consequences), told(finding.id)),
    )
    return Row(f"{finding.id}{'' if one.is_here else ' elsewhere'}", cells, links)


FINDINGS = (
    Column("event", "event", "number"),
    Column("reports", "in reports"),
    Column("severity", "severity"),
    Column("clause", "clause"),
    Column("account", "account", "name"),
    Column("market", "market", "name"),
    Column("what", "what differs", "name"),
    Column("expected", "expected", "name"),
    Column("observed", "observed", "name"),
    Column("money", "money at stake", "number"),
    Column("asset", "asset", "name"),
    Column("consequences", "consequences", "number"),
    Column("finding", "finding", "name"),
)

PAGE = Page(
    "audits",
    "Audits",
    "audits.html",
    content,
    {
        "reports": reports_table,
        "apart": apart_table,
        "findings": findings_table,
        "clauses": clauses_table,
        "coverage": coverage_table,
    },
    is_there=lambda source: bool(source.reports.audits),
)
