"""Figures of a state by the names that messages have, and a state with an engine's own figures put in."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from immutables import Map

from marginspec.margin.margin import cash_account
from marginspec.model.account import DomainKey
from marginspec.model.ledger import LedgerAccount, account_named, external
from marginspec.model.state import State
from marginspec.model.units import Money
from marginspec_audit import asset_of
from marginspec_conformance.comparing.amounts import read_amount, shortest
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.protocol.messages import Changes
from marginspec_journal.state_objects import claim_name


class Figures(Mapping[str, Mapping[str, str]]):
    """The figures of a state: `ledger`, `positions` and `claims`, each by name; what is zero is not there."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __getitem__(self, kind: str) -> Mapping[str, str]:
        state = self._state
        if kind == "ledger":
            return {one.name: self._money(asset_of(state, one), units) for one, units in state.ledger.items()}
        if kind == "positions":
            return {
                ":".join(key): shortest(units, state.markets[key.market].quantity_decimals)
                for key, units in state.positions.items()
            }
        if kind == "claims":
            return {
                claim_name(domain): self._money(asset, units)
                for asset, claims in state.relief_claims.items()
                for domain, units in claims.items()
            }
        raise KeyError(kind)

    def _money(self, asset: str, units: int) -> str:
        return shortest(units, self._state.header.decimals(asset))

    def __iter__(self) -> Iterator[str]:
        return iter(("ledger", "positions", "claims"))

    def __len__(self) -> int:
        return 3


def adopted(expected: Expected, told: Changes) -> State:
    """The state after an event with the balances that an engine told of, or left as they were, in whole quanta.

    So that one rounding of an engine is one difference, and not one of every event that follows. Quantities stay.
    """
    before, state, right = Figures(expected.before), expected.after, expected.changes
    ledger = state.ledger
    for name in {**right.ledger, **told.ledger}:
        units = read_amount(told.ledger.get(name) or before["ledger"].get(name, "0"))
        account = account_named(name) if is_ledger_name(name) else None
        if units is not None and account is not None and is_known(state, account):
            ledger = put(ledger, account, in_quanta(units, state.header.decimals(asset_of(state, account))))
    claims = state.relief_claims
    named = {claim_name(domain): domain for held in claims.values() for domain in held}
    for name in {**right.claims, **told.claims}:
        units, domain = read_amount(told.claims.get(name) or before["claims"].get(name, "0")), named.get(name)
        if units is not None and domain is not None:
            quanta = in_quanta(units, state.header.decimals(domain.asset))
            claims = put(claims, domain.asset, put(claims.get(domain.asset, Map()), domain, quanta))
    return attrs.evolve(state, ledger=ledger, relief_claims=claims)


def is_ledger_name(name: str) -> bool:
    """Whether a ledger account is named so."""
    try:
        account_named(name)
    except ValueError:
        return False
    return True


def is_known(state: State, account: LedgerAccount) -> bool:
    """Whether a state knows the asset of a ledger account: lots and markets may have closed."""
    return bool(account.asset or account.lot in state.lots or account.market in state.markets)


def put(entries: Map[Any, Any], key: object, value: Any) -> Map[Any, Any]:
    """A map with a value under a key; what is zero or empty is not there."""
    if value:
        return entries.set(key, value)
    return entries.delete(key) if key in entries else entries


def in_quanta(units: int, decimals: int) -> Money:
    """The nearest whole quanta of an amount in 1e-8; a half is taken up."""
    quantum = 10 ** (8 - decimals)
    return Money((2 * units + quantum) // (2 * quantum))


def nudged(state: State, domain: DomainKey, quanta: int) -> State:
    """A state in which a domain's cash is so many quanta more, from outside."""
    cash, outside = cash_account(domain), external(domain.asset)
    ledger = put(state.ledger, cash, Money(state.balance(cash) + quanta))
    ledger = put(ledger, outside, Money(state.balance(outside) - quanta))
    return attrs.evolve(state, ledger=ledger)


def domains_near(state: State, accounts: frozenset[str]) -> list[DomainKey]:
    """The margin domains of some accounts: all wallets and all isolated positions that there are."""
    wallets = {DomainKey(one.account, one.asset) for one in state.ledger if one.kind == "wallet"}
    held = {domain for domains in state.domains_of.values() for domain in domains}
    return sorted(domain for domain in wallets | held if domain.account in accounts)
