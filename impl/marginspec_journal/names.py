"""Names of accounts, markets, assets and orders; references and time stamps."""

import re
from datetime import date
from functools import lru_cache

from marginspec_journal.names_table import RANGES


def _character_class() -> str:
    ranges = (entry.split("-") for entry in RANGES.split())
    return "".join(f"\\u{first[0]}-\\u{first[-1]}" for first in ranges)


_NAME = re.compile(f"[A-Za-z0-9._\\-{_character_class()}]{{1,64}}")
_REFERENCE = re.compile(r"[\x20-\x7e]{1,128}")
_TIME_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_CACHED_NAMES = 65_536
_CACHED_DATES = 4_096


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
    return found is not None and _is_date(found[1])


@lru_cache(_CACHED_DATES)
def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
