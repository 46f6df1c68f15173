"""Events of an account's own keep it healthy: withdrawals, orders, margin moved into and out of isolated positions.

A domain's positions are abstract here: it has any number of them or none, worth anything more or less than they cost,
and the initial margin of a domain with positions is above its maintenance margin (T-HEALTH-1).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import attrs

from marginspec.handlers import account_settings, orders, trading
from marginspec.handlers.account_settings import set_leverage
from marginspec.handlers.cash import adjust_isolated_margin, withdraw
from marginspec.handlers.orders import place_order
from marginspec.handlers.trading import Booked, Leg, check_booked, opening_margin
from marginspec.margin import margin
from marginspec.margin.margin import (
    DomainMargin,
    OrderLoad,
    PositionMargin,
    add_order,
    available_margin,
    cash_account,
    demanded_margin,
    domain_initial,
    domain_margin,
    initial_margin,
    is_healthy,
    load_margin,
    maintenance_margin,
    movable_margin,
    open_loss,
    order_margin,
    position_margin,
)
from marginspec.model import ledger
from marginspec.model.account import DomainKey, Order, PositionKey, Setting
from marginspec.model.events import AdjustIsolatedMargin, PlaceOrder, SetLeverage, Withdraw
from marginspec.model.market import Market
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import Book, State
from marginspec.model.units import (
    MAX_LEVERAGE,
    MIN_LEVERAGE,
    NOTHING,
    RATE_ONE,
    Decimal8,
    Money,
    Price,
    Quantity,
    div_up,
)
from marginspec.transition import apply
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.prover.worlds import ASSET, ONE_TIER, World, nothing_moved
from marginspec_proofs.theorems.numbers import not_less_by_a_factor
from marginspec_proofs.theorems.tiers import AnyTable, line_at, product_rises, tier

CROSS, OWN = DomainKey("alice", ASSET), DomainKey("alice", ASSET, "first", "BOTH")
KEY = PositionKey("alice", "first", "BOTH")


class AnyPositions:
    """Domains of any positions, as long as none of these changes: cash is what the ledger says, the rest is any."""

    def __init__(self, case: Case, *domains: DomainKey) -> None:
        self.unrealised: dict[DomainKey, Any] = {}
        self.maintenance: dict[DomainKey, Any] = {}
        self.initial: dict[DomainKey, Any] = {}
        for domain in domains:
            self.add(case, domain)
        self.reserved = [case.integer(f"order margin {count}", 0, source="T-HEALTH-2") for count in (1, 2)]
        self.asked = 0

    def add(self, case: Case, domain: DomainKey) -> None:
        """A domain with positions, or a flat one."""
        name = "isolated" if domain.market else "cross"
        if domain.is_cross and case.truth("the cross domain is flat"):
            return
        self.unrealised[domain] = case.integer(f"unrealised {name}")
        self.maintenance[domain] = case.integer(f"maintenance {name}", 0, source="T-TIER-7")
        self.initial[domain] = case.integer(f"initial {name}")
        case.assume(self.initial[domain] > self.maintenance[domain], "T-HEALTH-1")

    def domain_margin(self, book: Book, domain: DomainKey) -> DomainMargin:
        """A domain's figures; what marks its positions is the domain itself."""
        cash, held = book.balance(cash_account(domain)), domain in self.unrealised
        positions: Any = (domain,) if held else ()
        equity = Money(cash + self.unrealised[domain]) if held else cash
        return DomainMargin(cash, equity, self.maintenance[domain] if held else NOTHING, positions)

    def domain_initial(self, _: Book, figures: DomainMargin) -> Any:
        """Initial margin of the domain that these figures are of."""
        owner: Any = figures.positions[0] if figures.positions else None
        return self.initial.get(owner, NOTHING)

    def order_margin(self, book: Book, _account: str, _asset: str) -> Any:
        """Order margin is any, and another once an order was placed."""
        return self.reserved[1 if book.orders else 0]

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """The rules ask this for figures of domains."""
        with ExitStack() as stack:
            for module in (margin, orders, trading, account_settings):
                for name in ("domain_margin", "domain_initial", "order_margin"):
                    if hasattr(module, name):
                        stack.enter_context(patch.object(module, name, getattr(self, name)))
            yield

    def is_healthy(self, book: Book, domain: DomainKey) -> Any:
        """Whether a domain is healthy, without branching."""
        return is_healthy(self.domain_margin(book, domain))

    def spare(self, book: Book, domain: DomainKey) -> Any:
        """The lesser of cash and equity, less initial and order margin: at least zero if both are."""
        figures = self.domain_margin(book, domain)
        margins = self.domain_initial(book, figures) + (self.order_margin(book, "", "") if domain.is_cross else 0)
        return figures.cash - margins, figures.equity - margins


class Applied:
    """An event applied to a state: either it is rejected and nothing has changed, or this is what it left."""

    def __init__(self, case: Case, positions: AnyPositions, state: State, event: Any) -> None:
        with positions.in_force():
            self.state, self.receipt = apply(state, event)
        self.rejected = self.receipt.rejected is not None
        if self.rejected:
            case.claim("a rejected event changes nothing", self.state is state and self.receipt.effects == ())


@theorem("T-HEALTH-1", "MRG-02", "MRG-04", of=(domain_initial, domain_margin), scope=INDUCTION, uses=("T-TIER-8",))
def initial_margin_of_a_domain_exceeds_maintenance(case: Case) -> None:
    """A domain with positions needs more initial margin than maintenance margin: at least a quantum a position.

    The step adds a position to any that were counted before, which one position of any figures stands for.
    """
    world = World(case)
    markets = (world.market("first"), world.market("second"))
    world.account("alice")
    before, added = (world.position("alice", market) for market in markets)
    gained, lost = case.integer("unrealised rest"), case.integer("unrealised own")
    rest, own = ((case.integer(f"initial {name}"), case.integer(f"maintenance {name}", 0)) for name in ("rest", "own"))
    notional = case.integer("notional", 1, source="an open position has a notional")
    count = case.integer("positions before", 0)
    case.assume(rest[0] >= rest[1] + count, "induction hypothesis")
    case.assume(own[0] > own[1], "T-TIER-8")
    tier = ONE_TIER.tiers[0]
    figures = {
        before: PositionMargin(before, NOTHING, NOTHING, gained, rest[1], tier),
        added: PositionMargin(added, notional, NOTHING, lost, own[1], tier),
    }
    empty = World(case).state
    case.claim("base: without positions nothing", domain_initial(empty, domain_margin(empty, CROSS)) == 0)
    with (
        patch.object(margin, "position_margin", lambda _, key: figures[key]),
        patch.object(margin, "initial_margin", lambda value, *_: own[0] if value is notional else rest[0]),
    ):
        whole = domain_margin(world.state, CROSS)
        initial = domain_initial(world.state, whole)
    case.claim("step: maintenance is a sum", whole.maintenance == rest[1] + own[1])
    case.claim("step: so is unrealised profit", whole.equity == whole.cash + gained + lost)
    case.claim("step: and initial margin", initial == rest[0] + own[0])
    case.claim("step: which is a quantum a position above maintenance", initial >= whole.maintenance + count + 1)


@theorem(
    "T-HEALTH-2",
    "MRG-03",
    of=(order_margin, load_margin, add_order, open_loss),
    scope=INDUCTION,
    uses=("T-TIER-10", "T-MUL-2"),
)
def order_margin_is_never_negative(case: Case) -> None:
    """Orders never reserve less than nothing, whatever is held and whatever the mark.

    The induction is over an account's orders: what they bid and ask for, and their open loss, only grow. What could
    be held then is at least what is held, so it needs no less initial margin.
    """
    world = World(case)
    market = world.market("first")
    losses = case.integer("open loss of bids", 0), case.integer("open loss of asks", 0)
    load = OrderLoad(case.integer("bids", 0), case.integer("asks", 0), *losses)
    none = order_margin(world.state, "alice", ASSET)
    case.claim("base: without orders nothing", none == 0)
    if case.truth("what is reserved, not an order more"):
        reserves_at_least_the_open_loss(case, load, market)
        return
    side = case.one_of("side", ("BOTH", "LONG", "SHORT"))
    quantity, price = case.integer("quantity"), case.integer("price", 1)
    order = Order("order", "first", side, quantity, price, bool(case.truth("reduce only")))
    grown = add_order(load, order, market)
    case.claim("step: bids and asks never shrink", (grown.bids >= load.bids) & (grown.asks >= load.asks))
    losses_grow = (grown.bid_loss >= load.bid_loss) & (grown.ask_loss >= load.ask_loss)
    case.claim("step: nor does what they would lose at once", losses_grow)


def reserves_at_least_the_open_loss(case: Case, load: OrderLoad, market: Market) -> None:
    """State that orders that bid and ask for something never lower the initial margin of what could be held."""
    held, mark = case.integer("held"), market.marked()
    first, second = case.integer("needed by what is held"), case.integer("needed by what may be held")

    def needed(size: Any, _leverage: int, _market: Market) -> Any:
        if size is held:
            return first
        not_less_by_a_factor(case, abs(held), size, mark)
        case.claim("step: what may be held is no less", size >= abs(held))
        case.assume(implies(abs(held) * mark <= size * mark, first <= second), "T-TIER-10")
        return second

    with patch.object(margin, "initial_margin_of", needed):
        reserved = load_margin(load, held, 20, market)
    borne = open_loss(load, held)
    case.claim("step: what is reserved is at least the open loss that is borne", (reserved >= borne) & (borne >= 0))
    closes = (held + load.bids <= 0) & (held - load.asks >= 0)
    case.claim("step: orders that at most close bear none", implies(closes, borne == 0))


@theorem("T-HEALTH-3", "MRG-06", "MRG-05", "INV-09", of=(withdraw, movable_margin), uses=("T-HEALTH-1", "T-HEALTH-2"))
def a_withdrawal_leaves_the_domain_healthy(case: Case) -> None:
    """After an accepted withdrawal the domain is healthy, and both cash and equity still cover all its margins.

    So nobody withdraws unrealised profit, nor what orders reserve; less than that is not refused for want of balance.
    A rejected withdrawal changes nothing.
    """
    world = World(case)
    world.account("alice")
    cash = world.state.balance(cash_account(CROSS))
    world.balance(ledger.external(ASSET))
    positions = AnyPositions(case, CROSS)
    amount = case.integer("amount")
    by_cash, by_equity = positions.spare(world.state, CROSS)
    after = Applied(case, positions, world.state, Withdraw("alice", ASSET, Decimal8(amount)))
    if after.rejected:
        if after.receipt.rejected == Reason.INSUFFICIENT_BALANCE:
            case.claim("refused only beyond what both cover", (amount > by_cash) | (amount > by_equity))
        return
    case.claim("the wallet gives the amount", after.state.balance(cash_account(CROSS)) == cash - amount)
    case.claim("something", amount > 0)
    by_cash, by_equity = positions.spare(after.state, CROSS)
    case.claim("cash covers all margins", by_cash >= 0)
    case.claim("equity covers all margins", by_equity >= 0)
    case.claim("the domain is healthy", positions.is_healthy(after.state, CROSS))
    others = [name for name in after.state.ledger if name not in (cash_account(CROSS), ledger.external(ASSET))]
    case.claim("no other account is touched", others == [])


@theorem(
    "T-HEALTH-4",
    "ACC-04",
    "MRG-06",
    "INV-09",
    of=(adjust_isolated_margin, movable_margin),
    uses=("T-HEALTH-1", "T-HEALTH-2"),
    fast=False,
)
def moving_isolated_margin_keeps_both_sides_healthy(case: Case) -> None:
    """Cash moved into or out of an isolated position leaves the side that gives healthy, its margins covered.

    The side that receives is healthier than before. What one gives the other gets. A rejected move changes nothing;
    none is rejected that is in range, and movable where it comes from.
    """
    world = World(case)
    market = world.market("first")
    world.account("alice")
    world.isolate("alice", market)
    world.position("alice", market)
    positions = AnyPositions(case, CROSS, OWN)
    amount = case.integer("amount")
    after = Applied(case, positions, world.state, AdjustIsolatedMargin("alice", "first", "BOTH", Decimal8(amount)))
    giver, receiver = (CROSS, OWN) if amount > 0 else (OWN, CROSS)
    if after.rejected:
        short = [spare < abs(amount) for spare in positions.spare(world.state, giver)]
        beyond = after.receipt.rejected in (Reason.INVALID_AMOUNT, Reason.OUT_OF_RANGE)
        case.claim("refused only if it is not movable, or no amount", beyond | short[0] | short[1])
        return
    gained, lost = (
        after.state.balance(cash_account(domain)) - world.state.balance(cash_account(domain)) for domain in (OWN, CROSS)
    )
    case.claim("the isolated position has the amount", gained == amount)
    case.claim("and the wallet has not", lost == -amount)
    by_cash, by_equity = positions.spare(after.state, giver)
    case.claim("cash of the giving side covers its margins", by_cash >= 0)
    case.claim("equity of the giving side covers its margins", by_equity >= 0)
    case.claim("the giving side is healthy", positions.is_healthy(after.state, giver))
    healthy = positions.is_healthy(world.state, receiver)
    case.claim("the receiving side stays healthy", implies(healthy, positions.is_healthy(after.state, receiver)))


@theorem(
    "T-HEALTH-5",
    "TRD-03",
    "MRG-06",
    "INV-09",
    of=(place_order, available_margin, movable_margin),
    uses=("T-HEALTH-1", "T-HEALTH-2"),
    fast=False,
)
def placing_an_order_keeps_health(case: Case) -> None:
    """An order touches no money and no position, so nobody's health; if it reserves more, equity covers all margins.

    In an isolated market cash covers them too, so unrealised profit alone backs none. An order that reserves nothing
    more is never refused for want of equity, nor is one whose margins are covered. A rejected one changes nothing.
    """
    world = World(case)
    market = world.market("first")
    world.account("alice")
    isolated = bool(case.truth("isolated"))
    if isolated:
        world.isolate("alice", market)
    if case.truth("a position is held"):
        world.position("alice", market, bool(case.truth("the position is long")))
    positions = AnyPositions(case, CROSS)
    side = case.one_of("side", ("buy", "sell"))
    price, quantity = case.integer("price"), case.integer("quantity")
    reduce_only = bool(case.truth("reduce only"))
    event = PlaceOrder("alice", "order", "first", side, "BOTH", Decimal8(quantity), Decimal8(price), reduce_only)
    reserved, before = positions.reserved[1], positions.reserved[0]
    figures = positions.domain_margin(world.state, CROSS)
    initial = positions.domain_initial(world.state, figures)
    covered = initial + reserved <= (min(figures.cash, figures.equity) if isolated else figures.equity)
    after = Applied(case, positions, world.state, event)
    if after.rejected:
        if after.receipt.rejected == Reason.INSUFFICIENT_BALANCE:
            case.claim("refused only if it reserves more", reserved > before)
            case.claim("and if that is not covered", negate(covered))
        return
    case.claim("no money moves", nothing_moved(after.state, world.state))
    case.claim("no position changes", after.state.positions is world.state.positions)
    case.claim("the order rests", sorted(after.state.orders["alice"]) == ["order"])
    case.claim("all margins are covered if more is reserved", (reserved <= before) | covered)


@theorem("T-HEALTH-6", "TRD-02", of=(check_booked,), uses=("T-HEALTH-1", "T-HEALTH-2"))
def who_trades_is_healthy_afterwards(case: Case) -> None:
    """After a trade each party is healthy, and who opened in cross margin has equity for all margins.

    Nobody may owe cash without a position, and an isolated position's margin was movable. Nothing is booked after these
    tests, so it is so when the trade is done.
    """
    world = World(case)
    market = world.market("first")
    world.account("alice")
    isolated = bool(case.truth("isolated"))
    domain = world.isolate("alice", market) if isolated else CROSS
    if case.truth("a position is held"):
        world.position("alice", market)
    positions = AnyPositions(case, CROSS, OWN) if isolated else AnyPositions(case, CROSS)
    leg = Leg(KEY, domain, cash_account(domain), Quantity(1), Price(1), NOTHING, None, NOTHING)
    booked = Booked(*(bool(case.truth(name)) for name in ("opened", "too little is movable", "closed into negative")))
    transaction = world.transaction(settling=False)
    fits = patch.object(trading, "leverage_fits", lambda *_: case.truth("leverage fits"))
    small = patch.object(trading, "size_fits", lambda *_: case.truth("within the position limit"))
    with positions.in_force(), fits, small, patch.object(trading, "check_gross_cost", lambda *_: None):
        try:
            check_booked(transaction, market, (leg,), (booked,))
        except Rejected:
            case.claim("nothing is booked by the tests", nothing_moved(transaction.commit(), world.state))
            return
    case.claim("healthy", positions.is_healthy(transaction, domain))
    _, by_equity = positions.spare(transaction, domain)
    opened_in_cross = booked.opened and domain.is_cross
    case.claim("who opened in cross margin has equity for all margins", by_equity >= 0 if opened_in_cross else True)
    case.claim("its margin was movable", not booked.short_of_margin)
    case.claim("no isolated position was closed into negative cash to be opened again", not booked.negative_cash)
    for owner in {domain, CROSS}:
        owes = transaction.balance(cash_account(owner)) < 0
        case.claim("nobody flat owes cash", implies(owes, owner in transaction.positions_of))


class AnyLeverage(AnyPositions):
    """Domains of any positions and orders, whose initial and order margin are any others at another leverage."""

    def __init__(self, case: Case, present: Any, *domains: DomainKey) -> None:
        super().__init__(case, *domains)
        self.present = present
        self.changed = {domain: case.integer(f"initial {place} then") for place, domain in enumerate(self.initial)}
        for domain, initial in self.changed.items():
            case.assume(initial > self.maintenance[domain], "T-HEALTH-1")

    def is_changed(self, book: Book) -> bool:
        """Whether the leverage is another one than at first."""
        return book.settings["alice", "first"].leverage is not self.present

    def domain_initial(self, book: Book, figures: DomainMargin) -> Any:
        """Initial margin at the leverage that is set."""
        owner: Any = figures.positions[0] if figures.positions else None
        return (self.changed if self.is_changed(book) else self.initial).get(owner, NOTHING)

    def order_margin(self, book: Book, _account: str, _asset: str) -> Any:
        """Order margin at the leverage that is set."""
        return self.reserved[1 if self.is_changed(book) else 0]


@theorem(
    "T-HEALTH-7",
    "ACC-01",
    "MRG-05",
    "INV-09",
    of=(set_leverage, demanded_margin),
    uses=("T-HEALTH-1", "T-HEALTH-2"),
    fast=False,
)
def another_leverage_keeps_health_and_covered_margins(case: Case) -> None:
    """Another leverage touches no money, position or order, so nobody's health; margins that were covered stay so.

    The margins are those of the cross domain. Who lowers a leverage has equity for them then, an isolated position's is
    not lowered, and none is set that the tier of a position does not allow. Nobody is refused whose equity covers all
    margins. A rejected event changes nothing.
    """
    world = World(case)
    market = world.market("first")
    world.account("alice")
    isolated = bool(case.truth("isolated"))
    domains = (CROSS, world.isolate("alice", market)) if isolated else (CROSS,)
    present = case.integer("present leverage", MIN_LEVERAGE, MAX_LEVERAGE, source="ACC-01")
    setting = Setting("isolated" if isolated else None, present)
    world.state = attrs.evolve(world.state, settings=world.state.settings.set(("alice", "first"), setting))
    held = bool(case.truth("a position is held"))
    if held:
        world.position("alice", market)
    positions = AnyLeverage(case, present, *(domains if held else (CROSS,)))
    leverage, fits = case.integer("leverage"), case.truth("the tier allows it")
    lowered = leverage < present
    before = positions.spare(world.state, CROSS)[1]
    with patch.object(account_settings, "leverage_fits", lambda *_: fits):
        after = Applied(case, positions, world.state, SetLeverage("alice", "first", leverage))
    if after.rejected:
        if after.receipt.rejected == Reason.LEVERAGE_REDUCTION:
            case.claim("refused as lowered only if it is", lowered)
            case.claim("with an isolated position", held and isolated)
        if after.receipt.rejected == Reason.INSUFFICIENT_MARGIN:
            demanded = positions.changed.get(CROSS, NOTHING) + positions.reserved[1]
            equity = positions.domain_margin(world.state, CROSS).equity
            case.claim("refused for want of margin only if equity is below it", equity < demanded)
            case.claim("and if it is lowered or demands more", lowered | (before > equity - demanded))
        return
    case.claim("no money moves", nothing_moved(after.state, world.state))
    case.claim("no position changes", after.state.positions is world.state.positions)
    case.claim("no order changes", after.state.orders is world.state.orders)
    spare = positions.spare(after.state, CROSS)[1]
    for domain in domains:
        healthy = positions.is_healthy(world.state, domain)
        case.claim("who was healthy is", implies(healthy, positions.is_healthy(after.state, domain)))
    case.claim("covered margins stay covered", implies(before >= 0, spare >= 0))
    case.claim("a lowering leaves margins covered", implies(lowered, spare >= 0))
    if held:
        case.claim("the tier allows it", implies(negate(leverage == present), fits))
        case.claim("an isolated position's is not lowered", negate(lowered) if isolated else True)


@theorem("T-HEALTH-8", "ACC-01", "MRG-02", "MRG-03", of=(initial_margin, load_margin), uses=("T-MUL-TIER",))
def a_higher_leverage_demands_no_more(case: Case) -> None:
    """Initial margin never rises with leverage, nor does that of a position together with what its orders reserve.

    So raising a leverage in cross margin is never refused for want of margin. Order margin by itself can rise, which
    matters in an isolated market: its positions' initial margin is not the cross domain's, its orders' is.
    """
    world = World(case)
    market = world.market("first")
    lower = case.integer("lower leverage", MIN_LEVERAGE, MAX_LEVERAGE, source="ACC-01")
    higher = case.integer("higher leverage", MIN_LEVERAGE, MAX_LEVERAGE, source="ACC-01")
    case.assume(lower <= higher, "a higher leverage")
    if case.truth("one notional, not a position with orders"):
        holding = tier(case, "tier")
        notional, maintenance = case.integer("notional", 0), case.integer("maintenance", 0)
        first, second = min(lower, holding.max_leverage), min(higher, holding.max_leverage)
        by_first, by_second = div_up(notional, first), div_up(notional, second)
        product_rises(case, first, second, by_first)
        product_rises(case, by_first + 1, by_second, second)
        case.claim("notional over the lower leverage is not negative", by_first >= 0)
        case.claim("notional over leverage falls", by_second <= by_first)
        needed = [initial_margin(notional, leverage, holding, maintenance) for leverage in (lower, higher)]
        case.claim("initial margin falls", needed[1] <= needed[0])
        return
    held = case.integer("held")
    losses = case.integer("open loss of bids", 0), case.integer("open loss of asks", 0)
    load = OrderLoad(case.integer("bids", 0), case.integer("asks", 0), *losses)
    of_held, of_larger = (
        [case.integer(f"initial of {name} at {leverage}", 0) for leverage in ("lower", "higher")]
        for name in ("what is held", "what may be held")
    )
    case.assume(of_held[1] <= of_held[0], "above")
    case.assume(of_larger[1] <= of_larger[0], "above")

    def demanded(place: int) -> Any:
        def needed(size: Any, *_: Any) -> Any:
            return of_held[place] if size is held else of_larger[place]

        with patch.object(margin, "initial_margin_of", needed):
            return of_held[place] + load_margin(load, held, (lower, higher)[place], market)

    case.claim("a position with its orders demands no more", demanded(1) <= demanded(0))


@theorem(
    "T-HEALTH-9",
    "TRD-02",
    "ACC-04",
    "MRG-05",
    of=(opening_margin, maintenance_margin),
    uses=("T-TIER-1", "T-TIER-3", "T-MUL-TIER"),
)
def an_isolated_position_that_opens_more_is_no_less_healthy(case: Case) -> None:
    """What an isolated position moves to open more raises its equity by at least what its maintenance rises by.

    That is so at any price and fee, if the leverage is at most that of the tier which then holds it; so opening more
    never makes a healthy position unhealthy, whatever it has lost.
    """
    table = AnyTable(case, "tier")
    sign = 1 if case.truth("long") else -1
    notional, opened = case.integer("notional before", 0), case.integer("opened at mark", 1)
    value, fee = case.integer("opened at the price", 1), case.integer("fee", 0)
    leverage = case.integer("leverage", MIN_LEVERAGE, MAX_LEVERAGE, source="ACC-01")
    whole = notional + opened
    before, after = table.holding(notional), table.holding(whole)
    case.assume(leverage <= after.max_leverage, "TRD-02")
    moved = opening_margin(Money(sign * value), Money(sign * opened), leverage, fee)
    lost = sign * (value - opened)
    gained = moved - fee - lost
    rise = maintenance_margin(whole, after) - maintenance_margin(notional, before)
    by_leverage = moved - fee - max(0, lost)
    case.claim("what is moved is the opened value at mark over the leverage, or more", by_leverage * leverage >= opened)
    case.claim("which is not negative", by_leverage >= 0)
    exact_rise = line_at(whole, after) - line_at(notional, before)
    case.claim("exact maintenance rises by no more than the rate", exact_rise <= opened * after.maintenance_rate)
    product_rises(case, leverage, after.max_leverage, after.maintenance_rate)
    case.claim("rate times leverage is below one", after.maintenance_rate * leverage < RATE_ONE)
    charge = after.maintenance_rate * leverage
    product_rises(case, opened, by_leverage * leverage, after.maintenance_rate)
    product_rises(case, charge, RATE_ONE, by_leverage)
    case.claim("and so by no more than what is moved", opened * after.maintenance_rate <= by_leverage * RATE_ONE)
    case.claim("maintenance rises by no more than that", rise <= by_leverage)
    case.claim("and equity by no less", gained >= by_leverage)
    case.claim("so health never falls", gained >= rise)


@theorem(
    "T-HEALTH-10",
    "SET-01",
    "MKT-01",
    "MRG-05",
    of=(position_margin, domain_margin, is_healthy),
    scope=INDUCTION,
    uses=("T-TIER-7",),
)
def a_mark_harms_only_who_loses_by_it(case: Case) -> None:
    """A domain of which no position loses by a new mark stays healthy: maintenance rises by no more than it gains.

    The step adds a position of the market to any that were counted before; those of other markets do not change.
    """
    world, table = World(case), AnyTable(case, "tier")
    world.account("alice")
    market = world.market("first", tiers=table)
    key = world.position("alice", market, bool(case.truth("long")))
    world.position("alice", world.market("second"))
    move = case.integer("move")
    moved = attrs.evolve(market, mark=Price(market.marked() + move))
    case.assume(negate(world.state.positions[key] * move < 0), "SET-01: whoever loses is looked at")
    states = world.state, attrs.evolve(world.state, markets=world.state.markets.set("first", moved))
    before, after = (position_margin(state, key) for state in states)
    fewer, more = before.notional, after.notional
    rise = after.maintenance - before.maintenance
    case.assume(implies(fewer <= more, rise <= more - fewer) & implies(more <= fewer, rise <= 0), "T-TIER-7")
    gain = after.unrealised - before.unrealised
    case.claim("step: what does not lose gains", gain >= 0)
    case.claim("step: notional changes by what is gained", (more - fewer <= gain) & (fewer - more <= gain))
    case.claim("step: maintenance rises by no more", rise <= gain)
    gained, lost = [case.integer(f"unrealised rest {when}") for when in ("before", "after")], ONE_TIER.tiers[0]
    needed = [case.integer(f"maintenance rest {when}", 0) for when in ("before", "after")]
    case.assume(gained[1] - needed[1] >= gained[0] - needed[0], "induction hypothesis")
    domains = []
    for own, unrealised, maintenance in zip((before, after), gained, needed, strict=True):
        rest = PositionMargin(KEY, NOTHING, NOTHING, unrealised, maintenance, lost)
        figures = {key: own}
        with patch.object(margin, "position_margin", lambda _, one, own=figures, rest=rest: own.get(one, rest)):
            domains.append(domain_margin(world.state, CROSS))
    case.claim("step: healthy stays healthy", implies(is_healthy(domains[0]), is_healthy(domains[1])))
    empty = [domain_margin(state, DomainKey("bob", ASSET)) for state in states]
    case.claim("base: without positions nothing changes", empty[0] == empty[1])
