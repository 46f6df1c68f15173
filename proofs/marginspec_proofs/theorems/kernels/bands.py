"""Prices from which the line of a tier is not covered any more."""

from typing import Any

from marginspec.margin.bands import Exposure, PriceView, health_at
from marginspec.margin.margin import exact_maintenance
from marginspec.model.market import Tier, TierTable
from marginspec.model.units import MAX_OPEN_INTEREST_MARKED, MAX_PRICE, MAX_VALUE, NOTHING, RATE_ONE, Price
from marginspec_engine.kernels import bands
from marginspec_engine.rules.market import turn_above, turn_below
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.theorems.kernels.margin import any_tier
from marginspec_proofs.theorems.kernels.words import WORD, within_words
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples
from marginspec_proofs.theorems.ranges import LEAST_EQUITY, MOST_EQUITY


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
    with within_words(case):
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
    with within_words(case):
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
