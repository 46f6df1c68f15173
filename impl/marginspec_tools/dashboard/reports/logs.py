"""The log of `marginspec conform run --log`: lines of JSON, a header, one for each case, a footer.

This reads its public format, as the conformance kit does, of which the tools import nothing; like the kit's own reader
it refuses a log that did not end, or whose counts are not those of its cases.
"""

from collections import Counter
from pathlib import Path
from typing import Literal

import attrs
import msgspec

from marginspec_journal import InputError
from marginspec_tools.dashboard.reports.reading import Count, content, decoded

LOG_VERSION = 1
Outcome = Literal["passed", "failed", "skipped", "undecided", "engine failed"]
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "skipped", "undecided", "engine failed")


class Engine(msgspec.Struct, frozen=True):
    """The engine by its own word."""

    name: str
    version: str
    language: str
    left_out: tuple[str, ...] = ()


class Setting(msgspec.Struct, frozen=True):
    """Of which run a log is: the engine, and how it was asked. `part` names the part of the suite, if not all of it."""

    log: int
    command: str
    suite: str
    rulebook: str
    engine: Engine
    connector: str
    level: Count
    profile: str
    tolerance: str = "0"
    seed: int | None = None
    part: str = ""


class Difference(msgspec.Struct, frozen=True):
    """The first difference of a case: in which step, of what, and the clause that is blamed."""

    step: Count
    event: str
    clause: str
    kind: str
    subject: str
    expected: str
    actual: str


class Case(msgspec.Struct, frozen=True):
    """A case, what came of it, and why."""

    id: str
    clause: str
    outcome: Outcome
    reason: str = ""
    finding: Difference | None = None


class Ending(msgspec.Struct, frozen=True):
    """What may be said of the engine, in a sentence, and why the run ended early, if it did."""

    verdict: str
    exit_code: int
    cut_short: str = ""


class Line(msgspec.Struct, frozen=True):
    """A line below the header: a case, or the footer."""

    case: Case | None = None
    ending: Ending | None = None
    counts: dict[str, int] | None = None


@attrs.frozen
class ConformanceLog:
    """A whole log."""

    setting: Setting
    cases: tuple[Case, ...]
    ending: Ending

    def counts(self) -> dict[Outcome, int]:
        """How many cases came to each outcome; none is left out."""
        found = Counter(case.outcome for case in self.cases)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        counts = self.counts()
        return bool(counts["failed"] or counts["engine failed"])

    @property
    def holds(self) -> bool:
        """Whether all of the suite was asked, and all of it passed."""
        return 0 < self.counts()["passed"] == len(self.cases) and not (self.ending.cut_short or self.setting.part)


def read_log(path: Path) -> ConformanceLog:
    """A whole log; InputError, with the line and the reason, if it is none or did not end."""
    lines = content(path).splitlines()
    setting = decoded(lines[0] if lines else b"", Setting, path.name, 1)
    if setting.log != LOG_VERSION:
        raise InputError(path.name, 1, "log", f"format {setting.log}, but {LOG_VERSION} is read")
    cases: list[Case] = []
    for number, text in enumerate(lines[1:], 2):
        line = decoded(text, Line, path.name, number)
        if line.case is not None:
            cases.append(line.case)
            continue
        if line.ending is None:
            raise InputError(path.name, number, None, "neither a case nor the footer")
        if number != len(lines):
            raise InputError(path.name, number + 1, None, "a line after the footer")
        found = ConformanceLog(setting, tuple(cases), line.ending)
        check_counts(found, line, path.name, number)
        return found
    raise InputError(path.name, None, None, "the log has no footer: the run did not end")


def check_counts(found: ConformanceLog, footer: Line, name: str, number: int) -> None:
    """Refuse a footer that says otherwise than the cases."""
    counts = found.counts()
    if footer.counts != counts:
        raise InputError(name, number, "counts", f"others than those of the cases, which are {counts}")
    if found.ending.exit_code == 0 and (found.failed or not counts["passed"]):
        raise InputError(name, number, "exit_code", f"0, but the cases are {counts}")
