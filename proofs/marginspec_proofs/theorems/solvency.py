"""Solvency: after settlement every equity is at least zero, and with the last resort `levy` every loss is covered.

The argument is about sums over any number of accounts. One step of liquidation, deleveraging or levy is run on
the rulebook's own functions, and moves an amount between one domain's equity, one market's lots and the insurance
fund, nothing else. What such steps do to the sums is linear, and is followed to the end of settlement.
"""

from typing import Any

from immutables import Map

from marginspec.margin.closing import realise, released_cost
from marginspec.model import ledger
from marginspec.model.account import DomainKey, Lot, PositionKey
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import FeeTerms, Market, Tier, TierTable
from marginspec.model.state import State
from marginspec.model.units import NOTHING, RATE_ONE, Money, Price, Quantity, Rate
from marginspec.settlement.deleveraging import Step, deleverage, heir_of, step_value, terms_of
from marginspec.settlement.levy import levy_shares, pay_levy
from marginspec.settlement.liquidation import clearance_fee, take_lot
from marginspec.settlement.waterfall import shortfall_of
from marginspec.transaction import Transaction
from marginspec_proofs.prover.contracts import money_moves
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies, negate
from marginspec_proofs.theorems.deleveraging import place_gain
from marginspec_proofs.theorems.numbers import whole_multiples

ASSET, MARKET, LOT = "USD", "M", 1
KEY, DOMAIN = PositionKey("a", MARKET, "BOTH"), DomainKey("a", ASSET)
WALLET, COST, LOT_COST = ledger.wallet("a", ASSET), ledger.position(*KEY), ledger.lot(LOT)
FREE = FeeTerms(Rate(0), Rate(0), Rate(0), Rate(0))


def any_market(case: Case) -> Market:
    """A market with any mark and any value of a lot at a price unit; tiers and fees have no part in what is proved."""
    mark, unit = case.integer("mark", 1), case.integer("quanta per unit", 1)
    tiers = TierTable((Tier(NOTHING, 20, Rate(10**6), 0),))
    return Market(MARKET, ASSET, 0, 0, unit, Price(1), tiers, FREE, mark)


def any_quantity(case: Case, name: str) -> Any:
    """A quantity of either sign."""
    quantity = case.integer(name)
    case.assume(quantity != 0, "INV-02: flat positions are left out")
    return quantity


def any_part(case: Case, name: str, whole: Any) -> Any:
    """A part of a quantity: of its sign, not zero, at most all of it."""
    part = case.integer(name)
    if whole > 0:
        case.assume((part > 0) & (part <= whole), "LIQ-02, LIQ-03, ADL-01")
    else:
        case.assume((part < 0) & (part >= whole), "LIQ-02, LIQ-03, ADL-01")
    return part


def book_of(
    market: Market, quantity: Any, balances: dict[LedgerAccount, Any], lots: tuple[Lot, ...] = ()
) -> Transaction:
    """A transaction on a state with one cross position, and these lots."""
    state = State(
        markets=Map({MARKET: market}),
        ledger=Map(balances),
        positions=Map({KEY: quantity}),
        lots=Map({lot.id: lot for lot in lots}),
        next_lot=len(lots) + 1,
        domains_of=Map({"a": (DOMAIN,)}),
        positions_of=Map({DOMAIN: (KEY,)}),
        positions_in=Map({MARKET: Map({KEY: DOMAIN})}),
        lots_in=Map({MARKET: tuple(lot.id for lot in lots)}) if lots else Map(),
    )
    return Transaction(state)


def equity_in(transaction: Transaction, market: Market) -> Any:
    """Cash, value at mark less cost."""
    value = market.at_mark(transaction.positions.get(KEY, Quantity(0)))
    return transaction.balance(WALLET) + value + transaction.balance(COST)


def profit_of_lot(transaction: Transaction, market: Market) -> Any:
    """Value at mark less cost of the lot; nothing if it is closed."""
    left = transaction.lots.get(LOT)
    value = market.at_mark(left.quantity) if left is not None else 0
    return value + transaction.balance(LOT_COST)


@theorem("T-SOLV-1", "LIQ-02", "LIQ-03", "LIQ-04", "ACC-02", of=(take_lot, released_cost), uses=("T-CONS-1",))
def what_is_taken_costs_the_domain_what_it_pays(case: Case) -> None:
    """When the engine takes a lot, the domain's equity falls by exactly what it pays, and that is the lot's profit.

    So it is for any part of a position, at any mark, whatever cost it had; a position that is taken whole keeps
    no cost. Rounding moves between cash and cost of the same position, never between two accounts.
    """
    market, quantity = any_market(case), any_quantity(case, "quantity")
    part, paid = any_part(case, "part", quantity), case.integer("paid")
    cash, cost = case.integer("cash"), case.integer("cost")
    transaction = book_of(market, quantity, {WALLET: cash, COST: -cost})
    before = equity_in(transaction, market)
    size = abs(quantity)
    whole_multiples(case, released_cost(cost, size, abs(part)) - cost, size)
    with money_moves(case):
        take_lot(transaction, DOMAIN, KEY, part, paid, "takeover")
    left = transaction.positions.get(KEY, Quantity(0))
    case.claim("the position loses what the lot has", left == quantity - part)
    case.claim("the domain's equity falls by what it pays", equity_in(transaction, market) == before - paid)
    case.claim("the lot's profit is what was paid", profit_of_lot(transaction, market) == paid)
    case.claim("nothing is left of a flat position's cost", implies(left == 0, transaction.balance(COST) == 0))


@theorem(
    "T-SOLV-2", "ADL-03", "ACC-02", of=(deleverage, realise, released_cost), uses=("T-CONS-1", "T-MUL-1", "T-MUL-2")
)
def deleveraging_moves_a_loss_and_nothing_else(case: Case) -> None:
    """What a step of deleveraging takes off a lot's loss, the counterparty's equity loses, to the quantum.

    So it is at the lot's price and at the counterparty's entry; what a lot gains at the mark goes to the reserve.

    A lot that is closed and a position that becomes flat keep no cost.
    """
    market, quantity = any_market(case), any_quantity(case, "quantity")
    lot_quantity = any_quantity(case, "lot's quantity")
    case.assume((quantity > 0) == (lot_quantity < 0), "ADL-01: a counterparty is on the other side")
    part = case.integer("part", 1)
    case.assume((part <= abs(quantity)) & (part <= abs(lot_quantity)), "ADL-01")
    cash, cost, cost_of_lot = case.integer("cash"), case.integer("cost"), case.integer("lot's cost")
    lot = Lot(LOT, "b", MARKET, "BOTH", "cross", lot_quantity, "takeover")
    transaction = book_of(market, quantity, {WALLET: cash, COST: -cost, LOT_COST: -cost_of_lot}, (lot,))
    place_gain(case, market, lot, cost_of_lot, part)
    terms = terms_of(transaction, market, lot, KEY)
    if terms is None:
        return
    if terms.at_entry:
        case.assume(part < abs(lot_quantity), "ADL-04: one is kept back, as there is no other lot")
        case.claim("there is no other lot", heir_of(transaction, lot) is None)
    sum_before = equity_in(transaction, market) + profit_of_lot(transaction, market)
    for whole, costs in ((quantity, cost), (lot_quantity, cost_of_lot)):
        whole_multiples(case, released_cost(costs, abs(whole), part) - costs, abs(whole))
    with money_moves(case):
        deleverage(transaction, market, Step(lot, KEY, part, step_value(terms, part)))
    gain = transaction.balance(ledger.reserve(MARKET))
    sum_after = equity_in(transaction, market) + profit_of_lot(transaction, market) + gain
    left = transaction.positions.get(KEY, Quantity(0))
    case.claim("the position loses as much as the lot", abs(left) == abs(quantity) - part)
    case.claim("equity, the lot's profit and what the reserve got of it are as before", sum_after == sum_before)
    case.claim("nothing is left of a flat position's cost", implies(left == 0, transaction.balance(COST) == 0))
    closed = LOT not in transaction.lots
    case.claim("nothing is left of a closed lot's cost", negate(closed) | (transaction.balance(LOT_COST) == 0))


@theorem(
    "T-SOLV-3",
    "LVY-01",
    of=(pay_levy, levy_shares),
    scope=INDUCTION,
    uses=("T-CONS-1", "T-LEVY-1", "T-LEVY-2", "T-SHARE-2", "T-SHARE-3"),
)
def a_levy_takes_what_is_missing_and_leaves_no_debt(case: Case) -> None:
    """House and levy together pay exactly what is missing, if they have it, and no equity falls below zero.

    The induction is over the payers of a layer: so far relief has what the shares so far sum to. A weight is at most
    the equity that is there when the layer begins (T-LEVY-1), and in the last layer it is the equity.
    """
    equity, share, fund = case.integer("equity", 1), case.integer("share", 1), case.integer("relief", 0)
    case.assume(share <= equity, "T-SHARE-2, T-LEVY-1")
    market, quantity = any_market(case), any_quantity(case, "quantity")
    cash = case.integer("cash")
    cost = cash + market.at_mark(quantity) - equity
    relief = ledger.relief(ASSET)
    transaction = book_of(market, quantity, {WALLET: cash, COST: -cost, relief: fund})
    with money_moves(case):
        pay_levy(transaction, DOMAIN, "equity", share)
    case.claim("step: relief gains the share", transaction.balance(relief) == fund + share)
    case.claim("step: and the payer's claim", transaction.relief_claims[ASSET][DOMAIN] == share)
    case.claim("step: the payer loses its share", equity_in(transaction, market) == equity - share)
    case.claim("step: no equity falls below zero", equity_in(transaction, market) >= 0)
    missing, house, equities = case.integer("missing", 1), case.integer("house", 0), case.integer("equities", 0)
    before = case.integer("paid in earlier layers", 0)
    rest = missing - min(missing, house) - before
    case.assume(rest >= 0, "T-LEVY-2: a layer pays at most what is missing")
    equities = equities - before
    case.assume(equities >= 0, "T-LEVY-1: nobody pays more than the equity")
    # One claim stands for all: what is asked of all shares together does not depend on how many there are.
    levied = sum(levy_shares(Money(rest), (Money(equities),)))
    whole_multiples(case, levied - rest, equities)
    whole_multiples(case, levied - equities, equities)
    case.claim("base: no more is levied than there is", levied <= equities)
    enough = missing <= house + before + equities
    paid = min(missing, house) + before + levied
    case.claim("base: house and levy pay what is missing", implies(enough, paid == missing))


@theorem("T-SOLV-4", "NUM-01", "LED-01", "INV-01", "INV-02", of=(Market.value,), scope=INDUCTION, uses=("T-CONS-1",))
def equities_funds_and_lots_are_the_net_deposits(case: Case) -> None:
    """Equities, profits of lots, reserves, insurance, relief and house of an asset together are its net deposits.

    The induction is over positions and lots: each adds its value to the value of its market's quantities so far,
    and those of a whole market sum to zero, so their value does. All balances of an asset sum to zero.
    """
    market = any_market(case)
    so_far, quantity = Quantity(case.integer("quantities so far")), Quantity(case.integer("quantity"))
    both = market.at_mark(Quantity(so_far + quantity))
    case.claim("base: no quantity has no value", market.at_mark(Quantity(0)) == 0)
    case.claim("step: values add up like quantities", market.at_mark(so_far) + market.at_mark(quantity) == both)
    cash, reserves, insurance, house = (case.integer(name) for name in ("cash", "reserves", "insurance", "house"))
    relief = case.integer("relief")
    costs, lot_costs, deposits = case.integer("costs"), case.integer("lots' costs"), case.integer("net deposits")
    values, lot_values = case.integer("values"), case.integer("lots' values")
    funds = reserves + insurance + relief + house
    case.assume(cash - costs - lot_costs + funds - deposits == 0, "T-CONS-1: INV-01")
    case.assume(values + lot_values == 0, "INV-02: quantities of a market sum to zero, and so do their values")
    equities, profits = cash + values - costs, lot_values - lot_costs
    case.claim("end: the sum", equities + profits + funds == deposits)


@theorem("T-SOLV-5", "LIQ-02", "LIQ-03", of=(clearance_fee,), scope=INDUCTION, uses=("T-SOLV-1", "T-SHARE-2"))
def other_markets_gain_at_most_their_maintenance(case: Case) -> None:
    """A domain's liquidation never takes from the lots of another market, and gives them at most its maintenance there.

    The other markets are those in which the event changed nothing. The induction is over steps of the liquidation:
    what was paid there so far and what is left of the maintenance there is at most what that was at first.
    """
    paid, left, first = case.integer("paid so far", 0), case.integer("maintenance left", 0), case.integer("at first", 0)
    case.claim("base: nothing is paid and all is left", 0 + first <= first)
    case.assume(paid + left <= first, "induction hypothesis")
    released, equity = case.integer("released", 0), case.integer("equity", 1)
    case.assume(released <= left, "LIQ-02: a position's maintenance falls from its own to that of what is kept")
    value, rate = case.integer("value of the cut", 0), case.integer("clearance fee", 0, RATE_ONE, "MKT-01")
    fee = clearance_fee(value, rate, released, equity)
    case.claim("step: a fee is at least zero and at most the equity", (fee >= 0) & (fee <= equity))
    case.claim("step: after a step-down", paid + fee + (left - released) <= first)
    share, claim = case.integer("share", 0), case.integer("claim", 0)
    case.assume(share <= claim, "T-SHARE-2")
    case.assume(claim <= left, "a position's maintenance is part of what is left there")
    case.claim("step: after a position is taken over", paid + share + (left - claim) <= first)


@theorem(
    "T-SOLV-6",
    "LVY-01",
    "WTF-02",
    "SET-01",
    "INV-05",
    "INV-06",
    "INV-13",
    of=(shortfall_of,),
    uses=("T-ADL-1", "T-ADL-9", "T-NONNEG-1", "T-RETURN-1", "T-SOLV-2", "T-SOLV-4", "T-SOLV-5"),
)
def a_levy_always_suffices(case: Case) -> None:
    """With the last resort `levy` nothing is ever uncovered: house and equities have what is missing.

    Said of an asset with any number of domains and markets, by its sums. Before the event it was settled; the event
    changed the mark, the tiers or the funding of one market; then relief went back, as far as it was not needed, and
    liquidation and deleveraging followed.
    """
    other_surplus, other_shortfall = case.integer("others' surplus", 0), case.integer("others' shortfall", 0)
    own, reserve = case.integer("own lots' profit"), case.integer("own reserve", 0, source="T-NONNEG-1")
    equities, insurance = case.integer("equities", 0), case.integer("insurance", 0, source="T-NONNEG-1")
    house, relief = case.integer("house", 0, source="T-NONNEG-1"), case.integer("relief", 0, source="T-NONNEG-1")
    short = shortfall_of(own, reserve)
    surplus = own + reserve + short
    case.claim("a market is short or has a surplus", (surplus >= 0) & ((short == 0) | (surplus == 0)))
    case.assume(other_shortfall + short <= insurance + relief, "INV-06: the asset was settled before")
    deposits = equities + other_surplus - other_shortfall + own + reserve + insurance + relief + house
    case.claim("net deposits are at least equities and others' surplus", deposits >= equities + other_surplus)

    gained, liquidated = case.integer("others' gain", 0), case.integer("equity of the liquidated before", 0)
    insured, short_now = case.integer("insurance when relief goes back", 0), case.integer("own shortfall then", 0)
    case.assume(insured >= insurance, "FND-01: the fund gets what funding rounds")
    needed = max(0, other_shortfall + short_now - insured)
    kept = min(relief, needed)  # LVY-02, T-RETURN-1
    case.claim("what goes back leaves cover for the others", other_shortfall <= insured + kept)
    case.assume(liquidated <= equities, "their equities are part of all, none of which was below zero")
    case.assume(gained <= liquidated, "T-SOLV-5: the maintenance of what was healthy is less than its equity was")
    surplus_after, shortfall_after = case.integer("surplus after", 0), case.integer("shortfall after", 0)
    beyond = case.integer("released beyond a shortfall", 0)
    case.assume(surplus_after <= other_surplus + gained + beyond, "T-SOLV-5")
    case.assume(shortfall_after <= other_shortfall, "T-SOLV-5, T-SOLV-2: lots of other markets lose nothing")
    own_after, insurance_after = case.integer("own lots' profit after"), case.integer("insurance after", 0)
    used = case.integer("claims used", 0, source="LIQ-03")
    relief_after = kept - used
    case.assume(relief_after >= 0, "T-NONNEG-1")
    case.assume(insurance_after >= insured + used, "LIQ-03: nothing draws on the fund here")
    house_after, equities_after = case.integer("house after", 0), case.integer("equities after", 0, source="T-ADL-9")
    sum_after = equities_after + surplus_after - shortfall_after + own_after + reserve + insurance_after + house_after
    sum_after = sum_after + relief_after
    case.assume(sum_after == deposits, "T-SOLV-4: no such event changes net deposits")
    short_after = shortfall_of(own_after, reserve)
    missing = shortfall_after + short_after - insurance_after - relief_after
    case.assume((beyond == 0) | (missing <= 0), "T-ADL-1: what releases more than a shortfall restores the test")
    case.claim("what is missing is missing in the event's market", implies(missing > 0, short_after > 0))
    case.claim("house and equities have what is missing", implies(missing > 0, house_after + equities_after >= missing))


@theorem(
    "T-SOLV-7",
    "SET-01",
    "LVY-01",
    of=(shortfall_of,),
    uses=("T-NONNEG-1", "T-SHARE-2", "T-SOLV-1", "T-SOLV-3", "T-SOLV-5", "T-SOLV-6"),
)
def settlement_ends_within_two_rounds(case: Case) -> None:
    """After the first round every cover test holds and every equity is at least zero, so no shortfall follows.

    What a second round liquidates was levied, or deleveraged, in the first. It pays its own equity, of at least zero,
    to the lots that it becomes; so shortfalls do not rise, nothing is missing, nobody is deleveraged or levied again.
    """
    profit, reserve = case.integer("lots' profit"), case.integer("reserve", 0, source="T-NONNEG-1")
    others, cover = case.integer("others' shortfall", 0), case.integer("insurance and relief", 0, source="T-NONNEG-1")
    case.assume(others + shortfall_of(profit, reserve) <= cover, "T-SOLV-3, T-SOLV-6: the first round ends covered")
    paid = case.integer("paid", 0, source="T-SOLV-3: no equity is below zero; T-SOLV-5: nor is a fee or a share")
    case.claim(
        "a liquidation lowers the shortfall", shortfall_of(profit + paid, reserve) <= shortfall_of(profit, reserve)
    )
    case.claim("nothing is missing", others + shortfall_of(profit + paid, reserve) <= cover)
