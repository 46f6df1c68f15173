"""How much is read: what is larger is refused by name, before it fills the memory (docs/rulebook/11-wire.md)."""

from pathlib import Path
from typing import BinaryIO, NoReturn

from marginspec_journal.errors import InputError

LINE_BYTES = 16 * 2**20
"""The longest line of a file of JSON Lines, unpacked and without its newline."""
FILE_BYTES = 512 * 2**20
"""The largest file that is read whole: a state, scenarios, questions, closes, a part that is merged."""
SNAPSHOT_BYTES = 4 * 2**30
"""The largest snapshot, unpacked."""
UNPACKED_RATIO = 1_000
"""How many times larger than packed a snapshot may be."""


def read_limited(stream: BinaryIO, path: Path, most: int = FILE_BYTES) -> bytes:
    """All that a stream holds; InputError if that is more than so many bytes, which are never in memory then."""
    if stream.seekable():
        size = stream.seek(0, 2) - stream.seek(0)
        if size > most:
            _too_large(path, most)
    text = stream.read(most + 1)
    if len(text) > most:
        _too_large(path, most)
    return text


def _too_large(path: Path, most: int) -> NoReturn:
    raise InputError(str(path), None, None, f"larger than {most} bytes, the most that is read")
