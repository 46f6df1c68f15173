"""What differs after an event, by cause: which values belong together, and under which clause."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from typing import NamedTuple, TypeAlias

import attrs

from marginspec.model.effects import Effect, Transferred
from marginspec.model.ledger import account_named, wallet
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import WIRE_DECIMALS
from marginspec_tools.audit.blame import LAST, Blamed
from marginspec_tools.audit.faults import Fault, amount_in
from marginspec_tools.audit.findings import Finding
from marginspec_tools.audit.observed_line import ledger_name
from marginspec_tools.observed import ANSWER, Figure


class Differing(NamedTuple):
    """A value that differs, and what is to blame for it."""

    because: Blamed
    figure: Figure
    fault: Fault


def causes(entries: list[Differing]) -> list[list[Differing]]:
    """What differs after an event, by cause.

    What the event decided is of one cause, the first of it. Where it decided who is closed or pays, the exchange may
    have taken others: so money and quantities that the rules did not touch are of that cause too, as all is where the
    event itself was judged otherwise. Anything else has its own cause for each account or fund.
    """
    decided = [one for one in entries if one.because.place < LAST]
    is_judged_otherwise = any(one.figure is ANSWER for one in decided)
    chose = is_judged_otherwise or (bool(decided) and clauses_of(decided)[0][:3] in CHOOSING)
    others: dict[tuple[str, bool], list[Differing]] = defaultdict(list)
    for one in entries:
        if one.because.place < LAST:
            continue
        if chose and one.fault.kind in ("balance", "quantity", "lot"):
            decided.append(one)
        else:
            others[one.fault.owner, one.fault.kind == "invariant"].append(one)
    return [together for together in (decided, *others.values()) if together]


CHOOSING = ("LIQ", "ADL", "LVY")
"""Parts of the rulebook that say whom a loss falls on."""


DERIVED = ("", "ACC-03", "MRG-04", "MRG-02", "MRG-03", "MRG-06", "MRG-05", "MRG-07", "MRG-08", "ADL-05")
"""Clauses of figures that follow from others, in that order: of what differs of an account, the first is the cause."""


def clauses_of(together: list[Differing]) -> list[str]:
    """The clause that decided first; of clauses that move money, those with a part in most of what differs, by place.

    Of deleveraging that others were chosen for, it is the one that ranks them.
    """
    first = min(together, key=lambda one: one.because.place).because
    clauses = [first.clause]
    if first.touched:
        parts = Counter(touched for one in together for touched in one.because.touched)
        places = {touched: place for one in together for touched, place in one.because.touched.items()}
        most = max(parts.values())
        clauses = sorted((one for one in parts if parts[one] == most), key=lambda one: places[one])
        if clauses[0] == "ACC-04" and any(list(one.because.touched) == ["TRD-01"] for one in together):
            # What an isolated position is opened with has the fee in it, and others got a wrong one.
            clauses = ["TRD-01"]
    are_others = any(one.because.place >= LAST - 1 for one in together)
    return ["ADL-02" if one == "ADL-01" and are_others else one for one in clauses]


class MarginMoved(NamedTuple):
    """Margin that an account moved otherwise between wallet and isolated position: what differs, and the clause.

    `unmade` is the transfer that was not made at all, of which the wallet's side is not told.
    """

    entries: list[Differing]
    clause: str
    unmade: Transferred | None = None

    @property
    def manner(self) -> "Manner":
        """How the exchange differs, whatever else of the clause agrees: what can be moved is the least of several."""
        return self.clause, "margin", "more" if (self.entries[0].fault.difference or 0) > 0 else "less"


def margins_moved(
    entries: list[Differing], told: Set[str], effects: Iterable[Effect], state: State
) -> list[MarginMoved]:
    """The isolated positions whose cash differs by what the wallet has less, or by a transfer that was not made."""
    off = {one.figure.name: one for one in entries if one.fault.kind == "balance"}
    between = {frozenset((one.source, one.target)): one for one in effects if isinstance(one, Transferred)}
    found = []
    for one in off.values():
        cash, asset = account_named(one.figure.name), one.fault.whose.asset
        if cash.kind != "isolated":
            continue
        cross, difference = wallet(cash.account, asset), one.fault.difference or 0
        effect, other = between.get(frozenset((cash, cross))), off.get(cross.name)
        if other is not None and other.fault.difference == -difference:
            found.append(MarginMoved([one, other], effect.rule if effect else "ACC-04"))
        elif effect is not None and cross.name not in told:
            amount = effect.amount if effect.source == cash else -effect.amount
            if difference == amount * 10 ** (WIRE_DECIMALS - state.header.decimals(asset)):
                found.append(MarginMoved([one], effect.rule, effect))
    return found


Manner: TypeAlias = tuple[str, ...]
"""How an exchange differs under a clause, in words that are the same wherever it differs so."""


@attrs.define
class Recurrence:
    """A manner of differing: the finding that it came up with, and how often since then it differed so, or agreed.

    `agreed` counts money and quantities only: a decision that is wrong now and then is one rule still, which shows
    where the exchange's and the rulebook's part; but an amount that the exchange computes otherwise is wrong each time.
    A quantum need not be, where something is rounded: that is one cause as long as it `lasts`.
    """

    finding: Finding
    lasts: bool
    differed: int = 1
    agreed: int = 0

    @property
    def is_rule(self) -> bool:
        """Whether the exchange, if it differs so once more, has the rule otherwise: it differed more than it agreed."""
        return bool(self.finding.figures) if self.lasts else self.agreed < self.differed


def manners_of(clause: str, together: list[Differing], state: State) -> list[Manner]:
    """How what differs of a cause does; none for what is told of one account or market, as a leverage or a mark.

    A decision: which answer was given for which, or whether positions were closed or kept. A figure that follows from
    others: which, of which market or asset, and whether it is too large. Money and quantities: in which kinds of
    ledger account.
    """
    faults = [one.fault for one in together]
    lead = max(faults, key=lambda one: one.money)
    verdict = next((one for one in faults if one.kind == "verdict"), None)
    if verdict is not None:
        keeps = verdict.observed == Reason.NO_INVENTORY
        return [kept(clause) if keeps else (clause, verdict.where, str(verdict.expected), str(verdict.observed))]
    if clause in DECISIONS:
        return [closed(clause) if any(map(is_closed, faults)) else kept(clause)]
    if all(one.kind in FOLLOWING for one in faults):
        sign = "more" if (lead.difference or 0) > 0 else "less"
        return [(clause, lead.what, lead.whose.market or lead.whose.asset, sign)]
    moved = [one for one in together if one.fault.kind in ("balance", "quantity")]
    kinds = sorted({(clause, account_named(ledger_name(one.figure)).kind) for one in moved})
    return [*kinds, (clause, QUANTUM)] if all(is_quantum(one, state) for one in faults) else list(kinds)


QUANTUM = "a quantum"


FOLLOWING = ("price", "pnl", "margin", "ratio", "indicator", "fund")
"""Kinds of value that follow from others."""
DECISIONS = ("LIQ-01", "LIQ-02", "ADL-01", "ADL-02", "LVY-01")
"""Clauses that say who is closed or pays."""


def closed(clause: str) -> Manner:
    """The exchange closed what the rules keep."""
    return clause, "closed"


def kept(clause: str) -> Manner:
    """The exchange kept what the rules close."""
    return clause, "kept"


def is_closed(fault: Fault) -> bool:
    """Whether less is held than by the rules, on the same side."""
    had, has = amount_in(fault.expected) or 0, amount_in(fault.observed) or 0
    return fault.kind == "quantity" and abs(has) < abs(had) and has * had >= 0


def is_quantum(fault: Fault, state: State) -> bool:
    """Whether a balance differs by one quantum."""
    asset = fault.whose.asset
    unit = 10 ** (WIRE_DECIMALS - state.header.decimals(asset)) if asset else 0
    return fault.kind == "balance" and abs(fault.difference or 0) == unit
