"""The server: on loopback only, with the journal followed in a thread beside it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from marginspec_journal import InputError, open_journal
from marginspec_tools.dashboard.app import Dashboard
from marginspec_tools.dashboard.index import Builder, BuiltElsewhere, Index, found_of
from marginspec_tools.dashboard.view import Source

LOOK_EVERY_S = 0.25
"""How often the journal is looked at while nothing is added to it."""
BUILT_ELSEWHERE = "another process builds this index; name another file with --index"
LEAVE_WITHIN_S = 2
"""Answers that are under way when the server ends have so long."""


class Following(threading.Thread):
    """Builds the index of a journal, and goes on as the journal grows, until it is told to end."""

    def __init__(self, builder: Builder) -> None:
        super().__init__(name="following", daemon=True)
        self._builder, self._ending = builder, threading.Event()
        self.failure: BaseException | None = None
        self.caught_up = threading.Event()
        """Set when all is indexed that the journal holds."""

    def run(self) -> None:
        """Follow the journal; what goes wrong is kept for whoever ends the server."""
        try:
            self._builder.follow(self._waited)
        except BuiltElsewhere:
            self.failure = InputError(str(self._builder.index), None, None, BUILT_ELSEWHERE)
        except BaseException as error:
            self.failure = error
        finally:
            self.caught_up.set()

    def _waited(self) -> bool:
        """Wait for more of the journal; gives whether to end."""
        self.caught_up.set()
        return self._ending.wait(LOOK_EVERY_S)

    def end(self) -> None:
        """Stop after the step that is being made."""
        self._ending.set()
        self.join()


class Server(uvicorn.Server):
    """The server of a dashboard; it ends when the journal cannot be followed any more."""

    def __init__(self, dashboard: Dashboard, following: Following, port: int) -> None:
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
        self._dashboard, self._following = dashboard, following

    async def on_tick(self, counter: int) -> bool:
        """Whether to end, asked ten times a second."""
        if self._following.failure is not None:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and the readers that wait for new events with it."""
        self._dashboard.is_closing = True
        await super().shutdown(sockets)


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


@contextmanager
def opened_server(
    journal: Path, index: Path, start: Path | None, listening: socket.socket
) -> Iterator[tuple[Server, Following]]:
    """A server of a journal that is ready to run, and is closed at the end; InputError if the journal is refused."""
    # What is wrong with its header is an error; what is wrong further on is told on the pages.
    found_of(journal)
    open_journal(journal)
    builder = Builder(journal, index, start)
    try:
        builder.step()
        following = Following(builder)
        reader = Index(index)
        server = Server(Dashboard(reader, Source(journal, start)), following, listening.getsockname()[1])
        following.start()
        try:
            yield server, following
        finally:
            following.end()
            reader.close()
    finally:
        builder.close()
