"""Checkpoints: what an audit of a long journal needs to go on after a kill, in a folder beside that of its report.

The folder holds the lines of consequences and liquidations so far, and in one file, which is written whole, how many of
them count and all else that the audit keeps: the run, what was checked, found, compared and watched, and what the page
shows. It is bound to the inputs, the command and the program, and goes when the report is there.

It is written after so many events, but no oftener than costs a small part of the time, however large it is.

The objects are pickled, and read by a reader that makes nothing but the audit's own records, in which no code stands:
a file that was tampered with is refused, or makes a wrong report, and nothing else.
"""

import copyreg
import pickle
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from os import fstat
from pathlib import Path
from time import monotonic_ns
from typing import Any, BinaryIO, NoReturn

import attrs
import msgspec

from marginspec.model import ledger
from marginspec.model.ledger import LedgerAccount, LedgerKind
from marginspec_journal import InputError
from marginspec_journal.atomic import DISK, atomic_writer, remove_leftovers
from marginspec_journal.strict_json import Node, parse_document
from marginspec_journal.whole_files import open_file
from marginspec_tools.audit import folder
from marginspec_tools.audit.audited import Audited
from marginspec_tools.audit.checks import CheckedSoFar
from marginspec_tools.audit.comparison import Comparison
from marginspec_tools.audit.findings import Folding
from marginspec_tools.audit.report.history import History
from marginspec_tools.audit.report.setting import Setting
from marginspec_tools.audit.surveillance import Watch
from marginspec_tools.console import refusing_os_errors
from marginspec_tools.runs import RunSoFar

EVERY = 10_000
"""A checkpoint is written after so many events, or a multiple of that: if it is time,"""
PAUSE_NS = 60 * 10**9
"""which it is so many nanoseconds after the one before,"""
SPARING = 20
"""and once the audit has gone on so many times as long as that took to be written."""
SUFFIX, PROGRESS = ".checkpoint", "progress"
SPOOLED = (folder.CONSEQUENCES, folder.LIQUIDATIONS)
"""The files of the report that are written while the journal is run."""
CHECKPOINT_VERSION = 1
DIGEST_BYTES = 32
PACKAGES = ("marginspec", "marginspec_audit", "marginspec_journal", "marginspec_tools", "marginspec_engine")


@attrs.frozen
class Kept:
    """What an audit keeps from one event to the next."""

    run: RunSoFar
    checked: CheckedSoFar
    folding: Folding
    watch: Watch
    comparison: Comparison
    history: History


class Checkpoint:
    """The checkpoint of the audit whose report has this place; `spooled` are the streams of SPOOLED, by name."""

    def __init__(self, place: Path, setting: Setting, spooled: dict[str, BinaryIO]) -> None:
        self.folder = place.with_name(place.name + SUFFIX)
        self.spooled = spooled
        self._setting = setting
        self._lengths = dict.fromkeys(SPOOLED, 0)
        self._digests = {name: sha256() for name in SPOOLED}
        self._ended_ns, self._took_ns = monotonic_ns(), 0

    @cached_property
    def _bound(self) -> dict[str, Any]:
        """What it is bound to, by name."""
        return {
            "inputs": self._setting.hashes,
            "command": self._setting.command(""),
            "versions": self._setting.versions,
            "program": program_sha256(),
        }

    def is_due(self, events: int) -> bool:
        """Whether it is to be written after so many events."""
        return events % EVERY == 0 and monotonic_ns() - self._ended_ns >= max(PAUSE_NS, SPARING * self._took_ns)

    def write(self, audited: Audited, history: History) -> None:
        """Keep how far an audit is, whole or not at all: the checkpoint before it holds until then."""
        began_ns = monotonic_ns()
        history.explain()
        kept = Kept(
            audited.run.so_far(), audited.checks.so_far(), audited.folding, audited.watch, audited.comparison, history
        )
        with refusing_os_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
            for name in SPOOLED:
                self._add_lines(name)
        head = {
            "checkpoint": CHECKPOINT_VERSION,
            **self._bound,
            "files": {name: [self._lengths[name], self._digests[name].hexdigest()] for name in SPOOLED},
        }
        with atomic_writer(self.folder / PROGRESS) as stream:
            hashed = Hashed(stream)
            hashed.write(msgspec.json.encode(head) + b"\n")
            Writer(hashed, pickle.HIGHEST_PROTOCOL).dump(kept)
            stream.write(hashed.digest.digest())
        self._ended_ns = monotonic_ns()
        self._took_ns = self._ended_ns - began_ns

    def _add_lines(self, name: str) -> None:
        """Bring a file up to what the report has of it; what a kill left behind the checkpoint before is cut off."""
        stream = self.spooled[name]
        path = self.folder / name
        path.touch()
        with path.open("r+b") as target:
            target.truncate(self._lengths[name])
            target.seek(self._lengths[name])
            stream.seek(self._lengths[name])
            while chunk := stream.read(1 << 20):
                self._digests[name].update(chunk)
                self._lengths[name] += target.write(chunk)
            DISK.sync(target)

    def resume(self, audited: Audited, history: History) -> History:
        """Have an audit go on from where the checkpoint stands, if there is one; gives the history to go on with.

        InputError if it is damaged, or of an audit of anything else.
        """
        path = self.folder / PROGRESS
        if not self.folder.exists():
            return history
        with open_file(path) as stream:
            fields = self._head(stream)
            self._check_bound(fields)
            self._read_lines(fields["files"])
            kept = self._unpickled(stream)
        audited.run.go_on_from(kept.run)
        audited.checks.go_on_from(kept.checked)
        audited.folding, audited.watch, audited.comparison = kept.folding, kept.watch, kept.comparison
        return kept.history

    def _head(self, stream: BinaryIO) -> dict[str, Node]:
        """What stands before the objects, if the file is as it was written; leaves the stream where they begin."""
        left, digest = fstat(stream.fileno()).st_size - DIGEST_BYTES, sha256()
        while chunk := stream.read(max(0, min(1 << 20, left))):
            digest.update(chunk)
            left -= len(chunk)
        if digest.digest() != stream.read(DIGEST_BYTES):
            self._refuse(None, "not a checkpoint, or damaged: its checksum differs")
        stream.seek(0)
        head = stream.readline().removesuffix(b"\n")
        return parse_document(head, str(self.folder / PROGRESS)).record(("checkpoint", *self._bound, "files"))

    def _check_bound(self, fields: dict[str, Node]) -> None:
        """Refuse a checkpoint of other inputs, options or text of the program, by name."""
        told: Any = msgspec.json.decode(msgspec.json.encode({"checkpoint": CHECKPOINT_VERSION, **self._bound}))
        for name, expected in told.items():
            if fields[name].value != expected:
                self._refuse(name, f"the checkpoint is of {WHAT_DIFFERS[name]}")

    def _read_lines(self, files: Node) -> None:
        """Take over the lines that the report has so far."""
        for name, entry in files.record(SPOOLED).items():
            length, digest = entry.elements()
            left = length.integer(least=0)
            with refusing_os_errors(self.folder), (self.folder / name).open("rb") as source:
                while chunk := source.read(min(1 << 20, left)):
                    self._digests[name].update(chunk)
                    self._lengths[name] += self.spooled[name].write(chunk)
                    left -= len(chunk)
            if left or self._digests[name].hexdigest() != digest.sha256():
                self._refuse(None, f"damaged: {name} is not as it was")

    def _unpickled(self, stream: BinaryIO) -> Kept:
        try:
            kept = Reader(stream).load()
        except Exception as error:
            # Whatever a reader of pickles trips over.
            self._refuse(None, f"damaged: {error}")
        if not isinstance(kept, Kept):
            self._refuse(None, "damaged: it holds something else")
        return kept

    def _refuse(self, field: str | None, reason: str) -> NoReturn:
        raise InputError(
            str(self.folder / PROGRESS), None, field, f"{reason}; without that folder the audit begins anew"
        )

    def remove(self) -> None:
        """The report is there: nothing is to be gone on with."""
        if not self.folder.exists():
            return
        with refusing_os_errors(self.folder):
            remove_leftovers(self.folder / PROGRESS)
            for name in (PROGRESS, *SPOOLED):
                (self.folder / name).unlink(missing_ok=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()


WHAT_DIFFERS = {
    "checkpoint": "another format",
    "inputs": "other inputs",
    "command": "other options",
    "versions": "other versions",
    "program": "another text of marginspec",
}


def program_sha256() -> str:
    """SHA-256 of the text of the program that audits."""
    digest = sha256()
    for path in sorted(program_files()):
        digest.update(str(path.name).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def program_files() -> Iterator[Path]:
    """The files of the packages that audits are made of."""
    for package in PACKAGES:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            yield from Path(place).rglob("*.py")


# ----------------------------------------------------------------- writing objects


@attrs.frozen
class Hashed:
    """A stream to write to, with the SHA-256 of what was written."""

    stream: BinaryIO
    digest: Any = attrs.Factory(sha256)

    def write(self, part: bytes) -> int:
        """Write on."""
        self.digest.update(part)
        return self.stream.write(part)


class Writer(pickle.Pickler):
    """Writes what an audit keeps; of a ledger account what it is made from, since all else of it follows."""

    dispatch_table = copyreg.dispatch_table | {LedgerAccount: lambda one: (LedgerAccount, one.__getnewargs__())}


# ----------------------------------------------------------------- reading objects

BUILT_IN = {
    "builtins": {"set", "frozenset", "int", "dict"},
    "collections": {"Counter", "defaultdict", "deque"},
    "immutables._map": {"Map"},
}
OWN = ("marginspec.model.", "marginspec_tools.audit.", "marginspec_tools.observed.", "marginspec_tools.runs.")
RECORDS = {
    "marginspec_audit.transitions": {"Transition"},
    "marginspec_journal.events": {"Record"},
    "marginspec_journal.chain": {"ChainedReceipt"},
    "marginspec_journal.states": {"OpenedState"},
}


class Reader(pickle.Unpickler):
    """Reads what an audit keeps: containers, and classes that hold values and run nothing."""

    def find_class(self, module: str, name: str) -> Any:
        """A class by its name; UnpicklingError if it is none of those."""
        if (module, name) == (LedgerAccount.__module__, LedgerAccount.__name__):
            return ledger_account
        if name in BUILT_IN.get(module, ()) or name in RECORDS.get(module, ()):
            return getattr(import_module(module), name)
        if module.startswith(OWN) and "." not in name:
            found = getattr(import_module(module), name, None)
            if isinstance(found, type) and found.__module__ == module and holds_values(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is nothing that an audit keeps")


def ledger_account(kind: LedgerKind, account: str, market: str, side: str, asset: str, lot: int) -> LedgerAccount:
    """A ledger account; of those of which there are many the one that the rulebook's own functions give ever after."""
    if kind == "wallet":
        return ledger.wallet(account, asset)
    if kind == "position":
        return ledger.position(account, market, side)
    return LedgerAccount(kind, account, market, side, asset, lot)


def holds_values(kept: type) -> bool:
    """Whether a class is a record, a choice, a text, or one of those in which an audit gathers."""
    return attrs.has(kept) or issubclass(kept, (tuple, Enum, str)) or kept.__name__ in GATHERING


GATHERING = {"History", "Track", "Lanes", "Recount", "Names"}
"""Classes in which an audit gathers, without declaring what."""
