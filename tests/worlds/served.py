"""A dashboard that is served: on a free port of this machine, in this process, for as long as a test needs it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import attrs
import httpx

from marginspec_tools.dashboard.app import Dashboard
from marginspec_tools.dashboard.index import Builder
from marginspec_tools.dashboard.reports import NO_REPORTS, Reports
from marginspec_tools.dashboard.server import Server, bound_socket, opened_server
from marginspec_tools.dashboard.view import Source

HOST = "127.0.0.1"
PORT = 8765
"""Of requests that no server is asked."""


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
def served(journal: Path, index: Path, reports: Reports = NO_REPORTS) -> Iterator[Served]:
    """Serve a journal; all of it that is there is indexed when the test begins."""
    with closing(Builder(journal, index)) as builder:
        builder.build()
    source = Source(journal, reports=reports)
    with bound_socket(HOST, 0) as listening, opened_server(source, index, listening) as server:
        thread = threading.Thread(target=server.run, args=([listening],), name="server")
        thread.start()
        try:
            yield Served(f"{HOST}:{port_of(listening)}", journal)
        finally:
            end(server, thread)
    assert server.failure == 0


def answer_of(dashboard: Dashboard, path: str) -> httpx.Response:
    """The answer to a request for a path, without a server."""

    async def asked() -> httpx.Response:
        """Ask the application itself."""
        transport = httpx.ASGITransport(dashboard.application(PORT))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://localhost:{PORT}") as reading:
            return await reading.get(path)

    # A browser of the module may have a loop under way in this thread.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(asked())).result()


def port_of(listening: socket.socket) -> int:
    """The port that a socket listens on."""
    port: int = listening.getsockname()[1]
    return port


def end(server: Server, thread: threading.Thread) -> None:
    """Have a server end, and wait for it."""
    server.should_exit = True
    thread.join()
