"""Requests of the runner, as lines of JSON."""

from importlib.metadata import version
from typing import Literal

import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec_conformance import PROTOCOL_VERSION
from marginspec_journal.canonical import JsonObject

Do = Literal["hello", "configure", "reset", "step", "batch", "state", "calc", "stop"]
"""What a request asks an engine to do."""


def hello_fields() -> JsonObject:
    """What the runner says of itself in `hello`."""
    return {"protocol": PROTOCOL_VERSION, "suite": version("marginspec"), "rulebook": RULEBOOK_VERSION}


def request_object(number: int, do: Do, fields: JsonObject) -> JsonObject:
    """A request: its number, what it asks for, and what that needs."""
    return {"id": number, "do": do, **fields}


def request_line(number: int, do: Do, fields: JsonObject) -> bytes:
    """The line of a request, with its newline."""
    return msgspec.json.encode(request_object(number, do, fields)) + b"\n"
