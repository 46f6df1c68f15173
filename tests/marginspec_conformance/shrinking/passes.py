"""Ways to make a journal smaller, each as smaller journals to try; the large steps first."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import attrs

from marginspec.model import events
from marginspec.model.events import Event, ListMarket
from marginspec.model.fields import Amount, fields_of

Item = TypeVar("Item")
Events = tuple[Event, ...]
Holds = Callable[[Events], bool]
"""Whether a journal still shows the same first difference."""

ACCOUNT_FIELDS = ("account", "buyer", "seller", "counterparty")
MERGED: dict[type, tuple[str, ...]] = {
    events.Deposit: ("amount",),
    events.FundInsurance: ("amount",),
    events.Trade: ("quantity",),
    events.AdjustIsolatedMargin: ("amount",),
}
"""Events that two of make one, by summing these fields, if all others are the same."""


def fewer(items: Sequence[Item], holds: Callable[[tuple[Item, ...]], bool]) -> tuple[Item, ...]:
    """Leave out halves, quarters and so on down to single items, from the end, as long as it holds."""
    kept = tuple(items)
    size = max(1, len(kept) // 2)
    while size:
        place = len(kept)
        while place > 0:
            place = max(0, place - size)
            without = kept[:place] + kept[place + size :]
            if len(without) < len(kept) and holds(without):
                kept = without
        size //= 2
    return kept


def accounts_of(event: Event) -> frozenset[str]:
    """The accounts that an event names."""
    return frozenset(getattr(event, name) for name in ACCOUNT_FIELDS if hasattr(event, name))


def markets_of(event: Event) -> frozenset[str]:
    """The market that an event names, if it does."""
    return frozenset({event.market} if hasattr(event, "market") else ())


def fewer_names(taken: Events, names_of: Callable[[Event], frozenset[str]], holds: Holds) -> Events:
    """Leave out accounts, or markets, with all events that name them."""
    names = sorted({name for event in taken for name in names_of(event)})
    kept = fewer(names, lambda some: holds(only(taken, names_of, frozenset(some))))
    return only(taken, names_of, frozenset(kept))


def only(taken: Events, names_of: Callable[[Event], frozenset[str]], names: frozenset[str]) -> Events:
    """The events that name none but these."""
    return tuple(event for event in taken if names_of(event) <= names)


def fewer_events(taken: Events, holds: Holds) -> Events:
    """Leave out spans of time, then single events; the last one is where it differs."""
    if not taken:
        return taken
    kept = fewer(taken[:-1], lambda some: holds((*some, taken[-1])))
    return (*kept, taken[-1])


def fewer_pairs(taken: Events, holds: Holds) -> Events:
    """Leave out two events at once, which alone must stay: a position that is opened and closed again."""
    place = len(taken) - 2
    while place > 0:
        for other in range(place):
            without = tuple(event for at, event in enumerate(taken) if at not in (place, other))
            if holds(without):
                taken, place = without, place - 1
                break
        place -= 1
    return taken


def renamed(event: Any, old: str, new: str) -> Event:
    """An event in which an account has another's name."""
    changes: Any = {one: new for one in ACCOUNT_FIELDS if getattr(event, one, None) == old}
    same: Event = attrs.evolve(event, **changes) if changes else event
    return same


def one_account_for_two(taken: Events) -> Iterator[Events]:
    """Two accounts as one."""
    names = sorted({name for event in taken for name in accounts_of(event)})
    for old in reversed(names):
        for new in names:
            if old != new:
                yield tuple(renamed(event, old, new) for event in taken)


def another_party(taken: Events) -> Iterator[Events]:
    """One event with another account in one of its places, so that the first may not be needed any more."""
    names = sorted({name for event in taken for name in accounts_of(event)})
    for place, event in enumerate(taken):
        for field in ACCOUNT_FIELDS:
            for name in names:
                if hasattr(event, field) and name < getattr(event, field):
                    changes: Any = {field: name}
                    yield (*taken[:place], attrs.evolve(event, **changes), *taken[place + 1 :])


def one_event_for_two(taken: Events) -> Iterator[Events]:
    """Two events of the same kind as one, with the sum of both amounts, in the place of the first."""
    for place, first in enumerate(taken):
        for later in range(place + 1, len(taken)):
            both = merged(first, taken[later])
            if both is not None:
                yield (*taken[:place], both, *taken[place + 1 : later], *taken[later + 1 :])


def merged(first: Event, second: Event) -> Event | None:
    """One event for two, if they differ in nothing else."""
    if type(first) is not type(second) or type(first) not in MERGED:
        return None
    changes: dict[str, Any] = {}
    for name in MERGED[type(first)]:
        changes[name] = getattr(first, name) + getattr(second, name)
    both = attrs.evolve(first, **changes)
    return both if attrs.evolve(second, **changes) == both else None


def simpler_fields(taken: Events) -> Iterator[Events]:
    """One field of one event simpler: left out if it may be, else a smaller or rounder number."""
    for place, event in enumerate(taken):
        for simpler in simpler_events(event):
            yield (*taken[:place], simpler, *taken[place + 1 :])


def simpler_events(event: Any) -> Iterator[Event]:
    """An event with one field simpler."""
    if isinstance(event, ListMarket) and len(event.tiers) > 1:
        yield attrs.evolve(event, tiers=event.tiers[:1])
        yield attrs.evolve(event, tiers=event.tiers[:-1])
    for field in fields_of(event.__class__):
        value = getattr(event, field.name, None)
        if field.optional and value is not None:
            yield attrs.evolve(event, **{field.name: None})
        if isinstance(field.kind, Amount) and value is not None:
            for number in rounder(value):
                changes: dict[str, Any] = {field.name: number}
                yield attrs.evolve(event, **changes)


def one_event_for_a_number(taken: Events) -> Iterator[Events]:
    """One event less, where an amount of another one is a multiple or a part of what it was.

    No leverage is set, say, and more is deposited instead.
    """
    for place in range(len(taken) - 1):
        without = (*taken[:place], *taken[place + 1 :])
        for other, event in enumerate(without):
            for changed in multiples(event):
                yield (*without[:other], changed, *without[other + 1 :])


def multiples(event: Any) -> Iterator[Event]:
    """An event with one amount twice or ten times as large, or as small."""
    for field in fields_of(event.__class__):
        value = getattr(event, field.name, None)
        if isinstance(field.kind, Amount) and value:
            for number in (value * 10, value * 2, value // 2, value // 10):
                changes: dict[str, Any] = {field.name: number}
                yield attrs.evolve(event, **changes)


def rounder(value: int) -> Iterator[int]:
    """Numbers simpler than one, the simplest first: zero, powers of ten, fewer digits; in 1e-8."""
    sign = -1 if value < 0 else 1
    digits = len(str(abs(value)))
    found = [0] if value else []
    if value:
        found += [sign * 10 ** (digits - 1), sign * 10**digits]
        for kept in range(1, digits):
            unit = 10 ** (digits - kept)
            found += [sign * (abs(value) // unit) * unit, sign * (abs(value) // unit + 1) * unit]
    seen = {value}
    for number in found:
        if number not in seen and weight(number) < weight(value):
            seen.add(number)
            yield number


def weight(value: int) -> tuple[int, int]:
    """How hard a number is to read: by its digits that are not trailing zeros, then by its size."""
    return len(str(abs(value)).rstrip("0")), abs(value)
