"""What settlement must look at: domains whose health an event may have lowered, assets whose cover it may have."""

from marginspec_engine.compiled.memory import Words, at, push, row
from marginspec_engine.layout import (
    ASSET_ROW,
    ASSETS,
    DOMAIN_ROW,
    DOMAINS,
    EXPOSED_ASSETS,
    IS_EXPOSED,
    IS_SUSPECT,
    SUSPECTS,
)


def suspect(book: Words, domain: int) -> None:
    """Have settlement look at a domain's health."""
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    if words[IS_SUSPECT] == 0:
        words[IS_SUSPECT] = 1
        push(book, at(book, SUSPECTS), domain)


def expose(book: Words, asset: int) -> None:
    """Have settlement look at an asset's cover."""
    words = row(book, ASSETS, asset, ASSET_ROW)
    if words[IS_EXPOSED] == 0:
        words[IS_EXPOSED] = 1
        book[EXPOSED_ASSETS] = book[EXPOSED_ASSETS] + 1
