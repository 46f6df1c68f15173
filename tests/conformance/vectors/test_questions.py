"""The questions of level 0: read, listed, exported and verified."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from marginspec_conformance.vectors.command import command
from marginspec_conformance.vectors.question import questions_of, questions_text, read_questions, rulebook_answer
from marginspec_conformance.vectors.reading import suite_manifest
from marginspec_conformance.vectors.vector import content_hash
from marginspec_journal import InputError
from marginspec_journal.canonical import JsonObject

KINDS = {
    ("ADL-02", "adl_score"),
    ("MKT-02", "tier"),
    ("MRG-02", "initial"),
    ("MRG-04", "maintenance"),
    ("MRG-07", "band"),
    ("MRG-08", "bankruptcy"),
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments])


def written(folder: Path, *questions: JsonObject) -> Path:
    path = folder / "questions.jsonl"
    path.write_bytes(questions_text(questions))
    return path


def test_each_clause_has_its_kind_of_question() -> None:
    found = questions_of()
    assert {(one.clause, one.kind) for one in found} == KINDS
    assert len(found) >= 100
    assert len({one.id for one in found}) == len(found)


def test_questions_are_chosen_by_clause_id_and_shard() -> None:
    of_clause = questions_of(["MRG-08"])
    assert {one.clause for one in of_clause} == {"MRG-08"}
    assert questions_of([of_clause[3].id]) == [of_clause[3]]
    assert questions_of(["MRG-08"], (2, 4)) == of_clause[1::4]
    with pytest.raises(InputError, match=r"^CLAUSE: no question is of LIQ-98, LIQ-99$"):
        questions_of(["LIQ-99", "MRG-08", "LIQ-98"])


def test_list_shows_questions() -> None:
    lines = run("list", "--questions", "ADL-02").stdout.splitlines()
    found = questions_of(["ADL-02"])
    assert lines[0].split() == ["id", "kind", "why"]
    assert [line.split()[0] for line in lines if line.startswith("ADL-02/")] == [one.id for one in found]
    manifest = suite_manifest()
    assert lines[-1] == f"{len(found)} of {manifest['questions']['count']} questions of suite {manifest['suite']}"


def test_list_as_json() -> None:
    [first, *_] = map(json.loads, run("list", "--questions", "--json", "ADL-02").stdout.splitlines())
    [question, *_] = questions_of(["ADL-02"])
    names = ("id", "clause", "clauses", "why", "sha256")
    assert first == {**{name: question.text[name] for name in names}, "kind": "adl_score"}


def test_what_is_exported_is_verified(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    outcome = run("export", folder, "MRG-07", "--shard", "1/30")
    assert outcome.exit_code == 0, outcome.output
    found = questions_of(["MRG-07"])
    assert list(read_questions(folder / "questions.jsonl")) == found
    verified = run("verify", folder)
    assert verified.exit_code == 0
    assert verified.stdout.endswith(f" events, {len(found)} questions: no differences\n")
    written(folder, *(one.text for one in found[1:]))
    refused = run("verify", folder).exception
    assert str(refused) == f"{folder / 'questions.jsonl'}: sha256: the manifest lists other vectors"


def test_verify_finds_an_answer_that_the_specification_does_not_give(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run("export", folder, "MRG-08", "--shard", "1/30")
    [first, *_] = questions_of(["MRG-08"])
    wrong = {**first.text, "expect": {"bankruptcy_price": "1.00"}}
    wrong["sha256"] = content_hash(wrong)
    wrong["id"] = f"{first.id[:-8]}{wrong['sha256'][:8]}"
    written(folder, wrong)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["questions"]["sha256"] = {wrong["id"]: wrong["sha256"]}
    path.write_text(json.dumps(manifest), "utf-8")
    outcome = run("verify", folder)
    assert outcome.exit_code == 1
    assert outcome.stdout.splitlines()[0] == f"{wrong['id']}: not what the specification answers"
    assert outcome.stdout.endswith(" events, 1 questions: 1 differences\n")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"vector": 2}, "vector: unknown version, expected 1"),
        ({"why": "for another reason"}, "sha256: the content's is "),
        ({"id": "MRG-08/debt/00000000"}, "id: must end in /"),
        ({"more": 1}, "more: unknown field"),
        ({"question": {}}, "question.id: missing"),
    ],
)
def test_what_is_no_question_is_refused(tmp_path: Path, changed: JsonObject, refusal: str) -> None:
    [first, *_] = questions_of(["MRG-08"])
    path = written(tmp_path, {**first.text, **changed})
    with pytest.raises(InputError) as refused:
        list(read_questions(path))
    assert str(refused.value).startswith(f"{path}:1: {refusal}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        list(read_questions(tmp_path / "none.jsonl"))


def test_the_rulebook_answers_as_calc_does() -> None:
    [first, *_] = questions_of(["MRG-08"])
    assert rulebook_answer(first.asked) == first.expected
