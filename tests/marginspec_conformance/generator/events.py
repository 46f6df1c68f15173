"""Events from decimal strings, with short defaults: one market A, the asset USD, side BOTH.

MINIMAL has prices, quantities and money without decimals, so that a reader can follow in the head; BINANCE is a
market with the units, tiers and fees of a real one.
"""

from typing import Literal

from marginspec.model import events
from marginspec.model.account import Direction, MarginMode, OrderSide, PositionMode, PositionSide
from marginspec.model.market import TierTerms
from marginspec.model.units import Decimal8

ASSET = "USD"
TierRow = tuple[str, int, str]
"""Floor, maximum leverage, maintenance rate."""


def decimal(text: str) -> Decimal8:
    """A decimal string counted in 1e-8; the tests' own reading, so that they do not lean on another part's."""
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("-").partition(".")
    assert len(fraction) <= 8, text
    return Decimal8(sign * (int(whole) * 10**8 + int(fraction.ljust(8, "0"))))


def stated(text: str | None) -> Decimal8 | None:
    """A decimal string, or nothing."""
    return None if text is None else decimal(text)


def tiers(*rows: TierRow) -> tuple[TierTerms, ...]:
    """Tier rows: floor, maximum leverage, maintenance rate."""
    return tuple(TierTerms(decimal(floor), leverage, decimal(rate)) for floor, leverage, rate in rows)


# Maintenance 5% up to 1000, above that 10% less 50.
MINIMAL_ROWS: tuple[TierRow, ...] = (("0", 10, "0.05"), ("1000", 5, "0.1"))
MINIMAL_TIERS = tiers(*MINIMAL_ROWS)

BINANCE_ROWS: tuple[TierRow, ...] = (
    ("0", 125, "0.004"),
    ("50000", 100, "0.005"),
    ("600000", 75, "0.0065"),
    ("3000000", 50, "0.01"),
    ("12000000", 25, "0.02"),
    ("70000000", 20, "0.025"),
    ("100000000", 10, "0.05"),
    ("230000000", 5, "0.1"),
    ("480000000", 4, "0.125"),
    ("600000000", 3, "0.15"),
    ("800000000", 2, "0.25"),
    ("1200000000", 1, "0.5"),
)


def listing(
    market: str = "A",
    rows: tuple[TierRow, ...] = MINIMAL_ROWS,
    *,
    asset: str = ASSET,
    decimals: tuple[int, int] = (0, 0),
    tick: str = "1",
    taker: str = "0",
    maker: str = "0",
    share: str = "0",
    clearance: str = "0",
    band: str | None = None,
    fill_band: str | None = None,
    cap: str | None = None,
    limit: str | None = None,
) -> events.ListMarket:
    """A listing; `decimals` are those of price and quantity."""
    rates = (decimal(taker), decimal(maker), decimal(share), decimal(clearance))
    limits = (stated(band), stated(fill_band), stated(cap), stated(limit))
    return events.ListMarket(market, asset, *decimals, decimal(tick), *rates, tiers(*rows), *limits)


def binance_listing(market: str = "BTCUSDT") -> events.ListMarket:
    """A market with the units, tiers and fees of a real one."""
    fees = {"taker": "0.0004", "maker": "0.0002", "share": "0.1", "clearance": "0.0125"}
    return listing(market, BINANCE_ROWS, asset="USDT", decimals=(2, 3), tick="0.01", **fees)


def new_tiers(*rows: TierRow, market: str = "A") -> events.UpdateTiers:
    """Another tier table."""
    return events.UpdateTiers(market, tiers(*rows))


def new_fees(
    taker: str = "0", maker: str = "0", share: str = "0", clearance: str = "0", *, market: str = "A"
) -> events.UpdateFees:
    """Other fee rates."""
    return events.UpdateFees(market, decimal(taker), decimal(maker), decimal(share), decimal(clearance))


def new_limits(
    *,
    band: str | None = None,
    fill_band: str | None = None,
    cap: str | None = None,
    limit: str | None = None,
    market: str = "A",
) -> events.UpdateLimits:
    """Other limits: price band, fill band, funding cap, position limit; those left out are lifted."""
    return events.UpdateLimits(market, stated(band), stated(fill_band), stated(cap), stated(limit))


def mark(price: str, market: str = "A") -> events.MarkPrice:
    """A new mark."""
    return events.MarkPrice(market, decimal(price))


def settle(price: str, market: str = "A") -> events.SettleMarket:
    """A market settled for good."""
    return events.SettleMarket(market, decimal(price))


def deposit(account: str, amount: str, asset: str = ASSET) -> events.Deposit:
    """Money into a wallet."""
    return events.Deposit(account, asset, decimal(amount))


def withdraw(account: str, amount: str, asset: str = ASSET) -> events.Withdraw:
    """Money out of a wallet."""
    return events.Withdraw(account, asset, decimal(amount))


def fund(amount: str, asset: str = ASSET) -> events.FundInsurance:
    """Money into the insurance fund."""
    return events.FundInsurance(asset, decimal(amount))


def position_mode(account: str, mode: PositionMode = "hedge") -> events.SetPositionMode:
    """Hedge or one-way."""
    return events.SetPositionMode(account, mode)


def margin_mode(account: str, mode: MarginMode = "isolated", market: str = "A") -> events.SetMarginMode:
    """Isolated or cross."""
    return events.SetMarginMode(account, market, mode)


def leverage(account: str, value: int, market: str = "A") -> events.SetLeverage:
    """An account's leverage."""
    return events.SetLeverage(account, market, value)


def adjust(account: str, amount: str, market: str = "A", side: PositionSide = "BOTH") -> events.AdjustIsolatedMargin:
    """Isolated margin in (positive) or out."""
    return events.AdjustIsolatedMargin(account, market, side, decimal(amount))


def order(
    account: str,
    side: OrderSide,
    quantity: str,
    price: str,
    *,
    id: str = "o1",  # noqa: A002 - reads as the event does
    market: str = "A",
    position_side: PositionSide = "BOTH",
    reduce_only: bool = False,
) -> events.PlaceOrder:
    """An order placed."""
    amounts = (decimal(quantity), decimal(price))
    return events.PlaceOrder(account, id, market, side, position_side, *amounts, reduce_only)


def cancel(account: str, order_id: str = "o1") -> events.CancelOrder:
    """An order cancelled."""
    return events.CancelOrder(account, order_id)


def trade(
    buyer: str,
    seller: str,
    quantity: str,
    price: str,
    market: str = "A",
    *,
    taker: Literal["buyer", "seller"] = "buyer",
    buyer_side: PositionSide | None = None,
    seller_side: PositionSide | None = None,
    buyer_order: str | None = None,
    seller_order: str | None = None,
    buyer_fee: str | None = None,
    seller_fee: str | None = None,
) -> events.Trade:
    """A trade; the buyer took unless said otherwise."""
    amounts = (decimal(price), decimal(quantity))
    sides = (buyer_side, seller_side)
    orders = (buyer_order, seller_order)
    fees = (stated(buyer_fee), stated(seller_fee))
    return events.Trade(market, *amounts, buyer, seller, taker, *sides, *orders, *fees)


def funding(rate: str, market: str = "A") -> events.Funding:
    """A funding payment."""
    return events.Funding(market, decimal(rate))


def declare(quantity: str, side: Direction = "long", market: str = "A") -> events.Deleverage:
    """Declared deleveraging of so many of the engine's lots of one direction."""
    return events.Deleverage(market, side, decimal(quantity))


def fill(
    counterparty: str,
    quantity: str,
    price: str,
    side: Direction = "long",
    market: str = "A",
    counterparty_side: PositionSide | None = None,
    counterparty_fee: str | None = None,
) -> events.LiquidationFill:
    """A fill of the liquidation engine's lots of one direction."""
    amounts = (decimal(quantity), decimal(price))
    return events.LiquidationFill(market, side, counterparty, *amounts, counterparty_side, stated(counterparty_fee))
