"""The state of an exchange: immutable, with the indexes that keep an event's cost independent of its size."""

from typing import Literal

import attrs
from immutables import Map

from marginspec.model.account import DomainKey, Lot, Order, PositionKey, PositionMode, Setting
from marginspec.model.effects import FundStatus
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.units import DEFAULT_ASSET_DECIMALS, NOTHING, Money, Quantity

Ranking = Literal["binance", "bitmex"]
LastResort = Literal["levy", "none"]


@attrs.frozen
class Profile:
    """The rulebook's two parameters: how deleveraging ranks, and what pays when it is exhausted."""

    adl_ranking: Ranking = "binance"
    last_resort: LastResort = "levy"


@attrs.frozen
class Header:
    """What a journal states once: the profile and the decimals of assets that do not have 8."""

    profile: Profile = Profile()
    asset_decimals: Map[str, int] = Map()

    def decimals(self, asset: str) -> int:
        """Digits after the point of an asset's quantum."""
        return self.asset_decimals.get(asset, DEFAULT_ASSET_DECIMALS)


@attrs.define
class Book:
    """What the rules read: a state, or a transaction on top of one. Everything that the next event depends on.

    Zero balances, flat positions, filled orders and closed lots are left out, and closed markets but for their ids,
    which stand in order. Claims on relief stand by asset, as what a margin domain has left of what it was levied. The
    last six maps follow from the
    others: the domains of an account that hold positions, a domain's positions, both in order; a market's positions
    with their domains; its open lots, oldest first; its long quantity with lots; an asset's sum of that at mark.
    """

    header: Header = Header()
    markets: Map[str, Market] = Map()
    accounts: Map[str, PositionMode] = Map()
    settings: Map[tuple[str, str], Setting] = Map()
    ledger: Map[LedgerAccount, Money] = Map()
    positions: Map[PositionKey, Quantity] = Map()
    orders: Map[str, Map[str, Order]] = Map()
    lots: Map[int, Lot] = Map()
    next_lot: int = 1
    uncovered: Map[str, Money] = Map()
    relief_claims: Map[str, Map[DomainKey, Money]] = Map()
    fund_status: Map[str, FundStatus] = Map()
    closed_markets: tuple[str, ...] = ()
    domains_of: Map[str, tuple[DomainKey, ...]] = Map()
    positions_of: Map[DomainKey, tuple[PositionKey, ...]] = Map()
    positions_in: Map[str, Map[PositionKey, DomainKey]] = Map()
    lots_in: Map[str, tuple[int, ...]] = Map()
    open_interest: Map[str, Quantity] = Map()
    open_value: Map[str, Money] = Map()

    def balance(self, account: LedgerAccount) -> Money:
        """Balance of a ledger account in quanta of its asset."""
        return self.ledger.get(account, NOTHING)


@attrs.frozen
class State(Book):
    """A book that never changes: what one event leaves and the next one finds."""
