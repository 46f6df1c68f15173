"""`exec:COMMAND`: an engine that is a process of its own, with a process group that ends with it."""

import atexit
import os
import select
import shlex
import signal
import subprocess
import threading
from contextlib import suppress
from time import monotonic
from types import FrameType

from marginspec_conformance.connectors.conversation import shown
from marginspec_conformance.connectors.lines import Lines, LineTooLong
from marginspec_conformance.connectors.session import EngineFailure, FailureKind, Limits
from marginspec_tools.console import one_line

PIECE = 1 << 20
LAST_WORDS_S = 1.0
"""An engine that closed its standard output has so long to end before it is ended."""

LOOK_S = 0.2
"""How often it is looked whether an engine that does not answer still runs."""
LOOK_AGAIN_MS = 5
LAST_PIECES = 4


def started(command: str) -> subprocess.Popen[bytes]:
    """A process of its own group, in no shell; EngineFailure if there is no such program."""
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            shlex.split(command), stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise EngineFailure("did not start", one_line(f"{command}: {reason}")) from None


def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interface of handlers
    """End this program in good order where a signal would end it at once, engines and all."""
    raise SystemExit(128 + number)


def leave_in_order() -> None:
    """Have the signals that ask this program to end leave no engine behind; those that somebody else handles stay."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, leave)


def signal_name(number: int) -> str:
    """What a signal is called."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Process:
    """A channel to a process: requests on its standard input, answers on its standard output."""

    def __init__(self, command: str, limits: Limits) -> None:
        self.noise: list[str] = []
        self._limits, self._lines = limits, Lines(limits.line_bytes)
        self._said, self._is_silent, self._is_closed = bytearray(), False, False
        leave_in_order()
        self._process = started(command)
        # However this program ends: an engine need not end with its standard input.
        atexit.register(self.close)
        self._pipes = [one for one in (self._process.stdin, self._process.stdout, self._process.stderr) if one]
        self._to, self._from, self._errors = (pipe.fileno() for pipe in self._pipes)
        for stream in (self._to, self._from, self._errors):
            os.set_blocking(stream, False)
        self._poll, self._errors_alone = select.poll(), select.poll()
        self._poll.register(self._from, select.POLLIN)
        self._poll.register(self._errors, select.POLLIN)
        self._errors_alone.register(self._errors, select.POLLIN)

    def ask(self, request: bytes, until: float) -> bytes:
        """Send the line of a request, and give the line that answers it, without its newline."""
        left = self._written(memoryview(request))
        if left:
            # Whatever it writes meanwhile is taken, so that neither waits for the other.
            self._poll.register(self._to, select.POLLOUT)
            while left:
                self._wait(until)
                left = self._written(left)
            self._poll.unregister(self._to)
        return self.pass_over(until)

    def pass_over(self, until: float) -> bytes:
        """The next line; waits for it."""
        try:
            line = self._lines.take()
            while line is None:
                self._wait(until)
                line = self._lines.take()
        except LineTooLong:
            begun = shown(self._lines.begun)
            detail = f"a line of more than {self._limits.line_bytes} bytes, which begins {begun}"
            raise self._failure("oversized line", detail) from None
        return line

    def _written(self, left: memoryview) -> memoryview:
        try:
            return left[os.write(self._to, left) :]
        except BlockingIOError:
            return left
        except BrokenPipeError:
            raise self._gone() from None

    def _wait(self, until: float) -> None:
        """Wait until something comes or may be written, and take what has come."""
        left_s = until - monotonic()
        ready = self._poll.poll(min(max(0.0, left_s), LOOK_S) * 1000)
        if not ready and self._process.poll() is not None:
            # A child of the engine may hold its standard output open.
            self._take()
        elif not ready and left_s <= LOOK_S:
            raise self._failure("hung", f"no whole answer within its time; {self._so_far()}")
        for stream, _ in ready:
            if stream == self._errors:
                self._listen()
            elif stream == self._from:
                self._take()

    def _take(self) -> None:
        """Take what is on standard output; if that is at its end, so is the engine."""
        try:
            piece = os.read(self._from, PIECE)
        except BlockingIOError:
            piece = b""
        if not piece:
            raise self._gone()
        self._lines.add(piece)

    def _so_far(self) -> str:
        begun = self._lines.begun
        return f"of a line there is {shown(begun)}" if begun else "nothing was written"

    def _listen(self) -> None:
        """Take what is on standard error, and keep the last of it."""
        if self._is_silent:
            return
        try:
            piece = os.read(self._errors, PIECE)
        except BlockingIOError:
            return
        if not piece:
            self._is_silent = True
            self._poll.unregister(self._errors)
            self._errors_alone.unregister(self._errors)
        self._said += piece
        del self._said[: -self._limits.stderr_bytes]

    def _gone(self) -> EngineFailure:
        """What became of an engine that closed its standard output or input."""
        # It may have answered before.
        with suppress(BlockingIOError):
            while piece := os.read(self._from, PIECE):
                self._lines.add(piece)
                if len(self._lines.begun) > self._limits.line_bytes:
                    break
        begun, code = self._lines.begun, self._code(monotonic() + LAST_WORDS_S)
        if code is None:
            return self._failure("exited", "it closed its standard output and went on")
        if code < 0:
            return self._failure("crashed", f"ended by {signal_name(-code)}")
        if code > 0:
            return self._failure("crashed", f"exit code {code}")
        if begun:
            return self._failure("partial line", f"it ended with exit code 0 in the middle of a line: {shown(begun)}")
        return self._failure("exited", "it ended with exit code 0 before it answered")

    def _code(self, until: float) -> int | None:
        """The exit code, if it ends in time; what it still says meanwhile is taken, so that nothing keeps it."""
        while (code := self._process.poll()) is None and monotonic() < until:
            self._errors_alone.poll(LOOK_AGAIN_MS)
            self._listen()
        return code

    def _failure(self, kind: FailureKind, detail: str) -> EngineFailure:
        self.close()
        return EngineFailure(kind, detail, self.stderr())

    def end(self, until: float) -> int | None:
        """Wait for the engine to end by itself, and give its exit code; it is hung if it does not."""
        with suppress(OSError):
            self._pipes[0].close()
        code = self._code(until)
        if code is None:
            raise self._failure("hung", "it answered stop, and did not end")
        return code

    def close(self) -> None:
        """End the process with all that it started, and wait for it."""
        if self._is_closed:
            return
        # The group may outlive the process that it is named after.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for _ in range(LAST_PIECES):
            self._listen()
        for pipe in self._pipes:
            with suppress(OSError):
                pipe.close()
        self._is_closed = True
        atexit.unregister(self.close)

    def stderr(self) -> str:
        """The last of what the engine wrote to standard error."""
        if not self._is_closed:
            self._listen()
        return self._said.decode("utf-8", "backslashreplace")
