"""Two logs side by side: what got better, what got worse, what came and went."""

import attrs

from marginspec_conformance.reporting.junit import summary_of
from marginspec_conformance.reporting.log import Case, Log
from marginspec_journal import InputError


@attrs.frozen
class Changed:
    """A case that came out differently, or whose failure is another one."""

    id: str
    before: str
    after: str


@attrs.frozen
class Difference:
    """What differs between two logs; cases by id."""

    worse: tuple[Changed, ...]
    better: tuple[Changed, ...]
    other: tuple[Changed, ...]
    added: tuple[Changed, ...]
    gone: tuple[str, ...]


FAILURES = ("failed", "engine failed")
ALIKE = ("command", "rulebook", "level", "tolerance")
"""Logs of which one of these differs say nothing of each other."""


def difference(old: Log, new: Log) -> Difference:
    """What changed from one log to another; InputError if they were not asked alike.

    From `passed` to anything else is worse, and so is from anything else to a failure; to `passed` is better.
    """
    for name in ALIKE:
        one, two = getattr(old.setting, name), getattr(new.setting, name)
        if one != two:
            raise InputError("NEW", None, name, f"{two}, but OLD has {one}: they cannot be compared")
    before, after = ({case.id: case for case in log.cases} for log in (old, new))
    changed = [(before[name], case) for name, case in after.items() if name in before]
    pairs = [(one, two) for one, two in changed if said(one) != said(two)]
    return Difference(
        tuple(change(one, two) for one, two in pairs if is_worse(one, two)),
        tuple(change(one, two) for one, two in pairs if two.outcome == "passed"),
        tuple(change(one, two) for one, two in pairs if two.outcome != "passed" and not is_worse(one, two)),
        tuple(Changed(case.id, "", said(case)) for name, case in after.items() if name not in before),
        tuple(name for name in before if name not in after),
    )


def is_worse(before: Case, after: Case) -> bool:
    """Whether a case came out worse than before."""
    fails = after.outcome in FAILURES and before.outcome not in FAILURES
    return fails or (before.outcome == "passed" and after.outcome != "passed")


def change(before: Case, after: Case) -> Changed:
    """A case before and after, in words."""
    return Changed(after.id, said(before), said(after))


def said(case: Case) -> str:
    """What came of a case, in words."""
    why = summary_of(case)
    return f"{case.outcome}: {why}" if why else case.outcome
