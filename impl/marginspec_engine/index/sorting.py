"""Orders in which rules go through accounts, positions and domains: that of their names, code point by code point."""

from collections.abc import Callable
from typing import TypeAlias

from marginspec_engine import layout
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.words import (
    Words,
    account_row,
    asset_row,
    at,
    domain_row,
    items,
    market_row,
    order_row,
    position_row,
    push,
    reserve,
)

# ----------------------------------------------------------------- accounts by name


def name_comes_first(book: Words, first: int, second: int) -> bool:
    """Whether an account's name comes before another's, or is the same."""
    names = items(book, at(book, layout.NAMES))
    one, other = account_row(book, first), account_row(book, second)
    for place in range(min(one[layout.NAME_LENGTH], other[layout.NAME_LENGTH])):
        left, right = names[one[layout.NAME_START] + place], names[other[layout.NAME_START] + place]
        if left != right:
            return left < right
    return one[layout.NAME_LENGTH] <= other[layout.NAME_LENGTH]


def rank_accounts(book: Words) -> None:
    """Give every account its rank by name; costs nothing while no account is new."""
    if book[layout.HAS_UNRANKED_ACCOUNTS] == 0:
        return
    count = at(book, layout.ACCOUNTS)[USED] // layout.ACCOUNT
    ordered, spare = at(book, layout.ORDERED_ACCOUNTS), at(book, layout.KEYS)
    reserve(book, ordered, count)
    spare[USED] = 0
    reserve(book, spare, count)
    accounts, ranked = items(book, ordered), 0
    for place in range(ordered[USED]):
        if account_row(book, accounts[place])[layout.RANK] != NONE:
            accounts[ranked] = accounts[place]
            ranked = ranked + 1
    ordered[USED] = ranked
    for account in range(count):
        words = account_row(book, account)
        if words[layout.RANK] == NONE and words[layout.NAME_LENGTH] > 0:
            accounts[ordered[USED]] = account
            ordered[USED] = ordered[USED] + 1
    sort_by_name(book, accounts, items(book, spare), ranked, ordered[USED])
    merge_by_name(book, accounts, items(book, spare), 0, ranked, ordered[USED])
    for place in range(ordered[USED]):
        account_row(book, accounts[place])[layout.RANK] = place
    book[layout.HAS_UNRANKED_ACCOUNTS] = 0


def sort_by_name(book: Words, accounts: Words, spare: Words, first: int, end: int) -> None:
    """Sort accounts in places from first to end, merging runs of 1, 2, 4, ..."""
    run = 1
    while run < end - first:
        for start in range(first, end - run, 2 * run):
            merge_by_name(book, accounts, spare, start, start + run, min(start + 2 * run, end))
        run = 2 * run


def merge_by_name(book: Words, accounts: Words, spare: Words, first: int, middle: int, end: int) -> None:
    """Merge two runs of sorted accounts that stand side by side; at once if they are in order."""
    if first == middle or middle == end or name_comes_first(book, accounts[middle - 1], accounts[middle]):
        return
    for place in range(first, middle):
        spare[place] = accounts[place]
    left, right, place = first, middle, first
    while left < middle:
        if right < end and not name_comes_first(book, spare[left], accounts[right]):
            accounts[place] = accounts[right]
            right = right + 1
        else:
            accounts[place] = spare[left]
            left = left + 1
        place = place + 1


# ----------------------------------------------------------------- pairs by their first words

Order: TypeAlias = Callable[[Words, Words, int, Words, int], bool]
"""Whether a pair, of some pairs and at a place there, comes before another, of others and at a place there."""


def sort_pairs(book: Words, count: int) -> None:
    """Sort so many pairs (key, number) in KEYS by key, then number."""
    pairs = at(book, layout.KEYS)
    reserve(book, pairs, 2 * count)
    words = items(book, pairs)
    run = 1
    while run < count:
        for start in range(0, count - run, 2 * run):
            middle, end = start + run, min(start + 2 * run, count)
            merge_pairs(book, key_comes_first, words, at(words, 2 * count), start, middle, end)
        run = 2 * run


def merge_pairs(book: Words, comes_first: Order, pairs: Words, spare: Words, first: int, middle: int, end: int) -> None:
    """Merge two runs of pairs, sorted by an order, that stand side by side; at once if they are in order."""
    if not comes_first(book, pairs, middle, pairs, middle - 1):
        return
    for place in range(2 * first, 2 * middle):
        spare[place] = pairs[place]
    left, right, place = first, middle, first
    while left < middle:
        if right < end and comes_first(book, pairs, right, spare, left):
            pairs[2 * place] = pairs[2 * right]
            pairs[2 * place + 1] = pairs[2 * right + 1]
            right = right + 1
        else:
            pairs[2 * place] = spare[2 * left]
            pairs[2 * place + 1] = spare[2 * left + 1]
            left = left + 1
        place = place + 1


def key_comes_first(book: Words, pairs: Words, place: int, others: Words, other: int) -> bool:  # noqa: ARG001 - an Order
    """Whether a pair's key, or its number if the keys are equal, is below another's."""
    key, other_key = pairs[2 * place], others[2 * other]
    return key < other_key or (key == other_key and pairs[2 * place + 1] < others[2 * other + 1])


def sort_positions(book: Words, listed: Words) -> int:
    """Leave a market's positions in WORKING, in the order of their keys; gives how many there are."""
    rank_accounts(book)
    count = listed[USED]
    pairs, working = at(book, layout.KEYS), at(book, layout.WORKING)
    pairs[USED] = 0
    for place in range(count):
        number = items(book, listed)[place]
        position = position_row(book, number)
        push(book, pairs, 4 * account_row(book, position[layout.OWNER])[layout.RANK] + position[layout.SIDE])
        push(book, pairs, number)
    sort_pairs(book, count)
    working[USED] = 0
    for place in range(count):
        push(book, working, items(book, pairs)[2 * place + 1])
    return count


def sort_domains(book: Words, domains: Words) -> None:
    """Put the domains of a vector in the order of their keys: account, asset, cross before market and side."""
    count = domains[USED]
    if count < 2:
        return
    rank_accounts(book)
    pairs = at(book, layout.KEYS)
    pairs[USED] = 0
    for place in range(count):
        number = items(book, domains)[place]
        push(book, pairs, account_rank(book, number))
        push(book, pairs, number)
    sort_pairs(book, count)
    for place in range(count):
        items(book, domains)[place] = items(book, pairs)[2 * place + 1]
    sort_within_accounts(book, items(book, domains), count)


def sort_within_accounts(book: Words, domains: Words, count: int) -> None:
    """Put domains that stand by account in order within each account."""
    first = 0
    for place in range(1, count + 1):
        if place == count or owner_of(book, domains[place]) != owner_of(book, domains[first]):
            if place - first > 1:
                sort_of_account(book, at(domains, first), place - first)
            first = place


def sort_of_account(book: Words, domains: Words, count: int) -> None:
    """Put so many domains of one account in order."""
    pairs = at(book, layout.KEYS)
    pairs[USED] = 0
    for place in range(count):
        push(book, pairs, rank_within_account(book, domains[place]))
        push(book, pairs, domains[place])
    sort_pairs(book, count)
    for place in range(count):
        domains[place] = items(book, pairs)[2 * place + 1]


def owner_of(book: Words, domain: int) -> int:
    """The account of a domain."""
    return domain_row(book, domain)[layout.OWNER]


def account_rank(book: Words, domain: int) -> int:
    """Where the account of a domain stands among all."""
    return account_row(book, owner_of(book, domain))[layout.RANK]


def rank_within_account(book: Words, domain: int) -> int:
    """Where a domain stands among those of its account: by asset, then cross, then by market and side."""
    words = domain_row(book, domain)
    asset = asset_row(book, words[layout.ASSET])[layout.RANK] << 32
    if words[layout.MARKET] == NONE:
        return asset
    return asset + 4 * (market_row(book, words[layout.MARKET])[layout.RANK] + 1) + words[layout.SIDE]


def order_name_comes_first(book: Words, first: int, second: int) -> bool:
    """Whether an order's name comes before another's of the same account."""
    names = items(book, at(book, layout.NAMES))
    one, other = order_row(book, first)[layout.NAME], order_row(book, second)[layout.NAME]
    texts = at(book, layout.ORDER_NAMES)
    one_start, other_start = items(book, texts)[2 * one], items(book, texts)[2 * other]
    one_length, other_length = items(book, texts)[2 * one + 1], items(book, texts)[2 * other + 1]
    for place in range(min(one_length, other_length)):
        left, right = names[one_start + place], names[other_start + place]
        if left != right:
            return left < right
    return one_length < other_length
