"""The story of a first difference: what, where, by which clause, by which term, and what would explain it."""

from collections import Counter
from typing import Any

import attrs

from marginspec_conformance.comparing.differences import Difference
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.comparing.judging import Judged
from marginspec_conformance.driving.checking import Case, Checked, Plan
from marginspec_conformance.faults.candidates import Candidate, Candidates, candidates_for
from marginspec_conformance.protocol.messages import Accepted
from marginspec_conformance.stories.blaming import Blamed, blamed, sentence_for
from marginspec_journal.events import event_object

MOST_AGREED = 24
"""So many events before a difference must come out with a fault as they do without."""
LISTED = 8
"""So many other differences, or candidates, are told by name."""


@attrs.frozen
class Story:
    """What an engine got wrong at an event.

    `place` is the event's number, from 1. `clause` is the one blamed, by the trace and the faults that explain the
    answer. `agreeing` says what of the event is not affected.
    """

    place: int
    event: dict[str, Any]
    clause: str
    sentence: str
    first: Difference
    others: tuple[Difference, ...]
    agreeing: str
    term: str
    candidates: Candidates
    command: str

    def lines(self) -> list[str]:
        """The story as lines for people."""
        told = [f"event {self.place} ({self.event['type']}): {self.first}", f"clause {self.clause}: {self.sentence}"]
        if self.term:
            told.append(f"first term that differs: {self.term}")
        told += [f"also: {other}" for other in self.others[:LISTED]]
        if len(self.others) > LISTED:
            told.append(f"and {len(self.others) - LISTED} more")
        told.append(f"not affected: {self.agreeing}")
        told += [candidate_line(one) for one in self.candidates.found[:LISTED]]
        if not self.candidates.found:
            reason = self.candidates.not_tried or f"none of {self.candidates.tried} gives this answer"
            told.append(f"candidate faults: {reason}")
        return [*told, f"again: {self.command}"]

    def object(self) -> dict[str, Any]:
        """The story as JSON has it."""
        return attrs.asdict(self)


def candidate_line(candidate: Candidate) -> str:
    """A fault that explains the answer, as people read it."""
    return f"would be explained by: {candidate.what} [{', '.join(candidate.clauses)}]"


def tell(case: Case, checked: Checked, command: str, plan: Plan, *, with_faults: bool = True) -> Story:
    """The story of the first difference of a case; trying the faults takes some seconds."""
    judged = checked.found
    assert judged is not None, "a story is told of a difference"
    first, *others = judged.differences
    candidates = Candidates((), 0, "not sought; `run --explain` seeks them")
    if with_faults and judged.heard is not None:
        agreed = agreed_before(case, checked.place)
        candidates = candidates_for(judged.expected, judged.heard, plan.level >= 4, agreed)
    clause = agreed_clause(blamed(judged), candidates)
    return Story(
        checked.place + 1,
        event_object(judged.expected.event),
        clause,
        sentence_for(judged, clause),
        first,
        tuple(others),
        agreeing(judged),
        first_term(judged.differences, candidates),
        candidates,
        command,
    )


def agreed_before(case: Case, place: int) -> list[Expected]:
    """The last events before one, as the rulebook takes them: the engine agreed on these."""
    state, agreed = case.start().state, list[Expected]()
    for event in case.events[:place]:
        agreed.append(expected_of(state, event))
        state = agreed[-1].after
    return agreed[-MOST_AGREED:]


def agreed_clause(by_trace: Blamed, candidates: Candidates) -> str:
    """The clause of the trace, if a fault under it explains the answer; else that of most of the faults that do.

    What the trace only hints at counts no more than a fault. Without any fault the trace alone is there.
    """
    counts = Counter(one.clauses[0] for one in candidates.found if one.clauses)
    if not counts or (by_trace.is_shown and by_trace.clause in counts):
        return by_trace.clause
    return counts.most_common(1)[0][0]


def first_term(differences: tuple[Difference, ...], candidates: Candidates) -> str:
    """The first term that differs: as the engine told it, else as the faults have it that explain the answer."""
    for one in differences:
        if one.kind == "term":
            return f"{one.name}: {one.expected}, the engine says {one.actual}"
    for fault in candidates.found:
        if fault.term:
            return f"{fault.term}: {fault.expected}, with the fault {fault.actual}"
    return ""


def agreeing(judged: Judged) -> str:
    """What of the event was compared and agrees."""
    kinds = {one.kind for one in judged.differences}
    if kinds & {"verdict", "no answer", "errored"}:
        return "nothing more was compared of this event"
    answer = judged.expected.answer
    if not isinstance(answer, Accepted) or answer.changes is None:
        return "the verdict"
    said = ["the verdict", *(name for name in ("liquidated", "deleveraged", "levied") if name not in kinds)]
    for name in ("positions", "ledger", "claims"):
        wrong = sum(one.kind == name for one in judged.differences)
        told: int = len(getattr(answer.changes, name))
        if told > wrong:
            said.append(f"{told - wrong} of {told} changes of {name}")
    return ", ".join(said)
