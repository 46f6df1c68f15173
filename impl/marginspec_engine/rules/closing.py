"""Closing part of a position: what it realises, and what cash an isolated one gives back."""

from marginspec_engine.kernels import trading as kernels
from marginspec_engine.layout import ACC_04, ASSET, CASH, POSITION_OF, QUANTITY, WALLET
from marginspec_engine.memory.positions import set_position
from marginspec_engine.memory.words import Words, domain_row, position_row
from marginspec_engine.rules.transaction import cash_of, ledger_word, move, transfer


def realise(
    book: Words, market: Words, number: int, domain: int, closing: int, value: int, cost: int, rule: int
) -> None:
    """Closing realises the value of the part less its released cost, into the position's domain (ACC-02).

    The value has been booked to the position; the cost is its whole one from before that.
    """
    held = position_row(book, number)[QUANTITY]
    released = kernels.released_cost(cost, abs(held), abs(closing))
    set_position(book, number, domain, held + closing)
    move(book, market[ASSET], ledger_word(POSITION_OF, number), cash_of(book, domain), value - released, rule)


def return_all_margin(book: Words, number: int) -> None:
    """An isolated position that became flat returns all its cash; negative cash stays (ACC-04)."""
    domain = domain_row(book, number)
    if domain[CASH] > 0:
        own, wallet = cash_of(book, number), cash_of(book, domain[WALLET])
        transfer(book, domain[ASSET], own, wallet, domain[CASH], ACC_04)
