"""Compiled code on disk: of the whole package's text, checked before it is loaded, compiled by one process at a time.

The cache of the compiler looks at an entry point's file and at none of those that it calls, trusts what it reads, and
lets every process compile what it does not find.
"""

import fcntl
import time
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache

from marginspec.model import events

DIGEST_BYTES = 32
MOST_SECONDS = 600
"""So long at most a process waits for another that compiles."""
BETWEEN_TRIES = 0.2

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


class CheckedFile(IndexDataCacheFile):
    """Files of a cache that end with the SHA-256 of what is before; what is damaged is as if it were not there."""

    def _load_index(self) -> Any:
        inherited: Any = super()
        return inherited._load_index() if is_whole(Path(self._index_path)) else {}

    def _load_data(self, name: str) -> Any:
        inherited: Any = super()
        path = Path(inherited._data_path(name))
        if not is_whole(path):
            raise FileNotFoundError(path)
        return inherited._load_data(name)

    def _save_index(self, overloads: Any) -> None:
        inherited: Any = super()
        inherited._save_index(overloads)
        self._seal(self._index_path)

    def _save_data(self, name: str, data: Any) -> None:
        inherited: Any = super()
        inherited._save_data(name, data)
        self._seal(inherited._data_path(name))

    def _seal(self, path: str) -> None:
        """Put the digest behind a file; what reads it as the compiler wrote it stops before that."""
        content = Path(path).read_bytes()
        with self._open_for_write(path) as stream:
            stream.write(content + sha256(content).digest())


def is_whole(path: Path) -> bool:
    """Whether a file is there and ends with the digest of what is before."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return sha256(content[:-DIGEST_BYTES]).digest() == content[-DIGEST_BYTES:]


class SourcesCache(FunctionCache):
    """A cache whose entries are of the whole package's text."""

    def __init__(self, function: Any) -> None:
        inherited: Any = super()
        inherited.__init__(function)
        file: Any = CheckedFile
        self._cache_file = file(self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp())
        self._lock = Path(self._cache_path) / f"{self._impl.filename_base}.lock"
        self._held: Any = None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled code from the cache; None, and then it is compiled, if there is none.

        While another process compiles the same, this one waits, and finds what that one has kept.
        """
        inherited: Any = super()
        found = inherited.load_overload(sig, target_context)
        if found is not None:
            return found
        for call in BEFORE_COMPILING:
            call()
        self._held = locked(self._lock)
        found = inherited.load_overload(sig, target_context)
        if found is not None:
            self._release()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, and let others look for it."""
        inherited: Any = super()
        try:
            inherited.save_overload(sig, data)
        finally:
            self._release()

    def _release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        inherited: Any = super()
        return *inherited._index_key(sig, codegen), SOURCES


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


class NoCache(NullCache):
    """What takes a cache's place where nothing can be written."""

    def load_overload(self, sig: Any, target_context: Any) -> None:  # noqa: ARG002 - as all caches
        """Nothing: it is compiled."""
        for call in BEFORE_COMPILING:
            call()


def cache_of(function: Any) -> Any:
    """Where compiled code of a function is kept for the next process; it says so if it cannot be kept."""
    try:
        return SourcesCache(function)
    except RuntimeError:
        # Said once: the compiler found no folder that it may write to.
        warnings.warn(NOT_KEPT, RuntimeWarning, stacklevel=1)
        return NoCache()


NOT_KEPT = "the optimized engine is compiled anew by every process: no folder for compiled code can be written to"
