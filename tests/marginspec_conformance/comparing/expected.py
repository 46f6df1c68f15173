"""What the specification expects of an event, as the values of the protocol."""

from collections.abc import Iterable
from functools import cached_property

import attrs
from immutables import Map

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import Deleveraged, DomainLiquidated, Levied, PositionChanged, Receipt, Transferred
from marginspec.model.events import Event
from marginspec.model.ledger import LedgerAccount
from marginspec.model.state import State
from marginspec.model.units import Money
from marginspec.settlement.claims import NO_CLAIMS
from marginspec.transition import apply
from marginspec_audit import asset_of
from marginspec_conformance.comparing.amounts import shortest
from marginspec_conformance.protocol.messages import Accepted, Changes, Refused
from marginspec_journal.state_objects import claim_name


@attrs.frozen
class Expected:
    """An event as the specification takes it: the states around it, the receipt, and the answer that it asks for."""

    event: Event
    before: State
    after: State
    receipt: Receipt

    @cached_property
    def answer(self) -> Accepted | Refused:
        """The answer, with decisions and changes; never terms, choices or a hash."""
        if self.receipt.rejected is not None:
            return Refused(self.receipt.rejected.value)
        liquidated, deleveraged, levied = decisions_of(self.receipt)
        return Accepted(liquidated, deleveraged, levied, changes_of(self.before, self.receipt, self.after))

    @property
    def changes(self) -> Changes:
        """What the event changes; nothing if it is refused."""
        answer = self.answer
        return (answer.changes if isinstance(answer, Accepted) else None) or Changes()


def expected_of(state: State, event: Event) -> Expected:
    """What the specification makes of an event; an AssertionError is its own."""
    after, receipt = apply(state, event)
    return Expected(event, state, after, receipt)


def decisions_of(receipt: Receipt) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Who was liquidated, deleveraged and levied, by name, in the order of the effects."""
    liquidated: list[str] = []
    deleveraged: list[str] = []
    levied: list[str] = []
    for effect in receipt.effects:
        match effect:
            case DomainLiquidated():
                liquidated.append(claim_name(effect.domain))
            case Deleveraged():
                deleveraged.append(":".join(effect.counterparty))
            case Levied():
                levied.append(claim_name(effect.domain))
    return tuple(liquidated), tuple(deleveraged), tuple(levied)


def changes_of(before: State, receipt: Receipt, after: State) -> Changes:
    """The net changes of an event: balances, quantities and claims that are not what they were, as they are after it.

    What money passed through, and what was opened and closed within the event, did not change.
    """
    touched: set[LedgerAccount] = set()
    keys: set[PositionKey] = set()
    for effect in receipt.effects:
        if isinstance(effect, Transferred):
            touched.update((effect.source, effect.target))
        elif isinstance(effect, PositionChanged):
            keys.add(effect.key)
    balances = ((one, after.balance(one)) for one in sorted(touched) if after.balance(one) != before.balance(one))
    ledger = {one.name: shortest(balance, money_digits(before, after, one)) for one, balance in balances}
    positions = {
        ":".join(key): shortest(after.positions.get(key, 0), quantity_digits(before, after, key.market))
        for key in sorted(keys)
        if after.positions.get(key, 0) != before.positions.get(key, 0)
    }
    return Changes(ledger, positions, changed_claims(before, after))


def money_digits(before: State, after: State, account: LedgerAccount) -> int:
    """Digits of a ledger account's money; a lot or market that an event closed is known from before it."""
    is_known = account.asset or account.lot in after.lots or account.market in after.markets
    known = after if is_known else before
    return known.header.decimals(asset_of(known, account))


def quantity_digits(before: State, after: State, market: str) -> int:
    """Digits of a market's quantities, also of one that an event closed."""
    return (after.markets.get(market) or before.markets[market]).quantity_decimals


def changed_claims(before: State, after: State) -> dict[str, str]:
    """Claims on relief that are not what they were."""
    if before.relief_claims is after.relief_claims:
        return {}
    found: dict[str, str] = {}
    for asset in sorted({*before.relief_claims, *after.relief_claims}):
        old, new = claims_on(before, asset), claims_on(after, asset)
        for domain in changed(old, new):
            found[claim_name(domain)] = shortest(new.get(domain, 0), after.header.decimals(asset))
    return dict(sorted(found.items()))


def claims_on(state: State, asset: str) -> Map[DomainKey, Money]:
    """The claims on an asset's relief."""
    return state.relief_claims.get(asset, NO_CLAIMS)


def changed(old: Map[DomainKey, Money], new: Map[DomainKey, Money]) -> Iterable[DomainKey]:
    """Domains whose claim is not what it was, in order."""
    return (domain for domain in sorted({*old, *new}) if old.get(domain) != new.get(domain))
