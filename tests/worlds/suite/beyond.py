"""Well past an edge: for each draft that one quantum would decide otherwise, the same one where no rounding decides.

At level 2 an engine that errs at an edge may only round otherwise, so that the vector is undecided. An engine that is
wrong by a few percent differs here.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import attrs

from marginspec.model.events import Deposit, Event
from marginspec.transition import apply
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.comparing.near_ties import decision, turned_decisions
from marginspec_conformance.vectors.making import Draft

SUFFIX = "well-past"
FIELDS = ("amount", "price", "rate", "quantity")
"""Figures of a last event that may be moved; where it has none, or that is of no use, deposits before it are."""
PERCENT = (5, 10, 20, 50)
GRAINS = (10**8, 10**6, 10**4, 1)
"""An amount is moved to a multiple of one of these, in 1e-8, the coarsest that does."""
NO_PARTNER = {
    "ADL-04/halving-between-two-ends": "well past the edge nobody is deleveraged, which is what it is about",
    "LIQ-01/equal-and-one-above": "two accounts stand at the edge, on both sides of it",
    "MKT-04/funding-under-a-cap": "the rate stands at its cap, and a lower one liquidates nobody",
    **dict.fromkeys(
        ("NUM-03/withdrawals-past", "NUM-03/isolated-margin-past", "NUM-03/deleveraging-past"),
        "a balance stands at its limit, and has no room for so much more",
    ),
    "MRG-07/t-band-25": "it is unhealthy only since its maintenance is rounded up, at any mark",
}
"""Drafts at an edge that cannot be moved past it, and why."""


def beyond(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """For each draft at an edge, one well past it, unless that is written by hand."""
    written = {(one.clause, one.slug) for one in drafts}
    for draft in drafts:
        if f"{draft.clause}/{draft.slug}" in NO_PARTNER or (draft.clause, f"{draft.slug}-{SUFFIX}") in written:
            continue
        expected = last_of(draft)
        if is_at_an_edge(expected):
            found = next(partners(draft, expected), None)
            if found is not None:
                yield found


def last_of(draft: Draft) -> Expected:
    """What the specification makes of a draft's last event."""
    state = draft.start().state
    for event in draft.events[:-1]:
        state, _ = apply(state, event)
    return expected_of(state, draft.events[-1])


def is_at_an_edge(expected: Expected) -> bool:
    """Whether a quantum turns the verdict, or who is liquidated."""
    right = decision(expected.answer)[:2]
    return any(turned[:2] != right for turned in turned_decisions(expected, ()))


def partners(draft: Draft, expected: Expected) -> Iterator[Draft]:
    """The same draft with one figure moved by 5 to 50 percent, decided likewise, and by no quantum."""
    for place, field, percent in moves(draft.events):
        event = draft.events[place]
        for events in moved(draft.events, place, field, percent):
            what = f"the deposit of {event.account}" if isinstance(event, Deposit) else f"its {field}"
            by = f"{abs(percent)} percent {'more' if percent > 0 else 'less'}"
            why = f"As {draft.slug}, with {what} {by}: no rounding decides it."
            other = attrs.evolve(draft, slug=f"{draft.slug}-{SUFFIX}", why=why, events=events, venues=())
            last = last_of(other)
            alike = decision(last.answer)[:2] == decision(expected.answer)[:2]
            if alike and last.receipt.rejected == expected.receipt.rejected and not is_at_an_edge(last):
                yield other


def moves(events: tuple[Event, ...]) -> Iterator[tuple[int, str, int]]:
    """What may be moved, and by how much: figures of the last event, then deposits; the least first."""
    last = len(events) - 1
    ours = [(last, name) for name in FIELDS if isinstance(getattr(events[last], name, None), int)]
    deposits = [(place, "amount") for place, event in enumerate(events[:-1]) if isinstance(event, Deposit)]
    for figures in (ours, deposits):
        for percent, (place, name), sign in product(PERCENT, figures, (1, -1)):
            yield place, name, sign * percent


def moved(events: tuple[Event, ...], place: int, field: str, percent: int) -> Iterator[tuple[Event, ...]]:
    """The events with a figure moved by at least so many percent, in coarse steps if that goes."""
    event: Any = events[place]
    value = getattr(event, field)
    for grain in GRAINS:
        by = -(-abs(value * percent) // (100 * grain)) * grain
        if by and 2 * by <= abs(value):
            sign = 1 if (value * percent) > 0 else -1
            yield (*events[:place], attrs.evolve(event, **{field: value + sign * by}), *events[place + 1 :])
