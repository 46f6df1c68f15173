"""Folds: what the rules do to each of many they do to all of them, from any turn, whatever came before.

One turn of each loop's own source is run on any element and anything that the turns before leave; see `loops`.
What the loop goes through can be gone through and nothing else: it has no length and no parts.
"""

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import attrs

from marginspec.handlers import funding as paying
from marginspec.handlers.fills import lots_to_close
from marginspec.handlers.final_settlement import cancel_orders_in
from marginspec.handlers.funding import funding
from marginspec.margin import bands, margin
from marginspec.margin.bands import Exposure, exact_health_at, health_at, view_of
from marginspec.margin.margin import DomainMargin, PositionMargin, domain_initial, domain_margin, order_margin
from marginspec.model import ledger, units
from marginspec.model.account import DomainKey, Lot, PositionKey
from marginspec.model.effects import InsuranceStatus, OrderCancelled
from marginspec.model.market import Tier
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.units import FLAT, NOTHING, RATE_ONE, Money, Price, Quantity, Rate, share_pro_rata
from marginspec.settlement import deleveraging, liquidation, market_closing, waterfall
from marginspec.settlement import levy as levying
from marginspec.settlement import settle as settlement
from marginspec.settlement.claims import lower_claims
from marginspec.settlement.deleveraging import Ranked, find_declared_step, find_step, heir_of, leave_queue, queue_of
from marginspec.settlement.levy import domains_of_asset, levy, levy_layer, profit_in, return_relief
from marginspec.settlement.liquidation import cancel_orders, position_to_step_down, take_over
from marginspec.settlement.market_closing import close_all_lots, close_positions
from marginspec.settlement.rankings import Score
from marginspec.settlement.settle import liquidate_unhealthy
from marginspec.settlement.waterfall import book_lots, lots_unrealised, shortfalls
from marginspec.transaction import Transaction
from marginspec_proofs.prover.loops import Left, Loop
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.worlds import ASSET, World
from marginspec_proofs.theorems.loops import ANY_TURN, KEY, Log, standing_for

CROSS, OWN = DomainKey("alice", ASSET), DomainKey("alice", ASSET, "first", "BOTH")


@attrs.frozen(eq=False)
class Through:
    """Something that can be gone through, as often as one likes, and nothing else."""

    members: tuple[Any, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.members)


class Growing:
    """A list of any length to which something is added, and nothing else."""

    def __init__(self) -> None:
        self.added: list[Any] = []

    def append(self, one: Any) -> None:
        """Add something at the end."""
        self.added.append(one)

    def extend(self, more: Iterable[Any]) -> None:
        """Add all of them at the end."""
        self.added.extend(more)


class Turns:
    """A fold: its loop, of which one turn goes on to the next whatever it is given."""

    def __init__(self, case: Case, function: Callable[..., Any], header: str, *which: int) -> None:
        self.case = case
        self.loop = Loop(case, function, header, *which)

    def once(self, /, **names: Any) -> dict[str, Any]:
        """Run a turn; the names that it leaves."""
        left = self.loop.turn(**names)
        self.case.claim(f"step: {self.loop.header}: it goes on", left.how == "again")
        return left.names

    def passed(self, **leaves: Any) -> Callable[[SimpleNamespace], Left]:
        """Stands for all turns, which leave these names."""
        return lambda _: Left("over", leaves)


def any_position(case: Case, key: PositionKey = KEY) -> PositionMargin:
    """A position of any figures, in a tier with any floor."""
    notional, maintenance = (case.integer(f"{name} of {key.market}", 1) for name in ("notional", "maintenance"))
    cost, unrealised = (case.integer(f"{name} of {key.market}") for name in ("cost", "unrealised"))
    tier = Tier(case.integer(f"floor of {key.market}", 0), 20, Rate(1), 0)
    return PositionMargin(key, notional, cost, unrealised, maintenance, tier)


@theorem("T-LOOP-9", "ACC-03", "MRG-04", "MRG-05", of=(domain_margin,), scope=ANY_TURN, uses=("T-KERNEL-11",))
def every_position_counts(case: Case) -> None:
    """Every position of a domain adds its profit to the equity and its maintenance to that of the domain.

    So it is whatever positions stand before it. What the domain begins with is its cash.
    """
    equity, maintenance, cash = case.integer("equity"), case.integer("maintenance", 0), case.integer("cash")
    position, positions, asked = any_position(case), Growing(), Log()
    turns = Turns(case, domain_margin, "for key in book.positions_of.get(domain, ())")
    book = SimpleNamespace(ledger={margin.cash_account(CROSS): cash})
    with standing_for(margin, position_margin=asked.noting("position", lambda: position)):
        left = turns.once(book=book, key=KEY, positions=positions, equity=equity, maintenance=maintenance)
    case.claim("step: the position in question", asked.given["position"] == (book, KEY))
    case.claim("step: its profit counts", left["equity"] == equity + position.unrealised)
    case.claim("step: its maintenance counts", left["maintenance"] == maintenance + position.maintenance)
    case.claim("step: and it is told", positions.added == [position])

    def passed(names: SimpleNamespace) -> Left:
        case.claim("base: the cash alone", (names.equity == cash) & (names.maintenance == 0))
        return Left("over", {"equity": equity, "maintenance": maintenance, "positions": (position,)})

    figures = turns.loop.around(passed)(book, CROSS)
    case.claim("end: what they sum to", figures == DomainMargin(cash, equity, maintenance, (position,)))


@theorem("T-LOOP-10", "NUM-02", of=(share_pro_rata,), scope=ANY_TURN, uses=("T-SHARE-1",))
def every_claim_has_its_share(case: Case) -> None:
    """Every claim has its share, with what roundings left to the one before it; what is left goes to the next.

    At first that is the amount less the floors of all exact shares: which T-SHARE-3 begins with.
    """
    amount, total, left, rest = (case.integer(name, 0) for name in ("amount", "total", "left", "rest"))
    first, second = case.integer("first claim", 0), case.integer("second claim", 1)
    share, shares, asked = object(), Growing(), Log()
    turns = Turns(case, share_pro_rata, "for claim in claims")
    with standing_for(units, next_share=asked.noting("share", lambda: (share, rest))):
        after = turns.once(amount=amount, claim=first, total=total, left=left, shares=shares)
    case.claim("step: by what is left", asked.given["share"] == (amount, first, total, left))
    case.claim("step: the next has what is left then", after["left"] is rest)
    case.claim("step: the share is the claim's", shares.added == [share])
    claimed = Through((first, second))

    def passed(names: SimpleNamespace) -> Left:
        floors = sum(amount * claim // (first + second) for claim in claimed)
        case.claim("base: the amount less all floors", names.left == amount - floors)
        case.claim("base: all claims", names.total == first + second)
        case.claim("base: all are gone through", turns.loop.goes_through(claims=names.claims) is claimed)
        return Left("over", {"shares": Through((share,))})

    case.claim("end: their shares, in order", turns.loop.around(passed)(amount, claimed) == (share,))


@theorem("T-LOOP-11", "LIQ-04", "LIQ-05", of=(lots_to_close,), scope=INDUCTION, uses=("T-PAIR-1",))
def every_lot_of_a_side_is_closed_until_the_quantity_is(case: Case) -> None:
    """A fill takes of every lot of its side, whatever it took before, all that is left of its quantity or of the lot.

    It is refused only if something is left after all lots.
    """
    world = World(case)
    lot = world.lot(world.market("first"), bool(case.truth("the lot is long")))
    left, size = case.integer("left", 0, source="induction hypothesis"), case.integer("size", 1)
    before, event = Through(("any",)), SimpleNamespace(market="first", side="long")
    book = SimpleNamespace(lots=world.state.lots, lots_in={"first": Through((lot.id,))})
    turns = Turns(case, lots_to_close, "for lot_id in transaction.lots_in.get(event.market, ())")
    names = turns.once(transaction=book, event=event, lot_id=lot.id, closed=before, left=left)
    if names["closed"] is before:
        case.claim("step: passed if of the other side, or nothing is left", (left == 0) | (lot.quantity < 0))
        case.claim("step: nothing is taken", names["left"] is left)
    else:
        held, (taken, part) = names["closed"]
        case.claim("step: its own side, after those before", taken is lot and held == "any" and lot.direction == "long")
        case.claim("step: all that is left, or all of the lot", part == min(left, abs(lot.quantity)))
        case.claim("step: so much less is left", (names["left"] == left - part) & (part >= 1))
    around = turns.loop.around(turns.passed(closed=before, left=left))
    try:
        closed = around(book, event, size)
    except Rejected as refusal:
        case.claim("end: refused only if something is left", left > 0)
        case.claim("end: for want of lots", refusal.reason == Reason.NO_INVENTORY)
    else:
        case.claim("end: all of it", (left == 0) & (closed is before))


@theorem("T-LOOP-12", "WTF-02", of=(shortfalls, lots_unrealised), scope=ANY_TURN, uses=("T-COVER-2",))
def every_lot_and_every_market_counts(case: Case) -> None:
    """Every lot of a market counts with its value at mark less its cost, and every market with lots in its own asset.

    So it is whatever lots and markets stand before.
    """
    world = World(case)
    market = world.market("first")
    lot = world.lot(market, bool(case.truth("the lot is long")))
    so_far, cost, total = (case.integer(name) for name in ("unrealised of those before", "cost", "unrealised of all"))
    turns = Turns(case, lots_unrealised, "for lot_id in book.lots_in.get(market.id, ())")
    with standing_for(waterfall, lot_cost=lambda _, lot_id: cost if lot_id == lot.id else None):
        left = turns.once(book=SimpleNamespace(lots=world.state.lots), market=market, lot_id=lot.id, unrealised=so_far)
    case.claim("step: a lot", left["unrealised"] == so_far + market.at_mark(lot.quantity) - cost)
    found: dict[str, Any] = {}
    shortfall, reserve, pnl, asked = object(), object(), object(), Log()
    book = SimpleNamespace(
        markets=world.state.markets, balance=lambda fund: reserve if fund.market == "first" else None
    )
    asset = case.one_of("asset", (ASSET, "EUR"))
    by_market = Turns(case, shortfalls, "for market_id in sorted(book.lots_in)")
    with standing_for(
        waterfall, lots_unrealised=lambda *_: pnl, shortfall_of=asked.noting("shortfall", lambda: shortfall)
    ):
        by_market.once(book=book, asset=asset, market_id="first", found=found)
    own = asset == ASSET
    case.claim("step: a market of the asset, and no other", found == ({"first": shortfall} if own else {}))
    case.claim("step: by its own lots and reserve", not own or asked.given["shortfall"] == (pnl, reserve))
    end = turns.loop.around(turns.passed(unrealised=total))(book, market)
    case.claim("end: what they sum to", end is total)


@theorem("T-LOOP-13", "LIQ-05", "WTF-01", "INV-07", of=(book_lots,), scope=INDUCTION, uses=("T-PROFIT-2",))
def every_profit_is_booked_and_every_loss_drawn(case: Case) -> None:
    """Every lot that gains gives its profit to the reserve, then every lot that loses is paid, whatever came before."""
    market, profit, log = World(case).market("first"), case.integer("profit"), Log()
    book = SimpleNamespace(transfer=log.noting("profit"), count_funds=lambda *_, inflow: log.done.append(inflow))
    header = "for lot_id, profit in profits"
    gives, draws = (Turns(case, book_lots, header, place, 2) for place in (1, 2))
    with standing_for(waterfall, draw_loss=log.noting("loss")):
        gives.once(transaction=book, market=market, lot_id=1, profit=profit)
        given = list(log.done)
        draws.once(transaction=book, market=market, lot_id=1, profit=profit)
    drawn = log.done[len(given) :]
    case.claim("step: a profit is given, and counted", (given == ["profit", profit]) == (profit > 0))
    case.claim("step: otherwise nothing", len(given) in (0, 2))
    case.claim("step: a loss is drawn", (drawn == ["loss"]) == (profit < 0))
    if given:
        lot, reserve = ledger.lot(1), ledger.reserve("first")
        case.claim("step: all of the profit", log.given["profit"] == (ASSET, lot, reserve, profit, "LIQ-05"))
    if drawn:
        case.claim("step: all of the loss", log.given["loss"] == (book, market, 1, -profit))


@theorem(
    "T-LOOP-14",
    "LVY-01",
    "LVY-02",
    of=(levy, levy_layer, domains_of_asset, profit_in),
    scope=INDUCTION,
    uses=("T-COVER-1", "T-LEVY-2"),
)
def every_domain_is_weighed_and_pays(case: Case) -> None:
    """Every domain of an asset is weighed, and pays its share; every layer is asked while something is missing.

    So it is whatever domains and layers stand before. Every position's profit counts for its market.
    """
    position, so_far, domains = any_position(case), case.integer("net so far"), Growing()
    held = Through((OWN, CROSS, DomainKey("alice", "EUR", "second", "BOTH")))
    Turns(case, domains_of_asset, "for account in sorted(book.accounts)").once(
        book=SimpleNamespace(domains_of={"alice": held}), asset=ASSET, account="alice", domains=domains
    )
    case.claim("step: an account's wallet, and its isolated positions in the asset", domains.added == [CROSS, OWN])
    weight, share, paid, asked = case.integer("weight", 0), case.integer("share", 0), case.integer("paid", 0), Log()
    payers, weights, book, short, missing = Growing(), Growing(), object(), object(), case.integer("missing", 0)
    case.assume(paid <= missing, "T-LEVY-2")
    weighing = Turns(case, levy_layer, "for domain in domains_of_asset(transaction, asset)")
    paying = Turns(case, levy_layer, "for domain, share in zip(payers, shares, strict=True)")
    with standing_for(
        levying,
        domain_margin=lambda _, domain: ("figures of", domain),
        layer_weight=asked.noting("weigh", lambda: weight),
        pay_levy=asked.noting("pay"),
        levy_layer=asked.noting("layer", lambda: paid),
    ):
        weighing.once(transaction=book, layer="spare", short=short, domain=CROSS, payers=payers, weights=weights)
        paying.once(transaction=book, layer="spare", domain=CROSS, share=share)
        left = Turns(case, levy, "for layer in LAYERS").once(
            transaction=book, asset=ASSET, layer="spare", left=missing, short=short
        )["left"]
    case.claim("step: by its figures", asked.given["weigh"] == ("spare", ("figures of", CROSS), short))
    case.claim("step: it is among the payers if it has a weight", (payers.added == [CROSS]) == (weight > 0))
    case.claim("step: with its weight", weights.added == [weight] * len(payers.added))
    case.claim("step: it pays if it has a share", ("pay" in asked.done) == (share > 0))
    if "pay" in asked.done:
        case.claim("step: all of it", asked.given["pay"] == (book, CROSS, "spare", share))
    levied_where_there_is_shortfall(case, missing)
    case.claim("step: a layer is asked if something is missing", ("layer" in asked.done) == (missing > 0))
    if "layer" in asked.done:
        case.claim("step: for all of it", asked.given["layer"] == (book, ASSET, "spare", missing, short))
        case.claim("step: so much less is missing", left == missing - paid)
    nets = Turns(case, profit_in, "for position in margin.positions").once(position=position, net={"first": so_far})
    case.claim("step: a position's profit counts", nets["net"] == {"first": so_far + position.unrealised})
    elsewhere = Turns(case, profit_in, "for position in margin.positions").once(position=position, net={})
    case.claim("step: not where there is no shortfall", elsewhere["net"] == {})


def levied_where_there_is_shortfall(case: Case, missing: Any) -> None:
    """The layers know every market with a shortfall; the house has paid what it can."""
    house = case.integer("house", 0, source="LED-02")
    amounts = {
        name: case.integer(f"shortfall of {name}", 0, source="T-COVER-1") for name in ("first", "second", "third")
    }
    book = SimpleNamespace(balance=lambda _: house, transfer=lambda *_: None, event_market=None)

    def layered(names: SimpleNamespace) -> Left:
        for name, amount in amounts.items():
            case.claim(f"base: whether {name} has a shortfall", (amount > 0) == (name in names.short))
        case.claim("base: what the house does not pay", names.left == missing - min(missing, house))
        return Left("over", {})

    with standing_for(levying, shortfalls=lambda *_: amounts):
        Loop(case, levy, "for layer in LAYERS").around(layered)(book, ASSET, missing)


@theorem(
    "T-LOOP-15",
    "LIQ-01",
    "LIQ-02",
    "LIQ-03",
    "SET-01",
    "MRG-05",
    scope=INDUCTION,
    of=(liquidate_unhealthy, position_to_step_down, take_over),
    uses=("T-LIQ-2", "T-TAKE-1"),
)
def every_unhealthy_suspect_loses_every_position(case: Case) -> None:
    """Every suspect that is not healthy is liquidated, in a takeover every position is taken, whatever came before.

    Of all positions above the lowest tier the one of largest maintenance is stepped down. The suspects of a round are
    taken out first, so that those of the next one are those that this one made.
    """
    log, suspects, held, share = Log(), (OWN, CROSS), case.integer("held"), case.integer("share")
    book: Any = SimpleNamespace(suspects=Through(suspects))
    healthy = {domain: bool(case.truth(f"{domain.market or 'cross'} is healthy")) for domain in suspects}
    with standing_for(
        settlement, domain_margin=lambda _, domain: domain, is_healthy=healthy.__getitem__, liquidate=log.noting("one")
    ):
        Turns(case, liquidate_unhealthy, "for domain in sorted(unhealthy)").once(transaction=book, domain=CROSS)
        case.claim("step: the domain in question", log.done == ["one"] and log.given["one"] == (book, CROSS))
        unhealthy: list[DomainKey] = []
        whole = Loop(case, liquidate_unhealthy, "for domain in sorted(unhealthy)")

        def passed(names: SimpleNamespace) -> Left:
            unhealthy.extend(whole.goes_through(unhealthy=names.unhealthy))
            return Left("over", {})

        whole.around(passed)(book)
    case.claim("base: all that are not, in order", unhealthy == sorted(one for one in suspects if not healthy[one]))
    case.claim("base: the suspects are taken out", book.suspects == set())
    choosing(case)
    turns = Turns(case, take_over, "for key in positions_of_domain(transaction, domain)")
    with standing_for(liquidation, take_lot=log.noting("take")):
        state = SimpleNamespace(positions={KEY: held})
        turns.once(transaction=state, domain=CROSS, key=KEY, shares={KEY: share})
    case.claim("step: all of a position", log.given["take"] == (state, CROSS, KEY, held, share, "takeover"))


def choosing(case: Case) -> None:
    """A position is chosen exactly if it is above the lowest tier and of more maintenance than all before."""
    position, before = any_position(case), object()
    equity, largest = case.integer("equity"), case.integer("largest so far", 0)
    turns = Turns(case, position_to_step_down, "for position in margin.positions")
    left = turns.once(position=position, chosen=before, largest=largest)
    is_chosen = (position.tier.floor > 0) & (position.maintenance > largest)
    case.claim("step: chosen exactly if larger than all before", (left["chosen"] is KEY) == is_chosen)
    case.claim("step: and then the largest", left["largest"] is (position.maintenance if is_chosen else largest))
    case.claim("step: otherwise the one before", left["chosen"] is KEY or left["chosen"] is before)
    chosen = object()
    answer = turns.loop.around(turns.passed(chosen=chosen))(DomainMargin(NOTHING, equity, NOTHING, ()))
    case.claim("end: the one that is chosen, none without equity", (answer is chosen) == (equity > 0))


@theorem(
    "T-LOOP-16",
    "MKT-05",
    "ACC-02",
    "ACC-04",
    scope=ANY_TURN,
    of=(close_positions, close_all_lots),
    uses=("T-CLOSE-1", "T-CLOSE-2", "T-CLOSE-3"),
)
def every_position_and_every_lot_of_a_market_closes(case: Case) -> None:
    """In a final settlement every position and every lot of the market closes, whatever came before.

    A position gives what is in its account to its domain's cash; an isolated one returns all its cash.
    """
    world, log, balance = World(case), Log(), case.integer("balance")
    market = world.market("first")
    lot, domain = world.lot(market), OWN if case.truth("isolated") else CROSS
    book = SimpleNamespace(
        set_position=log.noting("flat"),
        move=log.noting("move"),
        balance=lambda account: balance if account == ledger.position(*KEY) else None,
        reduce_lot=log.noting("reduce"),
    )
    header = "for key, domain in sorted(transaction.positions_in.get(market.id, NO_POSITIONS).items())"
    with standing_for(market_closing, return_all_margin=log.noting("return")):
        Turns(case, close_positions, header).once(transaction=book, market=market, key=KEY, domain=domain)
    returns = ["return"] * (domain is OWN)
    case.claim("step: flat, then its PnL, then its cash if isolated", log.done == ["flat", "move", *returns])
    case.claim("step: flat", log.given["flat"] == (KEY, domain, FLAT))
    cash = margin.cash_account(domain)
    case.claim("step: its PnL", log.given["move"] == (ASSET, ledger.position(*KEY), cash, balance, "ACC-02"))
    Turns(case, close_all_lots, "for lot in lots").once(transaction=book, lot=lot)
    case.claim("step: a lot is closed", log.given["reduce"] == (lot, FLAT))


@theorem(
    "T-LOOP-17",
    "WTF-01",
    "LVY-02",
    "INV-14",
    scope=ANY_TURN,
    of=(lower_claims, return_relief),
    uses=("T-CLAIM-1", "T-RETURN-1"),
)
def every_claim_falls_and_every_domain_is_paid_back(case: Case) -> None:
    """What leaves relief lowers every claim by its share; what goes back is paid to every domain whose claim falls."""
    share, log = case.integer("share", 1), Log()
    book: Any = SimpleNamespace(change_claim=log.noting("claim"))
    Turns(case, lower_claims, "for domain, share in lowered").once(transaction=book, domain=CROSS, share=share)
    case.claim("step: a claim falls by its share", log.given["claim"] == (CROSS, -share))
    relief, needed, lowered = case.integer("relief", 0), case.integer("needed", 0), object()
    book = SimpleNamespace(balance=lambda fund: relief if fund == ledger.relief(ASSET) else None)
    header = "for domain, amount in lower_claims(transaction, asset, Money(max(0, excess)))"
    paying, assets = (
        Loop(case, return_relief, header),
        Loop(case, return_relief, "for asset in sorted(transaction.relief_claims)"),
    )
    with standing_for(
        levying,
        needed_relief=lambda *_: needed,
        lower_claims=log.noting("lower", lambda: lowered),
        pay_back=log.noting("pay"),
    ):
        case.claim("step: it goes on", paying.turn(transaction=book, domain=CROSS, amount=share).how == "again")
        case.claim("step: a domain is paid", log.given["pay"] == (book, CROSS, share))

        def passed(names: SimpleNamespace) -> Left:
            given = {"transaction": names.transaction, "asset": names.asset, "excess": names.excess}
            case.claim("step: all whose claims fall", paying.goes_through(**given) is lowered)
            return Left("over", {})

        left = assets.turn((header, passed), transaction=book, asset=ASSET)
    case.claim("step: the next asset", left.how == "again")
    excess = relief - needed if relief > needed else 0
    case.claim("step: by what is not needed", log.given["lower"][:2] == (book, ASSET))
    case.claim("step: and no more", log.given["lower"][2] == excess)


@theorem("T-LOOP-18", "FND-01", "MKT-05", "LED-02", of=(Transaction.clear, funding), scope=INDUCTION)
def everybody_who_owes_pays_and_everybody_else_is_paid(case: Case) -> None:
    """Every payer pays what is due and every receiver is paid, whatever came before; every position and lot owes.

    So it is in funding and in a final settlement.
    """
    world = World(case)
    market = world.market("first")
    lot, held, due, other = world.lot(market), case.integer("held"), Growing(), Growing()
    amount, log, account = case.integer("due"), Log(), ledger.wallet("alice", ASSET)
    book: Any = SimpleNamespace(transfer=log.noting("transfer"))
    clearing = ledger.clearing(ASSET)
    names = {"self": book, "asset": ASSET, "amount": amount, "rule_id": "FND-01", "clearing_account": clearing}
    Turns(case, Transaction.clear, "for payer, amount in due").once(payer=account, **names)
    pays = log.given.pop("transfer", None)
    Turns(case, Transaction.clear, "for receiver, amount in due").once(receiver=account, **names)
    is_paid = log.given.get("transfer")
    case.claim("step: who owes pays", (pays is not None) == (amount > 0))
    case.claim("step: who is owed is paid", (is_paid is not None) == (amount < 0))
    if pays:
        case.claim("step: all of it", pays == (ASSET, account, clearing, amount, "FND-01"))
    if is_paid:
        case.claim("step: all that is owed", is_paid == (ASSET, clearing, account, -amount, "FND-01"))
    seen: list[DomainKey] = []
    looked_at = SimpleNamespace(add=seen.append)
    book = SimpleNamespace(positions={KEY: held}, lots=world.state.lots, suspects=looked_at)
    header = "for key, domain in sorted(transaction.positions_in.get(market.id, NO_POSITIONS).items())"
    rated = {"transaction": book, "market": market, "mark": market.mark, "rate": "any"}
    with standing_for(paying, funding_due=lambda value, rate: (value, rate)):
        Turns(case, funding, header).once(**rated, key=KEY, domain=OWN, due=due)
        Turns(case, funding, "for lot_id in transaction.lots_in.get(market.id, ())").once(
            **rated, lot_id=lot.id, due=other
        )
    ((cash, owed),), ((of_lot, owed_by_lot),) = due.added, other.added
    case.claim("step: a position owes out of its cash", cash == margin.cash_account(OWN) and owed[1] == "any")
    case.claim("step: by its value", owed[0] == market.at_mark(held))
    case.claim("step: and is looked at", seen == [OWN])
    case.claim("step: a lot owes", of_lot == ledger.lot(lot.id) and owed_by_lot[1] == "any")
    case.claim("step: by its own value", owed_by_lot[0] == market.at_mark(lot.quantity))


@theorem("T-LOOP-19", "ADL-02", "MRG-07", of=(queue_of, health_at, exact_health_at), scope=ANY_TURN)
def everybody_healthy_stands_in_the_queue(case: Case) -> None:
    """Every position of a side in a healthy domain stands in its queue, whatever others do.

    A view's exposures each add their value to its health and take their maintenance from it.
    """
    held, healthy, ranked = case.integer("held"), bool(case.truth("healthy")), Growing()
    case.assume(held != 0, "INV-02: flat positions are left out")
    side, score = case.one_of("side", ("long", "short")), Score(0, 1)
    header = "for key, domain in book.positions_in.get(market, NO_POSITIONS).items()"
    with standing_for(
        deleveraging, domain_margin=lambda *_: CROSS, is_healthy=lambda _: healthy, score_of=lambda *_: score
    ):
        Turns(case, queue_of, header).once(
            book=SimpleNamespace(positions={KEY: held}), side=side, key=KEY, domain=CROSS, ranked=ranked
        )
    stands = healthy and bool(held > 0 if side == "long" else held < 0)
    case.claim(
        "step: stands exactly if of the side and healthy", ranked.added == ([Ranked(KEY, score)] if stands else [])
    )
    health, value, maintenance = case.integer("health so far"), case.integer("value"), case.integer("maintenance", 0)
    price = case.integer("price", 1)
    exposure = SimpleNamespace(value_per_unit=value, tiers=SimpleNamespace(holding=lambda _: None))
    with standing_for(bands, maintenance_margin=lambda *_: maintenance, exact_maintenance=lambda *_: maintenance):
        for function, scale in ((health_at, 1), (exact_health_at, RATE_ONE)):
            turns = Turns(case, function, "for exposure in view.exposures")
            after = turns.once(exposure=exposure, price=price, health=health)["health"]
            case.claim("step: value and maintenance", after == health + scale * (value * price) - maintenance)


@theorem(
    "T-LOOP-20",
    "LIQ-01",
    "MRG-02",
    "MRG-03",
    "MRG-07",
    of=(cancel_orders, domain_initial, order_margin, view_of),
    scope=ANY_TURN,
    uses=("T-LIQ-3", "T-HEALTH-1", "T-HEALTH-2", "T-BAND-12"),
)
def every_order_and_every_position_is_looked_at(case: Case) -> None:
    """Every order and every position counts for the margins that they need, in a liquidation and in a view of prices.

    So it is whatever orders and positions stand before.
    """
    so_far, more, cost, fixed = (case.integer(name) for name in ("so far", "more", "cost", "fixed equity"))
    position, world = any_position(case), World(case)
    markets = {"first": world.market("first")}
    own = case.one_of("order in the asset", (True, False))
    asset, log = ASSET if own else "EUR", Log()
    order = SimpleNamespace(market="first", position_side="BOTH")
    book: Any = SimpleNamespace(markets=markets, positions={KEY: so_far}, remove_order=log.noting("remove"))
    wallet = DomainKey("alice", asset)
    Turns(case, cancel_orders, "for order_id in sorted(orders)").once(
        transaction=book, domain=wallet, orders={"one": order}, order_id="one"
    )
    case.claim("step: an order of the asset is cancelled, and no other", bool(log.done) == own)
    with standing_for(margin, initial_margin=lambda *_: more, leverage_of=lambda *_: 1, load_margin=lambda *_: more):
        needed = Turns(case, domain_initial, "for position in margin.positions").once(
            book=book, position=position, initial=so_far
        )
        reserved = Turns(case, order_margin, "for key, load in loads.items()").once(
            book=book, account="alice", key=KEY, load="any", total=so_far
        )
    case.claim("step: initial margin of a position counts", needed["initial"] == so_far + more)
    case.claim("step: order margin of a position counts", reserved["total"] == so_far + more)
    loads: dict[PositionKey, Any] = {KEY: "before"}
    with standing_for(margin, add_order=lambda load, one, market: (load, one, market)):
        Turns(case, order_margin, ALL_ORDERS).once(book=book, account="alice", asset=asset, order=order, loads=loads)
    case.claim(
        "step: an order of the asset counts", loads[KEY] == (("before", order, markets["first"]) if own else "before")
    )
    viewed(case, book, position, cost, fixed)


ALL_ORDERS = "for _, order in sorted(book.orders[account].items())"


def viewed(case: Case, book: Any, position: PositionMargin, cost: Any, fixed: Any) -> None:
    """A position in the market is an exposure, one elsewhere adds its profit and maintenance."""
    here, exposures = bool(case.truth("in the market")), Through(("before",))
    with standing_for(bands, position_margin=lambda *_: position, cost_of=lambda *_: cost):
        left = Turns(case, view_of, "for key in positions_of_domain(book, domain)").once(
            book=book,
            key=KEY,
            market_id="first" if here else "second",
            exposures=exposures,
            equity=fixed,
            maintenance=NOTHING,
        )
    if here:
        market = book.markets["first"]
        exposed = Exposure(market.value(Price(1), book.positions[KEY]), market.tiers)
        case.claim("step: an exposure in the market", left["exposures"] == ("before", exposed))
        case.claim("step: less its cost", left["equity"] == fixed - cost)
    else:
        case.claim("step: its profit elsewhere", left["equity"] == fixed + position.unrealised)
        case.claim("step: its maintenance elsewhere", left["maintenance"] == position.maintenance)


@theorem(
    "T-LOOP-21",
    "ADL-01",
    "ADL-03",
    "ADL-04",
    "ADL-06",
    of=(heir_of, leave_queue, find_step, find_declared_step),
    scope=ANY_TURN,
    uses=("T-ADL-11", "T-LOOP-6"),
)
def every_lot_and_every_counterparty_is_asked(case: Case) -> None:
    """All losing lots of a market are sought a pair for, all of a side if declared; who leaves a queue leaves it alone.

    What is left of a closed lot's cost passes to the newest other lot of its side, however many there are. Where each
    stands is any place of three, and what can be gone through is all that may be asked of those in it.
    """
    world = World(case)
    market = world.market("first")
    lots = tuple(world.lot(market, is_long) for is_long in (True, False, True))
    losses = {lot.id: case.integer(f"loss of lot {lot.id}", 0) for lot in lots}
    held = case.integer("held", 1)
    book: Any = SimpleNamespace(lots=world.state.lots, lots_in={"first": Through(tuple(lot.id for lot in lots))})
    heirs = [heir_of(book, lot) for lot in lots]
    case.claim("step: the newest other lot of the side", heirs == [lots[2], None, lots[0]])
    sought: list[list[Lot]] = []
    with standing_for(
        deleveraging,
        lot_loss=lambda _, __, lot: losses[lot.id],
        first_step=lambda _, __, ___, given, ____: sought.append(list(given)),
    ):
        find_step(book, market, {}, Money(1), Money(1))
        find_declared_step(book, market, {}, "short", Quantity(1))
    losing, declared = sought
    case.claim("step: all that lose, oldest first", losing == [lot for lot in lots if losses[lot.id] > 0])
    case.claim("step: all of the side", declared == [lot for lot in lots if lot.direction == "short"])
    queue = tuple(Ranked(PositionKey(name, "first", "BOTH"), Score(0, 1)) for name in ("alice", "bob", "carol"))
    for leaver in queue:
        queues: Any = {("first", "long"): Through(queue), ("first", "short"): "the others"}
        leave_queue(queues, leaver.key, held)
        left = {("first", "long"): tuple(one for one in queue if one is not leaver), ("first", "short"): "the others"}
        case.claim("step: who leaves, and nobody else", queues == left)


@theorem("T-LOOP-22", "MKT-05", "TRN-01", of=(cancel_orders_in, Transaction.publish_funds), scope=ANY_TURN)
def every_order_of_a_market_that_ends_goes_and_every_fund_is_told(case: Case) -> None:
    """In a final settlement every order in the market is cancelled; every fund that an event moved is told at its end.

    So it is whatever accounts, orders, markets and assets there are.
    """
    insurance, relief, log = case.integer("insurance", 0), case.integer("relief", 0), Log()
    orders = {"one": SimpleNamespace(market="first"), "other": SimpleNamespace(market="second")}
    book: Any = SimpleNamespace(remove_order=log.noting("remove"), orders={"alice": orders})
    inner = Loop(case, cancel_orders_in, "for order_id in sorted(orders)")
    outer = Loop(case, cancel_orders_in, "for account in sorted(transaction.orders)")
    gone = []
    for order_id in orders:
        left = inner.turn(transaction=book, market="first", account="alice", orders=orders, order_id=order_id)
        gone.append(log.given.pop("remove", None))
        case.claim("step: the next order", left.how == "again")
    case.claim(
        "step: cancelled if it is in the market", gone == [("alice", "one", OrderCancelled("alice", "one")), None]
    )

    def passed(names: SimpleNamespace) -> Left:
        case.claim("step: all orders of an account", names.orders is orders)
        return Left("over", {})

    left = outer.turn((inner.header, passed), transaction=book, market="first", account="alice")
    case.claim("step: the next account", left.how == "again")
    balances, effects = {ledger.insurance(ASSET): insurance, ledger.relief(ASSET): relief}, Growing()
    book = SimpleNamespace(publish_reserve=log.noting("tell"), balance=balances.__getitem__, effects=effects)
    for header, names in (("for market in sorted(self.fund_status)", "market"), (MOVED, "asset")):
        left = Loop(case, Transaction.publish_funds, header).turn(self=book, **{names: ASSET})
        case.claim("step: the next one", left.how == "again")
    case.claim("step: a reserve is told if it changed", log.given["tell"] == (ASSET,))
    case.claim("step: insurance and relief are told", effects.added == [InsuranceStatus(ASSET, insurance, relief)])


MOVED = "for asset in sorted(self.shared_funds_moved)"
