"""Answers of floating point, which kernels take as hints: any integers that its rounding allows."""

from typing import Any

from marginspec.model.units import RATE_ONE
from marginspec_engine.kernels import wide
from marginspec_proofs.prover.statements import Case
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.theorems.kernels.words import fits
from marginspec_proofs.theorems.numbers import not_less_by_a_factor

HALF_UNIT = 53
"""A result of floating point is rounded by at most a part in 2^53 (IEEE 754, binary64, to nearest)."""
SCALE = 2**200
"""Results of floating point that are not whole are counted in 2^-200: here each is a whole number of these."""


def rounded(case: Case, name: str, exact: Any, times: Any = 1) -> Any:
    """A whole number that, `times` as often, is `exact` (>= 0) but for the rounding of floating point."""
    answer = case.integer(name, 0, source="IEEE 754")
    error = (answer * times - exact) * 2**HALF_UNIT
    case.assume((-exact <= error) & (error <= exact), "IEEE 754")
    return answer


def careful_hint(case: Case, above: Any, below: Any, divisor: Any) -> tuple[Any, Any]:
    """A quotient in floating point, made a little less, in 2^-200, and a hint that is still to be said to be its whole.

    Both, and what they are made of, are kept in order by the divisor in floating point, as that is by the hint.
    """
    numerator, denominator = wide.CAUTION.as_integer_ratio()
    quotient = rounded(case, "quotient in 2^-200", above * SCALE, below)
    careful = rounded(case, "careful in 2^-200", quotient * numerator, denominator)
    answer = case.integer("hint", 0, source="it is cut to a whole number")
    few, many = 2**HALF_UNIT - 1, 2**HALF_UNIT + 1
    not_less_by_a_factor(case, answer * SCALE, careful, below)
    not_less_by_a_factor(case, careful, answer * SCALE + SCALE, below)
    not_less_by_a_factor(case, careful * denominator * 2**HALF_UNIT, quotient * numerator * many, below)
    not_less_by_a_factor(case, quotient * numerator * few, careful * denominator * 2**HALF_UNIT, below)
    not_less_by_a_factor(case, divisor * (2**51 - 1), below * 2**51, answer)
    not_less_by_a_factor(case, below * 2**51, divisor * (2**51 + 1), answer)
    return careful, answer


def no_more_by_a_rate(case: Case, number: Any, rate: Any) -> None:
    """Use T-MUL-2: at a rate between -1 and 1, a number is no more than it is at 1, without signs."""
    product, whole = number * rate, number * RATE_ONE
    case.assume(implies(number >= 0, (-whole <= product) & (product <= whole)), "T-MUL-2")
    case.assume(implies(number <= 0, (whole <= product) & (product <= -whole)), "T-MUL-2")


class Hints:
    """Answers of floating point: any integers within the contract of the compiled forms, in order of asking."""

    def __init__(self, case: Case, rate: Any = None) -> None:
        self.case = case
        self.rate = rate
        self.asked = 0

    def any_integer(self) -> Any:
        """The next answer, on symbols."""
        self.asked += 1
        return self.case.integer(f"hint {self.asked}", source="T-KERNEL-1")

    def nearest(self, number: Any) -> Any:
        """T-KERNEL-1: what is left of a number of 63 bits is at most three quarters of a hundred million."""
        self.case.claim("what is asked fits 64 bits", fits(number))
        answer = self.any_integer()
        rest = number - answer * RATE_ONE
        self.case.assume((4 * rest >= -3 * RATE_ONE) & (4 * rest <= 3 * RATE_ONE), "T-KERNEL-1")
        if self.rate is not None:
            no_more_by_a_rate(self.case, answer, self.rate)
            no_more_by_a_rate(self.case, rest, self.rate)
        return answer
