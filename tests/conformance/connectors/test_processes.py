"""Engines that fail apart from their rules: each is classified, within its limit, and nothing of it is left."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import EngineFailure, Limits
from marginspec_conformance.protocol.messages import Errored, Hello

MARGINSPEC = str(Path(sys.executable).with_name("marginspec"))
ENGINES = Path(__file__).with_name("misbehaving.py")
HELLO = Hello("toy", "1", "Python", "2", 2, frozenset({"batch"}))
STDERR = "cannot open \x1b[31mbooks.db\n"
HEADER = {"journal": 1, "rulebook": "2"}


def command(*arguments: str) -> str:
    return "exec:" + shlex.join([sys.executable, "-ISu", str(ENGINES), *arguments])


def failure(*arguments: str, limits: Limits = Limits()) -> EngineFailure:  # noqa: B008 - frozen
    """How an engine fails, at hello or at the request after it."""
    with pytest.raises(EngineFailure) as caught:
        connector_of(command(*arguments)).open(limits).configure(HEADER)
    assert no_children(), "the engine was waited for"
    return caught.value


def no_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


STUBBORN = """
import json, os, signal, sys
hello = {"id": 1, "answer": "hello", "protocol": 1, "name": "n", "version": "1", "language": "l", "rulebook": "2"}
sys.stdin.readline()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(json.dumps({**hello, "level": 2, "capabilities": []}), flush=True)
with open(sys.argv[1], "w") as told:
    print(os.getpid(), file=told)
while True:
    signal.pause()
"""
"""An engine that ends neither with its standard input nor by SIGTERM, and writes its number into a pipe."""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Programs that are started hear SIGINT, though a shell that runs the tests in its background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_ends_the_program_leaves_no_engine(number: signal.Signals, tmp_path: Path) -> None:
    engine, pipe = tmp_path / "stubborn.py", tmp_path / "pipe"
    engine.write_text(STUBBORN)
    os.mkfifo(pipe)
    words = ["conform", "run", "--smoke", "-e", "exec:" + shlex.join([sys.executable, str(engine), str(pipe)])]
    with subprocess.Popen([MARGINSPEC, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        engine_number = int(pipe.read_text())
        running.send_signal(number)
        assert running.wait(60) in (128 + number, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(engine_number, 0)


def test_wrong_input_leaves_no_engine(tmp_path: Path) -> None:
    engine, pipe = tmp_path / "stubborn.py", tmp_path / "pipe"
    engine.write_text(STUBBORN)
    os.mkfifo(pipe)
    words = ["conform", "run", "-e", "exec:" + shlex.join([sys.executable, str(engine), str(pipe)])]
    words += ["--smoke", "--log", str(tmp_path / "no" / "log")]
    with subprocess.Popen([MARGINSPEC, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        engine_number = int(pipe.read_text())
        assert running.wait(60) == 2
    with pytest.raises(ProcessLookupError):
        os.kill(engine_number, 0)


@pytest.mark.parametrize(
    ("engine", "kind", "detail", "stderr"),
    [
        ("at_start", "crashed", "exit code 3", STDERR),
        ("exit_code", "crashed", "exit code 3", STDERR),
        ("killed", "crashed", "ended by SIGSEGV", ""),
        ("partial", "partial line", 'it ended with exit code 0 in the middle of a line: {"id": 2, "an', ""),
        ("exited", "exited", "it ended with exit code 0 before it answered", ""),
        ("closed", "exited", "it closed its standard output and went on", ""),
        (
            "garbage",
            "garbage",
            "the answer to configure, request 2: not JSON at byte 2, found 0x49: Expecting value",
            "",
        ),
        ("not_utf8", "garbage", "the answer to configure, request 2: byte 19 is 0xff, which is not UTF-8 there", ""),
        (
            "wrong_id",
            "protocol",
            "the answer to configure, request 2: id: expected 2, the id of the request, found 7",
            "",
        ),
        (
            "other_rulebook",
            "protocol",
            'the answer to hello, request 1: rulebook: this suite is of rulebook "2", found "1"',
            "",
        ),
        ("endless_noise", "garbage", "no answer to hello in 2000 lines", ""),
    ],
)
def test_failures_by_kind(engine: str, kind: str, detail: str, stderr: str) -> None:
    found = failure(engine)
    assert (found.kind, found.detail, found.stderr) == (kind, detail, stderr)
    assert str(found) == f"{kind}: {detail}"


def test_an_engine_that_does_not_answer_is_hung() -> None:
    limits = Limits(answer_s=0.1)
    assert failure("hang", limits=limits).args == ("hung: no whole answer within its time; nothing was written",)
    begun = failure("hang_in_line", limits=limits)
    assert begun.args == ('hung: no whole answer within its time; of a line there is {"id": 2, "an',)


def test_an_engine_that_never_greets_starts_slowly() -> None:
    found = failure("slow_start", limits=Limits(start_s=0.1))
    assert (found.kind, found.detail) == ("slow start", "no answer to hello in 0.1 s")


def test_an_endless_line_is_not_kept() -> None:
    found = failure("oversized", limits=Limits(line_bytes=1000))
    assert (found.kind, found.detail) == (
        "oversized line",
        f"a line of more than 1000 bytes, which begins {'x' * 200}…",
    )


def test_a_program_that_is_not_there_does_not_start() -> None:
    with pytest.raises(EngineFailure) as caught:
        connector_of("exec:/no/such\x1b engine").open(Limits())
    assert caught.value.args == ("did not start: /no/such\\x1b engine: No such file or directory",)


def test_noise_before_hello_is_kept_to_be_named() -> None:
    session = connector_of(command("noise")).open(Limits())
    assert session.noise == ["loading books", "\\x1b[31mred", "null"]
    assert session.hello == HELLO
    assert session.configure(HEADER) is None
    session.close()
    assert no_children()


def test_a_flood_of_stderr_blocks_nothing_and_its_last_bytes_are_kept() -> None:
    session = connector_of(command("flood")).open(Limits())
    assert session.configure(HEADER) is None
    with pytest.raises(EngineFailure) as caught:
        session.reset()
    assert caught.value.args == ("crashed: exit code 1",)
    assert caught.value.stderr == "b" * (2**16 - 10) + "last words"


def test_neither_waits_for_the_other_when_both_write() -> None:
    session = connector_of(command("slow_reader")).open(Limits())
    events = [{"type": "x" * 100_000}] * 20
    assert session.steps(events, "verdict") == [Errored("m" * 1_000_000)] * 20
    session.close()
    assert no_children()


def test_an_engine_that_stays_after_stop_is_ended() -> None:
    session = connector_of(command("stays")).open(Limits(answer_s=0.1))
    session.close()
    session.close()
    assert no_children()


def test_nothing_that_an_engine_started_is_left(tmp_path: Path) -> None:
    pipe = tmp_path / "held"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    found = failure("children", str(pipe))
    assert found.args == ("crashed: exit code 4",)
    os.set_blocking(reading, True)
    # Ends only when nobody has it open for writing any more.
    assert os.read(reading, 1) == b""
    os.close(reading)
