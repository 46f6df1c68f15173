"""Liquidation: a step-down never lowers health, a takeover leaves nothing behind, a refused event changes nothing.

Some things are abstract here. Maintenance margin is any function that never falls as notional rises (T-TIER-7), held
in tiers of any floors (T-TIER-1); released cost is any amount, but for the whole of a position all of its cost
(T-RELEASE-1); a clearance fee is any amount within its caps (T-STEP-1); shares of equity are any that sum to it
(T-SHARE-3). Everything else is the rules' own code on the rules' own states.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import attrs
from immutables import Map

from marginspec import transaction as changes
from marginspec.margin import closing, margin
from marginspec.margin.closing import realise, released_cost, return_all_margin
from marginspec.margin.margin import DomainMargin, PositionMargin, cash_account, domain_margin, position_margin
from marginspec.model import ledger
from marginspec.model.account import DomainKey, Order, PositionKey
from marginspec.model.market import Tier
from marginspec.model.units import FLAT, NOTHING, RATE_ONE, Price, Quantity, Rate
from marginspec.settlement import liquidation
from marginspec.settlement.liquidation import (
    cancel_orders,
    clearance_fee,
    equity_shares,
    liquidate,
    position_to_step_down,
    step_down,
    stepped_down_size,
    take_lot,
    take_over,
)
from marginspec.transaction import Transaction, with_entry
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import Integer, implies, negate, term_of
from marginspec_proofs.prover.terms import Term
from marginspec_proofs.prover.worlds import ASSET, World
from marginspec_proofs.theorems.numbers import whole_multiples


class AnyMaintenance:
    """Maintenance margin of markets of which only T-TIER-1 and T-TIER-7 are known.

    A market's tiers are marked by a number of their own, so that nothing is said about two markets at once.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.markets = 0
        self.known: dict[tuple[int, Term], Any] = {}

    def table(self) -> "AnyTiers":
        """A market's tiers."""
        self.markets += 1
        return AnyTiers(self.case, self.markets)

    def maintenance_margin(self, notional: Any, tier: Tier) -> Any:
        """At least zero, none for nothing, and never less for more notional."""
        market = tier.max_leverage
        if (market, term_of(notional)) not in self.known:
            answer = self.case.integer(f"maintenance {len(self.known)}", 0, source="T-TIER-7")
            self.case.assume(implies(notional == 0, answer == 0), "T-TIER-7")
            for (other_market, term), other in self.known.items():
                if other_market == market:
                    known = number_of(term)
                    self.case.assume(implies(notional <= known, answer <= other), "T-TIER-7")
                    self.case.assume(implies(notional >= known, answer >= other), "T-TIER-7")
            self.known[market, term_of(notional)] = answer
        return self.known[market, term_of(notional)]

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """The rules ask this for maintenance margin."""
        with ExitStack() as stack:
            for module in (margin, liquidation):
                stack.enter_context(patch.object(module, "maintenance_margin", self.maintenance_margin))
            yield


def number_of(term: Term) -> Any:
    """The integer that an expression stands for."""
    return term.head if isinstance(term.head, int) else Integer(term)


class AnyTiers:
    """Tiers of a market: whichever holds a notional, its floor is zero or below the notional."""

    def __init__(self, case: Case, market: int) -> None:
        self.case = case
        self.market = market
        self.known: dict[Term, Tier] = {}

    def holding(self, notional: Any) -> Tier:
        """The tier that holds a notional."""
        term = term_of(notional)
        if term not in self.known:
            floor = self.case.integer(f"floor {self.market} {len(self.known)}", 0, source="MKT-02")
            self.case.assume((floor == 0) | (floor < notional), "T-TIER-1")
            self.known[term] = Tier(floor, self.market, Rate(1), 0)
        return self.known[term]


class AnyRelease:
    """Released cost of which only T-RELEASE-1 is known: any amount, all of the cost when all is closed."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.count = 0

    def released_cost(self, cost: Any, size: Any, part: Any) -> Any:
        """Any amount, or the whole cost."""
        self.count += 1
        released = self.case.integer(f"released cost {self.count}")
        self.case.assume(implies(part == size, released == cost), "T-RELEASE-1")
        return released

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Closing part of a position releases this."""
        with patch.object(closing, "released_cost", self.released_cost):
            yield


@theorem("T-RELEASE-1", "ACC-02", "ADL-03", of=(released_cost,), uses=("T-MUL-1",))
def released_cost_is_pro_rata(case: Case) -> None:
    """Closing part of a size releases its part of the cost, less than a quantum more, and at the end all of it."""
    cost, size = case.integer("cost"), case.integer("size", 1)
    part = case.integer("part", 0)
    case.assume(part <= size, "ACC-02")
    released = released_cost(cost, size, part)
    case.claim("at least its part", released * size >= cost * part)
    case.claim("less than a quantum more", released * size < cost * part + size)
    whole_multiples(case, released - cost, size)
    case.claim("at the end all of it", implies(part == size, released == cost))


@theorem("T-STEP-1", "LIQ-02", of=(clearance_fee, stepped_down_size), uses=("T-MUL-2", "T-TIER-7"))
def a_clearance_fee_has_two_caps(case: Case) -> None:
    """A clearance fee is at least zero, at most the cut's value at its rate rounded up, and never above its caps.

    The caps are the maintenance that the cut releases, and the equity. The quantity that stays is the largest whose
    notional is within the next lower tier.
    """
    value, released = case.integer("value", 0), case.integer("released", 0, source="T-TIER-7")
    rate, equity = case.integer("rate", 0, RATE_ONE, "MKT-01"), case.integer("equity", 1, source="LIQ-02")
    case.assume(implies((value >= 0) & (rate >= 0), value * rate >= 0), "T-MUL-2")
    fee = clearance_fee(value, rate, released, equity)
    case.claim("at least zero", fee >= 0)
    case.claim("less than a quantum above its rate", fee * RATE_ONE < value * rate + RATE_ONE)
    case.claim("at most the maintenance released", fee <= released)
    case.claim("at most the equity", fee <= equity)
    floor, unit = case.integer("floor", 0), case.integer("value of one lot", 1)
    size = stepped_down_size(floor, unit)
    case.claim("within the next lower tier", size * unit <= floor)
    case.claim("one lot more would not be", (size + 1) * unit > floor)


def with_balance(entries: Map[Any, Any], key: Any, value: Any) -> Map[Any, Any]:
    """A map with this value under a key; what is flat or empty goes, but a zero balance stays."""
    return entries.set(key, value) if isinstance(key, str) and ":" in key else with_entry(entries, key, value)


class Domain:
    """A domain of alice with a position in the first market, cross or isolated, with or without others beside it."""

    def __init__(self, case: Case, others: int = 0, isolated: bool = False) -> None:
        self.case = case
        self.maintenance, self.release = AnyMaintenance(case), AnyRelease(case)
        self.world = World(case)
        names = ("first", "second", "third")[: others + 1]
        self.markets = tuple(self.world.market(name, self.maintenance.table()) for name in names)
        self.world.funds(*self.markets)
        self.key = self.world.account("alice")
        if isolated:
            self.key = self.world.isolate("alice", self.markets[0])
        is_long = bool(case.truth("the position is long"))
        self.positions = tuple(self.world.position("alice", market, is_long) for market in self.markets)
        self.before = self.world.state
        self.transaction = self.world.transaction()
        self.transaction.event_market = "first"

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Any maintenance, any released cost; and what nothing here reads is not asked.

        That is open interest, and whether a balance is zero: one that is left out reads as zero too (T-CONS-1).
        """
        unread = patch.object(Transaction, "_add_open_interest", lambda *_: None)
        zeros = patch.object(changes, "with_entry", with_balance)
        with self.maintenance.in_force(), self.release.in_force(), unread, zeros:
            yield

    def funds_are_untouched(self) -> bool:
        """Whether no fund was moved."""
        names = (*(ledger.reserve(market.id) for market in self.markets), ledger.insurance(ASSET), ledger.house(ASSET))
        return all(self.transaction.ledger[name] is self.before.ledger[name] for name in names)


def place_the_cut(case: Case, domain: Domain, tier: Tier) -> None:
    """Say what the products of sizes with the mark mean for the sizes, which the solvers need help with."""
    market, held = domain.markets[0], abs(domain.before.positions[domain.positions[0]])
    unit = market.at_mark(Quantity(1))
    size = stepped_down_size(tier.floor, unit)
    for difference in (size, size - held):
        whole_multiples(case, difference, unit)
        case.assume(implies(difference == 0, difference * unit == 0), "T-MUL-1")
    case.claim("what stays is not negative", (size >= 0) & (size * unit >= 0))
    case.claim("it is less than what is held", (size < held) & ((held - size) * unit > 0))


def steps_down(case: Case, domain: Domain) -> None:
    """State what a step-down of the first position does to the domain's health."""
    key = domain.positions[0]

    def any_fee(value: Any, rate: Any, released: Any, equity: Any) -> Any:
        case.claim("value and rate are not below zero, equity is above", (value >= 0) & (rate >= 0) & (equity > 0))
        fee = case.integer("fee", 0, source="T-STEP-1")
        case.claim("maintenance is released", released >= 0)
        case.assume((fee <= released) & (fee <= equity), "T-STEP-1")
        return fee

    with domain.in_force(), patch.object(liquidation, "clearance_fee", any_fee):
        before = domain_margin(domain.transaction, domain.key)
        tier = position_margin(domain.transaction, key).tier
        case.assume(before.equity > 0, "LIQ-02 steps down while equity is positive")
        case.assume(tier.floor > 0, "LIQ-02 steps down what is above the lowest tier")
        place_the_cut(case, domain, tier)
        step_down(domain.transaction, domain.key, key)
        after = domain_margin(domain.transaction, domain.key)
    (lot,) = domain.transaction.lots.values()
    market = domain.markets[0]
    held, left = domain.before.positions[key], domain.transaction.positions.get(key, FLAT)
    case.claim("nothing is lost between position and lot", lot.quantity + left == held)
    case.claim("what is left is within the next lower tier", abs(market.at_mark(left)) <= tier.floor)
    case.claim("something is cut", (abs(left) < abs(held)) & (left * held >= 0))
    fee = market.at_mark(lot.quantity) + domain.transaction.balance(ledger.lot(lot.id))
    case.claim("the lot gains the fee at mark, so it brings no loss", fee >= 0)
    case.claim("no fund is touched", domain.funds_are_untouched())
    if domain.key in domain.transaction.positions_of:
        spare_before, spare_after = before.equity - before.maintenance, after.equity - after.maintenance
        case.claim("the account pays the fee and nothing else", after.equity == before.equity - fee)
        case.claim("equity less maintenance is not lower", spare_after >= spare_before)
        case.claim("equity is not below zero", after.equity >= 0)
    else:
        wallet = ledger.wallet("alice", ASSET)
        case.claim("maintenance was at least the fee", before.maintenance >= fee)
        total = domain.transaction.balance(wallet) + domain.transaction.balance(cash_account(domain.key))
        if domain.key.is_cross:
            case.claim("cash is what equity was, less the fee", after.equity == before.equity - fee)
        else:
            given = total - domain.before.balance(wallet)
            case.claim("the wallet has what equity was, less the fee", given == before.equity - fee)
            case.claim("no cash stays behind", after.cash == 0)


@theorem(
    "T-STEP-2",
    "LIQ-02",
    of=(step_down, take_lot, realise),
    uses=("T-CONS-1", "T-STEP-1", "T-TIER-1", "T-TIER-7", "T-RELEASE-1", "T-WORLD-1", "T-MUL-1"),
    fast=False,
)
def a_step_down_never_lowers_health(case: Case) -> None:
    """A step-down of a cross position never lowers equity less maintenance, and leaves equity at least zero.

    The lot that it makes has no loss at mark. Cash may be any, so it stands for what the domain's other positions
    are worth too; they keep their maintenance.
    """
    steps_down(case, Domain(case))


@theorem(
    "T-STEP-3",
    "LIQ-02",
    "ACC-04",
    of=(step_down, take_lot, realise, return_all_margin),
    uses=("T-CONS-1", "T-STEP-1", "T-TIER-1", "T-TIER-7", "T-RELEASE-1", "T-WORLD-1", "T-MUL-1"),
    fast=False,
)
def a_step_down_of_an_isolated_position_returns_its_cash(case: Case) -> None:
    """A step-down of an isolated position never lowers its health; one that it makes flat returns all its cash."""
    steps_down(case, Domain(case, isolated=True))


@theorem(
    "T-TAKE-1",
    "LIQ-03",
    "LIQ-04",
    of=(take_lot, realise),
    scope=INDUCTION,
    uses=("T-CONS-1", "T-RELEASE-1", "T-SHARE-3", "T-WORLD-1"),
)
def a_takeover_leaves_cash_at_zero(case: Case) -> None:
    """Taking positions over one after another leaves the domain's cash at exactly zero, however many there are.

    Each becomes a lot whose cost is its value at mark less its share of the equity. Cash is at any time what the
    shares still to be paid come to, less the PnL still to be realised; at the end both are nothing.
    """
    domain = Domain(case)
    key, market = domain.positions[0], domain.markets[0]
    cash, cost = domain.before.balance(cash_account(domain.key)), -domain.before.balance(ledger.position(*key))
    equity, unrealised = case.integer("equity"), case.integer("PnL of all")
    shares = case.integer("sum of all shares")
    case.assume(shares == equity, "T-SHARE-3")
    begun = case.integer("cash at first")
    case.assume(equity == begun + unrealised, "ACC-03")
    case.claim("base: cash is the shares of all less the PnL of all", begun == shares - unrealised)
    share, rest_shares, rest_unrealised = (case.integer(name) for name in ("share", "other shares", "PnL of others"))
    held = domain.before.positions[key]
    value = market.at_mark(held)
    case.assume(cash == share + rest_shares - (value - cost) - rest_unrealised, "induction hypothesis")
    with domain.in_force():
        take_lot(domain.transaction, domain.key, key, held, share, "takeover")
    (lot,) = domain.transaction.lots.values()
    left = domain.transaction.balance(cash_account(domain.key))
    case.claim("step: cash is the shares less the PnL of those still to come", left == rest_shares - rest_unrealised)
    case.claim("step: the position is flat", key not in domain.transaction.positions)
    case.claim("step: and its cost is gone", domain.transaction.balance(ledger.position(*key)) == 0)
    case.claim("step: its lot has all of it", lot.quantity == held)
    lot_cost = -domain.transaction.balance(ledger.lot(lot.id))
    case.claim("step: at its value less its share", lot_cost == value - share)
    case.claim("step: no fund is touched", domain.funds_are_untouched())
    case.claim("end: cash is zero", implies((rest_shares == 0) & (rest_unrealised == 0), left == 0))


@contextmanager
def any_shares(case: Case) -> Iterator[list[Any]]:
    """Shares of which only T-SHARE-1 and T-SHARE-3 are known: at least zero, and they sum to what is shared."""
    shared: list[Any] = []

    def share_pro_rata(amount: Any, claims: tuple[Any, ...]) -> tuple[Any, ...]:
        for claim in claims:
            case.assume(claim >= 1, "T-BAND-21: what is open has maintenance")
        case.claim("an amount of at least zero is shared over something", (amount >= 0) & (sum(claims) > 0))
        shared.extend(case.integer(f"share {place}", 0, source="T-SHARE-1") for place in range(len(claims)))
        case.assume(sum(shared) == amount, "T-SHARE-3")
        return tuple(shared)

    with patch.object(liquidation, "share_pro_rata", share_pro_rata):
        yield shared


@theorem(
    "T-TAKE-2",
    "LIQ-03",
    "LIQ-04",
    of=(take_over, equity_shares, take_lot, realise),
    scope=INDUCTION,
    uses=("T-BAND-21", "T-CONS-1", "T-RELEASE-1", "T-SHARE-1", "T-SHARE-3", "T-WORLD-1"),
    fast=False,
)
def a_takeover_shares_the_equity_over_its_lots(case: Case) -> None:
    """A takeover leaves the domain flat with cash exactly zero, and its equity, share by share, in its lots.

    Where equity is negative, the lots of the event's market carry all of it, and those of other markets have none of
    it: no loss and no profit at mark. Otherwise no lot has a loss at mark. No fund is touched.
    In the step a position stands for all that were taken before the next one: what they leave behind is cash, which may
    be any.
    """
    others = case.one_of("others", (0, 1))
    place, domain = "step" if others else "base", Domain(case, others)
    with domain.in_force(), any_shares(case):
        equity = domain_margin(domain.transaction, domain.key).equity
        take_over(domain.transaction, domain.key)
    negative = equity < 0
    case.claim(f"{place}: cash is zero", domain.transaction.balance(cash_account(domain.key)) == 0)
    case.claim(f"{place}: the domain is flat", domain.key not in domain.transaction.positions_of)
    gains = []
    for lot, market in zip(domain.transaction.lots.values(), domain.markets, strict=True):
        gains.append(market.at_mark(lot.quantity) + domain.transaction.balance(ledger.lot(lot.id)))
        key = PositionKey("alice", market.id, "BOTH")
        case.claim(f"{place}: a position's lot has all of it", lot.quantity == domain.before.positions[key])
        case.claim(f"{place}: its cost is gone", domain.transaction.balance(ledger.position(*key)) == 0)
        case.claim(f"{place}: no loss without negative equity", implies(negate(negative), gains[-1] >= 0))
        if market.id != "first":
            case.claim(f"{place}: a loss stays in the event's market", implies(negative, gains[-1] == 0))
    case.claim(f"{place}: the lots gain what equity was", sum(gains) == equity)
    case.claim(f"{place}: no fund is touched", domain.funds_are_untouched())


class RoundAgain(Exception):  # noqa: N818 - the end of a step of the induction, not an error
    """The loop begins its next round, with any figures, as it began this one."""


class Liquidating:
    """Stands for what `liquidate` asks and does, and states what must be so whenever it does it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.figures: list[DomainMargin] = []
        self.key: PositionKey | None = None
        self.cancelled = False
        self.stepped = 0
        self.taken_over = False

    def measure(self, *_: object) -> DomainMargin:
        """A domain with positions and any figures, at first and after each step."""
        place, positions = len(self.figures), ("any",)
        equity, maintenance = (self.case.integer(f"{name} {place}") for name in ("equity", "maintenance"))
        self.figures.append(DomainMargin(NOTHING, equity, maintenance, positions))  # type: ignore[arg-type]  # not asked
        return self.figures[-1]

    def unhealthy(self) -> Any:
        """Whether it is so by the last figures, without branching."""
        return self.figures[-1].equity <= self.figures[-1].maintenance

    def cancel(self, *_: object) -> None:
        """Orders go before anything is taken."""
        self.case.claim("base: orders go first", self.stepped == 0 and not self.taken_over)
        self.cancelled = True

    def choose(self, margin: DomainMargin) -> PositionKey | None:
        """There may be a position to step down, or none."""
        self.case.claim("step: by the last figures", margin is self.figures[-1])
        if self.stepped == 1:
            raise RoundAgain
        self.key = PositionKey("alice", "first", "BOTH") if self.case.truth("one can be stepped down") else None
        return self.key

    def step_down(self, _: Transaction, __: object, key: PositionKey) -> None:
        """A step is taken only while that helps."""
        self.stepped += 1
        self.case.claim("step: stepped down only if unhealthy", self.unhealthy())
        self.case.claim("step: the position that was chosen", key is self.key and self.cancelled)

    def take_over(self, *_: object) -> None:
        """The takeover comes last."""
        self.taken_over = True
        self.case.claim("step: taken over only if unhealthy", self.unhealthy())
        self.case.claim("step: and only if no position can be stepped down", self.key is None and self.cancelled)


@theorem("T-LIQ-1", "LIQ-01", "MRG-05", of=(liquidate,), scope=INDUCTION)
def a_liquidation_ends_healthy_or_taken_over(case: Case) -> None:
    """A liquidated domain first loses its orders; it is stepped down only while unhealthy, and taken over only then.

    It is taken over only if no position can be stepped down, and it ends healthy or taken over. One round stands for
    all, since the loop keeps nothing but the figures that it measures anew.
    """
    liquidating = Liquidating(case)
    with (
        patch.object(liquidation, "domain_margin", liquidating.measure),
        patch.object(liquidation, "cancel_orders", liquidating.cancel),
        patch.object(liquidation, "position_to_step_down", liquidating.choose),
        patch.object(liquidation, "step_down", liquidating.step_down),
        patch.object(liquidation, "take_over", liquidating.take_over),
    ):
        try:
            liquidate(World(case).transaction(), DomainKey("alice", ASSET))
        except RoundAgain:
            return
    case.claim("base: orders are gone", liquidating.cancelled)
    case.claim("step: it ends healthy, or taken over", negate(liquidating.unhealthy()) | liquidating.taken_over)


@theorem("T-LIQ-2", "LIQ-02", "MRG-01", of=(position_to_step_down,), scope=INDUCTION, uses=("T-TIER-7",))
def the_largest_maintenance_is_stepped_down(case: Case) -> None:
    """Of positions above the lowest tier the one of largest maintenance is stepped down, of equals the first.

    None is without positive equity, or if all are in the lowest tier. In the step one position stands for all those
    looked at before.
    """
    equity = case.integer("equity")
    case.claim("base: none of none", position_to_step_down(DomainMargin(NOTHING, equity, NOTHING, ())) is None)
    keys = [PositionKey("alice", market, "BOTH") for market in ("first", "second")]
    floors = [case.integer(f"floor {place}", 0) for place in (1, 2)]
    sizes = [case.integer(f"maintenance {place}", 1, source="T-TIER-7") for place in (1, 2)]
    positions = tuple(
        PositionMargin(key, NOTHING, NOTHING, NOTHING, size, Tier(floor, 20, Rate(1), 0))
        for key, floor, size in zip(keys, floors, sizes, strict=True)
    )
    chosen = position_to_step_down(DomainMargin(NOTHING, equity, NOTHING, positions))
    may = [(equity > 0) & (floor > 0) for floor in floors]
    second = may[1] & (negate(may[0]) | (sizes[1] > sizes[0]))
    case.claim("step: the second", (chosen == keys[1]) == second)
    case.claim("step: the first", (chosen == keys[0]) == (may[0] & negate(second)))


@theorem("T-LIQ-3", "LIQ-01", "TRD-03", of=(cancel_orders,), scope="one order of each kind: nothing is counted")
def a_liquidation_cancels_the_orders_of_its_domain(case: Case) -> None:
    """A cross liquidation cancels all of the account's orders in the asset, an isolated one those of its position."""
    world = World(case)
    first, second = world.market("first"), world.market("second")
    euro = attrs.evolve(world.market("third"), asset="EUR")
    markets = Map({market.id: market for market in (first, second, euro)})
    own = Map({name: Order(name, name, "BOTH", Quantity(1), Price(1), False) for name in markets})
    transaction = world.transaction()
    transaction.markets, transaction.orders = markets, Map({"alice": own, "bob": own})
    cross = bool(case.truth("cross"))
    cancel_orders(transaction, DomainKey("alice", ASSET) if cross else DomainKey("alice", ASSET, "second", "BOTH"))
    left = {"third"} if cross else {"first", "third"}
    case.claim("these are left", set(transaction.orders["alice"]) == left)
    case.claim("nobody else loses any", transaction.orders["bob"] is own)
