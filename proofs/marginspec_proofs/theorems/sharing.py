"""Sharing pro rata (NUM-02): each share, and by induction over the claims their sum, for any number of them."""

from typing import Any

from marginspec.model.units import next_share
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples


def one_share(case: Case) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Any claim of any sum, with what roundings left so far: amount, claim, total, left, and the step's answer."""
    amount, total = case.integer("amount", 0), case.integer("total", 1)
    claim, left = case.integer("claim", 0), case.integer("left", 0)
    case.assume(claim <= total, "a claim is part of the sum of claims, which are all >= 0")
    share, rest = next_share(amount, claim, total, left)
    return amount, claim, total, left, share, rest


@theorem("T-SHARE-1", "NUM-02", of=(next_share,))
def a_share_is_the_exact_one_but_for_a_quantum(case: Case) -> None:
    """A share is less than one quantum away from the exact one, on either side; what is left stays at least zero."""
    amount, claim, total, left, share, rest = one_share(case)
    case.claim("less than a quantum below", share * total > amount * claim - total)
    case.claim("less than a quantum above", share * total < amount * claim + total)
    whole_multiples(case, share + 1, total)
    not_less_by_a_factor(case, 0, amount, claim)
    case.claim("at least zero", share >= 0)
    case.claim("what is left", (rest >= 0) & (rest <= left))


@theorem("T-SHARE-2", "NUM-02", "LVY-01", "LIQ-03", of=(next_share,))
def a_share_is_at_most_its_claim(case: Case) -> None:
    """Of an amount of at most the sum of claims, nobody's share is more than the claim."""
    amount, claim, total, _, share, _ = one_share(case)
    case.assume(amount <= total, "LVY-01 and LIQ-03 share at most the sum of claims")
    not_less_by_a_factor(case, amount, total, claim)
    whole_multiples(case, share - claim, total)
    whole_multiples(case, share - 1 - claim, total)
    case.claim("at most the claim", share <= claim)


@theorem("T-SHARE-3", "NUM-02", of=(next_share,), scope=INDUCTION, uses=("T-LOOP-10", "T-SHARE-1"))
def shares_sum_to_the_amount(case: Case) -> None:
    """Nothing of the amount is lost and nothing added: the shares of any number of claims sum to it.

    The induction is over the claims that are still to come. Its hypothesis: what is left, times the sum of claims,
    is at most the sum of their remainders (what rounding their exact shares down cuts off, times the sum of claims).
    """
    amount, claim, total, left, share, rest = one_share(case)
    floor = share - (left - rest)
    remainder = amount * claim - floor * total
    to_come = case.integer("remainders still to come", 0)
    case.assume(left * total <= remainder + to_come, "induction hypothesis")
    case.claim("step: a share takes its floor, and what it takes more is left no longer", share + rest == floor + left)
    case.claim("step: a remainder is less than the sum of claims", (remainder >= 0) & (remainder < total))
    case.claim("step: the rest is at most the remainders still to come", rest * total <= to_come)
    last = case.integer("left when no claim is to come", 0)
    case.assume(last * total <= 0, "induction hypothesis")
    whole_multiples(case, last, total)
    case.claim("end: nothing is left", last == 0)
    first, whole, floors = case.integer("first left"), case.integer("whole"), case.integer("floors of all")
    case.assume(first == whole - floors, "T-LOOP-10: it begins with the amount less the floors of all shares")
    remainders = case.integer("remainders of all")
    case.assume(remainders == whole * total - floors * total, "the claims sum to the total")
    case.claim("base: what is left at first is the sum of the remainders", first * total <= remainders)
    case.claim("base: which is at least zero", implies(remainders >= 0, first * total >= 0))
