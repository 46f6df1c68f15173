"""What is not known any more: boxes of domains that may have lost health, leaves of queues that may have changed."""

from marginspec_engine.compiled.memory import Words, at, push, row
from marginspec_engine.layout import DIRTY, DOMAIN_ROW, DOMAINS, EVENT, IS_DIRTY, IS_TOUCHED, QUEUES_TAKEN, TOUCHED


def touch(book: Words, domain: int) -> None:
    """A domain may be less healthy than it was: its boxes are made anew at the end of the event; so are its leaves."""
    dirty(book, domain)
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    if words[IS_TOUCHED] == 0:
        words[IS_TOUCHED] = 1
        push(book, at(book, TOUCHED), domain)


def dirty(book: Words, domain: int) -> None:
    """While an event has queues: the next search for a counterparty looks at the domain anew."""
    if book[QUEUES_TAKEN] != book[EVENT]:
        return
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    if words[IS_DIRTY] == 0:
        words[IS_DIRTY] = 1
        push(book, at(book, DIRTY), domain)
