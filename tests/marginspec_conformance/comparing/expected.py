"""What the rulebook's receipt of an event means as an answer of the protocol."""

from collections.abc import Callable
from typing import TypeVar

from marginspec.model.account import DomainKey
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Levied,
    MarketListed,
    PositionChanged,
    Receipt,
    ReliefReturned,
    Transferred,
)
from marginspec.model.state import State
from marginspec_conformance.protocol.messages import Accepted, Answer, Changes, Refused, Want
from marginspec_journal.decimals import decimal_text
from marginspec_journal.digits import digits_of
from marginspec_journal.state_objects import claim_name

Value = TypeVar("Value")


def amount_text(units: int, digits: int) -> str:
    """An amount in units of 10^-digits in its shortest form."""
    text = decimal_text(units, digits)
    return text.rstrip("0").rstrip(".") if digits else text


class Expecting:
    """Follows receipts from a state on: holds every balance, position and claim, in units."""

    def __init__(self, state: State) -> None:
        self._digits = digits_of(state)
        self.ledger: dict[str, int] = {str(account): balance for account, balance in state.ledger.items()}
        self.positions: dict[tuple[str, str, str], int] = dict(state.positions.items())
        self._claims = claims_of(state)

    def answer(self, receipt: Receipt, state: Callable[[], State]) -> Answer:
        """The answer that a receipt stands for, with decisions and changes; the state after it is seldom asked for."""
        if receipt.rejected is not None:
            return Refused(reason=receipt.rejected.value)
        told = Told(self)
        for effect in receipt.effects:
            match effect:
                case Transferred():
                    told.transfer(effect)
                case PositionChanged():
                    told.position(effect)
                case DomainLiquidated():
                    told.liquidated.append(claim_name(effect.domain))
                case Deleveraged():
                    told.deleveraged.append(":".join(effect.counterparty))
                case Levied():
                    told.levied.append(claim_name(effect.domain))
                    told.claims_moved = True
                case ReliefReturned():
                    told.claims_moved = True
                case MarketListed():
                    self._digits.add_market(effect.market)
        return told.answer(state)

    def ledger_text(self, asset: str, quanta: int) -> str:
        """A balance as its text."""
        return amount_text(quanta, self._digits.assets[asset])

    def quantity_text(self, market: str, lots: int) -> str:
        """A quantity as its text."""
        return amount_text(lots, self._digits.markets[market].quantity)

    def moved_claims(self, state: State) -> dict[str, str]:
        """The claims that are not what they were, as texts."""
        before, self._claims = self._claims, claims_of(state)
        named = sorted(before.keys() | self._claims.keys())
        return {
            claim_name(domain): self.ledger_text(domain.asset, self._claims.get(domain, 0))
            for domain in named
            if before.get(domain, 0) != self._claims.get(domain, 0)
        }


class Told:
    """What is told of one event, while its effects are gone through."""

    def __init__(self, expecting: Expecting) -> None:
        self._expecting = expecting
        self.liquidated: list[str] = []
        self.deleveraged: list[str] = []
        self.levied: list[str] = []
        self.claims_moved = False
        self._balances: dict[str, tuple[str, int]] = {}
        self._held: dict[tuple[str, str, str], int] = {}

    def transfer(self, effect: Transferred) -> None:
        """Money moved between two ledger accounts."""
        ledger = self._expecting.ledger
        for account, change in ((effect.source, -effect.amount), (effect.target, effect.amount)):
            before = ledger.get(account, 0)
            self._balances.setdefault(account, (effect.asset, before))
            ledger[account] = before + change
        self.claims_moved = self.claims_moved or effect.source.kind == "relief"

    def position(self, effect: PositionChanged) -> None:
        """A position has another quantity."""
        positions = self._expecting.positions
        self._held.setdefault(effect.position, positions.get(effect.position, 0))
        positions[effect.position] = effect.quantity

    def answer(self, state: Callable[[], State]) -> Accepted:
        """All that was told, as an answer; what came back to what it was did not change."""
        expecting = self._expecting
        ledger = {
            str(account): expecting.ledger_text(asset, expecting.ledger[account])
            for account, (asset, before) in self._balances.items()
            if expecting.ledger[account] != before
        }
        positions = {
            ":".join(key): expecting.quantity_text(key[1], expecting.positions[key])
            for key, before in self._held.items()
            if expecting.positions[key] != before
        }
        claims = expecting.moved_claims(state()) if self.claims_moved else {}
        return Accepted(
            liquidated=tuple(self.liquidated),
            deleveraged=tuple(self.deleveraged),
            levied=tuple(self.levied),
            changes=Changes(ledger, positions, claims),
        )


def told(answer: Answer, want: Want) -> Answer:
    """So much of an answer as was wanted."""
    if not isinstance(answer, Accepted) or want in ("balances", "terms"):
        return answer
    if want == "verdict":
        return Accepted()
    return Accepted(liquidated=answer.liquidated, deleveraged=answer.deleveraged, levied=answer.levied)


def claims_of(state: State) -> dict[DomainKey, int]:
    """The claims on relief of all assets."""
    return {domain: claim for claims in state.relief_claims.values() for domain, claim in claims.items()}
