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
from marginspec.handlers.trading import Booked, Leg, pay_rebates, trade
from marginspec.margin.margin import cost_of
from marginspec.model import ledger
from marginspec.model.account import PositionKey
from marginspec.model.events import Trade
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.rejections import Rejected
from marginspec.model.state import Header
from marginspec.model.units import FLAT
from marginspec.transaction import Transaction
from marginspec_proofs.prover.contracts import money_moves
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.worlds import ASSET, World

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
            transaction.ledger = transaction.ledger.set(account, transaction.balance(account) + change)
        transaction.positions = transaction.positions.set(leg.key, self.held[leg.key] + leg.quantity)
        return Booked(False, False, False)

    def take(self, transaction: Transaction) -> bool:
        """The rule's own trade, with guards that give what the event says; whether it is accepted."""
        asked = iter(self.fees.values())
        given = {
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
