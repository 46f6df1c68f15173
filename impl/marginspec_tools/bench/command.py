"""`marginspec bench`: how fast the specification replays, and that its cost does not grow with the accounts."""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
import msgspec

from marginspec_journal import write_lines
from marginspec_journal.errors import unwritable
from marginspec_tools.console import json_option, refuse_parameters
from marginspec_tools.runs import Run, need_fast_engine
from marginspec_tools.simulate import Parameters, generate, mixed, opening_length

if TYPE_CHECKING:
    from marginspec_tools.bench.measurements import Measured

SIZES = (1_000, 10_000)
SEED = 1
WARM_UP = 4
"""Events for each account that fill the markets to nearly 50 positions, before the clock starts."""


@attrs.frozen
class ReplayCost:
    """Processor seconds of one size: a replay of the events after the warm-up, and the reference loop over them."""

    accounts: int
    events: int
    replay_s: float
    reference_s: float

    @property
    def events_per_s(self) -> float:
        """Events replayed in a second on one core: reading, rules, receipts and hash."""
        return self.events / self.replay_s

    @property
    def ratio(self) -> float:
        """How many times the reference loop's time a replay takes."""
        return self.replay_s / self.reference_s


def replay_seconds(path: Path, warm_up: int) -> float:
    """Processor seconds from the end of the warm-up to the last receipt in the hash."""
    started = 0.0
    for step in Run(path):
        if step.number == warm_up:
            started = time.process_time()
    return time.process_time() - started


def reference_seconds(path: Path, warm_up: int) -> float:
    """Processor seconds of a plain Python loop over the same lines: parse, write canonically, chain with SHA-256."""
    with path.open("rb") as file:
        lines = file.readlines()[warm_up + 1 :]
    started, chained = time.process_time(), bytes(32)
    for line in lines:
        canonical = json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"))
        chained = hashlib.sha256(chained + canonical.encode()).digest()
    return time.process_time() - started


def measure(accounts: int, following: int, repeats: int, folder: Path) -> ReplayCost:
    """The best of so many runs over one journal of the preset `mixed`."""
    filling = WARM_UP * accounts
    parameters: Parameters = mixed(accounts=accounts, following=filling + following, seed=SEED)
    warm_up = opening_length(accounts, len(parameters.markets), assets=1) + filling
    path = folder / f"mixed-{accounts}.jsonl"
    write_lines(path, parameters.header, generate(parameters))
    runs = [(replay_seconds(path, warm_up), reference_seconds(path, warm_up)) for _ in range(repeats)]
    return ReplayCost(accounts, following, min(run[0] for run in runs), min(run[1] for run in runs))


@click.command("bench")
@click.option(
    "--events",
    type=click.IntRange(100, 10**7),
    default=5_000,
    show_default=True,
    help="How many events are measured, after the warm-up.",
)
@click.option(
    "--repeats", type=click.IntRange(1, 100), default=3, show_default=True, help="How many runs; the best one counts."
)
@click.option(
    "--accounts",
    type=click.IntRange(50, 10**6),
    multiple=True,
    help="How many accounts; may be given several times.  [default: 1000, 10000]",
)
@click.option("--setup", "sets_up", is_flag=True, help="Only install the other projects that --fast compares with.")
@click.option(
    "--fast",
    "largest",
    type=click.IntRange(1_000),
    metavar="ACCOUNTS",
    help="Measure the optimized engine instead, with up to this many accounts.",
)
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="With --fast: also draw cost against the number of accounts, as SVG in this folder.",
)
@click.option(
    "--environments",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path.home() / ".cache" / "marginspec" / "peers",
    help="Where --setup installs the other projects.",
)
@json_option
@click.pass_context
def command(
    context: click.Context,
    events: int,
    repeats: int,
    accounts: tuple[int, ...],
    sets_up: bool,
    largest: int | None,
    plots: Path | None,
    environments: Path,
    as_json: bool,
) -> None:
    """Measure how fast the specification replays a typical mix of events, on one core.

    60% trades, 25% orders, 10% deposits, withdrawals and settings, 5% marks, in markets of at most 50
    positions. The reference is a plain Python loop over the same lines in the same run: parse, write
    canonically, chain with SHA-256.

    Exit codes: 0 measured, whether or not a needed ratio is reached; 2 wrong usage.
    """
    if sets_up:
        refuse_parameters(context, ["events", "repeats", "accounts", "largest", "plots"], "has no effect with --setup")
    elif largest is not None:
        refuse_parameters(context, ["events", "repeats", "accounts"], "has no effect with --fast")
    else:
        refuse_parameters(context, ["plots", "environments"], "needs --fast")
    if sets_up or largest is not None:
        need_fast_engine()
        measure_engine(None if sets_up else largest, environments, plots, as_json=as_json)
        return
    with tempfile.TemporaryDirectory() as folder:
        measured = [measure(size, events, repeats, Path(folder)) for size in accounts or SIZES]
    for text in json_lines(measured) if as_json else plain_lines(measured):
        click.echo(text)


def measure_engine(largest: int | None, environments: Path, plots: Path | None, *, as_json: bool) -> None:
    """Set up the peers, or measure the optimized engine beside those that are set up."""
    from marginspec_tools.bench.engine import measured
    from marginspec_tools.bench.peers_setup import PEERS, opened_peer, python_of, set_up

    if largest is None:
        set_up(environments)
        return
    draw = drawing(plots) if plots else None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ready = [name for name in PEERS if python_of(name, environments).exists()]
        peers = {name: stack.enter_context(opened_peer(name, environments)) for name in ready}
        found = []
        for one in measured(largest, peers, folder):
            click.echo(msgspec.json.encode({"bench": 4, **one.fields()}).decode() if as_json else one.plain())
            found.append(one)
    if draw is not None:
        draw(found)


def drawing(folder: Path) -> "Callable[[list[Measured]], None]":
    """What draws to a folder; refuses what cannot be drawn or written before anything is measured."""
    from marginspec_tools.bench.plots import write_plots

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    return lambda found: write_plots(found, folder)


def json_lines(measured: list[ReplayCost]) -> Iterator[str]:
    """The figures for programs."""
    for one in measured:
        line: dict[str, Any] = {
            "bench": 1,
            "accounts": one.accounts,
            "events": one.events,
            "events_per_s": round(one.events_per_s),
            "times_reference": round(one.ratio, 2),
            "times_first_size": round(one.ratio / measured[0].ratio, 2),
        }
        yield msgspec.json.encode(line).decode()


def plain_lines(measured: list[ReplayCost]) -> Iterator[str]:
    """The figures for people."""
    yield "Replay by the specification: reading, rules, receipts and hash, in processor time of one core."
    for one in measured:
        rate = f"{one.events_per_s:,.0f} events/s"
        yield f"{one.accounts:>7,} accounts: {rate}, {one.ratio:.1f} times the reference loop's time"
    first = measured[0]
    for one in measured[1:]:
        growth = one.ratio / first.ratio
        yield f"Cost of an event at {one.accounts:,} accounts: {growth:.2f} times that at {first.accounts:,}."
    yield "Reference loop: parse each line with json, write it canonically, chain it with SHA-256."
