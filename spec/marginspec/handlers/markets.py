"""Events of markets: listing, new tiers, new fees, a new mark price."""

import attrs

from marginspec.handlers.guards import known_market, price_in
from marginspec.margin.margin import NO_POSITIONS
from marginspec.model.effects import FeesUpdated, MarketListed, MarkSet, TiersUpdated
from marginspec.model.events import ListMarket, MarkPrice, UpdateFees, UpdateTiers
from marginspec.model.market import FeeTerms, Market, check_fees, list_market, tier_table
from marginspec.model.rejections import Reason, require
from marginspec.model.units import FLAT, MAX_OPEN_INTEREST_MARKED, Price, Rate
from marginspec.registry import handles, rule
from marginspec.transaction import Transaction


def fee_terms(event: ListMarket | UpdateFees) -> FeeTerms:
    """The fee rates that an event states; a wire decimal counts 1e-8, as a rate does."""
    return FeeTerms(
        Rate(event.taker_fee), Rate(event.maker_fee), Rate(event.insurance_fee_share), Rate(event.clearance_fee)
    )


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
    )
    transaction.set_market(market, MarketListed(market))


@handles(UpdateTiers)
@rule("MKT-03")
def update_tiers(transaction: Transaction, event: UpdateTiers) -> None:
    """A change of tiers is an event, settled like a mark."""
    market = known_market(transaction, event.market)
    tiers = tier_table(event.tiers, transaction.header.decimals(market.asset))
    transaction.set_market(attrs.evolve(market, tiers=tiers), TiersUpdated(market.id, tiers))
    suspect_market(transaction, market.id)


@handles(UpdateFees)
@rule("MKT-03")
def update_fees(transaction: Transaction, event: UpdateFees) -> None:
    """A change of fees is an event; it lowers nobody's health."""
    market = known_market(transaction, event.market)
    fees = fee_terms(event)
    check_fees(fees)
    transaction.set_market(attrs.evolve(market, fees=fees), FeesUpdated(market.id, fees))


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
    transaction.add_open_value(market, market.value(Price(mark - (market.mark or mark)), open_interest))
    require(transaction.open_value.get(market.asset, 0) <= MAX_OPEN_INTEREST_MARKED, Reason.OUT_OF_RANGE)
    transaction.set_market(attrs.evolve(market, mark=mark), MarkSet(market.id, mark))
    suspect_market(transaction, market.id)


def suspect_market(transaction: Transaction, market: str) -> None:
    """Have settlement look at every domain with a position in the market, and at the asset's cover."""
    transaction.suspects.update(transaction.positions_in.get(market, NO_POSITIONS).values())
    transaction.exposed.add(transaction.markets[market].asset)
    transaction.event_market = market
