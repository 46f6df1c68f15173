"""Deleveraging: which of two positions stands first, and how much of a pair is closed."""

from marginspec_engine.kernels.limits import MOST
from marginspec_engine.kernels.wide import compare_fractions, compare_products, multiply_divide_down, product

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
    """The most that a lot may lose for each of its lots so that a counterparty is eligible for it (ADL-04).

    That is what each of the counterparty's own (size > 0) gains, as its entry is no worse than the lot's bankruptcy
    price exactly if it gains no less than the lot loses; and less than what its domain can spare.
    """
    return lesser(unrealised, size, spare - 1)


def most_loss(shortfall: int, missing: int) -> int:
    """The most that a lot may lose for each of its lots so that a step may close one of them (ADL-01)."""
    return shortfall if shortfall < missing else MOST


def within_loss(amount: int, size: int, loss: int) -> int:
    """The most lots, at most a size, whose released loss is at most an amount (>= 0); a lot of this size loses this."""
    if amount >= loss:
        return size
    return multiply_divide_down(amount, size, loss)


def step_quantity(loss: int, size: int, shortfall: int, missing: int, held: int, spare: int) -> int:
    """How much of a losing lot a step closes, at most what the counterparty holds and can spare (ADL-01, ADL-04)."""
    if spare <= 0:
        return 0
    restores = shortfall >= missing
    wanted = within_loss(missing - 1, size, loss) + 1 if restores else within_loss(shortfall, size, loss)
    return min(wanted, size, held, within_loss(spare - 1, size, loss))
