"""The program as a whole: its exit codes, its outputs when they are closed, and hostile names, numbers and files."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest

from marginspec_journal.limits import FILE_BYTES
from marginspec_journal.states import write_state
from marginspec_tools import cli
from marginspec_tools.console import WrongAnswer, markdown_line, one_line
from marginspec_tools.runs import Run
from worlds.golden import FOLDER

LEVY = FOLDER / "levy.jsonl"
REPORT = "please report this line and the command as an issue in marginspec's repository"
PROGRAM = (sys.executable, "-m", "marginspec_tools.entry")


def program(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The program, run by itself."""
    texts = [os.fsencode(one) if isinstance(one, Path) else str(one).encode() for one in arguments]
    return subprocess.run([*PROGRAM, *texts], capture_output=True, timeout=120, check=False, **options)


def ended(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: BaseException) -> tuple[int, str]:
    """The exit code and what is said when a command ends in an error."""

    def fail() -> None:
        raise error

    monkeypatch.setitem(cli.COMMANDS, "demo", cli.Listed("tools.audit.demo", ""))
    monkeypatch.setattr("marginspec_tools.audit.demo.command", click.command("demo")(fail))
    monkeypatch.setattr("sys.argv", ["marginspec", "demo"])
    code = cli.exit_code()
    return code, capfd.readouterr().err


def test_what_nobody_expected_is_an_internal_error_and_never_a_broken_invariant(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, said = ended(monkeypatch, capfd, ZeroDivisionError("by\nzero"))
    line = fail_line()
    assert (code, said) == (
        3,
        f"error: internal error: ZeroDivisionError in test_program.py:{line}: by\\nzero; {REPORT}\n",
    )
    assert ended(monkeypatch, capfd, MemoryError()) == (3, "error: out of memory\n")
    assert ended(monkeypatch, capfd, WrongAnswer("no answer")) == (3, "error: no answer\n")
    code, said = ended(monkeypatch, capfd, ModuleNotFoundError("no", name="marginspec_tools.gone"))
    assert (code, said.startswith("error: internal error: ModuleNotFoundError in ")) == (3, True)
    assert ended(monkeypatch, capfd, ModuleNotFoundError("no", name="numba"))[0] == 2


def fail_line() -> int:
    """The line that raises in `ended`."""
    lines = Path(__file__).read_text().splitlines()
    return lines.index("        raise error") + 1


# ----------------------------------------------------------------- outputs


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_output_changes_no_exit_code(closed: int, tmp_path: Path) -> None:
    state = tmp_path / "end.state"
    command = " ".join((*PROGRAM, "replay", "--engine", "spec", str(LEVY), "--state", str(state), f"{closed}>&-"))
    found = subprocess.run(["sh", "-c", command], capture_output=True, timeout=120, check=False)
    assert (found.returncode, found.stderr) == (0, b"")
    assert json.loads(state.read_bytes())["state"] == 1
    command = " ".join((*PROGRAM, "replay", "--engine", "spec", "none.jsonl", f"{closed}>&-"))
    found = subprocess.run(["sh", "-c", command], capture_output=True, timeout=120, check=False)
    assert found.returncode == 2
    assert b"Traceback" not in found.stderr


def test_text_and_lines_have_one_encoding() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-16"}
    for options in ([], ["--json"]):
        found = program("replay", "--engine", "spec", LEVY, *options, env=environment)
        assert found.returncode == 0
        assert "hash" in found.stdout.decode("utf-8")
        assert b"\0" not in found.stdout


def test_names_of_bytes_can_be_printed(tmp_path: Path) -> None:
    journal = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n\x1b[31m.jsonl"))
    found = program("scenario", journal, "--accounts", "5", "--events", "50", "--json")
    assert (found.returncode, json.loads(found.stdout)["file"]) == (0, f"{tmp_path}/\\udcff\n\x1b[31m.jsonl")
    found = program("scenario", journal, "--accounts", "5", "--events", "50")
    assert found.stdout.startswith(f"{tmp_path}/\\udcff\\n\\x1b[31m.jsonl: ".encode())
    report = tmp_path / "report"
    assert program("audit", journal, "--report", report).returncode == 4
    title = (report / "summary.md").read_text().splitlines()[0]
    assert title == f"# Audit of {tmp_path}/\\\\udcff\\\\n\\\\x1b\\[31m.jsonl"


def test_text_for_people_is_nothing_but_text() -> None:
    assert one_line("a\nb\x1b[2J\0\u202e\u2066c\u200b") == "a\\nb\\x1b[2J\\x00\\u202e\\u2066c\\u200b"
    assert markdown_line("x\n| a | [b](https://c) <i> `d` *e* &lt; www.f") == (
        "x\\\\n\\| a \\| \\[b\\](https:\\//c) \\<i\\> \\`d\\` \\*e\\* \\&lt; www\\.f"
    )


def test_hostile_observed_names_and_codes_forge_no_line(tmp_path: Path) -> None:
    header, *lines = LEVY.read_bytes().splitlines()
    journal, report = tmp_path / "hostile.jsonl", tmp_path / "report"

    def audit(observed: Any) -> Any:
        told = json.dumps({**json.loads(lines[0]), "observed": observed}).encode()
        journal.write_bytes(b"\n".join((header, told, *lines[1:], b"")))
        return program("audit", journal, "--report", report)

    found = audit({"ledger": {"wallet:x\n- **0 findings**\x1b[2J\u202e|<b>[a](http://b)": "1"}})
    assert (found.returncode, found.stdout, report.exists()) == (2, b"", False)
    assert found.stderr.count(b"\n") == 1
    assert not {b"\x1b", "\u202e".encode()} & {found.stderr[place : place + 3] for place in range(len(found.stderr))}
    assert audit({"code": "- **0** |<b>[a](http://b)"}).returncode == 1
    assert "\\|\\<b\\>\\[a\\](http:\\//b)" in (report / "summary.md").read_text()


# ----------------------------------------------------------------- hostile paths, numbers and sizes


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "loop.jsonl"
    loop.symlink_to(loop)
    for arguments in (
        ("replay", loop, "--engine", "spec"),
        ("replay", LEVY, "--engine", "spec", "--state", loop),
        ("audit", LEVY, "--report", loop),
        ("scenario", loop),
    ):
        found = program(*arguments)
        assert (found.returncode, found.stderr.startswith(b"error: "), found.stderr.count(b"\n")) == (2, True, 1)


def test_an_option_of_5000_digits_is_refused() -> None:
    digits = "9" * 5000
    for arguments in (
        ("scenario", "out.jsonl", "--seed", digits),
        ("replay", LEVY, "--every", digits),
        ("sweep", "a", "b", "--shard", f"1/{digits}"),
        ("explain", LEVY, digits),
    ):
        found = program(*arguments)
        assert (found.returncode, b"Traceback" in found.stderr, b"internal" in found.stderr) == (2, False, False)


def test_files_that_are_read_whole_have_a_limit(tmp_path: Path) -> None:
    zeros = tmp_path / "zeros"
    with zeros.open("wb") as stream:
        stream.truncate(FILE_BYTES + 1)
    calc = tmp_path / "calc.json"
    zeros.rename(calc)
    said = f"error: {calc}: larger than the limit of {FILE_BYTES} bytes\n".encode()
    for arguments in (
        ("replay", LEVY, "--from", calc, "--engine", "spec"),
        ("calc", calc),
        ("merge", calc),
        ("sweep", calc, calc),
        ("scenario", tmp_path / "out.jsonl", "--closes", calc),
    ):
        found = program(*arguments)
        assert (found.returncode, found.stdout, found.stderr) == (2, b"", said)


def test_a_scenario_does_not_overwrite_its_closes(tmp_path: Path) -> None:
    closes = tmp_path / "closes.jsonl"
    closes.write_text("date,market,close\n2025-10-10,BTCUSDT,100000\n2025-10-11,BTCUSDT,90000\n")
    before = closes.read_bytes()
    found = program("scenario", closes, "--closes", closes)
    said = f"error: {closes}: cannot be written: this command reads or writes it too\n"
    assert (found.returncode, found.stderr.decode()) == (2, said)
    assert closes.read_bytes() == before


def test_a_sweep_refuses_a_state_that_breaks_an_invariant(tmp_path: Path) -> None:
    run = Run(LEVY)
    assert sum(1 for _ in run) > 0
    state, scenarios = tmp_path / "broken.state", tmp_path / "scenarios.jsonl"
    write_state(state, run.reached())
    stated = json.loads(state.read_bytes())
    stated["ledger"]["external:USDT"] = "-1.00000000"
    state.write_text(json.dumps(stated))
    scenarios.write_text('{"marks":{}}\n')
    found = program("sweep", state, scenarios, "--jobs", "1")
    said = f"error: {state}: INV-01 is broken: balances do not sum to zero, USDT\n"
    assert (found.returncode, found.stdout, found.stderr.decode()) == (1, b"", said)


# ----------------------------------------------------------------- signals


def test_sigterm_leaves_nothing(tmp_path: Path) -> None:
    command = [*PROGRAM, "scenario", str(tmp_path / "out.jsonl"), "--events", "1000000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as begun:
        while not list(tmp_path.iterdir()):
            assert begun.poll() is None
        begun.send_signal(signal.SIGTERM)
        _, said = begun.communicate(timeout=60)
    assert (begun.returncode, said) == (143, b"")
    assert list(tmp_path.iterdir()) == []


LOADING = """
import signal
import sys
from marginspec_tools.entry import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore interrupts

class Told:
    def find_spec(self, name, *_):
        if name == "marginspec_tools.cli":
            print("loading", flush=True)

sys.meta_path.insert(0, Told())
main()
"""


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0])
def test_an_interrupt_is_one_line_at_any_moment(moment: float) -> None:
    """As a terminal does it, to all processes of the command, those that are still being started included."""
    command = [sys.executable, "-c", LOADING, "campaign", "--journals", "1000", "--jobs", "2", "--accounts", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as begun:
        assert begun.stdout is not None
        assert begun.stdout.readline() == b"loading\n"
        with suppress(subprocess.TimeoutExpired):
            begun.wait(moment)
        os.killpg(begun.pid, signal.SIGINT)
        _, said = begun.communicate(timeout=60)
    # The terminal's own line, in which it shows the key, is ended first.
    assert (begun.returncode, said.removeprefix(b"\n")) == (130, b"interrupted\n")
