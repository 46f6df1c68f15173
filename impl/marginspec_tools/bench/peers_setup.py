"""Environments of peers: one virtual environment each, since peers conflict; none enters the lock file."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

PEERS = {"lrvx": "lrvx==0.11.0", "freqtrade": "freqtrade==2026.9", "ccxt": "ccxt==4.5.90", "jesse": "jesse==3.5.3"}
"""What is installed for each peer."""
WORKERS = Path(__file__).parent / "peers"
SPECIFICATION = WORKERS / "specification_worker.py"
"""Run by our own Python; the workers of peers by that of their environment."""


def python_of(peer: str, folder: Path) -> Path:
    """The interpreter of a peer's environment."""
    return folder / peer / "bin" / "python"


def set_up(folder: Path) -> None:
    """Make the environment of every peer."""
    for peer, requirement in PEERS.items():
        environment = folder / peer
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        install = [str(python_of(peer, folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, requirement], check=True)


class Peer:
    """A peer's worker that answers questions."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answered: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answered


def opened_peer(peer: str, folder: Path) -> AbstractContextManager[Peer]:
    """A peer's worker, ended at the end."""
    return opened_worker(python_of(peer, folder), WORKERS / f"{peer}_worker.py")


@contextmanager
def opened_worker(python: Path, script: Path) -> Iterator[Peer]:
    """A worker that some Python runs, ended at the end."""
    with subprocess.Popen(
        [str(python), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Peer(process)
        assert process.stdin is not None
        process.stdin.close()
