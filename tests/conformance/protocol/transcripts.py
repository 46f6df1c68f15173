"""The golden conversations in docs/conformance/transcripts; `make recordings` records them anew."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from marginspec_conformance.connectors.conversation import Conversation
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.connectors.transcripts import recorded
from marginspec_conformance.doctor.example import EVENTS, HEADER, QUESTION
from marginspec_conformance.protocol.messages import NEEDED
from marginspec_journal.canonical import JsonObject

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "conformance" / "transcripts"
SPECIFICATION = "py:marginspec_conformance.engines:specification"
NEW_ADAPTER = "py:marginspec_conformance.adapter:Adapter"
NOISY = "exec:" + shlex.join(
    [sys.executable, "-ISu", str(ROOT / "tests" / "conformance" / "connectors" / "misbehaving.py"), "noise"]
)


def journal(name: str) -> tuple[JsonObject, list[JsonObject]]:
    """A golden journal: its header, and its events."""
    header, *events = map(json.loads, (ROOT / "tests/vectors/golden" / f"{name}.jsonl").read_text("utf-8").splitlines())
    return header, events


def one_by_one(session: Conversation) -> None:
    """Events one by one, of which the last is refused."""
    session.configure(HEADER)
    session.reset()
    for event in EVENTS.values():
        session.step(event, "balances")


def wants(session: Conversation) -> None:
    """A levy, with every want."""
    header, events = journal("levy")
    session.configure(header)
    for want in NEEDED:
        session.reset()
        session.steps(events, want)


def digest(session: Conversation) -> None:
    """A batch and its digest."""
    session.configure(HEADER)
    for ask in (session.steps, session.digest):
        session.reset()
        ask(list(EVENTS.values()), "balances")


def states(session: Conversation) -> None:
    """A state is told, and begun from."""
    session.configure(HEADER)
    session.reset()
    session.steps(list(EVENTS.values()), "verdict")
    state = session.state()
    assert isinstance(state, dict)
    session.reset(state)
    session.state()


def question(session: Conversation) -> None:
    """A question."""
    session.calc(QUESTION)


def failing(session: Conversation) -> None:
    """An event that lacks a field, at which the engine fails."""
    session.configure(HEADER)
    session.reset()
    session.step({"type": "deposit", "account": "alice"}, "verdict")


def beginning(session: Conversation) -> None:
    """An adapter that has nothing yet."""
    session.configure(HEADER)
    session.reset()
    session.steps([EVENTS["a listing"]], "verdict")
    session.state()
    session.calc(QUESTION)


def noisy(session: Conversation) -> None:
    """An engine that writes lines of its own before it answers."""
    session.configure(HEADER)


CONVERSATIONS: dict[str, tuple[str, Callable[[Conversation], None]]] = {
    "steps": (SPECIFICATION, one_by_one),
    "wants": (SPECIFICATION, wants),
    "digest": (SPECIFICATION, digest),
    "states": (SPECIFICATION, states),
    "calc": (SPECIFICATION, question),
    "errored": (SPECIFICATION, failing),
    "unsupported": (NEW_ADAPTER, beginning),
    "noise": (NOISY, noisy),
}


def transcript(name: str) -> bytes:
    """A conversation, held now."""
    engine, hold = CONVERSATIONS[name]
    lines: list[bytes] = []
    session = recorded(connector_of(engine), lines.append).open(Limits())
    hold(session)
    session.close()
    return b"".join(line + b"\n" for line in lines)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in CONVERSATIONS:
        (FOLDER / f"{one}.jsonl").write_bytes(transcript(one))
