"""What an observer saw of the rules: a tree of terms, each one call of a rule with its inputs, answer and effects."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CodeType
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
    """A call of a rule, or a heading above some, or a figure of the state (then `rule` is None).

    `names` are its variables at its end, `line` that of its answer. `moves` tells whether it, or a rule that it called,
    had an effect or refused.
    """

    name: str
    scope: Scope
    rule: RuleCode | None = None
    code: CodeType | None = None
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


class Tracer:
    """An observer that keeps all it sees; `past_limit` are the calls open when a limit of the state was passed."""

    def __init__(self) -> None:
        self.top = Term("", Scope())
        self.past_limit: list[Term] = []
        self._open = [self.top]

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        """Open a term."""
        scope = self._open[-1].scope.within(names.values(), names)
        answer = hints_of(rule.executable).get("return")
        term = Term(rule.name.split(".")[-1], scope, rule, rule.code, names, UNANSWERED, answer)
        self._open[-1].parts.append(term)
        self._open.append(term)

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:
        """Close the term opened last."""
        term = self._open[-1]
        term.answer, term.line, term.names = answer, line, names
        # The first rule to end with the mark of a limit passed is the one that set it.
        if not self.past_limit and getattr(names.get("transaction", names.get("self")), "out_of_range", False):
            self.past_limit = [*self._open]
        if term.name in UNORDERED:
            term.parts[:] = in_order(term.parts)
        self._open.pop()

    def effect(self, effect: Effect) -> None:
        """Take an effect of the term opened last."""
        self._open[-1].parts.append(effect)
        for term in self._open:
            term.moves = True

    def refused(self, refusal: Refusal) -> None:
        """Take the refusal, and where a limit was passed if that is why; nothing else counts, since it is undone."""
        self._open[-1].parts.append(refusal)
        for past in self.past_limit[-1:]:
            if refusal.reason is Reason.OUT_OF_RANGE and past.rule and past.code:
                past.parts.append(Refusal(refusal.reason, past.code, 0, past.names, past.rule.executable.__globals__))
                self._open.extend(self.past_limit)
        pending = [self.top]
        for term in pending:
            term.moves = term in self._open
            pending.extend(term.terms)

    @contextmanager
    def section(self, heading: str, subject: Any = None) -> Iterator[None]:
        """Put what is seen meanwhile under a heading; the subject tells whose units its figures are in."""
        term = Term(heading, self._open[-1].scope.within((subject,), {}), moves=True)
        self._open[-1].parts.append(term)
        self._open.append(term)
        yield
        self._open.pop()

    def add_figure(self, name: str, value: Any, hint: Any) -> None:
        """Add a figure that stands in the state, of a type."""
        self._open[-1].parts.append(Term(name, self._open[-1].scope, answer=value, hint=hint))


def in_order(parts: list[Part]) -> list[Part]:
    """What such a rule asked about each domain, in order, then what it did; how it sorted says nothing."""
    domain, places = DomainKey("", ""), list[tuple[bool, DomainKey, int]]()
    for place, part in enumerate(parts):
        asks = isinstance(part, Term) and not part.moves
        if isinstance(part, Term) and part.name == "domain_margin":
            domain = part.arguments["domain"]
        if not isinstance(part, Term) or part.name != "compare_ranked":
            places.append((not asks, domain if asks else DomainKey("", ""), place))
    return [parts[place] for _, _, place in sorted(places)]
