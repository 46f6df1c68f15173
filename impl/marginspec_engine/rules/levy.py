"""Last resort: the house pays, then every positive equity of the asset, pro rata and bounded."""

from marginspec_engine import layout
from marginspec_engine.index.sorting import sort_domains
from marginspec_engine.index.suspects import suspect
from marginspec_engine.kernels import waterfall as kernels
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.words import Words, at, domain_row, items, push
from marginspec_engine.rules.margin import domain_margin
from marginspec_engine.rules.transaction import balance, cash_of, effect, ledger_word, transfer
from marginspec_engine.rules.waterfall import count_funds


def levy(book: Words, asset: int, missing: int) -> None:
    """The house pays into the insurance fund as far as it can; the rest is levied on positive equities (LVY-01)."""
    house, insurance = ledger_word(layout.HOUSE_OF, asset), ledger_word(layout.INSURANCE_OF, asset)
    from_house = min(missing, balance(book, house))
    transfer(book, asset, house, insurance, from_house, layout.LVY_01)
    levied = 0
    total = collect_payers(book, asset)
    if total > 0:
        levied = levy_payers(book, asset, kernels.levied_amount(missing - from_house, total), total)
    if book[layout.EVENT_MARKET] != NONE:
        count_funds(book, book[layout.EVENT_MARKET], layout.LEVIED, from_house + levied)


def collect_payers(book: Words, asset: int) -> int:
    """Leave in UNHEALTHY the asset's domains of positive equity, in key order, with equities in WORKING; their sum."""
    payers, equities, total = at(book, layout.UNHEALTHY), at(book, layout.WORKING), 0
    payers[USED] = 0
    for domain in range(at(book, layout.DOMAINS)[USED] // layout.DOMAIN_ROW):
        if domain_row(book, domain)[layout.ASSET] == asset and domain_margin(book, domain)[0] > 0:
            push(book, payers, domain)
    sort_domains(book, payers)
    equities[USED] = 0
    for place in range(payers[USED]):
        equity, _ = domain_margin(book, items(book, payers)[place])
        push(book, equities, equity)
        total = total + equity
    return total


def levy_payers(book: Words, asset: int, amount: int, total: int) -> int:
    """Levy an amount on the payers by their equities; gives what was paid (NUM-02, LVY-01)."""
    payers, equities = at(book, layout.UNHEALTHY), items(book, at(book, layout.WORKING))
    left, levied = amount, 0
    for place in range(payers[USED]):
        left = left - kernels.share_floor(amount, equities[place], total)
    for place in range(payers[USED]):
        share, left = kernels.next_share(amount, equities[place], total, left)
        if share > 0:
            pay_levy(book, asset, items(book, payers)[place], share)
            levied = levied + share
    return levied


def pay_levy(book: Words, asset: int, domain: int, amount: int) -> None:
    """A domain's part of a levy goes from its cash into the insurance fund, and may leave it unhealthy (LVY-01)."""
    transfer(book, asset, cash_of(book, domain), ledger_word(layout.INSURANCE_OF, asset), amount, layout.LVY_01)
    owner = domain_row(book, domain)
    effect(book, layout.DOMAIN_LEVIED, owner[layout.OWNER], asset, owner[layout.MARKET], owner[layout.SIDE], amount)
    suspect(book, domain)
