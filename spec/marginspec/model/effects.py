"""Receipts: what an event did, one effect for every change of state, in order, in units of its market or asset.

No rule changes one, and no state holds one; they are not frozen, which would take three times as long to make.
"""

from typing import ClassVar, Literal

import attrs

from marginspec.model.account import DomainKey, Lot, MarginMode, Order, PositionKey, PositionMode
from marginspec.model.fields import AccountName, AssetName, LotNumber, MarketName, OrderName, UnsignedQuantity
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import FeeTerms, Limits, Market, TierTable
from marginspec.model.rejections import Reason
from marginspec.model.units import NOTHING, Money, Price, Quantity

MovingRule = Literal[
    "ACC-01",
    "ACC-02",
    "ACC-04",
    "ADL-03",
    "FND-01",
    "LED-03",
    "LIQ-02",
    "LIQ-03",
    "LIQ-05",
    "LVY-01",
    "LVY-02",
    "MKT-05",
    "MRG-06",
    "TRD-01",
    "WTF-01",
]
"""The clauses that move money."""


Layer = Literal["profit", "spare", "equity"]
"""The layers of a levy, in order: each takes its weights when it begins, and at most these."""


@attrs.define(unsafe_hash=True)
class MarketListed:
    """A market opened with these parameters."""

    market: Market


@attrs.define(unsafe_hash=True)
class TiersUpdated:
    """A market has a new tier table."""

    market: MarketName
    tiers: TierTable


@attrs.define(unsafe_hash=True)
class FeesUpdated:
    """A market has new fee rates."""

    market: MarketName
    fees: FeeTerms


@attrs.define(unsafe_hash=True)
class LimitsUpdated:
    """A market has these limits, and no others."""

    market: MarketName
    limits: Limits


@attrs.define(unsafe_hash=True)
class MarkSet:
    """A market has a new mark price."""

    TYPE: ClassVar = "mark"

    market: MarketName
    price: Price


@attrs.define(unsafe_hash=True)
class PositionModeSet:
    """An account has this position mode; also emitted when its first deposit opens it."""

    TYPE: ClassVar = "position_mode"

    account: AccountName
    mode: PositionMode


@attrs.define(unsafe_hash=True)
class MarginModeSet:
    """An account has this margin mode in a market."""

    TYPE: ClassVar = "margin_mode"

    account: AccountName
    market: MarketName
    mode: MarginMode


@attrs.define(unsafe_hash=True)
class LeverageSet:
    """An account has this leverage in a market."""

    TYPE: ClassVar = "leverage"

    account: AccountName
    market: MarketName
    leverage: int


@attrs.define(unsafe_hash=True)
class OrderPlaced:
    """An order rests."""

    account: AccountName
    order: Order


@attrs.define(unsafe_hash=True)
class OrderReduced:
    """A fill left so much of an order (signed); zero when it is filled."""

    account: AccountName
    order: OrderName
    market: MarketName
    quantity: UnsignedQuantity


@attrs.define(unsafe_hash=True)
class OrderCancelled:
    """An order is gone, by its owner's wish or because its domain was liquidated."""

    account: AccountName
    order: OrderName


@attrs.define(unsafe_hash=True)
class Transferred:
    """Money moved between two ledger accounts of an asset, by a rule; the amount is positive."""

    TYPE: ClassVar = "transfer"

    asset: AssetName
    source: LedgerAccount
    target: LedgerAccount
    amount: Money
    rule: MovingRule


@attrs.define(unsafe_hash=True)
class PositionChanged:
    """A position has this quantity; zero when it is flat."""

    TYPE: ClassVar = "position"

    key: PositionKey
    quantity: Quantity


@attrs.define(unsafe_hash=True)
class DomainLiquidated:
    """An unhealthy domain is taken; equity and maintenance margin as they were found."""

    TYPE: ClassVar = "liquidation"

    domain: DomainKey
    equity: Money
    maintenance: Money


@attrs.define(unsafe_hash=True)
class LotOpened:
    """The liquidation engine took a lot over at this cost (signed like the quantity)."""

    lot: Lot
    cost: Money


@attrs.define(unsafe_hash=True)
class LotReduced:
    """So much of a lot is left (signed); zero when it is closed."""

    lot: LotNumber
    market: MarketName
    quantity: Quantity


@attrs.define(unsafe_hash=True)
class Deleveraged:
    """A counterparty's position was reduced against a lot: by this quantity (> 0), at this value.

    `value` is the lot's released cost, signed like the lot; `loss` is what the lot's loss fell by.
    """

    lot: LotNumber
    counterparty: PositionKey
    quantity: Quantity
    value: Money
    loss: Money


@attrs.define(unsafe_hash=True)
class Levied:
    """A domain paid this part of a levy's layer into relief, and its claim rose by as much."""

    TYPE: ClassVar = "levy"

    domain: DomainKey
    layer: Layer
    amount: Money


@attrs.define(unsafe_hash=True)
class ReliefReturned:
    """So much of relief went back on a domain's claim, which fell by as much."""

    domain: DomainKey
    amount: Money


@attrs.define(unsafe_hash=True)
class UncoveredChanged:
    """So much of an asset's shortfall has no cover left."""

    TYPE: ClassVar = "uncovered"

    asset: AssetName
    amount: Money


@attrs.frozen
class FundStatus:
    """Counters of one market's funds, in quanta since the market opened.

    Balance of the reserve and its high-water mark, flows into and out of it, draws on the insurance fund, losses
    that deleveraging passed to counterparties, and what house and levy paid on the market's account.
    """

    balance: Money = NOTHING
    high_water: Money = NOTHING
    inflow: Money = NOTHING
    outflow: Money = NOTHING
    insurance_drawn: Money = NOTHING
    deleveraged: Money = NOTHING
    levied: Money = NOTHING


@attrs.define(unsafe_hash=True)
class ReserveStatus:
    """The new counters of a market's funds."""

    market: MarketName
    status: FundStatus


@attrs.define(unsafe_hash=True)
class InsuranceStatus:
    """The new balances of an asset's insurance fund and of its relief."""

    asset: AssetName
    balance: Money
    relief: Money


@attrs.define(unsafe_hash=True)
class MarketSettled:
    """Everything in a market closed at this price, and the market is gone for good, with settings and counters."""

    market: MarketName
    price: Price


Listed = MarketListed | TiersUpdated | FeesUpdated | LimitsUpdated | MarkSet
Chosen = PositionModeSet | MarginModeSet | LeverageSet | OrderPlaced | OrderReduced | OrderCancelled
Moved = Transferred | PositionChanged | DomainLiquidated | LotOpened | LotReduced
Covered = Deleveraged | Levied | ReliefReturned | UncoveredChanged | ReserveStatus | InsuranceStatus
Effect = Listed | Chosen | Moved | Covered | MarketSettled


@attrs.define(unsafe_hash=True)
class Receipt:
    """The answer to an event: a reason if it was rejected, else its effects in order."""

    rejected: Reason | None
    effects: tuple[Effect, ...]
