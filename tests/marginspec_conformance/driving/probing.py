"""The determinism probe: the same journal twice must get the same answers, before anything else is asked."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from marginspec_conformance.comparing.amounts import read_amount
from marginspec_conformance.comparing.capabilities import needed_by_event, needed_by_header
from marginspec_conformance.comparing.differences import Difference, Heard, Silence
from marginspec_conformance.comparing.levels import LEVELS
from marginspec_conformance.driving.asking import BATCH, Engine, digest_of, reduced
from marginspec_conformance.driving.checking import Case, Plan
from marginspec_conformance.protocol.messages import (
    CHANGES,
    Accepted,
    Answer,
    Changes,
    Digest,
    Errored,
    Refused,
    Unsupported,
    Want,
    answer_object,
)
from marginspec_journal.canonical import JsonObject
from marginspec_journal.decimals import shortest_decimal
from marginspec_journal.events import event_object


def probe(engine: Engine, case: Case, plan: Plan) -> Difference | None:
    """Where a second run of a journal differs from the first; None if nowhere.

    The first is asked in batches, if the engine takes them, the second step by step, in an engine started anew: all
    else is asked in one of these ways only. Digests must be of the very answers, too.
    """
    case = supported(engine, case)
    first = list(_answers(engine, case, plan))
    engine.close()
    second = list(_step_by_step(engine, case, plan))
    for place, (once, again) in enumerate(zip(first, second, strict=False)):
        if once != again:
            return first_difference(f"event {place + 1}", heard_object(once), heard_object(again))
    if len(first) != len(second):
        return Difference("determinism", "all", f"{len(first)} answers", f"{len(second)} answers")
    return _digested(engine, case, plan, first)


def _answers(engine: Engine, case: Case, plan: Plan) -> Iterator[Heard]:
    if engine.begin(case.header) is None:
        yield from engine.answers(case.events, LEVELS[plan.level].want)


def _step_by_step(engine: Engine, case: Case, plan: Plan) -> Iterator[Heard]:
    if engine.begin(case.header) is not None:
        return
    for event in case.events:
        heard = engine.alone(event, LEVELS[plan.level].want)
        yield heard
        if isinstance(heard, Silence):
            return


def first_difference(where: str, once: Any, again: Any) -> Difference:
    """The first field that differs of two answers that are not the same, as JSON has them."""
    if not (isinstance(once, dict) and isinstance(again, dict)):
        return Difference("determinism", where, *("nothing" if one is None else str(one) for one in (once, again)))
    name = next(name for name in {**once, **again} if once.get(name) != again.get(name))
    return first_difference(f"{where} {name}", once.get(name), again.get(name))


def heard_object(heard: Heard) -> JsonObject:
    """What was heard of an event as an object; a verdict is told with its reason."""
    match heard:
        case Silence(limit_s=limit_s):
            return {"answer": f"nothing within {limit_s:g} s"}
        case Accepted():
            return {**answer_object(heard), "answer": "accepted"}
        case Refused(reason=why) | Unsupported(capability=why) | Errored(message=why):
            return {**answer_object(heard), "answer": f"{answer_object(heard)['answer']} ({why})"}


def canonical(answer: Answer, want: Want) -> Answer:
    """An answer as a digest has it: no more than was asked for, and amounts in their shortest form."""
    if not isinstance(answer, Accepted) or answer.changes is None:
        return answer
    kinds = {name: {key: _shortest(text) for key, text in getattr(answer.changes, name).items()} for name in CHANGES}
    return reduced(attrs.evolve(answer, changes=Changes(**kinds), choices=(), terms=()), want)


def _shortest(text: str) -> str:
    units = read_amount(text)
    return text if units is None else shortest_decimal(units)


def _digested(engine: Engine, case: Case, plan: Plan, heard: Sequence[Heard]) -> Difference | None:
    """Where the digest of answers, if the engine gives any, is not that of the answers that it gave."""
    answers = [canonical(one, LEVELS[plan.level].want) for one in heard if not isinstance(one, Silence)]
    if "digest" not in engine.hello.capabilities or len(answers) != len(heard) or engine.begin(case.header) is not None:
        return None
    for place in range(0, len(answers), BATCH):
        batch, told = case.events[place : place + BATCH], answers[place : place + BATCH]
        digest = engine.session.digest([event_object(event) for event in batch], LEVELS[plan.level].want)
        if not isinstance(digest, Digest):
            return None
        if (digest.steps, digest.sha256) != (len(told), digest_of(told)):
            where = f"events {place + 1} to {place + len(told)}"
            return Difference("determinism", where, f"answers of the digest {digest_of(told)}", digest.sha256)
    return None


def supported(engine: Engine, case: Case) -> Case:
    """A case without the events that the engine has nothing for; without any if it has nothing for the header."""
    if engine.lacks(needed_by_header(case.header)):
        return attrs.evolve(case, events=())
    return attrs.evolve(case, events=tuple(one for one in case.events if not engine.lacks(needed_by_event(one))))
