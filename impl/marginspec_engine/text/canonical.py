"""Canonical text of events, effects and receipts: keys in order, decimals in their shortest form or that of their unit.

What an event or effect states follows from the rulebook's classes; a receipt's frame stands here.
"""

from collections.abc import Callable, Mapping, Sequence

from marginspec.model import effects, events
from marginspec_engine import layout
from marginspec_engine.layout.fields import Placed
from marginspec_engine.layout.generated import defined
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.words import Words, asset_row, at, market_row
from marginspec_engine.text.ledger_names import ledger_account
from marginspec_engine.text.literals import literal
from marginspec_engine.text.records import definitions
from marginspec_engine.text.texts import amount, fixed, integer, name, shortest

CALLED_BY_GENERATED_TEXT = (asset_row, market_row, ledger_account, amount, fixed, integer, name, shortest)

COMMA, CLOSE = literal(","), literal("}")
ALSO_SEQ, ALSO_HASH = literal('","seq":'), literal('","hash":"')
ACCEPTED_IS, EVENT_IS = literal('{"accepted":true,"effects":['), literal('],"event":"')
REJECTED_EVENT_IS = literal('{"event":"')
REASON_PARTS = tuple(literal(f'","rejected":"{reason}","seq":') for reason in REASONS)

Writer = Callable[[Words, int, Words], int]

FREQUENT = (*(events.Trade, events.PlaceOrder, events.CancelOrder, events.MarkPrice), effects.Transferred)
"""Records that are asked for first."""


def writer(name: str, numbered: Sequence[type], fields: Mapping[type, Sequence[Placed]]) -> Writer:
    """A function that writes records of some classes, each known by its number."""
    frequent = dict.fromkeys((*(record for record in FREQUENT if record in fields), *fields))
    chosen = {numbered.index(record): (record, fields[record]) for record in frequent}
    function: Writer = defined(name, definitions(name, chosen), globals())
    return function


write_event_words = writer("write_event_words", layout.EVENT_CLASSES, layout.EVENT_FIELDS)
write_effect = writer("write_effect", layout.EFFECT_CLASSES, layout.COMPILED_EFFECTS)
"""Write a record whose words are given at an address; give the address behind it."""


def write_event(book: Words, out: int) -> int:
    """The canonical event of the event words."""
    return write_event_words(book, out, at(book, layout.EVENT_WORDS))
