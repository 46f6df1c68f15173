"""Deleveraging: which of two positions stands first, and how much of a pair is closed."""

from marginspec_engine.kernels.limits import MOST
from marginspec_engine.kernels.wide import (
    compare_fractions,
    compare_products,
    multiply_divide_down,
    multiply_divide_up,
    product,
)

Score = tuple[int, int, int, int]
"""A rank as two factors of its numerator, of which the first has the sign, and two of its positive denominator."""


def binance_score(unrealised: int, cash: int, maintenance: int, equity: int, unit: int) -> Score:
    """Profit over cash (at least one asset unit, in quanta), times maintenance over equity (> 0) (ADL-02)."""
    return max(0, unrealised), maintenance, max(unit, cash), equity


def bitmex_score(unrealised: int, cost: int, notional: int, equity: int) -> Score:
    """PnL over cost, times (in profit) or over (in loss) notional over equity (> 0) (ADL-02)."""
    size = abs(cost)
    if unrealised >= 0:
        return unrealised, notional, size, equity
    return unrealised, equity, size, notional


def compare_scores(first: Score, second: Score) -> int:
    """1, 0 or -1 as the first score is above, at or below the second; exact (ADL-02)."""
    above, times, below, by = first
    other_above, other_times, other_below, other_by = second
    divisor, other_divisor = product(below, by), product(other_below, other_by)
    if above < 0 and other_above < 0:
        loss, other_loss = product(-above, times), product(-other_above, other_times)
        return compare_fractions(other_loss, other_divisor, loss, divisor)
    if above < 0 or other_above < 0:
        return -1 if above < 0 else 1
    return compare_fractions(product(above, times), divisor, product(other_above, other_times), other_divisor)


ROUGH_ONE = 2**30
"""Rough parts of a score count in 2^-30."""
MOST_ROUGH = 2**32
NOT_ROUGH = -1


def rough_part(number: int, divisor: int) -> int:
    """A fraction of a number over a divisor (> 0) in 2^-30, rounded down; NOT_ROUGH if below zero or too large."""
    if number < 0 or number // divisor >= MOST_ROUGH:
        return NOT_ROUGH
    return multiply_divide_down(number, ROUGH_ONE, divisor)


def surely_exceeds(profit: int, risk: int, other_profit: int, other_risk: int) -> bool:
    """Whether rough parts of two scores (none of them NOT_ROUGH) show that the first is the higher one.

    Rounding took less than one unit of each. False says nothing.
    """
    return compare_products(profit, risk, other_profit + 1, other_risk + 1) >= 0


def is_no_less(amount: int, over: int, other: int, other_over: int) -> bool:
    """Whether an amount over some lots (> 0) is at least another over others; exact."""
    return compare_products(amount, other_over, other, over) >= 0


def lesser(amount: int, over: int, most: int) -> tuple[int, int]:
    """The lesser of an amount over some lots (> 0) and an amount over one lot."""
    return (most, 1) if is_no_less(amount, over, most, 1) else (amount, over)


def bearable_loss(unrealised: int, size: int, spare: int) -> tuple[int, int]:
    """The most that a lot may lose for each of its lots so that a counterparty is eligible at its price (ADL-04).

    That is what each of the counterparty's own (size > 0) gains, as its entry is no worse than the lot's bankruptcy
    price exactly if it gains no less than the lot loses; and less than what its domain can spare without one of them.
    """
    return lesser(unrealised, size, spare - 1)


def can_give(unrealised: int, size: int, spare: int) -> bool:
    """Whether a counterparty is eligible at its own entry, for lots that lose more than it gains (ADL-04).

    One of its lots (size > 0) gives up a quantum or more, and less than what its domain can spare without it.
    """
    return unrealised >= size and unrealised // size < spare


def most_gain(loss: int, size: int, most: int) -> tuple[int, int]:
    """What a counterparty at its own entry must gain less than for each of its lots, against a losing lot (ADL-01).

    That is what the lot loses for each of its lots (size > 0), and what rounds down to more than a step may release.
    """
    return lesser(loss, size, most + 1 if most < MOST else MOST)


def most_loss(shortfall: int, missing: int) -> int:
    """The most that a lot may lose for each of its lots so that a step may close one of them (ADL-01)."""
    return shortfall if shortfall < missing else MOST


def within_loss(amount: int, size: int, loss: int) -> int:
    """The most lots, at most a size, whose released loss is at most an amount (>= 0); a lot of this size loses this."""
    if amount >= loss:
        return size
    return multiply_divide_down(amount, size, loss)


def within_profit(amount: int, size: int, profit: int) -> int:
    """The most lots, at most a size, that give up at most an amount (>= 0) of a profit (> 0), rounded down."""
    if amount >= profit:
        return size
    return multiply_divide_up(amount + 1, size, profit) - 1


def wanted_quantity(at_entry: bool, loss: int, size: int, shortfall: int, missing: int) -> int:
    """How much of a pair a step is to close, at most one more than the size of whose loss it releases (ADL-01)."""
    restores = shortfall >= missing
    amount = missing - 1 if restores else shortfall
    within = within_profit(amount, size, loss) if at_entry else within_loss(amount, size, loss)
    return within + 1 if restores else within


def released_loss(at_entry: bool, loss: int, size: int, quantity: int) -> int:
    """What closing lots, at most a size, releases: of a lot's loss rounded up, of a profit rounded down (ADL-01)."""
    return multiply_divide_down(loss, quantity, size) if at_entry else multiply_divide_up(loss, quantity, size)


def room(equity: int, released: int, maintenance: int, saved: int) -> int:
    """Equity less what is released and the maintenance margin, of which a smaller position saves some (ADL-04)."""
    return equity - released - (maintenance - saved)
