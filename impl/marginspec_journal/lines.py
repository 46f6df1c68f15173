"""Journals as JSON Lines, plain or compressed with Zstandard: one object a line, the header first."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import zstandard

from marginspec.state import Header
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.canonical import event_object, header_object
from marginspec_journal.common_lines import common_record
from marginspec_journal.errors import InputError
from marginspec_journal.event_reading import EVENT_FORMS, Record, record_of
from marginspec_journal.header_reading import header_of
from marginspec_journal.strict_json import parse_document

COMPRESSED = ".zst"
_CHUNK = 1 << 20


class LinesJournal:
    """A journal that is being read: its header, then its records, once, in order.

    Reading is lazy: an InputError may come at any record, so whoever writes outputs must keep them until
    the last one has been read.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._lines = _numbered_lines(path)
        number, text = next(self._lines, (1, b""))
        if not text:
            raise InputError(self.name, 1, None, "the header is missing")
        self.header: Header = header_of(parse_document(text, self.name, number))

    def __iter__(self) -> Iterator[Record]:
        for number, text in self._lines:
            yield common_record(text, number) or record_of(parse_document(text, self.name, number), number)


def _numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """A file's lines, from 1, each ended by a newline; refuses blank lines and a last line cut short."""
    name = str(path)
    number, rest = 0, b""
    for chunk in _chunks(path):
        *lines, rest = (rest + chunk).split(b"\n")
        for text in lines:
            number += 1
            if not text.strip():
                raise InputError(name, number, None, "blank line")
            if text.endswith(b"\r"):
                raise InputError(name, number, None, "the line ends with a carriage return")
            yield number, text
    if rest:
        raise InputError(name, number + 1, None, "the last line is not ended by a newline: the file is cut short")


def _chunks(path: Path) -> Iterator[bytes]:
    """A file's content, decompressed if its suffix says so."""
    try:
        with path.open("rb") as stream:
            yield from _decompressed(stream, str(path)) if path.suffix == COMPRESSED else _read(stream)
    except OSError as error:
        raise InputError(str(path), None, None, f"cannot be read: {error.strerror}") from None


def _read(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _decompressed(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The content of one or more whole frames; a frame that is cut short or damaged is refused."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    for chunk in _read(stream):
        left = chunk
        while left:
            if frame.eof:
                frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
            begun = True
            try:
                yield frame.decompress(left)
            except zstandard.ZstdError as error:
                raise InputError(name, None, None, f"damaged: {error}") from None
            left = frame.unused_data if frame.eof else b""
    if begun and not frame.eof:
        raise InputError(name, None, None, "the compressed file is cut short")


def record_object(record: Record) -> dict[str, Any]:
    """A record as a line states it: type first, then the fields in the order of the wire format."""
    canonical = event_object(record.event)
    name = canonical["type"]
    form = EVENT_FORMS[name]
    fields = {"type": name}
    fields.update((field, canonical[field]) for field in (*form.required, *form.optional) if field in canonical)
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
