"""Claims on relief: what is left to each margin domain of what it was levied."""

from marginspec_engine import layout
from marginspec_engine.index.sorting import sort_domains
from marginspec_engine.kernels import waterfall as kernels
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.words import Words, at, domain_row, items, push, put
from marginspec_engine.rules.transaction import balance, cash_of, effect, ledger_word, transfer


def list_claimants(book: Words) -> None:
    """Have CLAIMANTS list all domains with claims, in the order of their keys: claims rise in levies only."""
    listed = at(book, layout.CLAIMANTS)
    listed[USED] = 0
    for domain in range(at(book, layout.DOMAINS)[USED] // layout.DOMAIN_ROW):
        if domain_row(book, domain)[layout.CLAIM] > 0:
            push(book, listed, domain)
    sort_domains(book, listed)


def change_claim(book: Words, domain: int, change: int) -> None:
    """Have a domain's claim rise, or fall if negative."""
    words = domain_row(book, domain)
    put(book, words, layout.CLAIM, words[layout.CLAIM] + change)


def lower_claims(book: Words, asset: int, amount: int, is_returned: bool) -> None:
    """What leaves an asset's relief lowers the claims pro rata, in key order; if it goes back, it is paid (LVY-02)."""
    if amount == 0:
        return
    listed = at(book, layout.CLAIMANTS)
    claimants, total = items(book, listed), balance(book, ledger_word(layout.RELIEF_OF, asset))
    # The claims sum to relief as it was before the amount left it (INV-14).
    total = total if is_returned else total + amount
    left = amount
    for place in range(listed[USED]):
        left = left - kernels.share_floor(amount, claim_in(book, claimants[place], asset), total)
    for place in range(listed[USED]):
        domain = claimants[place]
        share, left = kernels.next_share(amount, claim_in(book, domain, asset), total, left)
        if share > 0:
            change_claim(book, domain, -share)
            if is_returned:
                pay_back(book, asset, domain, share)


def claim_in(book: Words, domain: int, asset: int) -> int:
    """A domain's claim on the relief of an asset."""
    words = domain_row(book, domain)
    return words[layout.CLAIM] if words[layout.ASSET] == asset else 0


def pay_back(book: Words, asset: int, domain: int, amount: int) -> None:
    """A domain is paid in cash, an isolated one that is flat by now in its account's cross wallet (LVY-02)."""
    owner = domain_row(book, domain)
    is_there = owner[layout.MARKET] == NONE or owner[layout.COUNT] > 0
    target = cash_of(book, domain if is_there else owner[layout.WALLET])
    transfer(book, asset, ledger_word(layout.RELIEF_OF, asset), target, amount, layout.LVY_02)
    effect(book, layout.RELIEF_RETURNED, owner[layout.OWNER], asset, owner[layout.MARKET], owner[layout.SIDE], amount)


def use_claim(book: Words, domain: int, debt: int) -> None:
    """A negative equity uses up the own claim: debt, claim or relief, whichever is least, to insurance (LIQ-03)."""
    words = domain_row(book, domain)
    asset = words[layout.ASSET]
    relief, insurance = ledger_word(layout.RELIEF_OF, asset), ledger_word(layout.INSURANCE_OF, asset)
    used = kernels.used_claim(debt, words[layout.CLAIM], balance(book, relief))
    transfer(book, asset, relief, insurance, used, layout.LIQ_03)
    change_claim(book, domain, -used)
