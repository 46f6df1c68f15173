"""Two logs side by side: what got better, what got worse, what came and went."""

import attrs

from marginspec_conformance.reporting.junit import summary_of
from marginspec_conformance.reporting.log import Case, Log


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
    added: tuple[str, ...]
    gone: tuple[str, ...]


def difference(old: Log, new: Log) -> Difference:
    """What changed from one log to another. Only from and to `passed` is better or worse; the rest is another."""
    before, after = ({case.id: case for case in log.cases} for log in (old, new))
    changed = [(before[name], case) for name, case in after.items() if name in before]
    pairs = [(one, two) for one, two in changed if said(one) != said(two)]
    return Difference(
        tuple(change(one, two) for one, two in pairs if one.outcome == "passed"),
        tuple(change(one, two) for one, two in pairs if two.outcome == "passed"),
        tuple(change(one, two) for one, two in pairs if "passed" not in (one.outcome, two.outcome)),
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
    )


def change(before: Case, after: Case) -> Changed:
    """A case before and after, in words."""
    return Changed(after.id, said(before), said(after))


def said(case: Case) -> str:
    """What came of a case, in words."""
    why = summary_of(case)
    return f"{case.outcome}: {why}" if why else case.outcome
