"""What accounts of a simulated venue do besides trading: deposits, withdrawals, settings, isolated margin."""

from collections.abc import Callable

from marginspec.model import events, ledger
from marginspec.model.account import PositionKey
from marginspec.model.events import Event
from marginspec.model.market import Market
from marginspec_tools.simulate.venue import TRIES, Venue, is_wealthy, open_positions, wire_amount


def propose_cash(venue: Venue) -> Event | None:
    """A deposit, a withdrawal, a setting, or cash moved into or out of an isolated position."""
    weights = {"deposit": 30, "withdraw": 20, "leverage": 20, "margin": 12, "position": 6, "adjust": 12}
    index = venue.random.below(venue.parameters.accounts)
    account = venue.account(index)
    market = venue.state.markets[venue.home_market(index)]
    return CASH_PROPOSALS[venue.random.weighted(weights)](venue, account, market)


def propose_deposit(venue: Venue, account: str, market: Market) -> Event:
    """A deposit of up to a tenth of the usual first one."""
    most = venue.parameters.deposit * venue.unit(market.asset) // 10
    return events.Deposit(
        account, market.asset, wire_amount(venue, market.asset, venue.random.between(1, max(1, most)))
    )


def propose_withdrawal(venue: Venue, account: str, market: Market) -> Event | None:
    """A withdrawal of a part of the wallet."""
    amount = venue.cash(account, market.asset) * venue.random.between(1, 15) // 100
    return events.Withdraw(account, market.asset, wire_amount(venue, market.asset, amount)) if amount > 0 else None


def propose_leverage(venue: Venue, account: str, market: Market) -> Event:
    """A leverage up to the scenario's highest, as far as the market has it."""
    most = min(venue.parameters.leverage, market.tiers.tiers[0].max_leverage)
    return events.SetLeverage(account, market.id, venue.random.between((most + 1) // 2, most))


def propose_margin_mode(venue: Venue, account: str, market: Market) -> Event:
    """The other margin mode."""
    present = venue.margin_mode(account, market.id)
    return events.SetMarginMode(account, market.id, "isolated" if present == "cross" else "cross")


def propose_position_mode(venue: Venue, account: str, market: Market) -> Event:  # noqa: ARG001 - one signature for all
    """The other position mode."""
    present = venue.state.accounts[account]
    return events.SetPositionMode(account, "hedge" if present == "one_way" else "one_way")


def propose_adjustment(venue: Venue, account: str, market: Market) -> Event | None:
    """Cash into or out of an isolated position, of this account or, if it has none, of another one."""
    for _ in range(TRIES):
        held = open_positions(venue, account, market.id)
        if held and venue.margin_mode(account, market.id) == "isolated":
            return adjustment_of(venue, market, venue.random.pick(held))
        market = venue.market()
        account = venue.resident(market.id)
    return None


def adjustment_of(venue: Venue, market: Market, key: PositionKey) -> Event:
    """A few per cent of a position's cost, in or out."""
    amount = max(1, abs(venue.state.balance(ledger.position(*key))) * venue.random.between(1, 5) // 100)
    signed = amount if venue.random.happens(60) else -amount
    return events.AdjustIsolatedMargin(key.account, market.id, key.side, wire_amount(venue, market.asset, signed))


CASH_PROPOSALS: dict[str, Callable[[Venue, str, Market], Event | None]] = {
    "deposit": propose_deposit,
    "withdraw": propose_withdrawal,
    "leverage": propose_leverage,
    "margin": propose_margin_mode,
    "position": propose_position_mode,
    "adjust": propose_adjustment,
}


def first_deposit(venue: Venue, index: int, asset: str) -> int:
    """Around the usual deposit, thirty times that for the wealthy; in quanta."""
    usual = venue.parameters.deposit * venue.unit(asset)
    amount = usual * venue.random.between(20, 200) // 100
    return max(1, 30 * amount if is_wealthy(index) else amount)


def first_setting(venue: Venue, index: int) -> Event:
    """Hedge mode, isolated margin, or a leverage."""
    account, market = venue.account(index), venue.state.markets[venue.home_market(index)]
    choice = venue.random.weighted({"position": 25, "margin": 30, "leverage": 45})
    if choice == "position":
        return events.SetPositionMode(account, "hedge")
    if choice == "margin":
        return events.SetMarginMode(account, market.id, "isolated")
    return propose_leverage(venue, account, market)
