"""audit: its checks, its findings, its report folder, and that a kill leaves nothing of it."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import pytest
from click.testing import CliRunner, Result

from marginspec.engine import Engine
from marginspec.model.effects import InsuranceStatus, Receipt, ReserveStatus
from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.model.units import Money
from marginspec.transition import SpecificationEngine, apply
from marginspec_audit import Owner, Transition, Violation, quantity_of
from marginspec_conformance.generator.events import settle
from marginspec_journal import InputError
from marginspec_journal.atomic import Disk, leftovers, lock, new_part
from marginspec_tools.audit import folder
from marginspec_tools.audit.command import command
from marginspec_tools.audit.folder import REPORT_FILES
from marginspec_tools.audit.liquidations import COLUMNS
from worlds.golden import FOLDER, HEADER, OPEN, deposit, journals, mark, trade
from worlds.lines import Line, journal_text, line_of

LEVY = FOLDER / "levy.jsonl"
NOT_COMPARED = "NOT COMPARED: nothing of the exchange was observed; invariants and receipts of the rulebook's run only"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments])


def journal(folder: Path, *lines: Line | Event, header: dict[str, Any] = HEADER) -> Path:
    path = folder / "j.jsonl"
    path.write_text(journal_text((header, *lines)), "utf-8")
    return path


def audited(path: Path, folder: Path, *arguments: object) -> tuple[Result, list[dict[str, Any]]]:
    """An audit's outcome and findings."""
    outcome = run(path, "--report", folder, *arguments)
    lines = (folder / "findings.jsonl").read_text("utf-8").splitlines()
    return outcome, [json.loads(line) for line in lines]


def consequences(folder: Path) -> list[dict[str, Any]]:
    """What an audit put down to its findings."""
    return [json.loads(line) for line in (folder / "consequences.jsonl").read_text("utf-8").splitlines()]


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


# ------------------------------------------------------------------- what holds


@pytest.mark.rule("TRN-01", "JRN-01")
@pytest.mark.parametrize("name", sorted(journals()))
def test_nothing_is_found_in_the_rulebooks_own_answers(name: str, tmp_path: Path) -> None:
    outcome, found = audited(FOLDER / f"{name}.jsonl", tmp_path / "r")
    assert (outcome.exit_code, found) == (4, [])
    assert outcome.stdout.splitlines()[-3:] == [NOT_COMPARED, "No findings", f"report in {tmp_path / 'r'}"]
    summary = (tmp_path / "r" / "summary.md").read_text("utf-8").splitlines()
    assert summary[3:5] == [f"{NOT_COMPARED}.", "**No findings**."]


@pytest.mark.rule("TRN-01")
def test_the_report_holds_what_it_says_and_is_the_same_again(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    assert run(LEVY, "--report", first).exit_code == 4
    assert run(LEVY, "--report", second).exit_code == 4
    assert sorted(path.name for path in first.iterdir()) == sorted(REPORT_FILES)
    for name in REPORT_FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    manifest = json.loads((first / "manifest.json").read_text("utf-8"))
    assert manifest["inputs"] == {"journal": sha256(LEVY.read_bytes()).hexdigest()}
    assert manifest["versions"]["rulebook"] == "2"
    for name, digest in manifest["files"].items():
        assert sha256((first / name).read_bytes()).hexdigest() == digest
    assert {*manifest["files"], "manifest.json"} == set(REPORT_FILES)
    summary = json.loads((first / "summary.json").read_text("utf-8"))
    assert summary["hash"] == manifest["hash"] == json.loads((FOLDER / "levy.state").read_text("utf-8"))["hash"]


@pytest.mark.rule("TRN-01")
def test_funds_are_those_of_the_state(tmp_path: Path) -> None:
    run(LEVY, "--report", tmp_path / "r")
    state = json.loads((FOLDER / "levy.state").read_text("utf-8"))
    table = {row["market"]: row for row in rows(tmp_path / "r" / "funds.csv")}
    for market, status in state["fund_status"].items():
        assert {name: table[market][name] for name in status} == status
    assert sorted(table) == sorted(state["markets"])


def test_liquidations_name_their_event(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in LEVY.read_text("utf-8").splitlines()]
    for place, line in enumerate(lines[1:], 1):
        line.update(ts="2026-01-01T00:00:00Z", ref=f"venue, {place}")
    path = journal(tmp_path, *lines[1:], header=lines[0])
    assert run(path, "--report", tmp_path / "r").exit_code == 4
    found = rows(tmp_path / "r" / "liquidations.csv")
    assert tuple(found[0]) == COLUMNS
    assert {"liquidation", "lot", "levy"} <= {row["kind"] for row in found}
    for row in found:
        assert (int(row["line"]), row["ref"]) == (int(row["seq"]) + 1, f"venue, {row['seq']}")
    levied = sum(float(row["amount"]) for row in found if row["kind"] == "levy")
    assert levied == sum(float(row["levied"]) for row in rows(tmp_path / "r" / "funds.csv"))


def test_programs_get_the_summary(tmp_path: Path) -> None:
    outcome = run(LEVY, "--report", tmp_path / "r", "--json")
    line = json.loads(outcome.stdout)
    assert line.pop("report") == str(tmp_path / "r")
    assert line == json.loads((tmp_path / "r" / "summary.json").read_text("utf-8"))
    assert (line["verdict"], outcome.exit_code) == ("not compared", 4)
    (funds,) = line["markets"].values()
    assert (funds["lots"], funds["lots_opened"], funds["levied"], funds["mark"]) == (1, 1, "88.4600", "80.00")


@pytest.mark.rule("MKT-05", "TRN-01")
def test_a_market_that_ends_while_it_deleverages(tmp_path: Path) -> None:
    path = journal(tmp_path, *OPEN, deposit("dave", "150"), trade("dave", "carol", "20"), settle("90", "ABC"))
    outcome, found = audited(path, tmp_path / "r")
    assert (outcome.exit_code, found) == (4, [])
    named = {row["kind"]: row for row in rows(tmp_path / "r" / "liquidations.csv")}
    assert (named["lot"]["market"], named["lot"]["quantity"], named["deleveraging"]["asset"]) == ("ABC", "20.0", "USDT")
    assert json.loads((tmp_path / "r" / "summary.json").read_text("utf-8"))["markets"] == {}


def test_a_journal_without_events(tmp_path: Path) -> None:
    outcome, found = audited(journal(tmp_path), tmp_path / "r")
    assert (outcome.exit_code, found) == (4, [])


# ------------------------------------------------------------------- what an engine may get wrong


class Altered:
    """The specification, but for what is changed in each answer or state."""

    def __init__(self, state: State) -> None:
        self.now = state

    def apply(self, event: Event) -> Receipt:
        self.now, receipt = apply(self.now, event)
        return self.altered(receipt)

    def state(self) -> State:
        return self.now

    def altered(self, receipt: Receipt) -> Receipt:
        return receipt


class Silent(Altered):
    """Publishes neither reserves nor insurance."""

    def altered(self, receipt: Receipt) -> Receipt:
        told = tuple(one for one in receipt.effects if not isinstance(one, ReserveStatus | InsuranceStatus))
        return attrs.evolve(receipt, effects=told)


class Forgetful(Altered):
    """Counts no inflow."""

    def altered(self, receipt: Receipt) -> Receipt:
        kept = self.now.fund_status
        for market, status in kept.items():
            kept = kept.set(market, attrs.evolve(status, inflow=Money(0)))
        self.now = attrs.evolve(self.now, fund_status=kept)
        return receipt


class Generous(Altered):
    """Books a deposit twice."""

    def altered(self, receipt: Receipt) -> Receipt:
        balances = {
            name: Money(money * 2) for name, money in self.now.ledger.items() if str(name) == "wallet:alice:USDT"
        }
        self.now = attrs.evolve(self.now, ledger=self.now.ledger.update(balances))
        return receipt


def altered_audit(engine: type[Engine], path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr("marginspec_tools.runs.engines.SpecificationEngine", engine)
    monkeypatch.setattr("marginspec_tools.runs.violations.check_transition", lambda _: ())
    outcome, found = audited(path, folder / "r")
    assert outcome.exit_code == 1
    assert {one["kind"] for one in found} == {"transparency"}
    return found


@pytest.mark.rule("TRN-01")
def test_funds_that_are_not_published_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = altered_audit(Silent, FOLDER / "insurance_draw.jsonl", tmp_path, monkeypatch)
    assert {"status published", "balance published"} == {one["what"] for one in found}


@pytest.mark.rule("TRN-01")
def test_a_miscount_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The takeover's lot is sold at a profit, which flows into the reserve.
    path = FOLDER / "liquidation_fill.jsonl"
    found = altered_audit(Forgetful, path, tmp_path, monkeypatch)
    assert [one["what"] for one in found] == ["inflow in the state"] * len(found)
    state = json.loads((FOLDER / "liquidation_fill.state").read_text("utf-8"))
    assert found[0]["expected"] == state["fund_status"]["ABC"]["inflow"]
    assert (found[0]["observed"], found[0]["class"]) == ("0.0000", "conservation")


@pytest.mark.rule("LED-01")
def test_a_balance_that_the_transfers_do_not_make_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = altered_audit(
        Generous, journal(tmp_path, deposit("alice", "1"), deposit("bob", "1")), tmp_path, monkeypatch
    )
    assert [(one["seq"], one["where"], one["expected"], one["observed"], one["money"]) for one in found] == [
        (1, "wallet:alice:USDT", "1.0000", "2.0000", "2")
    ]
    (again,) = consequences(tmp_path / "r")
    assert (again["of"], again["seq"], again["expected"], again["observed"]) == (found[0]["id"], 2, "2.0000", "4.0000")


FIVE = Violation("INV-02", "quantities do not sum to zero", Owner("market", "ABC"), 5, quantity_of("ABC"))


@pytest.mark.rule("INV-02")
def test_broken_invariants_are_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(taken: Transition) -> tuple[Violation, ...]:
        return (FIVE,) if taken.after.positions else ()

    monkeypatch.setattr("marginspec_tools.runs.violations.check_transition", broken)
    outcome, found = audited(journal(tmp_path, *OPEN, trade("alice", "bob", "2"), *[mark("100")] * 25), tmp_path / "r")
    (finding,) = found
    assert finding == {
        "id": finding["id"],
        "severity": "critical",
        "class": "conservation",
        "clause": "INV-02",
        "says": "The rulebook's own run breaks INV-02 in ABC: quantities do not sum to zero",
        "group": "INV-02 quantities do not sum to zero",
        "seq": 6,
        "line": 7,
        "ts": None,
        "ref": None,
        "account": None,
        "market": "ABC",
        "asset": "USDT",
        "money": "50",
        "kind": "invariant",
        "where": "ABC",
        "what": "quantities do not sum to zero",
        "expected": "none",
        "observed": "0.5",
        "difference": None,
        "values": finding["values"],
        "since": 0,
        "events": 1,
        "owners": 1,
        "consequences": 25,
        "last": 31,
        "returned": None,
    }
    assert len(consequences(tmp_path / "r")) == 25
    assert "1 finding: 1 critical; 25 consequences of them" in outcome.stdout
    assert json.loads((tmp_path / "r" / "summary.json").read_text("utf-8"))["broken"] == {"INV-02": 26}
    printed = run(tmp_path / "j.jsonl", "--report", tmp_path / "again", "--json").stdout.splitlines()
    assert json.loads(printed[0]) == finding


def test_an_invariant_that_held_between_is_two_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(taken: Transition) -> tuple[Violation, ...]:
        return (FIVE,) if taken.after.markets["ABC"].mark == 101_00 else ()

    monkeypatch.setattr("marginspec_tools.runs.violations.check_transition", broken)
    marks = [mark(price) for price in ("100", "101", "101", "100", "101")]
    _, found = audited(journal(tmp_path, *OPEN, *marks), tmp_path / "r")
    assert sorted((one["seq"], one["consequences"]) for one in found) == [(7, 1), (10, 0)]


def test_an_audit_goes_on_from_a_state(tmp_path: Path) -> None:
    path = journal(tmp_path, mark("100"), header=json.loads(LEVY.read_text("utf-8").splitlines()[0]))
    state = FOLDER / "levy.state"
    outcome, found = audited(path, tmp_path / "r", "--from", state)
    assert (outcome.exit_code, found) == (4, [])
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text("utf-8"))
    assert manifest["inputs"]["state"] == sha256(state.read_bytes()).hexdigest()


# ------------------------------------------------------------------- the folder


def refused(*arguments: object) -> str:
    outcome = run(*arguments)
    assert isinstance(outcome.exception, InputError), outcome.output
    return str(outcome.exception)


def test_a_folder_that_is_not_empty_is_left_alone_unless_forced(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    assert run(LEVY, "--report", folder).exit_code == 4
    assert refused(LEVY, "--report", folder) == (
        f"{folder}: cannot be written: the folder is not empty; --force replaces the report in it"
    )
    (folder / "notes.txt").write_text("mine")
    (folder / "summary.md").write_text("old")
    assert run(LEVY, "--report", folder, "--force").exit_code == 4
    assert sorted(path.name for path in folder.iterdir()) == sorted((*REPORT_FILES, "notes.txt"))
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "summary.md").read_text() != "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_folders_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    assert refused(LEVY, "--report", tmp_path / "file") == f"{tmp_path / 'file'}: cannot be written: not a folder"
    missing = tmp_path / "no" / "r"
    assert refused(LEVY, "--report", missing) == f"{missing}: cannot be written: No such file or directory"
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert refused(LEVY, "--report", "..", "--force") == "..: cannot be written: it is or contains the current folder"


def test_bad_input_leaves_no_report(tmp_path: Path) -> None:
    path = journal(tmp_path, *OPEN, {**line_of(deposit("alice", "1")), "amount": "01"})
    assert refused(path, "--report", tmp_path / "r") == f'{path}:7: amount: not a decimal: "01"'
    missing, pipe = tmp_path / "n.jsonl", tmp_path / "pipe.jsonl"
    assert refused(missing, "--report", tmp_path / "r") == f"{missing}: cannot be read: No such file or directory"
    assert refused(tmp_path, "--report", tmp_path / "r") == f"{tmp_path}: cannot be read: Is a directory"
    os.mkfifo(pipe)
    said = "a pipe or device: an audit reads its inputs twice, so save it as a file first"
    assert refused(pipe, "--report", tmp_path / "r") == f"{pipe}: {said}"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["j.jsonl", "pipe.jsonl"]


def test_a_journal_that_changes_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = journal(tmp_path, *OPEN)

    class Growing(SpecificationEngine):
        def apply(self, event: Event) -> Receipt:
            # A new file under the name, so that what is being read stays as it was.
            changed = path.with_suffix(".new")
            changed.write_bytes(LEVY.read_bytes())
            changed.replace(path)
            return super().apply(event)

    monkeypatch.setattr("marginspec_tools.runs.engines.SpecificationEngine", Growing)
    assert refused(path, "--report", tmp_path / "r") == f"{path}: changed while it was audited"
    assert not (tmp_path / "r").exists()


KILLED = """
import os, signal, sys
from marginspec_tools import cli
from marginspec_tools.audit import checks as audit

take = audit.Recount.take

def take_and_die(self, step):
    found = take(self, step)
    if step.number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

audit.Recount.take = take_and_die
cli.main()
"""


def test_an_audit_that_is_killed_half_way_leaves_nothing(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, "audit", str(LEVY), "--report", str(tmp_path / "r")]
    done = subprocess.run(words, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_beside_a_report_goes_with_the_next_audit_of_that_place(tmp_path: Path) -> None:
    place = tmp_path / "r"
    assert run(LEVY, "--report", place).exit_code == 4
    left, used, others = (new_part(place) for _ in range(3))
    for part, name in ((left, "report.html"), (used, "report.html"), (others, "notes.txt")):
        part.mkdir()
        (part / name).write_text("")
    number = os.open(used, os.O_RDONLY)
    try:
        lock(number)
        assert refused(LEVY, "--report", place).endswith("the folder is not empty; --force replaces the report in it")
        assert sorted(tmp_path.iterdir()) == sorted([place, used, others])
    finally:
        os.close(number)


def test_a_report_that_is_being_written_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[Path]] = []

    def look(path: Path, content: BinaryIO) -> None:
        seen.append(list(leftovers(tmp_path / "r")))

    monkeypatch.setattr(folder, "write_file", look)
    folder.publish(tmp_path / "r", {"report.html": io.BytesIO()})
    assert seen == [[]]


class PowerCut(BaseException):
    """The machine is gone."""


def test_a_report_that_a_kill_put_aside_gives_back_what_others_keep_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "report"
    contents = {name: io.BytesIO(name.encode()) for name in folder.REPORT_FILES}
    folder.publish(place, contents)
    (place / "notes.txt").write_text("mine")
    (place / "kept").mkdir()

    class CutDisk(Disk):
        def rename(self, part: Path, target: Path) -> None:
            raise PowerCut

    monkeypatch.setattr(folder, "DISK", CutDisk())
    monkeypatch.setattr(folder, "remove", lambda _: None)
    with pytest.raises(PowerCut):
        folder.publish(place, contents)
    monkeypatch.undo()
    assert not place.exists()
    folder.publish(place, contents)
    assert sorted(path.name for path in place.iterdir()) == sorted([*folder.REPORT_FILES, "notes.txt", "kept"])
    assert (place / "notes.txt").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [place]
