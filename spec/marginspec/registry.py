"""The registry that ties a clause of the rulebook to the code that executes it."""

from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar

import attrs

Executable = TypeVar("Executable", bound=Callable[..., Any] | type)


@attrs.frozen
class RuleCode:
    """A function or class that executes clauses: their ids, the statements they stem from, one sentence."""

    ids: tuple[str, ...]
    sources: tuple[str, ...]
    module: str
    name: str
    sentence: str
    executable: Any = attrs.field(default=None, eq=False, repr=False)

    @property
    def code(self) -> CodeType | None:
        """What Python runs when it is called; None for a class."""
        return getattr(self.executable, "__code__", None)


REGISTRY: list[RuleCode] = []
"""Every piece of code that executes a clause, in order of definition."""


def rule(*ids: str, source: str = "") -> Callable[[Executable], Executable]:
    """Register a function or class as the code of these clauses; the object itself is left as it is.

    `source` lists, separated by spaces, the statements of the source text that the code stems from.
    """

    def register(executable: Executable) -> Executable:
        sentence = " ".join((executable.__doc__ or "").split("\n\n")[0].split())
        name = executable.__qualname__
        REGISTRY.append(RuleCode(ids, tuple(source.split()), executable.__module__, name, sentence, executable))
        return executable

    return register


def sentence_of(rule_id: str) -> str:
    """The sentence of the code that names a clause first, in the first module by name; KeyError if none names it."""
    codes = [code for code in REGISTRY if rule_id in code.ids]
    if not codes:
        raise KeyError(rule_id)
    main = [code for code in codes if code.ids[0] == rule_id] or codes
    return min(main, key=lambda code: code.module).sentence


Handler = TypeVar("Handler", bound=Callable[..., None])

HANDLERS: dict[type, Callable[[Any, Any], None]] = {}
"""What takes each type of event: a transaction and the event go in, and the transaction is changed."""


def handles(event_type: type) -> Callable[[Handler], Handler]:
    """Register a function as the one that takes events of a type; the function itself is left as it is."""

    def register(handler: Handler) -> Handler:
        assert event_type not in HANDLERS, f"two handlers of {event_type.__name__}"
        HANDLERS[event_type] = handler
        return handler

    return register
