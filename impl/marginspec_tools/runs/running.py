"""Running a journal through an engine, event by event: the loop that replay, audit and explain share."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, NoReturn

import attrs
import click

from marginspec.model.effects import Receipt
from marginspec.model.state import Header, State
from marginspec_audit import Transition
from marginspec_journal import InputError, Journal, Record, open_journal
from marginspec_journal.chain import ChainedReceipt, ReceiptChain
from marginspec_journal.header import header_object
from marginspec_journal.states import OpenedState, opening, read_state
from marginspec_tools.console import EngineCrash
from marginspec_tools.runs.engines import need_fast_engine, opened_engine

start_option = click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path),
    metavar="STATE",
    help="Start from this state, not from an empty exchange.",
)

FIRST_REJECTIONS = 10


class Rejection(NamedTuple):
    """An event that was rejected: its line (of Parquet, its row), and why."""

    line: int
    reason: str


class Step(NamedTuple):
    """One event of a run: its number, its record, the transition, and its receipt in the chain."""

    number: int
    record: Record
    transition: Transition
    chained: ChainedReceipt


class Totals(NamedTuple):
    """How many events led to where a run stands, accepted and rejected, and the chain's hash after them."""

    events: int
    accepted: int
    rejected: int
    hash: str


@attrs.frozen
class RunSoFar:
    """Where a run stands: what it needs to go on."""

    reached: OpenedState
    reasons: Counter[str]
    first_rejections: list[Rejection]


class Run:
    """A journal that is run from an empty exchange, or from a state; iterate over it once for its steps.

    `prepared` may change the state that it starts from. `is_followed` says that its states follow from the
    receipts, and that it has each event answered twice.
    """

    is_followed = False

    def __init__(
        self,
        journal: Path,
        start: Path | None = None,
        engine: str = "spec",
        prepared: Callable[[OpenedState], OpenedState] = lambda opened: opened,
    ) -> None:
        if engine == "fast":
            need_fast_engine()
        self.engine_name = engine
        self.journal, opened = opened_run(journal, start)
        self.start = prepared(opened)
        self.state = self.start.state
        self.chain: ReceiptChain = self.start.chain()
        self.accepted = self.start.accepted
        self.reasons: Counter[str] = Counter()
        self.first_rejections: list[Rejection] = []

    @property
    def rejected(self) -> int:
        """How many events were rejected, those before the start included."""
        return self.start.rejected + self.reasons.total()

    def __iter__(self) -> Iterator[Step]:
        engine = opened_engine(self.engine_name, self.state)
        for record in self.records():
            try:
                receipt = engine.apply(record.event)
            except Exception as error:
                self._crashed(record, error)
            yield self.taken(record, receipt, engine.state())

    def records(self) -> Iterator[Record]:
        """The events that are still to be run."""
        passed = self.chain.events - self.start.events
        return islice(self.journal, passed - self.journal.skip(passed), None)

    def so_far(self) -> RunSoFar:
        """What is needed to go on from here."""
        return RunSoFar(self.reached(), self.reasons, self.first_rejections)

    def go_on_from(self, kept: RunSoFar) -> None:
        """Go on, before the first step, from where a run of the same journal and start stood."""
        self.state, self.accepted, self.chain = kept.reached.state, kept.reached.accepted, kept.reached.chain()
        self.reasons, self.first_rejections = kept.reasons, kept.first_rejections

    def taken(self, record: Record, receipt: Receipt, after: State) -> Step:
        """Go on to the state after an event, and count its receipt and chain it."""
        before, self.state = self.state, after
        if receipt.rejected is None:
            self.accepted += 1
        else:
            self._reject(record.line, receipt.rejected.value)
        chained = self.chain.append(record.event, receipt)
        return Step(self.chain.events, record, Transition(before, record.event, receipt, after), chained)

    def _reject(self, line: int, reason: str) -> None:
        self.reasons[reason] += 1
        if len(self.first_rejections) < FIRST_REJECTIONS:
            self.first_rejections.append(Rejection(line, reason))

    def _crashed(self, record: Record, error: Exception) -> NoReturn:
        reason = f"the engine {self.engine_name} crashed on this event; please report it as a bug"
        raise EngineCrash(f"{self.journal.name}:{record.line}: {reason}") from error

    def totals(self) -> Totals:
        """The counts, those before the start included, and the hash."""
        return Totals(self.chain.events, self.accepted, self.rejected, self.chain.hash)

    def reached(self) -> OpenedState:
        """The state after the steps so far, with its counts and the chain's hash."""
        return OpenedState(self.state, self.chain.events, self.accepted, self.rejected, self.chain.hash)


def run_by_steps(
    engine: str,
    journal: Path,
    start: Path | None,
    prepared: Callable[[OpenedState], OpenedState],
    sample: int,
    whole: int | None = None,
) -> Run:
    """The run of an engine for who asks for a state after every event; the optimized one's follow from its receipts.

    What `sample` and `whole` are, see FollowedRun.
    """
    if engine == "spec":
        return Run(journal, start, engine, prepared)
    need_fast_engine()
    from marginspec_tools.runs.followed_run import EVENTS_AT_ONCE, FollowedRun

    return FollowedRun(journal, start, prepared, sample, whole or EVENTS_AT_ONCE)


def opened_run(journal: Path, start: Path | None) -> tuple[Journal, OpenedState]:
    """A journal, and the state that its run starts from: the one in a file, or that of an empty exchange."""
    source = open_journal(journal)
    if start is None:
        return source, opening(State(header=source.header))
    opened = read_state(start)
    check_headers(source, opened.state.header, start)
    return source, opened


def check_headers(journal: Journal, of_state: Header, start: Path) -> None:
    """Refuse a journal whose header is not that of the state it goes on from; names what differs."""
    own, other = header_object(journal.header), header_object(of_state)
    for field in own:
        if own[field] != other[field]:
            raise InputError(journal.name, 1, field, f"differs from that of the state {start}")
