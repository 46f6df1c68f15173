"""The ends of bands by quotients that loops over many positions compute with vector instructions.

A quotient is a guess in floating point, and what that left, guessed again. A processor's own division of integers takes
one number at a time.
"""

from marginspec_engine.kernels.limits import MAX_PRICE, MAX_VALUE, NO_PRICE, RATE_ONE


def quotient_hint(number: int, divisor: int) -> int:
    """How many times a divisor (> 0) is in a number (>= 0), or a little less: compiled code asks floating point.

    Of q times, never more than q are answered, and at least q - q / 2^47 - 1.
    """
    return number // divisor


def divided_down(number: int, divisor: int) -> int:
    """A number (>= 0) over a divisor (1 to 2^62), rounded down by less than one unit (NUM-02).

    The first hint leaves fewer than 2^17 divisors, the second fewer than two.
    """
    first = quotient_hint(number, divisor)
    rest = number - first * divisor
    second = quotient_hint(rest, divisor)
    rest = rest - second * divisor
    return first + second + 1 if rest >= divisor else first + second


def line_parts(
    is_long: bool, health: int, rate: int, deduction_quanta: int, deduction_rest: int
) -> tuple[int, int, int]:
    """Whole, rest and divisor of `scaled_by_hints`, which gives up to which notional a line is not covered.

    By a long; by a short it is covered up to there. Health is at a price of zero. A whole below zero is no notional.
    """
    if is_long:
        return -health - deduction_quanta, RATE_ONE - 1 - deduction_rest, RATE_ONE - rate
    return deduction_quanta + health - 1, deduction_rest, RATE_ONE + rate


def scaled_by_hints(whole: int, rest: int, divisor: int) -> int:
    """Hundred millions and a rest (0 to 1e8), over a divisor (1 to 2e8), rounded down; both are at least zero."""
    quotient = divided_down(whole, divisor)
    return quotient * RATE_ONE + divided_down((whole - quotient * divisor) * RATE_ONE + rest, divisor)


def end_on_line(is_long: bool, whole: int, quotient: int, size: int) -> int:
    """The price that a band of a healthy position alone ends at, or NO_PRICE (MRG-07).

    `quotient` is the notional by its line over the size, the value in quanta of a price unit, rounded down.
    """
    if whole < 0:
        return NO_PRICE
    if is_long:
        return quotient
    is_sought = quotient < MAX_PRICE and quotient * size <= MAX_VALUE - size
    return quotient + 1 if is_sought else NO_PRICE
