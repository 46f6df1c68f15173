"""The story of a first difference: what, where, by which clause, by which term, and what would explain it."""

import json
import shlex
from typing import Any

import attrs

from marginspec_conformance.comparing.differences import BY_LEVEL, Difference
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.comparing.judging import Judged
from marginspec_conformance.driving.checking import Case, Checked, Plan
from marginspec_conformance.faults.candidates import Candidate, Candidates, candidates_for
from marginspec_conformance.protocol.messages import DECISIONS, Accepted, Unsupported
from marginspec_conformance.stories.blaming import clause_of, sentence_for
from marginspec_conformance.stories.margins import margins_text, told_domains
from marginspec_conformance.stories.refusing import refusal_text
from marginspec_journal.events import event_object

MOST_AGREED = 24
"""So many events before a difference must come out with a fault as they do without."""
LISTED = 8
"""So many other differences are told by name."""
MOST_CANDIDATES = 3
"""So many faults that would explain an answer are told."""
FIGURES = ("positions", "ledger", "claims")
LONGEST_EVENT = 400
"""A longer line of an event is cut."""


@attrs.frozen
class Story:
    """What an engine got wrong at an event.

    `place` is the event's number, from 1. `clause` is the one that the first difference falls under, by the rules'
    trace; the faults that explain the answer stand beside it. `refusal` says where and with which figures the rulebook
    refuses, `margins` the equity and maintenance of whom the difference is about, `agreeing` what of the event is not
    affected, `term` which of the terms that the engine told is wrong. `explain` shows how the rulebook comes to it.
    """

    place: int
    event: dict[str, Any]
    clause: str
    sentence: str
    first: Difference
    others: tuple[Difference, ...]
    agreeing: str
    refusal: str
    margins: str
    term: str
    candidates: Candidates
    command: str
    explain: str = ""

    def lines(self) -> list[str]:
        """The story as lines for people."""
        line = json.dumps({"type": self.event["type"], **self.event}, ensure_ascii=False)
        told = [
            f"event {self.place} ({self.event['type']}): {self.first}",
            f"asked: {line if len(line) <= LONGEST_EVENT else f'{line[:LONGEST_EVENT]}…'}",
            f"clause {self.clause}: {self.sentence}",
        ]
        if self.first.kind == "reason":
            told.append("of all reasons that apply, to either party, the first in the order of the rulebook is given")
        if self.refusal:
            told.append(f"refused {self.refusal}")
        if self.margins:
            told.append(f"by the rulebook: {self.margins}")
        if self.term:
            told.append(f"first term that differs: {self.term}")
        told += [f"also: {other}" for other in self.others[:LISTED]]
        if len(self.others) > LISTED:
            told.append(f"and {len(self.others) - LISTED} more")
        told.append(f"not affected: {self.agreeing}")
        told += [candidate_line(one) for one in self.candidates.found[:MOST_CANDIDATES]]
        if len(self.candidates.found) > MOST_CANDIDATES:
            told.append(f"and by {len(self.candidates.found) - MOST_CANDIDATES} more")
        if not self.candidates.found:
            reason = self.candidates.not_tried or f"none of {self.candidates.tried} gives this answer"
            told.append(f"candidate faults: {reason}")
        if self.explain:
            told.append(f"explain: {self.explain}")
        return [*told, f"again: {self.command}"]

    def object(self) -> dict[str, Any]:
        """The story as JSON has it."""
        return attrs.asdict(self)


def candidate_line(candidate: Candidate) -> str:
    """A fault that explains the answer, as people read it."""
    clauses = f" [{', '.join(candidate.clauses)}]" if candidate.clauses else ""
    return f"would be explained by: {candidate.what}{clauses}"


def tell(
    case: Case, checked: Checked, command: str, plan: Plan, explain: str = "", *, with_faults: bool = True
) -> Story:
    """The story of the first difference of a case; trying the faults takes some seconds.

    `explain` is the command that explains the case's journal, but for the number of the event.
    """
    judged = checked.found
    assert judged is not None, "a story is told of a difference"
    first, *others = judged.differences
    candidates = Candidates((), 0, "not sought; `run --explain` seeks them")
    if isinstance(judged.heard, Unsupported):
        candidates = Candidates((), 0, "not sought, as the engine decided nothing")
    elif with_faults and judged.heard is not None:
        agreed = agreed_before(case, checked.place)
        candidates = candidates_for(judged.expected, judged.heard, plan.level >= 4, agreed)
    clause = clause_of(judged)
    return Story(
        checked.place + 1,
        event_object(judged.expected.event),
        clause,
        sentence_for(judged, clause),
        first,
        tuple(others),
        agreeing(judged, plan.level),
        refusal_text(judged.expected),
        margins_text(judged),
        first_term(judged.differences),
        candidates,
        command,
        explained(judged, explain, checked.place + 1),
    )


def explained(judged: Judged, explain: str, place: int) -> str:
    """The command that explains an event, or the account after it of which the rulebook has another decision."""
    if not explain:
        return ""
    stays = [one for one in told_domains(judged) if one in judged.expected.after.positions_of]
    return f"{explain} {place}" + (f" --account {shlex.quote(stays[0].account)}" if stays else "")


def agreed_before(case: Case, place: int) -> list[Expected]:
    """The last events before one, as the rulebook takes them: the engine agreed on these."""
    state, agreed = case.start().state, list[Expected]()
    for event in case.events[:place]:
        agreed.append(expected_of(state, event))
        state = agreed[-1].after
    return agreed[-MOST_AGREED:]


def first_term(differences: tuple[Difference, ...]) -> str:
    """The first of the terms that an engine told and that is wrong; empty if there is none."""
    terms = (one for one in differences if one.kind == "term")
    return next((f"{one.name}: {one.expected}, the engine says {one.actual}" for one in terms), "")


def agreeing(judged: Judged, level: int) -> str:
    """What of the event was compared at a level and agrees; nothing else is said."""
    compared, kinds = BY_LEVEL[level], {one.kind for one in judged.differences}
    if kinds & {"verdict", "no answer", "errored", "books"} or isinstance(judged.heard, Unsupported):
        return "nothing more was compared of this event"
    answer = judged.expected.answer
    if not isinstance(answer, Accepted):
        return "the verdict"
    said = ["the verdict", *(name for name in DECISIONS if compared.decisions and name not in kinds)]
    for name in FIGURES if compared.balances and answer.changes else ():
        wrong = {one.name for one in judged.differences if one.kind == name}
        told = getattr(answer.changes, name)
        if right := len(told.keys() - wrong):
            said.append(f"{right} of {len(told)} changes of {name}")
    return ", ".join(said)
