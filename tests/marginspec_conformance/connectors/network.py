"""`http://127.0.0.1:PORT` and `attach:PORT`: engines that somebody else has started, on this machine only."""

import http.client
import socket
from contextlib import suppress

import attrs

from marginspec_conformance.connectors.line_session import LineSession
from marginspec_conformance.connectors.session import EngineFailure, Limits, Session

LOOPBACK = "127.0.0.1"


@attrs.frozen
class HttpConnector:
    """An engine that takes a POST a request and answers with one line."""

    port: int

    @property
    def name(self) -> str:
        """As it was given on the command line."""
        return f"http://{LOOPBACK}:{self.port}"

    def open(self, limits: Limits) -> Session:
        """Reach the engine and exchange `hello`."""
        return LineSession(Http(self.port, limits), self.name)


class Http:
    """Lines over HTTP; the connection is kept."""

    def __init__(self, port: int, limits: Limits) -> None:
        self._limits = limits
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=limits.answer_s)

    def first(self, line: bytes) -> tuple[bytes, str]:
        """Send the first line; an answer has nothing before it."""
        return self.ask(line), ""

    def ask(self, line: bytes) -> bytes:
        """Post a line; gives the answer's body. EngineFailure if there is none."""
        try:
            self._connection.request("POST", "/", line, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            body = response.read(self._limits.line_bytes + 1)
        except TimeoutError:
            raise EngineFailure("hung", f"no answer in {self._limits.answer_s:g} s") from None
        except ConnectionRefusedError as error:
            raise EngineFailure("did not start", f"{LOOPBACK}: {error.strerror}") from None
        except (OSError, http.client.HTTPException) as error:
            raise EngineFailure("crashed", f"{type(error).__name__}: {error}") from None
        if len(body) > self._limits.line_bytes:
            raise EngineFailure("oversized line", f"more than {self._limits.line_bytes:,} bytes")
        if response.status != http.client.OK:
            raise EngineFailure("protocol", f"HTTP status {response.status}")
        return body.rstrip(b"\n")

    def stderr(self) -> str:
        """Nothing: whoever started the engine sees its standard error."""
        return ""

    def end(self, line: bytes) -> None:
        """Say that this was all; the engine goes on for others."""
        with suppress(EngineFailure):
            self.ask(line)
        self._connection.close()


@attrs.frozen
class AttachConnector:
    """An engine that a debugger has started and that listens for lines: it may be held for as long as it takes."""

    port: int

    @property
    def name(self) -> str:
        """As it was given on the command line."""
        return f"attach:{self.port}"

    def open(self, limits: Limits) -> Session:
        """Reach the engine and exchange `hello`."""
        return LineSession(Socket(self.port, limits), self.name)


class Socket:
    """Lines over TCP, without any limit of time."""

    def __init__(self, port: int, limits: Limits) -> None:
        self._limits = limits
        try:
            self._socket = socket.create_connection((LOOPBACK, port))
        except OSError as error:
            raise EngineFailure("did not start", f"{LOOPBACK}:{port}: {error.strerror}") from None
        self._stream = self._socket.makefile("rb")

    def first(self, line: bytes) -> tuple[bytes, str]:
        """Send the first line; an answer has nothing before it."""
        return self.ask(line), ""

    def ask(self, line: bytes) -> bytes:
        """Send a line; gives the line that comes back. EngineFailure if none does."""
        try:
            self._socket.sendall(line)
            answer = self._stream.readline(self._limits.line_bytes + 1)
        except OSError as error:
            raise EngineFailure("crashed", f"{type(error).__name__}: {error.strerror}") from None
        if len(answer) > self._limits.line_bytes:
            raise EngineFailure("oversized line", f"more than {self._limits.line_bytes:,} bytes without a newline")
        if not answer.endswith(b"\n"):
            raise EngineFailure("partial line" if answer else "exited", "it closed the connection")
        return answer[:-1]

    def stderr(self) -> str:
        """Nothing: whoever started the engine sees its standard error."""
        return ""

    def end(self, line: bytes) -> None:
        """Say that this was all."""
        with suppress(EngineFailure):
            self.ask(line)
        self._stream.close()
        self._socket.close()
