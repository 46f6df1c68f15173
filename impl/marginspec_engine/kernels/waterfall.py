"""Liquidation, draws, shortfalls, shares and levies."""

from marginspec_engine.kernels.rates import part_up
from marginspec_engine.kernels.wide import divide_exactly


def stepped_down_size(floor: int, unit_value: int) -> int:
    """The most lots of a notional at most a floor; `unit_value` (> 0) is one lot's at mark (LIQ-02)."""
    return floor // unit_value


def clearance_fee(cut_value: int, rate: int, released_maintenance: int, equity: int) -> int:
    """The cut's value at its rate, rounded up, at most the maintenance released and the equity (LIQ-02)."""
    return min(part_up(cut_value, rate, 0), released_maintenance, equity)


def draw_from_reserve(loss: int, reserve: int) -> int:
    """What of a realised loss the market's own reserve pays (WTF-01)."""
    return min(loss, reserve)


def draw_from_insurance(loss: int, from_reserve: int, insurance: int) -> int:
    """What of a realised loss the insurance fund pays after the reserve (WTF-01)."""
    return min(loss - from_reserve, insurance)


def draw_from_relief(loss: int, from_reserve: int, from_insurance: int, relief: int) -> int:
    """What of a realised loss relief pays after reserve and insurance fund (WTF-01)."""
    return min(loss - from_reserve - from_insurance, relief)


def shortfall_of(lots_pnl: int, reserve: int) -> int:
    """What a market's lots lose at mark beyond its reserve, at least zero (WTF-02)."""
    return max(0, max(0, -lots_pnl) - reserve)


def missing_of(shortfalls: int, fund: int) -> int:
    """What shortfalls, or what a fund before this one leaves of them, lack beyond a fund, at least zero (WTF-02)."""
    return max(0, shortfalls - fund)


def excess_of(relief: int, needed: int) -> int:
    """What relief exceeds the need of it by, at least zero (LVY-02)."""
    return max(0, relief - needed)


def used_claim(debt: int, claim: int, relief: int) -> int:
    """What a negative equity takes of the domain's own claim: the least of debt, claim and relief (LIQ-03)."""
    return min(debt, claim, relief)


def share_floor(amount: int, claim: int, total: int) -> int:
    """The floor of a claim's exact share of an amount, the claim being part of a total (> 0) (NUM-02)."""
    floor, _ = divide_exactly(amount, claim, total)
    return floor


def next_share(amount: int, claim: int, total: int, left: int) -> tuple[int, int]:
    """A claim's share, and what is left of the quanta that roundings left: one goes to a share not exact (NUM-02)."""
    floor, is_exact = divide_exactly(amount, claim, total)
    if left > 0 and not is_exact:
        return floor + 1, left - 1
    return floor, left


def equity_share(equity: int, maintenance: int, total: int, left: int) -> tuple[int, int]:
    """A position's share of its domain's equity, signed like it, by maintenance; and the quanta left (LIQ-03)."""
    share, left = next_share(abs(equity), maintenance, total, left)
    return (share, left) if equity >= 0 else (-share, left)


def spare_of(is_flat: bool, equity: int, maintenance: int) -> int:
    """What a domain can pay and be healthy still: equity less maintenance and a quantum; if flat, equity (LVY-01)."""
    return max(0, equity if is_flat else equity - maintenance - 1)


def levied_amount(missing: int, total: int) -> int:
    """What a layer takes of what is missing: no more than all its weights together (LVY-01)."""
    return min(missing, total)
