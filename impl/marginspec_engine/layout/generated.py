"""Functions that follow from a declaration: their text is made at import, and compiled like that of others."""

from collections.abc import Iterable
from typing import Any, TypeAlias

Known: TypeAlias = dict[str, Any]
"""The names that generated text may use: the globals of the module to which it belongs."""


def defined(name: str, lines: Iterable[str], known: Known) -> Any:
    """The function of a name that lines of Python define, with all others that they define, in a module's globals."""
    exec(compile("\n".join(lines), f"<generated: {name}>", "exec"), known)
    return known[name]
