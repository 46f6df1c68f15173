"""The golden conversations are those of today, follow the schema, and hold every request and every kind of answer."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from conformance.protocol.transcripts import CONVERSATIONS, FOLDER, transcript
from marginspec_conformance.protocol.messages import NEEDED
from marginspec_conformance.protocol.requests import Do
from marginspec_conformance.protocol.schema import protocol_schema

ROOT = Path(__file__).parents[3]
PROTOCOL = Draft202012Validator(json.loads(protocol_schema()))
SAID = [json.loads(line) for name in CONVERSATIONS for line in (FOLDER / f"{name}.jsonl").read_bytes().splitlines()]
REQUESTS = [line["runner"] for line in SAID if "runner" in line]
ANSWERS = [line["engine"] for line in SAID if "engine" in line]


def published(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((ROOT / "docs/schemas" / f"{name}.schema.json").read_text("utf-8")))


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_transcript_is_what_is_said_today(name: str) -> None:
    # `make recordings` records them anew.
    assert (FOLDER / f"{name}.jsonl").read_bytes() == transcript(name)


def test_the_folder_holds_the_conversations_and_nothing_else() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(CONVERSATIONS)


def test_every_request_and_every_kind_of_answer_is_shown() -> None:
    assert {request["do"] for request in REQUESTS} == set(get_args(Do))
    in_batches = [one for answer in ANSWERS for one in answer.get("answers", [])]
    kinds = {answer["answer"] for answer in (*ANSWERS, *in_batches)}
    assert kinds == {"hello", "ok", "result", "rejected", "unsupported", "errored", "batch", "state", "calc"}
    assert any("digest" in answer for answer in ANSWERS)
    assert {request["want"] for request in REQUESTS if "want" in request} == set(NEEDED)
    assert [line["noise"] for line in SAID if "noise" in line] == ["loading books", "\\x1b[31mred", "null"]


def test_the_published_schema_is_of_today() -> None:
    # `make docs` writes it anew.
    assert (ROOT / "docs/conformance/protocol.schema.json").read_bytes() == protocol_schema()
    Draft202012Validator.check_schema(json.loads(protocol_schema()))


def test_what_is_said_follows_the_schemas() -> None:
    state, journal, calc = published("state"), published("journal"), published("calc")
    for line in (*REQUESTS, *ANSWERS):
        PROTOCOL.validate(line)
        if "state" in line:
            state.validate(line["state"])
        if "question" in line:
            calc.validate({"calc": 1, "rulebook": "2", "questions": [line["question"]]})
    malformed = {"type": "deposit", "account": "alice"}
    for request in REQUESTS:
        for event in (*request.get("events", ()), *([request["event"]] if "event" in request else ())):
            assert journal.is_valid(event) == (event != malformed)


@pytest.mark.parametrize("line", [*REQUESTS, *ANSWERS][:12])
def test_no_line_has_other_fields_or_fewer(line: dict[str, Any]) -> None:
    assert not PROTOCOL.is_valid({**line, "more": 1})
    for name in line.keys() - {"left_out", "state", "digest", "liquidated", "deleveraged", "levied", "changes", "hash"}:
        assert not PROTOCOL.is_valid({other: value for other, value in line.items() if other != name})
