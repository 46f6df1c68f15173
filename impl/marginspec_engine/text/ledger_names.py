"""The names of ledger accounts: their kind and their owner, joined by colons."""

from marginspec_engine.layout import (
    ACCOUNT_TEXTS,
    ASSET_TEXTS,
    CLEARING_OF,
    HOUSE_OF,
    INSURANCE_OF,
    ISOLATED_OF,
    LEDGER_KINDS,
    LONG,
    LOT_OF,
    MARKET,
    MARKET_TEXTS,
    OWNER,
    OWNERS,
    POSITION_OF,
    RESERVE_OF,
    SHORT,
    SIDE,
    SIDES,
    WALLET_OF,
)
from marginspec_engine.memory.words import Words, domain_row, position_row
from marginspec_engine.text.literals import literal
from marginspec_engine.text.texts import fixed, name, whole

COLON = literal(":")
EXTERNAL, WALLET, ISOLATED, POSITION, LOT, RESERVE, INSURANCE, HOUSE, CLEARING = (
    literal(f"{kind}:") for kind in LEDGER_KINDS
)
BOTH_TEXT, LONG_TEXT, SHORT_TEXT = (literal(f":{side}") for side in SIDES)


def ledger_account(book: Words, out: int, asset: int, word: int) -> int:
    """A ledger account, as transfers of an asset name it."""
    kind, owner = word & (OWNERS - 1), word // OWNERS
    if kind == WALLET_OF:
        out = name(book, fixed(book, out, WALLET), ACCOUNT_TEXTS, domain_row(book, owner)[OWNER])
        return name(book, fixed(book, out, COLON), ASSET_TEXTS, asset)
    if kind == POSITION_OF:
        return position_name(book, fixed(book, out, POSITION), position_row(book, owner))
    if kind == ISOLATED_OF:
        return position_name(book, fixed(book, out, ISOLATED), domain_row(book, owner))
    if kind == LOT_OF:
        return whole(book, fixed(book, out, LOT), owner)
    if kind == RESERVE_OF:
        return name(book, fixed(book, out, RESERVE), MARKET_TEXTS, owner)
    return name(book, asset_kind(book, out, kind), ASSET_TEXTS, asset)


def asset_kind(book: Words, out: int, kind: int) -> int:
    """How the name of an asset's own account begins."""
    if kind == INSURANCE_OF:
        return fixed(book, out, INSURANCE)
    if kind == HOUSE_OF:
        return fixed(book, out, HOUSE)
    return fixed(book, out, CLEARING if kind == CLEARING_OF else EXTERNAL)


def position_name(book: Words, out: int, words: Words) -> int:
    """Account, market and side."""
    out = fixed(book, name(book, out, ACCOUNT_TEXTS, words[OWNER]), COLON)
    out = name(book, out, MARKET_TEXTS, words[MARKET])
    if words[SIDE] == SHORT:
        return fixed(book, out, SHORT_TEXT)
    return fixed(book, out, LONG_TEXT if words[SIDE] == LONG else BOTH_TEXT)
