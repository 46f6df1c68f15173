"""A long audit that is stopped and run again ends with the same report, byte for byte; a bad checkpoint is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from marginspec_tools.audit import checkpoint as checkpoints
from marginspec_tools.audit.checkpoint import Checkpoint
from marginspec_tools.audit.command import command

VECTORS = Path(__file__).parents[2] / "vectors"
DAY = VECTORS / "venue_day"
EVERY, STOPPED_AT = 40, 3


class Stopped(BaseException):
    """What stands for a kill: nothing of the program catches it."""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a checkpoint written after few events."""
    monkeypatch.setattr(checkpoints, "EVERY", EVERY)


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
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
    yield chosen


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


JOURNALS = {
    "planted": DAY / "planted.jsonl",
    "drift": DAY / "drift.jsonl",
    "deleveraging": VECTORS / "cases" / "glitch-standing.jsonl",
}


@pytest.mark.parametrize("engine", ["spec", "fast"])
@pytest.mark.parametrize("name", ["planted", "drift"])
@pytest.mark.parametrize("sample", ["1", "70"])
def test_what_was_stopped_twice_ends_the_same(
    name: str, engine: str, sample: str, tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    options = "--engine", engine, "--sample", sample
    whole = audit(tmp_path / "whole", JOURNALS[name], *options)
    report = tmp_path / "report"
    for checkpoint in (STOPPED_AT, 2):
        stop_after(checkpoint)
        stop(report, JOURNALS[name], *options)
    stop_after(0)
    resumed = audit(report, JOURNALS[name], *options)
    assert (resumed.exit_code, resumed.output.replace("/report\n", "/whole\n")) == (whole.exit_code, whole.output)
    assert files_of(report) == files_of(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "whole"]
