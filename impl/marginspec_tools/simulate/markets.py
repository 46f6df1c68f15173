"""The markets that scenarios list: real tier tables, with decimals, fees and start prices chosen for them."""

from functools import cache
from typing import Any

import attrs
import msgspec

from marginspec.model.events import ListMarket
from marginspec.model.market import TierTerms
from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.decimals import parse_decimal
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


def tiers_of(rows: list[dict[str, Any]]) -> tuple[TierTerms, ...]:
    """A tier table as it stands in the file."""
    return tuple(
        TierTerms(parse_decimal(row["floor"]), row["max_leverage"], parse_decimal(row["maintenance_rate"]))
        for row in rows
    )


def market_from(row: dict[str, Any]) -> VenueMarket:
    """A market as it stands in the file."""
    listing = ListMarket(
        market=row["market"],
        asset=row["asset"],
        price_decimals=row["price_decimals"],
        quantity_decimals=row["quantity_decimals"],
        tick=parse_decimal(row["tick"]),
        taker_fee=parse_decimal(row["taker_fee"]),
        maker_fee=parse_decimal(row["maker_fee"]),
        insurance_fee_share=parse_decimal(row["insurance_fee_share"]),
        clearance_fee=parse_decimal(row["clearance_fee"]),
        tiers=tiers_of(row["tiers"]),
    )
    return VenueMarket(listing, parse_decimal(row["start_price"]) // 10 ** (WIRE_DECIMALS - row["price_decimals"]))


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
