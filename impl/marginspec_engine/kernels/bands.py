"""The liquidation band of a domain with one position in a market, and the bankruptcy price of any.

A tier's line asks of a notional its rate less its deduction; maintenance is the line of the tier that holds it. Health
falls with the price of a short and rises with that of a long, so it is lost at one price, in one tier, which is found
by comparisons: of health at a price of zero with that at which each tier's line is met just at the tier's floor.
"""

from marginspec_engine.kernels.limits import MAX_PRICE, MAX_VALUE, MOST, NO_PRICE, RATE_ONE
from marginspec_engine.kernels.margin import Column
from marginspec_engine.kernels.rates import divided_up

BEYOND = MAX_PRICE + 1
"""Stands for a price above all that are sought."""


def scaled_down(whole: int, rest: int, divisor: int) -> int:
    """Hundred millions and a rest (0 to 1e8), over a divisor (1 to 2e8), rounded down; both are at least zero."""
    quotient = whole // divisor
    return quotient * RATE_ONE + ((whole - quotient * divisor) * RATE_ONE + rest) // divisor


def uncovered_below(health: int, size: int, rate: int, deduction_quanta: int, deduction_rest: int) -> int:
    """The highest price at which a long does not cover a tier's line; below 1 if none. Health is at a price of zero.

    `size` is the value in quanta of a price unit. Needs the line to be covered at some notional of at most 2^62:
    so the quotient fits.
    """
    if health > 0 or -health < deduction_quanta:
        return NO_PRICE
    whole, rest = -health - deduction_quanta, RATE_ONE - 1 - deduction_rest
    return scaled_down(whole, rest, RATE_ONE - rate) // size


def uncovered_above(health: int, size: int, rate: int, deduction_quanta: int, deduction_rest: int) -> int:
    """The lowest price at which a short does not cover a tier's line; BEYOND if its notional is beyond 2^62.

    `size` is the value in quanta of a price unit, `health` (> 0) that at a price of zero.
    """
    if deduction_quanta > MOST - health:
        return BEYOND
    covered = scaled_down(deduction_quanta + health - 1, deduction_rest, RATE_ONE + rate)
    return divided_up(covered + 1, size)


def met_place(amount: int, turns: Column, first: int, end: int) -> int:
    """Which line a position meets, of a table in rows first to end: the last whose turn its amount has reached.

    A turn is the least amount with which a line is met beyond its tier's floor (T-KERNEL-24, T-KERNEL-25).
    """
    met = first
    for place in range(first + 1, end):
        met = met + (amount >= turns[place])
    return met


def lower_end(
    health: int, size: int, turns: Column, rates: Column, quanta: Column, rests: Column, first: int, end: int
) -> int:
    """The highest unhealthy price of a long that is healthy at mark, in a table in rows first to end (MRG-07)."""
    place = met_place(-health, turns, first, end)
    return lower_end_on(health, size, rates[place], quanta[place], rests[place])


def upper_end(
    health: int, size: int, turns: Column, rates: Column, quanta: Column, rests: Column, first: int, end: int
) -> int:
    """The lowest unhealthy price of a short that is healthy at mark, in a table in rows first to end (MRG-07)."""
    place = met_place(health, turns, first, end)
    return upper_end_on(health, size, rates[place], quanta[place], rests[place])


def lower_end_on(health: int, size: int, rate: int, deduction_quanta: int, deduction_rest: int) -> int:
    """The same, of the tier whose line the long meets."""
    return max(NO_PRICE, uncovered_below(health, size, rate, deduction_quanta, deduction_rest))


def upper_end_on(health: int, size: int, rate: int, deduction_quanta: int, deduction_rest: int) -> int:
    """The same, of the tier whose line the short meets."""
    lowest = uncovered_above(health, size, rate, deduction_quanta, deduction_rest)
    return lowest if lowest <= highest_price(size) else NO_PRICE


def highest_price(size: int) -> int:
    """The highest price at which a notional of this size a price unit (> 0) is at most 2^62 (MRG-07)."""
    return min(MAX_PRICE, MAX_VALUE // size)


def bankruptcy_price(equity: int, slope: int) -> int:
    """The mark at which equity is zero, rounded against the account, or NO_PRICE (MRG-08).

    `equity` is that at a price of zero, `slope` the value in quanta of a price unit, of all positions of the market.
    """
    if slope == 0:
        return NO_PRICE
    price = divided_up(-equity, slope) if slope > 0 else equity // -slope
    return max(price, NO_PRICE)
