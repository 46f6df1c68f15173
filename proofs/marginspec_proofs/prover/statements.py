"""Theorems: plain functions that state what holds, run on symbols to prove it and on numbers to witness it."""

from collections.abc import Callable
from typing import Any, Protocol

import attrs

from marginspec_proofs.prover.exploring import Path
from marginspec_proofs.prover.symbols import Integer, term_of_truth

ALL_INTEGERS = "all integers"
"""Scope: whatever the numbers, within the stated assumptions."""
INDUCTION = "any number, by induction"
"""Scope: one step for all numbers, which carries over to any number of steps."""


class Case(Protocol):
    """What a theorem speaks to: it names its numbers, what it assumes of them, and what it claims."""

    def integer(self, name: str, low: int | None = None, high: int | None = None, source: str = "NUM-03") -> Any:
        """Any integer between two bounds, both included; `source` is the rule or theorem that bounds it."""

    def assume(self, condition: Any, source: str) -> None:
        """Restrict the numbers; `source` is a rule's or a theorem's id."""

    def claim(self, sentence: str, condition: Any) -> None:
        """State what holds; what has been shown may be used by what follows."""

    def truth(self, name: str) -> Any:
        """Either truth value: an integer of that name, 0 or 1, that is compared with 1."""

    def one_of(self, name: str, choices: tuple[Any, ...]) -> Any:
        """One of some plain values, by an integer of that name that counts them from 0; each is a path of its own."""


class Choices:
    """What both kinds of case do alike: choices among plain values are integers too."""

    def truth(self: Case, name: str) -> Any:
        """A comparison of the integer of that name with 1."""
        return self.integer(name, 0, 1, "a choice") == 1

    def one_of(self: Case, name: str, choices: tuple[Any, ...]) -> Any:
        """The value that the integer of that name points to."""
        chosen = self.integer(name, 0, len(choices) - 1, "a choice")
        for place, choice in enumerate(choices[:-1]):
            if chosen == place:
                return choice
        return choices[-1]


@attrs.frozen
class SymbolicCase(Choices):
    """A case of all numbers at once: claims become obligations of the path."""

    path: Path

    def integer(self, name: str, low: int | None = None, high: int | None = None, source: str = "NUM-03") -> Any:
        """A symbolic integer."""
        number = Integer(self.path.declare(name))
        if low is not None:
            self.path.assume(low <= number, f"{source}: {name}")
        if high is not None:
            self.path.assume(number <= high, f"{source}: {name}")
        return number

    def assume(self, condition: Any, source: str) -> None:
        """Restrict the path."""
        self.path.assume(condition, source)

    def claim(self, sentence: str, condition: Any) -> None:
        """An obligation of the path."""
        self.path.claim(sentence, term_of_truth(condition))


class OutOfScope(Exception):  # noqa: N818 - not an error: the theorem does not speak of these numbers
    """The numbers do not satisfy the theorem's assumptions."""


@attrs.frozen
class NumericCase(Choices):
    """A case of given numbers: the theorem runs on plain integers; claims that fail are noted."""

    values: dict[str, int]
    failed: list[str] = attrs.Factory(list)
    held: list[str] = attrs.Factory(list)

    def integer(self, name: str, low: int | None = None, high: int | None = None, source: str = "NUM-03") -> Any:
        """The number of that name."""
        number = self.values[name]
        self.assume((low is None or low <= number) and (high is None or number <= high), source)
        return number

    def assume(self, condition: Any, source: str) -> None:
        """OutOfScope if it does not hold."""
        if not condition:
            raise OutOfScope(source)

    def claim(self, sentence: str, condition: Any) -> None:
        """Note whether it holds."""
        (self.held if condition else self.failed).append(sentence)


@attrs.frozen
class Theorem:
    """A theorem: its id, its sentence, the rules that it is about, its scope, the functions it runs, its statement.

    `functions` are the specification's functions whose mutants it must survive none of; `uses` are theorems
    that it takes for granted.
    """

    id: str
    sentence: str
    rules: tuple[str, ...]
    scope: str
    functions: tuple[Callable[..., Any], ...]
    uses: tuple[str, ...]
    fast: bool
    statement: Callable[[Case], None]


REGISTRY: dict[str, Theorem] = {}
"""All theorems by id, in order of definition."""


def theorem(
    theorem_id: str,
    *rules: str,
    of: tuple[Callable[..., Any], ...],
    scope: str = ALL_INTEGERS,
    uses: tuple[str, ...] = (),
    fast: bool = True,
) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Register a statement as a theorem; the first paragraph of its docstring is its sentence.

    `of` are the functions of the specification that it runs. A theorem that is not `fast` is left out of
    the tests and proved by `marginspec prove` only.
    """

    def register(statement: Callable[[Case], None]) -> Callable[[Case], None]:
        assert theorem_id not in REGISTRY, f"{theorem_id} is defined twice"
        sentence = " ".join((statement.__doc__ or "").split("\n\n")[0].split())
        REGISTRY[theorem_id] = Theorem(theorem_id, sentence, rules, scope, of, uses, fast, statement)
        return statement

    return register
