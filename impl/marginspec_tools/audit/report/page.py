"""The report as one page: no script, nothing loaded; light or dark as the reader's system has it, and made to print."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from marginspec_tools.audit.audited import Audited
from marginspec_tools.audit.checks import invariant_sentences
from marginspec_tools.audit.coverage import OUTCOMES
from marginspec_tools.audit.faults import decimal_of, grouped, number_of
from marginspec_tools.audit.findings import CLASSES, Finding
from marginspec_tools.audit.report.content import MOST_NAMES, Report, add_rows
from marginspec_tools.audit.report.findings_part import add_findings, add_notes, add_review
from marginspec_tools.audit.report.funds_part import add_contrast, add_funds, add_markets, add_timeline
from marginspec_tools.audit.report.setting import Setting, clipped, title_of
from marginspec_tools.audit.report.sides import HEADS, Sides, sides_of, sides_of_events
from marginspec_tools.audit.report.style import STYLE
from marginspec_tools.audit.summary import (
    audit_fields,
    books_text,
    checked_text,
    compared_text,
    findings_text,
    limits_text,
    sample_text,
)
from marginspec_tools.audit.waterfall import HAPPENED
from marginspec_tools.markup import add, add_table, new_page, page_bytes
from marginspec_tools.observed import VALUE_KINDS

MOST_SIDES = 12
"""So many sides are shown of an invariant."""

VERDICTS = {
    "holds": ("good", "All that was observed agrees"),
    "findings": ("bad", "The exchange differs from the rules"),
    "not compared": ("open", "Not compared"),
}


def page(report: Report) -> bytes:
    """The page."""
    _, verdict = standing_of(report.audited)
    html, main = new_page(f"Audit of {report.setting.journal}: {verdict.lower()}", STYLE)
    add_head(main, report.audited, report.summary, report.setting)
    contents = add(add(main, "nav", **{"aria-label": "Contents"}), "ol")
    left_out = {"Fix review": report.review is None, "Under another profile": report.contrast is None}
    parts = [one for one in PARTS.items() if not left_out.get(one[0])]
    for number, (title, content) in enumerate(parts, 1):
        add(add(contents, "li"), "a", title, href=f"#part-{number}")
        part = add(main, "section", id=f"part-{number}", **{"aria-labelledby": f"title-{number}"})
        add(part, "h2", title, id=f"title-{number}")
        content(part, report)
    return page_bytes(html)


def standing_of(audited: Audited) -> tuple[str, str]:
    """How the head of the page looks and what it says: that all agrees within a tolerance is not that all agrees."""
    standing, verdict = VERDICTS[audited.verdict]
    is_within = audited.verdict == "holds" and audited.comparison.coverage.within > 0
    return ("open", f"{verdict} within the tolerance") if is_within else (standing, verdict)


def add_head(main: Element, audited: Audited, summary: dict[str, Any], setting: Setting) -> None:
    """The verdict, what it is of, and the figures that matter most."""
    standing, verdict = standing_of(audited)
    head = add(main, "header", kind=standing)
    add(head, "p", f"Audit of {setting.journal}", kind="kicker")
    add(head, "h1", verdict)
    add(head, "p", f"{findings_text(summary)}. {compared_text(summary['coverage'])}.", kind="lead")
    for limit in limits_text(audited):
        add(head, "p", f"{limit}.", kind="limit")
    figures = add(head, "dl", kind="figures")
    for name, figure in key_figures(audited, summary):
        pair = add(figures, "div")
        add(pair, "dt", name)
        add(pair, "dd", figure)


def key_figures(audited: Audited, summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The figures at the head."""
    counts, coverage = summary["findings"], summary["coverage"]
    yield "findings", f"{counts['count']:,}"
    # What is at stake in several findings is not summed: it may be balances in one, and positions at mark in another.
    most = max(audited.findings, key=lambda one: one.money, default=None)
    if most is not None and most.money:
        yield f"{most.asset} at stake in the largest finding", grouped(decimal_of(most.money))
    yield "values compared", f"{coverage['values']:,}"
    yield "events run", f"{summary['events'] - summary['before']:,}"
    broken = {one.clause for one in audited.comparison.findings if is_of_books(one)}
    checked = {one for one, times in coverage["invariants"].items() if times["checked"]} | broken
    figure = f"{len(broken):,} of {len(checked):,} checked" if checked else "none checked"
    told = max((one.seq for one in audited.comparison.coverage.books.values()), default=0)
    last = f", checked last at event {told:,}" if 0 < told < summary["events"] else ""
    yield f"invariants broken by the exchange's own numbers{last}", figure
    own = len(invariant_sentences()) - len(audited.unchecked)
    yield "invariants broken in the rulebook's own run", f"{len(audited.tally.broken):,} of {own}"


def is_of_books(finding: Finding) -> bool:
    """Whether a finding is that the exchange's own numbers break an invariant."""
    return finding.leading.kind == "invariant"


# ----------------------------------------------------------------- what was done


def add_scope(part: Element, report: Report) -> None:
    """What was audited, by what, and how."""
    profile = report.summary["header"]["profile"]
    choices = ", ".join(f"{name.replace('_', ' ')} {choice}" for name, choice in profile.items())
    add(
        part,
        "p",
        f"{report.setting.journal} was run event by event by rulebook {report.summary['rulebook']} ({choices}).",
    )
    add(part, "p", f"{checked_text(report.audited, report.summary)}.")
    method = (
        "Every observed value was compared with what the rules have at that event. After a difference the rules go on "
        "from what the exchange has, so that what follows from it counts as a consequence and not as a finding. A "
        "finding is put down to the clause that decided first, and ranked by the money at stake."
    )
    add(part, "p", method)
    tolerances = ", ".join(f"{kind} {amount}" for kind, amount in report.summary["tolerances"].items())
    allowed = f"Tolerances, inclusive: {tolerances}" if tolerances else "No tolerance was given: values agree or do not"
    add(part, "p", f"{allowed}. No tolerance hides an invariant.")
    rows = [(one, f"{report.summary['findings']['classes'][one]:,}", meaning) for one, meaning in CLASSES.items()]
    caption = "Findings by what they are about"
    heads = ("class", "findings", "about")
    add_table(part, heads, rows, caption=caption, numbers=(False, True, False), is_named=True)


def add_coverage(part: Element, report: Report) -> None:
    """What was compared: by kind, market, account and clause."""
    coverage = report.summary["coverage"]
    share = f"{coverage['lines']:,} of {coverage['events']:,} events have observed values"
    add(part, "p", f"{share}, of {number_of('accounts', coverage['accounts'])}. All counts are in coverage.csv.")
    if report.audited.sample > 1:
        add(part, "p", f"{sample_text(report.audited)}.")
    outcomes = report.audited.comparison.coverage
    of_what = {
        "kind of value": [(VALUE_KINDS[kind], counts) for kind, counts in coverage["kinds"].items()],
        "market": [(name, counts) for name, counts in coverage["markets"].items()],
        "account": [(row["name"], row) for row in outcomes.rows() if row["of"] == "account"],
    }
    for of, entries in of_what.items():
        add_outcomes(part, of, entries)
    rows = [
        (clause, title_of(clause), f"{one['events']:,}", f"{one['compared']:,}")
        for clause, one in coverage["clauses"].items()
    ]
    heads = ("clause", "about", "events", "of these compared")
    add_rows(part, heads, rows, "Clauses that had an effect", (False, False, True, True), "coverage.csv")


def add_outcomes(part: Element, of: str, entries: list[tuple[str, dict[str, int]]]) -> None:
    """What became of values, by name; what became of none is left out, and names with differences stand first."""
    shown = ["values", *(one for one in OUTCOMES if any(counts[one] for _, counts in entries))]
    entries = sorted(entries, key=lambda one: -one[1]["differs"])
    rows = [(clipped(name), *(f"{counts[one]:,}" for one in shown)) for name, counts in entries]
    add_rows(
        part,
        (of, *shown),
        rows,
        f"What was observed, by {of}",
        (False, *(True,) * len(shown)),
        "coverage.csv",
        MOST_NAMES,
    )


def add_makers(part: Element, report: Report) -> None:
    """Who made the report, of which files, with which versions."""
    told = [("audited by", clipped(report.setting.auditor) or "not stated")]
    told += [(name, clipped(text.strip())) for name, text in audit_fields(report.audited) if name]
    if report.history.first_ts and report.history.last_ts:
        told.append(
            ("times in the journal", f"{clipped(report.history.first_ts)} to {clipped(report.history.last_ts)}")
        )
    told += [(f"version of {name}", version) for name, version in report.setting.versions.items()]
    told.append(("SHA-256 of the program", report.setting.program))
    add_table(part, ("what", "value"), told, caption="The run", numbers=(False, False), is_named=True)
    rows = [(name, clipped(str(path)), report.setting.hashes[name]) for name, path in report.setting.inputs.items()]
    heads = ("input", "file", "SHA-256")
    add_table(part, heads, rows, caption="The inputs", numbers=(False,) * 3, is_named=True)


# ----------------------------------------------------------------- what holds, and what is not known


def add_invariants(part: Element, report: Report) -> None:
    """Each invariant, how often it was broken, and its two sides at the end."""
    broken, unchecked = report.audited.tally.broken, report.audited.unchecked
    run = report.summary["events"] - report.summary["before"]
    whose = "of the rulebook's own run of the journal, not of the exchange"
    add(part, "p", f"The first two tables are {whose}: they say whether the rules keep what they promise.")
    rows = []
    for invariant, sentence in invariant_sentences().items():
        outcome = "not checked" if invariant in unchecked else f"broken, {broken[invariant]:,} times"
        rows.append((invariant, "holds" if not broken[invariant] and invariant not in unchecked else outcome, sentence))
    heads = ("invariant", "in the rulebook's run", "what it says")
    caption = "All invariants, in the rulebook's own run"
    add_table(part, heads, rows, caption=caption, numbers=(False,) * 3, is_named=True)
    text = "Both sides after the last event of that run; of those that say something of events, in how many."
    add(part, "p", text)
    told = [one for one in sides_of(report.audited.run.state) if one.invariant not in unchecked]
    by_invariant: dict[str, list[Sides]] = {}
    for one in sorted((*told, *sides_of_events(broken, run, unchecked)), key=lambda one: one.invariant):
        by_invariant.setdefault(one.invariant, []).append(one)
    sides = [one for some in by_invariant.values() for one in some[:MOST_SIDES]]
    shown = [(*one.row[:3], grouped(one.left_figure), *one.row[4:6], grouped(one.right_figure)) for one in sides]
    numbers = (False, False, False, True, False, False, True)
    caption = "Left and right sides, in the rulebook's own run"
    add_table(part, HEADS, shown, caption=caption, numbers=numbers, is_named=True)
    if len(told) > len(sides):
        add(part, "p", f"Of each invariant, {MOST_SIDES} assets or markets.", kind="more")
    add_books(part, report)


def add_books(part: Element, report: Report) -> None:
    """The invariants on the exchange's own numbers, each with the event after which it told them."""
    add(part, "p", f"{books_text(report.summary['coverage'])}.")
    books = report.audited.comparison.coverage.books
    told = [books[key] for key in sorted(books)]
    rows = [
        (
            *(one.invariant, clipped(one.where), one.left, grouped(decimal_of(one.amount)), one.relation, one.right),
            *(grouped(decimal_of(one.other)), "holds" if one.holds else "broken", f"{seq:,}"),
        )
        for one, seq in told
    ]
    numbers = (False, False, False, True, False, False, True, False, True)
    caption = "On the exchange's own numbers, as told last; of domains, the closest"
    add_rows(part, (*HEADS, "outcome", "told at event"), rows, caption, numbers, "findings.jsonl")
    last = report.history.last
    if rows and all(seq < last for _, seq in told):
        lead = f"None of that is of the end, event {last:,}"
        add(part, "p", f"{lead}: after the events named the exchange told too little to check it again.", kind="limit")


def add_unchecked(part: Element, report: Report) -> None:
    """What this audit says nothing of."""
    entries = add(part, "ul")
    for text in unchecked_texts(report.audited, report.summary):
        add(entries, "li", text)


def unchecked_texts(audited: Audited, summary: dict[str, Any]) -> Iterator[str]:
    """What was not checked or not compared, and why."""
    coverage = summary["coverage"]
    for limit in limits_text(audited):
        yield f"{limit}."
    silent = coverage["events"] - coverage["lines"]
    if silent:
        where = f"{number_of('events', silent)} without observed values"
        yield f"{where}: the rulebook's own run is all that is known there."
    missing = [meaning for kind, meaning in VALUE_KINDS.items() if kind not in coverage["kinds"]]
    if missing:
        yield f"Not observed, and so not compared: {'; '.join(missing)}."
    codes = list(coverage["unknown_codes"].items())
    for code, count in codes[:MOST_NAMES]:
        yield (
            f"The exchange's code {clipped(code)} is in no table of reasons, {number_of('times', count)}: "
            "that it rejected was compared, not why."
        )
    if len(codes) > MOST_NAMES:
        yield f"So are {len(codes) - MOST_NAMES:,} more codes."
    blind = [clause for clause, one in coverage["clauses"].items() if not one["compared"]]
    if blind:
        yield f"Clauses that had an effect only where nothing was observed: {', '.join(blind)}."
    never = [one for one in HAPPENED if not audited.tally.happened[one]]
    if never:
        yield f"Did not happen in this run, and so nothing is known of it: {', '.join(never).replace('_', ' ')}."
    yield "Whether the journal has all events, and each at its time, cannot be told from the journal."
    yield "Marks and funding rates are taken as they stand; how the exchange came to them is not audited."


def add_reproduction(part: Element, report: Report) -> None:
    """How to make the report anew, and how to see that it is the one that was handed on."""
    versions = report.setting.versions
    clone = f"Take a clone of marginspec {versions['marginspec']}, and install it for Python {versions['python']}"
    same = f"The manifest of a report that the same text of it makes has the program {report.setting.program}"
    inputs = f"Take the inputs by their SHA-256 ({', '.join(report.setting.inputs)}), and run the audit as it was given"
    texts = (
        (f"{clone}. {same}.", report.setting.installing),
        (f"{inputs}; all files of the report come out the same, byte for byte.", report.setting.command("REPORT")),
        ("See that no file of this report was changed, and by whom it was signed, if it was.",
         "marginspec audit --verify FOLDER"),
        ("Look into an event.", report.setting.explaining("SEQ")),
    )  # fmt: skip
    entries = add(part, "ol", kind="steps")
    for text, line in texts:
        add(add(entries, "li", text), "code", line)
    add(part, "p", "The hash of the run after its last event, which any engine of this rulebook comes to: ")
    add(SubElement(part, "p"), "code", report.summary["hash"])


PARTS = {
    "Scope and method": add_scope,
    "Coverage": add_coverage,
    "Who ran what": add_makers,
    "Findings": add_findings,
    "Fix review": add_review,
    "Notes": add_notes,
    "Timeline of the waterfall": add_timeline,
    "Funds and shortfall": add_funds,
    "Funds per market": add_markets,
    "Under another profile": add_contrast,
    "Invariants": add_invariants,
    "Not checked": add_unchecked,
    "How to reproduce": add_reproduction,
}
