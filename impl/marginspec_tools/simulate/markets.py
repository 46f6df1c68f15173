"""The markets that scenarios list: real tier tables, with decimals, fees and start prices chosen for them."""

from functools import cache
from typing import Any

import attrs
import msgspec

from marginspec.model.events import ListMarket
from marginspec.model.market import TierTerms
from marginspec.model.units import WIRE_DECIMALS, Decimal8
from marginspec_tools.simulate.bundled import market_parameters_path


@attrs.frozen
class VenueMarket:
    """A market as a venue opens it, and the price at which it starts, in units of 10^-price_decimals."""

    listing: ListMarket
    start_price: int

    @property
    def id(self) -> str:
        """The market's id."""
        return self.listing.market


def decimal8(text: str) -> Decimal8:
    """A decimal text counted in 1e-8, exactly; it must have no finer digits."""
    whole, _, fraction = text.partition(".")
    kept = fraction[:WIRE_DECIMALS].ljust(WIRE_DECIMALS, "0")
    if int(fraction[WIRE_DECIMALS:] or "0") != 0:
        raise ValueError(f"{text} has digits finer than 1e-8")
    sign = -1 if whole.startswith("-") else 1
    return Decimal8(sign * int(whole.lstrip("-") + kept))


def tiers_of(rows: list[dict[str, Any]]) -> tuple[TierTerms, ...]:
    """A tier table as it stands in the file."""
    return tuple(
        TierTerms(decimal8(row["floor"]), row["max_leverage"], decimal8(row["maintenance_rate"])) for row in rows
    )


def market_from(row: dict[str, Any]) -> VenueMarket:
    """A market as it stands in the file."""
    listing = ListMarket(
        market=row["market"],
        asset=row["asset"],
        price_decimals=row["price_decimals"],
        quantity_decimals=row["quantity_decimals"],
        tick=decimal8(row["tick"]),
        taker_fee=decimal8(row["taker_fee"]),
        maker_fee=decimal8(row["maker_fee"]),
        insurance_fee_share=decimal8(row["insurance_fee_share"]),
        clearance_fee=decimal8(row["clearance_fee"]),
        tiers=tiers_of(row["tiers"]),
    )
    return VenueMarket(listing, decimal8(row["start_price"]) // 10 ** (WIRE_DECIMALS - row["price_decimals"]))


@cache
def venue_markets() -> tuple[VenueMarket, ...]:
    """All markets of the bundled parameters, in their order."""
    text = market_parameters_path().read_bytes()
    return tuple(market_from(row) for row in msgspec.json.decode(text)["markets"])


def first_markets(count: int) -> tuple[VenueMarket, ...]:
    """So many markets: those of the parameters, then the same again under new names (`BTCUSDT-2` …)."""
    listed = venue_markets()
    found: list[VenueMarket] = []
    for place in range(count):
        market = listed[place % len(listed)]
        again = place // len(listed) + 1
        name = market.id if again == 1 else f"{market.id}-{again}"
        found.append(attrs.evolve(market, listing=attrs.evolve(market.listing, market=name)))
    return tuple(found)


def named_market(name: str) -> VenueMarket | None:
    """The market of that name, if the parameters have it."""
    return next((market for market in venue_markets() if market.id == name), None)
