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
from marginspec.model.units import FLAT, Money, Quantity
from marginspec.settlement import deleveraging
from marginspec.settlement.deleveraging import (
    Queues,
    Ranked,
    Step,
    Terms,
    compare_ranked,
    deleverage,
    entry_is_no_worse,
    find_step,
    first_step,
    halved,
    heir_of,
    lot_loss,
    most_within,
    pair_step,
    quantity_with_room,
    queue_of,
    released_loss,
    room,
    step_value,
    take_queues,
    terms_of,
    wanted_quantity,
)
from marginspec.settlement.rankings import Score, binance_score, bitmex_score
from marginspec.settlement.waterfall import shortfall_of
from marginspec_audit.transparency import indicator
from marginspec_proofs.prover.contracts import money_moves
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.prover.worlds import ASSET, ONE_TIER, World
from marginspec_proofs.theorems.liquidation import AnyMaintenance
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples


class Sized:
    """Any losing lot, or position in profit, what is short and missing, what is wanted, and any other quantity."""

    def __init__(self, case: Case) -> None:
        self.loss, self.size = case.integer("loss", 1, source="ADL-01"), case.integer("size", 1)
        self.shortfall = case.integer("shortfall", 1, source="ADL-01")
        self.missing = case.integer("missing", 1, source="ADL-01")
        self.terms = Terms(bool(case.truth("at the counterparty's entry")), Money(0), self.size, self.loss)
        self.quantity = wanted_quantity(self.terms, self.shortfall, self.missing)
        self.other = case.integer("another quantity", 1)
        for quantity in (self.quantity, self.other):
            for bound in (self.missing - 1, self.shortfall):
                compare_release(case, self.terms, quantity, bound)

    def released(self, quantity: Any) -> Any:
        """What a quantity releases."""
        return released_loss(self.terms, quantity)


def compare_release(case: Case, terms: Terms, quantity: Any, bound: Any) -> None:
    """A released loss, rounded as its terms say, is within a bound of whole quanta exactly if it is before rounding."""
    loss, size = terms.loss, terms.size
    if terms.at_entry:
        whole_multiples(case, released_loss(terms, quantity) - bound - 1, size)
        beyond = -(-((bound + 1) * size) // loss)
    else:
        whole_multiples(case, released_loss(terms, quantity) - bound, size)
        beyond = bound * size // loss + 1
    not_less_by_a_factor(case, quantity, beyond - 1, loss)
    not_less_by_a_factor(case, beyond, quantity, loss)


@theorem("T-ADL-1", "ADL-01", of=(wanted_quantity, most_within), uses=("T-MUL-1", "T-MUL-2"), fast=False)
def what_is_wanted_is_the_least_that_restores_or_the_most_within_the_shortfall(case: Case) -> None:
    """Where a market's shortfall allows it, the least quantity that restores the cover test is wanted.

    Else the largest whose released loss is within the shortfall, which may be none. So it is of a lot's loss, which is
    released rounded up, and of a counterparty's profit, rounded down.
    """
    step = Sized(case)
    quantity, other = step.quantity, step.other
    restores = step.shortfall >= step.missing
    case.claim("not negative, and some where it restores", (quantity >= 0) & implies(restores, quantity >= 1))
    case.claim("it restores the test", implies(restores, step.released(quantity) >= step.missing))
    less = restores & (other < quantity) & (step.released(other) >= step.missing)
    case.claim("no less would", negate(less))
    case.claim("else within the shortfall", implies(negate(restores), step.released(quantity) <= step.shortfall))
    more = negate(restores) & (other > quantity) & (step.released(other) <= step.shortfall)
    case.claim("and no more is", negate(more))


@theorem("T-ADL-15", "ADL-01", of=(wanted_quantity, most_within, released_loss), uses=("T-MUL-1", "T-MUL-2"))
def what_is_held_within_the_shortfall_leaves_at_most_half_of_it(case: Case) -> None:
    """A step that closes all that is wanted restores the cover test, or leaves its market at most half its shortfall.

    So in a market as many steps can close what is wanted and restore nothing as its shortfall has binary digits.
    """
    step = Sized(case)
    if step.quantity < 1:
        return
    released, factor = step.released(step.quantity), step.terms.size
    not_less_by_a_factor(case, 1, step.quantity, step.loss)
    whole_multiples(case, 2 * released - step.shortfall + (1 if step.terms.at_entry else 0), factor)
    whole_multiples(case, 2 * released - step.shortfall, factor)
    restores = step.shortfall >= step.missing
    left = step.shortfall - released
    case.claim("nothing is missing, or half of the shortfall", implies(negate(restores), 2 * left <= step.shortfall))
    case.claim("or the test is restored", implies(restores, released >= step.missing))


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


def place_gain(case: Case, market: Market, lot: Lot, cost: Any, part: Any) -> None:
    """Tell the solvers that what a lot that does not lose releases of its cost is at most the part's value at mark."""
    size, closing = abs(lot.quantity), Quantity(part if lot.quantity > 0 else -part)
    whole_multiples(case, released_cost(cost, Quantity(size), part) - market.at_mark(closing), size)
    not_less_by_a_factor(case, cost, market.at_mark(lot.quantity), part)


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
        self.world.funds(self.market)
        self.size: Any = abs(self.lot.quantity)
        self.held: Any = abs(self.world.state.positions[self.key])
        self.lot_cost = lot_cost(self.world.state, self.lot.id)
        self.cost = cost_of(self.world.state, self.key)
        self.transaction = self.world.transaction()

    def another_lot(self) -> None:
        """Another lot of the side, of any size and cost."""
        self.world.lot(self.market, bool(self.lot.quantity > 0))
        self.transaction = self.world.transaction()

    def any_part(self) -> Any:
        """Any quantity within lot and position."""
        part = self.case.integer("part", 1, source="T-ADL-1")
        self.case.assume((part <= self.size) & (part <= self.held), "T-ADL-1")
        return part

    def terms(self) -> Terms | None:
        """What the two close at, if they may."""
        return terms_of(self.transaction, self.market, self.lot, self.key)

    def place_costs(self, part: Any) -> None:
        """Tell the solvers that all of a cost is released at the end."""
        for whole, cost in ((self.size, self.lot_cost), (self.held, self.cost)):
            whole_multiples(self.case, released_cost(cost, whole, part) - cost, whole)

    def place_release(self, terms: Terms, part: Any) -> None:
        """Tell the solvers that a cost rounded to quanta releases what the loss so rounded does: values are whole."""
        closing = Quantity(part if self.lot.quantity > 0 else -part)
        falls = step_value(terms, part) - self.market.at_mark(closing)
        whole_multiples(self.case, falls - released_loss(terms, part), terms.size)
        place_gain(self.case, self.market, self.lot, self.lot_cost, part)

    def deleverage(self, terms: Terms, part: Any) -> Any:
        """The rule's own step; gives what it reports as loss."""
        with money_moves(self.case):
            deleverage(self.transaction, self.market, Step(self.lot, self.key, part, step_value(terms, part)))
        (step,) = [effect for effect in self.transaction.effects if isinstance(effect, Deleveraged)]
        return step.loss

    def standing(self) -> Any:
        """What the lots gain at mark together with the market's reserve: minus it is the shortfall, if above zero."""
        book = self.transaction
        lots: list[Any] = [lot_loss(book, self.market, book.lots[one]) for one in book.lots_in.get(self.market.id, ())]
        return book.balance(ledger.reserve(self.market.id)) - sum(lots)

    def cover(self) -> dict[ledger.LedgerAccount, Any]:
        """What insurance fund and relief hold."""
        return {fund: self.transaction.balance(fund) for fund in (ledger.insurance(ASSET), ledger.relief(ASSET))}


def any_step(case: Case, pair: Pair) -> tuple[Terms, Any] | None:
    """What a pair closes at, and any part that ADL-04 allows of it; None if it is not eligible."""
    terms, part = pair.terms(), pair.any_part()
    if terms is None:
        return None
    if terms.at_entry and heir_of(pair.transaction, pair.lot) is None:
        case.assume(part < pair.size, "ADL-04: one is kept back")
    pair.place_costs(part)
    pair.place_release(terms, part)
    return terms, part


@theorem(
    "T-ADL-7",
    "ADL-03",
    "ACC-02",
    "ADL-06",
    of=(deleverage, realise, released_cost, released_loss, step_value, terms_of, lot_loss, heir_of),
    uses=("T-MUL-1", "T-CONS-1"),
    fast=False,
)
def what_is_closed_is_what_the_lot_loses(case: Case) -> None:
    """A step moves exactly its released loss: from a counterparty's equity to what the market's lots and reserve have.

    It closes as much of the position as of the lot. A flat position keeps no cost, nor does a closed lot: what is left
    of it passes to another one. At the lot's price the released loss is its exact part rounded up, at the
    counterparty's entry that of its profit rounded down; at the mark, where the lot does not lose, nothing. No
    cover changes.
    """
    pair = Pair(case)
    if case.truth("there is another lot of the side"):
        pair.another_lot()
    found = any_step(case, pair)
    if found is None:
        return
    terms, part = found
    held, before = pair.world.state.positions[pair.key], pair.lot.quantity
    stood, equity, lost = pair.standing(), equity_of(pair), lot_loss(pair.transaction, pair.market, pair.lot)
    cover = pair.cover()
    place_bound(case, pair, terms, part)
    loss = pair.deleverage(terms, part)
    left, lot = pair.transaction.positions.get(pair.key, 0), pair.transaction.lots.get(pair.lot.id)
    case.claim("as much of the position", abs(left) == abs(held) - part)
    case.claim("as of the lot", abs(lot.quantity if lot is not None else 0) == abs(before) - part)
    case.claim("a flat position has no cost", implies(left == 0, cost_of(pair.transaction, pair.key) == 0))
    if lot is None:
        case.claim("a closed lot has no cost", lot_cost(pair.transaction, pair.lot.id) == 0)
    case.claim("the loss is what is released", loss == released_loss(terms, part))
    case.claim("no more than the lot loses", (loss >= 0) & ((loss <= lost) | (loss == 0)))
    case.claim("the lots and the reserve have it", pair.standing() == stood + loss)
    case.claim("the counterparty's equity has less by it", equity_of(pair) == equity - loss)
    for fund, held_before in cover.items():
        case.claim(f"{fund.kind} does not change", pair.transaction.balance(fund) == held_before)


def place_bound(case: Case, pair: Pair, terms: Terms, part: Any) -> None:
    """Tell the solvers that a part releases at most the whole, and of a smaller profit no more than the lot loses."""
    whole_multiples(case, released_loss(terms, part) - terms.loss, terms.size)
    not_less_by_a_factor(case, part, terms.size, terms.loss)
    lost = lot_loss(pair.transaction, pair.market, pair.lot)
    case.claim("its share of a lot's", implies(terms.at_entry, terms.loss * pair.size <= lost * pair.held))
    not_less_by_a_factor(case, part, pair.size, lost)
    not_less_by_a_factor(case, terms.loss * pair.size, lost * pair.held, part)
    not_less_by_a_factor(case, lost * part, lost * pair.size, pair.held)
    whole_multiples(case, released_loss(terms, part) - lost, pair.held * pair.size)


@theorem("T-ADL-16", "ADL-06", "WTF-02", of=(shortfall_of,), uses=("T-ADL-7",))
def a_step_raises_no_shortfall(case: Case) -> None:
    """A step raises no shortfall, so that a settled state stays settled when a venue declares deleveraging.

    By T-ADL-7 it leaves the cover as it is, and lots and reserve of its market with no less together; by T-ADL-9 the
    counterparty is healthy.
    """
    profit, reserve = case.integer("profit of the lots"), case.integer("reserve", 0, source="LED-02")
    left, kept = case.integer("profit of the lots afterwards"), case.integer("reserve afterwards", 0, source="LED-02")
    case.assume(left + kept >= profit + reserve, "T-ADL-7")
    case.claim("no more is short", shortfall_of(left, kept) <= shortfall_of(profit, reserve))


def equity_of(pair: Pair) -> Any:
    """Cash and what the position gains at mark."""
    held = pair.transaction.positions.get(pair.key, FLAT)
    cash = pair.transaction.balance(cash_account(pair.domain))
    return cash + pair.market.at_mark(held) - cost_of(pair.transaction, pair.key)


@theorem(
    "T-ADL-8",
    "ADL-04",
    "ADL-03",
    of=(entry_is_no_worse, terms_of, deleverage, realise, released_cost),
    uses=("T-MUL-1", "T-MUL-2", "T-CONS-1"),
    fast=False,
)
def a_counterparty_loses_no_principal(case: Case) -> None:
    """Whoever is deleveraged realises no loss, but for at most one quantum of rounding a step.

    So it is for whoever entered at the lot's bankruptcy price or better, by exact comparison, whatever part is closed;
    at its own entry a counterparty realises nothing at all.
    """
    pair = Pair(case)
    found = any_step(case, pair)
    if found is None:
        return
    terms, part = found
    value, released = step_value(terms, part), released_cost(pair.cost, pair.held, part)
    cash = pair.transaction.balance(cash_account(pair.domain))
    if not terms.at_entry:
        held, quantity = pair.world.state.positions[pair.key], pair.lot.quantity
        not_less_by_a_factor(case, pair.cost, pair.market.at_mark(held), pair.size)
        case.claim("entered no worse", entry_is_no_worse(held, pair.cost, quantity, terms.cost))
        case.claim("both costs together are not positive", pair.cost * pair.size + terms.cost * pair.held <= 0)
        not_less_by_a_factor(case, pair.cost * pair.size + terms.cost * pair.held, 0, part)
        not_less_by_a_factor(case, value * pair.size - terms.cost * part, pair.size - 1, pair.held)
        not_less_by_a_factor(case, released * pair.held - pair.cost * part, pair.held - 1, pair.size)
        whole_multiples(case, pair.size, pair.held)
        case.claim("in parts of size times held", (value + released - 2) * (pair.size * pair.held) < 0)
        whole_multiples(case, value + released - 2, pair.size * pair.held)
        case.claim("both round up by less than two quanta", value + released <= 1)
    pair.deleverage(terms, part)
    realised = pair.transaction.balance(cash_account(pair.domain)) - cash
    case.claim("it realises what the lot's cost gives, less its own", realised == -value - released)
    case.claim("a quantum at most is lost", realised >= -1)
    if terms.at_entry:
        case.claim("nothing at its own entry", realised == 0)


@contextmanager
def halving_ends(case: Case, pair: Pair) -> Iterator[None]:
    """Halving ends between its bounds where there is room (T-ADL-14)."""

    def ends(low: Any, high: Any, has_room: Any) -> Any:
        terms = pair.terms()
        assert terms is not None
        # Tells the solvers that the same quantity releases the same loss.
        whole_multiples(case, released_loss(terms, low) - released_loss(terms, high), terms.size)
        case.claim("between a quantity and a larger one", low < high)
        found = case.integer("where halving ends", source="T-ADL-14")
        case.assume((found >= low) & (found < high), "T-ADL-14")
        case.assume(has_room(found), "T-ADL-14")
        return found

    with standing_for(halved=ends):
        yield


def keeps_health(case: Case, isolated: bool) -> None:
    """State what a step against an eligible counterparty does to it."""
    maintenance = AnyMaintenance(case)
    pair = Pair(case, isolated, maintenance.table())
    wanted, cash = case.integer("wanted", source="ADL-01"), cash_account(pair.domain)
    with (
        maintenance.in_force(),
        standing_for(maintenance_margin=maintenance.maintenance_margin),
        halving_ends(case, pair),
    ):
        before = domain_margin(pair.transaction, pair.domain)
        step = pair_step(pair.transaction, pair.market, pair.lot, pair.key, lambda _: wanted)
        if step is None:
            return
        part, terms = step.quantity, pair.terms()
        assert terms is not None
        kept = 1 if terms.at_entry else 0
        case.claim("within lot, position and what is wanted", (part >= 1) & (part <= pair.held) & (part <= wanted))
        case.claim("one is kept back at the counterparty's entry", part <= pair.size - kept)
        most = (part == wanted) | (part == pair.held) | (part == pair.size - kept)
        case.claim("all that may be, or for the last time", step.is_last | most)
        case.claim("room is left", room(pair.transaction, pair.market, pair.key, terms, part) > 0)
        pair.place_costs(part)
        pair.place_release(terms, part)
        loss = pair.deleverage(terms, part)
        left = pair.transaction.positions.get(pair.key, 0)
        after = domain_margin(pair.transaction, pair.domain)
    if left == 0 and isolated:
        wallet = ledger.wallet("alice", ASSET)
        given = pair.transaction.balance(wallet) - pair.world.state.balance(wallet)
        case.claim("flat: its cash went to the wallet", given == before.equity - loss)
        case.claim("flat: which is above zero", given > 0)
        case.claim("flat: nothing is left behind", pair.transaction.balance(cash) == 0)
    else:
        case.claim("its equity falls by the loss", after.equity == before.equity - loss)
        case.claim("it is healthy", after.equity > after.maintenance)


@theorem(
    "T-ADL-9",
    "ADL-04",
    "ADL-01",
    "ADL-06",
    of=(pair_step, quantity_with_room, room, terms_of, deleverage, realise),
    uses=("T-ADL-14", "T-CONS-1", "T-MUL-1", "T-TIER-1", "T-TIER-7", "T-WORLD-1"),
    fast=False,
)
def a_counterparty_stays_healthy(case: Case) -> None:
    """Whoever is deleveraged is healthy afterwards: room is its equity less its maintenance margin as they are then.

    A step closes all that lot, position and what is wanted allow, or it is the counterparty's last in the market.
    Cash may be any, so it stands for what the domain's other positions are worth too; they keep their maintenance.
    """
    keeps_health(case, isolated=False)


@theorem(
    "T-ADL-10",
    "ADL-04",
    "ADL-01",
    "ADL-06",
    "ACC-04",
    of=(pair_step, quantity_with_room, room, terms_of, deleverage, realise, return_all_margin),
    uses=("T-ADL-14", "T-CONS-1", "T-MUL-1", "T-TIER-1", "T-TIER-7", "T-WORLD-1"),
    fast=False,
)
def an_isolated_counterparty_stays_healthy(case: Case) -> None:
    """The same holds of an isolated position; one that becomes flat returns all its cash to the wallet."""
    keeps_health(case, isolated=True)


@theorem("T-ADL-14", "ADL-04", of=(halved,), scope=INDUCTION)
def halving_ends_where_there_is_room(case: Case) -> None:
    """Halving between a quantity with room and a larger one without ends where there is room, and next to it is none.

    From any turn the next one has the same, on a way that is shorter by half; so there are at most as many turns as
    the way has binary digits.
    """
    low, high = case.integer("low", 1), case.integer("high")
    case.assume(low < high, "ADL-04")
    at = {"low": True, "high": False}
    asked: list[Any] = []

    def has_room(quantity: Any) -> Any:
        if asked:
            raise RoundAgain
        asked.append(quantity)
        at["middle"] = bool(case.truth("there is room in the middle"))
        return at["middle"]

    try:
        found = halved(low, high, has_room)
    except RoundAgain:
        pass
    else:
        if not asked:
            case.claim("step: it ends at the one with room, next to one without", (found == low) & (high == low + 1))
            return
    (middle,) = asked
    case.claim("step: the middle is strictly between", (low < middle) & (middle < high))
    rest = high - middle if at["middle"] else middle - low
    case.claim("step: half of the way is left, or half and a half", (2 * rest <= high - low + 1) & (rest >= 1))


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
        self.judged = False
        self.step: Step | None = None
        self.queue_ended = False
        self.lots_ended = False

    def lots(self) -> Iterator[int]:
        """A lot, then the end or another round."""
        yield self.pair.lot.id
        skipped = (self.loss <= 0) & (not self.judged)
        none_left = self.queue_ended and self.step is None
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
            self.case.claim("step: the next counterparty only if this one is not eligible", self.step is None)
            if self.case.truth("another counterparty follows"):
                raise RoundAgain
        self.queue_ended = True

    def measure(self, *_: object) -> Any:
        """The lot may lose or gain."""
        self.loss = self.case.integer("loss of the lot")
        return self.loss

    def judge(self, _book: Book, _market: Market, lot: Lot, key: PositionKey, wanted: Any) -> Step | None:
        """The pair may be eligible or not."""
        self.judged = True
        self.case.claim("step: only losing lots are deleveraged", self.loss > 0)
        self.case.claim("step: the pair in question", lot is self.pair.lot and key == self.pair.key)
        terms = Terms(False, Money(1), Quantity(1), Money(1))
        self.case.claim("step: for what is short and missing", wanted(terms) == (terms, 5, 7))
        if self.case.truth("the pair is eligible"):
            self.step = Step(lot, key, Quantity(1), Money(1))
        return self.step


class Passing:
    """Something that can be gone through once."""

    def __init__(self, through: Iterator[Any]) -> None:
        self.through = through

    def __iter__(self) -> Iterator[Any]:
        return self.through


@theorem("T-ADL-11", "ADL-01", "ADL-02", of=(find_step, first_step), scope=INDUCTION, uses=("T-ADL-1",))
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
    asked = {"lot_loss": scan.measure, "pair_step": scan.judge, "wanted_quantity": lambda *asked: asked}
    with standing_for(**asked):
        try:
            step = find_step(pair.transaction, pair.market, queues, Money(5), Money(7))
        except RoundAgain:
            case.claim("step: another round without a pair found", scan.step is None)
            return
    if step is None:
        case.claim("step: no pair is found only when all lots are through", scan.lots_ended)
    else:
        case.claim("step: it is this pair's", step is scan.step)
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


@theorem("T-ADL-13", "ADL-01", "ADL-02", of=(find_step, first_step), scope=SCANNED, uses=("T-ADL-1", "T-ADL-11"))
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
    steps = {
        (lot.id, one.key): Step(lot, one.key, Quantity(1), Money(1))
        for lot in lots
        for one in queue
        if case.truth(f"lot {lot.id} and {one.key.account} may meet")
    }
    queues: Queues = {("first", "short"): queue, ("first", "long"): ()}
    with standing_for(
        lot_loss=lambda _, __, lot: losses[lot.id], pair_step=lambda _, __, lot, key, ___: steps.get((lot.id, key))
    ):
        step = find_step(world.transaction(), market, queues, Money(1), Money(1))
    pairs = [(lot, one.key) for lot in lots for one in queue]
    found = len(pairs) if step is None else pairs.index((step.lot, step.counterparty))
    for lot, key in pairs[:found]:
        case.claim("no pair before it is eligible", (losses[lot.id] <= 0) | ((lot.id, key) not in steps))
    if step is not None:
        case.claim("its lot loses", losses[step.lot.id] > 0)
        case.claim("it is that pair's", step is steps[step.lot.id, step.counterparty])
