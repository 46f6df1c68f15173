"""Final settlement of a market: its last mark and its orders; what is open there closes once the event has settled."""

from marginspec.model import events
from marginspec_engine import layout
from marginspec_engine.index.sorting import rank_accounts
from marginspec_engine.layout import NONE, USED, reasons
from marginspec_engine.memory.orders import cancel
from marginspec_engine.memory.words import Words, account_row, at, items, market_row, order_row, push
from marginspec_engine.rules.guards import event_word, is_listed
from marginspec_engine.rules.liquidation import sort_orders
from marginspec_engine.rules.markets import set_mark
from marginspec_engine.rules.registry import handles
from marginspec_engine.rules.transaction import too_wide


@handles(events.SettleMarket)
def settle_finally(book: Words) -> int:
    """The mark becomes the final price, all orders there are cancelled, and the event settles as a mark does (MKT-05).

    Without a levy the event can be refused after it has settled; only Python's draft takes all of that back.
    """
    number = event_word(book, layout.OF_MARKET)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if market_row(book, number)[layout.MARK] == 0:
        return reasons.NO_MARK
    if book[layout.LEVIES] == 0:
        too_wide(book)
        if book[layout.WIDE] == 1:
            return reasons.ACCEPTED
    reason = set_mark(book)
    if reason == reasons.ACCEPTED:
        cancel_orders_in(book, number)
        book[layout.CLOSING] = number
    return reason


def cancel_orders_in(book: Words, market: int) -> None:
    """All orders in a market are cancelled, accounts by name, orders by id (MKT-05)."""
    rank_accounts(book)
    ordered = at(book, layout.ORDERED_ACCOUNTS)
    for place in range(ordered[USED]):
        collect_orders(book, items(book, ordered)[place], market)
        sort_orders(book)
        for chosen in range(at(book, layout.WORKING)[USED]):
            cancel(book, items(book, at(book, layout.WORKING))[chosen])


def collect_orders(book: Words, account: int, market: int) -> None:
    """Leave in WORKING an account's orders in a market."""
    working = at(book, layout.WORKING)
    working[USED] = 0
    number = account_row(book, account)[layout.FIRST_ORDER]
    while number != NONE:
        order = order_row(book, number)
        if order[layout.MARKET] == market:
            push(book, working, number)
        number = order[layout.NEXT]
