"""A vector asked of an engine: what came of it, and the story of what differs."""

from pathlib import Path

import attrs

from marginspec_conformance.comparing.capabilities import LEVY
from marginspec_conformance.comparing.leaving import Parts, exercised
from marginspec_conformance.driving.checking import Case, Checked, check
from marginspec_conformance.driving.options import Asked
from marginspec_conformance.stories.blaming import unless_left_out
from marginspec_conformance.stories.telling import Story, tell
from marginspec_conformance.vectors import Vector
from marginspec_conformance.vectors.writing import JOURNAL, START, file_of


def case_of(vector: Vector) -> Case:
    """What a vector asks."""
    return Case(vector.header, vector.events, vector.opened)


def checked_of(asked: Asked, vector: Vector) -> Checked:
    """What came of a vector; EngineFailure if the engine fails apart from being wrong."""
    left_out = sorted(asked.left_out & parts_of(vector)) if asked.left_out else []
    if left_out:
        return Checked("skipped", 0, why=f"left out: {left_out[0]}")
    levies = LEVY in vector.clauses and vector.header.profile.last_resort == "levy"
    if levies and asked.engine.lacks(frozenset({"levy"})):
        # The house alone may pay, which no decision tells.
        return Checked("skipped", 0, why="needs levy")
    checked = unless_left_out(check(asked.engine, case_of(vector), asked.plan, (), vector.answers), asked.left_out)
    is_last = checked.place == len(vector.steps) - 1
    if checked.outcome == "differs" and vector.kind == "acceptable" and is_last and asked.plan.level < 4:
        # An engine at this level may decide the last event as these venues do.
        why = f"decided otherwise, as {', '.join(vector.venues)}: {checked.differences[0]}"
        return attrs.evolve(checked, outcome="undecided", why=why)
    return checked


def parts_of(vector: Vector) -> frozenset[str]:
    """What a vector is about or shows at work, of all that an engine may leave out."""
    return exercised(vector.answers).union(vector.clauses, *map(Parts().exercised_by, vector.events))


def story_of(asked: Asked, vector: Vector, checked: Checked, *, with_faults: bool) -> Story:
    """The story of a vector that differs."""
    again = asked.again("run", vector.id)
    explain = "" if asked.vectors is not None else explaining(vector)
    return tell(case_of(vector), checked, again, asked.plan, explain, with_faults=with_faults)


def explaining(vector: Vector) -> str:
    """The commands that explain a vector of the suite, but for the number of the event."""
    _, _, folder = vector.id.split("/")
    path = Path(folder, file_of(vector.id))
    start = "" if vector.opened is None else f"--from {path.with_suffix(START).as_posix()} "
    journal = path.with_suffix(JOURNAL).as_posix()
    return f"marginspec vectors export {folder} {vector.id} && marginspec explain {start}{journal}"
