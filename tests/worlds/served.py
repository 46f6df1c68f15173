"""A dashboard that is served: on a free port of this machine, in this process, for as long as a test needs it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import httpx

from marginspec_tools.dashboard.server import Server, bound_socket, opened_server

HOST = "127.0.0.1"


@attrs.frozen
class Served:
    """What a test asks: where the pages are, by the journal of which path."""

    host: str
    journal: Path

    @property
    def url(self) -> str:
        """The address of the first page."""
        return f"http://{self.host}"

    def get(self, path: str, **given: str) -> httpx.Response:
        """The answer to a request for a path, with these headers."""
        return httpx.get(f"{self.url}{path}", headers=given, timeout=30)


@contextmanager
def served(journal: Path, index: Path, start: Path | None = None) -> Iterator[Served]:
    """Serve a journal; all of it that is there is indexed when the test begins."""
    with bound_socket(HOST, 0) as listening, opened_server(journal, index, start, listening) as (server, following):
        thread = threading.Thread(target=server.run, args=([listening],), name="server")
        thread.start()
        try:
            following.caught_up.wait()
            yield Served(f"{HOST}:{port_of(listening)}", journal)
        finally:
            end(server, thread)
    assert following.failure is None


def port_of(listening: socket.socket) -> int:
    """The port that a socket listens on."""
    port: int = listening.getsockname()[1]
    return port


def end(server: Server, thread: threading.Thread) -> None:
    """Have a server end, and wait for it."""
    server.should_exit = True
    thread.join()
