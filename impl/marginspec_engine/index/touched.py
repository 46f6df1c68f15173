"""What is not known any more: boxes of domains that may have lost health, leaves of queues that may have changed."""

from marginspec_engine.layout import (
    DIRTY,
    DOMAIN_ROW,
    DOMAINS,
    EVENT,
    IS_DIRTY,
    IS_KNOWN,
    IS_TOUCHED,
    NOTES,
    QUEUES_TAKEN,
    TOUCHED,
)
from marginspec_engine.memory.words import Words, at, push, row


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
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    if words[NOTES] & noted != 0:
        return False
    words[NOTES] = words[NOTES] | noted
    return True


def forget(book: Words, domain: int, noted: int) -> None:
    """Note something of a domain no more."""
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    words[NOTES] = words[NOTES] & ~noted
