"""An explanation as lines for people and as terms for programs, from what the observer saw."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import attrs

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import Effect, Transferred
from marginspec.model.fields import type_name
from marginspec.model.market import Market
from marginspec.observation import Refusal
from marginspec_tools.explain.sources import Check, formula, inputs_of, sentence_in, variables
from marginspec_tools.explain.trace import UNANSWERED, Part, Term
from marginspec_tools.explain.units import (
    ROUNDED,
    Figure,
    Scope,
    Units,
    fraction_text,
    kind_of,
    objects,
    short_fraction,
    spaced,
    words,
)

FORMAT = 2
"""The number of the format of `explain --json`."""
DEPTH, PLAIN, ALL = 1, 2, 10**6
"""Levels of figures shown if nothing else is asked, and beyond how many plain terms are shown; all levels."""
ALIKE = 4
"""So many figures of one rule are shown within a call, and the last of them, unless all is."""
ROOM = 120
"""Inputs stand in a line of their own if they would make it longer than so many characters."""
DIVISIONS = {"div_up", "div_down", "in_units", "share_pro_rata", "next_share"}
SHARES = {"equity_shares", "levy_shares", "share_pro_rata", "next_share"}


@attrs.frozen
class Beside:
    """What an event's line says that the exchange's own engine had, beside ours."""

    what: str
    observed: str
    ours: str
    agrees: bool


@attrs.frozen
class Entry:
    """What is told of a call, an effect or a refusal; `roundings` are (up or down, how much exactly, of which unit)."""

    rule: str | None
    name: str
    figure: Any = None
    inputs: tuple[tuple[str, Any], ...] = ()
    check: str = ""
    roundings: tuple[tuple[str, Fraction, str], ...] = ()

    def as_object(self) -> dict[str, Any]:
        """The entry for programs; of its inputs those that are one figure, since the others are answers before it."""
        fields: dict[str, Any] = {"rule": self.rule, "name": self.name, **objects(self.figure)}
        if self.check:
            fields["check"] = self.check
        plain = [(name, figure) for name, figure in self.inputs if isinstance(figure, Figure)]
        fields["inputs"] = [{"name": name, **objects(figure)} for name, figure in plain]
        lost = [{"direction": way, "by": fraction_text(by), "unit": unit} for way, by, unit in self.roundings]
        return {**fields, "roundings": lost}

    def inputs_in_words(self, without: set[str]) -> str:
        """The inputs for people, but for some."""
        return ", ".join(f"{spaced(name)} {words(one, 1)}" for name, one in self.inputs if name not in without)


def lost_by(term: Term) -> Fraction:
    """What a division's answer is above the exact quotient."""
    given = term.arguments
    if term.name == "next_share":
        return term.answer[0] - Fraction(given["amount"] * given["claim"], given["total"])
    return term.answer - Fraction(given["numerator"], given["divisor"])


def roundings(term: Term) -> Iterator[tuple[str, Fraction, str]]:
    """What the divisions that a rule itself makes did, in order; exact ones are left out."""
    kind = kind_of(term.hint)
    unit = ROUNDED[kind.of] if kind else "quanta" if term.name in SHARES else ""
    made = [term] if term.name in DIVISIONS else list(term.terms)
    shared = [
        share for one in made if one.name == "share_pro_rata" for share in one.terms if share.name == "next_share"
    ]
    for one in shared or made:
        if one.name in ("div_up", "div_down", "next_share") and (loss := lost_by(one)):
            yield "up" if loss > 0 else "down", abs(loss), unit


@attrs.frozen
class Explained:
    """An explanation: what it is about, in words and for programs; the terms under `top`; what was observed."""

    title: str
    about: dict[str, Any]
    top: Term
    units: Units
    beside: tuple[Beside, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether what was seen holds, and was not undone by a refusal."""
        return "rejected" not in self.about

    def lines(self, depth: int = DEPTH) -> Iterator[str]:
        """The explanation for people, indented; figures so many levels below what moved."""
        yield self.title
        for one in self.beside:
            verdict = "agrees" if one.agrees else "DIFFERS"
            yield f"  observed {one.what}: {one.observed}, ours {one.ours}: {verdict}"
        for level, text in Telling(self, depth).parts(self.top, 1, depth):
            yield "  " * level + text

    def as_object(self) -> dict[str, Any]:
        """The explanation for programs: every term in order, each with the number of the one that it is part of."""
        terms: list[dict[str, Any]] = []

        def add(part: Part, above: Term, parent: int | None, depth: int) -> None:
            place = len(terms)
            terms.append({"term": place, "parent": parent, "depth": depth, **self.entry(part, above).as_object()})
            for inner in part.parts if isinstance(part, Term) else ():
                add(inner, part, place, depth + 1)  # type: ignore[arg-type]  # only a term has parts

        for part in self.top.parts:
            add(part, self.top, None, 0)
        observed = [attrs.asdict(one) for one in self.beside]
        return {"explain": FORMAT, "rulebook": "1", **self.about, "observed": observed, "terms": terms}

    def entry(self, part: Part, above: Term) -> Entry:
        """What is told of a part of a term."""
        rule = above.rule.ids[0] if above.rule else None
        match part:
            case Term():
                own = part.rule.ids[0] if part.rule else None
                inputs = self.figures(inputs_of(part), part.scope)
                return Entry(own, part.name, self.answer(part), inputs, roundings=tuple(roundings(part)))
            case Refusal():
                check, scope = Check(part), above.scope.within(part.names.values(), part.names)
                inputs = self.figures(check.figures(), scope)
                return Entry(rule, "refused", Figure(part.reason.value), inputs, check.source)
        moved = part.rule if isinstance(part, Transferred) else rule
        return Entry(moved, type_name(type(part)), self.units.declared(part))

    def figures(self, found: Iterator[tuple[str, Any, Any]], scope: Scope) -> tuple[tuple[str, Any], ...]:
        """Figures by name, of values of types; what is no figure is left out."""
        told = ((name, self.units.figure(value, hint, scope)) for name, value, hint in found)
        return tuple((name, figure) for name, figure in told if figure is not None)

    def answer(self, term: Term) -> Any:
        """A term's answer as a figure; None if it has none."""
        if term.answer is UNANSWERED or (term.answer is None and term.hint in (None, type(None))):
            return None
        return self.units.figure(term.answer, term.hint, term.scope)


Line = tuple[int, str]
"""A line's level and its text."""


class Telling:
    """The words of one explanation: a sentence stands where its rule first applies, a figure told is not repeated."""

    def __init__(self, explained: Explained, depth: int) -> None:
        self._explained, self._depth, self._all = explained, depth, depth >= ALL
        self._told: set[str] = set()

    def parts(self, term: Term, level: int, left: int) -> Iterator[Line]:
        """What happened within a term: all that moved, and figures so many levels deep."""
        shown = [part for part in term.parts if self._is_shown(part, left)]
        figures = Counter(part.name for part in shown if isinstance(part, Term) and not part.moves)
        told: Counter[str] = Counter()
        for part in shown:
            if isinstance(part, Refusal):
                yield from self._refusal(part, term, level)
            elif not isinstance(part, Term):
                yield level, self._effect(part, term)
            elif part.moves or self._all:
                yield from self._term(part, term, level, left)
            else:
                told[part.name] += 1
                if told[part.name] <= ALIKE or told[part.name] == figures[part.name]:
                    yield from self._term(part, term, level, left)
                elif told[part.name] == ALIKE + 1:
                    yield level, f"… {figures[part.name] - ALIKE - 1} more of {spaced(part.name)}"

    def _is_shown(self, part: Part, left: int) -> bool:
        """Whether a part moved something, or tells a figure that the reader has not read in what was asked."""
        if self._all or isinstance(part, Refusal):
            return True
        if not isinstance(part, Term):
            return self._explained.is_accepted
        if part.moves:
            return True
        if part.answer is UNANSWERED or (is_plain(part) and self._depth <= PLAIN) or (left <= 0 and not is_open(part)):
            return False
        has_figure = part.answer is not None or part.hint not in (None, type(None))
        return has_figure or any(self._is_shown(one, left) for one in part.terms)

    def _term(self, term: Term, above: Term, level: int, left: int) -> Iterator[Line]:
        effects = [part for part in term.parts if not isinstance(part, Term | Refusal)]
        if term.name == "transfer" and len(effects) == 1 and not self._all:
            yield level, self._effect(effects[0], term)
            return
        entry = self._explained.entry(term, above)
        figure = None if term.moves and isinstance(entry.figure, dict) else entry.figure
        said = spaced(term.name) + ("" if figure is None else f": {words(figure)}")
        if term.rule is not None and term.rule.code is not None:
            made = "" if figure is None or isinstance(figure, dict) else formula(term)
            known = {"rule_id", *(figure if isinstance(figure, dict) else ())}
            if made:
                more = self._explained.figures(variables(term), term.scope)
                entry = attrs.evolve(entry, inputs=(*entry.inputs, *more))
            if term.scope.market == above.scope.market:
                known |= {name for name, value in term.arguments.items() if isinstance(value, Market)}
            inputs = entry.inputs_in_words(known)
            if not (term.moves or self._all) and f"{said} with {inputs}" in self._told:
                return
            self._told.add(f"{said} with {inputs}")
            said = ", ".join(
                [
                    said + made,
                    *(f"rounded {way} by {short_fraction(by)} {unit}".rstrip() for way, by, unit in entry.roundings),
                ]
            )
            long = 2 * level + len(f"{said} with {inputs} [{entry.rule}]") > ROOM
            yield level, f"{said}{'' if long or not inputs else ' with ' + inputs} [{entry.rule}]"
            if long and inputs:
                yield level + 2, f"with {inputs}"
            sentence = sentence_in(term.rule.code)
            if sentence not in self._told:
                self._told.add(sentence)
                yield level + 2, sentence
        else:
            yield level, said
        yield from self.parts(term, level + 1, left if term.moves or figure is None or is_open(term) else left - 1)

    def _effect(self, effect: Effect, term: Term) -> str:
        entry = self._explained.entry(effect, term)
        arrow = "->" if self._explained.is_accepted else "-> undone:"
        if isinstance(effect, Transferred):
            return f"{arrow} {entry.figure['amount']}: {effect.source} to {effect.target} [{entry.rule}]"
        return f"{arrow} {spaced(entry.name)}: {words(entry.figure)}" + (f" [{entry.rule}]" if entry.rule else "")

    def _refusal(self, refusal: Refusal, term: Term, level: int) -> Iterator[Line]:
        entry, check = self._explained.entry(refusal, term), Check(refusal)
        how = "since" if check.refuses_if else "unless"
        yield level, f"-> refused {refusal.reason.value} by {refusal.code.co_name}, {how}: {check.source}"
        for source, figure in entry.inputs:
            made = check.made(source)
            yield level + 2, f"{source}: {words(figure, 1)}" + (f" = {made}" if made else "")


def is_open(term: Term) -> bool:
    """Whether a rule looks for a counterparty or scores one: that is told at any depth at which the rule is."""
    return term.rule is not None and (term.rule.ids[0] == "ADL-01" or term.name == "score_of")


def is_plain(term: Term) -> bool:
    """Whether a rule only checks, counts or names what was asked, or tells the value of a quantity."""
    if term.rule is None:
        return False
    names_only = isinstance(term.answer, str | PositionKey | DomainKey)
    return names_only or term.rule.ids[0].startswith("NUM-") or term.rule.module.endswith(".guards")
