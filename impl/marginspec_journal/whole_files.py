"""Files that are read whole, within the limits that are documented of them."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from marginspec_journal import limits
from marginspec_journal.errors import InputError, unreadable


def open_file(path: Path) -> BufferedReader:
    """A file to read; InputError if there is none that can be read."""
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def read_whole(path: Path, most: int = limits.FILE_BYTES) -> bytes:
    """All that a file holds; InputError if that is more than so many bytes, before they are in memory."""
    with open_file(path) as stream:
        try:
            found = os.fstat(stream.fileno())
            # Of a pipe the size is not known before it is read.
            text = b"" if found.st_size > most else stream.read(-1 if stat.S_ISREG(found.st_mode) else most + 1)
            if max(found.st_size, len(text)) > most:
                raise InputError(str(path), None, None, f"larger than the limit of {most} bytes")
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from None
    return text


def lines_in(path: Path) -> list[bytes]:
    """The lines of a file that is read whole; InputError if it, or one of them, is too large."""
    found = read_whole(path).splitlines()
    for number, text in enumerate(found, start=1):
        check_length(len(text), str(path), number)
    return found


def check_length(length: int, name: str, number: int) -> None:
    """Refuse a line that is too long, whether its end has come or not."""
    if length > limits.LINE_BYTES:
        raise InputError(name, number, None, f"longer than the limit of {limits.LINE_BYTES} bytes for a line")
