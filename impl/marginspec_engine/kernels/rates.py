"""Parts of an amount at a rate: divisions by 1e8 of what would take 90 bits, done within 64.

A number is cut into hundred millions and a rest, so that its product with the rate is never held. The cut need not be
exact, only leave a small rest: compiled code guesses it in floating point, and whole loops become vector instructions.
"""

from marginspec_engine.kernels.limits import RATE_ONE

HALF = RATE_ONE // 2
ONE_OVER_RATE = 1e-8
"""What compiled code multiplies a number by in floating point."""


def nearest_hint(number: int) -> int:
    """How many hundred millions come nearest to a number, or almost: what is left is at most three quarters of one."""
    return (number + HALF) // RATE_ONE


def part_down(number: int, rate: int) -> int:
    """A number at a rate (in 1e-8, -1 to 1), rounded down by less than one unit (NUM-02)."""
    millions = nearest_hint(number)
    rest = (number - millions * RATE_ONE) * rate
    nearest = nearest_hint(rest)
    floor = nearest - 1 if rest < nearest * RATE_ONE else nearest
    return millions * rate + floor


def part_up(number: int, rate: int, less: int) -> int:
    """A number at a rate (in 1e-8, -1 to 1), less some 1e-8 of a unit (0 to 1e8), rounded up by less than one unit."""
    millions = nearest_hint(number)
    rest = (number - millions * RATE_ONE) * rate - less
    nearest = nearest_hint(rest)
    ceiling = nearest + 1 if rest > nearest * RATE_ONE else nearest
    return millions * rate + ceiling


def divided_up(number: int, divisor: int) -> int:
    """A number over a positive divisor, rounded up by less than one unit (NUM-02)."""
    return -(-number // divisor)
