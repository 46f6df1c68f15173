"""Wide integers, of two words: divided and compared exactly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marginspec.model.units import div_down, div_up
from marginspec_engine.kernels import wide
from marginspec_proofs.prover.contracts import instead_of
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.theorems.kernels.floating_point import SCALE, Hints, careful_hint, rounded
from marginspec_proofs.theorems.kernels.words import WIDE, WORD, fits, is_whole_word, sign_of, unchecked, within_words
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples


def as_float(case: Case, name: str, number: Any) -> Any:
    """A wide integer in floating point: its words are converted, and added once the higher one is shifted."""
    high, low = case.integer(f"higher word of {name}", 0, WORD), case.integer(f"lower word of {name}", 0, 2 * WORD - 1)
    case.assume(number == high * 2 * WORD + low, "a wide integer is two words")
    converted = rounded(case, f"{name}, higher", high) * 2 * WORD + rounded(case, f"{name}, lower", low)
    return rounded(case, f"{name} as a float", converted)


def is_near_wholes(wide_integer: Any, divisor: Any, answer: Any) -> Any:
    """The contract of a hint on wholes: never too many, and few are missing, unless it answers the most."""
    rest = wide_integer - answer * divisor
    few = rest * 2**47 <= wide_integer + divisor * 2**47
    return (answer >= 0) & (answer <= wide.MOST_WHOLES) & (rest >= 0) & (few | (answer == wide.MOST_WHOLES))


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
    case.claim("few are missing", is_near_wholes(number, divisor, answer))
    case.claim("the hint fits 64 bits", fits(answer))


@contextmanager
def wide_integers(case: Case) -> Iterator[None]:
    """Within, wide integers of symbols are made as in compiled code, and all that they need is claimed."""
    hints = Hints(case)

    def product(number: Any, factor: Any) -> Any:
        case.claim("factors are words of at least zero", is_whole_word(number) & is_whole_word(factor))
        return number * factor

    def less_times(number: Any, times: Any, other: Any) -> Any:
        case.claim("times is a word of at least zero", is_whole_word(times))
        case.claim("nothing below zero is left", times * other <= number)
        return number - times * other

    def grown(number: Any) -> Any:
        case.claim("it fits when grown", number * wide.GROWTH < WIDE)
        return number * wide.GROWTH

    def wholes_hint(number: Any, divisor: Any) -> Any:
        case.claim("the divisor is positive", divisor > 0)
        answer = hints.any_integer()
        case.assume(is_near_wholes(number, divisor, answer), "T-KERNEL-2")
        return answer

    operations = {"product": product, "less_times": less_times, "grown": grown, "wholes_hint": wholes_hint}
    with within_words(case), instead_of(case, wide, {name: unchecked(case, one) for name, one in operations.items()}):
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
def exact_division(case: Case) -> Iterator[None]:
    """Within, wide integers are divided as T-KERNEL-4 says, and what that needs is claimed."""

    def divided(number: Any, divisor: Any) -> tuple[Any, Any]:
        case.claim("the quotient fits", number < divisor * WORD)
        quotient = number // divisor
        return quotient, number - quotient * divisor

    with wide_integers(case), instead_of(case, wide, {"divided": unchecked(case, divided)}):
        yield


@theorem("T-KERNEL-5", "NUM-02", of=(div_down, div_up), uses=("T-KERNEL-4", "T-MUL-1", "T-MUL-2"))
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
