"""Liquidation band and bankruptcy price of a domain: where it stops being healthy, where its equity is zero."""

import attrs

from marginspec.margin.margin import (
    cash_account,
    cost_of,
    exact_maintenance,
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
    """The ends of a band below and above the mark; None where there is none."""

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
    """Each end of a band is the nearest price below or above the mark where exact health is below a quantum a position.

    Both ends are the mark if the domain is not healthy there.
    """
    view = view_of(book, domain, market_id)
    mark = book.markets[market_id].marked()
    if not view.exposures:
        return Band(None, None)
    if health_at(view, mark) <= 0:
        return Band(mark, mark)
    return Band(band_end(view, mark, Price(1)), band_end(view, mark, highest_price(view)))


@rule("MRG-07")
def band_end(view: PriceView, mark: Price, last: Price) -> Price | None:
    """The nearest price beyond a healthy mark, up to a last one, where exact health is below a quantum a position.

    Rounding costs less than a quantum a position: so every price before it is healthy. With one position it is not;
    with two it can be, by less than two quanta, and so can the mark. None if there is no such price.
    """
    if mark == last:
        return None
    safe = RATE_ONE * len(view.exposures)
    nearest = Price(mark + 1 if mark < last else mark - 1)
    return nearest if exact_health_at(view, nearest) < safe else first_below(view, nearest, last, safe)


@rule("MRG-07")
def first_below(view: PriceView, start: Price, last: Price, threshold: int) -> Price | None:
    """From a price with exact health of a threshold or above to a last one, the first one below it; None if none is.

    Exact health is concave, so all prices beyond the first one are below too, and halving the stretch finds it.
    """
    if exact_health_at(view, last) >= threshold:
        return None
    inside, outside = start, last
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
