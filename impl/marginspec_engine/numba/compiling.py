"""Compiling the kernels: each may be called by compiled code, and `compiled` makes an entry point of a function."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import FunctionType
from typing import Any

import numba
from numba.extending import register_jitable

from marginspec_engine import kernels
from marginspec_engine.kernels import bands
from marginspec_engine.numba.arithmetic import OPERATIONS
from marginspec_engine.numba.caching import cache_of

OPTIONS: Any = {"error_model": "numpy", "nogil": True}
"""Divisions are not tested for a divisor of zero: the test would keep loops from becoming vector instructions."""


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
    dispatcher._cache = cache_of(dispatcher.py_func)
    entry_point: Callable[..., Any] = dispatcher
    return entry_point


OF_COLUMNS = (bands.met_place, bands.lower_end, bands.upper_end)
"""Kernels that are written into their callers: a call would count references to every array that it is given."""

for kernel in kernel_functions():
    if kernel in OF_COLUMNS:
        register_jitable(inline="always", **OPTIONS)(kernel)
    elif kernel not in OPERATIONS:
        register_jitable(**OPTIONS)(kernel)
