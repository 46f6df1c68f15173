"""Entry points into compiled code: each takes the address of a book, and is compiled when it is first called."""

import inspect
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from numba.extending import register_jitable

from marginspec_engine import compiled as rules
from marginspec_engine.compiled.applying import apply_event, settle_market
from marginspec_engine.compiled_memory import PRIMITIVES, words_of_address
from marginspec_engine.compiling import OPTIONS, compiled

for module in iter_modules(rules.__path__):
    found = import_module(f"{rules.__name__}.{module.name}")
    for _, function in inspect.getmembers(found, inspect.isfunction):
        if function.__module__ == found.__name__ and function not in PRIMITIVES:
            register_jitable(**OPTIONS)(function)


def apply_at(address: int) -> int:
    """Take the event in a book's event words; gives its reason."""
    return apply_event(words_of_address(address))


def settle_market_at(address: int, number: int) -> None:
    """Settle after a change of a market's tables."""
    settle_market(words_of_address(address), number)


apply_compiled: Any = compiled(apply_at)
settle_market_compiled: Any = compiled(settle_market_at)
