"""Compiled forms of the memory's primitives: pointers, and the C library's reallocation."""

import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload, register_jitable

from marginspec_engine import layout
from marginspec_engine.memory import words as memory

WORD = ir.IntType(64)
pointer_to: Any = types.CPointer
POINTER: Any = pointer_to(types.int64)


def pointer_at(typing: Any, address: Any) -> Any:
    """Words at an address."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.inttoptr(given[0], WORD.as_pointer())

    return POINTER(types.int64), build


def pointer_shifted(typing: Any, words: Any, place: Any) -> Any:
    """Words from a place on."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.gep(given[0], [given[1]])

    return POINTER(POINTER, types.int64), build


def address_of_pointer(typing: Any, words: Any) -> Any:
    """Where words stand."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.ptrtoint(given[0], WORD)

    return types.int64(POINTER), build


# Typed as anything, since they are called as they stand in compiled code only.
words_of_address: Any = intrinsic(pointer_at)
words_from: Any = intrinsic(pointer_shifted)
address_from: Any = intrinsic(address_of_pointer)
reallocate: Any = types.ExternalFunction("realloc", types.int64(types.int64, types.int64))
release: Any = types.ExternalFunction("free", types.void(types.int64))
allocate_aligned: Any = types.ExternalFunction("aligned_alloc", types.int64(types.int64, types.int64))
advise: Any = types.ExternalFunction("madvise", types.int32(types.int64, types.int64, types.int32))
copy_bytes: Any = types.ExternalFunction("memcpy", types.int64(types.int64, types.int64, types.int64))

IS_ADVISED = sys.platform == "linux"


@register_jitable
def resized_in_c(address: int, before: int, after: int) -> int:
    """Memory of the C library; much of it at once stands on huge pages where there are any."""
    if after == 0:
        release(address)
        return 0
    if IS_ADVISED and after * layout.WORD_BYTES >= layout.HUGE_BYTES:
        found: int = on_huge_pages(after)
        if address != 0:
            copy_bytes(found, address, min(before, after) * layout.WORD_BYTES)
            release(address)
        return found
    grown: int = reallocate(address, after * layout.WORD_BYTES)
    if grown == 0:
        raise MemoryError("the engine's memory is used up")
    return grown


@register_jitable
def on_huge_pages(words: int) -> int:
    """New memory of so many words, on huge pages.

    Rows are read in no order, so that each would miss the processor's table of small pages, and every small page is
    a fault of its own.
    """
    rounded = (words * layout.WORD_BYTES + layout.HUGE_BYTES - 1) // layout.HUGE_BYTES * layout.HUGE_BYTES
    found: int = allocate_aligned(layout.HUGE_BYTES, rounded)
    if found == 0:
        raise MemoryError("the engine's memory is used up")
    # Whether the advice is taken is for the system to say.
    advise(found, rounded, layout.HUGE_PAGES)
    return found


overload(memory.at)(lambda words, place: lambda words, place: words_from(words, place))
overload(memory.words_at)(lambda book, address: lambda book, address: words_of_address(address))
overload(memory.address_of)(lambda words: lambda words: address_from(words))
overload(memory.resized)(
    lambda book, address, before, after: lambda book, address, before, after: resized_in_c(address, before, after)
)
overload(memory.is_compiled)(lambda: lambda: True)

PRIMITIVES = (memory.at, memory.words_at, memory.address_of, memory.resized, memory.is_compiled)
"""What has a compiled form here; every other function of `compiled` is compiled from its text."""
