"""Numbers: every division of the rulebook, and the facts on products that other theorems use."""

from typing import Any

from marginspec.model.units import div_down, div_up
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.symbols import implies


def whole_multiples(case: Case, factor: Any, divisor: Any) -> None:
    """Use T-MUL-1: a product with a positive divisor is a whole number of divisors.

    Solvers decide linear arithmetic; this is the one fact on products that they need to place a quotient.
    State it for the difference of a quotient and what it is compared with, times the divisor.
    """
    stated = implies(factor > 0, factor * divisor >= divisor) & implies(factor < 0, factor * divisor <= -divisor)
    case.assume(implies(divisor > 0, stated), "T-MUL-1")


def not_less_by_a_factor(case: Case, less: Any, more: Any, factor: Any) -> None:
    """Use T-MUL-2: a factor of at least zero keeps the order of two integers."""
    case.assume(implies((less <= more) & (factor >= 0), less * factor <= more * factor), "T-MUL-2")


@theorem("T-MUL-1", "NUM-02", of=())
def products_are_whole_multiples(case: Case) -> None:
    """A positive integer times a positive divisor is at least the divisor, a negative one at most minus it."""
    factor, divisor = case.integer("factor"), case.integer("divisor", 1)
    case.claim("from above", implies(factor > 0, factor * divisor >= divisor))
    case.claim("from below", implies(factor < 0, factor * divisor <= -divisor))


@theorem("T-MUL-2", "NUM-02", of=())
def a_factor_keeps_the_order(case: Case) -> None:
    """If one integer is at most another, so are their products with a factor of at least zero."""
    less, more, factor = case.integer("less"), case.integer("more"), case.integer("factor", 0)
    case.assume(less <= more, "NUM-02")
    case.claim("their difference times the factor is at least zero", (more - less) * factor >= 0)
    case.claim("the order is kept", less * factor <= more * factor)


@theorem("T-NUM-1", "NUM-02", of=(div_down, div_up))
def divisions_lose_less_than_one_unit(case: Case) -> None:
    """Dividing down loses less than one unit, dividing up adds less than one, and what divides evenly is exact."""
    numerator, divisor, exact = case.integer("numerator"), case.integer("divisor", 1), case.integer("exact")
    down, up = div_down(numerator, divisor), div_up(numerator, divisor)
    case.claim("down is not above", down * divisor <= numerator)
    case.claim("down loses less than one unit", numerator < down * divisor + divisor)
    case.claim("up is not below", up * divisor >= numerator)
    case.claim("up adds less than one unit", up * divisor < numerator + divisor)
    whole_multiples(case, down - exact, divisor)
    whole_multiples(case, up - exact, divisor)
    case.claim("exact", implies(numerator == exact * divisor, (down == exact) & (up == exact)))
