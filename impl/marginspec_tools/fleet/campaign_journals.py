"""The journals of a campaign: each simulated on the specification, run by the optimized engine, and compared."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec_engine.batches.event_columns import rows_of_events
from marginspec_engine.batches.running import BatchRun
from marginspec_journal.chain import ReceiptChain
from marginspec_journal.states import opening
from marginspec_tools.fleet.campaign import TALLIED
from marginspec_tools.fleet.shards import Line
from marginspec_tools.runs import (
    Amounts,
    Broken,
    Tally,
    amounts_if_filled_at_mark,
    broken_by,
    broken_in,
    broken_object,
    texts_of_amounts,
)
from marginspec_tools.simulate import Parameters, Venue, run_venue

EVENTS_AT_ONCE = 10_000
MOST_FINDINGS = 20


class SimulatedJournal:
    """A journal that is made and run to its end, once, for its line.

    The venue is simulated on the specification, whose receipts cost little more then; so every receipt and the
    state at the end of the optimized engine are compared with it. `checking` checks every event, too.
    """

    def __init__(self, parameters: Parameters, *, checking: bool) -> None:
        self._venue = Venue(parameters)
        self._chain = ReceiptChain(parameters.header)
        self._run = BatchRun(opening(State(header=parameters.header)))
        self._run.want_lines(True)
        self._tally = Tally(self._run)
        self._checking = checking
        self._broken: list[Line] = []
        self._diverged: list[Line] = []

    def line(self, index: int) -> Line:
        """What came of the journal."""
        simulated = self._simulated()
        while batch := list(islice(simulated, EVENTS_AT_ONCE)):
            self._take(batch)
        self._compare_end(self._run.engine.state())
        accepted = self._run.accepted()
        return {
            "journal": index,
            "seed": self._venue.parameters.seed,
            "events": self._run.events,
            "accepted": accepted,
            "rejected": self._run.events - accepted,
            **{name: self._tally.counts[name] for name in TALLIED},
            "amounts": texts_of_amounts(self._venue.parameters.header, *self._amounts()),
            "invariants": "broken" if self._broken else "hold",
            "engines": "differ" if self._diverged else "agree",
            "findings": [*self._diverged, *self._broken],
            "hash": self._run.hash,
        }

    def _simulated(self) -> Iterator[tuple[Event, bytes]]:
        """The events, each with the line of its receipt by the specification."""
        for taken in run_venue(self._venue):
            chained = self._chain.append(taken.event, taken.receipt)
            if self._checking:
                number = self._chain.events
                self._break(broken_by(taken, number, number + 1))
            yield taken.event, chained.line() + b"\n"

    def _take(self, batch: list[tuple[Event, bytes]]) -> None:
        """Have the optimized engine take events, and compare their receipts."""
        passed = self._run.events
        rows = rows_of_events(self._run.engine.tables, [event for event, _ in batch])
        found = self._run.take(rows).splitlines(keepends=True)
        self._tally.count()
        for number, (line, (_, expected)) in enumerate(zip(found, batch, strict=True), start=passed + 1):
            if line != expected:
                self._diverge("receipt", number)
                break

    def _compare_end(self, state: State) -> None:
        """Compare the states at the end, and check that of the optimized engine, unless its equal was checked."""
        last = self._run.events
        differs = state != self._venue.state
        if differs:
            self._diverge("state", last)
        if differs or not self._checking:
            self._break(broken_in(state, last, last + 1))

    def _break(self, found: Iterable[Broken]) -> None:
        """Keep what is broken, but no more than is printed."""
        self._broken += map(broken_object, islice(found, MOST_FINDINGS - len(self._broken)))

    def _diverge(self, what: str, number: int) -> None:
        """Keep the first divergence: all receipts after it have another hash in any case."""
        if not self._diverged:
            self._diverged.append({"diverged": what, "seq": number, "line": number + 1})

    def _amounts(self) -> Iterator[Amounts]:
        """What was paid until the end, and what would be if all lots that are left were filled at mark."""
        peaks = {asset: Counter(uncovered_peak=peak) for asset, peak in self._tally.uncovered_peaks.items()}
        yield from (self._tally.amounts, peaks, amounts_if_filled_at_mark(self._run))
