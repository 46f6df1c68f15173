"""`marginspec demo`: audits the bundled stress day, and shows what its waterfall did."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import attrs
import click
import msgspec
from rich.console import Console
from rich.text import Text

from marginspec.model.effects import Deleveraged, DomainLiquidated, Effect, Levied, LotOpened, Transferred
from marginspec.model.state import State
from marginspec_audit import Violation
from marginspec_tools.audit.waterfall_report import WaterfallRow, waterfall_line, waterfall_rows, waterfall_table
from marginspec_tools.console.processes import QuietPool
from marginspec_tools.explain.explaining_effects import effect_lines, effect_tree
from marginspec_tools.runs.invariant_checks import (
    Broken,
    Share,
    Verdict,
    check_share,
    default_processes,
    run_share,
    share_of,
    verdicts,
)
from marginspec_tools.runs.running import Run, Step
from marginspec_tools.simulate.stress_day import stress_day_path

SHORTEST = 3


@attrs.frozen
class Audit:
    """A journal run with all checks: totals, the last state, what happened how often, one liquidation, verdicts."""

    share: Share
    state: State
    kinds: Counter[str]
    lots_opened: Counter[str]
    explained: Step | None
    verdicts: tuple[Verdict, ...]

    @property
    def holds(self) -> bool:
        """Whether every invariant held."""
        return all(verdict.holds for verdict in self.verdicts)

    def rows(self) -> tuple[WaterfallRow, ...]:
        """What each market's waterfall did."""
        return waterfall_rows(self.state, self.lots_opened)


class Tally:
    """Counts what happened, and keeps the event that is best explained."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.lots_opened: Counter[str] = Counter()
        self.explained: Step | None = None

    def add(self, step: Step) -> None:
        """Count one event."""
        effects = step.taken.receipt.effects
        for kind in kinds_of(effects):
            self.kinds[kind] += 1
        for effect in effects:
            if isinstance(effect, LotOpened):
                self.lots_opened[effect.lot.market] += 1
        if tells_much(effects) and (self.explained is None or is_shorter(step, self.explained)):
            self.explained = step


def kinds_of(effects: tuple[Effect, ...]) -> Iterator[str]:
    """The kinds of what the waterfall did in an event."""
    for effect in effects:
        match effect:
            case DomainLiquidated():
                yield "liquidations"
            case LotOpened(lot=lot):
                yield "step-downs" if lot.reason == "step_down" else "takeovers"
            case Deleveraged():
                yield "deleveragings"
            case Levied():
                yield "levies"
            case _:
                yield from draws_of(effect)


def draws_of(effect: Effect) -> Iterator[str]:
    """Whether an effect draws a fund for a realised loss, or pays a profit into one."""
    if not isinstance(effect, Transferred):
        return
    if effect.rule == "WTF-01":
        yield "reserve draws" if effect.source.kind == "reserve" else "insurance draws"
    elif effect.rule == "LIQ-05" and effect.target.kind == "reserve":
        yield "profits to reserve"


def tells_much(effects: tuple[Effect, ...]) -> bool:
    """Whether an event has a takeover whose loss is passed on by deleveraging."""
    took_over = any(isinstance(effect, LotOpened) and effect.lot.reason == "takeover" for effect in effects)
    return took_over and any(isinstance(effect, Deleveraged) for effect in effects)


def is_shorter(first: Step, second: Step) -> bool:
    """Whether one event has fewer effects than another."""
    return len(first.taken.receipt.effects) < len(second.taken.receipt.effects)


def audit(path: Path, processes: int) -> Audit:
    """Run a journal with every invariant checked after every event, the work shared over processes."""
    if processes == 1:
        tally, run, own = run_own_share(path, 1)
        return audited(tally, run, (own,))
    with QuietPool(processes - 1) as pool:
        others: list[Future[Share]] = [pool.submit(run_share, path, share, processes) for share in range(1, processes)]
        tally, run, own = run_own_share(path, processes)
        return audited(tally, run, (own, *(other.result() for other in others)))


def run_own_share(path: Path, processes: int) -> tuple[Tally, Run, Share]:
    """This process's part, which also counts what happened."""
    run, tally = Run(path), Tally()
    broken: list[Broken] = []
    for step, found in check_share(run, 0, processes):
        tally.add(step)
        broken.extend(found)
    return tally, run, share_of(run, broken)


def audited(tally: Tally, run: Run, shares: tuple[Share, ...]) -> Audit:
    """What all processes found."""
    return Audit(shares[0], run.state, tally.kinds, tally.lots_opened, tally.explained, verdicts(shares))


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Lines for programs.")
@click.option("--processes", type=click.IntRange(1, 64), help="How many share the checks.  [default: one a processor]")
@click.pass_context
def command(context: click.Context, as_json: bool, processes: int | None) -> None:
    """Audit the bundled stress day: 13 markets through a crash, every invariant checked after every event.

    Exit code 0 if all hold, 1 otherwise.
    """
    found = audit(stress_day_path(), processes or default_processes())
    if as_json:
        for line in lines_of(found):
            click.echo(msgspec.json.encode(line).decode())
    else:
        show(found, Console())
    context.exit(0 if found.holds else 1)


def lines_of(found: Audit) -> Iterator[dict[str, Any]]:
    """The audit as lines for programs."""
    share = found.share
    yield {
        "demo": 1,
        "rulebook": "1",
        "events": share.events,
        "accepted": share.accepted,
        "rejected": share.events - share.accepted,
        "markets": len(found.state.markets),
        "accounts": len(found.state.accounts),
        "happened": dict(sorted(found.kinds.items())),
    }
    for row in found.rows():
        yield waterfall_line(row)
    if found.explained is not None:
        yield {"explained": found.explained.number, "effects": list(effect_lines(found.explained.taken))}
    for verdict in found.verdicts:
        yield {
            "invariant": verdict.invariant,
            "holds": verdict.holds,
            "sentence": verdict.sentence,
            "broken": [{"event": broken.event, **attrs.asdict(broken.violation)} for broken in verdict.broken],
        }
    yield {"holds": found.holds, "hash": share.hash}


def show(found: Audit, console: Console) -> None:
    """The audit for people."""
    share = found.share
    scale = f"{len(found.state.accounts)} accounts, {len(found.state.markets)} markets"
    rejected = share.events - share.accepted
    console.print(f"A stress day: {scale}, {share.events:,} events ({rejected} of them rejected).")
    happened = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.kinds.items()))
    console.print(Text(f"What happened: {happened}."))
    console.print()
    console.print(waterfall_table(found.rows()))
    console.print()
    if found.explained is not None:
        console.print(effect_tree(found.explained.number, found.explained.taken))
        console.print()
    for verdict in found.verdicts:
        console.print(Text(verdict_line(verdict)), soft_wrap=True)
    console.print(f"All {len(found.verdicts)} invariants held." if found.holds else "Not all invariants held.")
    console.print(Text(f"hash {share.hash}"), soft_wrap=True)


def verdict_line(verdict: Verdict) -> str:
    """An invariant with its verdict; a broken one says where first."""
    if verdict.holds:
        return f"{verdict.invariant} holds   {verdict.sentence}"
    first = verdict.broken[0]
    where = violation_text(first.violation)
    return f"{verdict.invariant} BROKEN  {len(verdict.broken)} times, first in event {first.event}: {where}"


def violation_text(violation: Violation) -> str:
    """What broke, where, by how much."""
    return f"{violation.what}: {violation.where}, by {violation.amount}"
