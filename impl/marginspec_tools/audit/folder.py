"""A report's folder: it appears whole under its name, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from marginspec_journal import InputError
from marginspec_journal.atomic import DISK, leftovers, lock, new_part, remove
from marginspec_tools.console import refusing_os_errors, unwritable

SUMMARY_TEXT = "summary.md"
SUMMARY = "summary.json"
FUNDS = "funds.csv"
LIQUIDATIONS = "liquidations.csv"
FINDINGS = "findings.jsonl"
CONSEQUENCES = "consequences.jsonl"
NOTES = "notes.jsonl"
COVERAGE = "coverage.csv"
MANIFEST = "manifest.json"
PAGE = "report.html"
SARIF = "findings.sarif"
JUNIT = "junit.xml"
REPORT_FILES = (
    *(PAGE, SUMMARY_TEXT, SUMMARY, FINDINGS, CONSEQUENCES, SARIF, JUNIT),
    *(NOTES, COVERAGE, FUNDS, LIQUIDATIONS, MANIFEST),
)
PROFILES = "profiles.csv"
SSH_SIGNATURE, MINISIGN_SIGNATURE = f"{MANIFEST}.sig", f"{MANIFEST}.minisig"
REPLACED = (*REPORT_FILES, PROFILES, SSH_SIGNATURE, MINISIGN_SIGNATURE)
"""What a new report takes the place of: a signature of the earlier one would be wrong."""


def checked_folder(folder: Path, *, force: bool) -> Path:
    """Where a report may be written, in full; refused before the work if it cannot be, or holds something already.

    What a kill left of writing a report there goes, once one stands there and nothing else is in what was left.
    """
    with refusing_os_errors(folder):
        place = Path(os.path.realpath(folder))
        if place.is_symlink():
            raise unwritable(folder, "symbolic links form a loop")
        if place.exists() and not place.is_dir():
            raise unwritable(folder, "not a folder")
        if place == Path.cwd() or place in Path.cwd().parents:
            raise unwritable(folder, "it is or contains the current folder")
        if place.is_dir():
            for aside in leftovers(place):
                if aside.is_dir() and {entry.name for entry in aside.iterdir()} <= {*REPLACED}:
                    remove(aside)
        if place.is_dir() and any(place.iterdir()) and not force:
            raise unwritable(folder, "the folder is not empty; --force replaces the report in it")
        with tempfile.TemporaryFile(dir=place.parent):
            return place


def publish(place: Path, contents: Mapping[str, BinaryIO]) -> None:
    """Write a report's files beside its place, and move them there in one step.

    Files of a report that stood there are replaced; others of that folder are kept.
    """
    with refusing_os_errors(place):
        new = new_part(place)
        new.mkdir()
        number = os.open(new, os.O_RDONLY)
        try:
            # So that another audit with this place does not take it for what a kill left.
            lock(number)
            for name, content in contents.items():
                write_file(new / name, content)
            DISK.sync_folder(new)
            move_into_place(new, place)
        except BaseException:
            remove(new)
            raise
        finally:
            os.close(number)


def write_file(path: Path, content: BinaryIO) -> None:
    """Copy a stream from its beginning into a file, down to the disk."""
    content.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(content, target)
        target.flush()
        os.fsync(target.fileno())


def move_into_place(new: Path, place: Path) -> None:
    """Give a finished folder its place; what others keep there stays, though a kill had put it aside before."""
    if place.exists():
        old = new_part(place)
        place.rename(old)
        try:
            DISK.rename(new, place)
        except OSError:
            old.rename(place)
            raise
    else:
        DISK.rename(new, place)
    for aside in leftovers(place):
        for entry in sorted(aside.iterdir()):
            if entry.name not in REPLACED and not os.path.lexists(place / entry.name):
                entry.rename(place / entry.name)
        remove(aside)
    DISK.sync_folder(place)
    DISK.sync_folder(place.parent)


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file that can be read more than once, in hexadecimal."""
    kind = path.stat().st_mode
    if not S_ISREG(kind) and not S_ISDIR(kind):
        # Opening a pipe would wait for its writer.
        reason = "a pipe or device: an audit reads its inputs twice, so save it as a file first"
        raise InputError(str(path), None, None, reason)
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
