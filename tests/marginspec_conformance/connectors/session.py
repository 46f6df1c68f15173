"""One engine that runs: what the harness asks of it, and the ways in which it can fail apart from being wrong."""

from collections.abc import Sequence
from typing import Literal, Protocol

import attrs

from marginspec_conformance.protocol.messages import (
    Answer,
    AnyReply,
    AskState,
    Calc,
    Calculated,
    Configure,
    Digest,
    Errored,
    Held,
    Hello,
    Ok,
    Reset,
    Unsupported,
    Want,
)
from marginspec_journal.canonical import JsonObject

FailureKind = Literal[
    "did not start", "slow start", "crashed", "exited", "hung", "garbage", "oversized line", "partial line", "protocol"
]
"""How an engine failed; none of these says anything about its rules."""


class EngineFailure(Exception):  # noqa: N818 - it is the engine that failed, which the harness reports
    """An engine failed: how, at which request, and the last of what it wrote to standard error."""

    def __init__(self, kind: FailureKind, detail: str, stderr: str = "") -> None:
        super().__init__(kind, detail, stderr)
        self.kind, self.detail, self.stderr = kind, detail, stderr

    def __str__(self) -> str:
        said = f"; the last of its standard error: {self.stderr.strip()}" if self.stderr.strip() else ""
        return f"{self.kind}: {self.detail}{said}"


@attrs.frozen
class Limits:
    """Seconds that an engine has for its first answer and for each other one; bytes of a line, and of kept output."""

    start_s: float = 10.0
    answer_s: float = 10.0
    line_bytes: int = 2**24
    kept_bytes: int = 2**16


class Session(Protocol):
    """A conversation with one engine, from `hello` to `stop`; each call may raise EngineFailure."""

    @property
    def hello(self) -> Hello:
        """What the engine says of itself."""

    @property
    def noise(self) -> str:
        """What the engine wrote to standard output before its first answer."""

    def configure(self, header: JsonObject) -> Unsupported | Errored | None:
        """Tell the header of a journal; None if the engine takes it."""

    def reset(self, state: JsonObject | None = None) -> Unsupported | Errored | None:
        """Begin anew, from nothing or from a state as in a file; None if the engine does."""

    def steps(self, events: Sequence[JsonObject], want: Want) -> list[Answer]:
        """The answers to some events, in one batch if the engine takes batches."""

    def digest(self, events: Sequence[JsonObject], want: Want) -> Digest:
        """The digest of the answers to some events; only for an engine with the capability."""

    def state(self) -> JsonObject | Unsupported | Errored:
        """The whole state of the engine, as in a file."""

    def calc(self, question: JsonObject) -> Calculated | Unsupported | Errored:
        """The answer to one question."""

    def close(self) -> None:
        """Have the engine stop, and make sure that nothing of it is left."""


class Connector(Protocol):
    """A way to an engine that can be started as often as needed."""

    @property
    def name(self) -> str:
        """As it was given on the command line, like `exec:./engine`."""

    def open(self, limits: Limits) -> Session:
        """Start or reach the engine and exchange `hello`; EngineFailure if that fails."""


class Asking:
    """The part of a session that is the same for every way to an engine: one request, one answer."""

    def _ask(self, request: Configure | Reset | AskState | Calc) -> AnyReply:
        """The answer to a request; EngineFailure if there is none, or it is no message."""
        raise NotImplementedError

    def configure(self, header: JsonObject) -> Unsupported | Errored | None:
        """Tell the header of a journal; None if the engine takes it."""
        return self._done(Configure(id=self._next(), header=header))

    def reset(self, state: JsonObject | None = None) -> Unsupported | Errored | None:
        """Begin anew, from nothing or from a state as in a file; None if the engine does."""
        return self._done(Reset(id=self._next(), state=state))

    def state(self) -> JsonObject | Unsupported | Errored:
        """The whole state of the engine, as in a file."""
        reply = self._ask(AskState(id=self._next()))
        if isinstance(reply, Held):
            return reply.state
        return self._else(reply)

    def calc(self, question: JsonObject) -> Calculated | Unsupported | Errored:
        """The answer to one question."""
        reply = self._ask(Calc(id=self._next(), question=question))
        return reply if isinstance(reply, Calculated) else self._else(reply)

    def _done(self, request: Configure | Reset) -> Unsupported | Errored | None:
        reply = self._ask(request)
        return None if isinstance(reply, Ok) else self._else(reply)

    def _else(self, reply: AnyReply) -> Unsupported | Errored:
        if isinstance(reply, Unsupported | Errored):
            return reply
        raise EngineFailure("protocol", f"{type(reply).__name__.lower()} is no answer to this request")

    def _next(self) -> int:
        self._number = getattr(self, "_number", 0) + 1
        return self._number
