"""Engines in Python: what one must answer, and what speaks the protocol for it.

An engine is an object with the methods of `Engine`; a subclass of `Adapter` writes only those that it has. The same
engine runs within the runner (`py:MODULE:FACTORY`) and as a process of its own, where what it prints goes to standard
error: `python -m marginspec_conformance.adapter MODULE:FACTORY`, or `serve(engine)`.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

import msgspec

from marginspec_conformance import PROTOCOL_VERSION
from marginspec_conformance.protocol.messages import (
    Answer,
    Calculated,
    Errored,
    Hello,
    Unsupported,
    Want,
    answer_object,
    batch_digest,
)
from marginspec_journal.canonical import JsonObject


class Engine(Protocol):
    """An engine that can be asked; an exception in a method is answered as `errored`, with its text."""

    def hello(self) -> Hello:
        """What the engine says of itself; `batch` and `digest` are answered by this module, if claimed."""

    def configure(self, header: JsonObject) -> Unsupported | None:
        """Take the header of a journal."""

    def reset(self, state: JsonObject | None) -> Unsupported | None:
        """Begin anew, from nothing or, if the engine has `reset_state`, from a state as in a file."""

    def step(self, event: JsonObject, want: Want) -> Answer:
        """Take an event as in a journal, its amounts as texts; of what is accepted, tell what is wanted."""

    def state(self) -> JsonObject | Unsupported:
        """The whole state, as in a file."""

    def calc(self, question: JsonObject) -> Calculated | Unsupported:
        """The answer to a question, as in a file for `marginspec calc`."""


class Adapter:
    """An engine that has nothing; subclasses say what they are and write what they have."""

    def hello(self) -> Hello:
        """What the engine says of itself."""
        return Hello(type(self).__name__, "0", "Python", "2", 0, frozenset())

    def configure(self, header: JsonObject) -> Unsupported | None:
        """Keep the header."""
        self.header = header
        return None

    def reset(self, state: JsonObject | None) -> Unsupported | None:
        """Begin from nothing, which is all that there is here."""
        return None if state is None else Unsupported("reset_state")

    def step(self, event: JsonObject, want: Want) -> Answer:  # noqa: ARG002 - what subclasses are given
        """Nothing is supported."""
        return Unsupported(str(event.get("type")))

    def state(self) -> JsonObject | Unsupported:
        """No state is given."""
        return Unsupported("state")

    def calc(self, question: JsonObject) -> Calculated | Unsupported:  # noqa: ARG002 - what subclasses are given
        """No question is answered."""
        return Unsupported("calc")


# ------------------------------------------------------------------- requests to answers


def respond(engine: Engine, request: JsonObject) -> JsonObject:
    """The answer of an engine to a request, as JSON has it."""
    try:
        answer = _RESPONSES[request["do"]](engine, request)
    except Exception as error:
        answer = answer_object(Errored(f"{type(error).__name__}: {error}"))
    return {"id": request.get("id"), **answer}


def hello_object(hello: Hello) -> JsonObject:
    """What an engine says of itself, as JSON has it."""
    fields = {name: getattr(hello, name) for name in ("name", "version", "language", "rulebook", "level")}
    left_out = {"left_out": list(hello.left_out)} if hello.left_out else {}
    return {
        "answer": "hello",
        "protocol": PROTOCOL_VERSION,
        **fields,
        "capabilities": sorted(hello.capabilities),
        **left_out,
    }


def _done(answer: Unsupported | None) -> JsonObject:
    return {"answer": "ok"} if answer is None else answer_object(answer)


def _step(engine: Engine, event: JsonObject, want: Want) -> Answer:
    try:
        return engine.step(event, want)
    except Exception as error:
        return Errored(f"{type(error).__name__}: {error}")


def _batch(engine: Engine, request: JsonObject) -> JsonObject:
    answers = [_step(engine, event, request["want"]) for event in request["events"]]
    if request.get("digest"):
        digest = batch_digest(answers)
        return {"answer": "batch", "steps": digest.steps, "digest": digest.sha256}
    return {"answer": "batch", "answers": [answer_object(answer) for answer in answers]}


def _state(engine: Engine) -> JsonObject:
    state = engine.state()
    return answer_object(state) if isinstance(state, Unsupported) else {"answer": "state", "state": state}


def _calc(engine: Engine, request: JsonObject) -> JsonObject:
    found = engine.calc(request["question"])
    return answer_object(found) if isinstance(found, Unsupported) else {"answer": "calc", "values": found.values}


_RESPONSES: dict[str, Callable[[Engine, JsonObject], JsonObject]] = {
    "hello": lambda engine, _: hello_object(engine.hello()),
    "configure": lambda engine, request: _done(engine.configure(request["header"])),
    "reset": lambda engine, request: _done(engine.reset(request.get("state"))),
    "step": lambda engine, request: answer_object(_step(engine, request["event"], request["want"])),
    "batch": _batch,
    "state": lambda engine, _: _state(engine),
    "calc": _calc,
    "stop": lambda engine, request: {"answer": "ok"},  # noqa: ARG005 - as the others
}


# ------------------------------------------------------------------- over standard input and output


def serve(engine: Engine, requests: BinaryIO | None = None, answers: BinaryIO | None = None) -> None:
    """Answer requests until `stop` or until there are no more; by default those on standard input.

    On standard output nothing may stand but answers, so that what the engine prints is sent to standard error.
    """
    source = sys.stdin.buffer if requests is None else requests
    target = _standard_output() if answers is None else answers
    for line in source:
        request: Any = msgspec.json.decode(line)
        target.write(msgspec.json.encode(respond(engine, request)) + b"\n")
        target.flush()
        if request["do"] == "stop":
            return


def _standard_output() -> BinaryIO:
    sys.stdout.flush()
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return target


if __name__ == "__main__":
    from marginspec_conformance.connectors.in_process import made_by

    serve(made_by(sys.argv[1]))
