"""Journals as Parquet: the same records as in lines, from every way to store them, and never from damage."""

import os
import struct
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marginspec.model.events import Deposit, Event, SetLeverage
from marginspec.model.fields import type_name
from marginspec.model.state import Header
from marginspec.model.units import Decimal8
from marginspec_journal import InputError, Record, open_journal, parquet, write_journal
from marginspec_journal.common_rows import CommonRows
from marginspec_journal.events import EVENT_FORMS
from worlds.samples import EVENTS, HEADER
from worlds.strategies import MOST_UNITS, records

HEADER_TEXT = b'{"journal":1,"rulebook":"2"}'
AMOUNT = pa.decimal128(38, 8)
ONE = pa.array([Decimal("1.00000000")], AMOUNT)
DEPOSIT: dict[str, Any] = {"type": ["deposit"], "account": ["a"], "asset": ["USDT"], "amount": ONE}
LEVERAGE: dict[str, Any] = {"type": ["set_leverage"], "account": ["a"], "market": ["M"]}
TIER = {"floor": Decimal(0), "max_leverage": 5, "maintenance_rate": Decimal("0.1")}
TIER_FIELDS = [("floor", AMOUNT), ("max_leverage", pa.int64()), ("maintenance_rate", AMOUNT)]


def table_of(columns: dict[str, Any], folder: Path, header: bytes = HEADER_TEXT) -> Path:
    path = folder / "table.parquet"
    pq.write_table(pa.table(columns).replace_schema_metadata({b"marginspec": header}), path)
    return path


def tiers_of(*rows: Any, kinds: Iterable[Any] = tuple(TIER_FIELDS), list_of: Any = pa.list_) -> dict[str, Any]:
    column = pa.array([list(rows)], list_of(pa.struct(list(kinds))))
    return {"type": ["update_tiers"], "market": ["M"], "tiers": column}


def refused(path: Path) -> str:
    with pytest.raises(InputError) as refusal:
        list(open_journal(path))
    return str(refusal.value).removeprefix(str(path))


def as_given(journal: Iterable[Record]) -> list[Record]:
    """The records as the strategies make them, without their places."""
    return [Record(0, one.event, one.ts, one.ref, one.observed) for one in journal]


# ------------------------------------------------------------------- round trips


@pytest.mark.rule("JRN-01", "NUM-01")
@given(st.lists(records, max_size=5))
def test_lines_to_parquet_and_back_are_the_same(written: list[Record]) -> None:
    with TemporaryDirectory() as folder:
        names = ("first.jsonl", "second.parquet", "third.jsonl.zst", "fourth.parquet", "fifth.jsonl")
        paths = [Path(folder) / name for name in names]
        write_journal(paths[0], HEADER, written)
        for source, target in pairwise(paths):
            journal = open_journal(source)
            write_journal(target, journal.header, journal)
        for path in paths:
            journal = open_journal(path)
            assert journal.header == HEADER
            assert as_given(journal) == written
        assert paths[0].read_bytes() == paths[4].read_bytes()
        assert paths[1].read_bytes() == paths[3].read_bytes()


@given(st.lists(records, min_size=1, max_size=8))
def test_the_fast_way_agrees_with_the_definition(written: list[Record]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "journal.parquet"
        write_journal(path, Header(), written)
        fast = list(open_journal(path))
        patch.setattr(CommonRows, "record", lambda *_: None)
        assert fast == list(open_journal(path))


def test_rows_count_on_over_batches_and_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = [Record(0, event) for event in EVENTS] * 9
    write_journal(tmp_path / "one_group.parquet", HEADER, written)
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 7)
    write_journal(tmp_path / "many_groups.parquet", HEADER, written)
    assert pq.ParquetFile(tmp_path / "many_groups.parquet").num_row_groups > 10
    for name in ("one_group.parquet", "many_groups.parquet"):
        found = list(open_journal(tmp_path / name))
        assert [record.line for record in found] == list(range(1, len(written) + 1))
        assert as_given(found) == written


def test_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.parquet"
    write_journal(path, HEADER, [Record(0, EVENTS[0])])
    schema = pq.read_schema(path)
    assert schema.metadata == {
        b"marginspec": b'{"assets":{"USDC":{"decimals":6}},"journal":1,'
        b'"profile":{"adl_ranking":"binance","last_resort":"levy"},"rulebook":"2"}'
    }
    assert schema.field("price").type == schema.field("amount").type == AMOUNT
    assert schema.field("tiers").type.value_type == pa.struct(TIER_FIELDS)
    assert {schema.field(name).type for name in ("type", "ts", "ref", "observed", "buyer_side")} == {pa.string()}
    (row,) = pq.read_table(path).to_pylist()
    assert {name for name, value in row.items() if value is not None} == {"type", *EVENT_FORMS["list_market"].required}


# ------------------------------------------------------------------- ways to store


@pytest.mark.parametrize("columns", [
    {**DEPOSIT, "market": pa.nulls(1)},
    {**DEPOSIT, "market": pa.nulls(1, pa.string()), "price": pa.nulls(1, AMOUNT), "leverage": pa.nulls(1, pa.int8())},
    *({**DEPOSIT, "account": pa.array(["a"], kind)} for kind in (pa.large_string(), pa.string_view())),
    {**DEPOSIT, "account": pa.array(["a"]).dictionary_encode()},
    dict(reversed(DEPOSIT.items())),
], ids=range(6))  # fmt: skip
def test_texts_may_be_stored_in_any_way(columns: dict[str, Any], tmp_path: Path) -> None:
    (found,) = open_journal(table_of(columns, tmp_path))
    assert found == Record(1, Deposit("a", "USDT", Decimal8(10**8)))


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint8(), pa.int16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()])
def test_integers_may_be_stored_in_any_way(kind: Any, tmp_path: Path) -> None:
    leverage = {**LEVERAGE, "leverage": pa.array([100], kind)}
    kinds = [*TIER_FIELDS[:1], ("max_leverage", kind), *TIER_FIELDS[2:]]
    (first,) = open_journal(table_of(leverage, tmp_path))
    (second,) = open_journal(table_of(tiers_of(TIER, kinds=kinds), tmp_path))
    assert first.event == SetLeverage("a", "M", 100)
    assert second.event == next(iter(open_journal(table_of(tiers_of(TIER), tmp_path)))).event


def test_tiers_may_be_stored_in_any_way(tmp_path: Path) -> None:
    (expected,) = open_journal(table_of(tiers_of(TIER, TIER), tmp_path))
    not_null = [pa.field(name, kind, nullable=False) for name, kind in TIER_FIELDS]
    for columns in (
        tiers_of(TIER, TIER, kinds=reversed(TIER_FIELDS)),
        tiers_of(TIER, TIER, list_of=pa.large_list),
        tiers_of(TIER, TIER, kinds=not_null),
    ):
        assert list(open_journal(table_of(columns, tmp_path))) == [expected]


def test_an_empty_table_is_an_empty_journal(tmp_path: Path) -> None:
    assert list(open_journal(table_of({"type": pa.array([], pa.string())}, tmp_path))) == []


# ------------------------------------------------------------------- refusals of cells


def amounts(*units: int | None) -> pa.Array:
    """Decimals with these units in memory, also such as no writer makes."""
    halves = b"".join(struct.pack("<Qq", (one or 0) & (2**64 - 1), (one or 0) >> 64) for one in units)
    given = pa.array([one is not None for one in units])
    return pa.Array.from_buffers(AMOUNT, len(units), [given.buffers()[1], pa.py_buffer(halves)])


def bytes_as_text(*values: bytes) -> pa.Array:
    ends = [sum(map(len, values[:place])) for place in range(len(values) + 1)]
    offsets = struct.pack(f"<{len(ends)}i", *ends)
    return pa.Array.from_buffers(
        pa.string(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    )


@pytest.mark.rule("JRN-01")
@pytest.mark.parametrize(("columns", "message"), [
    (tiers_of(TIER, None), ":1: tiers[1]: expected an object, found null"),
    (tiers_of({**TIER, "floor": None}), ":1: tiers[0].floor: expected a string, found null"),
    ({**LEVERAGE, "leverage": [10**18]}, ":1: leverage: expected an integer, found 1000000000000000000"),
    ({**LEVERAGE, "leverage": [-(2**63)]}, ":1: leverage: expected an integer, found -9223372036854775808"),
    ({**LEVERAGE, "leverage": pa.array([2**64 - 1], pa.uint64())},
     ":1: leverage: expected an integer, found 18446744073709551615"),
    (tiers_of({**TIER, "max_leverage": 10**18}),
     ":1: tiers[0].max_leverage: expected an integer, found 1000000000000000000"),
    ({**DEPOSIT, "amount": amounts(MOST_UNITS + 1)},
     ':1: amount: not a decimal: "1000000000000000000000000000000.00000000"'),
    ({**DEPOSIT, "amount": amounts(None)}, ":1: amount: missing field"),
    ({**DEPOSIT, "type": ["pay"]}, f':1: type: expected one of {", ".join(EVENT_FORMS)}, found "pay"'),
    ({**DEPOSIT, "ts": ["yesterday"]}, ":1: ts: expected a time stamp of RFC 3339"),
    ({**DEPOSIT, "ref": [""]}, ":1: ref: expected 1 to 128 printable ASCII characters"),
    ({**DEPOSIT, "observed": ['{"accepted":true,"accepted":true}']}, ':1: observed: repeated field "accepted"'),
    ({**DEPOSIT, "observed": ["[" * 100_000]}, ":1: nested too deeply"),
    ({**DEPOSIT, "observed": ['{"marks":{"\\ud800":"1"}}']},
     ':1: observed.marks."\\ud800": not a name: "\\ud800"'),
], ids=range(14))  # fmt: skip
def test_a_wrong_cell_is_named(columns: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert refused(table_of(columns, tmp_path)) == message


@pytest.mark.parametrize("units", [MOST_UNITS, -MOST_UNITS, 2**63, -(2**63), 2**64, -(2**64), -1, 0])
def test_amounts_are_read_exactly(units: int, tmp_path: Path) -> None:
    (found,) = open_journal(table_of({**DEPOSIT, "amount": amounts(units)}, tmp_path))
    assert found.event == Deposit("a", "USDT", Decimal8(units))


def test_text_that_is_not_utf8_is_named_with_its_row(tmp_path: Path) -> None:
    four = {name: pa.concat_arrays([pa.array(column)] * 4) for name, column in DEPOSIT.items()}
    path = table_of({**four, "account": bytes_as_text(b"a", b"b", b"\xff", b"\xff")}, tmp_path)
    assert refused(path) == ":3: account: not UTF-8"


def row_of(event: Event) -> dict[str, Any]:
    """An event's row as it is written."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.parquet"
        write_journal(path, HEADER, [Record(0, event)])
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows[0]


def some_value(kind: Any) -> Any:
    """A value that a column of this type can hold."""
    if pa.types.is_decimal(kind):
        return Decimal(1)
    if pa.types.is_list(kind):
        return []
    if pa.types.is_boolean(kind):
        return False
    return 1 if pa.types.is_integer(kind) else "x"


@pytest.mark.rule("JRN-01")
@pytest.mark.parametrize("event", {type(event): event for event in EVENTS}.values(), ids=lambda one: type(one).__name__)
def test_each_column_that_is_not_the_types_own_is_refused_and_each_own_is_needed(event: Event, tmp_path: Path) -> None:
    form = EVENT_FORMS[type_name(type(event))]
    row, schema = row_of(event), parquet._schema().with_metadata({b"marginspec": HEADER_TEXT})
    path = tmp_path / "journal.parquet"
    for name in schema.names:
        if name in ("type", *form.optional, "ts", "ref", "observed"):
            continue
        own = name in form.required
        changed = {**row, name: None if own else some_value(schema.field(name).type)}
        pq.write_table(pa.Table.from_pylist([row, changed], schema), path)
        assert refused(path) == f":2: {name}: {'missing' if own else 'unknown'} field"


# ------------------------------------------------------------------- refusals of files


@pytest.mark.parametrize(("header", "message"), [
    (b"", ": marginspec: not JSON: Expecting value"),
    (b"\xff", ": marginspec: not UTF-8 at byte 1"),
    (b"{}", ": journal: missing field"),
    (b'{"journal":2,"rulebook":"2"}', ": journal: unknown version, expected 1"),
    (b'{"journal":1,"journal":1}', ': repeated field "journal"'),
])  # fmt: skip
def test_wrong_headers(header: bytes, message: str, tmp_path: Path) -> None:
    assert refused(table_of(DEPOSIT, tmp_path, header)).endswith(message)


@pytest.mark.parametrize(("name", "column", "message"), [
    ("\x1b[2J", ["x"], ': "\\u001b[2J": unknown column'),
    ("a b", ["x"], ': "a b": unknown column'),
    ("ts", pa.array([0], pa.timestamp("us")), ": ts: expected string, found timestamp[us]"),
    ("account", pa.array([b"a"]), ": account: expected string, found binary"),
    ("reduce_only", [1], ": reduce_only: expected bool, found int64"),
    ("leverage", [1.0], ": leverage: expected int64, found double"),
    ("leverage", ["1"], ": leverage: expected int64, found string"),
    ("amount", pa.array([Decimal(1)], pa.decimal128(20, 8)),
     ": amount: expected decimal128(38, 8), found decimal128(20, 8)"),
    ("amount", pa.array([Decimal(1)], pa.decimal256(38, 8)),
     ": amount: expected decimal128(38, 8), found decimal256(38, 8)"),
])  # fmt: skip
def test_wrong_columns(name: str, column: Any, message: str, tmp_path: Path) -> None:
    assert refused(table_of({**DEPOSIT, name: column}, tmp_path)) == message


def test_tiers_with_another_field_are_refused(tmp_path: Path) -> None:
    columns = tiers_of({**TIER, "cap": 1}, kinds=[*TIER_FIELDS, ("cap", pa.int64())])
    assert refused(table_of(columns, tmp_path)).startswith(": tiers: expected list<")


def test_a_repeated_column_is_refused(tmp_path: Path) -> None:
    columns = [pa.array(["deposit"]), pa.array(["a"]), pa.array(["a"])]
    table = pa.Table.from_arrays(columns, names=["type", "account", "account"])
    pq.write_table(table.replace_schema_metadata({b"marginspec": HEADER_TEXT}), tmp_path / "table.parquet")
    assert refused(tmp_path / "table.parquet") == ": account: repeated column"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"type,account\n", bytes(100)])
def test_a_file_that_is_not_parquet_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.parquet"
    path.write_bytes(content)
    assert refused(path).startswith(": not Parquet: ")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table_of(DEPOSIT, tmp_path)
    monkeypatch.setattr(parquet, "pa", None)
    assert refused(path) == ": Parquet needs the extra: pip install 'marginspec[parquet]'"
    with pytest.raises(InputError, match="needs the extra"):
        write_journal(tmp_path / "out.parquet", Header(), [])


# ------------------------------------------------------------------- damage


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "journal.parquet"
    deposits = [Deposit(f"a{place * 7919 % 1000}", "USDT", Decimal8(place * 1_234_567_891)) for place in range(1, 400)]
    write_journal(path, Header(), [Record(0, event) for event in (*EVENTS, *deposits)])
    return path.read_bytes()


def outcome(path: Path) -> list[Record] | str:
    """The records, or the text of the refusal; anything else that is raised goes on."""
    try:
        return list(open_journal(path))
    except InputError as refusal:
        return str(refusal)


def test_a_flipped_bit_is_refused_or_changes_nothing(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.parquet"
    path.write_bytes(whole)
    expected = outcome(path)
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    unchanged = 0
    for place in range(4, len(whole) - footer, 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        found = outcome(path)
        assert isinstance(found, str) or found == expected
        unchanged += found == expected
    # Only the pages' own heads have bits without a meaning.
    assert unchanged < (len(whole) - footer) / 10


def test_a_damaged_footer_raises_nothing_else(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.parquet"
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    for place in range(len(whole) - footer, len(whole), 11):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        assert "\n" not in outcome(path)


def test_a_pipe_or_a_folder_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe.parquet", tmp_path / "folder.parquet"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder):
        with pytest.raises(InputError) as refusal:
            open_journal(path)
        assert str(refusal.value) == f"{path}: cannot be read: not a regular file"
