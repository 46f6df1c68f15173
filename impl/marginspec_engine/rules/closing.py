"""Closing part of a position: what it realises, and what cash an isolated one gives back."""

from marginspec_engine import layout
from marginspec_engine.kernels import trading as kernels
from marginspec_engine.memory.positions import set_position
from marginspec_engine.memory.words import Words, domain_row, position_row
from marginspec_engine.rules.transaction import cash_of, ledger_word, move, transfer


def realise(
    book: Words, market: Words, number: int, domain: int, closing: int, value: int, cost: int, rule: int
) -> None:
    """Closing realises the value of the part less its released cost, into the position's domain (ACC-02).

    The value has been booked to the position; the cost is its whole one from before that.
    """
    held = position_row(book, number)[layout.QUANTITY]
    released = kernels.released_cost(cost, abs(held), abs(closing))
    set_position(book, number, domain, held + closing)
    account = ledger_word(layout.POSITION_OF, number)
    move(book, market[layout.ASSET], account, cash_of(book, domain), value - released, rule)


def return_all_margin(book: Words, number: int) -> None:
    """An isolated position that became flat returns all its cash; negative cash stays (ACC-04)."""
    domain = domain_row(book, number)
    if domain[layout.CASH] > 0:
        own, wallet = cash_of(book, number), cash_of(book, domain[layout.WALLET])
        transfer(book, domain[layout.ASSET], own, wallet, domain[layout.CASH], layout.ACC_04)
