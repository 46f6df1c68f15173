"""Events that move cash: deposits, withdrawals, the insurance fund, the house, isolated margin."""

from marginspec_engine.layout import (
    ACC_01,
    ACC_04,
    ACCOUNT,
    ACCOUNTS,
    ASSET,
    DOMAIN,
    EVENT_ASSET,
    EXTERNAL_OF,
    FIRST_ACCOUNT,
    FIRST_SIDE,
    HOUSE_OF,
    INSURANCE_OF,
    ISOLATED_MODE,
    LED_03,
    MARKET_ROW,
    MARKETS,
    MODE,
    MRG_06,
    OF_MARKET,
    ONE_WAY,
    OUT_OF_RANGE,
    POSITION,
    POSITION_MODE_SET,
    POSITIONS,
    QUANTITY,
    reasons,
)
from marginspec_engine.memory.rows import position_of, wallet_of
from marginspec_engine.memory.words import Words, put, row
from marginspec_engine.rules.guards import amount_in, event_word, is_account, is_listed
from marginspec_engine.rules.margin import SETTING_MODES, movable, setting_of
from marginspec_engine.rules.transaction import balance, cash_of, effect, named, transfer

MAX_NET_DEPOSITS = 2**60


def deposit(book: Words) -> int:
    """Money comes from outside into a wallet; the first deposit opens the account, in one-way mode (ACC-01, LED-01)."""
    account, asset = event_word(book, FIRST_ACCOUNT), event_word(book, EVENT_ASSET)
    amount = amount_in(book, asset)
    if amount <= 0:
        return reasons.INVALID_AMOUNT
    if not is_account(book, account):
        put(book, row(book, ACCOUNTS, account, ACCOUNT), MODE, ONE_WAY)
        words = effect(book, POSITION_MODE_SET, 3)
        words[1] = account
        words[2] = ONE_WAY
    wallet = wallet_of(book, account, asset)
    transfer(book, asset, named(EXTERNAL_OF, asset), cash_of(book, wallet), amount, ACC_01)
    check_net_deposits(book, asset)
    return reasons.ACCEPTED


def check_net_deposits(book: Words, asset: int) -> None:
    """Net deposits of an asset stay within 2^60 quanta (NUM-03)."""
    if -balance(book, named(EXTERNAL_OF, asset)) > MAX_NET_DEPOSITS:
        book[OUT_OF_RANGE] = 1


def withdraw(book: Words) -> int:
    """A withdrawal takes at most what is withdrawable, and so leaves the domain healthy (MRG-06)."""
    account, asset = event_word(book, FIRST_ACCOUNT), event_word(book, EVENT_ASSET)
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    amount = amount_in(book, asset)
    if amount <= 0:
        return reasons.INVALID_AMOUNT
    wallet = wallet_of(book, account, asset)
    if amount > movable(book, wallet):
        return reasons.INSUFFICIENT_BALANCE
    transfer(book, asset, cash_of(book, wallet), named(EXTERNAL_OF, asset), amount, MRG_06)
    return reasons.ACCEPTED


def fund_insurance(book: Words) -> int:
    """The exchange may pay into the insurance fund from outside (LED-03)."""
    asset = event_word(book, EVENT_ASSET)
    amount = amount_in(book, asset)
    if amount <= 0:
        return reasons.INVALID_AMOUNT
    transfer(book, asset, named(EXTERNAL_OF, asset), named(INSURANCE_OF, asset), amount, LED_03)
    check_net_deposits(book, asset)
    return reasons.ACCEPTED


def withdraw_house(book: Words) -> int:
    """The exchange may withdraw from the house what is there (LED-03)."""
    asset = event_word(book, EVENT_ASSET)
    amount = amount_in(book, asset)
    if amount <= 0:
        return reasons.INVALID_AMOUNT
    if amount > balance(book, named(HOUSE_OF, asset)):
        return reasons.INSUFFICIENT_FUNDS
    transfer(book, asset, named(HOUSE_OF, asset), named(EXTERNAL_OF, asset), amount, LED_03)
    return reasons.ACCEPTED


def adjust_isolated_margin(book: Words) -> int:
    """Cash moves into or out of an isolated position, at most what is movable where it comes from (ACC-04)."""
    market, account = event_word(book, OF_MARKET), event_word(book, FIRST_ACCOUNT)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    asset = row(book, MARKETS, market, MARKET_ROW)[ASSET]
    amount = amount_in(book, asset)
    if amount == 0:
        return reasons.INVALID_AMOUNT
    number = position_of(book, account, market, event_word(book, FIRST_SIDE))
    position = row(book, POSITIONS, number, POSITION)
    if position[QUANTITY] == 0:
        return reasons.NO_POSITION
    if setting_of(book, account, market) % SETTING_MODES != ISOLATED_MODE:
        return reasons.NOT_ISOLATED
    cross, own = wallet_of(book, account, asset), position[DOMAIN]
    source, target = (cross, own) if amount > 0 else (own, cross)
    if abs(amount) > movable(book, source):
        return reasons.INSUFFICIENT_BALANCE
    transfer(book, asset, cash_of(book, source), cash_of(book, target), abs(amount), ACC_04)
    return reasons.ACCEPTED
