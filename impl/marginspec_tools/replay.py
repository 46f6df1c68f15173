"""`marginspec replay`: a journal to receipts, a final state and a hash."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import click
import msgspec
from rich.console import Console
from rich.table import Table

from marginspec.invariants import EVENT_INVARIANTS, STATE_INVARIANTS, check_transition
from marginspec_journal import InputError
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.states import state_text
from marginspec_tools.progress import counted
from marginspec_tools.running import ENGINES, Run
from marginspec_tools.violations import Broken, broken_object, broken_of, broken_text

MOST_BROKEN_SHOWN = 20
PATH = click.Path(path_type=Path)


@attrs.frozen
class Outputs:
    """Where a replay writes: a receipt a line, and the state at the end; None for nowhere."""

    receipts: Path | None
    state: Path | None


@click.command("replay")
@click.argument("journal", type=PATH)
@click.option("--state", "state_path", type=PATH, help="Write the state at the end to this file.")
@click.option("--receipts", "receipts_path", type=PATH, help="Write a receipt a line to this file.")
@click.option("--from", "start", type=PATH, help="Start from this state instead of an empty exchange.")
@click.option("--check", is_flag=True, help="Check every invariant after every event.")
@click.option("--engine", type=click.Choice(ENGINES), default="spec", show_default=True, help="Which engine runs.")
@click.option("--json", "as_json", is_flag=True, help="Print lines of JSON.")
@click.pass_context
def command(
    context: click.Context,
    journal: Path,
    state_path: Path | None,
    receipts_path: Path | None,
    start: Path | None,
    check: bool,
    engine: str,
    as_json: bool,
) -> None:
    """Run JOURNAL (.jsonl, .jsonl.zst or .parquet) and print counts, reasons of rejection and the final hash.

    Exit codes: 0 holds; 1 an invariant is broken; 2 wrong usage or input, nothing written.
    """
    if engine != "spec":
        raise InputError("--engine", None, None, "the engine `fast` is not part of this version; use `spec`")
    run = Run(journal, start)
    broken = broken_of(run.state, 0, 0, run.broken_at_start()) if start is not None else []
    if not broken:
        broken = replay(run, Outputs(receipts_path, state_path), check=check)
    if as_json:
        _print_json(run, broken, checked=check)
    else:
        _print_text(Console(), run, broken, checked=check)
    context.exit(1 if broken else 0)


def replay(run: Run, outputs: Outputs, *, check: bool) -> list[Broken]:
    """Run to the end and write the outputs, each whole or not at all; gives what was broken."""
    broken: list[Broken] = []
    with ExitStack() as stack:
        receipts = stack.enter_context(atomic_writer(outputs.receipts)) if outputs.receipts else None
        state = stack.enter_context(atomic_writer(outputs.state)) if outputs.state else None
        for step in counted(run, "replaying"):
            _write_receipt(receipts, step.chained.line)
            if check:
                violations = check_transition(step.taken)
                broken += broken_of(step.taken.after, step.number, step.record.line, violations)
        if state is not None:
            state.write(state_text(run.reached()))
    return broken


def _write_receipt(receipts: BinaryIO | None, line: Any) -> None:
    if receipts is not None:
        receipts.write(line() + b"\n")


def _summary(run: Run) -> dict[str, Any]:
    return {
        "events": run.chain.events,
        "accepted": run.accepted,
        "rejected": run.rejected,
        "reasons": dict(sorted(run.reasons.items())),
        "hash": run.chain.hash,
    }


def _print_json(run: Run, broken: list[Broken], *, checked: bool) -> None:
    for one in broken:
        click.echo(msgspec.json.encode(broken_object(one)))
    verdict = {"invariants": "broken" if broken else "hold"} if checked or broken else {}
    click.echo(msgspec.json.encode({**_summary(run), **verdict}))


def _print_text(console: Console, run: Run, broken: list[Broken], *, checked: bool) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _summary(run).items():
        if name != "reasons":
            table.add_row(name, str(value))
    console.print(table)
    for reason, count in sorted(run.reasons.items()):
        console.print(f"  {reason} {count}", highlight=False)
    for one in broken[:MOST_BROKEN_SHOWN]:
        console.print(broken_text(one), style="red", highlight=False, soft_wrap=True)
    if len(broken) > MOST_BROKEN_SHOWN:
        console.print(f"and {len(broken) - MOST_BROKEN_SHOWN} more", style="red")
    if checked and not broken:
        count = len(STATE_INVARIANTS.keys() | EVENT_INVARIANTS.keys())
        console.print(f"all {count} invariants hold after every event", style="green", highlight=False)
