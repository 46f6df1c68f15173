"""Compiling the kernels: each may be called by compiled code, and `compiled` makes an entry point of a function.

Cached code is found again only for the same text of the whole package: the cache of the compiler looks at the entry
point's file and at none of those that it calls.
"""

import inspect
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import FunctionType
from typing import Any

import numba
from numba.core.caching import FunctionCache
from numba.extending import register_jitable

from marginspec_engine import kernels
from marginspec_engine.kernels import bands
from marginspec_engine.numba.arithmetic import OPERATIONS

OPTIONS: Any = {"error_model": "numpy", "nogil": True}
"""Divisions are not tested for a divisor of zero: the test would keep loops from becoming vector instructions."""


COMPILED = tuple(
    f"{room}/*.py" for room in ("batches", "index", "kernels", "layout", "memory", "numba", "rules", "text")
)
"""Files whose text may change what is compiled."""


def sources_hash(folder: Path) -> str:
    """SHA-256 of the files of a folder whose text may change what is compiled."""
    paths = sorted(path for pattern in COMPILED for path in folder.glob(pattern))
    texts = (f"{path.relative_to(folder)}: {path.read_text('utf-8')}" for path in paths)
    return sha256("\n".join(texts).encode()).hexdigest()


SOURCES = sources_hash(Path(__file__).parents[1])


BEFORE_COMPILING: list[Callable[[], None]] = []
"""What is called before something is compiled that no cache has, which may take a minute."""


class SourcesCache(FunctionCache):
    """A cache whose entries are of the whole package's text."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled code from the cache; None, and then it is compiled, if there is none."""
        inherited: Any = super()
        found = inherited.load_overload(sig, target_context)
        if found is None:
            for call in BEFORE_COMPILING:
                call()
        return found

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        inherited: Any = super()
        return *inherited._index_key(sig, codegen), SOURCES


def kernel_functions() -> Iterator[FunctionType]:
    """Every function of the kernels, in the order of modules and names."""
    for module in iter_modules(kernels.__path__):
        found = import_module(f"{kernels.__name__}.{module.name}")
        for _, function in inspect.getmembers(found, inspect.isfunction):
            if function.__module__ == found.__name__:
                yield function


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as compiled code, which is kept for the next process; compiled when it is first called."""
    dispatcher: Any = numba.njit(**OPTIONS)(function)
    cache: Any = SourcesCache
    dispatcher._cache = cache(dispatcher.py_func)
    entry_point: Callable[..., Any] = dispatcher
    return entry_point


OF_COLUMNS = (bands.met_place, bands.lower_end, bands.upper_end)
"""Kernels that are written into their callers: a call would count references to every array that it is given."""

for kernel in kernel_functions():
    if kernel in OF_COLUMNS:
        register_jitable(inline="always", **OPTIONS)(kernel)
    elif kernel not in OPERATIONS:
        register_jitable(**OPTIONS)(kernel)
