"""The log of a run: lines of JSON, a header, one for each case, a footer; every report is made from it.

It fails closed: a log without its footer, or whose counts do not agree with its cases, is of a run that did not end,
and no report is made of it.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

import attrs
import msgspec

from marginspec_conformance.protocol.messages import Hello
from marginspec_journal import InputError
from marginspec_journal.errors import unreadable, unwritable

LOG_VERSION = 1

Outcome = Literal["passed", "failed", "skipped", "undecided", "engine failed"]
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "skipped", "undecided", "engine failed")


@attrs.frozen
class Setting:
    """Of which run a log is: the engine by its own word, and how it was asked."""

    command: str
    suite: str
    rulebook: str
    engine: Hello
    connector: str
    level: int
    profile: str
    tolerance: str = "0"
    seed: int | None = None
    part: str = ""
    """Of which part of the suite it was asked, or of what else; empty for the whole suite."""


@attrs.frozen
class Finding:
    """The first difference of a case: in which step (from 1), of what, and its story; amounts are decimal texts.

    `kind` is what differs (`verdict`, `reason`, `liquidated`, `deleveraged`, `levied`, `ledger`, `positions`, `claims`,
    `receipt`, `calc`), `subject` whose it is (`wallet:alice:USDT`), `faults` the mutants that give the same answer.
    """

    step: int
    event: str
    clause: str
    sentence: str
    kind: str
    subject: str
    expected: str
    actual: str
    story: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    reproduce: str = ""


@attrs.frozen
class Case:
    """A vector or a journal, and what came of it; `reason` says why it was skipped or undecided, or how it failed."""

    id: str
    clause: str
    outcome: Outcome
    reason: str = ""
    finding: Finding | None = None
    microseconds: int = 0


@attrs.frozen
class Ending:
    """How a run ended: what may be said of it, in a sentence, and whether it ended before it had asked everything.

    What it is said under stands beside it in every report: the setting, and the counts of the cases.
    """

    verdict: str
    exit_code: int
    cut_short: str = ""


@attrs.frozen
class Log:
    """A whole log."""

    setting: Setting
    cases: tuple[Case, ...]
    ending: Ending

    @property
    def holds(self) -> bool:
        """Whether something passed and nothing failed."""
        counts = self.counts()
        return counts["passed"] > 0 and not counts["failed"] and not counts["engine failed"]

    def counts(self) -> dict[Outcome, int]:
        """How many cases came to each outcome, in order; none is left out."""
        found = Counter(case.outcome for case in self.cases)
        return {outcome: found[outcome] for outcome in OUTCOMES}


class LogWriter:
    """Writes a log line by line, so that a run that is killed leaves what it knew, without a footer."""

    def __init__(self, path: Path, setting: Setting) -> None:
        self._path = path
        self._counts: Counter[str] = Counter()
        try:
            self._stream: BinaryIO = path.open("wb")
        except OSError as error:
            raise unwritable(path, error) from None
        self._write({"log": LOG_VERSION, **_object(setting)})

    def __enter__(self) -> "LogWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def add(self, case: Case) -> None:
        """Write a case."""
        self._counts[case.outcome] += 1
        self._write({"case": _object(case)})

    def end(self, ending: Ending) -> None:
        """Write the footer."""
        counts = {outcome: self._counts[outcome] for outcome in OUTCOMES}
        self._write({"ending": _object(ending), "counts": counts})

    def _write(self, line: dict[str, Any]) -> None:
        try:
            self._stream.write(msgspec.json.encode(line) + b"\n")
            self._stream.flush()
        except OSError as error:
            raise unwritable(self._path, error) from None


def read_log(path: Path) -> Log:
    """A whole log from its file; InputError, with the line and the reason, if it is none or did not end."""
    lines = _lines(path)
    number, first = next(lines, (1, {}))
    if first.pop("log", None) != LOG_VERSION:
        raise InputError(str(path), number, "log", f"{LOG_VERSION} expected")
    setting, cases, whole = _value(path, number, first, Setting), [], None
    for number, line in lines:
        if whole is not None:
            raise InputError(str(path), number, None, "a line after the footer")
        if "case" in line:
            cases.append(_value(path, number, line["case"], Case))
            continue
        whole = Log(setting, tuple(cases), _value(path, number, line.get("ending"), Ending))
        if line.get("counts") != whole.counts():
            raise InputError(str(path), number, "counts", f"{line.get('counts')}, but the cases are {whole.counts()}")
        if whole.ending.exit_code == 0 and not whole.holds:
            raise InputError(str(path), number, "exit_code", f"0, but the cases are {whole.counts()}")
    if whole is None:
        raise InputError(str(path), None, None, "the log has no footer: the run did not end")
    return whole


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield number, msgspec.json.decode(line, type=dict[str, Any])
                except (msgspec.DecodeError, msgspec.ValidationError) as error:
                    raise InputError(str(path), number, None, str(error)) from None
                except RecursionError:
                    raise InputError(str(path), number, None, "nested too deeply") from None
    except OSError as error:
        raise unreadable(path, error) from None


def _object(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(value, order="deterministic")
    return made


def _value(path: Path, number: int, given: object, of: type[Any]) -> Any:
    try:
        return msgspec.convert(given, of)
    except msgspec.ValidationError as error:
        raise InputError(str(path), number, None, str(error)) from None
