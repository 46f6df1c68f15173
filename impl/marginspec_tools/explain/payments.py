"""Nodes for the transfers of an event itself: profits, fees, isolated margin, funding, fills."""

import attrs

from marginspec.handlers.fills import close_lot, lots_to_close
from marginspec.handlers.funding import funding_due
from marginspec.handlers.guards import amount_in, funding_rate
from marginspec.handlers.trading import (
    Leg,
    check_booked,
    closing_part,
    insurance_part,
    opening_margin,
    returned_margin,
    trade_fee,
)
from marginspec.margin.closing import released_cost
from marginspec.margin.margin import (
    cash_account,
    domain_initial,
    domain_margin,
    is_healthy,
    leverage_of,
    lot_cost,
    movable,
    reserved_for_orders,
)
from marginspec.model import ledger
from marginspec.model.account import DomainKey, Lot
from marginspec.model.effects import LotReduced, Transferred
from marginspec.model.events import AdjustIsolatedMargin, Funding, LiquidationFill, Trade, Withdraw
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import FLAT, NOTHING, Money, Quantity
from marginspec.settlement.waterfall import draw_amounts
from marginspec.transaction import Transaction
from marginspec_tools.explain.effects import effect_node, reduced_lot_node, transfer_node
from marginspec_tools.explain.explanation import Clause, Explanation, MismatchError, clause, confirm
from marginspec_tools.explain.figures import count, domain_name, lots, money, price, rate
from marginspec_tools.explain.margins import VALUE, movable_node, value_node
from marginspec_tools.explain.observed import Observed
from marginspec_tools.explain.parties import legs_of
from marginspec_tools.explain.watching import Watched

FEE, INSURED = clause("TRD-01", trade_fee), clause("TRD-01", insurance_part)
RELEASED, FILLED = clause("ACC-02", released_cost), clause("LIQ-05", close_lot)
LEVERAGE, TESTED = clause("ACC-01", leverage_of), clause("TRD-02", check_booked)


@attrs.frozen
class Closing:
    """A part that closes: what its value and released cost were, and the profit of their difference."""

    size: Quantity
    part: Quantity
    value: Money
    cost: Money
    released: Money

    @property
    def profit(self) -> Money:
        """What is realised; negative for a loss."""
        return Money(self.value - self.released)


def closing(size: int, part: int, value: int, cost: int) -> Closing:
    """Close `part` of `size` (both > 0) at a value, out of a whole cost."""
    released = released_cost(Money(Observed(cost)), Quantity(size), Quantity(part))
    return Closing(Quantity(size), Quantity(part), Money(value), Money(cost), released)


def released_node(book: State, market: Market, closed: Closing, by: Clause = RELEASED) -> Explanation:
    """The cost that a part releases."""
    parts = (
        money(book, "open cost", market.asset, closed.cost),
        lots(book, "closed", market.id, closed.part),
        lots(book, "of", market.id, closed.size),
    )
    return money(book, "released cost", market.asset, closed.released, by, "open cost * closed / whole", parts)


def own_nodes(watched: Watched) -> tuple[Explanation, ...]:
    """The event's own effects, in order."""
    return tuple(own_node(watched, place) for place in range(watched.own))


def test_nodes(watched: Watched) -> tuple[Explanation, ...]:
    """What each party of an accepted trade or fill was tested for, as booked."""
    event = watched.event
    if not isinstance(event, Trade | LiquidationFill):
        return ()
    book = watched.books[watched.own]
    return tuple(tested_node(book, name, leg) for name, leg in legs_of(watched.before, event))


def tested_node(book: State, name: str, leg: Leg) -> Explanation:
    """One party's equity beside the margins of its domain, as booked."""
    margin, asset = domain_margin(book, leg.domain), leg.domain.asset
    confirm("an accepted party is healthy", is_healthy(margin), True)
    parts = (
        money(book, "equity", asset, margin.equity),
        money(book, "maintenance margin", asset, margin.maintenance),
        money(book, "initial margin", asset, domain_initial(book, margin)),
        money(book, "order margin", asset, reserved_for_orders(book, leg.domain)),
    )
    title = f"{name} {domain_name(leg.domain)} tested"
    return Explanation(title, "passes", clause=TESTED, inputs=parts)


def own_node(watched: Watched, place: int) -> Explanation:
    """One of the event's own effects; a transfer with what its amount was made of."""
    effect, event = watched.effects[place], watched.event
    if isinstance(effect, LotReduced):
        return reduced_lot_node(watched.books[place], effect, FILLED)
    if isinstance(effect, Transferred):
        if isinstance(event, Trade | LiquidationFill):
            return booked_node(watched, event, place, effect)
        if isinstance(event, Funding):
            return funding_node(watched.before, event, effect)
        if isinstance(event, Withdraw | AdjustIsolatedMargin):
            return moved_node(watched, effect)
    return effect_node(watched.books[place], event, effect)


def moved_node(watched: Watched, moved: Transferred) -> Explanation:
    """A withdrawal, or margin moved in or out of an isolated position: at most what is movable."""
    event = watched.event
    source = DomainKey(moved.source.account, moved.asset)
    if isinstance(event, AdjustIsolatedMargin) and amount_in(watched.before, moved.asset, event.amount) < 0:
        source = DomainKey(event.account, moved.asset, event.market, event.side)
    return transfer_node(
        watched.before, event, moved, "at most what is movable", (movable_node(watched.before, source),)
    )


def booked_node(watched: Watched, event: Trade | LiquidationFill, place: int, moved: Transferred) -> Explanation:
    """One transfer of a trade or fill."""
    book = watched.books[place]
    for _, leg in legs_of(watched.before, event):
        if moved.rule == "TRD-01" and moved.source == leg.cash:
            return fee_node(book, event, leg, moved)
        if moved.rule == "ACC-02" and moved.source != moved.target and leg.cash in (moved.source, moved.target):
            return profit_node(watched, event, leg, place, moved)
        if moved.rule == "ACC-04" and leg.cash in (moved.source, moved.target):
            return isolated_node(watched, event, leg, place, moved)
    if moved.rule in ("LIQ-05", "WTF-01") and isinstance(event, LiquidationFill):
        return fill_node(watched, event, place, moved)
    value = watched.before.markets[event.market].value
    first = legs_of(watched.before, event)[0][1]
    parts = (price(book, "price", event.market, first.price), lots(book, "quantity", event.market, first.quantity))
    return transfer_node(book, event, moved, "price * quantity", parts, value(first.price, first.quantity))


def fee_node(book: State, event: Trade | LiquidationFill, leg: Leg, moved: Transferred) -> Explanation:
    """The insurance fund's part of a fee, or the rest, which the house gets."""
    market = book.markets[leg.key.market]
    fees = market.fees
    taken = isinstance(event, Trade) and (event.taker == "buyer") == (leg.quantity > 0)
    fee_rate = fees.taker_fee if taken else fees.maker_fee
    value = market.value(leg.price, leg.quantity)
    fee = trade_fee(Money(Observed(value)), fee_rate)
    confirm("fee", fee, leg.fee)
    fee_parts = (
        money(book, "value", market.asset, abs(value), VALUE),
        rate("taker fee" if taken else "maker fee", fee_rate),
    )
    whole = money(book, "fee", market.asset, fee, FEE, "|value| * rate", fee_parts)
    insured = insurance_part(Money(Observed(leg.fee)), fees.insurance_fee_share)
    share = rate("insurance fund's share", fees.insurance_fee_share)
    if moved.target == ledger.insurance(market.asset):
        return transfer_node(book, event, moved, "fee * share", (whole, share), insured)
    to_insurance = money(book, "to the insurance fund", market.asset, insured, INSURED)
    return transfer_node(book, event, moved, "the rest of the fee", (whole, to_insurance), leg.fee - int(insured))


def profit_node(
    watched: Watched, event: Trade | LiquidationFill, leg: Leg, place: int, moved: Transferred
) -> Explanation:
    """What a leg realises by closing."""
    book, market = watched.books[place], watched.before.markets[leg.key.market]
    held = watched.before.positions[leg.key]
    part = closing_part(held, leg.quantity)
    value = market.value(leg.price, Quantity(-part))
    closed = closing(abs(held), abs(part), value, leg.cost)
    signed_amount = moved.amount if moved.target == leg.cash else -moved.amount
    confirm("realised PnL", closed.profit, signed_amount)
    parts = (
        money(book, "value of what closes", market.asset, value, VALUE),
        released_node(book, market, closed),
        money(book, "realised PnL", market.asset, closed.profit),
    )
    return transfer_node(book, event, moved, "value of what closes - released cost", parts)


def isolated_node(
    watched: Watched, event: Trade | LiquidationFill, leg: Leg, place: int, moved: Transferred
) -> Explanation:
    """Isolated margin that opening moves in, or closing returns."""
    if moved.target == leg.cash:
        return opening_node(watched, event, leg, place, moved)
    book, held = watched.books[place], watched.before.positions[leg.key]
    if leg.key not in book.positions:
        return transfer_node(book, event, moved, "all cash of a position that became flat")
    part = closing_part(held, leg.quantity)
    cash, free = book.balance(leg.cash), movable(book, leg.domain)
    observed = Money(Observed(cash))
    returned = returned_margin(observed, free, Quantity(abs(held)), Quantity(abs(part)))
    market = leg.key.market
    parts = (
        money(book, f"cash in {leg.cash}", moved.asset, cash),
        lots(book, "closed", market, abs(part)),
        lots(book, "of", market, abs(held)),
        movable_node(book, leg.domain),
    )
    return transfer_node(book, event, moved, "cash * closed / whole, at most what is movable", parts, returned)


def opening_node(
    watched: Watched, event: Trade | LiquidationFill, leg: Leg, place: int, moved: Transferred
) -> Explanation:
    """What opening an isolated position takes from the cross wallet."""
    book = watched.books[place]
    due, parts = opening_parts(watched.before, book, leg)
    cross = DomainKey(leg.domain.account, leg.domain.asset)
    formula = "the larger value / leverage + open loss + fee"
    return transfer_node(book, event, moved, formula, (*parts, movable_node(book, cross)), due)


def opening_parts(before: State, book: State, leg: Leg) -> tuple[Money, tuple[Explanation, ...]]:
    """The margin due when a leg opens an isolated position, with its inputs."""
    market = book.markets[leg.key.market]
    held = before.positions.get(leg.key, FLAT)
    closed = closing_part(held, leg.quantity)
    opened = Quantity(leg.quantity - closed)
    fee = leg.fee if closed == 0 else NOTHING
    value, at_mark = market.value(leg.price, opened), market.at_mark(opened)
    leverage = leverage_of(book, leg.key.account, market)
    due = opening_margin(Money(Observed(value)), Money(Observed(at_mark)), leverage, fee)
    parts = (
        money(book, "value at the price", market.asset, value, VALUE),
        value_node(book, market.id, opened),
        count("leverage", leverage, clause=LEVERAGE),
        money(book, "fee", market.asset, fee, FEE),
    )
    return due, parts


def funding_node(before: State, event: Funding, moved: Transferred) -> Explanation:
    """One payment of funding, or what rounding left for the insurance fund."""
    if moved.target == ledger.insurance(moved.asset):
        return transfer_node(before, event, moved, "what rounding left")
    paying = moved.target == ledger.clearing(moved.asset)
    quantity, due = funded(before, event, moved.source if paying else moved.target, paying)
    parts = (value_node(before, event.market, quantity), rate("rate", event.rate))
    formula = "value at mark * rate, due from it" if paying else "value at mark * rate, due to it"
    return transfer_node(before, event, moved, formula, parts, due if paying else -due)


def funded(before: State, event: Funding, account: LedgerAccount, paying: bool) -> tuple[Quantity, Money]:
    """The quantity for which a ledger account pays or receives, and what is due from it (negative: to it).

    One wallet may stand for a long and a short position; of these one pays and one receives.
    """
    market, share = before.markets[event.market], funding_rate(event.rate)
    for quantity in quantities_behind(before, event.market, account):
        due = funding_due(Money(Observed(market.at_mark(quantity))), share)
        if due != 0 and (due > 0) == paying:
            return quantity, due
    raise MismatchError("funding", "no position that pays it", account)


def quantities_behind(before: State, market: str, account: LedgerAccount) -> tuple[Quantity, ...]:
    """The quantities of a lot, or of the positions in a market whose cash is in a ledger account."""
    if account.kind == "lot":
        return (before.lots[account.lot].quantity,)
    positions = before.positions_in[market].items()
    return tuple(before.positions[key] for key, domain in positions if cash_account(domain) == account)


def fill_node(watched: Watched, event: LiquidationFill, place: int, moved: Transferred) -> Explanation:
    """One transfer between a lot and its counterparty, its reserve, or the insurance fund."""
    book, before = watched.books[place], watched.before
    leg = legs_of(before, event)[0][1]
    source, target = moved.source, moved.target
    lot_account = source if source.kind == "lot" else target
    lot = before.lots[lot_account.lot]
    closed = closed_lot(before, event, leg, lot)
    market = before.markets[event.market]
    if target.kind == "reserve":
        confirm("profit of a lot", closed.profit, moved.amount)
        parts = (money(book, "value", market.asset, closed.value, VALUE), released_node(book, market, closed))
        return transfer_node(book, event, moved, "value - released cost: all profit", parts)
    if moved.rule == "WTF-01":
        return draw_node(book, event, closed, moved)
    parts = (
        price(book, "price", market.id, leg.price),
        lots(book, "quantity", market.id, closed.part if lot.quantity > 0 else -closed.part),
    )
    return transfer_node(book, event, moved, "price * quantity", parts, abs(closed.value))


def closed_lot(before: State, event: LiquidationFill, leg: Leg, lot: Lot) -> Closing:
    """What a fill closes of one lot."""
    size = Quantity(abs(leg.quantity))
    part = {each.id: part for each, part in lots_to_close(Transaction(before), event, size)}[lot.id]
    quantity = part if lot.quantity > 0 else Quantity(-part)
    value = before.markets[event.market].value(leg.price, quantity)
    return closing(abs(lot.quantity), part, value, lot_cost(before, lot.id))


def draw_node(book: State, event: LiquidationFill, closed: Closing, moved: Transferred) -> Explanation:
    """What a lot's loss draws from the reserve, or from the insurance fund."""
    market = book.markets[event.market]
    loss = Money(-closed.profit)
    reserve, fund = book.balance(ledger.reserve(market.id)), book.balance(ledger.insurance(market.asset))
    losing = (money(book, "value", market.asset, closed.value, VALUE), released_node(book, market, closed))
    parts = [money(book, "loss", market.asset, loss, formula="released cost - value", parts=losing)]
    if moved.source.kind == "reserve":
        parts.append(money(book, f"reserve of {market.id}", market.asset, reserve))
        amount = draw_amounts(loss, reserve, fund)[0]
        return transfer_node(book, event, moved, "the loss, at most the reserve", tuple(parts), amount)
    confirm("reserve when insurance is drawn", reserve, 0)
    parts.append(money(book, f"insurance fund of {market.asset}", market.asset, fund))
    return transfer_node(book, event, moved, "the rest of the loss, at most the fund", tuple(parts))
