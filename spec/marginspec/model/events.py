"""Events of a journal as it states them: prices, quantities, amounts and rates are decimals that count 1e-8."""

from typing import Literal

import attrs

from marginspec.model.account import Direction, MarginMode, OrderSide, PositionMode, PositionSide
from marginspec.model.market import TierTerms
from marginspec.model.units import Decimal8


@attrs.frozen
class ListMarket:
    """A market opens."""

    market: str
    asset: str
    price_decimals: int
    quantity_decimals: int
    tick: Decimal8
    taker_fee: Decimal8
    maker_fee: Decimal8
    insurance_fee_share: Decimal8
    clearance_fee: Decimal8
    tiers: tuple[TierTerms, ...]


@attrs.frozen
class UpdateTiers:
    """A market's tier table is replaced."""

    market: str
    tiers: tuple[TierTerms, ...]


@attrs.frozen
class UpdateFees:
    """A market's fee rates are replaced."""

    market: str
    taker_fee: Decimal8
    maker_fee: Decimal8
    insurance_fee_share: Decimal8
    clearance_fee: Decimal8


@attrs.frozen
class MarkPrice:
    """A market has a new mark price."""

    market: str
    price: Decimal8


@attrs.frozen
class Deposit:
    """Money comes into an account's wallet from outside."""

    account: str
    asset: str
    amount: Decimal8


@attrs.frozen
class Withdraw:
    """Money leaves an account's wallet."""

    account: str
    asset: str
    amount: Decimal8


@attrs.frozen
class FundInsurance:
    """The exchange pays into the insurance fund from outside."""

    asset: str
    amount: Decimal8


@attrs.frozen
class WithdrawHouse:
    """The exchange takes its own money out."""

    asset: str
    amount: Decimal8


@attrs.frozen
class SetPositionMode:
    """An account changes between one-way and hedge mode."""

    account: str
    mode: PositionMode


@attrs.frozen
class SetMarginMode:
    """An account changes between cross and isolated margin in a market."""

    account: str
    market: str
    mode: MarginMode


@attrs.frozen
class SetLeverage:
    """An account sets its leverage in a market."""

    account: str
    market: str
    leverage: int


@attrs.frozen
class AdjustIsolatedMargin:
    """An account moves cash into an isolated position (positive) or out of it (negative)."""

    account: str
    market: str
    side: PositionSide
    amount: Decimal8


@attrs.frozen
class PlaceOrder:
    """An order starts to rest at the venue."""

    account: str
    order: str
    market: str
    side: OrderSide
    position_side: PositionSide
    quantity: Decimal8
    price: Decimal8
    reduce_only: bool


@attrs.frozen
class CancelOrder:
    """An order is taken back."""

    account: str
    order: str


@attrs.frozen
class Trade:
    """Two accounts trade; `taker` says which of them took."""

    market: str
    price: Decimal8
    quantity: Decimal8
    buyer: str
    seller: str
    taker: Literal["buyer", "seller"]
    buyer_side: PositionSide | None = None
    seller_side: PositionSide | None = None
    buyer_order: str | None = None
    seller_order: str | None = None


@attrs.frozen
class Funding:
    """Longs pay shorts the rate of their value at mark, or the other way round if it is negative."""

    market: str
    rate: Decimal8


@attrs.frozen
class LiquidationFill:
    """The liquidation engine closes lots of one direction against a counterparty."""

    market: str
    side: Direction
    counterparty: str
    quantity: Decimal8
    price: Decimal8
    counterparty_side: PositionSide | None = None


MarketEvent = ListMarket | UpdateTiers | UpdateFees | MarkPrice
CashEvent = Deposit | Withdraw | FundInsurance | WithdrawHouse | AdjustIsolatedMargin
AccountEvent = SetPositionMode | SetMarginMode | SetLeverage | PlaceOrder | CancelOrder
Event = MarketEvent | CashEvent | AccountEvent | Trade | Funding | LiquidationFill
