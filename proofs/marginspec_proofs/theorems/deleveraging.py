"""Deleveraging: who is closed against which lot, by how much, at what value, and what it costs the counterparty."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from immutables import Map

from marginspec.margin.closing import realise, released_cost, return_all_margin
from marginspec.margin.margin import cash_account, cost_of, domain_margin, lot_cost
from marginspec.model import ledger
from marginspec.model.account import Lot, PositionKey
from marginspec.model.effects import Deleveraged
from marginspec.model.market import Market
from marginspec.model.state import Book
from marginspec.model.units import Money, Quantity
from marginspec.settlement import deleveraging
from marginspec.settlement.deleveraging import (
    Queues,
    Ranked,
    Step,
    compare_ranked,
    deleverage,
    entry_is_no_worse,
    find_step,
    lot_loss,
    pair_quantity,
    queue_of,
    step_quantity,
    take_queues,
)
from marginspec.settlement.rankings import Score, binance_score, bitmex_score
from marginspec_audit.transparency import indicator
from marginspec_proofs.prover.contracts import money_moves
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.prover.worlds import ASSET, ONE_TIER, World
from marginspec_proofs.theorems.liquidation import AnyMaintenance
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples


class Sized:
    """Any losing lot and counterparty, what is short and missing, the step's quantity, and any other quantity."""

    def __init__(self, case: Case) -> None:
        self.loss, self.size = case.integer("loss", 1, source="ADL-01"), case.integer("size", 1)
        self.shortfall = case.integer("shortfall", 1, source="ADL-01")
        self.missing = case.integer("missing", 1, source="ADL-01")
        self.held, self.spare = case.integer("held", 1), case.integer("spare")
        self.quantity = step_quantity(self.loss, self.size, self.shortfall, self.missing, self.held, self.spare)
        self.other = case.integer("another quantity", 1)
        for quantity in (self.quantity, self.other):
            for bound in (self.spare - 1, self.missing - 1, self.shortfall):
                compare_release(case, self.loss, self.size, quantity, bound)

    def released(self, quantity: Any) -> Any:
        """What a quantity releases of the lot's loss."""
        return released_cost(self.loss, self.size, quantity)

    def may_close(self, quantity: Any) -> Any:
        """Whether lot, position and the counterparty's health allow a quantity."""
        return (quantity <= self.size) & (quantity <= self.held) & (self.released(quantity) < self.spare)


def compare_release(case: Case, loss: Any, size: Any, quantity: Any, bound: Any) -> None:
    """A loss released, rounded up, is within a bound of whole quanta exactly if it is before rounding."""
    whole_multiples(case, released_cost(loss, size, quantity) - bound, size)
    largest = bound * size // loss
    not_less_by_a_factor(case, quantity, largest, loss)
    not_less_by_a_factor(case, largest + 1, quantity, loss)


@theorem("T-ADL-1", "ADL-01", "ADL-04", of=(step_quantity,), uses=("T-MUL-1", "T-MUL-2"), fast=False)
def a_step_is_as_large_as_it_may_be_and_no_larger(case: Case) -> None:
    """Where a market's shortfall allows it, a step closes the least quantity that restores the cover test.

    Else it closes the largest whose released loss is within the shortfall. It never closes more than the lot, than the
    counterparty's position, or than leaves the counterparty healthy; nothing if no quantity is within all of these.
    """
    step = Sized(case)
    quantity, other = step.quantity, step.other
    restores = step.shortfall >= step.missing
    case.claim("not negative", quantity >= 0)
    case.claim("within lot, position and health", implies(quantity > 0, step.may_close(quantity)))
    allowed = step.may_close(other)
    less_restores = restores & (other < quantity) & (step.released(other) >= step.missing)
    case.claim("no less would restore the test", negate(less_restores))
    enough = implies(restores & (other > quantity) & allowed, step.released(quantity) >= step.missing)
    case.claim("more would be allowed only if this restores it", enough)
    within = implies(negate(restores) & (quantity > 0), step.released(quantity) <= step.shortfall)
    case.claim("else within the shortfall", within)
    most = implies(negate(restores) & (other > quantity) & allowed, step.released(other) > step.shortfall)
    case.claim("and no more is allowed within it", most)


KEYS = tuple(PositionKey(account, "first", "BOTH") for account in ("alice", "bob", "carol"))


def any_score(case: Case, name: str) -> Score:
    """Any score; its denominator is positive (T-ADL-4)."""
    return Score(case.integer(f"numerator {name}"), case.integer(f"denominator {name}", 1, source="T-ADL-4"))


def any_ranked(case: Case, name: str) -> Ranked:
    """A position of any of three accounts with any score."""
    score = any_score(case, name)
    return Ranked(case.one_of(f"account {name}", KEYS), score)


def above(first: Score, second: Score) -> Any:
    """Whether one score is higher than another."""
    return first.numerator * second.denominator > second.numerator * first.denominator


@theorem("T-ADL-2", "ADL-02", of=(compare_ranked,))
def the_higher_score_stands_first(case: Case) -> None:
    """Of two positions the one with the higher score stands first, of equal scores the one with the lesser key.

    Neither stands before the other both ways, and one of them always does unless they are the same position.
    """
    first, second = any_ranked(case, "one"), any_ranked(case, "two")
    forth, back = compare_ranked(first, second), compare_ranked(second, first)
    case.claim("a higher score stands first", implies(above(first.score, second.score), forth == -1))
    case.claim("a lower one does not", implies(above(second.score, first.score), forth == 1))
    if first.key != second.key:
        case.claim("one of them stands first", forth == -back)
        level = negate(above(first.score, second.score)) & negate(above(second.score, first.score))
        case.claim("ties by key", implies(level, (forth == -1) == (first.key < second.key)))


@theorem("T-ADL-3", "ADL-02", of=(compare_ranked,), uses=("T-MUL-1", "T-MUL-2"))
def ranks_are_a_total_order(case: Case) -> None:
    """If one position stands before a second and that before a third, the first stands before the third.

    So a queue has exactly one order (T-ADL-2 says that any two positions have one).
    """
    one, two, three = any_ranked(case, "one"), any_ranked(case, "two"), any_ranked(case, "three")
    if compare_ranked(one, two) >= 0 or compare_ranked(two, three) >= 0:
        return
    if len({one.key, two.key, three.key}) < 3:
        return
    first, second, third = one.score, two.score, three.score
    over, under = first.numerator * second.denominator, second.numerator * first.denominator
    not_less_by_a_factor(case, under, over, third.denominator)
    not_less_by_a_factor(case, under + 1, over, third.denominator)
    over, under = second.numerator * third.denominator, third.numerator * second.denominator
    not_less_by_a_factor(case, under, over, first.denominator)
    not_less_by_a_factor(case, under + 1, over, first.denominator)
    difference = first.numerator * third.denominator - third.numerator * first.denominator
    whole_multiples(case, difference, second.denominator)
    case.claim("the third does not score higher", difference >= 0)
    case.claim("the first stands before the third", compare_ranked(one, three) == -1)


def healthy_equity(case: Case) -> tuple[Any, Any]:
    """Equity and maintenance of a healthy domain with a position."""
    maintenance = case.integer("maintenance", 0, source="T-TIER-7")
    equity = case.integer("equity")
    case.assume(equity > maintenance, "MRG-05")
    return equity, maintenance


@theorem("T-ADL-4", "ADL-02", of=(binance_score, bitmex_score), uses=("T-MUL-1", "T-COST-1"))
def scores_have_positive_denominators(case: Case) -> None:
    """Every position that may stand in a queue has a score: neither ranking divides by zero or by less."""
    equity, maintenance = healthy_equity(case)
    unrealised, cash = case.integer("unrealised"), case.integer("cash")
    cost, notional = case.integer("cost"), case.integer("notional", 1, source="NUM-03")
    case.assume(cost != 0, "T-COST-1")
    unit = case.integer("asset unit", 1, source="NUM-01")
    first = binance_score(unrealised, cash, maintenance, equity, unit)
    whole_multiples(case, equity, unit)
    whole_multiples(case, equity, cash)
    case.claim("binance", first.denominator > 0)
    second = bitmex_score(unrealised, cost, notional, equity)
    whole_multiples(case, equity, abs(cost))
    whole_multiples(case, notional, abs(cost))
    case.claim("bitmex", second.denominator > 0)
    case.claim("no profit scores nothing with binance", implies(unrealised <= 0, first.numerator == 0))
    case.claim("a loss scores below zero with bitmex", implies(unrealised < 0, second.numerator < 0))


@theorem("T-ADL-5", "ADL-02", of=(binance_score, bitmex_score), uses=("T-MUL-1",))
def scores_do_not_depend_on_the_unit(case: Case) -> None:
    """A score is the same fraction whether money is counted in quanta or in any parts of a quantum.

    For the ranking `binance` the one unit of the asset that bounds cash from below is counted in the same parts.
    """
    factor = case.integer("parts of a quantum", 1)
    unrealised, cash, cost = case.integer("unrealised"), case.integer("cash"), case.integer("cost")
    notional, maintenance, equity = case.integer("notional"), case.integer("maintenance"), case.integer("equity")
    unit = case.integer("asset unit", 1)
    for amount in (unrealised, unit - cash):
        whole_multiples(case, amount, factor)
        case.assume(implies(amount == 0, amount * factor == 0), "T-MUL-1")
    coarse = binance_score(unrealised, cash, maintenance, equity, unit)
    fine = binance_score(unrealised * factor, cash * factor, maintenance * factor, equity * factor, unit * factor)
    same_fraction(case, "binance", coarse, fine, factor)
    coarse = bitmex_score(unrealised, cost, notional, equity)
    fine = bitmex_score(unrealised * factor, cost * factor, notional * factor, equity * factor)
    same_fraction(case, "bitmex", coarse, fine, factor)


def same_fraction(case: Case, ranking: str, coarse: Score, fine: Score, factor: Any) -> None:
    """Both parts of a score are larger by the square of the factor, so that all comparisons are as they were."""
    case.claim(f"{ranking}: numerator", fine.numerator == coarse.numerator * factor * factor)
    case.claim(f"{ranking}: denominator", fine.denominator == coarse.denominator * factor * factor)


@theorem("T-ADL-6", "ADL-05", of=(indicator,), uses=("T-MUL-1",))
def an_indicator_is_a_quantile(case: Case) -> None:
    """An indicator is 0 to 4, 4 for the first in the queue, and never higher further back.

    It is 4 in the first fifth of the queue, 3 in the second, and so on.
    """
    length, place = case.integer("length", 1), case.integer("place", 0)
    case.assume(place < length, "ADL-05")
    shown = indicator(place, length)
    passed = 4 - shown
    for fifths in (passed + 1, passed - 5):
        whole_multiples(case, fifths, length)
    case.claim("0 to 4", (shown >= 0) & (shown <= 4))
    case.claim("of its fifth", (passed * length <= 5 * place) & (5 * place < (passed + 1) * length))
    case.claim("the first has 4", indicator(0, length) == 4)
    behind = case.integer("place further back", source="ADL-05")
    case.assume((behind >= place) & (behind < length), "ADL-05")
    whole_multiples(case, indicator(behind, length) - shown, length)
    case.claim("never higher further back", indicator(behind, length) <= shown)


class Pair:
    """A losing or gaining lot of any size and cost, and a counterparty on the other side, both of any numbers."""

    def __init__(self, case: Case, isolated: bool = False, tiers: Any = ONE_TIER) -> None:
        self.case = case
        self.world = World(case)
        self.market = self.world.market("first", tiers)
        self.domain = self.world.account("alice")
        if isolated:
            self.domain = self.world.isolate("alice", self.market)
        is_long = bool(case.truth("the lot is long"))
        self.lot = self.world.lot(self.market, is_long)
        self.key = self.world.position("alice", self.market, not is_long)
        self.world.others(self.market)
        self.size: Any = abs(self.lot.quantity)
        self.held: Any = abs(self.world.state.positions[self.key])
        self.lot_cost = lot_cost(self.world.state, self.lot.id)
        self.cost = cost_of(self.world.state, self.key)
        self.transaction = self.world.transaction()

    def any_part(self) -> Any:
        """Any quantity within lot and position."""
        part = self.case.integer("part", 1, source="T-ADL-1")
        self.case.assume((part <= self.size) & (part <= self.held), "T-ADL-1")
        return part

    def place_costs(self, part: Any) -> None:
        """Tell the solvers that all of a cost is released at the end."""
        for whole, cost in ((self.size, self.lot_cost), (self.held, self.cost)):
            whole_multiples(self.case, released_cost(cost, whole, part) - cost, whole)

    def deleverage(self, part: Any) -> None:
        """The rule's own step."""
        with money_moves(self.case):
            deleverage(self.transaction, self.market, Step(self.lot, self.key, part))


@theorem("T-ADL-7", "ADL-03", "ACC-02", of=(deleverage, realise, released_cost, lot_loss), uses=("T-MUL-1", "T-CONS-1"))
def what_is_closed_is_what_the_lot_loses(case: Case) -> None:
    """A step closes as much of the counterparty's position as the lot loses, both at the lot's released cost.

    The lot's loss falls by its exact part, rounded up. When it is closed its cost is zero: nothing is left over.
    """
    pair = Pair(case)
    part = pair.any_part()
    pair.place_costs(part)
    loss = lot_loss(pair.transaction, pair.market, pair.lot)
    held, before = pair.world.state.positions[pair.key], pair.lot.quantity
    pair.deleverage(part)
    left, lot = pair.transaction.positions.get(pair.key, 0), pair.transaction.lots.get(pair.lot.id)
    rest = 0 if lot is None else lot.quantity
    case.claim("position and lot are on opposite sides", (held > 0) == (before < 0))
    case.claim("what is left of both sums to what both summed to", left + rest == held + before)
    case.claim("exactly the part is closed", abs(before) - abs(rest) == part)
    case.claim("towards flat, not past it", (rest * before >= 0) & (left * held >= 0))
    (step,) = [effect for effect in pair.transaction.effects if isinstance(effect, Deleveraged)]
    cost_left = lot_cost(pair.transaction, pair.lot.id)
    case.claim("the lot's cost falls by the value", cost_left == pair.lot_cost - step.value)
    case.claim("which is its released cost", step.value == released_cost(pair.lot_cost, pair.size, part))
    case.claim("a closed lot has no cost", implies(rest == 0, cost_left == 0))
    case.claim("a flat position has no cost", implies(left == 0, cost_of(pair.transaction, pair.key) == 0))
    remains = 0 if lot is None else lot_loss(pair.transaction, pair.market, lot)
    case.claim("the reported loss is what the lot's loss fell by", step.loss == loss - remains)
    case.claim("at least the exact part of the loss", step.loss * pair.size >= loss * part)
    case.claim("less than a quantum more", step.loss * pair.size < loss * part + pair.size)


@theorem(
    "T-ADL-8",
    "ADL-04",
    "ADL-03",
    of=(entry_is_no_worse, deleverage, realise, released_cost),
    uses=("T-MUL-1", "T-MUL-2", "T-CONS-1"),
)
def a_counterparty_loses_no_principal(case: Case) -> None:
    """Whoever is deleveraged realises no loss, but for at most one quantum of rounding a step.

    So it is for whoever entered at the lot's bankruptcy price or better, by exact comparison, whatever part is closed.
    """
    pair = Pair(case)
    part = pair.any_part()
    held, quantity = pair.world.state.positions[pair.key], pair.lot.quantity
    case.assume(entry_is_no_worse(held, pair.cost, quantity, pair.lot_cost), "ADL-04")
    value = released_cost(pair.lot_cost, pair.size, part)
    released = released_cost(pair.cost, pair.held, part)
    case.claim("both costs together are not positive", pair.cost * pair.size + pair.lot_cost * pair.held <= 0)
    not_less_by_a_factor(case, pair.cost * pair.size + pair.lot_cost * pair.held, 0, part)
    not_less_by_a_factor(case, value * pair.size - pair.lot_cost * part, pair.size - 1, pair.held)
    not_less_by_a_factor(case, released * pair.held - pair.cost * part, pair.held - 1, pair.size)
    whole_multiples(case, pair.size, pair.held)
    case.claim("in parts of size times held", (value + released - 2) * (pair.size * pair.held) < 0)
    whole_multiples(case, value + released - 2, pair.size * pair.held)
    case.claim("both round up by less than two quanta", value + released <= 1)
    cash = pair.transaction.balance(cash_account(pair.domain))
    pair.deleverage(part)
    realised = pair.transaction.balance(cash_account(pair.domain)) - cash
    case.claim("it realises what the lot's cost gives, less its own", realised == -value - released)
    case.claim("a quantum at most is lost", realised >= -1)


@contextmanager
def steps_within_bounds(case: Case) -> Iterator[None]:
    """A step's quantity is any that T-ADL-1 allows."""

    def quantity(loss: Any, size: Any, shortfall: Any, missing: Any, held: Any, spare: Any) -> Any:
        case.claim("the lot loses, the market is short", (loss > 0) & (size > 0) & (shortfall > 0) & (missing > 0))
        step = case.integer("quantity of the step", 0, source="T-ADL-1")
        released = released_cost(loss, size, step)
        allowed = (step <= size) & (step <= held) & (released < spare)
        case.assume(implies(step > 0, allowed), "T-ADL-1")
        return step

    with standing_for(step_quantity=quantity):
        yield


def keeps_health(case: Case, isolated: bool) -> None:
    """State what a step against an eligible counterparty does to it."""
    maintenance = AnyMaintenance(case)
    pair = Pair(case, isolated, maintenance.table())
    shortfall, missing = case.integer("shortfall", 1, source="ADL-01"), case.integer("missing", 1, source="ADL-01")
    loss = lot_loss(pair.transaction, pair.market, pair.lot)
    case.assume(loss > 0, "ADL-01: a losing lot")
    held, cash = pair.world.state.positions[pair.key], cash_account(pair.domain)
    with maintenance.in_force(), steps_within_bounds(case):
        before = domain_margin(pair.transaction, pair.domain)
        part = pair_quantity(pair.transaction, pair.market, pair.lot, pair.key, shortfall, missing)
        if part == 0:
            return
        entry = entry_is_no_worse(held, pair.cost, pair.lot.quantity, pair.lot_cost)
        case.claim("entered at the lot's bankruptcy price or better", entry)
        case.claim("within lot and position", (part >= 1) & (part <= pair.size) & (part <= pair.held))
        pair.place_costs(part)
        value = released_cost(pair.lot_cost, pair.size, part)
        falls = value - pair.market.at_mark(Quantity(part if pair.lot.quantity > 0 else -part))
        whole_multiples(case, falls - released_cost(loss, pair.size, part), pair.size)
        case.claim("the loss that it takes is what was measured", falls == released_cost(loss, pair.size, part))
        case.claim("and less than what it can spare", falls < before.equity - before.maintenance)
        pair.deleverage(part)
        left = pair.transaction.positions.get(pair.key, 0)
        not_less_by_a_factor(case, abs(left), pair.held, pair.market.mark)
        after = domain_margin(pair.transaction, pair.domain)
    (step,) = [effect for effect in pair.transaction.effects if isinstance(effect, Deleveraged)]
    case.claim("the loss that is reported is that", step.loss == falls)
    if left == 0 and isolated:
        wallet = ledger.wallet("alice", ASSET)
        given = pair.transaction.balance(wallet) - pair.world.state.balance(wallet)
        case.claim("flat: its cash went to the wallet", given == before.equity - step.loss)
        case.claim("flat: nothing is left behind", pair.transaction.balance(cash) == 0)
    else:
        case.claim("its equity falls by the loss", after.equity == before.equity - step.loss)
        case.claim("its maintenance does not rise", after.maintenance <= before.maintenance)
        case.claim("it stays healthy", after.equity > after.maintenance)


@theorem(
    "T-ADL-9",
    "ADL-04",
    "ADL-01",
    of=(pair_quantity, deleverage, realise),
    uses=("T-ADL-1", "T-CONS-1", "T-MUL-1", "T-MUL-2", "T-TIER-1", "T-TIER-7", "T-WORLD-1"),
)
def a_counterparty_stays_healthy(case: Case) -> None:
    """Whoever is deleveraged stays healthy: the loss that it takes over is less than its equity above maintenance.

    Cash may be any, so it stands for what the domain's other positions are worth too; they keep their maintenance.
    """
    keeps_health(case, isolated=False)


@theorem(
    "T-ADL-10",
    "ADL-04",
    "ADL-01",
    "ACC-04",
    of=(pair_quantity, deleverage, realise, return_all_margin),
    uses=("T-ADL-1", "T-CONS-1", "T-MUL-1", "T-MUL-2", "T-TIER-1", "T-TIER-7", "T-WORLD-1"),
    fast=False,
)
def an_isolated_counterparty_stays_healthy(case: Case) -> None:
    """The same holds of an isolated position; one that becomes flat returns all its cash to the wallet."""
    keeps_health(case, isolated=True)


@contextmanager
def standing_for(**functions: Any) -> Iterator[None]:
    """Functions that stand for those of the rules by the same names."""
    with ExitStack() as stack:
        for name, function in functions.items():
            stack.enter_context(patch.object(deleveraging, name, function))
        yield


class RoundAgain(Exception):  # noqa: N818 - the end of a step of the induction, not an error
    """The scan begins its next round, which knows no more of those before than that it was not ended by them."""


class Scan:
    """Stands for the lots and the queue that a scan goes through: one of each, at any place, and then any others."""

    def __init__(self, case: Case, pair: Pair) -> None:
        self.case = case
        self.pair = pair
        self.loss: Any = None
        self.quantity: Any = None
        self.queue_ended = False
        self.lots_ended = False

    def lots(self) -> Iterator[int]:
        """A lot, then the end or another round."""
        yield self.pair.lot.id
        skipped = (self.loss <= 0) & (self.quantity is None)
        none_left = self.queue_ended and (self.quantity is None or self.quantity == 0)
        self.case.claim(
            "step: the next lot only if this one gains, or has no eligible counterparty", skipped | none_left
        )
        if self.case.truth("another lot follows"):
            raise RoundAgain
        self.lots_ended = True

    def queue(self) -> Iterator[Ranked]:
        """Nobody, or a counterparty, then the end or another round."""
        if self.case.truth("somebody is in the queue"):
            yield Ranked(self.pair.key, Score(0, 1))
            self.case.claim("step: the next counterparty only if this one is not eligible", self.quantity == 0)
            if self.case.truth("another counterparty follows"):
                raise RoundAgain
        self.queue_ended = True

    def measure(self, *_: object) -> Any:
        """The lot may lose or gain."""
        self.loss = self.case.integer("loss of the lot")
        return self.loss

    def judge(self, _book: Book, _market: Market, lot: Lot, key: PositionKey, shortfall: Any, missing: Any) -> Any:
        """The pair may be eligible or not."""
        self.case.claim("step: only losing lots are deleveraged", self.loss > 0)
        self.case.claim("step: the pair in question", lot is self.pair.lot and key == self.pair.key)
        self.case.claim("step: for what is short and missing", (shortfall == 5) & (missing == 7))
        self.quantity = self.case.integer("quantity of the pair", 0, source="T-ADL-1")
        return self.quantity


class Passing:
    """Something that can be gone through once."""

    def __init__(self, through: Iterator[Any]) -> None:
        self.through = through

    def __iter__(self) -> Iterator[Any]:
        return self.through


@theorem("T-ADL-11", "ADL-01", "ADL-02", of=(find_step,), scope=INDUCTION, uses=("T-ADL-1",))
def nobody_is_closed_before_one_who_stands_before(case: Case) -> None:
    """A step closes the oldest losing lot with an eligible counterparty, against the first in the queue who is.

    The scan goes on only past a lot that gains or has no eligible counterparty, and past a counterparty who is not
    eligible. It keeps nothing from one round to the next, so one lot and one counterparty at any place stand for all.
    """
    pair = Pair(case)
    scan = Scan(case, pair)
    opposite, same = ("short", "long") if pair.lot.quantity > 0 else ("long", "short")
    nobody: tuple[Ranked, ...] = ()
    queues: Any = {("first", opposite): Passing(scan.queue()), ("first", same): nobody}
    lots: Any = Passing(scan.lots())
    pair.transaction.lots_in = Map({"first": lots})
    with standing_for(lot_loss=scan.measure, pair_quantity=scan.judge):
        try:
            step = find_step(pair.transaction, pair.market, queues, Money(5), Money(7))
        except RoundAgain:
            case.claim(
                "step: another round without a pair found", implies(scan.quantity is not None, scan.quantity == 0)
            )
            return
    if step is None:
        case.claim("step: no pair is found only when all lots are through", scan.lots_ended)
    else:
        case.claim("step: the pair is eligible", step.quantity > 0)
        found = step.lot is pair.lot and step.counterparty == pair.key
        case.claim("step: it is this pair, with its quantity", found and step.quantity == scan.quantity)
    pair.transaction.lots_in = Map()
    case.claim(
        "base: without lots there is no step",
        find_step(pair.transaction, pair.market, queues, Money(5), Money(7)) is None,
    )


IN_ORDER = "any number, since the order is total (T-ADL-2, T-ADL-3); three positions are run"
SCANNED = "bounded: two lots, two counterparties; T-ADL-11 has any number"


@theorem("T-ADL-12", "ADL-02", of=(queue_of, take_queues), scope=IN_ORDER, uses=("T-ADL-2", "T-ADL-3"))
def a_queue_is_those_who_are_healthy_in_order(case: Case) -> None:
    """A side's queue holds exactly its positions in healthy domains, each once, the higher score before the lower.

    It is taken at the first look, and a second look in the same event changes nothing.
    """
    world = World(case)
    market = world.market("first")
    sides = dict(zip(KEYS, ("long", "short", "short"), strict=True))
    for key, side in sides.items():
        world.account(key.account)
        world.position(key.account, market, side == "long")
    healthy = {key: bool(case.truth(f"{key.account} is healthy")) for key in KEYS}
    scores = {key: any_score(case, key.account) for key in KEYS}
    queues: Queues = {}
    transaction = world.transaction()
    with standing_for(
        domain_margin=lambda _, domain: domain.account,
        is_healthy=lambda account: healthy[PositionKey(account, "first", "BOTH")],
        score_of=lambda _, key, __: scores[key],
    ):
        take_queues(transaction, "first", queues)
    for (_, direction), queue in queues.items():
        members = sorted(key for key in KEYS if sides[key] == direction and healthy[key])
        case.claim(f"{direction}: who is healthy, once", sorted(one.key for one in queue) == members)
        case.claim(f"{direction}: with their scores", all(one.score is scores[one.key] for one in queue))
        for first, second in pairwise(queue):
            left = first.score.numerator * second.score.denominator
            right = second.score.numerator * first.score.denominator
            in_order = (left > right) | ((left == right) & (first.key < second.key))
            case.claim(f"{direction}: the higher score first, ties by key", in_order)
    taken = dict(queues)
    take_queues(transaction, "first", queues)
    case.claim("kept for the event", all(queues[place] is taken[place] for place in taken) and len(queues) == 2)


@theorem("T-ADL-13", "ADL-01", "ADL-02", of=(find_step,), scope=SCANNED, uses=("T-ADL-1", "T-ADL-11"))
def a_scan_finds_the_first_pair(case: Case) -> None:
    """In a market with two lots and two counterparties the scan finds the first pair that is eligible, or none.

    Whatever the lots lose or gain and whoever is eligible for which: an older losing lot goes first, and for it a
    counterparty who stands before.
    """
    world = World(case)
    market = world.market("first")
    lots = tuple(world.lot(market) for _ in range(2))
    queue = tuple(Ranked(key, Score(0, 1)) for key in KEYS[:2])
    losses = {lot.id: case.integer(f"loss of lot {lot.id}") for lot in lots}
    quantities = {
        (lot.id, one.key): case.integer(f"quantity of lot {lot.id} against {one.key.account}", 0, source="T-ADL-1")
        for lot in lots
        for one in queue
    }
    queues: Queues = {("first", "short"): queue, ("first", "long"): ()}
    with standing_for(
        lot_loss=lambda _, __, lot: losses[lot.id], pair_quantity=lambda _, __, lot, key, *___: quantities[lot.id, key]
    ):
        step = find_step(world.transaction(), market, queues, Money(1), Money(1))
    pairs = [(lot, one.key) for lot in lots for one in queue]
    found = len(pairs) if step is None else pairs.index((step.lot, step.counterparty))
    for lot, key in pairs[:found]:
        case.claim("no pair before it is eligible", (losses[lot.id] <= 0) | (quantities[lot.id, key] == 0))
    if step is not None:
        case.claim("its lot loses", losses[step.lot.id] > 0)
        quantity = quantities[step.lot.id, step.counterparty]
        case.claim("it is eligible, with its quantity", (step.quantity == quantity) & (quantity > 0))
