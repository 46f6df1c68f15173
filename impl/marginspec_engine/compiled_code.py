"""Whether the optimized engine's compiled code is kept on this machine, so that it need not be compiled."""

from pathlib import Path

from marginspec_engine.numba.caching import SOURCES, SourcesCache
from marginspec_engine.numba.entry_points import enter


def is_compiled() -> bool:
    """Whether the cache has code of this text of the engine; every entry of its index names the text's hash."""
    cache = enter._cache
    if not isinstance(cache, SourcesCache):
        return False
    kept = Path(cache.cache_path)
    return any(SOURCES.encode() in index.read_bytes() for index in kept.glob("entry_points.enter_at*.nbi"))
