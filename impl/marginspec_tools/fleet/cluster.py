"""Work in shards on a Dask cluster: what it needs travels with the tasks, and lines come in the order of the pieces.

Needs the extra `dask` here, and this version of marginspec with its extra `fast` where the workers run.
"""

import asyncio
import logging
import pickle
import re
from asyncio import CancelledError
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from threading import Lock
from typing import Any

import dask
import zstandard
from distributed import Client, Future, KilledWorker, Security
from distributed.comm.core import CommClosedError, connect
from distributed.core import send_recv

from marginspec import RULEBOOK_VERSION
from marginspec_journal import InputError
from marginspec_tools.fleet.shards import Line, Opened, Piece, Work, in_order

ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):[0-9]{1,5}")
ANSWER_SECONDS = 10
"""How long a scheduler may take to answer."""
WORKER_SECONDS = 20
"""How long the first worker may take to join."""
TASKS_AHEAD = 1_000
"""How many pieces the scheduler holds at most: enough for any cluster, few enough for its memory."""

_opened: dict[str, Opened] = {}
_opening = Lock()


class OtherVersion(Exception):  # noqa: N818 - the cluster is in error, not this program
    """A worker has another version of marginspec, whose answers might differ."""


@cache
def own_version() -> str:
    """Which marginspec this process runs."""
    return f"{version('marginspec')} (rulebook {RULEBOOK_VERSION})"


def answers_on_cluster(work: Work[Piece], pieces: Iterable[Piece], address: str) -> Iterator[Line]:
    """The lines of the pieces in their order, by the workers of the scheduler at an address.

    A task that a dead worker held is run again by another; each line is taken from its own task, so none is
    missing and none comes twice. InputError if there is no such cluster, or if its workers cannot answer.
    """
    with refusing_cluster_errors(address), cluster_client(address) as client:
        packed = sent_work(client, work)

        def ask(piece: Piece) -> Future[Line]:
            """Have a worker answer a piece."""
            task: Future[Line] = client.submit(answer_on_worker, packed, piece, own_version(), pure=False)
            return task

        yield from in_order(pieces, ask, TASKS_AHEAD)


def cluster_client(address: str) -> Client:
    """The cluster at an address, for whoever closes it; InputError if within seconds there is none, or no worker."""
    if ADDRESS.fullmatch(address) is None:
        raise InputError(f"--dask {address!r}", None, None, "not a scheduler's address, such as tcp://10.0.0.5:8786")
    # What the library has to say of a lost connection comes here as an error anyway.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        # Asked before there is a client, which would wait for ever for what listens and is no scheduler.
        workers = asyncio.run(asyncio.wait_for(workers_of(address), ANSWER_SECONDS + WORKER_SECONDS))
    except Exception as error:  # the library's own kinds depend on what answers there, and how
        reason = "timed out" if isinstance(error, TimeoutError) else str(error).partition("\n")[0]
        raise InputError(address, None, None, f"no Dask scheduler answers: {reason or type(error).__name__}") from None
    if workers == 0:
        raise InputError(address, None, None, f"no worker has joined within {WORKER_SECONDS} seconds")
    return Client(address, timeout=ANSWER_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]


async def workers_of(address: str) -> int:
    """How many workers a scheduler has, as soon as it has one, or after some seconds."""
    security = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    connecting = connect(address, ANSWER_SECONDS, **security)  # type: ignore[no-untyped-call]
    scheduler = await asyncio.wait_for(connecting, ANSWER_SECONDS)
    workers, asked = 0, 0
    try:
        while workers == 0 and asked < WORKER_SECONDS:
            await asyncio.sleep(min(asked, 1))
            found = await asyncio.wait_for(send_recv(scheduler, op="identity"), ANSWER_SECONDS)
            workers, asked = len(found["workers"]), asked + 1
        return workers
    finally:
        scheduler.abort()


def sent_work(client: Client, work: Work[Any]) -> Future[bytes]:
    """The work on the cluster, as a task of its own: when the only worker that holds it dies, it is sent again.

    Scattered bytes would be lost with that worker.
    """
    packed = zstandard.ZstdCompressor().compress(pickle.dumps(work))
    # Its text is part of the task on purpose.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
        return client.submit(as_given, packed, key=f"marginspec-work-{sha256(packed).hexdigest()}")


@contextmanager
def refusing_cluster_errors(address: str) -> Iterator[None]:
    """Turn what a cluster cannot do into an InputError that names its address."""
    try:
        yield
    except KilledWorker as error:
        reason = f"the task {error.task} failed: its workers died"
    except OtherVersion as error:
        reason = str(error)
    except ModuleNotFoundError as error:
        reason = f"a worker lacks the Python package {error.name}"
    except (CancelledError, CommClosedError):
        reason = "the connection to the scheduler is lost"
    else:
        return
    raise InputError(address, None, None, reason)


# ----------------------------------------------------------------- on a worker


def as_given(packed: bytes) -> bytes:
    """The work itself."""
    return packed


def answer_on_worker(packed: bytes, piece: Any, asking: str) -> Line:
    """Answer a piece of packed work; OtherVersion if another version of marginspec asks."""
    if asking != own_version():
        raise OtherVersion(f"a worker runs marginspec {own_version()}, not {asking}")
    return opened_work(packed).answer(piece)


def opened_work(packed: bytes) -> Opened:
    """What answers the pieces of some work: made by the first task that needs it, and kept until other work comes."""
    digest = sha256(packed).hexdigest()
    with _opening:
        if digest not in _opened:
            _opened.clear()
            _opened[digest] = Opened(pickle.loads(zstandard.ZstdDecompressor().decompress(packed)))
            # Within the lock, as another thread's task may need it at once.
            _ = _opened[digest].answer
        return _opened[digest]
