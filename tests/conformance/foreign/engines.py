"""The engines in tests/engines, as the commands take them."""

import json
from pathlib import Path

from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.driving.asking import Engine

ENGINES = Path(__file__).parents[2] / "engines"
NODE = f"exec:node {ENGINES / 'node' / 'engine.mjs'}"
BROKEN: dict[str, list[str]] = {
    name: one["clauses"] for name, one in json.loads((ENGINES / "node" / "broken.json").read_text("utf-8")).items()
}
"""The clauses that may be blamed for each broken engine."""
HANGING_S = 0.25
"""So long a broken engine has for an answer: the one that hangs takes all of it."""


def broken_text(name: str) -> str:
    """A broken engine as an option names it."""
    return f"exec:node {ENGINES / 'node' / 'broken.mjs'} --fault {name}"


def broken_engine(name: str) -> Engine:
    """A broken engine that is started when it is first asked."""
    return Engine(connector_of(broken_text(name)), Limits(answer_s=HANGING_S))
