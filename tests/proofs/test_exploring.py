"""Symbolic execution against plain execution: the same answers, and exactly one path for any numbers."""

import inspect
import sys
from collections.abc import Callable
from typing import Any, get_type_hints

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marginspec.transition
from marginspec.model.rejections import Rejected
from marginspec.registry import REGISTRY
from marginspec_proofs.prover.exploring import Path, explore
from marginspec_proofs.prover.symbols import Boolean, Integer, NotSymbolic
from marginspec_proofs.prover.terms import evaluate

NAMES = ("x", "y", "z")
BUDGET = 2_000_000
RAISED = (AssertionError, ValueError, Rejected)


@attrs.frozen
class Ended:
    """How a run ended on symbols: its path, and what it answered, or the error that it raised."""

    path: Path
    answer: Any


def ended(function: Callable[..., Any], names: tuple[str, ...]) -> list[Ended]:
    """Every path of a function of integers."""
    answers: list[Any] = []

    def run(path: Path) -> None:
        answers.append(None)
        answers[-1] = function(*(Integer(path.declare(name)) for name in names))

    paths = list(explore(run, BUDGET))
    for path in paths:
        assert not isinstance(path.raised, NotSymbolic), path.raised
    return [
        Ended(path, type(path.raised) if path.raised is not None else answer)
        for path, answer in zip(paths, answers, strict=True)
    ]


def plain_answer(function: Callable[..., Any], numbers: dict[str, int]) -> Any:
    """What a function answers to numbers, or the kind of error that it raises."""
    try:
        return function(*numbers.values())
    except RAISED as error:
        return type(error)


def known_numbers(path: Path, numbers: dict[str, int]) -> dict[str, int] | None:
    """The numbers with the quotients that the path took of them; None if they do not follow the path."""
    known = dict(numbers)
    for (numerator, divisor), quotient in path.quotients.items():
        if evaluate(divisor, known) == 0:
            return None
        known[str(quotient.head)] = evaluate(numerator, known) // evaluate(divisor, known)
    return known if all(evaluate(fact.term, known) for fact in path.facts) else None


def in_numbers(answer: Any, known: dict[str, int]) -> Any:
    """An answer with numbers in place of symbols."""
    if isinstance(answer, Integer | Boolean):
        return evaluate(answer.term, known)
    if isinstance(answer, tuple):
        return tuple(in_numbers(one, known) for one in answer)
    if attrs.has(type(answer)):
        return type(answer)(*(in_numbers(one, known) for one in attrs.astuple(answer, recurse=False)))
    return answer


def check(function: Callable[..., Any], found: list[Ended], numbers: dict[str, int]) -> None:
    """Exactly one path takes these numbers, and it answers what the function does."""
    taken = [(one, known) for one in found if (known := known_numbers(one.path, numbers)) is not None]
    assert len(taken) == 1, [one.path.decisions for one, _ in taken]
    one, known = taken[0]
    assert in_numbers(one.answer, known) == plain_answer(function, numbers)


def check_models(function: Callable[..., Any], found: list[Ended], names: tuple[str, ...]) -> None:
    """Each path's own numbers lead down that path."""
    for one in found:
        for model in one.path.models:
            numbers = {name: model[name] for name in names}
            assert known_numbers(one.path, numbers) is not None
            check(function, found, numbers)


# ------------------------------------------------------------- programs

Program = tuple[Any, ...]
"""An expression of a small language: an operator with its arguments, a variable or a number."""

OPERATORS: dict[str, Callable[..., Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "minus": lambda one: -one,
    "times": lambda one, factor: one * factor,
    "//": lambda one, divisor: one // divisor,
    "up": lambda one, divisor: -(-one // divisor),
    "product": lambda left, right: left * right,
    "over": lambda left, right: left // max(1, right),
    "min": min,
    "max": max,
    "abs": abs,
}
RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}


def value_of(program: Program, *numbers: Any) -> Any:
    """Run a program on numbers or on symbols."""
    head, *arguments = program
    if head == "if":
        condition, first, second = arguments
        return value_of(first if holds(condition, *numbers) else second, *numbers)
    if head == "refuse":
        if holds(arguments[0], *numbers):
            raise ValueError
        return value_of(arguments[1], *numbers)
    if head == "variable":
        return numbers[arguments[0]]
    if head == "number":
        return arguments[0]
    return OPERATORS[head](*(value_of(one, *numbers) if isinstance(one, tuple) else one for one in arguments))


def holds(condition: Program, *numbers: Any) -> Any:
    """A comparison, or two joined."""
    head, left, right = condition
    if head == "and":
        return holds(left, *numbers) and holds(right, *numbers)
    if head == "both":
        return holds(left, *numbers) & holds(right, *numbers)
    if head == "either":
        return holds(left, *numbers) | holds(right, *numbers)
    return RELATIONS[head](value_of(left, *numbers), value_of(right, *numbers))


small = st.integers(-20, 20)
leaves = st.one_of(
    st.tuples(st.just("variable"), st.integers(0, 2)),
    st.tuples(st.just("number"), st.integers(-(2**70), 2**70) | small),
)


def extended(inner: st.SearchStrategy[Program]) -> st.SearchStrategy[Program]:
    comparison = st.tuples(st.sampled_from(list(RELATIONS)), inner, inner)
    joined = st.tuples(st.sampled_from(["and", "both", "either"]), comparison, comparison)
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "min", "max"]), inner, inner),
        st.tuples(st.sampled_from(["minus", "abs"]), inner),
        st.tuples(st.just("times"), inner, small),
        st.tuples(st.sampled_from(["//", "up"]), inner, st.integers(1, 12)),
        st.tuples(st.sampled_from(["product", "over"]), leaves, leaves),
        st.tuples(st.just("if"), comparison | joined, inner, inner),
        st.tuples(st.just("refuse"), comparison, inner),
    )


programs = st.recursive(leaves, extended, max_leaves=8)
inputs = st.lists(st.tuples(*(st.integers(-(2**80), 2**80) | small for _ in NAMES)), min_size=3, max_size=6)


@settings(max_examples=150)
@given(programs, inputs)
def test_a_program_answers_the_same_on_symbols_and_on_numbers(program: Program, rows: list[tuple[int, ...]]) -> None:
    def function(*numbers: Any) -> Any:
        return value_of(program, *numbers)

    found = ended(function, NAMES)
    check_models(function, found, NAMES)
    for row in rows:
        check(function, found, dict(zip(NAMES, row, strict=True)))


# ------------------------------------------------------------- the rules' own functions


def functions_of_integers() -> dict[str, Callable[..., Any]]:
    """The specification's functions that take nothing but integers."""
    assert marginspec.transition.__name__, "importing it registers all rules"
    found: dict[str, Callable[..., Any]] = {}
    for code in REGISTRY:
        function = getattr(sys.modules[code.module], code.name, None)
        if inspect.isfunction(function) and code.name != "in_units":
            hints = get_type_hints(function)
            given = [kind for name, kind in hints.items() if name != "return"]
            if given and all(getattr(kind, "__supertype__", kind) is int for kind in given):
                found[code.name] = function
    return found


FUNCTIONS = functions_of_integers()
amounts = st.integers(-3, 40) | st.integers(-(2**62), 2**62) | st.sampled_from([0, 1, 10**8, 2**62])


def test_many_rules_are_functions_of_integers() -> None:
    assert {"div_up", "next_share", "released_cost", "clearance_fee", "stepped_down_size", "draw_amounts"} <= set(
        FUNCTIONS
    )


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_rule_answers_the_same_on_symbols_and_on_numbers(name: str) -> None:
    function = FUNCTIONS[name]
    names = tuple(inspect.signature(function).parameters)
    found = ended(function, names)
    check_models(function, found, names)

    @settings(max_examples=100)
    @given(st.tuples(*(amounts for _ in names)))
    def check_numbers(row: tuple[int, ...]) -> None:
        check(function, found, dict(zip(names, row, strict=True)))

    check_numbers()
