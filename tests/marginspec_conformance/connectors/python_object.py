"""`py:MODULE:FACTORY`: an engine in this process, as an object that takes and gives what the protocol has."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import attrs

from marginspec_conformance.connectors.line_session import check_versions
from marginspec_conformance.connectors.session import Asking, EngineFailure, Limits, Session
from marginspec_conformance.protocol.messages import (
    Answer,
    AnyReply,
    AskState,
    Calc,
    Configure,
    Digest,
    Errored,
    Hello,
    ProtocolError,
    Reset,
    Want,
    check_told,
    converted,
    digest_of,
)
from marginspec_journal import InputError
from marginspec_journal.canonical import JsonObject


class PythonEngine(Protocol):
    """What a factory gives: each method gives an answer as an object of JSON, without `id`, or as a message."""

    def hello(self) -> Any:
        """What the engine says of itself."""

    def configure(self, header: JsonObject) -> Any:
        """Take the header of a journal."""

    def reset(self, state: JsonObject | None) -> Any:
        """Begin anew, from nothing or from a state."""

    def step(self, event: JsonObject, want: Want) -> Any:
        """Take one event."""

    def state(self) -> Any:
        """The whole state."""

    def calc(self, question: JsonObject) -> Any:
        """Answer a question."""


@attrs.frozen
class PythonConnector:
    """A factory of engines, by its module and name; modules of the present folder count too."""

    module: str
    factory: str

    @property
    def name(self) -> str:
        """As it was given on the command line."""
        return f"py:{self.module}:{self.factory}"

    def open(self, limits: Limits) -> Session:  # noqa: ARG002 - there is nothing to wait for that could be given up
        """Make the engine and ask it for `hello`."""
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.insert(0, here)
        try:
            made: Callable[[], PythonEngine] = getattr(import_module(self.module), self.factory)
        except (ImportError, AttributeError) as error:
            raise InputError(self.name, None, None, str(error)) from None
        return PythonSession(made, self.name)


class PythonSession(Asking):
    """A session with an object of this process."""

    noise = ""

    def __init__(self, factory: Callable[[], PythonEngine], name: str) -> None:
        try:
            self._engine = factory()
        except Exception as error:
            raise EngineFailure("did not start", f"{type(error).__name__}: {error}") from None
        reply = self._called(self._engine.hello)
        if not isinstance(reply, Hello):
            raise EngineFailure("protocol", f"its first answer is no hello: {reply}")
        self._hello = reply
        check_versions(self._hello, name)

    @property
    def hello(self) -> Hello:
        """What the engine says of itself."""
        return self._hello

    def steps(self, events: Sequence[JsonObject], want: Want) -> list[Answer]:
        """The answers to some events."""
        return [self._step(event, want) for event in events]

    def digest(self, events: Sequence[JsonObject], want: Want) -> Digest:
        """The digest of the answers to some events."""
        answers = self.steps(events, want)
        return Digest(len(answers), digest_of(answers))

    def close(self) -> None:
        """Let go of the engine."""

    def _step(self, event: JsonObject, want: Want) -> Answer:
        answer = self._called(self._engine.step, event, want)
        if not isinstance(answer, Answer):
            raise EngineFailure("protocol", f"no answer to an event: {answer}")
        try:
            check_told(answer, want)
        except ProtocolError as error:
            raise EngineFailure("protocol", str(error)) from None
        return answer

    def _ask(self, request: Configure | Reset | AskState | Calc) -> AnyReply:
        match request:
            case Configure():
                return self._called(self._engine.configure, request.header)
            case Reset():
                return self._called(self._engine.reset, request.state)
            case AskState():
                return self._called(self._engine.state)
            case Calc():
                return self._called(self._engine.calc, request.question)

    def _called(self, method: Callable[..., Any], *given: Any) -> AnyReply:
        """What a method gives; an exception of its own is the engine's word that it failed."""
        try:
            said = method(*given)
        except Exception as error:
            return Errored(message=f"{type(error).__name__}: {error}"[:1000])
        if isinstance(said, AnyReply):
            return said
        try:
            reply: AnyReply = converted(said, AnyReply)
        except ProtocolError as error:
            raise EngineFailure("garbage", str(error)) from None
        return reply
