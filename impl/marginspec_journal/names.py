"""Names of accounts, markets, assets and orders; references and time stamps."""

import re
from datetime import datetime
from functools import lru_cache

from marginspec_journal.names_table import RANGES


def _character_class() -> str:
    ranges = (entry.split("-") for entry in RANGES.split())
    return "".join(f"\\u{first[0]}-\\u{first[-1]}" for first in ranges)


_NAME = re.compile(f"[A-Za-z0-9._\\-{_character_class()}]{{1,64}}")
_REFERENCE = re.compile(r"[\x20-\x7e]{1,128}")
_TIME_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_CACHED_NAMES = 65_536


@lru_cache(_CACHED_NAMES)
def is_name(text: str) -> bool:
    """Whether a text is a name: 1 to 64 characters, each of `A-Za-z0-9._-` or of the published table."""
    return _NAME.fullmatch(text) is not None


def is_reference(text: str) -> bool:
    """Whether a text is a venue's own id of an event: 1 to 128 printable ASCII characters."""
    return _REFERENCE.fullmatch(text) is not None


def is_time_stamp(text: str) -> bool:
    """Whether a text is a date and time of RFC 3339; a leap second may end a minute."""
    found = _TIME_STAMP.fullmatch(text)
    if found is None or int(found[3]) > 60:
        return False
    try:
        datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return False
    return True
