"""Symbolic integers and booleans: the rulebook's functions take them for numbers and run on all of them at once.

An integer is arithmetic over variables; a comparison is a boolean; a boolean that is asked for its truth
asks the path that is being explored which branch to take. What a number can do and these cannot (hashing,
formatting, indexing, remainders) is refused, so nothing is decided unseen.
"""

from typing import Any, NoReturn, Protocol

from marginspec_proofs.prover.terms import FALSE, TRUE, Term, conjunction, negation


class Explored(Protocol):
    """What a path under exploration answers to its symbols."""

    def decide(self, condition: Term) -> bool:
        """Take a branch."""

    def quotient(self, numerator: Term, divisor: Term) -> Term:
        """The floor of a division."""


class NotSymbolic(TypeError):  # noqa: N818 - names the limit that was met
    """A rule asked of a symbolic value what only a number can answer."""


_active: list[Explored] = []


def activate(path: Explored) -> None:
    """Make a path answer the symbols that are asked from now on."""
    _active.append(path)


def deactivate() -> None:
    """Give the word back to the path before."""
    _active.pop()


def _path() -> Explored:
    if not _active:
        raise NotSymbolic("a symbolic value is used outside an exploration")
    return _active[-1]


class Boolean:
    """A symbolic truth value; `if` on it branches the exploration."""

    __slots__ = ("term",)
    __hash__ = None  # type: ignore[assignment]  # a symbol as a key would hide a comparison

    def __init__(self, term: Term) -> None:
        self.term = term

    def __bool__(self) -> bool:
        return _path().decide(self.term)

    def __and__(self, other: Any) -> Any:
        return truth(conjunction((self.term, term_of_truth(other))))

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return truth(negation(conjunction((negation(self.term), negation(term_of_truth(other))))))

    __ror__ = __or__

    def __invert__(self) -> Any:
        return truth(negation(self.term))

    def __eq__(self, other: object) -> Any:
        return truth(_compared("=", self.term, term_of_truth(other)))

    def __ne__(self, other: object) -> Any:
        return negate(self == other)

    def __repr__(self) -> str:
        return f"Boolean({self.term})"


class Integer:
    """A symbolic integer, without bound; arithmetic and comparisons as those of int."""

    __slots__ = ("term",)
    __hash__ = None  # type: ignore[assignment]  # a symbol as a key would hide a comparison

    def __init__(self, term: Term) -> None:
        self.term = term

    def __add__(self, other: Any) -> Any:
        return _number(_sum(self.term, term_of(other)))

    def __radd__(self, other: Any) -> Any:
        return _number(_sum(term_of(other), self.term))

    def __sub__(self, other: Any) -> Any:
        return _number(_difference(self.term, term_of(other)))

    def __rsub__(self, other: Any) -> Any:
        return _number(_difference(term_of(other), self.term))

    def __mul__(self, other: Any) -> Any:
        return _number(_product(self.term, term_of(other)))

    def __rmul__(self, other: Any) -> Any:
        return _number(_product(term_of(other), self.term))

    def __floordiv__(self, other: Any) -> Any:
        return _number(_path().quotient(self.term, term_of(other)))

    def __rfloordiv__(self, other: Any) -> Any:
        return _number(_path().quotient(term_of(other), self.term))

    def __neg__(self) -> Any:
        return _number(_difference(Term(0), self.term))

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def __lt__(self, other: Any) -> Any:
        return truth(_compared("<", self.term, term_of(other)))

    def __le__(self, other: Any) -> Any:
        return truth(_compared("<=", self.term, term_of(other)))

    def __gt__(self, other: Any) -> Any:
        return truth(_compared("<", term_of(other), self.term))

    def __ge__(self, other: Any) -> Any:
        return truth(_compared("<=", term_of(other), self.term))

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, int | Integer):
            return False
        return truth(_compared("=", self.term, term_of(other)))

    def __ne__(self, other: object) -> Any:
        return negate(self == other)

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __repr__(self) -> str:
        return f"Integer({self.term})"

    def _refuse(self, *_: object) -> NoReturn:
        raise NotSymbolic("a rule needs a number here, not a symbolic integer")

    __index__ = __int__ = __float__ = __mod__ = __rmod__ = __truediv__ = __pow__ = __format__ = _refuse


def term_of(value: Any) -> Term:
    """The expression of an integer, symbolic or not."""
    if isinstance(value, Integer):
        return value.term
    if isinstance(value, int):
        return Term(int(value))
    raise NotSymbolic(f"{type(value).__name__} is not an integer")


def term_of_truth(value: Any) -> Term:
    """The expression of a truth value, symbolic or not."""
    if isinstance(value, Boolean):
        return value.term
    if isinstance(value, bool):
        return TRUE if value else FALSE
    raise NotSymbolic(f"{type(value).__name__} is not a truth value")


def truth(term: Term) -> Any:
    """A boolean: a plain one where the expression is constant."""
    return term == TRUE if term in (TRUE, FALSE) else Boolean(term)


def negate(value: Any) -> Any:
    """Not, for plain and symbolic truth values, without branching."""
    return ~value if isinstance(value, Boolean) else not value


def implies(condition: Any, consequence: Any) -> Any:
    """If the condition holds, so does the consequence; without branching."""
    return negate(condition) | consequence


def _number(term: Term) -> Any:
    return term.head if isinstance(term.head, int) else Integer(term)


def _constant(term: Term) -> int | None:
    return term.head if isinstance(term.head, int) else None


def _sum(left: Term, right: Term) -> Term:
    one, other = _constant(left), _constant(right)
    if one is not None and other is not None:
        return Term(one + other)
    if one == 0:
        return right
    return left if other == 0 else Term("+", (left, right))


def _difference(left: Term, right: Term) -> Term:
    one, other = _constant(left), _constant(right)
    if one is not None and other is not None:
        return Term(one - other)
    if left == right:
        return Term(0)
    if one == 0:
        return right.arguments[0] if right.head == "-" and len(right.arguments) == 1 else Term("-", (right,))
    return left if other == 0 else Term("-", (left, right))


def _product(left: Term, right: Term) -> Term:
    one, other = _constant(left), _constant(right)
    if one is not None and other is not None:
        return Term(one * other)
    if 0 in (one, other):
        return Term(0)
    if one == 1:
        return right
    return left if other == 1 else Term("*", (left, right))


def _compared(relation: str, left: Term, right: Term) -> Term:
    if left == right:
        return FALSE if relation == "<" else TRUE
    one, other = _constant(left), _constant(right)
    if one is not None and other is not None:
        holds = {"<": one < other, "<=": one <= other, "=": one == other}[relation]
        return TRUE if holds else FALSE
    return Term(relation, (left, right))
