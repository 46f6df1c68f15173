"""Funding: a zero-sum payment between the positions of a market, at mark."""

from marginspec.handlers.guards import funding_rate, known_market, marked_market
from marginspec.margin.margin import NO_POSITIONS, cash_account
from marginspec.model import ledger
from marginspec.model.events import Funding
from marginspec.model.ledger import LedgerAccount
from marginspec.model.units import RATE_ONE, Money, Rate, div_up
from marginspec.registry import handles, rule
from marginspec.transaction import Transaction


@rule("FND-01")
def funding_due(value: Money, rate: Rate) -> Money:
    """A position pays its value at mark times the rate: payers round up, receivers down.

    Positive is due from it, negative to it; one rounding serves both and favours nobody but the fund,
    by less than one quantum.
    """
    return Money(div_up(value * rate, RATE_ONE))


@handles(Funding)
@rule("FND-01")
def funding(transaction: Transaction, event: Funding) -> None:
    """Payers in key order, then lots, pay into clearing; receivers take out; the insurance fund gets the rest."""
    market = known_market(transaction, event.market)
    mark = marked_market(market)
    rate = funding_rate(market, event.rate)
    due: list[tuple[LedgerAccount, Money]] = []
    for key, domain in sorted(transaction.positions_in.get(market.id, NO_POSITIONS).items()):
        amount = funding_due(market.value(mark, transaction.positions[key]), rate)
        due.append((cash_account(domain), amount))
        transaction.suspects.add(domain)
    for lot_id in transaction.lots_in.get(market.id, ()):
        amount = funding_due(market.value(mark, transaction.lots[lot_id].quantity), rate)
        due.append((ledger.lot(lot_id), amount))
    transaction.clear(market.asset, due, "FND-01")
    clearing = ledger.clearing(market.asset)
    left = transaction.balance(clearing)
    transaction.transfer(market.asset, clearing, ledger.insurance(market.asset), left, "FND-01")
    transaction.exposed.add(market.asset)
    transaction.event_market = market.id
