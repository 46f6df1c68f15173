"""A session over any transport that carries lines: a process, a socket, HTTP, recorded answers."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Protocol

from marginspec import RULEBOOK_VERSION
from marginspec_conformance import PROTOCOL_VERSION
from marginspec_conformance.connectors.session import Asking, EngineFailure, FailureKind
from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Answers,
    AnyReply,
    AnyRequest,
    Batch,
    Digest,
    Errored,
    Hello,
    ProtocolError,
    Refused,
    SayHello,
    Step,
    Stop,
    Unsupported,
    Want,
    check_told,
    line_of,
    reply_of,
)
from marginspec_journal import InputError
from marginspec_journal.canonical import JsonObject

SHOWN = 200
"""Characters of a wrong answer that are shown."""


class Transport(Protocol):
    """What carries lines to an engine and back."""

    def first(self, line: bytes) -> tuple[bytes, str]:
        """Send the first line; gives the first line that is an object with `answer`, and what came before it."""

    def ask(self, line: bytes) -> bytes:
        """Send a line; gives the line that comes back, without its newline. EngineFailure if none does."""

    def stderr(self) -> str:
        """The last of what the engine wrote to standard error."""

    def end(self, line: bytes) -> None:
        """Send the last line, and leave nothing of the engine behind."""


class LineSession(Asking):
    """A session that asks by lines."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        try:
            greeting = SayHello(
                id=self._next(), protocol=PROTOCOL_VERSION, suite=version("marginspec"), rulebook=RULEBOOK_VERSION
            )
            line, self._noise = transport.first(line_of(greeting))
            reply = self._reply(greeting, line)
            if not isinstance(reply, Hello):
                raise EngineFailure("protocol", f"its first answer is no hello: {shown(line)}")
            check_versions(reply, name)
        except BaseException:
            self.close()
            raise
        self._hello = reply

    @property
    def hello(self) -> Hello:
        """What the engine says of itself."""
        return self._hello

    @property
    def noise(self) -> str:
        """What the engine wrote to standard output before its first answer."""
        return self._noise

    def steps(self, events: Sequence[JsonObject], want: Want) -> list[Answer]:
        """The answers to some events, in one batch if the engine takes batches."""
        if len(events) == 1 or "batch" not in self._hello.capabilities:
            return [self._step(event, want) for event in events]
        reply = self._ask(Batch(id=self._next(), events=list(events), want=want))
        if isinstance(reply, Errored):
            return [reply]
        if not isinstance(reply, Answers) or reply.answers is None:
            raise self._failed("protocol", "no answers to a batch")
        if len(reply.answers) != len(events):
            raise self._failed("protocol", f"{len(reply.answers)} answers to {len(events)} events")
        for answer in reply.answers:
            self._check(answer, want)
        return reply.answers

    def digest(self, events: Sequence[JsonObject], want: Want) -> Digest:
        """The digest of the answers to some events; only for an engine with the capability."""
        reply = self._ask(Batch(id=self._next(), events=list(events), want=want, digest=True))
        if not isinstance(reply, Answers) or reply.digest is None or reply.steps != len(events):
            raise self._failed("protocol", f"no digest of {len(events)} answers")
        return Digest(len(events), reply.digest)

    def close(self) -> None:
        """Have the engine stop, and make sure that nothing of it is left."""
        self._transport.end(line_of(Stop(id=self._next())))

    def _step(self, event: JsonObject, want: Want) -> Answer:
        reply = self._ask(Step(id=self._next(), event=event, want=want))
        if not isinstance(reply, Accepted | Refused | Unsupported | Errored):
            raise self._failed("protocol", "no answer to an event")
        self._check(reply, want)
        return reply

    def _check(self, answer: Answer, want: Want) -> None:
        try:
            check_told(answer, want)
        except ProtocolError as error:
            raise self._failed("protocol", str(error)) from None

    def _ask(self, request: AnyRequest) -> AnyReply:
        return self._reply(request, self._transport.ask(line_of(request)))

    def _reply(self, request: AnyRequest, line: bytes) -> AnyReply:
        try:
            reply = reply_of(line)
        except ProtocolError as error:
            raise self._failed("garbage", f"{error}: {shown(line)}") from None
        if reply.id != request.id:
            raise self._failed("protocol", f"the answer to request {request.id} has id {reply.id}")
        return reply

    def _failed(self, kind: FailureKind, detail: str) -> EngineFailure:
        return EngineFailure(kind, detail, self._transport.stderr())


def check_versions(hello: Hello, name: str) -> None:
    """InputError if an engine speaks another protocol or follows another rulebook."""
    if hello.protocol != PROTOCOL_VERSION:
        raise InputError(name, None, "protocol", f"it speaks {hello.protocol}, this is {PROTOCOL_VERSION}")
    if hello.rulebook != RULEBOOK_VERSION:
        raise InputError(name, None, "rulebook", f"it follows {hello.rulebook}, this is {RULEBOOK_VERSION}")


def shown(line: bytes) -> str:
    """The beginning of what an engine wrote, with whatever is not printable escaped."""
    return ascii(line[:SHOWN].decode("utf-8", "backslashreplace"))[1:-1] + ("..." if len(line) > SHOWN else "")
