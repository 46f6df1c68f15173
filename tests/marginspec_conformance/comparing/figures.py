"""Figures of a state by the names that messages have, and a state with an engine's own figures put in."""

from collections.abc import Iterator, Mapping

import attrs

from marginspec.margin.margin import cash_account
from marginspec.model.account import DomainKey
from marginspec.model.ledger import account_named, external
from marginspec.model.state import State
from marginspec.model.units import Money
from marginspec.transaction import with_entry
from marginspec_audit import asset_of
from marginspec_conformance.comparing.amounts import read_amount, shortest
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


def adopted(state: State, told: Changes) -> State:
    """A state with the balances that an engine told of put in, as far as they are there; in whole quanta.

    So that one rounding of an engine is one difference, and not one of every event that follows. Quantities stay.
    """
    ledger = state.ledger
    for name, text in told.ledger.items():
        units = read_amount(text)
        try:
            account = account_named(name)
            asset = asset_of(state, account)
        except (KeyError, ValueError):
            continue
        if units is not None:
            ledger = with_entry(ledger, account, in_quanta(units, state.header.decimals(asset)))
    claims = state.relief_claims
    named = {claim_name(domain): domain for held in claims.values() for domain in held}
    for name, text in told.claims.items():
        domain, units = named.get(name), read_amount(text)
        if domain is not None and units is not None:
            quanta = in_quanta(units, state.header.decimals(domain.asset))
            held = with_entry(claims[domain.asset], domain, quanta)
            claims = with_entry(claims, domain.asset, held)
            if not held:
                named.pop(name)
    return attrs.evolve(state, ledger=ledger, relief_claims=claims)


def in_quanta(units: int, decimals: int) -> Money:
    """The nearest whole quanta of an amount in 1e-8; a half is taken up."""
    quantum = 10 ** (8 - decimals)
    return Money((2 * units + quantum) // (2 * quantum))


def nudged(state: State, domain: DomainKey, quanta: int) -> State:
    """A state in which a domain's cash is so many quanta more, from outside."""
    cash, outside = cash_account(domain), external(domain.asset)
    ledger = with_entry(state.ledger, cash, Money(state.balance(cash) + quanta))
    ledger = with_entry(ledger, outside, Money(state.balance(outside) - quanta))
    return attrs.evolve(state, ledger=ledger)


def domains_near(state: State, accounts: frozenset[str]) -> list[DomainKey]:
    """The margin domains of some accounts: all wallets and all isolated positions that there are."""
    wallets = {DomainKey(one.account, one.asset) for one in state.ledger if one.kind == "wallet"}
    held = {domain for domains in state.domains_of.values() for domain in domains}
    return sorted(domain for domain in wallets | held if domain.account in accounts)
