"""The JSON Schemas that are published with the rulebook describe what the journal package writes."""

import json
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest
from immutables import Map
from jsonschema import Draft202012Validator

from marginspec.model.effects import Effect, Receipt
from marginspec.model.events import Event
from marginspec.model.fields import type_name
from marginspec.model.market import Limits
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, Profile, Ranking, State
from marginspec_journal.canonical import canonical_json
from marginspec_journal.chain import ReceiptChain
from marginspec_journal.digits import Digits
from marginspec_journal.errors import InputError
from marginspec_journal.events import event_object, record_of
from marginspec_journal.header import header_object
from marginspec_journal.receipts import EFFECT_FORMS, effect_object, receipt_object
from marginspec_journal.schemas.documents import SCHEMAS
from marginspec_journal.states import OpenedState, opening, state_text
from marginspec_journal.strict_json import Node
from worlds.samples import BTCUSDC, EFFECTS, EVENTS, FULL_STATE, HEADER

pytestmark = pytest.mark.rule("JRN-01")

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
Schema = dict[str, Any]

NAMES = ("calc", "journal", "receipt", "state")


def schema(name: str) -> Schema:
    found: Schema = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    return found


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


JOURNAL = validator("journal")
RECEIPT = validator("receipt")
STATE = validator("state")
CALC = validator("calc")


def digits() -> Digits:
    found = Digits(HEADER)
    found.add_market(BTCUSDC)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_valid_and_closed(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert found["$id"] == f"urn:marginspec:rulebook:2:{name}"
    for definition in (found, *found["$defs"].values()):
        if definition.get("type") == "object":
            assert "additionalProperties" in definition


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_resolves_and_every_definition_is_used(name: str) -> None:
    text = json.dumps(schema(name))
    for definition in schema(name)["$defs"]:
        assert f'"#/$defs/{definition}"' in text
    assert text.count('"$ref"') == sum(text.count(f'"#/$defs/{definition}"') for definition in schema(name)["$defs"])


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_a_published_schema_is_the_one_that_the_declarations_give(name: str) -> None:
    # `make docs` writes them anew.
    assert (FOLDER / f"{name}.schema.json").read_bytes() == SCHEMAS[name]()


def test_schemas_agree_on_what_they_share() -> None:
    # `market` and `position` of calc are its own.
    shared: dict[str, Any] = {}
    for name in ("journal", "receipt", "state", "calc"):
        for definition, text in schema(name)["$defs"].items():
            assert shared.setdefault(definition, text) == text


@pytest.mark.parametrize("event", EVENTS)
def test_events_validate(event: Event) -> None:
    line = event_object(event)
    JOURNAL.validate(line)
    JOURNAL.validate({**line, "ts": "2025-10-10T21:15:00Z", "ref": "42", "observed": {"accepted": True}})
    assert not JOURNAL.is_valid({**line, "more": 1})
    assert not JOURNAL.is_valid({**line, "ref": ""})
    for field in schema("journal")["$defs"][line["type"]]["required"]:
        assert not JOURNAL.is_valid({name: value for name, value in line.items() if name != field})


def test_the_journal_schema_has_every_event_with_its_fields() -> None:
    definitions = schema("journal")["$defs"]
    listed = {entry["$ref"].rpartition("/")[2] for entry in schema("journal")["oneOf"]}
    assert listed == {"header", *(type_name(event_class) for event_class in get_args(Event))}
    for event_class in get_args(Event):
        definition = definitions[type_name(event_class)]
        fields = {field.name: field for field in event_class.__attrs_attrs__}
        assert set(definition["properties"]) == {*fields, "type", "ts", "ref", "observed"}
        optional = {name for name, field in fields.items() if field.default is None}
        assert set(definition["required"]) == set(fields) - optional | {"type"}


@pytest.mark.parametrize(
    ("observed", "valid"),
    [
        ({}, True),
        ({"accepted": True}, True),
        ({"accepted": False}, False),
        ({"rejected": "NO_MARK"}, True),
        ({"rejected": "BUSY"}, False),
        ({"accepted": True, "rejected": "NO_MARK"}, False),
        ({"ledger": {"wallet:alice:USDC": "1.0"}, "marks": {"BTCUSDC": "1"}}, True),
        ({"ledger": {"wallet:alice:USDC": 1}}, False),
        ({"positions": {"alice:BTCUSDC:BOTH": {"quantity": "-1"}}}, True),
        ({"positions": {"alice:BTCUSDC:BOTH": {"margin_mode": "cross"}}}, False),
        ({"positions": {"alice:BTCUSDC:BOTH": {"quantity": "1", "liquidation_price": "0", "adl": 4}}}, True),
        ({"positions": {"alice:BTCUSDC": {"quantity": "1"}}}, False),
        ({"ledger": {"wallet:alice": "0"}}, False),
        ({"marks": {"BTC USDC": "1"}}, False),
        ({"domains": {"alice:USDC": {"margin_ratio": "0.5"}, "a:M:LONG:USDC": {"equity": "1"}}}, True),
        ({"domains": {"alice:M:USDC": {}}}, False),
        ({"funds": {"BTCUSDC": {"inflow": "1", "lots": 2}}, "uncovered": {"USDC": "0"}}, True),
        ({"funds": {"BTCUSDC": {"insurance": "1"}}}, False),
        ({"lots": {"1": {"quantity": "-3", "cost": "-5.5"}}}, True),
        ({"lots": {"one": {"quantity": "-3"}}}, False),
        ({"code": "-2019"}, True),
        ({"rejected": "NO_MARK", "code": "-2019"}, True),
        ({"accepted": True, "code": "-2019"}, False),
        ({"code": ""}, False),
        ({"more": {}}, False),
    ],
)
def test_observed_answers(observed: Schema, valid: bool) -> None:
    line = {**event_object(EVENTS[3]), "observed": observed}
    assert JOURNAL.is_valid(line) == valid
    if valid:
        assert record_of(Node("journal", 2, "", line), 2).observed == observed
    else:
        with pytest.raises(InputError):
            record_of(Node("journal", 2, "", line), 2)


@pytest.mark.parametrize("event", EVENTS)
def test_what_validates_is_read(event: Event) -> None:
    assert record_of(Node("journal", 2, "", event_object(event)), 2).event == event


def test_headers_validate() -> None:
    JOURNAL.validate(header_object(Header()))
    JOURNAL.validate(header_object(Header(Profile("bitmex", "none"), Map({"USDT": 8, "龙": 0}))))
    JOURNAL.validate({"journal": 1, "rulebook": "2", "profile": "reserve", "assets": {"USDT": {}}})
    assert not JOURNAL.is_valid({"journal": 2, "rulebook": "2"})
    assert not JOURNAL.is_valid({"journal": 1, "rulebook": "2", "assets": {"USDT": {"decimals": 9}}})
    assert not JOURNAL.is_valid({"journal": 1, "rulebook": "2", "profile": "fair"})


@pytest.mark.parametrize("effect", EFFECTS)
def test_effects_validate_with_exactly_their_fields(effect: Effect) -> None:
    encoded = effect_object(effect, digits())
    receipt = receipt_object(Receipt(None, (effect,)), "ab" * 32, 1, digits())
    RECEIPT.validate(receipt)
    for name in encoded.keys() - attrs.asdict(Limits()).keys():
        rest = {other: value for other, value in encoded.items() if other != name}
        assert not RECEIPT.is_valid({**receipt, "effects": [rest]})
    assert not RECEIPT.is_valid({**receipt, "effects": [{**encoded, "more": "1"}]})


def test_the_receipt_schema_has_every_effect_with_its_fields() -> None:
    definitions = schema("receipt")["$defs"]
    effects = {name.removeprefix("effect_"): found for name, found in definitions.items() if name.startswith("effect_")}
    assert set(effects) == set(EFFECT_FORMS)
    assert len(effects) == len(get_args(Effect))
    for name, definition in effects.items():
        form = EFFECT_FORMS[name]
        assert set(definition["required"]) == {"type", *form.required}
        assert set(definition["properties"]) == {"type", *form.required, *form.optional}
    encoded = [effect_object(effect, digits()) for effect in EFFECTS]
    assert {found["type"] for found in encoded} == set(effects)


@pytest.mark.parametrize("reason", list(Reason))
def test_rejected_receipts_validate(reason: Reason) -> None:
    receipt = receipt_object(Receipt(reason, ()), "ab" * 32, 1, digits())
    RECEIPT.validate(receipt)
    assert not RECEIPT.is_valid({**receipt, "effects": []})
    assert not RECEIPT.is_valid({**receipt, "rejected": reason.value.lower()})


def test_reasons_stand_in_order() -> None:
    assert schema("receipt")["$defs"]["rejected"]["properties"]["rejected"]["enum"] == list(Reason)


def test_lines_of_receipts_files_validate() -> None:
    chain = ReceiptChain(HEADER)
    RECEIPT.validate(json.loads(chain.append(EVENTS[1], Receipt(Reason.UNKNOWN_MARKET, ())).line()))
    RECEIPT.validate(json.loads(chain.append(EVENTS[6], Receipt(None, (EFFECTS[-1],))).line()))
    assert not RECEIPT.is_valid({"accepted": True, "effects": [], "event": "ab" * 32, "hash": "x", "seq": 1})


@pytest.mark.parametrize(
    "opened", [OpenedState(FULL_STATE, 412, 400, 12, "ab" * 32), opening(FULL_STATE), opening(State())]
)
def test_states_validate(opened: OpenedState) -> None:
    found = json.loads(state_text(opened))
    STATE.validate(found)
    for field in found:
        rest = {name: value for name, value in found.items() if name != field}
        assert STATE.is_valid(rest) == (field == "hash" and opened.events == 0)
    assert not STATE.is_valid({**found, "more": 1})


@pytest.mark.parametrize(
    "change",
    [
        {"ledger": {"clearing:USDC": "1"}},
        {"ledger": {"wallet:alice": "1"}},
        {"ledger": {"wallet:alice:USDC": 1}},
        {"positions": {"alice:BTCUSDC:NONE": {"quantity": "1", "margin_mode": "cross", "leverage": 1}}},
        {"lots": {"07": {}}},
        {"settings": {"alice:BTCUSDC": {}}},
        {"orders": {"alice": {}}},
        {"next_lot": 0},
        {"marks": {"BTCUSDC": "-0"}},
        {"marks": {"BTCUSDC": "01"}},
        {"marks": {"a b": "1"}},
    ],
)
def test_malformed_states_do_not_validate(change: Schema) -> None:
    found = json.loads(state_text(opening(FULL_STATE)))
    assert not STATE.is_valid({**found, **change})


QUESTION = {
    "id": "q1",
    "kind": "band",
    "markets": {
        "BTCUSDT": {
            "asset": "USDT",
            "price_decimals": 2,
            "quantity_decimals": 3,
            "mark": "114400",
            "tiers": [{"floor": "0", "max_leverage": 125, "maintenance_rate": "0.004"}],
        }
    },
    "domain": {
        "cash": "1000",
        "positions": [{"market": "BTCUSDT", "side": "BOTH", "quantity": "-0.5", "entry": "114000", "leverage": 20}],
    },
    "market": "BTCUSDT",
}


@pytest.mark.parametrize("kind", ["tier", "maintenance", "initial", "band", "bankruptcy", "adl_score"])
def test_calc_questions_validate(kind: str) -> None:
    CALC.validate({"calc": 1, "rulebook": "2", "questions": [{**QUESTION, "kind": kind}]})


def test_calc_positions_have_a_cost_or_an_entry() -> None:
    position: Schema = {"market": "BTCUSDT", "side": "BOTH", "quantity": "-0.5", "leverage": 20}
    cost, entry = {"cost": "1"}, {"entry": "1"}
    for price, valid in (({}, False), (cost, True), (entry, True), ({**cost, **entry}, False)):
        domain = {"cash": "1", "positions": [{**position, **price}]}
        questions = [{**QUESTION, "domain": domain}]
        assert CALC.is_valid({"calc": 1, "rulebook": "2", "questions": questions}) == valid


@pytest.mark.parametrize(
    "answer",
    [
        {"kind": "maintenance", "maintenance": "71200.81144000"},
        {"kind": "initial", "initial": "1.00000000"},
        {"kind": "band", "liquidation_price_above": "124718.61", "liquidation_price_below": None},
        {"kind": "bankruptcy", "bankruptcy_price": None},
        {
            "kind": "tier",
            "positions": [
                {
                    "side": "BOTH",
                    "notional": "57200.00000000",
                    "floor": "50000.00000000",
                    "max_leverage": 100,
                    "maintenance_rate": "0.00500000",
                    "deduction": "50",
                }
            ],
        },
        {
            "kind": "adl_score",
            "positions": [
                {"side": "LONG", **{name: {"numerator": "-2", "denominator": "3"} for name in get_args(Ranking)}}
            ],
        },
    ],
)
def test_calc_answers_validate(answer: Schema) -> None:
    CALC.validate({"calc": 1, "rulebook": "2", "id": "q1", **answer})
    assert not CALC.is_valid({"calc": 1, "rulebook": "2", **answer})
    assert not CALC.is_valid({"calc": 1, "rulebook": "2", "id": "q1", **answer, "more": 1})


def test_non_ascii_names_validate_as_they_are_and_escaped() -> None:
    line = canonical_json(event_object(EVENTS[0]))
    assert b"\\u9f99" in line
    JOURNAL.validate(json.loads(line))
