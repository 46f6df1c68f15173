"""`marginspec replay`: a journal to receipts, a final state and a hash."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from marginspec_journal.states import state_text
from marginspec_tools.console import Spool, check_target, counted, json_option, refuse_given, whole_folder
from marginspec_tools.runs.engines import any_engine_option, need_fast_engine, quickest_engine
from marginspec_tools.runs.journal_size import estimated_events
from marginspec_tools.runs.running import Run, start_option
from marginspec_tools.runs.showing import print_run
from marginspec_tools.runs.violations import Broken, broken_by, broken_in

if TYPE_CHECKING:
    from marginspec_tools.runs.fast_running import FastRun

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
    help="Write one receipt a line to this file; if it ends in .parquet, one row an effect.",
)
@start_option
@click.option(
    "--snapshot", type=PATH, metavar="FILE", help="Save the run in this file, and go on from it if it is there."
)
@click.option("--segments", type=PATH, metavar="FOLDER", help="Save the start of every segment in this folder.")
@click.option(
    "--every",
    type=click.IntRange(1),
    default=1_000_000,
    show_default=True,
    help="Events between snapshots, or of a segment.",
)
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
    engine: str,
    as_json: bool,
) -> None:
    """Run JOURNAL (.jsonl, .jsonl.zst or .parquet) and print counts, reasons of rejection and the final hash.

    A state given by --from must satisfy every invariant. Files are written when the run is over, whole or not
    at all.

    With --snapshot, a run that was interrupted goes on from its last snapshot when the same command is given
    again, and ends in the same hash. With --segments, `marginspec segment` can run each segment of --every events
    again by itself. Both need the engine fast, and go without --check; --snapshot also without --receipts.

    Exit codes: 0 holds; 1 an invariant is broken; 2 wrong usage or input, nothing written.
    """
    if snapshot is None and segments is None:
        refuse_given(context, ["every"], "does nothing without --snapshot or --segments")
    outputs = Outputs(receipts_path, state_path)
    if segments is not None and (snapshot is not None or check or engine == "spec"):
        raise click.UsageError("--segments goes with neither --snapshot, --check nor --engine spec")
    if segments is not None and engine == "auto":
        engine = "fast"
    if snapshot is not None:
        run: Run | FastRun = kept_run(journal, start, engine, outputs, snapshot, every, check=check)
    else:
        run = opened_run(journal, start, engine, outputs, check=check)
    broken = broken_in(run.start.state) if start is not None else []
    if not broken:
        inputs = (journal,) if start is None else (journal, start)
        with cut(run, segments, every):
            broken = replay(run, outputs, events=estimated_events(journal), check=check, inputs=inputs)
    print_run(run, broken, checked=check, as_json=as_json)
    context.exit(1 if broken else 0)


def opened_run(journal: Path, start: Path | None, engine: str, outputs: Outputs, *, check: bool) -> "Run | FastRun":
    """The run of an engine; checks look at the state after every event, which the fast way does not make."""
    columnar = outputs.receipts is not None and is_columnar(outputs.receipts)
    if columnar and (engine == "spec" or check):
        raise click.UsageError("receipts as Parquet are written by --engine fast, without --check")
    if engine == "auto":
        engine = "spec" if check else "fast" if columnar else quickest_engine(journal)
    if engine == "spec" or check:
        return Run(journal, start, engine)
    need_fast_engine()
    from marginspec_tools.runs.fast_running import FastRun

    run = FastRun(journal, start, with_lines=outputs.receipts is not None and not columnar)
    if not columnar:
        run.list_rejections()
    return run


def is_columnar(receipts: Path) -> bool:
    """Whether receipts are written as columns."""
    return receipts.suffix == ".parquet"


def kept_run(
    journal: Path, start: Path | None, engine: str, outputs: Outputs, snapshot: Path, every: int, *, check: bool
) -> "FastRun":
    """A run that keeps a snapshot, or goes on from the one that is there."""
    if check or outputs.receipts is not None or engine == "spec":
        raise click.UsageError("--snapshot goes with neither --check, --receipts nor --engine spec")
    need_fast_engine()
    from marginspec_tools.runs.fast_running import FastRun, Kept

    check_target(snapshot, tuple(path for path in (journal, start, outputs.state) if path is not None))
    run = FastRun(journal, start, kept=Kept(snapshot, every))
    run.list_rejections()
    return run


@contextmanager
def cut(run: "Run | FastRun", segments: Path | None, every: int) -> Iterator[None]:
    """Have a run write its segments' snapshots to a folder that appears when the run is over."""
    if segments is None:
        yield
        return
    need_fast_engine()
    assert not isinstance(run, Run)
    with whole_folder(segments) as folder:
        run.cut(folder, every)
        yield


def replay(
    run: "Run | FastRun", outputs: Outputs, *, events: int | None = None, check: bool, inputs: tuple[Path, ...] = ()
) -> list[Broken]:
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
            for lines in lines_taken(run, broken, events, check=check):
                if receipts is not None:
                    receipts.write(lines)
        if state is not None:
            state.write(state_text(run.reached()))
            state.publish()
        if receipts is not None:
            receipts.publish()
    return broken


def lines_taken(run: "Run | FastRun", broken: list[Broken], events: int | None, *, check: bool) -> Iterator[bytes]:
    """Run to the end; gives the lines of receipts, and adds what was broken."""
    if not isinstance(run, Run):
        yield from counted(run, "replaying", events, lambda: run.totals().events - run.start.events)
        return
    for step in counted(run, "replaying", events):
        yield step.chained.line() + b"\n"
        if check:
            broken += broken_by(step.taken, step.number, step.record.line)
