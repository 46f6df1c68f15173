"""Engines of this process that answer as the rulebook does, but for what a function changes of it."""

from collections.abc import Callable, Sequence
from typing import Any

from marginspec_conformance.connectors.session import EngineFailure, Limits, Session
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.faults.catalogue import AnyFault
from marginspec_conformance.faults.engine import ALL, FaultySession
from marginspec_conformance.protocol.messages import Answer, Capability, Want
from marginspec_journal.canonical import JsonObject

Change = Callable[[JsonObject, Answer], Answer]


class ChangedSession(FaultySession):
    """The rulebook, whose answers go through a function; so much it was asked stands in `asked`."""

    def __init__(self, change: Change, capabilities: frozenset[Capability], asked: list[int], fault: Any) -> None:
        super().__init__(fault, capabilities)
        self._change, self._asked = change, asked

    def steps(self, events: Sequence[JsonObject], want: Want) -> list[Answer]:
        """Answer some events."""
        self._asked.append(len(events))
        return [self._change(event, answer) for event, answer in zip(events, super().steps(events, want), strict=True)]


class Changed:
    """A connector to the rulebook with changed answers; `opened` counts how often it was started."""

    name = "changed"

    def __init__(
        self,
        change: Change = lambda _, answer: answer,
        capabilities: frozenset[Capability] = ALL,
        fault: AnyFault | None = None,
    ) -> None:
        self._change, self._capabilities, self._fault = change, capabilities, fault
        self.opened = 0
        self.asked: list[int] = []

    def open(self, limits: Limits) -> Session:
        """Begin a session."""
        self.opened += 1
        return ChangedSession(self._change, self._capabilities, self.asked, self._fault)

    def engine(self) -> Engine:
        """An engine that is reached by it."""
        return Engine(self, Limits(answer_s=0.5))


def hung() -> EngineFailure:
    """What the connectors say of an engine that does not answer."""
    return EngineFailure("hung", "no answer")
