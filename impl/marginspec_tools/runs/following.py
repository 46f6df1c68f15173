"""The state after an event, from the state before it and the receipt alone: no rule decides anything again.

Effects hold one change of state each, so that a state can be kept beside an engine that does not write one after every
event. What a receipt says only in passing is worked out as the rules do: the domain of a position, indexes, and how the
claims on relief fall when relief is drawn on or a liquidated domain's own claim is used.
"""

from collections.abc import Callable
from typing import Any

import attrs

from marginspec.margin.margin import NO_SETTING, domain_of
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    FeesUpdated,
    InsuranceStatus,
    LeverageSet,
    Levied,
    LimitsUpdated,
    LotOpened,
    LotReduced,
    MarginModeSet,
    MarketListed,
    MarketSettled,
    MarkSet,
    OrderCancelled,
    OrderPlaced,
    OrderReduced,
    PositionChanged,
    PositionModeSet,
    Receipt,
    ReliefReturned,
    ReserveStatus,
    TiersUpdated,
    Transferred,
    UncoveredChanged,
)
from marginspec.model.ledger import FUND_KINDS
from marginspec.model.state import State
from marginspec.model.units import FLAT, NOTHING, Money, Price, Quantity
from marginspec.settlement.claims import lower_claims
from marginspec.settlement.market_closing import drop_market
from marginspec.transaction import Transaction


def followed(before: State, receipt: Receipt) -> State:
    """The state that an event leaves, given its receipt; the same state if the event was rejected.

    A receipt that the rules cannot have given from that state ends in an AssertionError or a LookupError, or in a
    state that is none of theirs.
    """
    if receipt.rejected is not None:
        return before
    changes = Transaction(before)
    liquidated: DomainKey | None = None
    for effect in receipt.effects:
        if type(effect) is Transferred:
            # Most effects are, so it is asked first.
            move(changes, effect)
            if effect.source.kind == "relief":
                draw_on_claims(changes, effect, liquidated)
        elif type(effect) is DomainLiquidated:
            liquidated = effect.domain
        else:
            TAKERS[type(effect)](changes, effect)
    return changes.commit()


# ----------------------------------------------------------------- markets


def set_terms(changes: Transaction, effect: TiersUpdated | FeesUpdated | LimitsUpdated) -> None:
    """A market has new tiers, fees or limits: the effect's other field, by its name."""
    terms = {field.name: getattr(effect, field.name) for field in attrs.fields(type(effect)) if field.name != "market"}
    changes.set_market(attrs.evolve(changes.markets[effect.market], **terms), effect)


def set_mark(changes: Transaction, effect: MarkSet) -> None:
    """A market has a new mark, which moves the value of its asset's open interest."""
    market = changes.markets[effect.market]
    open_interest = changes.open_interest.get(market.id, FLAT)
    changes.add_open_value(market, market.value(Price(effect.price - (market.mark or effect.price)), open_interest))
    changes.set_market(attrs.evolve(market, mark=effect.price), effect)


# ----------------------------------------------------------------- accounts


def set_position_mode(changes: Transaction, effect: PositionModeSet) -> None:
    """An account has a position mode, or is opened with it."""
    changes.accounts = changes.accounts.set(effect.account, effect.mode)


def set_margin_mode(changes: Transaction, effect: MarginModeSet) -> None:
    """An account has a margin mode in a market."""
    change_setting(changes, effect, margin_mode=effect.mode)


def set_leverage(changes: Transaction, effect: LeverageSet) -> None:
    """An account has a leverage in a market."""
    change_setting(changes, effect, leverage=effect.leverage)


def change_setting(changes: Transaction, effect: MarginModeSet | LeverageSet, **changed: Any) -> None:
    """Change one of an account's settings for a market."""
    owner = effect.account, effect.market
    setting = changes.settings.get(owner, NO_SETTING)
    changes.settings = changes.settings.set(owner, attrs.evolve(setting, **changed))


def reduce_order(changes: Transaction, effect: OrderReduced) -> None:
    """So much of an order is left."""
    order = changes.orders[effect.account][effect.order]
    changes.set_order(effect.account, attrs.evolve(order, quantity=Quantity(effect.quantity)), effect)


# ----------------------------------------------------------------- money, positions, lots


def move(changes: Transaction, effect: Transferred) -> None:
    """Money moved, and no fund is below zero after that. It says so already: no effect is made of it again."""
    balances, source, target, amount = changes.balances, effect.source, effect.target, effect.amount
    assert amount > 0, f"transfer of {amount} from {source} to {target}"
    assert source != target, f"transfer from {source} to itself"
    left, gained = balances.get(source, NOTHING) - amount, balances.get(target, NOTHING) + amount
    assert left >= 0 or source.kind not in FUND_KINDS, f"{source} at {left} by {effect.rule}"
    if left:
        balances[source] = left
    else:
        del balances[source]
    if gained:
        balances[target] = gained
    else:
        del balances[target]


def draw_on_claims(changes: Transaction, effect: Transferred, liquidated: DomainKey | None) -> None:
    """What the waterfall draws from relief lowers all claims on it, and what a liquidated domain uses its own."""
    if effect.rule == "WTF-01":
        lower_claims(changes, effect.asset, effect.amount)
    elif effect.rule == "LIQ-03":
        assert liquidated is not None, "a claim is used by the domain that is being liquidated"
        changes.change_claim(liquidated, Money(-effect.amount))


def set_position(changes: Transaction, effect: PositionChanged) -> None:
    """A position has a quantity, in the domain that its account's settings give it."""
    changes.set_position(effect.key, domain_of(changes, effect.key), effect.quantity)


def open_lot(changes: Transaction, effect: LotOpened) -> None:
    """The liquidation engine has a lot more, with the next id."""
    lot = effect.lot
    key = PositionKey(lot.account, lot.market, lot.side)
    changes.open_lot(key, lot.margin_mode, lot.quantity, effect.cost, lot.reason)


def put_status(changes: Transaction, effect: ReserveStatus) -> None:
    """A market's funds are counted so."""
    changes.fund_status = changes.fund_status.set(effect.market, effect.status)


def tells_only(_: Transaction, __: Effect) -> None:
    """An effect that says in other words what those around it did."""


TAKERS: dict[type, Callable[[Transaction, Any], None]] = {
    MarketListed: lambda changes, effect: changes.set_market(effect.market, effect),
    TiersUpdated: set_terms,
    FeesUpdated: set_terms,
    LimitsUpdated: set_terms,
    MarkSet: set_mark,
    PositionModeSet: set_position_mode,
    MarginModeSet: set_margin_mode,
    LeverageSet: set_leverage,
    OrderPlaced: lambda changes, effect: changes.set_order(effect.account, effect.order, effect),
    OrderReduced: reduce_order,
    OrderCancelled: lambda changes, effect: changes.remove_order(effect.account, effect.order, effect),
    PositionChanged: set_position,
    LotOpened: open_lot,
    LotReduced: lambda changes, effect: changes.reduce_lot(changes.lots[effect.lot], effect.quantity),
    Deleveraged: tells_only,
    Levied: lambda changes, effect: changes.change_claim(effect.domain, effect.amount),
    ReliefReturned: lambda changes, effect: changes.change_claim(effect.domain, Money(-effect.amount)),
    UncoveredChanged: lambda changes, effect: changes.set_uncovered(effect.asset, effect.amount),
    ReserveStatus: put_status,
    InsuranceStatus: tells_only,
    MarketSettled: lambda changes, effect: drop_market(changes, changes.markets[effect.market]),
}
"""What each effect changes, but for transfers; that a domain is liquidated is only remembered."""
