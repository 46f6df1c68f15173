"""`attach:PORT`: an engine that runs already, in a debugger perhaps, and listens on this machine."""

import socket
from contextlib import suppress

from marginspec_conformance.connectors.conversation import shown
from marginspec_conformance.connectors.lines import Lines, LineTooLong
from marginspec_conformance.connectors.session import EngineFailure, Limits

PIECE = 1 << 20
LOOPBACK = "127.0.0.1"


class Attached:
    """A channel to an engine that somebody else started: it has all the time that it takes, and is not ended."""

    def __init__(self, port: int, limits: Limits) -> None:
        self.noise: list[str] = []
        self._limits, self._lines = limits, Lines(limits.line_bytes)
        try:
            self._socket = socket.create_connection((LOOPBACK, port))
        except OSError as error:
            detail = f"nothing answers at {LOOPBACK}:{port}: {error.strerror or error}"
            raise EngineFailure("did not start", detail) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes, until: float) -> bytes:
        """Send the line of a request, and give the line that answers it."""
        try:
            self._socket.sendall(request)
        except OSError as error:
            raise EngineFailure("exited", f"it closed the connection: {error.strerror or error}") from None
        return self.pass_over(until)

    def pass_over(self, until: float) -> bytes:  # noqa: ARG002 - who is in a debugger is not hurried
        """The next line; waits for it."""
        try:
            while (line := self._lines.take()) is None:
                piece = self._socket.recv(PIECE)
                if not piece:
                    raise self._gone()
                self._lines.add(piece)
        except LineTooLong:
            detail = f"a line of more than {self._limits.line_bytes} bytes, which begins {shown(self._lines.begun)}"
            raise EngineFailure("oversized line", detail) from None
        except OSError as error:
            raise EngineFailure("exited", f"it closed the connection: {error.strerror or error}") from None
        return line

    def _gone(self) -> EngineFailure:
        begun = self._lines.begun
        if begun:
            return EngineFailure("partial line", f"it closed the connection in the middle of a line: {shown(begun)}")
        return EngineFailure("exited", "it closed the connection before it answered")

    def end(self, until: float) -> None:
        """There is no process to wait for."""

    def close(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._socket.close()

    def stderr(self) -> str:
        """It goes where whoever started the engine has it."""
        return ""
