"""State files: everything that the next event depends on, and where the chain of receipts stands.

A state can be gone on from: an exchange starts with an opening state, of no events, that it writes itself.
"""

from hashlib import sha256
from pathlib import Path

import attrs
import msgspec

from marginspec.model.state import State
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.canonical import canonical_json
from marginspec_journal.chain import ReceiptChain
from marginspec_journal.header import header_hash
from marginspec_journal.state_objects import state_object
from marginspec_journal.state_reading import state_of
from marginspec_journal.strict_json import Node, read_document

_FIELDS = tuple(state_object(State(), events=0, accepted=0, rejected=0))


@attrs.frozen
class OpenedState:
    """A state, how many events led to it, accepted and rejected, and the chain's hash after them."""

    state: State
    events: int
    accepted: int
    rejected: int
    hash: str

    def chain(self) -> ReceiptChain:
        """The chain of receipts that goes on from here."""
        return ReceiptChain.resumed(self.state, self.events, self.hash)


def opening(state: State) -> OpenedState:
    """A state of no events, with the hash that its chain starts from."""
    return OpenedState(state, 0, 0, 0, opening_hash(state))


def opening_hash(state: State) -> str:
    """What the chain starts from: the hash of the canonical state of no events, or, if empty, of its header.

    The object hashed is the one that a state file holds, without the field `hash`.
    """
    if state == State(header=state.header):
        return header_hash(state.header).hex()
    return sha256(canonical_json(state_object(state, events=0, accepted=0, rejected=0))).hexdigest()


def state_text(opened: OpenedState) -> bytes:
    """The text of a state file: equal states have equal texts."""
    fields = state_object(opened.state, events=opened.events, accepted=opened.accepted, rejected=opened.rejected)
    fields["hash"] = opened.hash
    ordered = {name: fields[name] for name in sorted(fields)}
    return msgspec.json.format(canonical_json(ordered), indent=2) + b"\n"


def write_state(path: Path, opened: OpenedState) -> None:
    """Write a state file, whole or not at all."""
    with atomic_writer(path) as output:
        output.write(state_text(opened))


def read_state(path: Path) -> OpenedState:
    """Read a state file; whatever is wrong with it is refused with the path of the field.

    A state read from what `state_text` wrote equals the one written. Whether the invariants hold is for
    the caller to check.
    """
    return state_in(read_document(path))


def state_in(root: Node) -> OpenedState:
    """The state that a document holds, read as `read_state` reads a file."""
    fields = root.record(_FIELDS, optional=("hash",))
    events, accepted, rejected = (fields[name].integer(least=0) for name in ("events", "accepted", "rejected"))
    if accepted + rejected != events:
        fields["events"].fail(f"{accepted} accepted and {rejected} rejected events are not {events}")
    state = state_of(fields)
    return OpenedState(state, events, accepted, rejected, _chain_hash(root, fields, state, events))


def _chain_hash(root: Node, fields: dict[str, Node], state: State, events: int) -> str:
    """The chain's hash; a state of no events need not state it, and can only have one."""
    if "hash" not in fields:
        if events > 0:
            root.record((*_FIELDS, "hash"))
        return opening_hash(state)
    stated = fields["hash"].sha256()
    if events == 0 and stated != opening_hash(state):
        fields["hash"].fail(f"the hash of this state of no events is {opening_hash(state)}")
    return stated
