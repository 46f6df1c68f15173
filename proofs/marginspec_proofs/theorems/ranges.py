"""Ranges: which figures fit 64 bits and which products 127, in states within NUM-03 and while settlement runs.

What NUM-03 limits is an asset's open interest at mark, the costs of a domain's positions, net deposits and the
funds. Everything else follows: equities from what the accounts hold together, cash from equity, values and costs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from marginspec.handlers.funding import funding_due
from marginspec.handlers.markets import move_mark, set_mark
from marginspec.handlers.trading import (
    check_gross_cost,
    check_open_interest,
    insurance_part,
    returned_margin,
    trade_fee,
)
from marginspec.margin import closing
from marginspec.margin.bands import Exposure, PriceView, exact_health_at, health_at
from marginspec.margin.closing import realise, released_cost
from marginspec.margin.margin import (
    DomainMargin,
    PositionMargin,
    available_margin,
    cash_account,
    exact_maintenance,
    maintenance_margin,
    movable_margin,
)
from marginspec.model import ledger
from marginspec.model.account import PositionKey
from marginspec.model.effects import MovingRule
from marginspec.model.events import MarkPrice
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market, Tier, TierTable, TierTerms, next_tier
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.units import (
    MAX_GROSS_COST,
    MAX_NET_DEPOSITS,
    MAX_OPEN_INTEREST_MARKED,
    MAX_OPEN_INTEREST_TRADED,
    MAX_PRICE,
    MAX_VALUE,
    NOTHING,
    RATE_ONE,
    Decimal8,
    Price,
    Quantity,
    Rate,
    next_share,
)
from marginspec.settlement import deleveraging
from marginspec.settlement.deleveraging import (
    Step,
    Terms,
    deleverage,
    entry_is_no_worse,
    lot_loss,
    released_loss,
    wanted_quantity,
)
from marginspec.settlement.liquidation import clearance_fee, take_lot
from marginspec.settlement.waterfall import shortfall_of
from marginspec.transaction import Transaction
from marginspec_proofs.prover.contracts import instead_of, money_moves
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import Integer, implies
from marginspec_proofs.prover.worlds import ASSET, ONE_TIER, World
from marginspec_proofs.theorems.numbers import not_less_by_a_factor, whole_multiples

LEAST_EQUITY, MOST_EQUITY = -MAX_OPEN_INTEREST_MARKED, MAX_NET_DEPOSITS + MAX_OPEN_INTEREST_MARKED
"""Between these every equity stays, from an event's own part to the end of its settlement (T-RANGE-2)."""
MOST_CASH = MOST_EQUITY + MAX_OPEN_INTEREST_MARKED + MAX_GROSS_COST
"""What a domain's cash comes to at most, without its sign (T-RANGE-3)."""
MOST_LOT_COST = MAX_OPEN_INTEREST_MARKED + MOST_EQUITY
"""What a lot costs at most, without its sign (T-RANGE-4)."""


def fits(number: Any, bits: int = 63) -> Any:
    """Whether an integer fits so many bits and a sign."""
    return (-(2**bits) < number) & (number < 2**bits)


# ------------------------------------------------------------- products


@contextmanager
def products_fit(case: Case) -> Iterator[None]:
    """Every product of symbols in here is claimed to fit 127 bits, by the size of its factors.

    Each factor fits 63 bits, or one fits 90 and the other 36; a factor that is a number is taken as it is.
    """
    product = Integer.__mul__

    def checked(self: Any, other: Any) -> Any:
        if isinstance(other, int):
            most = (2**127 - 1) // max(1, abs(other))
            case.claim(f"a product with {other} fits 127 bits", (-most <= self) & (self <= most))
        else:
            uneven = (fits(self, 90) & fits(other, 36)) | (fits(self, 36) & fits(other, 90))
            case.claim("a product fits 127 bits", (fits(self) & fits(other)) | uneven)
        return product(self, other)

    with instead_of(case, Integer, {"__mul__": checked, "__rmul__": checked}):
        yield


@theorem(
    "T-RANGE-1",
    "NUM-03",
    "MRG-04",
    "TRD-01",
    "FND-01",
    "LIQ-02",
    of=(exact_maintenance, trade_fee, funding_due),
    uses=("T-RANGE-3",),
)
def products_with_rates_fit(case: Case) -> None:
    """Maintenance, fees, funding and health at a price multiply a value of at most 2^62 by a rate: 127 bits suffice."""
    value = case.integer("value", -MAX_VALUE, MAX_VALUE)
    notional, rate = case.integer("notional", 0, MAX_VALUE), case.integer("rate", 0, RATE_ONE, "MKT-01")
    deduction = case.integer("deduction", 0, MAX_VALUE * RATE_ONE, "MKT-02")
    tier = Tier(NOTHING, 20, rate, deduction)
    equity = case.integer("equity at a price of zero", -(2**63), 2**63, "T-RANGE-3")
    with products_fit(case):
        exact = exact_maintenance(notional, tier)
        trade_fee(value, rate)
        insurance_part(notional, rate)
        funding_due(value, Rate(rate * case.one_of("sign", (1, -1))))
        clearance_fee(notional, rate, case.integer("released", 0), case.integer("own equity"))
        case.claim("maintenance fits 90 bits", fits(exact, 90))
        margin = maintenance_margin(notional, tier)
        case.claim("rounded maintenance fits", implies(exact <= notional * RATE_ONE, margin <= notional))
        view = PriceView(equity, NOTHING, (Exposure(value, TierTable((tier,))),))
        health_at(view, Price(1))
        case.claim("exact health fits 92 bits", fits(exact_health_at(view, Price(1)), 92))


@theorem(
    "T-RANGE-2",
    "NUM-02",
    "NUM-03",
    "ACC-02",
    "ACC-04",
    "ADL-01",
    "ADL-04",
    of=(released_cost, returned_margin, entry_is_no_worse, wanted_quantity, released_loss, next_share),
    uses=("T-MUL-1", "T-MUL-2"),
)
def products_of_amounts_fit(case: Case) -> None:
    """Costs, cash, shares and shortfalls are multiplied by quantities or amounts that fit 63 bits, as they do."""
    amount, held = case.integer("amount", -(2**63) + 1, 2**63 - 1), case.integer("held", 1, MAX_OPEN_INTEREST_MARKED)
    part, other = case.integer("part", 0), case.integer("other quantity", 1, MAX_OPEN_INTEREST_MARKED)
    case.assume(part <= held, "ACC-02")
    positive = [case.integer(name, 0, 2**63 - 1) for name in ("total", "missing", "loss")]
    total, missing, loss = positive
    shortfall = case.integer("shortfall", 0, 2**63 - 2)
    claim, shared = case.integer("claim", 0), case.integer("shared", 0, 2**63 - 1)
    case.assume((claim <= total) & (total > 0) & (loss > 0), "NUM-02")
    functions = (released_cost, returned_margin, entry_is_no_worse, wanted_quantity, released_loss, next_share)
    function = case.one_of("function", functions)
    terms = Terms(bool(case.truth("at the counterparty's entry")), amount, held, loss)
    with products_fit(case):
        if function is released_cost:
            released_cost(amount, held, part)
        elif function is returned_margin:
            returned_margin(amount, total, held, part)
        elif function is entry_is_no_worse:
            entry_is_no_worse(held, amount, other, total)
        elif function is wanted_quantity:
            wanted_quantity(terms, shortfall, missing)
        elif function is released_loss:
            released_loss(terms, part)
    if function is not next_share:
        return
    not_less_by_a_factor(case, claim, total, shared)
    floor = shared * claim // total
    whole_multiples(case, floor - shared - 1, total)
    case.claim("a share is at most what is shared", floor <= shared)
    case.claim("and at least zero", floor >= 0)
    with products_fit(case):
        next_share(shared, claim, total, case.integer("left", 0))


@theorem("T-RANGE-3", "MKT-02", "NUM-03", of=(next_tier,), scope=INDUCTION, uses=("T-MUL-2",))
def deductions_fit(case: Case) -> None:
    """The deductions of any valid table are at least zero and at most floor times rate, so they fit 90 bits."""
    rates = case.integer("rate below", 1, RATE_ONE), case.integer("rate", 1, RATE_ONE // 10 - 1, "MKT-02")
    floors = case.integer("floor below", 0, MAX_VALUE), case.integer("floor", 0, MAX_VALUE)
    deduction = case.integer("deduction below", 0, source="induction hypothesis")
    case.assume((rates[0] < rates[1]) & (floors[0] < floors[1]), "MKT-02")
    case.assume(deduction <= floors[0] * rates[0], "induction hypothesis")
    first = next_tier(None, TierTerms(Decimal8(0), 20, Decimal8(1)), 8)
    case.claim("base: the first tier has none", first.deduction == 0)
    not_less_by_a_factor(case, floors[0], floors[1], rates[0])
    not_less_by_a_factor(case, 0, rates[1] - rates[0], floors[1])
    below = Tier(floors[0], 20, rates[0], deduction)
    with products_fit(case):
        added = next_tier(below, TierTerms(floors[1], 10, rates[1]), 8)
    case.claim("step: at least zero", added.deduction >= 0)
    case.claim("step: at most floor times rate", added.deduction <= floors[1] * rates[1])


# ------------------------------------------------------------- equities and cash


@theorem("T-RANGE-4", "NUM-03", "MKT-01", "FND-01", of=(Market.at_mark, funding_due), uses=("T-MUL-2", "T-RANGE-5"))
def equities_fit_when_settlement_begins(case: Case) -> None:
    """A new mark or a funding takes at most 2^61 of an equity and adds at most as much: it lies in -2^61 to 3 * 2^60.

    Before it each equity was at least zero, and all of an asset together at most its net deposits. A domain may hold
    both sides of a market.
    """
    market = World(case).market("first")
    mark = case.integer("new mark", 1)
    sides = [case.integer(name, 0, source="ACC-01") for name in ("long", "short")]
    equity = case.integer("equity", 0, MAX_NET_DEPOSITS, "T-RANGE-5")
    marked = attrs.evolve(market, mark=mark)
    before, after = ([one.at_mark(size) for size in sides] for one in (market, marked))
    for value in (*before, *after):
        case.assume(value <= MAX_OPEN_INTEREST_MARKED, "NUM-03")
    for size in sides:
        not_less_by_a_factor(case, market.mark, mark, size)
        not_less_by_a_factor(case, mark, market.mark, size)
    if case.truth("the event is a funding"):
        rate = case.one_of("rate", (RATE_ONE, -RATE_ONE))
        changed = equity - funding_due(before[0], Rate(rate)) + funding_due(before[1], Rate(rate))
    else:
        changed = equity + (after[0] - before[0]) - (after[1] - before[1])
    case.claim("not less", changed >= LEAST_EQUITY)
    case.claim("not more", changed <= MOST_EQUITY)


@theorem("T-RANGE-5", "NUM-03", "WTF-02", "LVY-01", of=(shortfall_of,), scope=INDUCTION, uses=("T-SOLV-4", "T-SOLV-6"))
def equities_together_are_at_most_net_deposits(case: Case) -> None:
    """Once an asset is settled, its equities together are at most its net deposits, and so are house and surplus.

    A market's surplus is what its reserve and its lots' profit leave over, its shortfall what they lack. The insurance
    fund holds at most the shortfalls and the net deposits, and so does relief; together they do.
    """
    profit, reserve = case.integer("profit of the lots"), case.integer("reserve", 0, source="LED-02")
    surplus, short, held = (case.integer(name, 0) for name in ("surplus", "shortfalls", "equities"))
    others = case.integer("reserves and profits before")
    case.assume(others == surplus - short, "induction hypothesis")
    case.claim("base: nothing without markets", shortfall_of(NOTHING, NOTHING) == 0)
    added = shortfall_of(profit, reserve)
    over = max(0, profit + reserve)
    case.claim("step: reserves and profits are surplus less shortfalls", profit + reserve == over - added)
    house, insurance, relief = (case.integer(name, 0, source="LED-02") for name in ("house", "insurance", "relief"))
    deposits = case.integer("net deposits", 0, MAX_NET_DEPOSITS)
    case.assume(held + others + profit + reserve + insurance + relief + house == deposits, "T-SOLV-4")
    case.assume(short + added <= insurance + relief, "T-SOLV-6")
    case.claim("step: equities", held <= deposits)
    case.claim("step: house", house <= deposits)
    case.claim("step: surplus of all markets", surplus + over <= deposits)
    case.claim("step: insurance and relief", insurance + relief <= deposits + short + added)


class Domain:
    """A domain of any number of positions in settlement: one is looked at, of the others only sums are known.

    What is long of the others is worth at most 2^61 with it, what is short likewise (T-RANGE-8), and the costs of all,
    without their signs, sum to at most 2^60 (T-RANGE-7). `world` holds the domain and its position.
    """

    def __init__(self, case: Case, is_long: bool) -> None:
        self.case = case
        self.world = World(case)
        self.market = self.world.market("first")
        self.domain = self.world.account("alice")
        self.key = self.world.position("alice", self.market, is_long)
        self.equity = case.integer("equity", LEAST_EQUITY, MOST_EQUITY, "T-RANGE-4")
        self.longs, self.shorts = (case.integer(f"other {side}", 0) for side in ("longs", "shorts"))
        self.costs = [case.integer(f"{sign} costs of others", 0) for sign in ("positive", "negative")]
        begun = self.world.state
        self.held, self.cost = begun.positions[self.key], -begun.balance(ledger.position(*self.key))
        value = self.market.at_mark(self.held)
        sides = (self.longs + value, self.shorts) if is_long else (self.longs, self.shorts - value)
        case.assume(sides[0] <= MAX_OPEN_INTEREST_MARKED, "T-RANGE-8")
        case.assume(sides[1] <= MAX_OPEN_INTEREST_MARKED, "T-RANGE-8")
        for own in (self.cost, -self.cost):
            case.assume(own + self.costs[0] + self.costs[1] <= MAX_GROSS_COST, "T-RANGE-7")
        case.assume(self.cash_by(self.equity, value, self.cost) == begun.balance(cash_account(self.domain)), "ACC-03")

    def cash_by(self, equity: Any, value: Any, cost: Any) -> Any:
        """Cash is equity less values plus costs."""
        return equity - (self.longs - self.shorts + value) + (self.costs[0] - self.costs[1] + cost)


@theorem("T-RANGE-6", "NUM-03", "ACC-03", of=(Market.at_mark,), uses=("T-RANGE-4", "T-RANGE-7", "T-RANGE-8"))
def cash_fits(case: Case) -> None:
    """The cash of any domain, settled or in settlement, is at most 6 * 2^60, without its sign."""
    domain = Domain(case, bool(case.truth("long")))
    cash = domain.world.state.balance(cash_account(domain.domain))
    case.claim("cash", (cash >= -MOST_CASH) & (cash <= MOST_CASH))
    case.claim("which is 6 * 2^60", MOST_CASH == 6 * 2**60)
    unrealised = domain.market.at_mark(domain.held) - domain.cost
    case.claim("cash and a part of what is unrealised", fits(cash + unrealised))


@theorem("T-RANGE-7", "NUM-03", "ACC-02", of=(released_cost, check_gross_cost), uses=("T-MUL-1", "T-MUL-2"))
def settlement_never_raises_a_cost(case: Case) -> None:
    """Closing part of a position leaves a cost of the same sign and no larger; opening keeps a domain's within 2^60."""
    cost, held, part = case.integer("cost"), case.integer("held", 1), case.integer("part", 0)
    case.assume(part <= held, "ACC-02")
    not_less_by_a_factor(case, part, held, cost)
    not_less_by_a_factor(case, part, held, -cost)
    not_less_by_a_factor(case, 0, part, cost)
    not_less_by_a_factor(case, 0, part, -cost)
    released = released_cost(cost, held, part)
    whole_multiples(case, released - cost, held)
    whole_multiples(case, released, held)
    whole_multiples(case, released - cost - 1, held)
    case.claim("a positive cost stays within", implies(cost >= 0, (released >= 0) & (released <= cost)))
    case.claim("a negative cost stays within", implies(cost <= 0, (released <= 0) & (released >= cost)))
    transaction = World(case).transaction(settling=False)
    costs = [case.integer(f"{place} cost of a domain") for place in ("first", "second")]
    check_gross_cost(transaction, DomainMargin(NOTHING, NOTHING, NOTHING, tuple(position_of(one) for one in costs)))
    case.claim("the sum is tested", transaction.out_of_range == (abs(costs[0]) + abs(costs[1]) > MAX_GROSS_COST))


def position_of(cost: Any) -> PositionMargin:
    """A position of which only the cost is asked."""
    return PositionMargin(PositionKey("alice", "first", "BOTH"), NOTHING, cost, NOTHING, NOTHING, ONE_TIER.tiers[0])


@theorem(
    "T-RANGE-8",
    "NUM-03",
    "LIQ-04",
    "ADL-03",
    of=(Transaction.set_position, Transaction.open_lot, take_lot),
    uses=("T-ADL-7",),
)
def settlement_never_raises_open_interest(case: Case) -> None:
    """What the engine takes over keeps its asset's open interest, and a step of deleveraging lowers it.

    So it is at most 2^61 at all times: a new mark or a trade that would raise it above is refused (T-RANGE-9).
    """
    is_long = bool(case.truth("long"))
    world = World(case)
    market = world.market("first")
    domain, key = world.account("alice"), world.position("alice", market, is_long)
    world.account("bob")
    lot = world.lot(market, not is_long)
    value = market.at_mark(world.state.open_interest["first"]) + case.integer("value of others", 1)
    part = case.integer("part", 1)
    case.assume(part <= abs(world.state.positions[key]), "LIQ-02")
    transaction = world.transaction()
    transaction.open_value = transaction.open_value.set(ASSET, value)
    follow, is_step, paid = Transaction._add_open_interest, bool(case.truth("deleveraging")), case.integer("paid")
    gains = is_step and bool(lot_loss(transaction, market, lot) <= 0)
    if gains:
        case.assume(paid == market.at_mark(Quantity(-part if is_long else part)), "ADL-06: at the mark")

    def at_most_paid(released: Any) -> None:
        case.assume(implies(gains, released <= paid), "T-ADL-7: no gain is below zero")

    with (
        whole_releases(case, at_most_paid),
        money_moves(case),
        instead_of(case, Transaction, {"_add_open_interest": follow}),
    ):
        if is_step:
            case.assume(part <= abs(lot.quantity), "ADL-01")
            deleverage(transaction, market, Step(lot, key, part, paid))
            closed = market.at_mark(Quantity(part))
        else:
            take_lot(transaction, domain, key, Quantity(part if is_long else -part), paid, "takeover")
            closed = NOTHING
    case.claim("by what was closed", transaction.open_value[ASSET] == value - closed)


@theorem("T-RANGE-9", "NUM-03", of=(set_mark, move_mark, check_open_interest), uses=("T-MUL-1",))
def open_interest_is_tested(case: Case) -> None:
    """A mark is accepted exactly if its asset's open interest stays within 2^61, a trade that raises it within 2^60."""
    world = World(case)
    market = world.market("first")
    world.others(market)
    quantity = world.state.open_interest["first"]
    others, mark = case.integer("value of other markets", 0), case.integer("new mark", 1, MAX_PRICE)
    transaction = world.transaction(settling=False)
    transaction.open_value = transaction.open_value.set(ASSET, others + market.at_mark(quantity))
    before = case.integer("open interest before", 0)
    check_open_interest(transaction, market, before)
    beyond = transaction.open_value[ASSET] > MAX_OPEN_INTEREST_TRADED
    case.claim("a trade", transaction.out_of_range == ((quantity > before) & beyond))
    value = others + market.value(Price(mark), quantity)
    case.assume(value >= 1, "T-MUL-1")
    try:
        set_mark(transaction, MarkPrice("first", Decimal8(mark * 10**8)))
    except Rejected as refusal:
        case.claim("refused for its value", refusal.reason == Reason.OUT_OF_RANGE)
        case.claim("which is too large", value > MAX_OPEN_INTEREST_MARKED)
        return
    case.claim("its value is known", transaction.open_value[ASSET] == value)
    case.claim("and within the limit", value <= MAX_OPEN_INTEREST_MARKED)


# ------------------------------------------------------------- transfers of settlement


@contextmanager
def whole_releases(case: Case, first: Callable[[Any], None] | None = None) -> Iterator[None]:
    """Released cost is any between nothing and all of the cost (T-RANGE-7); `first` may assume more of the first."""

    def release(cost: Any, size: Any, part: Any) -> Any:
        released = case.integer(f"released cost {len(count)}")
        count.append(released)
        case.assume(implies(cost >= 0, (released >= 0) & (released <= cost)), "T-RANGE-7")
        case.assume(implies(cost <= 0, (released <= 0) & (released >= cost)), "T-RANGE-7")
        case.assume(implies(part == size, released == cost), "T-RELEASE-1")
        if first and len(count) == 1:
            first(released)
        return released

    count: list[Any] = []
    with (
        instead_of(case, closing, {"released_cost": release}),
        instead_of(case, deleveraging, {"released_cost": release}),
    ):
        yield


@contextmanager
def balances_fit(case: Case) -> Iterator[None]:
    """Both ends of every transfer in here are claimed to fit 63 bits right after it."""
    with money_moves(case):
        move = Transaction.move

        def watched(
            self: Transaction, asset: str, source: LedgerAccount, target: LedgerAccount, amount: Any, rule: MovingRule
        ) -> None:
            move(self, asset, source, target, amount, rule)
            case.claim(f"{rule}: what is transferred fits", fits(amount))
            case.claim(f"{rule}: {source.kind} fits", fits(self.balance(source)))
            case.claim(f"{rule}: {target.kind} fits", fits(self.balance(target)))

        with instead_of(case, Transaction, {"move": watched, "transfer": watched}):
            yield


@theorem(
    "T-RANGE-10",
    "NUM-03",
    "LIQ-02",
    "LIQ-03",
    of=(take_lot, realise),
    uses=("T-RANGE-4", "T-RANGE-6", "T-RANGE-7", "T-RANGE-8", "T-STEP-1", "T-SHARE-3"),
)
def what_the_engine_takes_fits(case: Case) -> None:
    """A step-down or takeover transfers only what fits, and leaves every balance that it touches within 63 bits.

    A lot costs at most 5 * 2^60 when it opens. What the domain pays is at most its equity, and a share of a negative
    equity takes at most that.
    """
    is_long = bool(case.truth("long"))
    domain = Domain(case, is_long)
    part = case.integer("part", 1)
    case.assume(part <= abs(domain.held), "LIQ-02")
    not_less_by_a_factor(case, part, abs(domain.held), domain.market.mark)
    paid = case.integer("paid")
    case.assume(implies(domain.equity >= 0, (paid >= 0) & (paid <= domain.equity)), "T-STEP-1")
    case.assume(implies(domain.equity <= 0, (paid <= 0) & (paid >= domain.equity)), "T-SHARE-3")
    transaction = domain.world.transaction()
    quantity = Quantity(part if is_long else -part)
    with balances_fit(case), whole_releases(case):
        take_lot(transaction, domain.domain, domain.key, quantity, paid, "takeover")
    cost = -transaction.balance(ledger.lot(1))
    case.claim("the lot's cost", (cost >= -MOST_LOT_COST) & (cost <= MOST_LOT_COST))
    case.claim("which is 5 * 2^60", MOST_LOT_COST == 5 * 2**60)


MOST_LOSSES = MAX_VALUE
"""What the losing lots of a market may lose together, so that no cost that deleveraging leaves is past 63 bits."""


@theorem(
    "T-RANGE-11",
    "NUM-03",
    "ADL-03",
    of=(deleverage, realise),
    uses=("T-ADL-7", "T-ADL-9", "T-RANGE-6", "T-RANGE-7", "T-RANGE-8", "T-RANGE-10", "T-RELEASE-1"),
)
def what_deleveraging_moves_fits(case: Case) -> None:
    """A step of deleveraging transfers only what fits, and leaves position, cash and lots within 63 bits.

    So it is while the losing lots of a market lose at most 2^62 together. A step leaves them with less, and a lot with
    a cost that is its value at mark and its loss, however far its quantity has fallen; so does the lot that takes what
    is left of another's.
    """
    is_long = bool(case.truth("long"))
    domain = Domain(case, is_long)
    market, world = domain.market, domain.world
    lot = world.lot(market, not is_long)
    heir = world.lot(market, not is_long) if case.truth("there is another lot of the side") else None
    part = case.integer("part", 1)
    case.assume((part <= abs(domain.held)) & (part <= abs(lot.quantity)), "ADL-01")
    not_less_by_a_factor(case, part, abs(domain.held), market.mark)
    not_less_by_a_factor(case, part, abs(lot.quantity), market.mark)
    losses: list[Any] = []
    for one in [lot] if heir is None else [lot, heir]:
        value, cost = market.at_mark(one.quantity), -world.state.balance(ledger.lot(one.id))
        case.assume(abs(value) <= MAX_OPEN_INTEREST_MARKED, "T-RANGE-8")
        case.assume((cost >= -(2**63) + 1) & (cost < 2**63), "as a step before this one left it, or T-RANGE-10")
        losses.append(cost - value)
    lost, of_heir = losses[0], max(0, losses[1]) if heir is not None else 0
    case.assume((lost > 0) & (lost + of_heir <= MOST_LOSSES), "what the losing lots lose together")
    released = case.integer("released loss", 0, source="T-ADL-7")
    case.assume((released <= lost) & (released < domain.equity), "T-ADL-9")
    value = market.at_mark(Quantity(part if lot.quantity > 0 else -part)) + released
    if part == abs(lot.quantity) and heir is None:
        case.assume(released == lost, "ADL-04: all of it closes at its own price, if no other lot takes what is left")
    transaction = world.transaction()
    with balances_fit(case), whole_releases(case):
        deleverage(transaction, market, Step(lot, domain.key, part, value))
    left = [one for one in (lot, heir) if one is not None and one.id in transaction.lots]
    for one in left:
        case.claim("a cost that is left fits", fits(transaction.balance(ledger.lot(one.id))))
    now = [-transaction.balance(ledger.lot(one.id)) - market.at_mark(transaction.lots[one.id].quantity) for one in left]
    case.claim("together they lose no more", sum([max(0, one) for one in now]) <= lost + of_heir)


@theorem(
    "T-RANGE-12",
    "NUM-03",
    "MRG-03",
    "MRG-06",
    of=(available_margin, movable_margin),
    uses=("T-HEALTH-2", "T-RANGE-4", "T-RANGE-6"),
)
def more_order_margin_than_fits_changes_nothing(case: Case) -> None:
    """Order margin above 2^62 leaves nothing available or movable, just as 2^62 does, and covers no more.

    So an engine stops counting there, whatever resting orders come to at a new mark.
    """
    cash, maintenance = case.integer("cash", -MOST_CASH, MOST_CASH, "T-RANGE-6"), case.integer("maintenance", 0)
    equity = case.integer("equity", LEAST_EQUITY, MOST_EQUITY, "T-RANGE-4")
    initial, reserved = case.integer("initial", 0), case.integer("reserved", 0, source="T-HEALTH-2")
    figures, counted = DomainMargin(cash, equity, maintenance, ()), min(reserved, MAX_VALUE)
    for name, margin in (("as available", available_margin), ("as movable", movable_margin)):
        case.claim(name, margin(figures, initial, reserved) == margin(figures, initial, counted))
    case.claim("as required", (equity >= initial + reserved) == (equity >= initial + counted))
