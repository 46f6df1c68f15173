"""An account explained: its margin domains, down to tiers, liquidation bands and places in queues."""

from marginspec.margin.bands import bankruptcy_price, health_at, liquidation_band, view_of
from marginspec.margin.margin import (
    NO_ORDERS,
    cash_account,
    domain_margin,
    domain_of,
    is_healthy,
    leverage_of,
    margin_mode_of,
    positions_of_domain,
)
from marginspec.model.account import DomainKey, Order, PositionKey
from marginspec.model.state import State
from marginspec.model.units import Price
from marginspec.settlement.levy import domains_of_asset
from marginspec_audit.transparency import indicators
from marginspec_tools.explain.explanation import Explanation, clause, confirm
from marginspec_tools.explain.figures import count, domain_name, lots, money, position_name, price
from marginspec_tools.explain.margins import (
    LEVERAGE,
    available_node,
    equity_node,
    health_node,
    initial_sum_node,
    maintenance_sum_node,
    mark_node,
    movable_node,
    order_margin_node,
)
from marginspec_tools.explain.queues import indicator_node

BAND = clause("MRG-07", liquidation_band)
HEALTH_AT = clause("MRG-07", health_at)
BANKRUPTCY = clause("MRG-08", bankruptcy_price)
DOMAIN = clause("ACC-03", domain_of)
MARGIN_MODE = clause("ACC-01", margin_mode_of)


class UnknownNameError(Exception):
    """There is no account or market of that name."""


def explain_account(state: State, account: str, market: str | None = None) -> Explanation:
    """An account's figures in a state, those of one market if it is named, down to tiers and marks."""
    if account not in state.accounts:
        raise UnknownNameError(f"account {account!r} does not exist; {len(state.accounts)} accounts do")
    if market is not None and market not in state.markets:
        raise UnknownNameError(f"market {market!r} is not listed; {len(state.markets)} markets are")
    domains = [domain for domain in domains_of(state, account) if market is None or concerns(state, domain, market)]
    parts = tuple(domain_node(state, domain, market) for domain in domains)
    if not parts:
        parts = (Explanation("no cash, position or order" if market is None else f"no position or order in {market}"),)
    mode = state.accounts[account].replace("_", "-")
    return Explanation(f"account {account}", f"{mode} mode", inputs=parts)


def domains_of(state: State, account: str) -> list[DomainKey]:
    """An account's margin domains that hold cash, positions or orders, in order."""
    found: list[DomainKey] = []
    for asset in assets_of(state, account):
        own = [domain for domain in domains_of_asset(state, asset) if domain.account == account]
        found.extend(domain for domain in own if is_in_use(state, domain))
    return found


def assets_of(state: State, account: str) -> list[str]:
    """Assets in which an account has cash, positions or orders."""
    assets = {domain.asset for domain in state.domains_of.get(account, ())}
    assets.update(state.markets[order.market].asset for order in orders_of(state, account))
    assets.update(name.asset for name in state.ledger if name.kind == "wallet" and name.account == account)
    return sorted(assets)


def orders_of(state: State, account: str) -> tuple[Order, ...]:
    """An account's open orders."""
    return tuple(state.orders.get(account, NO_ORDERS).values())


def is_in_use(state: State, domain: DomainKey) -> bool:
    """Whether a domain has anything to show."""
    if positions_of_domain(state, domain) or state.balance(cash_account(domain)) != 0:
        return True
    ordered = any(state.markets[order.market].asset == domain.asset for order in orders_of(state, domain.account))
    return domain.is_cross and ordered


def concerns(state: State, domain: DomainKey, market: str) -> bool:
    """Whether a domain has a position or reserves margin for an order in a market."""
    if any(key.market == market for key in positions_of_domain(state, domain)):
        return True
    return domain.is_cross and any(order.market == market for order in orders_of(state, domain.account))


def domain_node(state: State, domain: DomainKey, market: str | None) -> Explanation:
    """One margin domain; positions and bands of one market only, if it is named."""
    keys = positions_of_domain(state, domain)
    parts = [equity_node(state, domain), maintenance_sum_node(state, domain), initial_sum_node(state, domain)]
    if domain.is_cross:
        parts.append(order_margin_node(state, domain.account, domain.asset))
    parts.extend((available_node(state, domain), movable_node(state, domain), health_node(state, domain)))
    for held_market in sorted({key.market for key in keys}):
        if market in (None, held_market):
            own = tuple(key for key in keys if key.market == held_market)
            parts.append(market_node(state, domain, held_market, own))
    word = "healthy" if is_healthy(domain_margin(state, domain)) else "not healthy"
    return Explanation(f"domain {domain_name(domain)}", word, clause=DOMAIN, inputs=tuple(parts))


def market_node(state: State, domain: DomainKey, market: str, keys: tuple[PositionKey, ...]) -> Explanation:
    """A domain in one market: settings, liquidation band, bankruptcy price, positions with their indicators."""
    listed = state.markets[market]
    parts = [
        Explanation("margin mode", margin_mode_of(state, domain.account, market), clause=MARGIN_MODE),
        count("leverage", leverage_of(state, domain.account, listed), clause=LEVERAGE),
        mark_node(state, market),
        *band_nodes(state, domain, market),
        bankruptcy_node(state, domain, market),
    ]
    for key in keys:
        shown = indicator_node(state, key)
        confirm("ADL indicator", shown.value, str(indicators(state, market).get(key, "none")))
        parts.append(lots(state, f"position {position_name(key)}", market, state.positions[key], parts=(shown,)))
    return Explanation(f"market {market}", inputs=tuple(parts))


def band_nodes(state: State, domain: DomainKey, market: str) -> tuple[Explanation, ...]:
    """Both ends of a domain's liquidation band."""
    band = liquidation_band(state, domain, market)
    return (
        band_end_node(state, domain, market, "below", band.lower),
        band_end_node(state, domain, market, "above", band.upper),
    )


def band_end_node(state: State, domain: DomainKey, market: str, where: str, end: Price | None) -> Explanation:
    """One end of the band: the price, and what is left above maintenance there and one price unit nearer."""
    title = f"liquidation price {where} the mark"
    if end is None:
        return Explanation(title, "none", clause=BAND)
    mark, view = state.markets[market].marked(), view_of(state, domain, market)
    nearer = Price(end + (1 if end < mark else -1)) if end != mark else end
    confirm("band ends where health does", health_at(view, end) <= 0, True)
    parts = [money(state, "equity - maintenance there", domain.asset, health_at(view, end), HEALTH_AT)]
    if nearer != end:
        confirm("health inside the band", health_at(view, nearer) > 0, True)
        left = health_at(view, nearer)
        parts.append(money(state, "equity - maintenance one price unit nearer", domain.asset, left, HEALTH_AT))
    return price(state, title, market, end, BAND, parts=tuple(parts))


def bankruptcy_node(state: State, domain: DomainKey, market: str) -> Explanation:
    """The mark at which a domain's equity is zero."""
    found = bankruptcy_price(state, domain, market)
    if found is None:
        return Explanation("bankruptcy price", "none", clause=BANKRUPTCY)
    view = view_of(state, domain, market)
    slope = sum(exposure.value_per_unit for exposure in view.exposures)
    left = view.fixed_equity + slope * found
    confirm("equity at the bankruptcy price is less than a price unit's", 0 <= left < abs(slope), True)
    parts = (
        money(state, "equity at a price of 0, other marks fixed", domain.asset, view.fixed_equity),
        money(state, "equity gained a price unit", domain.asset, slope),
        money(state, "equity at the bankruptcy price", domain.asset, left),
    )
    formula = "where equity is 0, rounded against the account"
    return price(state, "bankruptcy price", market, found, BANKRUPTCY, formula, parts)
