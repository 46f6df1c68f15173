"""Faults, what is other than the rulebook says at one event, and findings, the causes that they are put down to."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import attrs

from marginspec.model.ledger import external, wallet
from marginspec.model.state import State
from marginspec.model.units import NOTHING, WIRE_DECIMALS
from marginspec_audit import Violation
from marginspec_journal.decimals import parse_decimal, shortest_decimal
from marginspec_tools.console import one_line
from marginspec_tools.observed import NOBODY, Figure, ValueKind, Whose
from marginspec_tools.runs import Broken, Step, amount_text, broken_between, broken_by, broken_in

FaultKind = Literal["invariant", "transparency"] | ValueKind
Class = Literal["solvency", "conservation", "order", "figure", "display"]
Severity = Literal["critical", "high", "medium", "low"]

CLASSES: dict[Class, str] = {
    "solvency": "who is liquidated, or may open what: a loss may be left that nobody bears",
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


@attrs.frozen
class Fault:
    """What is other than the rulebook says at one event.

    The event it came up at, what it is about, what the rulebook has and what was found instead; `difference` is by how
    much, of amounts, and `money` what is at stake of `asset`, in 1e-8. `rule` is a clause or invariant; `what` the
    field, counter or property. None stands for something absent.
    """

    seq: int
    line: int
    ts: str | None
    ref: str | None
    kind: FaultKind
    rule: str
    where: str
    what: str
    expected: str | None
    observed: str | None
    whose: Whose = NOBODY
    difference: int | None = None
    money: int = 0

    @property
    def owner(self) -> str:
        """Whose the fault is: the account, or else what it is about."""
        return self.whose.account or self.where

    @property
    def text(self) -> str:
        """In one line, for people."""
        expected, observed = self.expected or "nothing", self.observed or "nothing"
        place = f"event {self.seq} (line {self.line})"
        text = f"{place} {self.kind} {self.rule}: {self.where} {self.what}: expected {expected}, observed {observed}"
        # What was observed may be any text.
        return one_line(text)

    def as_line(self) -> dict[str, Any]:
        """The fault with the event where it came up, for programs."""
        marks = {"seq": self.seq, "line": self.line, "ts": self.ts, "ref": self.ref}
        return {**marks, "rule": self.rule, **self.as_object()}

    def as_object(self) -> dict[str, Any]:
        """What differs, for programs."""
        return {
            "kind": self.kind,
            "where": self.where,
            "what": self.what,
            "expected": self.expected,
            "observed": self.observed,
            "difference": None if self.difference is None else decimal_of(self.difference),
        }


def decimal_of(amount: int) -> str:
    """An amount in 1e-8 as the shortest decimal."""
    return shortest_decimal(amount)  # type: ignore[arg-type]  # counts 1e-8 as a stated decimal does


def grouped(decimal: str) -> str:
    """A decimal with its thousands set apart; anything else as it is."""
    sign, digits = ("-", decimal[1:]) if decimal.startswith("-") else ("", decimal)
    whole, point, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{rest}" if whole.isdecimal() and whole.isascii() else decimal


def fault(
    step: Step, kind: FaultKind, rule: str, where: str, what: str, expected: str | None, observed: str | None
) -> Fault:
    """A fault at an event of a run; the difference of two decimals is what is at stake, where these are money."""
    record = step.record
    texts = [amount_in(text) for text in (expected, observed)]
    difference = None if None in texts else texts[1] - texts[0]  # type: ignore[operator]  # neither is None
    money = abs(difference or 0) if kind == "transparency" else 0
    marks = step.number, record.line, record.ts, record.ref
    return Fault(*marks, kind, rule, where, what, expected, observed, difference=difference, money=money)


def amount_in(text: str | None) -> int | None:
    """The amount that a text is, in 1e-8; None if it is none."""
    try:
        return None if text is None else parse_decimal(text)
    except ValueError:
        return None


def broken_invariants(step: Step) -> list[Fault]:
    """The invariants that an event or the state after it breaks."""
    return faults_of(step, broken_by(step.transition, step.number, step.record.line))


def broken_event_invariants(step: Step, *, is_followed: bool) -> list[Fault]:
    """The invariants of events that an event breaks; whether its state follows from the receipt, see the run."""
    return faults_of(step, broken_between(step.transition, step.number, step.record.line, is_followed=is_followed))


def broken_state_invariants(step: Step) -> list[Fault]:
    """The invariants that the state after an event breaks."""
    return faults_of(step, broken_in(step.transition.after, step.number, step.record.line))


def faults_of(step: Step, broken: list[Broken]) -> list[Fault]:
    """The faults that an event breaks invariants."""
    record = step.record
    marks = step.number, record.line, record.ts, record.ref
    return [broken_fault(*marks, one.violation, step.transition.after) for one in broken]


def broken_fault(seq: int, line: int, ts: str | None, ref: str | None, broken: Violation, state: State) -> Fault:
    """The fault that a state, or the event that led to it, breaks an invariant; event 0 led to the opening state."""
    amount, (asset, money) = amount_text(broken, state), at_stake(broken, state)
    names = {broken.where.kind: broken.where.name}
    account = broken.where.name.split(":")[0] if broken.where.kind in ("domain", "position") else ""
    whose = Whose(account, names.get("market", ""), asset)
    where, rule = broken.where.name, broken.invariant
    return Fault(seq, line, ts, ref, "invariant", rule, where, broken.what, "none", amount, whose, None, money)


def at_stake(broken: Violation, state: State) -> tuple[str, int]:
    """The asset and the money, in 1e-8, by which an invariant is broken; quantities count at the mark."""
    unit, amount = broken.unit, abs(broken.amount)
    if unit.kind == "money" and unit.of:
        return unit.of, amount * 10 ** (WIRE_DECIMALS - state.header.decimals(unit.of))
    market = state.markets.get(unit.of)
    if unit.kind == "quantity" and market is not None and market.mark is not None:
        quanta = market.mark * amount * market.quanta_per_unit
        return market.asset, quanta * 10 ** (WIRE_DECIMALS - state.header.decimals(market.asset))
    return "", 0


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
        return max(self.faults, key=lambda one: one.money)

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
        more = "" if len(self.faults) == 1 else f" and {len(self.faults) - 1} more"
        stake = f"{decimal_of(self.money)} {self.asset} at stake" if self.money else "no money at stake"
        again = f" at {self.events:,} events, of {self.owners:,} accounts or funds" if self.events > 1 else ""
        follows = f", {number_of('consequences', self.consequences)}" if self.consequences else ""
        expected, observed = lead.expected or "nothing", lead.observed or "nothing"
        place = f"event {lead.seq} (line {lead.line})" if lead.line else "the opening state"
        ref = f", ref {lead.ref}" if lead.ref else ""
        what = f"{lead.where} {lead.what}: expected {expected}, observed {observed}{more}"
        return one_line(f"{self.severity} {self.clause} {place}{ref}: {what}; {stake}{again}{follows}")

    def as_object(self) -> dict[str, Any]:
        """A line of findings.jsonl."""
        lead = self.leading
        return {
            "id": self.id,
            "severity": self.severity,
            "class": self.classified,
            "clause": self.clause,
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


def number_of(things: str, number: int) -> str:
    """A number of things, whose name is given in the plural."""
    return f"{number:,} {things.removesuffix('s') if number == 1 else things}"


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
