"""Waterfall: reserve, insurance, relief, deleveraging, last resort: each only when the one before it is short."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from operator import and_
from typing import Any
from unittest.mock import patch

from marginspec.handlers import fills
from marginspec.handlers.fills import close_lot, close_lots, lots_to_close
from marginspec.model import ledger
from marginspec.model.account import Lot, PositionKey
from marginspec.model.effects import Layer
from marginspec.model.events import LiquidationFill
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import Header, Profile
from marginspec.model.units import FLAT, Decimal8, Money, Price, Quantity
from marginspec.settlement import levy as levying
from marginspec.settlement import settle as settlement
from marginspec.settlement import waterfall
from marginspec.settlement.deleveraging import Step
from marginspec.settlement.levy import LAYERS, levy
from marginspec.settlement.settle import by_shortfall, next_step, restore_cover
from marginspec.settlement.waterfall import (
    draw_amounts,
    draw_loss,
    needed_relief,
    shortfall_of,
    shortfalls,
    uncovered_shortfall,
)
from marginspec.transaction import Transaction
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.prover.worlds import ASSET, World, nothing_moved
from marginspec_proofs.theorems.numbers import whole_multiples

RESERVE, INSURANCE, RELIEF = ledger.reserve("first"), ledger.insurance(ASSET), ledger.relief(ASSET)


@theorem("T-ORDER-1", "WTF-01", of=(draw_amounts,))
def insurance_is_drawn_when_the_reserve_is_empty(case: Case) -> None:
    """A realised loss takes of each fund only what all before it do not cover: reserve, insurance fund, relief.

    What they give is the loss, or all that they hold if that is less.
    """
    loss, relief = case.integer("loss", 0), case.integer("relief", 0)
    reserve, insurance = case.integer("reserve", 0), case.integer("insurance", 0)
    from_reserve, from_insurance, from_relief = draw_amounts(loss, reserve, insurance, relief)
    given = from_reserve + from_insurance + from_relief
    case.claim("none is below zero", (from_reserve >= 0) & (from_insurance >= 0) & (from_relief >= 0))
    within = (from_reserve <= reserve) & (from_insurance <= insurance) & (from_relief <= relief)
    case.claim("none is more than is there", within)
    case.claim("insurance only when the reserve is empty", implies(from_insurance > 0, from_reserve == reserve))
    case.claim("relief only when insurance is empty too", implies(from_relief > 0, from_insurance == insurance))
    case.claim("and the reserve", implies(from_relief > 0, from_reserve == reserve))
    case.claim("never more than the loss", given <= loss)
    case.claim("less only if all are empty", implies(given < loss, given == reserve + insurance + relief))


@theorem("T-ORDER-2", "WTF-01", "LED-02", "INV-08", of=(draw_loss,), uses=("T-ORDER-1",))
def a_loss_leaves_the_reserve_empty_before_insurance_pays(case: Case) -> None:
    """If a lot's loss draws the insurance fund, its market's reserve is empty, and both are if it draws relief.

    No fund is below zero, ever, and the claims on relief fall by what it pays. The lot is paid the whole loss, or the
    loss is refused and nothing moves. No other market's reserve is touched.
    """
    world = World(case)
    market, other = world.market("first"), world.market("second")
    world.funds(market, other)
    lot = world.lot(market)
    loss = case.integer("loss", 0)
    transaction = world.transaction()
    reserve, insurance, relief = (transaction.balance(fund) for fund in (RESERVE, INSURANCE, RELIEF))
    cost = transaction.balance(ledger.lot(lot.id))
    lowered: list[Any] = []
    try:
        with patch.object(waterfall, "lower_claims", lambda _transaction, _asset, amount: lowered.append(amount)):
            draw_loss(transaction, market, lot.id, loss)
    except Rejected as refusal:
        case.claim("refused only if all cannot cover", loss > reserve + insurance + relief)
        case.claim("refused for this reason", refusal.reason == Reason.COVER_EXCEEDED)
        case.claim("nothing has moved", nothing_moved(transaction.commit(), world.state))
        return
    left, insured, relieved = (transaction.balance(fund) for fund in (RESERVE, INSURANCE, RELIEF))
    case.claim("the reserve is not below zero", left >= 0)
    case.claim("the insurance fund is not below zero", insured >= 0)
    case.claim("relief is not below zero", relieved >= 0)
    case.claim("insurance only when the reserve is empty", implies(insured < insurance, left == 0))
    case.claim("relief only when both are", implies(relieved < relief, (left == 0) & (insured == 0)))
    case.claim("claims fall by what relief pays", sum(lowered) == relief - relieved)
    case.claim("the lot is paid the loss", transaction.balance(ledger.lot(lot.id)) == cost + loss)
    case.claim("by all", reserve - left + insurance - insured + relief - relieved == loss)
    status = transaction.fund_status[market.id]
    counted = (status.outflow == reserve - left) & (status.insurance_drawn == insurance - insured)
    case.claim("and it is counted", counted & (status.balance == left))
    untouched = transaction.ledger[ledger.reserve("second")] is world.state.ledger[ledger.reserve("second")]
    case.claim("no other market's reserve", untouched)


@theorem("T-ORDER-5", "WTF-01", of=(draw_amounts,), uses=("T-ORDER-1",))
def losses_draw_the_same_in_one_as_in_two(case: Case) -> None:
    """Two losses, one after the other, draw what their sum draws at once, if that is covered.

    So what all losses of a fill draw depends on their sum alone.
    """
    reserve, insurance, relief = (case.integer(name, 0) for name in ("reserve", "insurance", "relief"))
    losses = case.integer("first loss", 0), case.integer("second loss", 0)
    case.assume(losses[0] + losses[1] <= reserve + insurance + relief, "LIQ-05")
    first = draw_amounts(losses[0], reserve, insurance, relief)
    second = draw_amounts(losses[1], reserve - first[0], insurance - first[1], relief - first[2])
    both = draw_amounts(losses[0] + losses[1], reserve, insurance, relief)
    case.claim("of the reserve", first[0] + second[0] == both[0])
    case.claim("of the insurance fund", first[1] + second[1] == both[1])
    case.claim("of relief", first[2] + second[2] == both[2])
    case.claim("each loss whole", (sum(first) == losses[0]) & (sum(second) == losses[1]))


@theorem("T-COVER-1", "WTF-02", of=(shortfall_of,), uses=("T-NONNEG-1",))
def a_shortfall_is_what_the_own_reserve_does_not_cover(case: Case) -> None:
    """A market's shortfall is its lots' loss at mark beyond its own reserve: nothing if they gain or it suffices."""
    unrealised, reserve = case.integer("unrealised"), case.integer("reserve", 0, source="T-NONNEG-1")
    shortfall = shortfall_of(unrealised, reserve)
    case.claim("not below zero", shortfall >= 0)
    case.claim("loss and reserve", implies(unrealised + reserve < 0, shortfall == -unrealised - reserve))
    case.claim("nothing if covered", implies(unrealised + reserve >= 0, shortfall == 0))


@theorem(
    "T-COVER-2",
    "WTF-02",
    "LVY-02",
    of=(shortfalls, needed_relief, uncovered_shortfall),
    scope=INDUCTION,
    uses=("T-COVER-1",),
)
def cover_counts_each_reserve_for_its_own_market(case: Case) -> None:
    """What is missing is the sum of all shortfalls of an asset less its insurance fund and relief, or nothing.

    Relief is needed for that sum less the insurance fund, or for nothing. A reserve, and a profit of lots, count for
    their own market only. A market of another asset does not count. In the step a lot of any size and cost stands for
    all of its market's lots before the next one, and a market for all markets before the next one.
    """
    nothing = World(case).transaction()
    case.claim(
        "base: without lots nothing", (shortfalls(nothing, ASSET) == {}) & (uncovered_shortfall(nothing, ASSET) == 0)
    )
    world = World(case)
    first, second = world.market("first"), world.market("second")
    lots = (world.lot(first), world.lot(first, False), world.lot(second, bool(case.truth("the last is long"))))
    world.funds(first, second)
    transaction = world.transaction()
    profits = [
        world.state.markets[lot.market].at_mark(lot.quantity) + world.state.balance(ledger.lot(lot.id)) for lot in lots
    ]
    rest_first = profits[0] + profits[1] + transaction.balance(RESERVE)
    rest_second = profits[2] + transaction.balance(ledger.reserve("second"))
    found = shortfalls(transaction, ASSET)
    for rest, name in ((rest_first, "first"), (rest_second, "second")):
        case.claim(
            f"step: shortfall of the {name}",
            implies(rest < 0, found[name] == -rest) & implies(rest >= 0, found[name] == 0),
        )
    beyond = found["first"] + found["second"] - transaction.balance(INSURANCE)
    needed = needed_relief(transaction, ASSET)
    case.claim("step: what is needed", implies(beyond > 0, needed == beyond) & implies(beyond <= 0, needed == 0))
    short = beyond - transaction.balance(RELIEF)
    missing = uncovered_shortfall(transaction, ASSET)
    case.claim("step: what is missing", implies(short > 0, missing == short) & implies(short <= 0, missing == 0))
    case.claim("step: nothing in another asset", uncovered_shortfall(transaction, "EUR") == 0)


def conjunction_of(conditions: list[Any]) -> Any:
    """All of them, without branching."""
    return reduce(and_, conditions, True)


class RoundAgain(Exception):  # noqa: N818 - the end of a step of the induction, not an error
    """The loop begins its next round, with any amount missing, as it began this one."""


class Settling:
    """Stands for what `restore_cover` asks and does, and states what must be so whenever it does it."""

    def __init__(self, case: Case, step: Step) -> None:
        self.case = case
        self.step = step
        self.missing: list[Any] = []
        self.sought = 0
        self.none_left = False
        self.levied = False

    def measure(self, *_: object) -> Any:
        """Anything from zero upwards may be missing, at first and after each step."""
        self.missing.append(self.case.integer(f"missing {len(self.missing)}", 0, source="T-COVER-2"))
        return self.missing[-1]

    def seek(self, _transaction: Transaction, _asset: str, _queues: Any, missing: Any) -> Step | None:
        """A pair may be left or not; it is sought only while something is missing."""
        self.case.claim("step: a pair is sought only if cover fails", self.missing[-1] > 0)
        if self.sought == 1:
            raise RoundAgain
        self.sought += 1
        self.case.claim("step: and for what is missing", missing == self.missing[-1])
        self.none_left = not self.case.truth("a pair is left")
        return None if self.none_left else self.step

    def deleverage(self, _: Transaction, market: Market, step: Step) -> None:
        """Deleveraging happens only while reserves, insurance and relief do not cover."""
        self.case.claim("step: deleveraged only if all funds do not cover", self.missing[-1] > 0)
        self.case.claim(
            "step: the pair that was found, in its lot's market", step is self.step and market.id == "first"
        )

    def levy(self, _transaction: Transaction, _asset: str, missing: Any) -> None:
        """House and levy come last."""
        self.levied = True
        self.case.claim("step: house and levy only if something is missing", missing > 0)
        self.case.claim("step: all of it", missing == self.missing[-1])
        self.case.claim("step: house and levy only if no eligible pair is left", self.none_left)


@theorem("T-ORDER-3", "ADL-01", "LVY-01", "WTF-02", "INV-08", of=(restore_cover,), scope=INDUCTION, uses=("T-COVER-2",))
def deleveraging_comes_after_insurance_and_the_levy_last(case: Case) -> None:
    """Deleveraging happens only while no fund covers, house and levy only when no pair is left.

    The loop keeps nothing from one round to the next but what is missing, which may be anything, so one round stands
    for all. It ends only with nothing missing or no pair left; and where the profile says `none`, nothing is levied.
    """
    resort = case.one_of("last resort", ("levy", "none"))
    world = World(case, Header(Profile(last_resort=resort)))
    step = Step(world.lot(world.market("first")), PositionKey("alice", "first", "BOTH"), Quantity(1), Money(1))
    settling = Settling(case, step)
    transaction = world.transaction()
    with (
        patch.object(settlement, "uncovered_shortfall", settling.measure),
        patch.object(settlement, "next_step", settling.seek),
        patch.object(settlement, "deleverage", settling.deleverage),
        patch.object(settlement, "levy", settling.levy),
    ):
        try:
            restore_cover(transaction, ASSET, {})
        except RoundAgain:
            case.claim("step: another round only after one that deleveraged", not settling.none_left)
            return
    if settling.sought == 0:
        case.claim("base: without anything missing nothing is done", settling.missing[0] == 0)
    covered = settling.missing[-1] == 0
    case.claim("step: it ends with nothing missing, or no pair left", covered | settling.none_left)
    case.claim(
        "step: the last resort pays exactly if something is missing", settling.levied or covered or resort == "none"
    )


@contextmanager
def steps_found(case: Case, step: Step, found: dict[str, Step | None]) -> Iterator[None]:
    """Each market that is asked, in order, may have a pair left or not."""

    def find(_: Transaction, market: Market, *__: object) -> Step | None:
        found[market.id] = step if case.truth(f"a pair is left in {market.id}") else None
        return found[market.id]

    with patch.object(settlement, "find_step", find):
        yield


@theorem("T-ORDER-4", "ADL-01", "LVY-01", of=(next_step, by_shortfall), scope=INDUCTION, uses=("T-COVER-1",))
def no_step_is_left_when_no_market_has_one(case: Case) -> None:
    """No step is left only if none is left in any market with a shortfall; else the one with the largest is taken.

    In the step three markets stand for one that is asked before another, that one, and one that is not asked any more.
    """
    case.claim("base: without markets no step", next_step(World(case).transaction(), ASSET, {}, Money(1)) is None)
    world = World(case)
    markets = [world.market(name) for name in ("first", "second", "third")]
    lot = world.lot(markets[0])
    amounts = {market.id: case.integer(f"shortfall of {market.id}", 0, source="T-COVER-1") for market in markets}
    step = Step(lot, PositionKey("alice", "first", "BOTH"), Quantity(1), Money(1))
    found: dict[str, Step | None] = {}
    transaction = world.transaction()
    with patch.object(settlement, "shortfalls", lambda *_: amounts), steps_found(case, step, found):
        taken = next_step(transaction, ASSET, {}, case.integer("missing", 1))
    if taken is None:
        left = [amounts[name] == 0 for name in amounts if name not in found]
        case.claim(
            "step: none is left with a shortfall", conjunction_of(left) & all(one is None for one in found.values())
        )
        return
    *before, chosen = found
    case.claim(
        "step: where it is found there is a shortfall and a pair", (amounts[chosen] > 0) & (found[chosen] is taken)
    )
    case.claim("step: those asked before have no pair", all(found[name] is None for name in before))
    for name in amounts:
        if name not in found:
            first = (amounts[name] < amounts[chosen]) | ((amounts[name] == amounts[chosen]) & (name > chosen))
            case.claim("step: no other with a pair has a larger one, or an equal one and a lesser id", first)


@theorem("T-PROFIT-1", "LIQ-05", "ACC-02", of=(close_lot,), uses=("T-MUL-1", "T-MUL-2"))
def a_lot_gains_its_value_less_its_released_cost(case: Case) -> None:
    """A fill gains the value of the part of a lot that it closes, less the part's cost, and loses less than a quantum.

    What is left in the lot is its gain and the rest of its cost; when it is closed whole, its gain alone. Only the lot
    and the counterparty's position are booked.
    """
    world = World(case)
    market = world.market("first")
    world.funds(market)
    lot = world.lot(market, bool(case.truth("the lot is long")))
    world.others(market)
    key = PositionKey("bob", market.id, "BOTH")
    account = ledger.lot(lot.id)
    world.balance(ledger.position(*key))
    size, part = abs(lot.quantity), case.integer("part", 1, source="LIQ-05")
    case.assume(part <= size, "LIQ-05")
    price, cost = case.integer("price", 1), -world.state.balance(account)
    transaction = world.transaction()
    gain = close_lot(transaction, market, key, lot, part, price)
    value = price * part if lot.quantity > 0 else -price * part
    booked = transaction.balance(account) - world.state.balance(account)
    paid = world.state.balance(ledger.position(*key)) - transaction.balance(ledger.position(*key))
    case.claim("the lot is booked the value", booked == value)
    case.claim("which the counterparty's position pays", paid == value)
    released = value - gain
    case.claim("at least the part of the cost", released * size >= cost * part)
    case.claim("less than a quantum more", released * size < cost * part + size)
    whole_multiples(case, released - cost, size)
    case.claim("all of it when the lot is closed", implies(part == size, released == cost))
    closed = implies(part == size, transaction.balance(account) == gain)
    case.claim("its gain alone is left when it is closed", closed)
    case.claim("a lot is gone when it is closed", (part == size) == (lot.id not in transaction.lots))
    case.claim("its reserve is not touched", transaction.ledger[RESERVE] is world.state.ledger[RESERVE])


NO_FILL = LiquidationFill("first", "long", "bob", Decimal8(0), Decimal8(0))


class Fill:
    """A fill of lots that gain anything (T-PROFIT-1 says what), in a market with another one beside it."""

    def __init__(self, case: Case, count: int) -> None:
        self.case = case
        world = World(case)
        self.market, other = world.market("first"), world.market("second")
        world.funds(self.market, other)
        self.lots = tuple(world.lot(self.market) for _ in range(count))
        self.gains = [case.integer(f"gain of lot {lot.id}") for lot in self.lots]
        self.uncovered: list[Any] = []
        self.before = world.state
        self.transaction = world.transaction()

    def close_lot(self, _transaction: Transaction, _market: Market, _key: PositionKey, lot: Lot, *_: object) -> Any:
        """What a lot gains."""
        return self.gains[self.lots.index(lot)]

    def measure(self, *_: object) -> Any:
        """What is uncovered before a fill and after it may be anything (T-COVER-2 says what it is)."""
        self.uncovered.append(self.case.integer(f"uncovered {len(self.uncovered)}", 0, source="T-COVER-2"))
        return self.uncovered[-1]

    def close(self) -> Rejected | None:
        """Run the rule on all lots whole; the refusal if it refuses."""
        closed = tuple((lot, lot.quantity) for lot in self.lots)
        key = PositionKey("bob", self.market.id, "BOTH")
        with (
            patch.object(fills, "close_lot", self.close_lot),
            patch.object(fills, "uncovered_shortfall", self.measure),
            patch.object(waterfall, "lower_claims", lambda *_: None),
        ):
            try:
                close_lots(self.transaction, self.market, key, closed, Price(1))
            except Rejected as refusal:
                return refusal
        return None

    def change(self, account: LedgerAccount) -> Any:
        """By how much a balance changed."""
        return self.transaction.balance(account) - self.before.balance(account)


@theorem(
    "T-PROFIT-2",
    "LIQ-05",
    "WTF-01",
    "INV-07",
    of=(close_lots,),
    scope=INDUCTION,
    uses=("T-COVER-2", "T-ORDER-5", "T-PROFIT-1"),
    fast=False,
)
def all_profits_reach_the_reserve_before_losses_are_drawn(case: Case) -> None:
    """All that lots gain in a fill reaches their market's reserve, and then all that others lose is drawn.

    So insurance pays only what the reserve with all these profits does not cover, and relief only what insurance does
    not, in whatever order the lots stand. What relief pays lowers the claims on it (T-ORDER-2).
    No other market's reserve is touched, no fund is below zero, and each lot is left with neither gain nor loss.
    In the step one lot stands for all earlier lots that gain and one for all that lose, which is the same (T-ORDER-5).
    """
    fill = Fill(case, case.one_of("lots", (0, 3)))
    if not fill.lots:
        refused = fill.close() is not None
        case.claim(
            "base: a fill of nothing moves nothing", refused or nothing_moved(fill.transaction.commit(), fill.before)
        )
        return
    case.assume((fill.gains[0] >= 0) & (fill.gains[1] <= 0), "T-ORDER-5")
    reserve, insurance, relief = (fill.before.balance(fund) for fund in (RESERVE, INSURANCE, RELIEF))
    refusal = fill.close()
    profits, losses = 0, 0
    for gain in fill.gains:
        # Which gain is positive has been asked before on this path.
        profits, losses = (profits + gain, losses) if gain > 0 else (profits, losses - gain)
    if refusal is not None:
        case.claim("step: refused only for want of cover", refusal.reason == Reason.COVER_EXCEEDED)
        short = losses > reserve + profits + insurance + relief
        more = fill.uncovered[-1] > fill.uncovered[0] if len(fill.uncovered) > 1 else False
        case.claim("step: refused only if losses exceed the cover, or more is uncovered than before", short | more)
        return
    case.claim("step: no more is uncovered than before", fill.uncovered[1] <= fill.uncovered[0])
    covered = losses <= reserve + profits
    others = (fill.change(INSURANCE) == 0) & (fill.change(RELIEF) == 0)
    by_reserve = (fill.change(RESERVE) == profits - losses) & others
    case.claim("step: the reserve takes all profits and pays all losses", implies(covered, by_reserve))
    with_both = fill.change(INSURANCE) + fill.change(RELIEF) == reserve + profits - losses
    empty = fill.transaction.balance(RESERVE) == 0
    case.claim("step: insurance and relief pay only the rest", implies(negate(covered), with_both & empty))
    spent = fill.transaction.balance(INSURANCE) == 0
    case.claim("step: relief only when insurance is empty", implies(fill.change(RELIEF) < 0, spent))
    for fund in (INSURANCE, RELIEF):
        case.claim(f"step: {fund.kind} is not below zero", fill.transaction.balance(fund) >= 0)
    for lot, gain in zip(fill.lots, fill.gains, strict=True):
        case.claim("step: a lot gives its gain, or is paid its loss", fill.change(ledger.lot(lot.id)) == -gain)
    second = ledger.reserve("second")
    case.claim("step: no other market's reserve", fill.transaction.ledger[second] is fill.before.ledger[second])
    case.claim("step: without a loss, all of the profit", implies(losses == 0, fill.change(RESERVE) == profits))


@theorem("T-PAIR-1", "LIQ-04", "LIQ-05", "WTF-02", of=(lots_to_close,), scope=INDUCTION)
def a_fill_closes_lots_of_its_own_market(case: Case) -> None:
    """A fill closes only lots of its own market and direction, oldest first, and exactly its quantity of them.

    So with T-PROFIT-2 and T-ORDER-2 it changes no other market's reserve.
    In the step a lot of any size stands for all older ones of its direction.
    """
    case.claim("base: a fill of nothing closes nothing", lots_to_close(World(case).transaction(), NO_FILL, FLAT) == ())
    world = World(case)
    first, second = world.market("first"), world.market("second")
    older, _, _, newer = world.lot(first), world.lot(second), world.lot(first, False), world.lot(first)
    size = case.integer("size", 1, source="LIQ-05")
    event = LiquidationFill(first.id, "long", "bob", size, Decimal8(0))
    try:
        closed = lots_to_close(world.transaction(), event, size)
    except Rejected as refusal:
        case.claim("step: refused for want of lots", size > older.quantity + newer.quantity)
        case.claim("step: refused for this reason", refusal.reason == Reason.NO_INVENTORY)
        return
    case.claim("step: exactly the quantity", sum(part for _, part in closed) == size)
    case.claim(
        "step: its own market and direction, oldest first", [lot for lot, _ in closed] == [older, newer][: len(closed)]
    )
    for lot, part in closed:
        case.claim("step: something of each, and no more than it is", (part > 0) & (part <= lot.quantity))
    case.claim("step: a newer one only when the older is closed", len(closed) == 1 or closed[0][1] == older.quantity)


@theorem("T-NONNEG-3", "LVY-01", "LED-02", "INV-08", of=(levy,), uses=("T-LEVY-2", "T-ORDER-3"))
def the_house_pays_before_anybody_is_levied(case: Case) -> None:
    """The house pays what is missing as far as it can; only if it is empty then is anybody levied, layer by layer.

    Each layer is asked for all that is missing still, and none once nothing is. The insurance fund receives exactly
    what the house pays; house and insurance are not below zero, no reserve changes.
    """
    world = World(case)
    world.funds(world.market("first"))
    missing = case.integer("missing", 1, source="T-ORDER-3")
    transaction, house = world.transaction(), world.state.balance(ledger.house(ASSET))
    asked: list[tuple[Layer, Any, Any]] = []

    def layered(_transaction: Transaction, _asset: str, layer: Layer, rest: Any, _short: frozenset[str]) -> Any:
        paid = case.integer(f"paid in layer {layer}", 0, source="T-LEVY-2")
        case.assume(paid <= rest, "T-LEVY-2")
        asked.append((layer, rest, paid))
        return paid

    with patch.object(levying, "levy_layer", layered):
        levy(transaction, ASSET, missing)
    given = house - transaction.balance(ledger.house(ASSET))
    case.claim("the house pays what it can", (given == missing) | (given == house))
    case.claim("and not too much", (given <= missing) & (given <= house))
    gained = transaction.balance(INSURANCE) - world.state.balance(INSURANCE)
    case.claim("the insurance fund receives it", gained == given)
    case.claim("somebody is levied only if the house is empty", (not asked) | (given == house))
    rest = missing - given
    for layer, expected, paid in asked:
        case.claim(f"layer {layer} is asked for all that is missing still", (expected == rest) & (rest > 0))
        rest = rest - paid
    case.claim("in this order", [layer for layer, *_ in asked] == list(LAYERS[: len(asked)]))
    case.claim("until nothing is missing or all were asked", (rest == 0) | (len(asked) == len(LAYERS)))
    case.claim("no reserve changes", transaction.ledger[RESERVE] is world.state.ledger[RESERVE])
