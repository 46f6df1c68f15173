"""Engines in Python, within the runner or as processes of their own, and conversations that were recorded."""

import gzip
import shlex
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from conformance.connectors.test_processes import HEADER
from conformance.protocol.transcripts import FOLDER
from marginspec_conformance.adapter import Adapter
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import EngineFailure, Limits
from marginspec_conformance.doctor.example import EVENTS
from marginspec_conformance.doctor.example import HEADER as EXAMPLE
from marginspec_conformance.engines import specification
from marginspec_conformance.protocol.messages import Errored, Hello, Unsupported
from marginspec_journal import InputError
from marginspec_journal.canonical import JsonObject

HERE = "py:conformance.connectors.test_in_process:"


class Endless(Adapter):
    """Never takes a header, takes an exit for an answer to `reset`, and gives a state that is no JSON."""

    def configure(self, header: JsonObject) -> NoReturn:
        while True:
            pass

    def reset(self, state: JsonObject | None) -> NoReturn:
        sys.exit(7)

    def state(self) -> JsonObject:
        return {"a": object()}


def broken() -> NoReturn:
    raise RuntimeError("no \x1b[31m licence")


def test_an_adapter_that_has_nothing_says_so() -> None:
    session = connector_of("py:marginspec_conformance.adapter:Adapter").open(Limits())
    assert session.hello == Hello("Adapter", "0", "Python", "2", 0, frozenset())
    assert session.configure(HEADER) is None
    assert session.reset() is None
    assert session.reset({}) == Unsupported("reset_state")
    assert session.steps([EVENTS["a mark"]], "balances") == [Unsupported("mark_price")]
    assert session.state() == Unsupported("state")
    assert session.calc({}) == Unsupported("calc")
    session.close()


def test_an_endless_engine_is_interrupted() -> None:
    session = connector_of(f"{HERE}Endless").open(Limits(answer_s=0.05))
    with pytest.raises(EngineFailure) as caught:
        session.configure(HEADER)
    assert str(caught.value) == "hung: no answer within its time"


def test_an_engine_that_exits_does_not_end_the_runner() -> None:
    session = connector_of(f"{HERE}Endless").open(Limits())
    with pytest.raises(EngineFailure) as caught:
        session.reset()
    assert str(caught.value) == "exited: it asked this process to exit with code 7"


def test_what_is_no_json_is_garbage() -> None:
    session = connector_of(f"{HERE}Endless").open(Limits())
    with pytest.raises(EngineFailure) as caught:
        session.state()
    reason = "TypeError: Encoding objects of type object is unsupported"
    assert str(caught.value) == f"garbage: what it answers is no JSON: {reason}"


def test_a_factory_that_raises_does_not_start() -> None:
    with pytest.raises(EngineFailure) as caught:
        connector_of(f"{HERE}broken").open(Limits())
    assert str(caught.value) == f"did not start: {HERE}broken: RuntimeError: no \\x1b[31m licence"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("no_such_module:make", "No module named 'no_such_module'"),
        ("marginspec_conformance.engines:none", "module 'marginspec_conformance.engines' has no attribute 'none'"),
        ("engines", "expected py:MODULE:FACTORY"),
    ],
)
def test_a_factory_that_is_not_there_is_wrong_input(place: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        connector_of(f"py:{place}").open(Limits())
    assert str(caught.value) == f"py:{place}: {reason}"


def test_the_same_engine_is_a_process_of_its_own() -> None:
    engine = "marginspec_conformance.engines:specification"
    command = shlex.join([sys.executable, "-m", "marginspec_conformance.adapter", engine])
    within, outside = (connector_of(text).open(Limits(60, 60)) for text in (f"py:{engine}", f"exec:{command}"))
    for session in (within, outside):
        session.configure(EXAMPLE)
        session.reset()
    events = [*EVENTS.values(), {"type": "deposit"}]
    answers = within.steps(events, "balances")
    assert answers[-1] == Errored("InputError: event: account: missing field")
    assert outside.steps(events, "balances") == answers
    assert outside.state() == within.state()
    outside.close()


def test_recorded_answers_are_given_again_where_the_same_was_asked() -> None:
    text = f"journal:{FOLDER / 'wants.jsonl'}"
    engine = specification()
    session = connector_of(text).open(Limits())
    assert session.hello == engine.hello()
    with pytest.raises(EngineFailure) as caught:
        session.configure(EXAMPLE)
    detail = f"{FOLDER / 'wants.jsonl'} has no answer to this request 2, configure, after the same ones"
    assert str(caught.value) == f"protocol: {detail}"


def test_recorded_answers_depend_on_all_since_configure() -> None:
    session = connector_of(f"journal:{FOLDER / 'steps.jsonl'}").open(Limits())
    answers = []
    for _ in range(2):
        session.configure(EXAMPLE)
        session.reset()
        answers.append([session.step(event, "balances") for event in EVENTS.values()])
    engine = specification()
    engine.configure(EXAMPLE)
    assert answers == [[engine.step(event, "balances") for event in EVENTS.values()]] * 2
    session.configure(EXAMPLE)
    session.reset()
    with pytest.raises(EngineFailure):
        session.step(EVENTS["a mark"], "balances")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", ":1: the last line has no newline"),
        (b'{"runner": {}}', ":1: the last line has no newline"),
        (b'{"runner": {"do": "stop"}}\n{"runnr": {}}\n', ":2: runnr: unknown field"),
        (b"{}\n", ":1: expected one of runner, engine, noise"),
        (b'{"engine": {}}\n', ":1: engine: an answer to no request"),
        (b"no\n", ":1: not JSON: Expecting value"),
    ],
)
def test_files_that_are_no_record(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "said.jsonl"
    path.write_bytes(text)
    with pytest.raises(InputError) as caught:
        connector_of(f"journal:{path}").open(Limits())
    assert str(caught.value) == f"{path}{message}"


def test_a_record_may_be_packed(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl.gz"
    path.write_bytes(gzip.compress((FOLDER / "calc.jsonl").read_bytes()))
    assert connector_of(f"journal:{path}").open(Limits()).hello == specification().hello()


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"no\n", "not packed by gzip: Not a gzipped file (b'no')"),
        (
            gzip.compress(b"{}\n" * 99, mtime=0)[:-12],
            "not packed by gzip: Compressed file ended before the end-of-stream marker was reached",
        ),
        (gzip.compress(b" " * 1001, mtime=0), "unpacked larger than the limit of 1000 bytes"),
    ],
)
def test_packed_files_that_are_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bytes, message: str
) -> None:
    monkeypatch.setattr("marginspec_journal.limits.FILE_BYTES", 1000)
    path = tmp_path / "said.jsonl.gz"
    path.write_bytes(packed)
    with pytest.raises(InputError) as caught:
        connector_of(f"journal:{path}").open(Limits())
    assert str(caught.value) == f"{path}: {message}"
