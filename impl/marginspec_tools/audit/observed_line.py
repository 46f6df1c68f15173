"""An event of a journal with what its line has observed, while that is compared."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs

from marginspec.model.effects import Transferred
from marginspec.model.state import State
from marginspec_journal.decimals import parse_decimal
from marginspec_tools.audit.blame import Blame, blame_of
from marginspec_tools.audit.faults import Fault, amount_in
from marginspec_tools.audit.findings import Consequence
from marginspec_tools.audit.stakes import money_at_stake
from marginspec_tools.audit.theirs import Theirs
from marginspec_tools.observed import ANSWER, Figure, Ours, Whose, asset_in, field_of, is_primary, kind_of, whose
from marginspec_tools.runs import Step


@attrs.define(slots=False)
class Line:
    """An event with what its line has observed, and what became of comparing that.

    `before` is what the exchange had before it, where its side had parted already; `chose` says that other accounts
    were closed or paid than by the rules. `decided` is the event as the exchange settled it, and
    `liquidates` says that it liquidated others; `unmade` are transfers that it did not make.
    `is_as_before` says that something is off by as much as before the rules could not go on from what the exchange had.
    """

    step: Step
    observed: Mapping[str, Any]
    before: State
    seen: list[tuple[Figure, str]] = attrs.Factory(list)
    differing: list[tuple[Figure, Fault]] = attrs.Factory(list)
    chose: bool = False
    decided: Theirs | None = None
    liquidates: bool = False
    unmade: list[Transferred] = attrs.Factory(list)
    is_as_before: bool = False
    consequences: list[Consequence] = attrs.Factory(list)

    @cached_property
    def blame(self) -> Blame:
        """The event as the rules take it."""
        return blame_of(self.step.transition.event, self.step.transition.before)

    @cached_property
    def their_blame(self) -> Blame:
        """The event as the rules take it from what the exchange had."""
        return blame_of(self.step.transition.event, self.before)

    @property
    def told(self) -> list[tuple[Figure, str]]:
        """What the line tells that does not follow from other figures."""
        return [(figure, text) for figure, text in self.seen if is_primary(figure)]

    @cached_property
    def told_balances(self) -> set[str]:
        """The ledger accounts of which the line tells."""
        return {figure.name for figure, _ in self.seen if figure.group == "ledger"}

    def follows(self, one: Figure, fault: Fault) -> bool:
        """Whether what differs is what comes of whom the exchange liquidated, to the last digit."""
        if self.decided is None or one is ANSWER or fault.kind == "invariant":
            return False
        return self.decided.ask(one).amount == amount_in(fault.observed)

    def stayed(self, figure: Figure, fault: Fault) -> bool:
        """Whether the exchange still has what there was before the event."""
        if not was_there(self.before, figure):
            return False
        was = field_of(figure).ask(self.before, figure.name)
        return was.amount is not None and fault.observed is not None and was.amount == parse_decimal(fault.observed)

    def fault(self, figure: Figure, ours: Ours, text: str) -> Fault:
        """The fault that a figure is other than the rulebook's."""
        record, state = self.step.record, self.step.transition.after
        own = Whose(account=account_of(self.step)) if figure is ANSWER else whose(state, figure)
        if figure is ANSWER:
            market = str(getattr(self.step.transition.event, "market", ""))
            own = Whose(own.account, market, asset_in(state, market))
        difference = None if ours.amount is None else parse_decimal(text) - ours.amount
        where = type(self.step.transition.event).__name__ if figure is ANSWER else figure.name
        clause = "" if figure is ANSWER else field_of(figure).clause
        marks = self.step.number, record.line, record.ts, record.ref
        what = figure.field.replace("_", " ")
        money = money_at_stake(self.step, figure, own, ours, text, difference)
        return Fault(*marks, kind_of(figure), clause, where, what, ours.text, text, own, difference, money)


def ledger_name(figure: Figure) -> str:
    """The name of the ledger account that moves with a figure: of a position, that of its cost."""
    return f"position:{figure.name}" if figure.group == "positions" else figure.name


def was_there(state: State, figure: Figure) -> bool:
    """Whether a state knows the market of a figure, if it is of one."""
    own = whose(state, figure)
    return not own.market or own.market in state.markets


def answer_of(observed: Mapping[str, Any]) -> str | None:
    """What the exchange answered: that it accepted, or why it rejected; None if that was not observed."""
    if "accepted" in observed:
        return "accepted"
    rejected: str | None = observed.get("rejected", observed.get("code"))
    return rejected


def account_of(step: Step) -> str:
    """The account that an event is about: of a trade, the taker."""
    event = step.transition.event
    taker = getattr(event, "taker", None)
    if taker is not None:
        return str(getattr(event, taker, ""))
    return str(getattr(event, "account", None) or getattr(event, "counterparty", None) or "")
