"""Files that are written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from marginspec_journal.errors import InputError, unwritable


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the path's name when all is written; on any error nothing is left of it.

    It is written beside its place and renamed, so a reader or a kill never meets half a file. A link stays
    and its target is written. InputError, before anything is written, if the path names something else than
    a regular file or nothing can be written beside it; and later if the system cannot write on, say because
    the disk is full.
    """
    try:
        target = Path(os.path.realpath(path))
        _check(path, target)
        part = target.with_name(f".{secrets.token_hex(8)}.part")
        stream = part.open("xb")
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise unwritable(path, error) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _check(path: Path, target: Path) -> None:
    """Refuse what must not be replaced: a folder, or a device such as /dev/null."""
    if target.is_dir():
        raise InputError(str(path), None, None, "cannot be written: Is a directory")
    if target.exists() and not target.is_file():
        raise InputError(str(path), None, None, "cannot be written: not a regular file")
