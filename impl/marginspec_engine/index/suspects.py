"""What settlement must look at: domains whose health an event may have lowered, assets whose cover it may have."""

from marginspec_engine.index.stale import set_flag
from marginspec_engine.layout import EXPOSED_ASSETS, IS_EXPOSED, IS_SUSPECT, SUSPECTS
from marginspec_engine.memory.words import Words, asset_row, at, push


def suspect(book: Words, domain: int) -> None:
    """Have settlement look at a domain's health."""
    if set_flag(book, domain, IS_SUSPECT):
        push(book, at(book, SUSPECTS), domain)


def expose(book: Words, asset: int) -> None:
    """Have settlement look at an asset's cover."""
    words = asset_row(book, asset)
    if words[IS_EXPOSED] == 0:
        words[IS_EXPOSED] = 1
        book[EXPOSED_ASSETS] = book[EXPOSED_ASSETS] + 1
