"""Canonical JSON of headers, events and receipts."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, get_args

import msgspec
import pytest
from immutables import Map

from marginspec.model import events
from marginspec.model.effects import Effect, OrderCancelled, Receipt
from marginspec.model.events import Event
from marginspec.model.fields import type_name
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, Profile
from marginspec_conformance.generator.events import adjust, decimal, leverage, listing, new_limits, order, trade
from marginspec_journal.canonical import canonical_json, sorted_json
from marginspec_journal.digits import Digits
from marginspec_journal.events import EVENT_FORMS, event_hash, event_object
from marginspec_journal.header import header_object
from marginspec_journal.receipts import EFFECT_FORMS, effect_object, receipt_object, receipt_text
from worlds.lines import line_of
from worlds.samples import BTCUSDC, EFFECTS, EVENTS, HEADER

pytestmark = pytest.mark.rule("JRN-01")

EVENT_TEXTS = {
    listing("龙虾USDT", asset="USDT", decimals=(2, 3), tick="0.10", taker="0.0004", share="1", clearance="0.0125"): (
        '{"asset":"USDT","clearance_fee":"0.0125","insurance_fee_share":"1","maker_fee":"0","market":"\\u9f99\\u867eUSDT",'
        '"price_decimals":2,"quantity_decimals":3,"taker_fee":"0.0004","tick":"0.1",'
        '"tiers":[{"floor":"0","maintenance_rate":"0.05","max_leverage":10},'
        '{"floor":"1000","maintenance_rate":"0.1","max_leverage":5}],"type":"list_market"}'
    ),
    adjust("alice", "-12.50", "BTCUSDC"): (
        '{"account":"alice","amount":"-12.5","market":"BTCUSDC","side":"BOTH","type":"adjust_isolated_margin"}'
    ),
    order("alice", "buy", "0.010", "114000.00", market="BTCUSDC"): (
        '{"account":"alice","market":"BTCUSDC","order":"o1","position_side":"BOTH","price":"114000",'
        '"quantity":"0.01","reduce_only":false,"side":"buy","type":"place_order"}'
    ),
    leverage("alice", 20, "BTCUSDC"): '{"account":"alice","leverage":20,"market":"BTCUSDC","type":"set_leverage"}',
    trade("alice", "bob", "0.010", "114400.00", "BTCUSDC"): (
        '{"buyer":"alice","market":"BTCUSDC","price":"114400","quantity":"0.01","seller":"bob","taker":"buyer",'
        '"type":"trade"}'
    ),
    trade("alice", "bob", "1", "2", "BTCUSDC", buyer_fee="-0.00000001", seller_fee="0.00"): (
        '{"buyer":"alice","buyer_fee":"-0.00000001","market":"BTCUSDC","price":"2","quantity":"1","seller":"bob",'
        '"seller_fee":"0","taker":"buyer","type":"trade"}'
    ),
    new_limits(fill_band="0.0050", limit="1000000.00", market="BTCUSDC"): (
        '{"fill_band":"0.005","market":"BTCUSDC","position_limit":"1000000","type":"update_limits"}'
    ),
}
"""Texts in which every kind of field stands."""

EFFECT_TEXTS = [
    (
        '{"asset":"USDC","clearance_fee":"0.01250000","funding_cap":"0.00300000","insurance_fee_share":"0.10000000",'
        '"maker_fee":"0.00020000","market":"BTCUSDC","position_limit":"250000.000000","price_band":"0.10000000",'
        '"price_decimals":2,"quantity_decimals":3,"taker_fee":"0.00040000","tick":"0.10",'
        '"tiers":[{"floor":"0.000000","maintenance_rate":"0.00400000","max_leverage":125},'
        '{"floor":"50000.000000","maintenance_rate":"0.00500000","max_leverage":100}],"type":"market_listed"}'
    ),
    (
        '{"market":"BTCUSDC","tiers":[{"floor":"0.000000","maintenance_rate":"0.00400000","max_leverage":125},'
        '{"floor":"50000.000000","maintenance_rate":"0.00500000","max_leverage":100}],"type":"tiers_updated"}'
    ),
    (
        '{"clearance_fee":"0.01250000","insurance_fee_share":"0.10000000","maker_fee":"0.00020000",'
        '"market":"BTCUSDC","taker_fee":"0.00040000","type":"fees_updated"}'
    ),
    (
        '{"funding_cap":"0.00300000","market":"BTCUSDC","position_limit":"250000.000000","price_band":"0.10000000",'
        '"type":"limits_updated"}'
    ),
    '{"market":"BTCUSDC","price":"114400.00","type":"mark"}',
    '{"account":"alice","mode":"one_way","type":"position_mode"}',
    '{"account":"alice","market":"BTCUSDC","mode":"isolated","type":"margin_mode"}',
    '{"account":"alice","leverage":20,"market":"BTCUSDC","type":"leverage"}',
    (
        '{"account":"alice","market":"BTCUSDC","order":"o1","position_side":"BOTH","price":"114500.00",'
        '"quantity":"0.010","reduce_only":false,"side":"sell","type":"order_placed"}'
    ),
    '{"account":"alice","market":"BTCUSDC","order":"o1","quantity":"0.009","type":"order_reduced"}',
    '{"account":"alice","order":"o1","type":"order_cancelled"}',
    (
        '{"amount":"1.500000","asset":"USDC","rule":"TRD-01","source":"wallet:alice:USDC","target":"house:USDC",'
        '"type":"transfer"}'
    ),
    '{"account":"alice","market":"BTCUSDC","quantity":"-0.010","side":"BOTH","type":"position"}',
    '{"account":"alice","asset":"USDC","equity":"-0.000005","maintenance":"0.000007","type":"liquidation"}',
    (
        '{"account":"alice","asset":"USDC","equity":"0.000005","maintenance":"0.000007","market":"BTCUSDC",'
        '"side":"LONG","type":"liquidation"}'
    ),
    (
        '{"account":"bob","cost":"-0.400000","lot":7,"margin_mode":"isolated","market":"BTCUSDC","quantity":"-0.004",'
        '"reason":"takeover","side":"SHORT","type":"lot_opened"}'
    ),
    '{"lot":7,"market":"BTCUSDC","quantity":"-0.003","type":"lot_reduced"}',
    (
        '{"account":"alice","loss":"0.000009","lot":7,"market":"BTCUSDC","quantity":"0.001","side":"BOTH",'
        '"type":"deleveraged","value":"-0.100000"}'
    ),
    '{"account":"alice","amount":"0.000003","asset":"USDC","layer":"spare","type":"levy"}',
    (
        '{"account":"alice","amount":"0.000003","asset":"USDC","layer":"profit","market":"BTCUSDC","side":"SHORT",'
        '"type":"levy"}'
    ),
    '{"account":"alice","amount":"0.000003","asset":"USDC","type":"relief_returned"}',
    '{"account":"alice","amount":"0.000002","asset":"USDC","market":"BTCUSDC","side":"SHORT","type":"relief_returned"}',
    '{"amount":"0.000000","asset":"USDC","type":"uncovered"}',
    (
        '{"balance":"0.000001","deleveraged":"0.000006","high_water":"0.000002","inflow":"0.000003",'
        '"insurance_drawn":"0.000005","levied":"0.000007","market":"BTCUSDC","outflow":"0.000004",'
        '"type":"reserve_status"}'
    ),
    '{"market":"BTCUSDC","price":"114400.00","type":"market_settled"}',
    '{"asset":"USDC","balance":"2.000000","relief":"0.000005","type":"insurance_status"}',
]


def digits() -> Digits:
    found = Digits(HEADER)
    found.add_market(BTCUSDC)
    return found


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """All objects of a JSON value."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from objects_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from objects_in(member)


@pytest.mark.parametrize(("event", "text"), EVENT_TEXTS.items(), ids=lambda one: type(one).__name__)
def test_event_text(event: Event, text: str) -> None:
    assert canonical_json(event_object(event)).decode("ascii") == text


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_has_the_fields_that_its_class_declares_in_order_and_in_ascii(event: Event) -> None:
    expected = json.dumps(line_of(event), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert canonical_json(event_object(event)).decode("ascii") == expected


@pytest.mark.parametrize(("effect", "text"), list(zip(EFFECTS, EFFECT_TEXTS, strict=True)))
def test_effect_text(effect: Effect, text: str) -> None:
    assert canonical_json(effect_object(effect, digits())).decode("ascii") == text


@pytest.mark.parametrize("event", [*EVENTS, *EVENT_TEXTS])
def test_the_text_of_an_event_is_that_of_its_object(event: Event) -> None:
    assert EVENT_FORMS[type_name(type(event))].text(event).encode() == msgspec.json.encode(event_object(event))
    assert event_hash(event) == sha256(canonical_json(event_object(event))).hexdigest()


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_text_of_an_effect_is_that_of_its_object(effect: Effect) -> None:
    written = EFFECT_FORMS[type_name(type(effect))].text(effect, digits())
    assert written.encode() == msgspec.json.encode(effect_object(effect, digits()))


@pytest.mark.parametrize("name", ["alice", "龙虾"])
def test_the_text_of_a_receipt_is_that_of_its_object(name: str) -> None:
    for given in (
        Receipt(None, (*EFFECTS, OrderCancelled(name, "o1"))),
        Receipt(None, ()),
        Receipt(Reason.NO_MARK, ()),
    ):
        expected = canonical_json(receipt_object(given, "ab" * 32, 7, digits()))
        assert receipt_text(given, "ab" * 32, 7, digits()) == expected


def test_every_class_of_event_and_effect_is_in_the_samples_and_has_an_encoder() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))
    assert (
        {type(effect) for effect in EFFECTS} == {form.record for form in EFFECT_FORMS.values()} == set(get_args(Effect))
    )


def test_keys_are_built_in_order() -> None:
    encoded = [event_object(event) for event in EVENTS]
    encoded.append(receipt_object(Receipt(None, EFFECTS), "00", 1, digits()))
    encoded.append(receipt_object(Receipt(Reason.NO_MARK, ()), "00", 2, digits()))
    encoded.append(header_object(Header(Profile("bitmex", "none"), Map({"b": 2, "a": 0, "龙": 8}))))
    for value in encoded:
        assert all(list(found) == sorted(found) for found in objects_in(value))
        assert canonical_json(value) == sorted_json(value)


def test_type_is_the_last_field_of_every_event() -> None:
    for event in EVENTS:
        assert list(event_object(event))[-1] == "type"


def test_receipt_texts() -> None:
    accepted = receipt_object(Receipt(None, (EFFECTS[5],)), "ab" * 32, 1, digits())
    assert canonical_json(accepted).decode() == (
        '{"accepted":true,"effects":[{"account":"alice","mode":"one_way","type":"position_mode"}],'
        f'"event":"{"ab" * 32}","seq":1}}'
    )
    rejected = receipt_object(Receipt(Reason.UNKNOWN_MARKET, ()), "ab" * 32, 2, digits())
    assert canonical_json(rejected).decode() == (f'{{"event":"{"ab" * 32}","rejected":"UNKNOWN_MARKET","seq":2}}')


def test_header_has_every_default() -> None:
    assert canonical_json(header_object(Header())).decode() == (
        '{"assets":{},"journal":1,"profile":{"adl_ranking":"binance","last_resort":"levy"},"rulebook":"2"}'
    )
    given = Header(Profile("bitmex", "none"), Map({"USDT": 8, "B": 2, "龙": 0}))
    assert canonical_json(header_object(given)).decode() == (
        '{"assets":{"B":{"decimals":2},"USDT":{"decimals":8},"\\u9f99":{"decimals":0}},"journal":1,'
        '"profile":{"adl_ranking":"bitmex","last_resort":"none"},"rulebook":"2"}'
    )


def test_keys_sort_by_code_point_and_not_by_their_escape() -> None:
    # The backslash of an escape would sort before a lower-case letter.
    given = Header(asset_decimals=Map({"é": 1, "z": 2, "Z": 3}))
    assert list(header_object(given)["assets"]) == ["Z", "z", "é"]
    assert sorted_json({"é": 1, "z": 2}) == b'{"z":2,"\\u00e9":1}'


def test_trailing_zeros_do_not_change_an_event() -> None:
    short = events.MarkPrice("BTCUSDC", decimal("0.1"))
    assert event_hash(short) == event_hash(events.MarkPrice("BTCUSDC", decimal("0.10")))
    assert event_object(short)["price"] == "0.1"


def test_no_digits_no_point() -> None:
    coarse = Digits(Header(asset_decimals=Map({"USDC": 0})))
    assert effect_object(EFFECTS[-1], coarse)["balance"] == "2000000"
