"""Events that move cash: deposits, withdrawals, the insurance fund, the house, isolated margin."""

from marginspec.handlers.guards import amount_in, check_net_deposits, known_account, known_market, positive_amount_in
from marginspec.margin.margin import cash_account, margin_mode_of, movable
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import PositionModeSet
from marginspec.model.events import AdjustIsolatedMargin, Deposit, FundInsurance, Withdraw, WithdrawHouse
from marginspec.model.rejections import Reason, require
from marginspec.model.units import Money
from marginspec.registry import handles, rule
from marginspec.transaction import Transaction


@handles(Deposit)
@rule("ACC-01", "LED-01")
def deposit(transaction: Transaction, event: Deposit) -> None:
    """A deposit moves money from outside into the wallet; the first one opens the account, in one-way mode."""
    amount = positive_amount_in(transaction, event.asset, event.amount)
    if event.account not in transaction.accounts:
        transaction.accounts = transaction.accounts.set(event.account, "one_way")
        transaction.effects.append(PositionModeSet(event.account, "one_way"))
    target = ledger.wallet(event.account, event.asset)
    transaction.transfer(event.asset, ledger.external(event.asset), target, amount, "ACC-01")
    check_net_deposits(transaction, event.asset)


@handles(Withdraw)
@rule("MRG-06")
def withdraw(transaction: Transaction, event: Withdraw) -> None:
    """A withdrawal takes at most what is withdrawable, and so leaves the domain healthy."""
    known_account(transaction, event.account)
    amount = positive_amount_in(transaction, event.asset, event.amount)
    domain = DomainKey(event.account, event.asset)
    require(amount <= movable(transaction, domain), Reason.INSUFFICIENT_BALANCE)
    source = cash_account(domain)
    transaction.transfer(event.asset, source, ledger.external(event.asset), amount, "MRG-06")


@handles(FundInsurance)
@rule("LED-03", source="SRC-08")
def fund_insurance(transaction: Transaction, event: FundInsurance) -> None:
    """The exchange may pay into the insurance fund from outside; nobody pays into a reserve."""
    amount = positive_amount_in(transaction, event.asset, event.amount)
    target = ledger.insurance(event.asset)
    transaction.transfer(event.asset, ledger.external(event.asset), target, amount, "LED-03")
    check_net_deposits(transaction, event.asset)


@handles(WithdrawHouse)
@rule("LED-03")
def withdraw_house(transaction: Transaction, event: WithdrawHouse) -> None:
    """The exchange may withdraw from the house what is there."""
    amount = positive_amount_in(transaction, event.asset, event.amount)
    source = ledger.house(event.asset)
    require(amount <= transaction.balance(source), Reason.INSUFFICIENT_FUNDS)
    transaction.transfer(event.asset, source, ledger.external(event.asset), amount, "LED-03")


@handles(AdjustIsolatedMargin)
@rule("ACC-04", "MRG-06")
def adjust_isolated_margin(transaction: Transaction, event: AdjustIsolatedMargin) -> None:
    """Cash moves into or out of an isolated position, at most what is movable where it comes from."""
    market = known_market(transaction, event.market)
    known_account(transaction, event.account)
    amount = amount_in(transaction, market.asset, event.amount)
    key = PositionKey(event.account, event.market, event.side)
    require(key in transaction.positions, Reason.NO_POSITION)
    mode = margin_mode_of(transaction, event.account, event.market)
    require(mode == "isolated", Reason.NOT_ISOLATED)
    cross = DomainKey(event.account, market.asset)
    own = DomainKey(event.account, market.asset, event.market, event.side)
    source, target = (cross, own) if amount > 0 else (own, cross)
    moved = Money(abs(amount))
    require(moved <= movable(transaction, source), Reason.INSUFFICIENT_BALANCE)
    transaction.transfer(market.asset, cash_account(source), cash_account(target), moved, "ACC-04")
