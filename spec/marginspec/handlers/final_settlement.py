"""Final settlement of a market: its last mark and its orders; what is open there closes once the event has settled."""

from marginspec.handlers.guards import known_market, marked_market, price_in
from marginspec.handlers.markets import move_mark
from marginspec.model.effects import OrderCancelled
from marginspec.model.events import SettleMarket
from marginspec.registry import handles, rule
from marginspec.transaction import Transaction


@handles(SettleMarket)
@rule("MKT-05")
def settle_finally(transaction: Transaction, event: SettleMarket) -> None:
    """The mark becomes the final price, all orders in the market are cancelled, and the event settles as a mark does.

    After that the market closes, or the event is refused COVER_EXCEEDED, whole.
    """
    market = known_market(transaction, event.market)
    marked_market(market)
    move_mark(transaction, market, price_in(market, event.price))
    cancel_orders_in(transaction, market.id)
    transaction.closing = market.id


@rule("MKT-05")
def cancel_orders_in(transaction: Transaction, market: str) -> None:
    """All orders in a market are cancelled, accounts by name, orders by id."""
    for account in sorted(transaction.orders):
        orders = transaction.orders[account]
        for order_id in sorted(orders):
            if orders[order_id].market == market:
                transaction.remove_order(account, order_id, OrderCancelled(account, order_id))
