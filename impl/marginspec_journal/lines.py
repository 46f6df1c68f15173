"""Journals as JSON Lines, plain or compressed with Zstandard: one object a line, the header first."""

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
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
from marginspec_journal.whole_files import check_length, open_file

COMPRESSED = ".zst"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CHUNK = 1 << 20
# So many bytes of lines are taken at once; a line that is longer is taken alone.
_AHEAD = 1 << 13
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
        self._source = HashedStream(open_file(path))
        weakref.finalize(self, self._source.stream.close)
        self._passed = sha256()
        self._lines = _numbered_lines(path, self._source)
        number, text = next(self._lines, (1, b""))
        self._pass(text)
        if not text:
            raise InputError(self.name, 1, None, "the header is missing")
        if text.startswith(_BYTE_ORDER_MARK):
            raise InputError(self.name, 1, None, "the file begins with a byte order mark")
        self.header: Header = header_of(parse_document(text, self.name, number))

    def sha256_so_far(self) -> str:
        """SHA-256 of the lines so far, decompressed, the header's included."""
        return self._passed.hexdigest()

    def file_sha256(self) -> str:
        """SHA-256 of the file's bytes, as they were read; what is left of it is read for that."""
        return self._source.file_sha256()

    def skip(self, records: int) -> int:
        """Leave out so many records, or all if there are fewer, unread; gives how many are left out."""
        assert not self._begun, "a journal is read once"
        skipped = 0
        for _, text in islice(self._lines, records):
            self._pass(text)
            skipped += 1
        return skipped

    def __iter__(self) -> Iterator[Record]:
        # Going on after a line that was refused would take the rest for the whole.
        assert not self._begun, "a journal is read once"
        self._begun = True
        ahead: list[tuple[bytes, Record]] | None = None
        refused: InputError | None = None
        while ahead != [] and refused is None:
            ahead, refused = self._read_ahead()
            for text, record in ahead:
                self._pass(text)
                yield record
        if refused is not None:
            raise refused

    def _read_ahead(self) -> tuple[list[tuple[bytes, Record]], InputError | None]:
        """Some more lines with their records, up to one that is refused; no line at the end.

        Whoever runs a journal does other work after each record: reading several at once keeps the processor's caches.
        """
        ahead: list[tuple[bytes, Record]] = []
        held = 0
        try:
            for number, text in self._lines:
                record = common_record(text, number) or record_of(parse_document(text, self.name, number), number)
                ahead.append((text, record))
                held += len(text)
                if held >= _AHEAD:
                    break
        except InputError as refused:
            return ahead, refused
        return ahead, None

    def _pass(self, text: bytes) -> None:
        """Add a line to what is read so far."""
        self._passed.update(text + b"\n")


class HashedStream:
    """A file that is read once, from its beginning, and the SHA-256 of what was read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self._hash = sha256()

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        chunk = self.stream.read(size)
        self._hash.update(chunk)
        return chunk

    def file_sha256(self) -> str:
        """SHA-256 of the file, whose rest is read now."""
        while not self.stream.closed and self.read(_CHUNK):
            pass
        return self._hash.hexdigest()


def _numbered_lines(path: Path, source: HashedStream) -> Iterator[tuple[int, bytes]]:
    """A file's lines, from 1, each ended by a newline; refuses blank and long lines, and a last line cut short."""
    name = str(path)
    number = 0
    pieces: list[bytes] = []  # of a line whose end has not come; joined once, so that a long line costs no more
    held = 0
    for chunk in _chunks(path, source):
        piece, *ended = chunk.split(b"\n")
        pieces.append(piece)
        held += len(piece)
        check_length(held, name, number + 1)
        if not ended:
            continue
        for text in (b"".join(pieces), *ended[:-1]):
            number += 1
            check_length(len(text), name, number)
            if not text.strip():
                raise InputError(name, number, None, "blank line")
            if text.endswith(b"\r"):
                raise InputError(name, number, None, "the line ends with a carriage return")
            yield number, text
        pieces, held = [ended[-1]], len(ended[-1])
        check_length(held, name, number + 1)
    if any(pieces):
        raise InputError(name, number + 1, None, "the last line is not ended by a newline: the file is cut short")


def _chunks(path: Path, source: HashedStream) -> Iterator[bytes]:
    """A file's content, decompressed if its suffix says so."""
    compressed = path.suffix == COMPRESSED
    try:
        with source.stream:
            yield from _decompressed(source, str(path)) if compressed else _read(source, _CHUNK)
    except OSError as error:
        raise unreadable(path, error) from None


def _read(stream: HashedStream, size: int) -> Iterator[bytes]:
    while chunk := stream.read(size):
        yield chunk


def _decompressed(stream: HashedStream, name: str) -> Iterator[bytes]:
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
