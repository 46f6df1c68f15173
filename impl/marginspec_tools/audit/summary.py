"""The summary of an audit: totals, funds of every market and asset, verdict; for people and for programs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import attrs

from marginspec import RULEBOOK_VERSION
from marginspec.model import ledger
from marginspec.model.state import State
from marginspec_audit import assets_of
from marginspec_audit.transparency import MarketStatus, market_status
from marginspec_journal.canonical import header_object
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit.findings import KINDS, Finding
from marginspec_tools.console.outputs import markdown_line
from marginspec_tools.runs.running import Run

FIRST_SHOWN = 20


@attrs.define
class Tally:
    """What an audit has counted so far: findings by kind, rows of liquidations by kind, events with `observed`."""

    findings: Counter[str] = attrs.field(factory=Counter)
    broken: Counter[str] = attrs.field(factory=Counter)
    happened: Counter[str] = attrs.field(factory=Counter)
    observed: int = 0
    first: list[Finding] = attrs.field(factory=list)

    def add(self, found: Finding) -> None:
        """Count a finding, and keep it if it is among the first."""
        self.findings[found.kind] += 1
        if found.kind == "invariant":
            self.broken[found.rule] += 1
        if len(self.first) < FIRST_SHOWN:
            self.first.append(found)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def fund_columns(state: State, market_id: str) -> dict[str, str]:
    """A market's status as TRN-01 publishes it, exact; the cover ratio as numerator and denominator in quanta."""
    market, status = state.markets[market_id], market_status(state, market_id)
    decimals = state.header.decimals(market.asset)
    counters = attrs.asdict(status.counters)
    return {
        "market": market_id,
        "asset": market.asset,
        "mark": "" if market.mark is None else decimal_text(market.mark, market.price_decimals),
        **{name: decimal_text(amount, decimals) for name, amount in counters.items()},
        "lots": str(status.lots),
        "long_lots": decimal_text(status.long_lots, market.quantity_decimals),
        "short_lots": decimal_text(status.short_lots, market.quantity_decimals),
        "lots_pnl": decimal_text(status.lots_pnl, decimals),
        "shortfall": decimal_text(status.shortfall, decimals),
        **cover_columns(status),
    }


def cover_columns(status: MarketStatus) -> dict[str, str]:
    """Reserve over the open lots' loss; empty where they lose nothing."""
    if status.cover is None:
        return {"cover_numerator": "", "cover_denominator": ""}
    return {"cover_numerator": str(status.cover.numerator), "cover_denominator": str(status.cover.denominator)}


def asset_figures(state: State, asset: str) -> dict[str, str]:
    """An asset's net deposits, shared insurance fund, house and uncovered shortfall."""
    decimals = state.header.decimals(asset)
    figures = {
        "net_deposits": -state.balance(ledger.external(asset)),
        "insurance": state.balance(ledger.insurance(asset)),
        "house": state.balance(ledger.house(asset)),
        "uncovered": state.uncovered.get(asset, 0),
    }
    return {name: decimal_text(amount, decimals) for name, amount in figures.items()}


def summary_object(run: Run, tally: Tally, journal: str, start: str | None) -> dict[str, Any]:
    """The summary for programs; the counts of events include those before the start."""
    reached = run.reached()
    state = reached.state
    return {
        "audit": 1,
        "rulebook": RULEBOOK_VERSION,
        "verdict": "holds" if tally.holds else "findings",
        "journal": journal,
        "state": start,
        "engine": run.engine_name,
        "header": header_object(state.header),
        "events": reached.events,
        "accepted": reached.accepted,
        "rejected": reached.rejected,
        "before": run.start.events,
        "observed": tally.observed,
        "reasons": dict(sorted(run.reasons.items())),
        "hash": reached.hash,
        "happened": {kind: tally.happened[kind] for kind in ("liquidation", "lot", "deleveraging", "levy")},
        "findings": {kind: tally.findings[kind] for kind in KINDS},
        "broken": dict(sorted(tally.broken.items())),
        "assets": {asset: asset_figures(state, asset) for asset in assets_of(state)},
        "markets": {market: fund_columns(state, market) for market in sorted(state.markets)},
    }


def summary_text(summary: dict[str, Any], tally: Tally) -> str:
    """The summary for people, in Markdown."""
    return "\n".join(text_lines(summary, tally)) + "\n"


def text_lines(summary: dict[str, Any], tally: Tally) -> Iterator[str]:
    """The lines of the Markdown summary."""
    total = sum(summary["findings"].values())
    yield f"# Audit of {markdown_line(summary['journal'])}"
    yield ""
    yield "Nothing was found." if total == 0 else f"**{total} findings**, all in findings.jsonl."
    yield ""
    yield from totals(summary)
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
    yield from funds(summary)


def totals(summary: dict[str, Any]) -> Iterator[str]:
    """The totals as a table."""
    before = f", {summary['before']} of them before the start" if summary["before"] else ""
    reasons = ", ".join(f"{count} {reason}" for reason, count in summary["reasons"].items())
    happened = ", ".join(f"{count} {kind}" for kind, count in summary["happened"].items())
    rows = {
        "events": f"{summary['events']}{before}",
        "accepted": str(summary["accepted"]),
        "rejected": f"{summary['rejected']}" + (f" ({reasons})" if reasons else ""),
        "observed": f"{summary['observed']} events say what the exchange's own engine answered",
        "happened": happened,
        "profile": ", ".join(f"{name} {choice}" for name, choice in summary["header"]["profile"].items()),
        "rulebook": summary["rulebook"],
        "hash": f"`{summary['hash']}`",
    }
    yield "| | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {text} |" for name, text in rows.items())


def funds(summary: dict[str, Any]) -> Iterator[str]:
    """Funds of every asset and market as tables."""
    yield "## Funds"
    yield ""
    yield "| asset | net deposits | insurance | house | uncovered |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for asset, figures in summary["assets"].items():
        yield f"| {asset} | {' | '.join(figures.values())} |"
    yield ""
    columns = ("balance", "high_water", "inflow", "outflow", "insurance_drawn", "deleveraged", "levied", "lots")
    yield f"| market | {' | '.join(name.replace('_', ' ') for name in columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for market, figures in summary["markets"].items():
        yield f"| {market} | {' | '.join(figures[name] for name in columns)} |"
