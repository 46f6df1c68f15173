"""Events whose amounts are as large as they may be, so that sums and products of 64 bits overflow."""

from typing import Any, get_args

from immutables import Map

from marginspec.model import events
from marginspec.model.account import OrderSide, PositionSide
from marginspec.model.events import Event
from marginspec.model.market import TierTerms
from marginspec.model.state import Header, Profile, Ranking
from marginspec.model.units import MAX_PRICE, MAX_QUANTITY, Decimal8
from marginspec_conformance.generator.aimed import ACCOUNTS, ONE, TAKERS, Chooser
from marginspec_conformance.generator.events import listing

TIERS = (
    ((0, 1000, 1), (2**40, 500, 100_000)),
    ((0, 20, 1_000_000), (2**55, 10, 5_000_000), (2**59, 1, 60_000_000)),
    ((0, 1000, 99_999),),
)
"""Floors in quanta, leverages and rates in 1e-8: almost free ones, and steep ones."""
HEDGER = ACCOUNTS[1]
"""Who is in hedge mode; the others are not."""
SIDES: tuple[PositionSide, ...] = ("LONG", "SHORT")
ORDER_SIDES: tuple[OrderSide, ...] = ("buy", "sell")
POWERS = tuple(2**power for power in (0, 1, 7, 20, 31, 40, 52, 53))


def giant_world(chooser: Chooser) -> tuple[Header, tuple[Event, ...]]:
    """A header and an opening: markets of no decimals, rich accounts, fees up to all there is."""
    header = Header(Profile(chooser.pick(get_args(Ranking))), Map({"USD": 0}))
    opening: list[Event] = []
    for name in ("A", "B"):
        fees: dict[str, Any] = {
            "taker": chooser.pick(("0", "0.0004", "1")),
            "maker": chooser.pick(("0", "1")),
            "share": chooser.pick(("0", "0.3", "1")),
        }
        terms = tuple(
            TierTerms(Decimal8(floor * ONE), leverage, Decimal8(rate)) for floor, leverage, rate in chooser.pick(TIERS)
        )
        opening += [listing(name, asset="USD", **fees), events.UpdateTiers(name, terms)]
        opening.append(events.MarkPrice(name, near(chooser, chooser.pick(POWERS))))
    for account in ACCOUNTS[:3]:
        opening.append(events.Deposit(account, "USD", near(chooser, 2 ** chooser.pick((58, 57, 50, 40)))))
        if chooser.pick((False, True)):
            opening.append(events.SetMarginMode(account, "A", "isolated"))
        if account == HEDGER:
            opening.append(events.SetPositionMode(account, "hedge"))
        opening += [events.SetLeverage(account, name, chooser.pick((1, 20, 500, 1000))) for name in ("A", "B")]
    return header, tuple(opening)


def near(chooser: Chooser, whole: int) -> Decimal8:
    """A whole number near another, at least 1, as a decimal."""
    return Decimal8(max(1, whole + chooser.pick((0, 0, 1, -1, whole // 3, -whole // 3))) * ONE)


def giant_value(chooser: Chooser) -> tuple[Decimal8, Decimal8]:
    """A price and a quantity whose value is near a power of two up to past the limit."""
    power = chooser.pick((10, 40, 56, 58, 59, 60, 61, 62, 63))
    price = min(chooser.pick(POWERS), 2**power)
    return near(chooser, min(price, MAX_PRICE)), near(chooser, min(2**power // price, MAX_QUANTITY))


def giant_event(chooser: Chooser) -> Event:
    """Trades, orders, marks, funding and cash of any size."""
    market = chooser.pick(("A", "B"))
    price, quantity = giant_value(chooser)
    first = chooser.pick(ACCOUNTS[:3])
    second = chooser.pick([name for name in ACCOUNTS[:3] if name != first])
    order = chooser.pick(("o1", "o2", "o3", "o4"))
    side, taker = chooser.pick(ORDER_SIDES), chooser.pick(TAKERS)
    sides = {name: chooser.pick(SIDES) if name == HEDGER else None for name in (first, second)}
    options: tuple[Event, ...] = (
        events.Trade(market, price, quantity, first, second, taker, sides[first], sides[second]),
        events.Trade(market, price, quantity, first, second, taker, sides[first], sides[second]),
        events.PlaceOrder(first, order, market, side, sides[first] or "BOTH", quantity, price, reduce_only=False),
        events.PlaceOrder(first, order, market, side, sides[first] or "BOTH", quantity, price, reduce_only=False),
        events.CancelOrder(first, order),
        events.MarkPrice(market, price),
        events.Funding(market, Decimal8(chooser.pick((1, ONE, -ONE, 12_345, -1)))),
        events.Withdraw(first, "USD", near(chooser, 2 ** chooser.pick((20, 50, 57, 58)))),
        events.Deposit(first, "USD", near(chooser, 2 ** chooser.pick((20, 50, 57, 58, 59, 60, 62)))),
        events.AdjustIsolatedMargin(first, "A", sides[first] or "BOTH", quantity),
        events.LiquidationFill(market, chooser.pick(("long", "short")), first, quantity, price, sides[first]),
        events.SetMarginMode(first, market, chooser.pick(("cross", "isolated"))),
        events.SetLeverage(first, market, chooser.pick((1, 2, 20, 500, 1000))),
    )
    return chooser.pick(options)
