"""Batches of events: the lines of receipts, counts, states and hashes are those of the specification, byte by byte."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from marginspec.model.units import Decimal8
from marginspec_engine.batches import event_columns as columns
from marginspec_engine.memory.python_words import DirectMemory, PythonWords
from marginspec_engine.text import hashing
from marginspec_journal import InputError, open_journal, write_journal, write_lines
from marginspec_tools.runs.fast_running import FastRun
from marginspec_tools.runs.running import Run
from marginspec_tools.simulate import generate, mixed
from worlds.golden import FOLDER

JOURNALS = sorted([*FOLDER.glob("*.jsonl"), *(FOLDER.parent / "witnesses").glob("*.jsonl")])


def compare(path: Path, start: Path | None = None) -> None:
    """Both engines write the same of a journal."""
    expected, found = Run(path, start), FastRun(path, start, with_lines=True)
    lines = b"".join(step.chained.line() + b"\n" for step in expected)
    assert b"".join(found) == lines
    assert found.reached() == expected.reached()
    assert found.reasons == expected.reasons


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_a_journal_in_both_formats(path: Path, tmp_path: Path) -> None:
    compare(path)
    journal, table = open_journal(path), tmp_path / "journal.parquet"
    write_journal(table, journal.header, journal)
    compare(table)


@pytest.mark.parametrize("seed", range(3))
def test_a_generated_journal(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = mixed(accounts=60, following=1500, seed=seed)
    path, table = tmp_path / "mixed.jsonl", tmp_path / "mixed.parquet"
    write_lines(path, parameters.header, generate(parameters))
    compare(path)
    journal = open_journal(path)
    write_journal(table, journal.header, journal)
    monkeypatch.setattr(columns, "ROWS_AT_ONCE", 700)
    compare(table)


def test_a_run_goes_on_from_a_state(tmp_path: Path) -> None:
    from marginspec_journal.states import write_state

    parameters = mixed(accounts=40, following=900, seed=9)
    records = list(generate(parameters))
    first, second, state = (tmp_path / name for name in ("first.jsonl", "second.jsonl", "reached.state"))
    write_lines(first, parameters.header, records[:600])
    write_lines(second, parameters.header, records[600:])
    run = FastRun(first)
    assert b"".join(run) == b""
    write_state(state, run.reached())
    compare(second, state)


# ----------------------------------------------------------------- what only the definition of a row can judge

Change = Callable[[dict[str, list[Any]]], None]


def put(field: str, row: int, value: Any) -> Change:
    """Put a value into a row."""

    def change(table: dict[str, list[Any]]) -> None:
        table[field][row] = value

    return change


CHANGES = {
    "unknown type": put("type", 3, "deposits"),
    "null type": put("type", 3, None),
    "missing field": put("account", 3, None),
    "field of another type": put("leverage", 3, 5),
    "not a name": put("account", 3, "al ice"),
    "empty name": put("account", 3, ""),
    "unknown taker": put("taker", 7, "both"),
    "unknown side": put("buyer_side", 7, "UP"),
    "bad reference": put("ref", 3, "\n"),
    "bad time": put("ts", 3, "2025-02-30T00:00:00Z"),
    "bad observation": put("observed", 3, "[]"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_malformed_is_refused_alike(name: str, tmp_path: Path) -> None:
    journal, path = open_journal(FOLDER / "trade.jsonl"), tmp_path / "journal.parquet"
    write_journal(path, journal.header, journal)
    table = pq.read_table(path)
    changed = table.to_pydict()
    assert changed["type"][3] == "deposit"
    assert changed["type"][7] == "trade"
    CHANGES[name](changed)
    pq.write_table(pa.table(changed, schema=table.schema), path)
    with pytest.raises(InputError) as expected:
        list(Run(path))
    with pytest.raises(InputError) as found:
        list(FastRun(path))
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize(
    "change",
    [
        {"ts": "2025-10-10T21:16:03.5Z", "ref": "fill 7", "observed": '{"accepted":true}'},
        {"ts": "2025-10-10t21:16:03+08:00"},
        {"ts": "2025-10-10T21:16:03Z", "ref": "~"},
        {"account": "龙虾"},
        {"amount": Decimal8(10**38 - 1)},
        {"amount": Decimal8(-(10**38) + 1)},
        {"amount": Decimal8(2**63)},
        {"amount": Decimal8(-(2**63))},
        {"amount": Decimal8(-(2**64))},
    ],
    ids=str,
)
def test_rare_rows_are_taken_alike(change: dict[str, Any], tmp_path: Path) -> None:
    import decimal

    journal, path = open_journal(FOLDER / "trade.jsonl"), tmp_path / "journal.parquet"
    write_journal(path, journal.header, journal)
    table = pq.read_table(path)
    changed = table.to_pydict()
    for field, value in change.items():
        exact = decimal.Context(prec=80).scaleb(decimal.Decimal(value), -8) if field == "amount" else value
        changed[field][3] = exact
    pq.write_table(pa.table(changed, schema=table.schema), path)
    compare(path)


# ----------------------------------------------------------------- hashing


def test_the_plain_text_of_sha_256_is_sha_256() -> None:
    chance = Random(1)
    for length in (*range(130), 1000):
        message = chance.randbytes(length)
        room = np.zeros(length + 200, np.uint8)
        room[:length] = np.frombuffer(message, np.uint8)
        words = np.zeros(72, np.int64)
        state = PythonWords(DirectMemory(), words.ctypes.data)
        hashing.hash_bytes(state, hashing.schedule_of(state), room.ctypes.data, length)
        hashing.put_hash(state, room.ctypes.data)
        assert room[:32].tobytes() == hashlib.sha256(message).digest(), length
