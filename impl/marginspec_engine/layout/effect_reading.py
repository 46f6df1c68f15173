"""Effects from words: what the rules wrote down, as the specification's receipts state it."""

from collections.abc import Callable, Iterator
from typing import Any

from marginspec.model import effects as receipts
from marginspec.model import ledger
from marginspec.model.account import (
    DomainKey,
    Lot,
    LotReason,
    MarginMode,
    Order,
    PositionKey,
    PositionMode,
    PositionSide,
)
from marginspec.model.effects import Effect, FundStatus
from marginspec.model.ledger import LedgerAccount
from marginspec.model.units import Money, Price, Quantity
from marginspec_engine import layout
from marginspec_engine.layout import EFFECT_LENGTHS, NONE, OWNERS, RULES
from marginspec_engine.memory.plain_memory import Words64
from marginspec_engine.memory.tables import Tables

SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")
MARGIN_MODES: tuple[MarginMode | None, ...] = (None, "cross", "isolated")
POSITION_MODES: tuple[PositionMode, ...] = ("one_way", "hedge")
LOT_REASONS: tuple[LotReason, ...] = ("step_down", "takeover")


FUNDS: dict[int, Callable[[str], LedgerAccount]] = {
    layout.INSURANCE_OF: ledger.insurance,
    layout.HOUSE_OF: ledger.house,
    layout.CLEARING_OF: ledger.clearing,
    layout.EXTERNAL_OF: ledger.external,
}
"""An asset's own ledger accounts, by kind."""


class EffectReader:
    """Reads effects with the names of one engine."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._readers: dict[int, Callable[..., Effect]] = {
            layout.MARK_SET: self._mark,
            layout.POSITION_MODE_SET: self._position_mode,
            layout.MARGIN_MODE_SET: self._margin_mode,
            layout.LEVERAGE_SET: self._leverage,
            layout.ORDER_PLACED: self._order_placed,
            layout.ORDER_REDUCED: self._order_reduced,
            layout.ORDER_CANCELLED: self._order_cancelled,
            layout.TRANSFERRED: self._transferred,
            layout.POSITION_CHANGED: self._position,
            layout.DOMAIN_LIQUIDATED: self._liquidated,
            layout.LOT_OPENED: self._lot_opened,
            layout.LOT_REDUCED: self._lot_reduced,
            layout.COUNTERPARTY_DELEVERAGED: self._deleveraged,
            layout.DOMAIN_LEVIED: self._levied,
            layout.UNCOVERED_CHANGED: self._uncovered,
            layout.RESERVE_STATUS: self._reserve,
            layout.INSURANCE_STATUS: self._insurance,
        }

    def effects(self, words: Words64) -> Iterator[Effect]:
        """The effects that words hold, in order."""
        stated: list[int] = words.tolist()
        place = 0
        while place < len(stated):
            kind = stated[place]
            following = place + EFFECT_LENGTHS[kind]
            yield self._readers[kind](*stated[place + 1 : following])
            place = following

    def domain_key(self, account: int, asset: int, market: int, side: int) -> DomainKey:
        """The key of a domain; cross if it has no market."""
        names = self._tables
        account_name, asset_name = names.accounts.texts[account], names.assets.texts[asset]
        if market == NONE:
            return DomainKey(account_name, asset_name)
        return DomainKey(account_name, asset_name, names.markets.texts[market], SIDES[side])

    def position_key(self, account: int, market: int, side: int) -> PositionKey:
        """The key of a position."""
        return PositionKey(self._tables.accounts.texts[account], self._tables.markets.texts[market], SIDES[side])

    def ledger_account(self, asset: int, word: int) -> LedgerAccount:
        """A ledger account as effects name it."""
        kind, owner, tables = word % OWNERS, word // OWNERS, self._tables
        if kind in (layout.WALLET_OF, layout.ISOLATED_OF):
            domain = self.domain_key(*tables.domain_words(owner))
            account, asset_name, market, own_side = domain
            return ledger.isolated(account, market, own_side) if market else ledger.wallet(account, asset_name)
        if kind == layout.POSITION_OF:
            return ledger.position(*self.position_key(*tables.position_words(owner)))
        if kind == layout.LOT_OF:
            return ledger.lot(owner)
        if kind == layout.RESERVE_OF:
            return ledger.reserve(tables.markets.texts[owner])
        return FUNDS[kind](tables.assets.texts[asset])

    def _mark(self, market: int, price: int) -> Effect:
        return receipts.MarkSet(self._tables.markets.texts[market], Price(price))

    def _position_mode(self, account: int, mode: int) -> Effect:
        return receipts.PositionModeSet(self._tables.accounts.texts[account], POSITION_MODES[mode])

    def _margin_mode(self, account: int, market: int, mode: int) -> Effect:
        chosen: Any = MARGIN_MODES[mode]
        return receipts.MarginModeSet(self._tables.accounts.texts[account], self._tables.markets.texts[market], chosen)

    def _leverage(self, account: int, market: int, leverage: int) -> Effect:
        return receipts.LeverageSet(self._tables.accounts.texts[account], self._tables.markets.texts[market], leverage)

    def _order_placed(
        self, account: int, name: int, market: int, side: int, quantity: int, price: int, reduce_only: int
    ) -> Effect:
        market_name, order_name = self._tables.markets.texts[market], self._tables.orders.texts[name]
        order = Order(order_name, market_name, SIDES[side], Quantity(quantity), Price(price), reduce_only == 1)
        return receipts.OrderPlaced(self._tables.accounts.texts[account], order)

    def _order_reduced(self, account: int, name: int, market: int, quantity: int) -> Effect:
        tables = self._tables
        names = tables.accounts.texts[account], tables.orders.texts[name], tables.markets.texts[market]
        return receipts.OrderReduced(*names, Quantity(quantity))

    def _order_cancelled(self, account: int, name: int) -> Effect:
        return receipts.OrderCancelled(self._tables.accounts.texts[account], self._tables.orders.texts[name])

    def _transferred(self, asset: int, source: int, target: int, amount: int, rule: int) -> Effect:
        accounts = self.ledger_account(asset, source), self.ledger_account(asset, target)
        return receipts.Transferred(self._tables.assets.texts[asset], *accounts, Money(amount), RULES[rule])

    def _position(self, account: int, market: int, side: int, quantity: int) -> Effect:
        return receipts.PositionChanged(self.position_key(account, market, side), Quantity(quantity))

    def _liquidated(self, account: int, asset: int, market: int, side: int, equity: int, maintenance: int) -> Effect:
        domain = self.domain_key(account, asset, market, side)
        return receipts.DomainLiquidated(domain, Money(equity), Money(maintenance))

    def _lot_opened(
        self, number: int, account: int, market: int, side: int, mode: int, quantity: int, reason: int, cost: int
    ) -> Effect:
        key = self.position_key(account, market, side)
        chosen: Any = MARGIN_MODES[mode]
        lot = Lot(number, key.account, key.market, key.side, chosen, Quantity(quantity), LOT_REASONS[reason])
        return receipts.LotOpened(lot, Money(cost))

    def _lot_reduced(self, number: int, market: int, quantity: int) -> Effect:
        return receipts.LotReduced(number, self._tables.markets.texts[market], Quantity(quantity))

    def _deleveraged(
        self, number: int, account: int, market: int, side: int, quantity: int, value: int, loss: int
    ) -> Effect:
        key = self.position_key(account, market, side)
        return receipts.Deleveraged(number, key, Quantity(quantity), Money(value), Money(loss))

    def _levied(self, account: int, asset: int, market: int, side: int, amount: int) -> Effect:
        return receipts.Levied(self.domain_key(account, asset, market, side), Money(amount))

    def _uncovered(self, asset: int, amount: int) -> Effect:
        return receipts.UncoveredChanged(self._tables.assets.texts[asset], Money(amount))

    def _reserve(self, market: int, *counters: int) -> Effect:
        return receipts.ReserveStatus(self._tables.markets.texts[market], FundStatus(*map(Money, counters)))

    def _insurance(self, asset: int, balance: int) -> Effect:
        return receipts.InsuranceStatus(self._tables.assets.texts[asset], Money(balance))
