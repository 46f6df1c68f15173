"""A simulated venue: accounts that deposit, order and trade along price paths, and a desk that sells the lots.

It runs the specification while it generates, so nearly every event is accepted; some refusals are kept on
purpose. All draws are integers from one seed: the same parameters give the same events everywhere.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import attrs

from marginspec.model import events, ledger
from marginspec.model.account import DEFAULT_LEVERAGE, MarginMode, OrderSide, PositionKey, PositionSide, Setting
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.market import Market
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, State
from marginspec.model.units import RATE_ONE, WIRE_DECIMALS, Decimal8
from marginspec.transition import apply
from marginspec_journal import Record
from marginspec_tools.simulate.markets import VenueMarket, first_markets
from marginspec_tools.simulate.price_paths import JumpDiffusion, Moment, PricePath
from marginspec_tools.simulate.seeded_random import Chance

DEFAULT_MIX = {"trades": 60, "orders": 25, "cash": 10, "marks": 5, "venue": 1}
"""Default weights: trades and liquidation fills; orders placed and cancelled; deposits, withdrawals and
settings; marks; funding and what else the venue does."""

MIXED_MIX = {"trades": 60, "orders": 25, "cash": 10, "marks": 5, "venue": 0}
"""The mix that the performance bar names."""

CLOCK_START = datetime(2026, 1, 1, tzinfo=UTC)
TRIES = 12
SCATTER = 11_400_714_819_323_198_485  # 2^64 over the golden ratio
NO_SETTING = Setting()
SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")


@attrs.frozen
class Parameters:
    """Everything that decides a scenario.

    `events` counts all of them, the opening included. `leverage` is the highest that accounts set.
    `homes` is how many neighbouring markets an account trades in (0: all), `position_limit` how many
    positions a market may have (0: any number). Slippage is in 1e-8 of the price. `mistakes` and
    `kept_refusals` are per cent: of events that are wrong on purpose, of refusals that stay in.
    """

    accounts: int
    markets: tuple[VenueMarket, ...]
    events: int
    seed: int
    header: Header = Header()
    path: PricePath = attrs.field(factory=JumpDiffusion)
    mix: dict[str, int] = attrs.field(factory=lambda: dict(DEFAULT_MIX))
    leverage: int = 50
    homes: int = 0
    position_limit: int = 0
    deposit: int = 20_000
    insurance: int = 20_000
    slippage: int = 1_000_000
    mistakes: int = 1
    kept_refusals: int = 5


def mixed(*, accounts: int, following: int, seed: int) -> Parameters:
    """The preset of the performance bar: markets of at most 50 positions, and so many events after the opening.

    A market for every 25 accounts, each of which trades in two of them. After about four events an
    account the markets are nearly full; sizes compare from there on.
    """
    count = max(1, accounts // 25)
    opening = opening_length(accounts, count, assets=1)
    return Parameters(
        accounts=accounts,
        markets=first_markets(count),
        events=opening + following,
        seed=seed,
        mix=dict(MIXED_MIX),
        leverage=20,
        homes=2,
        position_limit=50,
        path=JumpDiffusion(volatility=200_000, jump_probability=0),
        mistakes=0,
        kept_refusals=0,
    )


def opening_length(accounts: int, markets: int, assets: int) -> int:
    """How many events open a scenario: listings, first marks, a fund an asset, a deposit and a setting an account."""
    return 2 * markets + assets + 2 * accounts


@attrs.frozen
class Taken:
    """One generated event with the receipt that the specification gave it."""

    event: Event
    receipt: Receipt


class Venue:
    """A venue in progress: the state so far, the draws to come, and the resting orders of each market."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.chance = Chance(parameters.seed)
        self.state = State(header=parameters.header)
        self.markets = tuple(market.id for market in parameters.markets)
        self.resting: dict[str, list[tuple[str, str]]] = {market: [] for market in self.markets}
        self.next_order = 1
        self.passed = 0

    def take(self, event: Event) -> Taken:
        """Apply an event, whatever the answer."""
        self.state, receipt = apply(self.state, event)
        self.passed = self.passed + 1
        if isinstance(event, events.PlaceOrder) and receipt.rejected is None:
            self.resting[event.market].append((event.account, event.order))
        return Taken(event, receipt)

    def attempt(self, event: Event) -> Receipt | None:
        """Apply an event if it is accepted; else give the refusal and leave everything as it was.

        None if it is accepted, but brings a market past its limit of positions.
        """
        after, receipt = apply(self.state, event)
        if receipt.rejected is not None:
            return receipt
        if self.overfills(after, event):
            return None
        self.state = after
        self.passed = self.passed + 1
        if isinstance(event, events.PlaceOrder):
            self.resting[event.market].append((event.account, event.order))
        return receipt

    def overfills(self, after: State, event: Event) -> bool:
        """Whether a trade or fill leaves its market with more positions than the limit."""
        if self.parameters.position_limit == 0 or not isinstance(event, events.Trade | events.LiquidationFill):
            return False
        return len(after.positions_in.get(event.market, ())) > self.parameters.position_limit

    def moment(self) -> Moment:
        """How far the scenario is."""
        return Moment(min(self.passed, self.parameters.events), max(1, self.parameters.events))

    def market(self) -> Market:
        """Any market, with its present parameters."""
        return self.state.markets[self.chance.pick(self.markets)]

    def account(self, index: int) -> str:
        """The name of the account with that index."""
        return f"a{index:05d}"

    def any_account(self) -> str:
        """Any account."""
        return self.account(self.chance.below(self.parameters.accounts))

    def resident(self, market: str) -> str:
        """An account that trades in a market."""
        homes, count, accounts = self.parameters.homes, len(self.markets), self.parameters.accounts
        if homes == 0 or accounts <= count:
            return self.any_account()
        residue = (self.markets.index(market) - self.chance.below(homes)) % count
        return self.account(residue + count * self.chance.below((accounts - residue + count - 1) // count))

    def maker(self, market: str) -> str:
        """A wealthy account that trades in a market, where there is one."""
        account = self.resident(market)
        for _ in range(TRIES):
            if is_wealthy(int(account[1:])):
                break
            account = self.resident(market)
        return account

    def home_market(self, index: int) -> str:
        """A market in which the account with that index trades."""
        homes = self.parameters.homes
        if homes == 0:
            return self.chance.pick(self.markets)
        return self.markets[(index + self.chance.below(homes)) % len(self.markets)]

    def unit(self, asset: str) -> int:
        """One whole unit of an asset in quanta."""
        return int(10 ** self.state.header.decimals(asset))

    def cash(self, account: str, asset: str) -> int:
        """What an account's wallet holds, in quanta."""
        return self.state.balance(ledger.wallet(account, asset))

    def setting(self, account: str, market: str) -> Setting:
        """What an account has set for a market."""
        return self.state.settings.get((account, market), NO_SETTING)

    def margin_mode(self, account: str, market: str) -> MarginMode:
        """The margin mode of an account in a market."""
        return self.setting(account, market).margin_mode or "cross"


def is_wealthy(index: int) -> bool:
    """Whether the account with that index is one of the wealthy: one in eight, scattered over all strides."""
    return (index + 1) * SCATTER % 2**64 >> 61 == 0


def wire_amount(venue: Venue, asset: str, quanta: int) -> Decimal8:
    """An amount in quanta as it stands in an event."""
    return Decimal8(quanta * 10 ** (WIRE_DECIMALS - venue.state.header.decimals(asset)))


def wire_price(market: Market, units: int) -> Decimal8:
    """A price in units as it stands in an event."""
    return Decimal8(units * 10 ** (WIRE_DECIMALS - market.price_decimals))


def wire_quantity(market: Market, lots: int) -> Decimal8:
    """A quantity in lots as it stands in an event."""
    return Decimal8(lots * 10 ** (WIRE_DECIMALS - market.quantity_decimals))


def near(venue: Venue, market: Market, spread: int) -> int:
    """A price on the tick, at most so far (in 1e-8 of it) from the mark."""
    offset = venue.chance.between(-spread, spread)
    price = market.marked() * (RATE_ONE + offset) // RATE_ONE
    return max(price // market.tick, 1) * market.tick


def affordable_lots(venue: Venue, market: Market, account: str) -> int:
    """Some part of what an account's wallet and leverage would let it open, at least one lot."""
    cash = max(0, venue.cash(account, market.asset))
    leverage = venue.setting(account, market.id).leverage or DEFAULT_LEVERAGE
    notional = cash * leverage * venue.chance.between(2, 30) // 100
    return max(1, notional // (market.marked() * market.quanta_per_unit))


def position_to_close(venue: Venue, account: str, market: str, per_cent: int) -> PositionKey | None:
    """One of an account's positions in a market, so many times in a hundred."""
    if not venue.chance.happens(per_cent):
        return None
    held = open_positions(venue, account, market)
    return venue.chance.pick(held) if held else None


def open_positions(venue: Venue, account: str, market: str) -> list[PositionKey]:
    """An account's open positions in a market."""
    keys = [PositionKey(account, market, side) for side in SIDES]
    return [key for key in keys if key in venue.state.positions]


def part_of(venue: Venue, lots: int) -> int:
    """All of a size about half of the time, else a part of it, at least one lot."""
    if venue.chance.happens(50):
        return lots
    return max(1, lots * venue.chance.between(10, 90) // 100)


def propose_trade(venue: Venue) -> Event | None:
    """A trade, or a fill of the liquidation desk where lots wait."""
    if venue.state.lots_in and venue.chance.happens(35):
        return propose_fill(venue)
    market = venue.market()
    order = resting_order(venue, market) if venue.chance.happens(45) else None
    if order is not None:
        return fill_of_order(venue, market, *order)
    return fresh_trade(venue, market)


def fresh_trade(venue: Venue, market: Market) -> Event | None:
    """A trade near the mark: the taker closes a position of its, or opens one; anyone takes the other side."""
    taker, other = venue.resident(market.id), venue.resident(market.id)
    if venue.chance.happens(50):
        other = venue.maker(market.id)
    if taker == other:
        return None
    closed = position_to_close(venue, taker, market.id, 40)
    if closed is not None:
        held = venue.state.positions[closed]
        lots, buys, side = part_of(venue, abs(held)), held < 0, closed.side
        return trade_between(venue, market, taker, other, buys, lots, side)
    return trade_between(venue, market, taker, other, venue.chance.happens(50), affordable_lots(venue, market, taker))


def trade_between(
    venue: Venue, market: Market, taker: str, other: str, buys: bool, lots: int, side: PositionSide | None = None
) -> Event:
    """A trade of so many lots near the mark; `side` is the taker's."""
    other_side = hedge_side_to_close(venue, other, market.id, not buys, lots)
    return events.Trade(
        market=market.id,
        price=wire_price(market, near(venue, market, 50_000)),
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
        place = venue.chance.below(len(resting))
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
    lots = min(part_of(venue, abs(order.quantity)), affordable)
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


def propose_fill(venue: Venue) -> Event | None:
    """The desk sells the oldest lots of a market to someone, mostly at a price worse than the mark."""
    market = venue.state.markets[venue.chance.pick(sorted(venue.state.lots_in))]
    oldest = venue.state.lots[venue.state.lots_in[market.id][0]]
    waiting = [venue.state.lots[lot_id] for lot_id in venue.state.lots_in[market.id]]
    size = sum(abs(lot.quantity) for lot in waiting if lot.direction == oldest.direction)
    counterparty = venue.maker(market.id)
    lots = min(part_of(venue, size), affordable_lots(venue, market, counterparty))
    return events.LiquidationFill(
        market=market.id,
        side=oldest.direction,
        counterparty=counterparty,
        quantity=wire_quantity(market, lots),
        price=wire_price(market, slipped(venue, market, oldest.quantity > 0)),
    )


def slipped(venue: Venue, market: Market, sells: bool) -> int:
    """A price on the tick, worse for the desk than the mark by up to the slippage, seldom better."""
    limit = venue.parameters.slippage
    slippage = venue.chance.between(-limit // 5, limit)
    change = -slippage if sells else slippage
    price = market.marked() * (RATE_ONE + change) // RATE_ONE
    return max(price // market.tick, 1) * market.tick


def propose_order(venue: Venue) -> Event | None:
    """An order near the mark, one that only reduces, or a cancellation."""
    market = venue.market()
    resting = venue.resting[market.id]
    if len(resting) > 20 or (resting and venue.chance.happens(35)):
        order = resting_order(venue, market)
        if order is not None:
            return events.CancelOrder(*order)
    account = venue.resident(market.id)
    held = position_to_close(venue, account, market.id, 30)
    if held is not None:
        return closing_order(venue, market, held)
    buys = venue.chance.happens(50)
    side: PositionSide = "BOTH"
    if venue.state.accounts[account] == "hedge":
        side = "LONG" if buys else "SHORT"
    lots = max(1, affordable_lots(venue, market, account) // 3)
    return order_of(venue, market, PositionKey(account, market.id, side), buys=buys, lots=lots, reduce_only=False)


def closing_order(venue: Venue, market: Market, key: PositionKey) -> Event:
    """An order that reduces a position."""
    held = venue.state.positions[key]
    lots = part_of(venue, abs(held))
    return order_of(venue, market, key, buys=held < 0, lots=lots, reduce_only=venue.chance.happens(60))


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
        price=wire_price(market, near(venue, market, 500_000)),
        reduce_only=reduce_only,
    )


def propose_cash(venue: Venue) -> Event | None:
    """A deposit, a withdrawal, a setting, or cash moved into or out of an isolated position."""
    weights = {"deposit": 30, "withdraw": 20, "leverage": 20, "margin": 12, "position": 6, "adjust": 12}
    index = venue.chance.below(venue.parameters.accounts)
    account = venue.account(index)
    market = venue.state.markets[venue.home_market(index)]
    return CASH_PROPOSALS[venue.chance.weighted(weights)](venue, account, market)


def propose_deposit(venue: Venue, account: str, market: Market) -> Event:
    """A deposit of up to a tenth of the usual first one."""
    most = venue.parameters.deposit * venue.unit(market.asset) // 10
    return events.Deposit(
        account, market.asset, wire_amount(venue, market.asset, venue.chance.between(1, max(1, most)))
    )


def propose_withdrawal(venue: Venue, account: str, market: Market) -> Event | None:
    """A withdrawal of a part of the wallet."""
    amount = venue.cash(account, market.asset) * venue.chance.between(1, 15) // 100
    return events.Withdraw(account, market.asset, wire_amount(venue, market.asset, amount)) if amount > 0 else None


def propose_leverage(venue: Venue, account: str, market: Market) -> Event:
    """A leverage up to the scenario's highest, as far as the market has it."""
    most = min(venue.parameters.leverage, market.tiers.tiers[0].max_leverage)
    return events.SetLeverage(account, market.id, venue.chance.between((most + 1) // 2, most))


def propose_margin_mode(venue: Venue, account: str, market: Market) -> Event:
    """The other margin mode."""
    present = venue.margin_mode(account, market.id)
    return events.SetMarginMode(account, market.id, "isolated" if present == "cross" else "cross")


def propose_position_mode(venue: Venue, account: str, market: Market) -> Event:  # noqa: ARG001 - one signature for all
    """The other position mode."""
    present = venue.state.accounts[account]
    return events.SetPositionMode(account, "hedge" if present == "one_way" else "one_way")


def propose_adjustment(venue: Venue, account: str, market: Market) -> Event | None:
    """Cash into or out of an isolated position, of this account or, if it has none, of another one."""
    for _ in range(TRIES):
        held = open_positions(venue, account, market.id)
        if held and venue.margin_mode(account, market.id) == "isolated":
            return adjustment_of(venue, market, venue.chance.pick(held))
        market = venue.market()
        account = venue.resident(market.id)
    return None


def adjustment_of(venue: Venue, market: Market, key: PositionKey) -> Event:
    """A few per cent of a position's cost, in or out."""
    amount = max(1, abs(venue.state.balance(ledger.position(*key))) * venue.chance.between(1, 5) // 100)
    signed = amount if venue.chance.happens(60) else -amount
    return events.AdjustIsolatedMargin(key.account, market.id, key.side, wire_amount(venue, market.asset, signed))


CASH_PROPOSALS: dict[str, Callable[[Venue, str, Market], Event | None]] = {
    "deposit": propose_deposit,
    "withdraw": propose_withdrawal,
    "leverage": propose_leverage,
    "margin": propose_margin_mode,
    "position": propose_position_mode,
    "adjust": propose_adjustment,
}


def propose_mark(venue: Venue) -> Event:
    """The next mark of a market on its path."""
    market = venue.market()
    path = venue.parameters.path
    price = path.next_price(market.id, market.marked(), market.price_decimals, venue.moment(), venue.chance)
    return events.MarkPrice(market.id, wire_price(market, price))


def propose_venue(venue: Venue) -> Event | None:
    """What the venue itself does: funding, paying into the insurance fund, taking its fees, new fees."""
    market = venue.market()
    choice = venue.chance.weighted({"funding": 80, "insurance": 6, "house": 8, "fees": 6})
    if choice == "funding":
        return events.Funding(market.id, Decimal8(venue.chance.bell(30_000)))
    if choice == "insurance":
        amount = venue.parameters.insurance * venue.unit(market.asset) // 10
        return events.FundInsurance(market.asset, wire_amount(venue, market.asset, max(1, amount)))
    if choice == "house":
        held = venue.state.balance(ledger.house(market.asset)) * venue.chance.between(1, 50) // 100
        return events.WithdrawHouse(market.asset, wire_amount(venue, market.asset, held)) if held > 0 else None
    taker = venue.chance.between(30_000, 60_000)
    share = venue.chance.between(0, RATE_ONE // 2)
    clearance = market.fees.clearance_fee
    return events.UpdateFees(market.id, Decimal8(taker), Decimal8(taker // 2), Decimal8(share), Decimal8(clearance))


PROPOSALS: dict[str, Callable[[Venue], Event | None]] = {
    "trades": propose_trade,
    "orders": propose_order,
    "cash": propose_cash,
    "marks": propose_mark,
    "venue": propose_venue,
}


def propose_mistake(venue: Venue) -> Event:
    """An event that the rulebook refuses, for one of many reasons."""
    market, account = venue.market(), venue.any_account()
    price, lot = wire_price(market, market.marked()), wire_quantity(market, 1)
    tick_price = wire_price(market, near(venue, market, 0))
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
        events.WithdrawHouse(market.asset, Decimal8(largest)),
        events.PlaceOrder(account, "big", market.id, "buy", "BOTH", Decimal8(largest), tick_price, False),
        events.AdjustIsolatedMargin(account, market.id, "BOTH", Decimal8(RATE_ONE)),
    )
    return venue.chance.pick(mistakes)


def open_venue(venue: Venue) -> Iterator[Event]:
    """List the markets, set their first marks, fund the insurance; every account deposits and sets something."""
    for opened in venue.parameters.markets:
        yield opened.listing
        units = Decimal8(opened.start_price * 10 ** (WIRE_DECIMALS - opened.listing.price_decimals))
        yield events.MarkPrice(opened.id, units)
    assets = sorted({opened.listing.asset for opened in venue.parameters.markets})
    for asset in assets:
        fund = wire_amount(venue, asset, max(1, venue.parameters.insurance * venue.unit(asset)))
        yield events.FundInsurance(asset, fund)
    for index in range(venue.parameters.accounts):
        asset = assets[index % len(assets)]
        yield events.Deposit(venue.account(index), asset, wire_amount(venue, asset, first_deposit(venue, index, asset)))
        yield first_setting(venue, index)


def first_deposit(venue: Venue, index: int, asset: str) -> int:
    """Around the usual deposit, thirty times that for the wealthy; in quanta."""
    usual = venue.parameters.deposit * venue.unit(asset)
    amount = usual * venue.chance.between(20, 200) // 100
    return max(1, 30 * amount if is_wealthy(index) else amount)


def first_setting(venue: Venue, index: int) -> Event:
    """Hedge mode, isolated margin, or a leverage."""
    account, market = venue.account(index), venue.state.markets[venue.home_market(index)]
    choice = venue.chance.weighted({"position": 25, "margin": 30, "leverage": 45})
    if choice == "position":
        return events.SetPositionMode(account, "hedge")
    if choice == "margin":
        return events.SetMarginMode(account, market.id, "isolated")
    return propose_leverage(venue, account, market)


def next_taken(venue: Venue) -> Taken:
    """The next event of the mix; what would be refused is tried anew, but for some refusals that are kept."""
    if venue.chance.happens(venue.parameters.mistakes):
        return venue.take(propose_mistake(venue))
    propose = PROPOSALS[venue.chance.weighted(venue.parameters.mix)]
    for _ in range(TRIES):
        event = propose(venue)
        if event is None:
            continue
        receipt = venue.attempt(event)
        if receipt is None:
            continue
        if receipt.rejected is None:
            return Taken(event, receipt)
        if receipt.rejected is not Reason.OUT_OF_RANGE and venue.chance.happens(venue.parameters.kept_refusals):
            return venue.take(event)
    return venue.take(propose_deposit(venue, venue.any_account(), venue.market()))


def generate_taken(parameters: Parameters) -> Iterator[Taken]:
    """All events of a scenario with their receipts."""
    return run_venue(Venue(parameters))


def run_venue(venue: Venue) -> Iterator[Taken]:
    """All events of a new venue with their receipts, its state being that after each: the opening, then the mix."""
    for event in open_venue(venue):
        yield venue.take(event)
    while venue.passed < venue.parameters.events:
        yield next_taken(venue)


def clock(place: int) -> str:
    """The time of an event: one a second, from the start of 2026."""
    return (CLOCK_START + timedelta(seconds=place)).strftime("%Y-%m-%dT%H:%M:%SZ")


def generate(parameters: Parameters) -> Iterator[Record]:
    """All events of a scenario as records of a journal; the header has the first line."""
    for place, taken in enumerate(generate_taken(parameters)):
        yield Record(line=place + 2, event=taken.event, ts=clock(place), ref=None, observed=None)
