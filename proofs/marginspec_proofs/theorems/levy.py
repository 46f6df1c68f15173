"""Levy and relief: who pays in which layer, what claims are worth, and when relief goes back.

Shares pro rata stand for any that T-SHARE-1, T-SHARE-2 and T-SHARE-3 allow; everything else is the rules' own code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from marginspec.margin.margin import DomainMargin, PositionMargin, is_healthy
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import Layer
from marginspec.model.units import NOTHING
from marginspec.settlement import claims as claiming
from marginspec.settlement import levy as levying
from marginspec.settlement import settle as settlement
from marginspec.settlement.claims import NO_CLAIMS, lower_claims, use_claim
from marginspec.settlement.levy import (
    LAYERS,
    layer_weight,
    levy_layer,
    pay_back,
    pay_levy,
    profit_in,
    return_relief,
    spare_of,
)
from marginspec.settlement.settle import settle
from marginspec.transaction import Transaction
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.prover.worlds import ASSET, ONE_TIER, World

RELIEF, INSURANCE = ledger.relief(ASSET), ledger.insurance(ASSET)


def gaining(market: str, side: Any, unrealised: Any) -> PositionMargin:
    """A position of which only the profit is asked for."""
    return PositionMargin(PositionKey("alice", market, side), NOTHING, NOTHING, unrealised, NOTHING, ONE_TIER.tiers[0])


def margin_of(equity: Any, maintenance: Any, is_flat: bool, *positions: PositionMargin) -> DomainMargin:
    """A domain of any equity and maintenance, with a position unless it is flat."""
    held = () if is_flat else positions or (gaining("first", "BOTH", NOTHING),)
    return DomainMargin(NOTHING, equity, maintenance, held)


@theorem("T-LEVY-1", "LVY-01", "MRG-05", of=(spare_of, profit_in, layer_weight, is_healthy), uses=("T-SHARE-2",))
def layers_of_profit_and_spare_leave_everybody_healthy(case: Case) -> None:
    """Who pays no more than its weights in the layers of profit and spare is healthy still, or flat and without debt.

    A weight of profit is at most the spare, and at most what the positions in the markets with shortfall gain: net
    within a market, nothing where they lose, nothing in other markets. All weights together are at most the equity
    above zero, since each layer takes its weights when it begins.
    """
    equity, is_flat = case.integer("equity"), bool(case.truth("flat"))
    maintenance = NOTHING if is_flat else case.integer("maintenance", 0)
    gains = [case.integer(f"gain {place}") for place in range(4)]
    keys = (("first", "LONG"), ("first", "SHORT"), ("second", "BOTH"), ("third", "BOTH"))
    positions = [gaining(market, side, gain) for (market, side), gain in zip(keys, gains, strict=True)]
    short = frozenset(("first", "second"))

    def begun(paid: Any) -> DomainMargin:
        return margin_of(equity - paid, maintenance, is_flat, *positions)

    by_profit = case.integer("paid of profit", 0)
    case.assume(by_profit <= layer_weight("profit", begun(0), short), "T-SHARE-2")
    by_spare = case.integer("paid of spare", 0)
    case.assume(by_spare <= layer_weight("spare", begun(by_profit), short), "T-SHARE-2")
    after = begun(by_profit + by_spare)
    was_healthy = is_healthy(begun(0))
    case.claim("who was healthy is so", implies(was_healthy, is_healthy(after)))
    paid = by_profit + by_spare
    case.claim("who pays was healthy", implies(paid > 0, was_healthy))
    case.claim("nobody comes to owe anything", implies(paid > 0, after.equity >= 0))
    weights = [layer_weight(layer, begun(0), short) for layer in LAYERS]
    case.claim("profit weighs at most the spare", weights[0] <= weights[1])
    case.claim("spare weighs at most the equity, if any is above zero", weights[1] <= weights[2])
    case.claim("no weight is below zero", weights[0] >= 0)
    if not is_flat:
        net = gains[0] + gains[1]
        profit = (net if net > 0 else 0) + (gains[2] if gains[2] > 0 else 0)
        case.claim("profit: net in each market with shortfall", weights[0] == min(weights[1], profit))
    last = layer_weight("equity", after, short)
    case.claim("all layers take at most the equity", implies(last > 0, paid + last == equity))


class Shares:
    """Shares of which only T-SHARE-1 to T-SHARE-3 are known: within their weights, and as much as is shared."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.weights: tuple[Any, ...] = ()
        self.shares: tuple[Any, ...] = ()

    def share(self, amount: Any, weights: tuple[Any, ...]) -> tuple[Any, ...]:
        """Any such shares of an amount that is at most all weights."""
        self.case.claim("no more is shared than all weights", (amount >= 0) & (amount <= sum(weights)))
        self.weights = weights
        self.shares = tuple(self.case.integer(f"share {place}", 0) for place in range(len(weights)))
        for share, weight in zip(self.shares, weights, strict=True):
            self.case.assume(share <= weight, "T-SHARE-2")
        self.case.assume(sum(self.shares) == amount, "T-SHARE-3")
        return self.shares


@theorem("T-LEVY-2", "LVY-01", "INV-08", of=(levy_layer,), scope=INDUCTION, uses=("T-LEVY-1", "T-SHARE-2", "T-SHARE-3"))
def a_layer_is_passed_only_when_everybody_paid_its_weight(case: Case) -> None:
    """A layer pays at most what is missing, and less only if every domain of the asset pays its whole weight.

    So a later layer is asked only then (T-NONNEG-3). Nobody pays more than its weight; what they pay together is what
    the layer gives as paid. In the step one payer of any weight stands for all payers before the next one.
    """
    layer = case.one_of("layer", LAYERS)
    missing = case.integer("missing", 1, source="LVY-01: a layer is asked while something is missing")
    nobody = World(case).transaction()
    case.claim("base: without domains nothing is paid", levy_layer(nobody, ASSET, layer, missing, frozenset()) == 0)
    world = World(case)
    domains = (world.account("alice"), world.account("bob"))
    weights = {domain: case.integer(f"weight of {domain.account}", 0, source="T-LEVY-1") for domain in domains}
    asked, paid = iter(domains), dict.fromkeys(domains, 0)
    shares = Shares(case)

    def weigh(asked_layer: Layer, _margin: DomainMargin, _short: frozenset[str]) -> Any:
        case.claim("step: the layer's own weight", asked_layer == layer)
        return weights[next(asked)]

    def pay(_transaction: Transaction, domain: DomainKey, _layer: Layer, amount: Any) -> None:
        paid[domain] = amount

    with (
        patch.object(levying, "layer_weight", weigh),
        patch.object(levying, "share_pro_rata", shares.share),
        patch.object(levying, "pay_levy", pay),
    ):
        given = levy_layer(world.transaction(), ASSET, layer, missing, frozenset())
    case.claim("step: what is given is what they pay", given == sum(paid.values()))
    case.claim("step: at most what is missing", given <= missing)
    for domain, weight in weights.items():
        case.claim(f"step: {domain.account} pays at most its weight", (paid[domain] >= 0) & (paid[domain] <= weight))
        case.claim(
            f"step: {domain.account} pays all of it if more is missing",
            implies(given < missing, paid[domain] == weight),
        )


@contextmanager
def shared(case: Case) -> Iterator[Shares]:
    """Claims fall by any shares that the theorems on shares allow."""
    shares = Shares(case)
    with patch.object(claiming, "share_pro_rata", shares.share):
        yield shares


def claims_of(transaction: Transaction) -> Any:
    """All claims on relief together."""
    return sum(transaction.relief_claims.get(ASSET, NO_CLAIMS).values())


def claimed_world(case: Case) -> tuple[World, tuple[DomainKey, ...]]:
    """Two accounts with claims, which together are relief: one stands for any number before the next one."""
    world = World(case)
    world.funds(world.market("first"))
    domains = (world.account("alice"), world.account("bob"))
    total = sum(world.claim(domain) for domain in domains)
    case.assume(world.state.balance(RELIEF) == total, "INV-14")
    return world, domains


@theorem(
    "T-CLAIM-1",
    "WTF-01",
    "LVY-02",
    "LIQ-03",
    "LVY-01",
    "INV-14",
    of=(lower_claims, use_claim, pay_levy),
    scope=INDUCTION,
    uses=("T-SHARE-1", "T-SHARE-2", "T-SHARE-3", "T-CONS-1"),
)
def claims_are_relief_whatever_happens(case: Case) -> None:
    """Relief equals the sum of its claims through every levy, draw, return, and use of a claim by its own domain.

    What leaves relief lowers the claims by as much together, and none by more than it is; each within a quantum of its
    part (T-SHARE-1). A levy raises the payer's claim by what it pays, and a negative equity lowers its own claim only.
    """
    world, (alice, bob) = claimed_world(case)
    transaction = world.transaction()
    before, relief = dict(world.state.relief_claims[ASSET]), world.state.balance(RELIEF)
    amount = case.integer("amount", 0)
    if case.truth("a levy"):
        case.assume(amount > 0, "LVY-01: only who has a share pays")
        pay_levy(transaction, alice, "spare", amount)
        case.claim("step: a levy: claims are relief", claims_of(transaction) == transaction.balance(RELIEF))
        case.claim("step: a levy: the payer's claim", transaction.relief_claims[ASSET][alice] == before[alice] + amount)
        return
    if case.truth("a debt"):
        use_claim(transaction, alice, amount)
        left = transaction.relief_claims[ASSET].get(alice, NOTHING)
        case.claim("step: a debt: claims are relief", claims_of(transaction) == transaction.balance(RELIEF))
        case.claim("step: a debt: the own claim, as far as it goes", left == before[alice] - min(amount, before[alice]))
        case.claim("step: a debt: no other claim", transaction.relief_claims[ASSET][bob] is before[bob])
        gained = transaction.balance(INSURANCE) - world.state.balance(INSURANCE)
        case.claim("step: a debt: insurance and relief together", gained == relief - transaction.balance(RELIEF))
        return
    case.assume(amount <= relief, "LED-02: no more leaves relief than is there")
    with shared(case) as shares:
        lowered = lower_claims(transaction, ASSET, amount)
    case.claim("step: claims fall by what leaves relief", claims_of(transaction) == relief - amount)
    case.claim("step: and so it is told", sum(fall for _, fall in lowered) == amount)
    for place, domain in enumerate((alice, bob)):
        share = shares.shares[place] if shares.shares else 0
        left = transaction.relief_claims.get(ASSET, NO_CLAIMS).get(domain, NOTHING)
        case.claim(f"step: {domain.account} by its share", (left == before[domain] - share) & (left >= 0))


@theorem(
    "T-RETURN-1",
    "LVY-02",
    "INV-14",
    of=(return_relief, pay_back),
    scope=INDUCTION,
    uses=("T-CLAIM-1", "T-CONS-1", "T-COVER-2"),
)
def relief_goes_back_exactly_as_far_as_it_is_not_needed(case: Case) -> None:
    """After a return relief is at most what is needed, and exactly that if it was more; if it was not, nothing moves.

    Each domain gets what its claim falls by: in its cash, or in the wallet if it was isolated and is flat. So equities
    rise by what relief falls by, and no other fund changes.
    """
    world, (alice, _) = claimed_world(case)
    gone = DomainKey("bob", ASSET, "first", "BOTH")
    needed, relief = case.integer("needed", 0, source="T-COVER-2"), world.state.balance(RELIEF)
    transaction = world.transaction()
    falls = {alice: case.integer("fall of alice", 1), gone: case.integer("fall of bob, flat", 1)}

    def lower(_transaction: Transaction, _asset: str, amount: Any) -> tuple[tuple[DomainKey, Any], ...]:
        case.claim("step: no more goes back than there is", (amount >= 0) & (amount <= relief))
        if amount == 0:
            return ()
        case.assume(sum(falls.values()) == amount, "T-CLAIM-1")
        return tuple(falls.items())

    with patch.object(levying, "needed_relief", lambda *_: needed), patch.object(levying, "lower_claims", lower):
        return_relief(transaction)
    left = transaction.balance(RELIEF)
    case.claim("step: at most what is needed, or what there was", (left <= needed) | (left == relief))
    case.claim("step: what there was, if that was needed", implies(relief <= needed, left == relief))
    case.claim("step: what is needed, if there was more", implies(relief > needed, left == needed))
    for domain, wallet in ((alice, ledger.wallet("alice", ASSET)), (gone, ledger.wallet("bob", ASSET))):
        got = transaction.balance(wallet) - world.state.balance(wallet)
        case.claim(
            f"step: {domain.account} gets what the claim falls by", got == (falls[domain] if relief > needed else 0)
        )
    for fund in (INSURANCE, ledger.house(ASSET), ledger.reserve("first")):
        case.claim(f"step: {fund.kind} does not change", transaction.ledger[fund] is world.state.ledger[fund])


@theorem("T-RETURN-2", "LVY-02", "SET-01", of=(settle,))
def nobody_is_liquidated_for_want_of_what_goes_back(case: Case) -> None:
    """Settlement returns relief before its first liquidation, whatever the event, and again after its last step."""
    world = World(case)
    transaction = world.transaction(settling=False)
    done: list[str] = []

    def liquidate(begun: Transaction) -> None:
        begun.suspects = set()
        done.append("liquidations")

    if case.truth("somebody is looked at"):
        transaction.suspects.add(DomainKey("alice", ASSET))
    if case.truth("an asset is exposed"):
        transaction.exposed.add(ASSET)
    is_settled = bool(transaction.suspects or transaction.exposed)
    with (
        patch.object(settlement, "return_relief", lambda _: done.append("return")),
        patch.object(settlement, "liquidate_unhealthy", liquidate),
        patch.object(settlement, "restore_cover", lambda *_: done.append("cover")),
    ):
        settle(transaction)
    case.claim("first, in every event", done[0] == "return")
    case.claim("again at the end, after what settlement did", done[-1] == "return")
    case.claim("twice, if anything is settled", done.count("return") == (2 if is_settled else 1))
    case.claim("liquidations are between", "liquidations" not in done or 0 < done.index("liquidations") < len(done) - 1)
    case.claim("balances have no limit then", transaction.settling)
