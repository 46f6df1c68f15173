"""A simulated venue in progress: the state so far, the draws to come, and amounts, prices and sizes drawn for it.

It runs the specification while it generates, so nearly every event is accepted. All draws are integers from one seed:
the same parameters give the same events everywhere.
"""

from marginspec.model import events, ledger
from marginspec.model.account import DEFAULT_LEVERAGE, MarginMode, PositionKey, PositionSide, Setting
from marginspec.model.events import Event
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import RATE_ONE, WIRE_DECIMALS, Decimal8
from marginspec.transition import apply
from marginspec_audit import Transition
from marginspec_tools.simulate.parameters import Parameters
from marginspec_tools.simulate.price_paths import Moment
from marginspec_tools.simulate.seeded_random import SeededRandom

TRIES = 12
SCATTER = 11_400_714_819_323_198_485  # 2^64 over the golden ratio
NO_SETTING = Setting()
SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")


class Venue:
    """A venue in progress: the state so far, the draws to come, and the resting orders of each market."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.random = SeededRandom(parameters.seed)
        self.state = State(header=parameters.header)
        self.markets = tuple(market.id for market in parameters.markets)
        self.resting: dict[str, list[tuple[str, str]]] = {market: [] for market in self.markets}
        self.next_order = 1
        self.passed = 0

    def take(self, event: Event) -> Transition:
        """Apply an event, whatever the answer."""
        return self.advance(self.answer_to(event))

    def answer_to(self, event: Event) -> Transition:
        """What the rulebook answers to an event; the venue stays as it is."""
        after, receipt = apply(self.state, event)
        return Transition(self.state, event, receipt, after)

    def advance(self, taken: Transition) -> Transition:
        """The state after an event is the venue's now; an order that was accepted rests."""
        self.state = taken.after
        self.passed = self.passed + 1
        if isinstance(taken.event, events.PlaceOrder) and taken.receipt.rejected is None:
            self.resting[taken.event.market].append((taken.event.account, taken.event.order))
        return taken

    def overfills(self, taken: Transition) -> bool:
        """Whether a trade or fill leaves its market with more positions than the limit."""
        event, limit = taken.event, self.parameters.position_limit
        if limit == 0 or not isinstance(event, events.Trade | events.LiquidationFill):
            return False
        return len(taken.after.positions_in.get(event.market, ())) > limit

    def moment(self) -> Moment:
        """How far the scenario is."""
        return Moment(min(self.passed, self.parameters.events), max(1, self.parameters.events))

    def market(self) -> Market:
        """Any market, with its present parameters."""
        return self.state.markets[self.random.pick(self.markets)]

    def account(self, index: int) -> str:
        """The name of the account with that index."""
        return f"a{index:05d}"

    def any_account(self) -> str:
        """Any account."""
        return self.account(self.random.below(self.parameters.accounts))

    def resident(self, market: str) -> str:
        """An account that trades in a market."""
        homes, count, accounts = self.parameters.homes, len(self.markets), self.parameters.accounts
        if homes == 0 or accounts <= count:
            return self.any_account()
        residue = (self.markets.index(market) - self.random.below(homes)) % count
        return self.account(residue + count * self.random.below((accounts - residue + count - 1) // count))

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
            return self.random.pick(self.markets)
        return self.markets[(index + self.random.below(homes)) % len(self.markets)]

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


def price_near_mark(venue: Venue, market: Market, spread: int) -> int:
    """A price on the tick, at most so far (in 1e-8 of it) from the mark."""
    offset = venue.random.between(-spread, spread)
    price = market.marked() * (RATE_ONE + offset) // RATE_ONE
    return max(price // market.tick, 1) * market.tick


def affordable_lots(venue: Venue, market: Market, account: str) -> int:
    """Some part of what an account's wallet and leverage would let it open, at least one lot."""
    cash = max(0, venue.cash(account, market.asset))
    leverage = venue.setting(account, market.id).leverage or DEFAULT_LEVERAGE
    notional = cash * leverage * venue.random.between(2, 30) // 100
    return max(1, notional // (market.marked() * market.quanta_per_unit))


def position_to_close(venue: Venue, account: str, market: str, per_cent: int) -> PositionKey | None:
    """One of an account's positions in a market, so many times in a hundred."""
    if not venue.random.happens(per_cent):
        return None
    held = open_positions(venue, account, market)
    return venue.random.pick(held) if held else None


def open_positions(venue: Venue, account: str, market: str) -> list[PositionKey]:
    """An account's open positions in a market."""
    keys = [PositionKey(account, market, side) for side in SIDES]
    return [key for key in keys if key in venue.state.positions]


def random_part(venue: Venue, lots: int) -> int:
    """All of a size about half of the time, else a part of it, at least one lot."""
    if venue.random.happens(50):
        return lots
    return max(1, lots * venue.random.between(10, 90) // 100)
