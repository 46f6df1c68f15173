"""Scores in a queue, who can bear a lot, and what a step closes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marginspec.model.units import MAX_GROSS_COST, MAX_OPEN_INTEREST_MARKED, Money, Quantity
from marginspec.settlement.deleveraging import Terms, entry_is_no_worse, released_loss, wanted_quantity
from marginspec.settlement.rankings import binance_score, bitmex_score
from marginspec_engine.kernels import deleveraging
from marginspec_proofs.prover.contracts import instead_of
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.theorems.kernels.wide import order_of
from marginspec_proofs.theorems.kernels.words import WIDE, WORD, fits, is_whole_word, sign_of, unchecked, within_words
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples
from marginspec_proofs.theorems.ranges import MOST_CASH, MOST_LOT_COST


def score_parts(case: Case, name: str) -> tuple[Any, ...]:
    """Figures of a position that stands in a queue, and of its domain."""
    unrealised = case.integer(f"{name} unrealised", 1 - WORD, WORD - 1)
    positive = [case.integer(f"{name} {one}", 1, WORD - 1, "T-ADL-4") for one in ("maintenance", "notional", "equity")]
    cash = case.integer(f"{name} cash", -MOST_CASH, MOST_CASH, "T-RANGE-6")
    return unrealised, *positive, cash, case.integer(f"{name} cost", 1 - WORD, WORD - 1)


@contextmanager
def wide_products(case: Case) -> Iterator[None]:
    """Within, the wide integers that deleveraging makes are products of words of at least zero."""

    def product(number: Any, factor: Any) -> Any:
        case.claim("factors are words of at least zero", is_whole_word(number) & is_whole_word(factor))
        case.assume(number * factor < WIDE, "T-MUL-2")
        return number * factor

    with within_words(case), instead_of(case, deleveraging, {"product": unchecked(case, product)}):
        yield


@theorem(
    "T-KERNEL-18", "ADL-02", of=(binance_score, bitmex_score), uses=("T-ADL-4", "T-KERNEL-7", "T-MUL-2"), fast=False
)
def scores_are_compared_exactly(case: Case) -> None:
    """Two scores compare as the rules compare them, in either ranking, without a product beyond 127 bits."""
    unit = case.integer("asset unit", 1, 10**8, "NUM-01")
    ranking = case.one_of("ranking", ("binance", "bitmex"))
    found, expected = [], []
    for name in ("first", "second"):
        unrealised, maintenance, notional, equity, cash, cost = score_parts(case, name)
        if ranking == "binance":
            score = binance_score(unrealised, cash, maintenance, equity, unit)
            factors = deleveraging.binance_score(unrealised, cash, maintenance, equity, unit)
        else:
            case.assume((cost > 0) | (cost < 0), "T-ADL-4")
            score = bitmex_score(unrealised, cost, notional, equity)
            factors = deleveraging.bitmex_score(unrealised, cost, notional, equity)
        above, times, below, by = factors
        case.claim(f"{name}: numerator", above * times == score.numerator)
        case.claim(f"{name}: denominator", below * by == score.denominator)
        case.claim(
            f"{name}: factors fit", fits(above) & is_whole_word(times) & is_whole_word(below) & is_whole_word(by)
        )
        case.claim(f"{name}: factors are positive", (times > 0) & (below > 0) & (by > 0))
        positive = implies(above > 0, above * times > 0) & implies(above < 0, above * times < 0)
        case.assume(positive & implies(above == 0, above * times == 0) & (below * by > 0), "T-MUL-2")
        found.append(factors)
        expected.append((above * times, below * by))
    (first, first_divisor), (second, second_divisor) = expected
    order = first * second_divisor - second * first_divisor
    for one, other in ((first, second_divisor), (second, first_divisor)):
        case.assume(implies(one > 0, one * other > 0) & implies(one < 0, one * other < 0), "T-MUL-2")
        case.assume(implies(one == 0, one * other == 0), "T-MUL-2")

    def compare(one: Any, one_divisor: Any, other: Any, other_divisor: Any) -> Any:
        numbers = (one, one_divisor, other, other_divisor)
        case.claim("both are fractions", (one >= 0) & (other >= 0) & (one_divisor > 0) & (other_divisor > 0))
        case.claim("of wide integers", (one < WIDE) & (one_divisor < WIDE) & (other < WIDE) & (other_divisor < WIDE))
        return sign_of(order_of(*numbers))

    with wide_products(case), instead_of(case, deleveraging, {"compare_fractions": unchecked(case, compare)}):
        answer = deleveraging.compare_scores(found[0], found[1])
    case.claim("the order of the scores", answer == sign_of(order))


@theorem("T-KERNEL-26", "ADL-02", of=(), uses=("T-KERNEL-5", "T-KERNEL-6", "T-MUL-2"))
def rough_scores_do_not_mislead(case: Case) -> None:
    """If rough parts of two scores show that the first is the higher one, it is; and rough parts fit 64 bits."""

    def part(number: Any, factor: Any, divisor: Any) -> Any:
        case.claim("words of at least zero", is_whole_word(number) & is_whole_word(divisor) & (divisor > 0))
        return number * factor // divisor

    def compare(first: Any, second: Any, third: Any, fourth: Any) -> Any:
        case.claim("words", is_whole_word(first) & is_whole_word(second) & is_whole_word(third) & is_whole_word(fourth))
        return sign_of(first * second - third * fourth)

    stubs = {"multiply_divide_down": unchecked(case, part), "compare_products": unchecked(case, compare)}
    with within_words(case), instead_of(case, deleveraging, stubs):
        (profit, above, below), (risk, times, by) = rough_of(case, "profit"), rough_of(case, "risk")
        (other_profit, other_above, other_below), (other_risk, other_times, other_by) = (
            rough_of(case, "other profit"),
            rough_of(case, "other risk"),
        )
        is_shown = deleveraging.surely_exceeds(profit, risk, other_profit, other_risk)
    # The first score is at least the product of its rough parts, the other below that of its own and a unit each.
    one = deleveraging.ROUGH_ONE
    not_less_by_a_factor(case, profit * below, above * one, risk * by)
    not_less_by_a_factor(case, risk * by, times * one, above * one)
    not_less_by_a_factor(case, other_above * one + 1, (other_profit + 1) * other_below, other_times * one)
    not_less_by_a_factor(case, other_times * one + 1, (other_risk + 1) * other_by, (other_profit + 1) * other_below)
    divisors = (below * by, other_below * other_by)
    case.assume((divisors[0] > 0) & (divisors[1] > 0) & (divisors[0] * divisors[1] > 0), "T-MUL-2")
    not_less_by_a_factor(case, (other_profit + 1) * (other_risk + 1), profit * risk, divisors[0] * divisors[1])
    least, most = profit * risk * divisors[0], (other_profit + 1) * (other_risk + 1) * divisors[1]
    score, other_score = above * times * one * one, other_above * other_times * one * one
    case.claim("the first is at least its rough product", least <= score)
    case.claim("the other is below its own", other_score < most)
    not_less_by_a_factor(case, least, score, divisors[1])
    not_less_by_a_factor(case, other_score + 1, most, divisors[0])
    case.claim("the higher one", implies(is_shown, score * divisors[1] > other_score * divisors[0]))


def rough_of(case: Case, name: str) -> tuple[Any, Any, Any]:
    """A rough part, with the number and the divisor that it is of."""
    number, divisor = case.integer(f"{name}: number", 1 - WORD, WORD - 1), case.integer(f"{name}: divisor", 1, WORD - 1)
    found = deleveraging.rough_part(number, divisor)
    case.assume(found != deleveraging.NOT_ROUGH, "rough scores are compared where there are some")
    case.claim(f"{name}: fits", is_whole_word(found + 1))
    return found, number, divisor


@contextmanager
def exact_comparisons(case: Case) -> Iterator[None]:
    """Within, products are compared as T-KERNEL-6 says; their words, and the opposites of these, must fit."""

    def compare(first: Any, second: Any, third: Any, fourth: Any) -> Any:
        case.claim("words", fits(first) & fits(third) & is_whole_word(second) & is_whole_word(fourth))
        case.claim("whose opposites fit", (first > -WORD) & (third > -WORD))
        case.claim("positive", (second > 0) & (fourth > 0))
        return sign_of(first * second - third * fourth)

    with within_words(case), instead_of(case, deleveraging, {"compare_products": unchecked(case, compare)}):
        yield


@theorem(
    "T-KERNEL-19",
    "ADL-04",
    of=(entry_is_no_worse,),
    uses=("T-KERNEL-6", "T-MUL-2", "T-RANGE-7", "T-RANGE-8", "T-RANGE-10"),
)
def one_fraction_tells_who_can_bear_a_lot(case: Case) -> None:
    """What each of a lot's lots loses is at most a counterparty's bearable loss exactly if ADL-04 lets the two meet.

    That is, if its entry is no worse than the lot's, and its domain can spare what one of the lots loses.
    """
    held, size = case.integer("held", 1, MAX_OPEN_INTEREST_MARKED), case.integer("size", 1, MAX_OPEN_INTEREST_MARKED)
    cost = case.integer("cost", -MAX_GROSS_COST, MAX_GROSS_COST, "T-RANGE-7")
    lot_cost = case.integer("lot's cost", -MOST_LOT_COST, MOST_LOT_COST, "T-RANGE-10")
    mark, spare = case.integer("mark of a lot", 1), case.integer("spare", 2 - WORD, WORD - 1)
    case.assume((mark * held <= MAX_OPEN_INTEREST_MARKED) & (mark * size <= MAX_OPEN_INTEREST_MARKED), "T-RANGE-8")
    unrealised, loss = case.integer("unrealised"), case.integer("loss", 1, source="ADL-01")
    side = 1 if bool(case.truth("the counterparty is long")) else -1
    gained, lost = side * mark * held - cost, lot_cost + side * mark * size
    case.assume((unrealised == gained) & (loss == lost), "names for these")
    for name, stated, factor in ((unrealised, gained, size), (loss, lost, held)):
        not_less_by_a_factor(case, name, stated, factor)
        not_less_by_a_factor(case, stated, name, factor)
    entry = entry_is_no_worse(side * held, cost, -side * size, lot_cost)
    case.claim("the entry is no worse if no less is gained", entry == (unrealised * size >= loss * held))
    not_less_by_a_factor(case, unrealised, (spare - 1) * held, size)
    not_less_by_a_factor(case, (spare - 1) * held, unrealised, size)
    not_less_by_a_factor(case, loss, (spare - 1) * size, held)
    not_less_by_a_factor(case, (spare - 1) * size + 1, loss, held)
    with exact_comparisons(case):
        found = deleveraging.is_no_less(*deleveraging.bearable_loss(unrealised, held, spare), loss, size)
    case.claim("both", found == (entry & ((spare - 1) * size >= loss)))


@theorem(
    "T-KERNEL-30", "ADL-01", "ADL-04", of=(wanted_quantity, released_loss), uses=("T-KERNEL-6", "T-MUL-1", "T-MUL-2")
)
def one_lot_may_close_exactly_if_the_trees_say_so(case: Case) -> None:
    """Something of a pair is wanted, and one lot has room, exactly if the bounds hold that the trees are searched by.

    At the lot's price: what each of its lots loses is within the bound of the step and what the domain can spare. At
    the counterparty's entry: it can give, and gains less for each of its lots than one more than the bound.
    """
    at_entry = bool(case.truth("at the counterparty's entry"))
    loss, size = case.integer("loss", 1, WORD - 1), case.integer("size", 1, MAX_OPEN_INTEREST_MARKED)
    shortfall, missing = case.integer("shortfall", 1, WORD - 2), case.integer("missing", 1, WORD - 1)
    spare = case.integer("spare", 2 - WORD, WORD - 1)
    terms = Terms(at_entry, Money(0), size, loss)
    with within_words(case):
        most = deleveraging.most_loss(shortfall, missing)
        gives = deleveraging.can_give(loss, size, spare)
    one, wanted = released_loss(terms, Quantity(1)), wanted_quantity(terms, shortfall, missing)
    restores = shortfall >= missing
    whole_multiples(case, one - spare, size)
    whole_multiples(case, one - spare + 1, size)
    whole_multiples(case, one - 1, size)
    not_less_by_a_factor(case, 1, size, most)
    if at_entry:
        for bound in (shortfall, missing - 1):
            beyond = -(-((bound + 1) * size) // loss)
            whole_multiples(case, beyond - 1, loss)
            whole_multiples(case, beyond - 2, loss)
            not_less_by_a_factor(case, 0, bound + 1, size)
        case.claim("some is wanted", (wanted >= 1) == (restores | (loss < (shortfall + 1) * size)))
        case.claim("it can give", gives == ((one >= 1) & (one < spare)))
    else:
        for bound in (shortfall, missing - 1):
            quotient = bound * size // loss
            whole_multiples(case, quotient, loss)
            whole_multiples(case, quotient - 1, loss)
            not_less_by_a_factor(case, 0, bound, size)
        case.claim("some is wanted", (wanted >= 1) == (most * size >= loss))
        case.claim("one has room", (one < spare) == ((spare - 1) * size >= loss))


@theorem("T-KERNEL-31", "ADL-01", of=(), uses=("T-KERNEL-6", "T-MUL-2"))
def a_lot_is_sought_by_the_lesser_of_two_bounds(case: Case) -> None:
    """A lot is found by the lesser of two bounds exactly if both bear it; a fraction rules out all below."""
    loss, size = case.integer("loss", 1, WORD - 1), case.integer("size", 1, WORD - 1)
    amount, over = case.integer("amount", 1 - WORD, WORD - 1), case.integer("over", 1, WORD - 1)
    most = case.integer("most", 1, WORD - 1)
    not_less_by_a_factor(case, amount, most * over, size)
    not_less_by_a_factor(case, most * over, amount, size)
    not_less_by_a_factor(case, loss, most * size, over)
    not_less_by_a_factor(case, most * size + 1, loss, over)
    with exact_comparisons(case):
        least, least_over = deleveraging.lesser(amount, over, most)
        sought = deleveraging.is_no_less(-loss, size, -least, least_over)
    case.claim("both", sought == ((amount * size >= loss * over) & (most * size >= loss)))
    below, below_over = case.integer("amount below", 1 - WORD, WORD - 1), case.integer("over below", 1, WORD - 1)
    other, other_over = case.integer("amount sought", 1 - WORD, WORD - 1), case.integer("over sought", 1, WORD - 1)
    case.assume(below * over <= amount * below_over, "a node's fraction is no less than those below it")
    not_less_by_a_factor(case, amount * other_over + 1, other * over, below_over)
    not_less_by_a_factor(case, below * over, amount * below_over, other_over)
    not_less_by_a_factor(case, other * below_over, below * other_over, over)
    case.claim("none below", implies(amount * other_over < other * over, below * other_over < other * below_over))


@theorem("T-KERNEL-37", "ADL-01", "ADL-04", of=(), uses=("T-KERNEL-6", "T-MUL-2"))
def a_gain_is_sought_below_the_lesser_of_two_bounds(case: Case) -> None:
    """A counterparty is found by minus its gain exactly if that is less than a lot loses and than one beyond a bound.

    Each for one of its lots, whatever their numbers; so is a lot by a gain that it loses more than.
    """
    loss, size = case.integer("loss", 1, WORD - 1), case.integer("size", 1, WORD - 1)
    gain, over = case.integer("gain", 1, WORD - 1), case.integer("over", 1, WORD - 1)
    most = case.integer("most", 1, WORD - 2)
    not_less_by_a_factor(case, loss, (most + 1) * size, over)
    not_less_by_a_factor(case, (most + 1) * size, loss, over)
    not_less_by_a_factor(case, gain, (most + 1) * over - 1, size)
    not_less_by_a_factor(case, (most + 1) * over, gain, size)
    with exact_comparisons(case):
        limit, limit_over = deleveraging.most_gain(loss, size, most)
        found = not deleveraging.is_no_less(-limit, limit_over, -gain, over)
        loses_more = not deleveraging.is_no_less(gain, over, loss, size)
        within = not deleveraging.is_no_less(gain, over, most + 1, 1)
    both = (gain * size < loss * over) & (gain < (most + 1) * over)
    case.claim("both", found == both)
    case.claim("of lots as well", (loses_more and within) == both)


@theorem(
    "T-KERNEL-20",
    "ADL-01",
    "ADL-04",
    of=(wanted_quantity, released_loss),
    uses=("T-KERNEL-5", "T-MUL-1", "T-MUL-2"),
    fast=False,
)
def steps_are_exact(case: Case) -> None:
    """How much a step of deleveraging is to close, and what that releases, is what the rules say, within 64 bits.

    Of what is wanted beyond the size of whose loss it is a part nothing is said but that it is beyond.
    """
    at_entry = bool(case.truth("at the counterparty's entry"))
    loss, size = case.integer("loss", 1, WORD - 1), case.integer("size", 1, MAX_OPEN_INTEREST_MARKED)
    shortfall, missing = case.integer("shortfall", 1, WORD - 2), case.integer("missing", 1, WORD - 1)
    part = case.integer("part", 1)
    case.assume(part <= size, "ADL-01")
    terms = Terms(at_entry, Money(0), size, loss)
    for amount in (missing - 1, shortfall):
        quotient = -(-((amount + 1) * size) // loss) if at_entry else amount * size // loss
        for less, more in ((loss, amount), (amount, loss), (amount + 1, loss), (loss, amount + 1), (0, amount)):
            not_less_by_a_factor(case, less, more, size)
        for beyond in (quotient - size - 1, quotient - size, quotient + 1 - size, quotient, quotient - 1):
            whole_multiples(case, beyond, loss)
    not_less_by_a_factor(case, part, size, loss)
    whole_multiples(case, released_loss(terms, part) - loss, size)
    whole_multiples(case, released_loss(terms, part) + 1, size)

    def down(amount: Any, whole: Any, of_loss: Any) -> Any:
        fit = (amount >= 0) & (amount < WORD) & is_whole_word(whole) & (of_loss > 0) & (of_loss < WORD)
        case.claim("words of at least zero", fit)
        return amount * whole // of_loss

    def up(amount: Any, whole: Any, of_loss: Any) -> Any:
        down(amount, whole, of_loss)
        return -(-(amount * whole) // of_loss)

    stubs = {"multiply_divide_down": unchecked(case, down), "multiply_divide_up": unchecked(case, up)}
    with within_words(case), instead_of(case, deleveraging, stubs):
        found = deleveraging.wanted_quantity(at_entry, loss, size, shortfall, missing)
        released = deleveraging.released_loss(at_entry, loss, size, part)
    wanted = wanted_quantity(terms, shortfall, missing)
    case.claim("the same is wanted", (found == wanted) | ((found >= size) & (wanted >= size)))
    case.claim("the same is released", released == released_loss(terms, part))
