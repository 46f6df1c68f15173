"""The words of events: which field of an event stands where in its row, by one rule.

The nth field of a kind stands in the nth word that rows have for that kind.
"""

from typing import get_args

from marginspec.model.account import Direction, OrderSide
from marginspec.model.events import Event, ListMarket, PlaceOrder, Trade
from marginspec.model.fields import Amount, Choice, Field, Name, Rows, fields_of, type_name
from marginspec_engine.layout.fields import Placed
from marginspec_engine.layout.memory import NONE
from marginspec_engine.layout.places import Places
from marginspec_engine.layout.rows import SIDES

_event = Places()
EVENT_TYPE, EVENT_ASSET, OF_MARKET = _event.take(3)
FIRST_ACCOUNT, SECOND_ACCOUNT, FIRST_ORDER_NAME, SECOND_ORDER_NAME, FIRST_SIDE, SECOND_SIDE = _event.take(6)
CHOICE, SECOND_CHOICE = _event.take(2)
"""Choices other than sides of positions, flags and integers."""
PRICE_LOW, PRICE_HIGH, AMOUNT_LOW, AMOUNT_HIGH = _event.take(4)
"""A price; any other amount."""
SECOND_AMOUNT_LOW, SECOND_AMOUNT_HIGH, THIRD_AMOUNT_LOW, THIRD_AMOUNT_HIGH = _event.take(4)
"""Further amounts: the fees that an event states."""
EVENT_ROW = _event.in_lines()
NO_DECIMAL = -(2**63)
"""Stands in both words of an amount that is not stated: no decimal that a row holds is as low."""
EMPTY_ROW = tuple(NO_DECIMAL if place >= PRICE_LOW else NONE for place in range(EVENT_ROW))
"""The words of a row in which nothing is stated."""

BUY, SELL = range(len(get_args(OrderSide)))
LONG_LOTS, SHORT_LOTS = range(len(get_args(Direction)))
BUYER, SELLER = range(2)
"""Choices of events, numbered as the rulebook lists their words; a test holds the taker's against Trade."""

WORDS = {
    "asset": (EVENT_ASSET,),
    "market": (OF_MARKET,),
    "account": (FIRST_ACCOUNT, SECOND_ACCOUNT),
    "order": (FIRST_ORDER_NAME, SECOND_ORDER_NAME),
    "side": (FIRST_SIDE, SECOND_SIDE),
    "choice": (CHOICE, SECOND_CHOICE),
    "price": (PRICE_LOW,),
    "amount": (AMOUNT_LOW, SECOND_AMOUNT_LOW, THIRD_AMOUNT_LOW),
    "rows": (),
}
"""The words that a row has for each kind of field, the first of two for a decimal."""


def kind_of(field: Field) -> str:
    """Which of WORDS a field takes."""
    match field.kind:
        case Name(of):
            return of
        case Choice(words) if words == SIDES:
            return "side"
        case Amount(of):
            return "price" if of == "price" else "amount"
        case Rows():
            return "rows"
    return "choice"


def places_of(record: type) -> tuple[Placed, ...] | None:
    """The fields of a class of events with their words; None if it has more than a row has words for."""
    left = {kind: list(words) for kind, words in WORDS.items()}
    placed = []
    for field in fields_of(record):
        words = left[kind_of(field)]
        if not words:
            return None
        placed.append(Placed(field, words.pop(0)))
    return tuple(placed)


EVENT_FIELDS = {record: placed for record in get_args(Event) if (placed := places_of(record)) is not None}
"""The fields of each class of events that has a row."""
EVENT_CLASSES: tuple[type, ...] = (*EVENT_FIELDS, *(record for record in get_args(Event) if record not in EVENT_FIELDS))
"""The class of each type of event, by number; those behind LAST_COMPILED change tables and are taken by Python."""
EVENT_NAMES = tuple(map(type_name, EVENT_CLASSES))
LAST_COMPILED = len(EVENT_FIELDS) - 1

LIST_MARKET, PLACE_ORDER, TRADE = map(EVENT_CLASSES.index, (ListMarket, PlaceOrder, Trade))
"""The types of events that compiled code asks for by name; handlers are found by what they declare."""
