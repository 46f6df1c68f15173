"""What stands behind the door into compiled code: all rules, compiled to one piece of object code."""

import inspect
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import llvmlite.binding as llvm
import numba
from numba.extending import register_jitable

from marginspec_engine import index, rules, text
from marginspec_engine.batches import loop
from marginspec_engine.batches.loop import collect, publish, run_rows
from marginspec_engine.memory import event_prefetch, lots, orders, positions, prefetch, raw_bytes, words
from marginspec_engine.numba.compiling import OPTIONS
from marginspec_engine.numba.door import APPLY, DOOR, PUBLISH, RUN_ROWS, SETTLE_MARKET
from marginspec_engine.numba.hashing import HASHING
from marginspec_engine.numba.memory import PRIMITIVES, words_of_address
from marginspec_engine.numba.raw_bytes import RAW_BYTES
from marginspec_engine.rules.transition import apply_event, settle_market

SIGNATURE = "int64(int64, int64, int64, int64, int64)"
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


def enter_at(address: int, task: int, first: int, second: int, third: int) -> int:
    """Do a task on the book at an address.

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


def object_code() -> bytes:
    """The object code of `enter_at`, which takes a minute or two to compile; its symbol is DOOR.

    Nothing else can be called from outside, so that what serves the compiler's own calls from Python is left out, and
    with it all need of the compiler's libraries.
    """
    dispatcher: Any = numba.njit(**OPTIONS)(enter_at)
    dispatcher.compile(SIGNATURE)
    (compiled,) = dispatcher.overloads.values()
    module = llvm.parse_assembly(compiled.library.get_llvm_str())
    for function in module.functions:
        if function.name == compiled.fndesc.llvm_func_name:
            function.name = DOOR
        elif not function.is_declaration:
            function.linkage = "internal"
    machine = compiled.library.codegen._tm
    unused = llvm.create_new_module_pass_manager()
    unused.add_global_dead_code_eliminate_pass()
    unused.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    code: bytes = machine.emit_object(module)
    return code
