from pathlib import Path

import attrs
import pytest

from conformance.reporting.logs import ENDING, FAILED, LOG, PASSED, SETTING, written
from marginspec_conformance.reporting.log import LogWriter, read_log
from marginspec_journal import InputError


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_log(written(tmp_path, LOG)) == LOG


def refused(path: Path) -> str:
    with pytest.raises(InputError) as refusal:
        read_log(path)
    return str(refusal.value)


def test_a_run_that_did_not_end_has_no_report(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    with LogWriter(path, SETTING) as log:
        log.add(PASSED)
    assert refused(path) == f"{path}: the log has no footer: the run did not end"


def test_a_case_taken_out_is_seen(tmp_path: Path) -> None:
    path = written(tmp_path, LOG)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[2:]))
    counts = {"passed": 1, "failed": 1, "skipped": 1, "undecided": 1, "engine failed": 1}
    assert refused(path) == f"{path}:6: counts: {counts}, but the cases are {counts | {'passed': 0}}"


def test_a_good_ending_that_the_cases_belie_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, attrs.evolve(LOG, ending=attrs.evolve(ENDING, exit_code=0)))
    assert refused(path) == f"{path}:7: exit_code: 0, but the cases are {LOG.counts()}"


def test_a_line_after_the_footer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    with LogWriter(path, SETTING) as log:
        log.end(ENDING)
        log.add(FAILED)
    assert refused(path) == f"{path}:3: a line after the footer"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "1: log: 1 expected"),
        ('{"log": 2}\n', "1: log: 1 expected"),
        ('{"log": 1}\n', "1: Object missing required field `command`"),
        ("[1]\n", "1: Expected `object`, got `array`"),
        ("{\n", "1: Input data was truncated"),
        ('{"log": 1, "suite": ' + "[" * 100_000, "1: nested too deeply"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "log.ndjson"
    path.write_text(text)
    assert refused(path) == f"{path}:{reason}"


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.ndjson"
    assert refused(path) == f"{path}: cannot be read: No such file or directory"
