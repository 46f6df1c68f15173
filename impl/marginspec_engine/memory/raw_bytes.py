"""Memory by the byte, and hints. Python's forms read and write the same memory, through ctypes."""

import ctypes


def eight(address: int) -> int:
    """Eight bytes as a word, the first byte the lowest."""
    return ctypes.c_int64.from_address(address).value


def put_eight(address: int, word: int) -> None:
    """Write the eight bytes of a word, the lowest first."""
    ctypes.c_int64.from_address(address).value = word


def put_two(address: int, pair: int) -> None:
    """Write two bytes, the lower first."""
    ctypes.c_uint16.from_address(address).value = pair


def two(address: int) -> int:
    """Two bytes, the first the lower."""
    return ctypes.c_uint16.from_address(address).value


def put_one(address: int, byte: int) -> None:
    """Write a byte."""
    ctypes.c_uint8.from_address(address).value = byte


def prefetch(address: int) -> None:
    """Have memory at an address read soon; Python has no need of it."""


def fraction_hint(above: int, times: int, below: int, by: int) -> int:
    """A word (0 to 2^63 - 1) that rises with above * times / (below * by), roughly, all of them positive.

    Compiled code has the bits of that in floating point: nothing may be decided by it.
    """
    return min(2**63 - 1, (above * times << 32) // (below * by))
