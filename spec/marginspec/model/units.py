"""Integer units, the limits of inputs and states, and every division of the rulebook.

No other file divides. Each division names its direction and states the most that it can lose.
"""

from typing import NewType

from marginspec.registry import rule

Money = NewType("Money", int)
"""An amount in quanta of 10^-d of its settlement asset."""
Price = NewType("Price", int)
"""A price in units of 10^-price_decimals of its market."""
Quantity = NewType("Quantity", int)
"""A quantity in lots of 10^-quantity_decimals of its market; positive is long, negative is short."""
Rate = NewType("Rate", int)
"""A rate in units of 1e-8."""
Decimal8 = NewType("Decimal8", int)
"""A decimal as it stands in an event, counted in 1e-8, before any market or asset gives it a unit."""

NOTHING = Money(0)
FLAT = Quantity(0)

RATE_ONE = 10**8
WIRE_DECIMALS = 8
DEFAULT_ASSET_DECIMALS = 8

MAX_QUANTITY = 2**53
MAX_PRICE = 2**53
MAX_AMOUNT = 2**62
MAX_VALUE = 2**62
MAX_BALANCE = 2**62
MAX_NET_DEPOSITS = 2**60
MAX_FUND = 2**60
MAX_OPEN_INTEREST_TRADED = 2**60
MAX_OPEN_INTEREST_MARKED = 2**61
MAX_GROSS_COST = 2**60
MIN_LEVERAGE = 1
MAX_LEVERAGE = 1000
MAX_TIERS = 64


@rule("NUM-02")
def div_down(numerator: int, divisor: int) -> int:
    """Divide by a positive divisor towards minus infinity, for what is paid to an account; loses less than one unit."""
    assert divisor > 0, "a division needs a positive divisor"
    return numerator // divisor


@rule("NUM-02")
def div_up(numerator: int, divisor: int) -> int:
    """Divide by a positive divisor towards plus infinity, for what is asked of an account; adds less than one unit."""
    assert divisor > 0, "a division needs a positive divisor"
    return -(-numerator // divisor)


@rule("NUM-01")
def in_units(decimal: Decimal8, decimals: int) -> int | None:
    """Count a decimal in units of 10^-decimals (0 to 8), exactly; None if it has digits finer than that unit."""
    quantum = 10 ** (WIRE_DECIMALS - decimals)
    units = div_down(decimal, quantum)
    return units if units * quantum == decimal else None


@rule("NUM-02")
def share_pro_rata(amount: Money, claims: tuple[int, ...]) -> tuple[Money, ...]:
    """Share an amount over claims: the floor of each exact share, then single quanta in claim order.

    Needs an amount >= 0, claims >= 0 and a positive sum of claims; whoever shares a loss shares its absolute value.
    """
    total = sum(claims)
    left = amount - sum([div_down(amount * claim, total) for claim in claims])
    shares: list[Money] = []
    for claim in claims:
        share, left = next_share(amount, claim, total, left)
        shares.append(share)
    return tuple(shares)


@rule("NUM-02")
def next_share(amount: Money, claim: int, total: int, left: int) -> tuple[Money, int]:
    """A share that is not exact is rounded down, then takes one quantum of what roundings left, if any is left."""
    floor = div_down(amount * claim, total)
    extra = 1 if left > 0 and floor * total < amount * claim else 0
    return Money(floor + extra), left - extra
