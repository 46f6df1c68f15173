"""Running a journal through the specification: the loop that replay, audit, explain and bench share."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs

from marginspec.invariants import Transition, Violation, check_state
from marginspec.state import State
from marginspec.transition import apply
from marginspec_journal import InputError, Record, open_journal
from marginspec_journal.chain import ChainedReceipt, ReceiptChain
from marginspec_journal.states import OpenedState, opening, read_state

ENGINES = ("spec", "fast")


@attrs.frozen
class Step:
    """One event of a run: its number, its record, the transition, and its receipt in the chain."""

    number: int
    record: Record
    taken: Transition
    chained: ChainedReceipt


class Run:
    """A journal that is run from an empty exchange, or from a state; iterate over it once for its steps."""

    def __init__(self, journal: Path, start: Path | None = None) -> None:
        self.journal = open_journal(journal)
        self.start: OpenedState = opening(State(header=self.journal.header))
        if start is not None:
            self.start = read_state(start)
            if self.start.state.header != self.journal.header:
                raise InputError(str(journal), 1, None, f"the header differs from that of {start}")
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
            self.state, receipt = apply(before, record.event)
            if receipt.rejected is None:
                self.accepted += 1
            else:
                self.reasons[receipt.rejected.value] += 1
            chained = self.chain.append(record.event, receipt)
            yield Step(self.chain.events, record, Transition(before, record.event, receipt, self.state), chained)

    def broken_at_start(self) -> tuple[Violation, ...]:
        """What the state that the run starts from breaks."""
        return check_state(self.start.state)

    def reached(self) -> OpenedState:
        """The state after the steps so far, with its counts and the chain's hash."""
        return OpenedState(self.state, self.chain.events, self.accepted, self.rejected, self.chain.hash)
