"""Values, margin, equity and what orders reserve."""

from typing import Any
from unittest.mock import patch

import attrs

from marginspec.margin import margin as rules_of_margin
from marginspec.margin.margin import (
    DomainMargin,
    OrderLoad,
    add_order,
    available_margin,
    domain_margin,
    exact_maintenance,
    initial_margin,
    is_healthy,
    load_margin,
    maintenance_margin,
    movable_margin,
    open_loss,
)
from marginspec.model.account import Order
from marginspec.model.market import Market, Tier, TierTable
from marginspec.model.units import (
    MAX_AMOUNT,
    MAX_GROSS_COST,
    MAX_LEVERAGE,
    MAX_OPEN_INTEREST_MARKED,
    MAX_PRICE,
    MAX_VALUE,
    NOTHING,
    RATE_ONE,
    Price,
    Rate,
    div_up,
)
from marginspec_engine.kernels import margin
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.worlds import ASSET, NO_FEES, ONE_TIER, World
from marginspec_proofs.theorems.kernels.parts import exact_parts
from marginspec_proofs.theorems.kernels.words import WORD, fits, within_words
from marginspec_proofs.theorems.numbers import not_less_by_a_factor
from marginspec_proofs.theorems.ranges import LEAST_EQUITY, MOST_CASH, MOST_EQUITY
from marginspec_proofs.theorems.tiers import AnyTable

MARKET = Market("first", ASSET, 0, 0, 1, Price(1), ONE_TIER, NO_FEES, Price(1))
MOST_TIERS = 6


@theorem("T-KERNEL-8", "NUM-01", "NUM-03", of=(Market.value, Market.at_mark), uses=("T-MUL-2",))
def values_are_exact(case: Case) -> None:
    """A value below 2^63 is multiplied out within 64 bits; whether a value is within a limit is told without it."""
    price, per_unit = case.integer("price", 1, WORD - 1), case.integer("quanta per unit", 1, 10**8, "MKT-01")
    quantity, most = case.integer("quantity", 1 - WORD, WORD - 1), case.integer("most", 0, WORD - 1)
    market = attrs.evolve(MARKET, quanta_per_unit=per_unit, mark=price)
    lots = quantity * per_unit
    for one in (quantity, -quantity):
        not_less_by_a_factor(case, 1, per_unit, one)
    for one in (lots, -lots):
        not_less_by_a_factor(case, 1, price, one)
    value = market.value(price, quantity)
    case.claim("at mark", value == market.at_mark(quantity))
    if case.truth("value"):
        case.assume(fits(value), "NUM-03")
        with within_words(case):
            found = margin.value_of(price, quantity, per_unit)
        case.claim("exact", found == value)
        return
    case.assume(quantity >= 0, "a limit is for what has no sign")
    least = most // per_unit
    unit_value = price * per_unit
    not_less_by_a_factor(case, least + 1, price, per_unit)
    not_less_by_a_factor(case, price, least, per_unit)
    not_less_by_a_factor(case, 1, quantity, unit_value)
    not_less_by_a_factor(case, 1, price, per_unit)
    with within_words(case):
        found = margin.value_fits(price, quantity, per_unit, most)
    largest = most // unit_value
    not_less_by_a_factor(case, quantity, largest, unit_value)
    not_less_by_a_factor(case, largest + 1, quantity, unit_value)
    case.claim("within exactly if the value is", found == (value <= most))


@theorem("T-KERNEL-9", "MKT-02", of=(TierTable.holding,), scope="bounded: tables of 1 to 6 tiers", fast=False)
def the_tier_is_found(case: Case) -> None:
    """The place that is found in the columns is that of the tier which holds the notional."""
    count = case.one_of("further tiers", tuple(range(MOST_TIERS))) + 1
    notional = case.integer("notional", 0, WORD - 1)
    before = case.one_of("rows of other tables before it", (0, 7))
    floors: list[Any] = [0, *(case.integer(f"floor {place}", 1, MAX_AMOUNT, "MKT-02") for place in range(1, count))]
    # The rows are told apart by a plain number, so that which one is held is not itself a symbol.
    table = TierTable(tuple(Tier(floor, place, Rate(1), 0) for place, floor in enumerate(floors)))
    held = table.holding(notional).max_leverage
    with within_words(case):
        found = margin.tier_place(notional, [0] * before + floors, before, before + count)
    case.claim("the same tier", found == before + held)


def any_tier(case: Case) -> tuple[Tier, Any, Any]:
    """A tier as MKT-02 has them, with its deduction as whole quanta and a rest in 1e-8 of a quantum."""
    rate, leverage = case.integer("rate", 0, RATE_ONE, "MKT-01"), case.integer("tier's leverage", 1, MAX_LEVERAGE)
    quanta, rest = case.integer("deduction's quanta", 0, MAX_AMOUNT, "T-RANGE-3"), case.integer("rest", 0, RATE_ONE - 1)
    return Tier(NOTHING, leverage, rate, quanta * RATE_ONE + rest), quanta, rest


@theorem(
    "T-KERNEL-10",
    "MRG-01",
    "MRG-02",
    "MRG-04",
    of=(maintenance_margin, initial_margin),
    uses=("T-KERNEL-3", "T-MUL-2", "T-RANGE-3", "T-TIER-2"),
)
def margins_are_exact(case: Case) -> None:
    """Maintenance and initial margin of a notional of at most 2^62 are the rules', in any tier."""
    notional, leverage = case.integer("notional", 0, MAX_VALUE), case.integer("leverage", 1, MAX_LEVERAGE)
    tier, quanta, rest = any_tier(case)
    expected = maintenance_margin(notional, tier)
    case.assume(exact_maintenance(notional, tier) >= 0, "T-TIER-2")
    with exact_parts(case):
        found = margin.maintenance_margin(notional, tier.maintenance_rate, quanta, rest)
    case.claim("maintenance", found == expected)
    case.claim("maintenance is at most the notional", (found >= 0) & (found <= notional))
    with exact_parts(case):
        initial = margin.initial_margin(notional, leverage, tier.max_leverage, found)
    case.claim("initial", initial == initial_margin(notional, leverage, tier, expected))
    lesser = min(leverage, tier.max_leverage)
    not_less_by_a_factor(case, 1, lesser, div_up(notional, lesser))
    case.claim("initial is at most a quantum above the notional", (initial >= 0) & (initial <= notional + 1))


@theorem(
    "T-KERNEL-11",
    "MRG-05",
    "ACC-03",
    of=(domain_margin, is_healthy),
    scope=INDUCTION,
    uses=("T-RANGE-4", "T-RANGE-6", "T-RANGE-7", "T-RANGE-8"),
)
def equity_is_exact(case: Case) -> None:
    """A domain's equity is summed as the rules sum it, and no partial sum leaves 64 bits, for any number of positions.

    Of the positions still to come, values of either side are at most 2^61 and costs, without their signs, 2^60.
    """
    world = World(case)
    market = world.market("first")
    domain = world.account("alice")
    key = world.position("alice", market, bool(case.truth("long")))
    begun = domain_margin(world.state, domain)
    figures = begun.positions[0]
    value, cost = market.at_mark(world.state.positions[key]), figures.cost
    coming = [case.integer(f"{name} to come", 0, MAX_OPEN_INTEREST_MARKED, "T-RANGE-8") for name in ("longs", "shorts")]
    costs = [case.integer(f"{name} costs to come", 0, MAX_GROSS_COST, "T-RANGE-7") for name in ("positive", "negative")]
    for one in (cost, -cost):
        case.assume(one + costs[0] + costs[1] <= MAX_GROSS_COST, "T-RANGE-7")
    case.assume((value + coming[0] <= MAX_OPEN_INTEREST_MARKED), "T-RANGE-8")
    case.assume((coming[1] - value <= MAX_OPEN_INTEREST_MARKED), "T-RANGE-8")
    left = coming[0] - coming[1] - costs[0] + costs[1]
    partial = case.integer("equity so far")
    whole = partial + value - cost + left
    case.assume((whole >= LEAST_EQUITY) & (whole <= MOST_EQUITY), "T-RANGE-4")
    with within_words(case):
        summed = margin.equity_with(partial, value, cost)
        gained = margin.unrealised(value, cost)
    case.claim("step: the sum with one position more", summed == partial + figures.unrealised)
    case.claim("step: unrealised", gained == figures.unrealised)
    case.claim("step: nothing but the rest is missing", summed + left == whole)
    case.assume((begun.equity >= LEAST_EQUITY) & (begun.equity <= MOST_EQUITY), "T-RANGE-4")
    with within_words(case):
        alone = margin.equity_with(begun.cash, value, cost)
    case.claim("base: one position alone", alone == begun.equity)
    healthy = margin.is_healthy(False, begun.equity, begun.maintenance)
    case.claim("base: health", healthy == is_healthy(begun))
    case.claim("base: what is flat is healthy", margin.is_healthy(True, begun.equity, begun.maintenance))


@theorem("T-KERNEL-12", "MRG-03", "MRG-06", of=(add_order,))
def order_margin_is_exact(case: Case) -> None:
    """An order counts for its position as by the rules as long as lots and values fit, and loses as much at once.

    Where they do not, the engine leaves 64 bits: the same functions run on integers without limit.
    """
    side, quantity = case.one_of("side", ("BOTH", "LONG", "SHORT")), case.integer("quantity", 1 - 2**53, 2**53 - 1)
    case.assume((quantity > 0) | (quantity < 0), "an order is of some lots")
    price, mark = case.integer("limit", 1, MAX_PRICE), case.integer("mark", 1, MAX_PRICE)
    reduce_only = bool(case.truth("reduce only"))
    any_table: Any = AnyTable(case, "tier")
    market = attrs.evolve(MARKET, mark=mark, tiers=any_table)
    limit_value, at_mark = market.value(price, quantity), market.at_mark(quantity)
    for one in (limit_value, at_mark):
        case.assume((one >= -MAX_VALUE) & (one <= MAX_VALUE), "NUM-03")
    load = OrderLoad(*(case.integer(name, 0, MAX_VALUE) for name in ("bids", "asks", "bid loss", "ask loss")))
    after = add_order(load, Order("1", "first", side, quantity, price, reduce_only), market)
    sign = {"BOTH": 0, "LONG": 1, "SHORT": -1}[side]
    with within_words(case):
        counts = margin.may_open(sign, quantity, reduce_only)
        own_loss = margin.open_loss(limit_value, at_mark)
    bid, ask = (max(quantity, 0), max(-quantity, 0)) if counts else (0, 0)
    case.claim("lots with one order more", (after.bids == load.bids + bid) & (after.asks == load.asks + ask))
    bid_loss, ask_loss = after.bid_loss - load.bid_loss, after.ask_loss - load.ask_loss
    case.claim("open loss with one order more", bid_loss + ask_loss == (own_loss if counts else 0))
    case.claim("of its own side", (ask_loss if quantity > 0 else bid_loss) == 0)


@theorem("T-KERNEL-13", "MRG-03", of=(load_margin, open_loss), uses=("T-KERNEL-10",))
def what_orders_reserve_is_exact(case: Case) -> None:
    """The larger position that orders may lead to, which of them bear open loss, and order margin are the rules'.

    All that within 64 bits.
    """
    held = case.integer("held", -MAX_OPEN_INTEREST_MARKED, MAX_OPEN_INTEREST_MARKED)
    bids, asks = (case.integer(name, 0, MAX_VALUE) for name in ("bids", "asks"))
    bid_loss, ask_loss = (case.integer(name, 0, MAX_VALUE // 4) for name in ("loss of bids", "loss of asks"))
    bid, ask = case.integer("a bid", 1, 2**53 - 1), case.integer("an ask", 1 - 2**53, -1)
    initials: list[tuple[Any, Any]] = []

    def initial_of(quantity: Any, _leverage: int, _market: Market) -> Any:
        initials.append((quantity, case.integer(f"initial {len(initials)}", 0, MAX_VALUE + 1, "T-KERNEL-10")))
        return initials[-1][1]

    with patch.object(rules_of_margin, "initial_margin_of", initial_of):
        expected = load_margin(OrderLoad(bids, asks, bid_loss, ask_loss), held, 20, MARKET)
    with within_words(case):
        larger = margin.larger_position(held, bids, asks)
        of_bids = bid_loss if margin.bears_loss(held, bids, asks, bid) else 0
        of_asks = ask_loss if margin.bears_loss(held, bids, asks, ask) else 0
        found = margin.order_margin(initials[0][1], initials[1][1], of_bids + of_asks)
    case.claim("the larger position", (larger == initials[0][0]) & (initials[1][0] == held))
    case.claim("order margin", found == expected)


@theorem("T-KERNEL-23", "MRG-06", of=(available_margin, movable_margin))
def what_is_left_of_margin_is_exact(case: Case) -> None:
    """What is available for orders and what is movable are the rules', within 64 bits."""
    cash, equity = case.integer("cash", -MOST_CASH, MOST_CASH), case.integer("equity", LEAST_EQUITY, MOST_EQUITY)
    initial, reserved = case.integer("initial", 0, MAX_VALUE), case.integer("reserved", 0, WORD - 1)
    figures = DomainMargin(cash, equity, NOTHING, ())
    if case.truth("movable"):
        with within_words(case):
            movable = margin.movable_margin(cash, equity, initial, reserved)
        case.claim("movable", movable == movable_margin(figures, initial, reserved))
    else:
        with within_words(case):
            available = margin.available_margin(equity, initial, reserved)
        case.claim("available", available == available_margin(figures, initial, reserved))
