"""The names of ledger accounts: their kind and their owner, joined by colons."""

from marginspec_engine.layout import (
    ACCOUNT_TEXTS,
    ASSET_TEXTS,
    ISOLATED_OF,
    LEDGER_KINDS,
    LOT_OF,
    MARKET,
    MARKET_TEXTS,
    OWNER,
    OWNERS,
    POSITION_OF,
    RESERVE_OF,
    SIDE,
    SIDES,
    WALLET_OF,
)
from marginspec_engine.memory.words import Words, domain_row, position_row
from marginspec_engine.text.literals import literal
from marginspec_engine.text.texts import fixed, name, whole

COLON = literal(":")
KIND_TEXTS = tuple(literal(f"{kind}:") for kind in LEDGER_KINDS)
SIDE_TEXTS = tuple(literal(f":{side}") for side in SIDES)


def ledger_account(book: Words, out: int, asset: int, word: int) -> int:
    """A ledger account, as transfers of an asset name it."""
    kind, owner = word & (OWNERS - 1), word // OWNERS
    out = fixed(book, out, KIND_TEXTS[kind])
    if kind == WALLET_OF:
        out = fixed(book, name(book, out, ACCOUNT_TEXTS, domain_row(book, owner)[OWNER]), COLON)
        return name(book, out, ASSET_TEXTS, asset)
    if kind == POSITION_OF:
        return position_name(book, out, position_row(book, owner))
    if kind == ISOLATED_OF:
        return position_name(book, out, domain_row(book, owner))
    if kind == LOT_OF:
        return whole(book, out, owner)
    if kind == RESERVE_OF:
        return name(book, out, MARKET_TEXTS, owner)
    return name(book, out, ASSET_TEXTS, asset)


def position_name(book: Words, out: int, words: Words) -> int:
    """Account, market and side."""
    out = fixed(book, name(book, out, ACCOUNT_TEXTS, words[OWNER]), COLON)
    return fixed(book, name(book, out, MARKET_TEXTS, words[MARKET]), SIDE_TEXTS[words[SIDE]])
