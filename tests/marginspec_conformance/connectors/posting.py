"""`http://127.0.0.1:PORT`: an engine behind a server on this machine, asked by a POST a request."""

from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from socket import SHUT_RDWR, socket
from threading import Timer
from time import monotonic
from urllib.parse import SplitResult

from marginspec_conformance.connectors.session import EngineFailure, Limits

PIECE = 1 << 16
HEADERS = {"Content-Type": "application/json"}
OK = 200
LEAST_S = 1e-3


def cut(connected: socket | None) -> None:
    """End a connection that somebody reads from."""
    if connected is not None:
        with suppress(OSError):
            connected.shutdown(SHUT_RDWR)


class Posted:
    """A channel to a server: the body of each request and of each answer is one line."""

    def __init__(self, url: SplitResult, limits: Limits) -> None:
        self.noise: list[str] = []
        self._limits, self._path = limits, url.path or "/"
        self._connection = HTTPConnection(url.hostname or "", url.port, timeout=limits.start_s)
        try:
            self._connection.connect()
        except OSError as error:
            detail = f"nothing answers at {url.netloc}: {error.strerror or error}"
            raise EngineFailure("did not start", detail) from None

    def ask(self, request: bytes, until: float) -> bytes:
        """Post a request, and give the body that answers it."""
        try:
            self._limit(until)
            self._connection.request("POST", self._path, request, HEADERS)
            # The connection is free for the next request only when this response is closed.
            with closing(self._headed(until)) as response:
                if response.status != OK:
                    raise EngineFailure("protocol", f"the server answers with status {response.status}")
                return self._body(response, until).rstrip(b"\r\n")
        except TimeoutError:
            raise EngineFailure("hung", "no whole answer within its time") from None
        except (HTTPException, OSError) as error:
            raise EngineFailure("exited", f"the server broke off: {type(error).__name__}") from None

    def _headed(self, until: float) -> HTTPResponse:
        """The beginning of a response; the connection is cut if it takes too long, however it is dripping."""
        connected = self._connection.sock
        timer = Timer(max(LEAST_S, until - monotonic()), cut, [connected])
        timer.daemon = True
        timer.start()
        try:
            response = self._connection.getresponse()
        except (HTTPException, OSError):
            if monotonic() >= until:
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
        if monotonic() >= until:
            response.close()
            raise TimeoutError
        return response

    def _limit(self, until: float) -> None:
        if self._connection.sock is not None:
            self._connection.sock.settimeout(max(LEAST_S, until - monotonic()))

    def _body(self, response: HTTPResponse, until: float) -> bytes:
        body = bytearray()
        while piece := response.read1(PIECE):
            body += piece
            if len(body) > self._limits.line_bytes + 1:
                raise EngineFailure("oversized line", f"an answer of more than {self._limits.line_bytes} bytes")
            if monotonic() >= until:
                raise TimeoutError
            self._limit(until)
        if response.length:
            raise EngineFailure("partial line", f"{response.length} bytes of the answer are missing")
        return bytes(body)

    def pass_over(self, until: float) -> bytes:  # noqa: ARG002 - as other channels
        """A body is one line, so none follows."""
        raise EngineFailure("garbage", "the answer to hello is none")

    def end(self, until: float) -> None:
        """There is no process to wait for."""

    def close(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._connection.close()

    def stderr(self) -> str:
        """It goes where whoever started the server has it."""
        return ""
