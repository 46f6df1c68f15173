"""Sweeps on a Dask cluster: the state travels with the tasks, and answers come in the order of the scenarios.

Needs the extra `dask` here, and this version of marginspec with its extra `fast` where the workers run.
"""

from asyncio import CancelledError
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from itertools import islice
from threading import Lock
from typing import Any, TypeAlias

import dask
import zstandard
from distributed import Client, Future, KilledWorker
from distributed.comm.core import CommClosedError

from marginspec import RULEBOOK_VERSION
from marginspec_journal import InputError
from marginspec_tools.sweep import Scenario, StateText, Sweeper

TASKS_AHEAD = 1_000
"""How many scenarios the scheduler holds at most: enough for any cluster, few enough for its memory."""

Answer: TypeAlias = Future[dict[str, Any]]

_sweepers: dict[str, Sweeper] = {}
_reading = Lock()


class OtherVersion(Exception):  # noqa: N818 - the cluster is in error, not this program
    """A worker has another version of marginspec, whose answers might differ."""


@cache
def own_version() -> str:
    """Which marginspec this process runs."""
    return f"{version('marginspec')} (rulebook {RULEBOOK_VERSION})"


def answers_on_cluster(state: StateText, scenarios: list[Scenario], address: str) -> Iterator[dict[str, Any]]:
    """The answers in the order of the scenarios, by the workers of the scheduler at an address.

    A task that a dead worker held is run again by another; each answer is taken from its own task, so none is
    missing and none comes twice. InputError if there is no such cluster, or if its workers cannot answer.
    """
    with refusals(address), connected(address) as client:
        packed = sent(client, state)
        left, ahead = iter(scenarios), deque[Answer]()
        ahead.extend(asked(client, packed, state.name, scenario) for scenario in islice(left, TASKS_AHEAD))
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(asked(client, packed, state.name, scenario) for scenario in islice(left, 1))


def connected(address: str) -> Client:
    """The cluster at an address, for whoever closes it."""
    try:
        return Client(address, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InputError(address, None, None, f"no Dask scheduler answers: {error}") from None


def sent(client: Client, state: StateText) -> Future[bytes]:
    """The state on the cluster, as a task of its own: when the only worker that holds it dies, it is sent again.

    Scattered bytes would be lost with that worker.
    """
    packed = zstandard.ZstdCompressor().compress(state.text)
    # Its text is part of the task on purpose.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
        return client.submit(as_given, packed, key=f"marginspec-state-{sha256(state.text).hexdigest()}")


def asked(client: Client, packed: Future[bytes], name: str, scenario: Scenario) -> Answer:
    """The task of a scenario."""
    return client.submit(answer_on_worker, packed, name, scenario, own_version(), pure=False)


@contextmanager
def refusals(address: str) -> Iterator[None]:
    """Turn what a cluster cannot do into refusals of it."""
    try:
        yield
    except KilledWorker as error:
        reason = f"the task {error.task} was given up: its workers died"
    except OtherVersion as error:
        reason = str(error)
    except ModuleNotFoundError as error:
        reason = f"a worker lacks the Python package {error.name}"
    except (CancelledError, CommClosedError):
        reason = "the scheduler has gone"
    else:
        return
    raise InputError(address, None, None, reason)


# ----------------------------------------------------------------- on a worker


def as_given(packed: bytes) -> bytes:
    """The state itself."""
    return packed


def answer_on_worker(packed: bytes, name: str, scenario: Scenario, asking: str) -> dict[str, Any]:
    """Answer a scenario from a packed state; OtherVersion if another version of marginspec asks."""
    if asking != own_version():
        raise OtherVersion(f"a worker runs marginspec {own_version()}, not {asking}")
    return sweeper_of(packed, name).answer(scenario)


def sweeper_of(packed: bytes, name: str) -> Sweeper:
    """What answers from a state: made by the first task that needs it, and kept until another state comes."""
    digest = sha256(packed).hexdigest()
    with _reading:
        if digest not in _sweepers:
            _sweepers.clear()
            _sweepers[digest] = Sweeper(StateText(name, zstandard.ZstdDecompressor().decompress(packed)))
        return _sweepers[digest]
