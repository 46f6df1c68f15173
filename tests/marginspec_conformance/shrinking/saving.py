"""What is saved of a shrunk case: the journal, and the last event from the state before it."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from marginspec_conformance.driving.checking import Case
from marginspec_conformance.shrinking.shrinker import Shrunk
from marginspec_journal import InputError, Record, write_journal
from marginspec_journal.errors import unwritable
from marginspec_journal.states import write_state
from marginspec_tools.console import check_target

SUFFIXES = (".jsonl", ".jsonl.zst", ".parquet")


def check_journal_target(out: Path, *inputs: Path) -> None:
    """InputError, before any work is done, if a journal could not be saved under this name."""
    if not out.name.endswith(SUFFIXES):
        raise InputError(str(out), None, None, f"not a journal's name: expected {', '.join(SUFFIXES)}")
    check_target(out, inputs)
    if not (out.parent.is_dir() and os.access(out.parent, os.W_OK)):
        raise unwritable(out, "its folder is not there, or may not be written")


def start_of(case: Case, out: Path) -> list[str]:
    """The options by which a command begins a saved case where it begins."""
    return [] if case.opened is None else ["--from", str(start_path(out))]


def explaining(case: Case, out: Path) -> str:
    """The command that explains a saved case, but for the number of the event."""
    return shlex.join(["marginspec", "explain", *start_of(case, out), str(out)])


def start_path(out: Path) -> Path:
    """The file of the state that a saved case begins from."""
    return out.with_suffix(".start.json")


def save(shrunk: Shrunk, out: Path) -> Iterator[str]:
    """Write the files of a shrunk case; gives a line for each."""
    case, done = shrunk.case, "" if shrunk.is_done else ", time was up"
    write_journal(out, case.header, (Record(number, event) for number, event in enumerate(case.events, 2)))
    yield f"shrunk to {len(case.events)} events in {shrunk.tried} tries{done}: {out}"
    if case.opened is not None:
        state = start_path(out)
        write_state(state, case.opened)
        yield f"which begin from: {state}"
    if shrunk.alone is not None and shrunk.alone.opened is not None:
        state, event = out.with_suffix(".before.json"), out.with_suffix(".event.jsonl")
        write_state(state, shrunk.alone.opened)
        write_journal(event, case.header, [Record(2, case.events[-1])])
        yield f"one event from a state: {event} after {state}"
