"""Entry points into compiled code: each takes the address of a book, and is compiled when it is first called."""

import inspect
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from numba.extending import register_jitable

from marginspec_engine import compiled as rules
from marginspec_engine.compiled.applying import apply_event, settle_market
from marginspec_engine.compiled.running import collect, publish, run_rows
from marginspec_engine.compiled_hashing import HASHING
from marginspec_engine.compiled_memory import PRIMITIVES, words_of_address
from marginspec_engine.compiled_octets import OCTETS
from marginspec_engine.compiling import OPTIONS, compiled

COMPILED_FORMS = (*PRIMITIVES, *OCTETS, *HASHING)

for module in iter_modules(rules.__path__):
    found = import_module(f"{rules.__name__}.{module.name}")
    for _, function in inspect.getmembers(found, inspect.isfunction):
        if function.__module__ == found.__name__ and function not in COMPILED_FORMS:
            register_jitable(**OPTIONS)(function)


APPLY, SETTLE_MARKET, RUN_ROWS, PUBLISH, COLLECT = range(5)


def enter_at(address: int, task: int, first: int, second: int, third: int) -> int:
    """The one door into compiled code, since each door costs a compilation of all that is behind it.

    APPLY takes the event in the event words and gives its reason; SETTLE_MARKET settles after a change of a market's
    tables (first); RUN_ROWS takes events in rows at an address (first) from one (second) to another (third) and gives
    the row to go on from; PUBLISH writes the receipt of the event just taken, of a reason (first); COLLECT keeps only
    its effects.
    """
    book = words_of_address(address)
    if task == APPLY:
        return apply_event(book)
    if task == SETTLE_MARKET:
        settle_market(book, first)
        return 0
    if task == RUN_ROWS:
        return run_rows(book, first, second, third)
    if task == PUBLISH:
        publish(book, first)
    else:
        collect(book, first)
    return 0


enter: Any = compiled(enter_at)
