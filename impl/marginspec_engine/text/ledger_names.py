"""The names of ledger accounts: their kind and their owner, joined by colons."""

from marginspec_engine import layout
from marginspec_engine.memory.words import Words, domain_row, position_row
from marginspec_engine.text.literals import literal
from marginspec_engine.text.texts import fixed, name, whole

COLON = literal(":")
EXTERNAL, WALLET, ISOLATED, POSITION, LOT, RESERVE, INSURANCE, RELIEF, HOUSE, CLEARING = (
    literal(f"{kind}:") for kind in layout.LEDGER_KINDS
)
BOTH_TEXT, LONG_TEXT, SHORT_TEXT = (literal(f":{side}") for side in layout.SIDES)


def ledger_account(book: Words, out: int, asset: int, word: int) -> int:
    """A ledger account, as transfers of an asset name it."""
    kind, owner = word & (layout.OWNERS - 1), word // layout.OWNERS
    if kind == layout.WALLET_OF:
        out = name(book, fixed(book, out, WALLET), layout.ACCOUNT_TEXTS, domain_row(book, owner)[layout.OWNER])
        return name(book, fixed(book, out, COLON), layout.ASSET_TEXTS, asset)
    if kind == layout.POSITION_OF:
        return position_name(book, fixed(book, out, POSITION), position_row(book, owner))
    if kind == layout.ISOLATED_OF:
        return position_name(book, fixed(book, out, ISOLATED), domain_row(book, owner))
    if kind == layout.LOT_OF:
        return whole(book, fixed(book, out, LOT), owner)
    if kind == layout.RESERVE_OF:
        return name(book, fixed(book, out, RESERVE), layout.MARKET_TEXTS, owner)
    return name(book, asset_kind(book, out, kind), layout.ASSET_TEXTS, asset)


def asset_kind(book: Words, out: int, kind: int) -> int:
    """How the name of an asset's own account begins."""
    if kind == layout.INSURANCE_OF:
        return fixed(book, out, INSURANCE)
    if kind == layout.RELIEF_OF:
        return fixed(book, out, RELIEF)
    if kind == layout.HOUSE_OF:
        return fixed(book, out, HOUSE)
    return fixed(book, out, CLEARING if kind == layout.CLEARING_OF else EXTERNAL)


def position_name(book: Words, out: int, words: Words) -> int:
    """Account, market and side."""
    out = fixed(book, name(book, out, layout.ACCOUNT_TEXTS, words[layout.OWNER]), COLON)
    out = name(book, out, layout.MARKET_TEXTS, words[layout.MARKET])
    if words[layout.SIDE] == layout.SHORT:
        return fixed(book, out, SHORT_TEXT)
    return fixed(book, out, LONG_TEXT if words[layout.SIDE] == layout.LONG else BOTH_TEXT)
