"""The commands `fuzz` and `shrink`, as a user calls them: what they print, write, and end with."""

import json
import shlex
from itertools import count
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner, Result
from immutables import Map

from marginspec.model.events import Event, SetLeverage
from marginspec.model.state import Header, Profile
from marginspec.transition import SpecificationEngine
from marginspec_conformance.command import command
from marginspec_conformance.engines import RulebookAdapter
from marginspec_conformance.fuzzing import command as fuzzing
from marginspec_conformance.fuzzing import driving
from marginspec_conformance.generator.events import deposit, listing, mark, trade
from marginspec_conformance.protocol.messages import Accepted, Answer, Refused, Unsupported, Want
from marginspec_conformance.reporting.log import read_log
from marginspec_journal import Record, open_journal, write_journal
from marginspec_journal.canonical import JsonObject

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


class Part(RulebookAdapter):
    """The rulebook without leverages, and without trades of more than three."""

    def step(self, event: JsonObject, want: Want) -> Answer:
        if event["type"] == "set_leverage" or event.get("quantity") == "4":
            return Unsupported("leverages" if event["type"] == "set_leverage" else "large trades")
        return super().step(event, want)


def part() -> Part:
    """An engine that has part of the rulebook only."""
    return Part("part", SpecificationEngine)


def called(*arguments: str) -> Result:
    """What a call of `conform` came to."""
    return CliRunner().invoke(command, [*arguments], standalone_mode=False)


def code(*arguments: str) -> int:
    """The exit code of a call of `conform`."""
    return int(called(*arguments).return_value or 0)


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


@pytest.mark.parametrize(
    ("name", "code", "verdict", "accepted"),
    [
        ("refusing", 4, "nothing was compared, as no trade was accepted, at level 4: ", "no deposit, trade"),
        ("part", 0, "no difference found at level 4: ", "deposit, trade"),
    ],
)
def test_a_fuzz_says_what_was_accepted_and_that_nothing_was_compared_without_a_trade(
    name: str, code: int, verdict: str, accepted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr(driving, "monotonic", lambda: next(ticks))
    ended = called("fuzz", "-e", f"py:conformance.fuzzing.test_driving:{name}", "--level", "4", "--max-time", "4")
    said, told, left_out = ended.output.splitlines()
    assert (ended.return_value, said.startswith(verdict)) == (code, True)
    assert told.startswith("  accepted by both: ")
    assert all((f" {word}" in told) is (accepted[:2] != "no") for word in ("deposit", "trade"))
    assert "several assets (" in left_out


class Forgetting(Part):
    """An engine that no event may be asked of any more once it said that it lacks something."""

    lost = False

    def step(self, event: JsonObject, want: Want) -> Answer:
        answer = super().step(event, want)
        self.lost |= isinstance(answer, Unsupported)
        return Refused("UNKNOWN_ACCOUNT") if self.lost and isinstance(answer, Accepted) else answer

    def reset(self, state: JsonObject | None = None) -> None:
        self.lost = False
        super().reset(state)


def forgetting() -> Forgetting:
    """An engine that is changed by what it lacks."""
    return Forgetting("forgetting", SpecificationEngine)


def test_an_engine_that_is_changed_by_what_it_lacks_is_told_so(tmp_path: Path) -> None:
    out = tmp_path / "found.jsonl"
    ended = called("fuzz", "-e", f"py:{__name__}:forgetting", "--level", "4", "-o", str(out))
    assert ended.return_value == 3
    again = "the engine failed: protocol: a difference did not come again: agrees"
    assert f"{again}; is anything changed by what it says is unsupported: leverages?" in ended.output
    assert not out.exists()


def test_a_fuzz_goes_on_past_clauses_that_are_left_out_or_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that tells the next second whenever it is looked at, so that so many journals are tried on any machine.
    ticks = count()
    monkeypatch.setattr(driving, "monotonic", lambda: next(ticks))
    out, known = tmp_path / "found.jsonl", tmp_path / "known.json"
    entry = {"case": "TRD-01/fees/00000000", "reason": "release 12", "expires": "9999-12-31"}
    known.write_text(json.dumps({"known_failures": [entry]}))
    arguments = ("fuzz", "-e", FAULTY, "--max-time", "5", "-o", str(out))
    for more in (("--without", "TRD-01"), ("--known", str(known))):
        log = tmp_path / f"{more[0]}.ndjson"
        ended = called(*arguments, *more, "--log", str(log))
        assert ended.return_value == 0
        assert ended.output.startswith("no difference found at level 4, without TRD-01: ")
        assert "left out: TRD-01" in {case.reason for case in read_log(log).cases if case.outcome == "skipped"}
    assert not out.exists()
    wrong = called(*arguments, "--without", "XYZ-01")
    assert str(wrong.exception) == "CLAUSE: no rule is of XYZ-01"


def test_of_several_journals_that_differ_the_others_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "is_short", lambda _: False)
    monkeypatch.setattr(fuzzing, "MOST_SHRUNK", 2)
    ended = called("fuzz", "-e", FAULTY, "-o", str(tmp_path / "found.jsonl"))
    assert "; journals: 2 failed" in ended.output
    told = [line for line in ended.output.splitlines() if line.startswith("told: ")]
    assert [line.rpartition(" ")[0] for line in told] == [
        "told: the shortest of 2 that differ; the others come again with --seed"
    ]


def test_shrinking_what_agrees_decides_nothing(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    write_journal(journal, HEADER, (Record(number, event) for number, event in enumerate(EVENTS, 2)))
    ended = called("shrink", str(journal), "-e", SPECIFICATION)
    assert (ended.return_value, ended.output) == (4, "nothing to shrink: agrees after 5 events\n")
    assert list(tmp_path.iterdir()) == [journal]


def test_what_an_engine_lacks_is_left_out_before_shrinking(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    lacked = SetLeverage(account="alice", market="A", leverage=2)
    for more, left_out in (
        ((), "left out: 1 of 6 events, for want of leverages (1)"),
        ((trade("alice", "bob", "4", "1"),), "left out: 2 of 7 events, for want of leverages (1), large trades (1)"),
    ):
        events = (*EVENTS[:4], lacked, EVENTS[4], *more)
        write_journal(journal, HEADER, (Record(number, event) for number, event in enumerate(events, 2)))
        ended = called("shrink", str(journal), "-e", f"py:{__name__}:part", "--level", "4")
        assert (ended.return_value, ended.output) == (4, f"{left_out}\nnothing to shrink: agrees after 5 events\n")
    bitmex = attrs.evolve(HEADER, profile=Profile(adl_ranking="bitmex"))
    write_journal(journal, bitmex, (Record(number, event) for number, event in enumerate(EVENTS, 2)))
    ended = called("shrink", str(journal), "-e", "py:marginspec_conformance.adapter:Adapter", "--level", "4")
    assert (ended.return_value, ended.output) == (4, "nothing to shrink: the engine lacks bitmex\n")


def test_an_engine_that_does_not_start_ends_with_3() -> None:
    assert code("fuzz", "-e", "exec:./no-such-engine", "--max-time", "1") == 3


def test_where_nothing_could_be_saved_nothing_is_begun(tmp_path: Path) -> None:
    there, log = tmp_path / "no" / "found.jsonl", tmp_path / "log.jsonl"
    for out, reason in (
        (tmp_path / "found", "not a journal's name: expected .jsonl, .jsonl.zst, .parquet"),
        (there, "cannot be written: its folder is not there, or may not be written"),
        (log, "cannot be written: this command reads or writes it too"),
    ):
        ended = called("fuzz", "-e", "exec:no-such-engine", "-o", str(out), "--log", str(log))
        assert str(ended.exception).endswith(f"{out if out != log else log}: {reason}")
    assert not log.exists()


def test_the_command_of_a_shrunk_journal_works_when_it_is_pasted(tmp_path: Path) -> None:
    out, before = tmp_path / "it's found.jsonl", tmp_path / "it's found.before.json"
    assert code("fuzz", "-e", FAULTY, "-o", str(out)) == 1
    ended = called("shrink", str(tmp_path / "it's found.event.jsonl"), "--from", str(before), "-e", FAULTY)
    [again] = [line.removeprefix("again: ") for line in ended.output.splitlines() if line.startswith("again: ")]
    start = tmp_path / "it's found.shrunk.start.json"
    words = ["shrink", str(tmp_path / "it's found.shrunk.jsonl"), "--from", str(start), "-e", FAULTY, "--level", "4"]
    assert shlex.split(again) == ["marginspec", "conform", *words]
    assert (ended.return_value, code(*words)) == (1, 1)
