"""The engine's memory as Python sees it: read and written directly, or drafted on integers without limit.

A draft is how events are answered that may need more than 64 bits: the same functions that are otherwise compiled run
on Python's integers, and what they wrote is kept only if the event is accepted.
"""

import ctypes
import sys
from typing import Protocol

import numpy as np
import numpy.typing as npt

from marginspec_engine import layout
from marginspec_engine.layout import USED

Words64 = npt.NDArray[np.int64]

C_LIBRARY = ctypes.CDLL(None)
C_LIBRARY.realloc.restype = ctypes.c_void_p
C_LIBRARY.realloc.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
C_LIBRARY.free.argtypes = (ctypes.c_void_p,)
C_LIBRARY.aligned_alloc.restype = ctypes.c_void_p
C_LIBRARY.aligned_alloc.argtypes = (ctypes.c_size_t, ctypes.c_size_t)
IS_ADVISED = sys.platform == "linux"
if IS_ADVISED:
    C_LIBRARY.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def allocated(words: int) -> int:
    """New memory of so many words, much of it at once on huge pages (see `compiled_memory`)."""
    size = words * layout.WORD_BYTES
    if IS_ADVISED and size >= layout.HUGE_BYTES:
        rounded = -(-size // layout.HUGE_BYTES) * layout.HUGE_BYTES
        found = C_LIBRARY.aligned_alloc(layout.HUGE_BYTES, rounded)
        if found:
            C_LIBRARY.madvise(found, rounded, layout.HUGE_PAGES)
    else:
        found = C_LIBRARY.realloc(None, size)
    if not found:
        raise MemoryError("the engine's memory is used up")
    return int(found)


def released(address: int) -> None:
    """Give up memory at an address; none at 0."""
    C_LIBRARY.free(address or None)


class Memory(Protocol):
    """What words stand in."""

    def read(self, address: int) -> int:
        """The word at an address."""

    def write(self, address: int, word: int) -> None:
        """Put a word at an address."""

    def resized(self, address: int, before: int, after: int) -> int:
        """The address of memory of so many words that begins like that at an address, which is given up."""


class PythonWords:
    """Words from an address on, of some memory."""

    def __init__(self, memory: Memory, address: int) -> None:
        self.memory = memory
        self.address = address

    def __getitem__(self, place: int) -> int:
        return self.memory.read(self.address + layout.WORD_BYTES * place)

    def __setitem__(self, place: int, word: int) -> None:
        self.memory.write(self.address + layout.WORD_BYTES * place, word)

    def shifted(self, place: int) -> "PythonWords":
        """Words from a place on."""
        return PythonWords(self.memory, self.address + layout.WORD_BYTES * place)

    def elsewhere(self, address: int) -> "PythonWords":
        """Words of the same memory, at an address."""
        return PythonWords(self.memory, address)

    def resized(self, address: int, before: int, after: int) -> int:
        """The address of memory of so many words that begins like that at an address, which is given up."""
        return self.memory.resized(address, before, after)


class DirectMemory:
    """The memory itself."""

    def read(self, address: int) -> int:
        """The word at an address."""
        return ctypes.c_int64.from_address(address).value

    def write(self, address: int, word: int) -> None:
        """Put a word at an address; OverflowError if it has more than 64 bits."""
        ctypes.c_int64.from_address(address).value = fitting(word)

    def resized(self, address: int, before: int, after: int) -> int:
        """New memory, filled from the old, which is given up."""
        found = allocated(after) if after else 0
        if address:
            ctypes.memmove(found, address, min(before, after) * layout.WORD_BYTES)
            released(address)
        return found


def fitting(word: int) -> int:
    """A word, unless it has more than 64 bits."""
    if not -(2**63) <= word < 2**63:
        raise OverflowError(f"{word} does not fit 64 bits")
    return word


class Draft:
    """Memory in which nothing changes until `keep`: what is written is remembered beside it."""

    def __init__(self) -> None:
        self._written: dict[int, int] = {}
        self._given_up: list[int] = []
        self._taken: list[int] = []
        self._memory = DirectMemory()

    def read(self, address: int) -> int:
        """The word at an address, as written last."""
        word = self._written.get(address)
        return self._memory.read(address) if word is None else word

    def write(self, address: int, word: int) -> None:
        """Remember a word, of any size."""
        self._written[address] = int(word)

    def resized(self, address: int, before: int, after: int) -> int:
        """New memory; that which is given up stays until it is known which of the two is kept."""
        if address:
            self._given_up.append(address)
        if after == 0:
            return 0
        found = allocated(after)
        self._taken.append(found)
        for place in range(min(before, after)):
            self.write(found + layout.WORD_BYTES * place, self.read(address + layout.WORD_BYTES * place))
        return found

    def keep(self) -> None:
        """Write all that is remembered."""
        for word in self._written.values():
            fitting(word)
        for address, word in self._written.items():
            self._memory.write(address, word)
        for address in self._given_up:
            released(address)

    def drop(self) -> None:
        """Forget all that is remembered."""
        for address in self._taken:
            released(address)


def words_of(address: int, count: int) -> Words64:
    """So many words of memory as an array, valid until they move."""
    if count == 0:
        return np.empty(0, np.int64)
    return np.ctypeslib.as_array((ctypes.c_int64 * count).from_address(address))


def vector_of(words: Words64, vector: int) -> Words64:
    """What a vector holds, whose three words stand at a place, valid until it grows."""
    return words_of(int(words[vector + layout.ADDRESS]), int(words[vector + USED]))
