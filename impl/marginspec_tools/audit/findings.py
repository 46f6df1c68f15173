"""Findings: the causes that faults are put down to, with what they are about, how severe they are, and what follows."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import attrs

from marginspec.model.ledger import external, wallet
from marginspec.model.state import State
from marginspec.model.units import NOTHING, WIRE_DECIMALS
from marginspec_tools.audit.faults import Fault, decimal_of, leading_of, number_of
from marginspec_tools.audit.sentences import group_of, sentence_of
from marginspec_tools.console import one_line
from marginspec_tools.observed import Figure

Class = Literal["solvency", "conservation", "order", "figure", "display"]
Severity = Literal["critical", "high", "medium", "low"]

CLASSES: dict[Class, str] = {
    "solvency": "who is liquidated, or may open what",
    "conservation": "money or quantities that come from nowhere or are lost, or funds that are not as published",
    "order": "who bears a loss: the order of the waterfall, of deleveraging and of levies",
    "figure": "any other figure",
    "display": "values rounded to the digits in which they were stated",
}
"""What findings are about, by their clause; the worst first."""

CLASS_OF: dict[str, Class] = {
    **dict.fromkeys(("LIQ", "SET", "MRG-05", "TRD-02", "INV-04", "INV-05"), "solvency"),
    **dict.fromkeys(("LED", "TRN", "JRN", "INV"), "conservation"),
    **dict.fromkeys(("WTF", "ADL-01", "ADL-02", "ADL-03", "ADL-04", "ADL-06", "LVY"), "order"),
    **dict.fromkeys(("INV-06", "INV-07", "INV-08"), "order"),
}
"""The class of a clause, by its id or the id's beginning; all others are of figures."""

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
LARGE_SHARE = 1000
WHOLE = 10**WIRE_DECIMALS
SHOWN_OF_ID = 8


# ----------------------------------------------------------------- findings


STAKES_KEPT = 1_000
"""A finding of so many stakes looks which of them can grow still."""


@attrs.define
class Finding:
    """A cause: the faults of the event where it was found first, and what follows from it.

    `money` is what is at stake of `asset`, in 1e-8; `since` the last event up to which what differs was seen to agree,
    0 if there was none, so that the cause lies behind it. `consequences` counts values that differ later because of it,
    the last of them at event `last`; `returned` is the event at which all that differs agreed again, and `figures` are
    those that differ still, with the event from which on each does. Where one cause shows at several `events`, the last
    of them `latest`, or in the figures of many, `by_owner` has the most that was at stake of each, by the event from
    which on it was, and `money` is the sum of that. What can grow no more is not kept in it, but counts.
    """

    clause: str
    classified: Class
    severity: Severity
    faults: tuple[Fault, ...]
    asset: str
    money: int
    since: int = 0
    consequences: int = 0
    last: int = 0
    returned: int | None = None
    events: int = 1
    latest: int = 0
    by_owner: dict[tuple[str, int], int] = attrs.field(factory=dict, eq=False)
    figures: dict[Figure, int] = attrs.field(factory=dict, eq=False)
    _all_owners: set[str] = attrs.field(factory=set, eq=False)
    _room: int = attrs.field(default=STAKES_KEPT, eq=False)

    def repeat(self, fault: Fault, began: int | None = None) -> None:
        """Take a fault that follows from what was found, at the event `began`; more money at stake counts."""
        self._count(fault)
        if self.classified == "display":
            self.money = max(self.money, fault.money)
        else:
            self._stake(fault.owner, self.seq if began is None else began, fault.whose.asset, fault.money)

    def recur(self, faults: Sequence[Fault]) -> None:
        """Take faults of another event, or of others at the same one, that have the same cause; their money adds up."""
        for fault in faults:
            self._count(fault)
        lead = max(faults, key=lambda one: one.money)
        self._stake(lead.owner, lead.seq, *money_of(faults))

    def show(self, seq: int) -> None:
        """Count an event at which the cause shows anew."""
        if seq != (self.latest or self.seq):
            self.events += 1
            self.latest = seq

    def _count(self, fault: Fault) -> None:
        self.consequences += 1
        self.last = fault.seq

    def _stake(self, owner: str, began: int, asset: str, money: int) -> None:
        if not self.by_owner:
            self.by_owner[self.leading.owner, self.seq] = self.money
        known = self.by_owner.get((owner, began), 0)
        if asset in (self.asset, ""):
            self.by_owner[owner, began] = max(money, known)
            self._all_owners.add(owner)
            self.money += max(money - known, 0)
            if len(self.by_owner) > self._room:
                self._drop_settled()

    def _drop_settled(self) -> None:
        """Drop what is of no figure that differs still, and neither of the first nor of the last event."""
        growing = {self.seq, self.last, *self.figures.values()}
        self.by_owner = {key: money for key, money in self.by_owner.items() if key[1] in growing}
        self._room = max(STAKES_KEPT, 2 * len(self.by_owner))

    @property
    def owners(self) -> int:
        """In how many accounts and funds it shows."""
        return len(self._all_owners | {one.owner for one in self.faults})

    @property
    def seq(self) -> int:
        """The event where it was found first."""
        return self.faults[0].seq

    @property
    def leading(self) -> Fault:
        """The fault with the most money at stake."""
        return leading_of(self.faults)

    @property
    def sentence(self) -> str:
        """What happened, in words that need no rulebook."""
        return sentence_of(self.clause, self.faults, is_display=self.classified == "display")

    @property
    def group(self) -> str:
        """What findings have in common that are of one clause, figure, asset and direction, or of one wrong answer."""
        return group_of(self.clause, self.faults)

    @property
    def id(self) -> str:
        """The same in every audit that finds it: made of the clause, what differs, and the event's ref or number."""
        lead = self.leading
        event = lead.ref or str(lead.seq)
        told = "\n".join((self.clause, event, *sorted(f"{one.where} {one.what}" for one in self.faults)))
        return f"{self.clause}-{sha256(told.encode('utf-8', 'backslashreplace')).hexdigest()[:SHOWN_OF_ID]}"

    @property
    def text(self) -> str:
        """In one line, for people."""
        lead = self.leading
        more = "" if len(self.faults) == 1 else f"; and {number_of('more values', len(self.faults) - 1)}"
        stake = f"{decimal_of(self.money)} {self.asset} at stake" if self.money else "no money at stake"
        again = f" at {self.shown_at}" if self.events > 1 else ""
        follows = f", {number_of('consequences', self.consequences)}" if self.consequences else ""
        expected, observed = lead.expected or "nothing", lead.observed or "nothing"
        place = f"event {lead.seq} (line {lead.line})" if lead.line else "the opening state"
        ref = f", ref {lead.ref}" if lead.ref else ""
        what = f"{self.sentence} ({lead.where} {lead.what}: expected {expected}, observed {observed}{more})"
        return one_line(f"{self.severity} {self.clause} {place}{ref}: {what}; {stake}{again}{follows}")

    @property
    def shown_at(self) -> str:
        """At how many events it shows, and in how many accounts and funds."""
        whose = "account or fund" if self.owners == 1 else "accounts or funds"
        return f"{number_of('events', self.events)}, in {self.owners:,} {whose}"

    def as_object(self) -> dict[str, Any]:
        """A line of findings.jsonl."""
        lead = self.leading
        return {
            "id": self.id,
            "severity": self.severity,
            "class": self.classified,
            "clause": self.clause,
            "says": self.sentence,
            "group": self.group,
            "seq": lead.seq,
            "line": lead.line,
            "ts": lead.ts,
            "ref": lead.ref,
            "account": lead.whose.account or None,
            "market": lead.whose.market or None,
            "asset": self.asset or None,
            "money": decimal_of(self.money),
            **lead.as_object(),
            "values": [one.as_object() for one in self.faults],
            "since": self.since,
            "events": self.events,
            "owners": self.owners,
            "consequences": self.consequences,
            "last": self.last or lead.seq,
            "returned": self.returned,
        }


class Consequence(NamedTuple):
    """A fault that follows from an earlier one, or is of the same cause `again`, and the finding of that."""

    fault: Fault
    finding: Finding
    again: bool = False

    def as_object(self) -> dict[str, Any]:
        """A line of consequences.jsonl."""
        return {"of": self.finding.id, "again": self.again, **self.fault.as_line()}


def found(faults: Sequence[Fault], clause: str, state: State, since: int = 0, synthetic: str | None = None) -> Finding:
    """The finding of faults of one event that are put down to a clause; `synthetic` see `severity_of`."""
    asset, money = money_of(faults)
    severity = severity_of(clause, asset, money, state, synthetic)
    return Finding(clause, class_of(clause), severity, tuple(faults), asset, money, since)


def class_of(clause: str) -> Class:
    """What a clause is about."""
    return CLASS_OF.get(clause) or CLASS_OF.get(clause.split("-")[0]) or "figure"


def money_of(faults: Sequence[Fault]) -> tuple[str, int]:
    """The asset and the money at stake in faults of one event, in 1e-8.

    Money that is in one account and not in another counts once; of what else differs, the most counts.
    """
    most = ("", 0)
    for asset in sorted({one.whose.asset for one in faults}):
        own = [one for one in faults if one.whose.asset == asset]
        balances = [one.difference or 0 for one in own if one.kind == "balance"]
        gained, lost = sum(max(0, one) for one in balances), sum(max(0, -one) for one in balances)
        money = max([gained, lost, *(one.money for one in own if one.kind != "balance")])
        most = max(most, (asset, money), key=lambda one: one[1])
    return most


def severity_of(clause: str, asset: str, money: int, state: State, synthetic: str | None = None) -> Severity:
    """By class and money: large is a thousandth of the asset's net deposits, and small less than one unit of it.

    An invariant is never of less than high severity, nor what has no money by which to tell. What the account that
    stands for those not known, if there is a `synthetic` one, was given is nobody's deposit.
    """
    classified = class_of(clause)
    deposits = -state.balance(external(asset)) if asset else NOTHING
    if asset and synthetic is not None:
        deposits -= state.balance(wallet(synthetic, asset))
    unit = 10 ** (WIRE_DECIMALS - state.header.decimals(asset)) if asset else 1
    is_large = money > 0 and money * LARGE_SHARE >= deposits * unit
    if classified == "figure":
        return "high" if is_large else "medium" if money >= WHOLE else "low"
    is_small = 0 < money < WHOLE and not clause.startswith("INV")
    return "critical" if is_large else "medium" if is_small else "high"


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Findings, the most money first, then the worst, then as they came."""
    return sorted(findings, key=lambda one: (-one.money, SEVERITIES.index(one.severity), one.leading.seq))


@attrs.define
class Folding:
    """Faults of the rulebook's own run, folded: one that comes up again is a consequence of its first finding.

    An invariant that is broken after one event and again when it is next checked, at most so many events `apart`, is
    one finding; so is a miscount of a counter.
    """

    apart: int = 1
    findings: list[Finding] = attrs.Factory(list)
    _open: dict[tuple[str, str, str, str], Finding] = attrs.Factory(dict)

    def add(self, faults: Sequence[Fault], state: State) -> list[Consequence]:
        """Take the faults of an event; gives those that follow from earlier ones."""
        consequences: list[Consequence] = []
        for fault in faults:
            key = fault.kind, fault.rule, fault.where, fault.what
            known = self._open.get(key)
            is_on = known is not None and (
                fault.kind != "invariant" or fault.seq - (known.last or known.seq) <= self.apart
            )
            if known is None or not is_on:
                self._open[key] = finding = found([fault], fault.rule, state)
                self.findings.append(finding)
                continue
            known.repeat(fault)
            consequences.append(Consequence(fault, known))
        return consequences
