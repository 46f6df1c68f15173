"""Where reports stand: those that were named, and those in the folder of the journal, one level deep."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from marginspec_journal.errors import unreadable
from marginspec_tools.audit import FINDINGS, SUMMARY
from marginspec_tools.dashboard.reports.audits import AuditReport, read_audit
from marginspec_tools.dashboard.reports.logs import ConformanceLog, read_log
from marginspec_tools.dashboard.reports.reading import Broken, read_again_if_changed

MOST = 8
"""Reports of a kind that are shown side by side."""
LOG_SUFFIX, LOG_IN_FOLDER = ".ndjson", "log.ndjson"
"""How `conform run --log` is asked for a log, and what `conform report make` calls its copy."""


@attrs.frozen
class Reports:
    """The folders of audits and the logs of conformance runs that are shown, in order."""

    audits: tuple[Path, ...] = ()
    logs: tuple[Path, ...] = ()

    def read_audits(self) -> list[tuple[Path, AuditReport | Broken]]:
        """The audits as they are now."""
        return [(path, read_again_if_changed(read_audit, path)) for path in self.audits[:MOST]]

    def read_logs(self) -> list[tuple[Path, ConformanceLog | Broken]]:
        """The logs as they are now."""
        return [(path, read_again_if_changed(read_log, path)) for path in self.logs[:MOST]]


NO_REPORTS = Reports()


def found_reports(folder: Path | None, audits: Sequence[Path] = (), logs: Sequence[Path] = ()) -> Reports:
    """The reports that were named, and those of a folder; one that is there twice is shown once."""
    entries = [] if folder is None else entries_of(folder)
    found_audits = [entry for entry in entries if is_audit(entry)]
    return Reports(distinct([*audits, *found_audits]), distinct([*logs, *logs_among(entries)]))


def entries_of(folder: Path) -> list[Path]:
    """What stands in a folder, in order; InputError if it cannot be read."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise unreadable(folder, error) from None


def is_audit(folder: Path) -> bool:
    """Whether a folder has a file that only the report of an audit has, though it may be cut short."""
    return any((folder / name).is_file() for name in (SUMMARY, FINDINGS))


def logs_among(entries: Sequence[Path]) -> Iterator[Path]:
    """Logs among the entries of a folder, or in a folder among them."""
    for entry in entries:
        if entry.name.endswith(LOG_SUFFIX) and entry.is_file():
            yield entry
        elif (entry / LOG_IN_FOLDER).is_file():
            yield entry / LOG_IN_FOLDER


def distinct(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Paths, each once."""
    return tuple({path.resolve(): path for path in reversed(paths)}.values())[::-1]
