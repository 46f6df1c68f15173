"""Records in documents: a class says once what its fields are, and reader, writer and schema follow."""

import json
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import attrs
import pytest
from jsonschema import Draft202012Validator

from marginspec.model.fields import (
    UNSTATED,
    Amount,
    AssetName,
    Choice,
    Flag,
    Integer,
    LedgerName,
    LotNumber,
    MarketName,
    Name,
    OrderName,
    Rows,
    SidedQuantity,
    StatedMoney,
    UnsignedQuantity,
)
from marginspec.model.ledger import LedgerAccount, insurance, wallet
from marginspec.model.state import Header
from marginspec.model.units import Decimal8, Money, Price, Quantity, Rate
from marginspec_journal.canonical import JsonObject, canonical_json, sorted_json
from marginspec_journal.digits import Digits, MarketDigits
from marginspec_journal.errors import InputError
from marginspec_journal.records import RecordForm
from marginspec_journal.schemas.definitions import record_schema, schema_text
from marginspec_journal.strict_json import Node, parse_document

pytestmark = pytest.mark.rule("JRN-01")


@attrs.frozen
class Step:
    """A row."""

    above: Money
    rate: Rate
    unused: Annotated[int, UNSTATED] = 7


class Owner(NamedTuple):
    """An inner record, of which two fields stand together."""

    asset: AssetName
    market: MarketName = ""
    side: Literal["LONG", "SHORT", ""] = ""


@attrs.frozen
class Everything:
    """One field of every kind."""

    TYPE: ClassVar = "sample"

    owner: Owner
    id: OrderName
    number: LotNumber
    open: bool
    paid: Money
    paid_by: LedgerAccount
    steps: tuple[Step, ...]
    stated: StatedMoney
    fee: Rate
    limit: Money | None = None
    note: Literal["late", "early"] | None = None


WHOLE = Everything(
    Owner("USDC", "BTCUSDC", "LONG"),
    "e1",
    3,
    False,
    Money(-5),
    wallet("alice", "USDC"),
    (Step(Money(0), Rate(1)), Step(Money(10), Rate(2))),
    Decimal8(150_000_000),
    Rate(5),
    Money(8),
    "late",
)
BARE = attrs.evolve(WHOLE, owner=Owner("USDC"), steps=(), limit=None, note=None)
FORM = RecordForm(Everything, typed=True)


def digits() -> Digits:
    found = Digits(Header())
    found.assets["USDC"] = 6
    found.markets["BTCUSDC"] = MarketDigits(2, 3, 6)
    return found


def test_the_kinds_of_the_fields() -> None:
    assert FORM.kinds == {
        "asset": Name("asset"),
        "market": Name("market"),
        "side": Choice(("LONG", "SHORT")),
        "everything": Name("order"),
        "number": Integer(1),
        "open": Flag(),
        "paid": Amount("money"),
        "paid_by": LedgerName(),
        "steps": Rows(Step),
        "stated": Amount("money", stated=True),
        "fee": Amount("rate"),
        "limit": Amount("money"),
        "note": Choice(("late", "early")),
    }
    assert (FORM.name, FORM.optional, FORM.together) == (
        "sample",
        ("market", "side", "limit", "note"),
        (("market", "side"),),
    )


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (
            WHOLE,
            (
                '{"asset":"USDC","everything":"e1","fee":"0.00000005","limit":"0.000008","market":"BTCUSDC","note":"late",'
                '"number":3,"open":false,"paid":"-0.000005","paid_by":"wallet:alice:USDC","side":"LONG","stated":"1.5",'
                '"steps":[{"above":"0.000000","rate":"0.00000001"},{"above":"0.000010","rate":"0.00000002"}],'
                '"type":"sample"}'
            ),
        ),
        (
            BARE,
            (
                '{"asset":"USDC","everything":"e1","fee":"0.00000005","number":3,"open":false,"paid":"-0.000005",'
                '"paid_by":"wallet:alice:USDC","stated":"1.5","steps":[],"type":"sample"}'
            ),
        ),
    ],
)
def test_writing(record: Everything, text: str) -> None:
    encoded = FORM.encode(record, digits())
    assert canonical_json(encoded).decode() == text
    assert canonical_json(encoded) == sorted_json(encoded)


def read(form: RecordForm, encoded: JsonObject, own: MarketDigits | None = None) -> dict[str, Any]:
    return form.read(parse_document(json.dumps(encoded).encode(), "file"), own)


def test_reading_counts_1e_8_if_no_digits_are_given() -> None:
    assert read(FORM, FORM.encode(WHOLE, digits())) == {
        "asset": "USDC",
        "market": "BTCUSDC",
        "side": "LONG",
        "everything": "e1",
        "number": 3,
        "open": False,
        "paid": -500,
        "paid_by": wallet("alice", "USDC"),
        "steps": ({"above": 0, "rate": 1}, {"above": 1000, "rate": 2}),
        "stated": 150_000_000,
        "fee": 5,
        "limit": 800,
        "note": "late",
    }


@attrs.frozen
class Resting:
    """What documents have without its sign."""

    id: OrderName
    left: UnsignedQuantity
    quantity: SidedQuantity
    price: Price
    days: int


RESTING = RecordForm(Resting, key="resting", bounds={"price": (1, 99), "days": (0, 9)})
OWN = MarketDigits(2, 3, 6)


@pytest.mark.parametrize(("quantity", "side"), [(Quantity(-5), "sell"), (Quantity(5), "buy")])
def test_an_amount_beside_its_side(quantity: Quantity, side: str) -> None:
    encoded = RESTING.encode(Resting("r", Quantity(-7), quantity, Price(99), 9), OWN)
    assert encoded == {"days": 9, "left": "0.007", "price": "0.99", "quantity": "0.005", "side": side}
    assert read(RESTING, encoded, OWN) == {"left": 7, "quantity": quantity, "price": 99, "days": 9}


GOOD = {"days": 9, "left": "0.007", "price": "0.99", "quantity": "0.005", "side": "buy"}


@pytest.mark.parametrize(
    ("form", "wrong", "said"),
    [
        (RESTING, {"side": "long"}, 'side: expected one of buy, sell, found "long"'),
        (RESTING, {"price": "0"}, "price: must be at least 0.01, found 0"),
        (RESTING, {"price": "1.00"}, "price: must be at most 0.99, found 1.00"),
        (RESTING, {"price": "0.001"}, "price: more than 2 digits after the point: 0.001"),
        (RESTING, {"days": 10}, "days: must be at most 9, found 10"),
        (RESTING, {"resting": "r"}, "resting: unknown field"),
        (RESTING, {"left": None}, "left: expected a string, found null"),
        (FORM, {"market": "BTCUSDC"}, "side: missing field"),
        (FORM, {"side": "LONG"}, "market: missing field"),
        (FORM, {"number": 0}, "number: must be at least 1, found 0"),
        (FORM, {"asset": "a b"}, 'asset: not a name: "a b"'),
        (FORM, {"open": 0}, "open: expected true or false, found 0"),
        (FORM, {"fee": "5e3"}, 'fee: not a decimal: "5e3"'),
        (FORM, {"steps": [{"above": "1"}]}, "steps[0].rate: missing field"),
        (FORM, {"steps": [{"above": "1", "rate": 1}]}, "steps[0].rate: expected a string, found 1"),
        (FORM, {"paid_by": "wallet:a b:USDC"}, 'paid_by: not a name: "a b"'),
        (FORM, {"paid_by": "position:alice:BTCUSDC:X"}, 'paid_by: expected one of BOTH, LONG, SHORT, found "X"'),
        (FORM, {"paid_by": "lot:07"}, "paid_by: expected lot:id"),
        (FORM, {"paid_by": "insurance:"}, "paid_by: expected insurance:asset"),
        (
            FORM,
            {"paid_by": "purse:alice"},
            (
                "paid_by: expected a ledger account: external:asset, wallet:account:asset, "
                "isolated:account:market:side, position:account:market:side, "
                "lot:id, reserve:market, insurance:asset, relief:asset, house:asset, clearing:asset"
            ),
        ),
    ],
)
def test_what_is_wrong_is_refused_by_its_field(form: RecordForm, wrong: JsonObject, said: str) -> None:
    good = GOOD if form is RESTING else FORM.encode(BARE, digits())
    with pytest.raises(InputError) as refused:
        read(form, {**good, **wrong}, OWN)
    assert str(refused.value) == f"file: {said}"
    assert read(form, good, OWN)


def test_a_ledger_account_is_read_as_it_is_written() -> None:
    found = read(FORM, {**FORM.encode(BARE, digits()), "paid_by": "insurance:USDC"})
    assert found["paid_by"] == insurance("USDC")


def test_the_schema_takes_what_is_written_and_refuses_what_is_not() -> None:
    schema = json.loads(schema_text("sample", "Sample", "One field of every kind.", record_schema(FORM)))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    whole, bare = FORM.encode(WHOLE, digits()), FORM.encode(BARE, digits())
    for encoded in (whole, bare):
        validator.validate(encoded)
    for name in whole:
        rest = {other: value for other, value in whole.items() if other != name}
        assert validator.is_valid(rest) == (name in ("limit", "note"))
    for wrong in ({"more": 1}, {"number": 0}, {"fee": 5}, {"note": "soon"}, {"side": "LONG"}, {"paid_by": "lot:0"}):
        assert not validator.is_valid({**bare, **wrong})
    assert schema["description"] == "One field of every kind."


def test_a_record_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        RESTING.read(Node("file", 3, "orders[0]", []), OWN)
    assert str(refused.value) == "file:3: orders[0]: expected an object, found a list"
