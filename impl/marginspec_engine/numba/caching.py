"""The compiler's own cache, made strict: for the whole package's text, checked before it is loaded, compiled once.

The cache of the compiler looks at an entry point's file and at none of those that it calls, trusts what it reads, and
lets every process compile what it does not find.
"""

import warnings
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache

from marginspec_engine.numba.keeping import NOT_KEPT, SOURCES, locked, sealed, tell_of_compiling, unsealed


class CheckedFile(IndexDataCacheFile):
    """Files of a cache that end with the SHA-256 of what is before; what is damaged is as if it were not there."""

    def _load_index(self) -> Any:
        inherited: Any = super()
        return inherited._load_index() if unsealed(Path(self._index_path)) is not None else {}

    def _load_data(self, name: str) -> Any:
        inherited: Any = super()
        path = Path(inherited._data_path(name))
        if unsealed(path) is None:
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
            stream.write(sealed(content))


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
        tell_of_compiling()
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


class NoCache(NullCache):
    """What takes a cache's place where nothing can be written."""

    def load_overload(self, sig: Any, target_context: Any) -> None:  # noqa: ARG002 - as all caches
        """Nothing: it is compiled."""
        tell_of_compiling()


def cache_of(function: Any) -> Any:
    """Where compiled code of a function is kept for the next process; it says so if it cannot be kept."""
    try:
        return SourcesCache(function)
    except RuntimeError:
        # Said once: the compiler found no folder that it may write to.
        warnings.warn(NOT_KEPT, RuntimeWarning, stacklevel=1)
        return NoCache()
