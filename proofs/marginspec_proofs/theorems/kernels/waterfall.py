"""Shares, draws on the funds, shortfalls."""

from marginspec.model.units import MAX_AMOUNT, MAX_VALUE, div_down, next_share
from marginspec.settlement.levy import spare_of
from marginspec.settlement.liquidation import stepped_down_size
from marginspec.settlement.waterfall import draw_amounts, shortfall_of
from marginspec_engine.kernels import waterfall
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.theorems.kernels.parts import exact_parts
from marginspec_proofs.theorems.kernels.words import WORD
from marginspec_proofs.theorems.levy import margin_of
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples
from marginspec_proofs.theorems.ranges import LEAST_EQUITY, MOST_EQUITY


@theorem(
    "T-KERNEL-16",
    "NUM-02",
    "LIQ-03",
    "LVY-01",
    of=(next_share,),
    scope=INDUCTION,
    uses=("T-KERNEL-5", "T-LOOP-10", "T-MUL-2", "T-SHARE-1"),
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


@theorem("T-KERNEL-17", "WTF-01", "LIQ-02", of=(draw_amounts, stepped_down_size))
def draws_are_exact(case: Case) -> None:
    """Draws on the funds, and the size that a step-down leaves, are the rules'."""
    loss, reserve = case.integer("loss", 0, WORD - 1), case.integer("reserve", 0, WORD - 1)
    insurance, relief = case.integer("insurance", 0, WORD - 1), case.integer("relief", 0, WORD - 1)
    floor, unit_value = case.integer("floor", 0, MAX_AMOUNT), case.integer("value of one lot", 1, MAX_VALUE)
    with exact_parts(case):
        from_reserve = waterfall.draw_from_reserve(loss, reserve)
        from_insurance = waterfall.draw_from_insurance(loss, from_reserve, insurance)
        from_relief = waterfall.draw_from_relief(loss, from_reserve, from_insurance, relief)
        size = waterfall.stepped_down_size(floor, unit_value)
    drawn = draw_amounts(loss, reserve, insurance, relief)
    case.claim("draws", (from_reserve == drawn[0]) & (from_insurance == drawn[1]) & (from_relief == drawn[2]))
    case.claim("stepped-down size", size == stepped_down_size(floor, unit_value))


@theorem("T-KERNEL-38", "WTF-02", "LVY-02", of=(shortfall_of,))
def shortfalls_are_exact(case: Case) -> None:
    """Shortfalls, what is missing, and what of relief is not needed, are the rules'."""
    profit, reserve = case.integer("profit of the lots", 1 - WORD, WORD - 1), case.integer("reserve", 0, WORD - 1)
    insurance, relief = case.integer("insurance", 0, WORD - 1), case.integer("relief", 0, WORD - 1)
    with exact_parts(case):
        short = waterfall.shortfall_of(profit, reserve)
        needed = waterfall.missing_of(short, insurance)
        missing, excess = waterfall.missing_of(needed, relief), waterfall.excess_of(relief, needed)
    case.claim("shortfall", short == shortfall_of(profit, reserve))
    case.claim("needed of relief", needed == max(0, short - insurance))
    case.claim("missing", missing == max(0, needed - relief))
    case.claim("not needed", excess == max(0, relief - needed))


@theorem("T-KERNEL-39", "LIQ-03", "LVY-01", of=(spare_of,), uses=("T-RANGE-4",))
def spares_are_exact(case: Case) -> None:
    """What a domain can spare, and what of its claim its loss uses up, are the rules'."""
    loss, claim = case.integer("loss", 0, WORD - 1), case.integer("claim", 0, WORD - 1)
    relief, maintenance = case.integer("relief", 0, WORD - 1), case.integer("maintenance", 0, MAX_VALUE)
    equity, is_flat = case.integer("equity", LEAST_EQUITY, MOST_EQUITY, "T-RANGE-4"), bool(case.truth("flat"))
    with exact_parts(case):
        used = waterfall.used_claim(loss, claim, relief)
        spare = waterfall.spare_of(is_flat, equity, maintenance)
    case.claim("used claim", used == min(loss, claim, relief))
    case.claim("spare", spare == spare_of(margin_of(equity, 0 if is_flat else maintenance, is_flat)))
