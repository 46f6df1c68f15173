"""Keeping compiled code: of which text it is, whether it is whole, and one process at a time that compiles."""

import fcntl
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from marginspec.model import events

DIGEST_BYTES = 32
MOST_SECONDS = 600
"""So long at most a process waits for another that compiles."""
BETWEEN_TRIES = 0.2
NOT_KEPT = "the optimized engine is compiled anew by every process: no folder for compiled code can be written to"

COMPILED = tuple(
    f"{room}/*.py" for room in ("batches", "index", "kernels", "layout", "memory", "numba", "rules", "text")
)
"""Files of the engine whose text may change what is compiled; so may those of the rulebook's model."""


def sources_hash(engine: Path, model: Path) -> str:
    """SHA-256 of the files of two folders whose text may change what is compiled."""
    paths = [(path.relative_to(engine), path) for pattern in COMPILED for path in engine.glob(pattern)]
    paths += [(path.relative_to(model), path) for path in model.glob("*.py")]
    return sha256("\n".join(f"{name}: {path.read_text('utf-8')}" for name, path in sorted(paths)).encode()).hexdigest()


SOURCES = sources_hash(Path(__file__).parents[1], Path(events.__file__).parent)

BEFORE_COMPILING: list[Callable[[], None]] = []
"""What is called before something is compiled that no cache has, which may take a minute."""


def tell_of_compiling() -> None:
    """Call what is to be called before something is compiled."""
    for call in BEFORE_COMPILING:
        call()


def sealed(content: bytes) -> bytes:
    """Content with its SHA-256 behind it."""
    return content + sha256(content).digest()


def unsealed(path: Path) -> bytes | None:
    """The content of a sealed file; None if it is not there or not whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
    return body if sha256(body).digest() == digest else None


def locked(path: Path) -> Any:
    """A lock on a file, until it is closed or the process dies; None if none can be had, or not for too long."""
    try:
        stream = path.open("w")
    except OSError:
        return None
    until = time.monotonic() + MOST_SECONDS
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > until:
                stream.close()
                return None
            time.sleep(BETWEEN_TRIES)
        else:
            return stream
