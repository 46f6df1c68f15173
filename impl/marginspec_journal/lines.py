"""Journals as JSON Lines, plain or compressed with Zstandard: one object a line, the header first."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import zstandard

from marginspec.model.state import Header
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.common_lines import common_record
from marginspec_journal.errors import InputError, unreadable
from marginspec_journal.events import EVENT_FORMS, Record, event_object, record_of
from marginspec_journal.header import header_object, header_of
from marginspec_journal.strict_json import parse_document

COMPRESSED = ".zst"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CHUNK = 1 << 20
# Four bytes can stand for 128 KiB, so this little at once unpacks to 128 MiB at most.
_COMPRESSED_CHUNK = 1 << 12


class LinesJournal:
    """A journal that is being read: its header, then its records, once, in order.

    Reading is lazy: an InputError may come at any record, so whoever writes outputs must keep them until
    the last one has been read.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._begun = False
        self._lines = _numbered_lines(path)
        number, text = next(self._lines, (1, b""))
        if not text:
            raise InputError(self.name, 1, None, "the header is missing")
        if text.startswith(_BYTE_ORDER_MARK):
            raise InputError(self.name, 1, None, "the file begins with a byte order mark")
        self.header: Header = header_of(parse_document(text, self.name, number))

    def skip(self, records: int) -> int:
        """Leave out so many records, or all if there are fewer, unread; gives how many are left out."""
        assert not self._begun, "a journal is read once"
        return sum(1 for _ in islice(self._lines, records))

    def __iter__(self) -> Iterator[Record]:
        # Going on behind a line that was refused would take the rest for the whole.
        assert not self._begun, "a journal is read once"
        self._begun = True
        for number, text in self._lines:
            yield common_record(text, number) or record_of(parse_document(text, self.name, number), number)


def _numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """A file's lines, from 1, each ended by a newline; refuses blank lines and a last line cut short."""
    name = str(path)
    number = 0
    pieces: list[bytes] = []  # of a line whose end has not come; joined once, so that a long line costs no more
    for chunk in _chunks(path):
        piece, *ended = chunk.split(b"\n")
        pieces.append(piece)
        if not ended:
            continue
        for text in (b"".join(pieces), *ended[:-1]):
            number += 1
            if not text.strip():
                raise InputError(name, number, None, "blank line")
            if text.endswith(b"\r"):
                raise InputError(name, number, None, "the line ends with a carriage return")
            yield number, text
        pieces = [ended[-1]]
    if any(pieces):
        raise InputError(name, number + 1, None, "the last line is not ended by a newline: the file is cut short")


def opened(path: Path) -> BinaryIO:
    """A file to read; InputError if there is none that can be read."""
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def _chunks(path: Path) -> Iterator[bytes]:
    """A file's content, decompressed if its suffix says so."""
    compressed = path.suffix == COMPRESSED
    try:
        with opened(path) as stream:
            yield from _decompressed(stream, str(path)) if compressed else _read(stream, _CHUNK)
    except OSError as error:
        raise unreadable(path, error) from None


def _read(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while chunk := stream.read(size):
        yield chunk


def _decompressed(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The content of one or more whole frames; a frame that is cut short or damaged is refused."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    for chunk in _read(stream, _COMPRESSED_CHUNK):
        left = chunk
        while left:
            if frame.eof:
                frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
            begun = True
            try:
                content = frame.decompress(left)
            except zstandard.ZstdError as error:
                raise InputError(name, None, None, f"damaged: {error}") from None
            yield from (content[place : place + _CHUNK] for place in range(0, len(content), _CHUNK))
            left = frame.unused_data if frame.eof else b""
    if begun and not frame.eof:
        raise InputError(name, None, None, "the compressed file is cut short")


def record_object(record: Record) -> dict[str, Any]:
    """A record as a line states it: type first, then the fields in the order of the wire format."""
    canonical = event_object(record.event)
    names = ("type", *EVENT_FORMS[canonical["type"]].kinds)
    fields = {name: canonical[name] for name in names if name in canonical}
    annotations = {"ts": record.ts, "ref": record.ref, "observed": record.observed}
    fields.update((field, value) for field, value in annotations.items() if value is not None)
    return fields


def write_lines(path: Path, header: Header, records: Iterable[Record]) -> None:
    """Write a journal, whole or not at all, compressed if its suffix says so; equal journals give equal bytes."""
    with atomic_writer(path) as stream, _compressed(stream, path) as target:
        target.write(msgspec.json.encode(header_object(header)) + b"\n")
        for record in records:
            target.write(msgspec.json.encode(record_object(record)) + b"\n")


@contextmanager
def _compressed(stream: BinaryIO, path: Path) -> Iterator[Any]:
    if path.suffix != COMPRESSED:
        yield stream
        return
    compressor = zstandard.ZstdCompressor(level=10, write_checksum=True)
    with compressor.stream_writer(stream, closefd=False) as target:
        yield target
