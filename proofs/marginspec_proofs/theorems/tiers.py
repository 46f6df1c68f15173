"""Tiers: maintenance is the upper envelope of its tiers' lines, in any table that a market may have.

A tier's line is what its rate and deduction ask of a notional. All that other theorems need to know of a
table is that the holding tier's line is never below another tier's (T-TIER-3).
"""

import json
from importlib.resources import files
from itertools import pairwise
from typing import Any

from marginspec.margin.margin import exact_maintenance, initial_margin, maintenance_margin
from marginspec.model.market import Tier, TierTable, TierTerms, next_tier, tier_table
from marginspec.model.rejections import Rejected
from marginspec.model.units import MAX_LEVERAGE, MAX_TIERS, MIN_LEVERAGE, RATE_ONE, Decimal8, Money, Rate, div_up
from marginspec_journal.decimals import parse_decimal
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies

ASSET_DECIMALS = 8
BUNDLED = "simulate/venue_data/binance_usdm.json"
"""Real tables, among the data of the tools; they are read as data, nothing of the tools is run."""


def tier(case: Case, name: str) -> Tier:
    """A tier with what MKT-02 asks of any one tier."""
    floor = case.integer(f"{name} floor", 0, source="MKT-02")
    leverage = case.integer(f"{name} leverage", MIN_LEVERAGE, MAX_LEVERAGE, source="MKT-02")
    rate = case.integer(f"{name} rate", 1, RATE_ONE - 1, source="MKT-02")
    deduction = case.integer(f"{name} deduction", 0, source="T-TIER-2")
    case.assume(rate * leverage < RATE_ONE, "MKT-02")
    return Tier(floor, leverage, rate, deduction)


def product_rises(case: Case, left: Any, right: Any, factor: Any) -> None:
    """Use T-MUL-TIER: multiplying by what is not negative keeps an order, by a positive number a strict one."""
    case.assume(implies((left <= right) & (factor >= 0), left * factor <= right * factor), "T-MUL-TIER")
    case.assume(implies((left < right) & (factor > 0), left * factor < right * factor), "T-MUL-TIER")


@theorem("T-MUL-TIER", "NUM-02", of=())
def products_keep_an_order(case: Case) -> None:
    """Multiplying both sides by the same number keeps an order if it is not negative, a strict one if positive."""
    left, right, factor = case.integer("left"), case.integer("right"), case.integer("factor")
    difference = case.integer("difference")
    case.assume(difference == right - left, "a name for the difference")
    case.claim(
        "a product of what is not negative", implies((difference >= 0) & (factor >= 0), difference * factor >= 0)
    )
    case.claim("a product of what is positive", implies((difference > 0) & (factor > 0), difference * factor > 0))
    case.claim("order", implies((left <= right) & (factor >= 0), left * factor <= right * factor))
    case.claim("strict order", implies((left < right) & (factor > 0), left * factor < right * factor))


@theorem(
    "T-TIER-1", "MKT-02", of=(TierTable.holding,), scope="all tables that MKT-02 allows: 1 to 64 tiers", fast=False
)
def a_tier_holds_the_notionals_above_its_floor(case: Case) -> None:
    """The tier that holds a notional is the only one whose floor is below it and whose next floor is not."""
    count = case.one_of("further tiers", tuple(range(MAX_TIERS))) + 1
    notional = case.integer("notional")
    floors: list[Any] = [0, *(case.integer(f"floor {place}") for place in range(1, count))]
    rising = notional >= 0
    for lower, higher in pairwise(floors):
        rising = rising & (lower < higher)
    case.assume(rising, "MKT-02")
    # The rows are told apart by a plain number, so that which one is held is not itself a symbol.
    table = TierTable(tuple(Tier(floor, place, Rate(1), 0) for place, floor in enumerate(floors)))
    held = table.holding(notional).max_leverage
    above = held == 0 or notional > floors[held]
    within = held == count - 1 or notional <= floors[held + 1]
    case.claim("above its floor, or the first; not above the next floor, or the last", above & within)


def row(case: Case) -> TierTerms:
    """A row of a table as an event may state it: any integers."""
    floor, rate = case.integer("stated floor"), case.integer("stated rate")
    return TierTerms(Decimal8(floor), case.integer("stated leverage"), Decimal8(rate))


def accepted(below: Tier | None, stated: TierTerms, decimals: int) -> Tier | None:
    """The tier that a row becomes above another, or None if it is refused."""
    try:
        return next_tier(below, stated, decimals)
    except Rejected:
        return None


@theorem("T-TIER-2", "MKT-02", of=(next_tier,), scope=INDUCTION)
def an_accepted_tier_continues_the_one_below(case: Case) -> None:
    """A tier that is accepted above another has a higher floor and rate, a lower leverage, and meets it at its floor.

    Its deduction lies between zero and its floor at its rate, so maintenance is never negative.
    """
    decimals = case.one_of("asset decimals", tuple(range(9)))
    if case.one_of("part", ("base", "step")) == "base":
        first = accepted(None, row(case), decimals)
        if first is not None:
            case.claim("base: the first tier begins at zero", (first.floor == 0) & (first.deduction == 0))
            load = first.maintenance_rate * first.max_leverage
            case.claim("base: rate times leverage is below one", (load > 0) & (load < RATE_ONE))
        return
    below = tier(case, "below")
    product_rises(case, 0, below.floor, below.maintenance_rate)
    case.assume(below.deduction <= below.floor * below.maintenance_rate, "induction hypothesis")
    new = accepted(below, row(case), decimals)
    if new is None:
        return
    case.claim("step: the floor is higher", new.floor > below.floor)
    case.claim("step: the leverage is lower", new.max_leverage < below.max_leverage)
    case.claim("step: the rate is higher", new.maintenance_rate > below.maintenance_rate)
    case.claim("step: rate times leverage is below one", new.maintenance_rate * new.max_leverage < RATE_ONE)
    case.claim("step: the leverage is at least one", new.max_leverage >= 1)
    at_floor = exact_maintenance(new.floor, new)
    case.claim("step: both lines meet at the floor", at_floor == exact_maintenance(new.floor, below))
    product_rises(case, 0, new.maintenance_rate - below.maintenance_rate, new.floor)
    product_rises(case, below.floor, new.floor, below.maintenance_rate)
    case.claim("step: the deduction is not negative", new.deduction >= 0)
    case.claim("step: the deduction is at most the floor at the rate", at_floor >= 0)


def accepted_above(case: Case, below: Tier) -> Tier:
    """A tier above another, with what T-TIER-2 says of an accepted one; its floor may count any unit."""
    new = tier(case, "new")
    case.assume((new.floor > below.floor) & (new.maintenance_rate > below.maintenance_rate), "T-TIER-2")
    case.assume(new.max_leverage < below.max_leverage, "T-TIER-2")
    rise = new.maintenance_rate - below.maintenance_rate
    case.assume(new.deduction == below.deduction + new.floor * rise, "T-TIER-2")
    return new


def line_at(notional: Any, of: Tier) -> Any:
    """What a tier asks of a notional, whether or not it holds it."""
    return exact_maintenance(notional, of)


@theorem("T-TIER-3", "MKT-02", "MRG-04", of=(TierTable.holding, exact_maintenance), scope=INDUCTION, uses=("T-TIER-2",))
def exact_maintenance_is_the_highest_of_all_lines(case: Case) -> None:
    """Before rounding, maintenance is what the tier asks that asks most, of all tiers of the table.

    The table so far is one tier, the one that holds the notional: the specification's loop keeps no more of it.
    A second tier is the highest so far, a third any other. Nothing here depends on the unit of notionals.
    """
    notional = case.integer("notional", 0)
    if case.one_of("part", ("base", "step")) == "base":
        only = tier(case, "only")
        held = TierTable((only,)).holding(notional)
        case.claim("base: a single tier asks most", line_at(notional, held) >= line_at(notional, only))
        return
    held, highest, other = tier(case, "held"), tier(case, "highest"), tier(case, "other")
    case.assume(line_at(notional, held) >= line_at(notional, highest), "induction hypothesis")
    case.assume(line_at(notional, held) >= line_at(notional, other), "induction hypothesis")
    above = line_at(notional, held) == line_at(notional, highest)
    case.assume(implies(notional > highest.floor, above), "induction hypothesis")
    new = accepted_above(case, highest)
    now_held = TierTable((held, new)).holding(notional)
    product_rises(case, notional, new.floor, new.maintenance_rate - highest.maintenance_rate)
    product_rises(case, new.floor, notional, new.maintenance_rate - highest.maintenance_rate)
    rise = line_at(notional, new) - line_at(notional, highest)
    by_rate = (notional - new.floor) * (new.maintenance_rate - highest.maintenance_rate)
    case.claim("step: the lines part at the new floor", rise == by_rate)
    for name, one in (("the new tier", new), ("the highest before it", highest), ("any other", other)):
        case.claim(f"step: not below {name}", line_at(notional, now_held) >= line_at(notional, one))
    only_new = line_at(notional, now_held) == line_at(notional, new)
    case.claim("step: above its floor, the new tier asks most", implies(notional > new.floor, only_new))


@theorem("T-TIER-4", "MKT-02", "MRG-04", of=(TierTable.holding, exact_maintenance), scope=INDUCTION, uses=("T-TIER-2",))
def exact_maintenance_is_the_sum_of_its_brackets(case: Case) -> None:
    """Before rounding, each bracket of a notional, from a floor to the next, is charged at its own tier's rate.

    A tier on top charges what lies above its floor at its rate, and leaves what lies below as it was.
    """
    notional = case.integer("notional", 0)
    if case.one_of("part", ("base", "step")) == "base":
        rate = case.integer("rate", 1, RATE_ONE - 1, source="MKT-02")
        first = Tier(Money(0), 1, rate, 0)
        charged = line_at(notional, TierTable((first,)).holding(notional))
        case.claim("base: the first tier charges all at its rate", charged == notional * rate)
        return
    held, highest = tier(case, "held"), tier(case, "highest")
    new = accepted_above(case, highest)
    # Brackets up to the new floor, of the notional itself or of the floor where it is less.
    brackets_of_floor, brackets_of_notional = case.integer("brackets of the floor"), case.integer("brackets")
    case.assume(line_at(notional, held) == brackets_of_notional, "induction hypothesis")
    case.assume(line_at(new.floor, highest) == brackets_of_floor, "induction hypothesis")
    charged = line_at(notional, TierTable((held, new)).holding(notional))
    below = implies(notional <= new.floor, charged == brackets_of_notional)
    case.claim("step: up to the new floor, nothing changes", below)
    own_bracket = notional * new.maintenance_rate - new.floor * new.maintenance_rate
    above = implies(notional > new.floor, charged == brackets_of_floor + own_bracket)
    case.claim("step: above it, the new bracket is added", above)


class AnyTable:
    """A valid tier table of any length, of which no more is known than has been proved of all of them.

    It stands where the specification expects a table and answers each notional with a tier of its own.
    """

    def __init__(self, case: Case, name: str) -> None:
        self.case = case
        self.name = name
        self.answered: list[tuple[Any, Tier]] = []

    def holding(self, notional: Any) -> Tier:
        """A tier that asks at least as much of this notional as all others that were answered, and they of theirs."""
        held = tier(self.case, f"{self.name}{len(self.answered)}")
        for other_notional, other in self.answered:
            self.case.assume(line_at(notional, held) >= line_at(notional, other), "T-TIER-3")
            self.case.assume(line_at(other_notional, other) >= line_at(other_notional, held), "T-TIER-3")
            higher = (held.maintenance_rate >= other.maintenance_rate) & (held.max_leverage <= other.max_leverage)
            lower = (held.maintenance_rate <= other.maintenance_rate) & (held.max_leverage >= other.max_leverage)
            self.case.assume(implies(notional >= other_notional, higher), "T-TIER-1")
            self.case.assume(implies(notional <= other_notional, lower), "T-TIER-1")
        self.answered.append((notional, held))
        return held


@theorem("T-TIER-5", "MKT-02", "MRG-04", of=(exact_maintenance,), uses=("T-TIER-1", "T-TIER-3"))
def exact_maintenance_rises_slower_than_notional(case: Case) -> None:
    """Before rounding, maintenance rises with the notional, by more than nothing and less than the notional does.

    In particular it is continuous: one quantum more of notional changes it by less than one quantum.
    """
    table = AnyTable(case, "tier")
    low, rise = case.integer("low", 0), case.integer("rise", 1)
    high = low + rise
    at_low, at_high = table.holding(low), table.holding(high)
    for one in (at_low, at_high):
        product_rises(case, 0, rise, one.maintenance_rate)
        product_rises(case, one.maintenance_rate, RATE_ONE, rise)
    grown = line_at(high, at_high) - line_at(low, at_low)
    case.claim("it rises", grown > 0)
    case.claim("slower than notional", grown < RATE_ONE * rise)


@theorem("T-TIER-6", "MKT-02", "MRG-04", of=(exact_maintenance,), uses=("T-TIER-3",))
def exact_maintenance_is_convex(case: Case) -> None:
    """Before rounding, maintenance is convex: it rises no faster before a notional than after it.

    Of three notionals, the middle one asks at most what lies between the others on a straight line.
    """
    table = AnyTable(case, "tier")
    low, before, after = case.integer("low", 0), case.integer("before", 0), case.integer("after", 0)
    middle = low + before
    high = middle + after
    at_low, at_middle, at_high = table.holding(low), table.holding(middle), table.holding(high)
    fall = line_at(middle, at_middle) - line_at(low, at_low)
    rise = line_at(high, at_high) - line_at(middle, at_middle)
    case.claim("before it, at most at its tier's rate", fall <= before * at_middle.maintenance_rate)
    case.claim("after it, at least at its tier's rate", rise >= after * at_middle.maintenance_rate)
    product_rises(case, fall, before * at_middle.maintenance_rate, after)
    product_rises(case, after * at_middle.maintenance_rate, rise, before)
    case.claim("not above the straight line", fall * after <= rise * before)


@theorem("T-TIER-7", "MRG-04", of=(maintenance_margin, exact_maintenance), uses=("T-TIER-2", "T-TIER-5"))
def maintenance_margin_is_exact_maintenance_rounded_up(case: Case) -> None:
    """Maintenance margin is less than a quantum above exact maintenance and never falls as notional rises.

    It rises by no more than notional does; of a notional above zero it is at least one quantum.
    """
    table = AnyTable(case, "tier")
    low, rise = case.integer("low", 0), case.integer("rise", 1)
    high = low + rise
    at_low, at_high = table.holding(low), table.holding(high)
    grown = exact_maintenance(high, at_high) - exact_maintenance(low, at_low)
    case.assume((grown > 0) & (grown < RATE_ONE * rise), "T-TIER-5")
    case.assume(exact_maintenance(low, at_low) >= 0, "T-TIER-2")
    lower, higher = maintenance_margin(low, at_low), maintenance_margin(high, at_high)
    above = higher * RATE_ONE - exact_maintenance(high, at_high)
    case.claim("less than one quantum above", (above >= 0) & (above < RATE_ONE))
    case.claim("it never falls", lower <= higher)
    case.claim("it rises no more than notional", higher - lower <= rise)
    case.claim("at least one quantum", higher >= 1)
    zero = implies((low == 0) & (at_low.deduction == 0), lower == 0)
    case.claim("nothing for nothing", zero)


@theorem("T-TIER-8", "MRG-02", "MRG-04", of=(initial_margin, maintenance_margin), uses=("T-TIER-2",))
def initial_margin_exceeds_maintenance(case: Case) -> None:
    """Initial margin is above maintenance margin for any notional above zero, at any leverage.

    It is at least notional over the leverage.
    """
    held = tier(case, "tier")
    notional = case.integer("notional", 0)
    leverage = case.integer("leverage", MIN_LEVERAGE, MAX_LEVERAGE, source="ACC-01")
    maintenance = maintenance_margin(notional, held)
    initial = initial_margin(notional, leverage, held, maintenance)
    case.claim("nothing when flat", implies(notional == 0, initial == 0))
    case.claim("above maintenance", implies(notional > 0, initial > maintenance))
    case.claim("at least notional over leverage", initial * leverage >= notional)


@theorem("T-TIER-9", "MRG-02", of=(initial_margin,), uses=("T-MUL-TIER", "T-TIER-2"))
def rounding_alone_makes_margins_meet(case: Case) -> None:
    """Notional over leverage, rounded up, is never below maintenance margin; initial margin adds a quantum to a tie.

    So initial margin is notional over the lesser leverage rounded up, or one quantum more.
    """
    held = tier(case, "tier")
    notional = case.integer("notional", 1)
    leverage = case.integer("leverage", MIN_LEVERAGE, MAX_LEVERAGE, source="ACC-01")
    maintenance = maintenance_margin(notional, held)
    initial = initial_margin(notional, leverage, held, maintenance)
    lesser = min(leverage, held.max_leverage)
    by_leverage = div_up(notional, lesser)
    # notional * rate * leverage < notional * 1e8 <= by_leverage * leverage * 1e8, so maintenance is below.
    product_rises(case, lesser, held.max_leverage, held.maintenance_rate)
    case.claim("rate times the lesser leverage is below one", held.maintenance_rate * lesser < RATE_ONE)
    charge = held.maintenance_rate * lesser
    product_rises(case, charge, RATE_ONE, notional)
    case.claim(
        "at the rate, times leverage, less than notional",
        notional * held.maintenance_rate * lesser < notional * RATE_ONE,
    )
    below = notional * held.maintenance_rate
    product_rises(case, by_leverage * RATE_ONE, below, lesser)
    case.claim("exact maintenance is below", exact_maintenance(notional, held) < by_leverage * RATE_ONE)
    case.claim("maintenance margin is not above", maintenance <= by_leverage)
    case.claim("a quantum for a tie", (initial == by_leverage) | (initial == by_leverage + 1))


@theorem("T-TIER-10", "MRG-02", of=(initial_margin,), uses=("T-MUL-TIER", "T-TIER-1", "T-TIER-7"))
def initial_margin_never_falls(case: Case) -> None:
    """Initial margin never falls as notional rises: the tier above it takes a lower leverage and more maintenance."""
    at_low, at_high = tier(case, "lower"), tier(case, "higher")
    low, rise = case.integer("low", 0), case.integer("rise", 0)
    high = low + rise
    leverage = case.integer("leverage", MIN_LEVERAGE, MAX_LEVERAGE, source="ACC-01")
    case.assume(at_high.max_leverage <= at_low.max_leverage, "T-TIER-1")
    smaller, larger = case.integer("maintenance at low", 0), case.integer("maintenance at high", 0)
    case.assume(smaller <= larger, "T-TIER-7")
    before, after = initial_margin(low, leverage, at_low, smaller), initial_margin(high, leverage, at_high, larger)
    first, second = min(leverage, at_low.max_leverage), min(leverage, at_high.max_leverage)
    by_first, by_second = div_up(low, first), div_up(high, second)
    product_rises(case, second, first, by_second)
    product_rises(case, by_second + 1, by_first, first)
    case.claim("notional over the higher leverage is not negative", by_second >= 0)
    case.claim("notional over leverage never falls", by_first <= by_second)
    case.claim("initial margin never falls", before <= after)


def bundled_tables() -> tuple[TierTable, ...]:
    """All tier tables that the project ships, as the rules accept them."""
    markets = json.loads(files("marginspec_tools").joinpath(BUNDLED).read_bytes())["markets"]
    tables = []
    for market in markets:
        rows = [(row["floor"], row["max_leverage"], row["maintenance_rate"]) for row in market["tiers"]]
        terms = [TierTerms(parse_decimal(floor), leverage, parse_decimal(rate)) for floor, leverage, rate in rows]
        tables.append(tier_table(terms, ASSET_DECIMALS))
    return tuple(tables)


TABLES = bundled_tables()


@theorem(
    "T-TIER-11",
    "MKT-02",
    "MRG-02",
    "MRG-04",
    of=(TierTable.holding, tier_table, maintenance_margin, initial_margin),
    scope="all bundled tables, any notional",
    fast=False,
)
def bundled_tables_charge_by_bracket(case: Case) -> None:
    """In every bundled table maintenance is the sum of its brackets, is continuous, and stays below initial margin."""
    table = case.one_of("table", TABLES)
    notional = case.integer("notional", 0)
    held = table.holding(notional)
    place = table.tiers.index(held)
    brackets = 0
    for lower, higher in pairwise(table.tiers[: place + 1]):
        brackets = brackets + lower.maintenance_rate * (higher.floor - lower.floor)
    exact = exact_maintenance(notional, held)
    charged = exact == brackets + held.maintenance_rate * (notional - held.floor)
    for one in table.tiers:
        charged = (exact >= line_at(notional, one)) & charged
    grown = exact_maintenance(notional + 1, table.holding(notional + 1)) - exact
    steady = (grown > 0) & (grown <= table.tiers[-1].maintenance_rate)
    case.claim(
        "the sum of its brackets, the highest of its lines, and it rises by the highest rate at most", charged & steady
    )
    maintenance = maintenance_margin(notional, held)
    initial = initial_margin(notional, held.max_leverage, held, maintenance)
    case.claim("initial margin is above", implies(notional > 0, initial > maintenance))
