"""All drafts, in the order of the suite: by clause, those written by hand first, then those of recorded journals."""

from collections import Counter

from marginspec_conformance.vectors.making import Draft
from worlds.suite import (
    acceptable,
    balances,
    bands,
    basics,
    beyond,
    boundaries,
    corners,
    directed,
    edges,
    floats,
    forgotten,
    hidden,
    incidents,
    isolated,
    limits,
    many,
    recorded,
    ties,
    waterfall,
)

VERSION = "5"
"""The version of the suite; it rises with every change of a vector."""
BY_HAND = (
    *(limits, balances, edges, acceptable, bands, ties, waterfall, corners, boundaries, hidden, forgotten, many),
    *(floats, incidents, basics, isolated),
)


def drafts() -> list[Draft]:
    """Every draft once; no two of a clause have one name."""
    found = [draft for module in BY_HAND for draft in module.DRAFTS]
    found += [*directed.drafts(), *recorded.drafts()]
    found += [*beyond.beyond(found)]
    found.sort(key=lambda one: one.clause)
    names = Counter((one.clause, one.slug) for one in found)
    repeated = sorted(name for name, count in names.items() if count > 1)
    assert not repeated, f"names that several drafts of a clause have: {repeated}"
    return found
