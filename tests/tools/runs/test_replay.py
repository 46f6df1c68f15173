"""replay and the command line around it: outputs, exit codes, refusals, crashes and kills."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import click
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from marginspec.model.events import Event
from marginspec.transition import SpecificationEngine
from marginspec_audit import COUNT, Owner, Transition, Unit, Violation, money_of, quantity_of
from marginspec_journal import InputError, open_journal, write_journal
from marginspec_journal.states import read_state, write_state
from marginspec_tools import cli
from marginspec_tools.console import INTERRUPTED, READER_GONE, progress
from marginspec_tools.runs.replay import command
from marginspec_tools.runs.showing import INVARIANTS, MOST_BROKEN_SHOWN
from marginspec_tools.runs.violations import amount_text
from worlds.golden import FOLDER, HEADER, OPEN, deposit, mark, trade
from worlds.lines import Line, journal_text, line_of

LEVY = FOLDER / "levy.jsonl"
ENVIRONMENT = {**os.environ, "COLUMNS": "100"}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments])


def shell(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", "marginspec_tools.cli", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, env=ENVIRONMENT, timeout=60, **options)  # noqa: PLW1510


def journal(folder: Path, *lines: Line | Event, header: dict[str, Any] = HEADER, name: str = "j.jsonl") -> Path:
    path = folder / name
    path.write_text(journal_text((header, *lines)), "utf-8")
    return path


def totals(outcome: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    return found


# ------------------------------------------------------------------- what it prints and writes


def test_programs_get_a_line_of_totals(tmp_path: Path) -> None:
    path = journal(tmp_path, *OPEN, trade("alice", "alice", "1"), trade("alice", "zoe", "1"), deposit("alice", "0"))
    outcome = run(path, "--json", "--check")
    assert outcome.exit_code == 0
    found = totals(outcome)
    assert re.fullmatch("[0-9a-f]{64}", found.pop("hash"))
    assert found == {
        "replay": 1,
        "rulebook": "2",
        "engine": "spec",
        "events": 8,
        "accepted": 5,
        "rejected": 3,
        "before": 0,
        "reasons": {"INVALID_AMOUNT": 1, "SELF_TRADE": 1, "UNKNOWN_ACCOUNT": 1},
        "first_rejections": [
            {"line": 7, "reason": "SELF_TRADE"},
            {"line": 8, "reason": "UNKNOWN_ACCOUNT"},
            {"line": 9, "reason": "INVALID_AMOUNT"},
        ],
        "invariants": "hold",
    }
    assert totals(run(path, "--json"))["invariants"] == "unchecked"


def test_people_get_a_table_and_the_verdict(tmp_path: Path) -> None:
    path = journal(tmp_path, *OPEN, *[trade("alice", "alice", "1")] * 12, deposit("alice", "0"))
    outcome = run(path, "--check")
    lines = outcome.stdout.splitlines()
    assert lines[:6] == [
        "engine    spec",
        "events    18",
        "accepted  5",
        "rejected  13",
        "          12 SELF_TRADE",
        "           1 INVALID_AMOUNT",
    ]
    assert lines[6].startswith("hash      ")
    assert lines[7:] == [
        *(f"{path}:{line}: rejected: SELF_TRADE" for line in range(7, 17)),
        "and 3 more rejected, each with its reason in the file of --receipts",
        "all 14 invariants hold after every event",
    ]


@pytest.mark.parametrize("name", ["j.jsonl", "j.parquet"])
@pytest.mark.parametrize("engine", ["spec", "fast"])
def test_the_first_rejections_are_listed_with_their_lines(engine: str, name: str, tmp_path: Path) -> None:
    lines = journal(tmp_path, *OPEN, deposit("alice", "0"), *[trade("alice", "alice", "1")] * 11, name="lines.jsonl")
    source = open_journal(lines)
    write_journal(tmp_path / name, source.header, source)
    found = totals(run(tmp_path / name, "--engine", engine, "--json"))
    first = 6 if name == "j.parquet" else 7
    reasons = ["INVALID_AMOUNT", *["SELF_TRADE"] * 9]
    assert found["first_rejections"] == [
        {"line": line, "reason": reason} for line, reason in enumerate(reasons, start=first)
    ]
    assert found["reasons"] == {"INVALID_AMOUNT": 1, "SELF_TRADE": 11}
    told = run(tmp_path / name, "--engine", engine).stdout.splitlines()[7:]
    assert told[0] == f"{tmp_path / name}:{first}: rejected: INVALID_AMOUNT"
    assert told[-1] == "and 2 more rejected, each with its reason in the file of --receipts"


def test_a_run_without_rejections_lists_none() -> None:
    assert totals(run(LEVY, "--json"))["first_rejections"] == []
    assert len(run(LEVY).stdout.splitlines()) == 5


def test_every_alone_is_refused() -> None:
    outcome = run(LEVY, "--every", "5")
    assert outcome.exit_code == cli.WRONG_INPUT
    said = "Error: --every has no effect without --snapshot or --segments"
    assert outcome.stderr.splitlines()[-1] == said


def test_receipts_and_state_are_written_whole(tmp_path: Path) -> None:
    receipts, state = tmp_path / "r.jsonl", tmp_path / "s.json"
    receipts.write_text("what stood there")
    assert run(LEVY, "--receipts", receipts, "--state", state).exit_code == 0
    assert receipts.read_bytes() == (FOLDER / "levy.receipts").read_bytes()
    assert state.read_bytes() == (FOLDER / "levy.state").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.jsonl", "s.json"]


@pytest.mark.rule("JRN-01")
@pytest.mark.parametrize("cut", [0, 3, 6])
def test_a_run_that_goes_on_from_a_state_gives_the_same_receipts(cut: int, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in LEVY.read_text("utf-8").splitlines()]
    header, events = lines[0], lines[1:]
    whole, first, second = tmp_path / "whole", tmp_path / "first", tmp_path / "second"
    assert run(LEVY, "--receipts", whole, "--state", tmp_path / "end").exit_code == 0
    begun = journal(tmp_path, *events[:cut], header=header, name="a.jsonl")
    rest = journal(tmp_path, *events[cut:], header=header, name="b.jsonl")
    assert run(begun, "--receipts", first, "--state", tmp_path / "middle").exit_code == 0
    outcome = run(rest, "--from", tmp_path / "middle", "--receipts", second, "--state", tmp_path / "again", "--json")
    assert outcome.exit_code == 0
    assert first.read_bytes() + second.read_bytes() == whole.read_bytes()
    assert (tmp_path / "again").read_bytes() == (tmp_path / "end").read_bytes()
    found = totals(outcome)
    assert (found["events"], found["before"]) == (len(events), cut)


def test_people_are_told_how_many_events_came_before(tmp_path: Path) -> None:
    state = tmp_path / "s.json"
    run(LEVY, "--state", state)
    outcome = run(journal(tmp_path, header=json.loads(LEVY.read_text("utf-8").splitlines()[0])), "--from", state)
    assert "events    9 (9 of them before the start)" in outcome.stdout


# ------------------------------------------------------------------- invariants


def broken_state(folder: Path) -> Path:
    """A state in which money has come from nowhere."""
    path = folder / "broken.json"
    run(LEVY, "--state", path)
    text = json.loads(path.read_text("utf-8"))
    text["ledger"]["wallet:alice:USDT"] = "12.5000"
    path.write_text(json.dumps(text), "utf-8")
    return path


SHORT = Violation("INV-02", "quantities do not sum to zero", Owner("market", "ABC"), -25, quantity_of("ABC"))


@pytest.mark.rule("INV-01")
def test_a_start_that_breaks_an_invariant_is_not_run(tmp_path: Path) -> None:
    state, end = broken_state(tmp_path), tmp_path / "end.json"
    path = journal(tmp_path, header=json.loads(LEVY.read_text("utf-8").splitlines()[0]))
    outcome = run(path, "--from", state, "--state", end, "--json")
    assert outcome.exit_code == 1
    assert not end.exists()
    broken = json.loads(outcome.stdout.splitlines()[0])
    assert (broken["broken"], broken["seq"], broken["line"], broken["where"]) == ("INV-01", 0, 0, "USDT")
    assert totals(outcome)["invariants"] == "broken"
    told = run(path, "--from", state).stdout
    assert "INV-01 broken in the state at the start: balances do not sum to zero, USDT: " in told


def test_a_broken_invariant_is_told_with_its_place_and_amount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(taken: Transition) -> tuple[Violation, ...]:
        return (SHORT,) if taken.after.positions else ()

    monkeypatch.setattr("marginspec_tools.runs.violations.check_transition", short)
    path = journal(tmp_path, *OPEN, trade("alice", "bob", "1"), *[mark("100")] * MOST_BROKEN_SHOWN)
    state = tmp_path / "s.json"
    outcome = run(path, "--check", "--json", "--state", state)
    assert outcome.exit_code == 1
    assert state.exists()
    assert json.loads(outcome.stdout.splitlines()[0]) == {
        "broken": "INV-02",
        "seq": 6,
        "line": 7,
        "what": "quantities do not sum to zero",
        "where": "ABC",
        "amount": "-2.5",
    }
    told = run(path, "--check").stdout.splitlines()
    assert "INV-02 broken at event 6 (line 7): quantities do not sum to zero, ABC: -2.5" in told
    assert told[-1] == "and 1 more, which --json lists"


@pytest.mark.parametrize(
    ("unit", "text"),
    [(money_of("USDT"), "1.2345"), (quantity_of("ABC"), "1234.5"), (money_of(""), "12345"), (COUNT, "12345")],
)
def test_amounts_have_the_decimals_of_what_they_count(unit: Unit, text: str) -> None:
    state = read_state(FOLDER / "liquidation_takeover.state").state
    assert amount_text(Violation("INV-00", "something", Owner("lot", "lot:1"), 12345, unit), state) == text


# ------------------------------------------------------------------- refusals


def refused(*arguments: object) -> str:
    outcome = run(*arguments)
    assert isinstance(outcome.exception, InputError), outcome.output
    assert outcome.stdout == ""
    return str(outcome.exception)


def test_a_malformed_line_stops_the_run_and_nothing_is_written(tmp_path: Path) -> None:
    outputs = tmp_path / "out"
    outputs.mkdir()
    path = journal(tmp_path, *OPEN, {**line_of(deposit("alice", "1")), "amount": 1})
    said = refused(path, "--receipts", outputs / "r", "--state", outputs / "s")
    assert said == f"{path}:7: amount: expected a string, found 1"
    assert list(outputs.iterdir()) == []


@pytest.mark.parametrize(
    ("header", "field"),
    [({**HEADER, "assets": {}}, "assets"), ({**HEADER, "profile": {"last_resort": "none"}}, "profile")],
)
def test_the_headers_of_journal_and_state_must_be_equal(header: dict[str, Any], field: str, tmp_path: Path) -> None:
    state = tmp_path / "s.json"
    run(journal(tmp_path, *OPEN), "--state", state)
    path = journal(tmp_path, header=header, name="other.jsonl")
    assert refused(path, "--from", state) == f"{path}:1: {field}: differs from that of the state {state}"


def test_paths_that_cannot_be_written(tmp_path: Path) -> None:
    path = journal(tmp_path)
    state = tmp_path / "s.json"
    run(path, "--state", state)
    twice = "cannot be written: this command reads or writes it too"
    assert refused(path, "--state", tmp_path) == f"{tmp_path}: cannot be written: Is a directory"
    missing = tmp_path / "no" / "s.json"
    assert refused(path, "--receipts", missing) == f"{missing}: cannot be written: No such file or directory"
    assert refused(path, "--state", path) == f"{path}: {twice}"
    assert refused(path, "--from", state, "--receipts", state) == f"{state}: {twice}"
    assert refused(path, "--state", tmp_path / "o", "--receipts", tmp_path / "o") == f"{tmp_path / 'o'}: {twice}"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(path, "--state", pipe) == f"{pipe}: cannot be written: not a regular file"


def test_the_fast_engine_needs_its_extras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "marginspec_tools.runs.engines.find_spec", lambda package: None if package == "numba" else package
    )
    outcome = run(journal(tmp_path), "--engine", "fast")
    assert outcome.exit_code == cli.WRONG_INPUT
    assert "the engine fast needs Linux or macOS, and extras: pip install 'marginspec[fast,parquet]'" in outcome.stderr
    assert totals(run(journal(tmp_path), "--json"))["engine"] == "spec"


@pytest.mark.parametrize("chosen", [(), ("--engine", "fast"), ("--engine", "spec"), ("--engine", "fast", "--check")])
def test_engines_write_the_same(chosen: tuple[str, ...], tmp_path: Path) -> None:
    written = []
    for name, options in (("first", ("--engine", "spec")), ("second", chosen)):
        receipts, state = tmp_path / f"{name}.receipts", tmp_path / f"{name}.state"
        outcome = run(LEVY, "--json", "--receipts", str(receipts), "--state", str(state), *options)
        assert outcome.exit_code == 0
        found = totals(outcome)
        written.append((receipts.read_bytes(), state.read_bytes(), found["hash"], found["accepted"]))
        expected = "fast" if "fast" in options else "spec"
        assert found["engine"] == expected
    assert written[0] == written[1]


# ------------------------------------------------------------------- the program


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ":1: the header is missing"),
        (b"{}\n", ":1: journal: missing field"),
        (b"\x00\xff\n", ":1: not UTF-8 at byte 2"),
        (b"[" * 100_000 + b"\n", ":1: nested too deeply"),
        (b'{"journal":2,"rulebook":"2"}\n', ":1: journal: unknown version, expected 1"),
        (b'{"journal":1,"rulebook":"1"}\n', ":1: rulebook: rulebook 1 has other outcomes and is not run any more"),
        (b'{"journal":1,"rulebook":"2"}', ":1: the last line is not ended by a newline: the file is cut short"),
        (b'{"journal":1,"rulebook":"2"}\n{"type":"x"}\n', ":2: type: expected one of "),
    ],
)
def test_garbage_is_one_line_on_stderr(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "garbage.jsonl"
    path.write_bytes(content)
    done = shell("replay", path)
    assert (done.returncode, done.stdout) == (cli.WRONG_INPUT, b"")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"error: {path}{said}")


def test_usage_errors_and_versions() -> None:
    assert shell("replay").returncode == cli.WRONG_INPUT
    assert shell("replay", "a.jsonl", "--engine", "none").returncode == cli.WRONG_INPUT
    unknown = shell("nothing")
    assert (unknown.returncode, unknown.stdout) == (cli.WRONG_INPUT, b"")
    assert b"No such command 'nothing'" in unknown.stderr
    version = shell("--version")
    assert (version.returncode, version.stdout) == (0, b"marginspec, version 0.1.0 (rulebook 2)\n")
    helped = shell("--help")
    assert helped.returncode == 0
    assert b"replay " in helped.stdout


def test_names_that_a_terminal_would_obey_are_escaped() -> None:
    done = shell("replay", "a\nb\x1b[31m.jsonl")
    assert done.stderr == b"error: a\\nb\\x1b[31m.jsonl: cannot be read: No such file or directory\n"


def test_broken_invariants_are_exit_code_1(tmp_path: Path) -> None:
    path = journal(tmp_path, header=json.loads(LEVY.read_text("utf-8").splitlines()[0]))
    assert shell("replay", path, "--from", broken_state(tmp_path)).returncode == 1


def test_a_reader_that_has_gone_is_neither_success_nor_divergence() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    words = [sys.executable, "-m", "marginspec_tools.cli", "replay", str(LEVY), "--json"]
    done = subprocess.run(words, stdout=write_end, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (READER_GONE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_without_space() -> None:
    with open("/dev/full", "wb") as full:
        words = [sys.executable, "-m", "marginspec_tools.cli", "replay", str(LEVY)]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (cli.WRONG_INPUT, b"error: output: No space left on device\n")


def fed_until_half(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A replay that has run the first events of a pipe and waits for the rest; gives it with the pipe's end."""
    pipe = folder / "in.jsonl"
    os.mkfifo(pipe)
    outputs = ["--receipts", str(folder / "out" / "r"), "--state", str(folder / "out" / "s")]
    words = [sys.executable, "-m", "marginspec_tools.cli", "replay", str(pipe), *outputs]
    # Where the tests run in the background, children would be born ignoring SIGINT.
    child = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    # Opening waits for the reader; more than two buffers of a pipe and of the reader have then been taken in.
    feed = os.open(pipe, os.O_WRONLY)
    lines = (json.dumps(HEADER) + "\n").encode() + b'{"type":"cancel_order","account":"a","order":"o"}\n' * 60_000
    while lines:
        lines = lines[os.write(feed, lines) :]
    return child, feed


def ended_by(child: subprocess.Popen[bytes], sent: signal.Signals) -> tuple[bytes, bytes]:
    """End a process by a signal, sent again if the process went to sleep in a read just before it looked."""
    while True:
        child.send_signal(sent)
        try:
            return child.communicate(timeout=2)
        except subprocess.TimeoutExpired:
            continue


@pytest.mark.parametrize(
    ("sent", "code", "said"), [(signal.SIGKILL, -signal.SIGKILL, b""), (signal.SIGINT, INTERRUPTED, b"interrupted\n")]
)
def test_a_run_that_is_ended_half_way_leaves_nothing(
    sent: signal.Signals, code: int, said: bytes, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "s").write_text("what stood there")
    child, feed = fed_until_half(tmp_path)
    out, err = ended_by(child, sent)
    os.close(feed)
    assert (child.returncode, out, err.lstrip()) == (code, b"", said)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["s"]
    assert (tmp_path / "out" / "s").read_text() == "what stood there"


# ------------------------------------------------------------------- main


def exit_code(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """The program's exit code where its command raises an error."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(cli.LazyCommands, "get_command", lambda *_: click.Command("replay", callback=fail))
    monkeypatch.setattr(sys, "argv", ["marginspec", "replay"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("j.jsonl", 3, "price", "not a decimal"), 2, "error: j.jsonl:3: price: not a decimal\n"),
        (click.ClickException("no"), 2, "Error: no\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (
            ModuleNotFoundError("x", name="z3"),
            2,
            "error: this needs the Python package z3, which is not installed: pip install 'marginspec[all]'\n",
        ),
        (PermissionError(13, "Permission denied", "x.json"), 2, "error: x.json: Permission denied\n"),
    ],
)
def test_errors_end_in_one_line(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, error) == code
    assert capsys.readouterr().err.lstrip() == said


def test_an_engine_that_crashes_is_exit_code_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a fund is below zero")

    monkeypatch.setattr(SpecificationEngine, "apply", fail)
    monkeypatch.setattr(sys, "argv", ["marginspec", "replay", str(LEVY), "--engine", "spec"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.CRASHED
    said = capsys.readouterr().err
    assert "AssertionError: a fund is below zero" in said
    assert said.endswith(f"error: {LEVY}:2: the engine spec crashed on this event; please report it as a bug\n")


def test_a_command_whose_module_is_missing_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "not_there", cli.Listed("not.there", "A command that this installation lacks."))
    outcome = CliRunner().invoke(cli.marginspec, ["--help"])
    assert outcome.exit_code == 0
    monkeypatch.setattr(sys, "argv", ["marginspec", "not_there"])
    assert cli.exit_code() == cli.CRASHED
    assert CliRunner().invoke(cli.marginspec, ["replay", str(LEVY)]).exit_code == 0


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    watched = Console(file=shown, force_terminal=True, width=60)
    monkeypatch.setattr("rich.console.Console", lambda **_: watched)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress.with_progress([1, 2, 3], "counting", 3)) == [1, 2, 3]
    assert "counting" in shown.getvalue()
    assert "3/3" in shown.getvalue()
    assert run(LEVY).stderr == ""


def test_a_state_of_no_events_may_be_an_opening_state(tmp_path: Path) -> None:
    opened = read_state(FOLDER / "levy.state")
    start = tmp_path / "opening.json"
    text = json.loads((FOLDER / "levy.state").read_text("utf-8"))
    text.update(events=0, accepted=0, rejected=0)
    text.pop("hash")
    start.write_text(json.dumps(text), "utf-8")
    path = journal(tmp_path, header=json.loads(LEVY.read_text("utf-8").splitlines()[0]))
    end = tmp_path / "end.json"
    assert run(path, "--from", start, "--state", end).exit_code == 0
    assert read_state(end).state == opened.state
    write_state(start, attrs.evolve(read_state(end)))
    assert run(path, "--from", start).exit_code == 0
    assert [f"INV-{number:02}" for number in range(1, 15)] == INVARIANTS
