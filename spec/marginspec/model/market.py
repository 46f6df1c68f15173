"""Markets and their tier tables: parameters, validation, and the value of a quantity at a price."""

from collections.abc import Iterable
from typing import Annotated

import attrs

from marginspec.model.fields import UNSTATED, AssetName, MarketName, StatedMoney, StatedRate
from marginspec.model.rejections import Reason, Rejected, require
from marginspec.model.units import (
    MAX_AMOUNT,
    MAX_LEVERAGE,
    MAX_PRICE,
    MAX_TIERS,
    MIN_LEVERAGE,
    NOTHING,
    RATE_ONE,
    Decimal8,
    Money,
    Price,
    Quantity,
    Rate,
    in_units,
)
from marginspec.registry import rule


@attrs.frozen
class Tier:
    """One row of a tier table, for notionals in (floor, next floor] quanta; `deduction` counts 1e-8 of a quantum."""

    floor: Money
    max_leverage: int
    maintenance_rate: Rate
    deduction: Annotated[int, UNSTATED]


@attrs.frozen
class TierTable:
    """The tiers of a market, lowest first, at least one."""

    tiers: tuple[Tier, ...]

    @rule("MKT-02", source="SRC-01")
    def holding(self, notional: Money) -> Tier:
        """A tier holds the notionals above its floor, up to and including the next floor."""
        held = self.tiers[0]
        for tier in self.tiers[1:]:
            if notional <= tier.floor:
                break
            held = tier
        return held


@attrs.frozen
class TierTerms:
    """One row of a tier table as an event states it, before it is checked."""

    floor: StatedMoney
    max_leverage: int
    maintenance_rate: StatedRate


@attrs.frozen
class FeeTerms:
    """Fee rates of a market: taker, maker and clearance fee, and the insurance fund's share of fees."""

    taker_fee: Rate
    maker_fee: Rate
    insurance_fee_share: Rate
    clearance_fee: Rate


@attrs.frozen
class Limits:
    """Limits of a market: how far prices may lie from the mark, trades' and fills', funding rate, notional at mark."""

    price_band: Rate | None = None
    fill_band: Rate | None = None
    funding_cap: Rate | None = None
    position_limit: Money | None = None


@attrs.frozen
class LimitTerms:
    """Limits of a market as an event states them, before they are checked."""

    price_band: StatedRate | None = None
    fill_band: StatedRate | None = None
    funding_cap: StatedRate | None = None
    position_limit: StatedMoney | None = None


NO_LIMITS = Limits()
NO_LIMIT_TERMS = LimitTerms()


@attrs.frozen
class Market:
    """A market: its units, tick, tiers, fees and limits, and its mark price once one is set.

    `quanta_per_unit` is the value in quanta of one lot at a price of one unit; `tick` counts price units.
    """

    id: MarketName
    asset: AssetName
    price_decimals: int
    quantity_decimals: int
    quanta_per_unit: Annotated[int, UNSTATED]
    tick: Price
    tiers: TierTable
    fees: FeeTerms
    mark: Annotated[Price | None, UNSTATED] = None
    limits: Limits = NO_LIMITS

    @rule("NUM-01")
    def value(self, price: Price, quantity: Quantity) -> Money:
        """Value is price times quantity in quanta of the settlement asset, exact, signed like the quantity."""
        return Money(price * quantity * self.quanta_per_unit)

    @rule("NUM-01")
    def at_mark(self, quantity: Quantity) -> Money:
        """Value of a quantity at the mark price, exact, signed like the quantity."""
        assert self.mark is not None, f"market {self.id} has no mark price"
        return Money(self.mark * quantity * self.quanta_per_unit)

    def marked(self) -> Price:
        """The mark price; whoever asks has made sure that there is one."""
        assert self.mark is not None, f"market {self.id} has no mark price"
        return self.mark


@rule("MKT-01", "NUM-01")
def list_market(
    market: str,
    asset: str,
    asset_decimals: int,
    price_decimals: int,
    quantity_decimals: int,
    tick: Decimal8,
    fees: FeeTerms,
    tiers: tuple[TierTerms, ...],
    limit_terms: LimitTerms = NO_LIMIT_TERMS,
) -> Market:
    """A market has an asset, decimals, tick, tiers, fees, maybe limits.

    Else INVALID_MARKET, INVALID_TIERS, INVALID_AMOUNT, INVALID_RATE.
    """
    require(price_decimals >= 0 and quantity_decimals >= 0, Reason.INVALID_MARKET)
    require(price_decimals + quantity_decimals <= asset_decimals, Reason.INVALID_MARKET)
    tick_units = in_units(tick, price_decimals)
    if tick_units is None or not 0 < tick_units <= MAX_PRICE:
        raise Rejected(Reason.INVALID_MARKET)
    table = tier_table(tiers, asset_decimals)
    limits = limits_of(limit_terms, asset_decimals)
    check_fees(fees)
    quanta_per_unit = 10 ** (asset_decimals - price_decimals - quantity_decimals)
    decimals = (price_decimals, quantity_decimals)
    return Market(market, asset, *decimals, quanta_per_unit, Price(tick_units), table, fees, None, limits)


@rule("MKT-02", "NUM-03")
def tier_table(terms: Iterable[TierTerms], asset_decimals: int) -> TierTable:
    """Floors start at zero and rise, maximum leverages fall, rates rise, and rate times leverage is below 1.

    Each tier's deduction is the one below plus floor * (rate - rate below), which makes maintenance
    continuous; it is kept exact. Refuses INVALID_TIERS for any other table.
    """
    tiers: tuple[Tier, ...] = ()
    for row in terms:
        tiers = (*tiers, next_tier(tiers[-1] if tiers else None, row, asset_decimals))
        require(len(tiers) <= MAX_TIERS, Reason.INVALID_TIERS)
    require(len(tiers) > 0, Reason.INVALID_TIERS)
    return TierTable(tiers)


@rule("MKT-02")
def next_tier(below: Tier | None, row: TierTerms, asset_decimals: int) -> Tier:
    """A tier continues the one below it: higher floor, lower leverage, higher rate, deduction by recurrence."""
    floor = in_units(row.floor, asset_decimals)
    if floor is None or not 0 <= floor <= MAX_AMOUNT:
        raise Rejected(Reason.INVALID_TIERS)
    rate = row.maintenance_rate
    require(MIN_LEVERAGE <= row.max_leverage <= MAX_LEVERAGE, Reason.INVALID_TIERS)
    require(rate > 0 and rate * row.max_leverage < RATE_ONE, Reason.INVALID_TIERS)
    if below is None:
        require(floor == 0, Reason.INVALID_TIERS)
        return Tier(NOTHING, row.max_leverage, Rate(rate), 0)
    require(floor > below.floor, Reason.INVALID_TIERS)
    require(row.max_leverage < below.max_leverage, Reason.INVALID_TIERS)
    require(rate > below.maintenance_rate, Reason.INVALID_TIERS)
    deduction = below.deduction + floor * (rate - below.maintenance_rate)
    return Tier(Money(floor), row.max_leverage, Rate(rate), deduction)


@rule("MKT-01")
def check_fees(fees: FeeTerms) -> None:
    """Fee rates and the insurance fund's share lie between 0 and 1; refuses INVALID_RATE."""
    for rate in (fees.taker_fee, fees.maker_fee, fees.insurance_fee_share, fees.clearance_fee):
        require(0 <= rate <= RATE_ONE, Reason.INVALID_RATE)


@rule("MKT-04", "NUM-03")
def limits_of(terms: LimitTerms, asset_decimals: int) -> Limits:
    """Bands and cap are rates above 0 and at most 1, the position limit an amount above 0; each may be absent.

    Refuses INVALID_AMOUNT, then INVALID_RATE.
    """
    limit = None
    if terms.position_limit is not None:
        limit = in_units(terms.position_limit, asset_decimals)
        require(limit is not None and 0 < limit <= MAX_AMOUNT, Reason.INVALID_AMOUNT)
    bands = rate_limit(terms.price_band), rate_limit(terms.fill_band)
    return Limits(*bands, rate_limit(terms.funding_cap), None if limit is None else Money(limit))


def rate_limit(rate: Decimal8 | None) -> Rate | None:
    """A rate above 0 and at most 1, or none; refuses INVALID_RATE."""
    require(rate is None or 0 < rate <= RATE_ONE, Reason.INVALID_RATE)
    return None if rate is None else Rate(rate)
