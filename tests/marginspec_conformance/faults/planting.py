"""Planting a fault: functions of the rulebook run other code for a while, in this process only.

A function is one object, whoever imported it; with other code in it, all that call it run the fault.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType

import attrs

import marginspec
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.model.units import div_down, div_up
from marginspec.registry import REGISTRY
from marginspec.transition import apply

PACKAGE = Path(marginspec.__file__).parent
Applied = Callable[[State, Event], tuple[State, Receipt]]
"""What gives the state after an event, and its receipt, as `transition.apply` does."""
NAMES_NEEDED = {"div_down": div_down, "div_up": div_up}
"""What faulty code may call that its module does not import."""


@attrs.frozen(eq=False)
class Planted:
    """A fault that can be planted: its name, what is wrong, its clauses, and the code that functions run instead."""

    name: str
    what: str
    clauses: tuple[str, ...]
    swaps: tuple[tuple[FunctionType, CodeType], ...]

    @contextmanager
    def grown(self) -> Iterator[None]:
        """Have the fault in the rules meanwhile; not within itself."""
        right = [function.__code__ for function, _ in self.swaps]
        for function, code in self.swaps:
            for name, needed in NAMES_NEEDED.items():
                function.__globals__.setdefault(name, needed)
            function.__code__ = code
        try:
            yield
        finally:
            for (function, _), code in zip(self.swaps, right, strict=True):
                function.__code__ = code

    def applied(self) -> Applied:
        """What the rulebook makes of events with the fault."""

        def faulty(state: State, event: Event) -> tuple[State, Receipt]:
            with self.grown():
                return apply(state, event)

        return faulty


def planted(name: str, what: str, path: str, text: str) -> Planted:
    """A fault by the text of a file of the rulebook's package; its clauses are those of the functions that differ."""
    functions = functions_of(path)
    codes = codes_of(compile(text, str(PACKAGE / path), "exec"))
    swaps = tuple(
        (function, codes[known])
        for known, function in functions.items()
        if known in codes and not is_same(function.__code__, codes[known])
    )
    names = {function.__qualname__ for function, _ in swaps}
    module = module_named(path)
    clauses = [one.ids[0] for one in REGISTRY if one.module == module and one.name in names]
    return Planted(name, what, tuple(dict.fromkeys(clauses)), swaps)


@cache
def text_of(path: str) -> str:
    """The text of a file of the rulebook's package."""
    return (PACKAGE / path).read_text("utf-8")


def module_named(path: str) -> str:
    """The module in a file of the rulebook's package."""
    return f"marginspec.{path.removesuffix('.py').replace('/', '.')}"


@cache
def functions_of(path: str) -> dict[str, FunctionType]:
    """The functions and methods that a file of the rulebook's package defines, by their qualified names."""
    module = import_module(module_named(path))
    found: dict[str, FunctionType] = {}
    for value in vars(module).values():
        members = vars(value).values() if isinstance(value, type) and value.__module__ == module.__name__ else (value,)
        for one in members:
            if isinstance(one, FunctionType) and one.__module__ == module.__name__:
                found[one.__qualname__] = one
    return found


def codes_of(code: CodeType) -> dict[str, CodeType]:
    """The code of every function and method of a module, by qualified names."""
    found: dict[str, CodeType] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and "<" not in constant.co_qualname:
            found[constant.co_qualname] = constant
            found.update({} if constant.co_flags & OPTIMIZED else codes_of(constant))
    return found


OPTIMIZED = 1
"""The flag of a function's code, which the body of a class does not have."""


def is_same(first: CodeType, second: CodeType) -> bool:
    """Whether two functions' code does the same by the same names, wherever it stands."""
    if (first.co_code, first.co_names, first.co_varnames) != (second.co_code, second.co_names, second.co_varnames):
        return False
    if len(first.co_consts) != len(second.co_consts) or first.co_freevars != second.co_freevars:
        return False
    pairs = zip(first.co_consts, second.co_consts, strict=True)
    return all(is_same(one, two) if both_code(one, two) else repr(one) == repr(two) for one, two in pairs)


def both_code(first: object, second: object) -> bool:
    """Whether two constants are code, as those of lambdas and comprehensions are."""
    return isinstance(first, CodeType) and isinstance(second, CodeType)
