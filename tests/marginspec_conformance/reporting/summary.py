"""What every report says first: the verdict, never without the engine, the profile, what was left out or undecided."""

from itertools import groupby
from typing import NamedTuple

from marginspec_conformance.reporting.log import OUTCOMES, Case, Log

CRASHES = "the engine itself"
"""What is blamed where an engine failed apart from the rules."""


class Row(NamedTuple):
    """How many cases of a clause came to each outcome."""

    clause: str
    counts: tuple[int, ...]


def facts(log: Log) -> list[tuple[str, str]]:
    """What stands beside the verdict, in order."""
    setting, engine = log.setting, log.setting.engine
    suite = f"{setting.suite}, of {setting.part} only" if setting.part else setting.suite
    told = [
        ("engine", f"{engine.name} {engine.version} ({engine.language}), by {setting.connector}"),
        ("level", f"{setting.level}, tolerance {setting.tolerance}"),
        ("suite", f"{suite}, rulebook {setting.rulebook}, profile {setting.profile}"),
        ("capabilities", ", ".join(sorted(engine.capabilities)) or "none"),
        ("clauses left out", ", ".join(engine.left_out) or "none"),
        ("cases", ", ".join(f"{count} {outcome}" for outcome, count in log.counts().items())),
    ]
    if setting.seed is not None:
        told.append(("seed", str(setting.seed)))
    if log.ending.cut_short:
        told.append(("ended early", log.ending.cut_short))
    return told


def rows(log: Log) -> list[Row]:
    """The counts by clause, in order of the clauses."""
    ordered = sorted(log.cases, key=lambda case: case.clause)
    return [Row(clause, tally(list(cases))) for clause, cases in groupby(ordered, lambda case: case.clause)]


def tally(cases: list[Case]) -> tuple[int, ...]:
    """How many cases came to each outcome, in the order of OUTCOMES."""
    found = [case.outcome for case in cases]
    return tuple(found.count(outcome) for outcome in OUTCOMES)


def failures(log: Log) -> list[Case]:
    """The cases that failed, and those in which the engine itself failed."""
    return [case for case in log.cases if case.outcome in ("failed", "engine failed")]


def blamed(log: Log) -> list[tuple[str, list[Case]]]:
    """The failures by the clause that their first difference is of, that with the most first; crashes come last."""
    groups: dict[str, list[Case]] = {}
    for case in failures(log):
        groups.setdefault(case.finding.clause if case.finding else CRASHES, []).append(case)
    return sorted(groups.items(), key=lambda one: (one[0] == CRASHES, -len(one[1]), one[0]))


def unanswered(log: Log) -> list[tuple[str, int]]:
    """Why cases were skipped or undecided, and how many for each reason, the most frequent first."""
    reasons = [f"{case.outcome}: {case.reason}" for case in log.cases if case.outcome in ("skipped", "undecided")]
    return sorted(((reason, reasons.count(reason)) for reason in set(reasons)), key=lambda one: (-one[1], one[0]))
