"""Prices from which the line of a tier is not covered any more."""

from typing import Any
from unittest.mock import patch

from marginspec.margin import bands as rules_of_bands
from marginspec.margin.bands import (
    Exposure,
    PriceView,
    around_crossing,
    band_end,
    exact_health_at,
    first_below,
    health_at,
)
from marginspec.margin.margin import exact_maintenance, maintenance_margin
from marginspec.model.market import Tier, TierTable
from marginspec.model.units import MAX_OPEN_INTEREST_MARKED, MAX_PRICE, MAX_VALUE, NOTHING, RATE_ONE, Price
from marginspec_engine.kernels import bands
from marginspec_engine.kernels.limits import NO_PRICE
from marginspec_engine.rules.market import turn_above, turn_below
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.theorems.kernels.margin import any_tier
from marginspec_proofs.theorems.kernels.words import WORD, unchecked, within_words
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


@theorem("T-KERNEL-22", "MRG-07", of=(health_at,), uses=("T-KERNEL-10", "T-MUL-1", "T-MUL-2", "T-TIER-2"))
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


@theorem("T-KERNEL-32", "MRG-04", of=(maintenance_margin, exact_maintenance), uses=("T-MUL-2", "T-RANGE-3"))
def what_rounding_adds_is_exact(case: Case) -> None:
    """What rounding up adds to the maintenance margin of a notional of at most 2^62 is exact, within 64 bits."""
    notional = case.integer("notional", 0, MAX_VALUE)
    tier, _, rest = any_tier(case)
    rate, wholes = tier.maintenance_rate, notional // RATE_ONE
    for less, more in ((rate, RATE_ONE), (0, rate)):
        not_less_by_a_factor(case, less, more, notional - wholes * RATE_ONE)
    with within_words(case):
        found = bands.rounded_by(notional, rate, rest)
    expected = maintenance_margin(notional, tier) * RATE_ONE - exact_maintenance(notional, tier)
    case.claim("exact", found == expected)
    case.claim("less than a quantum", (found >= 0) & (found < RATE_ONE))


LEAST_HEALTH, MOST_HEALTH = -MAX_VALUE, 3 * 2**60
"""Of a domain whose cash, costs and values at mark are each at most 2^60: its health at a price of zero."""


@theorem("T-KERNEL-33", "MRG-07", of=(exact_health_at,), uses=("T-KERNEL-9", "T-KERNEL-10", "T-KERNEL-32", "T-MUL-2"))
def a_hedge_is_safe_where_exact_health_is_two_quanta(case: Case) -> None:
    """Of a hedge with notionals of at most 2^62, the kernel tells exactly if exact health is two quanta or more."""
    health = case.integer("health at a price of zero", LEAST_HEALTH, MOST_HEALTH)
    price, sizes, tiers, parts, notionals = case.integer("price", 1, MAX_PRICE), [], [], [], []
    for name in ("long", "short"):
        sizes.append(case.integer(f"{name} value of a price unit", 1, MAX_VALUE))
        rate, quanta = case.integer(f"{name} rate", 1, RATE_ONE - 1), case.integer(f"{name} quanta", 0, MAX_VALUE)
        parts.append((rate, quanta, case.integer(f"{name} rest", 0, RATE_ONE - 1)))
        tiers.append(Tier(NOTHING, 1, rate, quanta * RATE_ONE + parts[-1][2]))
        notionals.append(price * sizes[-1])
        not_less_by_a_factor(case, 1, price, sizes[-1])
        case.assume(notionals[-1] <= MAX_VALUE, "MRG-07")
    margins = [case.integer(f"{name} maintenance", 0, MAX_VALUE, "T-KERNEL-10") for name in ("long", "short")]
    added = [case.integer(f"{name} rounding", 0, RATE_ONE - 1, "T-KERNEL-32") for name in ("long", "short")]
    sought, asked, rounded = (iter((0, 1)) for _ in range(3))

    def place_of(notional: Any, *_: Any) -> int:
        place = next(sought)
        case.claim("the tier of each notional is sought", notional == notionals[place])
        return place

    def margin_of(notional: Any, *given: Any) -> Any:
        place = next(asked)
        case.claim("each notional, by its own tier", notional == notionals[place])
        case.claim("less its own tier's deduction", same_numbers(given, parts[place]))
        exact = exact_maintenance(notional, tiers[place])
        case.assume(margins[place] * RATE_ONE - added[place] == exact, "T-KERNEL-10 T-KERNEL-32")
        case.assume(margins[place] <= notional, "T-KERNEL-10")
        return margins[place]

    def rounded_by(notional: Any, *given: Any) -> Any:
        place = next(rounded)
        case.claim("each notional, by its own tier", notional == notionals[place])
        case.claim("less its own tier's rest", same_numbers(given, (parts[place][0], parts[place][2])))
        return added[place]

    known = {"tier_place": place_of, "maintenance_margin": margin_of, "rounded_by": rounded_by}
    rates, quanta, rests = ([part[place] for part in parts] for place in range(3))
    hedge = bands.Hedge(health, sizes[0], sizes[1], [], rates, quanta, rests, 0, 2)
    with within_words(case), patch.multiple(bands, **{name: unchecked(case, one) for name, one in known.items()}):
        found = bands.is_hedge_safe(hedge, price)
    exposures = (Exposure(sizes[0], TierTable((tiers[0],))), Exposure(-sizes[1], TierTable((tiers[1],))))
    exact = exact_health_at(PriceView(health, NOTHING, exposures), price)
    case.claim("exactly", found == (exact >= 2 * RATE_ONE))


def same_numbers(some: tuple[Any, ...], others: tuple[Any, ...]) -> Any:
    """Whether numbers are the same, one by one."""
    same: Any = True
    for one, other in zip(some, others, strict=True):
        same = (one == other) & same
    return same


class NextTurn(Exception):  # noqa: N818 - not an error: where the next turn of a loop begins
    """A loop begins its next turn."""


TWO = PriceView(NOTHING, NOTHING, (Exposure(1, TierTable(())),) * 2)


@theorem("T-KERNEL-34", "MRG-07", of=(around_crossing,), scope=INDUCTION, uses=("T-KERNEL-33",))
def a_hedge_is_halved_as_the_rules_halve_it(case: Case) -> None:
    """Each turn of the kernel's search keeps the same two prices as a turn of the rules' search, within 64 bits.

    A turn is the function itself begun at any two prices: its loop carries nothing else.
    """
    inside, outside = case.integer("inside", 1, MAX_PRICE), case.integer("outside", 1, MAX_PRICE)
    is_safe_at_middle = case.truth("safe at middle")
    asked: list[Any] = []

    def is_safe(_: bands.Hedge, price: Any) -> Any:
        asked.append(price)
        if len(asked) > 1:
            raise NextTurn
        return is_safe_at_middle

    def exact_at(_: PriceView, price: Any) -> Any:
        case.claim("step: at the same price", price == asked[0])
        exact = case.integer("exact health")
        case.assume((exact >= 2 * RATE_ONE) == is_safe_at_middle, "T-KERNEL-33")
        return exact

    hedge: Any = None
    found = None
    with within_words(case), patch.object(bands, "is_hedge_safe", is_safe):
        try:
            found = bands.first_unsafe(hedge, inside, outside)
        except NextTurn:
            found = None
    if not asked:
        case.claim("base: neighbours, or one price", (found == outside) & (abs(outside - inside) <= 1))
        return
    with patch.object(rules_of_bands, "exact_health_at", exact_at):
        new_inside, new_outside = around_crossing(TWO, inside, outside, 2 * RATE_ONE)
    if found is None:
        case.claim("step: the next turn is at their middle", asked[1] == (new_inside + new_outside) // 2)
        case.claim("step: it is not the last", abs(new_outside - new_inside) > 1)
    else:
        case.claim("step: the last one ends at the same price", found == new_outside)
        case.claim("step: it is the last", abs(new_outside - new_inside) <= 1)


@theorem("T-KERNEL-35", "MRG-07", of=(band_end, first_below), uses=("T-KERNEL-33", "T-KERNEL-34"))
def an_end_of_a_hedge_is_that_of_the_rules(case: Case) -> None:
    """The end of a hedge's band by the kernel is the rules' end, or NO_PRICE where they have none."""
    mark, last = case.integer("mark", 1, MAX_PRICE), case.integer("last", 1, MAX_PRICE)
    found_by_turns = case.integer("found by turns", 1, MAX_PRICE)
    asked: list[tuple[Any, Any]] = []

    def is_safe(_: bands.Hedge, price: Any) -> Any:
        asked.append((price, case.integer(f"exact health {len(asked)}")))
        return asked[-1][1] >= 2 * RATE_ONE

    def first_unsafe(_: bands.Hedge, inside: Any, outside: Any) -> Any:
        case.claim("from next to the mark to the last", (inside == asked[0][0]) & (outside == last))
        return found_by_turns if abs(outside - inside) > 1 else outside

    answers: Any = None

    def exact_at(_: PriceView, price: Any) -> Any:
        asked_price, exact = next(answers)
        case.claim("the same price is asked for", price == asked_price)
        return exact

    def turns(_: PriceView, inside: Any, outside: Any, __: Any) -> Any:
        case.claim("from next to the mark to the last", (inside == asked[0][0]) & (outside == last))
        return found_by_turns, found_by_turns

    hedge: Any = None
    known = {"is_hedge_safe": unchecked(case, is_safe), "first_unsafe": unchecked(case, first_unsafe)}
    with within_words(case), patch.multiple(bands, **known):
        found = bands.hedge_end(hedge, mark, last)
    answers = iter(asked)
    with patch.multiple(rules_of_bands, exact_health_at=exact_at, around_crossing=turns):
        expected = band_end(TWO, mark, last)
    case.claim("the same", found == (NO_PRICE if expected is None else expected))
    case.claim("the same prices are asked for", next(answers, None) is None)
