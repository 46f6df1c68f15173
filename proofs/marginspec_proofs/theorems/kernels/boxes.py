"""Boxes: while no mark has left a box of a domain, the domain is healthy, so nobody needs to look at it."""

from typing import Any

from marginspec.margin.margin import DomainMargin, PositionMargin, is_healthy, maintenance_margin, notional_of
from marginspec.model.units import MAX_PRICE, MAX_VALUE, RATE_ONE, Money
from marginspec_engine.kernels import boxes
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.theorems.numbers import not_less_by_a_factor
from marginspec_proofs.theorems.tiers import AnyTable


class Boxed:
    """A position in a table of any length: at mark when its box is made, and at any price later.

    Notionals have names of their own, so that few products are left to the solvers.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.size = case.integer("value of a price unit", 1, MAX_VALUE)
        self.mark, self.price = case.integer("mark", 1, MAX_PRICE), case.integer("price", 1, MAX_PRICE)
        self.at_mark, self.at_price = (case.integer(name, 1, MAX_VALUE) for name in ("notional at mark", "notional"))
        case.assume(self.at_mark == self.mark * self.size, "a name for the notional")
        case.assume(self.at_price == self.price * self.size, "a name for the notional")
        table = AnyTable(case, "tier")
        self.tier_at_mark, self.tier_at_price = table.holding(self.at_mark), table.holding(self.at_price)
        self.maintenance_at_mark = maintenance_margin(self.at_mark, self.tier_at_mark)
        self.maintenance = maintenance_margin(self.at_price, self.tier_at_price)
        for tier in (self.tier_at_mark, self.tier_at_price):
            for more, less in ((self.at_mark, self.at_price), (self.at_price, self.at_mark)):
                not_less_by_a_factor(case, tier.maintenance_rate, RATE_ONE, more - less)
                not_less_by_a_factor(case, 0, tier.maintenance_rate, more - less)

    def moved_by(self, units: Any) -> None:
        """Use that a price nearer to the mark than so many units leaves the notional as near."""
        for distance in (self.mark - self.price, self.price - self.mark):
            not_less_by_a_factor(self.case, distance, units, self.size)
            not_less_by_a_factor(self.case, 0, distance, self.size)

    def claim_maintenance(self) -> None:
        """Claim that maintenance margin follows the notional, by less than it moves."""
        rises = self.at_price >= self.at_mark
        grown = self.at_price - self.at_mark
        case = self.case
        case.claim(
            "it rises by less than the notional", implies(rises, self.maintenance <= self.maintenance_at_mark + grown)
        )
        case.claim("it falls with the notional", implies(~rises, self.maintenance <= self.maintenance_at_mark))


@theorem("T-BOX-1", "MRG-05", "MRG-04", of=(maintenance_margin,), uses=("T-TIER-1", "T-TIER-3", "T-MUL-2"))
def a_long_keeps_its_health_within_its_box(case: Case) -> None:
    """A long that falls by at most the distance that its budget allows, or rises, loses at most its budget."""
    boxed, budget = Boxed(case), case.integer("budget", 0, MAX_VALUE)
    distance = boxes.distance_down(budget, boxed.size)
    case.assume(boxed.mark - boxed.price <= distance, "the mark has not left the box")
    boxed.moved_by(distance)
    boxed.claim_maintenance()
    case.claim("it is worth at most its budget less", boxed.at_mark - boxed.at_price <= budget)
    lost = boxed.at_mark - boxed.maintenance_at_mark - (boxed.at_price - boxed.maintenance)
    case.claim("at most its budget", lost <= budget)


@theorem("T-BOX-2", "MRG-05", "MRG-04", of=(maintenance_margin,), uses=("T-TIER-1", "T-TIER-3", "T-MUL-2"))
def a_short_keeps_its_health_within_its_box(case: Case) -> None:
    """A short that rises by at most the distance that its budget allows, or falls, loses at most its budget."""
    boxed, budget = Boxed(case), case.integer("budget", 0, MAX_VALUE)
    units = budget // boxed.size
    distance = boxes.distance_up(budget, boxed.size)
    case.assume(boxed.price - boxed.mark <= distance, "the mark has not left the box")
    boxed.moved_by(distance)
    not_less_by_a_factor(case, 2 * distance, units, boxed.size)
    boxed.claim_maintenance()
    case.claim("twice what it is worth more is at most its budget", 2 * (boxed.at_price - boxed.at_mark) <= budget)
    lost = -boxed.at_mark - boxed.maintenance_at_mark - (-boxed.at_price - boxed.maintenance)
    case.claim("at most its budget", lost <= budget)


@theorem("T-BOX-3", "MRG-05", "MRG-07", of=(maintenance_margin,), uses=("T-TIER-1", "T-TIER-3"))
def an_exact_box_is_a_band_of_a_position_alone(case: Case) -> None:
    """A price at which a position alone, with the kernel's cash, is healthy is one that costs its budget at most.

    So the ends that T-KERNEL-21 and T-KERNEL-22 find, tier by tier, are ends of the box.
    """
    table, budget = AnyTable(case, "tier"), case.integer("budget", 0, MAX_VALUE)
    value, later = (case.integer(name, -MAX_VALUE, MAX_VALUE) for name in ("value at mark", "value"))
    notional, later_notional = notional_of(value), notional_of(later)
    before = maintenance_margin(notional, table.holding(notional))
    after = maintenance_margin(later_notional, table.holding(later_notional))
    healthy = boxes.health_at_zero(value, before, budget) + later - after > 0
    case.claim("exactly", healthy == (value - before - (later - after) <= budget))


@theorem("T-BOX-4", "MRG-05", "ACC-03", of=(is_healthy,), scope=INDUCTION, uses=("T-BOX-1", "T-LOOP-9", "T-MUL-2"))
def a_domain_within_its_boxes_is_healthy(case: Case) -> None:
    """A domain whose positions have each lost at most an equal share of its health, less one quantum, is healthy.

    The step adds a position to those before it: what all have lost is at most what all may lose.
    """
    may_lose, have_lost = case.integer("budgets so far", 0), case.integer("lost so far")
    if case.one_of("part", ("base", "step")) == "base":
        case.claim("base: no position has lost anything", Money(0) <= 0)
        return
    case.assume(have_lost <= may_lose, "induction hypothesis")
    health, count = case.integer("health when boxed", 1, MAX_VALUE), case.integer("positions", 1, MAX_VALUE)
    budget = boxes.budget_of(health, count)
    lost = case.integer("lost by one position more")
    case.assume(lost <= budget, "T-BOX-1")
    case.claim("step: another position, within its box", have_lost + lost <= may_lose + budget)
    case.assume(may_lose == count * budget, "induction hypothesis")
    cash, equity, maintenance = (case.integer(name) for name in ("cash", "equity", "maintenance"))
    case.assume(equity - maintenance == health - have_lost, "induction hypothesis")
    position: Any = PositionMargin
    held = position("key", 1, 0, 0, 1, None)
    domain = DomainMargin(cash, equity, maintenance, (held,))
    case.claim("step: the whole domain is healthy", is_healthy(domain))
