"""`exec:COMMAND`: an engine as a process of its own, asked over its standard input and output."""

import os
import select
import shlex
import signal
import subprocess
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import IO

import attrs

from marginspec_conformance.connectors.line_session import LineSession, shown
from marginspec_conformance.connectors.session import EngineFailure, FailureKind, Limits, Session
from marginspec_journal import InputError

CHUNK = 1 << 16
STOP_S = 2.0
"""Seconds that an engine has to end after `stop`."""


@attrs.frozen
class ExecConnector:
    """A command, as a shell would split it; no shell runs."""

    command: str

    @property
    def name(self) -> str:
        """As it was given on the command line."""
        return f"exec:{self.command}"

    def open(self, limits: Limits) -> Session:
        """Start the process and exchange `hello`."""
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise InputError(self.name, None, None, str(error)) from None
        if not words:
            raise InputError(self.name, None, None, "no command")
        return LineSession(Process(words, limits), self.name)


class Process:
    """A process that answers lines, in a process group of its own; all of its output is bounded."""

    def __init__(self, words: list[str], limits: Limits) -> None:
        self._limits = limits
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise EngineFailure("did not start", f"{words[0]}: {error.strerror}") from None
        self._input, self._output, self._errors = (
            opened(stream) for stream in (self._process.stdin, self._process.stdout, self._process.stderr)
        )
        for stream in (self._input, self._output, self._errors):
            os.set_blocking(stream.fileno(), False)
        self._read = bytearray()
        self._searched = 0
        self._told: deque[bytes] = deque()
        self._told_bytes = 0
        self._streams = {self._output.fileno(): self._output, self._errors.fileno(): self._errors}

    def first(self, line: bytes) -> tuple[bytes, str]:
        """Send the first line; gives the first line that is an object with `answer`, and what came before it."""
        deadline, noise = monotonic() + self._limits.start_s, bytearray()
        found = self._exchange(line, deadline, "slow start")
        while b'"answer"' not in found:
            if len(noise) < self._limits.kept_bytes:
                noise += found + b"\n"
            found = self._exchange(b"", deadline, "slow start")
        return found, noise.decode("utf-8", "backslashreplace")

    def ask(self, line: bytes) -> bytes:
        """Send a line; gives the line that comes back. EngineFailure if none does."""
        return self._exchange(line, monotonic() + self._limits.answer_s, "hung")

    def stderr(self) -> str:
        """The last of what the process wrote to standard error."""
        return b"".join(self._told)[-self._limits.kept_bytes :].decode("utf-8", "backslashreplace")

    def end(self, line: bytes) -> None:
        """Send the last line, then end whatever is left of the process and its children."""
        if self._process.poll() is None:
            with suppress(EngineFailure):
                self._exchange(line, monotonic() + STOP_S, "hung")
            with suppress(OSError):
                self._input.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)
        self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._input, self._output, self._errors):
            with suppress(OSError):
                stream.close()

    def _exchange(self, line: bytes, deadline: float, late: FailureKind) -> bytes:
        """Write what is to be written and read until a line is whole, both at once, so that nobody waits for ever."""
        pending = memoryview(line)
        while True:
            end = self._read.find(b"\n", self._searched)
            if end >= 0 and not pending:
                return self._taken(end)
            self._searched = len(self._read)
            if end < 0 and len(self._read) > self._limits.line_bytes:
                raise self._failed("oversized line", f"more than {self._limits.line_bytes:,} bytes without a newline")
            left = deadline - monotonic()
            if left <= 0:
                raise self._failed(late, f"no answer in {self._seconds(late):g} s")
            pending = self._move(pending, left)

    def _move(self, pending: memoryview, left: float) -> memoryview:
        """Wait until something can be written or read, and do it; gives what is still to be written."""
        writers = [self._input.fileno()] if pending else []
        readable, writable, _ = select.select(list(self._streams), writers, [], left)
        if writable:
            try:
                pending = pending[os.write(self._input.fileno(), pending) :]
            except BrokenPipeError:
                raise self._ended() from None
        for number in readable:
            chunk = os.read(number, CHUNK)
            if number == self._errors.fileno():
                self._keep(chunk)
            elif chunk:
                self._read += chunk
            else:
                raise self._ended()
        return pending

    def _keep(self, chunk: bytes) -> None:
        """Keep the last of standard error; at its end there is nothing more to wait for."""
        if not chunk:
            del self._streams[self._errors.fileno()]
        self._told.append(chunk)
        self._told_bytes += len(chunk)
        while self._told_bytes - len(self._told[0]) > self._limits.kept_bytes:
            self._told_bytes -= len(self._told.popleft())

    def _taken(self, end: int) -> bytes:
        line = bytes(self._read[:end])
        del self._read[: end + 1]
        self._searched = 0
        return line

    def _ended(self) -> EngineFailure:
        """How a process ended that owes an answer."""
        try:
            code = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            return self._failed("exited", "it closed its standard output")
        if self._read:
            return self._failed("partial line", f"it ended within a line: {shown(bytes(self._read))}")
        if code < 0:
            return self._failed("crashed", f"signal {signal.Signals(-code).name}")
        return self._failed("crashed" if code else "exited", f"exit code {code}")

    def _failed(self, kind: FailureKind, detail: str) -> EngineFailure:
        """End the process and say how it failed."""
        with suppress(OSError):
            while chunk := os.read(self._errors.fileno(), CHUNK):
                self._keep(chunk)
                if self._told_bytes >= self._limits.kept_bytes:
                    break
        said = self.stderr()
        self._kill()
        return EngineFailure(kind, detail, said)

    def _seconds(self, late: FailureKind) -> float:
        return self._limits.start_s if late == "slow start" else self._limits.answer_s


def opened(stream: IO[bytes] | None) -> IO[bytes]:
    """A pipe that was asked for."""
    assert stream is not None
    return stream
