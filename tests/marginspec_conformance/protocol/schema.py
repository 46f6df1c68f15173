"""The JSON Schema of the engine protocol, generated: `python -m marginspec_conformance.protocol.schema FOLDER`."""

import sys
from pathlib import Path
from typing import get_args

from marginspec import RULEBOOK_VERSION
from marginspec_conformance import PROTOCOL_VERSION
from marginspec_conformance.protocol.messages import CHANGES, DECISIONS, LONGEST_WORD, NEEDED, PARTS, Capability
from marginspec_conformance.protocol.replies import HIGHEST_LEVEL
from marginspec_journal.canonical import JsonObject
from marginspec_journal.schemas.definitions import (
    NAME,
    SIDE,
    anchored,
    closed,
    integer,
    keyed,
    ledger_pattern,
    refer,
    schema_text,
)

ID: JsonObject = {"id": integer(1, description="The number of the request, which its answer repeats.")}
POSITION = f"{NAME}:{NAME}:{SIDE}"
DOMAIN = f"({NAME}:{NAME}|{NAME}:{NAME}:{SIDE}:{NAME})"


def protocol_schema() -> bytes:
    """The schema of a line: a request of the runner, or an answer of an engine."""
    requests, answers, refusals = request_schemas(), answer_schemas(), refusal_schemas()
    own = {
        "word": {"type": "string", "minLength": 1, "maxLength": LONGEST_WORD, "description": "Printable characters."},
        "clause": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{2}$", "description": "The id of a clause."},
        "want": {"enum": list(NEEDED), "description": "What a result must tell; it may tell more."},
        "event": {"type": "object", "required": ["type"], "description": "An event, as in journal.schema.json."},
        "state_file": {"type": "object", "description": "A state, as in state.schema.json."},
        "changes": changes_schema(),
        "term": closed({"name": refer("word"), "of": {"type": "string"}, "value": refer("decimal")}),
        "choice": choice_schema(),
        "to_event": {"oneOf": [refer(name) for name in to_events()], "description": "An answer to one event."},
        **to_events(),
        **{f"request_{name}": schema for name, schema in requests.items()},
        **{f"answer_{name}": schema for name, schema in (answers | refusals).items()},
    }
    return schema_text(
        "protocol",
        "Engine protocol",
        f"Version {PROTOCOL_VERSION} of the engine protocol: a line is a request of the runner or an answer of the "
        "engine. Repeated fields are refused, which JSON Schema cannot say.",
        {"oneOf": [refer(name) for name in own if name.startswith(("request_", "answer_"))]},
        own,
    )


# ------------------------------------------------------------------- requests


def request_schemas() -> JsonObject:
    """The schema of each request, by what it asks for."""
    want, events = refer("want"), {"type": "array", "items": refer("event")}
    versions = {
        "protocol": {"const": PROTOCOL_VERSION},
        "suite": {"type": "string", "description": "The version of the runner."},
        "rulebook": {"const": RULEBOOK_VERSION},
    }
    return {
        "hello": request("hello", versions),
        "configure": request("configure", {"header": refer("header")}),
        "reset": request("reset", {"state": refer("state_file")}, optional=("state",)),
        "step": request("step", {"event": refer("event"), "want": want}),
        "batch": request("batch", {"events": events, "want": want, "digest": {"const": True}}, optional=("digest",)),
        "state": request("state", {}),
        "calc": request("calc", {"question": {"type": "object", "description": "A question, as in calc.schema.json."}}),
        "stop": request("stop", {}),
    }


def request(do: str, fields: JsonObject, optional: tuple[str, ...] = ()) -> JsonObject:
    """The schema of one request."""
    properties = {**ID, "do": {"const": do}, **fields}
    return closed(properties, [name for name in properties if name not in optional])


# ------------------------------------------------------------------- answers


def answer_schemas() -> JsonObject:
    """The schema of each answer that a request has when all goes well."""
    hello = {
        "protocol": {"const": PROTOCOL_VERSION},
        **{name: refer("word") for name in ("name", "version", "language")},
        "rulebook": {"const": RULEBOOK_VERSION},
        "level": integer(0, HIGHEST_LEVEL),
        "capabilities": {"type": "array", "items": {"enum": list(get_args(Capability))}},
        "left_out": {"type": "array", "items": {"oneOf": [refer("clause"), {"enum": list(PARTS)}]}},
    }
    values = {"type": "object", "description": "The fields of the answer, but for calc, rulebook, id and kind."}
    return {
        "hello": answer("hello", hello, optional=("left_out",)),
        "ok": answer("ok", {}),
        "batch": answer("batch", {"answers": {"type": "array", "items": refer("to_event")}}),
        "digest": answer("batch", {"steps": integer(0), "digest": refer("sha256")}),
        "state": answer("state", {"state": refer("state_file")}),
        "calc": answer("calc", {"values": values}),
    }


def refusal_schemas() -> JsonObject:
    """The schema of each answer to a step, and of what any request may be answered by."""
    return {name: answer_with(schema, ID) for name, schema in to_events().items()}


def to_events() -> JsonObject:
    """The schema of each answer to an event, as it stands in a batch."""
    told = {
        **{name: names(POSITION if name == "deleveraged" else DOMAIN) for name in DECISIONS},
        "changes": refer("changes"),
        "terms": {"type": "array", "items": refer("term")},
        "choices": {"type": "array", "items": refer("choice")},
        "hash": refer("sha256"),
    }
    plain: JsonObject = {
        "result": closed({"answer": {"const": "result"}, **told}, ["answer"]),
        "rejected": closed(
            {"answer": {"const": "rejected"}, "reason": refer("word"), "hash": refer("sha256")}, ["answer", "reason"]
        ),
        "unsupported": closed({"answer": {"const": "unsupported"}, "capability": refer("word")}),
        "errored": closed({"answer": {"const": "errored"}, "message": {"type": "string"}}),
    }
    return plain


def answer(kind: str, fields: JsonObject, optional: tuple[str, ...] = ()) -> JsonObject:
    """The schema of one answer."""
    properties = {**ID, "answer": {"const": kind}, **fields}
    return closed(properties, [name for name in properties if name not in optional])


def answer_with(schema: JsonObject, more: JsonObject) -> JsonObject:
    """The schema of an answer with more fields, all of them required."""
    return {**schema, "properties": {**more, **schema["properties"]}, "required": [*more, *schema["required"]]}


def names(pattern: str) -> JsonObject:
    """A list of names of a pattern."""
    return {"type": "array", "items": {"type": "string", "pattern": anchored(pattern)}}


def changes_schema() -> JsonObject:
    """What an event changed."""
    patterns = (ledger_pattern(clearing=True), POSITION, DOMAIN)
    described = ("Balances, by ledger account.", "Signed quantities, by position.", "Claims on relief, by domain.")
    kinds = zip(CHANGES, patterns, described, strict=True)
    changed = {kind: keyed(pattern, refer("decimal"), text) for kind, pattern, text in kinds}
    return closed(changed, description="What differs from before the event, with its value after it.")


def choice_schema() -> JsonObject:
    """What an engine chose."""
    chosen = {
        "clause": refer("clause"),
        "quantity": refer("decimal"),
        "counterparty": {"type": "string", "pattern": anchored(POSITION)},
        "shares": keyed(DOMAIN, refer("decimal"), "Shares, by domain."),
    }
    return closed(chosen, ["clause"])


if __name__ == "__main__":
    (Path(sys.argv[1]) / "protocol.schema.json").write_bytes(protocol_schema())
