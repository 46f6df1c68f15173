"""The venues whose files can be read."""

from marginspec_tools.venues.answers import Venue
from marginspec_tools.venues.binance import BINANCE
from marginspec_tools.venues.bybit import BYBIT
from marginspec_tools.venues.hyperliquid import HYPERLIQUID
from marginspec_tools.venues.okx import OKX
from marginspec_tools.venues.plain import PLAIN

VENUES: dict[str, Venue] = {venue.name: venue for venue in (BINANCE, BYBIT, HYPERLIQUID, OKX, PLAIN)}
