"""Bands: what is healthy between the ends of a liquidation band and beyond them, and how the search finds them.

Tier tables are valid tables of any length (`AnyTable`). A market's domain has at most two positions there, a long
and a short one, so views with one and two exposures are all that there are.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import attrs
from immutables import Map

from marginspec.margin import bands
from marginspec.margin.bands import (
    Exposure,
    PriceView,
    around_crossing,
    around_peak,
    bankruptcy_price,
    exact_health_at,
    first_unhealthy,
    health_at,
    highest_price,
    last_below,
    liquidation_band,
    nearest_unhealthy,
    peak_of_exact_health,
    view_of,
)
from marginspec.margin.margin import cash_account, domain_margin, is_healthy, maintenance_margin
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.ledger import position as position_account
from marginspec.model.market import FeeTerms, Market, Tier, TierTable, TierTerms, tier_table
from marginspec.model.state import State
from marginspec.model.units import MAX_PRICE, MAX_VALUE, RATE_ONE, Decimal8, Money, Price, Rate, div_down, div_up
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.theorems.tiers import AnyTable, product_rises, tier

ALL_VIEWS = "one or two positions in the market: all that an account can have there"
SIGNS = {"long": (1,), "short": (-1,), "hedge": (1, -1)}


def any_price(case: Case, name: str) -> Any:
    """A price."""
    return case.integer(name, 1, MAX_PRICE)


def any_view(case: Case, signs: tuple[int, ...]) -> PriceView:
    """A domain as a function of the price, with one position for each sign, in valid tables of any length."""
    equity, maintenance = case.integer("fixed equity"), case.integer("fixed maintenance", 0)
    exposures = []
    for sign in signs:
        size = case.integer(f"value {sign}", 1, source="NUM-01")
        exposures.append(Exposure(sign * size, AnyTable(case, f"tier {sign} ")))  # type: ignore[arg-type]  # stands for one
    return PriceView(equity, maintenance, tuple(exposures))


def at_price(case: Case, view: PriceView, price: Any) -> None:
    """Use T-MUL-TIER: at a positive price, a value has the sign of its position."""
    for exposure in view.exposures:
        product_rises(case, 0, exposure.value_per_unit, price)
        product_rises(case, exposure.value_per_unit, 0, price)


@theorem("T-BAND-1", "MRG-05", "MRG-07", of=(health_at, exact_health_at), scope=ALL_VIEWS, uses=("T-MUL-TIER",))
def rounding_costs_less_than_a_quantum_a_position(case: Case) -> None:
    """Health is exact health less what rounding takes: nothing or more, and less than one quantum a position.

    So exact health of a quantum a position is healthy, and exact health below one quantum is not.
    """
    view = any_view(case, case.one_of("positions", tuple(SIGNS.values())))
    price = any_price(case, "price")
    at_price(case, view, price)
    rounded, exact = health_at(view, price), exact_health_at(view, price)
    count = len(view.exposures)
    case.claim("rounding adds nothing", rounded * RATE_ONE <= exact)
    case.claim("rounding takes less than a quantum a position", exact < (rounded + count) * RATE_ONE)
    case.claim("a quantum a position is healthy", implies(exact >= count * RATE_ONE, rounded > 0))
    case.claim("less than one quantum is not healthy", implies(exact < RATE_ONE, rounded <= 0))


def held_first(exposure: Exposure) -> Tier:
    """The tier that any table answered first."""
    table: Any = exposure.tiers
    first: Tier = table.answered[0][1]
    return first


def slope_of(view: PriceView) -> Any:
    """By how much exact health changes with a price unit, at the tiers that each table answered first."""
    slope = 0
    for exposure in view.exposures:
        size = abs(exposure.value_per_unit)
        slope = slope + RATE_ONE * exposure.value_per_unit - held_first(exposure).maintenance_rate * size
    return slope


@theorem("T-BAND-2", "MRG-07", of=(exact_health_at,), scope=ALL_VIEWS, uses=("T-MUL-TIER", "T-TIER-3"))
def exact_health_is_concave(case: Case) -> None:
    """Exact health is concave in the price: it is nowhere above the straight line that its tiers at a price draw."""
    view = any_view(case, case.one_of("positions", tuple(SIGNS.values())))
    here, there = case.integer("here", 1), case.integer("there", 1)
    at_price(case, view, here)
    at_price(case, view, there)
    exact_here, exact_there = exact_health_at(view, here), exact_health_at(view, there)
    slope = slope_of(view)
    case.claim("below its line", exact_there <= exact_here + slope * there - slope * here)


@theorem(
    "T-BAND-3",
    "MRG-05",
    "MRG-07",
    of=(health_at, exact_health_at),
    scope="one position in the market",
    uses=("T-TIER-5",),
)
def one_way_health_moves_one_way(case: Case) -> None:
    """With one position in the market, health never falls as the price moves with it, and exact health rises.

    So what is unhealthy stays unhealthy as the price moves on against the position: there is at most one end.
    """
    sign = case.one_of("side", (1, -1))
    view = any_view(case, (sign,))
    worse = any_price(case, "worse price")
    better = any_price(case, "better price")
    case.assume(sign * (better - worse) > 0, "the better price is where the position gains")
    at_price(case, view, worse)
    at_price(case, view, better)
    size = sign * view.exposures[0].value_per_unit
    product_rises(case, worse, better, size)
    product_rises(case, better, worse, size)
    gained = sign * (better * size - worse * size)
    at_worse, at_better = exact_health_at(view, worse), exact_health_at(view, better)
    lower, higher = health_at(view, worse), health_at(view, better)
    # T-TIER-5, for the two notionals: exact maintenance changes the same way as notional, and by less.
    grown = (RATE_ONE * gained - (at_better - at_worse)) * sign
    case.assume((grown > 0) & (grown < RATE_ONE * gained), "T-TIER-5")
    case.claim("exact health rises", at_worse < at_better)
    case.claim("health does not fall", lower <= higher)
    case.claim("unhealthy beyond what is unhealthy", implies(higher <= 0, lower <= 0))


def support(case: Case, here: tuple[Any, Any], there: tuple[Any, Any], slope: Any) -> None:
    """Use T-BAND-2: exact health there is not above the line through here."""
    at_here, exact_here = here
    at_there, exact_there = there
    case.assume(exact_there <= exact_here + slope * (at_there - at_here), "T-BAND-2")


def signs_of_product(case: Case, slope: Any, distance: Any) -> None:
    """Use T-MUL-TIER: what sign a slope gives to a distance."""
    product_rises(case, 0, slope, distance)
    product_rises(case, slope, 0, distance)


@theorem("T-BAND-4", "MRG-07", of=(), uses=("T-BAND-2", "T-MUL-TIER"))
def high_exact_health_lies_together(case: Case) -> None:
    """Between two prices at which exact health is at least a threshold, it is so everywhere.

    And a price unit that raises exact health is preceded by units that raise it, in either direction.
    """
    direction = case.one_of("direction", (1, -1))
    start, gone, left = case.integer("start"), case.integer("gone", 0), case.integer("left", 0)
    middle = start + direction * gone
    end = middle + direction * left
    exact_start, exact_middle, exact_end = case.integer("at start"), case.integer("at middle"), case.integer("at end")
    slope, threshold = case.integer("slope"), case.integer("threshold")
    support(case, (middle, exact_middle), (start, exact_start), slope)
    support(case, (middle, exact_middle), (end, exact_end), slope)
    signs_of_product(case, slope, gone)
    signs_of_product(case, slope, left)
    signs_of_product(case, -slope, gone)
    signs_of_product(case, -slope, left)
    both = (exact_start >= threshold) & (exact_end >= threshold)
    case.claim("at least the threshold between", implies(both, exact_middle >= threshold))


@theorem("T-BAND-5", "MRG-07", of=(), uses=("T-BAND-2", "T-MUL-TIER"))
def a_rise_is_preceded_by_rises(case: Case) -> None:
    """Where a step of one price unit raises exact health, so did each step of that direction before it."""
    direction = case.one_of("direction", (1, -1))
    earlier, gone = case.integer("earlier"), case.integer("gone", 1)
    later = earlier + direction * gone
    before, after = case.integer("at earlier"), case.integer("after earlier")
    here, beyond = case.integer("at later"), case.integer("after later")
    first_slope, second_slope = case.integer("slope after earlier"), case.integer("slope at later")
    support(case, (earlier + direction, after), (earlier, before), first_slope)
    support(case, (earlier + direction, after), (later, here), first_slope)
    support(case, (later, here), (later + direction, beyond), second_slope)
    support(case, (later, here), (earlier + direction, after), second_slope)
    case.assume(implies(gone == 1, (here == after) & (first_slope == second_slope)), "one price has one exact health")
    along_first, along_second = direction * first_slope, direction * second_slope
    between = gone - 1
    signs_of_product(case, along_first, between)
    signs_of_product(case, along_second, between)
    rises_later = beyond > here
    case.claim("a rise is on a rising line", implies(rises_later, along_second > 0))
    falls_earlier = after <= before
    case.claim("no rise is on a line that does not rise", implies(falls_earlier, along_first <= 0))
    case.claim("rises are preceded by rises", implies(rises_later, after > before))


@contextmanager
def contracts(**stand_ins: Callable[..., Any]) -> Iterator[None]:
    """Within, the functions of the module of bands that are named are known by what was proved of them alone."""
    with ExitStack() as stack:
        for name, stand_in in stand_ins.items():
            stack.enter_context(patch.object(bands, name, stand_in))
        yield


NO_VIEW = PriceView(0, 0, ())  # type: ignore[arg-type]  # plain integers stand for amounts


@theorem("T-BAND-6", "MRG-07", of=(around_peak,), scope=INDUCTION, uses=("T-BAND-5",))
def the_search_for_the_peak_closes_in(case: Case) -> None:
    """Each turn of the search keeps the peak of exact health in a shorter stretch.

    Before the stretch every step raises exact health, from its other end on none does; so where the two ends
    meet is the first of the largest.
    """
    direction = case.one_of("direction", (1, -1))
    start, gone = case.integer("start"), case.integer("gone", 0)
    length, left = case.integer("length", 1), case.integer("left", 0)
    rising = start + direction * gone
    falling = rising + direction * length
    end = falling + direction * left
    asked: list[tuple[Any, Any]] = []

    def exact_at(_: PriceView, price: Any) -> Any:
        asked.append((price, case.integer(f"exact {len(asked)}")))
        return asked[-1][1]

    with contracts(exact_health_at=exact_at):
        new_rising, new_falling = around_peak(NO_VIEW, rising, falling)
    (beyond, exact_beyond), (middle, exact_middle) = asked
    case.claim("step: it compares neighbours", beyond == middle + direction)
    case.claim("step: within the stretch", (direction * (middle - rising) >= 0) & (direction * (falling - beyond) >= 0))
    new_length = direction * (new_falling - new_rising)
    case.claim("step: the stretch is shorter", (new_length >= 0) & (new_length < length))
    kept = (direction * (new_rising - rising) >= 0) & (direction * (falling - new_falling) >= 0)
    case.claim("step: the stretch is part of the one before", kept)
    price = case.integer("price")
    rises, rises_at_middle = case.truth("rises"), exact_beyond > exact_middle
    on_way = (direction * (price - start) >= 0) & (direction * (end - price) > 0)
    case.assume(on_way, "any price on the way")
    case.assume(implies(direction * (rising - price) > 0, rises), "induction hypothesis")
    case.assume(implies(direction * (price - falling) >= 0, negate(rises)), "induction hypothesis")
    case.assume(implies((direction * (middle - price) >= 0) & rises_at_middle, rises), "T-BAND-5")
    case.assume(implies((direction * (price - middle) >= 0) & rises, rises_at_middle), "T-BAND-5")
    case.claim("step: before it, all rise", implies(direction * (new_rising - price) > 0, rises))
    case.claim("step: from its end on, none rises", implies(direction * (price - new_falling) >= 0, negate(rises)))
    case.claim("base: before the whole way there is no price", negate(on_way & (direction * (start - price) > 0)))
    case.claim("base: beyond the whole way there is no price", negate(on_way & (direction * (price - end) >= 0)))


@theorem("T-BAND-7", "MRG-07", of=(around_crossing,), scope=INDUCTION)
def the_search_for_the_threshold_closes_in(case: Case) -> None:
    """Each turn of a bisection keeps a price at the threshold or above and one below it, and brings them nearer.

    So it ends with neighbours, of which the outer one is below the threshold and the inner one is not.
    """
    direction = case.one_of("direction", (1, -1))
    inside, length = case.integer("inside"), case.integer("length", 2)
    outside = inside + direction * length
    threshold, at_inside, at_outside = case.integer("threshold"), case.integer("at inside"), case.integer("at outside")
    case.assume((at_inside >= threshold) & (at_outside < threshold), "induction hypothesis")
    case.claim("base: the ends of the whole way", (at_inside >= threshold) & (at_outside < threshold))
    asked: list[tuple[Any, Any]] = []

    def exact_at(_: PriceView, price: Any) -> Any:
        asked.append((price, case.integer("at middle")))
        return asked[-1][1]

    with contracts(exact_health_at=exact_at):
        new_inside, new_outside = around_crossing(NO_VIEW, inside, outside, threshold)
    ((middle, at_middle),) = asked
    new_length = direction * (new_outside - new_inside)
    case.claim("step: nearer, and not met", (new_length >= 1) & (new_length < length))
    from_inside = ((new_inside == inside) & (at_inside >= threshold)) | (
        (new_inside == middle) & (at_middle >= threshold)
    )
    from_outside = ((new_outside == outside) & (at_outside < threshold)) | (
        (new_outside == middle) & (at_middle < threshold)
    )
    case.claim("step: the inner one is at the threshold or above", from_inside)
    case.claim("step: the outer one is below", from_outside)
    case.claim("step: one end stays", (new_inside == inside) | (new_outside == outside))


@theorem("T-BAND-8", "MRG-07", of=(last_below, peak_of_exact_health), uses=("T-BAND-6", "T-BAND-7"))
def a_search_ends_where_its_turns_lead(case: Case) -> None:
    """A bisection answers with a price below the threshold whose inner neighbour is not, or that there is none.

    The search for the peak answers with a price on its way.
    """
    direction = case.one_of("direction", (1, -1))
    start, length = case.integer("start"), case.integer("length", 0)
    end = start + direction * length
    threshold, at_end = case.integer("threshold"), case.integer("at end")
    inner, at_inner, at_outer = case.integer("inner"), case.integer("at inner"), case.integer("at outer")
    met, ends_met = case.integer("peak"), []

    def turned(_: PriceView, inside: Any, outside: Any, __: Any) -> Any:
        case.claim("the first turn has the whole way", (inside == start) & (outside == end) & (at_end < threshold))
        ends_met.append(inside)
        within = (direction * (inner - start) >= 0) & (direction * (end - inner) >= 1)
        case.assume(within & (at_inner >= threshold) & (at_outer < threshold), "T-BAND-7")
        return inner, inner + direction

    def met_at_peak(_: PriceView, rising: Any, falling: Any) -> Any:
        case.assume((direction * (met - rising) >= 0) & (direction * (falling - met) >= 0), "T-BAND-6")
        return met, met

    with contracts(exact_health_at=lambda _, __: at_end, around_crossing=turned, around_peak=met_at_peak):
        below = last_below(NO_VIEW, start, end, threshold)
        peak = peak_of_exact_health(NO_VIEW, start, end)
    case.claim("the peak is on the way", (direction * (peak - start) >= 0) & (direction * (end - peak) >= 0))
    if below is None:
        case.claim("none if the end is not below", at_end >= threshold)
    elif ends_met:
        case.claim("below, next to one that is not", (below == inner + direction) & (at_outer < threshold))
    else:
        case.claim(
            "the end, next to the start or the start itself", (below == end) & (at_end < threshold) & (length <= 1)
        )


class Turned(Exception):  # noqa: N818 - not an error: where the next turn of a loop begins
    """A loop begins its next turn."""


@theorem("T-BAND-9", "MRG-07", of=(first_unhealthy,), scope=INDUCTION)
def trying_one_by_one_finds_the_first(case: Case) -> None:
    """Prices are tried one by one: where the trying stops, all before were healthy, and this one is not or is the last.

    A turn is the function itself begun at any price on the way: its loop carries nothing but the price.
    """
    direction = case.one_of("direction", (1, -1))
    start, gone, left = case.integer("start"), case.integer("gone", 0), case.integer("left", 0)
    price = start + direction * gone
    end = price + direction * left
    tried: list[Any] = []
    any_before, health_before, health_here = (
        case.integer("any price"),
        case.integer("its health"),
        case.integer("health"),
    )
    healthy = health_before > 0

    def health(_: PriceView, at: Any) -> Any:
        tried.append(at)
        if len(tried) > 1:
            raise Turned
        return health_here

    case.assume(implies(any_before == price, health_before == health_here), "one price has one health")
    case.assume(direction * (any_before - start) >= 0, "any price on the way")
    nothing_before = negate(direction * (price - any_before) > 0)
    case.claim("base: no price is before the start", implies(gone == 0, nothing_before))
    case.assume(implies(direction * (price - any_before) > 0, healthy), "induction hypothesis")
    with contracts(health_at=health):
        try:
            found = first_unhealthy(NO_VIEW, price, end)
        except Turned:
            case.claim("step: on to the neighbour", (tried[1] == price + direction) & (left >= 1))
            case.claim("step: all before were healthy", implies(direction * (tried[1] - any_before) > 0, healthy))
            return
    if found is None:
        case.claim("step: none to the end", implies(direction * (end - any_before) >= 0, healthy))
    else:
        case.claim("step: it is the price tried", found == price)
        case.claim("step: all before it were healthy", implies(direction * (found - any_before) > 0, healthy))
        case.claim("step: it is not", implies(any_before == found, negate(healthy)))


class Way:
    """The way from a mark to an end, any one price on it, and what the searches say of that price."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.direction = case.one_of("direction", (1, -1))
        self.mark, self.length = case.integer("mark"), case.integer("length", 0)
        self.end = self.mark + self.direction * self.length
        self.price, self.healthy = case.integer("price"), case.truth("healthy")
        case.assume(
            self.before_or_at(self.mark, self.price) & self.before_or_at(self.price, self.end), "any price on it"
        )
        self.calls = 0

    def before_or_at(self, one: Any, other: Any) -> Any:
        """Whether one price comes no later on the way than another."""
        return self.direction * (other - one) >= 0

    def before(self, one: Any, other: Any) -> Any:
        """Whether one price comes earlier on the way than another."""
        return self.direction * (other - one) > 0

    def answer(self, name: str) -> Any:
        """None, or a price: each a path of its own."""
        self.calls += 1
        found = self.case.integer(f"{name} {self.calls}")
        return None if self.case.one_of(f"{name} {self.calls} exists", (False, True)) is False else found

    def peak(self, _: PriceView, start: Any, end: Any) -> Any:
        """A price on the way."""
        peak = self.case.integer("peak")
        self.case.assume(self.before_or_at(start, peak) & self.before_or_at(peak, end), "T-BAND-8")
        return peak

    def exact_at(self, _: PriceView, __: Any) -> Any:
        """Any exact health."""
        self.exact_peak = self.case.integer("exact at peak")
        return self.exact_peak

    def last_below(self, view: PriceView, peak: Any, end: Any, safe: Any) -> Any:
        """Healthy from a safe price up to the one that is found, or to the end: they are safe (T-BAND-1)."""
        self.case.claim("safe is a quantum a position", safe >= len(view.exposures) * RATE_ONE)
        self.case.claim("it starts from a safe price", self.exact_peak >= safe)
        found = self.answer("last below")
        on_stretch = (self.before_or_at(peak, self.price) & self.before_or_at(self.price, end)) | (
            self.before_or_at(end, self.price) & self.before_or_at(self.price, peak)
        )
        if found is None:
            self.case.assume(implies(on_stretch, self.healthy), "T-BAND-1 T-BAND-4 T-BAND-8")
            return None
        outwards = self.before(peak, found) & self.before_or_at(found, end)
        inwards = self.before(found, peak) & self.before_or_at(end, found)
        self.case.assume(outwards | inwards, "T-BAND-8")
        inside = (self.before_or_at(peak, self.price) & self.before(self.price, found)) | (
            self.before(found, self.price) & self.before_or_at(self.price, peak)
        )
        self.case.assume(implies(inside, self.healthy), "T-BAND-1 T-BAND-4 T-BAND-8")
        return found

    def first_unhealthy(self, _: PriceView, start: Any, end: Any) -> Any:
        """Healthy up to the price that is found, which is not, or to the end."""
        self.case.claim("prices are tried along the way", self.before_or_at(start, end))
        found = self.answer("first unhealthy")
        from_start = self.before_or_at(start, self.price)
        if found is None:
            self.case.assume(implies(from_start & self.before_or_at(self.price, end), self.healthy), "T-BAND-9")
            return None
        self.case.assume(self.before_or_at(start, found) & self.before_or_at(found, end), "T-BAND-9")
        self.case.assume(implies(from_start & self.before(self.price, found), self.healthy), "T-BAND-9")
        self.case.assume(implies(self.price == found, negate(self.healthy)), "T-BAND-9")
        return found


@theorem(
    "T-BAND-10",
    "MRG-07",
    of=(nearest_unhealthy,),
    scope=ALL_VIEWS,
    uses=("T-BAND-1", "T-BAND-4", "T-BAND-8", "T-BAND-9"),
)
def the_nearest_unhealthy_price_is_found(case: Case) -> None:
    """From a mark towards an end, every price before the one that is found is healthy, and that one is not.

    If none is found, every price to the end is healthy.
    """
    way = Way(case)
    exposure = Exposure(1, TierTable(()))
    exposures = case.one_of("positions", ((exposure,), (exposure, exposure)))
    with contracts(
        peak_of_exact_health=way.peak,
        exact_health_at=way.exact_at,
        last_below=way.last_below,
        first_unhealthy=way.first_unhealthy,
    ):
        found = nearest_unhealthy(PriceView(Money(0), Money(0), exposures), way.mark, way.end)
    if found is None:
        case.claim("none: every price is healthy", way.healthy)
        return
    case.claim("on the way", way.before_or_at(way.mark, found) & way.before_or_at(found, way.end))
    case.claim("healthy before", implies(way.before(way.price, found), way.healthy))
    case.claim("not healthy there", implies(way.price == found, negate(way.healthy)))


@theorem("T-BAND-11", "MRG-07", "NUM-03", of=(highest_price,), scope=ALL_VIEWS, uses=("T-MUL-TIER",))
def the_search_covers_every_price_in_limits(case: Case) -> None:
    """The search upwards ends at the highest price that keeps every notional within its limit.

    At the mark notionals are within it, so that end is never below the mark.
    """
    view = any_view(case, case.one_of("positions", tuple(SIGNS.values())))
    price = any_price(case, "price")
    highest = highest_price(view)
    sizes = [abs(exposure.value_per_unit) for exposure in view.exposures]
    for size in sizes:
        case.assume(size <= MAX_VALUE, "NUM-03")
        product_rises(case, price, highest, size)
        product_rises(case, highest + 1, price, size)
    within: Any = True
    for size in sizes:
        within = (price * size <= MAX_VALUE) & within
    case.claim("a price at which notionals are within limits is not above it", implies(within, price <= highest))
    case.claim("at it and below, notionals are within limits", implies(price <= highest, within))
    case.claim("it is a price", (highest >= 1) & (highest <= MAX_PRICE))


CROSS = DomainKey("alice", "USDT")
NO_FEES = FeeTerms(Rate(0), Rate(0), Rate(0), Rate(0))


def any_market(case: Case, name: str, table: Any) -> Market:
    """A market with a table of any length and any mark, whose lots count any number of quanta."""
    mark, quanta = any_price(case, f"mark {name}"), case.integer(f"quanta {name}", 1, source="NUM-01")
    return Market(name, "USDT", 0, 0, quanta, Price(1), table, NO_FEES, mark)


def any_book(case: Case, signs: tuple[int, ...]) -> State:
    """An account with a position in market A for each sign, one in market B, and cash: all any integers."""
    tables = {"A": SameTable(case, "tier A", len(signs)), "B": SameTable(case, "tier B", 1)}
    markets = {name: any_market(case, name, table) for name, table in tables.items()}
    keys = [PositionKey("alice", "A", "LONG" if sign > 0 else "SHORT") for sign in signs]
    keys.append(PositionKey("alice", "B", "BOTH"))
    positions, ledger = {}, {cash_account(CROSS): case.integer("cash")}
    for key, sign in zip(keys, (*signs, 1), strict=True):
        positions[key] = sign * case.integer(f"lots {key.market} {sign}", 1)
        ledger[position_account(*key)] = case.integer(f"minus cost {key.market} {sign}")
    return State(
        markets=Map(markets), ledger=Map(ledger), positions=Map(positions), positions_of=Map({CROSS: tuple(keys)})
    )


class SameTable:
    """A table that is asked of the same notionals again and again, in turn, and so answers the same tiers.

    That it is asked of the same ones is claimed each time.
    """

    def __init__(self, case: Case, name: str, count: int) -> None:
        self.case = case
        self.tiers = [tier(case, f"{name} {place}") for place in range(count)]
        self.asked: list[Any] = []

    def holding(self, notional: Any) -> Tier:
        """The tier of the notional whose turn it is."""
        place = len(self.asked) % len(self.tiers)
        if place < len(self.asked):
            before, rate = self.asked[place], self.tiers[place].maintenance_rate
            self.case.claim("the same notional", notional == before)
            product_rises(self.case, notional, before, rate)
            product_rises(self.case, before, notional, rate)
            held = self.tiers[place]
            same = maintenance_margin(notional, held) == maintenance_margin(before, held)
            self.case.claim("the same maintenance", same)
        self.asked.append(notional)
        return self.tiers[place]


@theorem(
    "T-BAND-12",
    "MRG-05",
    "MRG-07",
    of=(view_of, health_at, domain_margin),
    scope="one or two positions in the market, one in another; cross margin",
    uses=("T-MUL-TIER", "T-TIER-3"),
)
def the_view_is_the_domain_at_every_price(case: Case) -> None:
    """Health in a view, taken at one mark, is equity less maintenance of the domain at any other mark of its market."""
    signs = case.one_of("positions", tuple(SIGNS.values()))
    book = any_book(case, signs)
    market, price = book.markets["A"], any_price(case, "price")
    for key in book.positions_of[CROSS]:
        there, lots = book.markets[key.market], book.positions[key]
        at = price if key.market == "A" else there.marked()
        product_rises(case, min(lots, 0), max(lots, 0), at)
        product_rises(case, min(lots * at, 0), max(lots * at, 0), there.quanta_per_unit)
    view = view_of(book, CROSS, "A")
    moved = attrs.evolve(book, markets=book.markets.set("A", attrs.evolve(market, mark=price)))
    health, margin = health_at(view, price), domain_margin(moved, CROSS)
    case.claim("health is equity less maintenance", health == margin.equity - margin.maintenance)
    case.claim("healthy where health is above zero", is_healthy(margin) == (health > 0))


@theorem("T-BAND-13", "MRG-05", "MRG-07", of=(liquidation_band,), uses=("T-BAND-10", "T-BAND-11", "T-BAND-12"))
def a_band_is_healthy_between_its_ends_and_not_at_them(case: Case) -> None:
    """Every price strictly between the ends of a liquidation band is healthy, and neither end is.

    Where there is no end, every price on that side is healthy, up to the highest that keeps notionals in limits.
    Both ends are the mark if the domain is not healthy there; a domain without a position there has no band.
    """
    mark, highest = any_price(case, "mark"), case.integer("highest", 1, MAX_PRICE)
    case.assume(mark <= highest, "T-BAND-11")
    price, healthy = any_price(case, "price"), case.truth("healthy")
    case.assume(price <= highest, "NUM-03")
    healthy_at_mark = case.truth("healthy at mark")
    case.assume(implies(price == mark, healthy == healthy_at_mark), "one price has one health")
    exposed = case.one_of("position in the market", (True, False))
    view = PriceView(Money(0), Money(0), (Exposure(1, TierTable(())),) if exposed else ())

    sides = iter((("lower", -1), ("upper", 1)))

    def nearest(_: PriceView, start: Any, end: Any) -> Any:
        name, direction = next(sides)
        case.claim("each side to its last price", end == (highest if name == "upper" else 1))
        found = case.integer(name)
        on_way = (direction * (price - start) >= 0) & (direction * (end - price) >= 0)
        if case.one_of(f"{name} exists", (True, False)) is False:
            case.assume(implies(on_way, healthy), "T-BAND-10")
            return None
        case.assume((direction * (found - start) >= 0) & (direction * (end - found) >= 0), "T-BAND-10")
        case.assume(implies(on_way & (direction * (found - price) > 0), healthy), "T-BAND-10")
        case.assume(implies(price == found, negate(healthy)), "T-BAND-10")
        return found

    market = Market("A", "USDT", 0, 0, 1, Price(1), TierTable(()), NO_FEES, mark)
    with contracts(
        view_of=lambda *_: view,
        domain_margin=lambda *_: None,
        is_healthy=lambda _: bool(healthy_at_mark),
        highest_price=lambda _: highest,
        nearest_unhealthy=nearest,
    ):
        band = liquidation_band(State(markets=Map(A=market)), CROSS, "A")
    if not exposed:
        case.claim("no position, no band", band.lower is None and band.upper is None)
        return
    above_lower = True if band.lower is None else band.lower < price
    below_upper = True if band.upper is None else price < band.upper
    case.claim("healthy between", implies(above_lower & below_upper, healthy))
    for name, end in (("lower", band.lower), ("upper", band.upper)):
        if end is not None:
            case.claim(f"not healthy at the {name} end", implies(price == end, negate(healthy)))
    if band.lower is not None and band.upper is not None:
        case.claim("the mark is between or at them", (band.lower <= mark) & (mark <= band.upper))
        both_at_mark = (band.lower == mark) & (band.upper == mark)
        case.claim("at the mark only if not healthy there", implies(negate(healthy_at_mark), both_at_mark))


@theorem("T-BAND-14", "MRG-07", of=(), scope=ALL_VIEWS, uses=("T-BAND-1", "T-BAND-4"))
def only_rounding_makes_an_end_with_healthy_prices_beyond(case: Case) -> None:
    """If a price beyond an end of the band is healthy, exact health at that end is positive: only rounding ends it.

    It is at least one quantum there and less than one a position. So nothing is healthy beyond an end where
    exact health is below one quantum, nor, with one position, beyond any end.
    """
    count = case.one_of("positions", (1, 2))
    names = ("mark", "end", "beyond")
    health = {name: case.integer(f"health at {name}") for name in names}
    exact = {name: case.integer(f"exact at {name}") for name in names}
    for name in names:
        rounded = health[name] * RATE_ONE
        case.assume((rounded <= exact[name]) & (exact[name] < rounded + count * RATE_ONE), "T-BAND-1")
    threshold = RATE_ONE
    both = (exact["mark"] >= threshold) & (exact["beyond"] >= threshold)
    case.assume(implies(both, exact["end"] >= threshold), "T-BAND-4")
    case.assume((health["mark"] > 0) & (health["end"] <= 0), "T-BAND-13")
    healthy_beyond = health["beyond"] > 0
    case.claim("at least one quantum", implies(healthy_beyond, exact["end"] >= RATE_ONE))
    case.claim("less than one a position", exact["end"] < count * RATE_ONE)
    if count == 1:
        case.claim("nothing is healthy beyond", negate(healthy_beyond))


def flat_table(rate: int, leverage: int) -> TierTable:
    """A table of one tier, as the rules accept it."""
    return tier_table((TierTerms(Decimal8(0), leverage, Decimal8(rate)),), 8)


RULEBOOK_ROWS = (
    *((0, 125, 400_000), (50_000, 100, 500_000), (600_000, 75, 650_000), (3_000_000, 50, 1_000_000)),
    *((12_000_000, 25, 2_000_000), (70_000_000, 20, 2_500_000), (100_000_000, 10, 5_000_000)),
    *((230_000_000, 5, 10_000_000), (480_000_000, 4, 12_500_000), (600_000_000, 3, 15_000_000)),
    *((800_000_000, 2, 25_000_000), (1_200_000_000, 1, 50_000_000)),
)
"""Floor in whole USDT, maximum leverage, maintenance rate in 1e-8: the table of MRG-07."""


def hedge(equity: int, long: int, short: int, table: TierTable) -> PriceView:
    """A long and a short position in one market: equity at a price of zero, and values per price unit."""
    return PriceView(Money(equity), Money(0), (Exposure(long, table), Exposure(-short, table)))


@theorem("T-BAND-15", "MRG-07", of=(nearest_unhealthy,), scope="witnesses: stated numbers")
def a_hedge_can_have_both_ends(case: Case) -> None:
    """A hedged domain can have both ends: the hedge of MRG-07 does, at 17,930.85 and 124,718.61."""
    rows = tuple(
        TierTerms(Decimal8(floor * 10**8), leverage, Decimal8(rate)) for floor, leverage, rate in RULEBOOK_ROWS
    )
    # Long 1060 and short 1000 at 60,000 with cash of 3,000,000; a price unit is a hundredth.
    equity = (3_000_000 - 60 * 60_000) * 10**8
    view = hedge(equity, 1060 * 10**6, 1000 * 10**6, tier_table(rows, 8))
    direction, end, found = case.one_of("side", ((-1, Price(1), 1_793_085), (1, highest_price(view), 12_471_861)))
    case.claim("the end", nearest_unhealthy(view, Price(6_000_000), end) == found)
    case.claim("not healthy there", health_at(view, Price(found)) <= 0)
    case.claim("healthy before it", health_at(view, Price(found - direction)) > 0)
    case.claim("not by rounding", exact_health_at(view, Price(found)) <= 0)


@theorem("T-BAND-16", "MRG-07", of=(nearest_unhealthy, health_at), scope="witnesses: stated numbers")
def a_healthy_price_can_lie_beyond_an_end(case: Case) -> None:
    """Beyond an end that only rounding makes, a hedged domain can be healthy again.

    Worth 2 quanta long and 1 short a price unit, at 10% of maintenance: 11 is not healthy, 10 and 12 are.
    The net long position is so liquidated by a price that rises, though exact health rises with it.
    """
    rate, leverage = case.one_of("rate", ((10_000_000, 5),))
    view = hedge(-6, 2, 1, flat_table(rate, leverage))
    case.claim("the upper end", nearest_unhealthy(view, Price(10), highest_price(view)) == 11)
    healths = [health_at(view, Price(price)) for price in (10, 11, 12)]
    case.claim("healthy before and beyond", healths == [1, 0, 1])
    exact = [exact_health_at(view, Price(price)) for price in (10, 11, 12)]
    case.claim("exact health rises", exact == [100_000_000, 170_000_000, 240_000_000])


@theorem("T-BAND-17", "MRG-07", of=(exact_health_at,), scope=ALL_VIEWS, uses=("T-MUL-TIER",))
def exact_health_is_zero_where_the_closed_form_says(case: Case) -> None:
    """Exact health is zero exactly at the venue's closed form, taken with the tiers that hold notionals there.

    Both multiplied by the closed form's divisor: notionals a price unit at their rates less signed values. The
    unit of money may be any part of a quantum, so a price may be any fraction.
    """
    view = any_view(case, case.one_of("positions", tuple(SIGNS.values())))
    price = case.integer("price", 1)
    at_price(case, view, price)
    exact = exact_health_at(view, price)
    dividend, divisor = RATE_ONE * (view.fixed_equity - view.fixed_maintenance), 0
    for exposure in view.exposures:
        held = held_first(exposure)
        dividend = dividend + held.deduction
        divisor = divisor + abs(exposure.value_per_unit) * held.maintenance_rate - RATE_ONE * exposure.value_per_unit
    case.claim("exact health is their difference", exact == dividend - price * divisor)
    case.claim("zero at the closed form and only there", (exact == 0) == (price * divisor == dividend))


@theorem(
    "T-BAND-18", "MRG-07", of=(), scope=ALL_VIEWS, uses=("T-BAND-1", "T-BAND-2", "T-BAND-13", "T-BAND-17", "T-MUL-TIER")
)
def an_end_is_within_a_price_unit_of_the_closed_form(case: Case) -> None:
    """An end is within one price unit of the closed form where health changes by a quantum a position or more with it.

    Always, it is less than a price unit beyond the closed form. How far it can stop short of it is one quantum
    a position, divided by the change of exact health with a price unit at the end. Every price from the closed
    form outwards is unhealthy. The closed form is `root` parts, `parts` to the price unit, so any fraction.
    """
    count = case.one_of("positions", (1, 2))
    inwards = case.one_of("inwards", (1, -1))
    end, root, parts = case.integer("end"), case.integer("root"), case.integer("parts", 1)
    inner = end + inwards
    # Exact health and its slopes, in parts of a quantum; prices in parts of a unit (T-TIER-3 holds in any unit).
    at_end, at_inner = case.integer("exact at end"), case.integer("exact at inner")
    case.assume(at_inner >= RATE_ONE * parts, "T-BAND-1 T-BAND-13")
    case.assume(at_end < count * RATE_ONE * parts, "T-BAND-1 T-BAND-13")
    slope_at_root, slope_at_end = case.integer("slope at root"), case.integer("slope at end")
    inner_beyond, end_beyond = case.integer("inner less root"), case.integer("end less root")
    case.assume(inner_beyond == inner * parts - root, "a name for the difference")
    case.assume(end_beyond == end * parts - root, "a name for the difference")
    case.assume(inwards * slope_at_root > 0, "the closed form of this side: health rises inwards there")
    case.assume(at_inner <= slope_at_root * inner_beyond, "T-BAND-2 T-BAND-17")
    case.assume(at_end - slope_at_end * end_beyond >= 0, "T-BAND-2 T-BAND-17")
    signs_of_product(case, inwards * slope_at_root, inwards * inner_beyond)
    product_rises(case, 0, inwards * slope_at_root, -inwards * inner_beyond)
    case.claim("less than a price unit beyond", inwards * (end_beyond + inwards * parts) > 0)
    bound = count * RATE_ONE * parts
    case.claim("short of it by a quantum a position at most", slope_at_end * end_beyond < bound)
    steep = inwards * slope_at_end >= count * RATE_ONE
    product_rises(case, count * RATE_ONE, inwards * slope_at_end, inwards * end_beyond)
    case.claim("within a price unit where health is steep", implies(steep, inwards * end_beyond < parts))
    outer, at_outer = case.integer("outer less root"), case.integer("exact at outer")
    case.assume(inwards * outer <= 0, "a price from the closed form outwards")
    case.assume(at_outer <= slope_at_root * outer, "T-BAND-2 T-BAND-17")
    product_rises(case, inwards * outer, 0, inwards * slope_at_root)
    case.claim("outwards of it, exact health is not positive", at_outer <= 0)


@theorem("T-BAND-19", "MRG-07", of=(nearest_unhealthy, health_at), scope="witnesses: stated numbers")
def a_dust_position_can_end_many_price_units_short(case: Case) -> None:
    """Where a position is worth a quantum a price unit, its end can lie nine price units short of the closed form.

    At 90% of maintenance and equity of -1 at a price of zero, exact health is zero at 10, but 19 is not healthy.
    With a lot bought at its full price, equity of 0, it is zero at a price of 0, but 9 is not healthy.
    """
    table = flat_table(90_000_000, 1)
    equity, closed_form, end = case.one_of("equity", ((-1, 10, 19), (0, 0, 9)))
    view = PriceView(Money(equity), Money(0), (Exposure(1, table),))
    case.claim("the closed form", exact_health_at(view, Price(closed_form)) == 0)
    case.claim("the end", nearest_unhealthy(view, Price(25), Price(1)) == end)
    case.claim("nine price units short", end - closed_form == 9)


@theorem("T-BAND-20", "MRG-08", of=(bankruptcy_price,), scope=ALL_VIEWS, uses=("T-MUL-TIER",))
def bankruptcy_price_is_the_last_with_equity(case: Case) -> None:
    """At the bankruptcy price equity is not negative, and one price unit further against the account it is.

    There is none if positions cancel, or if equity does not change its sign at a price above zero.
    """
    view = any_view(case, case.one_of("positions", tuple(SIGNS.values())))
    slope = sum(exposure.value_per_unit for exposure in view.exposures)
    with contracts(view_of=lambda *_: view):
        price = bankruptcy_price(State(), CROSS, "A")
    any_other = any_price(case, "any price")
    if price is None:
        product_rises(case, any_other, 1, slope)
        product_rises(case, 1, any_other, slope)
        product_rises(case, any_other, 1, -slope)
        product_rises(case, 1, any_other, -slope)
        dividend = -view.fixed_equity if slope > 0 else view.fixed_equity
        zero_at = div_up(dividend, slope) if slope > 0 else 0
        product_rises(case, zero_at, 0, slope)
        if slope < 0:
            last = div_down(dividend, -slope)
            product_rises(case, last, 0, -slope)
        equity = view.fixed_equity + slope * any_other
        case.claim("long: equity is not negative at any price", implies(slope > 0, equity >= 0))
        case.claim("short: equity is negative at any price", implies(slope < 0, equity < 0))
        case.claim("cancelled: equity is the same at any price", implies(slope == 0, equity == view.fixed_equity))
        return
    against = -1 if slope > 0 else 1
    case.claim("it is a price", price >= 1)
    case.claim("equity is not negative", view.fixed_equity + slope * price >= 0)
    case.claim("a price unit further it is", view.fixed_equity + slope * price + against * slope < 0)
    distance = case.integer("distance", 1)
    product_rises(case, 1, distance, abs(slope))
    beyond = slope * price + against * slope * distance
    case.claim("and at every price beyond", view.fixed_equity + beyond < 0)


@theorem("T-BAND-21", "MRG-05", "MRG-08", of=(health_at,), scope=ALL_VIEWS, uses=("T-MUL-TIER", "T-TIER-7"))
def a_domain_without_equity_is_not_healthy(case: Case) -> None:
    """At any price health is below equity, by a quantum or more: maintenance is never nothing.

    So where equity is zero or less, a domain is not healthy: liquidation is due no later than bankruptcy.
    """
    view = any_view(case, case.one_of("positions", tuple(SIGNS.values())))
    price = any_price(case, "price")
    at_price(case, view, price)
    health = health_at(view, price)
    equity = view.fixed_equity
    for exposure in view.exposures:
        table: Any = exposure.tiers
        notional, held = table.answered[0]
        case.assume(implies(notional > 0, maintenance_margin(notional, held) >= 1), "T-TIER-7")
        case.assume(maintenance_margin(notional, held) >= 0, "T-TIER-7")
        equity = equity + exposure.value_per_unit * price
    case.claim("health is below equity", health < equity)
    case.claim("not healthy without equity", implies(equity <= 0, health <= 0))


@theorem("T-BAND-22", "MRG-07", "MRG-08", of=(), scope=ALL_VIEWS, uses=("T-BAND-13", "T-BAND-20", "T-BAND-21"))
def liquidation_comes_before_bankruptcy(case: Case) -> None:
    """The end of the band on the side of bankruptcy is at the bankruptcy price or before it, or one unit beyond.

    It is beyond only where maintenance at the bankruptcy price is less than the value of one price unit.
    """
    against = case.one_of("against", (-1, 1))
    mark, end, bankrupt = (case.integer(name, 1) for name in ("mark", "end", "bankruptcy price"))
    healthy = {name: case.truth(f"healthy at {name}") for name in ("bankrupt", "one beyond")}
    equity, value, maintenance = case.integer("equity", 0), case.integer("value", 1), case.integer("maintenance", 1)
    case.assume((against * (end - mark) > 0) & (against * (bankrupt - mark) >= 0), "both exist, on the same side")
    case.assume(implies(against * (end - bankrupt) > 0, healthy["bankrupt"]), "T-BAND-13")
    case.assume(implies(against * (end - bankrupt) > 1, healthy["one beyond"]), "T-BAND-13")
    case.assume(negate(healthy["one beyond"]), "T-BAND-20 T-BAND-21")
    case.assume(equity < value, "T-BAND-20")
    case.assume(healthy["bankrupt"] == (equity > maintenance), "MRG-05")
    case.claim("at it or before it, or one beyond", against * (end - bankrupt) <= 1)
    beyond = against * (end - bankrupt) > 0
    case.claim("beyond only for want of maintenance", implies(beyond, maintenance + 1 < value))


@theorem("T-BAND-23", "MRG-07", "MRG-08", of=(nearest_unhealthy, bankruptcy_price), scope="witnesses: stated numbers")
def a_bankruptcy_price_can_be_healthy(case: Case) -> None:
    """A price rounded to its unit can be the bankruptcy price and healthy, and the next one without equity at once.

    Worth 100 quanta a price unit, at 1% of maintenance, equity of -950 at a price of zero: 10 is both.
    """
    rate, leverage = case.one_of("rate", ((1_000_000, 20),))
    view = PriceView(Money(-950), Money(0), (Exposure(100, flat_table(rate, leverage)),))
    with contracts(view_of=lambda *_: view):
        case.claim("the bankruptcy price", bankruptcy_price(State(), CROSS, "A") == 10)
    case.claim("it is healthy", health_at(view, Price(10)) == 40)
    case.claim("the end is one unit beyond", nearest_unhealthy(view, Price(25), Price(1)) == 9)
