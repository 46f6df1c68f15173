"""What is not known any more: boxes of domains that may have lost health, leaves of queues that may have changed."""

from marginspec_engine.layout import DIRTY, EVENT, FLAGS, IS_DIRTY, IS_KNOWN, IS_TOUCHED, QUEUES_TAKEN, TOUCHED
from marginspec_engine.memory.words import Words, at, domain_row, push


def touch(book: Words, domain: int) -> None:
    """A domain may be less healthy than it was: its boxes are made anew at the end of the event; so are its leaves."""
    dirty(book, domain)
    if note(book, domain, IS_TOUCHED):
        push(book, at(book, TOUCHED), domain)


def dirty(book: Words, domain: int) -> None:
    """While an event has queues: the next search for a counterparty looks at the domain anew."""
    if book[QUEUES_TAKEN] != book[EVENT]:
        return
    forget(book, domain, IS_KNOWN)
    if note(book, domain, IS_DIRTY):
        push(book, at(book, DIRTY), domain)


def note(book: Words, domain: int, noted: int) -> bool:
    """Note something of a domain; whether it was not noted yet."""
    words = domain_row(book, domain)
    if words[FLAGS] & noted != 0:
        return False
    words[FLAGS] = words[FLAGS] | noted
    return True


def forget(book: Words, domain: int, noted: int) -> None:
    """Note something of a domain no more."""
    words = domain_row(book, domain)
    words[FLAGS] = words[FLAGS] & ~noted
