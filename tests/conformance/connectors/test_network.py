"""Engines behind a server or a socket of this machine, which a thread of the test plays."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from conformance.connectors.test_processes import HEADER
from marginspec_conformance.adapter import respond, serve
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import EngineFailure, Limits
from marginspec_conformance.doctor.example import EVENTS
from marginspec_conformance.engines import specification

Played = Callable[[socket.socket], None]


@contextmanager
def listening(play: Played) -> Iterator[int]:
    """A port at which one connection is answered by a function, in a thread that ends with the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                play(connection)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def lines(connection: socket.socket) -> None:
    with connection.makefile("rb") as requests, connection.makefile("wb") as answers:
        serve(specification(), requests, answers)


def posts(connection: socket.socket) -> None:
    """Answers each POST of a connection that is kept."""
    engine = specification()
    with connection.makefile("rb") as stream:
        while stream.readline().startswith(b"POST /ask "):
            body = json.dumps(respond(engine, json.loads(body_of(stream)))).encode() + b"\n"
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def body_of(stream: object) -> bytes:
    length = 0
    while (header := stream.readline()) != b"\r\n":  # type: ignore[attr-defined]  # a file, whose class has no name
        if header.lower().startswith(b"content-length:"):
            length = int(header.split(b":")[1])
    body: bytes = stream.read(length)  # type: ignore[attr-defined]  # likewise
    return body


def saying(text: bytes, *, more: bool = False) -> Played:
    """Says something to the first request and closes; or, with more, waits until the other side closes."""

    def play(connection: socket.socket) -> None:
        asked = b""
        # What is left unread would have the system reset the connection, not close it.
        while not asked.endswith(b"}\n"):
            asked += connection.recv(1 << 16)
        connection.sendall(text)
        while more and connection.recv(1 << 16):
            pass

    return play


@pytest.mark.parametrize(("scheme", "play"), [("attach:{}", lines), ("http://127.0.0.1:{}/ask", posts)])
def test_an_engine_is_asked_as_any_other(scheme: str, play: Played) -> None:
    direct = connector_of("py:marginspec_conformance.engines:specification").open(Limits())
    with listening(play) as port:
        session = connector_of(scheme.format(port)).open(Limits())
        for one in (direct, session):
            assert one.configure(HEADER) is None
            assert one.reset() is None
        events = list(EVENTS.values())
        assert session.hello == direct.hello
        assert session.steps(events, "balances") == direct.steps(events, "balances")
        assert session.state() == direct.state()
        session.close()


@pytest.mark.parametrize(
    ("scheme", "text", "message"),
    [
        ("attach:{}", b"", "exited: it closed the connection before it answered"),
        ("attach:{}", b'{"id"', 'partial line: it closed the connection in the middle of a line: {"id"'),
        ("http://127.0.0.1:{}", b"", "exited: the server broke off: RemoteDisconnected"),
        (
            "http://127.0.0.1:{}",
            b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
            "protocol: the server answers with status 500",
        ),
        (
            "http://127.0.0.1:{}",
            b"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\n\r\n",
            "protocol: the server answers with status 302",
        ),
        (
            "http://127.0.0.1:{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
            "partial line: 7 bytes of the answer are missing",
        ),
        (
            "http://127.0.0.1:{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "garbage: the answer to hello is none",
        ),
    ],
)
def test_what_breaks_off_is_classified(scheme: str, text: bytes, message: str) -> None:
    with listening(saying(text)) as port, pytest.raises(EngineFailure) as caught:
        connector_of(scheme.format(port)).open(Limits())
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("scheme", "text", "message"),
    [
        ("attach:{}", b"x" * 200, f"oversized line: a line of more than 100 bytes, which begins {'x' * 200}"),
        (
            "http://127.0.0.1:{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 200,
            "oversized line: an answer of more than 100 bytes",
        ),
    ],
)
def test_long_answers_are_not_kept(scheme: str, text: bytes, message: str) -> None:
    with listening(saying(text, more=True)) as port, pytest.raises(EngineFailure) as caught:
        connector_of(scheme.format(port)).open(Limits(line_bytes=100))
    assert str(caught.value) == message


def test_a_server_that_does_not_answer_starts_slowly() -> None:
    with listening(saying(b"", more=True)) as port, pytest.raises(EngineFailure) as caught:
        connector_of(f"http://127.0.0.1:{port}").open(Limits(start_s=0.1))
    assert str(caught.value) == "slow start: no answer to hello in 0.1 s"


@pytest.mark.parametrize("scheme", ["attach:{}", "http://127.0.0.1:{}"])
def test_where_nobody_listens_nothing_starts(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(EngineFailure) as caught:
        connector_of(scheme.format(port)).open(Limits())
    assert str(caught.value) == f"did not start: nothing answers at 127.0.0.1:{port}: Connection refused"


def test_a_server_that_drips_its_headers_is_hung() -> None:
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        with suppress(OSError):
            while not ended.wait(0.01):
                connection.sendall(b"x")

    with listening(drip) as port:
        with pytest.raises(EngineFailure) as caught:
            connector_of(f"http://127.0.0.1:{port}").open(Limits(start_s=0.1))
        ended.set()
    assert str(caught.value) == "slow start: no answer to hello in 0.1 s"
