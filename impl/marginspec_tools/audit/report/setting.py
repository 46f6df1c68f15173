"""What a report says of itself: who made it, of what, with which options and versions, and how to make it again."""

import shlex
from pathlib import Path

import attrs

from marginspec.registry import sentence_of
from marginspec_tools.audit.checks import invariant_sentences
from marginspec_tools.console import printable_path
from marginspec_tools.markup import xml_text

LONGEST = 240
"""So much of a text that others wrote is shown; the machine-readable files have all of it."""


@attrs.frozen
class Setting:
    """Who audits, in their own words; the inputs, their hashes, the options that were given, and the versions."""

    auditor: str
    inputs: dict[str, Path]
    hashes: dict[str, str]
    options: tuple[str, ...]
    versions: dict[str, str]

    @property
    def journal(self) -> str:
        """The journal's name, without where it was kept."""
        return clipped(printable_path(Path(self.inputs["journal"].name)))

    def command(self, report: str) -> str:
        """The command that makes the report anew, in a folder."""
        words = ["marginspec", "audit", printable_path(self.inputs["journal"]), "--report", report, *self.options]
        return shlex.join(words)


def clipped(text: str | None) -> str:
    """A text that others wrote, in one line and of bounded length."""
    told = xml_text(text or "").replace("\n", "\\n").replace("\t", "\\t")
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}…"


def said_by(clause: str) -> str:
    """What a clause or an invariant says; nothing if no code of the rulebook names it."""
    said = invariant_sentences().get(clause)
    try:
        return said or sentence_of(clause)
    except KeyError:
        return ""
