"""The walk: each request of the protocol in turn, what was answered, and what of that has to be mended."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import attrs

from marginspec_conformance.comparing.books import Books
from marginspec_conformance.connectors.channel import Channel
from marginspec_conformance.connectors.conversation import past_noise
from marginspec_conformance.connectors.session import EngineFailure, FailureKind, Limits
from marginspec_conformance.doctor.example import EVENTS, HEADER, QUESTION, WHOLE, WHOLE_HEADER
from marginspec_conformance.engines import specification
from marginspec_conformance.protocol import replies
from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Calculated,
    Errored,
    Hello,
    ProtocolError,
    Refused,
    Unsupported,
    Want,
    batch_digest,
    canonical_answer,
)
from marginspec_conformance.protocol.requests import Do, hello_fields, request_line
from marginspec_journal.canonical import JsonObject
from marginspec_journal.errors import InputError
from marginspec_journal.events import record_of
from marginspec_journal.states import state_in
from marginspec_journal.strict_json import Node

Read = TypeVar("Read")

WANTS: tuple[Want, ...] = ("verdict", "balances", "decisions", "balances", "balances", "receipts")
"""What results of an engine must tell, by its level."""
ADVICE: dict[FailureKind, str] = {
    "did not start": "the command is run without a shell: give the program's path and its arguments",
    "slow start": "answer hello at once, with a newline, and flush standard output; or give it time by --timeout",
    "hung": "end each answer by a newline, and flush standard output after it; or give it time by --timeout",
    "crashed": "see what it wrote to standard error",
    "exited": "answer every request, and end only after stop",
    "partial line": "end each answer by a newline, and flush standard output before the program ends",
    "oversized line": "an answer is one line, ended by a newline",
    "garbage": "write nothing but answers to standard output; logs belong to standard error",
    "protocol": "answer as docs/conformance/protocol.md has it",
}
AROUND = 8


@attrs.define
class Step:
    """A step of the walk: the request, the answer, what to mend and what else there is to say.

    `is_supported` tells whether the engine has what was asked, `stderr` what it wrote where it failed.
    """

    name: str
    sent: bytes = b""
    got: bytes = b""
    mend: list[str] = attrs.Factory(list)
    notes: list[str] = attrs.Factory(list)
    failure: EngineFailure | None = None
    stderr: str = ""
    is_supported: bool = True


class Walk:
    """A walk with one engine; iterate over it once for its steps. It ends early where the engine fails."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel, self._limits, self._number = channel, limits, 0
        self._step, self._reference = Step(""), specification()
        self._answers: dict[str, Answer] = {}
        self._hello: Hello | None = None
        self._stderr, self._is_over = "", False
        self._books, self._unbalanced, self._unsupported = Books(), set[str](), ""

    def __iter__(self) -> Iterator[Step]:
        try:
            for name, part in self._parts():
                self._step = Step(name)
                try:
                    part()
                except EngineFailure as failure:
                    self._step.failure, self._step.stderr, self._is_over = failure, failure.stderr, True
                    self._step.mend.append(ADVICE[failure.kind])
                yield self._step
                if self._is_over:
                    return
        finally:
            self._channel.close()

    def _parts(self) -> Iterator[tuple[str, Callable[[], object]]]:
        yield "hello", self._greet
        if self._hello is not None:
            if self._hello.level > 0:
                yield from self._exchange(self._hello)
            if "calc" in self._hello.capabilities:
                yield "calc", self._calc
        yield "stop", self._stop

    def _exchange(self, hello: Hello) -> Iterator[tuple[str, Callable[[], object]]]:
        want = WANTS[hello.level]
        yield from self._events("", HEADER, EVENTS, want)
        for capability, part in (("batch", self._batch), ("digest", self._digest)):
            if capability in hello.capabilities:
                yield f"reset before a {capability}", lambda: self._ok("reset", {})
                yield f"a {capability}", partial(part, want)
        if "state" in hello.capabilities:
            yield "state", self._state
        if "reset_state" in hello.capabilities:
            yield "reset to a state", lambda: self._ok("reset", {"state": self._reference.state()})
            if "state" in hello.capabilities:
                yield "the state after that", self._state
        if want == "balances":
            yield from self._events(" for whole units", WHOLE_HEADER, WHOLE, want)

    def _events(
        self, what: str, header: JsonObject, events: Mapping[str, JsonObject], want: Want
    ) -> Iterator[tuple[str, Callable[[], object]]]:
        """An exchange from nothing, beside the rulebook."""
        yield f"configure{what}", lambda: self._ok("configure", {"header": header})
        yield f"reset{what}", lambda: self._ok("reset", {})
        self._reference.configure(header)
        self._reference.reset(None)
        self._books, self._unbalanced, self._unsupported = Books(), set(), ""
        for name, event in events.items():
            yield name, partial(self._event, name, event, want)

    # --------------------------------------------------------------- asking

    def _ask(self, do: Do, fields: JsonObject, read: Callable[[bytes, int], Read]) -> Read | None:
        """What an answer is read as, or None if it is wrong, which is noted as to be mended."""
        self._number += 1
        step = self._step
        step.sent = request_line(self._number, do, fields).rstrip(b"\n")
        first = do == "hello"
        until = monotonic() + (self._limits.start_s if first else self._limits.answer_s)
        step.got = self._channel.ask(step.sent + b"\n", until)
        if first:
            step.got = past_noise(self._channel, step.got, until)
        try:
            return read(step.got, self._number)
        except ProtocolError as error:
            step.mend.append(str(error))
            if isinstance(error, replies.NotJsonError):
                step.mend += bytes_around(step.got, error.byte)
                if not step.got.startswith(b"{"):
                    step.mend.append(ADVICE["garbage"])
                    self._end()
            elif error.place == "id":
                self._end()
            return None

    def _end(self) -> None:
        """End a walk in which what comes is not the answer to what was asked, and will not be from now on."""
        self._step.notes.append("nothing more is asked until this is mended")
        self._is_over = True

    def _unless_refused(self, found: Read | Unsupported | Errored | None) -> Read | None:
        """What was answered; None, and a word on it, if it was refused or wrong."""
        if isinstance(found, Unsupported):
            self._step.notes.append(f"not supported, it says: {found.capability}")
            self._step.is_supported = False
            return None
        if isinstance(found, Errored):
            self._step.mend.append(f"the engine failed at it, it says: {found.message}")
            before, self._stderr = self._stderr, self._channel.stderr()
            self._step.stderr = self._stderr.removeprefix(before)
            return None
        return found

    # --------------------------------------------------------------- steps

    def _greet(self) -> None:
        self._hello = self._ask("hello", hello_fields(), replies.hello_of)
        for line in self._channel.noise:
            self._step.notes.append(f"noise before it: {line}")
        if self._hello is None:
            if not self._is_over:
                self._step.notes.append("nothing more is asked until this is mended")
            return
        capabilities = sorted(replies.CAPABILITIES)
        missing = [word for word in capabilities if word not in self._hello.capabilities]
        if missing:
            self._step.notes.append(f"what needs one of these will be skipped: {', '.join(missing)}")
        if self._hello.left_out:
            self._step.notes.append(f"left out, and so not asked: {', '.join(self._hello.left_out)}")

    def _ok(self, do: Do, fields: JsonObject) -> None:
        self._unless_refused(self._ask(do, fields, replies.ok_of))

    def _event(self, name: str, event: JsonObject, want: Want) -> None:
        expected = self._reference.step(event, "decisions")
        found = self._ask("step", {"event": event, "want": want}, lambda line, n: replies.strict_step(line, n, want))
        if found is not None:
            self._answers[name] = found
        answered = self._unless_refused(found)
        if isinstance(answered, Accepted) and answered.changes is not None:
            self._balance(event, answered)
        if found is not None and (otherwise := rulebook_has(expected, found)):
            lacking = f"not judged: {self._unsupported} was unsupported"
            self._step.notes.append(lacking if self._unsupported else f"{otherwise}; see `marginspec conform run`")
        if not self._step.is_supported:
            self._unsupported = self._unsupported or name

    def _balance(self, event: JsonObject, answered: Accepted) -> None:
        """What is told of the ledger must sum to zero by asset after every event; a sum that stays off is told once."""
        found = self._books.take(record_of(Node("event", None, "", event), 1).event, answered)
        wrong = {
            f"{one.name}: {one.expected}, and these sum to {one.actual}; is an account of the ledger left out, such as "
            f"external:{one.name.split()[-1]}, or has a cost the wrong sign?"
            for one in found
            if one.kind == "books"
        }
        self._step.mend += sorted(wrong - self._unbalanced)
        self._unbalanced = wrong

    def _batch(self, want: Want) -> None:
        events = list(EVENTS.values())
        found = self._ask(
            "batch",
            {"events": events, "want": want},
            lambda line, number: replies.strict_batch(line, number, len(events), want),
        )
        for name, answer in zip(EVENTS, found or (), strict=False):
            alone = self._answers.get(name)
            if alone is not None and answer != alone:
                self._step.mend.append(f"{name}: answered otherwise than alone, where it was {said(alone)}")

    def _digest(self, want: Want) -> None:
        fields = {"events": list(EVENTS.values()), "want": want, "digest": True}
        found = self._unless_refused(self._ask("batch", fields, replies.digest_of))
        if found is None or len(self._answers) < len(EVENTS):
            return
        answers = list(self._answers.values())
        expected = batch_digest(answers)
        if found != expected:
            self._step.mend.append(f"expected {expected.steps} steps and the digest {expected.sha256}, of these lines:")
            self._step.mend += [said(answer) for answer in answers]

    def _state(self) -> None:
        found = self._unless_refused(self._ask("state", {}, replies.state_in))
        if isinstance(found, dict):
            try:
                state_in(Node("state", None, "state", found))
            except InputError as error:
                self._step.mend.append(f"{error.field}: {error.reason}")

    def _calc(self) -> None:
        found = self._unless_refused(self._ask("calc", {"question": QUESTION}, replies.calculated_of))
        if isinstance(found, Calculated):
            expected = self._reference.calc(QUESTION)
            assert isinstance(expected, Calculated), "the specification answers every question"
            self._step.mend += differing_fields(found.values, expected.values)

    def _stop(self) -> None:
        self._ok("stop", {})
        code = self._channel.end(monotonic() + self._limits.answer_s)
        if code:
            self._step.mend.append(f"after stop it ended with exit code {code}, expected 0")


def rulebook_has(expected: Answer, answered: Answer) -> str:
    """What the rulebook decides otherwise than an engine; empty if nothing."""
    match expected, answered:
        case Accepted(), Accepted():
            right = ", ".join(expected.liquidated or ())
            differs = answered.liquidated is not None and answered.liquidated != expected.liquidated
            return f"the rulebook liquidates {right} here" if right and differs else ""
        case Refused(), Accepted():
            return f"the rulebook refuses this, {expected.reason}"
        case Accepted(), Refused():
            return "the rulebook accepts this"
        case Refused(), Refused() if answered.reason != expected.reason:
            return f"the rulebook's reason is {expected.reason}"
    return ""


def said(answer: Answer) -> str:
    """An answer as canonical JSON."""
    return canonical_answer(answer).decode().rstrip("\n")


def differing_fields(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """What an answer to a question lacks, and has too much."""
    lacking = [f"values.{name}: missing field" for name in expected if name not in found]
    return lacking + [f"values.{name}: unknown field" for name in found if name not in expected]


def bytes_around(line: bytes, byte: int | None) -> list[str]:
    """The bytes around one of a line, which is counted from 1 and marked."""
    if byte is None:
        return []
    first = max(0, byte - 1 - AROUND)
    pieces = [f"[{one:02x}]" if place == byte else f"{one:02x}" for place, one in enumerate(line, 1)]
    shown = " ".join([*pieces[first : byte + AROUND], *(["[end]"] if byte > len(line) else [])])
    return [f"bytes from {first + 1} on: {shown}"]


def step_object(step: Step) -> JsonObject:
    """A step as a line of JSON."""
    return {
        "step": step.name,
        "sent": step.sent.decode(),
        "got": step.got.decode("utf-8", "backslashreplace"),
        "mend": step.mend,
        "notes": step.notes,
        "failure": None if step.failure is None else str(step.failure),
        "stderr": step.stderr,
    }
