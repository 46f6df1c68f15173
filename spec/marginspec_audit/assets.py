"""Which asset a ledger account counts in, and which assets a state has."""

from marginspec.model.ledger import LedgerAccount
from marginspec.model.state import State


def asset_of(state: State, account: LedgerAccount) -> str:
    """The asset that a ledger account counts in."""
    kind, owner, *rest = account.split(":")
    if kind in ("external", "insurance", "house", "clearing"):
        return owner
    if kind == "wallet":
        return rest[0]
    if kind == "lot":
        return state.markets[state.lots[int(owner)].market].asset
    return state.markets[owner if kind == "reserve" else rest[0]].asset


def assets_of(state: State) -> list[str]:
    """All assets that have a balance or a market."""
    held = {asset_of(state, account) for account in state.ledger if not is_closed_lot(state, account)}
    return sorted({*held, *(market.asset for market in state.markets.values())})


def is_closed_lot(state: State, account: LedgerAccount) -> bool:
    """Whether this is the account of a lot that is not open."""
    kind, owner, *_ = account.split(":")
    return kind == "lot" and int(owner) not in state.lots
