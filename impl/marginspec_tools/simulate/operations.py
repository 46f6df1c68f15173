"""What a simulated venue itself does: marks, funding, its funds and fees; and events that it should refuse."""

from marginspec.model import events, ledger
from marginspec.model.events import Event
from marginspec.model.units import RATE_ONE, Decimal8
from marginspec_tools.simulate.venue import Venue, price_near_mark, wire_amount, wire_price, wire_quantity


def propose_mark(venue: Venue) -> Event:
    """The next mark of a market on its path."""
    market = venue.market()
    path = venue.parameters.path
    price = path.next_price(market.id, market.marked(), market.price_decimals, venue.moment(), venue.random)
    return events.MarkPrice(market.id, wire_price(market, price))


def final_settlement(venue: Venue, market_id: str) -> Event:
    """A market settled for good, at the next mark on its path."""
    market, path = venue.state.markets[market_id], venue.parameters.path
    price = path.next_price(market.id, market.marked(), market.price_decimals, venue.moment(), venue.random)
    return events.SettleMarket(market.id, wire_price(market, price))


def propose_venue(venue: Venue) -> Event | None:
    """What the venue itself does: funding, paying into the insurance fund, taking its fees, new fees."""
    market = venue.market()
    choice = venue.random.weighted({"funding": 80, "insurance": 6, "house": 8, "fees": 6})
    if choice == "funding":
        return events.Funding(market.id, Decimal8(venue.random.bell(30_000)))
    if choice == "insurance":
        amount = venue.parameters.insurance * venue.unit(market.asset) // 10
        return events.FundInsurance(market.asset, wire_amount(venue, market.asset, max(1, amount)))
    if choice == "house":
        held = venue.state.balance(ledger.house(market.asset)) * venue.random.between(1, 50) // 100
        return house_withdrawal(market.asset, wire_amount(venue, market.asset, held)) if held > 0 else None
    taker = venue.random.between(30_000, 60_000)
    share = venue.random.between(0, RATE_ONE // 2)
    clearance = market.fees.clearance_fee
    return events.UpdateFees(market.id, Decimal8(taker), Decimal8(taker // 2), Decimal8(share), Decimal8(clearance))


def house_withdrawal(asset: str, amount: Decimal8) -> Event:
    """The exchange takes its own money out."""
    return events.WithdrawHouse(asset, amount)


def propose_mistake(venue: Venue) -> Event:
    """An event that the rulebook refuses, for one of many reasons."""
    market, account = venue.market(), venue.any_account()
    price, lot = wire_price(market, market.marked()), wire_quantity(market, 1)
    tick_price = wire_price(market, price_near_mark(venue, market, 0))
    too_much = wire_amount(venue, market.asset, venue.cash(account, market.asset) + venue.unit(market.asset))
    largest = RATE_ONE * 10**9
    mistakes: tuple[Event, ...] = (
        events.MarkPrice("NOSUCH", price),
        events.ListMarket(market.id, market.asset, 2, 2, Decimal8(1), *(Decimal8(0),) * 4, ()),
        events.UpdateTiers(market.id, ()),
        events.Withdraw("nobody", market.asset, Decimal8(RATE_ONE)),
        events.Trade(market.id, tick_price, lot, account, account, "buyer"),
        events.MarkPrice(market.id, Decimal8(0)),
        events.Deposit(account, market.asset, Decimal8(0)),
        events.Funding(market.id, Decimal8(2 * RATE_ONE)),
        events.SetLeverage(account, market.id, 1001),
        events.CancelOrder(account, "nosuch"),
        events.Withdraw(account, market.asset, too_much),
        house_withdrawal(market.asset, Decimal8(largest)),
        events.PlaceOrder(account, "big", market.id, "buy", "BOTH", Decimal8(largest), tick_price, False),
        events.AdjustIsolatedMargin(account, market.id, "BOTH", Decimal8(RATE_ONE)),
    )
    return venue.random.pick(mistakes)
