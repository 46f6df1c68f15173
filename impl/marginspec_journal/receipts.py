"""Receipts as JSON objects: what an event did, in the decimals of its markets and assets."""

from typing import get_args

from marginspec.model.effects import Effect, Receipt
from marginspec_journal.canonical import JsonObject, canonical_json, canonical_text
from marginspec_journal.digits import Digits
from marginspec_journal.records import RecordForm

EFFECT_FORMS = {form.name: form for form in (RecordForm(one, typed=True) for one in get_args(Effect))}
_ENCODERS = {form.record: form.encode for form in EFFECT_FORMS.values()}
_WRITERS = {form.record: form.text for form in EFFECT_FORMS.values()}


def effect_object(effect: Effect, digits: Digits) -> JsonObject:
    """An effect, whose market's and asset's digits are known."""
    return _ENCODERS[type(effect)](effect, digits)


def receipt_object(receipt: Receipt, event_hash: str, number: int, digits: Digits) -> JsonObject:
    """A receipt: its number from 1, the hash of its event, and its effects or the reason of rejection."""
    if receipt.rejected is not None:
        return {"event": event_hash, "rejected": receipt.rejected.value, "seq": number}
    effects = [_ENCODERS[type(effect)](effect, digits) for effect in receipt.effects]
    return {"accepted": True, "effects": effects, "event": event_hash, "seq": number}


def receipt_text(receipt: Receipt, event_hash: str, number: int, digits: Digits) -> bytes:
    """Canonical JSON of the object of a receipt, put together from the texts of its effects."""
    if receipt.rejected is not None:
        return canonical_json(receipt_object(receipt, event_hash, number, digits))
    effects = ",".join([_WRITERS[type(effect)](effect, digits) for effect in receipt.effects])
    return canonical_text(f'{{"accepted":true,"effects":[{effects}],"event":"{event_hash}","seq":{number}}}')
