"""Events that move cash: deposits, withdrawals, the insurance fund, the house, isolated margin."""

from marginspec.model import events
from marginspec.model.units import MAX_NET_DEPOSITS
from marginspec_engine import layout
from marginspec_engine.layout import NONE, reasons
from marginspec_engine.memory.positions import position_of, wallet_key, wallet_of
from marginspec_engine.memory.words import Words, account_row, lookup, market_row, position_row, put
from marginspec_engine.rules.guards import amount_in, event_word, is_account, is_listed
from marginspec_engine.rules.margin import margin_mode_of, movable
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.transaction import balance, cash_of, effect, ledger_word, transfer


@handles(events.Deposit)
def deposit(book: Words) -> int:
    """Money comes from outside into a wallet; the first deposit opens the account, in one-way mode (ACC-01, LED-01)."""
    account, asset = event_word(book, layout.FIRST_ACCOUNT), event_word(book, layout.EVENT_ASSET)
    amount = amount_in(book, asset)
    if amount <= 0:
        return reasons.INVALID_AMOUNT
    if not is_account(book, account):
        put(book, account_row(book, account), layout.MODE, layout.ONE_WAY)
        effect(book, layout.POSITION_MODE_SET, account, layout.ONE_WAY)
    wallet = wallet_of(book, account, asset)
    transfer(book, asset, ledger_word(layout.EXTERNAL_OF, asset), cash_of(book, wallet), amount, layout.ACC_01)
    check_net_deposits(book, asset)
    return reasons.ACCEPTED


def check_net_deposits(book: Words, asset: int) -> None:
    """Net deposits of an asset stay within 2^60 quanta (NUM-03)."""
    if -balance(book, ledger_word(layout.EXTERNAL_OF, asset)) > MAX_NET_DEPOSITS:
        book[layout.OUT_OF_RANGE] = 1


@handles(events.Withdraw)
def withdraw(book: Words) -> int:
    """A withdrawal takes at most what is withdrawable, and so leaves the domain healthy (MRG-06)."""
    account, asset = event_word(book, layout.FIRST_ACCOUNT), event_word(book, layout.EVENT_ASSET)
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    amount = amount_in(book, asset)
    if amount <= 0:
        return reasons.INVALID_AMOUNT
    wallet = lookup(book, layout.DOMAIN_MAP, wallet_key(account, asset))
    if wallet == NONE or amount > movable(book, wallet):
        return reasons.INSUFFICIENT_BALANCE
    transfer(book, asset, cash_of(book, wallet), ledger_word(layout.EXTERNAL_OF, asset), amount, layout.MRG_06)
    return reasons.ACCEPTED


@handles(events.FundInsurance)
def fund_insurance(book: Words) -> int:
    """The exchange may pay into the insurance fund from outside (LED-03)."""
    asset = event_word(book, layout.EVENT_ASSET)
    amount = amount_in(book, asset)
    if amount <= 0:
        return reasons.INVALID_AMOUNT
    outside, fund = ledger_word(layout.EXTERNAL_OF, asset), ledger_word(layout.INSURANCE_OF, asset)
    transfer(book, asset, outside, fund, amount, layout.LED_03)
    check_net_deposits(book, asset)
    return reasons.ACCEPTED


@handles(events.WithdrawHouse)
def withdraw_house(book: Words) -> int:
    """The exchange may withdraw from the house what is there (LED-03)."""
    asset = event_word(book, layout.EVENT_ASSET)
    amount = amount_in(book, asset)
    if amount <= 0:
        return reasons.INVALID_AMOUNT
    if amount > balance(book, ledger_word(layout.HOUSE_OF, asset)):
        return reasons.INSUFFICIENT_FUNDS
    transfer(
        book, asset, ledger_word(layout.HOUSE_OF, asset), ledger_word(layout.EXTERNAL_OF, asset), amount, layout.LED_03
    )
    return reasons.ACCEPTED


@handles(events.AdjustIsolatedMargin)
def adjust_isolated_margin(book: Words) -> int:
    """Cash moves into or out of an isolated position, at most what is movable where it comes from (ACC-04)."""
    market, account = event_word(book, layout.OF_MARKET), event_word(book, layout.FIRST_ACCOUNT)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    asset = market_row(book, market)[layout.ASSET]
    amount = amount_in(book, asset)
    if amount == 0:
        return reasons.INVALID_AMOUNT
    number = position_of(book, account, market, event_word(book, layout.FIRST_SIDE))
    position = position_row(book, number)
    if position[layout.QUANTITY] == 0:
        return reasons.NO_POSITION
    if margin_mode_of(book, account, market) != layout.ISOLATED_MODE:
        return reasons.NOT_ISOLATED
    cross, own = wallet_of(book, account, asset), position[layout.DOMAIN]
    source, target = (cross, own) if amount > 0 else (own, cross)
    if abs(amount) > movable(book, source):
        return reasons.INSUFFICIENT_BALANCE
    transfer(book, asset, cash_of(book, source), cash_of(book, target), abs(amount), layout.ACC_04)
    return reasons.ACCEPTED
