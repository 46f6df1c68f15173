"""A log as one self-contained HTML page: no script, nothing loaded; light and dark as the reader's system has it."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from marginspec_conformance.reporting.junit import summary_of, xml_text
from marginspec_conformance.reporting.log import OUTCOMES, Case, Log
from marginspec_conformance.reporting.summary import facts, failures, rows, unanswered

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #8886; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font-family: ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
details { border: 1px solid #8886; border-radius: .25rem; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; }
"""


def page(log: Log) -> bytes:
    """The page. Whatever an engine said is text in it, and nothing else."""
    html = Element("html", lang="en")
    head = SubElement(html, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    SubElement(head, "title").text = xml_text(f"{log.setting.engine.name}: {log.ending.verdict}")
    SubElement(head, "style").text = STYLE
    main = SubElement(SubElement(html, "body"), "main")
    SubElement(main, "h1").text = xml_text(log.ending.verdict)
    add_table(main, "About this run", ("what", "value"), facts(log))
    if found := failures(log):
        SubElement(main, "h2").text = "Failures"
        for case in found:
            add_failure(main, case)
    if reasons := unanswered(log):
        add_table(main, "Not decided", ("why", "cases"), [(why, str(count)) for why, count in reasons])
    add_table(main, "By clause", ("clause", *OUTCOMES), [(row.clause, *map(str, row.counts)) for row in rows(log)])
    text: bytes = tostring(html, encoding="utf-8", method="html")
    return b"<!doctype html>\n" + text + b"\n"


def add_table(parent: Element, title: str, heads: tuple[str, ...], given: Iterable[tuple[str, ...]]) -> None:
    """A heading and a table; cells of digits stand at the right."""
    SubElement(parent, "h2").text = title
    table = SubElement(parent, "table")
    head = SubElement(SubElement(table, "thead"), "tr")
    for name in heads:
        SubElement(head, "th", scope="col").text = name
    body = SubElement(table, "tbody")
    for row in given:
        line = SubElement(body, "tr")
        for cell in row:
            SubElement(line, "td", {"class": "number"} if cell.isdecimal() else {}).text = xml_text(cell)


def add_failure(parent: Element, case: Case) -> None:
    """A failure, which opens to its story."""
    details = SubElement(parent, "details")
    summary = SubElement(details, "summary")
    SubElement(summary, "code").text = xml_text(case.id)
    SubElement(details, "p").text = xml_text(summary_of(case))
    if case.finding is None:
        return
    SubElement(details, "p").text = xml_text(case.finding.sentence)
    if case.finding.story:
        SubElement(details, "pre").text = xml_text("\n".join(case.finding.story))
    if case.finding.faults:
        SubElement(details, "p").text = xml_text(f"The same answer as: {', '.join(case.finding.faults)}")
    if case.finding.reproduce:
        SubElement(SubElement(details, "p"), "code").text = xml_text(case.finding.reproduce)
