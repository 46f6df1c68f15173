"""Asking an engine cheaply: a digest a batch where it has that, answers for the batch that differs, restarts."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice

import attrs

from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec_conformance.comparing.differences import Heard, Silence
from marginspec_conformance.connectors.session import Connector, EngineFailure, Limits, Session
from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Capability,
    Digest,
    Errored,
    Hello,
    Refused,
    Unsupported,
    Want,
    answer_object,
)
from marginspec_journal.canonical import JsonObject, sorted_json
from marginspec_journal.events import event_object
from marginspec_journal.header import header_object
from marginspec_journal.states import OpenedState, state_text
from marginspec_journal.strict_json import parse_document

BATCH = 64
"""So many events are asked for at once at most."""


@attrs.frozen
class NotBegun:
    """An engine has nothing for a header or a state: the capability that it takes, or its own word of a failure."""

    why: str
    failed: bool = False


class Engine:
    """An engine that is started when it is first asked, and anew after it failed; it is at one journal at a time."""

    def __init__(self, connector: Connector, limits: Limits) -> None:
        self.name, self._connector, self.limits = connector.name, connector, limits
        self._session: Session | None = None
        self._hello: Hello | None = None
        self._opening: tuple[JsonObject, JsonObject | None] | None = None
        self._taken: list[JsonObject] = []
        self._has_hung = False
        self.at_once = BATCH
        """So many events are asked for at once."""

    @property
    def session(self) -> Session:
        """The conversation, begun if there is none; EngineFailure if that fails."""
        if self._session is None:
            self._session = self._connector.open(self.limits)
            self._hello = self._session.hello
        return self._session

    @property
    def hello(self) -> Hello:
        """What the engine says of itself."""
        return self._hello or self.session.hello

    def lacks(self, needed: frozenset[Capability]) -> list[str]:
        """What of the capabilities that something needs the engine does not have, in order."""
        return sorted(needed - self.hello.capabilities)

    def begin(self, header: Header, opened: OpenedState | None = None) -> NotBegun | None:
        """Begin a journal, from nothing or from a state; None if the engine does."""
        state = None if opened is None else parse_document(state_text(opened), "state", None).value
        self._opening, self._taken = (header_object(header), state), []
        return self._begin_again()

    def _begin_again(self) -> NotBegun | None:
        assert self._opening is not None, "a journal was begun"
        header, state = self._opening
        for answer in (self.session.configure(header), self.session.reset(state)):
            if isinstance(answer, Unsupported):
                return NotBegun(answer.capability)
            if isinstance(answer, Errored):
                return NotBegun(answer.message, failed=True)
        return None

    def agrees(self, events: Sequence[Event], want: Want, expected: Sequence[Answer]) -> bool:
        """Whether the digest of the answers is that of the expected ones; if it is not, the engine is where it was.

        False, too, of an engine that gives no digests: then nothing was asked.
        """
        if "digest" not in self.hello.capabilities:
            return False
        told = [event_object(event) for event in events]
        try:
            digest = self.session.digest(told, want)
        except EngineFailure as failure:
            if failure.kind != "hung":
                raise
            self.restart()
            self._has_hung = True
            return False
        # An engine that has no digest for these events is asked for the answers, which say at which of them it fails.
        if isinstance(digest, Digest) and (digest.steps, digest.sha256) == (len(expected), digest_of(expected)):
            self._taken += told
            return True
        self._replay()
        return False

    def answers(self, events: Sequence[Event], want: Want) -> Iterator[Heard]:
        """The answers to events, in batches; after a `Silence` none follow, and the engine must begin anew."""
        left = iter(events)
        while batch := [event_object(event) for event in islice(left, self.at_once)]:
            for heard in self._batch(batch, want):
                yield heard
                if isinstance(heard, Silence):
                    return
            self._taken += batch

    def _batch(self, batch: list[JsonObject], want: Want) -> Iterator[Heard]:
        """The answers to a batch; where it hangs as a whole, each event is asked for alone."""
        has_hung, self._has_hung = self._has_hung, False
        if len(batch) > 1 and not has_hung:
            try:
                yield from self.session.steps(batch, want)
                return
            except EngineFailure as failure:
                if failure.kind != "hung":
                    raise
            self.restart()
        for event in batch:
            try:
                yield from self.session.steps([event], want)
            except EngineFailure as failure:
                if failure.kind != "hung":
                    raise
                self.close()
                yield Silence(self.limits.answer_s)
                return

    def alone(self, event: Event, want: Want) -> Heard:
        """The answer to one event, asked as a step even of an engine that takes batches."""
        told = event_object(event)
        try:
            heard = self.session.step(told, want)
        except EngineFailure as failure:
            if failure.kind != "hung":
                raise
            self.close()
            return Silence(self.limits.answer_s)
        self._taken.append(told)
        return heard

    def restart(self) -> None:
        """Start the engine anew, and bring it where it was."""
        self.close()
        self._replay()

    def _replay(self) -> None:
        refused = self._begin_again()
        if refused is not None:
            raise EngineFailure("protocol", f"the engine began this journal before, and now answers: {refused.why}")
        for place in range(0, len(self._taken), BATCH):
            self.session.steps(self._taken[place : place + BATCH], "verdict")

    def close(self) -> None:
        """Have the engine stop, if it runs."""
        session, self._session = self._session, None
        if session is not None:
            session.close()


def digest_of(answers: Sequence[Answer]) -> str:
    """The digest of answers, as engines take it."""
    return sha256(b"".join(sorted_json(answer_object(answer)) + b"\n" for answer in answers)).hexdigest()


def reduced(answer: Accepted | Refused, want: Want) -> Answer:
    """An answer with no more than what was asked for."""
    if isinstance(answer, Refused) or want == "receipts":
        return answer
    if want == "verdict":
        return Accepted()
    return attrs.evolve(answer, changes=None) if want == "decisions" else answer
