"""The rulebook or the optimized engine with a fault, as an engine that the rest of the process does not notice."""

from collections.abc import Sequence
from contextlib import nullcontext
from time import monotonic

from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.connectors.in_process import answered_by
from marginspec_conformance.connectors.session import EngineFailure, Limits, Session
from marginspec_conformance.driving.asking import digest_of, reduced
from marginspec_conformance.faults.catalogue import AnyFault
from marginspec_conformance.protocol.messages import Answer, Calculated, Digest, Errored, Hello, Unsupported, Want
from marginspec_conformance.protocol.messages import Capability as Word
from marginspec_conformance.vectors.question import rulebook_answer
from marginspec_journal.canonical import JsonObject
from marginspec_journal.events import record_of
from marginspec_journal.header import header_of
from marginspec_journal.states import state_in
from marginspec_journal.strict_json import Node

ALL: frozenset[Word] = frozenset(
    (
        *("batch", "reset_state", "isolated", "hedge", "orders", "limits", "stated_fees", "funding", "fills"),
        *("deleverage", "settle_market", "bitmex", "no_levy", "calc"),
    )
)


class FaultySession:
    """A session with the rulebook as it is with a fault, or as it is without one; an assertion is its own failure."""

    def __init__(self, fault: AnyFault | None, capabilities: frozenset[Word] = ALL, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self.hello = Hello(fault.name if fault else "rulebook", "0", "Python", "2", 4, capabilities)
        self._fault, self._state, self._limits = fault, State(), limits
        self._applied = fault.applied() if fault else apply

    def configure(self, header: JsonObject) -> None:
        """Take the header of a journal."""
        self._header = header_of(Node("header", None, "", header))

    def reset(self, state: JsonObject | None = None) -> None:
        """Begin anew."""
        node = Node("state", None, "", state)
        self._state = State(header=self._header) if state is None else state_in(node).state

    def steps(self, events: Sequence[JsonObject], want: Want) -> list[Answer]:
        """Answer some events."""
        with answered_by(monotonic() + self._limits.answer_s):
            return [self._step(event, want) for event in events]

    def _step(self, told: JsonObject, want: Want) -> Answer:
        event = record_of(Node("event", None, "", told), 1).event
        try:
            expected = Expected(event, self._state, *self._applied(self._state, event))
        except RecursionError as error:
            raise EngineFailure("crashed", str(error)) from None
        except Exception as error:
            return Errored(f"{type(error).__name__}: {error}")
        self._state = expected.after
        return reduced(expected.answer, want)

    def step(self, event: JsonObject, want: Want) -> Answer:
        """The answer to one event."""
        [answer] = self.steps([event], want)
        return answer

    def digest(self, events: Sequence[JsonObject], want: Want) -> Digest | Unsupported | Errored:
        """The digest of the answers to some events."""
        answers = self.steps(events, want)
        return Digest(len(answers), digest_of(answers))

    def state(self) -> Unsupported:
        """It gives no state."""
        return Unsupported("state")

    def calc(self, question: JsonObject) -> Calculated | Unsupported | Errored:
        """The answer to a question."""
        try:
            with (
                answered_by(monotonic() + self._limits.answer_s),
                self._fault.grown() if self._fault else nullcontext(),
            ):
                return Calculated(rulebook_answer(question))
        except EngineFailure:
            raise
        except Exception as error:
            return Errored(f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Nothing of it is left."""


class Faulty:
    """A connector to a rulebook with a fault; without one, to the rulebook as it is."""

    def __init__(self, fault: AnyFault | None, capabilities: frozenset[Word] = ALL) -> None:
        self.name = f"fault:{fault.name}" if fault else "rulebook"
        self._fault, self._capabilities = fault, capabilities

    def open(self, limits: Limits) -> Session:
        """Begin a session."""
        return FaultySession(self._fault, self._capabilities, limits)
