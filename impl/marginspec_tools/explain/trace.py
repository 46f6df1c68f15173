"""What an observer saw of the rules: a tree of terms, each one call of a rule with its inputs, answer and effects."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Union

import attrs

from marginspec.model.account import DomainKey
from marginspec.model.effects import Effect
from marginspec.model.rejections import Reason
from marginspec.observation import Refusal
from marginspec.registry import RuleCode
from marginspec_tools.explain.units import Scope, hints_of

Part = Union["Term", Effect, Refusal]
"""What a term holds: calls that it made, its effects, and the refusal if it refused."""
UNANSWERED = object()
"""The answer of a rule that ended with the refusal of its event."""

UNORDERED = ("liquidate_unhealthy", "queue_of")
"""Rules that ask for the margin of one domain after another in no order: they are told in order of the domains."""


@attrs.define(eq=False)
class Term:
    """A call of a rule, or a heading above some (`rule` is None).

    `names` are its variables at its end, `line` that of its answer. `moves` tells whether it, or a rule that it called,
    had an effect or refused.
    """

    name: str
    scope: Scope
    rule: RuleCode | None = None
    arguments: Mapping[str, Any] = {}
    answer: Any = None
    hint: Any = None
    line: int = 0
    names: Mapping[str, Any] = {}
    parts: list[Part] = attrs.Factory(list)
    moves: bool = False

    @property
    def terms(self) -> Iterator["Term"]:
        """The calls that it made."""
        return (part for part in self.parts if isinstance(part, Term))

    def forget(self) -> None:
        """Forget what moved."""
        self.moves = False
        for part in self.terms:
            part.forget()


def in_order(parts: list[Part]) -> list[Part]:
    """What such a rule did, for each domain in order, and then the rest; how it was sorted says nothing."""
    asked: dict[DomainKey, list[Part]] = {}
    rest: list[Part] = []
    for part in parts:
        if not isinstance(part, Term) or part.moves:
            rest.append(part)
        elif part.name == "domain_margin":
            group = asked.setdefault(part.arguments["domain"], [])
            group.append(part)
        elif part.name != "compare_ranked":
            group.append(part)
    return [*(part for domain in sorted(asked) for part in asked[domain]), *rest]


class Tracer:
    """An observer that keeps all it sees."""

    def __init__(self) -> None:
        self.top = Term("", Scope())
        self.reason: Reason | None = None
        self._open = [self.top]
        self.past_range: list[Term] = []
        """The calls, outermost first, that were open when a limit of the state was passed."""

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        """Open a term."""
        term = Term(rule.name.split(".")[-1], self._open[-1].scope.within(names.values(), names), rule, names)
        term.hint = hints_of(rule.executable).get("return")
        term.answer = UNANSWERED
        self._open[-1].parts.append(term)
        self._open.append(term)

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:
        """Close the term opened last."""
        term = self._open[-1]
        term.answer, term.line, term.names = answer, line, names
        # The first to end with the mark of a limit passed has set it, or called what did and is no rule.
        if not self.past_range and getattr(names.get("transaction", names.get("self")), "out_of_range", False):
            self.past_range = [*self._open]
        if term.name in UNORDERED:
            term.parts[:] = in_order(term.parts)
        self._open.pop()

    def effect(self, effect: Effect) -> None:
        """Take an effect of the term opened last."""
        self._open[-1].parts.append(effect)
        self._mark(self._open)

    def refused(self, refusal: Refusal) -> None:
        """Take the refusal: what moved before is undone, so that only the way to it counts."""
        self.reason = refusal.reason
        self._open[-1].parts.append(refusal)
        self.top.forget()
        self._mark(self._open)
        if refusal.reason is Reason.OUT_OF_RANGE:
            self._mark(self.past_range)

    def _mark(self, terms: list[Term]) -> None:
        for term in reversed(terms):
            if term.moves:
                break
            term.moves = True

    @contextmanager
    def under(self, heading: str, subject: Any = None) -> Iterator[None]:
        """Put what is seen meanwhile under a heading; the subject tells whose units its figures are in."""
        term = Term(heading, self._open[-1].scope.within((subject,), {}), moves=True)
        self._open[-1].parts.append(term)
        self._open.append(term)
        yield
        self._open.pop()

    def tell(self, name: str, value: Any, hint: Any) -> None:
        """Add a figure that stands in the state, of a type."""
        self._open[-1].parts.append(Term(name, self._open[-1].scope, answer=value, hint=hint))
