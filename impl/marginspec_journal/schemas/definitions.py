"""What a field or a record is, as JSON Schema: by its declaration, and by the docstring of its class."""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from marginspec import RULEBOOK_VERSION
from marginspec.model.fields import Amount, Choice, Flag, Integer, Kind, LedgerName, Name, Rows
from marginspec.model.units import DEFAULT_ASSET_DECIMALS, WIRE_DECIMALS
from marginspec_journal.canonical import JsonObject
from marginspec_journal.header import JOURNAL_VERSION, PROFILE, STANDARD_PROFILE
from marginspec_journal.ledger_names import FORMS, OWNERS, POSITION_SIDES
from marginspec_journal.records import TYPE, RecordForm, row_form

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LARGEST_INTEGER = 10**18 - 1

NAME = r"[A-Za-z0-9._\-" + "\u0080-\uffff]{1,64}"
SIDE = f"({'|'.join(POSITION_SIDES)})"
NUMBER = "[1-9][0-9]{0,17}"
PARTS = {"account": NAME, "market": NAME, "asset": NAME, "side": SIDE, "id": NUMBER}
"""The patterns of what the name of a ledger account states."""


def refer(name: str, description: str = "") -> JsonObject:
    """A reference to a definition."""
    reference = {"$ref": f"#/$defs/{name}"}
    return {**reference, "description": description} if description else reference


def anchored(pattern: str) -> str:
    """The pattern of a text that is nothing else."""
    return f"^{pattern}$"


def closed(
    properties: JsonObject, required: list[str] | None = None, description: str = "", **more: object
) -> JsonObject:
    """An object with no other fields than these, all of them required if nothing else is said."""
    described = {"description": description} if description else {}
    needed = list(properties) if required is None else required
    return {
        "type": "object",
        **described,
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
        **more,
    }


def keyed(pattern: str, entry: JsonObject, description: str, **more: object) -> JsonObject:
    """An object whose field names are all of a pattern."""
    described = {"type": "object", "description": description}
    return {**described, "patternProperties": {anchored(pattern): entry}, "additionalProperties": False, **more}


def nullable(schema: JsonObject, description: str) -> JsonObject:
    """A value, or null if there is none."""
    return {"description": description, "oneOf": [schema, {"type": "null"}]}


def integer(least: int | None, most: int | None = LARGEST_INTEGER, description: str = "") -> JsonObject:
    """An integer within bounds."""
    bounds = {"minimum": least, "maximum": most}
    schema = {"type": "integer", **{name: bound for name, bound in bounds.items() if bound is not None}}
    return {**schema, "description": description} if description else schema


def ledger_pattern(*, clearing: bool) -> str:
    """The pattern of a ledger account's name; in a state nothing is in clearing."""
    kinds = [kind for kind in OWNERS if clearing or kind != "clearing"]
    return f"({'|'.join(':'.join((kind, *(PARTS[part] for part in OWNERS[kind]))) for kind in kinds)})"


# ------------------------------------------------------------------- fields and records


def field_schema(kind: Kind) -> JsonObject:
    """What a field of some kind may hold."""
    match kind:
        case Name():
            return refer("name")
        case Amount():
            return refer("decimal" if kind.stated else kind.of)
        case Integer():
            return refer("integer") if kind.least is None else integer(kind.least)
        case Flag():
            return {"type": "boolean"}
        case Choice():
            return refer("position_side") if kind.words == POSITION_SIDES else {"enum": list(kind.words)}
        case LedgerName():
            return refer("ledger_account")
        case Rows():
            return {"type": "array", "items": record_schema(row_form(kind.record))}


def record_schema(form: RecordForm, annotations: Mapping[str, JsonObject] | None = None, **more: object) -> JsonObject:
    """The object of a record; annotations are optional fields beside its own."""
    properties: JsonObject = {TYPE: {"const": form.name}} if form.typed else {}
    properties.update({name: field_schema(kind) for name, kind in form.kinds.items()})
    for name, (least, most) in form.bounds.items():
        if isinstance(form.kinds[name], Integer):
            properties[name] = integer(least, most)
    required = [name for name in properties if name not in form.optional]
    if form.together:
        groups = ({name: [one for one in names if one != name] for name in names} for names in form.together)
        more["dependentRequired"] = {name: others for group in groups for name, others in group.items()}
    return closed({**properties, **(annotations or {})}, required, described(form.record), **more)


def described(record: type) -> str:
    """The docstring of a class, as one line."""
    return " ".join((inspect.getdoc(record) or "").split())


# ------------------------------------------------------------------- definitions


def _digits(what: str, how_many: str) -> JsonObject:
    return refer("decimal", f"{what} Where marginspec writes it, it has exactly {how_many}.")


def _header() -> JsonObject:
    decimals = {**integer(0, WIRE_DECIMALS), "default": DEFAULT_ASSET_DECIMALS}
    profile = {
        name: {**field_schema(kind), "default": getattr(PROFILE.record(), name)} for name, kind in PROFILE.kinds.items()
    }
    return closed(
        {
            "journal": {"const": JOURNAL_VERSION},
            "rulebook": {"const": RULEBOOK_VERSION},
            "assets": {
                "type": "object",
                "propertyNames": refer("name"),
                "additionalProperties": closed({"decimals": decimals}, []),
                "default": {},
                "description": f"Decimals of assets, {DEFAULT_ASSET_DECIMALS} for those that are not given. "
                "An asset needs no entry.",
            },
            "profile": {
                "description": f'{described(PROFILE.record)} "{STANDARD_PROFILE}" means their defaults.',
                "oneOf": [{"const": STANDARD_PROFILE}, closed(profile, [])],
            },
        },
        ["journal", "rulebook"],
        "The header. The canonical header, of which h_0 is the SHA-256, has all four fields, profile as an object with "
        "both of its fields, and for each asset that was given its decimals.",
    )


SHARED: JsonObject = {
    "name": {
        "type": "string",
        "pattern": anchored(NAME),
        "description": "An id of an account, order, market or asset: 1 to 64 characters, each one of A-Z a-z 0-9 . _ - "
        "or a non-ASCII character of the Basic Multilingual Plane in category Lu, Ll, Lo or Nd of Unicode 14.0 (the "
        "rulebook has the table of ranges; the pattern here is wider). Compared code point by code point.",
    },
    "decimal": {
        "type": "string",
        "pattern": r"^(?!-0(\.0+)?$)-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,8})?$",
        "description": "A decimal: at most 30 digits before the point and 8 behind it, no exponent, no plus sign, no "
        "minus sign before zero.",
    },
    "money": _digits(
        "An amount of an asset.",
        "as many digits after the point as the asset has decimals (8 if the header does not say), and no point if that "
        "is 0",
    ),
    "price": _digits("A price.", "price_decimals digits after the point"),
    "quantity": _digits("A quantity.", "quantity_decimals digits after the point"),
    "rate": _digits("A rate or share, where 1 is the whole.", f"{WIRE_DECIMALS} digits after the point"),
    "integer": integer(
        -LARGEST_INTEGER, description="An integer of at most 18 digits, written without point or exponent."
    ),
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "A SHA-256 in lower-case hexadecimal."},
    "position_side": {
        "enum": list(POSITION_SIDES),
        "description": "BOTH in one-way mode, LONG or SHORT in hedge mode.",
    },
    "ledger_account": {
        "type": "string",
        "pattern": anchored(ledger_pattern(clearing=True)),
        "description": f"A ledger account: {', '.join(FORMS.values())}.",
    },
    "header": _header(),
}
"""The definitions that schemas share."""


def schema_text(name: str, title: str, description: str, body: JsonObject, own: JsonObject | None = None) -> bytes:
    """The text of a schema: its body, and the definitions that it refers to, its own or shared ones."""
    known = {**SHARED, **(own or {})}
    found: JsonObject = {}
    _collect(body, known, found)
    head = {"$schema": DIALECT, "$id": f"urn:marginspec:rulebook:{RULEBOOK_VERSION}:{name}", "title": title}
    schema = {**head, "description": description, **body, "$defs": found}
    return json.dumps(schema, indent=2).encode("ascii") + b"\n"


def _collect(value: object, known: JsonObject, found: JsonObject) -> None:
    for name in _references(value):
        if name not in found:
            found[name] = known[name]
            _collect(known[name], known, found)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from _references(member)
