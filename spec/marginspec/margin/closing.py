"""Closing part of a position: what cost it releases, what it realises, what cash an isolated one gives back."""

import attrs

from marginspec.margin.margin import cash_account
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import MovingRule
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.units import Money, Quantity, div_up
from marginspec.registry import rule
from marginspec.transaction import Transaction


@attrs.define
class Part:
    """The part of a position that closes: `closing` is signed against the position, `value` like it.

    `value` has been booked to the position; `cost` is its whole open cost from before that.
    """

    key: PositionKey
    domain: DomainKey
    cash: LedgerAccount
    closing: Quantity
    value: Money
    cost: Money


@rule("ACC-02", "ADL-03")
def released_cost(cost: Money, size: Quantity, part: Quantity) -> Money:
    """Closing part of a size releases the cost pro rata, signed, rounded up; all of it at the end.

    So the realised PnL rounds down: the account realises less than one quantum too little, and the
    rest of the cost is that much lower. Needs size > 0 and 0 <= part <= size.
    """
    return Money(div_up(cost * part, size))


@rule("ACC-02")
def realise(transaction: Transaction, market: Market, part: Part, rule_id: MovingRule) -> None:
    """Closing realises the value of the part less its released cost, into the position's domain."""
    held = transaction.positions[part.key]
    released = released_cost(part.cost, Quantity(abs(held)), Quantity(abs(part.closing)))
    transaction.set_position(part.key, part.domain, Quantity(held + part.closing))
    profit = Money(part.value - released)
    transaction.move(market.asset, ledger.position(*part.key), part.cash, profit, rule_id)


@rule("ACC-04")
def return_all_margin(transaction: Transaction, domain: DomainKey) -> None:
    """An isolated position that became flat returns all its cash; negative cash stays, for the tests to find."""
    cash = transaction.balance(cash_account(domain))
    if cash > 0:
        wallet = ledger.wallet(domain.account, domain.asset)
        transaction.transfer(domain.asset, cash_account(domain), wallet, cash, "ACC-04")
