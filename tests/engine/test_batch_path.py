"""What a journal's columns may hold at the edge: both engines take it alike, or refuse it in the same words."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from marginspec.model.events import Event
from marginspec_conformance.generator.declared import one_of_each
from marginspec_conformance.generator.events import MINIMAL_TIERS, cancel
from marginspec_engine.batches import event_columns as columns
from marginspec_journal import InputError, open_journal, parquet, write_journal
from marginspec_journal.states import OpenedState
from marginspec_tools.runs.fast_running import FastRun
from marginspec_tools.runs.running import Run
from worlds.golden import FOLDER, HEADER, deposit, leverage, listing, mark, order, trade
from worlds.lines import Line, journal_text

OPEN = [listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000")]
LARGEST = 10**30

Outcome = tuple[bytes, OpenedState] | str


def by_specification(path: Path) -> Outcome:
    """The lines of receipts and what is reached, or the refusal."""
    run = Run(path)
    try:
        return b"".join(step.chained.line() + b"\n" for step in run), run.reached()
    except InputError as refusal:
        return str(refusal)


def by_batches(path: Path) -> Outcome:
    """The same of the optimized engine."""
    run = FastRun(path, with_lines=True)
    try:
        return b"".join(run), run.reached()
    except InputError as refusal:
        return str(refusal)


def compare(path: Path) -> Outcome:
    """Both engines take a journal alike; gives what comes of it."""
    expected = by_specification(path)
    assert by_batches(path) == expected
    return expected


def compare_lines(lines: Sequence[Line | Event], folder: Path) -> None:
    """Both take a journal alike, as lines and as columns."""
    path, table = folder / "journal.jsonl", folder / "journal.parquet"
    path.write_text(journal_text([HEADER, *lines]), "utf-8")
    compare(path)
    journal = open_journal(path)
    write_journal(table, journal.header, journal)
    compare(table)


# ----------------------------------------------------------------- amounts, integers and names

AMOUNTS = [
    *("0", "0.00000001", "-0.00000001", "-1", "1.1", "0.09", "100000000"),
    *("92233720368.54775807", "92233720368.54775808", "-92233720368.54775808", "-92233720368.54775809"),
    *("184467440737.09551615", "184467440737.09551616", "-184467440737.09551616", "100000000000000000000"),
    *("850705917302346158658436518579.42052863", "850705917302346158658436518579.42052864"),
    *(f"{LARGEST - 1}.99999999", f"-{LARGEST - 1}.99999999", f"{LARGEST - 1}"),
]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_decimals_of_any_size(amount: str, tmp_path: Path) -> None:
    compare_lines([*OPEN, *one_of_each(NAMED, (amount,), MINIMAL_TIERS)], tmp_path)


NAMED = {"account": ("alice", "bob"), "market": ("ABC",), "asset": ("USDT",), "order": ("o1",)}


@pytest.mark.parametrize("value", [1 - 2**53, -2, -1, 0, 125, 2**53 - 1])
def test_leverages_of_any_size(value: int, tmp_path: Path) -> None:
    compare_lines([*OPEN, leverage("alice", value)], tmp_path)


NAMES = ["龙" * 64, "a" * 64, "Ünal", "..", "-", "A" * 7, "A" * 8, "A" * 9, "ÿ" * 32, "event", "seq", "\uffdc\u00aa"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_length(name: str, tmp_path: Path) -> None:
    opening = [listing(name), mark("100", market=name), deposit(name, "500"), deposit("bob", "500")]
    traded = [trade(name, "bob", "1", market=name), order(name, "buy", "0.1", market=name, id=name)]
    compare_lines([*opening, *traded, cancel(name, name), mark("1", market=name)], tmp_path)


# ----------------------------------------------------------------- columns as other tools may write them

Change = Callable[[pa.Table], pa.Table]


def with_column(table: pa.Table, name: str, column: Any) -> pa.Table:
    """A table with another column."""
    return table.set_column(table.schema.get_field_index(name), name, column)


def filled(name: str, text: str) -> Change:
    """The same text in every row."""
    return lambda table: with_column(table, name, pa.array([text] * len(table)))


def stored(kind: Any) -> Change:
    """Texts stored in another way."""

    def change(table: pa.Table) -> pa.Table:
        for field in list(table.schema):
            if pa.types.is_string(field.type):
                table = with_column(table, field.name, table.column(field.name).combine_chunks().cast(kind))
        return table

    return change


def broken(name: str, row: int) -> Change:
    """A text that is not UTF-8."""

    def change(table: pa.Table) -> pa.Table:
        texts = [None if text is None else text.encode() for text in table.column(name).to_pylist()]
        texts[row] = b"\xff\xfe"
        column = pa.array(texts, pa.binary())
        return with_column(table, name, pa.Array.from_buffers(pa.string(), len(column), column.buffers()))

    return change


def doubled(added: list[str]) -> Change:
    """Accounts that stand twice in their dictionary, besides others that no row names."""

    def change(table: pa.Table) -> pa.Table:
        accounts = table.column("account").to_pylist()
        texts = list(dict.fromkeys(account for account in accounts if account is not None))
        places = [
            None if account is None else texts.index(account) + len(texts) * (row % 2)
            for row, account in enumerate(accounts)
        ]
        dictionary = pa.array([*texts, *texts, *added])
        return with_column(table, "account", pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), dictionary))

    return change


def amount_of(units: int) -> Change:
    """An amount of 128 bits in the fourth row, as it stands in memory."""

    def change(table: pa.Table) -> pa.Table:
        column = table.column("amount").combine_chunks()
        words = np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2).copy()
        words[3] = units % 2**64, (units >> 64) % 2**64
        buffers = [column.buffers()[0], pa.py_buffer(words.tobytes())]
        return with_column(table, "amount", pa.Decimal128Array.from_buffers(column.type, len(column), buffers))

    return change


def leverage_without_sign(table: pa.Table) -> pa.Table:
    """A leverage of 64 bits without a sign."""
    changed = table.to_pydict()
    for field in changed:
        changed[field][3] = None
    changed["type"][3], changed["account"][3], changed["market"][3] = "set_leverage", "alice", "ABC"
    changed["leverage"][3] = 2**64 - 1
    place = table.schema.get_field_index("leverage")
    return pa.table(changed, schema=table.schema.set(place, pa.field("leverage", pa.uint64())))


CHANGES: dict[str, Change] = {
    "views": stored(pa.string_view()),
    "large texts": stored(pa.large_string()),
    "dictionaries": stored(pa.dictionary(pa.int8(), pa.large_string())),
    "dictionary with doubles": doubled([]),
    "dictionary with what is not a name": doubled(["", "not a name"]),
    "no rows": lambda table: table.slice(0, 0),
    "only types": lambda table: table.select(["type"]),
    "a leap second": filled("ts", "2016-12-31T23:59:60Z"),
    "a day that is not": filled("ts", "2025-02-29T00:00:00Z"),
    "a year that is not": filled("ts", "0000-12-31T23:59:59Z"),
    "a time and a newline": filled("ts", "2016-12-31T23:59:59Z\n"),
    "digits of another script": filled("ts", "2016-12-31T23:59:59.\u0660Z"),
    "a reference of 128": filled("ref", 128 * "~"),
    "a reference of 129": filled("ref", 129 * "~"),
    "a reference and a newline": filled("ref", "abc\n"),
    "a leverage without sign": leverage_without_sign,
    **{f"{name} not UTF-8": broken(name, row) for name, row in (("account", 3), ("ts", 0), ("ref", 3), ("buyer", 7))},
    **{f"{name} not UTF-8 ": broken(name, row) for name, row in (("type", 3), ("observed", 3), ("taker", 7))},
    **{
        f"amount {units}": amount_of(units)
        for units in (-(2**127), 2**127 - 1, 10**38, 10**38 - 1, 1 - 10**38, -(10**38), 2**64, -(2**64), 2**63)
    },
}


@pytest.mark.parametrize("name", CHANGES)
def test_columns_as_other_tools_write_them(name: str, tmp_path: Path) -> None:
    journal, path = open_journal(FOLDER / "trade.jsonl"), tmp_path / "journal.parquet"
    write_journal(path, journal.header, journal)
    table = pq.read_table(path)
    changed = CHANGES[name](table).replace_schema_metadata(table.schema.metadata)
    pq.write_table(changed, path)
    compare(path)
    pq.write_table(changed, path, row_group_size=3)
    compare(path)


def test_of_two_faults_the_definition_tells_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row that is refused first stands before a text that is not UTF-8, within what is read at once."""
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(columns, "ROWS_AT_ONCE", 20)
    journal, path = open_journal(FOLDER / "trade.jsonl"), tmp_path / "journal.parquet"
    write_journal(path, journal.header, journal)
    table = pq.read_table(path)
    accounts = table.column("account").to_pylist()
    accounts[2] = "al ice"
    named = with_column(table, "account", pa.array(accounts))
    pq.write_table(broken("buyer", 7)(named).replace_schema_metadata(table.schema.metadata), path)
    assert compare(path) == f'{path}:3: account: not a name: "al ice"'


def test_a_damaged_file_is_refused_in_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 2)
    journal, path = open_journal(FOLDER / "trade.jsonl"), tmp_path / "journal.parquet"
    write_journal(path, journal.header, journal)
    table = pq.read_table(path)
    options: dict[str, Any] = {
        "write_page_checksum": True,
        "compression": "none",
        "use_dictionary": False,
        "write_statistics": False,
    }
    pq.write_table(table, path, row_group_size=4, **options)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.rindex(b"alice")] ^= 1
    path.write_bytes(damaged)
    refusal = compare(path)
    assert isinstance(refusal, str)
    assert "damaged after row" in refusal
