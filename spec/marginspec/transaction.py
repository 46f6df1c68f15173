"""One event in progress: reads like a state, takes changes, and ends as a new state or not at all.

The only mutable object of the rules; it lives within `transition.apply` and is never seen outside.
"""

from typing import Any

import attrs
from immutables import Map

from marginspec.account import DomainKey, Lot, LotReason, MarginMode, Order, PositionKey, Setting
from marginspec.ledger import FUND_KINDS, LedgerAccount, insurance, reserve
from marginspec.market import Market
from marginspec.receipts import Effect, FundStatus, InsuranceStatus, LotOpened, LotReduced, PositionChanged
from marginspec.receipts import ReserveStatus, Transferred, UncoveredChanged
from marginspec.rules import rule
from marginspec.state import State
from marginspec.units import FLAT, MAX_BALANCE, NOTHING, Money, Quantity


def with_member(index: Map[Any, tuple[Any, ...]], owner: object, member: object) -> Map[Any, tuple[Any, ...]]:
    """An index with a member added to its owner's, in order."""
    members = index.get(owner, ())
    return index if member in members else index.set(owner, tuple(sorted((*members, member))))


def without_member(index: Map[Any, tuple[Any, ...]], owner: object, member: object) -> Map[Any, tuple[Any, ...]]:
    """An index without a member of its owner's; an owner without members goes."""
    rest = tuple(other for other in index[owner] if other != member)
    return index.set(owner, rest) if rest else index.delete(owner)


class Transaction:
    """The changes of one event on top of a state, and their effects in order.

    `suspects` are the domains whose health the event may have lowered, `exposed` the assets whose cover
    it may have lowered; settlement looks at these. `out_of_range` remembers that one of the event's own
    transfers left a balance past its limit.
    """

    def __init__(self, state: State) -> None:
        self.before = state
        self.header = state.header
        self.markets = state.markets
        self.accounts = state.accounts
        self.settings = state.settings
        self.ledger = state.ledger.mutate()
        self.positions = state.positions
        self.orders = state.orders
        self.lots = state.lots
        self.next_lot = state.next_lot
        self.uncovered = state.uncovered
        self.fund_status = state.fund_status
        self.domains_of = state.domains_of
        self.positions_of = state.positions_of
        self.positions_in = state.positions_in
        self.lots_in = state.lots_in
        self.open_interest = state.open_interest
        self.effects: list[Effect] = []
        self.suspects: set[DomainKey] = set()
        self.exposed: set[str] = set()
        self.insurance_moved: set[str] = set()
        self.event_market: str | None = None
        self.settling = False
        self.out_of_range = False

    def balance(self, account: LedgerAccount) -> Money:
        """Balance of a ledger account in quanta of its asset."""
        return self.ledger.get(account, NOTHING)

    @rule("LED-01", "LED-02", source="SRC-06")
    def transfer(self, asset: str, source: LedgerAccount, target: LedgerAccount, amount: Money, rule_id: str) -> None:
        """Money moves only by transfer, and no fund is below zero after any single one.

        The amount is >= 0; moving nothing leaves no effect.
        """
        assert amount >= 0, f"transfer of {amount} from {source} to {target}"
        assert source != target, f"transfer from {source} to itself"
        if amount == 0:
            return
        source_balance = Money(self.ledger.get(source, 0) - amount)
        assert source_balance >= 0 or not source.startswith(FUND_KINDS), f"{source} at {source_balance} by {rule_id}"
        self._book(source, source_balance)
        self._book(target, Money(self.ledger.get(target, 0) + amount))
        if source.startswith("insurance:") or target.startswith("insurance:"):
            self.insurance_moved.add(asset)
        self.effects.append(Transferred(asset, source, target, amount, rule_id))

    def move(self, asset: str, source: LedgerAccount, target: LedgerAccount, amount: Money, rule_id: str) -> None:
        """Transfer a signed amount: a negative one moves its absolute value the other way."""
        if amount >= 0:
            self.transfer(asset, source, target, amount, rule_id)
        else:
            self.transfer(asset, target, source, Money(-amount), rule_id)

    def _book(self, account: LedgerAccount, balance: Money) -> None:
        if balance == 0:
            del self.ledger[account]
            return
        self.ledger[account] = balance
        if not -MAX_BALANCE <= balance <= MAX_BALANCE and not self.settling:
            self.out_of_range = True

    def set_market(self, market: Market, effect: Effect) -> None:
        """Put a market's new parameters or mark in place."""
        self.markets = self.markets.set(market.id, market)
        self.effects.append(effect)

    def set_setting(self, account: str, market: str, setting: Setting, effect: Effect) -> None:
        """Put an account's setting for a market in place."""
        self.settings = self.settings.set((account, market), setting)
        self.effects.append(effect)

    def set_position(self, key: PositionKey, domain: DomainKey, quantity: Quantity) -> None:
        """Give a position of a domain this quantity; zero makes it flat."""
        held = self.positions.get(key, FLAT)
        if quantity == 0:
            self.positions = self.positions.delete(key)
            self._unindex(key, domain)
        else:
            self.positions = self.positions.set(key, quantity)
            if held == 0:
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
        in_market = self.positions_in[key.market].delete(key)
        if in_market:
            self.positions_in = self.positions_in.set(key.market, in_market)
        else:
            self.positions_in = self.positions_in.delete(key.market)

    def _add_open_interest(self, market: str, change: int) -> None:
        if change == 0:
            return
        open_interest = Quantity(self.open_interest.get(market, 0) + change)
        if open_interest == 0:
            self.open_interest = self.open_interest.delete(market)
        else:
            self.open_interest = self.open_interest.set(market, open_interest)

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
        own = self.orders[account].delete(order)
        self.orders = self.orders.set(account, own) if own else self.orders.delete(account)
        self.effects.append(effect)

    @rule("LIQ-04", "INV-11")
    def open_lot(
        self, key: PositionKey, margin_mode: MarginMode, quantity: Quantity, cost: Money, reason: LotReason
    ) -> Lot:
        """A lot remembers whose position it was, its quantity and cost, and why it was taken; ids count up.

        Takes note only: the caller moves the quantity and the cost.
        """
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
    def count_funds(
        self,
        market: str,
        *,
        inflow: int = 0,
        outflow: int = 0,
        insurance_drawn: int = 0,
        deleveraged: int = 0,
        levied: int = 0,
    ) -> None:
        """Each market's funds are counted: balance, high-water mark, flows, draws, deleveraging, levies."""
        counted = self.fund_status.get(market, FundStatus())
        balance = self.balance(reserve(market))
        status = FundStatus(
            balance=balance,
            high_water=max(counted.high_water, balance),
            inflow=Money(counted.inflow + inflow),
            outflow=Money(counted.outflow + outflow),
            insurance_drawn=Money(counted.insurance_drawn + insurance_drawn),
            deleveraged=Money(counted.deleveraged + deleveraged),
            levied=Money(counted.levied + levied),
        )
        self.fund_status = self.fund_status.set(market, status)

    def set_uncovered(self, asset: str, amount: Money) -> None:
        """Take down how much of an asset's shortfall has no cover, if that changed."""
        if amount == self.uncovered.get(asset, NOTHING):
            return
        self.uncovered = self.uncovered.set(asset, amount) if amount else self.uncovered.delete(asset)
        self.effects.append(UncoveredChanged(asset, amount))

    @rule("TRN-01", source="SRC-08 SRC-11")
    def publish_funds(self) -> None:
        """Each event that changed a reserve or the insurance fund emits the new status."""
        if self.fund_status is not self.before.fund_status:
            for market in sorted(self.fund_status):
                status = self.fund_status[market]
                if status != self.before.fund_status.get(market):
                    self.effects.append(ReserveStatus(market, status))
        for asset in sorted(self.insurance_moved):
            self.effects.append(InsuranceStatus(asset, self.balance(insurance(asset))))

    def commit(self) -> State:
        """The new state, with everything that changed."""
        return State(
            self.header,
            self.markets,
            self.accounts,
            self.settings,
            self.ledger.finish(),
            self.positions,
            self.orders,
            self.lots,
            self.next_lot,
            self.uncovered,
            self.fund_status,
            self.domains_of,
            self.positions_of,
            self.positions_in,
            self.lots_in,
            self.open_interest,
        )
