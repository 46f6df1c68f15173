"""Listing a market, and replacing its tiers, fees or limits: rare, so not compiled."""

from collections.abc import Iterable
from typing import NamedTuple

from marginspec.model.events import ListMarket, UpdateFees, UpdateLimits
from marginspec.model.market import TierTerms
from marginspec.model.rejections import Reason
from marginspec.model.units import MAX_AMOUNT, MAX_LEVERAGE, MAX_TIERS, WIRE_DECIMALS
from marginspec_engine.kernels.limits import MAX_PRICE, RATE_ONE


class TierRow(NamedTuple):
    """A tier: its floor in quanta, its largest leverage, its rate, its deduction in quanta and 1e-8 of one, its turns.

    A long whose health at a price of zero is `turn_below` below zero, or more, becomes unhealthy above the floor, and
    so does a short whose health at a price of zero is `turn_above` or more (T-KERNEL-24, T-KERNEL-25).
    """

    floor: int
    leverage: int
    rate: int
    deduction_quanta: int
    deduction_rest: int
    turn_below: int
    turn_above: int

    @property
    def deduction(self) -> int:
        """The deduction in 1e-8 of a quantum."""
        return self.deduction_quanta * RATE_ONE + self.deduction_rest


def tier_row(floor: int, leverage: int, rate: int, deduction: int) -> TierRow:
    """A tier whose deduction counts 1e-8 of a quantum."""
    turns = turn_below(floor, rate, deduction), turn_above(floor, rate, deduction)
    return TierRow(floor, leverage, rate, *divmod(deduction, RATE_ONE), *turns)


def turn_below(floor: int, rate: int, deduction: int) -> int:
    """The least debt at a price of zero with which a long does not cover a tier's line a quantum above the floor."""
    least = floor + 1
    return -(-(least * (RATE_ONE - rate) + deduction - RATE_ONE + 1) // RATE_ONE)


def turn_above(floor: int, rate: int, deduction: int) -> int:
    """The least health at a price of zero with which a short covers a tier's line at the floor."""
    return -(-(floor * (RATE_ONE + rate) - deduction + RATE_ONE) // RATE_ONE)


class FeeRates(NamedTuple):
    """Taker and maker fee, the insurance fund's share of fees, and the clearance fee, in 1e-8."""

    taker: int
    maker: int
    insurance_share: int
    clearance: int


class LimitRow(NamedTuple):
    """Price band, fill band and funding cap in 1e-8, and the position limit in quanta; each 0 if there is none."""

    price_band: int
    fill_band: int
    funding_cap: int
    position_limit: int


class Refused(Exception):  # noqa: N818 - a refusal is an answer of the rules, not an error
    """The event is refused for a reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def need(holds: bool, reason: Reason) -> None:
    """Refuse the event for this reason unless a condition holds."""
    if not holds:
        raise Refused(reason)


def counted(decimal: int, decimals: int) -> int | None:
    """A decimal in units of 10^-decimals (0 to 8), exactly; None if it is finer (NUM-01)."""
    units, rest = divmod(decimal, 10 ** (WIRE_DECIMALS - decimals))
    return units if rest == 0 else None


def checked_tick(event: ListMarket, asset_decimals: int) -> int:
    """The tick in price units of a market whose decimals fit its asset's (MKT-01, NUM-01)."""
    price, quantity = event.price_decimals, event.quantity_decimals
    need(price >= 0 and quantity >= 0 and price + quantity <= asset_decimals, Reason.INVALID_MARKET)
    tick = counted(event.tick, price)
    if tick is None or not 0 < tick <= MAX_PRICE:
        raise Refused(Reason.INVALID_MARKET)
    return tick


def checked_tiers(terms: Iterable[TierTerms], asset_decimals: int) -> list[TierRow]:
    """A tier table: floors rise from zero, leverages fall, rates rise, each rate times leverage below 1 (MKT-02)."""
    tiers: list[TierRow] = []
    for term in terms:
        tiers.append(checked_tier(term, tiers[-1] if tiers else None, asset_decimals))
        need(len(tiers) <= MAX_TIERS, Reason.INVALID_TIERS)
    need(len(tiers) > 0, Reason.INVALID_TIERS)
    return tiers


def checked_tier(term: TierTerms, below: TierRow | None, asset_decimals: int) -> TierRow:
    """A tier that continues the one below it; its deduction makes maintenance margin continuous (MKT-02)."""
    floor, rate, leverage = counted(term.floor, asset_decimals), term.maintenance_rate, term.max_leverage
    if floor is None or not 0 <= floor <= MAX_AMOUNT:
        raise Refused(Reason.INVALID_TIERS)
    need(1 <= leverage <= MAX_LEVERAGE and rate > 0 and rate * leverage < RATE_ONE, Reason.INVALID_TIERS)
    if below is None:
        need(floor == 0, Reason.INVALID_TIERS)
        return tier_row(0, leverage, rate, 0)
    rises = floor > below.floor and leverage < below.leverage and rate > below.rate
    need(rises, Reason.INVALID_TIERS)
    return tier_row(floor, leverage, rate, below.deduction + floor * (rate - below.rate))


def checked_fees(event: ListMarket | UpdateFees) -> FeeRates:
    """Fee rates and the insurance fund's share, each from 0 to 1 (MKT-01)."""
    fees = FeeRates(event.taker_fee, event.maker_fee, event.insurance_fee_share, event.clearance_fee)
    need(all(0 <= rate <= RATE_ONE for rate in fees), Reason.INVALID_RATE)
    return fees


def checked_limits(event: ListMarket | UpdateLimits, asset_decimals: int) -> LimitRow:
    """Bands and cap above 0 and at most 1, a position limit above 0; each may be absent (MKT-04)."""
    limit = 0
    if event.position_limit is not None:
        limit = counted(event.position_limit, asset_decimals) or 0
        need(0 < limit <= MAX_AMOUNT, Reason.INVALID_AMOUNT)
    rates = event.price_band, event.fill_band, event.funding_cap
    need(all(rate is None or 0 < rate <= RATE_ONE for rate in rates), Reason.INVALID_RATE)
    return LimitRow(event.price_band or 0, event.fill_band or 0, event.funding_cap or 0, limit)
