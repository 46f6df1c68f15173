"""Records made from what their classes declare, so that a new event needs no edit in any sample or strategy."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, get_args

from marginspec.model.events import Event
from marginspec.model.fields import Amount, Choice, Field, Flag, Integer, Name, Rows, fields_of
from marginspec.model.market import TierTerms
from marginspec_conformance.generator.events import decimal

EVENT_CLASSES: tuple[type, ...] = get_args(Event)


def made(event_class: type, value_of: Callable[[Field], Any], *, optional: bool = False) -> Event:
    """An event whose fields have these values; optional ones are left out unless asked for."""
    stated = [field for field in fields_of(event_class) if optional or not field.optional]
    event: Event = event_class(**{field.name: value_of(field) for field in stated})
    return event


class Values:
    """Values by what a field is: of each kind the first one first, and so on, from the beginning again at the end."""

    def __init__(self, names: dict[str, tuple[str, ...]], decimals: tuple[str, ...], tiers: tuple[TierTerms, ...]):
        self._names, self._decimals, self._tiers = names, decimals, tiers
        self._taken: Counter[str] = Counter()

    def of(self, field: Field) -> Any:
        """The next value for a field."""
        match field.kind:
            case Name(of=kind):
                return self._next(kind, self._names[kind])
            case Amount(stated=True):
                return decimal(self._next("decimals", self._decimals))
            case Choice(words=words):
                return self._next(field.name, words)
            case Integer():
                return self._next("integers", (2, 3, 20))
            case Flag():
                return self._next("flags", (False, True))
            case Rows():
                return self._tiers
        raise AssertionError(f"no event has such a field: {field}")

    def _next(self, kind: str, values: tuple[Any, ...]) -> Any:
        self._taken[kind] += 1
        return values[(self._taken[kind] - 1) % len(values)]


def one_of_each(
    names: dict[str, tuple[str, ...]], decimals: tuple[str, ...], tiers: tuple[TierTerms, ...]
) -> Iterator[Event]:
    """Every class of event; one with optional fields once without and once with all of them."""
    values = Values(names, decimals, tiers)
    for event_class in EVENT_CLASSES:
        for optional in (False, True) if any(field.optional for field in fields_of(event_class)) else (False,):
            yield made(event_class, values.of, optional=optional)
