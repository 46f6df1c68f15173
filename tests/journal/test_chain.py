"""The chain of receipts, and receipts files."""

import hashlib
from pathlib import Path

import pytest

from marginspec.model import events
from marginspec.model.effects import InsuranceStatus, MarketListed, MarkSet, PositionModeSet, Receipt, Transferred
from marginspec.model.ledger import account_named
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, State
from marginspec.model.units import Money, Price
from marginspec_conformance.generator.events import decimal
from marginspec_journal.chain import ChainedReceipt, ReceiptChain
from marginspec_journal.errors import InputError
from marginspec_journal.receipts_reading import BrokenLink, read_receipts, verify_chain
from marginspec_journal.states import OpenedState, opening
from worlds.samples import BTCUSDC, EFFECTS, EVENTS, FULL_STATE, HEADER, LOBSTER

pytestmark = pytest.mark.rule("JRN-01")

DEPOSIT = events.Deposit("alice", "USDC", decimal("1000.50"))
OPENED = Receipt(
    None,
    (
        PositionModeSet("alice", "one_way"),
        Transferred(
            "USDC", account_named("external:USDC"), account_named("wallet:alice:USDC"), Money(1_000_500_000), "ACC-01"
        ),
    ),
)
REFUSED = Receipt(Reason.INVALID_AMOUNT, ())


def test_hashes_spelled_out() -> None:
    header = (
        b'{"assets":{"USDC":{"decimals":6}},"journal":1,'
        b'"profile":{"adl_ranking":"binance","last_resort":"levy"},"rulebook":"2"}'
    )
    event = b'{"account":"alice","amount":"1000.5","asset":"USDC","type":"deposit"}'
    event_sha256 = hashlib.sha256(event).hexdigest()
    first = (
        b'{"accepted":true,"effects":['
        b'{"account":"alice","mode":"one_way","type":"position_mode"},'
        b'{"amount":"1000.500000","asset":"USDC","rule":"ACC-01","source":"external:USDC",'
        b'"target":"wallet:alice:USDC","type":"transfer"}],'
        b'"event":"' + event_sha256.encode() + b'","seq":1}'
    )
    second = b'{"event":"' + event_sha256.encode() + b'","rejected":"INVALID_AMOUNT","seq":2}'
    hash_0 = hashlib.sha256(header).digest()
    hash_1 = hashlib.sha256(hash_0 + first).digest()
    hash_2 = hashlib.sha256(hash_1 + second).digest()
    assert hash_0.hex() == "b6ecbdba1e39fb52c4b5c65437f21ae767c2a79748f6e0ee041919751f2da8c3"
    assert hash_2.hex() == "b269bd96c8f5278832305673836f0a94f2c9cefeedd99ef40e93220ba120af72"

    chain = ReceiptChain(HEADER)
    assert (chain.hash, chain.events) == (hash_0.hex(), 0)
    assert chain.append(DEPOSIT, OPENED) == ChainedReceipt(first, event_sha256, hash_1.hex())
    assert chain.append(DEPOSIT, REFUSED) == ChainedReceipt(second, event_sha256, hash_2.hex())
    assert (chain.hash, chain.events) == (hash_2.hex(), 2)


def test_line_is_the_receipt_with_its_hash() -> None:
    chained = ReceiptChain(HEADER).append(DEPOSIT, REFUSED)
    assert chained.line().decode() == (
        f'{{"event":"{chained.event}","hash":"{chained.hash}","rejected":"INVALID_AMOUNT","seq":1}}'
    )


def test_a_market_listed_on_the_way_brings_its_digits() -> None:
    chain = ReceiptChain(HEADER)
    chain.append(EVENTS[0], Receipt(Reason.INVALID_TIERS, ()))
    chain.append(EVENTS[0], Receipt(None, (MarketListed(LOBSTER),)))
    mark = events.MarkPrice("龙虾USDT", decimal("1.5"))
    chained = chain.append(mark, Receipt(None, (MarkSet("龙虾USDT", Price(150)),)))
    assert b'"market":"\\u9f99\\u867eUSDT","price":"1.50"' in chained.canonical


def chain_of(lines: int) -> list[ChainedReceipt]:
    chain = ReceiptChain(HEADER)
    listing = chain.append(EVENTS[0], Receipt(None, (MarketListed(LOBSTER), MarketListed(BTCUSDC))))
    return [listing, *(chain.append(DEPOSIT, OPENED if place % 2 else REFUSED) for place in range(1, lines))]


def write(path: Path, receipts: list[ChainedReceipt]) -> Path:
    path.write_bytes(b"".join(receipt.line() + b"\n" for receipt in receipts))
    return path


def test_going_on_from_a_state_continues_the_chain() -> None:
    whole = chain_of(6)
    state = State(header=HEADER, markets=FULL_STATE.markets)
    resumed = OpenedState(state, 4, 3, 1, whole[3].hash).chain()
    assert (resumed.events, resumed.hash) == (4, whole[3].hash)
    assert [resumed.append(DEPOSIT, REFUSED), resumed.append(DEPOSIT, OPENED)] == whole[4:]


def test_an_empty_opening_state_starts_like_its_header() -> None:
    assert opening(State(header=HEADER)).chain().hash == ReceiptChain(HEADER).hash
    assert opening(FULL_STATE).chain().hash != ReceiptChain(HEADER).hash


def test_receipts_file_reads_back(tmp_path: Path) -> None:
    chain = ReceiptChain(HEADER)
    chain.append(EVENTS[0], Receipt(None, (MarketListed(BTCUSDC),)))
    chained = chain.append(DEPOSIT, Receipt(None, EFFECTS))
    (receipt,) = read_receipts(write(tmp_path / "receipts.jsonl", [chained]))
    assert (receipt.line, receipt.number, receipt.rejected, receipt.chained) == (1, 2, None, chained)
    assert [effect["type"] for effect in receipt.effects][:3] == ["market_listed", "tiers_updated", "fees_updated"]
    assert len(receipt.effects) == len(EFFECTS)


def test_verify_chain_holds(tmp_path: Path) -> None:
    receipts = chain_of(5)
    check = verify_chain(HEADER, write(tmp_path / "receipts.jsonl", receipts))
    assert (check.accepted, check.rejected, check.hash, check.broken) == (3, 2, receipts[-1].hash, None)


def test_verify_chain_goes_on_from_a_state(tmp_path: Path) -> None:
    receipts = chain_of(5)
    start = OpenedState(State(header=HEADER), 3, 2, 1, receipts[2].hash)
    check = verify_chain(start, write(tmp_path / "receipts.jsonl", receipts[3:]))
    assert (check.hash, check.broken) == (receipts[-1].hash, None)


def test_verify_chain_finds_an_altered_receipt(tmp_path: Path) -> None:
    receipts = chain_of(5)
    altered = receipts[3]._replace(canonical=receipts[3].canonical.replace(b"1000.500000", b"1000.500001"))
    path = write(tmp_path / "receipts.jsonl", [*receipts[:3], altered, receipts[4]])
    check = verify_chain(HEADER, path)
    assert check.broken is not None
    assert (check.broken.line, check.broken.field, check.broken.stated) == (4, "hash", receipts[3].hash)
    assert (check.accepted, check.rejected, check.hash) == (2, 1, receipts[2].hash)


def test_verify_chain_finds_a_missing_receipt(tmp_path: Path) -> None:
    receipts = chain_of(5)
    check = verify_chain(HEADER, write(tmp_path / "receipts.jsonl", [*receipts[:2], *receipts[3:]]))
    assert check.broken == BrokenLink(3, "seq", "4", "3")


def test_verify_chain_finds_another_header(tmp_path: Path) -> None:
    check = verify_chain(Header(), write(tmp_path / "receipts.jsonl", chain_of(2)))
    assert check.broken is not None
    assert (check.broken.line, check.broken.field) == (1, "hash")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b'{"accepted"', b'{ "accepted"', None),
        (b'{"accepted":true', b'{"accepted":true,"accepted":true', None),
        (b'"accepted":true,', b"", "accepted"),
        (b'"accepted":true', b'"accepted":false', "accepted"),
        (b'"accepted":true', b'"accepted":1', "accepted"),
        (b'"event":"', b'"event":"x', "event"),
        (b'"hash":"', b'"hash":"A', "hash"),
        (b'"seq":1', b'"seq":0', "seq"),
        (b'"seq":1', b'"seq":1.0', "seq"),
        (b'"seq":1', b'"seq":"1"', "seq"),
        (b'"seq":1', b'"seq":true', "seq"),
        (b'"seq":1', b'"more":1,"seq":1', "more"),
        (b'"seq":1', b'"rejected":"NO_MARK","seq":1', "accepted"),
        (b'"effects":[', b'"effects":[1,', "effects[0]"),
        (b'"type":"position_mode"', b'"type":"mode"', "effects[0].type"),
        (b',"type":"position_mode"', b"", "effects[0].type"),
        (b'"mode":"one_way"', b'"mode":1', "effects[0].mode"),
        (b'"mode":"one_way",', b"", "effects[0].mode"),
        (b'"mode":"one_way",', b'"mode":"one_way","side":"BOTH",', "effects[0].side"),
        (b"alice", "é".encode(), None),
        (b"alice", b"\xff", None),
        (b"\n", b"", None),
        (b"}\n", b"\n", None),
        (b"}\n", b"}x\n", None),
        (b'{"accepted"', b'[{"accepted"', None),
        (b'"seq":1', b'"seq":NaN', None),
    ],
)
def test_malformed_lines_are_refused(tmp_path: Path, old: bytes, new: bytes, field: str | None) -> None:
    line = ReceiptChain(HEADER).append(DEPOSIT, OPENED).line() + b"\n"
    assert old in line
    path = tmp_path / "receipts.jsonl"
    path.write_bytes(line.replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        list(read_receipts(path))
    assert (refused.value.file, refused.value.line, refused.value.field) == (str(path), 1, field)


def test_kinds_of_fields_are_checked(tmp_path: Path) -> None:
    chain = ReceiptChain(HEADER)
    line = chain.append(EVENTS[0], Receipt(None, (MarketListed(BTCUSDC), *EFFECTS))).line()
    path = tmp_path / "receipts.jsonl"
    for old, new, field in (
        (b'"max_leverage":125', b'"max_leverage":"125"', "effects[0].tiers[0].max_leverage"),
        (b'"reduce_only":false', b'"reduce_only":0', "effects[9].reduce_only"),
        (b'"floor":"0.000000",', b"", "effects[0].tiers[0].floor"),
        (b'"lot":7', b'"lot":7.5', "effects[16].lot"),
    ):
        path.write_bytes(line.replace(old, new, 1) + b"\n")
        with pytest.raises(InputError) as refused:
            list(read_receipts(path))
        assert refused.value.field == field


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        list(read_receipts(tmp_path / "none.jsonl"))


def test_an_account_named_like_the_event_field(tmp_path: Path) -> None:
    event = events.Deposit("event", "event", decimal("1"))
    chained = ReceiptChain(HEADER).append(event, Receipt(None, (InsuranceStatus("event", Money(1), Money(0)),)))
    check = verify_chain(HEADER, write(tmp_path / "receipts.jsonl", [chained]))
    assert check.broken is None
