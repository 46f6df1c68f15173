"""Decimals, names and journals in their formats: what is written reads back equal, in any of them."""

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marginspec.model.events import Deposit, Event
from marginspec.model.state import Header
from marginspec.model.units import Decimal8
from marginspec_journal import InputError, Record, open_journal, write_journal
from marginspec_journal.common_lines import common_record
from marginspec_journal.decimals import decimal_text, parse_decimal, shortest_decimal
from marginspec_journal.events import record_of
from marginspec_journal.names import is_name, is_reference, is_time_stamp
from marginspec_journal.names_table import RANGES
from marginspec_journal.strict_json import parse_document
from marginspec_tools.runs.running import Run
from worlds.golden import FOLDER, journals
from worlds.samples import EVENTS

LIMIT = 10**38 - 1
TABLE = "18a9c98c72815bd0009b9c67b252765e1c56b9ca58cdf58cae535a531d467671"


@pytest.mark.rule("NUM-01")
@given(st.integers(-LIMIT, LIMIT), st.integers(0, 8))
@example(0, 0)
@example(-1, 8)
@example(10**8, 8)
def test_decimal_text_has_its_digits_and_reads_back(units: int, decimals: int) -> None:
    text = decimal_text(units, decimals)
    assert len(text.partition(".")[2]) == decimals
    assert Fraction(text) * 10**decimals == units


@given(st.integers(-LIMIT, LIMIT))
def test_the_shortest_decimal_reads_back_and_has_no_trailing_zero(units: int) -> None:
    text = shortest_decimal(Decimal8(units))
    assert parse_decimal(text) == units
    assert not ("." in text and text.endswith(("0", ".")))


@given(st.text(alphabet="0123456789.-+e ", max_size=45))
def test_what_is_no_decimal_of_the_grammar_is_refused(text: str) -> None:
    whole, point, fraction = text.removeprefix("-").partition(".")
    right = whole.isdecimal() and (whole == "0" or whole[0] != "0") and len(whole) <= 30
    right = right and (not point or (fraction.isdecimal() and len(fraction) <= 8))
    right = right and not (text.startswith("-") and set(text) <= set("-0."))
    if right:
        assert parse_decimal(text) == Fraction(text) * 10**8
    else:
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            parse_decimal(text)


@pytest.mark.rule("JRN-01")
def test_names_have_the_published_characters() -> None:
    assert sha256(RANGES.encode()).hexdigest() == TABLE
    if unicodedata.unidata_version != "14.0.0":
        return  # this Python knows another Unicode; the table was compared with its own where it was made
    for point in range(0x10000):
        character = chr(point)
        plain = character.isascii() and (character.isalnum() or character in "._-")
        foreign = not character.isascii() and unicodedata.category(character) in ("Lu", "Ll", "Lo", "Nd")
        assert is_name(character) == (plain or foreign), hex(point)


def test_names_references_and_time_stamps() -> None:
    assert [is_name(text) for text in ("龙虾USDT", "a" * 64, "a" * 65, "", "a b", "😀", "a\n")] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
    assert [is_reference(text) for text in ("a b~", "", "x" * 128, "x" * 129, "é", "a\n")] == [
        True, False, True, False, False, False,
    ]  # fmt: skip
    stamps = (
        *("2025-10-10T21:20:00Z", "2025-10-10t21:20:60.123+09:00", "2025-02-29T00:00:00Z", "2025-10-10T24:00:00Z"),
        *("2025-10-10T21:20:61Z", "2025-10-10 21:20:00Z", "2025-10-10T21:20:00", "2025-10-10T21:20:00Z\n"),
    )
    assert [is_time_stamp(text) for text in stamps] == [True, True, False, False, False, False, False, False]


ANNOTATED = (
    *(Record(place, event) for place, event in enumerate(EVENTS, 2)),
    Record(0, Deposit("a", "USDT", Decimal8(1)), "2025-10-10T21:20:00.5Z", "venue 7", {"accepted": True}),
)
HEADERS = tuple(dict.fromkeys(Run(FOLDER / f"{name}.jsonl").journal.header for name in journals()))


def events_of(path: Path) -> list[tuple[Event, str | None, str | None, Any]]:
    return [(one.event, one.ts, one.ref, one.observed) for one in open_journal(path)]


@pytest.mark.rule("JRN-01")
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst", ".parquet"])
@pytest.mark.parametrize("header", [*HEADERS, Header()], ids=str)
def test_a_journal_reads_back_equal_and_is_written_equal(suffix: str, header: Header, tmp_path: Path) -> None:
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    write_journal(first, header, ANNOTATED)
    assert open_journal(first).header == header
    assert events_of(first) == [(one.event, one.ts, one.ref, one.observed) for one in ANNOTATED]
    write_journal(second, header, open_journal(first))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.rule("JRN-01", "INV-10")
@pytest.mark.parametrize("name", sorted(journals()))
def test_the_same_journal_gives_the_same_hash_in_every_format(name: str, tmp_path: Path) -> None:
    hashes = set()
    for suffix in (".jsonl.zst", ".parquet"):
        source = open_journal(FOLDER / f"{name}.jsonl")
        write_journal(tmp_path / f"journal{suffix}", source.header, source)
        run = Run(tmp_path / f"journal{suffix}")
        hashes.add([run.chain.hash, *(step.chained.hash for step in run)][-1])
    original = Run(FOLDER / f"{name}.jsonl")
    hashes.add([step.chained.hash for step in original][-1])
    assert len(hashes) == 1


@pytest.mark.parametrize("name", sorted(journals()))
def test_the_fast_way_agrees_with_the_definition_wherever_it_answers(name: str) -> None:
    for number, text in enumerate((FOLDER / f"{name}.jsonl").read_bytes().splitlines()[1:], 2):
        fast = common_record(text, number)
        assert fast in (None, record_of(parse_document(text, "journal", number), number))


@given(st.sampled_from([b"\\u0061", b"\\n", b" ", b'"', b"{", b"}", b":", b",", b"\xc3\xa9", b"1", b"-0"]), st.data())
def test_the_fast_way_never_takes_what_the_definition_refuses(piece: bytes, data: st.DataObject) -> None:
    line = b'{"type":"trade","market":"ABC","price":"1.5","quantity":"2","buyer":"a","seller":"b","taker":"buyer"}'
    place = data.draw(st.integers(0, len(line)))
    text = line[:place] + piece + line[place:]
    fast = common_record(text, 2)
    if fast is not None:
        assert fast == record_of(parse_document(text, "journal", 2), 2)


def parquet_of(rows: dict[str, Any], tmp_path: Path, header: bytes | None = b'{"journal":1,"rulebook":"2"}') -> Path:
    table = pa.table(rows)
    path = tmp_path / "bad.parquet"
    pq.write_table(table.replace_schema_metadata({b"marginspec": header} if header else {}), path)
    return path


AMOUNT = pa.array([Decimal("1.00000000")], pa.decimal128(38, 8))
DEPOSIT = {"type": ["deposit"], "account": ["a"], "asset": ["USDT"], "amount": AMOUNT}
WRONG_TABLES: tuple[tuple[dict[str, Any], str], ...] = (
    ({**DEPOSIT, "color": ["red"]}, ": color: unknown column"),
    ({name: DEPOSIT[name] for name in ("account", "asset", "amount")}, ": type: missing column"),
    ({**DEPOSIT, "amount": ["1"]}, ": amount: expected decimal128(38, 8), found string"),
    ({**DEPOSIT, "amount": [1.5]}, ": amount: expected decimal128(38, 8), found double"),
    ({**DEPOSIT, "account": pa.array([None], pa.string())}, ":1: account: missing field"),
    ({**DEPOSIT, "market": ["ABC"]}, ":1: market: unknown field"),
    ({**DEPOSIT, "account": ["a b"]}, ':1: account: not a name: "a b"'),
    ({**DEPOSIT, "observed": ["{"]}, ":1: not JSON: Expecting property name enclosed in double quotes"),
    ({**DEPOSIT, "observed": ["[]"]}, ":1: observed: expected an object, found a list"),
    ({**DEPOSIT, "type": pa.array([None], pa.string())}, ":1: type: missing field"),
)


@pytest.mark.parametrize(("rows", "message"), WRONG_TABLES, ids=range(len(WRONG_TABLES)))
def test_a_wrong_table_is_refused(rows: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = parquet_of(rows, tmp_path)
    with pytest.raises(InputError) as refusal:
        list(open_journal(path))
    assert str(refusal.value) == f"{path}{message}"


def test_a_table_without_header_is_refused(tmp_path: Path) -> None:
    path = parquet_of(DEPOSIT, tmp_path, header=None)
    with pytest.raises(InputError) as refusal:
        open_journal(path)
    assert str(refusal.value) == f"{path}: marginspec: the header is missing from the metadata"


def test_a_damaged_table_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    write_journal(tmp_path / "good.parquet", Header(), ANNOTATED)
    content = (tmp_path / "good.parquet").read_bytes()
    path = tmp_path / "cut.parquet"
    for cut in range(0, len(content), 97):
        path.write_bytes(content[:cut])
        with pytest.raises(InputError):
            list(open_journal(path))
