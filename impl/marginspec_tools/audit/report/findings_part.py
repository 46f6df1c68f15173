"""The findings on the page, what became of earlier ones, and the notes."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from xml.etree.ElementTree import Element

from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit.faults import Fault, FaultKind, decimal_of, grouped, number_of
from marginspec_tools.audit.findings import Finding
from marginspec_tools.audit.report.content import Report, add_rows, named
from marginspec_tools.audit.report.history import MOST_EXPLAINED, History, by_severity
from marginspec_tools.audit.report.setting import Setting, clipped, title_of
from marginspec_tools.audit.sentences import harm_of, stance_of
from marginspec_tools.audit.surveillance import NOTES, Note
from marginspec_tools.markup import add, add_table

MOST_VALUES = 20
NOTES_SHOWN = 10
"""So much is shown of each: values of a finding, notes of a kind."""


def add_findings(part: Element, report: Report) -> None:
    """The findings: a table of them by money, then each, the worst first."""
    found = report.audited.findings
    if not found:
        none = "None." if report.audited.verdict == "holds" else "None, but nothing was compared with the exchange."
        add(part, "p", none)
        return
    rows = [ranked_row(place, one) for place, one in enumerate(found, 1)]
    add_lateness(part, found)
    heads = ("rank", "at stake", "asset", "severity", "clause", "finding")
    numbers = (True, True, False, False, False, False)
    add_rows(part, heads, rows, "All findings, the most money first", numbers, "findings.jsonl")
    groups = grouped_findings(found)
    if len(groups) < len(found):
        told = f"{number_of('findings', len(found))} in {number_of('groups', len(groups))}"
        together = "those that are of one clause, figure and direction stand together, with the worst of them in full"
        add(part, "p", f"{told}: {together}.")
    shown = groups[:MOST_EXPLAINED]
    for severity, members in groupby(shown, lambda some: some[0].severity):
        some = list(members)
        alike = sum(map(len, some)) - len(some)
        more = f", and {alike:,} alike" if alike else ""
        add(part, "h3", f"{severity.capitalize()}: {number_of('findings', len(some))}{more}")
        for first, *others in some:
            add_finding(part, first, others, report.history, report.setting)
    left = len(found) - sum(map(len, shown))
    if left:
        add(part, "p", f"and {left:,} more, in findings.jsonl", kind="more")


def grouped_findings(found: list[Finding]) -> list[list[Finding]]:
    """Findings that are alike together, the worst first, and so the groups."""
    groups: dict[str, list[Finding]] = {}
    for one in by_severity(found):
        groups.setdefault(one.group, []).append(one)
    return list(groups.values())


def add_lateness(part: Element, found: list[Finding]) -> None:
    """That somebody was liquidated late is known late, and what that leaves open."""
    late = min((one for one in found if is_told_late(one)), key=lambda one: one.seq, default=None)
    later = 0 if late is None else sum(one.seq > late.seq for one in found)
    if late is None or not later:
        return
    lead = f"{late.id} is that an account was not liquidated when it was due, of which the exchange told nothing then"
    until = "Until it tells, the rules go on as if the account had been liquidated"
    after = f"{number_of('findings', later)} after event {late.seq:,} may follow from that"
    add(part, "p", f"{lead}. {until}: {after}.", kind="limit")


def is_told_late(finding: Finding) -> bool:
    """Whether a finding is of somebody's being liquidated late, seen by lots that the exchange has not."""
    return finding.leading.kind == "verdict" and stance_of(finding.clause, finding.faults) == "kept"


def ranked_row(place: int, finding: Finding) -> tuple[str, ...]:
    """A finding in the table."""
    lead = finding.leading
    money = grouped(decimal_text(finding.money, WIRE_DECIMALS)) if finding.money else "0"
    more = f" and {finding.events - 1:,} more" if finding.events > 1 else ""
    what = f"{clipped(finding.sentence)}, at {place_of(lead)}{more}"
    return str(place), money, finding.asset, finding.severity, finding.clause, what


def place_of(fault: Fault) -> str:
    """Where in the journal a fault is."""
    return f"event {fault.seq:,}" if fault.line else "the opening state"


def add_finding(part: Element, finding: Finding, others: list[Finding], history: History, setting: Setting) -> None:
    """A finding with its facts, the values beside ours, the others that are alike, and why the rules say so."""
    article = add(part, "article", kind=f"finding {finding.severity}", id=finding.id)
    heading = add(article, "h4")
    add(heading, "span", finding.severity, kind="badge").tail = " "
    add(heading, "span", f"{finding.clause} {title_of(finding.clause)}", kind="clause").tail = " "
    add(heading, "span", f"{clipped(finding.sentence)}.", kind="says")
    facts = add(article, "dl", kind="facts")
    for name, text in facts_of(finding):
        pair = add(facts, "div")
        add(pair, "dt", name)
        add(pair, "dd", text)
    heads = ("where", "what", "by the rules", "observed", "difference")
    rows = [value_row(one) for one in finding.faults[:MOST_VALUES]]
    numbers = (False, False, True, True, True)
    caption = f"Values of {finding.id}"
    add_table(article, heads, rows, caption=caption, numbers=numbers, is_named=True)
    if len(finding.faults) > MOST_VALUES:
        add(article, "p", f"and {len(finding.faults) - MOST_VALUES:,} more, in findings.jsonl", kind="more")
    rows = [ranked_row(0, one)[1:] for one in others]
    heads = ("at stake", "asset", "severity", "clause", "finding")
    numbers = (True, False, False, False, False)
    add_rows(article, heads, rows, f"Alike to {finding.id}", numbers, "findings.jsonl", MOST_VALUES)
    add_explanation(article, finding, history, setting)


def facts_of(finding: Finding) -> Iterator[tuple[str, str]]:
    """What is told of a finding."""
    lead = finding.leading
    yield "id", finding.id
    measure = MEASURES[lead.kind] + (", in all" if len(finding.by_owner) > 1 else "")
    stake = f"{grouped(decimal_of(finding.money))} {finding.asset}, {measure}"
    yield "at stake", stake if finding.money else "no money"
    yield "about", finding.classified
    yield "harm", harm_of(finding.clause, finding.classified, finding.faults)
    yield "where", f"{place_of(lead)}, line {lead.line:,}" if lead.line else place_of(lead)
    for name, text in (("ref", lead.ref), ("time", lead.ts), ("account", lead.whose.account)):
        if text:
            yield name, clipped(text)
    if lead.whose.market:
        yield "market", lead.whose.market
    if finding.since:
        yield "last seen to agree", f"event {finding.since:,}"
    if finding.events > 1:
        yield "shows at", finding.shown_at
    if finding.consequences:
        yield "consequences", f"{finding.consequences:,}, the last at event {finding.last:,}"
    yield "agrees again", "no" if finding.returned is None else f"from event {finding.returned:,}"


MEASURES: dict[FaultKind, str] = {
    "verdict": "what the event would move",
    "quantity": "positions at mark",
    "lot": "lots at mark, or their cost",
    "balance": "the difference",
    "setting": "initial margin that it changes",
    "mark": "the difference of all that is open",
    "price": "the difference of all that is held",
    "pnl": "the difference",
    "margin": "the difference",
    "ratio": "the difference",
    "indicator": "the difference",
    "fund": "the difference",
    "invariant": "by which it is broken",
    "transparency": "the difference",
}
"""How the money at stake is measured, by the kind of value."""


def value_row(fault: Fault) -> tuple[str, ...]:
    """A value that differs."""
    expected, observed = (("nothing" if one is None else clipped(one)) for one in (fault.expected, fault.observed))
    difference = "" if fault.difference is None else decimal_of(fault.difference)
    # As many digits as the figure beside it, so that these stand below each other.
    missing = len((fault.expected or "").partition(".")[2]) - len(difference.partition(".")[2])
    if difference and missing > 0:
        difference += "0" * missing if "." in difference else "." + "0" * missing
    return clipped(fault.where), clipped(fault.what), expected, observed, difference


def add_explanation(article: Element, finding: Finding, history: History, setting: Setting) -> None:
    """What the rules did at the event of a finding, as a tree."""
    explained = history.explanation(finding)
    if explained is None:
        return
    shown = explained.lines
    opened = add(article, "details")
    add(opened, "summary", f"Why the rules say so: {clipped(shown[0])}")
    add_tree(opened, shown[1:])
    more = f"{explained.left_out} more lines" if explained.left_out else "Every call of a rule"
    told = add(opened, "p", f"{more}: ", kind="more")
    add(told, "code", setting.explaining(str(explained.number)))


def add_tree(parent: Element, lines: Iterable[str]) -> None:
    """Indented lines as lists within lists."""
    lists: list[tuple[int, Element]] = []
    for line in lines:
        level = len(line) - len(line.lstrip())
        while lists and lists[-1][0] > level:
            lists.pop()
        if not lists or lists[-1][0] < level:
            above = lists[-1][1][-1] if lists else parent
            lists.append((level, add(above, "ul", kind="tree")))
        text = line.strip()
        add(lists[-1][1], "li", clipped(text), **({"kind": "moved"} if text.startswith("->") else {}))


def add_notes(part: Element, report: Report) -> None:
    """What the rules allow and an auditor wants to see."""
    if not report.audited.notes:
        add(part, "p", "None.")
        return
    add(part, "p", "What the rules allow, and what one may want to look into; no verdict hangs on it.")
    for kind, meaning in NOTES.items():
        of_kind = [one for one in report.audited.notes if one.kind == kind]
        if not of_kind:
            continue
        add(part, "h3", f"{kind.capitalize()}: {number_of('notes', len(of_kind))}")
        add(part, "p", f"{meaning.capitalize()}.")
        heads = ("money", "asset", "market", "events", "accounts", "times", "what")
        numbers = (True, False, False, True, False, True, False)
        rows = [note_row(one) for one in of_kind]
        add_rows(part, heads, rows, f"{kind.capitalize()}, the most money first", numbers, "notes.jsonl", NOTES_SHOWN)


def note_row(note: Note) -> tuple[str, ...]:
    """A note."""
    events = f"{note.first:,}" if note.first == note.last else f"{note.first:,} to {note.last:,}"
    money = grouped(decimal_text(note.money, WIRE_DECIMALS))
    return money, note.asset, note.market, events, named(note.accounts), f"{note.times:,}", clipped(note.what)


def add_review(part: Element, report: Report) -> None:
    """What became of the findings of an earlier report."""
    review = report.review
    if review is None:
        return
    add(part, "p", f"{review.text}, by their ids.")
    told = f"The earlier report is of {clipped(review.before.journal)}, and came to: {clipped(review.before.verdict)}."
    add(part, "p", f"{told} Gone is what was not found again; what was not compared again cannot be.")
    rows = [
        (word, one.id, *ranked_row(0, one)[1:])
        for word, some in (("new", review.new), ("still there", review.still))
        for one in some
    ]
    rows += [
        (
            "gone",
            clipped(one.id),
            grouped(one.money),
            clipped(one.asset),
            clipped(one.severity),
            clipped(one.clause),
            f"{clipped(f'{one.where} {one.what}')} at event {one.seq:,}",
        )
        for one in review.gone
    ]
    heads = ("now", "id", "at stake", "asset", "severity", "clause", "finding")
    numbers = (False, False, True, False, False, False, False)
    add_rows(part, heads, rows, "Findings now and before", numbers, "summary.json")
