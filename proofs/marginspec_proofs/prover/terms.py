"""Integer and boolean expressions: built by symbolic runs, written as SMT-LIB, evaluated on numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs


@attrs.frozen(cache_hash=True)
class Term:
    """An expression: a number, a truth value or a variable without arguments, or an operator with arguments.

    `head` is the number, `true` or `false`, the variable's name or the operator's.
    """

    head: int | str
    arguments: tuple["Term", ...] = ()

    @property
    def is_variable(self) -> bool:
        """Whether this is a variable."""
        return isinstance(self.head, str) and not self.arguments and self not in (TRUE, FALSE)


TRUE = Term("true")
FALSE = Term("false")


def negation(term: Term) -> Term:
    """Not."""
    if term in (TRUE, FALSE):
        return FALSE if term == TRUE else TRUE
    if term.head == "not":
        return term.arguments[0]
    return Term("not", (term,))


def conjunction(terms: Iterable[Term]) -> Term:
    """All of them."""
    parts = tuple(term for term in terms if term != TRUE)
    if len(parts) > 1:
        return Term("and", parts)
    return parts[0] if parts else TRUE


def evaluate(term: Term, values: Mapping[str, int], known: dict[Term, int] | None = None) -> int:
    """The value of an expression where variables have these values; KeyError for a variable without one."""
    known = {} if known is None else known
    for part in in_order([term]):
        if part not in known:
            known[part] = _computed(part, tuple(known[argument] for argument in part.arguments), values)
    return known[term]


def _computed(term: Term, given: tuple[int, ...], values: Mapping[str, int]) -> int:
    if isinstance(term.head, int):
        return term.head
    if term in (TRUE, FALSE):
        return term == TRUE
    return MEANING[term.head](*given) if given else values[term.head]


MEANING: dict[str, Callable[..., int]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right=None: -left if right is None else left - right,
    "*": lambda left, right: left * right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "=": lambda left, right: left == right,
    "not": lambda given: not given,
    "and": lambda *given: all(given),
}
"""What the operators of SMT-LIB do that expressions use; a division is a fresh quotient with its two bounds."""


def in_order(terms: Iterable[Term]) -> Iterator[Term]:
    """Every expression in these, once, arguments before what they are arguments of."""
    seen: set[Term] = set()
    stack = [(term, False) for term in reversed(list(terms))]
    while stack:
        term, entered = stack.pop()
        if entered:
            yield term
        elif term not in seen:
            seen.add(term)
            stack.append((term, True))
            stack.extend((argument, False) for argument in reversed(term.arguments))


def variables_of(terms: Iterable[Term]) -> list[str]:
    """Names of the variables in these expressions, in order of first occurrence."""
    return [str(term.head) for term in in_order(terms) if term.is_variable]


@attrs.frozen
class Assertion:
    """A named formula: the name says what it is (an assumption's source, a branch taken, the claim)."""

    name: str
    term: Term


def script(assertions: Iterable[Assertion]) -> str:
    """SMT-LIB text that asks whether the assertions can hold together, each under its own name.

    Sub-expressions that occur more than once are defined once, so the text is no longer than the expressions.
    """
    listed = list(assertions)
    terms = [assertion.term for assertion in listed]
    lines = ["(set-option :produce-unsat-cores true)", "(set-logic QF_NIA)"]
    lines.extend(f"(declare-const {quoted(name)} Int)" for name in variables_of(terms))
    names: dict[Term, str] = {}
    for term in shared(terms):
        text = written(term, names)
        names[term] = f"shared{len(names)}"
        sort = "Int" if term.head in ("+", "-", "*") else "Bool"
        lines.append(f"(define-fun {names[term]} () {sort} {text})")
    lines.extend(f"(assert (! {written(one.term, names)} :named {quoted(one.name)}))" for one in listed)
    return "\n".join([*lines, "(check-sat)", ""])


def shared(terms: list[Term]) -> list[Term]:
    """Expressions with arguments that occur more than once, arguments first."""
    uses = Counter(argument for term in in_order(terms) for argument in term.arguments)
    uses.update(terms)
    return [term for term in in_order(terms) if uses[term] > 1 and term.arguments]


def written(term: Term, names: Mapping[Term, str]) -> str:
    """An expression as SMT-LIB, with names for what has been defined before."""
    if term in names:
        return names[term]
    if isinstance(term.head, int):
        return str(term.head) if term.head >= 0 else f"(- {-term.head})"
    if not term.arguments:
        return quoted(term.head) if term.is_variable else term.head
    return f"({term.head} {' '.join(written(argument, names) for argument in term.arguments)})"


def quoted(name: str) -> str:
    """A name as a quoted symbol, which may contain anything but a bar and a backslash."""
    return f"|{name}|"
