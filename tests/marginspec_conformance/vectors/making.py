"""Vectors made of journals: the specification answers each event, and what it answers is what the vector expects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from marginspec.model.effects import Effect, Transferred
from marginspec.model.events import Event
from marginspec.model.market import NO_LIMITS
from marginspec.model.state import Header, State
from marginspec.observation import Refusal, observed_by
from marginspec.registry import RuleCode
from marginspec_conformance.comparing.capabilities import needed_by_answer, needed_by_event, needed_by_header
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.protocol.messages import Accepted, Capability, Refused
from marginspec_conformance.vectors.vector import ID_DIGITS, Kind, Vector, answer_object, content_hash, versions
from marginspec_journal.canonical import JsonObject
from marginspec_journal.events import Record
from marginspec_journal.header import header_object
from marginspec_journal.lines import record_object
from marginspec_journal.states import OpenedState, opening, state_text


@attrs.frozen
class Draft:
    """What a person says of a vector: its clause and name, why it is there, and its journal.

    `opened` is the state that it begins from, an empty exchange if there is none; `clauses` are further clauses that it
    pins down; `venues` are those that decide otherwise.
    """

    clause: str
    slug: str
    why: str
    header: Header
    events: tuple[Event, ...]
    opened: OpenedState | None = None
    clauses: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()

    def start(self) -> OpenedState:
        """The state it begins from."""
        return self.opened or opening(State(header=self.header))


@attrs.frozen
class Taken:
    """A step as the specification took it: the states around it, the answer, the clauses that ran."""

    expected: Expected
    answer: Accepted | Refused
    clauses: tuple[str, ...]
    before: OpenedState


class Clauses:
    """Notes the clauses of the rules that run, and of the transfers that they make."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - as observers have it
        """A rule is called."""
        self.ids.update(rule.ids)

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:
        """A rule gives its answer, which says nothing about clauses."""

    def effect(self, effect: Effect) -> None:
        """A rule had an effect; a transfer names its clause."""
        if isinstance(effect, Transferred):
            self.ids.add(effect.rule)

    def refused(self, refusal: Refusal) -> None:
        """The event is refused, by a rule that was noted when it was called."""


def taken_steps(start: OpenedState, events: Sequence[Event]) -> Iterator[Taken]:
    """What the specification makes of events, one after the other, from a state on."""
    before, chain = start, start.chain()
    for event in events:
        noted = Clauses()
        with observed_by(noted):
            expected = expected_of(before.state, event)
        chained = chain.append(event, expected.receipt)
        answer = attrs.evolve(expected.answer, hash=chained.hash)
        yield Taken(expected, answer, tuple(sorted(noted.ids)), before)
        rejected = isinstance(answer, Refused)
        before = OpenedState(
            expected.after,
            before.events + 1,
            before.accepted + (not rejected),
            before.rejected + rejected,
            chained.hash,
        )


def vector_object(draft: Draft) -> JsonObject:
    """The vector of a draft, as JSON; the specification answers."""
    steps = list(taken_steps(draft.start(), draft.events))
    content: JsonObject = {
        **versions(),
        "clause": draft.clause,
        "clauses": sorted({draft.clause, *draft.clauses}),
        "kind": kind_of(draft, steps[-1].answer),
        "why": draft.why,
        "flags": sorted(flags_of(draft).union(*(needed_by_answer(one.expected.event, one.answer) for one in steps))),
        "venues": list(draft.venues),
        "header": header_object(draft.header),
        "state": None if draft.opened is None else state_json(draft.opened),
        "steps": [
            {"event": event_json(one.expected.event), "expect": answer_object(one.answer, one.clauses)} for one in steps
        ],
        "bare": {"state": state_json(steps[-1].before), "event": event_json(draft.events[-1])},
    }
    digest = content_hash(content)
    return {**content, "id": f"{draft.clause}/{draft.slug}/{digest[:ID_DIGITS]}", "sha256": digest}


def draft_of(vector: Vector) -> Draft:
    """The draft that a vector was made of."""
    _, slug, _ = vector.id.split("/")
    others = tuple(one for one in vector.clauses if one != vector.clause)
    return Draft(vector.clause, slug, vector.why, vector.header, vector.events, vector.opened, others, vector.venues)


def kind_of(draft: Draft, last: Accepted | Refused) -> Kind:
    """What a vector is there for, by its last event."""
    if draft.venues:
        return "acceptable"
    return "must_reject" if isinstance(last, Refused) else "valid"


def flags_of(draft: Draft) -> frozenset[Capability]:
    """The capabilities that an engine needs for a draft's journal, whatever the answers to it are."""
    needed = set(needed_by_header(draft.header).union(*map(needed_by_event, draft.events)))
    if draft.opened is not None:
        needed.add("reset_state")
        needed.update(needed_by_state(draft.opened.state))
    return frozenset(needed)


def needed_by_state(state: State) -> Iterator[Capability]:
    """What an engine needs for a state to begin from."""
    settings, modes = state.settings.values(), state.accounts.values()
    if any(one.margin_mode == "isolated" for one in settings):
        yield "isolated"
    if "hedge" in modes:
        yield "hedge"
    if state.orders:
        yield "orders"
    if any(market.limits != NO_LIMITS for market in state.markets.values()):
        yield "limits"


def state_json(opened: OpenedState) -> Any:
    """A state as the JSON of a file."""
    return msgspec.json.decode(state_text(opened))


def event_json(event: Event) -> JsonObject:
    """An event as a line of a journal has it, its type first."""
    return record_object(Record(1, event))
