"""Kernels: each function of the engine's arithmetic equals the rule that it stands for, within 64 bits.

The kernels run on symbols as they stand. What compiled code asks floating point, a quotient that is almost right, is
any integer as near as T-KERNEL-1 and T-KERNEL-2 promise; wide integers are the products of two words.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import attrs

from marginspec.handlers.funding import funding_due
from marginspec.handlers.trading import closing_part, insurance_part, opening_margin, returned_margin, trade_fee
from marginspec.margin import margin as rules_of_margin
from marginspec.margin.bands import Exposure, PriceView, health_at
from marginspec.margin.closing import released_cost
from marginspec.margin.margin import (
    DomainMargin,
    OrderLoad,
    add_order,
    available_margin,
    domain_margin,
    exact_maintenance,
    initial_margin,
    is_healthy,
    load_margin,
    maintenance_margin,
    movable_margin,
)
from marginspec.model.account import Order
from marginspec.model.market import Market, Tier, TierTable
from marginspec.model.units import (
    MAX_AMOUNT,
    MAX_GROSS_COST,
    MAX_LEVERAGE,
    MAX_OPEN_INTEREST_MARKED,
    MAX_PRICE,
    MAX_VALUE,
    NOTHING,
    RATE_ONE,
    Price,
    Rate,
    div_down,
    div_up,
    next_share,
    share_pro_rata,
)
from marginspec.settlement.deleveraging import entry_is_no_worse, step_quantity
from marginspec.settlement.liquidation import clearance_fee, equity_shares, stepped_down_size
from marginspec.settlement.rankings import binance_score, bitmex_score
from marginspec.settlement.waterfall import draw_amounts, shortfall_of
from marginspec_engine.kernels import bands, deleveraging, margin, quotients, rates, trading, waterfall, wide
from marginspec_engine.rules.market import turn_above, turn_below
from marginspec_proofs.prover.contracts import instead_of
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import Integer, implies, negate
from marginspec_proofs.prover.worlds import ASSET, NO_FEES, ONE_TIER, World
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples
from marginspec_proofs.theorems.ranges import LEAST_EQUITY, MOST_CASH, MOST_EQUITY, MOST_LOT_COST
from marginspec_proofs.theorems.tiers import AnyTable

MARKET = Market("first", ASSET, 0, 0, 1, Price(1), ONE_TIER, NO_FEES, Price(1))
WORD = 2**63
WIDE = 2**127


# ------------------------------------------------------------- what fits


def fits(number: Any, most: int = WORD) -> Any:
    """Whether an integer fits a word of 64 bits, sign included; or another size."""
    return (-most <= number) & (number < most)


OPERATIONS = ("add", "radd", "sub", "rsub", "mul", "rmul", "floordiv", "rfloordiv", "neg")
PLAIN = {f"__{name}__": getattr(Integer, f"__{name}__") for name in OPERATIONS}
"""What symbols do where nothing is checked."""


@contextmanager
def words(case: Case) -> Iterator[None]:
    """Every sum, difference, product, quotient and opposite of symbols in here is claimed to fit 64 bits."""

    def checked(name: str, plain: Any) -> Any:
        def operation(self: Any, *others: Any) -> Any:
            answer = plain(self, *others)
            with instead_of(case, Integer, PLAIN):
                case.claim(f"{name.strip('_')} fits 64 bits", fits(answer))
            return answer

        return operation

    with instead_of(case, Integer, {name: checked(name, plain) for name, plain in PLAIN.items()}):
        yield


def unchecked(case: Case, function: Any) -> Any:
    """A function that computes on symbols without checks: what it states is no part of the kernel."""

    def run(*given: Any) -> Any:
        with instead_of(case, Integer, PLAIN):
            return function(*given)

    return run


class Hints:
    """Answers of floating point: any integers within the contract of the compiled forms, in order of asking."""

    def __init__(self, case: Case, rate: Any = None) -> None:
        self.case = case
        self.rate = rate
        self.asked = 0

    def any_integer(self) -> Any:
        """The next answer, on symbols."""
        self.asked += 1
        return self.case.integer(f"hint {self.asked}", source="T-KERNEL-1")

    def nearest(self, number: Any) -> Any:
        """T-KERNEL-1: what is left of a number of 63 bits is at most three quarters of a hundred million."""
        self.case.claim("what is asked fits 64 bits", fits(number))
        answer = self.any_integer()
        rest = number - answer * RATE_ONE
        self.case.assume((4 * rest >= -3 * RATE_ONE) & (4 * rest <= 3 * RATE_ONE), "T-KERNEL-1")
        if self.rate is not None:
            no_more_by_a_rate(self.case, answer, self.rate)
            no_more_by_a_rate(self.case, rest, self.rate)
        return answer


@contextmanager
def compiled(case: Case, rate: Any = None) -> Iterator[None]:
    """Within, symbols are computed with as in compiled code: hints are any that its contract allows, all fits."""
    hints = Hints(case, rate)
    # The checks are put on last, so that what hints and assumptions compute is not checked.
    with words(case), instead_of(case, rates, {"nearest_hint": unchecked(case, hints.nearest)}):
        yield


# ------------------------------------------------------------- hints of floating point

HALF_UNIT = 53
"""A result of floating point is rounded by at most a part in 2^53 (IEEE 754, binary64, to nearest)."""
SCALE = 2**200
"""Results of floating point that are not whole are counted in 2^-200: here each is a whole number of these."""


def rounded(case: Case, name: str, exact: Any, times: Any = 1) -> Any:
    """A whole number that, `times` as often, is `exact` (>= 0) but for the rounding of floating point."""
    answer = case.integer(name, 0, source="IEEE 754")
    error = (answer * times - exact) * 2**HALF_UNIT
    case.assume((-exact <= error) & (error <= exact), "IEEE 754")
    return answer


@theorem("T-KERNEL-1", "NUM-02", of=())
def a_hint_at_a_rate_is_near(case: Case) -> None:
    """A word times 1e-8 in floating point, to the nearest whole, leaves at most three quarters of a hundred million.

    Assumed of floating point: conversion and product are rounded by at most a part in 2^53. Of a negative word all is
    opposite.
    """
    number = case.integer("number", 0, WORD)
    numerator, denominator = rates.ONE_OVER_RATE.as_integer_ratio()
    converted = rounded(case, "converted", number)
    quotient = rounded(case, "quotient in 2^-200", converted * numerator * SCALE, denominator)
    nearest = case.integer("nearest")
    away = 2 * (nearest * SCALE - quotient)
    case.assume((away >= -SCALE) & (away <= SCALE), "IEEE 754")
    rest = 4 * (number - nearest * RATE_ONE)
    case.claim("what is left", (rest >= -3 * RATE_ONE) & (rest <= 3 * RATE_ONE))
    case.claim("the hint fits 64 bits", fits(nearest))


def as_float(case: Case, name: str, number: Any) -> Any:
    """A wide integer in floating point: its words are converted, and added once the higher one is shifted."""
    high, low = case.integer(f"higher word of {name}", 0, WORD), case.integer(f"lower word of {name}", 0, 2 * WORD - 1)
    case.assume(number == high * 2 * WORD + low, "a wide integer is two words")
    converted = rounded(case, f"{name}, higher", high) * 2 * WORD + rounded(case, f"{name}, lower", low)
    return rounded(case, f"{name} as a float", converted)


def near_whole(wide_integer: Any, divisor: Any, answer: Any) -> Any:
    """The contract of a hint on wholes: never too many, and few are missing, unless it answers the most."""
    rest = wide_integer - answer * divisor
    few = rest * 2**47 <= wide_integer + divisor * 2**47
    return (answer >= 0) & (answer <= wide.MOST_WHOLES) & (rest >= 0) & (few | (answer == wide.MOST_WHOLES))


def careful_hint(case: Case, above: Any, below: Any, divisor: Any) -> tuple[Any, Any]:
    """A quotient in floating point, made a little less, in 2^-200, and a hint that is still to be said to be its whole.

    Both, and what they are made of, are kept in order by the divisor in floating point, as that is by the hint.
    """
    numerator, denominator = wide.CAUTION.as_integer_ratio()
    quotient = rounded(case, "quotient in 2^-200", above * SCALE, below)
    careful = rounded(case, "careful in 2^-200", quotient * numerator, denominator)
    answer = case.integer("hint", 0, source="it is cut to a whole number")
    few, many = 2**HALF_UNIT - 1, 2**HALF_UNIT + 1
    not_less_by_a_factor(case, answer * SCALE, careful, below)
    not_less_by_a_factor(case, careful, answer * SCALE + SCALE, below)
    not_less_by_a_factor(case, careful * denominator * 2**HALF_UNIT, quotient * numerator * many, below)
    not_less_by_a_factor(case, quotient * numerator * few, careful * denominator * 2**HALF_UNIT, below)
    not_less_by_a_factor(case, divisor * (2**51 - 1), below * 2**51, answer)
    not_less_by_a_factor(case, below * 2**51, divisor * (2**51 + 1), answer)
    return careful, answer


@theorem("T-KERNEL-2", "NUM-02", of=(), uses=("T-MUL-2",))
def a_hint_of_wholes_is_near(case: Case) -> None:
    """A quotient of wide integers in floating point, a little less, is never too much and by a part in 2^47 too little.

    Assumed of floating point: conversions, sums, quotients and products are rounded by at most a part in 2^53.
    """
    number, divisor = case.integer("wide", 0, WIDE - 1), case.integer("divisor", 1, WIDE - 1)
    above, below = as_float(case, "wide", number), as_float(case, "divisor", divisor)
    for name, one, other in (("dividend", above, number), ("divisor", below, divisor)):
        error = (one - other) * 2**51
        case.claim(f"{name} as a float is near", (-other <= error) & (error <= other))
    careful, answer = careful_hint(case, above, below, divisor)
    most = careful >= wide.MOST_WHOLES * SCALE
    cut = (answer * SCALE <= careful) & (careful < answer * SCALE + SCALE)
    case.assume(implies(most, answer == wide.MOST_WHOLES) & implies(negate(most), cut), "it is cut to a whole number")
    case.claim("never too many", answer * divisor <= number)
    case.claim("few are missing", near_whole(number, divisor, answer))
    case.claim("the hint fits 64 bits", fits(answer))


# ------------------------------------------------------------- wide integers


def whole_word(number: Any) -> Any:
    """Whether a number is at least zero and fits 63 bits."""
    return (number >= 0) & (number < WORD)


@contextmanager
def wide_integers(case: Case) -> Iterator[None]:
    """Within, wide integers of symbols are made as in compiled code, and all that they need is claimed."""
    hints = Hints(case)

    def product(number: Any, factor: Any) -> Any:
        case.claim("factors are words of at least zero", whole_word(number) & whole_word(factor))
        return number * factor

    def less_times(number: Any, times: Any, other: Any) -> Any:
        case.claim("times is a word of at least zero", whole_word(times))
        case.claim("nothing below zero is left", times * other <= number)
        return number - times * other

    def grown(number: Any) -> Any:
        case.claim("it fits when grown", number * wide.GROWTH < WIDE)
        return number * wide.GROWTH

    def wholes_hint(number: Any, divisor: Any) -> Any:
        case.claim("the divisor is positive", divisor > 0)
        answer = hints.any_integer()
        case.assume(near_whole(number, divisor, answer), "T-KERNEL-2")
        return answer

    operations = {"product": product, "less_times": less_times, "grown": grown, "wholes_hint": wholes_hint}
    with words(case), instead_of(case, wide, {name: unchecked(case, one) for name, one in operations.items()}):
        yield


@theorem("T-KERNEL-4", "NUM-02", of=(div_down,), uses=("T-KERNEL-2", "T-MUL-1", "T-MUL-2"))
def wide_integers_are_divided_exactly(case: Case) -> None:
    """Two hints and one comparison give the exact quotient and rest of a wide integer, if the quotient fits 63 bits."""
    number, divisor = case.integer("wide", 0, WIDE - 1), case.integer("divisor", 1, WIDE - 1)
    case.assume(number < divisor * WORD, "the quotient fits")
    with wide_integers(case):
        quotient, rest = wide.divided(number, divisor)
    case.claim("the rest is less than the divisor", (rest >= 0) & (rest < divisor))
    case.claim("nothing is lost", quotient * divisor + rest == number)
    expected = div_down(number, divisor)
    whole_multiples(case, quotient - expected, divisor)
    case.claim("exact", quotient == expected)


@contextmanager
def wide_products(case: Case) -> Iterator[None]:
    """Within, the wide integers that deleveraging makes are products of words of at least zero."""

    def product(number: Any, factor: Any) -> Any:
        case.claim("factors are words of at least zero", whole_word(number) & whole_word(factor))
        case.assume(number * factor < WIDE, "T-MUL-2")
        return number * factor

    with words(case), instead_of(case, deleveraging, {"product": unchecked(case, product)}):
        yield


def conjoined(conditions: list[Any]) -> Any:
    """All of them, without branching."""
    every = conditions[0]
    for one in conditions[1:]:
        every = every & one
    return every


@contextmanager
def exact_division(case: Case) -> Iterator[None]:
    """Within, wide integers are divided as T-KERNEL-4 says, and what that needs is claimed."""

    def divided(number: Any, divisor: Any) -> tuple[Any, Any]:
        case.claim("the quotient fits", number < divisor * WORD)
        quotient = number // divisor
        return quotient, number - quotient * divisor

    with wide_integers(case), instead_of(case, wide, {"divided": unchecked(case, divided)}):
        yield


@theorem("T-KERNEL-5", "NUM-02", of=(div_down, div_up), uses=("T-KERNEL-4", "T-MUL-1"))
def parts_of_amounts_are_exact(case: Case) -> None:
    """A number's part, a factor over a divisor, is exact, rounded down or up, if it fits 63 bits."""
    number, divisor = case.integer("number", 1 - WORD, WORD - 1), case.integer("divisor", 1, WORD - 1)
    factor = case.integer("factor", 0, WORD - 1)
    function = case.one_of("function", (wide.multiply_divide_down, wide.multiply_divide_up, wide.divide_exactly))
    case.assume((number * factor < divisor * WORD - divisor) & (-number * factor < divisor * WORD - divisor), "it fits")
    sign = 1 if number >= 0 else -1
    case.assume(sign * number * factor >= 0, "T-MUL-2")
    if function is wide.divide_exactly:
        case.assume(number >= 0, "it divides what is at least zero")
    with exact_division(case):
        found = function(number, factor, divisor)
    down, up = div_down(number * factor, divisor), div_up(number * factor, divisor)
    if function is wide.divide_exactly:
        case.claim("floor", found[0] == down)
        case.claim("whether it is exact", found[1] == (down * divisor == number * factor))
        return
    expected = down if function is wide.multiply_divide_down else up
    whole_multiples(case, found - expected, divisor)
    case.claim("exact", found == expected)


def sign_of(number: Any) -> Any:
    """1, 0 or -1."""
    if number > 0:
        return 1
    return 0 if number == 0 else -1


@theorem("T-KERNEL-6", "NUM-02", of=(), uses=("T-MUL-2",))
def products_are_compared_exactly(case: Case) -> None:
    """Two products, each of a signed word and a positive one, are compared exactly."""
    first, third = case.integer("first", 1 - WORD, WORD - 1), case.integer("third", 1 - WORD, WORD - 1)
    second, fourth = case.integer("second", 1, WORD - 1), case.integer("fourth", 1, WORD - 1)
    for one, other in ((first, second), (third, fourth)):
        case.assume(implies(one >= 0, one * other >= 0) & implies(one < 0, one * other <= -1), "T-MUL-2")
    with wide_integers(case):
        found = wide.compare_products(first, second, third, fourth)
    case.claim("exact", found == sign_of(first * second - third * fourth))


def any_fractions(case: Case) -> tuple[Any, Any, Any, Any]:
    """Two fractions of wide integers with positive divisors."""
    above = [case.integer(f"{place} numerator", 0, WIDE - 1) for place in ("first", "second")]
    below = [case.integer(f"{place} divisor", 1, WIDE - 1) for place in ("first", "second")]
    return above[0], below[0], above[1], below[1]


def order_of(first: Any, first_divisor: Any, second: Any, second_divisor: Any) -> Any:
    """How two fractions compare, multiplied out: what no 128 bits can hold."""
    return first * second_divisor - second * first_divisor


@theorem("T-KERNEL-7", "ADL-02", of=(), scope=INDUCTION, uses=("T-KERNEL-2", "T-MUL-2"))
def fractions_are_compared_exactly(case: Case) -> None:
    """Fractions of wide integers are compared exactly by steps that keep their order and end, and all fits 127 bits.

    The sum of the four numbers falls with each step, but for the one that turns both upside down, after which both are
    above one: so at most every second step is such.
    """
    given = any_fractions(case)
    first, first_divisor, second, second_divisor = given
    not_less_by_a_factor(case, first_divisor, first, second_divisor)
    not_less_by_a_factor(case, second_divisor, second, first_divisor)
    not_less_by_a_factor(case, first + 1, first_divisor, second_divisor)
    not_less_by_a_factor(case, second + 1, second_divisor, first_divisor)
    for one, other in ((first, second_divisor), (second, first_divisor)):
        case.assume(implies(one >= 1, one * other >= 1) & implies(one == 0, one * other == 0), "T-MUL-2")
    with wide_integers(case):
        seen = wide.order_seen(*given)
    if seen != wide.UNDECIDED:
        case.claim("base: what is seen at once is the order", seen == sign_of(order_of(*given)))
        return
    with wide_integers(case):
        after = wide.euclidean_step(*given)
    case.claim("step: the order is kept", order_of(*after) == order_of(*given))
    for name, number in zip(("numerator", "divisor") * 2, after, strict=True):
        case.claim(
            f"step: a {name} of at least {int(name == 'divisor')} fits",
            (number >= (name == "divisor")) & (number < WIDE),
        )
    falls = sum(after) < sum(given)
    turned = (sum(after) == sum(given)) & (after[0] > after[1]) & (after[2] > after[3])
    case.claim("step: the sum falls, or both are now above one", falls | turned)


# ------------------------------------------------------------- rates


def no_more_by_a_rate(case: Case, number: Any, rate: Any) -> None:
    """Use T-MUL-2: at a rate between -1 and 1, a number is no more than it is at 1, without signs."""
    product, whole = number * rate, number * RATE_ONE
    case.assume(implies(number >= 0, (-whole <= product) & (product <= whole)), "T-MUL-2")
    case.assume(implies(number <= 0, (whole <= product) & (product <= -whole)), "T-MUL-2")


@theorem("T-KERNEL-3", "NUM-02", "NUM-03", "MRG-04", "TRD-01", "FND-01", of=(div_down, div_up), uses=("T-MUL-2",))
def parts_at_a_rate_are_exact(case: Case) -> None:
    """A part of an amount at a rate is rounded exactly, down and up, without a number beyond 64 bits on the way."""
    number, rate = case.integer("number", -MAX_VALUE, MAX_VALUE), case.integer("rate", -RATE_ONE, RATE_ONE)
    less = case.integer("less", 0, RATE_ONE)
    is_up = bool(case.truth("up"))
    with compiled(case, rate):
        found = rates.part_up(number, rate, less) if is_up else rates.part_down(number, rate)
    if is_up:
        case.claim("rounded up", found == div_up(number * rate - less, RATE_ONE))
    else:
        case.claim("rounded down", found == div_down(number * rate, RATE_ONE))


@contextmanager
def exact_parts(case: Case) -> Iterator[None]:
    """Within, parts at a rate are as T-KERNEL-3 says, those of amounts as T-KERNEL-5; what they need is claimed."""

    def part_up(number: Any, rate: Any, less: Any) -> Any:
        within = (number >= -MAX_VALUE) & (number <= MAX_VALUE) & (rate >= -RATE_ONE) & (rate <= RATE_ONE)
        case.claim("number and rate are within T-KERNEL-3", within & (less >= 0) & (less <= RATE_ONE))
        no_more_by_a_rate(case, number, rate)
        return div_up(number * rate - less, RATE_ONE)

    def part_down(number: Any, rate: Any) -> Any:
        within = (number >= -MAX_VALUE) & (number <= MAX_VALUE) & (rate >= -RATE_ONE) & (rate <= RATE_ONE)
        case.claim("number and rate are within T-KERNEL-3", within)
        no_more_by_a_rate(case, number, rate)
        return div_down(number * rate, RATE_ONE)

    def whole_part(number: Any, factor: Any, divisor: Any) -> None:
        """What T-KERNEL-5 asks; a factor of at most the divisor gives no more than the number."""
        words_in = fits(number) & whole_word(factor) & whole_word(divisor) & (divisor > 0)
        case.claim("number, factor and divisor are words", words_in)
        not_less_by_a_factor(case, factor, divisor, number)
        not_less_by_a_factor(case, factor, divisor, -number)
        most = divisor * WORD - divisor
        case.claim("the part fits", (number * factor < most) & (-number * factor < most))

    def multiply_divide_down(number: Any, factor: Any, divisor: Any) -> Any:
        whole_part(number, factor, divisor)
        return div_down(number * factor, divisor)

    def multiply_divide_up(number: Any, factor: Any, divisor: Any) -> Any:
        whole_part(number, factor, divisor)
        return div_up(number * factor, divisor)

    def divide_exactly(number: Any, factor: Any, divisor: Any) -> Any:
        whole_part(number, factor, divisor)
        floor = div_down(number * factor, divisor)
        return floor, floor * divisor == number * factor

    known = (part_up, part_down, multiply_divide_down, multiply_divide_up, divide_exactly)
    with ExitStack() as stack:
        stack.enter_context(words(case))
        for module in (margin, trading, waterfall, deleveraging):
            theirs = {one.__name__: unchecked(case, one) for one in known if hasattr(module, one.__name__)}
            stack.enter_context(instead_of(case, module, theirs))
        yield


# ------------------------------------------------------------- values and margin


@theorem("T-KERNEL-8", "NUM-01", "NUM-03", of=(Market.value, Market.at_mark), uses=("T-MUL-2",))
def values_are_exact(case: Case) -> None:
    """A value below 2^63 is multiplied out within 64 bits; whether a value is within a limit is told without it."""
    price, per_unit = case.integer("price", 1, WORD - 1), case.integer("quanta per unit", 1, 10**8, "MKT-01")
    quantity, most = case.integer("quantity", 1 - WORD, WORD - 1), case.integer("most", 0, WORD - 1)
    market = attrs.evolve(MARKET, quanta_per_unit=per_unit, mark=price)
    lots = quantity * per_unit
    for one in (quantity, -quantity):
        not_less_by_a_factor(case, 1, per_unit, one)
    for one in (lots, -lots):
        not_less_by_a_factor(case, 1, price, one)
    value = market.value(price, quantity)
    case.claim("at mark", value == market.at_mark(quantity))
    if case.truth("value"):
        case.assume(fits(value), "NUM-03")
        with words(case):
            found = margin.value_of(price, quantity, per_unit)
        case.claim("exact", found == value)
        return
    case.assume(quantity >= 0, "a limit is for what has no sign")
    least = most // per_unit
    unit_value = price * per_unit
    not_less_by_a_factor(case, least + 1, price, per_unit)
    not_less_by_a_factor(case, price, least, per_unit)
    not_less_by_a_factor(case, 1, quantity, unit_value)
    not_less_by_a_factor(case, 1, price, per_unit)
    with words(case):
        found = margin.value_fits(price, quantity, per_unit, most)
    largest = most // unit_value
    not_less_by_a_factor(case, quantity, largest, unit_value)
    not_less_by_a_factor(case, largest + 1, quantity, unit_value)
    case.claim("within exactly if the value is", found == (value <= most))


MOST_TIERS = 6


@theorem("T-KERNEL-9", "MKT-02", of=(TierTable.holding,), scope="bounded: tables of 1 to 6 tiers", fast=False)
def the_tier_is_found(case: Case) -> None:
    """The place that is found in the columns is that of the tier which holds the notional."""
    count = case.one_of("further tiers", tuple(range(MOST_TIERS))) + 1
    notional = case.integer("notional", 0, WORD - 1)
    before = case.one_of("rows of other tables before it", (0, 7))
    floors: list[Any] = [0, *(case.integer(f"floor {place}", 1, MAX_AMOUNT, "MKT-02") for place in range(1, count))]
    # The rows are told apart by a plain number, so that which one is held is not itself a symbol.
    table = TierTable(tuple(Tier(floor, place, Rate(1), 0) for place, floor in enumerate(floors)))
    held = table.holding(notional).max_leverage
    with words(case):
        found = margin.tier_place(notional, [0] * before + floors, before, before + count)
    case.claim("the same tier", found == before + held)


def any_tier(case: Case) -> tuple[Tier, Any, Any]:
    """A tier as MKT-02 has them, with its deduction as whole quanta and a rest in 1e-8 of a quantum."""
    rate, leverage = case.integer("rate", 0, RATE_ONE, "MKT-01"), case.integer("tier's leverage", 1, MAX_LEVERAGE)
    quanta, rest = case.integer("deduction's quanta", 0, MAX_AMOUNT, "T-RANGE-3"), case.integer("rest", 0, RATE_ONE - 1)
    return Tier(NOTHING, leverage, rate, quanta * RATE_ONE + rest), quanta, rest


@theorem(
    "T-KERNEL-10",
    "MRG-01",
    "MRG-02",
    "MRG-04",
    of=(maintenance_margin, initial_margin),
    uses=("T-KERNEL-3", "T-MUL-2", "T-RANGE-3"),
)
def margins_are_exact(case: Case) -> None:
    """Maintenance and initial margin of a notional of at most 2^62 are the rules', in any tier."""
    notional, leverage = case.integer("notional", 0, MAX_VALUE), case.integer("leverage", 1, MAX_LEVERAGE)
    tier, quanta, rest = any_tier(case)
    expected = maintenance_margin(notional, tier)
    case.assume(exact_maintenance(notional, tier) >= 0, "T-TIER-2")
    with exact_parts(case):
        found = margin.maintenance_margin(notional, tier.maintenance_rate, quanta, rest)
    case.claim("maintenance", found == expected)
    case.claim("maintenance is at most the notional", (found >= 0) & (found <= notional))
    with exact_parts(case):
        initial = margin.initial_margin(notional, leverage, tier.max_leverage, found)
    case.claim("initial", initial == initial_margin(notional, leverage, tier, expected))
    lesser = min(leverage, tier.max_leverage)
    not_less_by_a_factor(case, 1, lesser, div_up(notional, lesser))
    case.claim("initial is at most a quantum above the notional", (initial >= 0) & (initial <= notional + 1))


@theorem("T-KERNEL-11", "MRG-05", "ACC-03", of=(domain_margin, is_healthy), scope=INDUCTION, uses=("T-RANGE-6",))
def equity_is_exact(case: Case) -> None:
    """A domain's equity is summed as the rules sum it, and no partial sum leaves 64 bits, for any number of positions.

    Of the positions still to come, values of either side are at most 2^61 and costs, without their signs, 2^60.
    """
    world = World(case)
    market = world.market("first")
    domain = world.account("alice")
    key = world.position("alice", market, bool(case.truth("long")))
    begun = domain_margin(world.state, domain)
    figures = begun.positions[0]
    value, cost = market.at_mark(world.state.positions[key]), figures.cost
    coming = [case.integer(f"{name} to come", 0, MAX_OPEN_INTEREST_MARKED, "T-RANGE-8") for name in ("longs", "shorts")]
    costs = [case.integer(f"{name} costs to come", 0, MAX_GROSS_COST, "T-RANGE-7") for name in ("positive", "negative")]
    for one in (cost, -cost):
        case.assume(one + costs[0] + costs[1] <= MAX_GROSS_COST, "T-RANGE-7")
    case.assume((value + coming[0] <= MAX_OPEN_INTEREST_MARKED), "T-RANGE-8")
    case.assume((coming[1] - value <= MAX_OPEN_INTEREST_MARKED), "T-RANGE-8")
    left = coming[0] - coming[1] - costs[0] + costs[1]
    partial = case.integer("equity so far")
    whole = partial + value - cost + left
    case.assume((whole >= LEAST_EQUITY) & (whole <= MOST_EQUITY), "T-RANGE-4")
    with words(case):
        summed = margin.equity_with(partial, value, cost)
        gained = margin.unrealised(value, cost)
    case.claim("step: the sum with one position more", summed == partial + figures.unrealised)
    case.claim("step: unrealised", gained == figures.unrealised)
    case.claim("step: nothing but the rest is missing", summed + left == whole)
    case.assume((begun.equity >= LEAST_EQUITY) & (begun.equity <= MOST_EQUITY), "T-RANGE-4")
    with words(case):
        alone = margin.equity_with(begun.cash, value, cost)
    case.claim("base: one position alone", alone == begun.equity)
    healthy = margin.is_healthy(False, begun.equity, begun.maintenance)
    case.claim("base: health", healthy == is_healthy(begun))
    case.claim("base: what is flat is healthy", margin.is_healthy(True, begun.equity, begun.maintenance))


# ------------------------------------------------------------- orders


@theorem("T-KERNEL-12", "MRG-03", "MRG-06", of=(add_order, load_margin))
def order_margin_is_exact(case: Case) -> None:
    """Order margin is the rules' as long as lots and values fit: lots bid and asked for, open loss and both margins.

    Where they do not, the engine leaves 64 bits: the same functions run on integers without limit.
    """
    side, quantity = case.one_of("side", ("BOTH", "LONG", "SHORT")), case.integer("quantity", 1 - 2**53, 2**53 - 1)
    case.assume((quantity > 0) | (quantity < 0), "an order is of some lots")
    price, mark = case.integer("limit", 1, MAX_PRICE), case.integer("mark", 1, MAX_PRICE)
    reduce_only = bool(case.truth("reduce only"))
    any_table: Any = AnyTable(case, "tier")
    market = attrs.evolve(MARKET, mark=mark, tiers=any_table)
    limit_value, at_mark = market.value(price, quantity), market.at_mark(quantity)
    for one in (limit_value, at_mark):
        case.assume((one >= -MAX_VALUE) & (one <= MAX_VALUE), "NUM-03")
    bids, asks, loss = (case.integer(name, 0, MAX_VALUE) for name in ("bids", "asks", "open loss"))
    load = OrderLoad(bids, asks, loss)
    after = add_order(load, Order("1", "first", side, quantity, price, reduce_only), market)
    sign = {"BOTH": 0, "LONG": 1, "SHORT": -1}[side]
    with words(case):
        counts = margin.may_open(sign, quantity, reduce_only)
        own_loss = margin.open_loss(limit_value, at_mark)
        loaded: Any = margin.load_with(bids, asks, loss, quantity, own_loss)
        counted = OrderLoad(*loaded) if counts else load
    for name in ("bids", "asks", "open_loss"):
        case.claim(f"{name} with one order more", getattr(counted, name) == getattr(after, name))


@theorem("T-KERNEL-13", "MRG-03", of=(load_margin,), uses=("T-KERNEL-10",))
def what_orders_reserve_is_exact(case: Case) -> None:
    """The larger position that orders may lead to, and order margin, are the rules', within 64 bits."""
    held = case.integer("held", -MAX_OPEN_INTEREST_MARKED, MAX_OPEN_INTEREST_MARKED)
    bids, asks = (case.integer(name, 0, MAX_VALUE) for name in ("bids", "asks"))
    loss = case.integer("open loss", 0, MAX_VALUE // 2)
    initials: list[tuple[Any, Any]] = []

    def initial_of(quantity: Any, _leverage: int, _market: Market) -> Any:
        initials.append((quantity, case.integer(f"initial {len(initials)}", 0, MAX_VALUE + 1, "T-KERNEL-10")))
        return initials[-1][1]

    with patch.object(rules_of_margin, "initial_margin_of", initial_of):
        expected = load_margin(OrderLoad(bids, asks, loss), held, 20, MARKET)
    with words(case):
        larger = margin.larger_position(held, bids, asks)
        found = margin.order_margin(initials[0][1], initials[1][1], loss)
    case.claim("the larger position", (larger == initials[0][0]) & (initials[1][0] == held))
    case.claim("order margin", found == expected)


@theorem("T-KERNEL-23", "MRG-06", of=(available_margin, movable_margin))
def what_is_left_of_margin_is_exact(case: Case) -> None:
    """What is available for orders and what is movable are the rules', within 64 bits."""
    cash, equity = case.integer("cash", -MOST_CASH, MOST_CASH), case.integer("equity", LEAST_EQUITY, MOST_EQUITY)
    initial, reserved = case.integer("initial", 0, MAX_VALUE), case.integer("reserved", 0, WORD - 1)
    figures = DomainMargin(cash, equity, NOTHING, ())
    if case.truth("movable"):
        with words(case):
            movable = margin.movable_margin(cash, equity, initial, reserved)
        case.claim("movable", movable == movable_margin(figures, initial, reserved))
    else:
        with words(case):
            available = margin.available_margin(equity, initial, reserved)
        case.claim("available", available == available_margin(figures, initial, reserved))


# ------------------------------------------------------------- trading and funding


@theorem(
    "T-KERNEL-14",
    "NUM-02",
    "TRD-01",
    "FND-01",
    "LIQ-02",
    of=(trade_fee, insurance_part, funding_due, clearance_fee),
    uses=("T-KERNEL-3", "T-MUL-2"),
)
def fees_and_funding_are_exact(case: Case) -> None:
    """Fees, the insurance fund's part, funding and the clearance fee of values up to 2^62 are the rules'."""
    value, rate = case.integer("value", -MAX_VALUE, MAX_VALUE), case.integer("rate", 0, RATE_ONE, "MKT-01")
    released, equity = case.integer("released", 0, MAX_VALUE), case.integer("equity", 0, MOST_EQUITY)
    function = case.one_of("function", ("fee", "insurance", "funding", "clearance"))
    if function == "funding":
        rate = case.one_of("sign", (1, -1)) * rate
    elif function != "fee":
        case.assume(value >= 0, "fees and cuts have no sign")
    with exact_parts(case):
        if function == "fee":
            found = trading.trade_fee(value, rate)
        elif function == "insurance":
            found = trading.insurance_part(value, rate)
        elif function == "funding":
            found = trading.funding_due(value, rate)
        else:
            found = waterfall.clearance_fee(value, rate, released, equity)
    if function == "clearance":
        case.claim("clearance fee", found == clearance_fee(value, rate, released, equity))
        return
    expected = {"fee": trade_fee, "insurance": insurance_part, "funding": funding_due}[function]
    case.claim(function, found == expected(value, rate))


@theorem(
    "T-KERNEL-15",
    "ACC-02",
    "ACC-04",
    "ADL-03",
    of=(closing_part, released_cost, opening_margin, returned_margin),
    uses=("T-KERNEL-5", "T-MUL-2", "T-RANGE-6", "T-RANGE-10"),
)
def what_a_trade_books_is_exact(case: Case) -> None:
    """The closing part, released cost and the margin that opens and returns are the rules', within 64 bits."""
    size, part = case.integer("size", 1, WORD - 1), case.integer("part", 0)
    case.assume(part <= size, "ACC-02")
    function = case.one_of("function", ("closing", "released", "opening", "returned"))
    if function == "closing":
        held, quantity = case.integer("held", 1 - WORD, WORD - 1), case.integer("quantity", 1 - WORD, WORD - 1)
        with exact_parts(case):
            found = trading.closing_part(held, quantity)
        case.claim("closing part", found == closing_part(held, quantity))
    elif function == "released":
        cost = case.integer("cost", -MOST_LOT_COST, MOST_LOT_COST, "T-RANGE-10")
        with exact_parts(case):
            found = trading.released_cost(cost, size, part)
        expected = released_cost(cost, size, part)
        whole_multiples(case, expected - cost, size)
        case.claim("released cost", found == expected)
    elif function == "opening":
        value, at_mark = (case.integer(name, -MAX_VALUE, MAX_VALUE) for name in ("value", "value at mark"))
        case.assume(((value >= 0) & (at_mark >= 0)) | ((value <= 0) & (at_mark <= 0)), "both signed like the quantity")
        leverage, fee = case.integer("leverage", 2, MAX_LEVERAGE), case.integer("fee", 0, MAX_VALUE // 4, "T-ROUND-2")
        with exact_parts(case):
            found = trading.opening_margin(value, at_mark, leverage, fee)
        case.claim("opening margin", found == opening_margin(value, at_mark, leverage, fee))
    else:
        cash, movable = case.integer("cash", -MOST_CASH, MOST_CASH, "T-RANGE-6"), case.integer("movable", 0, MOST_CASH)
        with exact_parts(case):
            found = trading.returned_margin(cash, movable, size, part)
        case.claim("returned margin", found == returned_margin(cash, movable, size, part))


# ------------------------------------------------------------- waterfall


@theorem(
    "T-KERNEL-16",
    "NUM-02",
    "LIQ-03",
    "LVY-01",
    of=(next_share, share_pro_rata, equity_shares),
    scope=INDUCTION,
    uses=("T-KERNEL-5", "T-MUL-2"),
    fast=False,
)
def shares_are_exact(case: Case) -> None:
    """Shares pro rata, of a levy or of a domain's equity by maintenance, are the rules' for any number of claims.

    Each step gives the share and what is left as the rules' step does, from any amount left before.
    """
    amount, total = case.integer("amount", 0, WORD - 2), case.integer("total", 1, WORD - 1)
    claim, left = case.integer("claim", 0), case.integer("left", 0, WORD - 1)
    case.assume(claim <= total, "a claim is part of the sum of claims, which are all >= 0")
    floor = div_down(amount * claim, total)
    not_less_by_a_factor(case, claim, total, amount)
    whole_multiples(case, floor - amount, total)
    case.claim("step: the floor is at most the amount", floor <= amount)
    case.assume(implies(floor * total < amount * claim, floor < amount), "T-SHARE-1")
    expected = next_share(amount, claim, total, left)
    with exact_parts(case):
        found = waterfall.next_share(amount, claim, total, left)
        floor_found = waterfall.share_floor(amount, claim, total)
    case.claim("step: the share", found[0] == expected[0])
    case.claim("step: what is left", found[1] == expected[1])
    case.claim("base: the floor, of which the sum is taken first", floor_found == floor)
    is_loss = bool(case.truth("negative equity"))
    case.assume(implies(is_loss, amount > 0), "a loss is not zero")
    with exact_parts(case):
        signed = waterfall.equity_share(-amount if is_loss else amount, claim, total, left)
    case.claim("step: a share of equity", signed[0] == (-expected[0] if is_loss else expected[0]))
    case.claim("step: what is left of equity", signed[1] == expected[1])


@theorem("T-KERNEL-17", "WTF-01", "WTF-02", "LIQ-02", "LVY-01", of=(draw_amounts, shortfall_of, stepped_down_size))
def draws_and_shortfalls_are_exact(case: Case) -> None:
    """Draws on the funds, shortfalls, what is missing, and the size that a step-down leaves are the rules'."""
    loss, profit = case.integer("loss", 0, WORD - 1), case.integer("profit of the lots", 1 - WORD, WORD - 1)
    reserve, insurance = case.integer("reserve", 0, WORD - 1), case.integer("insurance", 0, WORD - 1)
    floor, unit_value = case.integer("floor", 0, MAX_AMOUNT), case.integer("value of one lot", 1, MAX_VALUE)
    with exact_parts(case):
        from_reserve = waterfall.draw_from_reserve(loss, reserve)
        from_insurance = waterfall.draw_from_insurance(loss, from_reserve, insurance)
        short = waterfall.shortfall_of(profit, reserve)
        missing = waterfall.missing_of(short, insurance)
        size = waterfall.stepped_down_size(floor, unit_value)
    drawn = draw_amounts(loss, reserve, insurance)
    case.claim("draws", (from_reserve == drawn[0]) & (from_insurance == drawn[1]))
    case.claim("shortfall", short == shortfall_of(profit, reserve))
    case.claim("missing", missing == max(0, shortfall_of(profit, reserve) - insurance))
    case.claim("stepped-down size", size == stepped_down_size(floor, unit_value))


# ------------------------------------------------------------- deleveraging


def score_parts(case: Case, name: str) -> tuple[Any, ...]:
    """Figures of a position that stands in a queue, and of its domain."""
    unrealised = case.integer(f"{name} unrealised", 1 - WORD, WORD - 1)
    positive = [case.integer(f"{name} {one}", 1, WORD - 1, "T-ADL-4") for one in ("maintenance", "notional", "equity")]
    cash = case.integer(f"{name} cash", -MOST_CASH, MOST_CASH, "T-RANGE-6")
    return unrealised, *positive, cash, case.integer(f"{name} cost", 1 - WORD, WORD - 1)


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
        case.claim(f"{name}: factors fit", fits(above) & whole_word(times) & whole_word(below) & whole_word(by))
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
        case.claim("of wide integers", conjoined([number < WIDE for number in numbers]))
        return sign_of(order_of(*numbers))

    with wide_products(case), instead_of(case, deleveraging, {"compare_fractions": unchecked(case, compare)}):
        answer = deleveraging.compare_scores(found[0], found[1])
    case.claim("the order of the scores", answer == sign_of(order))


@theorem("T-KERNEL-26", "ADL-02", of=(), uses=("T-KERNEL-5", "T-KERNEL-6", "T-MUL-2"))
def rough_scores_do_not_mislead(case: Case) -> None:
    """If rough parts of two scores show that the first is the higher one, it is; and rough parts fit 64 bits."""

    def part(number: Any, factor: Any, divisor: Any) -> Any:
        case.claim("words of at least zero", whole_word(number) & whole_word(divisor) & (divisor > 0))
        return number * factor // divisor

    def compare(first: Any, second: Any, third: Any, fourth: Any) -> Any:
        case.claim("words", whole_word(first) & whole_word(second) & whole_word(third) & whole_word(fourth))
        return sign_of(first * second - third * fourth)

    stubs = {"multiply_divide_down": unchecked(case, part), "compare_products": unchecked(case, compare)}
    with words(case), instead_of(case, deleveraging, stubs):
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
    case.claim(f"{name}: fits", whole_word(found + 1))
    return found, number, divisor


@contextmanager
def fractions(case: Case) -> Iterator[None]:
    """Within, products are compared as T-KERNEL-6 says; their words, and the opposites of these, must fit."""

    def compare(first: Any, second: Any, third: Any, fourth: Any) -> Any:
        case.claim("words", fits(first) & fits(third) & whole_word(second) & whole_word(fourth))
        case.claim("whose opposites fit", (first > -WORD) & (third > -WORD))
        case.claim("positive", (second > 0) & (fourth > 0))
        return sign_of(first * second - third * fourth)

    with words(case), instead_of(case, deleveraging, {"compare_products": unchecked(case, compare)}):
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
    with fractions(case):
        found = deleveraging.is_no_less(*deleveraging.bearable_loss(unrealised, held, spare), loss, size)
    case.claim("both", found == (entry & ((spare - 1) * size >= loss)))


@theorem("T-KERNEL-30", "ADL-01", "ADL-04", of=(step_quantity,), uses=("T-KERNEL-6", "T-MUL-1", "T-MUL-2"))
def a_step_closes_something_exactly_if_a_lot_is_bearable(case: Case) -> None:
    """A step closes some of a lot exactly if domain and, where it cannot restore the test, shortfall bear one lot."""
    loss, size = case.integer("loss", 1, WORD - 1), case.integer("size", 1, MAX_OPEN_INTEREST_MARKED)
    shortfall, missing = case.integer("shortfall", 1, WORD - 1), case.integer("missing", 1, WORD - 1)
    held, spare = case.integer("held", 1, MAX_OPEN_INTEREST_MARKED), case.integer("spare", 2 - WORD, WORD - 1)
    for bound in (spare - 1, shortfall):
        quotient = bound * size // loss
        whole_multiples(case, quotient, loss)
        whole_multiples(case, quotient - 1, loss)
        case.claim("a lot is within the bound", (quotient >= 1) == (bound * size >= loss))
    not_less_by_a_factor(case, 0, missing - 1, size)
    whole_multiples(case, (missing - 1) * size // loss + 1, loss)
    with words(case):
        most = deleveraging.most_loss(shortfall, missing)
    not_less_by_a_factor(case, 1, size, most)
    some = step_quantity(loss, size, shortfall, missing, held, spare) > 0
    case.claim("something", some == (((spare - 1) * size >= loss) & (most * size >= loss)))


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
    with fractions(case):
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


@theorem("T-KERNEL-20", "ADL-01", "ADL-04", of=(step_quantity,), uses=("T-KERNEL-5", "T-MUL-1", "T-MUL-2"), fast=False)
def steps_are_exact(case: Case) -> None:
    """How much a step of deleveraging closes is what the rules say, within 64 bits, whatever the loss of a lot."""
    loss, size = case.integer("loss", 1, WORD - 1), case.integer("size", 1, MAX_OPEN_INTEREST_MARKED)
    shortfall, missing = case.integer("shortfall", 0, WORD - 1), case.integer("missing", 1, WORD - 1)
    held, spare = case.integer("held", 1, MAX_OPEN_INTEREST_MARKED), case.integer("spare", 1 - WORD, WORD - 1)
    for amount in (spare - 1, missing - 1, shortfall):
        quotient = amount * size // loss
        not_less_by_a_factor(case, loss, amount, size)
        not_less_by_a_factor(case, amount, loss, size)
        not_less_by_a_factor(case, 0, amount, size)
        not_less_by_a_factor(case, amount, -1, size)
        whole_multiples(case, quotient - size, loss)
        whole_multiples(case, quotient + 1 - size, loss)
        whole_multiples(case, quotient, loss)
        whole_multiples(case, quotient + 1, loss)

    def within(amount: Any, whole: Any, of_loss: Any) -> Any:
        fit = (amount >= 0) & (amount < WORD) & whole_word(whole) & (of_loss > 0) & (of_loss < WORD)
        case.claim("words of at least zero", fit)
        case.claim("a part", amount < of_loss)
        return amount * whole // of_loss

    with words(case), instead_of(case, deleveraging, {"multiply_divide_down": unchecked(case, within)}):
        found = deleveraging.step_quantity(loss, size, shortfall, missing, held, spare)
    case.claim("the same", found == step_quantity(loss, size, shortfall, missing, held, spare))


# ------------------------------------------------------------- bands


class OneLine:
    """A domain with one position, in a table of one tier: healthy at mark, and looked at from any other price.

    Notionals have names of their own, so that few products are left to the solvers.
    """

    def __init__(self, case: Case, sign: int) -> None:
        self.case, self.sign = case, sign
        self.tier, self.quanta, self.rest = any_tier(case)
        case.assume(self.tier.maintenance_rate < RATE_ONE, "MKT-02")
        self.rate = self.tier.maintenance_rate
        most = MOST_EQUITY + MAX_OPEN_INTEREST_MARKED
        self.health = case.integer("health at a price of zero", LEAST_EQUITY, most, "T-RANGE-4")
        self.at_mark = case.integer("notional at mark", 1, MAX_VALUE)
        self.notional = case.integer("notional", 1)
        case.assume(self.left_of(self.at_mark) > 0, "the domain is healthy at mark")

    def left_of(self, notional: Any) -> Any:
        """Health at a price at which the position has that notional."""
        exposure = Exposure(self.sign * notional, TierTable((self.tier,)))
        return health_at(PriceView(self.health, NOTHING, (exposure,)), Price(1))

    def is_uncovered(self, size: Any, price: Any) -> Any:
        """Whether the rules find the domain unhealthy at a price; the notional is that at the price."""
        self.case.assume(self.notional == price * size, "a name for the notional")
        exposure = Exposure(self.sign * size, TierTable((self.tier,)))
        return health_at(PriceView(self.health, NOTHING, (exposure,)), price) <= 0


@theorem("T-KERNEL-21", "MRG-07", of=(health_at,), uses=("T-KERNEL-10", "T-MUL-1", "T-MUL-2"))
def a_line_of_a_long_is_uncovered_up_to_its_price(case: Case) -> None:
    """A long does not cover a tier's line at a price exactly if the price is at most the one that the kernel finds."""
    line = OneLine(case, 1)
    health, divisor, notional = line.health, RATE_ONE - line.rate, line.notional
    left = line.left_of(notional)
    has_price = bool((health <= 0) & (-health >= line.quanta))
    most = -1
    if has_price:
        whole, parts = -health - line.quanta, RATE_ONE - 1 - line.rest
        first = whole // divisor
        rest = whole - first * divisor
        second = (rest * RATE_ONE + parts) // divisor
        most = first * RATE_ONE + second
        whole_multiples(case, first + 1, divisor)
        whole_multiples(case, second + 1, divisor)
        whole_multiples(case, second - 2 * RATE_ONE, divisor)
        case.claim("quotients are at least zero", (first >= 0) & (second >= 0))
        case.claim("the line is covered at mark", line.at_mark * divisor > whole * RATE_ONE + parts)
        case.claim("the notional, times the divisor", most * divisor <= whole * RATE_ONE + parts)
        case.claim("no more fits", most * divisor + divisor > whole * RATE_ONE + parts)
        whole_multiples(case, most - line.at_mark, divisor)
        case.claim("the notional is below that at mark", most < line.at_mark)
        whole_multiples(case, most - notional, divisor)
        whole_multiples(case, most + 1 - notional, divisor)
    else:
        not_less_by_a_factor(case, line.rate, RATE_ONE, notional)
    case.claim("by notional", (left <= 0) == (notional <= most))
    size, price = case.integer("value of a price unit", 1, MAX_VALUE), case.integer("price", 1, MAX_PRICE)
    with words(case):
        found = bands.uncovered_below(health, size, line.rate, line.quanta, line.rest)
    uncovered = line.is_uncovered(size, price)
    case.claim("health by price is health by notional", uncovered == (left <= 0))
    whole_multiples(case, found - price, size)
    whole_multiples(case, found + 1 - price, size)
    case.claim("up to its price", uncovered == (price <= found))


@theorem("T-KERNEL-22", "MRG-07", of=(health_at,), uses=("T-KERNEL-10", "T-MUL-1", "T-MUL-2"))
def a_line_of_a_short_is_uncovered_from_its_price(case: Case) -> None:
    """A short does not cover a tier's line at a price, of a notional up to 2^62, exactly from the kernel's price."""
    line = OneLine(case, -1)
    health, divisor, notional = line.health, RATE_ONE + line.rate, line.notional
    case.assume(notional <= MAX_VALUE, "MRG-07")
    case.assume(exact_maintenance(line.at_mark, line.tier) >= 0, "T-TIER-2")
    case.claim("health at a price of zero is positive", health > 0)
    left = line.left_of(notional)
    whole = line.quanta + health - 1
    first = whole // divisor
    rest = whole - first * divisor
    second = (rest * RATE_ONE + line.rest) // divisor
    least = first * RATE_ONE + second + 1
    whole_multiples(case, first + 1, divisor)
    whole_multiples(case, second + 1, divisor)
    whole_multiples(case, second - RATE_ONE - 1, divisor)
    case.claim("quotients are at least zero", (first >= 0) & (second >= 0))
    case.claim("the notional before, times the divisor", (least - 1) * divisor <= whole * RATE_ONE + line.rest)
    case.claim("and no more fits", least * divisor > whole * RATE_ONE + line.rest)
    not_less_by_a_factor(case, RATE_ONE, divisor, first)
    not_less_by_a_factor(case, RATE_ONE, divisor, second)
    case.claim("the notional fits", (least >= 1) & (least <= whole + 2))
    whole_multiples(case, least - notional, divisor)
    whole_multiples(case, least - 1 - notional, divisor)
    case.claim("by notional", (left <= 0) == (notional >= least))
    size, price = case.integer("value of a price unit", 1, MAX_VALUE), case.integer("price", 1, MAX_PRICE)
    with words(case):
        found = bands.uncovered_above(health, size, line.rate, line.quanta, line.rest)
    uncovered = line.is_uncovered(size, price)
    case.claim("health by price is health by notional", uncovered == (left <= 0))
    if bool(line.quanta > WORD - 1 - health):
        case.claim("the notional is beyond 2^62", least > MAX_VALUE)
    else:
        case.claim("the price reaches the notional", found * size >= least)
        case.claim("the price before does not", (found - 1) * size < least)
    whole_multiples(case, found - price, size)
    whole_multiples(case, found - 1 - price, size)
    case.claim("by notional, at the price", uncovered == (notional >= least))
    case.claim("from its price", uncovered == (price >= found))


def is_near_below(number: Any, divisor: Any, answer: Any) -> Any:
    """The contract of a hint on a quotient: never too many, and few are missing."""
    rest = number - answer * divisor
    return (answer >= 0) & (rest >= 0) & (rest * 2**47 <= number + divisor * 2**47)


@theorem("T-KERNEL-27", "NUM-02", of=(), uses=("T-MUL-2",))
def a_hint_of_a_quotient_is_near(case: Case) -> None:
    """A quotient of words in floating point, a little less, is never too much and by a part in 2^47 too little.

    Assumed of floating point: conversions, quotient and product are rounded by at most a part in 2^53.
    """
    number, divisor = case.integer("number", 0, WORD - 1), case.integer("divisor", 1, WORD - 1)
    above, below = rounded(case, "number as a float", number), rounded(case, "divisor as a float", divisor)
    careful, answer = careful_hint(case, above, below, divisor)
    cut = (answer * SCALE <= careful) & (careful < answer * SCALE + SCALE)
    case.assume(cut, "it is cut to a whole number")
    case.claim("never too many", answer * divisor <= number)
    case.claim("few are missing", is_near_below(number, divisor, answer))
    not_less_by_a_factor(case, 1, divisor, answer)
    case.claim("the hint fits 64 bits", fits(answer))


@contextmanager
def quotient_hints(case: Case) -> Iterator[None]:
    """Within, hints on quotients are any that T-KERNEL-27 allows."""
    hints = Hints(case)

    def hint(number: Any, divisor: Any) -> Any:
        case.claim("a word of at least zero, a positive divisor", whole_word(number) & (divisor > 0) & fits(divisor))
        answer = hints.any_integer()
        case.assume(is_near_below(number, divisor, answer), "T-KERNEL-27")
        return answer

    with words(case), instead_of(case, quotients, {"quotient_hint": unchecked(case, hint)}):
        yield


@theorem("T-KERNEL-28", "NUM-02", of=(div_down,), uses=("T-KERNEL-27", "T-MUL-1"))
def quotients_by_hints_are_exact(case: Case) -> None:
    """Two hints and one comparison give the exact quotient of a word by a divisor of at most 2^62."""
    number, divisor = case.integer("number", 0, WORD - 1), case.integer("divisor", 1, MAX_VALUE)
    with quotient_hints(case):
        found = quotients.divided_down(number, divisor)
    expected = div_down(number, divisor)
    whole_multiples(case, found - expected, divisor)
    case.claim("exact", found == expected)


@theorem("T-KERNEL-29", "MRG-07", of=(), uses=("T-KERNEL-28", "T-MUL-1", "T-MUL-2", "T-TIER-3"), fast=False)
def ends_by_hints_are_ends(case: Case) -> None:
    """Of a healthy position alone, the end of its band by hints is that which T-KERNEL-21 and T-KERNEL-22 speak of."""
    is_long = bool(case.truth("long"))
    tier, quanta, rest = any_tier(case)
    case.assume(tier.maintenance_rate < RATE_ONE, "MKT-02")
    case.assume(quanta < MAX_VALUE, "T-RANGE-3")
    rate, size = tier.maintenance_rate, case.integer("value of a price unit", 1, MAX_VALUE)
    health, at_mark = case.integer("health at a price of zero", -(2**61), 2**61), case.integer("notional", 1, MAX_VALUE)
    divisor = RATE_ONE - rate if is_long else RATE_ONE + rate
    gained = at_mark * divisor if is_long else -at_mark * divisor
    left = gained + (quanta + health) * RATE_ONE + rest
    # What the tier at mark asks, rounded up, is covered, and no line asks more.
    case.assume(left >= RATE_ONE, "T-TIER-3")
    whole = -health - quanta if is_long else quanta + health - 1
    if whole >= 0:
        notional_fits(case, is_long, whole, RATE_ONE - 1 - rest if is_long else rest, divisor, at_mark)

    def divided(number: Any, divisor: Any) -> Any:
        case.claim("a word of at least zero, a divisor", whole_word(number) & (divisor > 0) & (divisor <= MAX_VALUE))
        return number // divisor

    with words(case), instead_of(case, quotients, {"divided_down": unchecked(case, divided)}):
        found_whole, part, found_divisor = quotients.line_parts(is_long, health, rate, quanta, rest)
        notional = quotients.scaled_by_hints(found_whole if found_whole >= 0 else 0, part, found_divisor)
        quotient = quotients.divided_down(notional, size)
        whole_multiples(case, quotient, size)
        found = quotients.end_on_line(is_long, found_whole, quotient, size)
    if is_long:
        case.claim("a notional, or none", (whole >= 0) == ((health <= 0) & (-health >= quanta)))
        case.claim("a price of at least zero", implies(whole >= 0, (notional >= 0) & (quotient >= 0)))
    else:
        reaches_beyond(case, bands.uncovered_above(health, size, rate, quanta, rest), quotient, size)
    ends = bands.lower_end_on if is_long else bands.upper_end_on
    case.claim("the same end", found == ends(health, size, rate, quanta, rest))


def notional_fits(case: Case, is_long: bool, whole: Any, part: Any, divisor: Any, at_mark: Any) -> None:
    """That the notional by a line fits is claimed: a long's is below that at mark, a short's at most its whole."""
    first = whole // divisor
    second = ((whole - first * divisor) * RATE_ONE + part) // divisor
    most = first * RATE_ONE + second
    for quotient in (first + 1, second + 1, second - 2 * RATE_ONE, second - RATE_ONE - 1):
        whole_multiples(case, quotient, divisor)
    case.claim("quotients are at least zero", (first >= 0) & (second >= 0))
    case.claim("the notional, times the divisor", most * divisor <= whole * RATE_ONE + part)
    if is_long:
        whole_multiples(case, most - at_mark, divisor)
        case.claim("the notional is below that at mark", most < at_mark)
    else:
        not_less_by_a_factor(case, RATE_ONE, divisor, first)
        not_less_by_a_factor(case, RATE_ONE, divisor, second)
        case.claim("the notional is at most the whole", most <= whole + 1)


def reaches_beyond(case: Case, lowest: Any, quotient: Any, size: Any) -> None:
    """That a short is uncovered from the price behind the quotient on is claimed, and when that is within 2^62."""
    whole_multiples(case, lowest - quotient - 1, size)
    case.claim("the price behind, where the notional fits", implies(lowest < bands.BEYOND, lowest == quotient + 1))
    highest = MAX_VALUE // size
    whole_multiples(case, highest - quotient, size)
    whole_multiples(case, highest - quotient - 1, size)
    case.claim("within 2^62", (quotient + 1 <= highest) == (quotient * size <= MAX_VALUE - size))


def left_beyond(sign: int, health: Any, notional: Any, tier: Tier) -> Any:
    """Health of a domain of one position with a notional, in a table of one tier; `health` is that at a price of 0."""
    exposure = Exposure(sign * notional, TierTable((tier,)))
    return health_at(PriceView(health, NOTHING, (exposure,)), Price(1))


@theorem("T-KERNEL-24", "MRG-07", of=(health_at,), uses=("T-TIER-2", "T-RANGE-4"))
def a_line_of_a_long_is_met_beyond_its_floor_from_its_turn(case: Case) -> None:
    """A long is unhealthy a quantum above a tier's floor exactly from the tier's turn on."""
    floor, health, tier = tier_at_floor(case)
    case.assume(exact_maintenance(floor + 1, tier) >= 0, "T-TIER-2")
    is_met = left_beyond(1, health, floor + 1, tier) <= 0
    case.claim("from the turn", is_met == (-health >= turn_below(floor, tier.maintenance_rate, tier.deduction)))


@theorem("T-KERNEL-25", "MRG-07", of=(health_at,), uses=("T-TIER-2", "T-RANGE-4"))
def a_line_of_a_short_is_met_beyond_its_floor_from_its_turn(case: Case) -> None:
    """A short is still healthy at a tier's floor exactly from the tier's turn on."""
    floor, health, tier = tier_at_floor(case)
    case.assume(exact_maintenance(floor, tier) >= 0, "T-TIER-2")
    is_covered = left_beyond(-1, health, floor, tier) > 0
    case.claim("from the turn", is_covered == (health >= turn_above(floor, tier.maintenance_rate, tier.deduction)))


def tier_at_floor(case: Case) -> tuple[Any, Any, Tier]:
    """A floor, a domain's health at a price of zero, and the tier above the floor."""
    tier, _, _ = any_tier(case)
    case.assume(tier.maintenance_rate < RATE_ONE, "MKT-02")
    most = MOST_EQUITY + MAX_OPEN_INTEREST_MARKED
    health = case.integer("health at a price of zero", LEAST_EQUITY, most, "T-RANGE-4")
    return case.integer("floor", 0, MAX_VALUE - 1), health, tier
