"""Closing a market for good: all positions and lots close at the mark, and nothing of the market is left."""

from immutables import Map

from marginspec.margin.closing import return_all_margin
from marginspec.margin.margin import NO_POSITIONS, cash_account
from marginspec.model import ledger
from marginspec.model.effects import MarketSettled
from marginspec.model.market import Market
from marginspec.model.units import FLAT, Money
from marginspec.registry import rule
from marginspec.settlement.waterfall import book_lots
from marginspec.transaction import Transaction


@rule("MKT-05")
def close_market(transaction: Transaction, market: Market) -> None:
    """All positions and lots close at the mark, what is left in the reserve goes to insurance, the market is gone."""
    pay_values(transaction, market)
    close_positions(transaction, market)
    close_all_lots(transaction, market)
    empty_reserve(transaction, market)
    drop_market(transaction, market)


@rule("MKT-05", "LED-02")
def pay_values(transaction: Transaction, market: Market) -> None:
    """First the shorts pay their value into clearing, then the longs are paid: positions in key order, lots by id.

    What is left in the account of a position or lot is then its PnL.
    """
    keys = sorted(transaction.positions_in.get(market.id, NO_POSITIONS))
    lots = [transaction.lots[lot_id] for lot_id in transaction.lots_in.get(market.id, ())]
    held = [(ledger.position(*key), transaction.positions[key]) for key in keys]
    held += [(ledger.lot(lot.id), lot.quantity) for lot in lots]
    due = [(account, Money(-market.at_mark(quantity))) for account, quantity in held]
    transaction.clear(market.asset, due, "MKT-05")


@rule("MKT-05", "ACC-02", "ACC-04")
def close_positions(transaction: Transaction, market: Market) -> None:
    """Each position is flat, its PnL goes to its domain's cash, and isolated cash to the wallet, in key order."""
    for key, domain in sorted(transaction.positions_in.get(market.id, NO_POSITIONS).items()):
        account = ledger.position(*key)
        transaction.set_position(key, domain, FLAT)
        transaction.move(market.asset, account, cash_account(domain), transaction.balance(account), "ACC-02")
        if not domain.is_cross:
            return_all_margin(transaction, domain)


@rule("MKT-05", "LIQ-05", "WTF-01")
def close_all_lots(transaction: Transaction, market: Market) -> None:
    """Each lot is closed; first all profits go to the reserve, then losses are drawn, or refused COVER_EXCEEDED."""
    lots = [transaction.lots[lot_id] for lot_id in transaction.lots_in.get(market.id, ())]
    profits = tuple((lot.id, transaction.balance(ledger.lot(lot.id))) for lot in lots)
    for lot in lots:
        transaction.reduce_lot(lot, FLAT)
    book_lots(transaction, market, profits)


@rule("MKT-05", "INV-07")
def empty_reserve(transaction: Transaction, market: Market) -> None:
    """What is left in the reserve goes to the insurance fund, and counts as drawn."""
    reserve = ledger.reserve(market.id)
    left = transaction.balance(reserve)
    if left > 0:
        transaction.transfer(market.asset, reserve, ledger.insurance(market.asset), left, "MKT-05")
        transaction.count_funds(market.id, outflow=left)


@rule("MKT-05")
def drop_market(transaction: Transaction, market: Market) -> None:
    """Mark, parameters, settings and counters, published for the last time, are dropped; the id is never used again."""
    transaction.publish_reserve(market.id)
    kept = {owner: setting for owner, setting in transaction.settings.items() if owner[1] != market.id}
    transaction.settings = Map(kept)
    if market.id in transaction.fund_status:
        transaction.fund_status = transaction.fund_status.delete(market.id)
    transaction.markets = transaction.markets.delete(market.id)
    transaction.closed_markets = tuple(sorted((*transaction.closed_markets, market.id)))
    transaction.effects.append(MarketSettled(market.id, market.marked()))
