"""Trading: closing and opening, cost and what is realised of it, and fees, to the quantum."""

from typing import Any

import attrs
from immutables import Map

from marginspec.handlers.guards import check_position_side, fits_mode, only_reduces
from marginspec.handlers.trading import (
    Booked,
    Leg,
    book_leg,
    closing_part,
    fee_in,
    insurance_part,
    move_margin,
    pay_fee,
    pay_rebates,
    trade_fee,
)
from marginspec.margin.closing import Part, realise, released_cost
from marginspec.margin.margin import cash_account, cost_of
from marginspec.model import ledger
from marginspec.model.account import PositionKey, PositionMode, PositionSide
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import Header, State
from marginspec.model.units import FLAT, NOTHING, RATE_ONE, Decimal8, Money, Price, Quantity
from marginspec.transaction import Transaction
from marginspec_proofs.prover.contracts import money_moves
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.prover.worlds import ASSET, World, nothing_moved
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples

MODES: tuple[PositionMode, ...] = ("one_way", "hedge")
SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")


@theorem("T-ACC-1", "ACC-01", "TRD-01", "TRD-03", of=(check_position_side, fits_mode, only_reduces))
def a_hedge_side_never_turns(case: Case) -> None:
    """A side is accepted exactly if it fits its account's mode and a hedge side stays on its own side of flat.

    A quantity only reduces exactly if it is against a position of at least its size.
    """
    mode, side = case.one_of("mode", MODES), case.one_of("side", SIDES)
    held, quantity = case.integer("held"), case.integer("quantity")
    case.assume((quantity > 0) | (quantity < 0), "TRD-01")
    key, after = PositionKey("alice", "first", side), held + quantity
    book = State(accounts=Map({"alice": mode}), positions=Map({key: held}))
    fits = (mode == "hedge") == (side in ("LONG", "SHORT"))
    own = after >= 0 if side == "LONG" else after <= 0 if side == "SHORT" else True
    try:
        check_position_side(book, key, quantity)
    except Rejected as refusal:
        case.claim("refused for its side", refusal.reason == Reason.WRONG_POSITION_SIDE)
        case.claim("refused only if it does not fit, or turns", negate(fits & own))
        return
    case.claim("accepted only if it fits and does not turn", fits & own)
    against = ((held < 0) & (quantity > 0)) | ((held > 0) & (quantity < 0))
    case.claim("only reduces", only_reduces(held, quantity) == (against & (abs(quantity) <= abs(held))))


@theorem("T-TRADE-1", "ACC-02", of=(closing_part,))
def a_quantity_closes_at_most_to_flat(case: Case) -> None:
    """What closes is against the position and at most all of it; what is left of the quantity opens on its own side.

    Something opens only where nothing is held on the other side any more.
    """
    held, quantity = case.integer("held"), case.integer("quantity")
    closing = closing_part(held, quantity)
    opening, after = quantity - closing, held + closing
    case.claim("what closes is against what is held", (closing * held <= 0) & (abs(closing) <= abs(held)))
    case.claim("and part of the quantity", abs(closing) + abs(opening) == abs(quantity))
    case.claim("closing never turns a position", implies(held >= 0, after >= 0) & implies(held <= 0, after <= 0))
    other_side = ((after > 0) & (quantity < 0)) | ((after < 0) & (quantity > 0))
    case.claim("it opens only when nothing is held on the other side", implies(other_side, opening == 0))
    against = ((held > 0) & (quantity < 0)) | ((held < 0) & (quantity > 0))
    case.claim("it closes all that it can", implies(against & (opening != 0), after == 0))


@theorem(
    "T-COST-1", "ACC-02", of=(released_cost, Market.value), scope=INDUCTION, uses=("T-MUL-1", "T-MUL-2", "T-RELEASE-1")
)
def an_open_position_has_a_cost(case: Case) -> None:
    """An open position costs at least one quantum a lot, with the sign of the position; so its cost is never zero.

    The induction is over what happens to a position: it opens or grows at some price, or part of it closes.
    """
    world = World(case)
    market = world.market("first")
    is_long = bool(case.truth("the position is long"))
    sign = 1 if is_long else -1
    price, opened = case.integer("price", 1), case.integer("opened", 1)
    value = sign * market.value(price, Quantity(sign * opened))
    whole_multiples(case, price, opened)
    case.claim("base: what is opened costs at least a quantum a lot", value >= opened)
    size, cost = case.integer("size", 1), case.integer("cost")
    case.assume(sign * cost >= size, "induction hypothesis")
    case.claim("step: what grows too", sign * cost + value >= size + opened)
    part = case.integer("part", 1)
    case.assume(part < size, "ACC-02")
    left, rest = cost - released_cost(cost, size, part), size - part
    not_less_by_a_factor(case, size, sign * cost, rest)
    case.claim("step: in parts of the size", sign * left * size > (rest - 1) * size)
    whole_multiples(case, sign * left - (rest - 1), size)
    case.claim("step: what is left of a position that is partly closed too", sign * left >= rest)


@theorem("T-TRADE-2", "ACC-02", of=(realise, released_cost), scope=INDUCTION, uses=("T-CONS-1", "T-MUL-1"))
def successive_closes_release_the_whole_cost(case: Case) -> None:
    """Whatever its parts, closing a position to flat releases exactly its cost, and leaves none.

    So over a position's life the realised profits sum to what its closes were worth less its cost: rounding shifts
    less than a quantum from one close to a later one, and none of it is lost.
    """
    world = World(case)
    market = world.market("first")
    domain = world.account("alice")
    key = world.position("alice", market, bool(case.truth("the position is long")))
    world.others(market)
    held: Any = world.state.positions[key]
    cost, cash = cost_of(world.state, key), cash_account(domain)
    whole, released, profits, values = (
        case.integer(name) for name in ("whole cost", "released so far", "profits so far", "values so far")
    )
    case.claim("base: before any close nothing is released", whole - 0 == whole)
    case.claim("base: before any close nothing is released", implies(cost == whole, 0 + cost == whole))
    case.assume(released + cost == whole, "induction hypothesis")
    case.assume(profits == values - released, "induction hypothesis")
    size, part, value = abs(held), case.integer("part", 1), case.integer("value of the part")
    case.assume(part <= size, "ACC-02")
    closing = -part if held > 0 else part
    share = released_cost(cost, size, part)
    whole_multiples(case, share - cost, size)
    transaction = world.transaction()
    position = ledger.position(*key)
    transaction.balances[position] = transaction.balance(position) + value
    before = transaction.balance(cash)
    with money_moves(case):
        realise(transaction, market, Part(key, domain, cash, Quantity(closing), value, cost), "ACC-02")
    profit, left = transaction.balance(cash) - before, cost_of(transaction, key)
    case.claim("step: what is realised is the value less what is released", profit == value - share)
    case.claim("step: released and left are the whole cost", released + share + left == whole)
    case.claim(
        "step: profits are values less what is released", profits + profit == values + value - (released + share)
    )
    flat = key not in transaction.positions
    case.claim("step: flat when all is closed", flat == (part == size))
    if flat:
        case.claim("step: then nothing is left", left == 0)
        case.claim("step: the whole cost is released", released + share == whole)
        case.claim("step: profits are values less the whole cost", profits + profit == values + value - whole)
    exact = (profit - value) * size + cost * part
    case.claim("step: less than a quantum below the exact profit", (exact <= 0) & (exact > -size))


class Booking:
    """A leg of any price and fee on a position of either side, or on none; its value is booked to the position."""

    def __init__(self, case: Case, isolated: bool = False) -> None:
        self.case = case
        self.world = World(case)
        self.market = self.world.market("first")
        self.world.funds(self.market)
        self.domain = self.world.account("alice")
        if isolated:
            self.domain = self.world.isolate("alice", self.market)
        self.key = PositionKey("alice", "first", "BOTH")
        self.held: Any = 0
        side = case.one_of("what is held", ("nothing", "long", "short"))
        if side != "nothing":
            self.world.position("alice", self.market, side == "long")
            self.held = self.world.state.positions[self.key]
        self.cost: Any = cost_of(self.world.state, self.key)
        self.price, self.fee = case.integer("price", 1), case.integer("fee", source="T-FEE-1")
        self.paid: Any = max(0, self.fee)
        share = case.integer("insurance share", 0, RATE_ONE, "MKT-01")
        self.market = attrs.evolve(self.market, fees=attrs.evolve(self.market.fees, insurance_fee_share=share))
        insured = insurance_part(self.paid, share)
        case.assume((insured >= 0) & (insured <= self.paid), "T-ROUND-2")

    def book(self, transaction: Transaction, quantity: Any, fee: Any) -> Booked:
        """Book the value of a quantity to the position, then its leg, as a trade does."""
        position = ledger.position(*self.key)
        cost = cost_of(transaction, self.key)
        value = self.market.value(self.price, quantity)
        transaction.balances[position] = Money(transaction.balance(position) - value)
        cash = cash_account(self.domain)
        leg = Leg(self.key, self.domain, cash, quantity, self.price, fee, None, cost)
        with money_moves(self.case):
            return book_leg(transaction, self.market, leg)

    def equity(self, transaction: Transaction) -> Any:
        """Cash and value at mark less cost of the position."""
        at_mark = self.market.at_mark(transaction.positions.get(self.key, FLAT))
        return transaction.balance(cash_account(self.domain)) + at_mark - cost_of(transaction, self.key)

    def all_is_released_at_the_end(self, part: Any) -> None:
        """Tell the solvers what T-RELEASE-1 says."""
        size = abs(self.held)
        if self.held != 0:
            whole_multiples(self.case, released_cost(self.cost, size, part) - self.cost, size)


@theorem(
    "T-TRADE-3",
    "ACC-02",
    "TRD-01",
    of=(book_leg, realise, pay_fee, released_cost),
    uses=("T-CONS-1", "T-MUL-1", "T-ROUND-2", "T-WORLD-1"),
)
def a_leg_costs_what_it_trades(case: Case) -> None:
    """A leg changes the position by its quantity, and equity by the value at mark less that at price, less the fee.

    A fee below zero changes nothing yet: the house pays it when both sides are booked (T-FEE-2).
    To the quantum, whether it opens, closes or turns the position: rounding moves between cash and cost only. Cost
    grows by the value opened, falls by the released cost of what closes, and a position that is turned has
    the cost of what opened.
    """
    booking = Booking(case)
    held, cost = booking.held, booking.cost
    quantity = case.integer("quantity")
    case.assume(quantity != 0, "NUM-03")
    closing = closing_part(held, quantity)
    booking.all_is_released_at_the_end(abs(closing))
    transaction = booking.world.transaction()
    equity = booking.equity(transaction)
    insurance, house = transaction.balance(ledger.insurance(ASSET)), transaction.balance(ledger.house(ASSET))
    booking.book(transaction, quantity, booking.fee)
    after = transaction.positions.get(booking.key, 0)
    case.claim("the position changes by the quantity", after == held + quantity)
    gain = booking.market.at_mark(quantity) - booking.market.value(booking.price, quantity)
    case.claim("equity", booking.equity(transaction) == equity + gain - booking.paid)
    insured = transaction.balance(ledger.insurance(ASSET)) - insurance
    kept = transaction.balance(ledger.house(ASSET)) - house
    case.claim("insurance and house have the fee", insured + kept == booking.paid)
    now = cost_of(transaction, booking.key)
    if closing == 0:
        case.claim("opening adds its value to cost", now == cost + booking.market.value(booking.price, quantity))
        return
    opened = booking.market.value(booking.price, Quantity(quantity - closing))
    turned = implies(quantity != closing, now == opened)
    case.claim("a position that is turned costs what opened", turned)
    released = released_cost(cost, Quantity(abs(held)), Quantity(abs(closing)))
    case.claim("a close takes its released cost", implies(quantity == closing, now == cost - released))
    case.claim("a flat position costs nothing", implies(after == 0, now == 0))


def flips(case: Case, isolated: bool) -> None:
    """Book a flip whole, and as a close and an open: both end alike."""
    booking = Booking(case, isolated)
    case.assume(booking.held != 0, "a flip turns a position")
    opening = case.integer("opened after the close", 1)
    closing = -booking.held
    opening = opening if closing > 0 else -opening
    booking.all_is_released_at_the_end(abs(closing))
    whole, parts = booking.world.transaction(), booking.world.transaction()
    booked = booking.book(whole, Quantity(closing + opening), booking.fee)
    closed = booking.book(parts, Quantity(closing), booking.fee)
    case.claim("flat in between", booking.key not in parts.positions)
    owes = parts.balance(cash_account(booking.domain)) < 0
    case.claim("an isolated position that owes then is found", booked.negative_cash == (isolated and owes))
    opened = booking.book(parts, Quantity(opening), NOTHING)
    case.claim("same position", whole.positions[booking.key] == parts.positions[booking.key])
    case.claim("of what opened", whole.positions[booking.key] == opening)
    case.claim("same accounts", sorted(whole.commit().ledger) == sorted(parts.commit().ledger))
    for account in sorted(whole.ledger):
        case.claim(f"same balance of {account}", whole.balance(account) == parts.balance(account))
    same = booked.opened and opened.opened and not closed.opened
    case.claim("the open is found", same)
    case.claim("the margin is found alike", booked.short_of_margin == opened.short_of_margin)


@theorem("T-TRADE-4", "ACC-02", of=(book_leg, realise), uses=("T-CONS-1", "T-MUL-1", "T-ROUND-2"))
def a_flip_is_a_close_and_an_open(case: Case) -> None:
    """Turning a position leaves the same as closing it, with the whole fee, and then opening the rest without one."""
    flips(case, isolated=False)


@theorem(
    "T-TRADE-5",
    "ACC-02",
    "ACC-04",
    of=(book_leg, realise, move_margin),
    uses=("T-CONS-1", "T-MUL-1", "T-ROUND-2"),
    fast=False,
)
def a_flip_of_an_isolated_position_is_a_close_and_an_open(case: Case) -> None:
    """The same holds of an isolated position: the close returns its cash before the open moves any."""
    flips(case, isolated=True)


@theorem("T-FEE-1", "TRD-01", of=(fee_in, trade_fee), uses=("T-ROUND-1", "T-ROUND-2"))
def a_stated_fee_is_taken_as_it_is(case: Case) -> None:
    """A stated fee is taken to the quantum, or refused: exactly if it is finer than a quantum, or above the value.

    Above the value in either direction; so no fee, and no rebate, is more than what is traded. Where none is stated, it
    is that of the rate.
    """
    decimals = case.one_of("asset decimals", tuple(range(9)))
    world = World(case, Header(asset_decimals=Map({ASSET: decimals})))
    market, value = world.market("first"), case.integer("value", 1)
    rate: Any = world.rate("fee rate")
    transaction = world.transaction()
    if case.truth("none is stated"):
        of_rate = fee_in(transaction, market, None, value, rate)
        case.claim("that of the rate", of_rate == trade_fee(value, rate))
        return
    stated, quantum = case.integer("stated"), 10 ** (8 - decimals)
    try:
        fee = fee_in(transaction, market, Decimal8(stated), value, rate)
    except Rejected as refusal:
        case.claim("refused for its amount", refusal.reason == Reason.INVALID_AMOUNT)
        # A whole number of quanta that is not above the value would have been taken.
        whole = case.integer("any number of quanta")
        taken = (whole * quantum == stated) & (abs(whole) <= value)
        case.claim("refused only if it is too fine or too much", negate(taken))
        return
    case.claim("as it is stated", fee * quantum == stated)
    case.claim("at most the value, either way", (fee <= value) & (fee >= -value))


class Rebates:
    """Two parties whose fees may be rebates: each cross or isolated, with a position left or flat."""

    def __init__(self, case: Case) -> None:
        self.world = World(case)
        self.market = self.world.market("first")
        self.world.funds(self.market)
        self.legs = tuple(self._leg(case, name) for name in ("alice", "bob"))
        self.targets = tuple(self._target(leg) for leg in self.legs)

    def _leg(self, case: Case, name: str) -> Leg:
        domain = self.world.account(name)
        if case.truth(f"{name} is isolated"):
            domain = self.world.isolate(name, self.market)
        if case.truth(f"{name} has a position"):
            self.world.position(name, self.market, name == "alice")
        fee, key = case.integer(f"fee of {name}", source="T-FEE-1"), PositionKey(name, "first", "BOTH")
        return Leg(key, domain, cash_account(domain), Quantity(1), Price(1), fee, None, NOTHING)

    def _target(self, leg: Leg) -> LedgerAccount:
        is_open = leg.key in self.world.state.positions
        return leg.cash if is_open else ledger.wallet(leg.key.account, ASSET)


@theorem("T-FEE-2", "TRD-01", "LED-02", "INV-01", "INV-03", of=(pay_rebates,), uses=("T-CONS-1",))
def the_house_pays_rebates_that_it_has(case: Case) -> None:
    """Rebates leave the house as much as they bring the parties, and it is not below zero after either.

    They are refused exactly if the house has less than both together, and then nothing has moved. A rebate goes to the
    domain's cash, or to the wallet if an isolated position is flat; no other fund and nobody else's cash is touched.
    """
    rebates = Rebates(case)
    before, transaction = rebates.world.state, rebates.world.transaction()
    house = ledger.house(ASSET)
    due: list[Any] = [max(0, -leg.fee) for leg in rebates.legs]
    try:
        with money_moves(case):
            pay_rebates(transaction, rebates.market, rebates.legs)
    except Rejected as refusal:
        case.claim("refused for the house", refusal.reason == Reason.INSUFFICIENT_FUNDS)
        case.claim("refused only if it has less", before.balance(house) < due[0] + due[1])
        case.claim("nothing has moved", nothing_moved(transaction.commit(), before))
        return
    left: Any = transaction.balance(house)
    case.claim("the house paid both", left == before.balance(house) - due[0] - due[1])
    case.claim("it is not below zero, after the first one neither", (left >= 0) & (left + due[1] >= 0))
    for target, rebate in zip(rebates.targets, due, strict=True):
        case.claim("each party has its own", transaction.balance(target) == before.balance(target) + rebate)
    for account in sorted(set(before.ledger) - {house, *rebates.targets}):
        case.claim(f"{account} is as it was", transaction.balance(account) == before.balance(account))
