"""A log as a summary in Markdown, as CI shows it beside a run."""

from collections.abc import Iterator, Sequence

from marginspec_conformance.reporting.junit import summary_of
from marginspec_conformance.reporting.log import OUTCOMES, Case, Log
from marginspec_conformance.reporting.summary import blamed, facts, failures, rows, unanswered
from marginspec_tools.console import markdown_line

MOST_SHOWN = 50
"""Failures whose stories are told; the log has all."""


def markdown(log: Log) -> bytes:
    """The summary."""
    return ("\n".join(lines(log)) + "\n").encode()


def lines(log: Log) -> Iterator[str]:
    """Its lines."""
    yield f"# {markdown_line(log.ending.verdict)}"
    yield ""
    yield from table(("", ""), facts(log))
    yield from table(("vectors of", *OUTCOMES), [(row.clause, *map(str, row.counts)) for row in rows(log)])
    if reasons := unanswered(log):
        yield "## Not decided"
        yield ""
        yield from table(("why", "cases"), [(reason, str(count)) for reason, count in reasons])
    if found := failures(log):
        yield "## Failures"
        yield ""
        yield from table(("clause blamed", "cases"), [(clause, str(len(cases))) for clause, cases in blamed(log)])
        for case in found[:MOST_SHOWN]:
            yield from told(case)
        if len(found) > MOST_SHOWN:
            yield f"{len(found) - MOST_SHOWN} more are in the log."


def table(heads: tuple[str, ...], given: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """A table, and the empty line after it."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' for _ in heads)}|"
    for row in given:
        yield f"| {' | '.join(markdown_line(cell) for cell in row)} |"
    yield ""


def told(case: Case) -> Iterator[str]:
    """A failure with its story."""
    yield f"### {markdown_line(case.id)}"
    yield ""
    yield markdown_line(summary_of(case))
    yield ""
    if case.finding is None:
        return
    for line in (case.finding.sentence, *case.finding.story):
        yield f"- {markdown_line(line)}"
    if case.finding.faults:
        yield f"- the same answer as: {markdown_line(', '.join(case.finding.faults))}"
    if case.finding.reproduce and f"again: {case.finding.reproduce}" not in case.finding.story:
        yield f"- again: {markdown_line(case.finding.reproduce)}"
    yield ""
