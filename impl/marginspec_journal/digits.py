"""How many digits after the point the money of each asset has, and the prices and quantities of each market."""

from typing import NamedTuple

from marginspec.model.effects import MarketListed, Receipt
from marginspec.model.market import Market
from marginspec.model.state import Book, Header
from marginspec.model.units import DEFAULT_ASSET_DECIMALS


class MarketDigits(NamedTuple):
    """Digits after the point of a market's prices and quantities, and of its asset's money."""

    price: int
    quantity: int
    money: int


def market_digits(market: Market, money: int) -> MarketDigits:
    """The digits of a market whose asset's money has so many."""
    return MarketDigits(market.price_decimals, market.quantity_decimals, money)


class AssetDigits(dict[str, int]):
    """Digits after the point of each asset's money; an asset that is not listed has the default."""

    def __missing__(self, asset: str) -> int:
        return self.setdefault(asset, DEFAULT_ASSET_DECIMALS)


class Digits:
    """How many digits each asset and market counts: neither changes, so each is taken down once."""

    def __init__(self, header: Header) -> None:
        self.assets = AssetDigits(header.asset_decimals.items())
        self.markets: dict[str, MarketDigits] = {}

    def add_market(self, market: Market) -> None:
        """Take down a market's decimals."""
        self.markets[market.id] = market_digits(market, self.assets[market.asset])

    def add_listed(self, receipt: Receipt) -> None:
        """Take down the decimals of the market that an event listed, if it did."""
        for effect in receipt.effects:
            if isinstance(effect, MarketListed):
                self.add_market(effect.market)


def digits_of(book: Book) -> Digits:
    """The digits of a book's assets and markets."""
    digits = Digits(book.header)
    for market in book.markets.values():
        digits.add_market(market)
    return digits
