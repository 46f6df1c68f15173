"""Logs of conformance runs side by side: what each engine may claim, counts by clause, and first differences."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from marginspec_tools.dashboard.pages.side_by_side import Numbered, clause_address, left_out, numbered
from marginspec_tools.dashboard.reports import OUTCOMES, Case, ConformanceLog, told
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, View

ALIKE = ("command", "suite", "rulebook", "level", "tolerance", "profile", "part")
"""Where runs differ in one of these, so may their outcomes."""
NOTHING, NONE_APART = "No log that could be read has any.", "All logs that could be read have the same."


def logs(view: View) -> list[Numbered[ConformanceLog]]:
    """The logs as they are now."""
    return numbered(view.source.reports.read_logs())


def readable(view: View) -> list[Numbered[ConformanceLog]]:
    """Those that say something."""
    return [one for one in view.once(logs) if one.report is not None]


def content(view: View) -> Mapping[str, Any]:
    """A card for each log, and in what the runs were not alike."""
    known = [one.known.setting for one in view.once(readable)]
    return {
        "cards": [card(one) for one in view.once(logs)],
        "left_out": left_out(view.source.reports.logs),
        "is_several": len(known) > 1,
        "unlike": [name for name in ALIKE if len({getattr(one, name) for one in known}) > 1],
    }


def card(one: Numbered[ConformanceLog]) -> dict[str, Any]:
    """What is told of a log at first sight."""
    log = one.report
    if log is None:
        return {"of": one, "standing": "broken", "verdict": "broken log"}
    standing = "broken" if log.failed else "holds" if log.holds else "unknown"
    engine = f"{log.setting.engine.name} {log.setting.engine.version} ({log.setting.engine.language})"
    return {
        "of": one,
        "standing": standing,
        "verdict": told(log.ending.verdict),
        "engine": told(engine),
        "by": told(log.setting.connector),
        "level": f"{log.setting.level}, tolerance {told(log.setting.tolerance)}",
        "suite": told(f"{log.setting.suite}{f', of {log.setting.part} only' if log.setting.part else ''}"),
        "left_out": told(", ".join(log.setting.engine.left_out)),
        "cut_short": told(log.ending.cut_short),
        "counts": log.counts(),
    }


# --------------------------------------------------------------------- tables


def logs_table(view: View) -> Table:
    """The logs, one below the other."""
    rows = [Row(str(one.number), log_cells(one)) for one in view.once(logs)]
    return Table("logs", "Logs", LOGS, Order("log"), rows)


def log_cells(one: Numbered[ConformanceLog]) -> tuple[str | None, ...]:
    """A log's row; of one that is broken, why."""
    lead, log = (str(one.number), one.name), one.report
    if log is None:
        return (*lead, None, None, None, f"broken log: {one.reason}", *[None] * (len(LOGS) - 6))
    setting, counts = log.setting, log.counts()
    asked = (setting.command, setting.suite, setting.part, setting.rulebook, setting.profile, setting.tolerance)
    return (
        *(*lead, told(setting.engine.name), told(setting.engine.version), str(setting.level)),
        *(told(log.ending.verdict), str(len(log.cases)), *(str(counts[outcome]) for outcome in OUTCOMES)),
        *(told(text) or None for text in (*asked, log.ending.cut_short, ", ".join(setting.engine.left_out))),
    )


LOGS = (
    Column("log", "log", "number"),
    Column("name", "name", "name"),
    Column("engine", "engine", "name"),
    Column("version", "version", "name"),
    Column("level", "level", "number"),
    Column("claim", "what may be said of it", "prose"),
    Column("cases", "cases", "number"),
    *(Column(outcome.replace(" ", "_"), outcome, "number") for outcome in OUTCOMES),
    Column("command", "command", "name"),
    Column("suite", "suite", "name"),
    Column("part", "part", "name"),
    Column("rulebook", "rulebook", "name"),
    Column("profile", "profile", "name"),
    Column("tolerance", "tolerance", "name"),
    Column("cut_short", "ended early", "prose"),
    Column("left_out", "clauses left out", "prose"),
)


def clauses_table(view: View) -> Table:
    """How many cases of each clause came to which outcome, in each log."""
    known = view.once(readable)
    counts = {one.number: Counter((case.clause, case.outcome) for case in one.known.cases) for one in known}
    shown = [one for one in OUTCOMES if any(log.known.counts()[one] for log in known)]
    rows = [
        Row(clause, (told(clause), *(str(counts[one.number][clause, outcome]) for outcome in shown for one in known)),
            {"clause": clause_address(view, clause)})
        for clause in sorted({clause for found in counts.values() for clause, _ in found})
    ]  # fmt: skip
    heads = (one.column("log", outcome.replace(" ", "_"), outcome) for outcome in shown for one in known)
    return Table("clauses", "By clause", (Column("clause", "clause"), *heads), Order("clause"), rows, empty=NOTHING)


def differences_table(view: View) -> Table:
    """The first difference of each case that failed."""
    rows = [
        Row(f"{one.number}:{place}", tuple(failure_cells(one, case)), {"blamed": clause_address(view, blamed(case))})
        for one in view.once(readable)
        for place, case in enumerate(one.known.cases)
        if case.outcome in ("failed", "engine failed")
    ]
    return Table("differences", "First differences", DIFFERENCES, Order("case"), rows, empty=NOTHING)


def blamed(case: Case) -> str:
    """The clause that a failure is put down to."""
    return case.finding.clause if case.finding else case.clause


def failure_cells(one: Numbered[ConformanceLog], case: Case) -> Iterator[str | None]:
    """A failure."""
    found = case.finding
    yield from (told(case.id), str(one.number), told(blamed(case)), case.outcome)
    if found is None:
        yield from (None, None, told(case.reason), None, None)
        return
    yield from (str(found.step), *map(told, (found.event, f"{found.kind} {found.subject}")))
    yield from map(told, (found.expected, found.actual))


DIFFERENCES = (
    Column("case", "case", "name"),
    Column("log", "log", "number"),
    Column("blamed", "clause"),
    Column("outcome", "outcome"),
    Column("step", "step", "number"),
    Column("event", "event", "name"),
    Column("what", "what differs", "name"),
    Column("expected", "expected", "name"),
    Column("actual", "the engine's", "name"),
)


def apart_table(view: View) -> Table:
    """The cases that did not come out the same in all logs."""
    known = view.once(readable)
    outcomes = {one.number: {case.id: case for case in one.known.cases} for one in known}
    rows = []
    for case in {case.id: case for one in known for case in one.known.cases}.values():
        cells = [found.outcome if (found := outcomes[one.number].get(case.id)) else None for one in known]
        if len(set(cells)) > 1:
            rows.append(
                Row(case.id, (told(case.id), told(case.clause), *cells), {"clause": clause_address(view, case.clause)})
            )
    heads = [Column(f"log_{one.number}", f"log {one.number}", "text", one.name) for one in known]
    columns = (Column("case", "case", "name"), Column("clause", "clause"), *heads)
    return Table("apart", "Cases that came out otherwise", columns, Order("case"), rows, empty=NONE_APART)


PAGE = Page(
    "conformance",
    "Conformance",
    "conformance.html",
    content,
    {"logs": logs_table, "differences": differences_table, "apart": apart_table, "clauses": clauses_table},
    is_there=lambda source: bool(source.reports.logs),
)
