"""Small builders for tests of the rules: events from decimal strings, two presets, and runs with every check on.

MINIMAL has money, prices and quantities without decimals, so that a reader can follow in the head;
BINANCE has the units and tiers of a real market.
"""

from collections.abc import Iterable
from typing import Literal

import attrs
from immutables import Map

from marginspec.model import events
from marginspec.model.account import (
    Direction,
    DomainKey,
    Lot,
    MarginMode,
    Order,
    OrderSide,
    PositionKey,
    PositionMode,
    PositionSide,
)
from marginspec.model.effects import Effect, Receipt
from marginspec.model.events import Event
from marginspec.model.ledger import account_named
from marginspec.model.market import FeeTerms, Market, TierTable, TierTerms, tier_table
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import Header, Profile, State
from marginspec.model.units import Decimal8, Money, Price, Quantity, Rate
from marginspec.transition import apply
from marginspec_audit import Transition, check_transition

ASSET = "USD"
TierRow = tuple[str, int, str]

# ------------------------------------------------------------------- decimals


def decimal(text: str) -> Decimal8:
    """A decimal string counted in 1e-8; the tests' own reading, so that they do not lean on another part's."""
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("-").partition(".")
    assert len(fraction) <= 8, text
    return Decimal8(sign * (int(whole) * 10**8 + int(fraction.ljust(8, "0"))))


def tiers(*rows: TierRow) -> tuple[TierTerms, ...]:
    """Tier rows: floor, maximum leverage, maintenance rate."""
    return tuple(TierTerms(decimal(floor), leverage, decimal(rate)) for floor, leverage, rate in rows)


def table(*rows: TierRow, asset_decimals: int = 0) -> TierTable:
    """A checked tier table."""
    return tier_table(tiers(*rows), asset_decimals)


# ------------------------------------------------------------------- presets

# Maintenance 5% up to 1000, above that 10% less 50.
MINIMAL_ROWS: tuple[TierRow, ...] = (("0", 10, "0.05"), ("1000", 5, "0.1"))
MINIMAL_TIERS = tiers(*MINIMAL_ROWS)
MINIMAL = Header(asset_decimals=Map({ASSET: 0, "EUR": 0}))
MINIMAL_NONE = attrs.evolve(MINIMAL, profile=Profile(last_resort="none"))
MINIMAL_BITMEX = attrs.evolve(MINIMAL, profile=Profile(adl_ranking="bitmex"))

BINANCE_ROWS: tuple[TierRow, ...] = (
    ("0", 125, "0.004"),
    ("50000", 100, "0.005"),
    ("600000", 75, "0.0065"),
    ("3000000", 50, "0.01"),
    ("12000000", 25, "0.02"),
    ("70000000", 20, "0.025"),
    ("100000000", 10, "0.05"),
    ("230000000", 5, "0.1"),
    ("480000000", 4, "0.125"),
    ("600000000", 3, "0.15"),
    ("800000000", 2, "0.25"),
    ("1200000000", 1, "0.5"),
)
BINANCE = Header()


def minimal(market: str = "A", mark: Price | None = None, **changes: object) -> Market:
    """The market of MINIMAL as an object, for direct calls of rule functions."""
    found = Market(market, ASSET, 0, 0, 1, Price(1), table(*MINIMAL_ROWS), FeeTerms(*4 * (Rate(0),)), mark)
    return attrs.evolve(found, **changes)  # type: ignore[arg-type]  # names are checked by evolve


# ------------------------------------------------------------------- events


def listing(
    market: str = "A",
    rows: tuple[TierRow, ...] = MINIMAL_ROWS,
    *,
    asset: str = ASSET,
    decimals: tuple[int, int] = (0, 0),
    tick: str = "1",
    taker: str = "0",
    maker: str = "0",
    share: str = "0",
    clearance: str = "0",
) -> events.ListMarket:
    """A listing; `decimals` are those of price and quantity."""
    rates = (decimal(taker), decimal(maker), decimal(share), decimal(clearance))
    return events.ListMarket(market, asset, *decimals, decimal(tick), *rates, tiers(*rows))


def binance_listing(market: str = "BTCUSDT") -> events.ListMarket:
    """A market with the units, tiers and fees of a real one."""
    fees = {"taker": "0.0004", "maker": "0.0002", "share": "0.1", "clearance": "0.0125"}
    return listing(market, BINANCE_ROWS, asset="USDT", decimals=(2, 3), tick="0.01", **fees)


def new_tiers(*rows: TierRow, market: str = "A") -> events.UpdateTiers:
    """Another tier table."""
    return events.UpdateTiers(market, tiers(*rows))


def new_fees(
    taker: str = "0", maker: str = "0", share: str = "0", clearance: str = "0", *, market: str = "A"
) -> events.UpdateFees:
    """Other fee rates."""
    return events.UpdateFees(market, decimal(taker), decimal(maker), decimal(share), decimal(clearance))


def mark(price: str, market: str = "A") -> events.MarkPrice:
    """A new mark."""
    return events.MarkPrice(market, decimal(price))


def deposit(account: str, amount: str, asset: str = ASSET) -> events.Deposit:
    """Money into a wallet."""
    return events.Deposit(account, asset, decimal(amount))


def withdraw(account: str, amount: str, asset: str = ASSET) -> events.Withdraw:
    """Money out of a wallet."""
    return events.Withdraw(account, asset, decimal(amount))


def fund(amount: str, asset: str = ASSET) -> events.FundInsurance:
    """Money into the insurance fund."""
    return events.FundInsurance(asset, decimal(amount))


def take_house(amount: str, asset: str = ASSET) -> events.WithdrawHouse:
    """Money out of the house."""
    return events.WithdrawHouse(asset, decimal(amount))


def position_mode(account: str, mode: PositionMode = "hedge") -> events.SetPositionMode:
    """Hedge or one-way."""
    return events.SetPositionMode(account, mode)


def margin_mode(account: str, mode: MarginMode = "isolated", market: str = "A") -> events.SetMarginMode:
    """Isolated or cross."""
    return events.SetMarginMode(account, market, mode)


def leverage(account: str, value: int, market: str = "A") -> events.SetLeverage:
    """An account's leverage."""
    return events.SetLeverage(account, market, value)


def adjust(account: str, amount: str, market: str = "A", side: PositionSide = "BOTH") -> events.AdjustIsolatedMargin:
    """Isolated margin in (positive) or out."""
    return events.AdjustIsolatedMargin(account, market, side, decimal(amount))


def order(
    account: str,
    side: OrderSide,
    quantity: str,
    price: str,
    *,
    id: str = "o1",  # noqa: A002 - reads as the event does
    market: str = "A",
    position_side: PositionSide = "BOTH",
    reduce_only: bool = False,
) -> events.PlaceOrder:
    """An order placed."""
    amounts = (decimal(quantity), decimal(price))
    return events.PlaceOrder(account, id, market, side, position_side, *amounts, reduce_only)


def cancel(account: str, order_id: str = "o1") -> events.CancelOrder:
    """An order cancelled."""
    return events.CancelOrder(account, order_id)


def trade(
    buyer: str,
    seller: str,
    quantity: str,
    price: str,
    market: str = "A",
    *,
    taker: Literal["buyer", "seller"] = "buyer",
    buyer_side: PositionSide | None = None,
    seller_side: PositionSide | None = None,
    buyer_order: str | None = None,
    seller_order: str | None = None,
) -> events.Trade:
    """A trade; the buyer took unless said otherwise."""
    amounts = (decimal(price), decimal(quantity))
    sides = (buyer_side, seller_side)
    orders = (buyer_order, seller_order)
    return events.Trade(market, *amounts, buyer, seller, taker, *sides, *orders)


def funding(rate: str, market: str = "A") -> events.Funding:
    """A funding payment."""
    return events.Funding(market, decimal(rate))


def fill(
    counterparty: str,
    quantity: str,
    price: str,
    side: Direction = "long",
    market: str = "A",
    counterparty_side: PositionSide | None = None,
) -> events.LiquidationFill:
    """A fill of the liquidation engine's lots of one direction."""
    amounts = (decimal(quantity), decimal(price))
    return events.LiquidationFill(market, side, counterparty, *amounts, counterparty_side)


# ------------------------------------------------------------------- keys


def key(account: str, market: str = "A", side: PositionSide = "BOTH") -> PositionKey:
    """A position's key."""
    return PositionKey(account, market, side)


def cross(account: str, asset: str = ASSET) -> DomainKey:
    """An account's cross domain."""
    return DomainKey(account, asset)


def isolated_domain(account: str, market: str = "A", side: PositionSide = "BOTH", asset: str = ASSET) -> DomainKey:
    """The domain of an isolated position."""
    return DomainKey(account, asset, market, side)


def lot(
    id: int,  # noqa: A002 - reads as the lot does
    account: str,
    quantity: int,
    *,
    market: str = "A",
    side: PositionSide = "BOTH",
    mode: MarginMode = "cross",
    reason: Literal["step_down", "takeover"] = "takeover",
) -> Lot:
    """A lot."""
    return Lot(id, account, market, side, mode, Quantity(quantity), reason)


def resting(
    quantity: int,
    price: int,
    *,
    id: str = "o1",  # noqa: A002 - reads as the order does
    market: str = "A",
    side: PositionSide = "BOTH",
    reduce_only: bool = False,
) -> Order:
    """An open order as the state has it."""
    return Order(id, market, side, Quantity(quantity), Price(price), reduce_only)


def balances(state: State) -> dict[str, int]:
    """All balances of the ledger."""
    return {str(account): balance for account, balance in state.ledger.items()}


def with_balances(state: State, **changes: int) -> State:
    """A state with balances set by force, `wallet__alice__USD=5`; the ledger need not balance after it."""
    forced = state.ledger
    for name, amount in changes.items():
        account = account_named(name.replace("__", ":"))
        forced = forced.set(account, Money(amount)) if amount else forced.delete(account)
    return attrs.evolve(state, ledger=forced)


# ------------------------------------------------------------------- runs


def run(journal: Iterable[Event], header: Header = MINIMAL, state: State | None = None) -> list[tuple[Receipt, State]]:
    """Every event's receipt and the state after it; asserts every invariant after every event."""
    before = State(header=header) if state is None else state
    steps: list[tuple[Receipt, State]] = []
    for event in journal:
        after, receipt = apply(before, event)
        assert check_transition(Transition(before, event, receipt, after)) == (), event
        steps.append((receipt, after))
        before = after
    return steps


def settled(*journal: Event, header: Header = MINIMAL, state: State | None = None) -> State:
    """The state after events of which every one is accepted, and every invariant holds after each."""
    found = State(header=header) if state is None else state
    for event in journal:
        [(receipt, found)] = run([event], state=found)
        assert receipt.rejected is None, (event, receipt.rejected)
    return found


def effects(state: State, event: Event) -> tuple[Effect, ...]:
    """The effects of an event that is accepted."""
    [(receipt, _)] = run([event], state=state)
    assert receipt.rejected is None, receipt.rejected
    return receipt.effects


def refusal(state: State, event: Event) -> Reason | None:
    """Why an event is refused; asserts that a refusal changes nothing."""
    after, receipt = apply(state, event)
    if receipt.rejected is not None:
        assert after is state
        assert receipt == Receipt(receipt.rejected, ())
    return receipt.rejected


def reason_of(refused: Rejected) -> Reason:
    """The reason that a direct call of a rule gave."""
    return refused.reason
