"""A journal in segments, each run again from its snapshot, comes to what one replay comes to; what does not is told."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest
from click.testing import CliRunner

from marginspec.model.events import MarkPrice
from marginspec.model.units import Decimal8
from marginspec_engine.layout import MARK, MARKET_ROW, MARKETS, OPEN_INTEREST
from marginspec_engine.memory.python_words import vector_of
from marginspec_engine.states.snapshots import read_snapshot, write_snapshot
from marginspec_journal import InputError, Record, open_journal, write_journal, write_lines
from marginspec_journal.states import state_text, write_state
from marginspec_tools import cli
from marginspec_tools.runs.fast_running import FastRun
from marginspec_tools.simulate import generate, mixed

EVERY = 500


class Files(NamedTuple):
    """A journal that was cut, the snapshots of its three segments, and what each came to when it was run again."""

    journal: Path
    snapshots: list[Path]
    lines: list[Path]


@pytest.fixture(scope="module", params=["jsonl", "jsonl.zst", "parquet"])
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("segments")
    parameters = mixed(accounts=30, following=1300, seed=7)
    records = list(generate(parameters))[:1300]
    # Every segment has events that are rejected: marks of a market that is not listed.
    records[40::45] = [Record(0, MarkPrice("UNLISTED", Decimal8(10**8))) for _ in records[40::45]]
    journal = folder / f"mixed.{request.param}"
    write_journal(journal, parameters.header, records)
    printed("replay", journal, "--segments", folder / "cut", "--every", EVERY, "--json")
    snapshots = sorted((folder / "cut").iterdir())
    assert [one.name for one in snapshots] == [f"{number:012}.snapshot" for number in (0, 500, 1000)]
    lines = [folder / f"{place}.segment" for place in range(3)]
    for snapshot, line in zip(snapshots, lines, strict=True):
        assert printed("segment", journal, snapshot, "--events", EVERY, "--output", line) == []
    return Files(journal, snapshots, lines)


def printed(*arguments: object) -> list[dict[str, Any]]:
    """The lines that a command prints."""
    outcome = CliRunner().invoke(cli.marginspec, [str(one) for one in arguments])
    assert outcome.exit_code == 0, outcome.output
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def refused(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """The exit code of the program and what it says."""
    monkeypatch.setattr("sys.argv", ["marginspec", *(str(one) for one in arguments)])
    code = cli.exit_code()
    said = capfd.readouterr()
    assert said.out == ""
    return code, said.err.removeprefix("error: ").removesuffix("\n")


def object_of(path: Path) -> dict[str, Any]:
    """The segment that a file states."""
    stated: dict[str, Any] = json.loads(path.read_bytes())
    return stated


def put(path: Path, stated: dict[str, Any]) -> Path:
    """Write a segment."""
    path.write_text(json.dumps(stated) + "\n")
    return path


def expected(journal: Path) -> dict[str, Any]:
    """The whole, by one replay."""
    run = FastRun(journal)
    start = run.start
    assert list(run)[:0] == []
    reached, totals = run.reached(), run.totals()
    return {
        "segment": 2,
        "rulebook": "2",
        "journal": sha256(journal.read_bytes()).hexdigest(),
        "before": 0,
        "from": 0,
        "to": totals.events,
        "accepted": totals.accepted,
        "rejected": totals.rejected,
        "hash_before": start.hash,
        "hash_after": totals.hash,
        "state_before": sha256(state_text(start)).hexdigest(),
        "state_after": sha256(state_text(reached)).hexdigest(),
        "last": True,
    }


# ----------------------------------------------------------------- what holds


def test_segments_make_the_whole_in_any_order_and_grouping(files: Files, tmp_path: Path) -> None:
    first, second, third = files.lines
    whole = expected(files.journal)
    assert whole["rejected"] >= 28
    assert printed("merge", third, first, second) == [whole]
    left, right = tmp_path / "left", tmp_path / "right"
    assert printed("merge", first, second, "--output", left) == []
    assert printed("merge", third, second, "--output", right) == []
    assert printed("merge", left, third) == printed("merge", first, right) == [whole]
    both = tmp_path / "both"
    both.write_bytes(third.read_bytes() + first.read_bytes())
    assert printed("merge", both, second) == [whole]
    assert object_of(left) == {
        **whole,
        "to": 1000,
        "last": False,
        **{name: object_of(second)[name] for name in ("hash_after", "state_after")},
        **{name: object_of(first)[name] + object_of(second)[name] for name in ("accepted", "rejected")},
    }


def test_the_digest_is_that_of_the_state_file(files: Files, tmp_path: Path) -> None:
    state = tmp_path / "end.state"
    printed("replay", files.journal, "--state", state, "--json")
    assert object_of(files.lines[2])["state_after"] == sha256(state.read_bytes()).hexdigest()


def test_a_run_from_a_state_is_cut_where_it_begins(tmp_path: Path) -> None:
    parameters = mixed(accounts=20, following=300, seed=3)
    records = list(generate(parameters))
    head, tail, state = tmp_path / "head.jsonl", tmp_path / "tail.jsonl", tmp_path / "head.state"
    write_lines(head, parameters.header, records[:200])
    write_lines(tail, parameters.header, records[200:300])
    run = FastRun(head)
    assert list(run)[:0] == []
    write_state(state, run.reached())
    cut = tmp_path / "cut"
    (totals,) = printed("replay", tail, "--from", state, "--segments", cut, "--every", 60, "--json")
    assert sorted(one.name for one in cut.iterdir()) == ["000000000200.snapshot", "000000000260.snapshot"]
    lines = [
        put(tmp_path / f"{place}", *printed("segment", tail, snapshot, "--events", 60))
        for place, snapshot in enumerate(sorted(cut.iterdir()))
    ]
    (whole,) = printed("merge", *lines)
    stated = {name: whole[name] for name in ("before", "from", "to", "hash_before", "hash_after", "last")}
    assert stated == {
        "before": 200,
        "from": 200,
        "to": 300,
        "hash_before": run.totals().hash,
        "hash_after": totals["hash"],
        "last": True,
    }


def test_whole_row_groups_before_a_segment_are_not_read(files: Files) -> None:
    if files.journal.suffix != ".parquet":
        assert open_journal(files.journal).skip(700) == 700
        assert open_journal(files.journal).skip(5000) == 1300
        return
    import pyarrow.parquet as pq

    grouped = files.journal.with_name("grouped.parquet")
    pq.write_table(pq.read_table(files.journal), grouped, row_group_size=300, write_page_checksum=True)
    skipped = open_journal(grouped)
    assert skipped.skip(700) == 600
    assert [record.event for record in skipped] == [record.event for record in open_journal(grouped)][600:]
    ended = open_journal(grouped)
    assert ended.skip(5000) == 1300
    assert list(ended) == []
    printed("replay", grouped, "--segments", grouped.with_suffix(""), "--every", EVERY, "--json")
    (found,) = printed("segment", grouped, grouped.with_suffix("") / files.snapshots[2].name, "--events", EVERY)
    assert found == {**object_of(files.lines[2]), "journal": sha256(grouped.read_bytes()).hexdigest()}


# ----------------------------------------------------------------- what does not


def forged(snapshot: Path, path: Path) -> Path:
    """A snapshot of another state, whole: the first mark is one unit higher."""
    found = read_snapshot(snapshot)
    run = found.run()
    vector_of(run.engine.tables.book, MARKETS).reshape(-1, MARKET_ROW)[0, MARK] += 1
    write_snapshot(path, run, found.origin)
    return path


def test_a_forged_snapshot_is_noticed(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    first, _, third = files.lines
    snapshot = forged(files.snapshots[1], tmp_path / "forged.snapshot")
    found = put(tmp_path / "found", *printed("segment", files.journal, snapshot, "--events", EVERY))
    assert refused(monkeypatch, capfd, "merge", first, found, third) == (
        1,
        f"{found}:1: state_before: not the state_after of {first}:1, which ends at the same event 500",
    )
    other = put(tmp_path / "other", {**object_of(files.lines[1]), "hash_before": 64 * "0"})
    assert refused(monkeypatch, capfd, "merge", first, other, third, "--output", tmp_path / "whole") == (
        1,
        f"{other}:1: hash_before: not the hash_after of {first}:1, which ends at the same event 500",
    )
    assert not (tmp_path / "whole").exists()


def test_no_index_is_kept(files: Files, tmp_path: Path) -> None:
    found = read_snapshot(files.snapshots[1])
    run = found.run()
    # A market's open interest follows from its positions, so no state states it; one so high allows no trade.
    vector_of(run.engine.tables.book, MARKETS).reshape(-1, MARKET_ROW)[:, OPEN_INTEREST] = 2**60
    snapshot, honest = tmp_path / "forged.snapshot", object_of(files.lines[1])
    write_snapshot(snapshot, run, found.origin)
    assert printed("segment", files.journal, snapshot, "--events", EVERY) == [honest]


def test_a_forged_beginning_is_noticed(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    found = read_snapshot(files.snapshots[0])
    run = found.run()
    run._set_hash(bytes(32))
    forgery = tmp_path / "forged.snapshot"
    write_snapshot(forgery, run, found.origin)
    reason = f"the hash of this state of no events is {object_of(files.lines[0])['hash_before']}"
    assert refused(monkeypatch, capfd, "segment", files.journal, forgery) == (2, f"{forgery}: hash: {reason}")


def test_parts_that_are_not_of_one_run_are_refused(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second, third = files.lines
    stated = object_of(second)
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    changed = tmp_path / "changed"
    for parts, message in [
        ((third, first), f"{third}:1: from: begins after event 1000, but {first}:1 ends at event 500"),
        ((first, second, second), f"{second}:1: from: begins after event 500, but {second}:1 ends at event 1000"),
        ((first, empty), f"{empty}: holds no segment"),
        (
            (first, {**stated, "accepted": 501}),
            f"{changed}:1: to: 501 accepted and {stated['rejected']} rejected events are not 500",
        ),
        ((first, {**stated, "to": 500}), f"{changed}:1: to: must be at least 501, found 500"),
        ((first, {**stated, "journal": 64 * "0"}), f"{changed}:1: journal: of another run than {first}:1"),
        ((first, {**stated, "before": 1}), f"{changed}:1: before: of another run than {first}:1"),
        ((first, {**stated, "rulebook": "1"}), f'{changed}:1: rulebook: expected one of 2, found "1"'),
        (({**stated, "rulebook": "99"},), f'{changed}:1: rulebook: expected one of 2, found "99"'),
        ((first, {**stated, "more": 1}), f"{changed}:1: more: unknown field"),
        (
            ({**object_of(first), "last": True}, second),
            f"{second}:1: from: begins after the journal's end, which {changed}:1 reaches",
        ),
    ]:
        paths = [put(changed, one) if isinstance(one, dict) else one for one in parts]
        assert refused(monkeypatch, capfd, "merge", *paths) == (2, message)


def test_segments_are_never_partial(
    files: Files, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, text = refused(monkeypatch, capfd, "merge", files.lines[0], "--partial")
    said = "Error: --partial has no effect on segments, which join in any grouping"
    assert (code, text.splitlines()[-1]) == (2, said)


def test_what_cannot_be_cut_or_run_again_is_refused(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    journal, folder = files.journal, files.snapshots[0].parent
    said = refused(monkeypatch, capfd, "replay", journal, "--segments", folder)
    assert said == (2, f"{folder}: cannot be written: it exists already")
    code, text = refused(monkeypatch, capfd, "replay", journal, "--segments", tmp_path / "new", "--check")
    assert (code, text.splitlines()[-1]) == (
        2,
        "Error: --segments cannot be combined with --snapshot, --check or --engine spec",
    )
    header = open_journal(journal).header
    short, other = tmp_path / "short.jsonl", tmp_path / "other.jsonl"
    write_lines(short, header, list(open_journal(journal))[:500])
    write_lines(other, attrs.evolve(header, profile=attrs.evolve(header.profile, adl_ranking="bitmex")), [])
    middle = files.snapshots[1]
    said = refused(monkeypatch, capfd, "segment", short, middle)
    no_segment = f"{short}: ends at the snapshot: there are no events after it to run"
    other_journal = f"{middle}: journal: the snapshot is of another journal than {short}"
    assert said == (2, other_journal if journal.suffix == ".parquet" else no_segment)
    said = refused(monkeypatch, capfd, "segment", short, files.snapshots[2])
    assert said == (2, f"{files.snapshots[2]}: journal: the snapshot is of another journal than {short}")
    said = refused(monkeypatch, capfd, "segment", other, middle)
    assert said == (2, f"{other}:1: profile: differs from that of the state {middle}")
    said = refused(monkeypatch, capfd, "segment", journal, tmp_path / "none")
    assert said == (2, f"{tmp_path / 'none'}: cannot be read: No such file or directory")
    assert sorted(tmp_path.iterdir()) == [other, short]


def test_a_run_that_is_refused_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "cut.jsonl"
    parameters = mixed(accounts=20, following=300, seed=3)
    write_lines(journal, parameters.header, list(generate(parameters))[:100])
    with journal.open("ab") as file:
        file.write(b"{}\n")
    said = refused(monkeypatch, capfd, "replay", journal, "--segments", tmp_path / "cut", "--every", 10)
    assert said == (2, f"{journal}:102: type: missing field")
    assert list(tmp_path.iterdir()) == [journal]


def test_the_digest_is_of_what_was_read(files: Files, tmp_path: Path) -> None:
    """Though another journal takes its name, or it grows, between its opening and its end."""
    content, path = files.journal.read_bytes(), tmp_path / files.journal.name
    path.write_bytes(content)
    journal = open_journal(path)
    path.rename(tmp_path / f"old-{path.name}")
    path.write_bytes(b"another")
    assert sum(1 for _ in journal) == 1300
    assert journal.file_sha256() == sha256(content).hexdigest()
    path.write_bytes(content)
    growing = open_journal(path)
    with path.open("ab") as stream:
        stream.write(content)
    if path.suffix == ".parquet":
        with pytest.raises(InputError) as refusal:
            growing.file_sha256()
        assert str(refusal.value) == f"{path}: changed while it was read"
    else:
        assert growing.file_sha256() == sha256(content + content).hexdigest()
