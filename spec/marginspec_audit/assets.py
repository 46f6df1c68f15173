"""Which asset a ledger account counts in, and which assets a state has."""

from marginspec.model.ledger import LedgerAccount
from marginspec.model.state import State


def asset_of(state: State, account: LedgerAccount) -> str:
    """The asset that a ledger account counts in."""
    if account.asset:
        return account.asset
    market = state.lots[account.lot].market if account.kind == "lot" else account.market
    return state.markets[market].asset


def assets_of(state: State) -> list[str]:
    """All assets that have a balance or a market."""
    held = {asset_of(state, account) for account in state.ledger if not is_closed_lot(state, account)}
    return sorted({*held, *(market.asset for market in state.markets.values())})


def is_closed_lot(state: State, account: LedgerAccount) -> bool:
    """Whether this is the account of a lot that is not open."""
    return account.kind == "lot" and account.lot not in state.lots
