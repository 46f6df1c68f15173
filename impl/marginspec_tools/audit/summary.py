"""The summary of an audit: totals, funds of every market and asset, verdict; for people and for programs."""

from collections.abc import Iterator
from typing import Any

import attrs

from marginspec import RULEBOOK_VERSION
from marginspec.model import ledger
from marginspec.model.state import State
from marginspec_audit import assets_of
from marginspec_journal.decimals import decimal_text
from marginspec_journal.header import header_object
from marginspec_tools.audit.checks import Tally
from marginspec_tools.audit.findings import KINDS
from marginspec_tools.audit.waterfall import HAPPENED, all_funds, happened_text
from marginspec_tools.console import markdown_line
from marginspec_tools.runs import Run, total_fields

COMPARED = ("lines", "verdicts", "balances", "positions", "marks")


def asset_amounts(state: State, asset: str) -> dict[str, str]:
    """An asset's net deposits, shared insurance fund, relief, house and uncovered shortfall."""
    decimals = state.header.decimals(asset)
    amounts = {
        "net_deposits": -state.balance(ledger.external(asset)),
        "insurance": state.balance(ledger.insurance(asset)),
        "relief": state.balance(ledger.relief(asset)),
        "house": state.balance(ledger.house(asset)),
        "uncovered": state.uncovered.get(asset, 0),
    }
    return {name: decimal_text(amount, decimals) for name, amount in amounts.items()}


def summary_object(run: Run, tally: Tally, inputs: dict[str, str]) -> dict[str, Any]:
    """The summary for programs; `inputs` are the paths of journal and state, counts include events before the start."""
    reached = run.reached()
    state = reached.state
    return {
        "audit": 1,
        "rulebook": RULEBOOK_VERSION,
        "verdict": "holds" if tally.holds else "findings",
        "journal": inputs["journal"],
        "state": inputs.get("state"),
        "engine": run.engine_name,
        "header": header_object(state.header),
        "events": reached.events,
        "accepted": reached.accepted,
        "rejected": reached.rejected,
        "before": run.start.events,
        "observed": {kind: tally.compared[kind] for kind in COMPARED},
        "reasons": dict(sorted(run.reasons.items())),
        "hash": reached.hash,
        "happened": {kind: tally.happened[kind] for kind in HAPPENED},
        "findings": {kind: tally.findings[kind] for kind in KINDS},
        "broken": dict(sorted(tally.broken.items())),
        "assets": {asset: asset_amounts(state, asset) for asset in assets_of(state)},
        "markets": {funds.market.id: funds.as_object() for funds in all_funds(state, tally.lots_opened)},
    }


def summary_text(run: Run, tally: Tally, summary: dict[str, Any]) -> str:
    """The summary for people, in Markdown."""
    return "\n".join(text_lines(run, tally, summary)) + "\n"


def text_lines(run: Run, tally: Tally, summary: dict[str, Any]) -> Iterator[str]:
    """The lines of the Markdown summary."""
    total = sum(summary["findings"].values())
    yield f"# Audit of {markdown_line(summary['journal'])}"
    yield ""
    yield f"{checked_text(summary)}."
    yield f"{compared_text(summary['observed'])}."
    yield f"**{findings_text(summary['findings'])}**" + (", all in findings.jsonl." if total else ".")
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {text.strip()} |" for name, text in audit_fields(run, tally))
    yield ""
    yield "## Findings"
    yield ""
    yield "| kind | count | meaning |"
    yield "| --- | ---: | --- |"
    for kind, meaning in KINDS.items():
        yield f"| {kind} | {summary['findings'][kind]} | {meaning} |"
    if tally.first:
        yield ""
        yield "The first:"
        yield ""
    yield from (f"- {markdown_line(found.text)}" for found in tally.first)
    yield ""
    yield from fund_tables(summary)


def checked_text(summary: dict[str, Any]) -> str:
    """What was checked in any case."""
    run = summary["events"] - summary["before"]
    return f"Checked after each of {run:,} events: every invariant, and the published figures against the transfers"


def compared_text(observed: dict[str, int]) -> str:
    """What was compared of the answers of the exchange's own engine."""
    if not observed["lines"]:
        return "Not compared with the exchange's own engine: no line of the journal has `observed`"
    values = ", ".join(number_of(kind, observed[kind]) for kind in COMPARED if kind != "lines")
    return f"Compared with the exchange's own engine in {number_of('lines', observed['lines'])}: {values}"


def number_of(things: str, number: int) -> str:
    """A number of things, whose name is given in the plural."""
    return f"{number:,} {things.removesuffix('s') if number == 1 else things}"


def findings_text(findings: dict[str, int]) -> str:
    """How many findings there are, by kind."""
    total = sum(findings.values())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in findings.items() if count)
    return f"{number_of('findings', total)}: {kinds}" if total else "No findings"


def audit_fields(run: Run, tally: Tally) -> Iterator[tuple[str, str]]:
    """The totals of a run by name, what happened, and by which rules."""
    yield from total_fields(run)
    yield "rulebook", RULEBOOK_VERSION
    yield "happened", happened_text(tally.happened)
    profile = attrs.asdict(run.state.header.profile)
    yield "profile", ", ".join(f"{name} {choice}" for name, choice in profile.items())


def fund_tables(summary: dict[str, Any]) -> Iterator[str]:
    """Funds of every asset and market as tables."""
    yield "## Funds"
    yield ""
    yield "| asset | net deposits | insurance | relief | house | uncovered |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for asset, amounts in summary["assets"].items():
        yield f"| {asset} | {' | '.join(amounts.values())} |"
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
