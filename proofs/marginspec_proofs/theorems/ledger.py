"""Ledger: a transfer balances, no fund is ever below zero, and nothing but a profit raises a reserve.

Which calls of `transfer` and `move` there are, from and to what, is pinned by tests/proofs/test_structure.py;
the theorems here and in waterfall.py take each call whose source is a fund.
"""

from typing import Any
from unittest.mock import patch

from marginspec.handlers import funding as payments
from marginspec.handlers.cash import deposit, withdraw_house
from marginspec.handlers.funding import funding, funding_due
from marginspec.model import events, ledger
from marginspec.model.account import PositionKey
from marginspec.model.effects import Transferred
from marginspec.model.events import Deposit, Funding, WithdrawHouse
from marginspec.model.ledger import FUND_KINDS, LedgerAccount
from marginspec.model.market import Market, TierTerms
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.units import MAX_AMOUNT, MAX_BALANCE, MAX_FUND, RATE_ONE, Decimal8, Money, Price, Quantity
from marginspec.registry import HANDLERS
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import NotSymbolic, implies, negate
from marginspec_proofs.prover.worlds import ASSET, MAX_QUANTA_PER_UNIT, NO_FEES, ONE_TIER, World, nothing_moved

WALLET, OTHER = ledger.wallet("alice", ASSET), ledger.position("bob", "first", "BOTH")
BYSTANDER = ledger.reserve("second")
KINDS = (WALLET, ledger.reserve("first"), ledger.insurance(ASSET), ledger.house(ASSET), ledger.clearing(ASSET))
"""A ledger account that may be negative, and each kind of fund."""


def without(transaction: Transaction, *accounts: LedgerAccount) -> dict[LedgerAccount, Any]:
    """All balances but these accounts'; a zero one is left out, as in a state."""
    return {name: balance for name, balance in transaction.commit().ledger.items() if name not in accounts}


@theorem("T-WORLD-1", "NUM-01", of=(Market.value, Market.at_mark))
def a_price_may_count_quanta_per_lot(case: Case) -> None:
    """A market's values are those of a market of one quantum per unit whose prices are that many times as large."""
    price, mark, quantity = case.integer("price"), case.integer("mark"), case.integer("quantity")
    unit = case.integer("quanta per unit", 1, MAX_QUANTA_PER_UNIT)
    given = Market("first", ASSET, 0, 0, unit, Price(1), ONE_TIER, NO_FEES, mark)
    plain = Market("first", ASSET, 0, 0, 1, Price(1), ONE_TIER, NO_FEES, mark * unit)
    case.claim("at a price", given.value(price, quantity) == plain.value(price * unit, quantity))
    case.claim("at mark", given.at_mark(quantity) == plain.at_mark(quantity))


@theorem("T-CONS-1", "LED-01", "INV-01", of=(Transaction.transfer,), scope=INDUCTION, uses=("T-NONNEG-1",))
def a_transfer_balances(case: Case) -> None:
    """A transfer takes exactly its amount from one ledger account and gives it to another.

    So the balances of an asset sum to what they summed to before it, and all others are untouched.
    """
    case.claim("base: an empty ledger sums to zero", sum(World(case).transaction().commit().ledger.values()) == 0)
    world = World(case)
    source, target = case.one_of("source and target", ((WALLET, OTHER), (WALLET, KINDS[2]), (KINDS[1], WALLET)))
    if case.truth("the source is known"):
        world.balance(source)
    if case.truth("the target is known"):
        world.balance(target)
    world.balance(BYSTANDER, 1)
    amount = case.integer("amount", 0)
    transaction = world.transaction()
    before = world.state.ledger
    if source in KINDS[1:]:
        case.assume(amount <= transaction.balance(source), "T-NONNEG-1")
    transaction.transfer(ASSET, source, target, amount, "LED-03")
    taken = before.get(source, 0) - transaction.balance(source)
    given = transaction.balance(target) - before.get(target, 0)
    case.claim("step: exactly the amount leaves the source", taken == amount)
    case.claim("step: exactly the amount reaches the target", given == amount)
    case.claim("step: their sum is as before", taken - given == 0)
    kept = all(transaction.ledger[name] is before[name] for name in without(transaction, source, target))
    case.claim("step: no other balance is touched", kept and BYSTANDER in transaction.ledger)


@theorem("T-CONS-2", "LED-01", of=(Transaction.move,))
def a_signed_move_is_a_transfer_one_way_or_the_other(case: Case) -> None:
    """A move of a signed amount takes it from one ledger account and gives it to the other, whatever its sign."""
    world = World(case)
    source, target = world.balance(WALLET), world.balance(OTHER)
    amount = case.integer("amount")
    transaction = world.transaction()
    transaction.move(ASSET, WALLET, OTHER, amount, "LED-03")
    case.claim("the amount leaves the source", transaction.balance(WALLET) == source - amount)
    case.claim("the amount reaches the target", transaction.balance(OTHER) == target + amount)


@theorem("T-CONS-3", "NUM-03", of=(Transaction.transfer,))
def an_event_knows_when_a_balance_leaves_its_range(case: Case) -> None:
    """An event's own transfer is out of range exactly if it leaves a balance past 2^62 or gives a fund over 2^60.

    Settlement's transfers never are.
    """
    world = World(case)
    receiver = case.one_of("target", (OTHER, *KINDS[1:]))
    source, target, amount = world.balance(WALLET), world.balance(receiver), case.integer("amount", 1)
    settling = bool(case.truth("settling"))
    transaction = world.transaction(settling)
    transaction.transfer(ASSET, WALLET, receiver, amount, "LED-03")
    left, gained, most = source - amount, target + amount, MAX_BALANCE if receiver == OTHER else MAX_FUND
    within: Any = (left >= -MAX_BALANCE) & (left <= MAX_BALANCE) & (gained >= -MAX_BALANCE) & (gained <= most)
    case.claim(
        "out of range", negate(within) == transaction.out_of_range if not settling else not transaction.out_of_range
    )


@theorem("T-NONNEG-1", "LED-02", "INV-03", of=(Transaction.transfer,), scope=INDUCTION)
def no_transfer_leaves_a_fund_below_zero(case: Case) -> None:
    """No fund is below zero after any single transfer: one that would take more than a fund holds is not made."""
    empty = World(case).transaction()
    case.claim("base: no fund begins below zero", sum(empty.balance(name) for name in KINDS[1:]) == 0)
    source, target = case.one_of("source", KINDS), case.one_of("target", KINDS)
    if source == target:
        return
    world = World(case)
    held = world.balance(source, None if source == WALLET else 0)
    world.balance(target, None if target == WALLET else 0)
    amount = case.integer("amount", 0)
    transaction = world.transaction()
    try:
        transaction.transfer(ASSET, source, target, amount, "LED-03")
    except (AssertionError, NotSymbolic):
        # The assertion's message would print the balance, which a symbol does not allow.
        case.claim("step: refused only if a fund holds too little", (held < amount) & (source.kind in FUND_KINDS))
        case.claim("step: and then nothing has moved", nothing_moved(transaction.commit(), world.state))
        return
    for name in (source, target):
        if name != WALLET:
            case.claim(f"step: {name.kind} is not below zero", transaction.balance(name) >= 0)


@theorem("T-NONNEG-2", "LED-03", "INV-03", of=(withdraw_house,))
def the_house_gives_what_it_holds(case: Case) -> None:
    """A withdrawal from the house is refused exactly if it asks for more than is there; nothing else changes."""
    world = World(case)
    market = world.market("first")
    world.funds(market)
    external = world.balance(ledger.external(ASSET))
    asked = case.integer("asked")
    transaction = world.transaction()
    held = transaction.balance(ledger.house(ASSET))
    try:
        withdraw_house(transaction, WithdrawHouse(ASSET, Decimal8(asked)))
    except Rejected as refusal:
        invalid = (asked <= 0) | (asked > MAX_AMOUNT)
        for_want = refusal.reason == Reason.INSUFFICIENT_FUNDS
        case.claim("refused for want of money, or as invalid", asked > held if for_want else invalid)
        case.claim("nothing has moved", nothing_moved(transaction.commit(), world.state))
        return
    case.claim("the house is not below zero", transaction.balance(ledger.house(ASSET)) >= 0)
    case.claim("what it gave has left", transaction.balance(ledger.external(ASSET)) == external + asked)
    kept = without(transaction, ledger.house(ASSET), ledger.external(ASSET))
    case.claim("no other balance changes", all(kept[name] is world.state.ledger[name] for name in kept))


@theorem("T-NONNEG-4", "FND-01", "LED-02", of=(funding_due,), scope=INDUCTION)
def what_payers_owe_covers_what_receivers_get(case: Case) -> None:
    """Funding's payers owe at least what its receivers get, for any number of positions and lots.

    Each amount is at least its exact one, and the exact ones sum to zero, as the quantities of a market do; so what
    rounding leaves is at least zero, and less than one quantum for each.
    """
    rate = case.integer("rate", -RATE_ONE, RATE_ONE)
    case.claim("base: without anybody nothing is owed and nothing is due", funding_due(Money(0), rate) == 0)
    count = case.integer("count", 0, source="positions and lots so far")
    owed, got, values = case.integer("owed", 0), case.integer("got", 0), case.integer("sum of values")
    case.assume((owed - got) * RATE_ONE >= values * rate, "induction hypothesis")
    case.assume((owed - got) * RATE_ONE <= values * rate + count * (RATE_ONE - 1), "induction hypothesis")
    value = case.integer("value")
    due = funding_due(value, rate)
    owed, got = (owed + due, got) if due > 0 else (owed, got - due)
    exact = (values + value) * rate
    case.claim("step: what is owed and got stays at least zero", (owed >= 0) & (got >= 0))
    case.claim("step: their difference is at least the exact one", (owed - got) * RATE_ONE >= exact)
    rounded = exact + (count + 1) * (RATE_ONE - 1)
    case.claim("step: by less than a quantum for each", (owed - got) * RATE_ONE <= rounded)
    case.claim("end: payers cover receivers", implies(values + value == 0, owed >= got))
    case.claim("end: less than a quantum for each is left", implies(values + value == 0, owed - got < count + 1))


@theorem("T-NONNEG-5", "FND-01", "LED-02", of=(Transaction.transfer,), scope=INDUCTION, uses=("T-NONNEG-4",))
def clearing_holds_what_is_still_to_be_paid_out(case: Case) -> None:
    """While receivers are paid one after another, clearing holds what the rest of them still get, or more."""
    world = World(case)
    world.balance(WALLET)
    left, others = case.integer("still to be paid out", 0), case.integer("to others", 0)
    case.claim("base: once all have paid, payers cover receivers", implies(left >= others, left - others >= 0))
    held = world.balance(ledger.clearing(ASSET), 0)
    amount = left - others
    case.assume(amount > 0, "a receiver")
    case.assume(held >= left, "induction hypothesis")
    transaction = world.transaction()
    transaction.transfer(ASSET, ledger.clearing(ASSET), WALLET, amount, "FND-01")
    case.claim("step: clearing holds what others still get", transaction.balance(ledger.clearing(ASSET)) >= others)


@theorem("T-NONNEG-6", "FND-01", "LED-02", "INV-03", of=(funding,), scope=INDUCTION, uses=("T-NONNEG-4",), fast=False)
def funding_leaves_clearing_empty(case: Case) -> None:
    """Funding moves only money of positions and lots: clearing is empty after it, the insurance fund has the rest.

    The rest is at least zero and less than one quantum for each; no reserve and no house changes.
    In the step one position stands for all that pay before the next one, and one for all that receive.
    """
    world = World(case)
    market = world.market("first")
    world.funds(market)
    nothing = world.transaction()
    funding(nothing, Funding(market.id, Decimal8(0)))
    case.claim("base: without positions nothing moves", nothing_moved(nothing.commit(), world.state))
    for name, is_long in (("alice", True), ("bob", False)):
        world.account(name)
        world.position(name, market, is_long)
    world.lot(market)
    dues = tuple(case.integer(f"due of {name}") for name in ("alice", "bob", "the lot"))
    others = case.integer("positions and lots before", 0)
    case.assume((sum(dues) >= 0) & (sum(dues) < len(dues) + others), "T-NONNEG-4")
    owing = iter(dues)
    transaction = world.transaction()
    with patch.object(payments, "funding_due", lambda *_: next(owing)):
        funding(transaction, Funding(market.id, Decimal8(0)))
    case.claim("step: clearing is empty", transaction.balance(ledger.clearing(ASSET)) == 0)
    gained = transaction.balance(ledger.insurance(ASSET)) - world.state.balance(ledger.insurance(ASSET))
    case.claim("step: the insurance fund has the rest", (gained >= 0) & (gained < len(dues) + others))
    for fund in (ledger.reserve(market.id), ledger.house(ASSET)):
        case.claim("step: no reserve and no house changes", transaction.ledger[fund] is world.state.ledger[fund])


def refused_late(transaction: Transaction, event: Deposit) -> None:
    """Stands for any rule that has moved money, opened an account and taken a lot before it refuses."""
    deposit(transaction, event)
    transaction.transfer(ASSET, WALLET, ledger.house(ASSET), Money(1), "LED-03")
    transaction.open_lot(PositionKey("alice", "first", "BOTH"), "cross", Quantity(1), Money(1), "takeover")
    transaction.set_uncovered(ASSET, Money(1))
    raise Rejected(Reason.COVER_EXCEEDED)


@theorem("T-REJECT-1", "INV-09", "JRN-01", of=(apply,))
def a_refused_event_changes_nothing(case: Case) -> None:
    """An event that is refused leaves the very state that it found, whatever its rule had done until then.

    So does one whose own transfers left a balance out of range. Nothing of it is in the receipt but the reason.
    """
    world = World(case)
    world.market("first")
    world.account("alice")
    event = Deposit("alice", ASSET, Decimal8(case.integer("amount")))
    late = bool(case.truth("refused at its end"))
    with patch.dict(HANDLERS, {Deposit: refused_late} if late else {}):
        state, receipt = apply(world.state, event)
    if receipt.rejected is None:
        case.claim("accepted only in range", (event.amount > 0) & (event.amount <= MAX_AMOUNT) & (not late))
        cash = state.balance(WALLET)
        case.claim("and then it is all there", cash == world.state.balance(WALLET) + event.amount)
        case.claim("and within range", (cash >= -MAX_BALANCE) & (cash <= MAX_BALANCE))
    else:
        case.claim("the state is the one that it found", state is world.state)
        case.claim("no effect is told", receipt.effects == ())


def any_event(case: Case, kind: type) -> Any:
    """An event of a kind with any numbers, where the rules read numbers that are symbols."""
    terms = (TierTerms(Decimal8(0), 20, Decimal8(10**6)),)
    number = Decimal8(case.integer("number"))
    fees = (number, Decimal8(0), Decimal8(0), Decimal8(0))
    made: dict[type, Any] = {
        events.ListMarket: lambda: events.ListMarket("third", ASSET, 0, 0, number, *fees, terms),
        events.UpdateTiers: lambda: events.UpdateTiers("first", (TierTerms(Decimal8(0), 20, number),)),
        events.UpdateFees: lambda: events.UpdateFees("first", *fees),
        events.UpdateLimits: lambda: events.UpdateLimits("first", number),
        events.MarkPrice: lambda: events.MarkPrice("first", number),
        events.SettleMarket: lambda: events.SettleMarket("first", number),
        events.Deposit: lambda: events.Deposit("alice", ASSET, number),
        events.Withdraw: lambda: events.Withdraw("carol", ASSET, number),
        events.FundInsurance: lambda: events.FundInsurance(ASSET, number),
        events.WithdrawHouse: lambda: events.WithdrawHouse(ASSET, number),
        events.SetPositionMode: lambda: events.SetPositionMode("carol", "hedge"),
        events.SetMarginMode: lambda: events.SetMarginMode("carol", "first", "isolated"),
        events.SetLeverage: lambda: events.SetLeverage("carol", "first", case.one_of("leverage", (0, 5, 20, 21))),
        events.AdjustIsolatedMargin: lambda: events.AdjustIsolatedMargin("alice", "first", "BOTH", number),
        events.CancelOrder: lambda: events.CancelOrder("carol", case.one_of("order", ("resting", "unknown"))),
    }
    return made[kind]()


ELSEWHERE = (events.Trade, events.PlaceOrder, events.LiquidationFill, events.Deleverage, events.Funding)
"""Funding is in T-NONNEG-6, a fill in T-PROFIT-2, a declared step in T-ADL-7.

Of trades and orders, tests/proofs/test_structure.py speaks.
"""


NO_OTHER_TRANSFER = "any state: the rules have no other transfer to a reserve, read off their syntax; one world is run"


@theorem("T-NODEPOSIT-1", "LED-03", "INV-07", of=(), scope=NO_OTHER_TRANSFER)
def nothing_else_pays_into_a_reserve(case: Case) -> None:
    """Nobody deposits into a reserve: no rule but that of lots that close changes a reserve, whatever its numbers.

    A market that is settled finally closes after its rule, and its lots' profits go there like those of a fill
    (T-CLOSE-3).
    """
    world = World(case)
    market = world.market("first")
    world.funds(market)
    world.account("carol")
    world.account("alice")
    world.isolate("alice", market)
    world.position("alice", market)
    event = any_event(case, case.one_of("kind", tuple(kind for kind in HANDLERS if kind not in ELSEWHERE)))
    transaction = world.transaction()
    try:
        HANDLERS[type(event)](transaction, event)
    except Rejected:
        return
    case.claim("the reserve is as it was", transaction.ledger[KINDS[1]] is world.state.ledger[KINDS[1]])
    paid = {effect.target for effect in transaction.effects if isinstance(effect, Transferred)}
    case.claim("nothing is paid to it", KINDS[1] not in paid)
