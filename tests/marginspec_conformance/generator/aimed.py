"""Worlds and events aimed at the edges of solvency.

Aimed events read the state: marks near bankruptcy and tier edges, cash taken to the last quantum, fills near the
bankruptcy price of a lot. They draw through a `Chooser`, so that Hypothesis and a seeded generator share them: the
first shrinks what it finds, the second is fast.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Literal, Protocol, TypeVar, get_args

import attrs
from immutables import Map

from marginspec.margin.bands import bankruptcy_price
from marginspec.margin.margin import cost_of, domain_of, lot_cost, movable
from marginspec.model import events
from marginspec.model.account import DomainKey, Order, OrderSide, PositionKey, PositionSide
from marginspec.model.events import Event
from marginspec.model.fields import Amount, Choice, Field, Flag, Integer, Name, Rows
from marginspec.model.ledger import house, insurance
from marginspec.model.market import Market
from marginspec.model.state import Header, Profile, Ranking, State
from marginspec.model.units import RATE_ONE, Decimal8
from marginspec_conformance.generator.declared import EVENT_CLASSES, made
from marginspec_conformance.generator.events import TierRow, decimal, listing, new_limits, tiers

ACCOUNTS = ("alice", "bob", "carol", "dave", "erin")
ASSETS = ("EUR", "USD")
TAKERS: tuple[Literal["buyer", "seller"], ...] = ("buyer", "seller")
SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")
ONE = 10**8
CASH = (100, 30, 300, 1000, 5000)
NAMES = {"account": ACCOUNTS, "order": ("o1", "o2")}

Option = TypeVar("Option")

TIER_ROWS: tuple[tuple[TierRow, ...], ...] = (
    (("0", 10, "0.05"), ("1000", 5, "0.1")),
    (("0", 20, "0.01"), ("100", 10, "0.02"), ("200", 5, "0.04"), ("800", 2, "0.2")),
    (("0", 50, "0.01"),),
    (("0", 4, "0.2"), ("50", 2, "0.4"), ("300", 1, "0.9")),
    (("0", 100, "0.00000001"), ("500", 3, "0.3")),
)
"""Tier tables small enough that a few lots cross them; the fourth is steep, the fifth almost free."""

LIMITS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"band": "0.1"},
    {"fill_band": "0.05", "cap": "0.01"},
    {"band": "0.35", "fill_band": "0.3", "cap": "0.1", "limit": "500"},
)
"""Limits of markets, mostly none, seldom all."""


# ------------------------------------------------------------------- choosing


class Chooser(Protocol):
    """Where choices come from."""

    def pick(self, options: Sequence[Option]) -> Option:
        """One of some options; the first ones are the simplest."""

    def whole(self, least: int, most: int) -> int:
        """A whole number within bounds."""


class Seeded:
    """Choices from a seeded generator."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def pick(self, options: Sequence[Option]) -> Option:
        """One of some options."""
        return self._random.choice(options)

    def whole(self, least: int, most: int) -> int:
        """A whole number within bounds."""
        return self._random.randint(least, most)


# ------------------------------------------------------------------- worlds


@attrs.frozen
class World:
    """Where aimed events happen: a header and the events that open it."""

    header: Header
    opening: tuple[Event, ...]


def world(chooser: Chooser) -> World:
    """Both profiles and last resorts, coarse and fine units, several markets of one asset, all modes, tight cash."""
    profile = Profile(chooser.pick(get_args(Ranking)), chooser.pick(("levy", "levy", "levy", "none")))
    header = Header(profile, Map({"USD": chooser.pick((0, 0, 1, 2)), "EUR": 0}))
    opening: list[Event] = []
    for name in ("A", "B", "C")[: chooser.pick((1, 2, 2, 3))]:
        asset = "EUR" if name == "C" else "USD"
        fees: dict[str, Any] = {
            "taker": chooser.pick(("0", "0.001", "0.05")),
            "maker": chooser.pick(("0", "0.0005")),
            "share": chooser.pick(("0", "0.5", "1")),
            "clearance": chooser.pick(("0", "0.0125", "0.3", "1")),
        }
        limits: dict[str, Any] = chooser.pick(LIMITS)
        opening.append(listing(name, chooser.pick(TIER_ROWS), asset=asset, **fees, **limits))
        opening.append(events.MarkPrice(name, Decimal8(chooser.pick((100, 10, 97, 3)) * ONE)))
    for account in ACCOUNTS:
        opening += [events.Deposit(account, asset, Decimal8(chooser.pick(CASH) * ONE)) for asset in ASSETS]
        if chooser.pick((False, False, True)):
            opening.append(events.SetPositionMode(account, "hedge"))
        for name in ("A", "B"):
            if chooser.pick((False, False, True)):
                opening.append(events.SetMarginMode(account, name, "isolated"))
            opening.append(events.SetLeverage(account, name, chooser.pick((1, 2, 5, 10, 20, 50))))
    if chooser.pick((False, True)):
        opening.append(events.FundInsurance("USD", Decimal8(chooser.whole(1, 60) * ONE)))
    return World(header, tuple(opening))


# ------------------------------------------------------------------- aimed


def wire(units: int, decimals: int) -> Decimal8:
    """An integer in units of 10^-decimals, as an event states it."""
    return Decimal8(units * 10 ** (8 - decimals))


def marked_markets(state: State) -> list[Market]:
    """Markets that have a mark, in order."""
    return [state.markets[name] for name in sorted(state.markets) if state.markets[name].mark is not None]


def interesting_prices(state: State, market: Market) -> list[int]:
    """The mark, entries, bankruptcy prices of domains and lots."""
    prices: list[int] = [market.marked()]
    per_lot = market.quanta_per_unit
    for key, domain in sorted(state.positions_in.get(market.id, Map()).items()):
        prices.append(cost_of(state, key) // (state.positions[key] * per_lot))
        bankrupt = bankruptcy_price(state, domain, market.id)
        if bankrupt is not None:
            prices.append(bankrupt)
    lots = state.lots_in.get(market.id, ())
    prices += [lot_cost(state, lot_id) // (state.lots[lot_id].quantity * per_lot) for lot_id in lots]
    return prices


def near_price(chooser: Chooser, state: State, market: Market) -> int:
    """A price at, or a little off, one that matters; seldom far away."""
    base = chooser.pick(interesting_prices(state, market))
    moved = chooser.pick((base, base + 1, base - 1, base * 9 // 10, base * 11 // 10, base * 7 // 10, base * 13 // 10))
    return max(1, min(moved, 10_000))


def aimed_mark(chooser: Chooser, state: State, market: Market) -> Event:
    """A mark near the prices where domains stop being healthy or lots start to lose."""
    return events.MarkPrice(market.id, wire(near_price(chooser, state, market), market.price_decimals))


def near_quantity(chooser: Chooser, state: State, market: Market) -> int:
    """A quantity: small, at a tier edge, or that of a position or one more."""
    value = market.value(market.marked(), 1)  # type: ignore[arg-type]  # one lot
    edges = [tier.floor // value + more for tier in market.tiers.tiers[1:] for more in (0, 1)]
    held = [abs(state.positions[key]) for key in sorted(state.positions_in.get(market.id, Map()))]
    options = [1, chooser.whole(2, 12), chooser.whole(10, 60), *edges, *held, *(size + 1 for size in held)]
    return max(1, chooser.pick(options))


def aimed_trade(chooser: Chooser, state: State, market: Market) -> Event:
    """A trade of a telling quantity, mostly near the mark."""
    buyer = chooser.pick(ACCOUNTS)
    seller = chooser.pick([account for account in ACCOUNTS if account != buyer])
    price = chooser.pick((market.marked(), near_price(chooser, state, market)))
    quantity = near_quantity(chooser, state, market)
    buyer_side: PositionSide | None = None
    seller_side: PositionSide | None = None
    if state.accounts.get(buyer) == "hedge" and chooser.pick((False, True)):
        buyer_side = "SHORT"
    if state.accounts.get(seller) == "hedge" and chooser.pick((False, True)):
        seller_side = "LONG"
    return events.Trade(
        market.id,
        wire(price, market.price_decimals),
        wire(quantity, market.quantity_decimals),
        buyer,
        seller,
        chooser.pick(TAKERS),
        buyer_side,
        seller_side,
        buyer_fee=aimed_fee(chooser, state, market),
        seller_fee=aimed_fee(chooser, state, market),
    )


def aimed_fee(chooser: Chooser, state: State, market: Market) -> Decimal8 | None:
    """No stated fee mostly; or none, some, or a rebate, up to what the house holds or a quantum more."""
    if chooser.pick((True, True, True, False)):
        return None
    held = state.balance(house(market.asset))
    quanta = chooser.pick((0, 1, 5, -1, -2, -held, -held // 2, -held - 1))
    return wire(quanta, state.header.decimals(market.asset))


def aimed_filled_order(chooser: Chooser, state: State, market: Market) -> Event:
    """A trade that fills an open order, or an order if there is none."""
    found = [(account, order) for account in sorted(state.orders) for order in in_order(state, account)]
    fitting = [(account, order) for account, order in found if order.market == market.id]
    if not fitting:
        return aimed_order(chooser, state, market)
    account, order = chooser.pick(fitting)
    other = chooser.pick([name for name in ACCOUNTS if name != account])
    quantity = chooser.pick((abs(order.quantity), 1, abs(order.quantity) + 1))
    price = wire(order.price, market.price_decimals)
    filled = wire(quantity, market.quantity_decimals)
    side = order.position_side
    if order.quantity > 0:
        return events.Trade(market.id, price, filled, account, other, "seller", side, None, order.id)
    return events.Trade(market.id, price, filled, other, account, "seller", None, side, None, order.id)


def in_order(state: State, account: str) -> list[Order]:
    """An account's open orders by id."""
    return [order for _, order in sorted(state.orders[account].items())]


def aimed_order(chooser: Chooser, state: State, market: Market) -> Event:
    """An order near the mark, on a side that fits the account's mode."""
    account = chooser.pick(ACCOUNTS)
    hedged = state.accounts.get(account) == "hedge"
    side: OrderSide = chooser.pick(("buy", "sell"))
    position_side: PositionSide = chooser.pick(("LONG", "SHORT")) if hedged else "BOTH"
    return events.PlaceOrder(
        *(account, chooser.pick(("o1", "o2")), market.id, side, position_side),
        wire(near_quantity(chooser, state, market), market.quantity_decimals),
        wire(near_price(chooser, state, market), market.price_decimals),
        chooser.pick((False, False, True)),
    )


def aimed_fill(chooser: Chooser, state: State, market: Market) -> Event:
    """A fill of the oldest lots near their bankruptcy price, or a declared deleveraging; a mark if there are none."""
    lots = [state.lots[lot_id] for lot_id in state.lots_in.get(market.id, ())]
    if not lots:
        return aimed_mark(chooser, state, market)
    first = chooser.pick(lots)
    together = sum(abs(lot.quantity) for lot in lots if lot.direction == first.direction)
    size = wire(chooser.pick((1, abs(first.quantity), together)), market.quantity_decimals)
    if chooser.pick((True, False, False)):
        return events.Deleverage(market.id, first.direction, size)
    return events.LiquidationFill(
        *(market.id, first.direction, chooser.pick(ACCOUNTS)),
        size,
        wire(near_price(chooser, state, market), market.price_decimals),
        counterparty_fee=aimed_fee(chooser, state, market),
    )


def aimed_withdrawal(chooser: Chooser, state: State, market: Market) -> Event:
    """All that is withdrawable, so that cash is tight; sometimes a quantum more."""
    decimals = state.header.decimals(market.asset)
    account = chooser.pick(ACCOUNTS)
    most = movable(state, DomainKey(account, market.asset))
    return events.Withdraw(account, market.asset, wire(max(1, most + chooser.pick((0, 0, -1, 1))), decimals))


def aimed_adjustment(chooser: Chooser, state: State, market: Market) -> Event:
    """All movable margin out of an isolated position, or some into it; a trade if there is none."""
    keys = [key for key in sorted(state.positions_in.get(market.id, Map())) if is_isolated(state, key)]
    if not keys:
        return aimed_trade(chooser, state, market)
    key = chooser.pick(keys)
    out = -max(1, movable(state, domain_of(state, key)))
    amount = wire(chooser.pick((out, out - 1, 1, 20)), state.header.decimals(market.asset))
    return events.AdjustIsolatedMargin(key.account, key.market, key.side, amount)


def is_isolated(state: State, key: PositionKey) -> bool:
    """Whether a position is isolated."""
    return not domain_of(state, key).is_cross


def aimed_funding(chooser: Chooser, state: State, market: Market) -> Event:  # noqa: ARG001 - as all that aim
    """Funding from negligible to ruinous."""
    rate = chooser.pick(("0.0001", "-0.0001", "0.01", "-0.01", "0.1", "-0.1", "0.00000001"))
    return events.Funding(market.id, decimal(rate))


def aimed_terms(chooser: Chooser, state: State, market: Market) -> Event:  # noqa: ARG001 - as all that aim
    """Other tiers, fees or limits."""
    what = chooser.pick(("tiers", "fees", "limits"))
    if what == "tiers":
        return events.UpdateTiers(market.id, tiers(*chooser.pick(TIER_ROWS)))
    if what == "limits":
        return new_limits(market=market.id, **chooser.pick(LIMITS))
    rates = [Decimal8(chooser.pick((0, RATE_ONE // 1000, RATE_ONE // 10, RATE_ONE))) for _ in range(4)]
    return events.UpdateFees(market.id, *rates)


def aimed_money(chooser: Chooser, state: State, market: Market) -> Event:  # noqa: ARG001 - as all that aim
    """Little money from outside, or a change of settings."""
    amount = Decimal8(chooser.whole(1, 40) * ONE)
    account = chooser.pick(ACCOUNTS)
    options: tuple[Event, ...] = (
        events.Deposit(account, market.asset, amount),
        events.FundInsurance(market.asset, amount),
        events.SetLeverage(account, market.id, chooser.pick((1, 2, 5, 10, 20))),
        events.SetMarginMode(account, market.id, chooser.pick(("cross", "isolated"))),
        events.SetPositionMode(account, chooser.pick(("one_way", "hedge"))),
        events.CancelOrder(account, chooser.pick(("o1", "o2"))),
    )
    return chooser.pick(options)


def plausible_event(chooser: Chooser, state: State, market: Market) -> Event:
    """An event of any class about this market, with what might be meant by each field."""

    def value_of(field: Field) -> Any:
        match field.kind:
            case Name(of=kind):
                return chooser.pick({**NAMES, "market": (market.id,), "asset": (market.asset,)}[kind])
            case Choice(words=words):
                return chooser.pick(words)
            case Amount(of=unit):
                return plausible_amount(chooser, state, market, unit)
            case Integer():
                return chooser.pick((1, 2, 5, 10, 20))
            case Flag():
                return chooser.pick((False, True))
            case Rows():
                return tiers(*chooser.pick(TIER_ROWS))
        raise AssertionError(f"no event has such a field: {field}")

    return made(chooser.pick(EVENT_CLASSES), value_of, optional=chooser.pick((False, False, True)))


def plausible_amount(chooser: Chooser, state: State, market: Market, unit: str) -> Decimal8:
    """A price, quantity or rate near one that matters, or as much money as a fund has."""
    if unit == "price":
        return wire(near_price(chooser, state, market), market.price_decimals)
    if unit == "quantity":
        return wire(near_quantity(chooser, state, market), market.quantity_decimals)
    if unit == "rate":
        return Decimal8(chooser.pick((0, RATE_ONE // 1000, RATE_ONE // 10, RATE_ONE)))
    funds = [max(1, state.balance(fund(market.asset))) for fund in (house, insurance)]
    return wire(chooser.pick((1, chooser.whole(1, 40), *funds)), state.header.decimals(market.asset))


def next_market(chooser: Chooser, state: State) -> Event:
    """A market after all others have closed, then its mark."""
    name = f"D{len(state.closed_markets)}"
    return events.MarkPrice(name, wire(100, 0)) if name in state.markets else listing(name, chooser.pick(TIER_ROWS))


def aimed_isolated(chooser: Chooser, state: State, market: Market) -> Event:
    """An isolated position turned at a bad price, or with less leverage; an adjustment if there is none."""
    keys = [key for key in sorted(state.positions_in.get(market.id, Map())) if is_isolated(state, key)]
    if not keys:
        return aimed_adjustment(chooser, state, market)
    key = chooser.pick(keys)
    if chooser.pick((False, True)):
        return events.SetLeverage(key.account, market.id, chooser.pick((1, 2, 3)))
    held, other = state.positions[key], chooser.pick([name for name in ACCOUNTS if name != key.account])
    bad = market.marked() * chooser.pick((3, 6, 9) if held > 0 else (11, 15, 25)) // 10
    price = wire(max(1, bad), market.price_decimals)
    quantity = wire(abs(held) + chooser.pick((0, 1, 5)), market.quantity_decimals)
    side = None if key.side == "BOTH" else key.side
    if held > 0:
        return events.Trade(market.id, price, quantity, other, key.account, "buyer", None, side)
    return events.Trade(market.id, price, quantity, key.account, other, "seller", side)


def aimed_refill(chooser: Chooser, state: State, market: Market) -> Event:
    """Cash for who has none, so that a long journal goes on; else a mark as in the beginning."""
    poor = [name for name in ACCOUNTS if movable(state, DomainKey(name, market.asset)) < 20]
    if poor and chooser.whole(1, 4) > 1:
        return events.Deposit(chooser.pick(poor), market.asset, Decimal8(chooser.pick(CASH) * ONE))
    return events.MarkPrice(market.id, wire(100, 0))


AIMED: tuple[Callable[[Chooser, State, Market], Event], ...] = (
    *(aimed_trade, aimed_trade, aimed_trade, aimed_trade, aimed_mark, aimed_mark, aimed_mark, aimed_fill),
    *(aimed_withdrawal, aimed_funding, aimed_adjustment, aimed_order, aimed_filled_order, aimed_terms, aimed_money),
    *(plausible_event, aimed_refill, aimed_refill, aimed_isolated),
)
"""Ways to aim, the frequent ones more than once."""


def aimed_event(chooser: Chooser, state: State) -> Event:
    """An event aimed at the edges of solvency of this state; where every market has closed, another one opens."""
    markets = marked_markets(state)
    if not markets:
        return next_market(chooser, state)
    market = chooser.pick(markets)
    return chooser.pick(AIMED)(chooser, state, market)


def settling_event(chooser: Chooser, state: State) -> Event:
    """Mostly an aimed event; now and then a market ends near a price that matters."""
    markets = marked_markets(state)
    if not markets or chooser.whole(1, 25) > 1:
        return aimed_event(chooser, state)
    market = chooser.pick(markets)
    return events.SettleMarket(market.id, wire(near_price(chooser, state, market), market.price_decimals))
