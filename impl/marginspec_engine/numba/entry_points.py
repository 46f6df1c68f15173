"""Entry points into compiled code: each takes the address of a book, and is compiled when it is first called."""

import inspect
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from numba.extending import register_jitable

from marginspec_engine import index, rules, text
from marginspec_engine.batches import loop
from marginspec_engine.batches.loop import collect, publish, run_rows
from marginspec_engine.memory import event_prefetch, lots, orders, positions, prefetch, raw_bytes, words
from marginspec_engine.numba.compiling import OPTIONS, compiled
from marginspec_engine.numba.hashing import HASHING
from marginspec_engine.numba.memory import PRIMITIVES, words_of_address
from marginspec_engine.numba.raw_bytes import RAW_BYTES
from marginspec_engine.rules.transition import apply_event, settle_market

COMPILED_FORMS = (*PRIMITIVES, *RAW_BYTES, *HASHING)

ROOMS = (rules, index, text)
MODULES = (
    *(import_module(f"{room.__name__}.{found.name}") for room in ROOMS for found in iter_modules(room.__path__)),
    *(event_prefetch, loop, lots, orders, positions, prefetch, raw_bytes, words),
)
"""Modules of which compiled code may call any function that is plain enough to be compiled."""

for module in MODULES:
    for _, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and function not in COMPILED_FORMS:
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
