"""Accounts' positions, margin domains, orders and lots: the keys that order them and what they hold."""

from typing import Literal, NamedTuple

import attrs

from marginspec.model.fields import AccountName, AssetName, LotNumber, MarketName, OrderName, SidedQuantity
from marginspec.model.units import Price, Quantity

PositionMode = Literal["one_way", "hedge"]
MarginMode = Literal["cross", "isolated"]
PositionSide = Literal["BOTH", "LONG", "SHORT"]
DomainSide = Literal["BOTH", "LONG", "SHORT", ""]
OrderSide = Literal["buy", "sell"]
Direction = Literal["long", "short"]
LotReason = Literal["step_down", "takeover"]

DEFAULT_LEVERAGE = 20


class PositionKey(NamedTuple):
    """Which position; keys order by account, market and side, code point by code point."""

    account: AccountName
    market: MarketName
    side: PositionSide


class DomainKey(NamedTuple):
    """Which margin domain; `market` and `side` are empty for the cross domain, which so comes first."""

    account: AccountName
    asset: AssetName
    market: MarketName = ""
    side: DomainSide = ""

    @property
    def is_cross(self) -> bool:
        """Whether this is an account's cross domain in the asset, not one isolated position."""
        return self.market == ""


@attrs.frozen
class Setting:
    """What an account has set for a market; None is the default, evaluated at each use."""

    margin_mode: MarginMode | None = None
    leverage: int | None = None


@attrs.frozen
class Order:
    """An open order; `quantity` is what is left of it, signed: positive buys, negative sells."""

    id: OrderName
    market: MarketName
    position_side: PositionSide
    quantity: SidedQuantity
    price: Price
    reduce_only: bool


@attrs.frozen
class Lot:
    """Inventory that the liquidation engine took of an account's position, and why; its cost is in the ledger."""

    id: LotNumber
    account: AccountName
    market: MarketName
    side: PositionSide
    margin_mode: MarginMode
    quantity: Quantity
    reason: LotReason

    @property
    def direction(self) -> Direction:
        """The side of the market that the lot is on."""
        return "long" if self.quantity > 0 else "short"
