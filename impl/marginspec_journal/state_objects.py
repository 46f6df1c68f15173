"""A state as the JSON object of a state file, with keys in order by code point."""

from collections.abc import Iterable
from typing import Any, Final

import attrs

from marginspec import RULEBOOK_VERSION
from marginspec.margin.margin import leverage_of, margin_mode_of
from marginspec.model.account import DomainKey, Lot, MarginMode, Order, PositionKey, PositionMode, Setting
from marginspec.model.effects import FundStatus
from marginspec.model.fields import fields_of
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import MAX_LEVERAGE, MAX_PRICE, MAX_QUANTITY, MIN_LEVERAGE, Quantity
from marginspec_audit import asset_of
from marginspec_journal.canonical import JsonObject
from marginspec_journal.decimals import decimal_text
from marginspec_journal.digits import Digits, digits_of
from marginspec_journal.header import header_object
from marginspec_journal.records import RecordForm

STATE_VERSION: Final = 1

MAX_STATED_MONEY = 2**63 - 1
"""Settlement may leave more than the limit of 2^62, but nothing that a signed 64-bit integer cannot hold."""


@attrs.frozen
class Account:
    """An account that exists."""

    position_mode: PositionMode


@attrs.frozen
class Position:
    """A position that is not flat; margin mode and leverage are what the account's settings or defaults give."""

    quantity: Quantity
    margin_mode: MarginMode
    leverage: int


ACCOUNT, POSITION = RecordForm(Account), RecordForm(Position)
MARKET, LOT = RecordForm(Market, key="market"), RecordForm(Lot, key="lot")
SETTING = RecordForm(Setting, bounds={"leverage": (MIN_LEVERAGE, MAX_LEVERAGE)})
ORDER = RecordForm(Order, key="order", bounds={"quantity": (1, MAX_QUANTITY), "price": (1, MAX_PRICE)})
FUND_STATUS = RecordForm(FundStatus, bounds={counter.name: (0, MAX_STATED_MONEY) for counter in fields_of(FundStatus)})
"""The records of a state, which stand by their names or numbers."""


def state_object(state: State, *, events: int, accepted: int, rejected: int) -> JsonObject:
    """Everything of a state and how many events led to it, without the chain's hash."""
    digits = digits_of(state)
    return in_order(
        {
            "accepted": accepted,
            "accounts": in_order((name, ACCOUNT.encode(Account(mode))) for name, mode in state.accounts.items()),
            "closed_markets": list(state.closed_markets),
            "events": events,
            "fund_status": in_order(
                (market, FUND_STATUS.encode(status, digits.markets[market]))
                for market, status in state.fund_status.items()
            ),
            "header": header_object(state.header),
            "ledger": in_order(
                (str(account), decimal_text(balance, digits.assets[asset_of(state, account)]))
                for account, balance in state.ledger.items()
            ),
            "lots": in_order((str(lot.id), LOT.encode(lot, digits)) for lot in state.lots.values()),
            "marks": _marks(state),
            "markets": in_order((name, MARKET.encode(market, digits)) for name, market in state.markets.items()),
            "next_lot": state.next_lot,
            "orders": in_order(
                (account, in_order((order.id, ORDER.encode(order, digits)) for order in orders.values()))
                for account, orders in state.orders.items()
            ),
            "positions": in_order((":".join(key), _position(state, key, digits)) for key in state.positions),
            "rejected": rejected,
            "relief_claims": in_order(
                (claim_name(domain), decimal_text(claim, digits.assets[domain.asset]))
                for claims in state.relief_claims.values()
                for domain, claim in claims.items()
            ),
            "rulebook": RULEBOOK_VERSION,
            "settings": in_order((":".join(owner), SETTING.encode(one)) for owner, one in state.settings.items()),
            "state": STATE_VERSION,
            "uncovered": in_order(
                (asset, decimal_text(amount, digits.assets[asset])) for asset, amount in state.uncovered.items()
            ),
        }
    )


def in_order(fields: Iterable[tuple[str, Any]] | JsonObject) -> JsonObject:
    """An object with its keys in order by code point."""
    return dict(sorted(fields.items() if isinstance(fields, dict) else fields))


def claim_name(domain: DomainKey) -> str:
    """The name of a domain's claim: the account, the isolated position if it is one, and the asset."""
    return ":".join(part for part in (domain.account, domain.market, domain.side, domain.asset) if part)


def _marks(state: State) -> JsonObject:
    return in_order(
        (market.id, decimal_text(market.mark, market.price_decimals))
        for market in state.markets.values()
        if market.mark is not None
    )


def _position(state: State, key: PositionKey, digits: Digits) -> JsonObject:
    margin_mode = margin_mode_of(state, key.account, key.market)
    leverage = leverage_of(state, key.account, state.markets[key.market])
    return POSITION.encode(Position(state.positions[key], margin_mode, leverage), digits.markets[key.market])
