"""Funding: a zero-sum payment between the positions of a market, at mark, in the order of their keys."""

from marginspec.model import events
from marginspec_engine import layout
from marginspec_engine.index.sorting import sort_positions
from marginspec_engine.index.suspects import expose, suspect
from marginspec_engine.kernels.limits import RATE_ONE
from marginspec_engine.kernels.trading import funding_due
from marginspec_engine.layout import NONE, USED, reasons
from marginspec_engine.memory.words import Words, at, items, lot_row, market_row, position_row, push
from marginspec_engine.rules.guards import event_word, is_listed
from marginspec_engine.rules.margin import value_at_mark
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.transaction import balance, cash_of, ledger_word, transfer


@handles(events.Funding)
def funding(book: Words) -> int:
    """Payers in key order, then lots, pay into clearing; receivers take out; the fund gets the rest (FND-01)."""
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    number = event_word(book, layout.OF_MARKET)
    market = market_row(book, number)
    if market[layout.MARK] == 0:
        return reasons.NO_MARK
    low, high = event_word(book, layout.AMOUNT_LOW), event_word(book, layout.AMOUNT_HIGH)
    most = market[layout.FUNDING_CAP] if market[layout.FUNDING_CAP] > 0 else RATE_ONE
    if high != low >> 63 or low < -most or low > most:
        return reasons.INVALID_RATE
    collect_payments(book, market, low)
    clearing = ledger_word(layout.CLEARING_OF, market[layout.ASSET])
    pay_in(book, market[layout.ASSET], clearing, layout.FND_01)
    pay_out(book, market[layout.ASSET], clearing, layout.FND_01)
    fund = ledger_word(layout.INSURANCE_OF, market[layout.ASSET])
    transfer(book, market[layout.ASSET], clearing, fund, balance(book, clearing), layout.FND_01)
    expose(book, market[layout.ASSET])
    book[layout.EVENT_MARKET] = number
    return reasons.ACCEPTED


def collect_payments(book: Words, market: Words, rate: int) -> None:
    """Leave in WORKING the ledger account and the amount due (negative to it) of each position and lot."""
    working = at(book, layout.WORKING)
    count = sort_positions(book, at(market, layout.MARKET_POSITIONS))
    ordered = items(book, working)
    payments = working[USED]
    for place in range(count):
        position = position_row(book, ordered[place])
        push(book, working, cash_of(book, position[layout.DOMAIN]))
        push(book, working, funding_due(value_at_mark(market, position[layout.QUANTITY]), rate))
        suspect(book, position[layout.DOMAIN])
        ordered = items(book, working)
    number = market[layout.FIRST_LOT]
    while number != NONE:
        lot = lot_row(book, number)
        push(book, working, ledger_word(layout.LOT_OF, number))
        push(book, working, funding_due(value_at_mark(market, lot[layout.QUANTITY]), rate))
        number = lot[layout.NEXT]
    drop_front(book, payments)


def drop_front(book: Words, words: int) -> None:
    """Drop so many words from the front of WORKING."""
    working = at(book, layout.WORKING)
    kept = items(book, working)
    for place in range(words, working[USED]):
        kept[place - words] = kept[place]
    working[USED] = working[USED] - words


def pay_in(book: Words, asset: int, clearing: int, rule: int) -> None:
    """Every payer pays what is due, by a rule."""
    working = at(book, layout.WORKING)
    payments = items(book, working)
    for place in range(0, working[USED], 2):
        if payments[place + 1] > 0:
            transfer(book, asset, payments[place], clearing, payments[place + 1], rule)


def pay_out(book: Words, asset: int, clearing: int, rule: int) -> None:
    """Every receiver takes out what is due, by a rule."""
    working = at(book, layout.WORKING)
    payments = items(book, working)
    for place in range(0, working[USED], 2):
        if payments[place + 1] < 0:
            transfer(book, asset, clearing, payments[place], -payments[place + 1], rule)
