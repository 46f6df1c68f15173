"""Limits of a market: what a price within its bands can move, and what a capped funding payment can take."""

from collections.abc import Callable
from typing import Any

import attrs

from marginspec.handlers.fills import close_lot
from marginspec.handlers.funding import funding_due
from marginspec.handlers.guards import check_band, check_fill_band, funding_rate
from marginspec.margin.margin import DomainMargin, PositionMargin, is_healthy, maintenance_margin
from marginspec.model import ledger
from marginspec.model.account import PositionKey
from marginspec.model.market import Limits, Market
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.units import NOTHING, RATE_ONE, Decimal8, Price, Rate
from marginspec_proofs.prover.contracts import money_moves
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.prover.worlds import ASSET, MAX_QUANTA_PER_UNIT, NO_FEES, ONE_TIER, World
from marginspec_proofs.theorems.numbers import whole_multiples
from marginspec_proofs.theorems.tiers import AnyTable, line_at, product_rises, tier

KEY = PositionKey("bob", "first", "BOTH")


def any_band(case: Case) -> Any:
    """A band or cap as MKT-04 has it."""
    return case.integer("band", 1, RATE_ONE, "MKT-04")


def is_refused(case: Case, check: Callable[[Market, Price], None], market: Market, distance: Any) -> bool:
    """Whether a check of a distance from the mark refuses it, which it does for the price."""
    try:
        check(market, distance)
    except Rejected as refusal:
        case.claim("refused for its price", refusal.reason == Reason.PRICE_OUT_OF_BAND)
        return True
    return False


@theorem("T-LIMIT-1", "MKT-04", "TRD-01", of=(check_band,), uses=("T-MUL-TIER", "T-TRADE-3"))
def a_trade_within_the_band_moves_little(case: Case) -> None:
    """Within a price band a trade moves less than the band's part of its value at mark and a tick's value more.

    That is what equity gains on one side and loses on the other, fees apart (T-TRADE-3): the value at mark less that at
    the price. A price is refused exactly if it is not within, and the ticks next to a mark always are.
    """
    mark, price, band = case.integer("mark", 1), case.integer("price", 1), any_band(case)
    unit, tick = case.integer("quanta per unit", 1, MAX_QUANTA_PER_UNIT), case.integer("tick", 1)
    market = Market("first", ASSET, 0, 0, unit, tick, ONE_TIER, NO_FEES, mark, Limits(price_band=band))
    beyond = abs(price - mark) - tick
    if is_refused(case, check_band, market, abs(price - mark)):
        case.claim("refused only beyond the widened band", beyond * RATE_ONE >= mark * band)
        product_rises(case, 0, mark, band)
        case.claim("never at a tick next to the mark", beyond > 0)
        return
    case.claim("accepted only within the widened band", beyond * RATE_ONE < mark * band)
    size = case.integer("quantity", 1)
    product_rises(case, beyond * RATE_ONE, mark * band, size * unit)
    case.claim("a lot is worth something", size * unit > 0)
    most = market.at_mark(size) * band + market.value(tick, size) * RATE_ONE
    for quantity in (size, -size):
        gain = market.at_mark(quantity) - market.value(price, quantity)
        case.claim("no gain beyond", gain * RATE_ONE < most)
        case.claim("no loss beyond", -gain * RATE_ONE < most)


@theorem("T-LIMIT-2", "MKT-04", "LIQ-05", of=(check_fill_band, close_lot), uses=("T-MUL-1", "T-MUL-TIER", "T-PROFIT-1"))
def a_fill_costs_little_beyond_the_mark(case: Case) -> None:
    """A fill within its band gains the funds at most the band's part of its value at mark less than one at the mark.

    The gain of a part of a lot is what reserve and insurance fund gain, or lose if it is below zero (T-PROFIT-2). So a
    lot that would gain at the mark, by its clearance fee say, costs nothing if the band is no more than that.
    """
    world = World(case)
    band = any_band(case)
    market = attrs.evolve(world.market("first"), limits=Limits(fill_band=band))
    lot = world.lot(market, bool(case.truth("the lot is long")))
    world.others(market)
    world.balance(ledger.position(*KEY))
    part, price = case.integer("part", 1, source="LIQ-05"), case.integer("price", 1)
    case.assume(part <= abs(lot.quantity), "LIQ-05")
    mark: Any = market.marked()
    worse = mark - price if lot.quantity > 0 else price - mark
    if is_refused(case, check_fill_band, market, worse):
        case.claim("refused only beyond the band", worse * RATE_ONE > mark * band)
        product_rises(case, 0, mark, band)
        case.claim("never at the mark or better", worse > 0)
        return
    case.claim("accepted only within the band", worse * RATE_ONE <= mark * band)
    gains = []
    for one in (price, mark):
        transaction = world.transaction()
        with money_moves(case):
            gains.append(close_lot(transaction, market, KEY, lot, part, one))
    product_rises(case, worse * RATE_ONE, mark * band, part)
    case.claim("at the mark it gains that much more", gains[1] - gains[0] == worse * part)
    case.claim("which is within the band", (gains[1] - gains[0]) * RATE_ONE <= mark * part * band)
    cleared = gains[1] * RATE_ONE >= mark * part * band
    case.claim("no cost where the mark gains as much", implies(cleared, gains[0] >= 0))


@theorem(
    "T-LIMIT-3",
    "MKT-04",
    "FND-01",
    "MRG-05",
    of=(funding_rate, funding_due, maintenance_margin, is_healthy),
    scope=INDUCTION,
    uses=("T-MUL-1", "T-MUL-TIER", "T-TIER-2", "T-TIER-3"),
)
def capped_funding_leaves_the_healthy_with_equity(case: Case) -> None:
    """With a cap of at most the first tier's maintenance rate, a funding payment leaves the healthy equity above zero.

    A position pays at most its maintenance margin. The induction is over the domain's positions in the market.
    """
    table: Any = AnyTable(case, "tier")
    cap = any_band(case)
    value, stated = case.integer("value at mark"), case.integer("rate")
    first = attrs.evolve(tier(case, "first"), deduction=0)
    case.assume(cap <= first.maintenance_rate, "the cap is at most the first tier's rate")
    market = Market("first", ASSET, 0, 0, 1, Price(1), ONE_TIER, NO_FEES, Price(1), Limits(funding_cap=cap))
    try:
        rate: Any = funding_rate(market, Decimal8(stated))
    except Rejected as refusal:
        case.claim("refused for its rate", refusal.reason == Reason.INVALID_RATE)
        case.claim("refused only above the cap", (stated > cap) | (stated < -cap))
        return
    case.claim("accepted as stated, within the cap", (rate == stated) & (-cap <= rate) & (rate <= cap))
    notional = abs(value)
    held = table.holding(notional)
    case.assume(line_at(notional, held) >= line_at(notional, first), "T-TIER-3")
    product_rises(case, cap, first.maintenance_rate, notional)
    for one in (rate, -rate):
        product_rises(case, one, cap, notional)
    due, maintenance = funding_due(value, Rate(rate)), maintenance_margin(notional, held)
    case.claim("at most the notional at the cap", value * rate <= notional * cap)
    whole_multiples(case, due - maintenance - 1, RATE_ONE)
    case.claim("a position pays at most its maintenance margin", due <= maintenance)
    equity, paid, covered, rest = (case.integer(name) for name in ("equity", "paid so far", "covered", "rest"))
    case.assume(rest >= 0, "T-TIER-2: what other positions ask")
    case.claim("base: nothing is paid and nothing covered", implies((paid == 0) & (covered == 0), paid <= covered))
    case.assume(paid <= covered, "induction hypothesis")
    case.claim("step: what is paid is at most the maintenance of who paid", paid + due <= covered + maintenance)
    position = PositionMargin(KEY, notional, value, NOTHING, maintenance, held)
    healthy = is_healthy(DomainMargin(equity, equity, covered + maintenance + rest, (position,)))
    case.claim("so what was healthy has equity above zero", implies(healthy, equity - paid - due > 0))
