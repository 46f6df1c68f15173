"""Liquidation band and bankruptcy price of a domain: where it stops being healthy, where its equity is zero."""

import attrs

from marginspec.margin.margin import (
    cash_account,
    cost_of,
    domain_margin,
    exact_maintenance,
    is_healthy,
    maintenance_margin,
    notional_of,
    position_margin,
    positions_of_domain,
)
from marginspec.model.account import DomainKey
from marginspec.model.market import TierTable
from marginspec.model.state import Book
from marginspec.model.units import MAX_PRICE, MAX_VALUE, NOTHING, RATE_ONE, Money, Price, div_down, div_up
from marginspec.registry import rule


@attrs.frozen
class Exposure:
    """A position seen from its market's price: its value in quanta per price unit (signed), and its tiers."""

    value_per_unit: int
    tiers: TierTable


@attrs.frozen
class PriceView:
    """A domain as a function of one market's price, all other marks fixed.

    `fixed_equity` is the equity at a price of zero, `fixed_maintenance` that of the other markets.
    """

    fixed_equity: Money
    fixed_maintenance: Money
    exposures: tuple[Exposure, ...]


@attrs.frozen
class Band:
    """The nearest unhealthy prices below and above the mark; None where there is none."""

    lower: Price | None
    upper: Price | None


@rule("MRG-07")
def view_of(book: Book, domain: DomainKey, market_id: str) -> PriceView:
    """With every other mark fixed, equity is linear in a market's price."""
    equity, maintenance = book.balance(cash_account(domain)), NOTHING
    exposures: tuple[Exposure, ...] = ()
    for key in positions_of_domain(book, domain):
        if key.market == market_id:
            market = book.markets[market_id]
            per_unit = market.value(Price(1), book.positions[key])
            exposures = (*exposures, Exposure(per_unit, market.tiers))
            equity = Money(equity - cost_of(book, key))
        else:
            margin = position_margin(book, key)
            equity = Money(equity + margin.unrealised)
            maintenance = Money(maintenance + margin.maintenance)
    return PriceView(equity, maintenance, exposures)


@rule("MRG-05", "MRG-07")
def health_at(view: PriceView, price: Price) -> Money:
    """Equity less maintenance at a price, as the rules round it; the domain is healthy where it is positive."""
    health = view.fixed_equity - view.fixed_maintenance
    for exposure in view.exposures:
        value = Money(exposure.value_per_unit * price)
        notional = notional_of(value)
        health = health + value - maintenance_margin(notional, exposure.tiers.holding(notional))
    return Money(health)


@rule("MRG-07")
def exact_health_at(view: PriceView, price: Price) -> int:
    """Equity less maintenance before rounding, in 1e-8 of a quantum; concave in the price."""
    health = RATE_ONE * (view.fixed_equity - view.fixed_maintenance)
    for exposure in view.exposures:
        value = Money(exposure.value_per_unit * price)
        notional = notional_of(value)
        health = health + RATE_ONE * value - exact_maintenance(notional, exposure.tiers.holding(notional))
    return health


@rule("MRG-07", "NUM-03")
def highest_price(view: PriceView) -> Price:
    """The band is sought only among prices at which notionals are at most 2^62."""
    largest = max([1, *(abs(exposure.value_per_unit) for exposure in view.exposures)])
    return Price(min(MAX_PRICE, div_down(MAX_VALUE, largest)))


@rule("MRG-07", source="SRC-05 SRC-13 SRC-14")
def liquidation_band(book: Book, domain: DomainKey, market_id: str) -> Band:
    """The band is bounded by the nearest prices below and above the mark, or the mark itself, that are not healthy."""
    view = view_of(book, domain, market_id)
    mark = book.markets[market_id].marked()
    if not view.exposures:
        return Band(None, None)
    if not is_healthy(domain_margin(book, domain)):
        return Band(mark, mark)
    return Band(nearest_unhealthy(view, mark, Price(1)), nearest_unhealthy(view, mark, highest_price(view)))


@rule("MRG-07")
def nearest_unhealthy(view: PriceView, mark: Price, end: Price) -> Price | None:
    """From a healthy mark towards an end, the first price that is not healthy; None if there is none.

    Rounding costs less than a quantum a position, and exact health is concave. So all prices where exact
    health is at least a quantum a position are healthy, and lie together around its peak; that stretch is
    passed over. Prices before and after it are tried one by one.
    """
    safe = RATE_ONE * len(view.exposures)
    peak = peak_of_exact_health(view, mark, end)
    if exact_health_at(view, peak) < safe:
        return first_unhealthy(view, mark, end)
    before = last_below(view, peak, mark, safe)
    found = None if before is None else first_unhealthy(view, mark, before)
    if found is not None:
        return found
    after = last_below(view, peak, end, safe)
    return None if after is None else first_unhealthy(view, after, end)


@rule("MRG-07")
def first_unhealthy(view: PriceView, start: Price, end: Price) -> Price | None:
    """The first price from start to end, both included, that is not healthy; None if there is none.

    Stops where exact health is below one quantum, at the latest: no rounding makes that healthy.
    """
    step = 1 if end >= start else -1
    price = start
    while health_at(view, price) > 0:
        if price == end:
            return None
        price = Price(price + step)
    return price


@rule("MRG-07")
def peak_of_exact_health(view: PriceView, start: Price, end: Price) -> Price:
    """The price from start to end at which exact health, which is concave, is largest; the first of equals."""
    rising, falling = start, end
    while rising != falling:
        rising, falling = around_peak(view, rising, falling)
    return rising


@rule("MRG-07")
def around_peak(view: PriceView, rising: Price, falling: Price) -> tuple[Price, Price]:
    """Half of a stretch of several prices, the half with the peak of exact health."""
    step = 1 if falling >= rising else -1
    middle = Price(rising + step * div_down(abs(falling - rising), 2))
    if exact_health_at(view, Price(middle + step)) > exact_health_at(view, middle):
        return Price(middle + step), falling
    return rising, middle


@rule("MRG-07")
def last_below(view: PriceView, peak: Price, end: Price, threshold: int) -> Price | None:
    """The price nearest to the peak, towards an end, where exact health is below the threshold; None if none is."""
    if exact_health_at(view, end) >= threshold:
        return None
    inside, outside = peak, end
    while abs(outside - inside) > 1:
        inside, outside = around_crossing(view, inside, outside, threshold)
    return outside


@rule("MRG-07")
def around_crossing(view: PriceView, inside: Price, outside: Price, threshold: int) -> tuple[Price, Price]:
    """Half of a stretch: its ends are still a price where exact health is at the threshold or above, and one below."""
    middle = Price(div_down(inside + outside, 2))
    return (middle, outside) if exact_health_at(view, middle) >= threshold else (inside, middle)


@rule("MRG-08", source="SRC-06 SRC-14")
def bankruptcy_price(book: Book, domain: DomainKey, market_id: str) -> Price | None:
    """The bankruptcy price is the mark at which the domain's equity is zero, other marks fixed.

    Rounded against the account: up for a net long, down for a net short. None if no positive price has it.
    """
    view = view_of(book, domain, market_id)
    slope = sum(exposure.value_per_unit for exposure in view.exposures)
    if slope == 0:
        return None
    price = div_up(-view.fixed_equity, slope) if slope > 0 else div_down(view.fixed_equity, -slope)
    return Price(price) if price > 0 else None
