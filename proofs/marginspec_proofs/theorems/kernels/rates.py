"""Parts at a rate: rounded exactly, with floating point as a hint."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marginspec.model.units import MAX_VALUE, RATE_ONE, div_down, div_up
from marginspec_engine.kernels import rates
from marginspec_proofs.prover.contracts import instead_of
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.theorems.kernels.floating_point import SCALE, Hints, rounded
from marginspec_proofs.theorems.kernels.words import WORD, fits, unchecked, within_words


@theorem("T-KERNEL-1", "NUM-02", of=())
def a_hint_at_a_rate_is_near(case: Case) -> None:
    """A word times 1e-8 in floating point, to the nearest whole, leaves at most three quarters of a hundred million.

    Assumed of floating point: conversion and product are rounded by at most a part in 2^53. Of a negative word all is
    opposite.
    """
    number = case.integer("number", 0, WORD)
    numerator, denominator = rates.ONE_OVER_RATE.as_integer_ratio()
    converted = rounded(case, "converted", number)
    quotient = rounded(case, "quotient in 2^-200", converted * numerator * SCALE, denominator)
    nearest = case.integer("nearest")
    away = 2 * (nearest * SCALE - quotient)
    case.assume((away >= -SCALE) & (away <= SCALE), "IEEE 754")
    rest = 4 * (number - nearest * RATE_ONE)
    case.claim("what is left", (rest >= -3 * RATE_ONE) & (rest <= 3 * RATE_ONE))
    case.claim("the hint fits 64 bits", fits(nearest))


@contextmanager
def rate_hints(case: Case, rate: Any = None) -> Iterator[None]:
    """Within, symbols are computed with as in compiled code: hints are any that its contract allows, all fits."""
    hints = Hints(case, rate)
    # The checks are put on last, so that what hints and assumptions compute is not checked.
    with within_words(case), instead_of(case, rates, {"nearest_hint": unchecked(case, hints.nearest)}):
        yield


@theorem("T-KERNEL-3", "NUM-02", "NUM-03", "MRG-04", "TRD-01", "FND-01", of=(div_down, div_up), uses=("T-MUL-2",))
def parts_at_a_rate_are_exact(case: Case) -> None:
    """A part of an amount at a rate is rounded exactly, down and up, without a number beyond 64 bits on the way."""
    number, rate = case.integer("number", -MAX_VALUE, MAX_VALUE), case.integer("rate", -RATE_ONE, RATE_ONE)
    less = case.integer("less", 0, RATE_ONE)
    is_up = bool(case.truth("up"))
    with rate_hints(case, rate):
        found = rates.part_up(number, rate, less) if is_up else rates.part_down(number, rate)
    if is_up:
        case.claim("rounded up", found == div_up(number * rate - less, RATE_ONE))
    else:
        case.claim("rounded down", found == div_down(number * rate, RATE_ONE))
