"""`marginspec replay`: a journal to receipts, a final state and a hash."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs
import click

from marginspec_journal.states import state_text
from marginspec_tools.console import Spool, check_target, json_option, refuse_parameters, whole_folder, with_progress
from marginspec_tools.runs.engines import any_engine_option, need_fast_engine, quickest_engine
from marginspec_tools.runs.journal_size import estimated_events
from marginspec_tools.runs.running import Run, start_option
from marginspec_tools.runs.showing import AnyRun, print_run
from marginspec_tools.runs.violations import Broken, broken_by, broken_in

PATH = click.Path(path_type=Path)


@attrs.frozen
class Outputs:
    """What a replay writes: receipts, the state at the end, a snapshot that it goes on from, segments; None for not.

    `every` is how many events are between snapshots.
    """

    receipts: Path | None
    state: Path | None
    snapshot: Path | None = None
    segments: Path | None = None
    every: int = 1_000_000

    @property
    def columnar(self) -> bool:
        """Whether receipts are written as columns."""
        return self.receipts is not None and self.receipts.suffix == ".parquet"

    @property
    def needs_fast(self) -> bool:
        """Whether only the optimized engine writes this."""
        return self.columnar or self.snapshot is not None or self.segments is not None

    def check_usage(self, engine: str, *, check: bool) -> None:
        """Refuse what the specification, or a run with checks, does not write."""
        slow = check or engine == "spec"
        if self.segments is not None and (slow or self.snapshot is not None):
            raise click.UsageError("--segments cannot be combined with --snapshot, --check or --engine spec")
        if self.snapshot is not None and (slow or self.receipts is not None):
            raise click.UsageError("--snapshot cannot be combined with --check, --receipts or --engine spec")
        if self.columnar and slow:
            raise click.UsageError("receipts as Parquet are written by --engine fast, without --check")


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
        refuse_parameters(context, ["every"], "has no effect without --snapshot or --segments")
    outputs = Outputs(receipts_path, state_path, snapshot, segments, every)
    outputs.check_usage(engine, check=check)
    inputs = (journal,) if start is None else (journal, start)
    if snapshot is not None:
        check_target(snapshot, inputs if state_path is None else (*inputs, state_path))
    run = opened_run(journal, start, engine, outputs, check=check)
    broken = broken_in(run.start.state) if start is not None else []
    if not broken:
        with segments_written(run, outputs):
            broken = replay(run, outputs, estimated_events(journal), check=check, inputs=inputs)
    print_run(run, broken, checked=check, as_json=as_json)
    context.exit(1 if broken else 0)


def opened_run(journal: Path, start: Path | None, engine: str, outputs: Outputs, *, check: bool) -> AnyRun:
    """The run of an engine; checks look at the state after every event, which the fast way does not make."""
    if engine == "auto":
        engine = "fast" if outputs.needs_fast else "spec" if check else quickest_engine(journal)
    if engine == "spec" or check:
        return Run(journal, start, engine)
    need_fast_engine()
    from marginspec_tools.runs.fast_running import FastRun, SnapshotFile

    with_lines = outputs.receipts is not None and not outputs.columnar
    snapshots = None if outputs.snapshot is None else SnapshotFile(outputs.snapshot, outputs.every)
    run = FastRun(journal, start, with_lines=with_lines, snapshots=snapshots)
    if not outputs.columnar and outputs.snapshot is None:
        # A run that goes on from a snapshot does not see what was rejected before it.
        run.list_rejections()
    return run


@contextmanager
def segments_written(run: AnyRun, outputs: Outputs) -> Iterator[None]:
    """Have a run write its segments' snapshots to a folder that appears when the run is over."""
    if outputs.segments is None:
        yield
        return
    assert not isinstance(run, Run)
    with whole_folder(outputs.segments) as folder:
        run.write_segments(folder, outputs.every)
        yield


def replay(
    run: AnyRun, outputs: Outputs, events: int | None = None, *, check: bool, inputs: tuple[Path, ...] = ()
) -> list[Broken]:
    """Run to the end and write the outputs, each whole or not at all; gives what was broken."""
    broken: list[Broken] = []
    with ExitStack() as stack:
        receipts = stack.enter_context(Spool(outputs.receipts, inputs)) if outputs.receipts else None
        written = (*inputs, outputs.receipts) if outputs.receipts else inputs
        state = stack.enter_context(Spool(outputs.state, written)) if outputs.state else None
        if receipts is not None and outputs.columnar:
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


def lines_taken(run: AnyRun, broken: list[Broken], events: int | None, *, check: bool) -> Iterator[bytes]:
    """Run to the end; gives the lines of receipts, and adds what was broken."""
    if not isinstance(run, Run):
        yield from with_progress(run, "replaying", events, lambda: run.totals().events - run.start.events)
        return
    for step in with_progress(run, "replaying", events):
        yield step.chained.line() + b"\n"
        if check:
            broken += broken_by(step.transition, step.number, step.record.line)
