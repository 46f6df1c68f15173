"""Numbers of a venue as a journal, a state or a question can hold them, and what had to be rounded for that.

NUM-01 gives price and quantity together as many decimals as their asset has, at most 8. Quantities are kept, so that
what a mark has beyond is cut.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from marginspec.model.account import PositionKey
from marginspec.model.units import WIRE_DECIMALS, div_down, div_up
from marginspec_tools.venues.figures import NotToBeHad, Range, Snapshot, Terms, decimal_of, decimals_of

MOST = WIRE_DECIMALS


class Rounding:
    """Rounds to what a file can hold, and keeps a note of each number that it changed."""

    def __init__(self) -> None:
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was rounded, each number once."""
        return tuple(self._notes)

    def down(self, what: str, number: Fraction, decimals: int = MOST) -> str:
        """A number in so many decimals, down."""
        return self._rounded(what, number, decimals, div_down, "down")

    def up(self, what: str, number: Fraction, decimals: int = MOST) -> str:
        """A number in so many decimals, up."""
        return self._rounded(what, number, decimals, div_up, "up")

    def cost(self, what: str, cost: Range) -> str:
        """A cost, up, so that what is realised of it is down; of a range the upper end."""
        text = self.up(what, cost.high)
        if not cost.is_exact:
            self._notes[f"{what}: known to be within {decimal_of(cost.low)} and {decimal_of(cost.high)}; {text}"] = None
        return text

    def cash(self, what: str, cash: Range) -> str:
        """Cash, down; of a range the lower end, or nothing if it may be nothing: what is shown as 0 is no debt."""
        return self.down(what, Fraction(0) if cash.low < 0 <= cash.high else cash.low)

    def say(self, note: str) -> None:
        """Keep a note of what follows from rounding."""
        self._notes[note] = None

    def _rounded(
        self, what: str, number: Fraction, decimals: int, divide: Callable[[int, int], int], direction: str
    ) -> str:
        scaled = number * 10**decimals
        units = divide(scaled.numerator, scaled.denominator)
        text = decimal_of(Fraction(units, 10**decimals))
        if units * scaled.denominator != scaled.numerator:
            self._notes[f"{what}: {decimal_of(number)} rounded {direction} to {text}"] = None
        return text


def market_fields(name: str, terms: Terms, rounding: Rounding, quantities: Iterable[Fraction]) -> dict[str, Any]:
    """A market as `list_market` states it, with no fee rates, as fine as its quantities leave its prices."""
    quantity_decimals = quantity_digits(name, quantities)
    price_decimals = MOST - quantity_decimals
    return {
        "asset": terms.asset,
        "price_decimals": price_decimals,
        "quantity_decimals": quantity_decimals,
        "tick": decimal_of(Fraction(1, 10**price_decimals)),
        "taker_fee": "0",
        "maker_fee": "0",
        "insurance_fee_share": "0",
        "clearance_fee": "0",
        "tiers": tier_fields(name, terms, rounding),
    }


def quantity_digits(name: str, quantities: Iterable[Fraction]) -> int:
    """How many decimals the quantities of a market have."""
    digits = max(map(decimals_of, quantities), default=0)
    if digits > MOST:
        raise NotToBeHad(f"quantities in {name} have more than {MOST} decimals")
    return digits


def mark_digits(snapshot: Snapshot, market: str) -> int:
    """How many decimals are left for the mark of a market."""
    quantities = [held.quantity for key, held in snapshot.positions.items() if key.market == market]
    return MOST - quantity_digits(market, quantities)


def tier_fields(name: str, terms: Terms, rounding: Rounding) -> list[dict[str, Any]]:
    """A tier table as `list_market` states it."""
    return [
        {
            "floor": decimal_of(row.floor),
            "max_leverage": row.max_leverage,
            "maintenance_rate": rate_text(name, row.rate, rounding),
        }
        for row in terms.tiers or ()
    ]


def rate_text(name: str, rate: Range, rounding: Rounding) -> str:
    """A rate; one that lies between two is the upper one."""
    return rounding.up(f"{name} maintenance rate", (rate.low + rate.high) / 2 if not rate.is_exact else rate.low)


def need_tiers(snapshot: Snapshot) -> None:
    """Refuse a snapshot that lacks the tiers of a market."""
    for name, terms in snapshot.markets.items():
        if terms.tiers is None:
            raise NotToBeHad(f"needs {snapshot.sources['tiers']}, for the tiers of {name}")


def by_market(positions: Mapping[PositionKey, Any], market: str) -> list[PositionKey]:
    """The positions in a market, in order."""
    return [key for key in sorted(positions) if key.market == market]
