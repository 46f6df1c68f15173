"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from marginspec_journal.errors import InputError


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the path's name when all is written; on any error nothing is left of it.

    It is written beside its place and renamed, so a reader or a kill never meets half a file. A path that
    cannot be written to is an InputError, before anything is written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise InputError(str(path), None, None, f"cannot be written: {error.strerror}") from None
    part = Path(name)
    try:
        if path.is_dir():
            raise InputError(str(path), None, None, "cannot be written: Is a directory")
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
