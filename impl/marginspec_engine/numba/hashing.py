"""SHA-256 by the processor's own instructions, where it has them; elsewhere `hashing` is compiled as it stands.

The eight words are packed as those instructions want them, ABEF and CDGH, for each block, and unpacked behind it.
"""

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from marginspec_engine.numba.memory import POINTER
from marginspec_engine.text import hashing

HALF, WORD = ir.IntType(32), ir.IntType(64)
FOUR = ir.VectorType(HALF, 4)
GROUPS = 16
ABEF, CDGH = (5, 4, 1, 0), (7, 6, 3, 2)
"""Which of the eight words the four parts of a register hold, the lowest first."""


def has_instructions() -> bool:
    """Whether this machine has instructions for SHA-256."""
    features = llvm.get_host_cpu_features()
    return bool(features.get("sha") and features.get("ssse3"))


def four(numbers: Any) -> Any:
    """Four constants of 32 bits."""
    return ir.Constant(FOUR, [HALF(number) for number in numbers])


def shuffled(builder: Any, first: Any, second: Any, places: Any) -> Any:
    """Parts of two registers, by their places in both."""
    return builder.shuffle_vector(first, second, four(places))


def packed(builder: Any, state: Any, places: Any) -> Any:
    """Four of the eight words as a register."""
    register = ir.Constant(FOUR, ir.Undefined)
    for part, place in enumerate(places):
        word = builder.trunc(builder.load(builder.gep(state, [WORD(place)])), HALF)
        register = builder.insert_element(register, word, HALF(part))
    return register


def unpack(builder: Any, state: Any, register: Any, places: Any) -> None:
    """Write a register to four of the eight words."""
    for part, place in enumerate(places):
        word = builder.zext(builder.extract_element(register, HALF(part)), WORD)
        builder.store(word, builder.gep(state, [WORD(place)]))


def intrinsic_of(builder: Any, name: str, registers: int) -> Any:
    """A function of registers that LLVM knows by name."""
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(FOUR, registers * [FOUR]), name)


def sixteen_bytes(builder: Any, address: Any, group: int) -> Any:
    """Four words of a block, each the highest byte first."""
    place = builder.inttoptr(builder.add(address, WORD(16 * group)), FOUR.as_pointer())
    swap = intrinsic_of(builder, "llvm.bswap.v4i32", 1)
    return builder.call(swap, [builder.load(place, align=1)])


def clean_upper_halves(builder: Any) -> None:
    """Zero what the registers hold above 128 bits, where they are wider.

    The instructions for SHA-256 are of the old encoding, and those around them, wherever the processor has AVX, of the
    new one. While upper halves are in use, some processors take a hundred times as long for such a mixture.
    """
    if llvm.get_host_cpu_features().get("avx"):
        name, nothing = "llvm.x86.avx.vzeroupper", ir.FunctionType(ir.VoidType(), [])
        builder.call(builder.module.globals.get(name) or ir.Function(builder.module, nothing, name), [])


def compress_block(builder: Any, state: Any, address: Any) -> None:
    """The 64 rounds of a block, four at a time."""
    clean_upper_halves(builder)
    rounds = intrinsic_of(builder, "llvm.x86.sha256rnds2", 3)
    first_part = intrinsic_of(builder, "llvm.x86.sha256msg1", 2)
    second_part = intrinsic_of(builder, "llvm.x86.sha256msg2", 2)
    upper, lower = packed(builder, state, ABEF), packed(builder, state, CDGH)
    upper_before, lower_before = upper, lower
    schedule: list[Any] = []
    for group in range(GROUPS):
        if group < 4:
            schedule.append(sixteen_bytes(builder, address, group))
        else:
            between = shuffled(builder, schedule[-2], schedule[-1], (1, 2, 3, 4))
            summed = builder.add(builder.call(first_part, [schedule[-4], schedule[-3]]), between)
            schedule.append(builder.call(second_part, [summed, schedule[-1]]))
        keyed = builder.add(schedule[-1], four(hashing.CONSTANTS[4 * group : 4 * group + 4]))
        lower = builder.call(rounds, [lower, upper, keyed])
        upper = builder.call(rounds, [upper, lower, shuffled(builder, keyed, keyed, (2, 3, 2, 3))])
    unpack(builder, state, builder.add(upper, upper_before), ABEF)
    unpack(builder, state, builder.add(lower, lower_before), CDGH)


def compress_compiled(typing: Any, state: Any, address: Any) -> Any:
    """Take the 64 bytes at an address into a hash."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        compress_block(builder, given[0], given[1])
        return context.get_dummy_value()

    return types.void(POINTER, types.int64), build


take_block: Any = intrinsic(compress_compiled)
HASHING: tuple[Any, ...] = ()
"""What has a compiled form here, on this machine."""
if has_instructions():
    overload(hashing.compress)(
        lambda state, schedule, address: lambda state, schedule, address: take_block(state, address)
    )
    HASHING = (hashing.compress,)
