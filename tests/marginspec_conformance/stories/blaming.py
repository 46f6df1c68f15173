"""Which clause a difference falls under, read off the rules' own trace of the event."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import Any

import attrs

from marginspec.margin.margin import domain_margin, exact_maintenance, maintenance_margin
from marginspec.model.effects import Deleveraged, Effect, Levied, Transferred
from marginspec.model.market import TierTable
from marginspec.model.units import MAX_AMOUNT, RATE_ONE, WIRE_DECIMALS, share_pro_rata
from marginspec.observation import Refusal
from marginspec.registry import HANDLERS, REGISTRY, RuleCode, sentence_of
from marginspec.settlement.deleveraging import pair_step
from marginspec.transition import apply
from marginspec_conformance.comparing.amounts import read_amount
from marginspec_conformance.comparing.differences import ABSENT, Difference, listed
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.comparing.judging import Judged
from marginspec_conformance.driving.checking import Checked
from marginspec_conformance.protocol.messages import Accepted
from marginspec_conformance.stories.covering import stops_too_early
from marginspec_journal.state_objects import claim_name


@attrs.define
class Trail:
    """An observer that keeps what tells whose fault a difference is.

    The rules that ran, the effects, by an effect's place the code that moved money under its own clause, the rule that
    refused, the counterparties with whom no step of deleveraging was possible, each after how many steps, the most
    quanta that a share pro rata left to round, whether a notional stood just at a tier's floor, and the domains that
    are unhealthy only since maintenance is rounded up.
    """

    rules: list[RuleCode] = attrs.Factory(list)
    effects: list[Effect] = attrs.Factory(list)
    movers: dict[int, RuleCode] = attrs.Factory(dict)
    refusing: RuleCode | None = None
    declined: set[tuple[int, str]] = attrs.Factory(set)
    rounded: int = 0
    at_floor: bool = False
    by_rounding: set[str] = attrs.Factory(set)
    _inexact: int = 0
    _open: list[tuple[RuleCode, Mapping[str, Any]]] = attrs.Factory(list)

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        """A rule begins."""
        self.rules.append(rule)
        self._open.append((rule, names))

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - as they are told
        """A rule ends."""
        rule, given = self._open.pop()
        if rule.executable is pair_step and answer is None:
            self.declined.add((self._steps(), ":".join(given["key"])))
        if rule.executable is share_pro_rata:
            amount, claims = given["amount"], given["claims"]
            self.rounded = max(self.rounded, amount - sum(amount * claim // sum(claims) for claim in claims))
        self._note_edges(rule, given, answer)

    def _note_edges(self, rule: RuleCode, given: Mapping[str, Any], answer: Any) -> None:
        """Whether a notional or an equity stands where the tier's edge, or a rounding, decides."""
        if rule.executable is TierTable.holding:
            self.at_floor |= any(tier.floor == given["notional"] for tier in given["self"].tiers[1:])
        elif rule.executable is maintenance_margin:
            self._inexact += answer * RATE_ONE != exact_maintenance(given["notional"], given["tier"])
        elif rule.executable is domain_margin:
            if answer.maintenance - self._inexact < answer.equity <= answer.maintenance:
                self.by_rounding.add(claim_name(given["domain"]))
            self._inexact = 0

    def effect(self, effect: Effect) -> None:
        """A rule has an effect."""
        if isinstance(effect, Transferred):
            under = [rule for rule, _ in self._open if effect.rule in rule.ids]
            self.movers.update({len(self.effects): rule for rule in under[-1:]})
        self.effects.append(effect)

    def _steps(self) -> int:
        return sum(isinstance(one, Deleveraged) for one in self.effects)

    def moves(self, *names: str) -> Iterator[tuple[int, Transferred]]:
        """The transfers in order, each with its place among the effects; each names its clause itself."""
        for place, one in enumerate(self.effects):
            if isinstance(one, Transferred) and (not names or {one.source.name, one.target.name} & {*names}):
                yield place, one

    def refused(self, refusal: Refusal) -> None:  # noqa: ARG002 - likewise
        """A rule refuses."""
        self.refusing = self._open[-1][0] if self._open else None


def trail_of(expected: Expected) -> Trail:
    """The trail of an event, by watching the rules."""
    trail = Trail()
    apply(expected.before, expected.event, trail)
    return trail


def clause_of(judged: Judged) -> str:
    """The clause that the first difference of an event falls under; where the trace names none, the handler's."""
    first = judged.differences[0]
    if first.kind in BY_NAME:
        return first.name.split(" ")[0]
    clause = BY_KIND[first.kind](trail_of(judged.expected), judged) if first.kind in BY_KIND else ""
    return clause or handler_clause(judged.expected)


def unless_left_out(checked: Checked, clauses: Container[str]) -> Checked:
    """What came of a case; it was skipped if what differs falls under one of the clauses that are left out."""
    clause = clause_of(checked.found) if checked.outcome == "differs" and checked.found else ""
    if not clause or clause not in clauses:
        return checked
    return attrs.evolve(checked, outcome="skipped", judged=checked.judged - 1, why=f"left out: {clause}")


def sentence_for(judged: Judged, clause: str) -> str:
    """What the code under a clause does that refused, or moved the first figure that differs; else the clause's own.

    Empty if no code names the clause.
    """
    if judged.differences[0].kind not in BY_NAME:
        trail = trail_of(judged.expected)
        if trail.refusing is not None and clause in trail.refusing.ids:
            return trail.refusing.sentence
        names = [f"position:{one.name}" if one.kind == "positions" else one.name for one in judged.differences]
        for place, move in (found for name in names for found in reversed(list(trail.moves(name)))):
            if move.rule == clause and place in trail.movers:
                return trail.movers[place].sentence
    try:
        return sentence_of(clause)
    except KeyError:
        return ""


def handler_clause(expected: Expected) -> str:
    """The clause of what takes the event."""
    handler = HANDLERS[type(expected.event)]
    return next(one.ids[0] for one in REGISTRY if one.executable is handler)


def of_figures(trail: Trail, judged: Judged) -> str:
    """A fund below zero, rounding alone, the cover test; else what settled the first figure that differs."""
    if any(one.kind == "ledger" and is_overdrawn_fund(one) for one in judged.differences):
        return "LED-02"
    if only_rounded(trail, judged):
        return "NUM-02"
    return of_cover(trail, judged) or first_settled(trail, judged.differences)


def is_overdrawn_fund(difference: Difference) -> bool:
    """Whether an engine tells that a fund is below zero, which none ever is."""
    return difference.name.split(":")[0] in FUNDS and difference.actual.startswith("-")


def only_rounded(trail: Trail, judged: Judged) -> bool:
    """Whether only money differs, within what a share pro rata leaves to round, and none of it is lost or made."""
    off = [quanta_off(trail, judged.expected, one) for one in judged.differences if one.kind == "ledger"]
    if not off or any(one.kind not in ("ledger", "claims") for one in judged.differences):
        return False
    return sum(off) == 0 and all(abs(one) <= trail.rounded for one in off)


def quanta_off(trail: Trail, expected: Expected, difference: Difference) -> Fraction:
    """By how many quanta an engine's balance is off; more than any, if it is none."""
    asset = next((one.asset for _, one in trail.moves(difference.name)), "")
    right, given = (read_amount(one.removesuffix(f" ({ABSENT})")) for one in (difference.expected, difference.actual))
    if right is None or given is None:
        return Fraction(MAX_AMOUNT)
    return Fraction(given - right, 10 ** (WIRE_DECIMALS - expected.before.header.decimals(asset)))


def of_cover(trail: Trail, judged: Judged) -> str:
    """The cover test's clause, if an engine stops though, by its own figures, losses are left without cover."""
    told = judged.heard.changes if isinstance(judged.heard, Accepted) else None
    waterfall = any(isinstance(one, Deleveraged | Levied) for one in trail.effects)
    return "WTF-02" if waterfall and told is not None and stops_too_early(judged.expected, told) else ""


def first_settled(trail: Trail, found: Sequence[Difference], before: int | None = None) -> str:
    """Each figure is settled by the transfer that moved it last: the clause of the earliest of these, in the event.

    With `before`, only if that comes before this effect. How much of a position is deleveraged is ADL-01's; margin that
    only follows what a trade needs (ACC-04) is told last.
    """
    settled: list[tuple[bool, int, str]] = []
    for one in found:
        name = f"position:{one.name}" if one.kind == "positions" else one.name
        moves = list(trail.moves(name)) or list(of_account(trail, one))
        if moves:
            place, move = moves[-1]
            is_size = one.kind == "positions" and move.rule == "ADL-03"
            settled.append((move.rule == "ACC-04", place, "ADL-01" if is_size else move.rule))
    _, place, clause = min(settled, default=(False, 0, ""))
    return clause if before is None or place < before else ""


def of_account(trail: Trail, difference: Difference) -> Iterator[tuple[int, Transferred]]:
    """The transfers of an account, for a claim of it."""
    owner = difference.name.split(":")[0]
    return ((place, one) for place, one in trail.moves() if owner in (one.source.account, one.target.account))


def of_liquidated(trail: Trail, judged: Judged) -> str:
    """The rounding of maintenance, if that alone makes unhealthy whom an engine does not liquidate; else who is."""
    right, given = (names_in(text) for text in (judged.differences[0].expected, judged.differences[0].actual))
    missed = [one for one in right if one not in given]
    return "MRG-04" if missed and missed[0] in trail.by_rounding else "LIQ-01"


def of_verdict(trail: Trail, judged: Judged) -> str:
    """The clause that refuses; or, if an engine refuses what is accepted, the rule that ran and knows its reason.

    A leverage that a tier does not allow falls under the tiers where the notional stands just at a floor.
    """
    if trail.at_floor and ABOVE_TIER in f"{judged.differences[0].expected} {judged.differences[0].actual}":
        return "MKT-02"
    if trail.refusing is not None:
        return trail.refusing.ids[0]
    reason = judged.differences[0].actual.removeprefix("rejected (").removesuffix(")")
    knowing = (one.ids[0] for one in trail.rules if one.code is not None and reason in one.code.co_names)
    return next(knowing, "")


def of_deleveraging(trail: Trail, judged: Judged) -> str:
    """By the first that differs: a counterparty that may not be closed, one of another place, or how far it goes."""
    right, given = (names_in(text) for text in (judged.differences[0].expected, judged.differences[0].actual))
    pairs = enumerate(zip_longest(right, given))
    step, expected, actual = next((step, one, other) for step, (one, other) in pairs if one != other)
    if (step, actual) in trail.declined:
        return "ADL-04"
    if expected and actual:
        return "ADL-02" if market_in(expected) == market_in(actual) else "ADL-01"
    return of_cover(trail, judged) or of_lots(trail, judged) or "ADL-01"


def of_lots(trail: Trail, judged: Judged) -> str:
    """What settled a lot before the first deleveraging, if an engine has that lot otherwise and deleverages less."""
    first = next((place for place, one in enumerate(trail.effects) if isinstance(one, Deleveraged)), 0)
    lots = [one for one in judged.differences if one.kind == "ledger" and one.name.startswith("lot:")]
    return first_settled(trail, lots, first)


def of_levy(trail: Trail, judged: Judged) -> str:
    """The cover test's, if it stops too early; else the levy's."""
    return of_cover(trail, judged) or "LVY-01"


def names_in(text: str) -> list[str]:
    """The names of a decision, as a difference has them."""
    return [] if text == listed(()) else text.split(", ")


def market_in(position: str) -> str:
    """The market in a position's name."""
    return position.split(":")[1] if ":" in position else ""


def of_silence(trail: Trail, _: Judged) -> str:
    """What the event does again and again, until there is no need: to step down, to deleverage; else settlement."""
    repeated = {"step_down": "LIQ-02", "deleverage": "ADL-01"}
    return next((repeated[one.name] for one in trail.rules if one.name in repeated), "SET-01")


ABOVE_TIER = "LEVERAGE_ABOVE_TIER"
FUNDS = ("reserve", "insurance", "relief", "house", "clearing")
BY_NAME = ("choice", "books")
"""Kinds of difference whose name begins with the clause."""
BY_KIND: dict[str, Callable[[Trail, Judged], str]] = {
    "ledger": of_figures,
    "claims": of_figures,
    "positions": of_figures,
    "liquidated": of_liquidated,
    "levied": of_levy,
    "deleveraged": of_deleveraging,
    "verdict": of_verdict,
    "reason": of_verdict,
    "no answer": of_silence,
}
"""What names the clause of each kind of difference, of the first one of an event."""
