"""Headers, markets, keys and states for tests of the rules, and runs of events with every check on."""

from collections.abc import Iterable
from typing import Literal

import attrs
from immutables import Map

from marginspec.model.account import DomainKey, Lot, MarginMode, Order, PositionKey, PositionSide
from marginspec.model.effects import Effect, MovingRule, Receipt, Transferred
from marginspec.model.events import Event
from marginspec.model.ledger import account_named
from marginspec.model.market import FeeTerms, Market, TierTable, tier_table
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import Book, Header, Profile, State
from marginspec.model.units import Money, Price, Quantity, Rate
from marginspec.transition import apply
from marginspec_audit import Transition, check_transition
from marginspec_conformance.generator.events import ASSET, MINIMAL_ROWS, TierRow, deposit, listing, mark, tiers, trade

MINIMAL = Header(asset_decimals=Map({ASSET: 0, "EUR": 0}))
MINIMAL_NONE = attrs.evolve(MINIMAL, profile=Profile(last_resort="none"))
MINIMAL_BITMEX = attrs.evolve(MINIMAL, profile=Profile(adl_ranking="bitmex"))
BINANCE = Header()


def table(*rows: TierRow, asset_decimals: int = 0) -> TierTable:
    """A checked tier table."""
    return tier_table(tiers(*rows), asset_decimals)


def minimal(market: str = "A", mark: Price | None = None, **changes: object) -> Market:
    """The market of MINIMAL as an object, for direct calls of rule functions."""
    found = Market(market, ASSET, 0, 0, 1, Price(1), table(*MINIMAL_ROWS), FeeTerms(*4 * (Rate(0),)), mark)
    return attrs.evolve(found, **changes)  # type: ignore[arg-type]  # names are checked by evolve


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


def moved(source: str, target: str, amount: int, rule: MovingRule) -> Transferred:
    """The effect of a transfer between ledger accounts by name, of USD."""
    return Transferred(ASSET, account_named(source), account_named(target), Money(amount), rule)


UNPAYABLE = (
    *(listing(), mark("1000"), deposit("alice", "112"), deposit("bob", "1000"), deposit("carol", "5000")),
    *(trade("alice", "carol", "1", "1000"), mark("900"), trade("carol", "bob", "1", "880"), mark("800")),
)
"""Alice's lot is bankrupt at 888 and loses 88 at 800. Carol passed her side on to bob at 880, so nobody sold higher.

Bob has a profit of 80: the levy takes it, then 2 and 6 of what bob and carol have to spare.
"""


def claims(book: Book, asset: str = ASSET) -> dict[DomainKey, Money]:
    """Claims on the relief of an asset."""
    return dict(book.relief_claims.get(asset, Map()))


def long_five_with_sixty(header: Header = MINIMAL) -> State:
    """Dave has 5 lots at 100 and 60 in cash, so is bankrupt at 88; carol is the other side, alice and bob are flat."""
    return settled(
        *(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "1000")),
        *(deposit("dave", "60"), trade("dave", "carol", "5", "100")),
        header=header,
    )


def reason_of(refused: Rejected) -> Reason:
    """The reason that a direct call of a rule gave."""
    return refused.reason
