"""Journals as they are indexed: whole, or as lines that go on being written."""

import os
import weakref
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple, Protocol

import msgspec

from marginspec.model.state import Header
from marginspec_journal import InputError, Record, open_journal
from marginspec_journal.common_lines import common_record
from marginspec_journal.errors import unreadable
from marginspec_journal.events import record_of
from marginspec_journal.header import header_of
from marginspec_journal.lines import record_object
from marginspec_journal.strict_json import parse_document
from marginspec_journal.whole_files import check_length, open_file

GROWING = ".jsonl"
"""The suffix of journals that may go on being written."""
NO_FILE = "not a file: pages read a journal more than once"
CHUNK = 1 << 20
TAIL = 1 << 12
"""So many bytes before where reading stands must be the same as before when a file has grown."""


class Line(NamedTuple):
    """A line of a journal, without its newline, and its record."""

    text: bytes
    record: Record


class Found(NamedTuple):
    """What a file system says of a file; another file, or another content, has another."""

    size: int
    mtime_ns: int
    inode: int


class Changed(Exception):  # noqa: N818 - not an error: a new index is begun
    """The file does not begin with what was read of it any more."""


class Source(Protocol):
    """A journal that is being read, some lines at a time."""

    header: Header
    passed: int
    """Bytes that have been read, of lines that go on."""

    def read(self, most: int) -> list[Line]:
        """The next lines that are whole; none if there are none yet. InputError for a line that is refused."""

    def content(self) -> str:
        """SHA-256 of the lines so far, or of a whole file once it is read; nothing before that."""

    def found(self) -> Found:
        """What the file system says of the file that is read."""


def found_of(path: Path) -> Found:
    """What the file system says of a file; InputError if it is not there, or no file: a pipe would be waited for."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if not S_ISREG(status.st_mode):
        raise InputError(str(path), None, None, NO_FILE)
    return found_in(status)


def found_in(status: os.stat_result) -> Found:
    """What is kept of a file's status."""
    return Found(status.st_size, status.st_mtime_ns, status.st_ino)


def opened_source(path: Path) -> Source:
    """A journal to read; InputError if there is none, or it has no header yet."""
    return GrowingLines(path) if path.name.endswith(GROWING) else WholeJournal(path)


class WholeJournal:
    """A journal that is read once, compressed or as Parquet; its lines are written anew from its records."""

    def __init__(self, path: Path) -> None:
        self._path, self._journal = path, open_journal(path)
        self.header = self._journal.header
        self.passed = 0
        self._found = found_of(path)
        self._lines = self._read()
        self._refused: InputError | None = None
        self._is_read = False

    def _read(self) -> Iterator[Line]:
        for record in self._journal:
            yield Line(msgspec.json.encode(record_object(record)), record)
        self._is_read = True

    def read(self, most: int) -> list[Line]:
        """The next lines, up to one that is refused, which is refused at the next call."""
        if self._refused is not None:
            raise self._refused
        lines: list[Line] = []
        try:
            lines.extend(islice(self._lines, most))
        except InputError as refused:
            self._refused = refused
            if not lines:
                raise
        return lines

    def content(self) -> str:
        """SHA-256 of the whole file, once its last line is read; nothing before."""
        return begins_with(self._path, self._found.size) if self._is_read else ""

    def found(self) -> Found:
        """What the file system said when the file was opened; Changed if it is another file by now."""
        if found_of(self._path) != self._found:
            raise Changed("the journal was written anew")
        return self._found


class GrowingLines:
    """A journal of lines, which may go on being written: a last line without its newline is waited for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()
        self._number = self.passed = 0
        self._digest = sha256()
        self._tail = b""
        text = self._next_line()
        if not text:
            raise InputError(str(path), 1, None, "the header is missing")
        self.header = header_of(parse_document(text[:-1], str(path), 1))
        self._pass(text)

    def _open(self) -> None:
        self._stream = open_file(self._path)
        weakref.finalize(self, self._stream.close)

    def read(self, most: int) -> list[Line]:
        """The next lines that are whole, up to one that is refused, which is refused at the next call."""
        lines: list[Line] = []
        try:
            self._stream.seek(self.passed)
            while len(lines) < most and (text := self._next_line()):
                lines.append(Line(text[:-1], self._record(text[:-1])))
                self._pass(text)
        except InputError:
            if not lines:
                raise
        except OSError as error:
            raise unreadable(self._path, error) from None
        return lines

    def _next_line(self) -> bytes:
        """The next line with its newline; nothing if it has not come whole."""
        pieces: list[bytes] = []
        length = 0
        while piece := self._stream.readline(CHUNK):
            pieces.append(piece)
            ended = piece.endswith(b"\n")
            length += len(piece) - ended
            check_length(length, str(self._path), self._number + 1)
            if ended:
                return b"".join(pieces)
        return b""

    def _pass(self, text: bytes) -> None:
        """Count a line as read."""
        self._number += 1
        self.passed += len(text)
        self._digest.update(text)
        self._tail = (self._tail + text)[-TAIL:]

    def _record(self, text: bytes) -> Record:
        number, name = self._number + 1, str(self._path)
        if not text.strip():
            raise InputError(name, number, None, "blank line")
        if text.endswith(b"\r"):
            raise InputError(name, number, None, "the line ends with a carriage return")
        return common_record(text, number) or record_of(parse_document(text, name, number), number)

    def content(self) -> str:
        """SHA-256 of the lines so far."""
        return self._digest.hexdigest()

    def found(self) -> Found:
        """What the file system says of the file; Changed if it does not begin with what was read any more."""
        now, own = found_of(self._path), found_in(os.fstat(self._stream.fileno()))
        if now.inode != own.inode:
            if begins_with(self._path, self.passed) != self.content():
                raise Changed("the journal was replaced")
            self._open()
        if now.size < self.passed:
            raise Changed("the journal was cut short")
        self._stream.seek(self.passed - len(self._tail))
        if self._stream.read(len(self._tail)) != self._tail:
            raise Changed("the journal was written anew")
        return now


def begins_with(path: Path, length: int) -> str:
    """SHA-256 of so many bytes of a file, or of all if there are fewer."""
    digest, left = sha256(), length
    with open_file(path) as stream:
        while left and (chunk := stream.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
