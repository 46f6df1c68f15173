"""A session over any channel: numbers requests, reads answers strictly, and ends the engine when it fails."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import TypeVar

import attrs

from marginspec_conformance.connectors.channel import Channel
from marginspec_conformance.connectors.session import EngineFailure, FailureKind, Limits
from marginspec_conformance.protocol import replies
from marginspec_conformance.protocol.messages import (
    Answer,
    Calculated,
    Digest,
    Errored,
    Hello,
    ProtocolError,
    Unsupported,
    Want,
)
from marginspec_conformance.protocol.requests import Do, hello_fields, request_line
from marginspec_journal.canonical import JsonObject
from marginspec_tools.console import one_line

Read = TypeVar("Read")

NOISE_LINES = 20
"""So many lines before the answer to `hello` are kept to be named; as many more are borne, a hundredfold."""
NOISE_BORNE = 100 * NOISE_LINES
SHOWN = 200


class Conversation:
    """A session with the engine at the other end of a channel, begun by `hello`; EngineFailure if that fails."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel, self._limits, self._number, self._is_over = channel, limits, 0, False
        self.noise: list[str] = channel.noise
        """Lines before the answer to `hello`, as far as they are kept."""
        self.hello: Hello = self._greeted()

    def configure(self, header: JsonObject) -> Unsupported | Errored | None:
        """Tell the header of a journal; None if the engine takes it."""
        return self._ask("configure", {"header": header}, replies.ok_of)

    def reset(self, state: JsonObject | None = None) -> Unsupported | Errored | None:
        """Begin anew, from nothing or from a state as in a file; None if the engine does."""
        return self._ask("reset", {} if state is None else {"state": state}, replies.ok_of)

    def steps(self, events: Sequence[JsonObject], want: Want) -> list[Answer]:
        """The answers to some events, in one batch if the engine takes batches."""
        if "batch" not in self.hello.capabilities:
            return [self.step(event, want) for event in events]
        if not events:
            return []
        fields = {"events": events, "want": want}
        return self._ask("batch", fields, lambda line, number: replies.batch_of(line, number, len(events), want))

    def step(self, event: JsonObject, want: Want) -> Answer:
        """The answer to one event, asked alone."""
        return self._ask(
            "step", {"event": event, "want": want}, lambda line, number: replies.step_of(line, number, want)
        )

    def digest(self, events: Sequence[JsonObject], want: Want) -> Digest | Unsupported | Errored:
        """The digest of the answers to some events, if the engine has one for them."""
        return self._ask("batch", {"events": events, "want": want, "digest": True}, replies.digest_of)

    def state(self) -> JsonObject | Unsupported | Errored:
        """The whole state of the engine, as in a file."""
        return self._ask("state", {}, replies.state_in)

    def calc(self, question: JsonObject) -> Calculated | Unsupported | Errored:
        """The answer to one question."""
        return self._ask("calc", {"question": question}, replies.calculated_of)

    def close(self) -> None:
        """Have the engine stop, and make sure that nothing of it is left."""
        if self._is_over:
            return
        with suppress(EngineFailure):
            self._ask("stop", {}, replies.ok_of)
            self._channel.end(monotonic() + self._limits.answer_s)
        self._end()

    def _end(self) -> None:
        self._is_over = True
        self._channel.close()

    def _greeted(self) -> Hello:
        until = monotonic() + self._limits.start_s

        def read(line: bytes, number: int) -> Hello:
            return replies.hello_of(past_noise(self._channel, line, until), number)

        try:
            return self._ask("hello", hello_fields(), read, until)
        except EngineFailure as failure:
            if failure.kind != "hung":
                raise
            detail = f"no answer to hello in {self._limits.start_s:g} s"
            raise EngineFailure("slow start", detail, failure.stderr) from None

    def _ask(self, do: Do, fields: JsonObject, read: Callable[[bytes, int], Read], until: float | None = None) -> Read:
        assert not self._is_over, "the session is closed, or its engine failed"
        self._number += 1
        try:
            line = self._channel.ask(
                request_line(self._number, do, fields), until or monotonic() + self._limits.answer_s
            )
            return read(line, self._number)
        except ProtocolError as error:
            kind: FailureKind = "garbage" if isinstance(error, replies.NotJsonError) else "protocol"
            raise self._failed(kind, one_line(f"the answer to {do}, request {self._number}: {error}")) from None
        except BaseException:
            self._end()
            raise

    def _failed(self, kind: FailureKind, detail: str) -> EngineFailure:
        self._end()
        return EngineFailure(kind, detail, self._channel.stderr())


def past_noise(channel: Channel, line: bytes, until: float) -> bytes:
    """The first line that is meant as an answer; those before it are kept as noise."""
    for _ in range(NOISE_BORNE):
        if replies.is_answer(line):
            return line
        if len(channel.noise) < NOISE_LINES:
            channel.noise.append(shown(line))
        line = channel.pass_over(until)
    raise EngineFailure("garbage", f"no answer to hello in {NOISE_BORNE} lines", channel.stderr())


def shown(line: bytes) -> str:
    """What an engine wrote, as text for people: cut short, and nothing in it that a terminal might obey."""
    safe = one_line(line[: 4 * SHOWN].decode("utf-8", "backslashreplace"))
    return safe if len(safe) <= SHOWN and len(line) <= 4 * SHOWN else f"{safe[:SHOWN]}…"


@attrs.define
class Reached:
    """A connector: a name, and what opens a channel to an engine within limits."""

    name: str
    """As it was given on the command line, like `exec:./engine`."""
    channel: Callable[[Limits], Channel]

    def open(self, limits: Limits) -> Conversation:
        """Start or reach the engine and exchange `hello`; EngineFailure if that fails."""
        return Conversation(self.channel(limits), limits)
