"""Reading files that others wrote: bounded, and refused with a reason."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import attrs
import msgspec

from marginspec_journal import InputError
from marginspec_journal.errors import unreadable
from marginspec_tools.console import one_line, printable_path

MOST_BYTES = 1 << 26
"""A file that is larger is not read."""
MOST_TEXT = 240
"""So many characters of a text are shown."""
KEPT = 64

Count = Annotated[int, msgspec.Meta(ge=0, le=10**18)]
Amount = Annotated[str, msgspec.Meta(pattern=r"\A-?[0-9]+(\.[0-9]+)?\Z", max_length=60)]
Of = TypeVar("Of")


@attrs.frozen
class Broken:
    """A report that says nothing that could be relied on, and why."""

    reason: str


def told(text: str) -> str:
    """A text that somebody wrote, as it is shown: what cannot be seen is made visible, a long one is cut."""
    return one_line(text[:MOST_TEXT]) + ("…" if len(text) > MOST_TEXT else "")


def content(path: Path) -> bytes:
    """All of a file; InputError if it is none, or too large."""
    try:
        if not path.is_file():
            # Opening a pipe would wait for its writer.
            raise InputError(path.name, None, None, "missing, or not a file")
        with path.open("rb") as stream:
            found = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(found) > MOST_BYTES:
        raise InputError(path.name, None, None, f"larger than {MOST_BYTES:,} bytes, and not read")
    return found


def decoded(text: bytes, of: type[Of], name: str, line: int | None = None) -> Of:
    """JSON of a type; fields that are not asked for may be there. InputError if it is another."""
    try:
        return msgspec.json.decode(text, type=of)
    except msgspec.DecodeError as error:
        raise InputError(name, line, None, str(error)) from None
    except RecursionError:
        raise InputError(name, line, None, "nested too deeply") from None


def read_again_if_changed(read: Callable[[Path], Of], path: Path) -> Of | Broken:
    """What stands at a path, read anew only if a file there has changed."""
    kept: Of | Broken = _kept(read, path, stamp_of(path))
    return kept


@lru_cache(KEPT)
def _kept(read: Callable[[Path], Any], path: Path, stamp: tuple[Any, ...]) -> Any:  # noqa: ARG001 - part of the key
    try:
        return read(path)
    except InputError as refused:
        return Broken(told(str(refused)))


def stamp_of(path: Path) -> tuple[Any, ...]:
    """What changes with a file, or with a file in a folder; nothing if it cannot be looked at."""
    try:
        entries = sorted(path.iterdir()) if path.is_dir() else [path]
        stats = [entry.lstat() for entry in entries]
    except OSError:
        return ()
    return tuple(
        (printable_path(entry), one.st_ino, one.st_size, one.st_mtime_ns)
        for entry, one in zip(entries, stats, strict=True)
    )
