"""The suite as a whole: it is what its drafts give, and it lacks nothing that it should have."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from marginspec.model.rejections import Reason
from marginspec_conformance.protocol.messages import Accepted, Refused
from marginspec_conformance.vectors import Vector, read_vectors, vectors_of
from marginspec_conformance.vectors.making import vector_object
from marginspec_conformance.vectors.question import question_object, questions_entry, read_questions
from marginspec_conformance.vectors.reading import suite_manifest, suite_path
from marginspec_conformance.vectors.writing import manifest_of
from marginspec_journal import open_journal
from worlds.suite import questions
from worlds.suite.drafts import VERSION, drafts

ROOT = Path(__file__).parents[3]
CLAUSES = sorted(
    clause
    for page in (ROOT / "docs" / "rulebook").glob("*.md")
    for clause in re.findall(r"^### ([A-Z]{3}-\d\d) ", page.read_text("utf-8"), re.MULTILINE)
)
NOT_OF_EVENTS = {
    "ADL-05": "the indicator is shown, and no event or answer of the protocol depends on it",
    "INV-03": "what invariants say is checked of every answer (level 1), not by a vector of their own",
    "INV-04": "likewise",
    "INV-12": "likewise",
}
"""Clauses without a vector, and why."""
NEVER_REFUSE = {*("ADL-01", "ADL-02", "LED-01", "LIQ-02", "LIQ-03", "MRG-07", "MRG-08", "NUM-02", "SET-01")}
"""Clauses that say what happens, and never that an event is refused."""

NOT_OF_RULES = {
    *("ADL-05", "MRG-07", "MRG-08"),
    *(f"INV-{number:02}" for number in (1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 14)),
}
"""Clauses that no rule runs within an event: checked on its outcome, or asked for."""


@pytest.fixture(scope="module")
def suite() -> list[Vector]:
    return list(read_vectors())


def test_the_suite_is_what_its_drafts_give(suite: list[Vector]) -> None:
    made = [vector_object(draft) for draft in drafts()]
    assert [one.text for one in suite] == made
    asked = [question_object(one) for one in questions.drafts()]
    assert [one.text for one in read_questions()] == asked
    assert suite_manifest() == {
        **manifest_of(VERSION, made, suite_path().name, suite_path().read_bytes()),
        "questions": questions_entry(asked),
    }


def test_every_clause_has_vectors_that_accept_and_refuse(suite: list[Vector]) -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for one in suite:
        for clause in one.clauses:
            kinds[clause].add("refuses" if isinstance(one.answers[-1], Refused) else "accepts")
    assert {clause for clause in CLAUSES if clause not in kinds} == set(NOT_OF_EVENTS)
    assert set(kinds) <= set(CLAUSES)
    rules = {clause for clause in kinds if not clause.startswith("INV")}
    assert {clause for clause in rules if "accepts" not in kinds[clause]} == set()
    assert {clause for clause in rules if "refuses" not in kinds[clause]} == NEVER_REFUSE


def test_a_vector_runs_the_clause_that_it_is_about(suite: list[Vector]) -> None:
    ran = {one.id: set[str]().union(*(step.clauses for step in one.steps)) for one in suite}
    of_rules = set[str]().union(*ran.values())
    assert [one.id for one in suite if one.clause in of_rules - ran[one.id]] == []
    assert set(CLAUSES) - of_rules == NOT_OF_RULES


def test_every_reason_has_vectors(suite: list[Vector]) -> None:
    last = [one.answers[-1] for one in suite if one.kind == "must_reject"]
    assert {answer.reason for answer in last if isinstance(answer, Refused)} == {reason.value for reason in Reason}


def test_a_kind_is_that_of_the_last_answer(suite: list[Vector]) -> None:
    for one in suite:
        right = "acceptable" if one.venues else "valid" if isinstance(one.answers[-1], Accepted) else "must_reject"
        assert one.kind == right, one.id


def test_every_incident_has_a_vector(suite: list[Vector]) -> None:
    page = (ROOT / "docs" / "incidents.md").read_text("utf-8")
    incidents = set(re.findall(r"^\| (IN-\d\d) \|", page, re.MULTILINE))
    assert incidents == {name for one in suite for name in re.findall(r"IN-\d\d", one.why)}


def test_the_short_suite_has_every_clause_kind_flag_and_reason(suite: list[Vector]) -> None:
    short = list(vectors_of(smoke=True))

    def touched(vectors: list[Vector]) -> set[str]:
        reasons = {one.answers[-1].reason for one in vectors if isinstance(one.answers[-1], Refused)}
        return reasons.union(*((*one.clauses, *one.flags, one.kind) for one in vectors))

    assert touched(short) == touched(suite)
    assert len(short) < 80


def test_the_bare_form_is_the_last_step(suite: list[Vector]) -> None:
    for one in suite[::40]:
        opened, event = one.bare
        assert event == one.events[-1]
        assert opened.events == (one.opened.events if one.opened else 0) + len(one.steps) - 1


RECORDED = [
    path
    for folder in ("golden", "cases", "attacks", "witnesses")
    for path in sorted((ROOT / "tests" / "vectors" / folder).glob("*.jsonl"))
]


def test_every_recorded_journal_is_a_vector(suite: list[Vector]) -> None:
    known = {(one.header, one.events) for one in suite}
    found = {path.name: open_journal(path) for path in RECORDED}
    missing = {
        name
        for name, journal in found.items()
        if (journal.header, tuple(record.event for record in journal)) not in known
    }
    assert len(found) > 100
    assert missing == set()
