"""`journal:FILE`: the recorded answers of an engine, and the recording of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import attrs
import msgspec

from marginspec_conformance.connectors.line_session import LineSession, Transport
from marginspec_conformance.connectors.session import EngineFailure, Limits, Session
from marginspec_journal import InputError
from marginspec_journal.errors import unreadable


@attrs.frozen
class RecordedConnector:
    """A transcript: lines that begin with `> ` were sent to an engine, lines that begin with `< ` came back."""

    path: Path

    @property
    def name(self) -> str:
        """As it was given on the command line."""
        return f"journal:{self.path}"

    def open(self, limits: Limits) -> Session:  # noqa: ARG002 - a file answers at once
        """Read the transcript from its beginning."""
        return LineSession(Recorded(self.path), self.name)


class Recorded:
    """The answers of a transcript, in order; each request must be the one that was recorded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pairs = pairs(path)

    def first(self, line: bytes) -> tuple[bytes, str]:  # noqa: ARG002 - as it says
        """The first answer; a greeting by another version of the runner is answered all the same."""
        _, _, answer = self._next()
        return answer, ""

    def ask(self, line: bytes) -> bytes:
        """The answer that was recorded to this request."""
        number, request, answer = self._next()
        if msgspec.json.decode(request) != msgspec.json.decode(line):
            raise EngineFailure("protocol", f"{self._path}:{number}: another request was recorded here")
        return answer

    def stderr(self) -> str:
        """Nothing was recorded."""
        return ""

    def end(self, line: bytes) -> None:
        """Nothing is left to end."""

    def _next(self) -> tuple[int, bytes, bytes]:
        found = next(self._pairs, None)
        if found is None:
            raise EngineFailure("exited", f"{self._path}: nothing more was recorded")
        return found


def pairs(path: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """The line number of each request of a transcript, the request and its answer; InputError if it is none."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise unreadable(path, error) from None
    if len(lines) % 2:
        raise InputError(str(path), len(lines), None, "a request without an answer")
    for number in range(0, len(lines), 2):
        for offset, mark in enumerate((b"> ", b"< ")):
            if not lines[number + offset].startswith(mark):
                raise InputError(str(path), number + offset + 1, None, f"expected a line with {mark.decode()!r}")
        yield number + 1, lines[number][2:], lines[number + 1][2:]


class Recording:
    """A transport that writes down what passes."""

    def __init__(self, transport: Transport, stream: BinaryIO) -> None:
        self._transport, self._stream = transport, stream

    def first(self, line: bytes) -> tuple[bytes, str]:
        """Send the first line."""
        answer, noise = self._transport.first(line)
        self._write(line, answer)
        return answer, noise

    def ask(self, line: bytes) -> bytes:
        """Send a line."""
        answer = self._transport.ask(line)
        self._write(line, answer)
        return answer

    def stderr(self) -> str:
        """The last of the engine's standard error."""
        return self._transport.stderr()

    def end(self, line: bytes) -> None:
        """Have the engine end; nobody waits for that answer, so it is not written down."""
        self._transport.end(line)

    def _write(self, line: bytes, answer: bytes) -> None:
        self._stream.write(b"> " + line.rstrip(b"\n") + b"\n< " + answer + b"\n")
