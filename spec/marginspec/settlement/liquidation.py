"""Liquidation: cancelling orders, step-down through the tiers, takeover, and fills of the lots."""

from marginspec.margin.closing import Part, realise, return_all_margin
from marginspec.margin.margin import (
    NO_ORDERS,
    DomainMargin,
    cash_account,
    cost_of,
    domain_margin,
    is_healthy,
    maintenance_margin,
    margin_mode_of,
    notional_of,
    position_margin,
    positions_of_domain,
)
from marginspec.model import ledger
from marginspec.model.account import DomainKey, LotReason, PositionKey
from marginspec.model.effects import DomainLiquidated, MovingRule, OrderCancelled
from marginspec.model.units import NOTHING, RATE_ONE, Money, Quantity, Rate, div_down, div_up, share_pro_rata
from marginspec.registry import rule
from marginspec.settlement.claims import use_claim
from marginspec.transaction import Transaction


@rule("LIQ-01", source="SRC-02 SRC-05 SRC-12")
def liquidate(transaction: Transaction, domain: DomainKey) -> None:
    """An unhealthy domain loses its orders, is stepped down while that helps, and is taken over if it does not."""
    margin = domain_margin(transaction, domain)
    transaction.effects.append(DomainLiquidated(domain, margin.equity, margin.maintenance))
    cancel_orders(transaction, domain)
    while not is_healthy(margin):
        key = position_to_step_down(margin)
        if key is None:
            take_over(transaction, domain)
            break
        step_down(transaction, domain, key)
        margin = domain_margin(transaction, domain)


@rule("LIQ-01")
def cancel_orders(transaction: Transaction, domain: DomainKey) -> None:
    """Cross: all of the account's orders in the asset; isolated: those of the position; in order of their ids."""
    orders = transaction.orders.get(domain.account, NO_ORDERS)
    for order_id in sorted(orders):
        order = orders[order_id]
        in_asset = transaction.markets[order.market].asset == domain.asset
        of_position = (order.market, order.position_side) == (domain.market, domain.side)
        if of_position or (domain.is_cross and in_asset):
            transaction.remove_order(domain.account, order_id, OrderCancelled(domain.account, order_id))


@rule("LIQ-02")
def position_to_step_down(margin: DomainMargin) -> PositionKey | None:
    """Of positions above the lowest tier, the one of largest maintenance, ties by key; none without positive equity."""
    if margin.equity <= 0:
        return None
    chosen: PositionKey | None = None
    largest = NOTHING
    for position in margin.positions:
        if position.tier.floor > 0 and position.maintenance > largest:
            chosen, largest = position.key, position.maintenance
    return chosen


@rule("LIQ-02")
def stepped_down_size(floor: Money, unit_value: Money) -> Quantity:
    """The largest quantity, rounded down, of notional at most this tier's floor; `unit_value` is one lot's at mark."""
    return Quantity(div_down(floor, unit_value))


@rule("LIQ-02", source="SRC-03")
def clearance_fee(cut_value: Money, rate: Rate, released_maintenance: Money, equity: Money) -> Money:
    """The fee is the cut's value at its rate, rounded up, then at most the maintenance released and the equity."""
    return Money(min(div_up(cut_value * rate, RATE_ONE), released_maintenance, equity))


@rule("LIQ-02", source="SRC-03 SRC-06")
def step_down(transaction: Transaction, domain: DomainKey, key: PositionKey) -> None:
    """The engine takes the cut as a lot, at mark less the clearance fee; the account keeps the rest."""
    market = transaction.markets[key.market]
    held = transaction.positions[key]
    equity = domain_margin(transaction, domain).equity
    before = position_margin(transaction, key)
    size = stepped_down_size(before.tier.floor, market.at_mark(Quantity(1)))
    cut = Quantity(held - size if held > 0 else held + size)
    rest = notional_of(market.at_mark(size))
    released = Money(before.maintenance - maintenance_margin(rest, market.tiers.holding(rest)))
    fee = clearance_fee(notional_of(market.at_mark(cut)), market.fees.clearance_fee, released, equity)
    take_lot(transaction, domain, key, cut, fee, "step_down")
    if key not in transaction.positions and not domain.is_cross:
        return_all_margin(transaction, domain)


@rule("LIQ-03", source="SRC-02 SRC-06")
def take_over(transaction: Transaction, domain: DomainKey) -> None:
    """The engine takes every position over at its bankruptcy value; the domain is flat and its cash exactly zero."""
    margin = domain_margin(transaction, domain)
    if margin.equity < 0:
        use_claim(transaction, domain, Money(-margin.equity))
    shares = equity_shares(margin, transaction.event_market)
    for key in positions_of_domain(transaction, domain):
        held, share = transaction.positions[key], shares.get(key, NOTHING)
        take_lot(transaction, domain, key, held, share, "takeover")
    assert transaction.balance(cash_account(domain)) == 0, f"{domain} keeps cash after a takeover"


@rule("LIQ-03")
def equity_shares(margin: DomainMargin, event_market: str | None) -> dict[PositionKey, Money]:
    """Equity is shared over the positions by maintenance; a negative one over those of the event's market only."""
    sharing = margin.positions
    if margin.equity < 0:
        sharing = tuple(position for position in sharing if position.key.market == event_market)
    assert sharing, "negative equity without a position in the event's market"
    shares = share_pro_rata(Money(abs(margin.equity)), tuple(position.maintenance for position in sharing))
    sign = 1 if margin.equity >= 0 else -1
    return {position.key: Money(sign * share) for position, share in zip(sharing, shares, strict=True)}


@rule("LIQ-04", "LIQ-02", "LIQ-03")
def take_lot(
    transaction: Transaction, domain: DomainKey, key: PositionKey, quantity: Quantity, paid: Money, reason: LotReason
) -> None:
    """What the engine takes of a position becomes a lot; its cost is its value at mark less what the domain pays.

    `quantity` has the sign of the position; `paid` is the fee or the share of equity, negative for a loss.
    """
    market, cash = transaction.markets[key.market], cash_account(domain)
    value, cost = market.at_mark(quantity), cost_of(transaction, key)
    mode = margin_mode_of(transaction, domain.account, key.market)
    taken = transaction.open_lot(key, mode, quantity, Money(value - paid), reason)
    lot = ledger.lot(taken.id)
    rule_id: MovingRule = "LIQ-02" if reason == "step_down" else "LIQ-03"
    transaction.move(market.asset, lot, ledger.position(*key), value, rule_id)
    realise(transaction, market, Part(key, domain, cash, Quantity(-quantity), value, cost), rule_id)
    transaction.move(market.asset, cash, lot, paid, rule_id)
