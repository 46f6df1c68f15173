"""Running a journal through an engine: the loop that replay, audit and explain share."""

import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import click

from marginspec.engine import Engine
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec.transition import SpecificationEngine
from marginspec_audit import Transition, Violation, check_state
from marginspec_journal import InputError, Journal, Record, open_journal
from marginspec_journal.canonical import header_object
from marginspec_journal.chain import ChainedReceipt, ReceiptChain
from marginspec_journal.states import OpenedState, opening, read_state

ENGINES = ("spec", "fast")

engine_option = click.option(
    "--engine", type=click.Choice(ENGINES), default="spec", show_default=True, help="Which engine runs."
)
any_engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=None,
    help="Which engine runs.  [default: fast, if its extra is installed; spec with --check]",
)
start_option = click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path),
    metavar="STATE",
    help="Start from this state, not from an empty exchange.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print lines of JSON.")


class EngineCrash(Exception):  # noqa: N818 - the cause holds the error
    """An engine failed on an event that it should have accepted or rejected: a bug of the engine."""


class BrokenInvariant(Exception):  # noqa: N818 - not an error of the input
    """A state that something is to follow from breaks an invariant."""


def check_start(name: str, state: State) -> None:
    """Refuse a state that breaks an invariant, as `replay --from` does: what follows from it need not hold either."""
    for one in check_state(state):
        raise BrokenInvariant(f"{name}: {one.invariant} is broken: {one.what}, {one.where}")


class WrongAnswer(Exception):  # noqa: N818 - not an error of the input
    """What another process or machine answered is not an answer to what it was asked."""


class Divergence(Exception):  # noqa: N818 - not an error of the input: what should be equal is not
    """Two accounts of the same events differ."""


class Step(NamedTuple):
    """One event of a run: its number, its record, the transition, and its receipt in the chain."""

    number: int
    record: Record
    taken: Transition
    chained: ChainedReceipt


class Totals(NamedTuple):
    """How many events led to where a run stands, accepted and rejected, and the chain's hash after them."""

    events: int
    accepted: int
    rejected: int
    hash: str


class Run:
    """A journal that is run from an empty exchange, or from a state; iterate over it once for its steps."""

    def __init__(self, journal: Path, start: Path | None = None, engine: str = "spec") -> None:
        self.engine_name = engine
        self.journal: Journal = open_journal(journal)
        self.start: OpenedState = opening(State(header=self.journal.header))
        if start is not None:
            self.start = read_state(start)
            check_headers(self.journal, self.start.state.header, start)
        self._engine = opened_engine(engine, self.start.state)
        self.state = self.start.state
        self.chain: ReceiptChain = self.start.chain()
        self.accepted = self.start.accepted
        self.reasons: Counter[str] = Counter()

    @property
    def rejected(self) -> int:
        """How many events were rejected, those before the start included."""
        return self.start.rejected + self.reasons.total()

    def __iter__(self) -> Iterator[Step]:
        for record in self.journal:
            before = self.state
            receipt = self._applied(record.event, record.line)
            self.state = self._engine.state()
            if receipt.rejected is None:
                self.accepted += 1
            else:
                self.reasons[receipt.rejected.value] += 1
            chained = self.chain.append(record.event, receipt)
            yield Step(self.chain.events, record, Transition(before, record.event, receipt, self.state), chained)

    def _applied(self, event: Event, line: int) -> Receipt:
        try:
            return self._engine.apply(event)
        except Exception as error:
            reason = f"the engine {self.engine_name} crashed on this event; please report it as a bug"
            raise EngineCrash(f"{self.journal.name}:{line}: {reason}") from error

    def broken_at_start(self) -> tuple[Violation, ...]:
        """What the state that the run starts from breaks."""
        return check_state(self.start.state)

    def totals(self) -> Totals:
        """The counts, those before the start included, and the hash."""
        return Totals(self.chain.events, self.accepted, self.rejected, self.chain.hash)

    def reached(self) -> OpenedState:
        """The state after the steps so far, with its counts and the chain's hash."""
        return OpenedState(self.state, self.chain.events, self.accepted, self.rejected, self.chain.hash)


def opened_engine(name: str, state: State) -> Engine:
    """An engine that goes on from a state."""
    if name == "spec":
        return SpecificationEngine(state)
    need_fast_engine()
    from marginspec_engine.engine import OptimizedEngine

    return OptimizedEngine(state)


def has_fast_engine() -> bool:
    """Whether what the optimized engine needs is here: its extras, and a C library that Python's process shares."""
    installed = all(find_spec(package) is not None for package in ("numba", "numpy", "pyarrow"))
    return installed and os.name == "posix"


def need_fast_engine() -> None:
    """Refuse the optimized engine where it cannot run, and have this process tell when it waits for the compiler."""
    check_fast_engine()
    announce_compiling()


def check_fast_engine() -> None:
    """Refuse the optimized engine where it cannot run."""
    if not has_fast_engine():
        reason = "the engine fast needs Linux or macOS, and extras: pip install 'marginspec[fast,parquet]'"
        raise click.BadParameter(reason, param_hint="--engine")


def announce_compiling() -> None:
    """Have this process tell when it waits for the compiler."""
    from marginspec_engine.numba.compiling import BEFORE_COMPILING

    if not BEFORE_COMPILING:
        BEFORE_COMPILING.append(cache(tell_of_compiling))


def tell_of_compiling() -> None:
    """Say on stderr why nothing happens for a while."""
    click.echo("compiling the optimized engine, once on this machine: this takes a minute or two", err=True)


def check_headers(journal: Journal, of_state: Header, start: Path) -> None:
    """Refuse a journal whose header is not that of the state it goes on from; names what differs."""
    own, other = header_object(journal.header), header_object(of_state)
    for field in own:
        if own[field] != other[field]:
            raise InputError(journal.name, 1, field, f"differs from that of the state {start}")
