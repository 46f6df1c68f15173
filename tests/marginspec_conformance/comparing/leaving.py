"""What an engine leaves out: which clauses and parts an answer or an event exercises, so that it is not asked.

A part is no clause: it is what most venues do elsewhere, in a gateway, or do not have.
"""

from collections.abc import Iterable

import attrs

from marginspec.model.effects import Receipt, Transferred
from marginspec.model.events import Event, Trade
from marginspec.model.rejections import Reason
from marginspec_conformance.protocol.messages import Accepted, Answer, Part, Refused

SHOWN: dict[str, tuple[str, ...]] = {
    "liquidated": ("LIQ-01",),
    "deleveraged": ("ADL-01", "ADL-02", "ADL-03", "ADL-04"),
    "levied": ("LVY-01",),
}
"""By decision, the clauses without which there is none. They run at every event, and so the trace says nothing."""
SETTLING = ("LIQ", "WTF", "ADL", "LVY")
"""Sections whose rules move money only where somebody is liquidated or a loss is passed on."""
INPUT_CHECKS: Part = "input_checks"
SEVERAL_ASSETS: Part = "several_assets"
CHECKED: frozenset[str] = frozenset(
    {
        Reason.UNKNOWN_MARKET,
        Reason.MARKET_EXISTS,
        Reason.INVALID_MARKET,
        Reason.INVALID_TIERS,
        Reason.UNKNOWN_ACCOUNT,
        Reason.SELF_TRADE,
        Reason.INVALID_PRICE,
        Reason.INVALID_QUANTITY,
        Reason.INVALID_AMOUNT,
        Reason.INVALID_RATE,
        Reason.INVALID_LEVERAGE,
        Reason.OUT_OF_RANGE,
    }
)
"""The reasons of refusing what a gateway would not let through, whoever owns what."""


def exercised(answers: Iterable[Answer]) -> frozenset[str]:
    """What some answers show at work: the clauses of `SHOWN`, and the checks of input."""
    return frozenset(name for one in answers for name in shown_by(one))


def shown_by(answer: Answer) -> Iterable[str]:
    """What one answer shows at work."""
    if isinstance(answer, Refused):
        return (INPUT_CHECKS,) if answer.reason in CHECKED else ()
    if not isinstance(answer, Accepted):
        return ()
    return [clause for name, clauses in SHOWN.items() if getattr(answer, name) for clause in clauses]


def settled_by(receipt: Receipt) -> frozenset[str]:
    """The clauses of liquidation, waterfall, deleveraging and levy by which an event moved money."""
    rules = (one.rule for one in receipt.effects if isinstance(one, Transferred))
    return frozenset(rule for rule in rules if rule.startswith(SETTLING))


@attrs.define
class Parts:
    """The parts that a journal's events exercise, one after another."""

    asset: str | None = None
    """The first asset that an event states."""

    def exercised_by(self, event: Event) -> frozenset[Part]:
        """What the next event exercises, whatever the answer to it is."""
        asset = getattr(event, "asset", None)
        self.asset = self.asset or asset
        several = () if asset in (None, self.asset) else (SEVERAL_ASSETS,)
        return frozenset({*several, *((INPUT_CHECKS,) if is_malformed(event) else ())})


def is_malformed(event: Event) -> bool:
    """Whether an event has a price or quantity at or below zero, an amount of zero, or a trader on both sides."""
    figures = (getattr(event, name, None) for name in ("price", "quantity"))
    return (
        any(one is not None and one <= 0 for one in figures)
        or getattr(event, "amount", None) == 0
        or (isinstance(event, Trade) and event.buyer == event.seller)
    )
