"""No free lunch: what somebody who owns any set of accounts can gain at the expense of all others.

The worth of a set is the equity of its domains and what they may claim of relief. Each rule that moves money is run
on its own, for all integers, and what it does to the worth of those whom it touches is stated as an equality. A whole
event, or a whole history, is then a sum of such steps, by induction.
"""

from typing import Any
from unittest.mock import patch

import attrs
from immutables import Map

from marginspec.handlers import trading
from marginspec.handlers.funding import funding_due
from marginspec.handlers.guards import check_band
from marginspec.handlers.trading import Booked, Leg, pay_rebates, trade
from marginspec.margin.margin import DomainMargin, PositionMargin, cash_account, cost_of, domain_margin
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import DomainLiquidated
from marginspec.model.events import Event, Trade
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Limits, Market
from marginspec.model.rejections import Rejected
from marginspec.model.state import Header, State
from marginspec.model.units import FLAT, NOTHING, RATE_ONE, Quantity
from marginspec.settlement import liquidation
from marginspec.settlement.claims import NO_CLAIMS, lower_claims, use_claim
from marginspec.settlement.deleveraging import Terms, entry_is_no_worse, released_loss
from marginspec.settlement.levy import pay_back, pay_levy
from marginspec.settlement.liquidation import equity_shares, take_over
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_proofs.prover.contracts import money_moves
from marginspec_proofs.prover.statements import INDUCTION, Case, theorem
from marginspec_proofs.prover.symbols import implies
from marginspec_proofs.prover.worlds import ASSET, NO_FEES, ONE_TIER, World
from marginspec_proofs.theorems.deleveraging import Pair
from marginspec_proofs.theorems.levy import claimed_world, shared
from marginspec_proofs.theorems.limits import any_band, is_refused
from marginspec_proofs.theorems.liquidation import any_shares
from marginspec_proofs.theorems.necessity import AN_EXAMPLE, MILD, after, listed, look_for, marked, paid_in, traded
from marginspec_proofs.theorems.tiers import product_rises

INSURANCE, HOUSE, RELIEF = ledger.insurance(ASSET), ledger.house(ASSET), ledger.relief(ASSET)
ALICE, BOB = PositionKey("alice", "first", "BOTH"), PositionKey("bob", "first", "BOTH")


def worth_of(transaction: Transaction, market: Market, key: PositionKey) -> Any:
    """What an account with one position is worth: its cash, and what the position gains at mark."""
    value = market.at_mark(transaction.positions.get(key, FLAT))
    return transaction.balance(ledger.wallet(key.account, ASSET)) + value - cost_of(transaction, key)


class Dealing:
    """A trade between alice and bob, both of one owner: any fees, any price, any quantity, whatever both hold."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.world = World(case, Header(asset_decimals=Map({ASSET: 0})))
        self.market = self.world.market("first")
        self.world.funds(self.market)
        self.held = {key: case.integer(f"held by {key.account}") for key in (ALICE, BOB)}
        for key in self.held:
            self.world.account(key.account)
            self.world.balance(ledger.position(*key))
        self.world.account("carol")
        self.world.state = attrs.evolve(self.world.state, positions=Map(self.held))
        self.fees = {key: case.integer(f"fee of {key.account}", source="T-FEE-1") for key in (ALICE, BOB)}
        self.price, self.quantity = case.integer("price", 1), case.integer("quantity", 1)

    def book(self, transaction: Transaction, _market: Market, leg: Leg) -> Booked:
        """A leg as T-TRADE-3 has it: rounding moves between cash and cost, and the fee above zero goes to the funds."""
        name = leg.key.account
        rounded, insured = self.case.integer(f"realised by {name}"), self.case.integer(f"insured of {name}", 0)
        paid = max(0, leg.fee)
        self.case.assume(insured <= paid, "T-ROUND-2")
        changes: dict[LedgerAccount, Any] = {
            leg.cash: rounded - paid,
            ledger.position(*leg.key): -rounded,
            INSURANCE: insured,
            HOUSE: paid - insured,
        }
        for account, change in changes.items():
            transaction.balances[account] = transaction.balance(account) + change
        transaction.positions = transaction.positions.set(leg.key, self.held[leg.key] + leg.quantity)
        return Booked(False, False, False)

    def take(self, transaction: Transaction) -> bool:
        """The rule's own trade, with guards that give what the event says; whether it is accepted."""
        asked = iter(self.fees.values())
        given: dict[str, Any] = {
            "tick_price_in": lambda *_: self.price,
            "quantity_in": lambda *_: self.quantity,
            "fee_in": lambda *_: next(asked),
            "book_leg": self.book,
            "check_booked": lambda *_: None,
            "check_open_interest": lambda *_: None,
        }
        with money_moves(self.case), patch.multiple(trading, **given):
            try:
                trade(transaction, Trade("first", self.price, self.quantity, "alice", "bob", "buyer"))
            except Rejected:
                return False
        return True


@theorem(
    "T-LUNCH-1",
    "TRD-01",
    "ACC-02",
    of=(trade, pay_rebates),
    uses=("T-CONS-1", "T-FEE-1", "T-FEE-2", "T-HEALTH-6", "T-ROUND-2", "T-TRADE-3"),
)
def a_trade_within_a_set_moves_fees_and_nothing_else(case: Case) -> None:
    """A trade between two accounts of a set changes what both are worth together by its fees, and by nothing else.

    Whatever its price and the mark, whatever both held, and however the trade closes, opens or turns it: what one gains
    the other loses, to the quantum. Insurance and house have the fees, and pay the rebates; nobody else is touched.
    """
    dealing = Dealing(case)
    market, before, transaction = dealing.market, dealing.world.transaction(), dealing.world.transaction()
    if not dealing.take(transaction):
        return
    gains = {key: worth_of(transaction, market, key) - worth_of(before, market, key) for key in (ALICE, BOB)}
    at_mark = market.at_mark(dealing.quantity) - market.value(dealing.price, dealing.quantity)
    case.claim("the buyer gains what the mark is above the price", gains[ALICE] == at_mark - dealing.fees[ALICE])
    case.claim("the seller loses it", gains[BOB] == -at_mark - dealing.fees[BOB])
    funds = sum(transaction.balance(fund) - before.balance(fund) for fund in (INSURANCE, HOUSE))
    case.claim("insurance and house have the fees of both", funds == dealing.fees[ALICE] + dealing.fees[BOB])
    for account in (RELIEF, ledger.reserve("first"), ledger.wallet("carol", ASSET)):
        case.claim(f"{account} is as it was", transaction.ledger[account] is before.ledger[account])


class Taking:
    """A domain of alice's that is taken over: any equity, any claim, a position in the event's market and another."""

    def __init__(self, case: Case) -> None:
        self.world = World(case)
        markets = self.world.market("first"), self.world.market("second")
        self.world.funds(*markets)
        self.domain = self.world.account("alice")
        keys = [self.world.position("alice", market) for market in markets]
        self.claim: Any = NOTHING
        if case.truth("alice has a claim"):
            self.claim = self.world.claim(self.domain)
            case.assume(self.claim <= self.world.state.balance(RELIEF), "INV-14")
        self.transaction = self.world.transaction()
        self.transaction.event_market = "first"
        # Cash stands for all of the equity, since a takeover reads no more of the positions than their maintenance.
        self.equity: Any = self.transaction.balance(cash_account(self.domain))
        tier = ONE_TIER.tiers[0]
        maintenance = [case.integer(f"maintenance in {key.market}", 1, source="T-BAND-21") for key in keys]
        self.figures = tuple(
            PositionMargin(key, NOTHING, NOTHING, NOTHING, asked, tier)
            for key, asked in zip(keys, maintenance, strict=True)
        )
        self.gains: dict[PositionKey, Any] = {}

    def measure(self, *_: object) -> DomainMargin:
        """The domain's figures."""
        return DomainMargin(self.equity, self.equity, NOTHING, self.figures)

    def take_lot(
        self, transaction: Transaction, domain: DomainKey, key: PositionKey, _quantity: Any, paid: Any, _reason: str
    ) -> None:
        """A lot as T-SOLV-1 has it: the domain's equity falls by what it pays, which is what the lot gains at mark."""
        cash = cash_account(domain)
        transaction.balances[cash] = transaction.balance(cash) - paid
        self.gains[key] = paid

    def claim_left(self) -> Any:
        """What the domain may claim of relief still."""
        return self.transaction.relief_claims.get(ASSET, NO_CLAIMS).get(self.domain, NOTHING)


@theorem(
    "T-LUNCH-2",
    "LIQ-03",
    "WTF-02",
    of=(take_over, equity_shares, use_claim),
    uses=("T-CONS-1", "T-SHARE-1", "T-SHARE-3", "T-SOLV-1", "T-BAND-21", "T-CLAIM-1"),
)
def a_takeover_gains_the_set_what_the_lots_lose_at_most(case: Case) -> None:
    """A takeover costs its owner the equity, or gains what that is below zero, less the claim which that uses up.

    That is what the lots that it leaves gain or lose at mark, to the quantum, and a loss is in the event's market. So
    with equity of at least zero, as without a gap through the maintenance margin, nothing is gained. Insurance and
    relief together are as they were.
    """
    taking = Taking(case)
    transaction, equity = taking.transaction, taking.equity
    funds = transaction.balance(INSURANCE) + transaction.balance(RELIEF)
    with (
        patch.object(liquidation, "domain_margin", taking.measure),
        patch.object(liquidation, "take_lot", taking.take_lot),
        any_shares(case),
    ):
        take_over(transaction, taking.domain)
    left = transaction.balance(cash_account(taking.domain))
    gain = left + taking.claim_left() - equity - taking.claim
    used = taking.claim - taking.claim_left()
    case.claim("a claim is used up only by a debt", (used >= 0) & implies(equity >= 0, used == 0))
    case.claim("as far as it goes", implies(equity < 0, (used == -equity) | (used == taking.claim)))
    case.claim("the lots gain what equity was", sum(taking.gains.values()) == equity)
    case.claim("the set gains what they lose, less the claim", gain == -equity - used)
    case.claim("nothing, unless equity is below zero", implies(equity >= 0, gain <= 0))
    first, second = (taking.gains[figures.key] for figures in taking.figures)
    case.claim("a loss is in the event's market", implies(equity < 0, (first == equity) & (second == 0)))
    after = transaction.balance(INSURANCE) + transaction.balance(RELIEF)
    case.claim("insurance and relief together are as they were", after == funds)


@theorem(
    "T-LUNCH-3",
    "LVY-01",
    "LVY-02",
    "WTF-01",
    "LIQ-03",
    of=(pay_levy, pay_back, lower_claims, use_claim),
    scope=INDUCTION,
    uses=("T-SHARE-1", "T-SHARE-2", "T-SHARE-3", "T-CONS-1", "T-ORDER-1", "T-RETURN-1"),
)
def nobody_gets_back_more_than_it_paid(case: Case) -> None:
    """A levy and a return leave what a domain is worth as it is, and draws lower it: a claim is never more than paid.

    What a domain got back, what of its claim was lost, and what is left of it are together what it was levied. So a set
    gains nothing by a levy or a return, whatever it does between them.
    """
    world, (alice, bob) = claimed_world(case)
    transaction = world.transaction()
    claim = world.state.relief_claims[ASSET][alice]
    levied, returned, lost = (case.integer(name, 0) for name in ("levied so far", "returned so far", "lost so far"))
    case.claim("base: nothing is levied, returned, lost or claimed", NOTHING + NOTHING + NOTHING == NOTHING)
    case.assume(levied == returned + lost + claim, "induction hypothesis")
    kind = case.one_of("step", ("levy", "return", "draw", "debt"))
    amount = case.integer("amount", 1)
    cash = transaction.balance(cash_account(alice))
    if kind == "levy":
        pay_levy(transaction, alice, "spare", amount)
    elif kind == "debt":
        use_claim(transaction, alice, amount)
    else:
        case.assume(amount <= world.state.balance(RELIEF), "T-ORDER-1, T-RETURN-1")
        with shared(case):
            lowered = lower_claims(transaction, ASSET, amount)
        for domain, fall in lowered if kind == "return" else ():
            pay_back(transaction, domain, fall)
    left = transaction.relief_claims.get(ASSET, NO_CLAIMS).get(alice, NOTHING)
    gained = transaction.balance(cash_account(alice)) - cash
    change = gained + left - claim
    if kind in ("levy", "return"):
        case.claim("step: cash and claim together are as they were", change == 0)
    else:
        case.claim("step: no cash moves, and no claim rises", (gained == 0) & (left <= claim))
    levied = levied + (-gained if kind == "levy" else 0)
    returned = returned + (gained if kind == "return" else 0)
    lost = lost + (claim - left if kind in ("draw", "debt") else 0)
    case.claim("step: what was levied is returned, lost, or claimed still", levied == returned + lost + left)
    case.claim("step: so no more is returned than was levied", returned <= levied)
    if kind == "debt":
        others = transaction.relief_claims[ASSET][bob]
        case.claim("step: a debt uses up no other claim", others is world.state.relief_claims[ASSET][bob])


@theorem("T-LUNCH-4", "ADL-03", "ADL-04", of=(released_loss, entry_is_no_worse), uses=("T-NUM-1", "T-ADL-1", "T-ADL-7"))
def a_worse_entry_keeps_the_difference_of_prices_whatever_the_gap(case: Case) -> None:
    """An entry worse than a lot's bankruptcy price keeps the difference of the two, times the quantity, and no more.

    That is what a counterparty gives up at the lot's price beyond what it gives up at its own entry; it is less than
    two quanta more than the exact difference, and the mark is not in it: no gap makes it larger.
    """
    pair = Pair(case)
    part, market = pair.any_part(), pair.market
    held, quantity = pair.world.state.positions[pair.key], pair.lot.quantity
    loss: Any = pair.lot_cost - market.at_mark(quantity)
    profit: Any = market.at_mark(held) - pair.cost
    case.assume((loss > 0) & (profit > 0), "ADL-01, ADL-04")
    at_lot = released_loss(Terms(False, pair.lot_cost, pair.size, loss), part)
    at_entry = released_loss(Terms(True, pair.cost, pair.held, profit), part)
    kept = (at_lot - at_entry) * (pair.size * pair.held)
    exact = part * (pair.cost * pair.size + pair.lot_cost * pair.held)
    above = at_lot * pair.size - loss * part
    below = profit * part - at_entry * pair.held
    case.claim("rounded up by less than a quantum", (above >= 0) & (above < pair.size))
    case.claim("rounded down by less than a quantum", (below >= 0) & (below < pair.held))
    case.claim("the difference, the mark apart", kept == exact + above * pair.held + below * pair.size)
    worse = not bool(entry_is_no_worse(held, pair.cost, quantity, pair.lot_cost))
    difference = pair.cost * pair.size + pair.lot_cost * pair.held
    case.claim("it is above zero exactly if the entry is worse", worse == (difference > 0))


@theorem("T-LUNCH-8", "MKT-04", "ADL-03", of=(check_band,), uses=("T-LIMIT-1", "T-LUNCH-4", "T-MUL-TIER"))
def within_a_band_that_difference_is_small(case: Case) -> None:
    """Of a position that was opened within a price band, that difference is less than the band's part and a tick.

    It is per lot: the band's part of the mark at which the position was opened, if the engine's lot was bankrupt at
    that mark or beyond it, as it is whenever it was taken over at that mark with equity left.
    """
    mark, price, band = case.integer("mark then", 1), case.integer("price", 1), any_band(case)
    tick, size = case.integer("tick", 1), case.integer("size of the lot", 1)
    market = Market("first", ASSET, 0, 0, 1, tick, ONE_TIER, NO_FEES, mark, Limits(price_band=band))
    if is_refused(case, check_band, market, abs(price - mark)):
        return
    sign = 1 if case.truth("the counterparty is long") else -1
    bankruptcy = case.integer("bankruptcy value of the lot", 0)
    case.assume(sign * (bankruptcy - mark * size) >= 0, "bankrupt at the mark then, or beyond")
    beyond = (sign * (price - mark) - tick) * RATE_ONE
    product_rises(case, beyond + 1, mark * band, size)
    kept = sign * (price * size - bankruptcy)
    case.claim("less than the band's part and a tick, a lot", kept * RATE_ONE < size * (mark * band + tick * RATE_ONE))


@theorem(
    "T-LUNCH-5",
    "SET-01",
    "MKT-01",
    "LED-01",
    of=(Market.value,),
    scope=INDUCTION,
    uses=("T-LUNCH-2", "T-LUNCH-3", "T-ADL-7", "T-STEP-1", "T-SOLV-1", "T-SOLV-4", "T-CLAIM-1"),
)
def an_event_gains_a_set_the_debts_of_its_takeovers_at_most(case: Case) -> None:
    """By a new mark a set gains what the mark gives to its net quantity, and its domains' negative equity, at most.

    The negative equity is that with which they are taken over. A set whose quantities balance gains no more than the
    latter, and nothing if no gap is wider than its margins. What it gains all others, funds and lots lose. The
    induction is over positions, and over steps of settlement.
    """
    world = World(case)
    market, new = world.market("first"), case.integer("new mark", 1)
    given, net, quantity = case.integer("given so far"), Quantity(case.integer("net so far")), case.integer("quantity")
    by_mark = market.value(new, quantity) - market.at_mark(quantity)
    case.assume(given == market.value(new, net) - market.at_mark(net), "induction hypothesis")
    both = Quantity(net + quantity)
    case.claim("base: no position gains nothing", market.value(new, FLAT) - market.at_mark(FLAT) == 0)
    case.claim(
        "step: the mark gives to the net quantity", given + by_mark == market.value(new, both) - market.at_mark(both)
    )
    case.claim("end: nothing if quantities balance", implies(both == 0, given + by_mark == 0))
    worth, first, debts = case.integer("worth so far"), case.integer("worth at the new mark"), case.integer("debts", 0)
    case.claim("base: no step gains nothing", implies((worth == first) & (debts == 0), worth <= first + debts))
    case.assume(worth <= first + debts, "induction hypothesis")
    equity, used, paid = case.integer("equity"), case.integer("claim used", 0), case.integer("paid", 0)
    debt = max(0, -equity)
    case.assume(used <= debt, "LIQ-03")
    case.claim("step: a takeover (T-LUNCH-2)", worth - equity - used <= first + debts + debt)
    case.claim("step: a step-down's fee (T-STEP-1), or a released loss (T-ADL-7)", worth - paid <= first + debts)
    lost = case.integer("claims lost", 0)
    case.claim("step: a levy, return or draw (T-LUNCH-3)", worth - lost <= first + debts)
    all_worth = [
        case.integer(f"worth of {whose} {when}") for when in ("before", "after") for whose in ("set", "others")
    ]
    rest = [case.integer(f"funds and lots {when}") for when in ("before", "after")]
    deposits = case.integer("net deposits")
    case.assume(all_worth[0] + all_worth[1] + rest[0] == deposits, "T-SOLV-4, T-CLAIM-1")
    case.assume(all_worth[2] + all_worth[3] + rest[1] == deposits, "T-SOLV-4, T-CLAIM-1")
    lost_by_others = all_worth[1] - all_worth[3] + rest[0] - rest[1]
    case.claim("end: what a set gains others lose", all_worth[2] - all_worth[0] == lost_by_others)


class History:
    """A set's worth, the gain at mark of the lots that it left, and what it was given, in 1e-8 of a quantum."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.worth, self.lots = case.integer("worth"), case.integer("gain of its lots at mark")
        self.given: Any = case.integer("paid in, given and borne")
        case.claim("base: at first there is nothing", (NOTHING + NOTHING) * RATE_ONE <= NOTHING)
        case.assume((self.worth + self.lots) * RATE_ONE <= self.given, "induction hypothesis")
        self.fees, self.rebates = case.integer("fees", 0), case.integer("rebates", 0)
        self.amount = case.integer("amount")

    def step(self, sentence: str, of_worth: Any, of_lots: Any, of_given: Any) -> None:
        """State that a step keeps both together within what is given."""
        after = (self.worth + of_worth + self.lots + of_lots) * RATE_ONE
        self.case.claim(f"step: {sentence}", after <= self.given + of_given)

    def markets(self) -> None:
        """Marks and funding, of a position and of lots."""
        market = World(self.case).market("first")
        new, quantity, of_lots = self.case.integer("new mark", 1), *map(self.case.integer, ("held", "in lots"))
        both = Quantity(quantity + of_lots)
        gains = [market.value(new, one) - market.at_mark(one) for one in (quantity, of_lots, both)]
        self.step("a mark gives to all quantities together", gains[0], gains[1], gains[2] * RATE_ONE)
        self.case.claim("step: nothing where they balance", implies(both == 0, gains[2] == 0))
        value, rate = market.at_mark(quantity), self.case.integer("rate", -RATE_ONE, RATE_ONE, "FND-01")
        paid = funding_due(value, rate)
        self.step("funding of a position", -paid, 0, -value * rate)
        self.step("funding of a lot", 0, -paid, -value * rate)

    def trades(self) -> None:
        """Deposits, trades and fills; `amount` is what a price is better than the mark, at which others deal."""
        fees, rebates, amount = self.fees, self.rebates, self.amount
        self.step("a deposit or withdrawal", amount, 0, amount * RATE_ONE)
        self.step("a trade within (T-LUNCH-1)", rebates - fees, 0, rebates * RATE_ONE)
        self.step("a trade with others (T-TRADE-3)", amount + rebates - fees, 0, (amount + rebates) * RATE_ONE)
        self.step("a fill of another's lot", amount + rebates - fees, 0, (amount + rebates) * RATE_ONE)
        profit, at_mark = self.case.integer("profit of a fill"), self.case.integer("profit of a fill at the mark")
        borne, better = max(0, -profit) * RATE_ONE, profit - at_mark
        own = at_mark - profit + rebates - fees
        self.step("a fill of its lot by itself (T-PROFIT-1, T-PROFIT-2)", own, -at_mark, borne + rebates * RATE_ONE)
        self.step("a fill of its lot by another", 0, -at_mark, borne + max(0, better) * RATE_ONE)
        self.step("a final settlement of its lot (T-CLOSE-2, T-CLOSE-3)", 0, -profit, borne)

    def losses(self) -> None:
        """Liquidation, deleveraging, levy and relief."""
        equity, used = self.case.integer("equity"), self.case.integer("claim used or lost", 0, source="T-LUNCH-3")
        self.step("a takeover (T-LUNCH-2)", -equity - used, equity, 0)
        self.step("a step-down (T-SOLV-1)", -self.fees, self.fees, 0)
        released = self.case.integer("released", 0, source="T-ADL-7")
        self.step("a step against a lot of its own", -released, released, 0)
        self.step("a step against another's lot", -released, 0, 0)
        self.step("another's against a lot of its own", 0, released, released * RATE_ONE)
        passed = self.case.integer("loss that is left of a closed lot", 0, source="T-ADL-7")
        self.step("it passes to another's lot", 0, passed, passed * RATE_ONE)
        self.step("another's passes to a lot of its own", 0, -passed, 0)
        self.step("a levy, return or draw (T-LUNCH-3)", -used, 0, 0)


@theorem(
    *("T-LUNCH-6", "LIQ-03", "LIQ-05", "ADL-03", "FND-01", "LVY-01"),
    of=(funding_due, Market.value),
    scope=INDUCTION,
    uses=(
        *("T-LUNCH-1", "T-LUNCH-2", "T-LUNCH-3", "T-ADL-7", "T-SOLV-1", "T-TRADE-3"),
        *("T-PROFIT-1", "T-PROFIT-2", "T-CLOSE-2", "T-CLOSE-3"),
    ),
)
def over_a_history_a_set_gains_what_its_lots_lose_at_most(case: Case) -> None:
    """Over any history a set gains at most what the lots that it leaves lose, beyond what markets and prices give.

    Markets give what marks and funding are to the quantities of the set and its lots together, which is nothing where
    they balance; prices give what they are better than the mark in trades with others, and rebates. The rest is borne
    by others for its lots, as drawn from funds or deleveraged or left in lots, or is open loss of its lots still.
    """
    history = History(case)
    history.markets()
    history.trades()
    history.losses()
    lost = max(0, -history.lots)
    case.claim("end: what is not borne is open loss", history.worth * RATE_ONE <= history.given + lost * RATE_ONE)


@theorem("T-LUNCH-7", "LIQ-03", "ADL-02", of=(), scope=AN_EXAMPLE, uses=("T-LUNCH-2",))
def an_owner_of_both_sides_gains_by_a_gap(case: Case) -> None:
    """Who holds both sides gains by a gap through the margin of one, to the quantum what T-LUNCH-2 bounds.

    Eve and ed are one owner's, she short with little cash and he long with much. So frank, who is long too, stands
    before him in the queue, and pays of his profit what she is short of.
    """
    journal: list[Event] = [
        listed("first", MILD),
        *paid_in(ed=10000, eve=200, frank=300, mia=10000),
        marked("first", 100),
        *(traded("first", 100, 10, "ed", "eve"), traded("first", 100, 10, "frank", "mia")),
    ]
    before = after(journal)
    mark = case.integer("mark", 110, 140)
    settled, told = apply(before, marked("first", mark))
    gain = equity_in(settled, "ed") + equity_in(settled, "eve") - 10200
    look_for(case, gain > 0)
    debts = [one.equity for one in told.effects if isinstance(one, DomainLiquidated)]
    case.claim("one domain is liquidated", len(debts) == 1)
    case.claim("the owner gains what its equity is below zero", gain == -debts[0])
    case.claim("which is ten lots beyond 120", gain == 10 * (mark - 120))
    case.claim("and frank has that much less", equity_in(settled, "frank") == 300 + 10 * (mark - 100) - gain)


def equity_in(state: State, account: str) -> Any:
    """Equity of an account's cross domain."""
    return domain_margin(state, DomainKey(account, ASSET)).equity
