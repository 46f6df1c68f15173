"""Figures of checks that look at balances, margins, lots and the limits of a state."""

from marginspec.handlers.fills import close_lot, lots_to_close
from marginspec.handlers.guards import amount_in, check_net_deposits, price_in, quantity_in, tick_price_in
from marginspec.handlers.trading import (
    Leg,
    check_gross_cost,
    check_open_interest,
    is_flat_and_negative,
    leverage_fits,
    opening_margin,
)
from marginspec.margin.margin import (
    available_margin,
    cash_account,
    domain_initial,
    domain_margin,
    is_healthy,
    leverage_of,
    movable,
    notional_of,
    order_margin,
    reserved_for_orders,
)
from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.effects import Transferred
from marginspec.model.events import (
    AdjustIsolatedMargin,
    Deposit,
    Event,
    FundInsurance,
    LiquidationFill,
    MarkPrice,
    PlaceOrder,
    Trade,
    Withdraw,
    WithdrawHouse,
)
from marginspec.model.ledger import FUND_KINDS
from marginspec.model.state import Book, State
from marginspec.model.units import (
    FLAT,
    MAX_BALANCE,
    MAX_FUND,
    MAX_GROSS_COST,
    MAX_NET_DEPOSITS,
    MAX_OPEN_INTEREST_MARKED,
    MAX_OPEN_INTEREST_TRADED,
    NOTHING,
    Money,
    Quantity,
)
from marginspec.settlement.waterfall import draw_amounts, uncovered_shortfall
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_tools.explain.explanation import Clause, Explanation, clause, confirm
from marginspec_tools.explain.figures import Parts, count, domain_name, lots, money, position_name, price
from marginspec_tools.explain.margins import (
    LEVERAGE,
    available_node,
    equity_node,
    health_node,
    initial_sum_node,
    maintenance_sum_node,
    movable_in_full,
    notional_node,
    order_margin_node,
    tier_node,
)
from marginspec_tools.explain.parties import fill_leg, legs_of
from marginspec_tools.explain.payments import Closing, closed_lot, opening_parts, released_node
from marginspec_tools.explain.watching import Watched

OPENING = clause("ACC-04", opening_margin)
DEPOSITS, INTEREST = clause("NUM-03", check_net_deposits), clause("NUM-03", check_open_interest)
BALANCES, COSTS = clause("NUM-03", apply), clause("NUM-03", check_gross_cost)


def too_much(wanted: int, allowed: int) -> str:
    """That a wanted amount is above the allowed one."""
    confirm("more is wanted than allowed", wanted > allowed, True)
    return "is too much"


def funds_suffice(watched: Watched, event: WithdrawHouse) -> Parts:
    """The amount wanted beside what the house has."""
    wanted = amount_in(watched.before, event.asset, event.amount)
    held = watched.before.balance(ledger.house(event.asset))
    return (
        money(watched.before, "wanted", event.asset, wanted, formula=too_much(wanted, held)),
        money(watched.before, f"house of {event.asset}", event.asset, held),
    )


def balance_suffices(watched: Watched, event: Withdraw | AdjustIsolatedMargin | PlaceOrder | Trade) -> Parts:
    """What is wanted beside what is withdrawable, movable or available."""
    before = watched.before
    if isinstance(event, Withdraw):
        wanted = amount_in(before, event.asset, event.amount)
        return wanted_nodes(before, wanted, DomainKey(event.account, event.asset))
    if isinstance(event, AdjustIsolatedMargin):
        asset = before.markets[event.market].asset
        amount = amount_in(before, asset, event.amount)
        own = DomainKey(event.account, asset, event.market, event.side)
        return wanted_nodes(before, abs(amount), DomainKey(event.account, asset) if amount > 0 else own)
    if isinstance(event, PlaceOrder):
        return order_nodes(watched, event)
    return tuple(node for name, leg in legs_of(before, event) for node in opening_nodes(watched, name, leg))


def wanted_nodes(book: State, wanted: int, domain: DomainKey) -> Parts:
    """An amount beside what is movable from a domain, down to marks, tiers and orders."""
    formula = too_much(wanted, movable(book, domain))
    return (money(book, "wanted", domain.asset, wanted, formula=formula), movable_in_full(book, domain))


def order_nodes(watched: Watched, event: PlaceOrder) -> Parts:
    """By how much an order raises order margin, beside what was available without it."""
    before, book = watched.before, watched.refused_in
    asset = before.markets[event.market].asset
    domain = DomainKey(event.account, asset)
    reserved, needed = order_margin(before, event.account, asset), order_margin(book, event.account, asset)
    margin = domain_margin(before, domain)
    available = available_margin(margin, domain_initial(before, margin), reserved)
    formula = f"order margin with it - order margin without it: {too_much(needed - reserved, available)}"
    raised = (order_margin_node(book, event.account, asset), money(before, "order margin without it", asset, reserved))
    return (
        money(before, "wanted", asset, needed - reserved, formula=formula, parts=raised),
        available_node(before, domain),
    )


def opening_nodes(watched: Watched, name: str, leg: Leg) -> Parts:
    """The margin that one party's opening takes, beside what was movable when it was taken."""
    for place, effect in enumerate(watched.effects):
        if isinstance(effect, Transferred) and effect.rule == "ACC-04" and effect.target == leg.cash:
            book = watched.books[place]
            due, parts = opening_parts(watched.before, book, leg)
            confirm("margin due", due, effect.amount)
            cross = DomainKey(leg.domain.account, leg.domain.asset)
            word = "is too much" if due > movable(book, cross) else "is movable"
            title = f"{name} {position_name(leg.key)}: margin wanted"
            wanted = money(book, title, leg.domain.asset, due, OPENING, word, parts)
            return (wanted, movable_in_full(book, cross))
    return ()


def leverage_within_tier(watched: Watched, event: Trade | LiquidationFill) -> Parts:
    """Each party's leverage beside the tier of its resulting notional."""
    book = watched.refused_in
    market = book.markets[event.market]
    parts: list[Explanation] = []
    for name, leg in legs_of(watched.before, event):
        held = book.positions.get(leg.key, FLAT)
        tier = market.tiers.holding(notional_of(market.at_mark(held)))
        word = "fits" if leverage_fits(book, market, leg.key) else "is above the tier's maximum"
        inputs = (
            count("leverage", leverage_of(book, leg.key.account, market), clause=LEVERAGE),
            notional_node(book, market.id, held),
            tier_node(book, market.id, tier),
        )
        parts.append(Explanation(f"leverage of {name} {position_name(leg.key)}", word, inputs=inputs))
    return tuple(parts)


def cash_not_negative(watched: Watched, event: Trade | LiquidationFill) -> Parts:
    """Each party's cash, after closing and at the end, in the traded domain and in its cross domain."""
    book = watched.refused_in
    parts: list[Explanation] = []
    for name, leg in legs_of(watched.before, event):
        cross = DomainKey(leg.domain.account, leg.domain.asset)
        domains = (leg.domain,) if leg.domain.is_cross else (leg.domain, cross)
        parts.extend(flip_nodes(watched, name, leg))
        for domain in domains:
            cash = cash_account(domain)
            word = "flat with negative cash" if is_flat_and_negative(book, domain, cash) else "allowed"
            parts.append(money(book, f"cash of {name} in {cash}", domain.asset, book.balance(cash), formula=word))
    return tuple(parts)


def flip_nodes(watched: Watched, name: str, leg: Leg) -> Parts:
    """The cash of an isolated position after the close of a flip, before its open; a cross domain's is not tested."""
    held = watched.before.positions.get(leg.key, FLAT)
    if leg.domain.is_cross or held == 0 or (held > 0) == (held + leg.quantity >= 0):
        return ()
    for place, effect in enumerate(watched.effects):
        is_open = getattr(effect, "key", None) == leg.key and getattr(effect, "quantity", None) == held + leg.quantity
        if is_open:
            cash = watched.books[place].balance(leg.cash)
            word = "negative before the open" if cash < 0 else "allowed"
            title = f"cash of {name} in {leg.cash} between close and open"
            return (money(watched.before, title, leg.domain.asset, cash, formula=word),)
    return ()


def domains_healthy(watched: Watched, event: Trade | LiquidationFill) -> Parts:
    """Each party's traded domain as booked: equity beside maintenance."""
    book = watched.refused_in
    parts: list[Explanation] = []
    for name, leg in legs_of(watched.before, event):
        inputs = (equity_node(book, leg.domain), maintenance_sum_node(book, leg.domain))
        healthy = is_healthy(domain_margin(book, leg.domain))
        word = "healthy" if healthy else "not healthy"
        title = f"{name} {domain_name(leg.domain)}"
        parts.append(Explanation(title, word, inputs=(health_node(book, leg.domain, inputs),)))
    return tuple(parts)


def margin_suffices(watched: Watched, event: Trade | LiquidationFill) -> Parts:
    """Each party's equity as booked beside its initial and order margin."""
    book = watched.refused_in
    return tuple(required_node(book, name, leg.domain) for name, leg in legs_of(watched.before, event))


def required_node(book: Book, name: str, domain: DomainKey) -> Explanation:
    """Whether a domain's equity covers its initial and order margin."""
    margin = domain_margin(book, domain)
    required = Money(domain_initial(book, margin) + reserved_for_orders(book, domain))
    inputs = [initial_sum_node(book, domain)]
    if domain.is_cross:
        inputs.append(order_margin_node(book, domain.account, domain.asset))
    parts = (
        equity_node(book, domain),
        money(book, "required", domain.asset, required, formula="initial + order margin", parts=tuple(inputs)),
    )
    word = "equity suffices" if margin.equity >= required else "equity is less, which suffices only to close"
    return Explanation(f"{name} {domain_name(domain)}", word, inputs=parts)


def lots_suffice(watched: Watched, event: LiquidationFill) -> Parts:
    """The quantity wanted beside the lots of that direction."""
    before = watched.before
    market = before.markets[event.market]
    wanted = quantity_in(market, event.quantity, tick_price_in(market, event.price))
    queued = [before.lots[lot_id] for lot_id in before.lots_in.get(market.id, ())]
    matching = [lot for lot in queued if lot.direction == event.side]
    total = sum(abs(lot.quantity) for lot in matching)
    each = tuple(lots(before, f"lot {lot.id}", market.id, lot.quantity) for lot in matching)
    return (
        lots(before, "wanted", market.id, wanted, formula=too_much(wanted, total)),
        lots(before, f"{event.side} lots of {market.id}", market.id, total, parts=each),
    )


def cover_suffices(watched: Watched, event: LiquidationFill) -> Parts:
    """The losses that the fill would realise beside reserve and insurance, and shortfalls before and after."""
    before = watched.before
    market = before.markets[event.market]
    closings = fill_closings(before, event)
    gained = sum(max(0, int(closed.profit)) for _, closed in closings)
    lost = sum(max(0, -int(closed.profit)) for _, closed in closings)
    reserve, fund = before.balance(ledger.reserve(market.id)), before.balance(ledger.insurance(market.asset))
    drawn = draw_amounts(Money(lost), Money(reserve + gained), fund)
    word = "is covered" if sum(drawn) == lost else "is more than reserve, profits and insurance"
    each = tuple(closing_node(before, event.market, lot_id, closed) for lot_id, closed in closings)
    parts = (
        money(before, "loss to realise", market.asset, lost, formula=word, parts=each),
        money(before, f"reserve of {market.id}", market.asset, reserve),
        money(before, "profit to realise first", market.asset, gained),
        money(before, f"insurance fund of {market.asset}", market.asset, fund),
    )
    return parts if sum(drawn) != lost else (*parts, *uncovered_nodes(watched, market.asset))


def fill_closings(before: State, event: LiquidationFill) -> list[tuple[int, Closing]]:
    """Each lot that a fill would close, with what it would realise, as the rules reckon it."""
    market, leg, scratch = before.markets[event.market], fill_leg(before, event), Transaction(before)
    found: list[tuple[int, Closing]] = []
    for lot, part in lots_to_close(scratch, event, Quantity(abs(leg.quantity))):
        closed = closed_lot(before, event, leg, lot)
        confirm("profit of a lot", close_lot(scratch, market, leg.key, lot, part, leg.price), closed.profit)
        found.append((lot.id, closed))
    return found


def closing_node(before: State, market_id: str, lot_id: int, closed: Closing) -> Explanation:
    """What closing a lot would realise."""
    market = before.markets[market_id]
    parts = (money(before, "value", market.asset, closed.value), released_node(before, market, closed))
    title = f"PnL of lot {lot_id}"
    return money(before, title, market.asset, int(closed.profit), formula="value - released cost", parts=parts)


def uncovered_nodes(watched: Watched, asset: str) -> Parts:
    """What has no cover before the fill and with it."""
    before, with_it = uncovered_shortfall(watched.before, asset), uncovered_shortfall(watched.refused_in, asset)
    return (
        money(watched.before, "shortfall beyond insurance before the fill", asset, before),
        money(watched.before, "with it", asset, with_it, formula=too_much(with_it, before)),
    )


def within_range(watched: Watched, event: Event) -> Parts:
    """What is past a limit of states."""
    if isinstance(event, MarkPrice):
        return marked_interest_nodes(watched.before, event)
    parts: list[Explanation] = []
    if isinstance(event, Deposit | FundInsurance):
        deposits = -watched.refused_in.balance(ledger.external(event.asset))
        parts.append(
            limit_node(watched, f"net deposits of {event.asset}", event.asset, deposits, MAX_NET_DEPOSITS, DEPOSITS)
        )
    if isinstance(event, Trade | LiquidationFill):
        parts.extend(traded_limit_nodes(watched, event))
    touched = [effect for effect in watched.effects if isinstance(effect, Transferred)]
    for effect in touched:
        for account in (effect.source, effect.target):
            balance = abs(watched.refused_in.balance(account))
            limit = MAX_FUND if account.kind in FUND_KINDS else MAX_BALANCE
            if balance > limit:
                parts.append(limit_node(watched, f"balance of {account}", effect.asset, balance, limit, BALANCES))
    return tuple(parts)


def limit_node(watched: Watched, title: str, asset: str, amount: int, limit: int, by: Clause) -> Explanation:
    """An amount beside its limit."""
    word = "is past its limit" if amount > limit else "is within its limit"
    parts = (money(watched.before, "limit", asset, limit),)
    return money(watched.before, title, asset, amount, by, word, parts)


def traded_limit_nodes(watched: Watched, event: Trade | LiquidationFill) -> Parts:
    """The asset's open interest at mark and the costs of each party's domain, as booked, beside their limits."""
    asset = watched.before.markets[event.market].asset
    value = watched.refused_in.open_value.get(asset, NOTHING)
    title = f"open interest of {asset} at mark"
    nodes = [limit_node(watched, title, asset, value, MAX_OPEN_INTEREST_TRADED, INTEREST)]
    for _, leg in legs_of(watched.before, event):
        margin = domain_margin(watched.refused_in, leg.domain)
        cost = sum(abs(position.cost) for position in margin.positions)
        title = f"costs of the positions of {leg.key.account}"
        nodes.append(limit_node(watched, title, asset, cost, MAX_GROSS_COST, COSTS))
    return tuple(nodes)


def marked_interest_nodes(before: State, event: MarkPrice) -> Parts:
    """An asset's open interest at the new mark of one of its markets, beside its limit."""
    market = before.markets[event.market]
    mark, interest = price_in(market, event.price), before.open_interest.get(market.id, FLAT)
    value = market.value(mark, interest)
    others = Money(before.open_value.get(market.asset, NOTHING) - market.value(market.mark or mark, interest))
    inputs = (
        price(before, "new mark", market.id, mark),
        lots(before, "open interest", market.id, interest),
        money(before, f"value in {market.id}", market.asset, value),
        money(before, "value in other markets", market.asset, others),
        money(before, "limit", market.asset, MAX_OPEN_INTEREST_MARKED),
    )
    total = Money(value + others)
    confirm("open interest is past its limit", total > MAX_OPEN_INTEREST_MARKED, True)
    return (
        money(before, "open interest at the new mark", market.asset, total, formula="is past its limit", parts=inputs),
    )
