"""The fixed parts of texts, in one row of bytes: each is known by a number that says where it stands and how long."""

from functools import cache

LENGTH_BITS = 16
PADDING = 8
"""Bytes are copied eight at a time, so some more than there are may be read."""

_parts: list[bytes] = []


@cache
def literal(text: str) -> int:
    """Have a text stand among the literals; gives its number."""
    encoded = text.encode("ascii")
    start = sum(map(len, _parts))
    _parts.append(encoded)
    return (start << LENGTH_BITS) | len(encoded)


def all_literals() -> bytes:
    """Every literal so far, with padding."""
    return b"".join(_parts) + bytes(PADDING)
