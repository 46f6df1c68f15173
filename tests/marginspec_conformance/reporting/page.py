"""A log as one self-contained HTML page: no script, nothing loaded; light and dark as the reader's system has it."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from marginspec_conformance.reporting.badge import colour
from marginspec_conformance.reporting.junit import difference_of
from marginspec_conformance.reporting.log import OUTCOMES, Case, Log
from marginspec_conformance.reporting.summary import blamed, facts, rows, unanswered
from marginspec_tools.markup import add, add_table, new_page, page_bytes, xml_text

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c62828; --open: #8a6100; --soft: #8881; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; --open: #d9a520; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; border-left: .375rem solid var(--open); padding-left: .75rem; }
h1.good { border-color: var(--good); }
h1.bad { border-color: var(--bad); }
h2 { font-size: 1.2rem; margin-top: 2.5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
h3 small { font-weight: normal; opacity: .8; }
.table { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bad td:first-child { font-weight: bold; }
code, pre { font: .875em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { background: var(--soft); padding: .75rem; border-radius: .25rem; }
details { border-bottom: 1px solid var(--line); padding: .375rem 0; }
summary { cursor: pointer; }
summary span { display: block; padding-left: 1.1rem; opacity: .85; }
@media print { details::details-content { content-visibility: visible; } }
"""

STANDING = {"brightgreen": "good", "red": "bad"}
"""How the verdict looks, by the colour of the badge: what was skipped or of a part only is not simply good."""


def page(log: Log) -> bytes:
    """The page. Whatever an engine said is text in it, and nothing else."""
    html, main = new_page(f"{log.setting.engine.name}: {log.ending.verdict}", STYLE)
    standing = STANDING.get(colour(log), "open")
    SubElement(main, "h1", {"class": standing}).text = xml_text(log.ending.verdict)
    add_part(main, "About this run", ("what", "value"), facts(log))
    if found := blamed(log):
        SubElement(main, "h2").text = "Failures, by the clause that is blamed"
        for clause, cases in found:
            add_failures(main, clause, cases)
    if reasons := unanswered(log):
        add_part(main, "Not decided", ("why", "cases"), [(why, str(count)) for why, count in reasons])
    add_part(main, "By clause", ("clause", *OUTCOMES), [(row.clause, *map(str, row.counts)) for row in rows(log)])
    return page_bytes(html)


def add_part(parent: Element, title: str, heads: tuple[str, ...], given: Iterable[tuple[str, ...]]) -> None:
    """A heading and a table."""
    add(parent, "h2", title)
    add_table(parent, heads, given)


def add_failures(parent: Element, clause: str, cases: list[Case]) -> None:
    """The failures that one clause is blamed for."""
    heading = SubElement(parent, "h3")
    heading.text = xml_text(f"{clause} ")
    SubElement(heading, "small").text = "1 case" if len(cases) == 1 else f"{len(cases)} cases"
    for case in cases:
        add_failure(parent, case)


def add_failure(parent: Element, case: Case) -> None:
    """A failure, which opens to its story."""
    details = SubElement(parent, "details")
    summary = SubElement(details, "summary")
    SubElement(summary, "code").text = xml_text(case.id)
    SubElement(summary, "span").text = xml_text(difference_of(case))
    if case.finding is None:
        return
    SubElement(details, "p").text = xml_text(case.finding.sentence)
    if case.finding.story:
        SubElement(details, "pre").text = xml_text("\n".join(case.finding.story))
    if case.finding.faults:
        SubElement(details, "p").text = xml_text(f"The same answer as: {', '.join(case.finding.faults)}")
    if case.finding.reproduce and f"again: {case.finding.reproduce}" not in case.finding.story:
        SubElement(SubElement(details, "p"), "code").text = xml_text(case.finding.reproduce)
