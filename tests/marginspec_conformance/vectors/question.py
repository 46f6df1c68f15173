"""A question with its answer: what `marginspec calc` says of one domain, which an engine is asked at level 0."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import attrs

from marginspec_conformance.vectors.reading import suite_path
from marginspec_conformance.vectors.vector import ID_DIGITS, VECTOR_VERSION, content_hash, texts, versions
from marginspec_journal.canonical import JsonObject, sorted_json
from marginspec_journal.errors import InputError, unreadable
from marginspec_journal.header import check_rulebook
from marginspec_journal.strict_json import Node, parse_document
from marginspec_tools.calculate.calc import answer, question_id_of, question_of

QUESTIONS = "questions.jsonl"
FIELDS = ("vector", "rulebook", "id", "clause", "clauses", "why", "question", "expect", "sha256")
ENVELOPE = ("calc", "rulebook", "id", "kind")
"""What an answer of `marginspec calc` has besides its values."""


@attrs.frozen
class QuestionDraft:
    """What a person says of a question: its clause and name, why it is asked, and its kind, markets and domain."""

    clause: str
    slug: str
    why: str
    question: JsonObject
    clauses: tuple[str, ...] = ()


@attrs.frozen
class AskedQuestion:
    """A question of the suite as it is read: `asked` as engines are asked it, `expected` by field."""

    id: str
    clause: str
    clauses: tuple[str, ...]
    why: str
    asked: JsonObject
    expected: JsonObject
    sha256: str
    text: JsonObject = attrs.field(eq=False, repr=False)

    @property
    def kind(self) -> str:
        """What is asked: `band`, `maintenance` and so on."""
        kind: str = self.asked["kind"]
        return kind


def rulebook_answer(question: JsonObject) -> JsonObject:
    """What the rulebook answers to a question, by field; InputError if it is malformed."""
    node = Node("question", None, "", question)
    values = answer(question_of(node, question_id_of(node)))
    return {name: value for name, value in values.items() if name not in ENVELOPE}


def question_object(draft: QuestionDraft) -> JsonObject:
    """The question of a draft with its answer, as JSON; the specification answers."""
    asked = {"id": draft.slug, **draft.question}
    content: JsonObject = {
        **versions(),
        "clause": draft.clause,
        "clauses": sorted({draft.clause, *draft.clauses}),
        "why": draft.why,
        "question": asked,
        "expect": rulebook_answer(asked),
    }
    digest = content_hash(content)
    return {**content, "id": f"{draft.clause}/{draft.slug}/{digest[:ID_DIGITS]}", "sha256": digest}


def asked_question_of(root: Node) -> AskedQuestion:
    """The question that a document states; InputError if it is none, or its sha256 or id is not that of its content."""
    fields = root.record(FIELDS)
    if fields["vector"].integer() != VECTOR_VERSION:
        fields["vector"].fail(f"unknown version, expected {VECTOR_VERSION}")
    check_rulebook(fields["rulebook"])
    question_of(fields["question"], question_id_of(fields["question"]))
    found = content_hash(root.fields())
    if fields["sha256"].sha256() != found:
        fields["sha256"].fail(f"the content's is {found}")
    if not fields["id"].text().endswith(f"/{found[:ID_DIGITS]}"):
        fields["id"].fail(f"must end in /{found[:ID_DIGITS]}")
    return AskedQuestion(
        id=fields["id"].text(),
        clause=fields["clause"].text(),
        clauses=texts(fields["clauses"]),
        why=fields["why"].text(),
        asked=fields["question"].fields(),
        expected=fields["expect"].fields(),
        sha256=found,
        text=root.fields(),
    )


def read_questions(path: Path | None = None) -> Iterator[AskedQuestion]:
    """The questions of a file of JSON Lines, or without a path those of the suite, in order.

    InputError if the file cannot be read, or a line is no question or is not what its sha256 says.
    """
    place = questions_path() if path is None else path
    try:
        with place.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield asked_question_of(parse_document(line, str(place), number))
    except OSError as error:
        raise unreadable(place, error) from None


def questions_of(
    names: Sequence[str] = (), shard: tuple[int, int] = (1, 1), path: Path | None = None
) -> list[AskedQuestion]:
    """The questions of some clauses or ids, or all, of one shard of several; InputError if a name is of none."""
    number, count = shard
    found = list(read_questions(path))
    unknown = set(names).difference(*({one.id, *one.clauses} for one in found))
    if unknown:
        raise InputError("CLAUSE", None, None, f"no question is of {', '.join(sorted(unknown))}")
    return list(among(found, names))[number - 1 :: count]


def among(questions: Iterable[AskedQuestion], names: Sequence[str]) -> Iterator[AskedQuestion]:
    """The questions that have one of the names, as id or clause; all if there are no names."""
    for one in questions:
        if not names or not {one.id, *one.clauses}.isdisjoint(names):
            yield one


def questions_path() -> Path:
    """Where the suite's questions stand in the installed package."""
    return suite_path().with_name(QUESTIONS)


def questions_text(questions: Iterable[JsonObject]) -> bytes:
    """Questions as JSON Lines."""
    return b"".join(sorted_json(one) + b"\n" for one in questions)


def questions_entry(questions: Sequence[JsonObject]) -> JsonObject:
    """What a manifest says of questions: how many there are, of each kind and clause, and every sha256."""
    kinds = [one["question"]["kind"] for one in questions]
    clauses = [clause for one in questions for clause in one["clauses"]]
    return {
        "count": len(questions),
        "kinds": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "clauses": {clause: clauses.count(clause) for clause in sorted(set(clauses))},
        "file": {"name": QUESTIONS, "sha256": sha256(questions_text(questions)).hexdigest()},
        "sha256": {one["id"]: one["sha256"] for one in questions},
    }
