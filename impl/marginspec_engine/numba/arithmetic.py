"""Compiled forms of what the kernels do with wide integers and hints: 128-bit integers of LLVM, and floating point.

A division of 128 bits would call into a library of the C compiler, which is not there on every machine and must be
loaded before code from the cache runs. So quotients are guessed in floating point, and `kernels` repairs them.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

from marginspec_engine.kernels import quotients, rates, wide

WORD, WIDE, FLOAT = ir.IntType(64), ir.IntType(128), ir.DoubleType()
TWO_TO_64 = 2.0**64


class Wide(types.Type):
    """A 128-bit integer of at least zero; exists in compiled code only."""


a_wide: Any = Wide("Wide")


@register_model(Wide)
class WideModel(models.PrimitiveModel):
    """A wide integer is one value of 128 bits."""

    def __init__(self, manager: Any, its_type: Any) -> None:
        inherited: Any = super()
        inherited.__init__(manager, its_type, WIDE)


def as_float(builder: Any, value: Any) -> Any:
    """A wide integer in floating point: its two words are rounded, and so is their sum."""
    low = builder.uitofp(builder.trunc(value, WORD), FLOAT)
    high = builder.uitofp(builder.trunc(builder.lshr(value, WIDE(64)), WORD), FLOAT)
    return builder.fadd(builder.fmul(high, FLOAT(TWO_TO_64)), low)


def product(typing: Any, number: Any, factor: Any) -> Any:
    """Two words, multiplied in 128 bits."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.mul(builder.sext(given[0], WIDE), builder.sext(given[1], WIDE))

    return a_wide(types.int64, types.int64), build


def less_times(typing: Any, wide: Any, times: Any, other: Any) -> Any:
    """A wide integer less a word times another, in 128 bits."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.sub(given[0], builder.mul(builder.sext(given[1], WIDE), given[2]))

    return a_wide(a_wide, types.int64, a_wide), build


def reaches(typing: Any, wide: Any, other: Any) -> Any:
    """A comparison in 128 bits."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.icmp_unsigned(">=", given[0], given[1])

    return types.boolean(a_wide, a_wide), build


def grown(typing: Any, wide_integer: Any) -> Any:
    """A product with a power of two, in 128 bits."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.mul(given[0], WIDE(wide.GROWTH))

    return a_wide(a_wide), build


def wholes_hint(typing: Any, wide_integer: Any, divisor: Any) -> Any:
    """The quotient in floating point, a little less, cut to a whole number of at most MOST_WHOLES."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        quotient = builder.fdiv(as_float(builder, given[0]), as_float(builder, given[1]))
        careful = builder.fmul(quotient, FLOAT(wide.CAUTION))
        most = FLOAT(float(wide.MOST_WHOLES))
        return builder.fptosi(builder.select(builder.fcmp_ordered("<", careful, most), careful, most), WORD)

    return types.int64(a_wide, a_wide), build


def nearest_hint(typing: Any, number: Any) -> Any:
    """A word times 1e-8 in floating point, to the nearest whole number."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        quotient = builder.fmul(builder.sitofp(given[0], FLOAT), FLOAT(rates.ONE_OVER_RATE))
        nearest = builder.module.declare_intrinsic("llvm.rint", [FLOAT])
        return builder.fptosi(builder.call(nearest, [quotient]), WORD)

    return types.int64(types.int64), build


def quotient(typing: Any, number: Any, divisor: Any) -> Any:
    """A quotient in floating point, a little less, cut to a whole number."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        floats = [builder.sitofp(word, FLOAT) for word in given]
        return builder.fptosi(builder.fmul(builder.fdiv(*floats), FLOAT(wide.CAUTION)), WORD)

    return types.int64(types.int64, types.int64), build


# Typed as anything, since they are called as they stand in compiled code only.
wide_product: Any = intrinsic(product)
wide_less_times: Any = intrinsic(less_times)
wide_reaches: Any = intrinsic(reaches)
wide_grown: Any = intrinsic(grown)
hint_of_wholes: Any = intrinsic(wholes_hint)
hint_of_nearest: Any = intrinsic(nearest_hint)
hint_of_quotient: Any = intrinsic(quotient)

overload(wide.product)(lambda number, factor: lambda number, factor: wide_product(number, factor))
overload(wide.less_times)(lambda wide, times, other: lambda wide, times, other: wide_less_times(wide, times, other))
overload(wide.reaches)(lambda wide, other: lambda wide, other: wide_reaches(wide, other))
overload(wide.grown)(lambda wide: lambda wide: wide_grown(wide))
overload(wide.wholes_hint)(lambda wide, divisor: lambda wide, divisor: hint_of_wholes(wide, divisor))
overload(rates.nearest_hint)(lambda number: lambda number: hint_of_nearest(number))
overload(quotients.quotient_hint)(lambda number, divisor: lambda number, divisor: hint_of_quotient(number, divisor))

OPERATIONS = (
    wide.product,
    wide.less_times,
    wide.reaches,
    wide.grown,
    wide.wholes_hint,
    rates.nearest_hint,
    quotients.quotient_hint,
)
"""What has a compiled form here; every other kernel is compiled from its text."""
