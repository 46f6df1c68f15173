"""Rounding (NUM-02): every amount that the rules round loses less than one unit, in the direction that its rule states.

What is not here stands with its own subject: both divisions (T-NUM-1), shares pro rata (T-SHARE-1), released cost
(T-RELEASE-1), the quantity that a step-down leaves (T-STEP-1), maintenance margin (T-TIER-7).
"""

from marginspec.handlers.funding import funding_due
from marginspec.handlers.trading import insurance_part, opening_margin, returned_margin, trade_fee
from marginspec.margin.margin import initial_margin
from marginspec.model.market import Tier
from marginspec.model.units import MAX_LEVERAGE, NOTHING, RATE_ONE, WIRE_DECIMALS, Rate, in_units
from marginspec.settlement.liquidation import clearance_fee
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples


@theorem("T-ROUND-1", "NUM-01", of=(in_units,))
def decimals_are_counted_exactly(case: Case) -> None:
    """A decimal of an event is counted in units without loss, or refused because it has finer digits than the unit."""
    decimals = case.one_of("decimals", tuple(range(WIRE_DECIMALS + 1)))
    decimal, count = case.integer("decimal"), case.integer("any count")
    quantum = 10 ** (WIRE_DECIMALS - decimals)
    units = in_units(decimal, decimals)
    if units is None:
        case.claim("no count of units is that decimal", count * quantum != decimal)
    else:
        case.claim("nothing is lost", units * quantum == decimal)
        case.claim("no other count is that decimal", implies(count * quantum == decimal, count == units))


@theorem("T-ROUND-2", "TRD-01", of=(trade_fee, insurance_part), uses=("T-MUL-2",))
def fees_round_up_and_are_parted_without_loss(case: Case) -> None:
    """A fee is its rate's part of the value rounded up, never above the value; the insurance fund's part is down.

    The house gets the rest, at least zero, so nothing of a fee is lost.
    """
    value, rate = case.integer("value"), case.integer("rate", 0, RATE_ONE, "MKT-01")
    share = case.integer("insurance share", 0, RATE_ONE, "MKT-01")
    fee = trade_fee(value, rate)
    notional = abs(value)
    case.claim("at least its part", fee * RATE_ONE >= notional * rate)
    case.claim("less than a quantum more", fee * RATE_ONE < notional * rate + RATE_ONE)
    not_less_by_a_factor(case, 0, rate, notional)
    not_less_by_a_factor(case, rate, RATE_ONE, notional)
    case.claim("from nothing to the value", (fee >= 0) & (fee <= notional))
    case.claim("no rate, no fee", implies(rate == 0, fee == 0))
    insured = insurance_part(fee, share)
    case.claim("insurance: at most its part", insured * RATE_ONE <= fee * share)
    case.claim("insurance: less than a quantum less", insured * RATE_ONE > fee * share - RATE_ONE)
    not_less_by_a_factor(case, 0, share, fee)
    not_less_by_a_factor(case, share, RATE_ONE, fee)
    case.claim("both get at least zero", (insured >= 0) & (insured <= fee))


@theorem("T-ROUND-3", "ACC-04", of=(opening_margin,), uses=("T-ROUND-2",))
def an_opening_moves_its_margin_rounded_up(case: Case) -> None:
    """Opening moves the larger of both values over the leverage, rounded up by less than a quantum, and nothing less.

    The open loss and the fee are moved to the quantum.
    """
    value, at_mark = case.integer("value"), case.integer("value at mark")
    leverage, fee = case.integer("leverage", 1, MAX_LEVERAGE), case.integer("fee", 0, source="T-ROUND-2")
    due = opening_margin(value, at_mark, leverage, fee)
    loss = max(0, value - at_mark)
    margin, notional = due - loss - fee, max(abs(value), abs(at_mark))
    case.claim("at least the notional over the leverage", margin * leverage >= notional)
    case.claim("less than a quantum more", margin * leverage < notional + leverage)
    case.claim("not negative", margin >= 0)


@theorem("T-ROUND-4", "ACC-04", of=(returned_margin,), uses=("T-MUL-1",))
def a_reduction_returns_cash_rounded_down(case: Case) -> None:
    """A reduction returns at most its part of the cash and at most what is movable, less than a quantum short of it."""
    cash, movable, size = case.integer("cash"), case.integer("movable", 0, source="MRG-06"), case.integer("size", 1)
    part = case.integer("part", 0, source="ACC-02")
    case.assume(part <= size, "ACC-02")
    returned = returned_margin(cash, movable, size, part)
    whole_multiples(case, cash * part // size, size)
    case.claim("not negative", returned >= 0)
    case.claim("at most what is movable", returned <= movable)
    case.claim("at most its part", (returned * size <= cash * part) | (returned == 0))
    exact = returned * size > cash * part - size
    case.claim("less than a quantum less, or all that is movable", exact | (returned == movable))


@theorem("T-ROUND-5", "FND-01", of=(funding_due,))
def funding_rounds_for_the_fund(case: Case) -> None:
    """A payer of funding pays less than a quantum more than its part, a receiver gets less than a quantum less.

    Long and short of the same value owe and get the same but for that quantum.
    """
    value, rate = case.integer("value"), case.integer("rate", -RATE_ONE, RATE_ONE)
    due, opposite = funding_due(value, rate), funding_due(-value, rate)
    case.claim("at least its part", due * RATE_ONE >= value * rate)
    case.claim("less than a quantum more", due * RATE_ONE < value * rate + RATE_ONE)
    case.claim("the fund gets nothing or a quantum of two opposite ones", (due + opposite >= 0) & (due + opposite <= 1))


@theorem("T-ROUND-6", "LIQ-02", of=(clearance_fee,))
def a_clearance_fee_is_below_its_rate_only_at_a_cap(case: Case) -> None:
    """A clearance fee is its rate's part of the cut's value, rounded up, or less if one of its caps is less.

    The caps are the maintenance that the cut releases, and the equity.
    """
    value, rate = case.integer("value", 0), case.integer("rate", 0, RATE_ONE, "MKT-01")
    released, equity = case.integer("released"), case.integer("equity")
    fee = clearance_fee(value, rate, released, equity)
    case.claim("less than a quantum above its rate", fee * RATE_ONE < value * rate + RATE_ONE)
    capped = (fee == released) | (fee == equity)
    case.claim("not below its rate, or at a cap", (fee * RATE_ONE >= value * rate) | capped)


@theorem("T-ROUND-7", "MRG-02", of=(initial_margin,), uses=("T-TIER-7",))
def initial_margin_rounds_up(case: Case) -> None:
    """Initial margin is notional over leverage rounded up by less than a quantum, or a quantum above maintenance.

    The leverage is the account's, or the tier's if that is lower. What is flat needs nothing.
    """
    notional, maintenance = case.integer("notional", 0), case.integer("maintenance", 0, source="T-TIER-7")
    chosen, most = case.integer("leverage", 1, MAX_LEVERAGE), case.integer("tier's leverage", 1, MAX_LEVERAGE)
    initial = initial_margin(notional, chosen, Tier(NOTHING, most, Rate(1), 0), maintenance)
    leverage = min(chosen, most)
    case.claim("at least notional over leverage", initial * leverage >= notional)
    rounded = implies(notional > 0, initial * leverage < notional + leverage)
    case.claim("less than a quantum more, or one above maintenance", rounded | (initial == maintenance + 1))
    case.claim("above maintenance", implies(notional > 0, initial > maintenance))
    case.claim("nothing when flat", implies(notional == 0, initial == 0))
