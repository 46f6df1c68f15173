"""Waterfall: a realised loss draws reserve, insurance, relief; open losses must have cover at any time."""

from marginspec.margin.margin import lot_cost
from marginspec.model import ledger
from marginspec.model.market import Market
from marginspec.model.rejections import Reason, require
from marginspec.model.state import Book
from marginspec.model.units import NOTHING, Money
from marginspec.registry import rule
from marginspec.settlement.claims import lower_claims
from marginspec.transaction import Transaction


@rule("WTF-01", source="SRC-04 SRC-07")
def draw_amounts(loss: Money, reserve: Money, insurance: Money, relief: Money) -> tuple[Money, Money, Money]:
    """A realised loss draws the market's reserve, then the shared insurance fund, then relief, each at most all."""
    from_reserve = Money(min(loss, reserve))
    from_insurance = Money(min(loss - from_reserve, insurance))
    from_relief = Money(min(loss - from_reserve - from_insurance, relief))
    return from_reserve, from_insurance, from_relief


@rule("WTF-01", "LIQ-05", source="SRC-04 SRC-07")
def draw_loss(transaction: Transaction, market: Market, lot_id: int, loss: Money) -> None:
    """A lot's loss is paid in by reserve, insurance and relief; refuses COVER_EXCEEDED if they do not suffice."""
    reserve, insurance, relief = ledger.reserve(market.id), ledger.insurance(market.asset), ledger.relief(market.asset)
    balances = transaction.balance(reserve), transaction.balance(insurance), transaction.balance(relief)
    from_reserve, from_insurance, from_relief = draw_amounts(loss, *balances)
    require(from_reserve + from_insurance + from_relief == loss, Reason.COVER_EXCEEDED)
    lot = ledger.lot(lot_id)
    transaction.transfer(market.asset, reserve, lot, from_reserve, "WTF-01")
    transaction.transfer(market.asset, insurance, lot, from_insurance, "WTF-01")
    transaction.transfer(market.asset, relief, lot, from_relief, "WTF-01")
    lower_claims(transaction, market.asset, from_relief)
    transaction.count_funds(market.id, outflow=from_reserve, insurance_drawn=from_insurance)


@rule("LIQ-05", "WTF-01", "INV-07", source="SRC-03 SRC-04")
def book_lots(transaction: Transaction, market: Market, profits: tuple[tuple[int, Money], ...]) -> None:
    """First all profits go to the market's reserve, in lot order, then all losses are drawn, in lot order."""
    for lot_id, profit in profits:
        if profit > 0:
            transaction.transfer(market.asset, ledger.lot(lot_id), ledger.reserve(market.id), profit, "LIQ-05")
            transaction.count_funds(market.id, inflow=profit)
    for lot_id, profit in profits:
        if profit < 0:
            draw_loss(transaction, market, lot_id, Money(-profit))


@rule("WTF-02")
def lots_unrealised(book: Book, market: Market) -> Money:
    """Unrealised PnL of all of a market's lots at mark."""
    unrealised = NOTHING
    for lot_id in book.lots_in.get(market.id, ()):
        value = market.at_mark(book.lots[lot_id].quantity)
        unrealised = Money(unrealised + value - lot_cost(book, lot_id))
    return unrealised


@rule("WTF-02", source="SRC-04 SRC-10")
def shortfall_of(lots_pnl: Money, reserve: Money) -> Money:
    """A market's shortfall is what its lots lose at mark beyond its own reserve, at least zero."""
    loss = max(0, -lots_pnl)
    return Money(max(0, loss - reserve))


@rule("WTF-02", source="SRC-10")
def shortfalls(book: Book, asset: str) -> dict[str, Money]:
    """The shortfall of each market of an asset that has lots, by market id; no market uses another's reserve."""
    found: dict[str, Money] = {}
    for market_id in sorted(book.lots_in):
        market = book.markets[market_id]
        if market.asset == asset:
            reserve = book.balance(ledger.reserve(market_id))
            found[market_id] = shortfall_of(lots_unrealised(book, market), reserve)
    return found


@rule("WTF-02", source="SRC-07")
def uncovered_shortfall(book: Book, asset: str) -> Money:
    """The cover test holds when an asset's shortfalls sum to at most insurance and relief; gives what is missing."""
    return Money(max(0, needed_relief(book, asset) - book.balance(ledger.relief(asset))))


@rule("LVY-02", "WTF-02")
def needed_relief(book: Book, asset: str) -> Money:
    """Relief is needed for what an asset's shortfalls sum to beyond its insurance fund."""
    return Money(max(0, sum(shortfalls(book, asset).values()) - book.balance(ledger.insurance(asset))))
