"""Events as words: names as numbers, decimals as two words."""

from collections.abc import Callable
from typing import Any

from marginspec.model import events
from marginspec.model.events import Event
from marginspec_engine import layout
from marginspec_engine.layout import NONE
from marginspec_engine.memory.plain_memory import Words64
from marginspec_engine.memory.tables import Tables

WORD = 2**64
HALF = 2**63
MOST = 2**127 - 1
"""No limit is near: a decimal past this is taken for this."""

SIDES = {"BOTH": layout.BOTH, "LONG": layout.LONG, "SHORT": layout.SHORT}
MARGIN_MODES = {"cross": layout.CROSS, "isolated": layout.ISOLATED_MODE}
POSITION_MODES = {"one_way": layout.ONE_WAY, "hedge": layout.HEDGE}


def write_event(tables: Tables, event: Event, words: Words64) -> None:
    """Write an event into the words of a row; its names are numbered."""
    words[: layout.EVENT_ROW] = NONE
    event_type, write = WRITERS[type(event)]
    words[layout.EVENT_TYPE] = event_type
    write(tables, event, words)


def write_decimal(words: Words64, place: int, decimal: int) -> None:
    """Write a decimal, counted in 1e-8, as its low and its high word."""
    kept = max(-MOST, min(MOST, decimal))
    low = kept % WORD
    words[place] = low - WORD if low >= HALF else low
    words[place + 1] = kept // WORD


def side_word(side: str | None) -> int:
    """A position side as a word."""
    return NONE if side is None else SIDES[side]


def order_word(tables: Tables, order: str | None) -> int:
    """An order's name as a word."""
    return NONE if order is None else tables.order(order)


def write_cash(tables: Tables, event: events.Deposit | events.Withdraw, words: Words64) -> None:
    """A deposit or withdrawal."""
    words[layout.FIRST_ACCOUNT] = tables.account(event.account)
    words[layout.EVENT_ASSET] = tables.asset(event.asset)
    write_decimal(words, layout.AMOUNT_LOW, event.amount)


def write_fund(tables: Tables, event: events.FundInsurance | events.WithdrawHouse, words: Words64) -> None:
    """Cash of the exchange's own."""
    words[layout.EVENT_ASSET] = tables.asset(event.asset)
    write_decimal(words, layout.AMOUNT_LOW, event.amount)


def write_position_mode(tables: Tables, event: events.SetPositionMode, words: Words64) -> None:
    """A position mode."""
    words[layout.FIRST_ACCOUNT] = tables.account(event.account)
    words[layout.CHOICE] = POSITION_MODES[event.mode]


def write_margin_mode(tables: Tables, event: events.SetMarginMode, words: Words64) -> None:
    """A margin mode."""
    words[layout.FIRST_ACCOUNT] = tables.account(event.account)
    words[layout.OF_MARKET] = tables.market(event.market)
    words[layout.CHOICE] = MARGIN_MODES[event.mode]


def write_leverage(tables: Tables, event: events.SetLeverage, words: Words64) -> None:
    """A leverage; one past every limit is taken for the nearest that fits a word."""
    words[layout.FIRST_ACCOUNT] = tables.account(event.account)
    words[layout.OF_MARKET] = tables.market(event.market)
    words[layout.CHOICE] = max(-HALF, min(HALF - 1, event.leverage))


def write_adjustment(tables: Tables, event: events.AdjustIsolatedMargin, words: Words64) -> None:
    """Margin into or out of an isolated position."""
    words[layout.FIRST_ACCOUNT] = tables.account(event.account)
    words[layout.OF_MARKET] = tables.market(event.market)
    words[layout.FIRST_SIDE] = side_word(event.side)
    write_decimal(words, layout.AMOUNT_LOW, event.amount)


def write_placing(tables: Tables, event: events.PlaceOrder, words: Words64) -> None:
    """An order."""
    words[layout.FIRST_ACCOUNT] = tables.account(event.account)
    words[layout.FIRST_ORDER_NAME] = tables.order(event.order)
    words[layout.OF_MARKET] = tables.market(event.market)
    words[layout.CHOICE] = event.side == "buy"
    words[layout.FIRST_SIDE] = side_word(event.position_side)
    words[layout.SECOND_CHOICE] = event.reduce_only
    write_decimal(words, layout.PRICE_LOW, event.price)
    write_decimal(words, layout.AMOUNT_LOW, event.quantity)


def write_cancelling(tables: Tables, event: events.CancelOrder, words: Words64) -> None:
    """An order taken back."""
    words[layout.FIRST_ACCOUNT] = tables.account(event.account)
    words[layout.FIRST_ORDER_NAME] = tables.order(event.order)


def write_trade(tables: Tables, event: events.Trade, words: Words64) -> None:
    """A trade; the buyer comes first."""
    words[layout.OF_MARKET] = tables.market(event.market)
    words[layout.FIRST_ACCOUNT], words[layout.SECOND_ACCOUNT] = (
        tables.account(event.buyer),
        tables.account(event.seller),
    )
    words[layout.FIRST_SIDE], words[layout.SECOND_SIDE] = side_word(event.buyer_side), side_word(event.seller_side)
    words[layout.FIRST_ORDER_NAME] = order_word(tables, event.buyer_order)
    words[layout.SECOND_ORDER_NAME] = order_word(tables, event.seller_order)
    words[layout.CHOICE] = event.taker == "buyer"
    write_decimal(words, layout.PRICE_LOW, event.price)
    write_decimal(words, layout.AMOUNT_LOW, event.quantity)


def write_mark(tables: Tables, event: events.MarkPrice, words: Words64) -> None:
    """A mark price."""
    words[layout.OF_MARKET] = tables.market(event.market)
    write_decimal(words, layout.PRICE_LOW, event.price)


def write_funding(tables: Tables, event: events.Funding, words: Words64) -> None:
    """A funding rate."""
    words[layout.OF_MARKET] = tables.market(event.market)
    write_decimal(words, layout.AMOUNT_LOW, event.rate)


def write_fill(tables: Tables, event: events.LiquidationFill, words: Words64) -> None:
    """A fill of lots."""
    words[layout.OF_MARKET] = tables.market(event.market)
    words[layout.FIRST_ACCOUNT] = tables.account(event.counterparty)
    words[layout.FIRST_SIDE] = side_word(event.counterparty_side)
    words[layout.CHOICE] = event.side == "long"
    write_decimal(words, layout.PRICE_LOW, event.price)
    write_decimal(words, layout.AMOUNT_LOW, event.quantity)


WRITERS: dict[type, tuple[int, Callable[[Tables, Any, Words64], None]]] = {
    events.Deposit: (layout.DEPOSIT, write_cash),
    events.Withdraw: (layout.WITHDRAW, write_cash),
    events.FundInsurance: (layout.FUND_INSURANCE, write_fund),
    events.WithdrawHouse: (layout.WITHDRAW_HOUSE, write_fund),
    events.SetPositionMode: (layout.SET_POSITION_MODE, write_position_mode),
    events.SetMarginMode: (layout.SET_MARGIN_MODE, write_margin_mode),
    events.SetLeverage: (layout.SET_LEVERAGE, write_leverage),
    events.AdjustIsolatedMargin: (layout.ADJUST_ISOLATED_MARGIN, write_adjustment),
    events.PlaceOrder: (layout.PLACE_ORDER, write_placing),
    events.CancelOrder: (layout.CANCEL_ORDER, write_cancelling),
    events.Trade: (layout.TRADE, write_trade),
    events.MarkPrice: (layout.MARK_PRICE, write_mark),
    events.Funding: (layout.FUNDING, write_funding),
    events.LiquidationFill: (layout.LIQUIDATION_FILL, write_fill),
}
"""The type and the writer of each class of events that compiled code takes."""
