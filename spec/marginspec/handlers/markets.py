"""Events of markets: listing, new tiers, fees and limits, a new mark price."""

import attrs

from marginspec.handlers.guards import known_market, price_in
from marginspec.margin.margin import NO_POSITIONS
from marginspec.model.effects import FeesUpdated, LimitsUpdated, MarketListed, MarkSet, TiersUpdated
from marginspec.model.events import ListMarket, MarkPrice, UpdateFees, UpdateLimits, UpdateTiers
from marginspec.model.market import FeeTerms, LimitTerms, Market, check_fees, limits_of, list_market, tier_table
from marginspec.model.rejections import Reason, require
from marginspec.model.units import FLAT, MAX_OPEN_INTEREST_MARKED, Price, Rate
from marginspec.registry import handles, rule
from marginspec.transaction import Transaction


def fee_terms(event: ListMarket | UpdateFees) -> FeeTerms:
    """The fee rates that an event states; a wire decimal counts 1e-8, as a rate does."""
    return FeeTerms(
        Rate(event.taker_fee), Rate(event.maker_fee), Rate(event.insurance_fee_share), Rate(event.clearance_fee)
    )


def limit_terms(event: ListMarket | UpdateLimits) -> LimitTerms:
    """The limits that an event states."""
    return LimitTerms(event.price_band, event.fill_band, event.funding_cap, event.position_limit)


@handles(ListMarket)
@rule("MKT-01", "MKT-05")
def open_market(transaction: Transaction, event: ListMarket) -> None:
    """A market is listed once, also after it has closed, with its own reserve, and has no mark yet."""
    is_known = event.market in transaction.markets or event.market in transaction.closed_markets
    require(not is_known, Reason.MARKET_EXISTS)
    market = list_market(
        event.market,
        event.asset,
        transaction.header.decimals(event.asset),
        event.price_decimals,
        event.quantity_decimals,
        event.tick,
        fee_terms(event),
        event.tiers,
        limit_terms(event),
    )
    transaction.set_market(market, MarketListed(market))


@handles(UpdateTiers)
@rule("MKT-03")
def update_tiers(transaction: Transaction, event: UpdateTiers) -> None:
    """A change of tiers is an event, settled like a mark: it may lower the health of everybody in the market."""
    market = known_market(transaction, event.market)
    tiers = tier_table(event.tiers, transaction.header.decimals(market.asset))
    transaction.set_market(attrs.evolve(market, tiers=tiers), TiersUpdated(market.id, tiers))
    expose_market(transaction, market)
    transaction.suspects.update(transaction.positions_in.get(market.id, NO_POSITIONS).values())


@handles(UpdateFees)
@rule("MKT-03")
def update_fees(transaction: Transaction, event: UpdateFees) -> None:
    """A change of fees is an event; it lowers nobody's health."""
    market = known_market(transaction, event.market)
    fees = fee_terms(event)
    check_fees(fees)
    transaction.set_market(attrs.evolve(market, fees=fees), FeesUpdated(market.id, fees))


@handles(UpdateLimits)
@rule("MKT-04")
def update_limits(transaction: Transaction, event: UpdateLimits) -> None:
    """A market may have a price band, a fill band, a funding cap and a position limit; an event replaces all four."""
    market = known_market(transaction, event.market)
    limits = limits_of(limit_terms(event), transaction.header.decimals(market.asset))
    transaction.set_market(attrs.evolve(market, limits=limits), LimitsUpdated(market.id, limits))


@handles(MarkPrice)
@rule("MKT-01", "NUM-03")
def set_mark(transaction: Transaction, event: MarkPrice) -> None:
    """A new mark price is refused OUT_OF_RANGE if its asset's open interest would be worth more than 2^61."""
    market = known_market(transaction, event.market)
    move_mark(transaction, market, price_in(market, event.price))


@rule("MKT-01", "NUM-03")
def move_mark(transaction: Transaction, market: Market, mark: Price) -> None:
    """A mark moves its asset's open interest; past 2^61, it is refused OUT_OF_RANGE."""
    open_interest = transaction.open_interest.get(market.id, FLAT)
    move = Price(mark - (market.mark or mark))
    transaction.add_open_value(market, market.value(move, open_interest))
    require(transaction.open_value.get(market.asset, 0) <= MAX_OPEN_INTEREST_MARKED, Reason.OUT_OF_RANGE)
    transaction.set_market(attrs.evolve(market, mark=mark), MarkSet(market.id, mark))
    expose_market(transaction, market)
    suspect_losers(transaction, market.id, move)


@rule("SET-01")
def suspect_losers(transaction: Transaction, market: str, move: Price) -> None:
    """A mark lowers the health of those only who lose by it: maintenance rises by no more than a position gains."""
    for key, domain in transaction.positions_in.get(market, NO_POSITIONS).items():
        if transaction.positions[key] * move < 0:
            transaction.suspects.add(domain)


def expose_market(transaction: Transaction, market: Market) -> None:
    """Have settlement look at the cover of a market's asset; a negative equity is then this market's."""
    transaction.exposed.add(market.asset)
    transaction.event_market = market.id
