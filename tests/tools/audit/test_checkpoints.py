"""A long audit that is stopped and run again ends with the same report, byte for byte; a bad checkpoint is refused."""

import pickle
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from marginspec_journal import InputError
from marginspec_tools.audit import checkpoint as checkpoints
from marginspec_tools.audit.checkpoint import PROGRESS, Checkpoint
from marginspec_tools.audit.checks import Share
from marginspec_tools.audit.command import audit as audit_to_the_end
from marginspec_tools.audit.command import command
from marginspec_tools.audit.report.history import History
from marginspec_tools.runs import Step

VECTORS = Path(__file__).parents[2] / "vectors"
DAY = VECTORS / "venue_day"
EVERY = 40


class Stopped(BaseException):
    """What stands for a kill: nothing of the program catches it."""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a checkpoint written after few events, at once."""
    monkeypatch.setattr(checkpoints, "EVERY", EVERY)
    monkeypatch.setattr(checkpoints, "PAUSE_NS", 0)
    monkeypatch.setattr(checkpoints, "SPARING", 0)


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have audits stop once so many checkpoints are written, or 0 for never."""
    written: list[None] = []
    at = [0]
    original = Checkpoint.write

    def write(self: Checkpoint, *kept: Any) -> None:
        original(self, *kept)
        written.append(None)
        if len(written) == at[0]:
            raise Stopped

    def chosen(number: int) -> None:
        written.clear()
        at[0] = number

    monkeypatch.setattr(Checkpoint, "write", write)
    return chosen


def audit(report: Path, journal: Path, *options: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(command, [str(journal), "--report", str(report), *options])


def files_of(report: Path) -> dict[str, bytes]:
    """The files of a report."""
    return {path.name: path.read_bytes() for path in report.iterdir()}


def stop(report: Path, journal: Path, *options: str) -> None:
    """Run the command, which is stopped."""
    with pytest.raises(Stopped):
        audit(report, journal, *options)
    assert not report.exists()


PLANTED, DRIFT = DAY / "planted.jsonl", DAY / "drift.jsonl"


@pytest.mark.parametrize(
    "options", [("--engine", "spec"), ("--engine", "fast", "--sample", "70")], ids=["spec", "fast"]
)
@pytest.mark.parametrize("journal", [PLANTED, DRIFT], ids=["planted", "drift"])
def test_what_was_stopped_twice_ends_the_same(
    journal: Path, options: tuple[str, ...], tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    whole = audit(tmp_path / "whole", journal, *options)
    report = tmp_path / "report"
    for checkpoints_written in (3, 2):
        stop_after(checkpoints_written)
        stop(report, journal, *options)
    stop_after(0)
    resumed = audit(report, journal, *options)
    assert (resumed.exit_code, resumed.output.replace("/report\n", "/whole\n")) == (whole.exit_code, whole.output)
    assert files_of(report) == files_of(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "whole"]


def test_a_stop_between_checkpoints_goes_back_to_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: Callable[[int], None]
) -> None:
    audit(tmp_path / "whole", DRIFT)
    original = History.take

    def take(self: History, step: Step, *findings: Any) -> None:
        if step.number == 4 * EVERY + 11:
            raise Stopped
        original(self, step, *findings)

    with monkeypatch.context() as patched:
        patched.setattr(History, "take", take)
        stop(tmp_path / "report", DRIFT)
    audit(tmp_path / "report", DRIFT)
    assert files_of(tmp_path / "report") == files_of(tmp_path / "whole")


def test_a_journal_that_ends_with_a_checkpoint_ends_the_same(tmp_path: Path, stop_after: Callable[[int], None]) -> None:
    journal = tmp_path / "short.jsonl"
    journal.write_bytes(b"".join(PLANTED.read_bytes().splitlines(keepends=True)[: 1 + 2 * EVERY]))
    audit(tmp_path / "whole", journal)
    stop_after(2)
    stop(tmp_path / "report", journal)
    stop_after(0)
    audit(tmp_path / "report", journal)
    assert files_of(tmp_path / "report") == files_of(tmp_path / "whole")


def test_checkpoints_are_as_far_apart_as_they_take_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that goes on by ten seconds whenever it is asked, and by 300 while a checkpoint is written."""
    now, written = [0], list[int]()

    def clock() -> int:
        now[0] += 10 * 10**9
        return now[0]

    original = History.explain

    def slow(self: History) -> None:
        original(self)
        now[0] += 300 * 10**9
        written.append(self.last)

    monkeypatch.setattr(checkpoints, "monotonic_ns", clock)
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    monkeypatch.setattr(checkpoints, "PAUSE_NS", 60 * 10**9)
    monkeypatch.setattr(checkpoints, "SPARING", 2)
    monkeypatch.setattr(History, "explain", slow)
    audit(tmp_path / "report", PLANTED)
    # After 60 seconds, and then after twice the 310 that the first one took.
    assert written[:3] == [6, 6 + 62, 6 + 2 * 62]


# ----------------------------------------------------------------- refused


BEGIN_ANEW = "without that folder the audit begins anew"


@pytest.fixture
def stopped(tmp_path: Path, stop_after: Callable[[int], None]) -> Path:
    """The place of a report whose audit was stopped."""
    journal = tmp_path / "day.jsonl"
    shutil.copy(PLANTED, journal)
    stop_after(2)
    stop(tmp_path / "report", journal)
    stop_after(0)
    return tmp_path / "report"


def refused(report: Path, reason: str, *options: str) -> None:
    """Run the command, which refuses the checkpoint and leaves it."""
    progress = report.with_name("report.checkpoint") / PROGRESS
    before = files_of(progress.parent)
    outcome = audit(report, report.with_name("day.jsonl"), *options)
    assert isinstance(outcome.exception, InputError), outcome.output
    assert str(outcome.exception) == f"{progress}: {reason}; {BEGIN_ANEW}"
    assert files_of(progress.parent) == before
    assert not report.exists()


def test_another_journal_is_refused(stopped: Path) -> None:
    shutil.copy(DRIFT, stopped.with_name("day.jsonl"))
    refused(stopped, "inputs: the checkpoint is of other inputs")


@pytest.mark.parametrize(
    "options", [("--tolerance", "balance=0.1"), ("--sample", "7"), ("--engine", "fast"), ("--auditor", "Anna")]
)
def test_other_options_are_refused(options: tuple[str, ...], stopped: Path) -> None:
    refused(stopped, "command: the checkpoint is of other options", *options)


def test_another_text_of_the_program_is_refused(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "program_sha256", lambda: "0" * 64)
    refused(stopped, "program: the checkpoint is of another text of marginspec")


def test_a_checkpoint_that_is_cut_short_is_refused(stopped: Path) -> None:
    progress = stopped.with_name("report.checkpoint") / PROGRESS
    progress.write_bytes(progress.read_bytes()[:-1])
    refused(stopped, "not a checkpoint, or damaged: its checksum differs")


def test_lines_that_are_missing_or_changed_are_refused(stopped: Path) -> None:
    lines = stopped.with_name("report.checkpoint") / "liquidations.csv"
    content = lines.read_bytes()
    lines.write_bytes(content[:-1])
    refused(stopped, "damaged: liquidations.csv is not as it was")
    lines.write_bytes(b"S" + content[1:])
    refused(stopped, "damaged: liquidations.csv is not as it was")


def test_a_folder_of_something_else_is_refused_and_kept(stopped: Path) -> None:
    progress = stopped.with_name("report.checkpoint") / PROGRESS
    progress.unlink()
    outcome = audit(stopped, stopped.with_name("day.jsonl"))
    assert isinstance(outcome.exception, InputError)
    assert str(outcome.exception) == f"{progress}: cannot be read: No such file or directory"
    assert progress.parent.exists()


class Harmful:
    """What a pickle could have run, if that were not refused."""

    def __reduce__(self) -> tuple[Any, ...]:
        return shutil.rmtree, ("/nowhere",)


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        (Harmful(), "damaged: shutil.rmtree is nothing that an audit keeps"),
        (Path("/nowhere"), "damaged: pathlib.PosixPath is nothing that an audit keeps"),
        (audit_to_the_end, "damaged: marginspec_tools.audit.command.audit is nothing that an audit keeps"),
        (Share(0, 1), "damaged: it holds something else"),
    ],
)
def test_a_checkpoint_runs_nothing(kept: object, reason: str, stopped: Path) -> None:
    progress = stopped.with_name("report.checkpoint") / PROGRESS
    head = progress.read_bytes().partition(b"\n")[0]
    body = head + b"\n" + pickle.dumps(kept)
    progress.write_bytes(body + sha256(body).digest())
    refused(stopped, reason)
