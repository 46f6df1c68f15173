"""What the pages of reports have in common: reports are numbered, and each has columns of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

import attrs

from marginspec_tools.audit import title_of
from marginspec_tools.console import printable_path
from marginspec_tools.dashboard.reports import MOST, Broken, told
from marginspec_tools.dashboard.tables import Column
from marginspec_tools.dashboard.view import View

Report = TypeVar("Report")


@attrs.frozen
class Numbered(Generic[Report]):
    """A report by its number, from 1, and its name; what it says, or why it is broken."""

    number: int
    path: str
    report: Report | None
    reason: str

    @property
    def name(self) -> str:
        """What its path ends with, as it is shown."""
        return told(self.path.rsplit("/", 1)[-1])

    @property
    def known(self) -> Report:
        """What it says, of one that is not broken."""
        assert self.report is not None
        return self.report

    def column(self, kind: str, name: str, head: str) -> Column:
        """A column of figures of this report, which is of a kind."""
        return Column(f"{name}_{self.number}", head, "number", f"{kind} {self.number}")


def numbered(read: Sequence[tuple[Path, Report | Broken]]) -> list[Numbered[Report]]:
    """Reports that were read, in their order."""
    return [
        Numbered(number, printable_path(path), None, found.reason)
        if isinstance(found, Broken)
        else Numbered(number, printable_path(path), found, "")
        for number, (path, found) in enumerate(read, 1)
    ]


def left_out(paths: Sequence[Path]) -> int:
    """How many reports there are beyond those that are shown side by side."""
    return max(0, len(paths) - MOST)


def clause_address(view: View, clause: str) -> str:
    """The address of what is proved of a clause that a report names; empty if the rulebook has none of that name."""
    return view.clause(clause) if title_of(clause) else ""
