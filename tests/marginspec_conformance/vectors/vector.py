"""A vector: a journal of a few events, what the rulebook answers to each, and what it is there for."""

from hashlib import sha256
from typing import Any, Literal

import attrs

from marginspec import RULEBOOK_VERSION
from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec_conformance.protocol.messages import Accepted, Changes, Refused
from marginspec_journal.canonical import JsonObject, sorted_json
from marginspec_journal.events import record_of
from marginspec_journal.header import check_rulebook, header_of
from marginspec_journal.states import OpenedState, state_in
from marginspec_journal.strict_json import Node

VECTOR_VERSION = 1
Kind = Literal["valid", "must_reject", "acceptable"]
KINDS: tuple[Kind, ...] = ("valid", "must_reject", "acceptable")
"""valid: the last event is accepted; must_reject: it is refused; acceptable: some venues decide it otherwise."""
FIELDS = (
    *("vector", "rulebook", "id", "clause", "clauses", "kind", "why", "flags", "venues"),
    *("header", "state", "steps", "bare", "sha256"),
)
DECISIONS = ("liquidated", "deleveraged", "levied")
BALANCES = ("ledger", "positions", "claims")
ID_DIGITS = 8


@attrs.frozen
class Step:
    """An event, the rulebook's answer with the hash of the receipts' chain after it, and the clauses that it runs."""

    event: Event
    answer: Accepted | Refused
    clauses: tuple[str, ...]


@attrs.frozen
class Vector:
    """A vector as it is read; `text` is its whole JSON, from which `bare` and what is exported are taken.

    `flags` are the capabilities that an engine needs for it; `venues` say of an acceptable one who decides otherwise.
    """

    id: str
    clause: str
    clauses: tuple[str, ...]
    kind: Kind
    why: str
    flags: tuple[str, ...]
    venues: tuple[str, ...]
    header: Header
    opened: OpenedState | None
    steps: tuple[Step, ...]
    sha256: str
    text: JsonObject = attrs.field(eq=False, repr=False)

    @property
    def events(self) -> tuple[Event, ...]:
        """Its events, in order."""
        return tuple(step.event for step in self.steps)

    @property
    def answers(self) -> tuple[Accepted | Refused, ...]:
        """What the rulebook answers to each event."""
        return tuple(step.answer for step in self.steps)

    @property
    def bare(self) -> tuple[OpenedState, Event]:
        """The state before the last event, and the last event: the answer to it is the last step's."""
        node = Node(self.id, None, "bare", self.text["bare"])
        return state_in(node.member("state")), record_of(node.member("event"), 1).event


def content_hash(content: JsonObject) -> str:
    """The SHA-256, in hexadecimal, of a vector's canonical JSON without `id` and `sha256`."""
    return sha256(
        sorted_json({name: value for name, value in content.items() if name not in ("id", "sha256")})
    ).hexdigest()


def vector_of(root: Node) -> Vector:
    """The vector that a document states; InputError if it is none, or its sha256 or id is not that of its content."""
    fields = root.record(FIELDS)
    if fields["vector"].integer() != VECTOR_VERSION:
        fields["vector"].fail(f"unknown version, expected {VECTOR_VERSION}")
    check_rulebook(fields["rulebook"])
    header = header_of(fields["header"])
    steps = tuple(step_of(node, number) for number, node in enumerate(fields["steps"].elements(), 1))
    if not steps:
        fields["steps"].fail("a vector has at least one step")
    found = content_hash(root.fields())
    if fields["sha256"].sha256() != found:
        fields["sha256"].fail(f"the content's is {found}")
    if not fields["id"].text().endswith(f"/{found[:ID_DIGITS]}"):
        fields["id"].fail(f"must end in /{found[:ID_DIGITS]}")
    return Vector(
        id=fields["id"].text(),
        clause=fields["clause"].text(),
        clauses=texts(fields["clauses"]),
        kind=fields["kind"].choice(KINDS),
        why=fields["why"].text(),
        flags=texts(fields["flags"]),
        venues=texts(fields["venues"]),
        header=header,
        opened=None if fields["state"].value is None else state_in(fields["state"]),
        steps=steps,
        sha256=found,
        text=root.fields(),
    )


def step_of(node: Node, number: int) -> Step:
    """A step as a vector states it."""
    fields = node.record(("event", "expect"))
    return Step(
        record_of(fields["event"], number).event, answer_of(fields["expect"]), texts(fields["expect"].member("clauses"))
    )


def answer_of(expect: Node) -> Accepted | Refused:
    """The answer that a step expects."""
    if not expect.member("accepted").flag():
        fields = expect.record(("accepted", "reason", "clauses", "hash"))
        return Refused(fields["reason"].text(), fields["hash"].sha256())
    fields = expect.record(("accepted", *DECISIONS, "changes", "clauses", "hash"))
    changes = fields["changes"].record(BALANCES)
    liquidated, deleveraged, levied = (texts(fields[name]) for name in DECISIONS)
    figures = (figures_in(changes[name]) for name in BALANCES)
    return Accepted(liquidated, deleveraged, levied, Changes(*figures), hash=fields["hash"].sha256())


def figures_in(node: Node) -> dict[str, str]:
    """Figures by name, as texts."""
    return {name: entry.text() for name, entry in node.entries()}


def texts(node: Node) -> tuple[str, ...]:
    """A list of strings."""
    return tuple(one.text() for one in node.elements())


def answer_object(answer: Accepted | Refused, clauses: tuple[str, ...]) -> dict[str, Any]:
    """What a step expects, as JSON."""
    if isinstance(answer, Refused):
        return {"accepted": False, "reason": answer.reason, "clauses": list(clauses), "hash": answer.hash}
    changes = answer.changes or Changes()
    return {
        "accepted": True,
        **{name: list(getattr(answer, name) or ()) for name in DECISIONS},
        "changes": {name: dict(getattr(changes, name)) for name in BALANCES},
        "clauses": list(clauses),
        "hash": answer.hash,
    }


def versions() -> JsonObject:
    """How every vector begins."""
    return {"vector": VECTOR_VERSION, "rulebook": RULEBOOK_VERSION}
