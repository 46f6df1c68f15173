"""The words of effects: the kind, then one word a field, in the order in which the rulebook's classes declare them."""

from typing import get_args

from marginspec.model.effects import Effect, FeesUpdated, Layer, LimitsUpdated, MarketListed, MovingRule, TiersUpdated
from marginspec.model.fields import Field, fields_of, type_name
from marginspec.model.ledger import LedgerKind
from marginspec_engine.layout.fields import Placed
from marginspec_engine.layout.places import Places

OF_TABLES = (MarketListed, TiersUpdated, FeesUpdated, LimitsUpdated)
"""Effects of events that change a market's tables: Python writes them, and their words are the market alone."""

EFFECT_CLASSES: tuple[type, ...] = get_args(Effect)
"""The class of each kind of effect, by number."""
EFFECT_NAMES = tuple(map(type_name, EFFECT_CLASSES))


def stands_in_words(record: type, field: Field) -> bool:
    """Whether a field of an effect has a word."""
    return record not in OF_TABLES or field.name == "market"


EFFECT_FIELDS = tuple(
    tuple(
        Placed(field, place)
        for place, field in enumerate((one for one in fields_of(record) if stands_in_words(record, one)), start=1)
    )
    for record in EFFECT_CLASSES
)
"""For each kind, its fields in the order of its words."""
COMPILED_EFFECTS = {
    record: fields for record, fields in zip(EFFECT_CLASSES, EFFECT_FIELDS, strict=True) if record not in OF_TABLES
}
"""The fields of each class of effects that rules emit."""
EFFECT_LENGTHS = tuple(1 + len(fields) for fields in EFFECT_FIELDS)
"""Words of an effect of each kind, its kind included."""
EFFECT_ROW = 1 + max(EFFECT_LENGTHS)
"""Words of an effect that is collected: its event's number, its kind (minus the reason of a rejection), the rest."""

_kinds = Places()
MARKET_LISTED, TIERS_UPDATED, FEES_UPDATED, LIMITS_UPDATED = _kinds.take(4)
MARK_SET, POSITION_MODE_SET, MARGIN_MODE_SET = _kinds.take(3)
LEVERAGE_SET, ORDER_PLACED, ORDER_REDUCED, ORDER_CANCELLED, TRANSFERRED, POSITION_CHANGED = _kinds.take(6)
DOMAIN_LIQUIDATED, LOT_OPENED, LOT_REDUCED, COUNTERPARTY_DELEVERAGED, DOMAIN_LEVIED = _kinds.take(5)
RELIEF_RETURNED, UNCOVERED_CHANGED, RESERVE_STATUS, INSURANCE_STATUS = _kinds.take(4)
MARKET_SETTLED = _kinds.one()
"""The kinds of effects by name; a test holds them against EFFECT_CLASSES."""
assert _kinds.used == len(EFFECT_CLASSES)

LEDGER_KINDS: tuple[LedgerKind, ...] = get_args(LedgerKind)
_ledger_kinds = Places()
EXTERNAL_OF, WALLET_OF, ISOLATED_OF, POSITION_OF, LOT_OF = _ledger_kinds.take(5)
RESERVE_OF, INSURANCE_OF, RELIEF_OF, HOUSE_OF, CLEARING_OF = _ledger_kinds.take(5)
assert _ledger_kinds.used == len(LEDGER_KINDS)
"""Kinds of ledger accounts: a transfer names one by kind + OWNERS * owner.

The owner is a domain's row for cash, a position's, a lot's own number, a market's row or an asset's.
"""
OWNERS = 16

LAYERS: tuple[str, ...] = get_args(Layer)
BY_PROFIT, BY_SPARE, BY_EQUITY = range(len(LAYERS))
"""The layers of a levy."""

RULES: tuple[str, ...] = get_args(MovingRule)
_rules = Places()
ACC_01, ACC_02, ACC_04, ADL_03, FND_01, LED_03, LIQ_02, LIQ_03, LIQ_05 = _rules.take(9)
LVY_01, LVY_02, MKT_05, MRG_06, TRD_01, WTF_01 = _rules.take(6)
assert _rules.used == len(RULES)
"""The rules that move money, as a transfer names them."""
