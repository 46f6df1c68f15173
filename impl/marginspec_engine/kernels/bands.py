"""The liquidation band of a domain with one or two positions in a market, and the bankruptcy price of any.

A tier's line asks of a notional its rate less its deduction; maintenance is the line of the tier that holds it. Health
falls with the price of a short and rises with that of a long, so it is lost at one price, in one tier, which is found
by comparisons: of health at a price of zero with that at which each tier's line is met just at the tier's floor.
A hedge's exact health may rise and fall, but only once: so its ends are found by halving the stretch to the last price.
"""

from typing import NamedTuple

from marginspec_engine.kernels.limits import MAX_PRICE, MAX_VALUE, MOST, NO_PRICE, RATE_ONE
from marginspec_engine.kernels.margin import Column, maintenance_margin, tier_place
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


class Hedge(NamedTuple):
    """A long and a short position in a market, its tiers in columns, rows first to end, and health at a price of zero.

    Sizes are values in quanta of a price unit, above zero. Health is from -2^62 to 3 * 2^60.
    """

    health: int
    long_size: int
    short_size: int
    floors: Column
    rates: Column
    quanta: Column
    rests: Column
    first: int
    end: int


def hedge_end(hedge: Hedge, mark: int, last: int) -> int:
    """The nearest price beyond a mark, up to a last one, where exact health is below two quanta, or NO_PRICE (MRG-07).

    Notionals are at most 2^62 at all prices from the mark to the last one.
    """
    if mark == last:
        return NO_PRICE
    nearest = mark + 1 if mark < last else mark - 1
    if not is_hedge_safe(hedge, nearest):
        return nearest
    return NO_PRICE if is_hedge_safe(hedge, last) else first_unsafe(hedge, nearest, last)


def first_unsafe(hedge: Hedge, inside: int, outside: int) -> int:
    """From a price where exact health is two quanta or more to one where it is below, the first where it is."""
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if is_hedge_safe(hedge, middle):
            inside = middle
        else:
            outside = middle
    return outside


def is_hedge_safe(hedge: Hedge, price: int) -> bool:
    """Whether exact health at a price, with notionals of at most 2^62, is two quanta or more (MRG-07)."""
    long_value, short_value = price * hedge.long_size, price * hedge.short_size
    long_tier = tier_place(long_value, hedge.floors, hedge.first, hedge.end)
    short_tier = tier_place(short_value, hedge.floors, hedge.first, hedge.end)
    return is_safe(
        hedge.health,
        long_value,
        (hedge.rates[long_tier], hedge.quanta[long_tier], hedge.rests[long_tier]),
        short_value,
        (hedge.rates[short_tier], hedge.quanta[short_tier], hedge.rests[short_tier]),
    )


def is_safe(
    health: int, long_value: int, long_tier: tuple[int, int, int], short_value: int, short_tier: tuple[int, int, int]
) -> bool:
    """Whether exact health is two quanta or more, with values of at most 2^62; health is that at a price of zero.

    It is if health as it is rounded is above one quantum, or if it is one and rounding took another quantum.
    """
    (long_rate, long_quanta, long_rest), (short_rate, short_quanta, short_rest) = long_tier, short_tier
    left = health + (long_value - maintenance_margin(long_value, long_rate, long_quanta, long_rest)) - short_value
    needed = maintenance_margin(short_value, short_rate, short_quanta, short_rest) + 1
    rounding = rounded_by(long_value, long_rate, long_rest) + rounded_by(short_value, short_rate, short_rest)
    return left > needed or (left == needed and rounding >= RATE_ONE)


def rounded_by(notional: int, rate: int, deduction_rest: int) -> int:
    """What rounding up adds to a maintenance margin, in 1e-8 of a quantum: less than one quantum (MRG-04)."""
    rest = (notional - notional // RATE_ONE * RATE_ONE) * rate - deduction_rest
    return divided_up(rest, RATE_ONE) * RATE_ONE - rest


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
