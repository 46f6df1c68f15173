"""Final settlement: it conserves money, leaves nothing of the market behind, and keeps what is settled settled."""

from typing import Any
from unittest.mock import patch

import attrs

from marginspec.margin.margin import DomainMargin, cash_account, is_healthy
from marginspec.model import ledger
from marginspec.model.effects import MarketSettled, ReserveStatus
from marginspec.model.market import Market
from marginspec.model.rejections import Rejected
from marginspec.model.units import Money, Quantity
from marginspec.settlement import waterfall
from marginspec.settlement.market_closing import close_all_lots, close_positions, drop_market, empty_reserve, pay_values
from marginspec.settlement.waterfall import book_lots, shortfall_of
from marginspec.transaction import Transaction
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.prover.worlds import ASSET, World, nothing_moved
from marginspec_proofs.theorems.ranges import MOST_LOT_COST, Domain, balances_fit

RESERVE, INSURANCE, RELIEF = ledger.reserve("first"), ledger.insurance(ASSET), ledger.relief(ASSET)
CLEARING = ledger.clearing(ASSET)


def balanced(world: World, market: Market, *held: Any) -> Any:
    """Bob is short in a market so that its quantities sum to zero; gives his key."""
    key = world.position("bob", market, is_long=False)
    quantity = -sum(held)
    world.case.assume(quantity < 0, "bob's part is short")
    world.state = attrs.evolve(world.state, positions=world.state.positions.set(key, quantity))
    return key


@theorem("T-CLOSE-1", "MKT-05", "LED-02", of=(pay_values, Transaction.clear), scope=INDUCTION, uses=("T-CONS-1",))
def what_shorts_pay_is_what_longs_are_paid(case: Case) -> None:
    """In a final settlement the shorts pay into clearing exactly what the longs take out, without any rounding.

    Clearing is never below zero and empty at the end; each position and lot is booked its value at the final price.
    In the step a long position, a short one, and a lot of either sign stand for all of theirs.
    """
    world = World(case)
    market = world.market("first")
    alone = world.transaction()
    pay_values(alone, market)
    case.claim("base: without positions and lots nothing moves", nothing_moved(alone.commit(), world.state))
    for name in ("alice", "bob"):
        world.account(name)
    alice = world.position("alice", market)
    lot = world.lot(market, bool(case.truth("the lot is long")))
    bob = balanced(world, market, world.state.positions[alice], lot.quantity)
    transaction = world.transaction()
    pay_values(transaction, market)
    case.claim("step: clearing is empty", CLEARING not in transaction.ledger)
    held = {ledger.position(*key): world.state.positions[key] for key in (alice, bob)}
    for account, quantity in {**held, ledger.lot(lot.id): lot.quantity}.items():
        booked = transaction.balance(account) - world.state.balance(account)
        case.claim(f"step: {account.kind} of {account.account} is booked its value", booked == market.at_mark(quantity))
    for key in (alice, bob):
        cash = cash_account(world.state.positions_in[market.id][key])
        case.claim("step: no cash moves yet", transaction.ledger[cash] is world.state.ledger[cash])


@theorem("T-CLOSE-2", "MKT-05", "ACC-02", "ACC-04", of=(close_positions,), uses=("T-CLOSE-1",))
def a_closed_position_leaves_its_equity_as_cash(case: Case) -> None:
    """A position that is settled finally is gone, with its account; its domain's equity is what it was, as cash.

    All of an isolated one's goes to the wallet, and its own cash is gone too. A position elsewhere is not touched.
    Needs an equity of at least zero, as every settled domain has (INV-05).
    """
    world = World(case)
    first, second = world.market("first"), world.market("second")
    cross = world.account("alice")
    is_isolated = bool(case.truth("isolated"))
    domain = world.isolate("alice", first) if is_isolated else cross
    key = world.position("alice", first, bool(case.truth("long")))
    other = world.position("alice", second)
    world.others(first)
    before, account = world.transaction(), ledger.position(*key)
    # What pay_values has left in the position's account is its PnL (T-CLOSE-1).
    own = before.balance(cash_account(domain)) + before.balance(account)
    if is_isolated:
        case.assume(own >= 0, "INV-05")
    transaction = world.transaction()
    close_positions(transaction, first)
    case.claim("the position is gone", key not in transaction.positions)
    case.claim("nothing is left in its account", transaction.balance(account) == 0)
    case.claim("and from its market", first.id not in transaction.positions_in)
    wallet = cash_account(cross)
    kept = before.balance(wallet) if is_isolated else 0
    case.claim("its equity is in the wallet", transaction.balance(wallet) == own + kept)
    case.claim("its own cash is gone", not is_isolated or transaction.balance(cash_account(domain)) == 0)
    case.claim("a position elsewhere is as it was", transaction.positions[other] is world.state.positions[other])
    cost = ledger.position(*other)
    case.claim("with its cost", transaction.ledger[cost] is world.state.ledger[cost])


@theorem(
    *("T-CLOSE-3", "MKT-05", "WTF-01", "LIQ-05", "INV-07"),
    of=(close_all_lots, book_lots, empty_reserve),
    scope=INDUCTION,
    uses=("T-ORDER-2", "T-ORDER-5", "T-CLAIM-1", "T-CLOSE-1"),
    fast=False,
)
def covered_lots_close_and_the_fund_has_the_rest(case: Case) -> None:
    """Where the cover test holds, no loss of a closing market is refused; then lots and reserve are gone.

    Insurance and relief together change by the PnL of all lots and the reserve together, whatever their sign and order;
    relief pays only what the insurance fund does not. So it is refused only if the market's own shortfall exceeds both,
    which a settled state with last resort `levy` excludes. In the step two lots of any PnL stand for all: what losses
    draw depends on their sum alone (T-ORDER-5).
    """
    world = World(case)
    market, other = world.market("first"), world.market("second")
    world.funds(market, other)
    lots = (world.lot(market), world.lot(market, is_long=False))
    world.others(market)
    transaction = world.transaction()
    # What pay_values has left in their accounts is their PnL (T-CLOSE-1).
    profits = [transaction.balance(ledger.lot(lot.id)) for lot in lots]
    reserve, insurance, relief = (transaction.balance(fund) for fund in (RESERVE, INSURANCE, RELIEF))
    together = Money(profits[0] + profits[1])
    rest, short = together + reserve, shortfall_of(together, reserve)
    lowered: list[Any] = []
    try:
        with patch.object(waterfall, "lower_claims", lambda _transaction, _asset, amount: lowered.append(amount)):
            close_all_lots(transaction, market)
    except Rejected:
        case.claim("step: refused only if the market's shortfall exceeds both funds", short > insurance + relief)
        return
    left = transaction.balance(INSURANCE) + transaction.balance(RELIEF)
    case.claim("step: the funds have paid the shortfall", left == insurance + relief - short)
    drawn = relief - transaction.balance(RELIEF)
    case.claim("step: relief pays only what insurance cannot", drawn == max(0, short - insurance))
    case.claim("step: claims fall by what relief pays", sum(lowered) == drawn)
    case.claim("step: the reserve has what is left", transaction.balance(RESERVE) == rest + short)
    empty_reserve(transaction, market)
    emptied = [transaction.balance(account) == 0 for account in (RESERVE, *(ledger.lot(lot.id) for lot in lots))]
    case.claim("step: nothing is left in reserve and lots", emptied[0] & emptied[1] & emptied[2])
    left = transaction.balance(INSURANCE) + transaction.balance(RELIEF)
    case.claim("step: both funds change by PnL and reserve", left == insurance + relief + rest)
    case.claim("step: no lot is left", not transaction.lots and market.id not in transaction.lots_in)
    second = ledger.reserve("second")
    case.claim("step: no other market's reserve", transaction.ledger[second] is world.state.ledger[second])


@theorem(
    *("T-CLOSE-4", "MKT-05", "WTF-02", "SET-01", "INV-04", "INV-06"),
    of=(shortfall_of, is_healthy),
    uses=("T-CLOSE-2", "T-CLOSE-3", "T-COVER-1", "T-COVER-2", "T-NONNEG-1", "T-RETURN-1"),
)
def what_is_settled_stays_settled(case: Case) -> None:
    """The closing of a market leaves no more of its asset uncovered than before, and no domain in worse health.

    So a state that is settled before it is settled after it, and nothing has to be settled again. Insurance and relief
    are not below zero, however much other markets lack; what goes back of relief then (LVY-02) uncovers nothing.
    """
    others = case.integer("shortfall of other markets", 0, source="T-COVER-1")
    lots, reserve = case.integer("PnL of the lots"), case.integer("reserve", 0, source="T-NONNEG-1")
    insurance, relief = (
        case.integer("insurance", 0, source="T-NONNEG-1"),
        case.integer("relief", 0, source="T-NONNEG-1"),
    )
    short = shortfall_of(lots, reserve)
    case.assume(short <= insurance + relief, "T-CLOSE-3")
    missing, relief_left = others + short - insurance - relief, relief - max(0, short - insurance)
    insurance_left = insurance + relief + lots + reserve - relief_left
    case.claim("insurance is not below zero", insurance_left >= 0)
    case.claim("relief is not below zero", relief_left >= 0)
    left = others - insurance_left - min(relief_left, max(0, others - insurance_left))
    case.claim("no more is uncovered", (left <= missing) | (left <= 0))
    case.claim("what was covered is", implies(missing <= 0, left <= 0))
    equity, own, rest = case.integer("equity"), case.integer("own maintenance", 0), case.integer("other maintenance", 0)
    positions: Any = ("closing", "other")
    before = DomainMargin(Money(0), equity, own + rest, positions)
    after = DomainMargin(Money(0), equity, rest, positions[1:])
    case.assume(is_healthy(before), "INV-04")
    case.claim("a domain with positions elsewhere is healthy", is_healthy(after))
    case.claim("one without has cash of at least zero", equity >= 0)


@theorem("T-CLOSE-5", "MKT-05", "TRN-01", "INV-07", of=(empty_reserve, drop_market))
def nothing_names_a_closed_market_but_its_id(case: Case) -> None:
    """A closed market is gone, with its reserve, parameters, mark, counters and settings; only its id is kept.

    All of the reserve is in the insurance fund, counted as drawn and published. No other fund, no position and no lot
    changes, and nothing of another market.
    """
    world = World(case)
    first, second = world.market("first"), world.market("second")
    world.funds(first, second)
    world.account("alice")
    world.isolate("alice", first)
    world.isolate("alice", second)
    transaction, before = world.transaction(), world.state
    empty_reserve(transaction, first)
    drop_market(transaction, first)
    reserve = before.balance(RESERVE)
    case.claim("nothing is in the reserve", transaction.balance(RESERVE) == 0)
    case.claim("all of it is in the fund", transaction.balance(INSURANCE) == before.balance(INSURANCE) + reserve)
    for name in (ledger.reserve("second"), ledger.house(ASSET)):
        case.claim("no other fund changes", transaction.ledger[name] is before.ledger[name])
    for effect in transaction.effects:
        if isinstance(effect, ReserveStatus):
            case.claim("it is published as drawn", (effect.status.outflow == reserve) & (effect.status.balance == 0))
    case.claim("something is published if anything changes", (reserve == 0) | (len(transaction.effects) == 3))
    case.claim("at last the market's end", transaction.effects[-1] == MarketSettled(first.id, first.marked()))
    case.claim("the market is gone", list(transaction.markets) == ["second"])
    case.claim("but for its id", transaction.closed_markets == ("first",))
    case.claim("and its counters", list(transaction.fund_status) == ["second"])
    case.claim("and settings", list(transaction.settings) == [("alice", "second")])
    kept = [(one, getattr(before, one)) for one in ("positions", "lots", "orders", "accounts", "uncovered")]
    case.claim("all else is as it was", all(getattr(transaction, name) is value for name, value in kept))
    same = transaction.markets["second"] is before.markets["second"]
    case.claim("another market too", same and transaction.fund_status["second"] is before.fund_status["second"])


@theorem(
    *("T-CLOSE-6", "MKT-05", "NUM-03"),
    of=(pay_values, close_positions),
    uses=("T-RANGE-6", "T-RANGE-7", "T-RANGE-9", "T-RANGE-10"),
)
def what_a_final_settlement_moves_fits(case: Case) -> None:
    """A final settlement transfers only what fits, and leaves position, cash, lot and clearing within 63 bits.

    One position and one lot stand for all of their sides: together they are worth at most 2^61 at the final price.
    """
    domain = Domain(case, bool(case.truth("long")))
    world, market = domain.world, domain.market
    lot = world.lot(market, domain.held < 0)
    world.state = attrs.evolve(
        world.state, lots=world.state.lots.set(lot.id, attrs.evolve(lot, quantity=Quantity(-domain.held)))
    )
    cost = -world.state.balance(ledger.lot(lot.id))
    case.assume((cost >= -MOST_LOT_COST) & (cost <= MOST_LOT_COST), "T-RANGE-10")
    transaction = world.transaction()
    with balances_fit(case):
        pay_values(transaction, market)
        close_positions(transaction, market)
