"""Names of ledger accounts. All money is one double-entry ledger, and only transfers move it.

A name is its kind and owner joined by colons, as in `wallet:alice:USDT`; names of accounts, markets and
assets contain no colon. The balance of a position account is minus its open cost, of a lot account
minus the cost at which the liquidation engine took the lot over.
"""

from functools import cache
from typing import NewType

LedgerAccount = NewType("LedgerAccount", str)

FUND_KINDS = ("reserve:", "insurance:", "house:", "clearing:")
"""Kinds of ledger account whose balance is never below zero, after any single transfer."""


@cache
def external(asset: str) -> LedgerAccount:
    """The outside world: minus its balance is the net deposits of the asset."""
    return LedgerAccount(f"external:{asset}")


@cache
def wallet(account: str, asset: str) -> LedgerAccount:
    """Cash of an account's cross domain in an asset."""
    return LedgerAccount(f"wallet:{account}:{asset}")


@cache
def isolated(account: str, market: str, side: str) -> LedgerAccount:
    """Cash of an isolated position."""
    return LedgerAccount(f"isolated:{account}:{market}:{side}")


@cache
def position(account: str, market: str, side: str) -> LedgerAccount:
    """Minus the open cost of a position."""
    return LedgerAccount(f"position:{account}:{market}:{side}")


def lot(lot_id: int) -> LedgerAccount:
    """Minus the cost of a lot of the liquidation engine."""
    return LedgerAccount(f"lot:{lot_id}")


@cache
def reserve(market: str) -> LedgerAccount:
    """Risk reserve of one market."""
    return LedgerAccount(f"reserve:{market}")


@cache
def insurance(asset: str) -> LedgerAccount:
    """Insurance fund that the markets of an asset share."""
    return LedgerAccount(f"insurance:{asset}")


@cache
def house(asset: str) -> LedgerAccount:
    """The exchange's own money in an asset."""
    return LedgerAccount(f"house:{asset}")


@cache
def clearing(asset: str) -> LedgerAccount:
    """Where money passes through within an event; zero after every event."""
    return LedgerAccount(f"clearing:{asset}")
