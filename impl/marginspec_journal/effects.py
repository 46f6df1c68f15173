"""Canonical objects of receipts: what an event did, in the decimals of its markets and assets.

Money has as many digits after the point as its asset counts, prices and quantities as many as their
market, rates 8. Each class of effect has one function here, which builds its object with keys in order.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from marginspec.model.account import DomainKey
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    FeesUpdated,
    FundStatus,
    InsuranceStatus,
    LeverageSet,
    Levied,
    LotOpened,
    LotReduced,
    MarginModeSet,
    MarketListed,
    MarkSet,
    OrderCancelled,
    OrderPlaced,
    OrderReduced,
    PositionChanged,
    PositionModeSet,
    Receipt,
    ReserveStatus,
    TiersUpdated,
    Transferred,
    UncoveredChanged,
)
from marginspec.model.market import FeeTerms, Market, TierTable
from marginspec.model.state import Header
from marginspec.model.units import DEFAULT_ASSET_DECIMALS, WIRE_DECIMALS
from marginspec_journal.canonical import JsonObject
from marginspec_journal.decimals import decimal_text


class MarketDigits(NamedTuple):
    """Digits after the point of a market's prices and quantities, and of its asset's money."""

    price: int
    quantity: int
    money: int


class AssetDigits(dict[str, int]):
    """Digits after the point of each asset's money; an asset that is not listed has the default."""

    def __missing__(self, asset: str) -> int:
        return DEFAULT_ASSET_DECIMALS


class Digits:
    """How many digits each asset and market counts: neither changes, so each is taken down once."""

    def __init__(self, header: Header) -> None:
        self.assets = AssetDigits(header.asset_decimals.items())
        self.markets: dict[str, MarketDigits] = {}

    def add_market(self, market: Market) -> None:
        """Take down a market's decimals."""
        money = self.assets[market.asset]
        self.markets[market.id] = MarketDigits(market.price_decimals, market.quantity_decimals, money)

    def add_listed(self, receipt: Receipt) -> None:
        """Take down the decimals of the market that an event listed, if it did."""
        for effect in receipt.effects:
            if isinstance(effect, MarketListed):
                self.add_market(effect.market)


def receipt_object(receipt: Receipt, event_hash: str, number: int, digits: Digits) -> JsonObject:
    """A receipt: its number from 1, the hash of its event, and its effects or the reason of rejection."""
    if receipt.rejected is not None:
        return {"event": event_hash, "rejected": receipt.rejected.value, "seq": number}
    effects = [EFFECT_ENCODERS[type(effect)](effect, digits) for effect in receipt.effects]
    return {"accepted": True, "effects": effects, "event": event_hash, "seq": number}


def fees_object(fees: FeeTerms) -> JsonObject:
    """A market's fee rates."""
    return {
        "clearance_fee": decimal_text(fees.clearance_fee, WIRE_DECIMALS),
        "insurance_fee_share": decimal_text(fees.insurance_fee_share, WIRE_DECIMALS),
        "maker_fee": decimal_text(fees.maker_fee, WIRE_DECIMALS),
        "taker_fee": decimal_text(fees.taker_fee, WIRE_DECIMALS),
    }


def tiers_objects(table: TierTable, money_decimals: int) -> list[JsonObject]:
    """A market's tier table, without the deductions, which follow from the rest."""
    return [
        {
            "floor": decimal_text(tier.floor, money_decimals),
            "maintenance_rate": decimal_text(tier.maintenance_rate, WIRE_DECIMALS),
            "max_leverage": tier.max_leverage,
        }
        for tier in table.tiers
    ]


def market_object(market: Market, digits: Digits) -> JsonObject:
    """All parameters of a market under the names of list_market, without its id and mark."""
    fees = fees_object(market.fees)
    return {
        "asset": market.asset,
        "clearance_fee": fees["clearance_fee"],
        "insurance_fee_share": fees["insurance_fee_share"],
        "maker_fee": fees["maker_fee"],
        "price_decimals": market.price_decimals,
        "quantity_decimals": market.quantity_decimals,
        "taker_fee": fees["taker_fee"],
        "tick": decimal_text(market.tick, market.price_decimals),
        "tiers": tiers_objects(market.tiers, digits.assets[market.asset]),
    }


def status_object(status: FundStatus, money_decimals: int) -> JsonObject:
    """The counters of a market's funds."""
    return {
        "balance": decimal_text(status.balance, money_decimals),
        "deleveraged": decimal_text(status.deleveraged, money_decimals),
        "high_water": decimal_text(status.high_water, money_decimals),
        "inflow": decimal_text(status.inflow, money_decimals),
        "insurance_drawn": decimal_text(status.insurance_drawn, money_decimals),
        "levied": decimal_text(status.levied, money_decimals),
        "outflow": decimal_text(status.outflow, money_decimals),
    }


def _in_order(encoded: JsonObject) -> JsonObject:
    return {key: encoded[key] for key in sorted(encoded)}


def _market_listed(effect: MarketListed, digits: Digits) -> JsonObject:
    market = effect.market
    return _in_order({**market_object(market, digits), "market": market.id, "type": "market_listed"})


def _tiers_updated(effect: TiersUpdated, digits: Digits) -> JsonObject:
    tiers = tiers_objects(effect.tiers, digits.markets[effect.market].money)
    return {"market": effect.market, "tiers": tiers, "type": "tiers_updated"}


def _fees_updated(effect: FeesUpdated, _digits: Digits) -> JsonObject:
    return _in_order({**fees_object(effect.fees), "market": effect.market, "type": "fees_updated"})


def _mark(effect: MarkSet, digits: Digits) -> JsonObject:
    price = decimal_text(effect.price, digits.markets[effect.market].price)
    return {"market": effect.market, "price": price, "type": "mark"}


def _position_mode(effect: PositionModeSet, _digits: Digits) -> JsonObject:
    return {"account": effect.account, "mode": effect.mode, "type": "position_mode"}


def _margin_mode(effect: MarginModeSet, _digits: Digits) -> JsonObject:
    return {"account": effect.account, "market": effect.market, "mode": effect.mode, "type": "margin_mode"}


def _leverage(effect: LeverageSet, _digits: Digits) -> JsonObject:
    return {"account": effect.account, "leverage": effect.leverage, "market": effect.market, "type": "leverage"}


def _order_placed(effect: OrderPlaced, digits: Digits) -> JsonObject:
    order = effect.order
    market = digits.markets[order.market]
    return {
        "account": effect.account,
        "market": order.market,
        "order": order.id,
        "position_side": order.position_side,
        "price": decimal_text(order.price, market.price),
        "quantity": decimal_text(abs(order.quantity), market.quantity),
        "reduce_only": order.reduce_only,
        "side": "buy" if order.quantity > 0 else "sell",
        "type": "order_placed",
    }


def _order_reduced(effect: OrderReduced, digits: Digits) -> JsonObject:
    quantity = decimal_text(abs(effect.quantity), digits.markets[effect.market].quantity)
    return {
        "account": effect.account,
        "market": effect.market,
        "order": effect.order,
        "quantity": quantity,
        "type": "order_reduced",
    }


def _order_cancelled(effect: OrderCancelled, _digits: Digits) -> JsonObject:
    return {"account": effect.account, "order": effect.order, "type": "order_cancelled"}


def _transfer(effect: Transferred, digits: Digits) -> JsonObject:
    return {
        "amount": decimal_text(effect.amount, digits.assets[effect.asset]),
        "asset": effect.asset,
        "rule": effect.rule,
        "source": str(effect.source),
        "target": str(effect.target),
        "type": "transfer",
    }


def _position(effect: PositionChanged, digits: Digits) -> JsonObject:
    account, market, side = effect.key
    return {
        "account": account,
        "market": market,
        "quantity": decimal_text(effect.quantity, digits.markets[market].quantity),
        "side": side,
        "type": "position",
    }


def _of_domain(domain: DomainKey, fields: JsonObject) -> JsonObject:
    """Fields of an effect on a domain; an isolated one is named by its market and side too."""
    named: JsonObject = {**fields, "account": domain.account, "asset": domain.asset}
    if not domain.is_cross:
        named |= {"market": domain.market, "side": domain.side}
    return _in_order(named)


def _liquidation(effect: DomainLiquidated, digits: Digits) -> JsonObject:
    money = digits.assets[effect.domain.asset]
    equity, maintenance = decimal_text(effect.equity, money), decimal_text(effect.maintenance, money)
    return _of_domain(effect.domain, {"equity": equity, "maintenance": maintenance, "type": "liquidation"})


def _lot_opened(effect: LotOpened, digits: Digits) -> JsonObject:
    lot = effect.lot
    market = digits.markets[lot.market]
    return {
        "account": lot.account,
        "cost": decimal_text(effect.cost, market.money),
        "lot": lot.id,
        "margin_mode": lot.margin_mode,
        "market": lot.market,
        "quantity": decimal_text(lot.quantity, market.quantity),
        "reason": lot.reason,
        "side": lot.side,
        "type": "lot_opened",
    }


def _lot_reduced(effect: LotReduced, digits: Digits) -> JsonObject:
    quantity = decimal_text(effect.quantity, digits.markets[effect.market].quantity)
    return {"lot": effect.lot, "market": effect.market, "quantity": quantity, "type": "lot_reduced"}


def _deleveraged(effect: Deleveraged, digits: Digits) -> JsonObject:
    account, market_id, side = effect.counterparty
    market = digits.markets[market_id]
    return {
        "account": account,
        "loss": decimal_text(effect.loss, market.money),
        "lot": effect.lot,
        "market": market_id,
        "quantity": decimal_text(effect.quantity, market.quantity),
        "side": side,
        "type": "deleveraged",
        "value": decimal_text(effect.value, market.money),
    }


def _levy(effect: Levied, digits: Digits) -> JsonObject:
    amount = decimal_text(effect.amount, digits.assets[effect.domain.asset])
    return _of_domain(effect.domain, {"amount": amount, "type": "levy"})


def _uncovered(effect: UncoveredChanged, digits: Digits) -> JsonObject:
    amount = decimal_text(effect.amount, digits.assets[effect.asset])
    return {"amount": amount, "asset": effect.asset, "type": "uncovered"}


def _reserve_status(effect: ReserveStatus, digits: Digits) -> JsonObject:
    status = status_object(effect.status, digits.markets[effect.market].money)
    return _in_order({**status, "market": effect.market, "type": "reserve_status"})


def _insurance_status(effect: InsuranceStatus, digits: Digits) -> JsonObject:
    balance = decimal_text(effect.balance, digits.assets[effect.asset])
    return {"asset": effect.asset, "balance": balance, "type": "insurance_status"}


EFFECT_ENCODERS: dict[type, Callable[[Any, Digits], JsonObject]] = {
    MarketListed: _market_listed,
    TiersUpdated: _tiers_updated,
    FeesUpdated: _fees_updated,
    MarkSet: _mark,
    PositionModeSet: _position_mode,
    MarginModeSet: _margin_mode,
    LeverageSet: _leverage,
    OrderPlaced: _order_placed,
    OrderReduced: _order_reduced,
    OrderCancelled: _order_cancelled,
    Transferred: _transfer,
    PositionChanged: _position,
    DomainLiquidated: _liquidation,
    LotOpened: _lot_opened,
    LotReduced: _lot_reduced,
    Deleveraged: _deleveraged,
    Levied: _levy,
    UncoveredChanged: _uncovered,
    ReserveStatus: _reserve_status,
    InsuranceStatus: _insurance_status,
}
"""What turns each class of effect into its object."""

_FUND_COUNTERS = ("balance", "deleveraged", "high_water", "inflow", "insurance_drawn", "levied", "outflow")
_FEES = ("clearance_fee", "insurance_fee_share", "maker_fee", "taker_fee")
_LISTED = ("asset", *_FEES, "market", "price_decimals", "quantity_decimals", "tick", "tiers", "type")
_PLACED = ("account", "market", "order", "position_side", "price", "quantity", "reduce_only", "side", "type")
_OPENED = ("account", "cost", "lot", "margin_mode", "market", "quantity", "reason", "side", "type")

DOMAIN_FIELDS = ("market", "side")
"""Fields that name an isolated domain beside its account and asset."""

EFFECT_FIELDS: dict[str, tuple[str, ...]] = {
    "market_listed": _LISTED,
    "tiers_updated": ("market", "tiers", "type"),
    "fees_updated": (*_FEES, "market", "type"),
    "mark": ("market", "price", "type"),
    "position_mode": ("account", "mode", "type"),
    "margin_mode": ("account", "market", "mode", "type"),
    "leverage": ("account", "leverage", "market", "type"),
    "order_placed": _PLACED,
    "order_reduced": ("account", "market", "order", "quantity", "type"),
    "order_cancelled": ("account", "order", "type"),
    "transfer": ("amount", "asset", "rule", "source", "target", "type"),
    "position": ("account", "market", "quantity", "side", "type"),
    "liquidation": ("account", "asset", "equity", "maintenance", "type"),
    "lot_opened": _OPENED,
    "lot_reduced": ("lot", "market", "quantity", "type"),
    "deleveraged": ("account", "loss", "lot", "market", "quantity", "side", "type", "value"),
    "levy": ("account", "amount", "asset", "type"),
    "uncovered": ("amount", "asset", "type"),
    "reserve_status": (*_FUND_COUNTERS, "market", "type"),
    "insurance_status": ("asset", "balance", "type"),
}
"""The fields of each type of effect; those on an isolated domain have DOMAIN_FIELDS too."""
