"""Files and folders that are written whole or not at all, and what a kill left of such a writing.

What is being written stands beside its place under a name that begins with a hash of the place's name, and is locked by
its writer. A kill unlocks it, so the next writer to the same place knows it for a leftover and removes it.
"""

import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from marginspec_journal.errors import unwritable

if sys.platform != "win32":
    from fcntl import LOCK_EX, LOCK_NB, flock

PART = ".part"
_HASH_DIGITS = 16


class Disk:
    """What a whole file takes of the operating system, in the order of its use; tests have each of it fail."""

    def create(self, part: Path) -> BinaryIO:
        """A new file to write to."""
        return part.open("xb")

    def sync(self, stream: BinaryIO) -> None:
        """Have what was written reach the disk."""
        stream.flush()
        os.fsync(stream.fileno())

    def rename(self, part: Path, target: Path) -> None:
        """Have a file or folder take a name, in place of a file that had it."""
        os.replace(part, target)

    def sync_folder(self, folder: Path) -> None:
        """Have the names in a folder reach the disk, so that a power cut does not take the rename back."""
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


DISK = Disk()


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the path's name when all is written; on any error nothing is left of it.

    It is written beside its place and renamed, so a reader, a kill or a power cut never meets half a file. A link
    stays and its target is written; a file that is replaced keeps its permissions. InputError, before anything is
    written, if the path names something else than a regular file that may be written to, or nothing can be written
    beside it; and later if the system cannot write on, say because the disk is full.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = _replaced_mode(path, target)
        remove_leftovers(target)
        part = new_part(target)
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    # A signal may come between any two steps, also right after the file is there.
    with _removed_on_error(part, path):
        with _created(part) as stream:
            if mode is not None:
                part.chmod(mode)
            yield stream
            DISK.sync(stream)
            if sys.platform == "win32":  # an open file cannot have another name there
                stream.close()
            DISK.rename(part, target)
        DISK.sync_folder(target.parent)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A new folder to write into that takes the path's name when all is written; on any error nothing is left of it.

    InputError if something stands at the path already, but for an empty folder, or nothing can be written beside it.
    """
    try:
        target = Path(os.path.realpath(path))
        remove_leftovers(target)
        part = new_part(target)
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    with _removed_on_error(part, path):
        part.mkdir()
        number = os.open(part, os.O_RDONLY)
        try:
            lock(number)
            yield part
            for written in sorted(part.rglob("*")):
                if written.is_dir():
                    DISK.sync_folder(written)
            DISK.sync_folder(part)
            DISK.rename(part, target)
            DISK.sync_folder(target.parent)
        finally:
            os.close(number)


@contextmanager
def _removed_on_error(part: Path, path: Path) -> Iterator[None]:
    """Remove what is being written on any error; one of the system becomes an InputError that names the path."""
    try:
        yield
    except OSError as error:
        remove(part)
        raise unwritable(path, error) from error
    except BaseException:
        remove(part)
        raise


def new_part(target: Path) -> Path:
    """A new name beside a place for what is on its way there."""
    return target.with_name(f"{_beginning(target)}{secrets.token_hex(8)}{PART}")


def leftovers(target: Path) -> Iterator[Path]:
    """What a kill left of writings to a place: what is on its way there, and nobody writes to any more."""
    if sys.platform == "win32":  # nobody could tell
        return
    for found in sorted(target.parent.glob(f"{_beginning(target)}*{PART}")):
        with suppress(OSError):
            number = os.open(found, os.O_RDONLY)
            try:
                flock(number, LOCK_EX | LOCK_NB)
                yield found
            finally:
                os.close(number)


def remove_leftovers(target: Path) -> None:
    """Remove what a kill left of writings to a place."""
    for found in leftovers(target):
        remove(found)


def _beginning(target: Path) -> str:
    """How the names of what is on its way to a place begin; short, as the place's own name may be as long as can be."""
    return f".{sha256(os.fsencode(target.name)).hexdigest()[:_HASH_DIGITS]}."


def _created(part: Path) -> BinaryIO:
    """A new file of this name, locked by this process."""
    while True:
        stream = DISK.create(part)
        lock(stream.fileno())
        if part.exists():
            return stream
        # Another writer took it for a leftover before it was locked.
        stream.close()


def _replaced_mode(path: Path, target: Path) -> int | None:
    """The permissions of the file that is replaced; refuses what must not be: a folder, a device, a read-only file."""
    if target.is_symlink():
        raise unwritable(path, "symbolic links form a loop")
    if target.is_dir():
        raise unwritable(path, "Is a directory")
    if not target.exists():
        return None
    if not target.is_file():
        raise unwritable(path, "not a regular file")
    mode = stat.S_IMODE(target.stat().st_mode)
    # To the superuser the system denies nothing.
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise unwritable(path, "it is read-only")
    return mode


def lock(number: int) -> None:
    """Mark what is being written as alive, by its open descriptor, where the file system can."""
    if sys.platform != "win32":
        with suppress(OSError):
            flock(number, LOCK_EX)


def remove(part: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        with suppress(OSError):
            part.unlink(missing_ok=True)
