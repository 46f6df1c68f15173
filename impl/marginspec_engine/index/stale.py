"""What is not known any more: boxes of domains that may have lost health, leaves of queues that may have changed."""

from marginspec_engine import layout
from marginspec_engine.memory.words import Words, at, domain_row, push


def mark_stale(book: Words, domain: int) -> None:
    """A domain may be less healthy than it was: its boxes are made anew at the end of the event; so are its leaves."""
    mark_leaves_stale(book, domain)
    if set_flag(book, domain, layout.HAS_STALE_BOXES):
        push(book, at(book, layout.STALE_BOXES), domain)


def mark_leaves_stale(book: Words, domain: int) -> None:
    """While an event has queues: the next search for a counterparty looks at the domain anew."""
    if book[layout.QUEUES_TAKEN] != book[layout.EVENT]:
        return
    clear_flag(book, domain, layout.HAS_KNOWN_MARGIN)
    if set_flag(book, domain, layout.HAS_STALE_LEAVES):
        push(book, at(book, layout.STALE_LEAVES), domain)


def set_flag(book: Words, domain: int, flag: int) -> bool:
    """Set a flag of a domain; whether it was not set."""
    words = domain_row(book, domain)
    if words[layout.FLAGS] & flag != 0:
        return False
    words[layout.FLAGS] = words[layout.FLAGS] | flag
    return True


def clear_flag(book: Words, domain: int, flag: int) -> None:
    """Clear a flag of a domain."""
    words = domain_row(book, domain)
    words[layout.FLAGS] = words[layout.FLAGS] & ~flag
