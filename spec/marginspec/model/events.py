"""Events of a journal as it states them: prices, quantities, amounts and rates are decimals that count 1e-8.

No rule changes one; they are not frozen, which would take three times as long to make.
"""

from typing import Literal

import attrs

from marginspec.model.account import Direction, MarginMode, OrderSide, PositionMode, PositionSide
from marginspec.model.fields import (
    AccountName,
    AssetName,
    MarketName,
    OrderName,
    StatedMoney,
    StatedPrice,
    StatedQuantity,
    StatedRate,
)
from marginspec.model.market import TierTerms


@attrs.define(unsafe_hash=True)
class ListMarket:
    """A market opens."""

    market: MarketName
    asset: AssetName
    price_decimals: int
    quantity_decimals: int
    tick: StatedPrice
    taker_fee: StatedRate
    maker_fee: StatedRate
    insurance_fee_share: StatedRate
    clearance_fee: StatedRate
    tiers: tuple[TierTerms, ...]
    price_band: StatedRate | None = None
    fill_band: StatedRate | None = None
    funding_cap: StatedRate | None = None
    position_limit: StatedMoney | None = None


@attrs.define(unsafe_hash=True)
class UpdateTiers:
    """A market's tier table is replaced."""

    market: MarketName
    tiers: tuple[TierTerms, ...]


@attrs.define(unsafe_hash=True)
class UpdateFees:
    """A market's fee rates are replaced."""

    market: MarketName
    taker_fee: StatedRate
    maker_fee: StatedRate
    insurance_fee_share: StatedRate
    clearance_fee: StatedRate


@attrs.define(unsafe_hash=True)
class UpdateLimits:
    """A market's limits are replaced, all four; those that are left out are lifted."""

    market: MarketName
    price_band: StatedRate | None = None
    fill_band: StatedRate | None = None
    funding_cap: StatedRate | None = None
    position_limit: StatedMoney | None = None


@attrs.define(unsafe_hash=True)
class MarkPrice:
    """A market has a new mark price."""

    market: MarketName
    price: StatedPrice


@attrs.define(unsafe_hash=True)
class Deposit:
    """Money comes into an account's wallet from outside."""

    account: AccountName
    asset: AssetName
    amount: StatedMoney


@attrs.define(unsafe_hash=True)
class Withdraw:
    """Money leaves an account's wallet."""

    account: AccountName
    asset: AssetName
    amount: StatedMoney


@attrs.define(unsafe_hash=True)
class FundInsurance:
    """The exchange pays into the insurance fund from outside."""

    asset: AssetName
    amount: StatedMoney


@attrs.define(unsafe_hash=True)
class WithdrawHouse:
    """The exchange takes its own money out."""

    asset: AssetName
    amount: StatedMoney


@attrs.define(unsafe_hash=True)
class SetPositionMode:
    """An account changes between one-way and hedge mode."""

    account: AccountName
    mode: PositionMode


@attrs.define(unsafe_hash=True)
class SetMarginMode:
    """An account changes between cross and isolated margin in a market."""

    account: AccountName
    market: MarketName
    mode: MarginMode


@attrs.define(unsafe_hash=True)
class SetLeverage:
    """An account sets its leverage in a market."""

    account: AccountName
    market: MarketName
    leverage: int


@attrs.define(unsafe_hash=True)
class AdjustIsolatedMargin:
    """An account moves cash into an isolated position (positive) or out of it (negative)."""

    account: AccountName
    market: MarketName
    side: PositionSide
    amount: StatedMoney


@attrs.define(unsafe_hash=True)
class PlaceOrder:
    """An order starts to rest at the venue."""

    account: AccountName
    order: OrderName
    market: MarketName
    side: OrderSide
    position_side: PositionSide
    quantity: StatedQuantity
    price: StatedPrice
    reduce_only: bool


@attrs.define(unsafe_hash=True)
class CancelOrder:
    """An order is taken back."""

    account: AccountName
    order: OrderName


@attrs.define(unsafe_hash=True)
class Trade:
    """Two accounts trade; `taker` says which of them took. A stated fee replaces a side's own; below zero, a rebate."""

    market: MarketName
    price: StatedPrice
    quantity: StatedQuantity
    buyer: AccountName
    seller: AccountName
    taker: Literal["buyer", "seller"]
    buyer_side: PositionSide | None = None
    seller_side: PositionSide | None = None
    buyer_order: OrderName | None = None
    seller_order: OrderName | None = None
    buyer_fee: StatedMoney | None = None
    seller_fee: StatedMoney | None = None


@attrs.define(unsafe_hash=True)
class Funding:
    """Longs pay shorts the rate of their value at mark, or the other way round if it is negative."""

    market: MarketName
    rate: StatedRate


@attrs.define(unsafe_hash=True)
class LiquidationFill:
    """The liquidation engine closes lots of one direction against a counterparty."""

    market: MarketName
    side: Direction
    counterparty: AccountName
    quantity: StatedQuantity
    price: StatedPrice
    counterparty_side: PositionSide | None = None
    counterparty_fee: StatedMoney | None = None


@attrs.define(unsafe_hash=True)
class Deleverage:
    """The venue declares that it deleverages so much of its lots of one direction."""

    market: MarketName
    side: Direction
    quantity: StatedQuantity


@attrs.define(unsafe_hash=True)
class SettleMarket:
    """A market is settled at a last price and closed for good."""

    market: MarketName
    price: StatedPrice


MarketEvent = ListMarket | UpdateTiers | UpdateFees | UpdateLimits | MarkPrice | SettleMarket
CashEvent = Deposit | Withdraw | FundInsurance | WithdrawHouse | AdjustIsolatedMargin
AccountEvent = SetPositionMode | SetMarginMode | SetLeverage | PlaceOrder | CancelOrder
Event = MarketEvent | CashEvent | AccountEvent | Trade | Funding | LiquidationFill | Deleverage
