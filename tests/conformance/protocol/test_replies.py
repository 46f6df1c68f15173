"""Whole lines of answers: the strict way names what is wrong, and the fast way never differs from it."""

import json
from typing import Any

import pytest

from conformance.protocol.test_messages import ANSWERS, TOLD, WRONG
from marginspec_conformance.protocol import replies
from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Calculated,
    Digest,
    Errored,
    Hello,
    ProtocolError,
    Unsupported,
    Want,
)

HELLO = {
    "answer": "hello",
    "protocol": 1,
    "name": "toy",
    "version": "1",
    "language": "C++",
    "rulebook": "2",
    "level": 4,
    "capabilities": ["batch", "hedge"],
    "left_out": ["ADL-06"],
}


def line(**fields: Any) -> bytes:
    return json.dumps({"id": 3, **fields}).encode()


@pytest.mark.parametrize(("answer", "told", "want"), ANSWERS)
def test_steps_and_batches_are_read_alike_both_ways(answer: Answer, told: dict[str, Any], want: Want) -> None:
    step, batch = line(**told), line(answer="batch", answers=[told, told])
    assert replies.step_of(step, 3, want) == replies.strict_step(step, 3, want) == answer
    assert replies.batch_of(batch, 3, 2, want) == replies.strict_batch(batch, 3, 2, want) == [answer, answer]


@pytest.mark.parametrize(("told", "want", "message"), [row for row in WRONG if isinstance(row[0], dict)])
def test_the_fast_way_takes_nothing_that_is_wrong(told: dict[str, Any], want: Want, message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        replies.batch_of(line(answer="batch", answers=[{"answer": "result", **TOLD}, told]), 3, 2, want)
    # What the first one lacks under another want is found first.
    assert str(caught.value) in (f"answers[1].{message}", "answers[0].hash: missing field")


def test_repeated_fields_are_refused() -> None:
    with pytest.raises(ProtocolError) as caught:
        replies.step_of(b'{"id":3,"id":3,"answer":"result"}', 3, "verdict")
    assert str(caught.value) == 'repeated field "id"'
    twice = json.dumps({"id": 3, "answer": "result", **TOLD}).replace('"lot:7": "-3"', '"lot:7": "-3", "lot:7": "-3"')
    with pytest.raises(ProtocolError) as caught:
        replies.step_of(twice.encode(), 3, "balances")
    assert str(caught.value) == 'changes.ledger: repeated field "lot:7"'


@pytest.mark.parametrize(
    ("text", "message", "byte"),
    [
        (b"", "not JSON at byte 1, where the line ends: Expecting value", 1),
        (b"ready", "not JSON at byte 1, found 0x72: Expecting value", 1),
        (b'{"id":3', "not JSON at byte 8, where the line ends: Expecting ',' delimiter", 8),
        ('{"é" 1}'.encode(), "not JSON at byte 7, found 0x31: Expecting ':' delimiter", 7),
        (b'{"a":"\xc3("}', "byte 7 is 0xc3, which is not UTF-8 there", 7),
        (b"\xef\xbb\xbf{}", "byte 1 begins a byte order mark, which JSON has none of", 1),
        (b"[1]", "not an object of JSON", None),
    ],
)
def test_what_is_no_json_is_named_by_its_byte(text: bytes, message: str, byte: int | None) -> None:
    with pytest.raises(replies.NotJsonError) as caught:
        replies.step_of(text, 3, "verdict")
    assert (str(caught.value), caught.value.byte) == (message, byte)


def test_a_line_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"^nested too deeply$"):
        replies.step_of(b'{"a":' + b"[" * 100_000, 3, "verdict")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (line(answer="batch", answers=[]), "answers: expected 1, one for each event, found 0"),
        (line(answer="batch"), "answers: missing field"),
        (line(answer="batch", answers=[{"id": 3, "answer": "result"}]), "answers[0].id: unknown field"),
        (b'{"answer":"batch","answers":[{"answer":"result"}]}', "id: missing field"),
        (
            b'{"id":4,"answer":"batch","answers":[{"answer":"result"}]}',
            "id: expected 3, the id of the request, found 4",
        ),
        (line(answer="ok"), 'answer: expected one of batch, unsupported, errored, found "ok"'),
    ],
)
def test_batches_that_are_wrong(text: bytes, message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        replies.batch_of(text, 3, 1, "verdict")
    assert str(caught.value) == message


def test_an_answer_to_the_whole_batch_holds_for_each_event() -> None:
    assert replies.batch_of(line(answer="errored", message="m"), 3, 2, "verdict") == [Errored("m")] * 2


def test_other_answers() -> None:
    assert replies.ok_of(line(answer="ok"), 3) is None
    assert replies.ok_of(line(answer="unsupported", capability="bitmex"), 3) == Unsupported("bitmex")
    assert replies.state_in(line(answer="state", state={"a": 1}), 3) == {"a": 1}
    assert replies.calculated_of(line(answer="calc", values={"initial": "1"}), 3) == Calculated({"initial": "1"})
    assert replies.digest_of(line(answer="batch", steps=1, digest="ab" * 32), 3) == Digest(1, "ab" * 32)
    assert replies.hello_of(line(**HELLO), 3) == Hello(
        "toy", "1", "C++", "2", 4, frozenset({"batch", "hedge"}), ("ADL-06",)
    )
    assert replies.step_of(line(answer="result"), 3, "verdict") == Accepted()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": 2}, "protocol: expected 1, found 2"),
        ({"rulebook": "1"}, 'rulebook: this suite is of rulebook "2", found "1"'),
        ({"level": 6}, "level: must be at most 5, found 6"),
        ({"level": 4.0}, "level: expected an integer, found 4.0"),
        ({"name": ""}, 'name: expected 1 to 128 printable characters, found ""'),
        (
            {"left_out": ["adl-06"]},
            'left_out[0]: expected the id of a clause, as in ADL-06, or input_checks, several_assets, found "adl-06"',
        ),
        (
            {"capabilities": ["hegde"]},
            f'capabilities[0]: expected one of {", ".join(replies.CAPABILITIES)}, found "hegde"',
        ),
    ],
)
def test_greetings_that_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        replies.hello_of(line(**{**HELLO, **change}), 3)
    assert str(caught.value) == message
