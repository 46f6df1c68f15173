"""Drafts from events, with short defaults: the market A in USD, all in whole units, as in `generator.events`."""

from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec_conformance.generator.events import deposit, listing, mark
from marginspec_conformance.vectors.making import Draft
from worlds.states import MINIMAL

OPEN = (listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))
"""Market A at 100, maintenance 5% up to 1000 and 10% less 50 above, leverage 10 and 5; three accounts."""


def draft(
    clause: str,
    slug: str,
    why: str,
    *events: Event,
    header: Header = MINIMAL,
    also: tuple[str, ...] = (),
    venues: tuple[str, ...] = (),
) -> Draft:
    """A vector of a clause; the last event is what it is about."""
    return Draft(clause, slug, why, header, events, clauses=also, venues=venues)
