"""Nodes for single effects: what changed from what to what, by which clause."""

from collections.abc import Callable

from marginspec.handlers.account_settings import set_leverage, set_margin_mode, set_position_mode
from marginspec.handlers.cash import adjust_isolated_margin, deposit, fund_insurance, withdraw, withdraw_house
from marginspec.handlers.fills import close_lots
from marginspec.handlers.funding import funding
from marginspec.handlers.guards import only_reduces
from marginspec.handlers.markets import open_market, set_mark, update_fees, update_tiers
from marginspec.handlers.orders import cancel_order, place_order, reduce_order
from marginspec.handlers.trading import book_leg, move_margin, pay_fee
from marginspec.margin.closing import realise
from marginspec.margin.margin import NO_ORDERS, NO_SETTING, leverage_of, margin_mode_of
from marginspec.model import ledger
from marginspec.model.account import Order
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    FeesUpdated,
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
    ReserveStatus,
    TiersUpdated,
    Transferred,
    UncoveredChanged,
)
from marginspec.model.events import AdjustIsolatedMargin, Event, FundInsurance
from marginspec.model.market import FeeTerms, TierTable
from marginspec.model.state import State
from marginspec.model.units import FLAT, NOTHING, Quantity
from marginspec.settlement.deleveraging import deleverage
from marginspec.settlement.levy import levy
from marginspec.settlement.liquidation import cancel_orders, step_down, take_over
from marginspec.settlement.settle import settle
from marginspec.settlement.waterfall import draw_loss
from marginspec.transaction import Transaction
from marginspec_tools.explain.explanation import Clause, Explanation, MismatchError, clause, confirm
from marginspec_tools.explain.figures import (
    Parts,
    count,
    domain_name,
    fine_money,
    lots,
    money,
    position_name,
    price,
    rate,
)

TRANSFER_RULES: dict[str, Clause] = {
    "ACC-01": clause("ACC-01", deposit),
    "ACC-02": clause("ACC-02", book_leg),
    "ACC-04": clause("ACC-04", move_margin),
    "ADL-03": clause("ADL-03", deleverage),
    "FND-01": clause("FND-01", funding),
    "LED-03": clause("LED-03", withdraw_house),
    "LIQ-02": clause("LIQ-02", step_down),
    "LIQ-03": clause("LIQ-03", take_over),
    "LIQ-05": clause("LIQ-05", close_lots),
    "LVY-01": clause("LVY-01", levy),
    "MRG-06": clause("MRG-06", withdraw),
    "TRD-01": clause("TRD-01", pay_fee),
    "WTF-01": clause("WTF-01", draw_loss),
}
"""The clause of each rule that a transfer may name."""

CANCEL, CANCEL_ALL = clause("TRD-03", cancel_order), clause("LIQ-01", cancel_orders)
BOOKED, REALISED = clause("ACC-02", book_leg), clause("ACC-02", realise)
LOT = clause("LIQ-04", Transaction.open_lot)
FUNDS = clause("TRN-01", Transaction.publish_funds)


def transfer_clause(event: Event, moved: Transferred) -> Clause:
    """The clause that a transfer names, in the sentence of the code that made it."""
    if moved.rule == "LED-03" and isinstance(event, FundInsurance):
        return clause("LED-03", fund_insurance)
    if moved.rule == "ACC-04" and isinstance(event, AdjustIsolatedMargin):
        return clause("ACC-04", adjust_isolated_margin)
    if moved.rule not in TRANSFER_RULES:
        raise MismatchError("rule of a transfer", "one that moves money", moved.rule)
    return TRANSFER_RULES[moved.rule]


def transfer_node(
    book: State, event: Event, moved: Transferred, formula: str = "", parts: Parts = (), exactly: int | None = None
) -> Explanation:
    """A transfer; `exactly` is its amount as an observed number, which tells its rounding."""
    amount = moved.amount if exactly is None else exactly
    confirm(f"transfer by {moved.rule}", amount, moved.amount)
    title = f"{moved.source} → {moved.target}"
    return money(book, title, moved.asset, amount, transfer_clause(event, moved), formula, parts)


def effect_node(book: State, event: Event, effect: Effect) -> Explanation:
    """One effect; `book` is the state before it."""
    if isinstance(effect, Transferred):
        return transfer_node(book, event, effect)
    teller: Callable[[State, Effect], Explanation] = TELLERS[type(effect)]
    return teller(book, effect)


def market_listed(book: State, effect: MarketListed) -> Explanation:
    """A new market."""
    market = effect.market
    parts = (
        count("price decimals", market.price_decimals),
        count("quantity decimals", market.quantity_decimals),
        count("quanta per lot and price unit", market.quanta_per_unit),
        fees_node(market.fees, None),
        tiers_node(book, market.asset, market.tiers, None),
    )
    return Explanation(f"market {market.id} listed", market.asset, clause=clause("MKT-01", open_market), inputs=parts)


def tiers_updated(book: State, effect: TiersUpdated) -> Explanation:
    """New tiers."""
    asset = book.markets[effect.market].asset
    return tiers_node(book, asset, effect.tiers, clause("MKT-03", update_tiers), f" of {effect.market}")


def tiers_node(book: State, asset: str, table: TierTable, by: Clause | None, of: str = "") -> Explanation:
    """A tier table, a row each."""
    rows: list[Explanation] = []
    for place, tier in enumerate(table.tiers):
        parts = (
            rate("rate", tier.maintenance_rate),
            count("maximum leverage", tier.max_leverage),
            fine_money(book, "deduction", asset, tier.deduction),
        )
        rows.append(money(book, f"tier {place + 1} above", asset, tier.floor, parts=parts))
    return Explanation(f"tiers{of}", str(len(rows)), clause=by, inputs=tuple(rows))


def fees_updated(_book: State, effect: FeesUpdated) -> Explanation:
    """New fees."""
    return fees_node(effect.fees, clause("MKT-03", update_fees), f" of {effect.market}")


def fees_node(fees: FeeTerms, by: Clause | None, of: str = "") -> Explanation:
    """Fee rates."""
    parts = (
        rate("taker fee", fees.taker_fee),
        rate("maker fee", fees.maker_fee),
        rate("insurance fund's share of fees", fees.insurance_fee_share),
        rate("clearance fee", fees.clearance_fee),
    )
    return Explanation(f"fees{of}", clause=by, inputs=parts)


def mark_set(book: State, effect: MarkSet) -> Explanation:
    """A new mark, beside the one before."""
    before = book.markets[effect.market].mark
    was = "the first" if before is None else f"was {price(book, '', effect.market, before).value}"
    return price(book, f"mark of {effect.market}", effect.market, effect.price, clause("MKT-01", set_mark), was)


def position_mode_set(book: State, effect: PositionModeSet) -> Explanation:
    """A position mode, or a new account."""
    if effect.account not in book.accounts:
        return Explanation(f"account {effect.account} opens", effect.mode, clause=TRANSFER_RULES["ACC-01"])
    was = f"was {book.accounts[effect.account]}"
    by = clause("ACC-01", set_position_mode)
    return Explanation(f"position mode of {effect.account}", effect.mode, clause=by, formula=was)


def margin_mode_set(book: State, effect: MarginModeSet) -> Explanation:
    """A margin mode."""
    was = f"was {margin_mode_of(book, effect.account, effect.market)}"
    by = clause("ACC-01", set_margin_mode)
    return Explanation(f"margin mode of {effect.account} in {effect.market}", effect.mode, clause=by, formula=was)


def leverage_set(book: State, effect: LeverageSet) -> Explanation:
    """A leverage."""
    chosen = book.settings.get((effect.account, effect.market), NO_SETTING).leverage
    present = leverage_of(book, effect.account, book.markets[effect.market])
    was = f"was {present}" if chosen is not None else f"was {present} by default"
    by = clause("ACC-01", set_leverage)
    title = f"leverage of {effect.account} in {effect.market}"
    return Explanation(title, str(effect.leverage), clause=by, formula=was)


def order_placed(book: State, effect: OrderPlaced) -> Explanation:
    """A new order."""
    by = clause("TRD-03", place_order)
    return order_node(book, f"order {effect.order.id} of {effect.account}", effect.order, by)


def order_node(book: State, title: str, order: Order, by: Clause | None = None) -> Explanation:
    """An order's side, limit and kind."""
    parts = (
        price(book, "limit", order.market, order.price),
        Explanation("position side", order.position_side),
        Explanation("reduce-only", "yes" if order.reduce_only else "no"),
    )
    return lots(book, title, order.market, order.quantity, by, parts=parts)


def order_reduced(book: State, effect: OrderReduced) -> Explanation:
    """What a fill left of an order."""
    before = book.orders[effect.account][effect.order].quantity
    was = f"was {lots(book, '', effect.market, before).value}"
    by = clause("TRD-03", reduce_order)
    return lots(book, f"order {effect.order} of {effect.account}", effect.market, effect.quantity, by, was)


def order_cancelled(book: State, effect: OrderCancelled) -> Explanation:
    """An order that is gone, by its owner's wish."""
    return cancelled_node(book, effect, CANCEL)


def cancelled_node(book: State, effect: OrderCancelled, by: Clause) -> Explanation:
    """An order that is gone, by a clause."""
    order = book.orders.get(effect.account, NO_ORDERS)[effect.order]
    return order_node(book, f"order {effect.order} of {effect.account} cancelled", order, by)


def position_changed(book: State, effect: PositionChanged) -> Explanation:
    """A position, beside what it was."""
    key, before = effect.key, book.positions.get(effect.key, FLAT)
    was = f"was {lots(book, '', key.market, before).value}"
    only_closes = only_reduces(before, Quantity(effect.quantity - before))
    by = REALISED if only_closes else BOOKED
    return lots(book, f"position {position_name(key)}", key.market, effect.quantity, by, was)


def lot_opened(book: State, effect: LotOpened) -> Explanation:
    """A lot that the liquidation engine took."""
    lot, asset = effect.lot, book.markets[effect.lot.market].asset
    parts = (money(book, "cost", asset, effect.cost),)
    why = lot.reason.replace("_", "-")
    return lots(book, f"lot {lot.id} opens", lot.market, lot.quantity, LOT, f"from {lot.account} by {why}", parts)


def lot_reduced(book: State, effect: LotReduced) -> Explanation:
    """What settlement left of a lot: it reduces lots only by deleveraging."""
    return reduced_lot_node(book, effect, TRANSFER_RULES["ADL-03"])


def reduced_lot_node(book: State, effect: LotReduced, by: Clause) -> Explanation:
    """What a clause left of a lot."""
    was = f"was {lots(book, '', effect.market, book.lots[effect.lot].quantity).value}"
    return lots(book, f"lot {effect.lot}", effect.market, effect.quantity, by, was)


def domain_liquidated(book: State, effect: DomainLiquidated) -> Explanation:
    """A domain that is taken."""
    parts = (
        money(book, "equity", effect.domain.asset, effect.equity),
        money(book, "maintenance margin", effect.domain.asset, effect.maintenance),
    )
    return Explanation(f"{domain_name(effect.domain)} is liquidated", inputs=parts)


def deleveraged(book: State, effect: Deleveraged) -> Explanation:
    """A closed pair."""
    key, asset = effect.counterparty, book.markets[effect.counterparty.market].asset
    parts = (money(book, "value", asset, effect.value), money(book, "loss passed on", asset, effect.loss))
    title = f"{position_name(key)} deleveraged against lot {effect.lot}"
    return lots(book, title, key.market, effect.quantity, TRANSFER_RULES["ADL-03"], parts=parts)


def levied(book: State, effect: Levied) -> Explanation:
    """A part of a levy."""
    title = f"{domain_name(effect.domain)} is levied"
    return money(book, title, effect.domain.asset, effect.amount, TRANSFER_RULES["LVY-01"])


def uncovered_changed(book: State, effect: UncoveredChanged) -> Explanation:
    """What has no cover left."""
    was = f"was {money(book, '', effect.asset, book.uncovered.get(effect.asset, NOTHING)).value}"
    return money(book, f"uncovered {effect.asset}", effect.asset, effect.amount, clause("SET-01", settle), was)


COUNTERS = {
    "high_water": "high-water mark",
    "inflow": "inflow",
    "outflow": "outflow",
    "insurance_drawn": "drawn from insurance",
    "deleveraged": "deleveraged",
    "levied": "levied",
}
"""The counters of a market's funds, in words."""


def reserve_status(book: State, effect: ReserveStatus) -> Explanation:
    """A market's funds."""
    asset, status = book.markets[effect.market].asset, effect.status
    confirm("reserve", status.balance, book.balance(ledger.reserve(effect.market)))
    parts = tuple(money(book, title, asset, getattr(status, name)) for name, title in COUNTERS.items())
    return money(book, f"reserve of {effect.market}", asset, status.balance, FUNDS, parts=parts)


def insurance_status(book: State, effect: InsuranceStatus) -> Explanation:
    """An insurance fund."""
    confirm("insurance fund", effect.balance, book.balance(ledger.insurance(effect.asset)))
    return money(book, f"insurance fund of {effect.asset}", effect.asset, effect.balance, FUNDS)


TELLERS: dict[type, Callable[..., Explanation]] = {
    MarketListed: market_listed,
    TiersUpdated: tiers_updated,
    FeesUpdated: fees_updated,
    MarkSet: mark_set,
    PositionModeSet: position_mode_set,
    MarginModeSet: margin_mode_set,
    LeverageSet: leverage_set,
    OrderPlaced: order_placed,
    OrderReduced: order_reduced,
    OrderCancelled: order_cancelled,
    PositionChanged: position_changed,
    LotOpened: lot_opened,
    LotReduced: lot_reduced,
    DomainLiquidated: domain_liquidated,
    Deleveraged: deleveraged,
    Levied: levied,
    UncoveredChanged: uncovered_changed,
    ReserveStatus: reserve_status,
    InsuranceStatus: insurance_status,
}
"""What tells each kind of effect but transfers."""
