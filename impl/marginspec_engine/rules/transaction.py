"""Effects and money: what an event did is written down as words, and money moves by transfer only."""

from marginspec_engine.index.touched import dirty, touch
from marginspec_engine.layout import (
    ASSET_ROW,
    ASSETS,
    CASH,
    CLEARING,
    CLEARING_OF,
    COST,
    DOMAIN_ROW,
    DOMAINS,
    EFFECTS,
    EXTERNAL,
    HOUSE,
    HOUSE_OF,
    INSURANCE,
    INSURANCE_MOVED,
    INSURANCE_OF,
    ISOLATED_OF,
    LOT,
    LOT_OF,
    LOTS,
    LOTS_COST,
    MARKET,
    MARKET_ROW,
    MARKETS,
    NONE,
    NUMBER,
    OUT_OF_RANGE,
    OWNERS,
    POSITION,
    POSITION_OF,
    POSITIONS,
    RESERVE,
    RESERVE_OF,
    SETTLING,
    TRANSFERRED,
    USED,
    WALLET_OF,
    WIDE,
    reasons,
)
from marginspec_engine.memory.words import Words, at, is_compiled, items, put, reserve, row

MAX_BALANCE = 2**62
MAX_FUND = 2**60
ACCEPTED = reasons.ACCEPTED


def effect(book: Words, kind: int, length: int) -> Words:
    """The words of a new effect of a kind; the caller writes all but the first."""
    effects = at(book, EFFECTS)
    reserve(book, effects, length)
    words = at(items(book, effects), effects[USED])
    effects[USED] = effects[USED] + length
    words[0] = kind
    return words


def named(kind: int, owner: int) -> int:
    """A ledger account as one word: its kind and the row that holds its balance."""
    return kind + OWNERS * owner


def cash_of(book: Words, domain: int) -> int:
    """The ledger account of a domain's cash."""
    is_cross = row(book, DOMAINS, domain, DOMAIN_ROW)[MARKET] == NONE
    return named(WALLET_OF if is_cross else ISOLATED_OF, domain)


def balance_words(book: Words, account: int) -> Words:
    """Where a ledger account's balance stands; a position's and a lot's stands there as cost, with the other sign."""
    kind, owner = account & (OWNERS - 1), account // OWNERS
    if kind <= ISOLATED_OF:
        return at(row(book, DOMAINS, owner, DOMAIN_ROW), CASH)
    if kind == POSITION_OF:
        return at(row(book, POSITIONS, owner, POSITION), COST)
    if kind == LOT_OF:
        return at(row(book, LOTS, owner, LOT), COST)
    if kind == RESERVE_OF:
        return at(row(book, MARKETS, owner, MARKET_ROW), RESERVE)
    asset = row(book, ASSETS, owner, ASSET_ROW)
    if kind == INSURANCE_OF:
        return at(asset, INSURANCE)
    if kind == HOUSE_OF:
        return at(asset, HOUSE)
    return at(asset, CLEARING if kind == CLEARING_OF else EXTERNAL)


def balance(book: Words, account: int) -> int:
    """Balance of a ledger account in quanta of its asset."""
    word = balance_words(book, account)[0]
    return -word if is_cost(account) else word


def is_cost(account: int) -> bool:
    """Whether a ledger account's balance stands as cost."""
    return account & (OWNERS - 1) in (POSITION_OF, LOT_OF)


def published(book: Words, account: int) -> int:
    """A ledger account as effects name it: a lot by its own number, since its row is used again."""
    if account & (OWNERS - 1) == LOT_OF:
        return named(LOT_OF, row(book, LOTS, account // OWNERS, LOT)[NUMBER])
    return account


def transfer(book: Words, asset: int, source: int, target: int, amount: int, rule: int) -> None:
    """Money (>= 0) moves only by transfer; nothing leaves no effect (LED-01, LED-02)."""
    if amount == 0:
        return
    left, gained = changed(book, source, -amount), changed(book, target, amount)
    if book[SETTLING] == 0:
        check_range(book, target, left, gained)
    source_kind, target_kind = source & (OWNERS - 1), target & (OWNERS - 1)
    if source_kind == INSURANCE_OF or target_kind == INSURANCE_OF:
        put(book, row(book, ASSETS, asset, ASSET_ROW), INSURANCE_MOVED, 1)
    if source_kind <= ISOLATED_OF:
        touch(book, source // OWNERS)
    if target_kind <= ISOLATED_OF:
        dirty(book, target // OWNERS)
    words = effect(book, TRANSFERRED, 6)
    words[1] = asset
    words[2] = published(book, source)
    words[3] = published(book, target)
    words[4] = amount
    words[5] = rule


def changed(book: Words, account: int, change: int) -> int:
    """Change a ledger account's balance; gives what it is then."""
    words = balance_words(book, account)
    if is_cost(account):
        put(book, words, 0, words[0] - change)
        if account & (OWNERS - 1) == LOT_OF:
            lot = row(book, LOTS, account // OWNERS, LOT)
            market = row(book, MARKETS, lot[MARKET], MARKET_ROW)
            put(book, market, LOTS_COST, market[LOTS_COST] - change)
        return -words[0]
    put(book, words, 0, words[0] + change)
    return words[0]


def check_range(book: Words, target: int, left: int, gained: int) -> None:
    """Remember a balance past its limit; one past 2^62 may be past 64 bits with the next transfer (NUM-03)."""
    kind = target & (OWNERS - 1)
    most = MAX_FUND if RESERVE_OF <= kind <= CLEARING_OF else MAX_BALANCE
    if left < -MAX_BALANCE or left > MAX_BALANCE or gained < -MAX_BALANCE or gained > most:
        book[OUT_OF_RANGE] = 1
    if left < -MAX_BALANCE or left > MAX_BALANCE or gained < -MAX_BALANCE or gained > MAX_BALANCE:
        too_wide(book)


def too_wide(book: Words) -> None:
    """Have the event answered by Python's own integers, if these are not."""
    if is_compiled():
        book[WIDE] = 1


def move(book: Words, asset: int, source: int, target: int, amount: int, rule: int) -> None:
    """Transfer a signed amount: a negative one moves its absolute value the other way."""
    if amount >= 0:
        transfer(book, asset, source, target, amount, rule)
    else:
        transfer(book, asset, target, source, -amount, rule)
