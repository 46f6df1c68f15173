r"""Canonical JSON: the one text of a header, an event, a receipt or a state, of which hashes are taken.

Keys are sorted by code point, there is no white space, every amount is a decimal string, and what is not
ASCII is escaped as \uXXXX in lower case. Objects are built with their keys in order, which spares sorting.
"""

import re
from typing import Any

import msgspec

JsonObject = dict[str, Any]

_NOT_ASCII = re.compile("[^\x00-\x7f]")


def canonical_json(value: JsonObject) -> bytes:
    """Canonical JSON of an object whose keys, like those of every object in it, are already in order."""
    encoded = msgspec.json.encode(value)
    return encoded if encoded.isascii() else canonical_text(encoded.decode())


def sorted_json(value: JsonObject) -> bytes:
    """Canonical JSON of an object with its keys in any order."""
    encoded = msgspec.json.encode(value, order="sorted")
    return encoded if encoded.isascii() else canonical_text(encoded.decode())


def canonical_text(text: str) -> bytes:
    """Canonical JSON of a text that is canonical but for characters that are not ASCII."""
    if text.isascii():
        return text.encode("ascii")
    # Names are of the Basic Multilingual Plane, so one escape is enough for any character.
    return _NOT_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode("ascii")
