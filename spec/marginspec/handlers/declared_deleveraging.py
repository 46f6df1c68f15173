"""Declared deleveraging: a venue that cannot sell its lots closes them against counterparties."""

from marginspec.handlers.fills import lots_to_close
from marginspec.handlers.guards import known_market, marked_market, quantity_in
from marginspec.model.events import Deleverage
from marginspec.model.rejections import Reason, require
from marginspec.model.units import Quantity
from marginspec.registry import handles, rule
from marginspec.settlement.deleveraging import deleverage, find_declared_step
from marginspec.transaction import Transaction


@handles(Deleverage)
@rule("ADL-06")
def declared_deleveraging(transaction: Transaction, event: Deleverage) -> None:
    """A venue may declare deleveraging of its lots of a side: by steps, oldest first, whatever the cover test says.

    It closes what it can; refused NO_INVENTORY if its lots are too few, NO_COUNTERPARTY if not one step is possible.
    """
    market = known_market(transaction, event.market)
    left = quantity_in(market, event.quantity, marked_market(market))
    lots_to_close(transaction, event, left)
    step = find_declared_step(transaction, market, transaction.queues, event.side, left)
    require(step is not None, Reason.NO_COUNTERPARTY)
    while step is not None:
        deleverage(transaction, market, step)
        left = Quantity(left - step.quantity)
        step = find_declared_step(transaction, market, transaction.queues, event.side, left) if left > 0 else None
    transaction.exposed.add(market.asset)
    transaction.event_market = market.id
