"""Loops: each one of the rules, cut out of its function, is left under its stated condition only, on any turn.

One turn of the rule's own source is run on names that may be anything that the turns before leave. What it does not
name it cannot read: how many turns there were, what was done in them. So no loop ends after so many turns.
Then the rest of the function is run, with anything in place of the loop that it may leave.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

from marginspec.handlers import declared_deleveraging as declaring
from marginspec.handlers.declared_deleveraging import declared_deleveraging
from marginspec.margin import bands
from marginspec.margin.bands import first_below
from marginspec.margin.margin import DomainMargin, is_healthy
from marginspec.model.account import PositionKey
from marginspec.model.market import TierTable
from marginspec.model.units import NOTHING, Money
from marginspec.settlement import deleveraging, liquidation
from marginspec.settlement import settle as settlement
from marginspec.settlement.deleveraging import Step, first_step, halved
from marginspec.settlement.liquidation import liquidate
from marginspec.settlement.settle import next_step, restore_cover
from marginspec_proofs.prover.loops import Left, Loop
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.prover.worlds import ASSET, World

KEY = PositionKey("alice", "first", "BOTH")
ANY_TURN = "any number: a turn reads nothing of others"
"""Scope: one turn, in which numbers are only passed on."""


@contextmanager
def standing_for(module: ModuleType, **functions: Any) -> Iterator[None]:
    """Functions that stand for those of a module of the rules by the same names."""
    with ExitStack() as stack:
        for name, function in functions.items():
            stack.enter_context(patch.object(module, name, function))
        yield


class Log:
    """What a turn does, in order; each function that stands for another tells its name and may be asked what it got."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.given: dict[str, tuple[Any, ...]] = {}

    def noting(self, name: str, answer: Callable[[], Any] = lambda: None) -> Callable[..., Any]:
        """A function that notes its call."""

        def noted(*given: Any) -> Any:
            self.done.append(name)
            self.given[name] = given
            return answer()

        return noted


def a_step(case: Case) -> tuple[Any, Step]:
    """A world with a lot, and a step that closes some of it."""
    world = World(case)
    lot = world.lot(world.market("first"))
    return world, Step(lot, KEY, case.integer("quantity of the step", 1, source="ADL-01"), Money(1))


@theorem(
    "T-LOOP-1", "ADL-01", "LVY-01", "WTF-02", of=(restore_cover,), scope=INDUCTION, uses=("T-COVER-2", "T-ORDER-3")
)
def deleveraging_goes_on_until_cover_or_no_pair(case: Case) -> None:
    """Deleveraging goes on, whatever was done before, until nothing is missing or no pair is left; then the levy comes.

    A turn closes the pair that is found for what is missing by then, and measures what is missing anew.
    """
    world, step = a_step(case)
    missing, then = (case.integer(name, 0, source="T-COVER-2") for name in ("missing", "missing then"))
    found = step if case.truth("a pair is left") else None
    transaction, queues, log = SimpleNamespace(markets=world.state.markets), object(), Log()
    loop = Loop(case, restore_cover, "while missing > 0")
    with standing_for(
        settlement,
        next_step=log.noting("seek", lambda: found),
        deleverage=log.noting("deleverage"),
        uncovered_shortfall=log.noting("measure", lambda: then),
    ):
        left = loop.turn(transaction=transaction, asset=ASSET, queues=queues, missing=missing)
    case.claim("step: it is over exactly with nothing missing", (missing == 0) == (left.how == "over"))
    case.claim("step: it breaks only without a pair", implies(left.how == "break", found is None))
    case.claim("step: it goes on only with one", implies(left.how == "again", found is not None))
    case.claim("step: it returns nothing", left.how != "return")
    turns = {"over": [], "break": ["seek"], "again": ["seek", "deleverage", "measure"]}
    case.claim("step: a pair is sought, closed, and cover measured", log.done == turns[left.how])
    if left.how != "over":
        case.claim("step: for what is missing", log.given["seek"] == (transaction, ASSET, queues, missing))
    if left.how == "again":
        case.claim("step: the pair that was found", log.given["deleverage"][1:] == (world.state.markets["first"], step))
        case.claim("step: the next turn has what is missing then", left.names["missing"] is then)
    around_restoring(case, loop, then)


def around_restoring(case: Case, loop: Loop, missing: Any) -> None:
    """Before the loop cover is measured; after it, whatever is still missing is levied, or nothing."""
    resort, log, queues = case.one_of("last resort", ("levy", "none")), Log(), object()
    transaction = SimpleNamespace(header=SimpleNamespace(profile=SimpleNamespace(last_resort=resort)))
    first = object()

    def turns(names: SimpleNamespace) -> Left:
        case.claim("base: what is missing is measured", names.missing is first and names.queues is queues)
        return Left("over", {"missing": missing})

    with standing_for(settlement, uncovered_shortfall=lambda *_: first, levy=log.noting("levy")):
        loop.around(turns)(transaction, ASSET, queues)
    is_levied = log.done == ["levy"]
    case.claim("end: levied exactly if something is missing", is_levied == ((missing > 0) & (resort == "levy")))
    case.claim("end: all of it", not is_levied or log.given["levy"] == (transaction, ASSET, missing))


@theorem("T-LOOP-2", "LIQ-01", "LIQ-02", "MRG-05", of=(liquidate, is_healthy), scope=INDUCTION, uses=("T-LIQ-2",))
def a_liquidation_steps_down_until_healthy_or_taken_over(case: Case) -> None:
    """A liquidation goes on, whatever was done before, until the domain is healthy, or no step helps: then a takeover.

    A turn steps one position down, the one that is chosen by the domain's figures, and measures it anew.
    """
    first, second = (any_figures(case, place) for place in ("now", "then"))
    key = KEY if case.truth("one can be stepped down") else None
    transaction, domain, log = object(), object(), Log()
    loop = Loop(case, liquidate, "while not is_healthy(margin)")
    with standing_for(
        liquidation,
        position_to_step_down=log.noting("choose", lambda: key),
        step_down=log.noting("step down"),
        take_over=log.noting("take over"),
        domain_margin=log.noting("measure", lambda: second),
    ):
        left = loop.turn(transaction=transaction, domain=domain, margin=first)
    unhealthy = first.equity <= first.maintenance
    case.claim("step: it is over exactly if healthy", negate(unhealthy) == (left.how == "over"))
    case.claim("step: it breaks only if none can be stepped down", implies(left.how == "break", key is None))
    case.claim("step: it goes on only if one can", implies(left.how == "again", key is not None))
    case.claim("step: it returns nothing", left.how != "return")
    turns = {"over": [], "break": ["choose", "take over"], "again": ["choose", "step down", "measure"]}
    case.claim("step: a position is chosen, stepped down, and all measured", log.done == turns[left.how])
    if left.how != "over":
        case.claim("step: by the last figures", log.given["choose"] == (first,))
    if left.how == "break":
        case.claim("step: the domain is taken over", log.given["take over"] == (transaction, domain))
    if left.how == "again":
        case.claim("step: the one that was chosen", log.given["step down"] == (transaction, domain, key))
        case.claim("step: the next turn has the figures then", left.names["margin"] is second)
    around_liquidating(case, loop, first)


def any_figures(case: Case, place: str) -> DomainMargin:
    """A domain with a position, of any figures."""
    equity, maintenance = (case.integer(f"{name} {place}") for name in ("equity", "maintenance"))
    return DomainMargin(NOTHING, equity, maintenance, ("any",))  # type: ignore[arg-type]  # positions are not looked at


def around_liquidating(case: Case, loop: Loop, margin: DomainMargin) -> None:
    """Before the loop the domain is measured and loses its orders; after it nothing more is done."""
    transaction, log = SimpleNamespace(effects=[]), Log()

    def turns(names: SimpleNamespace) -> Left:
        case.claim("base: measured, orders are gone", names.margin is margin and log.done == ["measure", "cancel"])
        return Left("over", {})

    with standing_for(
        liquidation, domain_margin=log.noting("measure", lambda: margin), cancel_orders=log.noting("cancel")
    ):
        loop.around(turns)(transaction, object())
    case.claim("end: nothing more is done", log.done == ["measure", "cancel"])


@theorem("T-LOOP-3", "ADL-06", of=(declared_deleveraging,), scope=INDUCTION, uses=("T-ADL-9", "T-ADL-11"))
def a_declared_deleveraging_goes_on_until_done_or_no_pair(case: Case) -> None:
    """Declared deleveraging goes on, whatever was done before, until all is closed or no pair is left.

    A turn closes one pair, and seeks the next one for what is left exactly if something is.
    """
    _, step = a_step(case)
    left_before = case.integer("left", 1, source="induction hypothesis")
    case.assume(step.quantity <= left_before, "T-ADL-9: a step closes at most what is wanted")
    another = step if case.truth("another pair is left") else None
    now = step if case.truth("there is a step") else None
    transaction, market, event, log = SimpleNamespace(queues=object()), object(), SimpleNamespace(side="long"), Log()
    loop = Loop(case, declared_deleveraging, "while step is not None")
    with standing_for(
        declaring, deleverage=log.noting("deleverage"), find_declared_step=log.noting("seek", lambda: another)
    ):
        left = loop.turn(transaction=transaction, market=market, event=event, step=now, left=left_before)
    if now is None:
        case.claim("step: without a step it is over, and nothing is done", left.how == "over" and not log.done)
        return
    rest = left.names["left"]
    case.claim("step: with one it goes on", left.how == "again")
    case.claim("step: it is closed", log.given["deleverage"] == (transaction, market, step))
    case.claim("step: so much less is left, and never less than nothing", (rest == left_before - step.quantity))
    case.claim("step: which is at least nothing", rest >= 0)
    case.claim("step: the next is sought exactly if something is left", (rest > 0) == (log.done[1:] == ["seek"]))
    if log.done[1:]:
        asked = log.given["seek"]
        case.claim("step: of that side", asked[:4] == (transaction, market, transaction.queues, "long"))
        case.claim("step: for what is left", asked[4] == rest)
    is_last = (rest == 0) | (another is None)
    case.claim("step: the last exactly if all is closed or no pair is left", is_last == (left.names["step"] is None))


@theorem("T-LOOP-4", "ADL-04", of=(halved,), scope=INDUCTION, uses=("T-ADL-14",))
def halving_goes_on_to_neighbours(case: Case) -> None:
    """Halving goes on, whatever was tried before, until the two are neighbours; it answers with the lower one.

    A turn keeps room at the lower one and none at the higher one, and leaves half of the way.
    """
    low, high, left_at = case.integer("low", 1), case.integer("high"), case.integer("lower one at the end")
    case.assume(low < high, "induction hypothesis")
    roomy, log = bool(case.truth("there is room in the middle")), Log()
    loop = Loop(case, halved, "while high - low > 1")
    has_room = log.noting("ask", lambda: roomy)
    left = loop.turn(low=low, high=high, has_room=has_room)
    case.claim("step: it is over exactly at neighbours", (high == low + 1) == (left.how == "over"))
    if left.how != "over":
        (middle,) = log.given["ask"]
        lower, higher = left.names["low"], left.names["high"]
        case.claim("step: otherwise it goes on", left.how == "again" and log.done == ["ask"])
        ends = ((lower == middle) & (higher == high)) if roomy else ((lower == low) & (higher == middle))
        case.claim("step: room at the lower one, none at the higher one", ends)
        case.claim("step: in order", lower < higher)
        case.claim("step: half of the way, or half and a half", 2 * (higher - lower) <= high - low + 1)

    def turns(names: SimpleNamespace) -> Left:
        case.claim("base: from both that are given", names.low is low and names.high is high)
        return Left("over", {"low": left_at})

    case.claim("end: the lower one is the answer", loop.around(turns)(low, high, has_room) is left_at)


@theorem("T-LOOP-5", "MRG-07", of=(first_below,), scope=INDUCTION, uses=("T-BAND-7",))
def the_search_for_a_price_goes_on_to_neighbours(case: Case) -> None:
    """The search for a band's end goes on, whatever was tried before, until the two prices are neighbours.

    A turn takes the half that T-BAND-7 speaks of; the answer is the outer one.
    """
    inside, outside = case.integer("inside"), case.integer("outside")
    case.assume(inside != outside, "induction hypothesis")
    view, threshold, half, log = object(), object(), (object(), object()), Log()
    loop = Loop(case, first_below, "while abs(outside - inside) > 1")
    with standing_for(bands, around_crossing=log.noting("halve", lambda: half)):
        left = loop.turn(view=view, inside=inside, outside=outside, threshold=threshold)
    neighbours = (outside == inside + 1) | (outside == inside - 1)
    case.claim("step: it is over exactly at neighbours", neighbours == (left.how == "over"))
    if left.how != "over":
        case.claim("step: otherwise it goes on", left.how == "again")
        case.claim("step: by the half", log.given["halve"] == (view, inside, outside, threshold))
        case.claim("step: of which both ends are next", (left.names["inside"], left.names["outside"]) == half)
    at_last, needed, end = case.integer("exact health at the last"), case.integer("threshold"), object()

    def turns(names: SimpleNamespace) -> Left:
        case.claim("base: from the start to the last price", names.inside is inside and names.outside is outside)
        case.claim("base: which is below the threshold", at_last < needed)
        return Left("over", {"outside": end})

    with standing_for(bands, exact_health_at=lambda *_: at_last):
        found = loop.around(turns)(view, inside, outside, needed)
    case.claim("end: the outer one is the answer, none if none is below", found is (end if at_last < needed else None))


@theorem("T-LOOP-6", "ADL-01", "ADL-06", of=(first_step,), scope=ANY_TURN, uses=("T-ADL-11",))
def a_scan_passes_only_pairs_that_are_not_eligible(case: Case) -> None:
    """A scan goes through all lots, and for each through all of the queue on the other side, until a pair is eligible.

    It passes a counterparty only if the pair is not eligible, and a lot only after its whole queue.
    """
    world, step = a_step(case)
    lot = step.lot if case.truth("the lot is long") else world.lot(world.market("second"), is_long=False)
    side, other = ("long", "short") if lot.quantity > 0 else ("short", "long")
    book, market, wanted, queue, log = object(), SimpleNamespace(id="first"), object(), object(), Log()
    ranked, found = SimpleNamespace(key=KEY), step if case.truth("the pair is eligible") else None
    queues = {("first", other): queue, ("first", side): object()}
    names = {"book": book, "market": market, "queues": queues, "wanted": wanted, "lot": lot}
    inner = Loop(case, first_step, "for ranked in queues[market.id, opposite]")
    with standing_for(deleveraging, pair_step=log.noting("judge", lambda: found)):
        left = inner.turn(**names, opposite=other, ranked=ranked)
    case.claim("step: it ends exactly with an eligible pair", (found is not None) == (left.how == "return"))
    case.claim("step: and with nothing else", left.how in ("return", "again") and left.returned is found)
    case.claim("step: the pair in question", log.given["judge"] == (book, market, lot, KEY, wanted))

    def queue_left(within: SimpleNamespace) -> Left:
        gone = inner.goes_through(queues=within.queues, market=within.market, opposite=within.opposite)
        case.claim("step: the whole queue of the other side", gone is queue)
        return Left("over" if found is None else "return", {}, found)

    outer = Loop(case, first_step, "for lot in lots")
    left = outer.turn((inner.header, queue_left), **names)
    case.claim("step: a lot is passed only without an eligible pair", (found is None) == (left.how == "again"))
    case.claim("step: else its pair is the answer", left.how == "again" or left.returned is found)
    lots, taken = object(), Log()

    def lots_left(within: SimpleNamespace) -> Left:
        case.claim("base: all lots, after the queues were taken", taken.done == ["take"])
        case.claim("base: all of them", outer.goes_through(lots=within.lots) is lots)
        return Left("over", {})

    with standing_for(deleveraging, take_queues=taken.noting("take")):
        case.claim("end: none if all are passed", outer.around(lots_left)(book, market, queues, lots, wanted) is None)


@theorem("T-LOOP-7", "ADL-01", of=(next_step,), scope=ANY_TURN, uses=("T-ORDER-4",))
def all_markets_with_a_shortfall_are_asked(case: Case) -> None:
    """A step is sought in all markets with a shortfall, in their order, until one has a pair.

    A market is passed only if it has no pair, sought for its own shortfall.
    """
    world, step = a_step(case)
    found = step if case.truth("a pair is left") else None
    shortfall, missing, queues, log = object(), object(), object(), Log()
    transaction = SimpleNamespace(markets=world.state.markets)
    loop = Loop(case, next_step, "for market_id in by_shortfall(found)")
    with standing_for(settlement, find_step=log.noting("seek", lambda: found)):
        left = loop.turn(
            transaction=transaction, queues=queues, missing=missing, found={"first": shortfall}, market_id="first"
        )
    case.claim("step: it ends exactly with a step", (found is not None) == (left.how == "return"))
    case.claim("step: and with nothing else", left.how in ("return", "again") and left.returned is found)
    asked = (transaction, world.state.markets["first"], queues, shortfall, missing)
    case.claim("step: in this market, for its shortfall", log.given["seek"] == asked)
    listed, all_of_them = object(), object()

    def turns(names: SimpleNamespace) -> Left:
        with standing_for(settlement, by_shortfall=lambda given: all_of_them if given is listed else None):
            case.claim("base: all of the asset, in order", loop.goes_through(found=names.found) is all_of_them)
        return Left("over", {})

    with standing_for(settlement, shortfalls=lambda *_: listed):
        case.claim("end: none if all are passed", loop.around(turns)(transaction, ASSET, queues, missing) is None)


@theorem("T-LOOP-8", "MKT-02", of=(TierTable.holding,), scope=INDUCTION, uses=("T-TIER-1",))
def tiers_are_passed_while_the_notional_is_above_their_floor(case: Case) -> None:
    """The tiers of a table of any length are gone through in order, until one whose floor is not below the notional.

    The tier before it holds the notional; of a table of one tier, that one does.
    """
    notional, floor = case.integer("notional", 0), case.integer("floor", 1, source="MKT-02")
    held, tier = object(), SimpleNamespace(floor=floor)
    loop = Loop(case, TierTable.holding, "for tier in self.tiers[1:]")
    left = loop.turn(notional=notional, held=held, tier=tier)
    case.claim("step: it ends exactly at a floor that is not below", (notional <= floor) == (left.how == "break"))
    case.claim("step: otherwise it goes on", left.how in ("break", "again"))
    case.claim("step: with this tier if it goes on", left.names["held"] is (held if left.how == "break" else tier))
    tiers, last = tuple(object() for _ in range(case.one_of("tiers", (1, 2, 65)))), object()
    table = SimpleNamespace(tiers=tiers)

    def turns(names: SimpleNamespace) -> Left:
        case.claim("base: the first tier", names.held is tiers[0])
        case.claim("base: all after it", loop.goes_through(self=names.self) == tiers[1:])
        return Left("over", {"held": last})

    case.claim("end: the one that holds", loop.around(turns)(table, notional) is last)
