"""What came of a run, for people and for programs: counts, rejections, broken invariants, hash."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from marginspec import RULEBOOK_VERSION
from marginspec_audit import EVENT_INVARIANTS, STATE_INVARIANTS
from marginspec_tools.console import print_fields, print_json_line
from marginspec_tools.runs.running import Run
from marginspec_tools.runs.violations import Broken, broken_object, broken_text

if TYPE_CHECKING:
    from marginspec_tools.runs.fast_running import FastRun

MOST_BROKEN_SHOWN = 20
INVARIANTS = sorted(STATE_INVARIANTS.keys() | EVENT_INVARIANTS.keys())


AnyRun: TypeAlias = "Run | FastRun"


def print_run(run: AnyRun, broken: list[Broken], *, checked: bool, as_json: bool) -> None:
    """Print what came of a run."""
    if as_json:
        for one in broken:
            print_json_line(broken_object(one))
        print_json_line({"replay": 1, "rulebook": RULEBOOK_VERSION, **totals_object(run, broken, checked=checked)})
        return
    print_fields(total_fields(run))
    for text in rejection_lines(run):
        click.echo(text)
    for one in broken[:MOST_BROKEN_SHOWN]:
        click.secho(broken_text(one), fg="red")
    if len(broken) > MOST_BROKEN_SHOWN:
        click.secho(f"and {len(broken) - MOST_BROKEN_SHOWN:,} more, which --json lists", fg="red")
    if checked and not broken:
        click.secho(f"all {len(INVARIANTS)} invariants hold after every event", fg="green")


def totals_object(run: AnyRun, broken: list[Broken], *, checked: bool) -> dict[str, Any]:
    """Counts, reasons of rejection, first rejections, hash and verdict; the counts include events before the start."""
    reached = run.totals()
    return {
        "engine": run.engine_name,
        "events": reached.events,
        "accepted": reached.accepted,
        "rejected": reached.rejected,
        "before": run.start.events,
        "reasons": dict(sorted(run.reasons.items())),
        "first_rejections": [one._asdict() for one in run.first_rejections],
        "hash": reached.hash,
        "invariants": "broken" if broken else "hold" if checked else "unchecked",
    }


def total_fields(run: AnyRun) -> Iterator[tuple[str, str]]:
    """The totals by name; reasons of rejection, most frequent first, stand below the rejected."""
    reached = run.totals()
    before = f" ({run.start.events:,} of them before the start)" if run.start.events else ""
    yield "engine", run.engine_name
    yield "events", f"{reached.events:,}{before}"
    yield "accepted", f"{reached.accepted:,}"
    yield "rejected", f"{reached.rejected:,}"
    ranked = sorted(run.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    width = len(f"{ranked[0][1]:,}") if ranked else 0
    for reason, count in ranked:
        yield "", f"{count:>{width},} {reason}"
    yield "hash", reached.hash


def rejection_lines(run: AnyRun) -> Iterator[str]:
    """The first rejections with their lines, and how many more there are."""
    for line, reason in run.first_rejections:
        yield f"{run.journal.name}:{line}: rejected: {reason}"
    more = run.reasons.total() - len(run.first_rejections)
    if run.first_rejections and more:
        yield f"and {more:,} more rejected, each with its reason in the file of --receipts"
