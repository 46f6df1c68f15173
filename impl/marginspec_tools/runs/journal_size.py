"""About how many events a journal holds, by its size, before it is read."""

import stat
from pathlib import Path

import zstandard

SAMPLE = 1 << 16
"""Bytes at a journal's beginning whose lines stand for all."""


def estimated_events(journal: Path) -> int | None:
    """About how many events a file holds; exact for Parquet, None where nothing says so, such as for a pipe."""
    try:
        if not stat.S_ISREG(journal.stat().st_mode):
            return None
        if journal.suffix == ".parquet":
            return rows_of_parquet(journal)
        size = journal.stat().st_size
        with journal.open("rb") as stream:
            if journal.suffix == ".zst":
                return events_of(*unpacked(stream.read(SAMPLE), size))
            return events_of(stream.read(SAMPLE), size)
    except (OSError, ValueError):
        # What is wrong with the file is for its reader to say.
        return None


def events_of(sample: bytes, size: int) -> int | None:
    """Events of so many bytes whose beginning is given; the first line is the header."""
    lines = sample.count(b"\n")
    return size * lines // len(sample) - 1 if lines else None


def unpacked(packed: bytes, size: int) -> tuple[bytes, int]:
    """The beginning of a compressed file, and how long the whole is if all is as dense as that."""
    try:
        sample = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    except zstandard.ZstdError:
        return b"", 0
    return sample, size * len(sample) // max(1, len(packed))


def rows_of_parquet(journal: Path) -> int | None:
    """The rows that a Parquet file announces."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return None
    try:
        return int(pq.read_metadata(journal).num_rows)
    except pa.ArrowException:
        return None
