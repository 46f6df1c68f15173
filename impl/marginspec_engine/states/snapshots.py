"""Snapshots: what a run needs to go on after a kill, as one file that is whole or refused.

A file is a line of JSON, then the rows of the tables that hold the state, compressed, then the SHA-256 of both.
It is for the same version of the engine only; a state file is for everybody.

It is bound to what it was made of: it states the SHA-256 of the journal so far and of the state that the run started
from. No index is kept, and no row is believed: the state that the rows make is read as a state file is, and a run that
goes on makes its tables anew from it, so that nothing in a file decides what memory is touched.
"""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple

import attrs
import msgspec
import numpy as np
import zstandard

from marginspec import RULEBOOK_VERSION
from marginspec.model.rejections import Reason
from marginspec_engine import layout
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout import WORD_BYTES
from marginspec_engine.memory.names import Names
from marginspec_engine.memory.python_words import Words64, allocated, vector_of, words_of
from marginspec_engine.memory.tables import MARKET_VECTORS, TEXTS_OF, Tables
from marginspec_engine.numba.keeping import SOURCES
from marginspec_engine.states.writing import StateWriter
from marginspec_journal import InputError
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.header import header_object, header_of
from marginspec_journal.limits import SNAPSHOT_BYTES, UNPACKED_RATIO
from marginspec_journal.states import OpenedState, state_in, state_text
from marginspec_journal.strict_json import Node, parse_document
from marginspec_journal.whole_files import read_whole

SNAPSHOT_VERSION = 2
DIGEST_BYTES = 32
LAYOUT = SOURCES
"""Which layout the rows are in: that of the text of the engine and of the rulebook's model."""
TABLES = (
    (layout.ASSETS, layout.ASSET_ROW),
    (layout.MARKETS, layout.MARKET_ROW),
    (layout.ACCOUNTS, layout.ACCOUNT),
    (layout.DOMAINS, layout.DOMAIN_ROW),
    (layout.POSITIONS, layout.POSITION),
    (layout.ORDERS, layout.ORDER),
    (layout.LOTS, layout.LOT),
)
"""The tables that are kept, with the width of their rows; the slots of the settings' map come behind them."""
MARKETS_PLACE = 1
SLOT = 2
MOST_DECIMALS = 8
VERSIONS = {"snapshot": SNAPSHOT_VERSION, "rulebook": RULEBOOK_VERSION, "layout": LAYOUT}
FIELDS = (
    *VERSIONS,
    "journal",
    "start",
    "header",
    "names",
    "rows",
    "next_lot",
    "events_before",
    "accepted_before",
    "accepted",
    "reasons",
    "hash",
)


class Origin(NamedTuple):
    """What a snapshot was made of: SHA-256 of the journal so far, and of the text of the state it was run from."""

    journal: str
    start: str


@attrs.frozen
class Snapshot:
    """Where a run stands: the state it has reached, what it was made of, and what it has counted since its start."""

    opened: OpenedState
    origin: Origin
    events_before: int
    accepted_before: int
    reasons: Counter[str]

    @property
    def passed(self) -> int:
        """How many events of the journal led here."""
        return self.opened.events - self.events_before

    def run(self) -> BatchRun:
        """The run that goes on from here, with counts from its start on."""
        run = BatchRun(self.opened)
        run.count_from(self.events_before, self.accepted_before, self.reasons)
        return run


def write_snapshot(path: Path, run: BatchRun, origin: Origin) -> None:
    """Write a run, whole or not at all."""
    tables = run.engine.tables
    kept = [vector_of(tables.book, table) for table, _ in TABLES]
    kept[MARKETS_PLACE] = without_addresses(kept[MARKETS_PLACE])
    kept.append(
        words_of(int(tables.book[layout.SETTING_MAP]), SLOT * int(tables.book[layout.SETTING_MAP + layout.SLOTS]))
    )
    stated = {
        **VERSIONS,
        **origin._asdict(),
        "header": header_object(tables.header),
        "names": {of: tables.names(of).texts for of in TEXTS_OF},
        "rows": [len(words) // width for words, width in zip(kept, widths(), strict=True)],
        "next_lot": int(tables.book[layout.NEXT_LOT]),
        "events_before": run.events_before,
        "accepted_before": run.accepted_before,
        "accepted": run.accepted(),
        "reasons": dict(run.reasons()),
        "hash": run.hash,
    }
    packed = zstandard.ZstdCompressor(level=1).compress(b"".join(words.tobytes() for words in kept))
    text = msgspec.json.encode(stated) + b"\n" + packed
    with atomic_writer(path) as stream:
        stream.write(text)
        stream.write(sha256(text).digest())


def without_addresses(markets: Words64) -> Words64:
    """Markets' rows without what they reach: an address is of one process."""
    rows = markets.reshape(-1, layout.MARKET_ROW).copy()
    for vector in MARKET_VECTORS:
        rows[:, vector : vector + layout.VECTOR] = 0
    return rows.ravel()


def widths() -> Iterator[int]:
    """The widths of the rows, in the order in which they stand."""
    yield from (width for _, width in TABLES)
    yield SLOT


def read_snapshot(path: Path) -> Snapshot:
    """What a snapshot holds; InputError if it is damaged, of another version, or holds what no state file may."""
    text = read_whole(path, SNAPSHOT_BYTES)
    body, digest = text[:-DIGEST_BYTES], text[-DIGEST_BYTES:]
    if sha256(body).digest() != digest:
        raise InputError(str(path), None, None, "not a snapshot, or damaged: its checksum differs")
    head, _, packed = body.partition(b"\n")
    root = parse_document(head, str(path))
    for field, expected in VERSIONS.items():
        found = root.member(field)
        if found.value != expected:
            found.fail(f"of another version: {found.shown()}, not {expected}")
    return snapshot_of(root.record(FIELDS), packed)


def snapshot_of(fields: dict[str, Node], packed: bytes) -> Snapshot:
    """The snapshot of a head's fields and the packed rows behind it."""
    counted = ("next_lot", "events_before", "accepted_before", "accepted")
    next_lot, events_before, accepted_before, accepted = (fields[name].integer(least=0) for name in counted)
    if accepted_before > events_before:
        fields["accepted_before"].fail(f"more than the {events_before} events before")
    reasons = Counter[str]()
    for name, count in fields["reasons"].entries():
        reasons[count.choice_of(name, tuple(Reason))] = count.integer(least=1)
    events = events_before + accepted + reasons.total()
    tables = Tables(header_of(fields["header"]))
    fill(tables, fields, unpacked(fields["rows"], packed))
    tables.book[layout.NEXT_LOT] = next_lot
    counts = (events, accepted_before + accepted, events - accepted_before - accepted)
    reached = strict_state(tables, counts, fields)
    origin = Origin(fields["journal"].sha256(), fields["start"].sha256())
    return Snapshot(reached, origin, events_before, accepted_before, reasons)


def unpacked(rows: Node, packed: bytes) -> list[Words64]:
    """The rows of each table, as many as are announced; nothing is unpacked before the sizes are seen to agree."""
    counts = [row.integer(least=0) for row in rows.elements()]
    if len(counts) != len(TABLES) + 1:
        rows.fail(f"expected {len(TABLES) + 1} counts, found {len(counts)}")
    sizes = [count * width for count, width in zip(counts, widths(), strict=True)]
    size = sum(sizes) * WORD_BYTES
    if size > min(SNAPSHOT_BYTES, UNPACKED_RATIO * len(packed)):
        rows.fail(f"{size} bytes unpacked from {len(packed)} are more than is read")
    try:
        if size != zstandard.frame_content_size(packed):
            rows.fail("not those of what is packed behind")
        words = np.frombuffer(zstandard.ZstdDecompressor().decompress(packed), np.int64)
    except zstandard.ZstdError as error:
        rows.fail(f"damaged: {error}")
    return [words[begin:end] for begin, end in pairwise(accumulate(sizes, initial=0))]


def fill(tables: Tables, fields: dict[str, Node], kept: list[Words64]) -> None:
    """Put rows into empty tables, and the names that they stand for."""
    for of, named in fields["names"].record(tuple(TEXTS_OF)).items():
        # A number whose name was freed has an empty text, which no state may state.
        names = Names(text.name() if text.value else text.text() for text in named.elements())
        if len(names.numbers) + len(names.free) < len(names):
            named.fail("a name stands there twice")
        setattr(tables, f"{of}s", names)
    kept[MARKETS_PLACE] = without_addresses(kept[MARKETS_PLACE])
    for (table, _), words in zip(TABLES, kept[:-1], strict=True):
        place(tables, table, words, len(words))
    place(tables, layout.SETTING_MAP, kept[-1], len(kept[-1]) // SLOT)
    decimals = tables.market_rows()[:, [layout.PRICE_DECIMALS, layout.QUANTITY_DECIMALS]]
    if not ((decimals >= 0) & (decimals <= MOST_DECIMALS)).all():
        fields["rows"].fail("a market has other decimals than a state may have")


def place(tables: Tables, vector: int, words: Words64, count: int) -> None:
    """Have a vector of the book, or a map, hold words of its own."""
    address = allocated(max(1, len(words)))
    words_of(address, len(words))[:] = words
    tables.book[vector : vector + layout.VECTOR] = address, count, count


def strict_state(tables: Tables, counts: tuple[int, int, int], fields: dict[str, Node]) -> OpenedState:
    """The state that rows make, read as a state file is: within its limits, and with indexes made anew."""
    chained = fields["hash"].sha256()
    try:
        text = state_text(OpenedState(StateWriter(tables).state(), *counts, chained))
    except (ArithmeticError, LookupError, ValueError):
        fields["rows"].fail("they make no state")
    return state_in(parse_document(text, fields["rows"].file))
