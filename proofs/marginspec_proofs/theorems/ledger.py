"""Ledger: a transfer balances, no fund is ever below zero, and nothing but a profit raises a reserve.

Which calls of `transfer` and `move` there are, from and to what, is pinned by tests/proofs/test_structure.py;
the theorems here and in waterfall.py take each call whose source is a fund.
"""

from typing import Any

from marginspec import ledger
from marginspec.cash import withdraw_house
from marginspec.events import WithdrawHouse
from marginspec.ledger import FUND_KINDS, LedgerAccount
from marginspec.market import Market
from marginspec.rejections import Reason, Rejected
from marginspec.transaction import Transaction
from marginspec.units import MAX_AMOUNT, MAX_BALANCE, Decimal8, Price
from marginspec_proofs.statements import INDUCTION, Case, theorem
from marginspec_proofs.symbols import NotSymbolic, negate
from marginspec_proofs.worlds import ASSET, MAX_QUANTA_PER_UNIT, NO_FEES, ONE_TIER, World

WALLET, OTHER = ledger.wallet("alice", ASSET), ledger.position("bob", "first", "BOTH")
BYSTANDER = ledger.reserve("second")
KINDS = (WALLET, ledger.reserve("first"), ledger.insurance(ASSET), ledger.house(ASSET), ledger.clearing(ASSET))
"""A ledger account that may be negative, and each kind of fund."""


def without(transaction: Transaction, *accounts: LedgerAccount) -> dict[LedgerAccount, Any]:
    """All balances but these accounts'; a zero one is left out, as in a state."""
    return {name: balance for name, balance in transaction.ledger.items() if name not in accounts}


@theorem("T-WORLD-1", "NUM-01", of=(Market.value, Market.at_mark))
def a_price_may_count_quanta_per_lot(case: Case) -> None:
    """A market's values are those of a market of one quantum per unit whose prices are that many times as large."""
    price, mark, quantity = case.integer("price"), case.integer("mark"), case.integer("quantity")
    unit = case.integer("quanta per unit", 1, MAX_QUANTA_PER_UNIT)
    given = Market("first", ASSET, 0, 0, unit, Price(1), ONE_TIER, NO_FEES, mark)
    plain = Market("first", ASSET, 0, 0, 1, Price(1), ONE_TIER, NO_FEES, mark * unit)
    case.claim("at a price", given.value(price, quantity) == plain.value(price * unit, quantity))
    case.claim("at mark", given.at_mark(quantity) == plain.at_mark(quantity))


@theorem("T-CONS-1", "LED-01", "INV-01", of=(Transaction.transfer,), scope=INDUCTION)
def a_transfer_balances(case: Case) -> None:
    """A transfer takes exactly its amount from one ledger account and gives it to another.

    So the balances of an asset sum to what they summed to before it, and all others are untouched.
    """
    case.claim("base: an empty ledger sums to zero", sum(World(case).transaction().ledger.values()) == 0)
    world = World(case)
    source, target = case.one_of("source and target", ((WALLET, OTHER), (WALLET, KINDS[2]), (KINDS[1], WALLET)))
    if case.truth("the source is known"):
        world.balance(source)
    if case.truth("the target is known"):
        world.balance(target)
    world.balance(BYSTANDER, 1)
    amount = case.integer("amount", 0)
    transaction = world.transaction()
    before = transaction.ledger
    if source in KINDS[1:]:
        case.assume(amount <= transaction.balance(source), "T-NONNEG-1")
    transaction.transfer(ASSET, source, target, amount, "LED-01")
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
    transaction.move(ASSET, WALLET, OTHER, amount, "LED-01")
    case.claim("the amount leaves the source", transaction.balance(WALLET) == source - amount)
    case.claim("the amount reaches the target", transaction.balance(OTHER) == target + amount)


@theorem("T-CONS-3", "NUM-03", of=(Transaction.transfer,))
def an_event_knows_when_a_balance_leaves_its_range(case: Case) -> None:
    """An event's own transfer is out of range exactly if it leaves a balance past 2^62; settlement's never is."""
    world = World(case)
    source, target, amount = world.balance(WALLET), world.balance(OTHER), case.integer("amount", 1)
    settling = bool(case.truth("settling"))
    transaction = world.transaction(settling)
    transaction.transfer(ASSET, WALLET, OTHER, amount, "LED-01")
    left, gained = source - amount, target + amount
    within: Any = (left >= -MAX_BALANCE) & (left <= MAX_BALANCE) & (gained >= -MAX_BALANCE) & (gained <= MAX_BALANCE)
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
        transaction.transfer(ASSET, source, target, amount, "LED-02")
    except (AssertionError, NotSymbolic):
        # The assertion's message would print the balance, which a symbol does not allow.
        case.claim("step: refused only if a fund holds too little", (held < amount) & source.startswith(FUND_KINDS))
        case.claim("step: and then nothing has moved", transaction.ledger is world.state.ledger)
        return
    for name in (source, target):
        if name != WALLET:
            case.claim(f"step: {name.split(':')[0]} is not below zero", transaction.balance(name) >= 0)


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
        case.claim("nothing has moved", transaction.ledger is world.state.ledger)
        return
    case.claim("the house is not below zero", transaction.balance(ledger.house(ASSET)) >= 0)
    case.claim("what it gave has left", transaction.balance(ledger.external(ASSET)) == external + asked)
    kept = without(transaction, ledger.house(ASSET), ledger.external(ASSET))
    case.claim("no other balance changes", all(kept[name] is world.state.ledger[name] for name in kept))
