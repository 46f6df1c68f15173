"""The engine protocol of marginspec, version 1: the loop that hands each request to an engine."""

import json
import sys
import traceback
from typing import Any

Object = dict[str, Any]
"""An object of JSON; amounts in it are texts."""


def ok() -> Object:
    """The engine did as it was asked."""
    return {"answer": "ok"}


def accepted(**fields: Any) -> Object:
    """The engine accepts an event; the fields are those that were wanted."""
    return {"answer": "result", **fields}


def rejected(reason: str) -> Object:
    """The engine refuses an event, for one of the rulebook's reasons."""
    return {"answer": "rejected", "reason": reason}


def unsupported(capability: str) -> Object:
    """The engine has nothing for this."""
    return {"answer": "unsupported", "capability": capability}


class Engine:
    """What an engine answers; whatever a subclass does not have of its own is unsupported."""

    def hello(self) -> Object:
        """What the engine says of itself."""
        raise NotImplementedError

    def configure(self, header: Object) -> Object:
        """Take the header of a journal: profile and decimals of assets."""
        return ok()

    def reset(self, state: Object | None) -> Object:
        """Begin anew: from nothing, or from a state."""
        return ok() if state is None else unsupported("reset_state")

    def step(self, event: Object, want: str) -> Object:
        """Take one event; `want` says how much a result tells."""
        return unsupported(event["type"])

    def state(self) -> Object:
        """The whole state."""
        return unsupported("state")

    def calc(self, question: Object) -> Object:
        """Answer a question of `marginspec calc`."""
        return unsupported("calc")


def answer_to(engine: Engine, request: Object) -> Object:
    """The answer to a request; what an engine raises is its word that it failed."""
    if request["do"] == "batch":
        steps = [{"do": "step", "event": event, "want": request["want"]} for event in request["events"]]
        return {"answer": "batch", "answers": [answer_to(engine, step) for step in steps]}
    try:
        match request["do"]:
            case "hello":
                return engine.hello()
            case "configure":
                return engine.configure(request["header"])
            case "reset":
                return engine.reset(request.get("state"))
            case "step":
                return engine.step(request["event"], request["want"])
            case "state":
                return engine.state()
            case "calc":
                return engine.calc(request["question"])
            case "stop":
                return ok()
        return unsupported(request["do"])
    except Exception as error:
        traceback.print_exc()
        return {"answer": "errored", "message": f"{type(error).__name__}: {error}"}


def serve(engine: Engine) -> None:
    """Answer requests until `stop`.

    What the engine prints goes to standard error: on standard output only answers may stand.
    """
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"], **answer_to(engine, request)}
        answers.write(json.dumps(answer, separators=(",", ":")) + "\n")
        answers.flush()
        if request["do"] == "stop":
            return
