"""The report as one page: no script, nothing loaded; light or dark as the reader's system has it, and made to print."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import attrs

from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit.audited import Audited
from marginspec_tools.audit.checks import invariant_sentences
from marginspec_tools.audit.coverage import OUTCOMES
from marginspec_tools.audit.findings import CLASSES, Fault, Finding, decimal_of, number_of
from marginspec_tools.audit.report.charts import add_bars, add_lines, span_of_values
from marginspec_tools.audit.report.history import (
    MOST_EXPLAINED,
    OF_ASSET,
    OF_MARKET,
    History,
    Moment,
    Track,
    accounts_in,
    by_severity,
    passed_on,
)
from marginspec_tools.audit.report.setting import Setting, clipped, title_of
from marginspec_tools.audit.report.sides import HEADS, sides_of, sides_of_events
from marginspec_tools.audit.report.style import STYLE
from marginspec_tools.audit.summary import audit_fields, checked_text, compared_text, findings_text, limits_text
from marginspec_tools.audit.surveillance import NOTES
from marginspec_tools.audit.waterfall import HAPPENED
from marginspec_tools.explain import explain_event
from marginspec_tools.markup import add, add_table, new_page, page_bytes
from marginspec_tools.observed import VALUE_KINDS

MOST_ROWS = 100
MOST_NAMES = 25
MOST_VALUES = 20
MOST_LINES = 60
MOST_CHARTS = 24
NOTES_SHOWN = 10
NAMED = 4
"""So much is shown of each: rows, names with outcomes, values of a finding, lines told, charts, notes, accounts."""

VERDICTS = {
    "holds": ("good", "All that was observed agrees"),
    "findings": ("bad", "The exchange differs from the rules"),
    "not compared": ("open", "Not compared"),
}


@attrs.frozen
class Report:
    """What the page is made of; `summary` is the one for programs."""

    audited: Audited
    summary: dict[str, Any]
    history: History
    setting: Setting


def page(report: Report) -> bytes:
    """The page."""
    _, verdict = VERDICTS[report.audited.verdict]
    html, main = new_page(f"Audit of {report.setting.journal}: {verdict.lower()}", STYLE)
    add_head(main, report.audited, report.summary, report.setting)
    contents = add(add(main, "nav", **{"aria-label": "Contents"}), "ol")
    for number, (title, content) in enumerate(PARTS.items(), 1):
        add(add(contents, "li"), "a", title, href=f"#part-{number}")
        part = add(main, "section", id=f"part-{number}", **{"aria-labelledby": f"title-{number}"})
        add(part, "h2", title, id=f"title-{number}")
        content(part, report)
    return page_bytes(html)


def add_head(main: Element, audited: Audited, summary: dict[str, Any], setting: Setting) -> None:
    """The verdict, what it is of, and the figures that matter most."""
    standing, verdict = VERDICTS[audited.verdict]
    head = add(main, "header", kind=standing)
    add(head, "p", f"Audit of {setting.journal}", kind="kicker")
    add(head, "h1", verdict)
    add(head, "p", f"{findings_text(summary['findings'])}. {compared_text(summary['coverage'])}.", kind="lead")
    for limit in limits_text(audited):
        add(head, "p", f"{limit}.", kind="limit")
    figures = add(head, "dl", kind="figures")
    for name, figure in key_figures(audited, summary):
        pair = add(figures, "div")
        add(pair, "dt", name)
        add(pair, "dd", figure)


def key_figures(audited: Audited, summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The figures at the head."""
    counts = summary["findings"]
    yield "findings", f"{counts['count']:,}"
    stakes: dict[str, int] = {}
    for one in audited.findings:
        if one.money:
            stakes[one.asset] = stakes.get(one.asset, 0) + one.money
    asset, most = max(stakes.items(), key=lambda pair: pair[1], default=("", 0))
    yield f"{asset} at stake".strip(), grouped(decimal_of(most)) if most else "none"
    yield "values compared", f"{summary['coverage']['values']:,}"
    yield "events run", f"{summary['events'] - summary['before']:,}"
    checked = len(invariant_sentences()) - len(audited.unchecked)
    yield "invariants broken", f"{len(audited.tally.broken):,} of {checked}"


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
    tolerances = report.summary["tolerances"]
    told = ", ".join(f"{kind} {amount}" for kind, amount in tolerances.items()) or "none: values agree exactly or not"
    add(part, "p", f"Tolerances, inclusive: {told}. No tolerance hides an invariant.")
    rows = [(one, f"{report.summary['findings']['classes'][one]:,}", meaning) for one, meaning in CLASSES.items()]
    caption = "Findings by what they are about"
    heads = ("class", "findings", "about")
    add_table(part, heads, rows, caption=caption, numbers=(False, True, False), is_named=True)


def add_coverage(part: Element, report: Report) -> None:
    """What was compared: by kind, market, account and clause."""
    coverage = report.summary["coverage"]
    share = f"{coverage['lines']:,} of {coverage['events']:,} events have observed values"
    add(part, "p", f"{share}, of {number_of('accounts', coverage['accounts'])}. All counts are in coverage.csv.")
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
    add_rows(part, (of, *shown), rows, f"Compared, by {of}", (False, *(True,) * len(shown)), "coverage.csv", MOST_NAMES)


def add_rows(
    part: Element,
    heads: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    caption: str,
    numbers: Sequence[bool],
    file: str,
    most: int = MOST_ROWS,
) -> None:
    """A table of bounded length with named rows; nothing if there are none."""
    if not rows:
        return
    add_table(part, heads, rows[:most], caption=caption, numbers=numbers, is_named=True)
    if len(rows) > most:
        add(part, "p", f"and {len(rows) - most:,} more, in {file}", kind="more")


def add_makers(part: Element, report: Report) -> None:
    """Who made the report, of which files, with which versions."""
    told = [("audited by", clipped(report.setting.auditor) or "not stated")]
    told += [(name, clipped(text.strip())) for name, text in audit_fields(report.audited) if name]
    if report.history.first_ts and report.history.last_ts:
        told.append(
            ("times in the journal", f"{clipped(report.history.first_ts)} to {clipped(report.history.last_ts)}")
        )
    told += [(f"version of {name}", version) for name, version in report.setting.versions.items()]
    add_table(part, ("what", "value"), told, caption="The run", numbers=(False, False), is_named=True)
    rows = [(name, clipped(str(path)), report.setting.hashes[name]) for name, path in report.setting.inputs.items()]
    heads = ("input", "file", "SHA-256")
    add_table(part, heads, rows, caption="The inputs", numbers=(False,) * 3, is_named=True)


# ----------------------------------------------------------------- findings


def add_findings(part: Element, report: Report) -> None:
    """The findings: a table of them by money, then each, the worst first."""
    found = report.audited.findings
    if not found:
        none = "None." if report.audited.verdict == "holds" else "None, but nothing was compared with the exchange."
        add(part, "p", none)
        return
    rows = [ranked_row(place, one) for place, one in enumerate(found, 1)]
    heads = ("rank", "at stake", "asset", "severity", "clause", "finding")
    numbers = (True, True, False, False, False, False)
    add_rows(part, heads, rows, "All findings, the most money first", numbers, "findings.jsonl")
    shown = by_severity(found)[:MOST_EXPLAINED]
    for severity, members in groupby(shown, lambda one: one.severity):
        some = list(members)
        add(part, "h3", f"{severity.capitalize()}: {number_of('findings', len(some))}")
        for one in some:
            add_finding(part, one, report.history, report.setting)
    if len(found) > len(shown):
        add(part, "p", f"and {len(found) - len(shown):,} more, in findings.jsonl", kind="more")


def ranked_row(place: int, finding: Finding) -> tuple[str, ...]:
    """A finding in the table."""
    lead = finding.leading
    money = grouped(decimal_text(finding.money, WIRE_DECIMALS)) if finding.money else "0"
    what = clipped(f"{lead.where} {lead.what}") + f" at {place_of(lead)}"
    return str(place), money, finding.asset, finding.severity, finding.clause, what


def place_of(fault: Fault) -> str:
    """Where in the journal a fault is."""
    return f"event {fault.seq:,}" if fault.line else "the opening state"


def add_finding(part: Element, finding: Finding, history: History, setting: Setting) -> None:
    """A finding with its facts, the values beside ours, and why the rules say so."""
    lead = finding.leading
    article = add(part, "article", kind=f"finding {finding.severity}", id=finding.id)
    heading = add(article, "h4")
    add(heading, "span", finding.severity, kind="badge")
    add(heading, "span", f"{finding.clause} {title_of(finding.clause)}", kind="clause")
    add(heading, "span", clipped(f"{lead.where} {lead.what}"))
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
    add_explanation(article, finding, history, setting)


def facts_of(finding: Finding) -> Iterator[tuple[str, str]]:
    """What is told of a finding."""
    lead = finding.leading
    yield "id", finding.id
    yield "at stake", f"{grouped(decimal_of(finding.money))} {finding.asset}" if finding.money else "no money"
    yield "about", finding.classified
    yield "where", f"{place_of(lead)}, line {lead.line:,}" if lead.line else place_of(lead)
    for name, text in (("ref", lead.ref), ("time", lead.ts), ("account", lead.whose.account)):
        if text:
            yield name, clipped(text)
    if lead.whose.market:
        yield "market", lead.whose.market
    if finding.since:
        yield "last seen to agree", f"event {finding.since:,}"
    if finding.consequences:
        yield "consequences", f"{finding.consequences:,}, the last at event {finding.last:,}"
    yield "agrees again", "no" if finding.returned is None else f"from event {finding.returned:,}"


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
    step = history.step_of(finding)
    if step is None:
        return
    explained = explain_event(step.transition.before, step.record, step.number)
    # What was observed stands beside ours already.
    lines = [one for one in explained.lines() if not one.lstrip().startswith("observed ")]
    shown = [part for line in lines[:MOST_LINES] for part in line.split("\n")]
    opened = add(article, "details")
    add(opened, "summary", f"Why the rules say so: {clipped(shown[0])}")
    add_tree(opened, shown[1:])
    more = f"{len(lines) - MOST_LINES} more lines" if len(lines) > MOST_LINES else "Every call of a rule"
    told = add(opened, "p", f"{more}: ", kind="more")
    start = f" --from {setting.inputs['state'].name}" if "state" in setting.inputs else ""
    add(told, "code", f"marginspec explain {setting.journal} {step.number}{start}")


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
        entries = add(part, "ul", kind="notes")
        for note in of_kind[:NOTES_SHOWN]:
            add(entries, "li", clipped(note.text))
        if len(of_kind) > NOTES_SHOWN:
            add(part, "p", f"and {len(of_kind) - NOTES_SHOWN:,} more, in notes.jsonl", kind="more")


# ----------------------------------------------------------------- the waterfall and the funds


def add_timeline(part: Element, report: Report) -> None:
    """When what happened in the waterfall, and the events in which it moved the most money."""
    if not report.history.lanes.bars:
        add(part, "p", "Nothing was liquidated, and no fund was drawn on.")
        return
    lanes = report.history.lanes
    bar = number_of("events", lanes.width)
    add(
        part,
        "p",
        f"Events {lanes.start + 1:,} to {report.history.last:,} from left to right, {bar} a bar, each lane by itself.",
    )
    timeline = add(part, "div", kind="timeline", role="group", **{"aria-label": "Timeline of the waterfall"})
    for kind in HAPPENED:
        if kind not in lanes.bars:
            continue
        name, bars = kind.replace("_", " "), lanes.bars[kind]
        first = min(bars) * lanes.width + lanes.start + 1
        title = f"{name}: {number_of('times', sum(bars.values()))}, first from event {first:,} on"
        add(timeline, "span", name, kind="lane")
        add_bars(timeline, title, lanes, kind, report.history.last)
        add(timeline, "span", f"{sum(bars.values()):,}", kind="number")
    moments = report.history.moments
    heads = ("event", "time or ref", "what happened", "accounts", "money", "borne by")
    rows = [moment_row(one) for one in moments]
    caption = f"The {len(rows)} events that passed on the most money, in their order"
    add_table(part, heads, rows, caption=caption, numbers=(True, False, False, False, True, False), is_named=True)
    add(part, "p", "Every liquidation, lot, step of deleveraging, levy and return is in liquidations.csv.", kind="more")


def times_of(kind: str, times: int) -> str:
    """How often something happened in the waterfall."""
    return "1 levy" if (kind, times) == ("levies", 1) else number_of(kind.replace("_", " "), times)


def moment_row(moment: Moment) -> tuple[str, ...]:
    """An event of the waterfall."""
    record = moment.step.record
    what = ", ".join(times_of(one, moment.happened[one]) for one in HAPPENED if moment.happened[one])
    accounts = accounts_in(moment.step)
    named = ", ".join(accounts[:NAMED]) + (f" and {len(accounts) - NAMED:,} more" if len(accounts) > NAMED else "")
    borne = passed_on(moment.step)
    shares = (f"{bearer} {grouped(decimal_of(amount))}" for bearer, amount in borne.items())
    bearers = ", ".join(borne if len(borne) < 2 else shares)
    money = grouped(decimal_text(moment.money, WIRE_DECIMALS)) if moment.money else "-"
    when = clipped(record.ts or record.ref)
    return f"{moment.seq:,}", when, what, named, money, bearers


def add_funds(part: Element, report: Report) -> None:
    """Charts of funds and shortfalls, of assets and then of markets, each with a table beside it."""
    state = report.audited.run.state
    text = (
        "From the start of the run to its end, each chart on a scale of its own. "
        "An upright stroke is a stretch of events in which a value rose and fell."
    )
    add(part, "p", text)
    charts = [
        (name, track, OF_ASSET, name) for name, track in sorted(report.history.assets.items()) if not track.is_flat
    ]
    moved = [(name, track) for name, track in report.history.markets.items() if not track.is_flat]
    moved.sort(
        key=lambda one: (-heights_of(one[1], state.header.decimals(report.history.asset_of_market[one[0]])), one[0])
    )
    charts += [(name, track, OF_MARKET, report.history.asset_of_market[name]) for name, track in moved]
    for name, track, values, asset in charts[:MOST_CHARTS]:
        add_chart(part, name, track, values, asset, state.header.decimals(asset), report.history.last)
    if len(charts) > MOST_CHARTS:
        add(part, "p", f"and {len(charts) - MOST_CHARTS:,} more, with less money, without a chart", kind="more")
    tracks = {**report.history.assets, **report.history.markets}
    flat = [name for name, track in tracks.items() if track.is_flat]
    if flat:
        more = f" and {len(flat) - MOST_NAMES:,} more" if len(flat) > MOST_NAMES else ""
        named = ", ".join(flat[:MOST_NAMES])
        add(part, "p", f"Without a chart, as their funds never changed: {named}{more}.", kind="more")


def heights_of(track: Track, decimals: int) -> int:
    """The greatest value of a track, in 1e-8."""
    unit: int = 10 ** (WIRE_DECIMALS - decimals)
    return max(point.values[at] for at, point in enumerate(track.highest)) * unit


def add_chart(
    part: Element, name: str, track: Track, values: Sequence[str], asset: str, decimals: int, last: int
) -> None:
    """A chart of what changed of an asset or market, with its extremes in a table."""

    def amount(value: int) -> str:
        """An amount of the asset."""
        return grouped(decimal_text(value, decimals))

    shown = [at for at in range(len(values)) if track.lowest[at].values[at] != track.highest[at].values[at]]
    low, high = span_of_values(track, shown)
    figure = add(part, "figure")
    caption = add(figure, "figcaption")
    add(caption, "strong", f"{name} ")
    add(caption, "span", f"in {asset}" if name != asset else "all markets of the asset together")
    for order, at in enumerate(shown):
        add(caption, "span", values[at], kind=f"key line{order}")
    plot = add(figure, "div", kind="plot")
    add(plot, "span", amount(high), kind="high")
    said = ", ".join(
        f"{values[at]} from {amount(track.start.values[at])} to {amount(track.last.values[at])}" for at in shown
    )
    add_lines(plot, f"{name}: {said} {asset}", track, shown, last)
    add(plot, "span", amount(low), kind="low")
    add(plot, "span", f"event {track.start.seq:,}", kind="from")
    add(plot, "span", f"event {last:,}", kind="to")
    rows = [("start", f"{track.start.seq:,}", *(amount(track.start.values[at]) for at in shown))]
    for at in shown:
        for word, point in (("lowest", track.lowest[at]), ("highest", track.highest[at])):
            if point.seq not in (track.start.seq, track.last.seq):
                rows.append((f"{word} {values[at]}", f"{point.seq:,}", *(amount(point.values[one]) for one in shown)))
    rows.append(("end", f"{track.last.seq:,}", *(amount(track.last.values[at]) for at in shown)))
    heads = ("", "event", *(values[at] for at in shown))
    numbers = (False, *(True,) * (1 + len(shown)))
    add_table(figure, ("when", *heads[1:]), rows, caption=f"Figures of {name}", numbers=numbers, is_named=True)


ASSET_COLUMNS = ("net_deposits", "insurance", "relief", "house", "uncovered")
RESERVE_COLUMNS = ("asset", "mark", "balance", "high_water", "inflow", "outflow", "insurance_drawn")
LOSS_COLUMNS = ("deleveraged", "levied", "lots_opened", "lots", "lots_pnl", "shortfall")


def add_markets(part: Element, report: Report) -> None:
    """Funds of assets and markets at the end of the run."""
    for word, title, columns in (
        ("asset", "Funds by asset", ASSET_COLUMNS),
        ("market", "Reserves by market", RESERVE_COLUMNS),
        ("market", "Losses and lots by market", LOSS_COLUMNS),
    ):
        funds = report.summary[f"{word}s"]
        rows = [(name, *(grouped(str(amounts[one] or "-")) for one in columns)) for name, amounts in funds.items()]
        heads = (word, *(COLUMN_HEADS.get(one, one.replace("_", " ")) for one in columns))
        add_rows(part, heads, rows, title, (False, *(one != "asset" for one in columns)), "funds.csv")


COLUMN_HEADS = {
    "balance": "reserve",
    "high_water": "highest",
    "inflow": "profits",
    "outflow": "drawn",
    "lots": "lots left",
}


# ----------------------------------------------------------------- what holds, and what is not known


def add_invariants(part: Element, report: Report) -> None:
    """Each invariant, how often it was broken, and its two sides at the end."""
    broken, unchecked = report.audited.tally.broken, report.audited.unchecked
    run = report.summary["events"] - report.summary["before"]
    rows = []
    for invariant, sentence in invariant_sentences().items():
        outcome = "not checked" if invariant in unchecked else f"broken, {broken[invariant]:,} times"
        rows.append((invariant, "holds" if not broken[invariant] and invariant not in unchecked else outcome, sentence))
    heads = ("invariant", "in this run", "what it says")
    add_table(part, heads, rows, caption="All invariants", numbers=(False,) * 3, is_named=True)
    text = "Both sides as they stand after the last event; of those that say something of events, in how many."
    add(part, "p", text)
    told = [one for one in sides_of(report.audited.run.state) if one.invariant not in unchecked]
    sides = [*told, *sides_of_events(broken, run, unchecked)]
    sides.sort(key=lambda one: one.invariant)
    shown = [(*one.row[:3], grouped(one.left_figure), *one.row[4:6], grouped(one.right_figure)) for one in sides]
    numbers = (False, False, False, True, False, False, True)
    add_rows(part, HEADS, shown, "Left and right sides", numbers, "no file: run with fewer markets")


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
    for code, count in coverage["unknown_codes"].items():
        yield (
            f"The exchange's code {clipped(code)} is in no table of reasons, {number_of('times', count)}: "
            "that it rejected was compared, not why."
        )
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
    texts = (
        (f"Install the same version, and take the inputs by their SHA-256 ({', '.join(report.setting.inputs)}).",
         f"pip install marginspec=={versions['marginspec']}"),
        ("Run the audit again; all files of the report come out the same, byte for byte.",
         report.setting.command("REPORT")),
        ("See that no file of this report was changed, and by whom it was signed, if it was.",
         "marginspec audit --verify FOLDER"),
        ("Look into an event.", f"marginspec explain {report.setting.journal} SEQ"),
    )  # fmt: skip
    entries = add(part, "ol", kind="steps")
    for text, line in texts:
        add(add(entries, "li", text), "code", line)
    add(part, "p", "The hash of the run after its last event, which any engine of this rulebook comes to: ")
    add(SubElement(part, "p"), "code", report.summary["hash"])


def grouped(decimal: str) -> str:
    """A decimal with its thousands set apart; anything else as it is."""
    sign, digits = ("-", decimal[1:]) if decimal.startswith("-") else ("", decimal)
    whole, point, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{rest}" if whole.isdecimal() and whole.isascii() else decimal


PARTS = {
    "Scope and method": add_scope,
    "Coverage": add_coverage,
    "Who ran what": add_makers,
    "Findings": add_findings,
    "Notes": add_notes,
    "Timeline of the waterfall": add_timeline,
    "Funds and shortfall": add_funds,
    "Funds per market": add_markets,
    "Invariants": add_invariants,
    "Not checked": add_unchecked,
    "How to reproduce": add_reproduction,
}
