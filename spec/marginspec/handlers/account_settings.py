"""Events that change an account's position mode, margin mode or leverage."""

import attrs

from marginspec.handlers.guards import known_account, known_market
from marginspec.handlers.trading import leverage_fits
from marginspec.margin.margin import NO_SETTING, demanded_margin, domain_margin, leverage_of, margin_mode_of
from marginspec.model.account import DomainKey, PositionKey, PositionSide
from marginspec.model.effects import LeverageSet, MarginModeSet, PositionModeSet
from marginspec.model.events import SetLeverage, SetMarginMode, SetPositionMode
from marginspec.model.rejections import Reason, require
from marginspec.model.state import Book
from marginspec.model.units import MAX_LEVERAGE, MIN_LEVERAGE
from marginspec.registry import handles, rule
from marginspec.transaction import Transaction


@handles(SetPositionMode)
@rule("ACC-01")
def set_position_mode(transaction: Transaction, event: SetPositionMode) -> None:
    """The position mode changes only while the account has no position and no order."""
    present = known_account(transaction, event.account)
    if event.mode == present:
        return
    idle = event.account not in transaction.domains_of and event.account not in transaction.orders
    require(idle, Reason.NOT_FLAT)
    transaction.accounts = transaction.accounts.set(event.account, event.mode)
    transaction.effects.append(PositionModeSet(event.account, event.mode))


@handles(SetMarginMode)
@rule("ACC-01")
def set_margin_mode(transaction: Transaction, event: SetMarginMode) -> None:
    """The margin mode of a market changes only while the account is flat there, without orders there."""
    known_market(transaction, event.market)
    known_account(transaction, event.account)
    if event.mode == margin_mode_of(transaction, event.account, event.market):
        return
    require(is_idle(transaction, event.account, event.market), Reason.NOT_FLAT)
    setting = transaction.settings.get((event.account, event.market), NO_SETTING)
    changed = attrs.evolve(setting, margin_mode=event.mode)
    transaction.settings = transaction.settings.set((event.account, event.market), changed)
    transaction.effects.append(MarginModeSet(event.account, event.market, event.mode))


@handles(SetLeverage)
@rule("ACC-01", source="SRC-01")
def set_leverage(transaction: Transaction, event: SetLeverage) -> None:
    """A leverage is at most the first tier's maximum; positions and orders bound how far it changes.

    An isolated position's is not lowered, no position's is above its tier's maximum, and the cross domain's equity
    covers its margins after a lowering, and after a change that demands more.
    """
    market = known_market(transaction, event.market)
    known_account(transaction, event.account)
    require(MIN_LEVERAGE <= event.leverage <= MAX_LEVERAGE, Reason.INVALID_LEVERAGE)
    require(event.leverage <= market.tiers.tiers[0].max_leverage, Reason.INVALID_LEVERAGE)
    present = leverage_of(transaction, event.account, market)
    if event.leverage == present:
        return
    lowered = event.leverage < present
    held = positions_there(transaction, event.account, event.market)
    isolated = margin_mode_of(transaction, event.account, event.market) == "isolated"
    require(not (held and isolated and lowered), Reason.LEVERAGE_REDUCTION)
    cross = DomainKey(event.account, market.asset)
    margin = domain_margin(transaction, cross)
    demanded = demanded_margin(transaction, cross, margin)
    setting = transaction.settings.get((event.account, event.market), NO_SETTING)
    changed = attrs.evolve(setting, leverage=event.leverage)
    transaction.settings = transaction.settings.set((event.account, event.market), changed)
    transaction.effects.append(LeverageSet(event.account, event.market, event.leverage))
    require(all(leverage_fits(transaction, market, key) for key in held), Reason.LEVERAGE_ABOVE_TIER)
    demanded_now = demanded_margin(transaction, cross, margin)
    tested = lowered or demanded_now > demanded
    require(not tested or margin.equity >= demanded_now, Reason.INSUFFICIENT_MARGIN)


def positions_there(book: Book, account: str, market: str) -> tuple[PositionKey, ...]:
    """Keys of an account's open positions in a market, in order."""
    sides: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")
    keys = [PositionKey(account, market, side) for side in sides]
    return tuple(key for key in keys if key in book.positions)


def is_idle(book: Book, account: str, market: str) -> bool:
    """Whether an account has neither a position nor an order in a market."""
    if positions_there(book, account, market):
        return False
    return account not in book.orders or all(order.market != market for order in book.orders[account].values())
