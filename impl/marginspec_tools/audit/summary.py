"""The summary of an audit: totals, funds of every market and asset, verdict; for people and for programs."""

from collections.abc import Iterator
from typing import Any

import attrs

from marginspec import RULEBOOK_VERSION
from marginspec.model import ledger
from marginspec.model.state import State
from marginspec_audit import STATE_INVARIANTS, assets_of
from marginspec_journal.decimals import decimal_text
from marginspec_journal.header import header_object
from marginspec_tools.audit.audited import Audited
from marginspec_tools.audit.checks import FIRST_SHOWN
from marginspec_tools.audit.coverage import OUTCOMES
from marginspec_tools.audit.faults import decimal_of, grouped, number_of
from marginspec_tools.audit.findings import CLASSES, SEVERITIES, Finding
from marginspec_tools.audit.report.setting import Setting
from marginspec_tools.audit.surveillance import NOTES
from marginspec_tools.audit.waterfall import HAPPENED, all_funds, happened_text
from marginspec_tools.console import markdown_line, printable_path
from marginspec_tools.observed import VALUE_KINDS
from marginspec_tools.runs import total_fields

NOTES_SHOWN = 5
"""Notes of a kind that the summary shows."""
AUDIT_VERSION = 2
"""The number of the summary's format."""


def asset_amounts(state: State, asset: str, *, is_whole: bool = True) -> dict[str, str | None]:
    """An asset's net deposits, shared insurance fund, relief, house and uncovered shortfall.

    Unless all accounts are known, what was paid in is not: the account that stands for the others has made-up money.
    """
    decimals = state.header.decimals(asset)
    amounts = {
        "net_deposits": -state.balance(ledger.external(asset)),
        "insurance": state.balance(ledger.insurance(asset)),
        "relief": state.balance(ledger.relief(asset)),
        "house": state.balance(ledger.house(asset)),
        "uncovered": state.uncovered.get(asset, 0),
    }
    texts: dict[str, str | None] = {name: decimal_text(amount, decimals) for name, amount in amounts.items()}
    return texts if is_whole else {**texts, "net_deposits": None}


def summary_object(audited: Audited, setting: Setting) -> dict[str, Any]:
    """The summary for programs; counts include events before the start. What the manifest states, it states too."""
    run, tally = audited.run, audited.tally
    reached = run.reached()
    state = reached.state
    paths = {name: printable_path(path) for name, path in setting.inputs.items()}
    return {
        "audit": AUDIT_VERSION,
        "rulebook": RULEBOOK_VERSION,
        "verdict": audited.verdict,
        "auditor": setting.auditor,
        "versions": setting.versions,
        "program": setting.program,
        "inputs": setting.hashes,
        "journal": paths["journal"],
        "state": paths.get("state"),
        "codes": paths.get("reasons"),
        "engine": run.engine_name,
        "header": header_object(state.header),
        "events": reached.events,
        "accepted": reached.accepted,
        "rejected": reached.rejected,
        "before": run.start.events,
        "opening": [one.as_line() for one in audited.opening],
        "run": audited.is_run,
        "stopped": audited.stopped,
        "full": audited.full,
        "sample": audited.sample,
        "subset": audited.subset,
        "unchecked": list(audited.unchecked),
        "coverage": audited.comparison.coverage.as_object(),
        "tolerances": {kind: decimal_of(one) for kind, one in audited.comparison.tolerances.by_kind.items()},
        "reasons": dict(sorted(run.reasons.items())),
        "hash": reached.hash,
        "happened": {kind: tally.happened[kind] for kind in HAPPENED},
        "findings": findings_object(audited),
        "notes": {kind: count for kind in NOTES if (count := sum(one.kind == kind for one in audited.notes))},
        "broken": dict(sorted(tally.broken.items())),
        "assets": {asset: asset_amounts(state, asset, is_whole=audited.subset is None) for asset in assets_of(state)},
        "markets": {funds.market.id: funds.as_object() for funds in all_funds(state, tally.lots_opened)},
    }


def findings_object(audited: Audited) -> dict[str, Any]:
    """How many findings there are, by severity, class and clause, and how many values differ because of them."""
    severities, classes = audited.count("severity"), audited.count("classified")
    return {
        "count": len(audited.findings),
        "groups": len({one.group for one in audited.findings}),
        "severities": {severity: severities[severity] for severity in SEVERITIES},
        "classes": {classified: classes[classified] for classified in CLASSES},
        "clauses": dict(sorted(audited.count("clause").items())),
        "consequences": sum(one.consequences for one in audited.findings),
    }


def summary_text(audited: Audited, summary: dict[str, Any]) -> str:
    """The summary for people, in Markdown."""
    return "\n".join(text_lines(audited, summary)) + "\n"


def text_lines(audited: Audited, summary: dict[str, Any]) -> Iterator[str]:
    """The lines of the Markdown summary."""
    found = audited.findings
    yield f"# Audit of {markdown_line(summary['journal'])}"
    yield ""
    yield f"{checked_text(audited, summary)}."
    yield from (f"{markdown_line(line)}." for line in limits_text(audited))
    yield f"{compared_text(summary['coverage'])}."
    yield f"**{markdown_line(findings_text(summary))}**" + (", all in findings.jsonl." if found else ".")
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {text.strip()} |" for name, text in audit_fields(audited))
    yield ""
    yield from finding_tables(found, summary["findings"])
    yield from note_lines(audited)
    yield from coverage_tables(summary["coverage"])
    yield from fund_tables(audited, summary)


def finding_tables(found: list[Finding], counts: dict[str, Any]) -> Iterator[str]:
    """What findings are about, and the first of them."""
    yield "## Findings"
    yield ""
    yield "| class | count | meaning |"
    yield "| --- | ---: | --- |"
    for classified, meaning in CLASSES.items():
        yield f"| {classified} | {counts['classes'][classified]} | {meaning} |"
    yield ""
    if not found:
        return
    yield "The first, by the money at stake:" if len(found) > FIRST_SHOWN else "By the money at stake:"
    yield ""
    yield from (f"- {one.id}: {markdown_line(one.text)}" for one in found[:FIRST_SHOWN])
    yield ""


def note_lines(audited: Audited) -> Iterator[str]:
    """What the rules allow and an auditor wants to see."""
    if not audited.notes:
        return
    yield "## Notes"
    yield ""
    yield "What the rules allow, and what one may want to look into; no verdict hangs on it."
    yield ""
    for kind, meaning in NOTES.items():
        of_kind = [one for one in audited.notes if one.kind == kind]
        if of_kind:
            yield f"- {kind}: {meaning}. {number_of('notes', len(of_kind))}, the largest first:"
        yield from (f"  - {markdown_line(one.text)}" for one in of_kind[:NOTES_SHOWN])
    yield ""


def notes_text(notes: dict[str, int]) -> str:
    """How many notes there are, of each kind."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in notes.items())
    return f"{number_of('notes', sum(notes.values()))} on what the rules allow: {kinds}"


def coverage_tables(coverage: dict[str, Any]) -> Iterator[str]:
    """What was compared, by kind of value, market and clause."""
    yield "## Coverage"
    yield ""
    share = f"{coverage['lines']:,} of {coverage['events']:,} events have observed values"
    yield f"{share}, of {number_of('accounts', coverage['accounts'])}; all counts are in coverage.csv."
    for code, count in coverage["unknown_codes"].items():
        times = f"The exchange's code {markdown_line(code)} is in no table of reasons, {number_of('times', count)}"
        yield f"{times}: that it rejected was compared, not why."
    yield ""
    if coverage["values"]:
        yield f"| observed | values | {' | '.join(OUTCOMES)} |"
        yield f"| --- |{' ---: |' * (1 + len(OUTCOMES))}"
        yield from (outcome_row(f"{kind}: {VALUE_KINDS[kind]}", counts) for kind, counts in coverage["kinds"].items())
        yield from (outcome_row(f"of {name}", counts) for name, counts in coverage["markets"].items())
        yield ""
    yield f"{books_text(coverage)}."
    yield ""
    missing = [meaning for kind, meaning in VALUE_KINDS.items() if kind not in coverage["kinds"]]
    if missing:
        yield f"Not observed, and so not compared: {'; '.join(missing)}."
        yield ""
    yield "| clause | events where it had an effect | of these compared |"
    yield "| --- | ---: | ---: |"
    for clause, counts in coverage["clauses"].items():
        yield f"| {clause} | {counts['events']} | {counts['compared']} |"
    yield ""


def books_text(coverage: dict[str, Any]) -> str:
    """Which invariants were checked on the exchange's own numbers, and how often."""
    if not coverage["invariants"]:
        return "No line states enough to check an invariant on the exchange's own numbers"
    times = ", ".join(books_count(one, counts) for one, counts in coverage["invariants"].items())
    return f"Checked on the exchange's own numbers, where a line states all that it takes: {times}"


def books_count(invariant: str, counts: dict[str, int]) -> str:
    """How often an invariant was checked so."""
    open_still = f" (undecided by their rounding {number_of('times', counts['undecided'])})"
    return f"{invariant} {number_of('times', counts['checked'])}" + (open_still if counts["undecided"] else "")


def outcome_row(name: str, counts: dict[str, int]) -> str:
    """A row of counts by outcome."""
    return f"| {markdown_line(name)} | {counts['values']} | {' | '.join(str(counts[one]) for one in OUTCOMES)} |"


def checked_text(audited: Audited, summary: dict[str, Any]) -> str:
    """What was checked in any case."""
    run = summary["events"] - summary["before"]
    of_events = " of events" if audited.sample > 1 else ""
    which = f"every invariant{of_events} but those named below" if audited.unchecked else f"every invariant{of_events}"
    what = f"{which}, and the published figures against the transfers"
    return f"Checked in the rulebook's own run, after each of {run:,} events: {what}"


def sample_text(audited: Audited) -> str:
    """When the invariants of states were checked, if not after every event, and what that leaves open."""
    when = f"at the start, after every {audited.sample:,}th event and at the end"
    told = f"The invariants of states ({', '.join(STATE_INVARIANTS)}) were checked {when}, and not in between"
    if not audited.run.is_followed:
        return told
    twice = "INV-10 is of two runs of the optimized engine, and of the specification at these events"
    return f"{told}; so was the state that follows from the receipts compared with the engine's; {twice}"


def limits_text(audited: Audited) -> Iterator[str]:
    """What the audit could not do, and why."""
    if audited.opening:
        lead = f"The opening state breaks {number_of('invariants', len({one.rule for one in audited.opening}))}"
        where = f"{lead} in {number_of('places', len(audited.opening))}"
        what = "it was gone on from" if audited.is_run else "the journal was not run (--accept-broken goes on from it)"
        yield f"{where}: {what}"
    if audited.stopped is not None:
        yield f"The rules could not go on from there at event {audited.stopped:,}: nothing after it was checked"
    if audited.subset is not None:
        yield f"Only some accounts are known: {audited.subset} stands for all others"
        needs = ", ".join(audited.unchecked)
        yield f"Not checked, since it needs all accounts: {needs}; funds, lots, queues, deleveraging and levies"
    if audited.full is not None:
        yield f"There are so many findings that the audit ended at event {audited.full:,}: nothing after it was checked"
    if audited.watch.notes.left_out:
        yield f"Notes with less money than those that are kept: {audited.watch.notes.left_out:,}, not listed"
    if audited.sample > 1 and audited.is_run:
        yield sample_text(audited)


def compared_text(coverage: dict[str, Any]) -> str:
    """What was compared of the answers of the exchange's own engine."""
    left = coverage["unchecked"]
    if not coverage["values"]:
        seen = f"none of {number_of('values', left)} that were" if left else "nothing of the exchange was"
        could = " could be compared" if left else ""
        return f"NOT COMPARED: {seen} observed{could}; invariants and receipts of the rulebook's run only"
    numbers = {kind: counts["values"] - counts["not checked"] for kind, counts in coverage["kinds"].items()}
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in numbers.items() if number)
    events = f"{coverage['lines']:,} of {coverage['events']:,} events"
    more = f"; {left:,} more {'was' if left == 1 else 'were'} observed and not checked" if left else ""
    return f"Compared with the exchange in {events}: {number_of('values', coverage['values'])} ({kinds}){more}"


def tolerated_text(coverage: dict[str, Any]) -> str:
    """How many differences were within the tolerance, and the largest of each kind; empty if there were none."""
    kinds = coverage["tolerated"]
    if not kinds:
        return ""
    total = f"{number_of('differences', sum(one['count'] for one in kinds.values()))} within the tolerance"
    parts = []
    for kind, one in kinds.items():
        most = f"of at most {grouped(one['most'])} ({one['what']}, event {one['seq']:,})"
        parts.append(most if len(kinds) == 1 else f"{one['count']:,} of kind {kind}, {most}")
    return f"{total}{', ' if len(kinds) == 1 else ': '}{'; '.join(parts)}"


def findings_text(summary: dict[str, Any]) -> str:
    """How many findings there are, by severity, what follows from them, and what a tolerance kept from being one."""
    told = findings_count_text(summary["findings"])
    tolerated = tolerated_text(summary["coverage"])
    return f"{told}; {tolerated}" if tolerated else told


def findings_count_text(findings: dict[str, Any]) -> str:
    """How many findings there are, by severity, and what follows from them."""
    if not findings["count"]:
        return "No findings"
    severities = ", ".join(f"{count:,} {severity}" for severity, count in findings["severities"].items() if count)
    groups = f" in {number_of('groups', findings['groups'])}" if findings["groups"] < findings["count"] else ""
    follows = f"; {number_of('consequences', findings['consequences'])} of them" if findings["consequences"] else ""
    return f"{number_of('findings', findings['count'])}{groups}: {severities}{follows}"


def audit_fields(audited: Audited) -> Iterator[tuple[str, str]]:
    """The totals of a run by name, what happened, and by which rules."""
    yield from total_fields(audited.run)
    yield "rulebook", RULEBOOK_VERSION
    yield "happened", happened_text(audited.tally.happened)
    profile = attrs.asdict(audited.run.state.header.profile)
    yield "profile", ", ".join(f"{name} {choice}" for name, choice in profile.items())


def made_up_text(synthetic: str) -> str:
    """Whose the funds are that a report of some accounts shows."""
    lead = "Funds, lots and what the waterfall did are of the rulebook's own run"
    return f"{lead}, in which {synthetic} with made-up money stands for all others: they say nothing of the exchange's"


def fund_tables(audited: Audited, summary: dict[str, Any]) -> Iterator[str]:
    """Funds of every asset and market as tables."""
    yield "## Funds"
    yield ""
    if audited.subset is not None:
        yield f"{markdown_line(made_up_text(audited.subset))}."
        yield ""
    yield "| asset | net deposits | insurance | relief | house | uncovered |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for asset, amounts in summary["assets"].items():
        yield f"| {asset} | {' | '.join(amount or 'not known' for amount in amounts.values())} |"
    yield ""
    columns = (
        "balance",
        "high_water",
        "inflow",
        "outflow",
        "insurance_drawn",
        "deleveraged",
        "levied",
        "lots_opened",
        "lots",
    )
    yield f"| market | {' | '.join(name.replace('_', ' ') for name in columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for market, funds in summary["markets"].items():
        yield f"| {market} | {' | '.join(str(funds[name]) for name in columns)} |"
