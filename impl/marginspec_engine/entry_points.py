"""Entry points into compiled code."""

from importlib import import_module
import inspect
from pkgutil import iter_modules
from typing import Any

from numba.extending import register_jitable

from marginspec_engine import compiled as rules
from marginspec_engine.compiled.applying import apply_event
from marginspec_engine.compiled_memory import PRIMITIVES, words_of_address
from marginspec_engine.compiling import OPTIONS, compiled

for module in iter_modules(rules.__path__):
    for _, function in inspect.getmembers(import_module(f"{rules.__name__}.{module.name}"), inspect.isfunction):
        if function.__module__ == f"{rules.__name__}.{module.name}" and function not in PRIMITIVES:
            register_jitable(**OPTIONS)(function)


def apply_at(address: int) -> int:
    return apply_event(words_of_address(address))


apply_compiled: Any = compiled(apply_at)
