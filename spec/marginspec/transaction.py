"""One event in progress, within `transition.apply` only: reads like a state, takes changes, ends as a new state."""

from operator import attrgetter
from typing import Any, TypeVar

import attrs
from immutables import Map, MapMutation

from marginspec.model.account import Direction, DomainKey, Lot, LotReason, MarginMode, Order, PositionKey
from marginspec.model.effects import (
    Effect,
    FundStatus,
    InsuranceStatus,
    LotOpened,
    LotReduced,
    MovingRule,
    PositionChanged,
    ReserveStatus,
    Transferred,
    UncoveredChanged,
)
from marginspec.model.ledger import FUND_KINDS, LedgerAccount, clearing, insurance, relief, reserve
from marginspec.model.market import Market
from marginspec.model.state import Book, State
from marginspec.model.units import FLAT, MAX_BALANCE, MAX_FUND, NOTHING, Money, Quantity
from marginspec.registry import rule

Key = TypeVar("Key")
Value = TypeVar("Value")


def with_entry(entries: Map[Key, Value], key: Key, value: Value) -> Map[Key, Value]:
    """A map with this value under a key; what is zero or empty goes."""
    return entries.set(key, value) if value else entries.delete(key)


def with_member(index: Map[Any, tuple[Any, ...]], owner: object, member: object) -> Map[Any, tuple[Any, ...]]:
    """An index with a member added to its owner's, in order."""
    members = index.get(owner, ())
    return index if member in members else index.set(owner, tuple(sorted((*members, member))))


def without_member(index: Map[Any, tuple[Any, ...]], owner: object, member: object) -> Map[Any, tuple[Any, ...]]:
    """An index without a member of its owner's; an owner without members goes."""
    return with_entry(index, owner, tuple(other for other in index[owner] if other != member))


SHARED_FUND_KINDS = frozenset({"insurance", "relief"})
"""Kinds of fund that the markets of an asset share."""

BOOK_OF = attrgetter(*(field.name for field in attrs.fields(Book)))
"""What a state and a transaction share, in order."""


@attrs.define(eq=False, init=False)
class Transaction(Book):
    """The changes of one event on top of a state, and their effects in order.

    `suspects` are the domains whose health the event may have lowered, `exposed` the assets whose cover
    it may have lowered; settlement looks at these. `closing` is a market that closes once all is settled.
    `out_of_range` remembers that one of the event's own transfers left a balance past its limit. `queues` are those of
    deleveraging, of each market that was looked at.
    """

    before: State = attrs.field(kw_only=True)
    effects: list[Effect] = attrs.Factory(list)
    suspects: set[DomainKey] = attrs.Factory(set)
    exposed: set[str] = attrs.Factory(set)
    shared_funds_moved: set[str] = attrs.Factory(set)
    queues: dict[tuple[str, Direction], tuple[Any, ...]] = attrs.Factory(dict)
    event_market: str | None = None
    closing: str | None = None
    settling: bool = False
    out_of_range: bool = False
    balances: MapMutation[LedgerAccount, Any] = attrs.field(init=False)

    def __init__(self, state: State) -> None:
        self.__attrs_init__(*BOOK_OF(state), before=state)
        self.go_on(state.ledger)

    def go_on(self, ledger: Map[LedgerAccount, Money]) -> None:
        """Have transfers change a ledger's balances: a copy of its own, since a state's never change."""
        self.balances = ledger.mutate()
        self.ledger = self.balances  # type: ignore[assignment]  # it is read as a map is

    @rule("LED-01", "LED-02", source="SRC-06")
    def transfer(
        self, asset: str, source: LedgerAccount, target: LedgerAccount, amount: Money, rule_id: MovingRule
    ) -> None:
        """Money (>= 0) moves only by transfer, and no fund is below zero after any; nothing leaves no effect."""
        assert amount >= 0, f"transfer of {amount} from {source} to {target}"
        assert source != target, f"transfer from {source} to itself"
        if amount == 0:
            return
        left = self.ledger.get(source, NOTHING) - amount
        gained = self.ledger.get(target, NOTHING) + amount
        assert left >= 0 or source.kind not in FUND_KINDS, f"{source} at {left} by {rule_id}"
        if left:
            self.balances[source] = left
        else:
            del self.balances[source]
        if gained:
            self.balances[target] = gained
        else:
            del self.balances[target]
        most = MAX_FUND if target.kind in FUND_KINDS else MAX_BALANCE
        if not self.settling and not (-MAX_BALANCE <= left <= MAX_BALANCE and -MAX_BALANCE <= gained <= most):
            self.out_of_range = True
        if source.kind in SHARED_FUND_KINDS or target.kind in SHARED_FUND_KINDS:
            self.shared_funds_moved.add(asset)
        self.effects.append(Transferred(asset, source, target, amount, rule_id))

    def move(
        self, asset: str, source: LedgerAccount, target: LedgerAccount, amount: Money, rule_id: MovingRule
    ) -> None:
        """Transfer a signed amount: a negative one moves its absolute value the other way."""
        if amount >= 0:
            self.transfer(asset, source, target, amount, rule_id)
        else:
            self.transfer(asset, target, source, Money(-amount), rule_id)

    @rule("FND-01", "MKT-05", "LED-02")
    def clear(self, asset: str, due: list[tuple[LedgerAccount, Money]], rule_id: MovingRule) -> None:
        """First all payers pay what is due from them into clearing, then receivers, due below zero, are paid out."""
        clearing_account = clearing(asset)
        for payer, amount in due:
            if amount > 0:
                self.transfer(asset, payer, clearing_account, amount, rule_id)
        for receiver, amount in due:
            if amount < 0:
                self.transfer(asset, clearing_account, receiver, Money(-amount), rule_id)

    def set_market(self, market: Market, effect: Effect) -> None:
        """Put a market's new parameters or mark in place."""
        self.markets = self.markets.set(market.id, market)
        self.effects.append(effect)

    def set_position(self, key: PositionKey, domain: DomainKey, quantity: Quantity) -> None:
        """Give a position of a domain this quantity; zero makes it flat."""
        held = self.positions.get(key, FLAT)
        self.positions = with_entry(self.positions, key, quantity)
        if quantity == 0:
            self._unindex(key, domain)
        elif held == 0:
            self._index(key, domain)
        self._add_open_interest(key.market, max(quantity, 0) - max(held, 0))
        self.effects.append(PositionChanged(key, quantity))

    def _index(self, key: PositionKey, domain: DomainKey) -> None:
        in_market: Map[PositionKey, DomainKey] = self.positions_in.get(key.market, Map())
        self.positions_in = self.positions_in.set(key.market, in_market.set(key, domain))
        self.positions_of = with_member(self.positions_of, domain, key)
        self.domains_of = with_member(self.domains_of, key.account, domain)

    def _unindex(self, key: PositionKey, domain: DomainKey) -> None:
        self.positions_of = without_member(self.positions_of, domain, key)
        if domain not in self.positions_of:
            self.domains_of = without_member(self.domains_of, key.account, domain)
        self.positions_in = with_entry(self.positions_in, key.market, self.positions_in[key.market].delete(key))

    def _add_open_interest(self, market: str, change: int) -> None:
        if change != 0:
            open_interest = Quantity(self.open_interest.get(market, 0) + change)
            self.open_interest = with_entry(self.open_interest, market, open_interest)
            self.add_open_value(self.markets[market], self.markets[market].at_mark(Quantity(change)))

    def add_open_value(self, market: Market, change: Money) -> None:
        """An asset's open interest at mark follows the quantities and marks of its markets."""
        if change != 0:
            value = Money(self.open_value.get(market.asset, NOTHING) + change)
            self.open_value = with_entry(self.open_value, market.asset, value)

    def set_order(self, account: str, order: Order, effect: Effect) -> None:
        """Put an order in place; one of which nothing is left goes."""
        if order.quantity == 0:
            self.remove_order(account, order.id, effect)
            return
        own: Map[str, Order] = self.orders.get(account, Map())
        self.orders = self.orders.set(account, own.set(order.id, order))
        self.effects.append(effect)

    def remove_order(self, account: str, order: str, effect: Effect) -> None:
        """Take an order away."""
        self.orders = with_entry(self.orders, account, self.orders[account].delete(order))
        self.effects.append(effect)

    @rule("LIQ-04", "INV-11")
    def open_lot(
        self, key: PositionKey, margin_mode: MarginMode, quantity: Quantity, cost: Money, reason: LotReason
    ) -> Lot:
        """A lot remembers its position, quantity and reason; ids count up. The caller moves quantity and cost."""
        taken = Lot(self.next_lot, key.account, key.market, key.side, margin_mode, quantity, reason)
        self.next_lot = self.next_lot + 1
        self.lots = self.lots.set(taken.id, taken)
        self.lots_in = with_member(self.lots_in, key.market, taken.id)
        self._add_open_interest(key.market, max(quantity, 0))
        self.effects.append(LotOpened(taken, cost))
        return taken

    def reduce_lot(self, reduced: Lot, quantity: Quantity) -> None:
        """Leave this signed quantity of a lot; zero closes it, whereafter its cost must be zero."""
        if quantity == 0:
            self.lots = self.lots.delete(reduced.id)
            self.lots_in = without_member(self.lots_in, reduced.market, reduced.id)
        else:
            left = attrs.evolve(reduced, quantity=quantity)
            self.lots = self.lots.set(reduced.id, left)
        self._add_open_interest(reduced.market, max(quantity, 0) - max(reduced.quantity, 0))
        self.effects.append(LotReduced(reduced.id, reduced.market, quantity))

    @rule("TRN-01", source="SRC-08 SRC-11")
    def count_funds(self, market: str, **added: int) -> None:
        """Each market's funds are counted: balance, high-water mark, and by how much the counters named rise."""
        counted = self.fund_status.get(market, FundStatus())
        balance = self.balance(reserve(market))
        sums = {counter: getattr(counted, counter) + amount for counter, amount in added.items()}
        status = attrs.evolve(counted, balance=balance, high_water=max(counted.high_water, balance), **sums)
        self.fund_status = self.fund_status.set(market, status)

    def change_claim(self, domain: DomainKey, change: Money) -> None:
        """Have a domain's claim on the relief of its asset rise, or fall if negative; nothing left of it goes."""
        claims: Map[DomainKey, Money] = self.relief_claims.get(domain.asset, Map())
        left = Money(claims.get(domain, NOTHING) + change)
        assert left >= 0, f"claim of {domain} at {left}"
        self.relief_claims = with_entry(self.relief_claims, domain.asset, with_entry(claims, domain, left))

    def set_uncovered(self, asset: str, amount: Money) -> None:
        """Take down how much of an asset's shortfall has no cover, if that changed."""
        if amount != self.uncovered.get(asset, NOTHING):
            self.uncovered = with_entry(self.uncovered, asset, amount)
            self.effects.append(UncoveredChanged(asset, amount))

    @rule("TRN-01", source="SRC-08 SRC-11")
    def publish_funds(self) -> None:
        """Each event that changed a reserve, the insurance fund or relief emits the new status."""
        if self.fund_status is not self.before.fund_status:
            for market in sorted(self.fund_status):
                self.publish_reserve(market)
        for asset in sorted(self.shared_funds_moved):
            balances = self.balance(insurance(asset)), self.balance(relief(asset))
            self.effects.append(InsuranceStatus(asset, *balances))

    def publish_reserve(self, market: str) -> None:
        """Emit the status of a market's funds, if the event changed it."""
        status = self.fund_status.get(market)
        if status is not None and status != self.before.fund_status.get(market):
            self.effects.append(ReserveStatus(market, status))

    def commit(self) -> State:
        """The new state, with everything that changed."""
        self.ledger = self.balances.finish()
        return State(*BOOK_OF(self))
