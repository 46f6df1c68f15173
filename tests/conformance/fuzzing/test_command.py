"""The commands `fuzz`, `shrink` and `run`, as a user calls them: what they print, write, and end with."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from immutables import Map

from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec_conformance.command import command
from marginspec_conformance.comparing.expected import expected_of
from marginspec_conformance.driving.checking import Case
from marginspec_conformance.generator.events import deposit, listing, mark, trade
from marginspec_conformance.protocol.messages import Accepted
from marginspec_conformance.reporting.log import read_log
from marginspec_journal import Record, open_journal, write_journal
from marginspec_journal.events import event_object
from marginspec_journal.header import header_object

SPECIFICATION = "py:marginspec_conformance.engines:specification"
FAULTY = "fault:a fee rounds down"
HEADER = Header(asset_decimals=Map({"USD": 0}))
EVENTS: tuple[Event, ...] = (
    listing(taker="0.00000001"),
    mark("1"),
    deposit("alice", "300"),
    deposit("bob", "300"),
    trade("alice", "bob", "3", "1"),
)


def called(*arguments: str) -> Result:
    """What a call of `conform` came to."""
    return CliRunner().invoke(command, [*arguments], standalone_mode=False)


def code(*arguments: str) -> int:
    """The exit code of a call of `conform`."""
    return int(called(*arguments).return_value or 0)


def vector(name: str, **changed: Any) -> dict[str, Any]:
    """A vector of the trade with what the rulebook answers, in the suite's format."""
    state, steps = Case(HEADER, EVENTS).start().state, []
    for event in EVENTS:
        expected = expected_of(state, event)
        state, answer = expected.after, expected.answer
        assert isinstance(answer, Accepted)
        assert answer.changes is not None
        told = {kind: dict(getattr(answer.changes, kind)) for kind in ("ledger", "positions", "claims")}
        decided = {kind: list(getattr(answer, kind) or ()) for kind in ("liquidated", "deleveraged", "levied")}
        steps.append({"event": event_object(event), "expect": {"accepted": True, **decided, "changes": told}})
    header = header_object(HEADER)
    return {
        "vector": 1,
        "rulebook": "2",
        "id": name,
        "clause": "TRD-01",
        "clauses": ["TRD-01"],
        "kind": "valid",
        "why": "a fee",
        "flags": [],
        "venues": [],
        "header": header,
        "state": None,
        "steps": steps,
        **changed,
    }


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A file of two vectors."""
    path = tmp_path / "vectors.jsonl"
    path.write_text("".join(json.dumps(vector(name)) + "\n" for name in ("TRD-01/a", "TRD-01/b")))
    return path


def test_a_fuzz_of_the_specification_finds_nothing_and_time_spent_is_no_failure(tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    ended = called("fuzz", "-e", SPECIFICATION, "--level", "4", "--max-time", "0.5", "--log", str(log))
    assert ended.return_value == 0
    assert ended.output.startswith("no difference found at level 4: ")
    found = read_log(log)
    assert found.counts()["passed"] == len(found.cases) > 0
    assert (found.ending.exit_code, found.setting.seed) == (0, 1)


def test_a_fuzz_finds_shrinks_saves_and_tells(tmp_path: Path) -> None:
    out, log = tmp_path / "found.jsonl", tmp_path / "log.ndjson"
    ended = called("fuzz", "-e", FAULTY, "-o", str(out), "--log", str(log))
    assert ended.return_value == 1
    assert "clause TRD-01: " in ended.output
    assert len(list(open_journal(out))) <= 8
    finding = read_log(log).cases[-1].finding
    assert finding is not None
    assert (finding.clause, finding.kind) == ("TRD-01", "ledger")
    assert "a fee rounds down" in finding.faults
    assert finding.reproduce == f"marginspec conform shrink {out} -e '{FAULTY}' --level 4"
    assert code("shrink", str(out), "-e", FAULTY, "--level", "4") == 1


def test_shrinking_what_agrees_decides_nothing(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    write_journal(journal, HEADER, (Record(number, event) for number, event in enumerate(EVENTS, 2)))
    ended = called("shrink", str(journal), "-e", SPECIFICATION)
    assert (ended.return_value, ended.output) == (4, "nothing to shrink: agrees after 5 events\n")
    assert list(tmp_path.iterdir()) == [journal]


def test_a_run_says_what_an_engine_conforms_to(vectors: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    ended = called("run", "-e", SPECIFICATION, "--level", "4", "--vectors", str(vectors), "--log", str(log))
    assert ended.return_value == 0
    assert ended.output.startswith("conforms in decisions and balances, exactly, over 10 events\nlevel 4, rulebook 2, ")
    assert [case.outcome for case in read_log(log).cases] == ["passed", "passed"]


def test_a_run_tells_what_differs(vectors: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    ended = called("run", "-e", FAULTY, "--vectors", str(vectors), "--log", str(log), "--fail-fast")
    assert ended.return_value == 1
    assert "does not hold at level 4: 1 of 1 cases differ; 1 of 2 vectors were not run" in ended.output
    finding = read_log(log).cases[0].finding
    assert finding is not None
    assert finding.reproduce == f"marginspec conform run TRD-01/a -e '{FAULTY}' --level 4"


def test_shards_share_the_vectors_and_none_of_them_is_no_pass(vectors: Path) -> None:
    arguments = ("run", "-e", SPECIFICATION, "--vectors", str(vectors))
    assert "over 5 events" in called(*arguments, "--shard", "2/2", "--level", "4").output
    assert code(*arguments, "--shard", "3/3", "--level", "4") == 4
    assert code(*arguments, "TRD-01/b", "--level", "2", "--smoke") == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("XYZ-01",), "CLAUSE: no vector is of XYZ-01"),
        (("--shard", "0/2"), "--shard: expected a shard such as 2/5, found '0/2'"),
        (("--tolerance", "1"), "--tolerance: level 5 has no tolerance; level 3 has"),
    ],
)
def test_wrong_usage_is_refused(vectors: Path, arguments: tuple[str, ...], reason: str) -> None:
    ended = called("run", *arguments, "-e", SPECIFICATION, "--vectors", str(vectors))
    assert str(ended.exception) == reason


def test_an_engine_that_does_not_start_ends_with_3(vectors: Path) -> None:
    assert code("run", "-e", "exec:./no-such-engine", "--vectors", str(vectors)) == 3
    assert code("fuzz", "-e", "exec:./no-such-engine", "--max-time", "1") == 3
