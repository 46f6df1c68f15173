"""Effects and money: what an event did is written down as words, and money moves by transfer only."""

from marginspec.model.units import MAX_BALANCE, MAX_FUND
from marginspec_engine import layout
from marginspec_engine.index.stale import mark_leaves_stale, mark_stale
from marginspec_engine.layout import NONE, USED, reasons
from marginspec_engine.memory.words import (
    Words,
    asset_row,
    at,
    domain_row,
    is_compiled,
    items,
    lot_row,
    market_row,
    position_row,
    put,
    reserve,
)

ACCEPTED = reasons.ACCEPTED


def effect(book: Words, kind: int, *fields: int) -> None:
    """Emit an effect of a kind, with all of its fields in the order in which the rulebook declares them."""
    effects = at(book, layout.EFFECTS)
    reserve(book, effects, 1 + len(fields))
    words = at(items(book, effects), effects[USED])
    effects[USED] = effects[USED] + 1 + len(fields)
    words[0] = kind
    for place in range(len(fields)):
        words[1 + place] = fields[place]


def ledger_word(kind: int, owner: int) -> int:
    """A ledger account as one word: its kind and the row that holds its balance."""
    return kind + layout.OWNERS * owner


def cash_of(book: Words, domain: int) -> int:
    """The ledger account of a domain's cash."""
    is_cross = domain_row(book, domain)[layout.MARKET] == NONE
    return ledger_word(layout.WALLET_OF if is_cross else layout.ISOLATED_OF, domain)


def balance_words(book: Words, account: int) -> Words:
    """Where a ledger account's balance stands; a position's and a lot's stands there as cost, with the other sign."""
    kind, owner = account & (layout.OWNERS - 1), account // layout.OWNERS
    if is_cash(kind):
        return at(domain_row(book, owner), layout.CASH)
    if kind == layout.POSITION_OF:
        return at(position_row(book, owner), layout.COST)
    if kind == layout.LOT_OF:
        return at(lot_row(book, owner), layout.COST)
    if kind == layout.RESERVE_OF:
        return at(market_row(book, owner), layout.RESERVE)
    asset = asset_row(book, owner)
    if kind == layout.INSURANCE_OF:
        return at(asset, layout.INSURANCE)
    if kind == layout.RELIEF_OF:
        return at(asset, layout.RELIEF)
    if kind == layout.HOUSE_OF:
        return at(asset, layout.HOUSE)
    return at(asset, layout.CLEARING if kind == layout.CLEARING_OF else layout.EXTERNAL)


def balance(book: Words, account: int) -> int:
    """Balance of a ledger account in quanta of its asset."""
    word = balance_words(book, account)[0]
    return -word if is_cost(account) else word


def is_cash(kind: int) -> bool:
    """Whether a ledger account of a kind is a domain's cash."""
    return layout.WALLET_OF <= kind <= layout.ISOLATED_OF


def is_shared_fund(kind: int) -> bool:
    """Whether a ledger account of a kind is a fund that the markets of an asset share: insurance or relief."""
    return layout.INSURANCE_OF <= kind <= layout.RELIEF_OF


def is_cost(account: int) -> bool:
    """Whether a ledger account's balance stands as cost."""
    return account & (layout.OWNERS - 1) in (layout.POSITION_OF, layout.LOT_OF)


def published(book: Words, account: int) -> int:
    """A ledger account as effects name it: a lot by its own number, since its row is used again."""
    if account & (layout.OWNERS - 1) == layout.LOT_OF:
        return ledger_word(layout.LOT_OF, lot_row(book, account // layout.OWNERS)[layout.NUMBER])
    return account


def transfer(book: Words, asset: int, source: int, target: int, amount: int, rule: int) -> None:
    """Money (>= 0) moves only by transfer; nothing leaves no effect (LED-01, LED-02)."""
    if amount == 0:
        return
    left, gained = changed(book, source, -amount), changed(book, target, amount)
    if book[layout.SETTLING] == 0:
        check_range(book, target, left, gained)
    source_kind, target_kind = source & (layout.OWNERS - 1), target & (layout.OWNERS - 1)
    if is_shared_fund(source_kind) or is_shared_fund(target_kind):
        put(book, asset_row(book, asset), layout.SHARED_FUNDS_MOVED, 1)
    if is_cash(source_kind):
        mark_stale(book, source // layout.OWNERS)
    if is_cash(target_kind):
        mark_leaves_stale(book, target // layout.OWNERS)
    effect(book, layout.TRANSFERRED, asset, published(book, source), published(book, target), amount, rule)


def changed(book: Words, account: int, change: int) -> int:
    """Change a ledger account's balance; gives what it is then."""
    words = balance_words(book, account)
    if is_cost(account):
        put(book, words, 0, words[0] - change)
        if account & (layout.OWNERS - 1) == layout.LOT_OF:
            lot = lot_row(book, account // layout.OWNERS)
            market = market_row(book, lot[layout.MARKET])
            put(book, market, layout.LOTS_COST, market[layout.LOTS_COST] - change)
        return -words[0]
    put(book, words, 0, words[0] + change)
    return words[0]


def check_range(book: Words, target: int, left: int, gained: int) -> None:
    """Remember a balance past its limit; one past 2^62 may be past 64 bits with the next transfer (NUM-03)."""
    kind = target & (layout.OWNERS - 1)
    most = MAX_FUND if layout.RESERVE_OF <= kind <= layout.CLEARING_OF else MAX_BALANCE
    if left < -MAX_BALANCE or left > MAX_BALANCE or gained < -MAX_BALANCE or gained > most:
        book[layout.OUT_OF_RANGE] = 1
    if left < -MAX_BALANCE or left > MAX_BALANCE or gained < -MAX_BALANCE or gained > MAX_BALANCE:
        too_wide(book)


def too_wide(book: Words) -> None:
    """Have the event answered by Python's own integers, if these are not."""
    if is_compiled():
        book[layout.WIDE] = 1


def move(book: Words, asset: int, source: int, target: int, amount: int, rule: int) -> None:
    """Transfer a signed amount: a negative one moves its absolute value the other way."""
    if amount >= 0:
        transfer(book, asset, source, target, amount, rule)
    else:
        transfer(book, asset, target, source, -amount, rule)
