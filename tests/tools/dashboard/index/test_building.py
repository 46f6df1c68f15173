"""Building: after a kill, on either engine, of a journal that grows, is cut short, replaced, damaged or removed."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_journal import InputError, open_journal
from marginspec_journal.states import opening, write_state
from marginspec_tools.dashboard.index import Builder, BuiltElsewhere, Index, building, built_in_background, tables
from marginspec_tools.dashboard.index.rows import Rows
from marginspec_tools.dashboard.index.values import KINDS
from marginspec_tools.simulate import stress_day_path

HEADER_AND_EVENTS = 1_001


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """The header and the first events of the stress day, each with its newline."""
    text = zstandard.ZstdDecompressor().stream_reader(stress_day_path().open("rb"), closefd=True)
    with text:
        return text.read().splitlines(keepends=True)[:HEADER_AND_EVENTS]


@pytest.fixture
def journal(tmp_path: Path, lines: list[bytes]) -> Path:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(lines))
    return path


def build(journal: Path, index: Path) -> None:
    with closing(Builder(journal, index)) as builder:
        builder.build()


def content(index: Path) -> dict[str, list[Any]]:
    """What an index holds, by names: numbers are given in the order in which things are come upon."""
    with closing(sqlite3.connect(index)) as database:
        figure = {
            one: (KINDS[kind], name) for one, kind, name in database.execute("SELECT id, kind, name FROM figures")
        }
        account = dict(database.execute("SELECT id, name FROM accounts"))
        market = dict(database.execute("SELECT id, name FROM markets"))
        unpack = zstandard.ZstdDecompressor().decompress
        texts = database.execute("SELECT packed FROM texts ORDER BY first")
        rows: dict[str, Iterator[Any]] = {
            "versions": ((figure[one], *rest) for _, one, *rest in database.execute("SELECT * FROM versions")),
            "spans": ((figure[one], *rest) for one, *rest in database.execute("SELECT * FROM spans")),
            "ends": ((figure[one], until) for one, until in database.execute("SELECT id, until FROM figures")),
            "of_account": ((account[one], seq) for _, one, seq in database.execute("SELECT * FROM of_account")),
            "of_market": ((market[one], seq) for one, seq in database.execute("SELECT * FROM of_market")),
            "events": database.execute("SELECT seq, type, rejected, effects, money, ts, ref FROM events"),
            "borne": database.execute(
                "SELECT seq, place, bearer, asset, amount, lot, name, quantity, layer FROM borne"
            ),
            "sums": database.execute("SELECT lot, seq, bearer, amount FROM sums_of_lots"),
            "lots": database.execute("SELECT id, seq, liquidation, side, mode, reason, quantity, cost FROM lots"),
            "liquidations": database.execute("SELECT id, seq, asset, market, equity, maintenance FROM liquidations"),
            "texts": (line for (packed,) in texts for line in unpack(packed).split(b"\n")),
            "head": database.execute("SELECT first, seq, accepted, hash, ts, total, building, content FROM head"),
        }
        return {name: sorted(some, key=repr) for name, some in rows.items()}


def state_after(journal: Path) -> State:
    opened = open_journal(journal)
    state = State(header=opened.header)
    for record in opened:
        state, _ = apply(state, record.event)
    return state


class Killed(BaseException):
    """Stands for what ends a process in the middle of a step."""


@pytest.mark.parametrize("engine", ["spec", "fast"])
def test_killed_in_any_step_it_goes_on_to_the_same(
    tmp_path: Path, journal: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    build(journal, tmp_path / "whole.index")
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 150)
    monkeypatch.setattr(building, "quickest_engine", lambda _: engine)
    write, index, kills = Rows.write, tmp_path / "killed.index", 0

    def killed_once_written(rows: Rows) -> None:
        write(rows)
        raise Killed

    while True:
        with closing(Builder(journal, index)) as builder:
            if not builder.step():
                break
            monkeypatch.setattr(Rows, "write", killed_once_written)
            try:
                builder.step()
            except Killed:
                kills += 1
            monkeypatch.setattr(Rows, "write", write)
    assert kills == 7
    assert content(index) == content(tmp_path / "whole.index")


def test_both_engines_write_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for engine in ("spec", "fast"):
        monkeypatch.setattr(building, "quickest_engine", lambda _, engine=engine: engine)
        build(stress_day_path(), tmp_path / engine)
        found[engine] = content(tmp_path / engine)
    assert found["fast"] == found["spec"]


def test_a_growing_journal_is_followed(tmp_path: Path, lines: list[bytes]) -> None:
    path, index = tmp_path / "growing.jsonl", tmp_path / "an.index"
    path.write_bytes(lines[0])
    text = b"".join(lines[1:301])
    with closing(Builder(path, index)) as builder, closing(Index(index)) as asked:
        # Most pieces end within a line, which is waited for.
        for begin in range(0, len(text), 10_000):
            with path.open("ab") as stream:
                stream.write(text[begin : begin + 10_000])
            while builder.step():
                pass
            head = asked.head()
            whole = text[: begin + 10_000].count(b"\n")
            assert (head.seq, head.is_building, head.broken, head.notice) == (whole, False, None, None)
        assert asked.state_at(300) == state_after(path)
    build(path, tmp_path / "whole.index")
    assert content(index)["versions"] == content(tmp_path / "whole.index")["versions"]


def test_another_process_follows(tmp_path: Path, journal: Path, lines: list[bytes]) -> None:
    index = tmp_path / "an.index"
    build(journal, index)
    more = [*lines, *lines[-3:]]
    with built_in_background(journal, index), closing(Index(index)) as asked:
        journal.write_bytes(b"".join(more))
        while asked.head().seq < len(more) - 1:
            pass
        assert asked.state_at(len(more) - 1) == state_after(journal)


@pytest.mark.parametrize(
    ("change", "notice"),
    [
        (lambda path, lines: path.write_bytes(b"".join(lines[:101])), "the journal was cut short: indexed anew"),
        (
            lambda path, lines: path.write_bytes(b"".join([*lines[:101], *lines[102:], *lines[-50:]])),
            "the journal was written anew: indexed anew",
        ),
        (lambda path, lines: moved_over(path, lines[:201]), "the journal was replaced: indexed anew"),
    ],
    ids=["cut", "written", "replaced"],
)
def test_another_content_is_indexed_anew(
    tmp_path: Path, journal: Path, lines: list[bytes], change: Any, notice: str
) -> None:
    index = tmp_path / "an.index"
    with closing(Builder(journal, index)) as builder, closing(Index(index)) as asked:
        builder.build()
        before = asked.head()
        change(journal, lines)
        builder.build()
        head = asked.head()
        assert (head.notice, head.broken) == (notice, None)
        assert head.run != before.run
        assert asked.state_at(head.seq) == state_after(journal)


def moved_over(path: Path, lines: list[bytes]) -> None:
    """Replace a file by another one."""
    other = path.with_name("other.jsonl")
    other.write_bytes(b"".join(lines))
    other.replace(path)


def test_a_replaced_journal_that_begins_alike_goes_on(tmp_path: Path, journal: Path, lines: list[bytes]) -> None:
    index = tmp_path / "an.index"
    with closing(Builder(journal, index)) as builder, closing(Index(index)) as asked:
        builder.build()
        before = asked.head()
        moved_over(journal, [*lines, lines[-1]])
        builder.build()
        head = asked.head()
        assert (head.run, head.seq, head.notice) == (before.run, before.seq + 1, None)


def test_while_nothing_built_a_journal_was_replaced(tmp_path: Path, journal: Path, lines: list[bytes]) -> None:
    index = tmp_path / "an.index"
    build(journal, index)
    journal.write_bytes(b"".join([lines[0], *lines[2:500]]))
    build(journal, index)
    with closing(Index(index)) as asked:
        assert (asked.head().seq, asked.head().notice) == (498, "the journal was replaced: indexed anew")
        assert asked.state_at(498) == state_after(journal)


def test_a_refused_line_is_said_and_mended(tmp_path: Path, journal: Path, lines: list[bytes]) -> None:
    index = tmp_path / "an.index"
    journal.write_bytes(b"".join([*lines[:51], b'{"type":"nothing"}\n', *lines[51:60]]))
    with closing(Builder(journal, index)) as builder, closing(Index(index)) as asked:
        with pytest.raises(InputError):
            builder.build()
        head = asked.head()
        assert (head.seq, head.is_building) == (50, False)
        assert head.broken is not None
        assert head.broken.startswith(f"{journal}:52: type: ")
        journal.write_bytes(b"".join(lines[:60]))
        builder.build()
        head = asked.head()
        assert (head.seq, head.broken, head.notice) == (59, None, None)


def test_a_removed_journal_leaves_what_is_indexed(tmp_path: Path, journal: Path, lines: list[bytes]) -> None:
    index = tmp_path / "an.index"
    with closing(Builder(journal, index)) as builder, closing(Index(index)) as asked:
        builder.build()
        journal.unlink()
        assert not builder.step()
        reason = f"{journal}: cannot be read: No such file or directory"
        assert (asked.head().broken, asked.head().seq) == (reason, 1_000)
        journal.write_bytes(b"".join(lines))
        builder.build()
        assert asked.head().broken is None


def test_no_header_is_waited_for(tmp_path: Path, lines: list[bytes]) -> None:
    path, index = tmp_path / "new.jsonl", tmp_path / "an.index"
    path.write_bytes(lines[0][:20])
    with closing(Builder(path, index)) as builder, closing(Index(index)) as asked:
        assert not builder.step()
        assert asked.head().broken == f"{path}:1: the header is missing"
        path.write_bytes(b"".join(lines[:3]))
        builder.build()
        assert (asked.head().seq, asked.head().broken) == (2, None)


def damaged(index: Path, damage: str) -> None:
    """Have an index be of another version, have no tables, hold nonsense, or end early."""
    if damage in ("bound", "tables"):
        with closing(sqlite3.connect(index)) as database, database:
            database.execute("UPDATE head SET bound = 'another'" if damage == "bound" else "DROP TABLE head")
        return
    text = index.read_bytes()
    index.write_bytes({"pages": text[:100] + b"nonsense" * 10_000, "short": text[:1_000], "empty": b""}[damage])


@pytest.mark.parametrize("damage", ["bound", "tables", "pages", "short", "empty"])
def test_another_version_or_a_damaged_index_is_begun_anew(tmp_path: Path, journal: Path, damage: str) -> None:
    index = tmp_path / "an.index"
    build(journal, index)
    damaged(index, damage)
    build(journal, index)
    build(journal, tmp_path / "whole.index")
    assert content(index) == content(tmp_path / "whole.index")


NOT_OURS = "cannot be written: not an index; name another file with --index, or remove this one"


@pytest.mark.parametrize("kind", ["text", "database", "journal", "pipe", "folder"])
def test_what_is_somebody_elses_is_never_written_to(tmp_path: Path, journal: Path, kind: str) -> None:
    index = journal if kind == "journal" else tmp_path / "theirs"
    if kind == "text":
        index.write_text("a thesis")
    elif kind == "database":
        with closing(sqlite3.connect(index)) as database, database:
            database.execute("CREATE TABLE head(bound TEXT, start TEXT)")
    elif kind == "pipe":
        os.mkfifo(index)
    elif kind == "folder":
        index.mkdir()
    before = (index.stat().st_ino, index.is_file() and index.read_bytes())
    with pytest.raises(InputError) as refused:
        Builder(journal, index)
    assert str(refused.value) == f"{index}: {NOT_OURS}"
    assert (index.stat().st_ino, index.is_file() and index.read_bytes()) == before
    assert {one.name for one in tmp_path.iterdir()} == {"journal.jsonl", index.name}


def test_an_index_says_whose_it_is_from_its_first_bytes_on(tmp_path: Path, journal: Path) -> None:
    # While the log is not yet written back, as after a kill.
    with closing(Builder(journal, tmp_path / "an.index")):
        assert (tmp_path / "an.index").read_bytes()[68:72] == b"MSID"


def test_an_index_that_is_locked_is_not_removed(tmp_path: Path, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = tmp_path / "an.index"
    build(journal, index)
    monkeypatch.setattr(tables, "BUSY_MS", 0)
    with closing(sqlite3.connect(index, isolation_level=None)) as database:
        database.execute("UPDATE head SET bound = 'another'")
        database.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match="cannot be written: database is locked"):
            Builder(journal, index)
        assert database.execute("SELECT seq FROM head").fetchone() == (HEADER_AND_EVENTS - 1,)


LIMITED = """
import resource, sys
from marginspec_tools.dashboard.index import building
from marginspec_tools.dashboard.index.__main__ import main
building.EVENTS_AT_ONCE = 100
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
sys.exit(main())
"""
"""Builds an index where no file may grow beyond some size, as on a disk that is full."""


def test_a_disk_that_is_full_is_told_and_what_is_written_is_whole(tmp_path: Path, journal: Path) -> None:
    index = tmp_path / "an.index"
    words = [sys.executable, "-c", LIMITED, str(journal), str(index)]
    # Its standard input stays open: it ends by itself.
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = process.stderr.read()
    assert (process.returncode, told) == (2, f"error: {index}: cannot be written: disk I/O error\n")
    with closing(Index(index)) as reader:
        head = reader.head()
        assert (head.is_building, 0 < head.seq < HEADER_AND_EVENTS - 1, head.seq % 100) == (True, True, 0)
        assert reader.state_at(head.seq).markets
    # Where there is room again it is gone on with.
    build(journal, index)
    build(journal, tmp_path / "another.index")
    assert content(index) == content(tmp_path / "another.index")


def test_a_damaged_index_is_told_while_it_is_built(tmp_path: Path, journal: Path) -> None:
    index = tmp_path / "an.index"
    build(journal, index)
    with closing(Builder(journal, index)) as builder:
        with journal.open("ab") as more:
            more.write(b" ")
        with closing(sqlite3.connect(index)) as database, database:
            database.execute("DROP TABLE head")
        with pytest.raises(InputError, match=f"^{index}: cannot be written: no such table: head$"):
            builder.step()


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_pipe_or_a_folder_in_its_place_is_no_journal(tmp_path: Path, journal: Path, kind: str) -> None:
    text = journal.read_bytes()
    with closing(Builder(journal, tmp_path / "an.index")) as builder, closing(Index(builder.index)) as asked:
        builder.build()
        journal.unlink()
        os.mkfifo(journal) if kind == "pipe" else journal.mkdir()
        assert not builder.step()
        reason = f"{journal}: not a file: pages read a journal more than once"
        assert (asked.head().broken, asked.head().seq) == (reason, 1_000)
        journal.unlink() if kind == "pipe" else journal.rmdir()
        journal.write_bytes(text)
        builder.build()
        assert asked.head().broken is None


def test_one_process_builds(tmp_path: Path, journal: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 300)
    with closing(Builder(journal, tmp_path / "an.index")) as one, closing(Builder(journal, one.index)) as other:
        assert one.step()
        assert other.step()
        with pytest.raises(BuiltElsewhere, match="another process builds this index"):
            one.step()


@pytest.mark.parametrize("engine", ["spec", "fast"])
def test_a_run_from_a_state(
    tmp_path: Path, journal: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setattr(building, "quickest_engine", lambda _: engine)
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 100)
    rest, index = tmp_path / "rest.jsonl", tmp_path / "an.index"
    begun = tmp_path / "begun.jsonl"
    begun.write_bytes(b"".join(lines[:801]))
    rest.write_bytes(b"".join([lines[0], *lines[801:]]))
    write_state(tmp_path / "state.json", opening(state_after(begun)))
    for _ in range(2):
        with closing(Builder(rest, index, tmp_path / "state.json")) as builder:
            builder.step()
    with closing(Builder(rest, index, tmp_path / "state.json")) as builder, closing(Index(index)) as asked:
        builder.build()
        assert asked.state_at(0) == state_after(begun)
        assert asked.state_at(200) == state_after(journal)


def test_fifty_readers_while_it_is_built(
    tmp_path: Path, journal: Path, monkeypatch: pytest.MonkeyPatch, lines: list[bytes]
) -> None:
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 100)
    index = tmp_path / "an.index"
    with closing(Builder(journal, index)) as builder, closing(Index(index)) as asked, ThreadPoolExecutor(51) as pool:
        assert builder.step()
        done = pool.submit(builder.build)
        found = list(pool.map(lambda _: (asked.head().seq, asked.funds_state(100), asked.event(77)), range(200)))
        done.result()
        assert {seq for seq, _, _ in found} <= {*range(100, 1_001, 100)}
        assert {event.text.encode() + b"\n" for _, _, event in found} == {lines[77]}
        assert all(state == asked.funds_state(100) for _, state, _ in found)
