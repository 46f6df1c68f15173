"""A state as the JSON object of a state file, with keys in order by code point."""

from collections.abc import Iterable
from typing import Any, Final

from marginspec import RULEBOOK_VERSION
from marginspec.margin.margin import leverage_of, margin_mode_of
from marginspec.model.account import Lot, Order, PositionKey, Setting
from marginspec.model.state import State
from marginspec_audit import asset_of
from marginspec_journal.canonical import JsonObject, header_object
from marginspec_journal.decimals import decimal_text
from marginspec_journal.effects import Digits, market_object, status_object

STATE_VERSION: Final = 1


def state_object(state: State, *, events: int, accepted: int, rejected: int) -> JsonObject:
    """Everything of a state and how many events led to it, without the chain's hash."""
    digits = digits_of(state)
    return in_order(
        {
            "accepted": accepted,
            "accounts": {name: {"position_mode": mode} for name, mode in sorted(state.accounts.items())},
            "events": events,
            "fund_status": _fund_status(state, digits),
            "header": header_object(state.header),
            "ledger": _ledger(state, digits),
            "lots": _lots(state, digits),
            "marks": _marks(state),
            "markets": {name: market_object(market, digits) for name, market in sorted(state.markets.items())},
            "next_lot": state.next_lot,
            "orders": _orders(state, digits),
            "positions": _positions(state, digits),
            "rejected": rejected,
            "rulebook": RULEBOOK_VERSION,
            "settings": _settings(state),
            "state": STATE_VERSION,
            "uncovered": _uncovered(state, digits),
        }
    )


def digits_of(state: State) -> Digits:
    """The digits of a state's assets and markets."""
    digits = Digits(state.header)
    for market in state.markets.values():
        digits.add_market(market)
    return digits


def in_order(fields: Iterable[tuple[str, Any]] | JsonObject) -> JsonObject:
    """An object with its keys in order by code point."""
    return dict(sorted(fields.items() if isinstance(fields, dict) else fields))


def _fund_status(state: State, digits: Digits) -> JsonObject:
    return in_order(
        (market, status_object(status, digits.markets[market].money)) for market, status in state.fund_status.items()
    )


def _ledger(state: State, digits: Digits) -> JsonObject:
    return in_order(
        (str(account), decimal_text(balance, digits.assets[asset_of(state, account)]))
        for account, balance in state.ledger.items()
    )


def _lots(state: State, digits: Digits) -> JsonObject:
    return in_order((str(lot.id), _lot(lot, digits)) for lot in state.lots.values())


def _lot(lot: Lot, digits: Digits) -> JsonObject:
    return {
        "account": lot.account,
        "margin_mode": lot.margin_mode,
        "market": lot.market,
        "quantity": decimal_text(lot.quantity, digits.markets[lot.market].quantity),
        "reason": lot.reason,
        "side": lot.side,
    }


def _marks(state: State) -> JsonObject:
    return in_order(
        (market.id, decimal_text(market.mark, market.price_decimals))
        for market in state.markets.values()
        if market.mark is not None
    )


def _orders(state: State, digits: Digits) -> JsonObject:
    return in_order(
        (account, in_order((order.id, _order(order, digits)) for order in orders.values()))
        for account, orders in state.orders.items()
    )


def _order(order: Order, digits: Digits) -> JsonObject:
    market = digits.markets[order.market]
    return {
        "market": order.market,
        "position_side": order.position_side,
        "price": decimal_text(order.price, market.price),
        "quantity": decimal_text(abs(order.quantity), market.quantity),
        "reduce_only": order.reduce_only,
        "side": "buy" if order.quantity > 0 else "sell",
    }


def _positions(state: State, digits: Digits) -> JsonObject:
    return in_order((":".join(key), _position(state, key, digits)) for key in state.positions)


def _position(state: State, key: PositionKey, digits: Digits) -> JsonObject:
    return {
        "leverage": leverage_of(state, key.account, state.markets[key.market]),
        "margin_mode": margin_mode_of(state, key.account, key.market),
        "quantity": decimal_text(state.positions[key], digits.markets[key.market].quantity),
    }


def _settings(state: State) -> JsonObject:
    return in_order((":".join(owner), _setting(setting)) for owner, setting in state.settings.items())


def _setting(setting: Setting) -> JsonObject:
    encoded: JsonObject = {}
    if setting.leverage is not None:
        encoded["leverage"] = setting.leverage
    if setting.margin_mode is not None:
        encoded["margin_mode"] = setting.margin_mode
    return encoded


def _uncovered(state: State, digits: Digits) -> JsonObject:
    return in_order((asset, decimal_text(amount, digits.assets[asset])) for asset, amount in state.uncovered.items())
