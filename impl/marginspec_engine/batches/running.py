"""Many events at once: rows of words in, the chain's hash, counts and the lines of receipts out."""

from collections import Counter
from typing import Any

import numpy as np

from marginspec.model.effects import Receipt
from marginspec.model.events import Event, ListMarket, UpdateFees, UpdateLimits, UpdateTiers
from marginspec_engine import layout
from marginspec_engine.batches.event_columns import EventRows
from marginspec_engine.batches.loop import ALL_EFFECTS, REJECTIONS
from marginspec_engine.batches.receipt_columns import ReceiptColumns
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.layout import NONE, USED
from marginspec_engine.layout.reasons import ACCEPTED, REASONS
from marginspec_engine.memory import words as memory
from marginspec_engine.memory.python_words import Words64, vector_of, words_of
from marginspec_engine.numba.door import COLLECT, PUBLISH, RUN_ROWS
from marginspec_journal.canonical import canonical_json
from marginspec_journal.chain import ChainedReceipt, next_hash
from marginspec_journal.digits import Digits
from marginspec_journal.events import event_hash
from marginspec_journal.receipts import receipt_object
from marginspec_journal.states import OpenedState

HASH_WORDS = 4
UNCOMPILED: dict[type, int] = {
    ListMarket: layout.MARKET_LISTED,
    UpdateTiers: layout.TIERS_UPDATED,
    UpdateFees: layout.FEES_UPDATED,
    UpdateLimits: layout.LIMITS_UPDATED,
}
"""The kind of effect of each class of events that is not compiled."""


class BatchRun:
    """A run that goes on from a state, many events at a time."""

    def __init__(self, opened: OpenedState) -> None:
        self.engine = OptimizedEngine(opened.state)
        self.accepted_before, self.events_before = opened.accepted, opened.events
        self._book = self.engine.tables.book
        self._book[layout.WRITTEN] = opened.events
        self._set_hash(bytes.fromhex(opened.hash))
        self._digits = Digits(opened.state.header)
        self.know_markets()
        self._lines: list[bytes] = []
        self._columns: ReceiptColumns | None = None

    def count_from(self, events_before: int, accepted_before: int, reasons: Counter[str]) -> None:
        """Count as a run does that began earlier: with so many rejected for each reason since, the rest accepted."""
        accepted = self.events - events_before - reasons.total()
        self.events_before, self.accepted_before = events_before, accepted_before
        counts = [accepted, *(reasons[str(reason)] for reason in REASONS if reason)]
        self._book[layout.COUNTS : layout.COUNTS + len(REASONS)] = counts

    def want_effects(self) -> None:
        """Have the effects of every event kept for `effects`."""
        self._columns = ReceiptColumns(self.engine.tables)
        self._book[layout.WANTS_EFFECTS] = ALL_EFFECTS

    def want_rejections(self) -> None:
        """Have the rejections kept for `collected`, and no effects, which cost memory by the event."""
        self._book[layout.WANTS_EFFECTS] = self._book[layout.WANTS_EFFECTS] or REJECTIONS

    def effects(self) -> Any:
        """The effects of the events taken since the last call, as a table."""
        assert self._columns is not None, "effects were not wanted"
        return self._columns.table(self.collected())

    def collected(self) -> Words64:
        """The effects of the events taken since the last call, as rows of words."""
        rows = vector_of(self._book, layout.COLLECTED).reshape(-1, layout.EFFECT_ROW).copy()
        self._book[layout.COLLECTED + USED] = 0
        return rows

    def want_lines(self, wanted: bool) -> None:
        """Have the lines of receipts made, or not."""
        self._book[layout.WANTS_LINES] = wanted

    def know_markets(self) -> None:
        """Take down the decimals of all markets that are listed."""
        for market in self.engine.markets():
            self._digits.add_market(market)

    @property
    def hash(self) -> str:
        """The chain's hash after the events so far, in hexadecimal."""
        return self._hash().hex()

    @property
    def events(self) -> int:
        """How many events have their receipt in the chain, those before the start included."""
        return int(self._book[layout.WRITTEN])

    def reasons(self) -> Counter[str]:
        """How many events were rejected for each reason."""
        counts = self._book[layout.COUNTS : layout.COUNTS + len(REASONS)].tolist()
        return Counter({str(reason): count for reason, count in zip(REASONS, counts, strict=True) if reason and count})

    def accepted(self) -> int:
        """How many events were accepted."""
        return int(self._book[layout.COUNTS + ACCEPTED])

    def reached(self) -> OpenedState:
        """The state after the events so far, with its counts and the chain's hash."""
        accepted = self.accepted_before + self.accepted()
        return OpenedState(self.engine.state(), self.events, accepted, self.events - accepted, self.hash)

    def take(self, rows: EventRows) -> bytes:
        """Take events; gives the lines of their receipts, if they are wanted."""
        words = np.ascontiguousarray(rows.words)
        place, count = 0, len(words)
        while place < count:
            place = self.engine.enter(RUN_ROWS, words.ctypes.data, place, count)
            if place < count:
                self._take_alone(rows.uncompiled.get(place))
                place += 1
        self._collect_lines()
        lines = b"".join(self._lines)
        self._lines.clear()
        return lines

    def _take_alone(self, event: Event | None) -> None:
        """Take the event that compiled code stopped at: one that it does not know, or one of wide integers."""
        if event is None:
            reason = self.engine.apply_widely()
            self.engine.enter(PUBLISH, reason)
        else:
            self._collect_lines()
            self._chain(event, self.engine.apply(event))

    def _chain(self, event: Event, receipt: Receipt) -> None:
        """Take the chain on by the receipt of an event that is not compiled."""
        if isinstance(event, ListMarket):
            self._digits.add_listed(receipt)
        number, stated = self.events + 1, event_hash(event)
        canonical = canonical_json(receipt_object(receipt, stated, number, self._digits))
        self._set_hash(next_hash(self._hash(), canonical))
        self._book[layout.WRITTEN] = number
        self._book[layout.COUNTS + REASONS.index(receipt.rejected)] += 1
        wanted = self._book[layout.WANTS_EFFECTS]
        if wanted == ALL_EFFECTS or (wanted == REJECTIONS and receipt.rejected is not None):
            self._collect(event, receipt)
        if self._book[layout.WANTS_LINES]:
            self._lines.append(ChainedReceipt(canonical, stated, self.hash).line() + b"\n")

    def _collect(self, event: Event, receipt: Receipt) -> None:
        """Keep the effects of an event that is not compiled: its own, then those of its settlement."""
        if receipt.rejected is None and isinstance(event, ListMarket | UpdateTiers | UpdateFees | UpdateLimits):
            tables = self.engine.tables
            for word in (
                self.events,
                UNCOMPILED[type(event)],
                tables.market(event.market),
                *((layout.EFFECT_ROW - 3) * (NONE,)),
            ):
                memory.push(tables.words, memory.at(tables.words, layout.COLLECTED), word)
        self.engine.enter(COLLECT, REASONS.index(receipt.rejected))

    def _collect_lines(self) -> None:
        used = int(self._book[layout.LINES + USED])
        if used:
            words = words_of(int(self._book[layout.LINES]), -(-used // layout.WORD_BYTES))
            self._lines.append(words.view(np.uint8)[:used].tobytes())
            self._book[layout.LINES + USED] = 0

    def _hash(self) -> bytes:
        return self._book[layout.CHAIN : layout.CHAIN + HASH_WORDS].tobytes()

    def _set_hash(self, chained: bytes) -> None:
        self._book[layout.CHAIN : layout.CHAIN + HASH_WORDS] = np.frombuffer(chained, np.int64)
