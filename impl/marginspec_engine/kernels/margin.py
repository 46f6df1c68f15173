"""Values, tiers, maintenance and initial margin, equity, order margin, and what is available or movable."""

from typing import Protocol

from marginspec_engine.kernels.rates import divided_up, part_up


class Column(Protocol):
    """Words of a table, one after another."""

    def __getitem__(self, place: int, /) -> int: ...


def value_of(price: int, quantity: int, quanta_per_unit: int) -> int:
    """Value in quanta of so many lots at a price in units (> 0), exact, signed like the lots (NUM-01)."""
    return quantity * quanta_per_unit * price


def value_fits(price: int, quantity: int, quanta_per_unit: int, most: int) -> bool:
    """Whether lots (>= 0) at a price (> 0) are worth at most so many quanta, up to 2^62 (NUM-03).

    Nothing is multiplied before it is known to fit: the value may have 180 bits.
    """
    if price > most // quanta_per_unit:
        return quantity == 0
    return quantity <= most // (price * quanta_per_unit)


def tier_place(notional: int, floors: Column, first: int, end: int) -> int:
    """Where in the columns the tier stands that holds a notional, of a table in rows first to end (MKT-02)."""
    place = first
    while place + 1 < end and notional > floors[place + 1]:
        place += 1
    return place


def maintenance_margin(notional: int, rate: int, deduction_quanta: int, deduction_rest: int) -> int:
    """Notional at its tier's rate less its tier's deduction, rounded up by less than one quantum (MRG-04).

    The deduction is quanta and a rest of less than one quantum in 1e-8, so it is exact in two columns of 64 bits.
    """
    return part_up(notional, rate, deduction_rest) - deduction_quanta


def initial_margin(notional: int, leverage: int, tier_leverage: int, maintenance: int) -> int:
    """Notional over leverage, at most the tier's, rounded up, above maintenance; zero if flat (MRG-02)."""
    if notional == 0:
        return 0
    return max(divided_up(notional, min(leverage, tier_leverage)), maintenance + 1)


def unrealised(value: int, cost: int) -> int:
    """What a position gains at mark: its value less its cost, in quanta (ACC-03)."""
    return value - cost


def equity_with(equity: int, value: int, cost: int) -> int:
    """A domain's equity so far, with another position's unrealised PnL, in quanta (ACC-03)."""
    return equity + unrealised(value, cost)


def is_healthy(is_flat: bool, equity: int, maintenance: int) -> bool:
    """Whether a domain has no position, or equity above its maintenance margin (MRG-05)."""
    return is_flat or equity > maintenance


def open_loss(limit_value: int, value_at_mark: int) -> int:
    """What an order would lose at once if filled, in quanta; both values signed like the order (MRG-03)."""
    return max(0, limit_value - value_at_mark)


def may_open(side: int, quantity: int, reduce_only: bool) -> bool:
    """Whether an order counts for margin; the side is 1 for LONG, -1 for SHORT, 0 for BOTH (MRG-03)."""
    closes_long = side > 0 and quantity < 0
    closes_short = side < 0 and quantity > 0
    return not (reduce_only or closes_long or closes_short)


def bears_loss(held: int, bids: int, asks: int, quantity: int) -> bool:
    """Whether orders of the side of these signed lots bear open loss: all of them would leave it open (MRG-03)."""
    if quantity > 0:
        return held + bids > 0
    return held - asks < 0


def larger_position(held: int, bids: int, asks: int) -> int:
    """The larger, without its sign, of the positions that all bids or all asks would lead to, in lots (MRG-03)."""
    return max(abs(held + bids), abs(held - asks))


def order_margin(larger_initial: int, held_initial: int, loss: int) -> int:
    """What the larger position needs beyond the present one, plus the open loss of all orders (MRG-03)."""
    return larger_initial - held_initial + loss


def available_margin(equity: int, initial: int, reserved: int) -> int:
    """Equity less initial and order margin, at least zero (MRG-06)."""
    after_positions = max(0, max(0, equity) - initial)
    return max(0, after_positions - reserved)


def movable_margin(cash: int, equity: int, initial: int, reserved: int) -> int:
    """The lesser of cash and equity less both margins, at least zero (MRG-06)."""
    return available_margin(min(cash, equity), initial, reserved)
