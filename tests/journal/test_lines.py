"""Journals as JSON Lines: what is written, and what is read from files of every size, shape and damage."""

import struct
import tracemalloc
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from marginspec.model import events
from marginspec.model.state import Header, Profile
from marginspec.model.units import Decimal8
from marginspec_journal import InputError, Record, limits, lines, open_journal, write_journal, write_lines
from marginspec_journal.common_lines import COMMON_FORMS, common_record
from marginspec_journal.events import record_of
from marginspec_journal.lines import record_object
from marginspec_journal.strict_json import parse_document
from worlds.samples import EVENTS, HEADER
from worlds.strategies import records

HEADER_LINE = b'{"journal":1,"rulebook":"2"}\n'
DEPOSIT = b'{"type":"deposit","account":"alice","asset":"USDT","amount":"1000"}\n'
TRADE = (
    b'{"type":"trade","market":"BTCUSDT","price":"114400.00","quantity":"0.010",'
    b'"buyer":"alice","seller":"bob","taker":"buyer"}'
)


def file_of(content: bytes, folder: Path, name: str = "journal.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as refusal:
        list(open_journal(path))
    return str(refusal.value).removeprefix(str(path))


# ------------------------------------------------------------------- what is written


def test_what_is_written(tmp_path: Path) -> None:
    trade = events.Trade("龙虾USDT", Decimal8(10**7), Decimal8(-1), "a", "b", "seller", seller_side="LONG")
    order = events.PlaceOrder("a", "o1", "M", "buy", "BOTH", Decimal8(10**8), Decimal8(0), True)
    path = tmp_path / "journal.jsonl"
    write_lines(path, Header(), [Record(0, trade, "2025-10-10T21:20:00Z", "7", {"accepted": True}), Record(0, order)])
    header, first, second = path.read_text("utf-8").splitlines()
    assert parse_document(header.encode(), "header").value == {
        "journal": 1,
        "rulebook": "2",
        "profile": {"adl_ranking": "binance", "last_resort": "levy"},
        "assets": {},
    }
    assert first == (
        '{"type":"trade","market":"龙虾USDT","price":"0.1","quantity":"-0.00000001","buyer":"a","seller":"b",'
        '"taker":"seller","seller_side":"LONG","ts":"2025-10-10T21:20:00Z","ref":"7","observed":{"accepted":true}}'
    )
    assert second == (
        '{"type":"place_order","account":"a","order":"o1","market":"M","side":"buy","position_side":"BOTH",'
        '"quantity":"1","price":"0","reduce_only":true}'
    )


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path: Path) -> None:
    path = file_of(HEADER_LINE + DEPOSIT + b"{}\n", tmp_path, "source.jsonl")
    for name in ("out.jsonl", "out.jsonl.zst", "out.parquet"):
        source = open_journal(path)
        with pytest.raises(InputError):
            write_journal(tmp_path / name, source.header, source)
    assert list(tmp_path.iterdir()) == [path]


# ------------------------------------------------------------------- what is read


def test_a_header_may_say_nothing_or_everything(tmp_path: Path) -> None:
    for text, header in (
        ('{"journal":1,"rulebook":"2"}', Header()),
        ('{"journal":1,"rulebook":"2","profile":"reserve"}', Header()),
        ('{"rulebook":"2","assets":{},"profile":{},"journal":1}', Header()),
        ('{"journal":1,"rulebook":"2","assets":{"USDC":{"decimals":6}}}', HEADER),
        ('{"journal":1,"rulebook":"2","profile":{"last_resort":"none"}}', Header(Profile("binance", "none"))),
    ):
        assert open_journal(file_of(text.encode() + b"\n", tmp_path)).header == header


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst"])
def test_lines_do_not_depend_on_how_much_is_read_at_once(
    size: int, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"journal{suffix}"
    write_lines(path, HEADER, [Record(0, event) for event in EVENTS])
    monkeypatch.setattr(lines, "_CHUNK", size)
    monkeypatch.setattr(lines, "_COMPRESSED_CHUNK", size)
    found = list(open_journal(path))
    assert found == [Record(line, event) for line, event in enumerate(EVENTS, 2)]


@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_what_is_read_ahead_counts_only_once_it_is_given(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_AHEAD", size)
    journal = open_journal(file_of(HEADER_LINE + DEPOSIT * 5 + b"{}\n" + DEPOSIT, tmp_path))
    given = iter(journal)
    for count in range(1, 6):
        assert next(given).line == count + 1
        assert journal.sha256_so_far() == sha256(HEADER_LINE + DEPOSIT * count).hexdigest()
    with pytest.raises(InputError, match=":7: type: missing field"):
        next(given)


def test_reading_is_lazy(tmp_path: Path) -> None:
    journal = iter(open_journal(file_of(HEADER_LINE + DEPOSIT + b"{}\n", tmp_path)))
    assert next(journal).line == 2
    with pytest.raises(InputError, match=":3: type: missing field"):
        next(journal)


@pytest.mark.parametrize("name", ["journal.jsonl", "journal.jsonl.zst", "journal.parquet"])
def test_a_journal_is_read_once(name: str, tmp_path: Path) -> None:
    write_journal(tmp_path / name, Header(), [Record(0, EVENTS[0])])
    journal = open_journal(tmp_path / name)
    assert len(list(journal)) == 1
    with pytest.raises(AssertionError, match="a journal is read once"):
        list(journal)


@pytest.mark.rule("JRN-01")
def test_a_file_cut_anywhere_is_refused_or_has_whole_lines_only(tmp_path: Path) -> None:
    content = HEADER_LINE + DEPOSIT + TRADE + b"\n"
    whole = {place + 1 for place, byte in enumerate(content) if byte == ord("\n")}
    for cut in range(len(content) + 1):
        path = file_of(content[:cut], tmp_path)
        if cut in whole:
            assert len(list(open_journal(path))) == content[:cut].count(b"\n") - 1
        else:
            assert refused(path)


@pytest.mark.rule("JRN-01")
@pytest.mark.parametrize(("content", "message"), [
    (b"\xef\xbb\xbf" + HEADER_LINE, ":1: the file begins with a byte order mark"),
    (b"\n" + HEADER_LINE, ":1: blank line"),
    (HEADER_LINE + b"\n" + DEPOSIT, ":2: blank line"),
    (HEADER_LINE + DEPOSIT + b" \t\n", ":3: blank line"),
    (HEADER_LINE.replace(b"\n", b"\r\n"), ":1: the line ends with a carriage return"),
    (HEADER_LINE + DEPOSIT.replace(b"\n", b"\r\n"), ":2: the line ends with a carriage return"),
    (HEADER_LINE + DEPOSIT[:-1], ":2: the last line is not ended by a newline: the file is cut short"),
    (HEADER_LINE + b"\xff\n", ":2: not UTF-8 at byte 1"),
    (HEADER_LINE + DEPOSIT.replace(b"alice", b"\xed\xa0\x80"), ":2: not UTF-8 at byte 30"),
    (HEADER_LINE + DEPOSIT[:-1] + b"x\n", ":2: not JSON: Extra data"),
    (HEADER_LINE + b"[" * 100_000 + b"\n", ":2: nested too deeply"),
    (HEADER_LINE.replace(b'"2"', b'"3"'), ':1: rulebook: unknown rulebook version, expected "2"'),
    (
        HEADER_LINE.replace(b'"2"', b'"1"'),
        (
            ':1: rulebook: rulebook 1 has other outcomes and is not run any more, expected "2": '
            "events and questions run by that once they state it; states and answers must be made anew"
        ),
    ),
    (DEPOSIT, ":1: type: unknown field"),
])  # fmt: skip
def test_refusals_of_files(content: bytes, message: str, tmp_path: Path) -> None:
    assert refused(file_of(content, tmp_path)) == message


LEDGER_NAMES = (
    "expected a ledger account: external:asset, wallet:account:asset, isolated:account:market:side, "
    "position:account:market:side, lot:id, reserve:market, insurance:asset, relief:asset, house:asset, clearing:asset"
)


@pytest.mark.parametrize(("observed", "message"), [
    ('{"ledger":{"wallet:alice":"0"}}', f"ledger.wallet:alice: {LEDGER_NAMES}"),
    ('{"ledger":{"\\ud800":"1"}}', f'ledger."\\ud800": {LEDGER_NAMES}'),
    ('{"ledger":{"wallet::USDT":"1"}}', 'ledger.wallet::USDT: expected wallet:account:asset'),
    ('{"ledger":{"isolated:a:M:UP":"1"}}', 'ledger.isolated:a:M:UP: expected one of BOTH, LONG, SHORT, found "UP"'),
    ('{"marks":{"a\\udfff":"1"}}', r'marks."a\udfff": not a name: "a\udfff"'),
    ('{"positions":{"bob":{"quantity":"0"}}}', "positions.bob: expected ACCOUNT:MARKET:SIDE"),
    ('{"positions":{"bob:M:UP":{}}}', 'positions.bob:M:UP: expected one of BOTH, LONG, SHORT, found "UP"'),
    ('{"positions":{"bob:M:BOTH":{"quantity":"0","pnl":"1"}}}', "positions.bob:M:BOTH.pnl: unknown field"),
    ('{"domains":{"bob":{}}}', "domains.bob: expected ACCOUNT:MARKET:SIDE:ASSET"),
    ('{"lots":{"x":{"quantity":"1"}}}', 'lots.x: expected an integer, found "x"'),
    ('{"accepted":true,"code":"-2019"}', ": both accepted and code"),
    ('{"code":""}', "code: expected 1 to 128 printable ASCII characters"),
    ('{"balances":{}}', "balances: unknown field"),
])  # fmt: skip
def test_what_was_observed_has_known_fields_and_names(observed: str, message: str, tmp_path: Path) -> None:
    line = DEPOSIT.replace(b"}", b',"observed":' + observed.encode() + b"}")
    place = ":2: observed" if message.startswith(":") else ":2: observed."
    assert refused(file_of(HEADER_LINE + line, tmp_path)) == place + message


@pytest.mark.parametrize("name", ["a\0b.jsonl", "a\0b.jsonl.zst", "a\0b.parquet"])
def test_a_path_with_nul_is_refused(name: str, tmp_path: Path) -> None:
    assert refused(tmp_path / name) == ": cannot be read: embedded null byte"


# ------------------------------------------------------------------- compressed


def compressed(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


SKIPPABLE = struct.pack("<II", 0x184D2A50, 5) + b"index"
"""A frame without content, such as parallel compressors and seekable files have."""


@pytest.mark.parametrize("content", [
    compressed(HEADER_LINE + DEPOSIT),
    compressed(HEADER_LINE[:9]) + compressed(b"") + compressed(HEADER_LINE[9:] + DEPOSIT),
    SKIPPABLE + compressed(HEADER_LINE) + SKIPPABLE + compressed(DEPOSIT) + SKIPPABLE,
])  # fmt: skip
def test_whole_frames_are_one_file(content: bytes, tmp_path: Path) -> None:
    assert len(list(open_journal(file_of(content, tmp_path, "journal.jsonl.zst")))) == 1


@pytest.mark.parametrize(("content", "message"), [
    (b"", ":1: the header is missing"),
    (compressed(b""), ":1: the header is missing"),
    (HEADER_LINE, ": damaged: zstd decompressor error: Unknown frame descriptor"),
    (compressed(HEADER_LINE) + b"\0\0\0\0", ": damaged: zstd decompressor error: Unknown frame descriptor"),
    (compressed(HEADER_LINE) + compressed(DEPOSIT)[:3], ": the compressed file is cut short"),
    (compressed(HEADER_LINE) + compressed(DEPOSIT[:9]),
     ":2: the last line is not ended by a newline: the file is cut short"),
])  # fmt: skip
def test_refusals_of_compressed_files(content: bytes, message: str, tmp_path: Path) -> None:
    assert refused(file_of(content, tmp_path, "journal.jsonl.zst")) == message


def test_a_small_file_that_unpacks_to_a_flood_does_not_fill_the_memory(tmp_path: Path) -> None:
    flood = zstandard.ZstdCompressor().compressobj()
    pieces = [flood.compress(HEADER_LINE), *(flood.compress(bytes(1 << 24)) for _ in range(64)), flood.flush()]
    path = file_of(b"".join(pieces), tmp_path, "flood.jsonl.zst")
    journal = open_journal(path)
    assert path.stat().st_size < 1 << 18
    tracemalloc.start()
    with pytest.raises(InputError) as refusal:
        list(journal)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(refusal.value) == f"{path}:2: longer than the limit of 16777216 bytes for a line"
    assert most < 300 << 20
    assert journal.header == Header()


def test_a_line_may_be_as_long_as_the_limit_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINE_BYTES", len(DEPOSIT) - 1)
    path = file_of(HEADER_LINE + DEPOSIT, tmp_path)
    assert len(list(open_journal(path))) == 1
    for longer in (HEADER_LINE + DEPOSIT[:-1] + b" \n", HEADER_LINE + DEPOSIT[:-1] + b" "):
        path.write_bytes(longer)
        assert refused(path) == f":2: longer than the limit of {len(DEPOSIT) - 1} bytes for a line"


# ------------------------------------------------------------------- the fast way and the definition


def text_of(record: Record) -> bytes:
    return msgspec.json.encode(record_object(record))


def agree(text: bytes) -> None:
    """Where the fast way takes a line, the definition takes it with the same record."""
    fast = common_record(text, 2)
    if fast is not None:
        assert fast == record_of(parse_document(text, "journal", 2), 2)


@given(records)
def test_a_line_as_it_is_written_is_read_back_and_common_ones_fast(record: Record) -> None:
    text = text_of(record)
    defined = record_of(parse_document(text, "journal", 0), 0)
    assert defined == record
    fast = common_record(text, 0)
    common = parse_document(text, "journal").value["type"] in COMMON_FORMS
    assert fast == (record if common and record.observed is None and b"\\" not in text else None)


PIECES = (
    b'"type":"trade",', b'"taker":"buyer"', b',"buyer":"alice"', b',"buyer_side":null', b',"ts":"x"',
    b'\\"', b"\\u0061",
    b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe9\xbe\x99", b'""', b'"', b"\0", b"\n", b"\x1f", b"{}", b",", b"}", b" ",
)  # fmt: skip


@given(st.data())
def test_changed_lines_are_never_taken_by_the_fast_way_alone(choices: st.DataObject) -> None:
    text = TRADE
    for _ in range(choices.draw(st.integers(1, 3))):
        start = choices.draw(st.integers(0, len(text)))
        end = choices.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + choices.draw(st.sampled_from((b"", text[start:end] * 2, *PIECES))) + text[end:]
    agree(text)


@given(records, st.data())
def test_repeated_fields_are_refused_wherever_they_stand(record: Record, choices: st.DataObject) -> None:
    fields = text_of(record)[1:-1]
    root = parse_document(b"{%b}" % fields, "journal").value
    name = choices.draw(st.sampled_from(sorted(root)))
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in name)
    for spelled in (name, escaped):
        repeated = b'"%b":%b' % (spelled.encode(), b'"trade"' if name == "type" else b'"1"')
        for text in (b"{%b,%b}" % (fields, repeated), b"{%b,%b}" % (repeated, fields)):
            assert common_record(text, 2) is None
            with pytest.raises(InputError, match=f'repeated field "{name}"'):
                record_of(parse_document(text, "journal", 2), 2)


@given(st.binary(max_size=40))
@example(b"")
def test_no_bytes_raise_anything_else(text: bytes) -> None:
    assert common_record(text, 2) is None
    with pytest.raises(InputError):
        record_of(parse_document(text, "journal", 2), 2)
