"""Opening a journal in whichever format its name says it is in."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from marginspec.model.state import Header
from marginspec_journal.errors import InputError
from marginspec_journal.events import Record
from marginspec_journal.lines import LinesJournal, write_lines

LINES_SUFFIXES = (".jsonl", ".jsonl.zst")
PARQUET_SUFFIX = ".parquet"


class Journal(Protocol):
    """A journal that is being read: its name and header, then its records, once, in order."""

    name: str
    header: Header

    def __iter__(self) -> Iterator[Record]:
        """The records in order; an InputError may come at any of them."""

    def sha256_so_far(self) -> str:
        """SHA-256 that binds what is read so far: of the lines, or of a Parquet file as a whole."""

    def file_sha256(self) -> str:
        """SHA-256 of the file's bytes, of which those are that were read; InputError if it changed meanwhile."""

    def skip(self, records: int) -> int:
        """Leave out so many records, or fewer, unread, before reading begins; gives how many are left out."""


def open_journal(path: Path) -> Journal:
    """Open a journal; InputError if its suffix names no format, or it cannot be read."""
    if path.name.endswith(LINES_SUFFIXES):
        return LinesJournal(path)
    if path.name.endswith(PARQUET_SUFFIX):
        from marginspec_journal.parquet import ParquetJournal

        return ParquetJournal(path)
    raise _unknown_format(path)


def write_journal(path: Path, header: Header, records: Iterable[Record]) -> None:
    """Write a journal in the format that its suffix names, whole or not at all."""
    if path.name.endswith(LINES_SUFFIXES):
        write_lines(path, header, records)
    elif path.name.endswith(PARQUET_SUFFIX):
        from marginspec_journal.parquet import write_parquet

        write_parquet(path, header, records)
    else:
        raise _unknown_format(path)


def _unknown_format(path: Path) -> InputError:
    return InputError(str(path), None, None, "not a journal's name: expected .jsonl, .jsonl.zst or .parquet")
