"""Snapshots: all that a run holds, as one file that is whole or refused, so that a run can go on after a kill.

A file is a line of JSON, then the words of the book and of all that it reaches, compressed, then the SHA-256 of both.
It is for the same version of the engine only; a state file is for everybody.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from marginspec import RULEBOOK_VERSION
from marginspec.model.state import State
from marginspec_engine import layout
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.layout import USED
from marginspec_engine.memory.names import Names
from marginspec_engine.memory.plain_memory import Words64, allocated, words_of
from marginspec_engine.memory.tables import BOOK_VECTORS, MARKET_VECTORS, TEXTS_OF, Tables, release_book
from marginspec_engine.numba.caching import SOURCES
from marginspec_journal import InputError
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.header import header_object, header_of
from marginspec_journal.states import opening
from marginspec_journal.strict_json import parse_document

SNAPSHOT_VERSION = 1
DIGEST_BYTES = 32
LAYOUT = SOURCES
"""Which layout the words are in: that of the text of the engine and of the rulebook's model."""
NOT_KEPT = (layout.LITERALS, layout.WANTS_LINES, layout.WANTS_EFFECTS)
"""Words of the book that are the process's own."""


def reached(book: Words64) -> Iterator[tuple[Words64, int, int]]:
    """Everything that a book reaches: the row and place that hold its address, and how many words it has.

    Tables come before the vectors of their rows, so that reading in the same order finds the rows in place.
    """
    for vector in BOOK_VECTORS:
        yield book, vector, int(book[vector + USED])
    for entries in layout.MAPS:
        yield book, entries, 2 * int(book[entries + layout.SLOTS])
    count = int(book[layout.MARKETS + USED])
    for row in words_of(int(book[layout.MARKETS]), count).reshape(-1, layout.MARKET_ROW):
        for vector in MARKET_VECTORS:
            yield row, vector, int(row[vector + USED])


def write_snapshot(path: Path, run: BatchRun) -> None:
    """Write a run, whole or not at all."""
    tables = run.engine.tables
    names = {of: tables.names(of).texts for of in TEXTS_OF}
    counts = {"accepted_before": run.accepted_before, "events_before": run.events_before}
    stated = {
        "snapshot": SNAPSHOT_VERSION,
        "rulebook": RULEBOOK_VERSION,
        "layout": LAYOUT,
        "header": header_object(tables.header),
        "names": names,
        **counts,
    }
    pieces = [tables.book.tobytes()]
    pieces += [
        words_of(int(row[place + layout.ADDRESS]), count).tobytes() for row, place, count in reached(tables.book)
    ]
    packed = zstandard.ZstdCompressor(level=1).compress(b"".join(pieces))
    text = json.dumps(stated, ensure_ascii=False).encode() + b"\n" + packed
    with atomic_writer(path) as stream:
        stream.write(text)
        stream.write(sha256(text).digest())


def read_snapshot(path: Path) -> BatchRun:
    """The run that a snapshot holds; InputError if it is damaged or of another version."""
    text = path.read_bytes()
    body, digest = text[:-DIGEST_BYTES], text[-DIGEST_BYTES:]
    if sha256(body).digest() != digest:
        raise InputError(str(path), None, None, "not a snapshot, or damaged: its checksum differs")
    first, _, packed = body.partition(b"\n")
    stated: dict[str, Any] = json.loads(first)
    for field, expected in (("snapshot", SNAPSHOT_VERSION), ("rulebook", RULEBOOK_VERSION), ("layout", LAYOUT)):
        if stated.get(field) != expected:
            raise InputError(str(path), None, field, f"of another version: {stated.get(field)}, not {expected}")
    header = header_of(parse_document(json.dumps(stated["header"]).encode(), str(path)))
    run = BatchRun(opening(State(header=header)))
    run.accepted_before, run.events_before = stated["accepted_before"], stated["events_before"]
    words = np.frombuffer(zstandard.ZstdDecompressor().decompress(packed), np.int64)
    load(run.engine.tables, words, stated["names"])
    run.know_markets()
    return run


def load(tables: Tables, words: Words64, names: dict[str, list[str]]) -> None:
    """Put words in place of those of empty tables."""
    release_book(tables.book)
    own = tables.book[list(NOT_KEPT)].copy()
    tables.book[:] = words[: layout.BOOK]
    tables.book[list(NOT_KEPT)] = own
    place = layout.BOOK
    for row, vector, count in reached(tables.book):
        address = allocated(max(1, count))
        words_of(address, count)[:] = words[place : place + count]
        row[vector + layout.ADDRESS] = address
        if vector not in layout.MAPS or row is not tables.book:
            row[vector + layout.ROOM] = max(1, count)
        place += count
    for of, texts in names.items():
        setattr(tables, f"{of}s", Names(texts))
