"""The determinism probe: the same journal twice must get the same answers, before anything else is asked."""

from collections.abc import Iterator

import attrs

from marginspec_conformance.comparing.capabilities import needed_by_event, needed_by_header
from marginspec_conformance.comparing.differences import Difference, Heard
from marginspec_conformance.comparing.levels import LEVELS
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Case, Plan


def probe(engine: Engine, case: Case, plan: Plan) -> Difference | None:
    """Where a second run of a journal differs from the first, the second in an engine started anew; None if nowhere."""
    case = supported(engine, case)
    first = list(_answers(engine, case, plan))
    engine.close()
    second = list(_answers(engine, case, plan))
    for place, (once, again) in enumerate(zip(first, second, strict=False)):
        if once != again:
            return Difference("determinism", f"event {place + 1}", str(once), str(again))
    if len(first) != len(second):
        return Difference("determinism", "", f"{len(first)} answers", f"{len(second)} answers")
    return None


def _answers(engine: Engine, case: Case, plan: Plan) -> Iterator[Heard]:
    if engine.begin(case.header) is None:
        yield from engine.answers(case.events, LEVELS[plan.level].want)


def supported(engine: Engine, case: Case) -> Case:
    """A case without the events that the engine has nothing for; without any if it has nothing for the header."""
    if engine.lacks(needed_by_header(case.header)):
        return attrs.evolve(case, events=())
    return attrs.evolve(case, events=tuple(one for one in case.events if not engine.lacks(needed_by_event(one))))
