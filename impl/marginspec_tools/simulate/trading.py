"""What traders of a simulated venue do: trades, fills of the liquidation desk, orders."""

import attrs

from marginspec.model import events
from marginspec.model.account import Direction, OrderSide, PositionKey, PositionSide
from marginspec.model.events import Event
from marginspec.model.market import Market
from marginspec.model.units import RATE_ONE, Decimal8
from marginspec_tools.simulate.venue import (
    Venue,
    affordable_lots,
    position_to_close,
    price_near_mark,
    random_part,
    wire_amount,
    wire_price,
    wire_quantity,
)


def propose_trade(venue: Venue) -> Event | None:
    """A trade or fill, with fees that it states itself so many times in a hundred, or declared deleveraging."""
    event = propose_deal(venue)
    if venue.parameters.stated_fees == 0 or not venue.random.happens(venue.parameters.stated_fees):
        return event
    if isinstance(event, events.Trade):
        return attrs.evolve(event, buyer_fee=stated_fee(venue, event), seller_fee=stated_fee(venue, event))
    if isinstance(event, events.LiquidationFill):
        return attrs.evolve(event, counterparty_fee=stated_fee(venue, event))
    return event


def stated_fee(venue: Venue, event: events.Trade | events.LiquidationFill) -> Decimal8:
    """A fee of up to six hundredths of a per cent of the value, or a rebate of up to two."""
    market = venue.state.markets[event.market]
    value = event.price * event.quantity * 10 ** venue.state.header.decimals(market.asset) // RATE_ONE**2
    return wire_amount(venue, market.asset, value * venue.random.between(-20_000, 60_000) // RATE_ONE)


def propose_deal(venue: Venue) -> Event | None:
    """A trade, or a fill of the liquidation desk where lots wait; now and then the desk has them deleveraged."""
    if venue.state.lots_in and venue.random.happens(35):
        return propose_deleveraging(venue) if venue.random.happens(5) else propose_fill(venue)
    market = venue.market()
    order = resting_order(venue, market) if venue.random.happens(45) else None
    if order is not None:
        return fill_of_order(venue, market, *order)
    return fresh_trade(venue, market)


def fresh_trade(venue: Venue, market: Market) -> Event | None:
    """A trade near the mark: the taker closes a position of its, or opens one; anyone takes the other side."""
    taker, other = venue.resident(market.id), venue.resident(market.id)
    if venue.random.happens(50):
        other = venue.maker(market.id)
    if taker == other:
        return None
    closed = position_to_close(venue, taker, market.id, 40)
    if closed is not None:
        held = venue.state.positions[closed]
        lots, buys, side = random_part(venue, abs(held)), held < 0, closed.side
        return trade_between(venue, market, taker, other, buys, lots, side)
    return trade_between(venue, market, taker, other, venue.random.happens(50), affordable_lots(venue, market, taker))


def trade_between(
    venue: Venue, market: Market, taker: str, other: str, buys: bool, lots: int, side: PositionSide | None = None
) -> Event:
    """A trade of so many lots near the mark; `side` is the taker's."""
    other_side = hedge_side_to_close(venue, other, market.id, not buys, lots)
    return events.Trade(
        market=market.id,
        price=wire_price(market, price_near_mark(venue, market, 50_000)),
        quantity=wire_quantity(market, lots),
        buyer=taker if buys else other,
        seller=other if buys else taker,
        taker="buyer" if buys else "seller",
        buyer_side=side if buys else other_side,
        seller_side=other_side if buys else side,
    )


def hedge_side_to_close(venue: Venue, account: str, market: str, buys: bool, lots: int) -> PositionSide | None:
    """In hedge mode, the side that a trade would close, if it is large enough; else none is named."""
    side: PositionSide = "SHORT" if buys else "LONG"
    held = venue.state.positions.get(PositionKey(account, market, side), 0)
    return side if abs(held) >= lots else None


def resting_order(venue: Venue, market: Market) -> tuple[str, str] | None:
    """An open order of a market, if there is one; filled and cancelled ones are forgotten on the way."""
    resting = venue.resting[market.id]
    while resting:
        place = venue.random.below(len(resting))
        account, order = resting[place]
        own = venue.state.orders.get(account)
        if own is not None and order in own:
            return account, order
        resting[place] = resting[-1]
        resting.pop()
    return None


def fill_of_order(venue: Venue, market: Market, maker: str, order_id: str) -> Event | None:
    """Another account takes an order, whole or in part, at its limit."""
    order = venue.state.orders[maker][order_id]
    taker = venue.resident(market.id)
    if taker == maker:
        return None
    affordable = max(1, affordable_lots(venue, market, taker))
    lots = min(random_part(venue, abs(order.quantity)), affordable)
    buys = order.quantity > 0
    taker_side = hedge_side_to_close(venue, taker, market.id, not buys, lots)
    return events.Trade(
        market=market.id,
        price=wire_price(market, order.price),
        quantity=wire_quantity(market, lots),
        buyer=maker if buys else taker,
        seller=taker if buys else maker,
        taker="seller" if buys else "buyer",
        buyer_side=order.position_side if buys else taker_side,
        seller_side=taker_side if buys else order.position_side,
        buyer_order=order_id if buys else None,
        seller_order=None if buys else order_id,
    )


def waiting_lots(venue: Venue) -> tuple[Market, Direction, int]:
    """A market with lots, the direction of its oldest one, and how much of that direction waits there."""
    market = venue.state.markets[venue.random.pick(sorted(venue.state.lots_in))]
    waiting = [venue.state.lots[lot_id] for lot_id in venue.state.lots_in[market.id]]
    side = waiting[0].direction
    return market, side, sum(abs(lot.quantity) for lot in waiting if lot.direction == side)


def propose_deleveraging(venue: Venue) -> Event:
    """The desk cannot sell, and declares that lots of a market are deleveraged."""
    market, side, size = waiting_lots(venue)
    return events.Deleverage(market=market.id, side=side, quantity=wire_quantity(market, random_part(venue, size)))


def propose_fill(venue: Venue) -> Event | None:
    """The desk sells the oldest lots of a market to someone, mostly at a price worse than the mark."""
    market, side, size = waiting_lots(venue)
    counterparty = venue.maker(market.id)
    lots = min(random_part(venue, size), affordable_lots(venue, market, counterparty))
    return events.LiquidationFill(
        market=market.id,
        side=side,
        counterparty=counterparty,
        quantity=wire_quantity(market, lots),
        price=wire_price(market, price_with_slippage(venue, market, side == "long")),
    )


def price_with_slippage(venue: Venue, market: Market, sells: bool) -> int:
    """A price on the tick, worse for the desk than the mark by up to the slippage, seldom better."""
    limit = venue.parameters.slippage
    slippage = venue.random.between(-limit // 5, limit)
    change = -slippage if sells else slippage
    price = market.marked() * (RATE_ONE + change) // RATE_ONE
    return max(price // market.tick, 1) * market.tick


def propose_order(venue: Venue) -> Event | None:
    """An order near the mark, one that only reduces, or a cancellation."""
    market = venue.market()
    resting = venue.resting[market.id]
    if len(resting) > 20 or (resting and venue.random.happens(35)):
        order = resting_order(venue, market)
        if order is not None:
            return events.CancelOrder(*order)
    account = venue.resident(market.id)
    held = position_to_close(venue, account, market.id, 30)
    if held is not None:
        return closing_order(venue, market, held)
    buys = venue.random.happens(50)
    side: PositionSide = "BOTH"
    if venue.state.accounts[account] == "hedge":
        side = "LONG" if buys else "SHORT"
    lots = max(1, affordable_lots(venue, market, account) // 3)
    return order_of(venue, market, PositionKey(account, market.id, side), buys=buys, lots=lots, reduce_only=False)


def closing_order(venue: Venue, market: Market, key: PositionKey) -> Event:
    """An order that reduces a position."""
    held = venue.state.positions[key]
    lots = random_part(venue, abs(held))
    return order_of(venue, market, key, buys=held < 0, lots=lots, reduce_only=venue.random.happens(60))


def order_of(venue: Venue, market: Market, key: PositionKey, *, buys: bool, lots: int, reduce_only: bool) -> Event:
    """An order with the next id."""
    order_id = f"o{venue.next_order}"
    venue.next_order = venue.next_order + 1
    side: OrderSide = "buy" if buys else "sell"
    return events.PlaceOrder(
        account=key.account,
        order=order_id,
        market=market.id,
        side=side,
        position_side=key.side,
        quantity=wire_quantity(market, lots),
        price=wire_price(market, price_near_mark(venue, market, 500_000)),
        reduce_only=reduce_only,
    )
