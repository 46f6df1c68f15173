"""`marginspec replay`: a journal to receipts, a final state and a hash."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import click
from rich.console import Console
from rich.table import Table

from marginspec import RULEBOOK_VERSION
from marginspec_audit import EVENT_INVARIANTS, STATE_INVARIANTS
from marginspec_journal.states import state_text
from marginspec_tools.console.outputs import Spool, check_target, people_console, print_line, whole_folder
from marginspec_tools.console.progress import counted
from marginspec_tools.runs.running import (
    Run,
    any_engine_option,
    has_fast_engine,
    json_option,
    need_fast_engine,
    start_option,
)
from marginspec_tools.runs.violations import Broken, broken_at_start, broken_by, broken_object, broken_text

if TYPE_CHECKING:
    from marginspec_tools.runs.fast_running import FastRun

AnyRun: TypeAlias = "Run | FastRun"
MOST_BROKEN_SHOWN = 20
INVARIANTS = sorted(STATE_INVARIANTS.keys() | EVENT_INVARIANTS.keys())
PATH = click.Path(path_type=Path)


@attrs.frozen
class Outputs:
    """Where a replay writes: a receipt a line, and the state at the end; None for nowhere."""

    receipts: Path | None
    state: Path | None


@click.command("replay")
@click.argument("journal", type=PATH)
@click.option("--state", "state_path", type=PATH, metavar="FILE", help="Write the state at the end to this file.")
@click.option(
    "--receipts",
    "receipts_path",
    type=PATH,
    metavar="FILE",
    help="Write a receipt a line to this file; .parquet: a row an effect.",
)
@start_option
@click.option("--snapshot", type=PATH, metavar="FILE", help="Keep the run here, and go on from it if it is there.")
@click.option("--segments", type=PATH, metavar="FOLDER", help="Write a snapshot of the start of every segment here.")
@click.option("--every", type=click.IntRange(1), default=1_000_000, show_default=True, help="Events between snapshots.")
@click.option("--check", is_flag=True, help="Check every invariant after every event.")
@any_engine_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    journal: Path,
    state_path: Path | None,
    receipts_path: Path | None,
    start: Path | None,
    snapshot: Path | None,
    segments: Path | None,
    every: int,
    check: bool,
    engine: str | None,
    as_json: bool,
) -> None:
    """Run JOURNAL (.jsonl, .jsonl.zst or .parquet) and print counts, reasons of rejection and the final hash.

    A state given by --from must satisfy every invariant. The outputs appear when the run is over, whole.
    With --snapshot, a run that was ended at any moment goes on where its last snapshot stands when it is
    started again in the same way, to the same hash; the engine fast only, without --receipts and --check.

    With --segments, a new folder gets a snapshot of where every segment of --every events begins, from which
    `marginspec segment` runs that one segment again; the engine fast only, without --check.

    Exit codes: 0 holds; 1 an invariant is broken; 2 wrong usage or input, nothing written.
    """
    outputs = Outputs(receipts_path, state_path)
    if segments is not None and (snapshot is not None or check or engine == "spec"):
        raise click.UsageError("--segments goes with neither --snapshot, --check nor --engine spec")
    if snapshot is not None:
        run: AnyRun = kept_run(journal, start, engine, outputs, snapshot, every, check=check)
    else:
        run = opened_run(journal, start, engine, outputs, check=check)
    broken = broken_at_start(run.start) if start is not None else []
    if not broken:
        inputs = (journal,) if start is None else (journal, start)
        with cut(run, segments, every):
            broken = replay(run, outputs, check=check, inputs=inputs)
    if as_json:
        print_lines(run, broken, checked=check)
    else:
        print_text(people_console(), run, broken, checked=check)
    context.exit(1 if broken else 0)


def opened_run(journal: Path, start: Path | None, engine: str | None, outputs: Outputs, *, check: bool) -> AnyRun:
    """The run of an engine; checks look at the state after every event, which the fast way does not make."""
    if engine is None:
        engine = "fast" if has_fast_engine() and not check else "spec"
    columnar = outputs.receipts is not None and is_columnar(outputs.receipts)
    if columnar and (engine == "spec" or check):
        raise click.UsageError("receipts as Parquet are written by --engine fast, without --check")
    if engine == "spec" or check:
        return Run(journal, start, engine)
    need_fast_engine()
    from marginspec_tools.runs.fast_running import FastRun

    return FastRun(journal, start, with_lines=outputs.receipts is not None and not columnar)


def is_columnar(receipts: Path) -> bool:
    """Whether receipts are written as columns."""
    return receipts.suffix == ".parquet"


def kept_run(
    journal: Path, start: Path | None, engine: str | None, outputs: Outputs, snapshot: Path, every: int, *, check: bool
) -> AnyRun:
    """A run that keeps a snapshot, or goes on from the one that is there."""
    if check or outputs.receipts is not None or engine == "spec":
        raise click.UsageError("--snapshot goes with neither --check, --receipts nor --engine spec")
    need_fast_engine()
    from marginspec_tools.runs.fast_running import FastRun, Kept

    check_target(snapshot, tuple(path for path in (journal, start, outputs.state) if path is not None))
    return FastRun(journal, start, kept=Kept(snapshot, every))


@contextmanager
def cut(run: AnyRun, segments: Path | None, every: int) -> Iterator[None]:
    """Have a run write its segments' snapshots to a folder that appears when the run is over."""
    if segments is None:
        yield
        return
    need_fast_engine()
    assert not isinstance(run, Run)
    with whole_folder(segments) as folder:
        run.cut(folder, every)
        yield


def replay(run: AnyRun, outputs: Outputs, *, check: bool, inputs: tuple[Path, ...] = ()) -> list[Broken]:
    """Run to the end and write the outputs, each whole or not at all; gives what was broken."""
    broken: list[Broken] = []
    with ExitStack() as stack:
        receipts = stack.enter_context(Spool(outputs.receipts, inputs)) if outputs.receipts else None
        written = (*inputs, outputs.receipts) if outputs.receipts else inputs
        state = stack.enter_context(Spool(outputs.state, written)) if outputs.state else None
        if receipts is not None and is_columnar(receipts.path):
            assert not isinstance(run, Run)
            run.write_effects(receipts.stream)
        else:
            for lines in taken(run, broken, check=check):
                if receipts is not None:
                    receipts.write(lines)
        if state is not None:
            state.write(state_text(run.reached()))
            state.publish()
        if receipts is not None:
            receipts.publish()
    return broken


def taken(run: AnyRun, broken: list[Broken], *, check: bool) -> Iterator[bytes]:
    """Run to the end; gives the lines of receipts, and takes down what was broken."""
    if not isinstance(run, Run):
        yield from counted(run, "replaying")
        return
    for step in counted(run, "replaying"):
        yield step.chained.line() + b"\n"
        if check:
            broken += broken_by(step)


def summary(run: AnyRun) -> dict[str, Any]:
    """Counts, reasons of rejection and hash; the counts include the events before the start."""
    reached = run.totals()
    return {
        "engine": run.engine_name,
        "events": reached.events,
        "accepted": reached.accepted,
        "rejected": reached.rejected,
        "before": run.start.events,
        "reasons": dict(sorted(run.reasons.items())),
        "hash": reached.hash,
    }


def verdict(broken: list[Broken], *, checked: bool) -> str:
    """What is known of the invariants."""
    if broken:
        return "broken"
    return "hold" if checked else "unchecked"


def print_lines(run: AnyRun, broken: list[Broken], *, checked: bool) -> None:
    """Each broken invariant, then the totals, for programs."""
    for one in broken:
        print_line(broken_object(one))
    totals = {"replay": 1, "rulebook": RULEBOOK_VERSION, **summary(run)}
    print_line({**totals, "invariants": verdict(broken, checked=checked)})


def print_text(console: Console, run: AnyRun, broken: list[Broken], *, checked: bool) -> None:
    """The totals, the reasons of rejection and the verdict, for people."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in text_rows(run):
        table.add_row(name, text)
    console.print(table)
    for one in broken[:MOST_BROKEN_SHOWN]:
        console.print(broken_text(one), style="red", soft_wrap=True)
    if len(broken) > MOST_BROKEN_SHOWN:
        console.print(f"and {len(broken) - MOST_BROKEN_SHOWN:,} more, which --json lists", style="red")
    if checked and not broken:
        console.print(f"all {len(INVARIANTS)} invariants hold after every event", style="green")


def text_rows(run: AnyRun) -> Iterator[tuple[str, str]]:
    """The totals as rows; reasons of rejection, most frequent first, stand below the rejected."""
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
