"""What a trade books: the part that closes, released cost, fees, isolated margin; bands of prices; and funding."""

from marginspec_engine.kernels.limits import RATE_ONE
from marginspec_engine.kernels.rates import divided_up, part_down, part_up
from marginspec_engine.kernels.wide import compare_products, multiply_divide_down, multiply_divide_up


def closing_part(held: int, quantity: int) -> int:
    """The part of signed lots that closes what is held, at most to flat (ACC-02)."""
    if held > 0 and quantity < 0:
        return max(quantity, -held)
    if held < 0 and quantity > 0:
        return min(quantity, -held)
    return 0


def released_cost(cost: int, size: int, part: int) -> int:
    """Cost that a part of a size (> 0) releases, signed, rounded up by less than one quantum (ACC-02, ADL-03)."""
    if part == size:
        return cost
    return multiply_divide_up(cost, part, size)


def trade_fee(value: int, rate: int) -> int:
    """A side's fee on a trade's value, rounded up by less than one quantum (TRD-01)."""
    return part_up(abs(value), rate, 0)


def insurance_part(fee: int, share: int) -> int:
    """The insurance fund's part of a fee, rounded down by less than one quantum (TRD-01)."""
    return part_down(fee, share)


def is_within_band(distance: int, tick: int, mark: int, band: int) -> bool:
    """Whether a price so far from the mark (> 0) is within a band (> 0, in 1e-8) widened to the next ticks (MKT-04)."""
    return compare_products(distance - tick, RATE_ONE, mark, band) < 0


def is_within_fill_band(worse: int, mark: int, band: int) -> bool:
    """Whether a fill so much worse than the mark (> 0) is within a band (> 0, in 1e-8), not widened (MKT-04)."""
    return compare_products(worse, RATE_ONE, mark, band) <= 0


def opening_margin(value: int, value_at_mark: int, leverage: int, fee: int) -> int:
    """What opening an isolated position moves, rounded up by less than one quantum (ACC-04)."""
    margin = divided_up(max(abs(value), abs(value_at_mark)), leverage)
    return margin + max(0, value - value_at_mark) + fee


def returned_margin(cash: int, movable_now: int, size: int, part: int) -> int:
    """Cash that a reduction by a part of a size returns, rounded down by less than one quantum (ACC-04)."""
    return max(0, min(multiply_divide_down(cash, part, size), movable_now))


def funding_due(value: int, rate: int) -> int:
    """What a position pays at a funding rate (-1 to 1), negative for what it gets; rounded up (FND-01)."""
    return part_up(value, rate, 0)
