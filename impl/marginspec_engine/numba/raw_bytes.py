"""Compiled forms of reading and writing bytes, which need not stand at whole words, and of hints."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from marginspec_engine.memory import raw_bytes

WORD = ir.IntType(64)


def reading(bits: int) -> Any:
    """A read of so many bits at an address."""
    kind = ir.IntType(bits)

    def read(typing: Any, address: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            loaded = builder.load(builder.inttoptr(given[0], kind.as_pointer()), align=1)
            return loaded if bits == 64 else builder.zext(loaded, WORD)

        return types.int64(types.int64), build

    return intrinsic(read)


def writing(bits: int) -> Any:
    """A write of so many bits at an address."""
    kind = ir.IntType(bits)

    def write(typing: Any, address: Any, word: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            stored = given[1] if bits == 64 else builder.trunc(given[1], kind)
            builder.store(stored, builder.inttoptr(given[0], kind.as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), build

    return intrinsic(write)


def fetching(typing: Any, address: Any) -> Any:
    """A hint to read an address."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = [ir.IntType(8).as_pointer(), *3 * [ir.IntType(32)]]
        name = "llvm.prefetch.p0i8"
        known = builder.module.globals.get(name)
        hint = known or ir.Function(builder.module, ir.FunctionType(ir.VoidType(), kinds), name)
        place = builder.inttoptr(given[0], kinds[0])
        builder.call(hint, [place, *(ir.IntType(32)(number) for number in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(types.int64), build


def fraction_bits(typing: Any, above: Any, times: Any, below: Any, by: Any) -> Any:
    """The bits of a fraction in floating point, which rise with it."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        factors = [builder.sitofp(word, ir.DoubleType()) for word in given]
        quotient = builder.fdiv(builder.fmul(factors[0], factors[1]), builder.fmul(factors[2], factors[3]))
        return builder.bitcast(quotient, WORD)

    return types.int64(types.int64, types.int64, types.int64, types.int64), build


fetch_soon: Any = intrinsic(fetching)
read_eight, read_two = reading(64), reading(16)
write_eight, write_two, write_one = writing(64), writing(16), writing(8)

overload(raw_bytes.eight)(lambda address: lambda address: read_eight(address))
overload(raw_bytes.two)(lambda address: lambda address: read_two(address))
overload(raw_bytes.put_eight)(lambda address, word: lambda address, word: write_eight(address, word))
overload(raw_bytes.put_two)(lambda address, pair: lambda address, pair: write_two(address, pair))
overload(raw_bytes.put_one)(lambda address, byte: lambda address, byte: write_one(address, byte))

bits_of_fraction: Any = intrinsic(fraction_bits)

overload(raw_bytes.fraction_hint)(
    lambda above, times, below, by: lambda above, times, below, by: bits_of_fraction(above, times, below, by)
)
overload(raw_bytes.prefetch)(lambda address: lambda address: fetch_soon(address))

RAW_BYTES = (
    raw_bytes.prefetch,
    raw_bytes.fraction_hint,
    raw_bytes.eight,
    raw_bytes.two,
    raw_bytes.put_eight,
    raw_bytes.put_two,
    raw_bytes.put_one,
)
"""What has a compiled form here."""
