"""An explanation as lines for people and as terms for programs, from what the observer saw."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import partial
from textwrap import wrap
from types import NoneType
from typing import Any

import attrs

from marginspec import RULEBOOK_VERSION
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import Transferred
from marginspec.model.fields import type_name
from marginspec.model.market import Market
from marginspec.observation import Refusal
from marginspec_tools.explain.sources import Check, Named, formula_at, inputs_of, sentence_in, variables
from marginspec_tools.explain.trace import UNANSWERED, Part, Term
from marginspec_tools.explain.units import (
    ROUNDED,
    Figure,
    Scope,
    Units,
    figure_text,
    fraction_text,
    kind_of,
    short_fraction,
    spaced,
)

FORMAT = 2
"""The number of the format of `explain --json`."""
DEPTH, PLAIN, ALL = 1, 2, 10**6
"""Levels of figures shown if nothing else is asked, and beyond how many plain terms are shown; all levels."""
ALIKE, ROOM = 3, 120
"""So many figures of one rule are shown in a call, and the last; so long a line may be that has the inputs too."""
fold = partial(wrap, break_long_words=False, break_on_hyphens=False)
DIVISIONS = {"div_up", "div_down", "in_units", "share_pro_rata", "next_share"}
SHARES = {"equity_shares", "levy_shares", "share_pro_rata", "next_share"}


def roundings(term: Term) -> Iterator[dict[str, str]]:
    """What the divisions that a rule itself makes added or took, in order; those that are exact are left out."""
    kind = kind_of(term.hint)
    unit = ROUNDED[kind.of] if kind else "quanta" if term.name in SHARES else ""
    made = [term] if term.name in DIVISIONS else list(term.terms)
    shared = [one for part in made if part.name == "share_pro_rata" for one in part.terms if one.name == "next_share"]
    for one in shared or made:
        given = one.arguments
        if one.name in ("div_up", "div_down"):
            loss = one.answer - Fraction(given["numerator"], given["divisor"])
        else:
            shares = one.name == "next_share"
            loss = one.answer[0] - Fraction(given["amount"] * given["claim"], given["total"]) if shares else 0
        if loss:
            yield {"direction": "up" if loss > 0 else "down", "by": fraction_text(abs(loss)), "unit": unit}


@attrs.frozen
class Explained:
    """An explanation: what it is about, in words and for programs, and the terms under `top`.

    `observed` compares what an event's line says that the exchange's own engine had with the rulebook's: `what`,
    `observed`, `ours`, and whether it `agrees`.
    """

    title: str
    about: dict[str, Any]
    top: Term
    units: Units
    observed: tuple[dict[str, Any], ...] = ()

    def lines(self, depth: int = DEPTH, width: int = 10**6) -> Iterator[str]:
        """The explanation for people, indented, within a width; figures so many levels below what moved."""
        yield self.title
        for one in self.observed:
            told = f"  observed {one['what']}: {one['observed']}, ours {one['ours']}: "
            yield told + ("agrees" if one["agrees"] else "DIFFERS")
        for level, text in TextLines(self, depth).lines_within(self.top, 1, depth):
            yield from fold(text, width, initial_indent="  " * level, subsequent_indent="  " * (level + 3))

    def as_object(self) -> dict[str, Any]:
        """The explanation for programs: every term in order, each with the number of the one that it is part of."""
        terms: list[dict[str, Any]] = []

        def add_parts(above: Term, parent: int | None, depth: int) -> None:
            """Number and add the parts of a term, each before its own parts."""
            for part in above.parts:
                place = {"term": len(terms), "parent": parent, "depth": depth}
                terms.append({**place, **self._term_object(part, above)})
                if isinstance(part, Term):
                    add_parts(part, place["term"], depth + 1)

        add_parts(self.top, None, 0)
        return {
            "explain": FORMAT,
            "rulebook": RULEBOOK_VERSION,
            **self.about,
            "observed": self.observed,
            "terms": terms,
        }

    def _term_object(self, part: Part, above: Term) -> dict[str, Any]:
        rule = rule_of(part, above)
        if isinstance(part, Term):
            answer = figure_object(self.units.figure(part.answer, part.hint, part.scope))
            inputs = self.named_figures(inputs_of(part), part.scope)
            single = [{"name": name, **figure_object(one)} for name, one in inputs if isinstance(one, Figure)]
            return {"rule": rule, "name": part.name, **answer, "inputs": single, "roundings": [*roundings(part)]}
        if isinstance(part, Refusal):
            check = Check(part)
            inputs = self.named_figures(check.named_values(), above.scope.within(part.names.values(), part.names))
            fields = {"check": check.source, "inputs": [{"name": name, **figure_object(one)} for name, one in inputs]}
            return {"rule": rule, "name": "refused", "value": part.reason.value, "unit": "", **fields}
        return {"rule": rule, "name": type_name(type(part)), **figure_object(self.units.field_figures(part, Scope()))}

    def named_figures(self, found: Iterable[Named], scope: Scope) -> list[tuple[str, Any]]:
        """Figures by name, of values of types; what is no figure is left out."""
        figure = self.units.figure
        return [(name, told) for name, value, hint in found if (told := figure(value, hint, scope)) is not None]


def rule_of(part: Part, above: Term) -> str | None:
    """The clause that a part of a term belongs to."""
    code = part.rule if isinstance(part, Term) else above.rule
    return part.rule if isinstance(part, Transferred) else code.ids[0] if code else None


def figure_object(figure: Any) -> dict[str, Any]:
    """A figure for programs: its value and unit; lists and records of figures have no unit of their own."""
    return attrs.asdict(figure) if isinstance(figure, Figure) else {"value": figure, "unit": ""}


class TextLines:
    """The words of one explanation: a sentence stands where its rule first applies, a figure told is not repeated."""

    def __init__(self, explained: Explained, depth: int) -> None:
        self._explained, self._undone = explained, "rejected" in explained.about
        self._depth, self._all = depth, depth >= ALL
        self._told: set[tuple[str, str]] = set()

    def lines_within(self, term: Term, level: int, left: int) -> Iterator[tuple[int, str]]:
        """What happened within a term: all that moved, and figures so many levels deep."""
        shown = [part for part in term.parts if self._is_shown(part, left)]
        alike = Counter(part.name for part in shown if isinstance(part, Term) and not part.moves)
        told: Counter[str] = Counter()
        for part in shown:
            if isinstance(part, Term) and not part.moves and not self._all:
                told[part.name] += 1
                if ALIKE < told[part.name] < alike[part.name]:
                    if told[part.name] == ALIKE + 1:
                        yield level, f"… {alike[part.name] - ALIKE - 1} more of {spaced(part.name)}"
                    continue
            yield from self._part(part, term, level, left)

    def _is_shown(self, part: Part, left: int) -> bool:
        """Whether a part moved something, or tells a figure that the reader has not read in what was asked."""
        if self._all or isinstance(part, Refusal) or not isinstance(part, Term):
            return self._all or isinstance(part, Refusal) or not self._undone
        if part.moves or part.answer is UNANSWERED:
            return part.moves
        is_deep = (left <= 0 and not is_open(part)) or (is_plain(part) and self._depth <= PLAIN)
        has_figure = part.answer is not None or part.hint not in (None, NoneType)
        return not is_deep and (has_figure or any(self._is_shown(one, left) for one in part.terms))

    def _part(self, part: Part, above: Term, level: int, left: int) -> Iterator[tuple[int, str]]:
        rule = f"[{rule_of(part, above)}]" if rule_of(part, above) else ""
        if isinstance(part, Term):
            is_transfer = part.name == "transfer" and len(part.parts) == 1 and not self._all
            yield from (
                self.lines_within(part, level, left) if is_transfer else self._term(part, above, rule, level, left)
            )
        elif isinstance(part, Refusal):
            check = Check(part)
            how = "since" if check.refuses_if else "unless"
            yield level, f"-> refused {part.reason.value} by {part.code.co_name}, {how}: {check.source} {rule}"
            scope = above.scope.within(part.names.values(), part.names)
            for source, figure in self._explained.named_figures(check.named_values(), scope):
                made = check.assigned_source(source)
                yield level + 2, f"{source}: {figure_text(figure, 1)}" + (f" = {made}" if made else "")
        else:
            figures = self._explained.units.field_figures(part, Scope())
            told = f"{spaced(type_name(type(part)))}: {figure_text(figures)}"
            if isinstance(part, Transferred):
                told = f"{figures['amount']}: {part.source} to {part.target}"
            yield level, f"{'-> undone:' if self._undone else '->'} {told} {rule}"

    def _term(self, term: Term, above: Term, rule: str, level: int, left: int) -> Iterator[tuple[int, str]]:
        figure = self._explained.units.figure(term.answer, term.hint, term.scope)
        figure = None if term.moves and isinstance(figure, dict) else figure
        said = spaced(term.name) + ("" if figure is None else f": {figure_text(figure)}")
        if term.code is None:
            yield level, said
        else:
            made = "" if figure is None or isinstance(figure, dict) else formula_at(term.code, term.line)
            told = self._inputs(term, above, figure, made)
            if not (term.moves or self._all) and (said, told) in self._told:
                return
            by = [(one["direction"], short_fraction(one["by"]), one["unit"]) for one in roundings(term)]
            made = ", ".join([said + made, *(f"rounded {way} by {loss} {unit}".rstrip() for way, loss, unit in by)])
            is_long = 2 * level + len(f"{made} {told} {rule}") > ROOM
            yield level, f"{made} {rule}" if is_long or not told else f"{made} {told} {rule}"
            if is_long and told:
                yield level + 2, told
            sentence = sentence_in(term.code)
            if (sentence, "") not in self._told:
                yield level + 2, sentence
            self._told |= {(said, told), (sentence, "")}
        yield from self.lines_within(
            term, level + 1, left if term.moves or figure is None or is_open(term) else left - 1
        )

    def _inputs(self, term: Term, above: Term, figure: Any, made: str) -> str:
        """A term's inputs in words, but for what its answer repeats, and the market that the call above names too."""
        known = {"event", "rule_id", *(figure if isinstance(figure, dict) else ())}
        if term.scope.market == above.scope.market:
            known |= {name for name, value in term.arguments.items() if isinstance(value, Market)}
        found = [one for one in (*inputs_of(term), *(variables(term) if made else ())) if one[0] not in known]
        inputs = [(name, figure_text(one, 1)) for name, one in self._explained.named_figures(found, term.scope)]
        told = ", ".join(f"{spaced(name)} {text}" for name, text in inputs if text)
        return f"with {told}" if told else ""


def is_open(term: Term) -> bool:
    """Whether a rule looks for a counterparty or scores one: that is told at any depth at which the rule is."""
    return term.rule is not None and (term.rule.ids[0] == "ADL-01" or term.name == "score_of")


def is_plain(term: Term) -> bool:
    """Whether a rule only checks, counts or names what was asked, or tells the value of a quantity."""
    if term.rule is None or isinstance(term.answer, str | PositionKey | DomainKey):
        return term.rule is not None
    return term.rule.ids[0].startswith("NUM-") or term.rule.module.endswith(".guards")
