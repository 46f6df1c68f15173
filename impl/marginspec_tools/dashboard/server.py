"""The server: on loopback only, with the journal followed by a process beside it."""

import socket
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import repeat
from pathlib import Path
from subprocess import Popen

import uvicorn

from marginspec_journal import open_journal
from marginspec_tools.console import with_progress
from marginspec_tools.dashboard.app import Dashboard
from marginspec_tools.dashboard.index import Builder, Index, NotThere, built_in_background, found_of
from marginspec_tools.dashboard.view import Source

LOOK_EVERY_S = 0.02
"""How often it is looked whether indexing has begun, before anything can be shown."""
LEAVE_WITHIN_S = 2
"""Answers that are under way when the server ends have so long."""


class Server(uvicorn.Server):
    """The server of a dashboard; it ends when the journal cannot be followed any more.

    `failure` is then what the process that followed it ended with, else 0.
    """

    def __init__(self, dashboard: Dashboard, index: Index, builder: "Popen[bytes]", port: int) -> None:
        config = uvicorn.Config(
            dashboard.application(port),
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=LEAVE_WITHIN_S,
            ws="none",
        )
        super().__init__(config)
        self._dashboard, self._index, self._builder = dashboard, index, builder
        self._progress = progress_of(index)
        self.failure = 0

    async def on_tick(self, counter: int) -> bool:
        """Whether to end, asked ten times a second."""
        # What comes to an end by itself has failed: it would follow the journal for ever.
        if self._builder.poll() is not None:
            self.failure, self.should_exit = self._builder.returncode or 1, True
        next(self._progress, None)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and the readers that wait for new events with it."""
        self._dashboard.is_closing = True
        self._progress.close()
        await super().shutdown(sockets)


def progress_of(index: Index) -> Generator[None, None, None]:
    """Shows on a terminal how far an index is, a little further at each step, until it has all events."""
    while (head := index.head()).is_building and not head.total:
        yield
    shown = with_progress(repeat(None), "indexing", head.total, lambda: index.head().seq)
    while index.head().is_building:
        yield next(shown)
    shown.close()


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on a loopback address; OSError if the port is taken."""
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def has_start(index: Index) -> bool:
    """Whether there is anything to show, or word of why there is not."""
    try:
        index.header()
    except NotThere:
        return not index.head().is_building
    return True


@contextmanager
def opened_server(source: Source, index: Path, listening: socket.socket) -> Iterator[Server]:
    """A server of a journal that is ready to run, and is closed at the end; InputError if the journal is refused."""
    # What is wrong with its header is an error; what is wrong further on is told on the pages.
    found_of(source.journal)
    open_journal(source.journal)
    with closing(Builder(source.journal, index, source.start)):
        # There is an index now, if only of nothing, and what is wrong with the state or the place has been told.
        pass
    with built_in_background(source.journal, index, source.start) as builder, closing(Index(index)) as reader:
        while builder.poll() is None and not has_start(reader):
            time.sleep(LOOK_EVERY_S)
        yield Server(Dashboard(reader, source), reader, builder, listening.getsockname()[1])
