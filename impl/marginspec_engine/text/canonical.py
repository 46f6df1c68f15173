"""Canonical text of events, effects and receipts: keys in order, decimals in their shortest form or that of their unit.

What an event or effect states follows from the rulebook's classes; a receipt's frame stands here.
"""

from collections.abc import Callable

from marginspec.model import effects, events
from marginspec_engine.layout import (
    ACCOUNT_TEXTS,
    ASSET,
    ASSET_TEXTS,
    DECIMALS,
    EFFECT_CLASSES,
    EFFECT_FIELDS,
    EVENT_CLASSES,
    EVENT_FIELDS,
    EVENT_WORDS,
    MARKET_TEXTS,
    NONE,
    ORDER_TEXTS,
    PRICE_DECIMALS,
    QUANTITY_DECIMALS,
)
from marginspec_engine.layout.effects import OF_TABLES
from marginspec_engine.layout.generated import defined
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.words import Words, asset_row, at, market_row
from marginspec_engine.text.ledger_names import ledger_account
from marginspec_engine.text.literals import literal
from marginspec_engine.text.records import definitions
from marginspec_engine.text.texts import amount, fixed, integer, name, shortest

USED_BY_GENERATED_TEXT = (
    *(ACCOUNT_TEXTS, ASSET_TEXTS, MARKET_TEXTS, ORDER_TEXTS, NONE, ASSET, DECIMALS, PRICE_DECIMALS, QUANTITY_DECIMALS),
    *(asset_row, market_row, ledger_account, amount, fixed, integer, name, shortest),
)

COMMA, CLOSE, ALSO_SEQ = literal(","), literal("}"), literal('","seq":')
ACCEPTED_IS, EVENT_IS = literal('{"accepted":true,"effects":['), literal('],"event":"')
REJECTED_EVENT_IS = literal('{"event":"')
REASON_PARTS = tuple(literal(f'","rejected":"{reason}","seq":') for reason in REASONS)

Writer = Callable[[Words, int, Words], int]

FREQUENT_EVENTS = (events.Trade, events.PlaceOrder, events.CancelOrder, events.MarkPrice)
FREQUENT_EFFECTS = (effects.Transferred, effects.PositionChanged, effects.OrderPlaced, effects.OrderCancelled)
"""Those that are asked for first."""

write_event_words: Writer = defined(
    "write_event_words",
    definitions(
        "write_event_words",
        {
            EVENT_CLASSES.index(record): (record, EVENT_FIELDS[record])
            for record in dict.fromkeys((*FREQUENT_EVENTS, *EVENT_FIELDS))
        },
    ),
    globals(),
)
write_effect: Writer = defined(
    "write_effect",
    definitions(
        "write_effect",
        {
            EFFECT_CLASSES.index(record): (record, EFFECT_FIELDS[EFFECT_CLASSES.index(record)])
            for record in dict.fromkeys((*FREQUENT_EFFECTS, *EFFECT_CLASSES))
            if record not in OF_TABLES
        },
    ),
    globals(),
)
"""Write the canonical text of an effect at an address; gives the address behind it."""


def write_event(book: Words, out: int) -> int:
    """The canonical event of the event words."""
    return write_event_words(book, out, at(book, EVENT_WORDS))
