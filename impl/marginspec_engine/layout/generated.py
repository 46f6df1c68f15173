"""Functions that follow from a declaration: their text is made at import, and compiled like that of others."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Known: TypeAlias = dict[str, Any]
"""The names that generated text may use: the globals of the module to which it belongs."""


def defined(name: str, lines: Iterable[str], known: Known) -> Any:
    """The function of a name that lines of Python define, with all others that they define, in a module's globals."""
    exec(compile("\n".join(lines), f"<generated: {name}>", "exec"), known)
    return known[name]


def choice_by_number(name: str, number: str, arguments: str, functions: Mapping[int, str], given: str) -> list[str]:
    """The text of a function that calls one of some functions by a number, which is one of theirs.

    The number is one of its arguments, or read from one; what is given on is stated too.
    """
    lines = [f"def {name}({arguments}):"]
    for one, function in functions.items():
        lines += [f"    if {number} == {one}:", f"        return {function}({given})"]
    # The last of them needs no question.
    del lines[-2]
    lines[-1] = lines[-1].removeprefix("    ")
    return lines
