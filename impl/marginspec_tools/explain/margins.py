"""Nodes for what margin is made of: positions, order margin, equity, health, what is available and movable."""

from marginspec.margin.margin import (
    NO_LOAD,
    NO_ORDERS,
    OrderLoad,
    add_order,
    available_margin,
    cash_account,
    cost_of,
    domain_initial,
    domain_margin,
    initial_margin,
    initial_margin_of,
    is_healthy,
    leverage_of,
    load_margin,
    maintenance_margin,
    movable,
    movable_margin,
    notional_of,
    order_margin,
    position_margin,
    positions_of_domain,
    reserved_for_orders,
)
from marginspec.model.account import DomainKey, Order, PositionKey
from marginspec.model.market import Market, Tier, TierTable
from marginspec.model.state import Book
from marginspec.model.units import Money, Quantity
from marginspec_tools.explain.explanation import Explanation, clause, confirm
from marginspec_tools.explain.figures import (
    Parts,
    count,
    domain_name,
    fine_money,
    lots,
    money,
    percentage,
    position_name,
    price,
    rate,
)
from marginspec_tools.explain.observed import Observed

VALUE = clause("NUM-01", Market.value)
NOTIONAL = clause("MRG-01", notional_of)
TIER = clause("MKT-02", TierTable.holding)
POSITION = clause("ACC-03", position_margin)
EQUITY = clause("ACC-03", domain_margin)
MAINTENANCE = clause("MRG-04", maintenance_margin)
MAINTENANCE_SUM = clause("MRG-04", domain_margin)
INITIAL = clause("MRG-02", initial_margin)
INITIAL_SUM = clause("MRG-02", domain_initial)
INITIAL_OF = clause("MRG-02", initial_margin_of)
ORDER = clause("MRG-03", add_order)
LOAD = clause("MRG-03", load_margin)
ORDER_MARGIN = clause("MRG-03", order_margin)
HEALTH = clause("MRG-05", is_healthy)
AVAILABLE = clause("MRG-06", available_margin)
MOVABLE = clause("MRG-06", movable_margin)
LEVERAGE = clause("ACC-01", leverage_of)


def mark_node(book: Book, market: str) -> Explanation:
    """A market's mark."""
    return price(book, "mark", market, book.markets[market].marked())


def value_node(book: Book, market: str, quantity: int, title: str = "value at mark") -> Explanation:
    """A quantity's value at mark."""
    listed = book.markets[market]
    value = listed.at_mark(Quantity(quantity))
    parts = (mark_node(book, market), lots(book, "quantity", market, quantity))
    return money(book, title, listed.asset, value, VALUE, "mark * quantity", parts)


def profit_node(book: Book, key: PositionKey) -> Explanation:
    """A position's unrealised PnL."""
    asset = book.markets[key.market].asset
    parts = (value_node(book, key.market, book.positions[key]), money(book, "open cost", asset, cost_of(book, key)))
    unrealised = position_margin(book, key).unrealised
    title = f"unrealised PnL of {position_name(key)}"
    return money(book, title, asset, unrealised, POSITION, "value at mark - open cost", parts)


def tier_node(book: Book, market: str, tier: Tier) -> Explanation:
    """A tier of a market: its place, and what it asks."""
    listed = book.markets[market]
    table = listed.tiers.tiers
    place = table.index(tier)
    limit = "none" if place + 1 == len(table) else ""
    above = (
        Explanation("next floor", limit) if limit else money(book, "next floor", listed.asset, table[place + 1].floor)
    )
    parts = (
        money(book, "floor", listed.asset, tier.floor),
        above,
        rate("rate", tier.maintenance_rate),
        fine_money(book, "deduction", listed.asset, tier.deduction),
        count("maximum leverage", tier.max_leverage),
    )
    return Explanation("tier", f"{place + 1} of {len(table)}", clause=TIER, inputs=parts)


def notional_node(book: Book, market: str, quantity: int) -> Explanation:
    """A quantity's notional."""
    listed = book.markets[market]
    notional = notional_of(listed.at_mark(Quantity(quantity)))
    parts = (mark_node(book, market), lots(book, "quantity", market, quantity))
    return money(book, "notional", listed.asset, notional, NOTIONAL, "|mark * quantity|", parts)


def maintenance_node(book: Book, key: PositionKey) -> Explanation:
    """A position's maintenance margin, down to its tier."""
    margin = position_margin(book, key)
    maintenance = maintenance_margin(Money(Observed(margin.notional)), margin.tier)
    confirm("maintenance margin", maintenance, margin.maintenance)
    parts = (notional_node(book, key.market, book.positions[key]), tier_node(book, key.market, margin.tier))
    title, asset = f"maintenance margin of {position_name(key)}", book.markets[key.market].asset
    return money(book, title, asset, maintenance, MAINTENANCE, "notional * rate - deduction", parts)


def initial_node(book: Book, key: PositionKey) -> Explanation:
    """A position's initial margin."""
    margin = position_margin(book, key)
    market = book.markets[key.market]
    leverage = leverage_of(book, key.account, market)
    initial = initial_margin(Money(Observed(margin.notional)), leverage, margin.tier, margin.maintenance)
    confirm("initial margin", initial, initial_margin_of(book.positions[key], leverage, market))
    parts = (
        money(book, "notional", market.asset, margin.notional, NOTIONAL),
        count("leverage", leverage, clause=LEVERAGE),
        count("the tier's maximum leverage", margin.tier.max_leverage, clause=TIER),
        money(book, "maintenance margin", market.asset, margin.maintenance, MAINTENANCE),
    )
    formula = "notional / the lesser leverage, at least maintenance + 1 quantum"
    return money(book, f"initial margin of {position_name(key)}", market.asset, initial, INITIAL, formula, parts)


def equity_node(book: Book, domain: DomainKey) -> Explanation:
    """A domain's equity, down to marks and costs."""
    margin = domain_margin(book, domain)
    cash = money(book, f"cash in {cash_account(domain)}", domain.asset, margin.cash)
    profits = tuple(profit_node(book, key) for key in positions_of_domain(book, domain))
    return money(book, "equity", domain.asset, margin.equity, EQUITY, "cash + unrealised PnL", (cash, *profits))


def maintenance_sum_node(book: Book, domain: DomainKey) -> Explanation:
    """A domain's maintenance margin, down to each position's tier."""
    parts = tuple(maintenance_node(book, key) for key in positions_of_domain(book, domain))
    total = domain_margin(book, domain).maintenance
    return money(book, "maintenance margin", domain.asset, total, MAINTENANCE_SUM, "sum over positions", parts)


def initial_sum_node(book: Book, domain: DomainKey) -> Explanation:
    """A domain's initial margin."""
    parts = tuple(initial_node(book, key) for key in positions_of_domain(book, domain))
    total = domain_initial(book, domain_margin(book, domain))
    return money(book, "initial margin", domain.asset, total, INITIAL_SUM, "sum over positions", parts)


def order_margin_node(book: Book, account: str, asset: str) -> Explanation:
    """All order margin of an account in an asset, down to each order."""
    by_position: dict[PositionKey, list[Order]] = {}
    for order in book.orders.get(account, NO_ORDERS).values():
        if book.markets[order.market].asset == asset:
            by_position.setdefault(PositionKey(account, order.market, order.position_side), []).append(order)
    pairs = [load_node(book, key, by_position[key]) for key in sorted(by_position)]
    total = order_margin(book, account, asset)
    confirm("order margin", sum(margin for margin, _ in pairs), total)
    parts = tuple(node for _, node in pairs)
    return money(book, "order margin", asset, total, ORDER_MARGIN, "sum over positions with orders", parts)


def load_node(book: Book, key: PositionKey, orders: list[Order]) -> tuple[Money, Explanation]:
    """The order margin of one position, as a number and as a node."""
    market = book.markets[key.market]
    load = NO_LOAD
    parts: list[Explanation] = []
    for order in sorted(orders, key=lambda one: one.id):
        longer = add_order(load, order, market)
        parts.append(order_node(book, order, load, longer))
        load = longer
    held = book.positions.get(key, Quantity(0))
    leverage = leverage_of(book, key.account, market)
    margin = load_margin(load, held, leverage, market)
    larger = Quantity(max(abs(held + load.bids), abs(held - load.asks)))
    needed, present = initial_margin_of(larger, leverage, market), initial_margin_of(held, leverage, market)
    confirm("order margin of a position", needed - present + load.open_loss, margin)
    reckoned = (
        lots(book, "larger possible position", market.id, larger),
        money(book, "its initial margin", market.asset, needed, INITIAL_OF),
        money(book, "initial margin of the present position", market.asset, present, INITIAL_OF),
        money(book, "open loss", market.asset, load.open_loss, ORDER),
    )
    formula = "initial margin of the larger possible position - that of the present one + open loss"
    title = f"order margin of {position_name(key)}"
    return margin, money(book, title, market.asset, margin, LOAD, formula, (*reckoned, *parts))


def order_node(book: Book, order: Order, before: OrderLoad, after: OrderLoad) -> Explanation:
    """What one order adds."""
    market = book.markets[order.market]
    parts = (
        price(book, "limit", market.id, order.price),
        mark_node(book, market.id),
        money(book, "open loss", market.asset, after.open_loss - before.open_loss, ORDER),
    )
    counts = "" if after != before or order.quantity == 0 else "counts for nothing: it only closes"
    return lots(book, f"order {order.id}", market.id, order.quantity, ORDER, counts, parts)


def available_node(book: Book, domain: DomainKey) -> Explanation:
    """What is available for orders."""
    margin, reserved = domain_margin(book, domain), reserved_for_orders(book, domain)
    initial = domain_initial(book, margin)
    parts = (
        money(book, "equity", domain.asset, margin.equity, EQUITY),
        money(book, "initial margin", domain.asset, initial, INITIAL_SUM),
        money(book, "order margin", domain.asset, reserved, ORDER_MARGIN),
    )
    formula = "equity - initial margin - order margin, at least 0"
    return money(
        book, "available", domain.asset, available_margin(margin, initial, reserved), AVAILABLE, formula, parts
    )


def movable_node(book: Book, domain: DomainKey) -> Explanation:
    """What may leave a domain."""
    margin, reserved = domain_margin(book, domain), reserved_for_orders(book, domain)
    initial = domain_initial(book, margin)
    amount = movable_margin(margin, initial, reserved)
    confirm("movable", amount, movable(book, domain))
    parts = (
        money(book, f"cash in {cash_account(domain)}", domain.asset, margin.cash),
        money(book, "equity", domain.asset, margin.equity, EQUITY),
        money(book, "initial margin", domain.asset, initial, INITIAL_SUM),
        money(book, "order margin", domain.asset, reserved, ORDER_MARGIN),
    )
    formula = "the lesser of cash and equity - initial margin - order margin, at least 0"
    return money(book, "movable", domain.asset, amount, MOVABLE, formula, parts)


def movable_in_full(book: Book, domain: DomainKey) -> Explanation:
    """What may leave a domain, down to marks, tiers and orders."""
    margin, reserved = domain_margin(book, domain), reserved_for_orders(book, domain)
    parts = [equity_node(book, domain), initial_sum_node(book, domain)]
    if domain.is_cross:
        parts.append(order_margin_node(book, domain.account, domain.asset))
    formula = "the lesser of cash and equity - initial margin - order margin, at least 0"
    amount = movable_margin(margin, domain_initial(book, margin), reserved)
    title = f"movable from {domain_name(domain)}"
    return money(book, title, domain.asset, amount, MOVABLE, formula, tuple(parts))


def health_node(book: Book, domain: DomainKey, parts: Parts = ()) -> Explanation:
    """Whether a domain is healthy, by how much, and its margin ratio."""
    margin = domain_margin(book, domain)
    healthy = is_healthy(margin)
    if not margin.positions:
        return Explanation("health", "healthy", clause=HEALTH, formula="no position")
    above = money(book, "equity - maintenance", domain.asset, margin.equity - margin.maintenance)
    confirm("health", margin.equity > margin.maintenance, healthy)
    ratio = (percentage("margin ratio", margin.maintenance, margin.equity, HEALTH),) if margin.equity > 0 else ()
    formula = "equity > maintenance margin" if healthy else "equity ≤ maintenance margin"
    word = "healthy" if healthy else "not healthy"
    return Explanation("health", word, clause=HEALTH, formula=formula, inputs=(*parts, above, *ratio))
