"""Quotients by hints of floating point, and ends of bands by them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marginspec.model.units import MAX_VALUE, RATE_ONE, div_down
from marginspec_engine.kernels import bands, quotients
from marginspec_proofs.prover.contracts import instead_of
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.theorems.kernels.floating_point import SCALE, Hints, careful_hint, rounded
from marginspec_proofs.theorems.kernels.margin import any_tier
from marginspec_proofs.theorems.kernels.words import WORD, fits, is_whole_word, unchecked, within_words
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples


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
        case.claim("a word of at least zero, a positive divisor", is_whole_word(number) & (divisor > 0) & fits(divisor))
        answer = hints.any_integer()
        case.assume(is_near_below(number, divisor, answer), "T-KERNEL-27")
        return answer

    with within_words(case), instead_of(case, quotients, {"quotient_hint": unchecked(case, hint)}):
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


@theorem(
    "T-KERNEL-29", "MRG-07", of=(), uses=("T-KERNEL-28", "T-MUL-1", "T-MUL-2", "T-RANGE-3", "T-TIER-3"), fast=False
)
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
        case.claim("a word of at least zero, a divisor", is_whole_word(number) & (divisor > 0) & (divisor <= MAX_VALUE))
        return number // divisor

    with within_words(case), instead_of(case, quotients, {"divided_down": unchecked(case, divided)}):
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
