"""Worlds: the specification's own states, with concrete names of everything and symbolic numbers in them.

A world begins empty; each method adds one thing whose numbers are any that the rules allow, and says which
symbols it took. What a world does not hold does not exist in it. A price counts quanta per lot here: the rules
read a market's price and its quanta per unit only as their product (T-WORLD-1).
"""

from typing import Any

import attrs
from immutables import Map

from marginspec.margin.margin import cash_account, domain_of
from marginspec.model import ledger
from marginspec.model.account import DomainKey, Lot, PositionKey, Setting
from marginspec.model.effects import FundStatus
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import FeeTerms, Market, Tier, TierTable
from marginspec.model.state import Header, State
from marginspec.model.units import MAX_PRICE, NOTHING, RATE_ONE, Price, Quantity, Rate
from marginspec.transaction import Transaction
from marginspec_proofs.prover.statements import Case

ASSET = "USDT"
MAX_QUANTA_PER_UNIT = 10**8
NO_FEES = FeeTerms(Rate(0), Rate(0), Rate(0), Rate(0))
ONE_TIER = TierTable((Tier(NOTHING, 20, Rate(10**6), 0),))
"""For theorems in which no maintenance margin is asked for."""


class World:
    """A state under construction; `state` is what has been put in so far."""

    def __init__(self, case: Case, header: Header | None = None) -> None:
        self.case = case
        self.state = State(header=header or Header())

    def market(self, name: str, tiers: Any = ONE_TIER, clearance_fee: Any = Rate(0)) -> Market:
        """A market with any mark; `tiers` may be anything that answers `holding` and has `tiers`."""
        mark = self.case.integer(f"mark of {name}", 1, MAX_PRICE * MAX_QUANTA_PER_UNIT)
        fees = attrs.evolve(NO_FEES, clearance_fee=clearance_fee)
        added = Market(name, ASSET, 0, 0, 1, Price(1), tiers, fees, mark)
        self._set("markets", name, added)
        return added

    def rate(self, name: str, low: int = 0, high: int = RATE_ONE) -> Any:
        """A rate between two bounds, 0 and 1 if not given."""
        return self.case.integer(name, low, high, "MKT-01")

    def balance(self, account: LedgerAccount, low: int | None = None) -> Any:
        """Any balance of a ledger account, at least `low` if that is given."""
        balance = self.case.integer(str(account).replace(":", " "), low, source="LED-02")
        self._set("ledger", account, balance)
        return balance

    def funds(self, *markets: Market) -> None:
        """Any reserve of each market, and any insurance fund, relief and house, all at least zero."""
        for market in markets:
            self._set("fund_status", market.id, FundStatus(balance=self.balance(ledger.reserve(market.id), 0)))
        self.balance(ledger.insurance(ASSET), 0)
        self.balance(ledger.relief(ASSET), 0)
        self.balance(ledger.house(ASSET), 0)

    def claim(self, domain: DomainKey) -> Any:
        """Any claim of a domain on relief, above zero."""
        claim = self.case.integer(f"claim of {' '.join(filter(None, domain))}", 1, source="INV-14")
        self._set("relief_claims", ASSET, self.state.relief_claims.get(ASSET, Map()).set(domain, claim))
        return claim

    def account(self, name: str) -> DomainKey:
        """An account in one-way mode with any cash in its wallet; gives its cross domain."""
        self._set("accounts", name, "one_way")
        cross = DomainKey(name, ASSET)
        self.balance(cash_account(cross))
        return cross

    def isolate(self, account: str, market: Market) -> DomainKey:
        """An isolated domain of an account with any cash; its position is added as any other."""
        self._set("settings", (account, market.id), Setting(margin_mode="isolated"))
        own = DomainKey(account, ASSET, market.id, "BOTH")
        self.balance(cash_account(own))
        return own

    def quantity(self, name: str, is_long: bool) -> Any:
        """Any open quantity on one side of a market."""
        size = self.case.integer(name, 1, source="an open quantity is not zero")
        return Quantity(size if is_long else -size)

    def position(self, account: str, market: Market, is_long: bool = True) -> PositionKey:
        """A position of any size and cost on one side of a market."""
        key = PositionKey(account, market.id, "BOTH")
        domain = domain_of(self.state, key)
        quantity = self.quantity(f"size of {account} in {market.id}", is_long)
        self.balance(ledger.position(*key))
        self._set("positions", key, quantity)
        in_market: Map[PositionKey, DomainKey] = self.state.positions_in.get(market.id, Map())
        self._set("positions_in", market.id, in_market.set(key, domain))
        self._set("positions_of", domain, tuple(sorted((*self.state.positions_of.get(domain, ()), key))))
        self._set("domains_of", account, tuple(sorted({*self.state.domains_of.get(account, ()), domain})))
        if is_long:
            self._open_interest(market, quantity)
        return key

    def lot(self, market: Market, is_long: bool = True, account: str = "defaulted") -> Lot:
        """A lot of any size and cost on one side of a market."""
        number = self.state.next_lot
        taken = Lot(
            number, account, market.id, "BOTH", "cross", self.quantity(f"size of lot {number}", is_long), "takeover"
        )
        self.balance(ledger.lot(number))
        self._set("lots", number, taken)
        self._set("lots_in", market.id, (*self.state.lots_in.get(market.id, ()), number))
        self.state = attrs.evolve(self.state, next_lot=number + 1)
        if is_long:
            self._open_interest(market, taken.quantity)
        return taken

    def others(self, market: Market) -> None:
        """Long positions of accounts that the world does not hold keep its open interest above zero."""
        self._open_interest(market, self.case.integer(f"others in {market.id}", 1, source="other accounts"))

    def transaction(self, settling: bool = True) -> Transaction:
        """A transaction on the state; while settling, balances have no limit."""
        begun = Transaction(self.state)
        begun.settling = settling
        return begun

    def _open_interest(self, market: Market, added: Any) -> None:
        self._set("open_interest", market.id, self.state.open_interest.get(market.id, 0) + added)

    def _set(self, index: str, key: Any, value: Any) -> None:
        changed = getattr(self.state, index).set(key, value)
        self.state = attrs.evolve(self.state, **{index: changed})


def nothing_moved(after: State, before: State) -> bool:
    """Whether all balances are still those of before, untouched."""
    kept = before.ledger
    return len(after.ledger) == len(kept) and all(after.ledger.get(name) is kept[name] for name in kept)
