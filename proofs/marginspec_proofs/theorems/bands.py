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
    band_end,
    bankruptcy_price,
    exact_health_at,
    first_below,
    health_at,
    highest_price,
    liquidation_band,
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
    """Between two prices at which exact health is at least a threshold, it is so everywhere."""
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


@contextmanager
def contracts(**stand_ins: Callable[..., Any]) -> Iterator[None]:
    """Within, the functions of the module of bands that are named are known by what was proved of them alone."""
    with ExitStack() as stack:
        for name, stand_in in stand_ins.items():
            stack.enter_context(patch.object(bands, name, stand_in))
        yield


NO_VIEW = PriceView(0, 0, ())  # type: ignore[arg-type]  # plain integers stand for amounts


@theorem("T-BAND-7", "MRG-07", of=(around_crossing,), scope=INDUCTION)
def the_search_for_the_threshold_closes_in(case: Case) -> None:
    """Each turn of a bisection keeps a price at the threshold or above and one below it, and halves their distance.

    So it ends with neighbours, of which the outer one is below the threshold and the inner one is not. From any
    distance up to 2^53 it takes at most 53 turns.
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
    case.claim("step: half as far, and at most half a price unit", 2 * new_length <= length + 1)
    from_inside = ((new_inside == inside) & (at_inside >= threshold)) | (
        (new_inside == middle) & (at_middle >= threshold)
    )
    from_outside = ((new_outside == outside) & (at_outside < threshold)) | (
        (new_outside == middle) & (at_middle < threshold)
    )
    case.claim("step: the inner one is at the threshold or above", from_inside)
    case.claim("step: the outer one is below", from_outside)
    case.claim("step: one end stays", (new_inside == inside) | (new_outside == outside))


@theorem("T-BAND-8", "MRG-07", of=(first_below,), uses=("T-BAND-4", "T-BAND-7"))
def halving_finds_the_first_price_below_a_threshold(case: Case) -> None:
    """From a price at a threshold or above, the first price below it is found; None if there is none to the last."""
    direction = case.one_of("direction", (1, -1))
    start, length, gone = case.integer("start"), case.integer("length", 0), case.integer("gone", 0)
    last, price = start + direction * length, start + direction * gone
    threshold, inner = case.integer("threshold"), case.integer("inner")
    at_start, at_last, at_inner, at_outer, at_price = (
        case.integer(f"exact at {name}") for name in ("start", "last", "inner", "outer", "price")
    )
    case.assume(gone <= length, "any price on the way")
    case.assume(at_start >= threshold, "it starts at the threshold or above")
    case.assume(implies(length == 0, at_last == at_start), "one price has one exact health")
    case.assume(implies(gone == 0, at_price == at_start), "one price has one exact health")
    case.assume(implies((at_start >= threshold) & (at_last >= threshold), at_price >= threshold), "T-BAND-4")
    turned: list[bool] = []

    def turns(_: PriceView, inside: Any, outside: Any, given: Any) -> Any:
        if turned:
            case.claim("turns end with neighbours", False)
            return inner, inner
        case.claim("the first turn has the whole way", (inside == start) & (outside == last) & (given == threshold))
        case.claim("it is at the threshold there, and below here", (at_start >= threshold) & (at_last < threshold))
        turned.append(True)
        within = (direction * (inner - start) >= 0) & (direction * (last - inner) >= 1)
        case.assume(within & (at_inner >= threshold) & (at_outer < threshold), "T-BAND-7")
        case.assume(
            implies((at_inner >= threshold) & (direction * (inner - price) >= 0), at_price >= threshold), "T-BAND-4"
        )
        case.assume(implies(price == inner + direction, at_price == at_outer), "one price has one exact health")
        return inner, inner + direction

    def exact_at(_: PriceView, asked: Any) -> Any:
        case.claim("the last price is asked for", asked == last)
        return at_last

    with contracts(exact_health_at=exact_at, around_crossing=turns):
        found = first_below(NO_VIEW, start, last, threshold)
    if found is None:
        case.claim("none: every price to the last is at the threshold or above", at_price >= threshold)
        return
    case.assume(implies(gone == length, at_price == at_last), "one price has one exact health")
    case.claim("on the way", (direction * (found - start) >= 1) & (direction * (last - found) >= 0))
    case.claim("at the threshold or above before", implies(direction * (found - price) > 0, at_price >= threshold))
    case.claim("below there", implies(price == found, at_price < threshold))


class Side:
    """The prices of one side of a mark, any one of them, its exact health, and whether the domain is healthy there."""

    def __init__(self, case: Case, direction: int, count: int) -> None:
        self.case, self.direction, self.safe, self.count = case, direction, count * RATE_ONE, count
        self.mark, self.length, gone = case.integer("mark"), case.integer("length", 0), case.integer("gone", 1)
        case.assume(gone <= self.length, "any price beyond the mark, up to the last")
        self.last, self.price = self.mark + direction * self.length, self.mark + direction * gone
        self.exact, self.healthy = case.integer("exact health"), case.truth("healthy")
        case.assume(implies(self.exact >= self.safe, self.healthy), "T-BAND-1")
        case.assume(implies(self.exact < RATE_ONE, negate(self.healthy)), "T-BAND-1")

    def before(self, one: Any, other: Any) -> Any:
        """Whether one price is nearer to the mark than another."""
        return self.direction * (other - one) > 0

    def exact_at(self, _: PriceView, asked: Any) -> Any:
        """Exact health at the price next to the mark."""
        self.case.claim("the price next to the mark is asked for", asked == self.mark + self.direction)
        self.at_nearest = self.case.integer("exact at nearest")
        self.case.assume(implies(self.price == asked, self.exact == self.at_nearest), "one price has one exact health")
        return self.at_nearest

    def first_below(self, _: PriceView, start: Any, last: Any, threshold: Any) -> Any:
        """None, or a price: each a path of its own; what T-BAND-8 says of it."""
        self.case.claim(
            "from next to the mark to the last", (start == self.mark + self.direction) & (last == self.last)
        )
        self.case.claim("it starts at the threshold or above", self.at_nearest >= threshold)
        self.case.claim("the threshold is a quantum a position", threshold == self.safe)
        if self.case.one_of("first below exists", (False, True)) is False:
            self.case.assume(self.exact >= threshold, "T-BAND-8")
            return None
        found = self.case.integer("first below")
        self.case.assume(self.before(start, found) & negate(self.before(last, found)), "T-BAND-8")
        self.case.assume(implies(self.before(self.price, found), self.exact >= threshold), "T-BAND-8")
        self.case.assume(implies(self.price == found, self.exact < threshold), "T-BAND-8")
        return found


@theorem("T-BAND-10", "MRG-07", of=(band_end,), scope=ALL_VIEWS, uses=("T-BAND-1", "T-BAND-8"))
def an_end_is_the_nearest_price_below_a_quantum_a_position(case: Case) -> None:
    """The end that is found is the nearest price beyond the mark with exact health below a quantum a position.

    So every price before it is healthy; it itself is not, if there is one position. If none is found, every price
    up to the last one has that much exact health, and is healthy.
    """
    exposure = Exposure(1, TierTable(()))
    exposures = case.one_of("positions", ((exposure,), (exposure, exposure)))
    side = Side(case, case.one_of("direction", (1, -1)), len(exposures))
    with contracts(exact_health_at=side.exact_at, first_below=side.first_below):
        found = band_end(PriceView(Money(0), Money(0), exposures), side.mark, side.last)
    if found is None:
        case.claim("none: exact health is a quantum a position everywhere", side.exact >= side.safe)
        case.claim("none: every price is healthy", side.healthy)
        return
    case.claim("beyond the mark", side.before(side.mark, found) & negate(side.before(side.last, found)))
    case.claim("before it, a quantum a position", implies(side.before(side.price, found), side.exact >= side.safe))
    case.claim("before it, healthy", implies(side.before(side.price, found), side.healthy))
    case.claim("at it, less", implies(side.price == found, side.exact < side.safe))
    if side.count == 1:
        case.claim("of one position, not healthy there", implies(side.price == found, negate(side.healthy)))


@theorem("T-BAND-28", "MRG-07", of=(band_end,), scope=ALL_VIEWS)
def no_price_is_left_beyond_the_last(case: Case) -> None:
    """At a mark that is the last price itself there is no end, and no price is asked for."""
    mark, exposure = any_price(case, "mark"), Exposure(1, TierTable(()))
    exposures = case.one_of("positions", ((exposure,), (exposure, exposure)))
    asked: list[Any] = []
    with contracts(exact_health_at=lambda _, price: asked.append(price)):
        found = band_end(PriceView(Money(0), Money(0), exposures), mark, mark)
    case.claim("no end, nothing asked", found is None and not asked)


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


class AnyPrice:
    """A market's mark, its highest price, and any other price, where a domain has so many positions there."""

    def __init__(self, case: Case, positions: int) -> None:
        self.case, self.positions, self.safe = case, positions, positions * RATE_ONE
        self.mark, self.highest = any_price(case, "mark"), case.integer("highest", 1, MAX_PRICE)
        case.assume(self.mark <= self.highest, "T-BAND-11")
        self.price, self.exact, self.healthy = any_price(case, "price"), case.integer("exact"), case.truth("healthy")
        case.assume(self.price <= self.highest, "NUM-03")
        self.health_at_mark = case.integer("health at mark")
        case.assume(implies(self.price == self.mark, self.healthy == (self.health_at_mark > 0)), "T-BAND-12")
        self.sides = iter((("lower", -1, 1), ("upper", 1, self.highest)))

    def health(self, _: PriceView, asked: Any) -> Any:
        """Health at the mark."""
        self.case.claim("health at the mark is asked for", asked == self.mark)
        return self.health_at_mark

    def end(self, _: PriceView, start: Any, last: Any) -> Any:
        """None, or a price: each a path of its own; what T-BAND-10 and T-BAND-28 say of it."""
        name, direction, last_of_side = next(self.sides)
        self.case.claim("each side, from a healthy mark", (start == self.mark) & (self.health_at_mark > 0))
        self.case.claim("to its last price", last == last_of_side)
        beyond = (direction * (self.price - start) > 0) & (direction * (last - self.price) >= 0)
        safe = (self.exact >= self.safe) & self.healthy
        if self.case.one_of(f"{name} exists", (True, False)) is False:
            self.case.assume(implies(beyond, safe), "T-BAND-10 T-BAND-28")
            return None
        found = self.case.integer(name)
        self.case.assume((direction * (found - start) > 0) & (direction * (last - found) >= 0), "T-BAND-10")
        self.case.assume(implies(beyond & (direction * (found - self.price) > 0), safe), "T-BAND-10")
        self.case.assume(implies(self.price == found, self.exact < self.safe), "T-BAND-10")
        if self.positions == 1:
            self.case.assume(implies(self.price == found, negate(self.healthy)), "T-BAND-10")
        return found

    def claim_end(self, name: str, direction: int, end: Any) -> None:
        """Claim that an end is the nearest price with less than a quantum a position, or a mark not healthy."""
        case, mark, healthy_at_mark = self.case, self.mark, self.health_at_mark > 0
        if end is None:
            case.claim(f"no {name} end: the mark is healthy", healthy_at_mark)
            return
        nearer = (direction * (self.price - mark) > 0) & (direction * (end - self.price) > 0)
        case.claim(f"nearer than the {name} end, a quantum a position", implies(nearer, self.exact >= self.safe))
        beyond_and_less = (direction * (end - mark) > 0) & implies(self.price == end, self.exact < self.safe)
        case.claim(f"less at the {name} end, beyond a healthy mark", implies(healthy_at_mark, beyond_and_less))
        case.claim(f"the {name} end is a mark that is not healthy", implies(negate(healthy_at_mark), end == mark))
        if self.positions == 1:
            case.claim(f"one position: not healthy at {name}", implies(self.price == end, negate(self.healthy)))


@theorem(
    "T-BAND-13",
    "MRG-05",
    "MRG-07",
    of=(liquidation_band,),
    scope=ALL_VIEWS,
    uses=("T-BAND-10", "T-BAND-11", "T-BAND-12", "T-BAND-28"),
)
def a_band_is_healthy_between_its_ends(case: Case) -> None:
    """Every price strictly between the ends is healthy; an end is the nearest with less than a quantum a position.

    That is, the nearest price below or above the mark with exact health below it; where there is none, every price
    of that side is healthy, up to the highest that keeps notionals in limits. With one position neither end is
    healthy. Both ends are the mark if the domain is not healthy there; without a position there it has no band.
    """
    positions = case.one_of("positions", (0, 1, 2))
    at = AnyPrice(case, positions)
    view = PriceView(Money(0), Money(0), (Exposure(1, TierTable(())),) * positions)
    market = Market("A", "USDT", 0, 0, 1, Price(1), TierTable(()), NO_FEES, at.mark)
    with contracts(view_of=lambda *_: view, health_at=at.health, highest_price=lambda _: at.highest, band_end=at.end):
        band = liquidation_band(State(markets=Map(A=market)), CROSS, "A")
    if not positions:
        case.claim("no position, no band", band.lower is None and band.upper is None)
        return
    above_lower = True if band.lower is None else band.lower < at.price
    below_upper = True if band.upper is None else at.price < band.upper
    case.claim("healthy between", implies(above_lower & below_upper, at.healthy))
    at.claim_end("lower", -1, band.lower)
    at.claim_end("upper", 1, band.upper)


@theorem("T-BAND-14", "MRG-07", of=(), scope=ALL_VIEWS, uses=("T-BAND-1", "T-BAND-4", "T-BAND-13"))
def what_is_healthy_at_an_end_or_beyond_is_within_rounding(case: Case) -> None:
    """If an end or a price beyond it is healthy, exact health at that end is at least one quantum, and below two.

    So nothing is healthy at an end or beyond where exact health there is below one quantum, nor, with one position,
    at any. Beyond an end that does not lie next to the mark, exact health is below a quantum a position everywhere.
    """
    count = case.one_of("positions", (1, 2))
    names = ("mark", "before", "end", "beyond")
    health = {name: case.integer(f"health at {name}") for name in names}
    exact = {name: case.integer(f"exact at {name}") for name in names}
    for name in names:
        rounded = health[name] * RATE_ONE
        case.assume((rounded <= exact[name]) & (exact[name] < rounded + count * RATE_ONE), "T-BAND-1")
    for threshold, inner in ((RATE_ONE, "mark"), (count * RATE_ONE, "before")):
        both = (exact[inner] >= threshold) & (exact["beyond"] >= threshold)
        case.assume(implies(both, exact["end"] >= threshold), "T-BAND-4")
    case.assume((health["mark"] > 0) & (exact["end"] < count * RATE_ONE), "T-BAND-13")
    is_next = case.truth("the end is next to the mark")
    case.assume(implies(negate(is_next), exact["before"] >= count * RATE_ONE), "T-BAND-13")
    for place in ("end", "beyond"):
        at_least = implies(health[place] > 0, exact["end"] >= RATE_ONE)
        case.claim(f"healthy {place}: at least one quantum at the end", at_least)
        if count == 1:
            case.claim(f"of one position: not healthy {place}", health[place] <= 0)
    case.claim("less than one a position at the end", exact["end"] < count * RATE_ONE)
    less = implies(negate(is_next), exact["beyond"] < count * RATE_ONE)
    case.claim("beyond, too, unless the end is next to the mark", less)


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


@theorem("T-BAND-15", "MRG-07", of=(band_end,), scope="witnesses: stated numbers")
def a_hedge_can_have_both_ends(case: Case) -> None:
    """A hedged domain can have both ends: the hedge of MRG-07 does, at 17,930.85 and 124,718.61."""
    rows = tuple(
        TierTerms(Decimal8(floor * 10**8), leverage, Decimal8(rate)) for floor, leverage, rate in RULEBOOK_ROWS
    )
    # Long 1060 and short 1000 at 60,000 with cash of 3,000,000; a price unit is a hundredth.
    equity = (3_000_000 - 60 * 60_000) * 10**8
    view = hedge(equity, 1060 * 10**6, 1000 * 10**6, tier_table(rows, 8))
    direction, end, found = case.one_of("side", ((-1, Price(1), 1_793_085), (1, highest_price(view), 12_471_861)))
    case.claim("the end", band_end(view, Price(6_000_000), end) == found)
    case.claim("not healthy there", health_at(view, Price(found)) <= 0)
    case.claim("healthy before it", health_at(view, Price(found - direction)) > 0)
    case.claim("not by rounding", exact_health_at(view, Price(found)) <= 0)


@theorem("T-BAND-16", "MRG-07", of=(band_end, health_at), scope="witnesses: stated numbers")
def a_healthy_price_can_lie_beyond_an_end(case: Case) -> None:
    """Beyond an end within rounding, a hedged domain can be healthy again, and by more.

    Worth 2 quanta long and 1 short a price unit, at 10% of maintenance: 11 is not healthy, 10 and 12 are.
    The net long position is so liquidated by a price that rises, though exact health rises with it.
    """
    rate, leverage = case.one_of("rate", ((10_000_000, 5),))
    view = hedge(-6, 2, 1, flat_table(rate, leverage))
    case.claim("the upper end", band_end(view, Price(10), highest_price(view)) == 11)
    healths = [health_at(view, Price(price)) for price in (10, 11, 12)]
    case.claim("healthy before and beyond", healths == [1, 0, 1])
    exact = [exact_health_at(view, Price(price)) for price in (10, 11, 12)]
    case.claim("exact health rises", exact == [100_000_000, 170_000_000, 240_000_000])


@theorem("T-BAND-29", "MRG-07", of=(band_end, health_at), scope="witnesses: stated numbers")
def an_end_can_be_healthy(case: Case) -> None:
    """An end can be healthy: worth 3 quanta long and 1 short a price unit, at 10% of maintenance, by one quantum.

    With an equity of -15 at a price of zero exact health is 1 at a price of 10 and 2.6 at 11; nothing is rounded at 10.
    """
    rate, leverage = case.one_of("rate", ((10_000_000, 5),))
    view = hedge(-15, 3, 1, flat_table(rate, leverage))
    case.claim("the lower end", band_end(view, Price(50), Price(1)) == 10)
    case.claim("it is healthy", health_at(view, Price(10)) == 1)
    exact = [exact_health_at(view, Price(price)) for price in (10, 11)]
    case.claim("by less than two quanta", exact == [100_000_000, 260_000_000])


PLATEAU_ROWS = ((0, 4, 20_000_000), (10_000_000_000_002, 1, 60_000_000))
"""Floor in quanta, maximum leverage, maintenance rate in 1e-8."""


@theorem(
    "T-BAND-30", "MRG-07", of=(band_end, exact_health_at), scope="a witness: stated numbers, any mark on its stretch"
)
def exact_health_can_stay_within_rounding_for_any_stretch(case: Case) -> None:
    """A hedge can have the same exact health, below two quanta, at millions of millions of prices; ends are next to it.

    Worth 3 quanta long and 1 short a price unit, at 20% and from a notional of 10^13 + 2 at 60%: exact health is 1.8
    quanta at all prices from 3,333,333,333,334 to 10,000,000,000,002. At any of them both ends are next to the mark.
    A quantum more, and the ends are those of the stretch.
    """
    rows = tuple(TierTerms(Decimal8(floor), leverage, Decimal8(rate)) for floor, leverage, rate in PLATEAU_ROWS)
    table = tier_table(rows, 8)
    first, last = Price(3_333_333_333_334), Price(10_000_000_000_002)
    mark = case.integer("mark", first, last)
    view, richer = hedge(-3_999_999_999_999, 3, 1, table), hedge(-3_999_999_999_998, 3, 1, table)
    case.claim("exact health", exact_health_at(view, mark) == 180_000_000)
    case.claim("the lower end", band_end(view, mark, Price(1)) == mark - 1)
    case.claim("the upper end", band_end(view, mark, highest_price(view)) == mark + 1)
    within = Price(5_000_000_000_000)
    case.claim("a quantum more: the lower end", band_end(richer, within, Price(1)) == first - 1)
    case.claim("a quantum more: the upper end", band_end(richer, within, highest_price(view)) == last + 3)


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


@theorem("T-BAND-19", "MRG-07", of=(band_end,), scope="witnesses: stated numbers")
def a_dust_position_can_end_many_price_units_short(case: Case) -> None:
    """Where a position is worth a quantum a price unit, its end can lie nine price units short of the closed form.

    At 90% of maintenance and equity of -1 at a price of zero, exact health is zero at 10, but 19 is not healthy.
    With a lot bought at its full price, equity of 0, it is zero at a price of 0, but 9 is not healthy.
    """
    table = flat_table(90_000_000, 1)
    equity, closed_form, end = case.one_of("equity", ((-1, 10, 19), (0, 0, 9)))
    view = PriceView(Money(equity), Money(0), (Exposure(1, table),))
    case.claim("the closed form", exact_health_at(view, Price(closed_form)) == 0)
    case.claim("the end", band_end(view, Price(25), Price(1)) == end)
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


@theorem("T-BAND-23", "MRG-07", "MRG-08", of=(band_end, bankruptcy_price), scope="witnesses: stated numbers")
def a_bankruptcy_price_can_be_healthy(case: Case) -> None:
    """A price rounded to its unit can be the bankruptcy price and healthy, and the next one without equity at once.

    Worth 100 quanta a price unit, at 1% of maintenance, equity of -950 at a price of zero: 10 is both.
    """
    rate, leverage = case.one_of("rate", ((1_000_000, 20),))
    view = PriceView(Money(-950), Money(0), (Exposure(100, flat_table(rate, leverage)),))
    with contracts(view_of=lambda *_: view):
        case.claim("the bankruptcy price", bankruptcy_price(State(), CROSS, "A") == 10)
    case.claim("it is healthy", health_at(view, Price(10)) == 40)
    case.claim("the end is one unit beyond", band_end(view, Price(25), Price(1)) == 9)
