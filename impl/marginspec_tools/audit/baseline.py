"""`marginspec audit --baseline`: what became of the findings of an earlier report."""

from pathlib import Path
from typing import Any

import attrs
import msgspec

from marginspec_journal import InputError
from marginspec_journal.errors import unreadable
from marginspec_tools.audit.faults import number_of
from marginspec_tools.audit.findings import Finding
from marginspec_tools.audit.folder import FINDINGS, MANIFEST, SUMMARY
from marginspec_tools.audit.verify import verified


class Earlier(msgspec.Struct):
    """A finding of an earlier report, as far as it is told here."""

    id: str
    severity: str
    clause: str
    seq: int
    where: str
    what: str
    money: str
    asset: str | None


class EarlierSummary(msgspec.Struct):
    """What an earlier report was of."""

    journal: str
    verdict: str
    hash: str


@attrs.frozen
class Review:
    """The findings of now and of an earlier report: new, gone, and still there."""

    before: EarlierSummary
    new: tuple[Finding, ...]
    gone: tuple[Earlier, ...]
    still: tuple[Finding, ...]

    @property
    def text(self) -> str:
        """In one line, for people."""
        found = number_of("findings", len(self.gone) + len(self.still))
        return f"Of {found} before: {len(self.gone)} gone, {len(self.still)} still there; {len(self.new)} new"

    def as_object(self) -> dict[str, Any]:
        """For programs."""
        return {
            "text": self.text,
            "before": msgspec.to_builtins(self.before),
            "new": [one.id for one in self.new],
            "gone": [msgspec.to_builtins(one) for one in self.gone],
            "still": [one.id for one in self.still],
        }


@attrs.frozen
class Baseline:
    """An earlier report."""

    summary: EarlierSummary
    findings: tuple[Earlier, ...]

    def review(self, found: list[Finding]) -> Review:
        """What became of its findings."""
        known, now = {one.id for one in self.findings}, {one.id for one in found}
        return Review(
            self.summary,
            tuple(one for one in found if one.id not in known),
            tuple(one for one in self.findings if one.id not in now),
            tuple(one for one in found if one.id in known),
        )


def read_baseline(folder: Path) -> Baseline:
    """Read an earlier report; refused if a file of it is missing or was changed."""
    state = verified(folder)
    for name in state.contradicting:
        raise InputError(str(folder / MANIFEST), None, name, f"stated otherwise in {SUMMARY}")
    for word, names in (("missing", state.missing), ("changed", state.changed)):
        for name in names:
            raise InputError(str(folder / name), None, None, f"{word} since the report was made")
    path = folder / SUMMARY
    try:
        summary = msgspec.json.decode(path.read_bytes(), type=EarlierSummary)
        path = folder / FINDINGS
        found = [msgspec.json.decode(line, type=Earlier) for line in path.read_bytes().splitlines()]
    except OSError as error:
        raise unreadable(path, error) from None
    except msgspec.DecodeError as error:
        raise InputError(str(path), None, None, f"not of an audit's report: {error}") from None
    return Baseline(summary, tuple(found))
