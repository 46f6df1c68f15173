"""Which clause a difference falls under, read off the rules' own trace of the event.

Effects tell it: a transfer names the clause that moves it, and a liquidation or a step of deleveraging stands before
the transfers that it causes. So of all that differs after an event, what the rules touched first is the cause.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import attrs

from marginspec.model.effects import Deleveraged, DomainLiquidated, Effect, LotOpened, PositionChanged, Transferred
from marginspec.model.events import Event
from marginspec.model.ledger import account_named
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.observation import Refusal
from marginspec.registry import HANDLERS, REGISTRY, RuleCode
from marginspec.transition import apply
from marginspec_tools.audit.faults import Fault, amount_in
from marginspec_tools.observed import Figure, field_of, position_named


@attrs.define
class Trail:
    """An observer that keeps the rules that ran, their effects in order, and the rule that refused."""

    rules: list[RuleCode] = attrs.Factory(list)
    effects: list[Effect] = attrs.Factory(list)
    refusing: RuleCode | None = None
    _open: list[RuleCode] = attrs.Factory(list)

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - the observer's interface
        """A rule begins."""
        self.rules.append(rule)
        self._open.append(rule)

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - likewise
        """A rule ends."""
        self._open.pop()

    def effect(self, effect: Effect) -> None:
        """A rule has an effect."""
        self.effects.append(effect)

    def refused(self, refusal: Refusal) -> None:  # noqa: ARG002 - likewise
        """A rule refuses."""
        self.refusing = self._open[-1] if self._open else None


class Blamed(NamedTuple):
    """How early in the event the rules decided what differs, and the clause that did.

    `touched` are all clauses that had a part in it, by the place of their last one.
    """

    place: int
    clause: str
    touched: Mapping[str, int] = {}


FIRST, LAST = -1, 1 << 62


@attrs.frozen
class Blame:
    """An event as the rules took it, which is asked what decided a figure."""

    event: Event
    before: State
    trail: Trail

    def of_verdict(self, observed: str) -> Blamed:
        """The clause that refuses; or, if the exchange refuses what is accepted, the rule that knows its reason."""
        if self.trail.refusing is not None:
            return Blamed(FIRST, self.trail.refusing.ids[0])
        if observed == Reason.NO_INVENTORY:
            # It did not liquidate those whose lots the rules have.
            return Blamed(FIRST, "LIQ-01")
        knowing = (one.ids[0] for one in self.trail.rules if one.code is not None and observed in one.code.co_names)
        return Blamed(FIRST, next(knowing, handler_clause(self.event)))

    def of_figure(self, figure: Figure, fault: Fault, *, stayed: bool) -> Blamed | None:
        """What decided a figure in this event; None if the event did not touch it.

        `stayed` says that the exchange still has what there was before the event.
        """
        match figure.group:
            case "ledger":
                return self._of_balance(figure.name, stayed=stayed)
            case "positions" if figure.field == "quantity":
                return self._of_quantity(figure.name, fault, stayed=stayed)
            case "lots":
                return self._of_lot(int(figure.name))
        return None

    def _of_balance(self, name: str, *, stayed: bool) -> Blamed | None:
        owner = account_named(name).account
        if stayed and owner and (taken := self._liquidation_of(owner)):
            return taken
        touched: dict[str, int] = {}
        for place, effect in enumerate(self.trail.effects):
            if isinstance(effect, Transferred) and name in (effect.source.name, effect.target.name):
                touched.pop(effect.rule, None)
                touched[deciding(effect.rule)] = place
        if not touched:
            return None
        clause = list(touched)[-1]
        return Blamed(touched[clause], clause, touched)

    def _of_quantity(self, name: str, fault: Fault, *, stayed: bool) -> Blamed | None:
        key = position_named(name)
        went_on = fault.observed is not None and amount_in(fault.observed) == 0
        taken = self._liquidation_of(key.account) if stayed or went_on else None
        if taken and (stayed or taken.clause == "LIQ-01"):
            # It took none of it; or, after a step-down, all that the rules leave of an account that is healthy again.
            return taken
        moved = self._of_balance(f"position:{name}", stayed=False)
        changed = any(isinstance(one, PositionChanged) and one.key == key for one in self.trail.effects)
        return moved if moved or not changed else Blamed(FIRST, handler_clause(self.event))

    def _liquidation_of(self, account: str) -> Blamed | None:
        for place, effect in enumerate(self.trail.effects):
            if isinstance(effect, DomainLiquidated) and effect.domain.account == account:
                return Blamed(place, "LIQ-01")
            if isinstance(effect, Deleveraged) and effect.counterparty.account == account:
                return Blamed(place, "ADL-02")
        return None

    def _of_lot(self, lot: int) -> Blamed | None:
        for place, effect in enumerate(self.trail.effects):
            if isinstance(effect, LotOpened) and effect.lot.id == lot:
                return Blamed(place, "LIQ-02" if effect.lot.reason == "step_down" else "LIQ-03")
        return self._of_balance(f"lot:{lot}", stayed=False)

    def deleverages(self, market: str) -> bool:
        """Whether the event deleverages in a market."""
        return any(isinstance(one, Deleveraged) and one.counterparty.market == market for one in self.trail.effects)


def deciding(rule: str) -> str:
    """The clause that says how much is moved; of deleveraging, who and how far it goes is what venues differ in."""
    return {"ADL-03": "ADL-01"}.get(rule, rule)


def blame_of(event: Event, before: State) -> Blame:
    """An event, watched while the rules take it."""
    trail = Trail()
    apply(before, event, trail)
    return Blame(event, before, trail)


def handler_clause(event: Event) -> str:
    """The clause of what takes an event."""
    handler = HANDLERS[type(event)]
    return next(one.ids[0] for one in REGISTRY if one.executable is handler)


UNSEEN = {"LIQ-02": "LIQ-01", "LIQ-03": "LIQ-01", "ADL-03": "ADL-02", "LVY-01": "LVY-01", "LVY-02": "LVY-02"}
"""Clauses that move money of accounts without a trade of theirs, and the one that says of whom."""


def untouched_clause(blame: Blame, figure: Figure, fault: Fault) -> str:
    """The clause that a figure falls under which the event, by the rules, did not touch.

    A position that shrinks without a trade of its own was deleveraged, if the event deleverages there, or liquidated.
    A balance moves by a transfer only.
    """
    if figure.group == "positions" and figure.field == "quantity":
        had, has = amount_in(fault.expected) or 0, amount_in(fault.observed) or 0
        if abs(has) >= abs(had) or has * had < 0:
            return "ACC-02"
        return "ADL-02" if blame.deleverages(fault.whose.market) else "LIQ-01"
    return field_of(figure).clause
