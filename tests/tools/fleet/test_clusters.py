"""Work on a Dask cluster of real processes: lines and hash are those of one process, though a worker dies."""

import os
import signal
import socket
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from dask.typing import Key
from distributed import KilledWorker, LocalCluster, Worker, WorkerPlugin

from marginspec_journal import InputError
from marginspec_tools.fleet import cluster
from marginspec_tools.fleet.sweep import Scenario
from tools.fleet.test_campaigns import WILD
from tools.fleet.test_sweeps import files, refused, run

__all__ = ["files"]


@pytest.fixture
def two_workers() -> Iterator[LocalCluster]:
    """Two workers, each a process of its own that its nanny starts anew when it dies."""
    options: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    # Without a dashboard the scheduler opens a page's port all the same: any that is free.
    options["scheduler_kwargs"] = {"dashboard_address": "127.0.0.1:0"}
    with LocalCluster(n_workers=2, **options) as started:  # type: ignore[no-untyped-call]
        yield started


def deadly(witness: Path) -> WorkerPlugin:
    """Kills the first worker that has answered a second piece, before it can say so; the others live."""

    class Deadly(WorkerPlugin):
        def setup(self, worker: Worker) -> None:
            self.answered = 0

        def transition(self, key: Key, start: str, finish: str, **_: Any) -> None:
            self.answered += str(key).startswith("answer_on_worker") and finish == "memory"
            if self.answered == 2:
                with suppress(FileExistsError), witness.open("x") as file:
                    print(key, file=file, flush=True)
                    os.kill(os.getpid(), signal.SIGKILL)

    return Deadly()


def test_a_worker_dies_and_nothing_is_lost_or_twice(
    files: tuple[Path, Path], two_workers: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, scenarios = files
    monkeypatch.setattr(cluster, "TASKS_AHEAD", 5)
    witness = tmp_path / "witness"
    with cluster.cluster_client(two_workers.scheduler_address) as client:
        client.register_plugin(deadly(witness))
    assert run("sweep", state, scenarios, "--dask", two_workers.scheduler_address) == run(
        "sweep", state, scenarios, "--jobs", 1
    )
    assert witness.read_text().startswith("answer_on_worker")


def test_a_campaign_loses_a_worker_and_nothing_else(two_workers: LocalCluster, tmp_path: Path) -> None:
    witness, on_cluster, here = (tmp_path / name for name in ("witness", "on_cluster", "here"))
    with cluster.cluster_client(two_workers.scheduler_address) as client:
        client.register_plugin(deadly(witness))
    assert run("campaign", *WILD, "--dask", two_workers.scheduler_address, "--output", on_cluster) == []
    assert run("campaign", *WILD, "--jobs", 1, "--output", here) == []
    assert on_cluster.read_bytes() == here.read_bytes()
    assert witness.read_text().startswith("answer_on_worker")


def test_what_a_cluster_cannot_do_is_refused(files: tuple[Path, Path]) -> None:
    state, scenarios = files
    assert "give one of them" in refused("sweep", state, scenarios, "--dask", "tcp://127.0.0.1:1", "--jobs", 2)
    for address in ("", "tcp://", "foo", "nowhere:", "tls://x", "unknown://x", "tcp://a b:1", "tcp://x:1/y"):
        said = f"--dask {address!r}: not a scheduler's address, such as tcp://10.0.0.5:8786"
        assert refused("sweep", state, scenarios, "--dask", address) == said


def test_what_listens_and_is_no_scheduler_is_refused_within_seconds(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 1)
    state, scenarios = files
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        said = f"{address}: no Dask scheduler answers: timed out"
        assert refused("sweep", state, scenarios, "--dask", address) == said
        secure = f"tls://127.0.0.1:{silent.getsockname()[1]}"
        said = refused("sweep", state, scenarios, "--dask", secure)
        assert said.startswith(f"{secure}: no Dask scheduler answers: TLS expects a `ssl_context` argument")


def test_a_cluster_without_workers_is_refused_within_seconds(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 1)
    options: dict[str, Any] = {"n_workers": 0, "dashboard_address": None}
    options["scheduler_kwargs"] = {"dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**options) as started:  # type: ignore[no-untyped-call]
        said = f"{started.scheduler_address}: no worker has joined within 1 seconds"
        assert refused("sweep", *files, "--dask", started.scheduler_address) == said


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (cluster.OtherVersion("a worker runs another"), "a worker runs another"),
        (ModuleNotFoundError(name="numba"), "a worker lacks the Python package numba"),
        (KilledWorker("answer-1", cast("Any", None), 3), "the task answer-1 failed: its workers died"),
        (CancelledError(), "the connection to the scheduler is lost"),
    ],
)
def test_what_goes_wrong_there_is_said_here(error: BaseException, reason: str) -> None:
    with pytest.raises(InputError) as refusal, cluster.refusing_cluster_errors("tcp://10.0.0.5:8786"):
        raise error
    assert str(refusal.value) == f"tcp://10.0.0.5:8786: {reason}"


def test_a_worker_answers_its_own_version_only() -> None:
    with pytest.raises(cluster.OtherVersion) as refusal:
        cluster.answer_on_worker(b"", Scenario(0, ()), "0 (rulebook 0)")
    assert str(refusal.value) == f"a worker runs marginspec {cluster.own_version()}, not 0 (rulebook 0)"
