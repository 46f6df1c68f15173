"""The venues whose files can be read."""

from marginspec_tools.venues.answers import Venue
from marginspec_tools.venues.binance import BINANCE
from marginspec_tools.venues.hyperliquid import HYPERLIQUID

VENUES: dict[str, Venue] = {venue.name: venue for venue in (BINANCE, HYPERLIQUID)}
