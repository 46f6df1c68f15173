"""`marginspec demo`: an audit of the bundled stress day, which shows what its waterfall did."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from shlex import quote
from shutil import which
from typing import Any

import attrs
import click

from marginspec import RULEBOOK_VERSION
from marginspec.model.effects import Deleveraged, Effect, LotOpened
from marginspec.model.state import State
from marginspec_tools.audit.checks import Checks, Share, Tally, Verdict, check_share, verdicts
from marginspec_tools.audit.faults import Fault
from marginspec_tools.audit.waterfall import HAPPENED, all_funds, happened_text, waterfall_table
from marginspec_tools.console import (
    SERVE,
    QuietPool,
    install_line,
    json_option,
    missing_packages,
    people_console,
    print_json_line,
    printable_path,
    with_progress,
)
from marginspec_tools.explain import explain_event
from marginspec_tools.runs import Run, Step, Totals, estimated_events
from marginspec_tools.simulate import stress_day_path

NAME = "marginspec"
MOST_PROCESSES = 4
LINES_EXPLAINED = 45


@attrs.frozen
class Audit:
    """The audit of a journal: its totals, its last state, what was found, and the event that is best explained."""

    totals: Totals
    state: State
    tally: Tally
    explained: Step | None


def audit(path: Path, processes: int) -> Audit:
    """Run a journal with all checks, those of the invariants shared over processes."""
    if processes == 1:
        return audit_with(path, [], 1)
    with QuietPool(processes - 1) as pool:
        others = [pool.submit(check_share, path, Share(number, processes)) for number in range(1, processes)]
        return audit_with(path, others, processes)


def audit_with(path: Path, others: list[Future[tuple[str, Tally]]], processes: int) -> Audit:
    """This process's part, joined with what the others find; that all end in one hash is part of INV-10."""
    checks = Checks(Run(path), Share(0, processes))
    explained: Step | None = None
    for step, _ in with_progress(checks, "checking", estimated_events(path)):
        if passes_loss_on(step) and (explained is None or len(effects_of(step)) < len(effects_of(explained))):
            explained = step
    checks.finish()
    totals, tally = checks.run.totals(), checks.tally
    for other in others:
        other_hash, found = other.result()
        tally.join(found)
        if other_hash != totals.hash:
            tally.add([hash_mismatch(totals, other_hash)])
    return Audit(totals, checks.run.state, tally, explained)


def hash_mismatch(totals: Totals, other_hash: str) -> Fault:
    """The fault that a second run of the journal ended in another hash."""
    return Fault(
        seq=totals.events,
        line=totals.events + 1,
        ts=None,
        ref=None,
        kind="invariant",
        rule="INV-10",
        where="the journal",
        what="hash of a second run",
        expected=totals.hash,
        observed=other_hash,
    )


def effects_of(step: Step) -> tuple[Effect, ...]:
    """The effects of an event."""
    return step.transition.receipt.effects


def passes_loss_on(step: Step) -> bool:
    """Whether an event has a takeover whose loss is passed on by deleveraging."""
    took_over = any(isinstance(effect, LotOpened) and effect.lot.reason == "takeover" for effect in effects_of(step))
    return took_over and any(isinstance(effect, Deleveraged) for effect in effects_of(step))


@click.command("demo")
@json_option
@click.option(
    "--processes", type=click.IntRange(1, 64), help="How many processes check.  [default: one a core, at most 4]"
)
@click.pass_context
def command(context: click.Context, as_json: bool, processes: int | None) -> None:
    """Audit the bundled stress day: 13 markets through a crash, every invariant checked after every event.

    Exit codes: 0 all hold; 1 an invariant is broken.
    """
    found = audit(stress_day_path(), processes or min(MOST_PROCESSES, os.cpu_count() or 1))
    if as_json:
        for line in json_lines(found):
            print_json_line(line)
    else:
        print_demo(found)
    context.exit(0 if found.tally.holds else 1)


def json_lines(found: Audit) -> Iterator[dict[str, Any]]:
    """The audit as lines for programs."""
    yield {
        "demo": 1,
        "rulebook": RULEBOOK_VERSION,
        "events": found.totals.events,
        "accepted": found.totals.accepted,
        "rejected": found.totals.rejected,
        "markets": len(found.state.markets),
        "accounts": len(found.state.accounts),
        "happened": {kind: found.tally.happened[kind] for kind in HAPPENED},
    }
    for funds in all_funds(found.state, found.tally.lots_opened):
        yield {"waterfall": funds.market.id, **funds.as_object()}
    if found.explained is not None:
        step = found.explained
        yield {"explained": explain_event(step.transition.before, step.record, step.number).as_object()}
    for verdict in verdicts(found.tally):
        yield verdict.as_object()
    for fault in found.tally.first:
        yield {"finding": fault.kind, **fault.as_line()}
    yield {"holds": found.tally.holds, "hash": found.totals.hash}


def print_demo(found: Audit) -> None:
    """The audit for people."""
    console, totals = people_console(), found.totals
    scale = f"{len(found.state.accounts)} accounts, {len(found.state.markets)} markets"
    click.echo(f"A stress day: {scale}, {totals.events:,} events ({totals.rejected} of them rejected).")
    click.echo(f"What happened: {happened_text(found.tally.happened)}.\n")
    console.print(waterfall_table(all_funds(found.state, found.tally.lots_opened)))
    click.echo()
    if found.explained is not None:
        print_beginning(found.explained, console.width)
    found_verdicts = verdicts(found.tally)
    for verdict in found_verdicts:
        click.echo(verdict_line(verdict))
    for fault in found.tally.first:
        click.echo(fault.text)
    held = all(verdict.broken == 0 for verdict in found_verdicts)
    click.echo(f"All {len(found_verdicts)} invariants held." if held else "Not all invariants held.")
    click.echo("Nothing was observed: invariants and receipts only.")
    click.echo(f"hash {totals.hash}")
    click.echo(see_it())


def see_it() -> str:
    """The line that opens the stress day as pages; first how to install what that needs, where it is missing."""
    line = f"{program()} serve --demo"
    return f"see it: {install_line('serve')} && {line}" if missing_packages(SERVE) else f"see it: {line}"


def program() -> str:
    """How this program is called again: by its name, or as it was called, where that finds none or another one."""
    called = Path(sys.argv[0])
    if called.name != NAME or ((found := which(NAME)) and Path(found).resolve() == called.resolve()):
        return NAME
    return quote(printable_path(called))


def print_beginning(step: Step, width: int) -> None:
    """The beginning of an event's explanation, and the command that shows all of it."""
    lines = list(explain_event(step.transition.before, step.record, step.number).lines(depth=0, width=width))
    for line in lines[:LINES_EXPLAINED]:
        click.echo(line)
    rest = len(lines) - LINES_EXPLAINED
    if rest > 0:
        command_line = f"marginspec explain {printable_path(stress_day_path())} {step.number}"
        click.echo(f"… {rest} more lines, and all figures: {command_line}")
    click.echo()


def verdict_line(verdict: Verdict) -> str:
    """An invariant with its verdict; a broken one says where first."""
    if verdict.first is None:
        return f"{verdict.invariant} holds   {verdict.sentence}"
    times = "once" if verdict.broken == 1 else f"{verdict.broken} times, first"
    return f"{verdict.invariant} BROKEN  {times} in {verdict.first.text}"
