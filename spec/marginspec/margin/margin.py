"""Margin: notional, initial and maintenance margin, equity, health, what is available and movable."""

from typing import NamedTuple

import attrs
from immutables import Map

from marginspec.model import ledger
from marginspec.model.account import DEFAULT_LEVERAGE, DomainKey, MarginMode, Order, PositionKey, Setting
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market, Tier
from marginspec.model.state import Book
from marginspec.model.units import FLAT, NOTHING, RATE_ONE, Money, Quantity, div_up
from marginspec.registry import rule

NO_SETTING = Setting()
NO_ORDERS: Map[str, Order] = Map()
NO_POSITIONS: Map[PositionKey, DomainKey] = Map()


@rule("MRG-01")
def notional_of(value: Money) -> Money:
    """Notional is the absolute value of the quantity at mark."""
    return Money(abs(value))


@rule("MRG-04", source="SRC-01")
def maintenance_margin(notional: Money, tier: Tier) -> Money:
    """Maintenance margin is the notional at its tier's rate less its tier's deduction, rounded up to a quantum."""
    return Money(div_up(exact_maintenance(notional, tier), RATE_ONE))


@rule("MRG-04")
def exact_maintenance(notional: Money, tier: Tier) -> int:
    """Maintenance margin before it is rounded, in 1e-8 of a quantum."""
    return notional * tier.maintenance_rate - tier.deduction


@rule("MRG-02", source="SRC-01")
def initial_margin(notional: Money, leverage: int, tier: Tier, maintenance: Money) -> Money:
    """Initial margin is notional over leverage, at most the tier's, rounded up, above maintenance; zero if flat."""
    if notional == 0:
        return NOTHING
    by_leverage = div_up(notional, min(leverage, tier.max_leverage))
    return Money(max(by_leverage, maintenance + 1))


@attrs.define
class PositionMargin:
    """An open position at mark, in quanta: notional, cost, unrealised PnL, maintenance; and the tier that holds it."""

    key: PositionKey
    notional: Money
    cost: Money
    unrealised: Money
    maintenance: Money
    tier: Tier


@attrs.define
class DomainMargin:
    """A margin domain at mark, in quanta, and its positions in order; flat if it has none."""

    cash: Money
    equity: Money
    maintenance: Money
    positions: tuple[PositionMargin, ...]


@rule("ACC-01")
def margin_mode_of(book: Book, account: str, market: str) -> MarginMode:
    """Each account is cross or isolated in each market; cross until set."""
    return book.settings.get((account, market), NO_SETTING).margin_mode or "cross"


@rule("ACC-01")
def leverage_of(book: Book, account: str, market: Market) -> int:
    """Each account has a leverage in each market; until set, 20 or the first tier's maximum if that is less."""
    chosen = book.settings.get((account, market.id), NO_SETTING).leverage
    if chosen is not None:
        return chosen
    return min(DEFAULT_LEVERAGE, market.tiers.tiers[0].max_leverage)


@rule("ACC-03")
def domain_of(book: Book, key: PositionKey) -> DomainKey:
    """A margin domain is one isolated position, or an account's wallet with its cross positions in an asset."""
    asset = book.markets[key.market].asset
    if margin_mode_of(book, key.account, key.market) == "isolated":
        return DomainKey(key.account, asset, key.market, key.side)
    return DomainKey(key.account, asset)


def cash_account(domain: DomainKey) -> LedgerAccount:
    """The ledger account that holds a domain's cash."""
    account, asset, market, side = domain
    return ledger.isolated(account, market, side) if market else ledger.wallet(account, asset)


def positions_of_domain(book: Book, domain: DomainKey) -> tuple[PositionKey, ...]:
    """Keys of a domain's open positions, in order."""
    return book.positions_of.get(domain, ())


def cost_of(book: Book, key: PositionKey) -> Money:
    """Open cost of a position, signed like its quantity."""
    return Money(-book.ledger.get(ledger.position(*key), NOTHING))


def lot_cost(book: Book, lot_id: int) -> Money:
    """Cost of a lot, signed like its quantity."""
    return Money(-book.balance(ledger.lot(lot_id)))


@rule("ACC-03", "MRG-01", "MRG-04")
def position_margin(book: Book, key: PositionKey) -> PositionMargin:
    """A position counts with its value at mark less its cost, and with its maintenance margin."""
    market = book.markets[key.market]
    value = market.at_mark(book.positions[key])
    notional = notional_of(value)
    tier = market.tiers.holding(notional)
    cost = cost_of(book, key)
    return PositionMargin(key, notional, cost, Money(value - cost), maintenance_margin(notional, tier), tier)


@rule("ACC-03", "MRG-04")
def domain_margin(book: Book, domain: DomainKey) -> DomainMargin:
    """Equity is cash plus unrealised PnL, maintenance of a domain the sum over its positions."""
    cash = book.ledger.get(cash_account(domain), NOTHING)
    positions: list[PositionMargin] = []
    equity, maintenance = cash + 0, 0
    for key in book.positions_of.get(domain, ()):
        position = position_margin(book, key)
        positions.append(position)
        equity = equity + position.unrealised
        maintenance = maintenance + position.maintenance
    return DomainMargin(cash, Money(equity), Money(maintenance), tuple(positions))


@rule("MRG-05", source="SRC-05 SRC-13")
def is_healthy(margin: DomainMargin) -> bool:
    """A domain is healthy when it has no position, or its equity is above its maintenance margin."""
    return not margin.positions or margin.equity > margin.maintenance


@rule("MRG-02")
def domain_initial(book: Book, margin: DomainMargin) -> Money:
    """Initial margin of a domain is the sum over its positions, each at its account's leverage in its market."""
    initial = 0
    for position in margin.positions:
        leverage = leverage_of(book, position.key.account, book.markets[position.key.market])
        initial = initial + initial_margin(position.notional, leverage, position.tier, position.maintenance)
    return Money(initial)


class OrderLoad(NamedTuple):
    """Open orders of one position that may open it: lots bid and asked for, and what each would lose at once."""

    bids: Quantity = FLAT
    asks: Quantity = FLAT
    bid_loss: Money = NOTHING
    ask_loss: Money = NOTHING


NO_LOAD = OrderLoad()


@rule("MRG-03")
def add_order(load: OrderLoad, order: Order, market: Market) -> OrderLoad:
    """Each order adds its quantity and what it would lose at once if filled; one that can only close counts nothing."""
    closes_long = order.position_side == "LONG" and order.quantity < 0
    closes_short = order.position_side == "SHORT" and order.quantity > 0
    if order.reduce_only or closes_long or closes_short:
        return load
    limit = market.value(order.price, order.quantity)
    loss = max(0, limit - market.at_mark(order.quantity))
    if order.quantity > 0:
        bids, bid_loss = Quantity(load.bids + order.quantity), Money(load.bid_loss + loss)
        return OrderLoad(bids, load.asks, bid_loss, load.ask_loss)
    asks, ask_loss = Quantity(load.asks - order.quantity), Money(load.ask_loss + loss)
    return OrderLoad(load.bids, asks, load.bid_loss, ask_loss)


@rule("MRG-03")
def open_loss(load: OrderLoad, held: Quantity) -> Money:
    """Bids bear open loss only if all of them would leave a long, asks only if all of them would leave a short."""
    of_bids = load.bid_loss if held + load.bids > 0 else NOTHING
    of_asks = load.ask_loss if held - load.asks < 0 else NOTHING
    return Money(of_bids + of_asks)


@rule("MRG-03")
def load_margin(load: OrderLoad, held: Quantity, leverage: int, market: Market) -> Money:
    """Order margin is what the larger possible position needs beyond the present one, plus the open loss."""
    larger = Quantity(max(abs(held + load.bids), abs(held - load.asks)))
    needed = initial_margin_of(larger, leverage, market)
    return Money(needed - initial_margin_of(held, leverage, market) + open_loss(load, held))


@rule("MRG-02", "MRG-03")
def initial_margin_of(quantity: Quantity, leverage: int, market: Market) -> Money:
    """Initial margin that a quantity would need at mark."""
    notional = notional_of(market.at_mark(quantity))
    tier = market.tiers.holding(notional)
    return initial_margin(notional, leverage, tier, maintenance_margin(notional, tier))


@rule("MRG-03")
def order_margin(book: Book, account: str, asset: str) -> Money:
    """All order margin of an asset, isolated markets' too, is reserved in the cross domain."""
    if account not in book.orders:
        return NOTHING
    loads: dict[PositionKey, OrderLoad] = {}
    for _, order in sorted(book.orders[account].items()):
        market = book.markets[order.market]
        if market.asset == asset:
            key = PositionKey(account, order.market, order.position_side)
            loads[key] = add_order(loads.get(key, NO_LOAD), order, market)
    total = NOTHING
    for key, load in loads.items():
        market = book.markets[key.market]
        held = book.positions.get(key, FLAT)
        total = Money(total + load_margin(load, held, leverage_of(book, account, market), market))
    return total


def reserved_for_orders(book: Book, domain: DomainKey) -> Money:
    """Order margin that a domain carries: all of the account's in the asset if it is cross, else none."""
    return order_margin(book, domain.account, domain.asset) if domain.is_cross else NOTHING


@rule("MRG-02", "MRG-03")
def demanded_margin(book: Book, domain: DomainKey, margin: DomainMargin) -> Money:
    """Opening and leverage demand equity of at least initial plus order margin."""
    return Money(domain_initial(book, margin) + reserved_for_orders(book, domain))


@rule("MRG-06")
def available_margin(margin: DomainMargin, initial: Money, reserved: Money) -> Money:
    """Available for orders is equity less initial margin and order margin, at least zero."""
    return Money(max(0, margin.equity - initial - reserved))


@rule("MRG-06")
def movable_margin(margin: DomainMargin, initial: Money, reserved: Money) -> Money:
    """Withdrawable or movable is the lesser of cash and equity (no unrealised profit), less both margins, or zero."""
    return Money(max(0, min(margin.cash, margin.equity) - initial - reserved))


def movable(book: Book, domain: DomainKey) -> Money:
    """What may leave a domain now."""
    margin = domain_margin(book, domain)
    return movable_margin(margin, domain_initial(book, margin), reserved_for_orders(book, domain))
