"""What is not known any more: boxes of domains that may have lost health, leaves of queues that may have changed."""

from marginspec_engine.compiled.memory import Words, at, push, row
from marginspec_engine.layout import (
    DIRTY,
    DOMAIN_ROW,
    DOMAINS,
    EVENT,
    FIRST,
    IS_DIRTY,
    IS_LISTED,
    IS_STALE,
    MARKET,
    MARKET_ROW,
    MARKETS,
    NEXT,
    NONE,
    POSITION,
    POSITIONS,
    QUEUES_TAKEN,
    STALE,
)


def touch(book: Words, domain: int) -> None:
    """A domain may be less healthy than it was: its boxes hold no longer; neither do its leaves."""
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    dirty(book, domain)
    if words[IS_STALE] == 1:
        return
    words[IS_STALE] = 1
    position = words[FIRST]
    while position != NONE:
        list_stale(book, position)
        position = row(book, POSITIONS, position, POSITION)[NEXT]


def list_stale(book: Words, position: int) -> None:
    """Have the next mark of a position's market look at it."""
    words = row(book, POSITIONS, position, POSITION)
    if words[IS_LISTED] == 0:
        words[IS_LISTED] = 1
        push(book, at(row(book, MARKETS, words[MARKET], MARKET_ROW), STALE), position)


def dirty(book: Words, domain: int) -> None:
    """While an event has queues: the next search for a counterparty looks at the domain anew."""
    if book[QUEUES_TAKEN] != book[EVENT]:
        return
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    if words[IS_DIRTY] == 0:
        words[IS_DIRTY] = 1
        push(book, at(book, DIRTY), domain)
