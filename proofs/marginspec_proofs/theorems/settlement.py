"""Settlement and an event as wholes: after every accepted event all are healthy and all is covered.

Whoever is looked at, and how often, is settlement's own code; what a liquidation, a restoring of cover, a return and a
closing do is what the theorems on them say. Any two domains and any two assets stand for all.
"""

from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from marginspec import transition
from marginspec.handlers import markets
from marginspec.handlers.markets import expose_market, move_mark, suspect_losers, update_tiers
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.events import Deposit, UpdateTiers
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.units import Decimal8, Price
from marginspec.registry import HANDLERS
from marginspec.settlement import settle as settlement
from marginspec.settlement.settle import liquidate_unhealthy, settle
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_proofs.prover.loops import Left, Loop
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.prover.worlds import ASSET, World
from marginspec_proofs.theorems.folds import Through
from marginspec_proofs.theorems.loops import ANY_TURN, Log, standing_for

ASSETS = (ASSET, "EUR")
DOMAINS = (DomainKey("alice", ASSET), DomainKey("bob", ASSET, "first", "BOTH"))
OTHERS = tuple(DomainKey(f"other {number}", ASSET) for number in range(9))
"""Domains that are looked at too, always healthy: more than any two."""


class Book:
    """What settlement reads of a transaction, with who is healthy and what is covered beside it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.healthy = {domain: bool(case.truth(f"{domain.account} is healthy")) for domain in DOMAINS}
        self.healthy.update(dict.fromkeys(OTHERS, True))
        self.covered = dict.fromkeys(ASSETS, False)
        looked_at = {domain for domain in DOMAINS if case.truth(f"{domain.account} is looked at")}
        for domain in DOMAINS:
            case.assume(domain in looked_at or self.healthy[domain], "T-SETTLE-4: who may be unhealthy is looked at")
        self.transaction: Any = SimpleNamespace(suspects={*looked_at, *OTHERS} if looked_at else set())

    def liquidate(self, transaction: Any, domain: DomainKey) -> None:
        """It ends healthy, or taken over and flat; cover may have suffered."""
        self.case.claim("step: only who is not healthy is liquidated", not self.healthy[domain])
        self.case.claim("step: of this transaction", transaction is self.transaction)
        self.healthy[domain] = True
        self.covered = dict.fromkeys(ASSETS, False)

    def restore(self, transaction: Any, asset: str, _queues: Any) -> None:
        """Nothing is missing then; whoever pays for it, by deleveraging or levy, is looked at again."""
        self.case.claim("step: nobody unhealthy is left but who is looked at again", self.invariant())
        self.covered[asset] = True
        for domain in DOMAINS:
            if domain.asset == asset and self.case.truth(f"{domain.account} pays"):
                transaction.suspects.add(domain)
                self.healthy[domain] = bool(self.case.truth(f"{domain.account} is healthy still"))

    def invariant(self) -> bool:
        """Whoever is not looked at is healthy."""
        return all(self.healthy[one] or one in self.transaction.suspects for one in DOMAINS)


@theorem(
    "T-SETTLE-1",
    "SET-01",
    "LIQ-01",
    "INV-05",
    "INV-06",
    of=(settle, liquidate_unhealthy),
    scope=ANY_TURN,
    uses=("T-LOOP-1", "T-LOOP-2", "T-LOOP-15", "T-LIQ-1", "T-TAKE-2", "T-SOLV-3", "T-SOLV-6", "T-CLAIM-1"),
)
def settlement_goes_on_until_all_is_healthy_and_covered(case: Case) -> None:
    """Settlement goes on, whatever was done before, until nobody is to be looked at: then all are healthy and covered.

    A round liquidates every suspect that is unhealthy, then restores cover of every asset. After it, whoever is not
    looked at again is healthy, and nothing is missing, or no pair is left and the last resort is `none`.
    """
    case.integer("any", 0)
    book, assets, queues = Book(case), Through(ASSETS), object()
    loop = Loop(case, settle, "while not settled")
    over = loop.turn(settled=True)
    case.claim("step: it is over when it is settled", over.how == "over")
    with standing_for(
        settlement,
        domain_margin=lambda _, domain: domain,
        is_healthy=lambda domain: book.healthy[domain],
        liquidate=book.liquidate,
        restore_cover=book.restore,
    ):
        left = loop.turn(transaction=book.transaction, assets=assets, queues=queues, settled=False)
    settled = left.names["settled"]
    case.claim("step: it goes on when it is not", left.how == "again")
    case.claim("step: who is not looked at is healthy", book.invariant())
    case.claim("step: every asset is covered", all(book.covered.values()))
    case.claim("step: settled exactly if nobody is to be looked at", settled == (not book.transaction.suspects))
    case.claim("step: and then all are healthy", not settled or all(book.healthy.values()))
    assets_in_turn(case)


def assets_in_turn(case: Case) -> None:
    """In a round every asset has its cover restored, and at the end what is uncovered is taken down of every asset."""
    transaction, queues, amount, log = SimpleNamespace(), object(), object(), Log()
    transaction.set_uncovered = log.noting("note")
    in_round, at_end = (Loop(case, settle, "for asset in assets", place, 2) for place in (1, 2))
    with standing_for(settlement, restore_cover=log.noting("restore"), uncovered_shortfall=lambda *_: amount):
        left = in_round.turn(transaction=transaction, queues=queues, asset=ASSET)
        noted = at_end.turn(transaction=transaction, asset=ASSET)
    case.claim("step: an asset, then the next", left.how == noted.how == "again" and log.done == ["restore", "note"])
    case.claim("step: its cover", log.given["restore"] == (transaction, ASSET, queues))
    case.claim("step: what is uncovered in it", log.given["note"] == (ASSET, amount))


class Ending:
    """What settlement does before its rounds and after them."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.done: list[str] = []
        self.uncovered = {asset: case.integer(f"uncovered in {asset}", 0, source="T-SETTLE-1") for asset in ASSETS}
        self.noted: dict[str, Any] = {}
        exposed = {asset for asset in ASSETS if case.truth(f"{asset} is exposed")}
        before = {asset for asset in ASSETS if case.truth(f"{asset} was uncovered")}
        self.assets, closes = sorted(exposed | before), bool(case.truth("a market closes"))
        self.transaction: Any = SimpleNamespace(
            suspects=set(DOMAINS[:1]) if case.truth("somebody is looked at") else set(),
            exposed=exposed,
            uncovered=Through(tuple(before)) if before else (),
            queues=object(),
            closing="first" if closes else None,
            markets={"first": "the market"},
            set_uncovered=self.note,
        )

    def note(self, asset: str, amount: Any) -> None:
        """Take down what is uncovered, after all else."""
        self.done.append("note")
        self.noted[asset] = amount

    def rounds(self, names: SimpleNamespace) -> Left:
        """All rounds; nobody is to be looked at then (T-SETTLE-1)."""
        self.done.append("rounds")
        self.case.claim("base: of all that is exposed or was uncovered", names.assets == self.assets)
        self.case.claim("base: there is a first round", names.settled is False)
        self.case.claim("base: with the event's own queues", names.queues is self.transaction.queues)
        return Left("over", {})


@theorem(
    "T-SETTLE-2",
    "SET-01",
    "MKT-05",
    "LVY-02",
    "INV-05",
    "INV-06",
    of=(settle,),
    uses=("T-SETTLE-1", "T-CLOSE-4", "T-RETURN-1", "T-COVER-2"),
)
def what_comes_after_the_rounds_keeps_all_settled(case: Case) -> None:
    """Settlement has its rounds if anything is to be looked at; then a market may close, and relief goes back.

    Both leave all healthy and covered, so after settlement all are. What is uncovered, with the last resort `none`, is
    told of every asset that was looked at. If nobody is looked at and no asset is exposed, there is nothing to settle.
    """
    ending = Ending(case)
    begun = ending.transaction
    looks = bool(begun.suspects or ending.assets)
    loop = Loop(case, settle, "while not settled")
    with standing_for(
        settlement,
        return_relief=lambda _: ending.done.append("return"),
        close_market=lambda _, market: ending.done.append(f"close {market}"),
        uncovered_shortfall=lambda _, asset: ending.uncovered[asset],
    ):
        loop.around(ending.rounds)(begun)
    closing = ["close the market"] * (begun.closing is not None)
    rounds = ["rounds", *closing, "return", *["note"] * len(ending.assets)]
    case.claim("in this order, and nothing else", ending.done == ["return", *(rounds if looks else [])])
    case.claim("what is uncovered is told of every asset", sorted(ending.noted) == (ending.assets if looks else []))
    for asset, amount in ending.noted.items():
        case.claim(f"what is uncovered in {asset}", amount is ending.uncovered[asset])
    case.claim("balances have no limit then", begun.settling)


@theorem(
    "T-SETTLE-3",
    "JRN-01",
    "SET-01",
    "INV-05",
    "INV-06",
    "INV-09",
    of=(apply,),
    uses=("T-SETTLE-1", "T-SETTLE-2", "T-REJECT-1"),
)
def every_accepted_event_ends_settled(case: Case) -> None:
    """The state after an accepted event is the one that settlement left: so all are healthy in it and all is covered.

    Settlement comes once, after the event's own rule, and nothing comes after it but what is told. An event that its
    rule, its range or its settlement refuses leaves the state that it found.
    """
    world, told = World(case), case.integer("amount", 1)
    refuses = case.one_of("refused", ("by nothing", "by its rule", "by its range", "by settlement"))
    done: list[str] = []
    settled: list[Any] = []

    def own_rule(transaction: Transaction, _event: Deposit) -> None:
        done.append("rule")
        if refuses == "by its rule":
            raise Rejected(Reason.INVALID_AMOUNT)
        transaction.out_of_range = refuses == "by its range"

    def settling(transaction: Transaction) -> None:
        done.append("settlement")
        transaction.next_lot = 1 + told
        settled.append(transaction)
        if refuses == "by settlement":
            raise Rejected(Reason.COVER_EXCEEDED)

    with patch.dict(HANDLERS, {Deposit: own_rule}), standing_for(transition, settle=settling):
        state, receipt = apply(world.state, Deposit("alice", ASSET, Decimal8(1)))
    reasons = {"by its rule": Reason.INVALID_AMOUNT, "by its range": Reason.OUT_OF_RANGE}
    reasons["by settlement"] = Reason.COVER_EXCEEDED
    in_range = refuses in ("by nothing", "by settlement")
    case.claim("settled exactly if the rule accepts it and it is in range", ("settlement" in done) == in_range)
    case.claim("refused for the reason that was found", receipt.rejected is reasons.get(refuses))
    if receipt.rejected is None:
        case.claim("its rule, then settlement, once each", done == ["rule", "settlement"])
        case.claim("the state is the one that settlement left", state == settled[0].commit())
        case.claim("with what it changed", state.next_lot == 1 + told)
    else:
        case.claim("the state is the one that it found", state is world.state)


@theorem(
    "T-SETTLE-4",
    "SET-01",
    "MKT-01",
    "MKT-03",
    "MKT-05",
    of=(update_tiers, move_mark, suspect_losers, expose_market),
    scope=ANY_TURN,
    uses=("T-HEALTH-10",),
)
def whoever_a_market_may_harm_is_looked_at(case: Case) -> None:
    """New tiers have everybody with a position in the market looked at, a mark or final price whoever loses by it.

    The asset's cover is looked at in any case. So it is whatever positions there are; who does not lose by a mark stays
    healthy (T-HEALTH-10); other events do as their theorems say.
    """
    world, held, move = World(case), case.integer("held"), case.integer("move")
    market, key = world.market("first"), PositionKey("bob", "first", "BOTH")
    book: Any = SimpleNamespace(positions={key: held}, suspects=set())
    losers = Loop(case, suspect_losers, "for key, domain in transaction.positions_in.get(market, NO_POSITIONS).items()")
    left = losers.turn(transaction=book, key=key, domain=DOMAINS[1], move=move)
    case.claim("step: a position, then the next", left.how == "again")
    loses = held * move < 0
    case.claim("step: whoever loses is looked at", implies(loses, DOMAINS[1] in book.suspects))
    if case.truth("new tiers, no mark"):
        holders = (*DOMAINS, *OTHERS)
        begun = world.transaction()
        begun.positions_in = {"first": dict(enumerate(holders))}  # type: ignore[assignment]  # it is gone through only
        with standing_for(markets, tier_table=lambda *_: market.tiers):
            update_tiers(begun, UpdateTiers("first", ()))
        case.claim("step: everybody", begun.suspects == set(holders))
    else:
        begun, asked = world.transaction(), Log()
        before = market.marked()
        price = Price(before + move)
        with standing_for(markets, suspect_losers=asked.noting("losers")):
            move_mark(begun, market, price)
        case.claim(
            "step: who loses by the difference", asked.given["losers"] == (begun, "first", price - market.marked())
        )
    case.claim("step: its asset's cover", begun.exposed == {ASSET})
    case.claim("step: a negative equity is the event's market's", begun.event_market == "first")
