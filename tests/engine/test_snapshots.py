"""Snapshots: a killed run goes on; what is damaged, forged or of something else is refused and touches no memory."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import zstandard

from marginspec.model.rejections import Reason
from marginspec_engine.layout import MARKET_ROW, PRICE_DECIMALS
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.states import snapshots
from marginspec_engine.states.snapshots import TABLES, read_snapshot
from marginspec_journal import InputError, open_journal, write_journal, write_lines
from marginspec_journal.states import write_state
from marginspec_tools.console import BrokenInvariant
from marginspec_tools.runs.fast_running import FastRun, SnapshotFile
from marginspec_tools.simulate import generate, mixed
from worlds.golden import FOLDER

LEVY = FOLDER / "levy.jsonl"


def kept(journal: Path, snapshot: Path, every: int = 5, start: Path | None = None) -> Path:
    """The snapshot of where a journal ends."""
    list(FastRun(journal, start, snapshots=SnapshotFile(snapshot, every)))
    return snapshot


def resealed(path: Path, head: Any, words: Words64 | bytes) -> Path:
    """A snapshot of some head and rows, with the right checksum."""
    packed = words if isinstance(words, bytes) else zstandard.ZstdCompressor().compress(words.tobytes())
    text = (head if isinstance(head, bytes) else json.dumps(head).encode()) + b"\n" + packed
    path.write_bytes(text + sha256(text).digest())
    return path


def parts_of(path: Path) -> tuple[dict[str, Any], Words64]:
    """The head and the rows of a snapshot."""
    head, _, packed = path.read_bytes()[:-32].partition(b"\n")
    words = np.frombuffer(zstandard.ZstdDecompressor().decompress(packed), np.int64).copy()
    stated: dict[str, Any] = json.loads(head)
    return stated, words


def refused(path: Path) -> str:
    with pytest.raises(InputError) as refusal:
        read_snapshot(path)
    return str(refusal.value).removeprefix(f"{path}: ")


# ----------------------------------------------------------------- going on


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_a_killed_run_goes_on_from_its_snapshot(form: str, tmp_path: Path) -> None:
    parameters = mixed(accounts=50, following=1200, seed=4)
    path, snapshot = tmp_path / f"mixed.{form}", tmp_path / "run.snapshot"
    write_journal(path, parameters.header, generate(parameters))
    whole = FastRun(path)
    assert b"".join(whole) == b""
    for killed_after in (0, 1, 3, 2):
        run = iter(FastRun(path, snapshots=SnapshotFile(snapshot, 250)))
        for _ in range(killed_after):
            next(run)
    resumed = FastRun(path, snapshots=SnapshotFile(snapshot, 250))
    assert b"".join(resumed) == b""
    assert resumed.reached() == whole.reached()
    assert resumed.reasons == whole.reasons
    assert resumed.totals() == whole.totals()
    again = FastRun(path, snapshots=SnapshotFile(snapshot, 250))
    assert list(again) == []
    assert again.reached() == whole.reached()


def test_a_journal_that_has_grown_is_gone_on_with(tmp_path: Path) -> None:
    lines = LEVY.read_bytes().splitlines(keepends=True)
    path, snapshot = tmp_path / "growing.jsonl", tmp_path / "run.snapshot"
    path.write_bytes(b"".join(lines[:-3]))
    kept(path, snapshot, every=2)
    path.write_bytes(b"".join(lines))
    resumed, whole = FastRun(path, snapshots=SnapshotFile(snapshot, 2)), FastRun(LEVY)
    assert list(resumed)[:0] == list(whole)[:0] == []
    assert resumed.reached() == whole.reached()


# ----------------------------------------------------------------- of something else


def edited(lines: list[bytes]) -> list[bytes]:
    """A journal whose first amount differs."""
    place = next(number for number, line in enumerate(lines) if b'"deposit"' in line)
    fields = json.loads(lines[place])
    return [*lines[:place], json.dumps({**fields, "amount": "1"}).encode() + b"\n", *lines[place + 1 :]]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    "change",
    [edited, lambda lines: lines[:-1], lambda lines: [lines[0], *lines[2:], lines[1]]],
    ids=["edited", "cut", "moved"],
)
def test_a_snapshot_of_another_journal_is_refused(
    change: Callable[[list[bytes]], list[bytes]], form: str, tmp_path: Path
) -> None:
    own, other = tmp_path / f"own.{form}", tmp_path / f"other.{form}"
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(b"".join(change(LEVY.read_bytes().splitlines(keepends=True))))
    for path, source in ((own, LEVY), (other, lines)):
        journal = open_journal(source)
        write_journal(path, journal.header, journal)
    snapshot = kept(own, tmp_path / "run.snapshot")
    with pytest.raises(InputError) as refusal:
        FastRun(other, snapshots=SnapshotFile(snapshot, 5))
    assert str(refusal.value) == f"{snapshot}: journal: the snapshot is of another journal than {other}"
    FastRun(own, snapshots=SnapshotFile(snapshot, 5))


def test_a_snapshot_of_another_start_is_refused(tmp_path: Path) -> None:
    parameters = mixed(accounts=20, following=300, seed=3)
    records = list(generate(parameters))
    tail = tmp_path / "tail.jsonl"
    starts = []
    for place, first in enumerate((records[:200], [*records[:198], records[199], records[198]])):
        head, state = tmp_path / "head.jsonl", tmp_path / f"{place}.state"
        write_lines(head, parameters.header, first)
        run = FastRun(head)
        assert b"".join(run) == b""
        write_state(state, run.reached())
        starts.append(state)
    write_lines(tail, parameters.header, records[200:300])
    snapshot = kept(tail, tmp_path / "run.snapshot", 30, starts[0])
    for other in (starts[1], None):
        with pytest.raises(InputError) as refusal:
            FastRun(tail, other, snapshots=SnapshotFile(snapshot, 30))
        assert str(refusal.value) == f"{snapshot}: start: the snapshot is of a run from another state"
    assert FastRun(tail, starts[0], snapshots=SnapshotFile(snapshot, 30)).totals().events == 300


def test_a_state_that_breaks_an_invariant_is_refused(tmp_path: Path) -> None:
    snapshot = kept(LEVY, tmp_path / "run.snapshot")
    head, words = parts_of(snapshot)
    # Of the first asset, what has come from outside.
    words[2] -= 1
    resealed(snapshot, head, words)
    with pytest.raises(BrokenInvariant) as refusal:
        FastRun(LEVY, snapshots=SnapshotFile(snapshot, 5))
    assert str(refusal.value) == f"{snapshot}: INV-01 is broken: balances do not sum to zero, USDT"


# ----------------------------------------------------------------- damaged


def test_a_damaged_or_older_snapshot_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = kept(LEVY, tmp_path / "run.snapshot")
    written = snapshot.read_bytes()
    for place in (0, 40, len(written) // 2, len(written) - 1):
        damaged = bytearray(written)
        damaged[place] ^= 1
        snapshot.write_bytes(damaged)
        assert refused(snapshot) == "not a snapshot, or damaged: its checksum differs"
    snapshot.write_bytes(b"")
    assert refused(snapshot) == "not a snapshot, or damaged: its checksum differs"
    snapshot.write_bytes(written)
    monkeypatch.setitem(snapshots.VERSIONS, "snapshot", 3)
    assert refused(snapshot) == "snapshot: of another version: 2, not 3"


Head = dict[str, Any]
HEADS: list[tuple[Callable[[Head], Any], str]] = [
    (lambda _: b"", "not JSON: Expecting value"),
    (lambda _: b"snapshot", "not JSON: Expecting value"),
    (lambda _: [], "expected an object, found a list"),
    (lambda _: {}, "snapshot: missing field"),
    (lambda head: {**head, "more": 1}, "more: unknown field"),
    (lambda head: {name: head[name] for name in head if name != "rows"}, "rows: missing field"),
    (lambda head: {**head, "accepted": "3"}, 'accepted: expected an integer, found "3"'),
    (lambda head: {**head, "accepted": 3.0}, "accepted: expected an integer, found 3.0"),
    (lambda head: {**head, "accepted": -1}, "accepted: must be at least 0, found -1"),
    (lambda head: {**head, "accepted_before": 1}, "accepted_before: more than the 0 events before"),
    (lambda head: {**head, "reasons": {"NONE": 1}}, f'reasons.NONE: expected one of {", ".join(Reason)}, found "NONE"'),
    (lambda head: {**head, "hash": "0"}, "hash: expected 64 lower-case hexadecimal digits"),
    (lambda head: {**head, "rows": head["rows"][1:]}, "rows: expected 8 counts, found 7"),
    (lambda head: {**head, "rows": [2, *head["rows"][1:]]}, "rows: not those of what is packed behind"),
    (lambda head: named(head, "account", []), "rows: they make no state"),
    (lambda head: named(head, "asset", ["USDT", "USDT"]), "names.asset: a name stands there twice"),
    (lambda head: named(head, "asset", [""]), "rows: they make no state"),
    (lambda head: named(head, "market", ["a b"]), 'names.market[0]: not a name: "a b"'),
]


def named(head: Head, kind: str, texts: list[str]) -> Head:
    """A head with other names of a kind."""
    return {**head, "names": {**head["names"], kind: texts}}


@pytest.mark.parametrize("place", range(len(HEADS)))
def test_heads_that_are_not_as_they_must_be(place: int, tmp_path: Path) -> None:
    snapshot = kept(LEVY, tmp_path / "run.snapshot")
    head, words = parts_of(snapshot)
    assert head["rows"][0] == 1
    change, said = HEADS[place]
    assert refused(resealed(snapshot, change(head), words)).removeprefix(f"{snapshot}:1: ") == said


def test_little_that_unpacks_to_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    snapshot = kept(LEVY, tmp_path / "run.snapshot")
    head, _ = parts_of(snapshot)
    head["rows"] = [0, 0, 0, 0, 2**16, 0, 0, 0]
    size = 2**16 * TABLES[4][1] * 8
    bomb = zstandard.ZstdCompressor().compress(bytes(size))
    said = f"rows: {size} bytes unpacked from {len(bomb)} are more than is read"
    assert refused(resealed(snapshot, head, bomb)) == said
    assert refused(resealed(snapshot, {**head, "rows": [0] * 8}, b"")) == (
        "rows: damaged: error when determining content size"
    )


@pytest.mark.parametrize("seed", range(4))
def test_changed_words_are_refused_or_make_another_state(seed: int, tmp_path: Path) -> None:
    """Whatever stands in the rows, with the right checksum: a state that may be gone on from, or a refusal."""
    chance = Random(seed)
    parameters = mixed(accounts=12, following=150, seed=seed)
    journal = tmp_path / "mixed.jsonl"
    write_lines(journal, parameters.header, generate(parameters))
    snapshot = kept(journal, tmp_path / "run.snapshot", every=100)
    head, words = parts_of(snapshot)
    used = np.nonzero(words)[0].tolist()
    refusals = 0
    for _ in range(120):
        forged = words.copy()
        for _ in range(chance.choice((1, 1, 3))):
            place = chance.choice(used) if chance.random() < 0.7 else chance.randrange(len(words))
            forged[place] = chance.choice((-1, 0, 1, 7, 2**31, 2**62, -(2**63), 2**63 - 1, int(words[place]) ^ 1))
        try:
            found = read_snapshot(resealed(snapshot, head, forged))
        except InputError:
            refusals += 1
            continue
        found.run()
    assert 20 < refusals < 120


def test_decimals_that_no_market_has_are_refused_before_they_are_written_out(tmp_path: Path) -> None:
    snapshot = kept(LEVY, tmp_path / "run.snapshot")
    head, words = parts_of(snapshot)
    first_market = head["rows"][0] * TABLES[0][1]
    assert head["rows"][1] * MARKET_ROW + first_market < len(words)
    words[first_market + PRICE_DECIMALS] = 2**60
    assert refused(resealed(snapshot, head, words)) == "rows: a market has other decimals than a state may have"
