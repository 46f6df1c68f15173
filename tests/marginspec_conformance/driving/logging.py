"""Cases as the log has them, from what came of a check."""

from marginspec import RULEBOOK_VERSION
from marginspec_conformance.driving.checking import Checked
from marginspec_conformance.driving.options import Asked, told
from marginspec_conformance.reporting.log import Case, Finding, Outcome, Setting
from marginspec_conformance.stories.telling import Story
from marginspec_conformance.vectors import suite_version
from marginspec_tools.console import one_line

MOST = 2000
"""Longer texts of an engine are cut."""
OUTCOMES: dict[str, Outcome] = {
    "agrees": "passed",
    "differs": "failed",
    "undecided": "undecided",
    "skipped": "skipped",
    "oracle failed": "undecided",
}


def setting_of(asked: Asked, command: str, profile: str, seed: int | None = None) -> Setting:
    """The header of a log."""
    tolerance = told(asked.plan.tolerance)
    suite, hello, text = suite_version(), asked.engine.hello, asked.text
    level, part = asked.plan.level, asked.part
    return Setting(command, suite, RULEBOOK_VERSION, hello, text, level, profile, tolerance, seed, part)


def logged(name: str, clause: str, checked: Checked, story: Story | None, microseconds: int) -> Case:
    """A case with its finding, if it has one."""
    reason = f"the oracle failed: {checked.why}" if checked.outcome == "oracle failed" else checked.why
    if checked.outcome == "undecided" and not checked.why:
        reason = f"near tie at event {checked.place + 1}: {checked.differences[0]}"
    finding = None if story is None else finding_of(story)
    return Case(name, clause, OUTCOMES[checked.outcome], safe(reason), finding, microseconds)


def finding_of(story: Story) -> Finding:
    """A story as the log has it."""
    return Finding(
        story.place,
        story.event["type"],
        story.clause,
        story.sentence,
        "receipt" if story.first.kind == "hash" else story.first.kind,
        safe(story.first.name),
        safe(story.first.expected),
        safe(story.first.actual),
        tuple(safe(line) for line in story.lines()),
        tuple(one.name for one in story.candidates.found),
        story.command,
    )


def safe(text: str) -> str:
    """A text of an engine without control characters, and not too long."""
    return one_line(text)[:MOST]
