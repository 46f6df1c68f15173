"""Vectors as cases: read from JSON, chosen by clause, shard and size."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import msgspec

from marginspec_conformance.driving.checking import Case
from marginspec_conformance.protocol.messages import Accepted, Changes, Refused
from marginspec_journal.errors import InputError, unreadable
from marginspec_journal.events import record_of
from marginspec_journal.header import header_of
from marginspec_journal.states import state_in
from marginspec_journal.strict_json import Node

DECISIONS = ("liquidated", "deleveraged", "levied")


@attrs.frozen
class Vector:
    """A vector as it is run: its case, the answers that it expects, and what it is there for."""

    id: str
    clause: str
    clauses: tuple[str, ...]
    kind: str
    case: Case
    answers: tuple[Accepted | Refused, ...]


def vector_of(root: Node) -> Vector:
    """A vector from its JSON; InputError if it is none."""
    header = header_of(root.member("header"))
    state = root.fields().get("state")
    opened = None if state is None else state_in(root.child("state", state))
    steps = list(root.member("steps").elements())
    if not steps:
        root.member("steps").fail("a vector has a step")
    events = tuple(record_of(step.member("event"), number).event for number, step in enumerate(steps, 1))
    return Vector(
        root.member("id").text(),
        root.member("clause").text(),
        tuple(one.text() for one in root.member("clauses").elements()),
        root.member("kind").choice(("valid", "must_reject", "acceptable")),
        Case(header, events, opened),
        tuple(answer_of_step(step.member("expect")) for step in steps),
    )


def answer_of_step(expect: Node) -> Accepted | Refused:
    """The answer that a step expects."""
    fields: dict[str, Any] = expect.fields()
    if not expect.member("accepted").flag():
        return Refused(expect.member("reason").text(), fields.get("hash"))
    liquidated, deleveraged, levied = (tuple(fields.get(name) or ()) for name in DECISIONS)
    changes = fields.get("changes") or {}
    told = Changes(*(changes.get(name, {}) for name in ("ledger", "positions", "claims")))
    return Accepted(liquidated, deleveraged, levied, told, hash=fields.get("hash"))


def read_vectors(path: Path) -> Iterator[Vector]:
    """The vectors of a file, one a line."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    value = msgspec.json.decode(line)
                except msgspec.DecodeError as error:
                    raise InputError(str(path), number, None, str(error)) from None
                yield vector_of(Node(str(path), number, "", value))
    except OSError as error:
        raise unreadable(path, error) from None


@attrs.frozen
class Chosen:
    """Which vectors are run: of some clauses or ids, or all; of one shard of several; or one of each clause only."""

    names: tuple[str, ...] = ()
    shard: tuple[int, int] = (1, 1)
    smoke: bool = False

    def of(self, vectors: Iterable[Vector]) -> Iterator[Vector]:
        """Those chosen, in order; InputError if a name is of none."""
        unknown, place = set(self.names), 0
        met: set[tuple[str, str]] = set()
        for vector in vectors:
            names = {vector.id, *vector.clauses, vector.clause}
            unknown -= names
            if self.names and not names & set(self.names):
                continue
            if self.smoke and (vector.clause, vector.kind) in met:
                continue
            met.add((vector.clause, vector.kind))
            place += 1
            if (place - 1) % self.shard[1] == self.shard[0] - 1:
                yield vector
        if unknown:
            raise InputError("CLAUSE", None, None, f"no vector is of {', '.join(sorted(unknown))}")


def shard_of(text: str) -> tuple[int, int]:
    """A shard from `2/5`; InputError if it is none."""
    number, slash, count = text.partition("/")
    if slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise InputError("--shard", None, None, f"expected a shard such as 2/5, found {text!r}")
