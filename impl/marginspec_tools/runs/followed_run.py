"""Running a journal through the optimized engine with a state after every event: many events at a time, twice.

The engine takes batches and writes no state; the states between follow from the receipts. What is believed of that is
checked all along: the receipts that are given are chained anew, and the hash must be the engine's own; a second run of
the same engine, from the same state on, must come to the same hash; and every so many events, and at the end, the
state that was followed must be the one that the engine writes.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NoReturn

from marginspec.model.effects import Effect, FeesUpdated, LimitsUpdated, MarketListed, Receipt, TiersUpdated
from marginspec.model.events import Event, ListMarket, UpdateFees, UpdateLimits, UpdateTiers
from marginspec_engine.batches.event_columns import EventRows, rows_of_events
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.memory.copying import copied_run, words_of_run
from marginspec_journal import Record
from marginspec_journal.states import OpenedState
from marginspec_tools.console import EngineCrash
from marginspec_tools.runs.collected_receipts import CollectedReceipts
from marginspec_tools.runs.following import followed
from marginspec_tools.runs.running import Run, Step

EVENTS_AT_ONCE = 10_000
OF_MARKETS = (ListMarket, UpdateTiers, UpdateFees, UpdateLimits)
"""The events that the engine does not take in batches: their own effect holds tables."""


class FollowedRun(Run):
    """A journal that is run by the optimized engine; iterate once, for the same steps as any run has.

    The state is compared with the engine's after every event whose number `sample` divides, and after the last. All
    that was taken is compared by the events whose number `whole` divides.
    """

    is_followed = True

    def __init__(
        self,
        journal: Path,
        start: Path | None = None,
        prepared: Callable[[OpenedState], OpenedState] = lambda opened: opened,
        sample: int = 1,
        whole: int = EVENTS_AT_ONCE,
    ) -> None:
        super().__init__(journal, start, "fast", prepared)
        self._sample, self._whole = sample, whole

    def __iter__(self) -> Iterator[Step]:
        first = Receipts(self.reached())
        second = run_beside(first.run, self.reached())
        records = self.records()
        while taken := list(islice(records, self._until_whole())):
            events = [record.event for record in taken]
            receipts, crash = first.of(events)
            for record, receipt in zip(taken, receipts, strict=False):
                step = self._followed(record, receipt)
                if record is taken[-1]:
                    # Before it is passed on: whoever keeps how far the run is may do so there.
                    second.take(rows_of_events(second.engine.tables, events))
                    self._compare(first.run, second, record)
                yield step
            if crash is not None:
                self._crashed(taken[len(receipts)], crash)
        if self.chain.events % self._sample:
            self._compare_state(first.run, self.journal.name)

    def _until_whole(self) -> int:
        """How many events are taken at once from here."""
        return min(one - self.chain.events % one for one in (EVENTS_AT_ONCE, self._sample, self._whole))

    def _followed(self, record: Record, receipt: Receipt) -> Step:
        try:
            after = followed(self.state, receipt)
        except (AssertionError, LookupError) as error:
            self._fail(self._place(record), "a receipt that does not follow from the state before it", error)
        return self.taken(record, receipt, after)

    def _compare(self, first: BatchRun, second: BatchRun, last: Record) -> None:
        if first.hash != self.chain.hash:
            self._fail(self._place(last), f"receipts of which the hash is {self.chain.hash}, not {first.hash}")
        if second.hash != first.hash:
            self._fail(self._place(last), f"other receipts the second time, of hash {second.hash}, not {first.hash}")
        if self.chain.events % self._sample == 0:
            self._compare_state(first, self._place(last))

    def _compare_state(self, run: BatchRun, place: str) -> None:
        if not run.engine.is_in(self.state):
            self._fail(place, "receipts from which another state follows than it has")

    def _place(self, record: Record) -> str:
        return f"{self.journal.name}:{record.line}"

    def _fail(self, place: str, what: str, because: Exception | None = None) -> NoReturn:
        raise EngineCrash(f"{place}: the engine fast gave {what}; please report it as a bug") from because


def run_beside(run: BatchRun, opened: OpenedState) -> BatchRun:
    """A second run from where one begins, with memory and names of its own: making it of a large state takes longer."""
    tables = run.engine.tables
    # What is copied does not know that ranks are still to be given.
    tables.rank()
    beside = copied_run(words_of_run(run), tables, opened)
    own = beside.engine.tables
    own.accounts, own.assets, own.orders = (one.copied() for one in (tables.accounts, tables.assets, tables.orders))
    return beside


class Receipts:
    """A run of the optimized engine that gives the receipts of events."""

    def __init__(self, opened: OpenedState) -> None:
        self.run = BatchRun(opened)
        self.run.want_effects()
        self._collected = CollectedReceipts(self.run.engine.tables)

    def of(self, events: list[Event]) -> tuple[list[Receipt], Exception | None]:
        """The receipts of events, and what the engine raised at the one after them, if it did."""
        receipts: list[Receipt] = []
        rows = rows_of_events(self.run.engine.tables, events)
        place = 0
        while place < len(events):
            # An event that changes a market's tables is taken alone, for these are only there right after it.
            alone = min(rows.uncompiled, default=len(events) - place)
            many = rows.until(max(1, alone))
            begun, crash = self.run.events, self._take(many)
            answered = self._collected.receipts(self.run.collected(), begun, self.run.events)
            if alone == 0 and answered and answered[0].rejected is None:
                answered = [Receipt(None, (self._of_market(events[place]), *answered[0].effects))]
            receipts += answered
            if crash is not None:
                return receipts, crash
            place, rows = place + len(many.words), rows.behind(len(many.words))
        return receipts, None

    def _take(self, rows: EventRows) -> Exception | None:
        try:
            self.run.take(rows)
        except Exception as error:
            # Whatever the engine trips over: the events before it have their receipts.
            return error
        return None

    def _of_market(self, event: Event) -> Effect:
        """The own effect of an event that changed a market's tables."""
        assert isinstance(event, OF_MARKETS)
        market = next(one for one in self.run.engine.markets() if one.id == event.market)
        match event:
            case ListMarket():
                return MarketListed(market)
            case UpdateTiers():
                return TiersUpdated(market.id, market.tiers)
            case UpdateFees():
                return FeesUpdated(market.id, market.fees)
            case UpdateLimits():
                return LimitsUpdated(market.id, market.limits)
