"""Known failures: a file that says which cases may fail, why, and until when.

They run all the same. An unexpected pass, an entry past its date and an entry without its case each fail the run, so
that the file never hides more than it says.
"""

from datetime import date
from pathlib import Path
from typing import Any

import attrs
import msgspec

from marginspec_conformance.reporting.log import Case, Log
from marginspec_journal import InputError
from marginspec_journal.errors import unreadable


@attrs.frozen
class Known:
    """A failure that is known: its case, why it stands, and the last day on which it may.

    With a clause it is known only as long as that clause is blamed. That the engine itself fails is never known.
    """

    case: str
    reason: str
    expires: date
    clause: str = ""

    def covers(self, case: Case) -> bool:
        """Whether it is this failure that is known."""
        blamed = case.finding.clause if case.finding else ""
        return case.id == self.case and case.outcome == "failed" and self.clause in ("", blamed)


@attrs.frozen
class Judged:
    """A log beside the known failures: those that failed as said, those that failed unsaid, and what is wrong."""

    known: tuple[Case, ...]
    new: tuple[Case, ...]
    wrong: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing failed but what was known, and the file of known failures is true."""
        return not self.new and not self.wrong


def read_known(path: Path) -> tuple[Known, ...]:
    """The known failures of a file `{"known_failures": [{"case", "reason", "expires"}]}`; InputError if it is none.

    An entry may have a `clause`, too.
    """
    try:
        given = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise unreadable(path, error) from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(str(path), None, None, str(error)) from None
    except RecursionError:
        raise InputError(str(path), None, None, "nested too deeply") from None
    if set(given) != {"known_failures"}:
        raise InputError(str(path), None, None, "the only field is known_failures")
    try:
        found: tuple[Known, ...] = msgspec.convert(given["known_failures"], tuple[Known, ...])
    except msgspec.ValidationError as error:
        raise InputError(str(path), None, "known_failures", str(error)) from None
    for entry in found:
        if not entry.reason.strip():
            raise InputError(str(path), None, "known_failures", f"{entry.case} has no reason")
    return found


def clauses_known(path: Path, today: date) -> frozenset[str]:
    """The clauses under which the failures of a file fall that are known today, for what is not asked by vectors."""
    entries = [entry for entry in read_known(path) if entry.expires >= today]
    return frozenset(
        entry.clause or entry.case.partition("/")[0] for entry in entries if entry.clause or "/" in entry.case
    )


def judge(log: Log, known: tuple[Known, ...], today: date) -> Judged:
    """Hold a log against the known failures. What was skipped or undecided is neither a failure nor a pass."""
    failed = [case for case in log.cases if case.outcome in ("failed", "engine failed")]
    outcomes = {case.id: case.outcome for case in log.cases}
    wrong = []
    for entry in known:
        if entry.case not in outcomes:
            wrong.append(f"{entry.case}: known to fail, but there is no such case")
        elif outcomes[entry.case] == "passed":
            wrong.append(f"{entry.case}: known to fail, but passes")
        elif entry.expires < today:
            wrong.append(f"{entry.case}: known to fail until {entry.expires}, which is past")
    if log.ending.cut_short:
        wrong.append(f"nothing is known of what was not run: {log.ending.cut_short}")
    is_known = [any(entry.covers(case) for entry in known) for case in failed]
    return Judged(
        tuple(case for case, said in zip(failed, is_known, strict=True) if said),
        tuple(case for case, said in zip(failed, is_known, strict=True) if not said),
        tuple(wrong),
    )
