"""What settlement must look at: domains whose health an event may have lowered, assets whose cover it may have."""

from marginspec_engine import layout
from marginspec_engine.index.stale import set_flag
from marginspec_engine.memory.words import Words, asset_row, at, push


def suspect(book: Words, domain: int) -> None:
    """Have settlement look at a domain's health."""
    if set_flag(book, domain, layout.IS_SUSPECT):
        push(book, at(book, layout.SUSPECTS), domain)


def expose(book: Words, asset: int) -> None:
    """Have settlement look at an asset's cover."""
    words = asset_row(book, asset)
    if words[layout.IS_EXPOSED] == 0:
        words[layout.IS_EXPOSED] = 1
        book[layout.EXPOSED_ASSETS] = book[layout.EXPOSED_ASSETS] + 1
