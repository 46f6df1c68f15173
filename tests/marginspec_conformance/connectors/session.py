"""One engine that runs: what the harness asks of it, and the ways in which it can fail apart from being wrong."""

from collections.abc import Sequence
from typing import Literal, Protocol

import attrs

from marginspec_conformance.protocol.messages import Answer, Calculated, Digest, Errored, Hello, Unsupported, Want
from marginspec_journal.canonical import JsonObject
from marginspec_tools.console import WrongAnswer

FailureKind = Literal[
    "did not start", "slow start", "crashed", "hung", "garbage", "oversized line", "partial line", "exited", "protocol"
]
"""How an engine failed; none of these says anything about its rules."""


class EngineFailure(WrongAnswer):
    """An engine failed: how, at which request, and the last of what it wrote to standard error.

    A command that it ends has exit code 3.
    """

    def __init__(self, kind: FailureKind, detail: str, stderr: str = "") -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail, self.stderr = kind, detail, stderr


@attrs.frozen
class Limits:
    """Seconds that an engine has for its first answer and for each other one; bytes of a line, and of kept stderr."""

    start_s: float = 10.0
    answer_s: float = 10.0
    line_bytes: int = 2**24
    stderr_bytes: int = 2**16


class Session(Protocol):
    """A conversation with one engine, from `hello` to `stop`; each call may raise EngineFailure."""

    hello: Hello

    def configure(self, header: JsonObject) -> Unsupported | Errored | None:
        """Tell the header of a journal; None if the engine takes it."""

    def reset(self, state: JsonObject | None = None) -> Unsupported | Errored | None:
        """Begin anew, from nothing or from a state as in a file; None if the engine does."""

    def steps(self, events: Sequence[JsonObject], want: Want) -> list[Answer]:
        """The answers to some events, in one batch if the engine takes batches."""

    def step(self, event: JsonObject, want: Want) -> Answer:
        """The answer to one event, asked alone."""

    def digest(self, events: Sequence[JsonObject], want: Want) -> Digest | Unsupported | Errored:
        """The digest of the answers to some events; only for an engine with the capability."""

    def state(self) -> JsonObject | Unsupported | Errored:
        """The whole state of the engine, as in a file."""

    def calc(self, question: JsonObject) -> Calculated | Unsupported | Errored:
        """The answer to one question."""

    def close(self) -> None:
        """Have the engine stop, and make sure that nothing of it is left."""


class Connector(Protocol):
    """A way to an engine that can be started as often as needed."""

    name: str
    """As it was given on the command line, like `exec:./engine`."""

    def open(self, limits: Limits) -> Session:
        """Start or reach the engine and exchange `hello`; EngineFailure if that fails."""
