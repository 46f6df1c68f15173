"""`vectors list`, `export` and `verify`."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from marginspec_conformance.vectors.command import command
from marginspec_conformance.vectors.making import draft_of, vector_object
from marginspec_conformance.vectors.reading import suite_manifest, vectors_of
from marginspec_conformance.vectors.vector import content_hash
from marginspec_conformance.vectors.writing import file_of, indented
from marginspec_journal import InputError, open_journal
from marginspec_journal.states import read_state


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    outcome = run("export", tmp_path / "out", "WTF-02")
    assert outcome.exit_code == 0, outcome.output
    return tmp_path / "out"


def remove_all_but(folder: Path, name: str = "") -> None:
    """Remove all files of a folder but those of one vector."""
    for path in folder.rglob("*"):
        if path.is_file() and path.with_suffix(".json") != folder / name:
            path.unlink()


def test_list_says_what_there_is() -> None:
    found = list(vectors_of(["WTF-02"]))
    lines = run("list", "WTF-02").stdout.splitlines()
    assert lines[0].split() == ["id", "kind", "events", "why"]
    assert [line.split()[0] for line in lines if line.count("/") >= 2] == [one.id for one in found]
    assert lines[-1] == f"{len(found)} of {suite_manifest()['count']} vectors of suite {suite_manifest()['suite']}"


def test_list_as_json_has_all_but_the_journals() -> None:
    [first, *_] = map(json.loads, run("list", "WTF-02", "--json").stdout.splitlines())
    [vector, *_] = vectors_of(["WTF-02"])
    names = ("id", "clause", "clauses", "kind", "why", "flags", "venues", "sha256")
    assert first == {**{name: vector.text[name] for name in names}, "steps": len(vector.steps)}


def test_what_is_exported_is_all_there_is_of_a_vector(folder: Path) -> None:
    found = list(vectors_of(["WTF-02"]))
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["sha256"] == {one.id: one.sha256 for one in found}
    assert manifest["count"] == len(found)
    for one in found:
        path = folder / file_of(one.id)
        assert json.loads(path.read_text("utf-8")) == one.text
        journal = open_journal(path.with_suffix(".jsonl"))
        assert (journal.header, tuple(record.event for record in journal)) == (one.header, one.events)
    outcome = run("verify", folder)
    steps = sum(len(one.steps) for one in found)
    assert (outcome.exit_code, outcome.stdout) == (0, f"{len(found)} vectors, {steps} events: no differences\n")


def test_a_vector_from_a_state_is_exported_with_the_state(tmp_path: Path) -> None:
    [vector, *_] = (one for one in vectors_of(["NUM-03"]) if one.opened is not None)
    assert run("export", tmp_path / "out", vector.id).exit_code == 0
    path = (tmp_path / "out" / file_of(vector.id)).with_suffix(".start.json")
    assert read_state(path) == vector.opened
    steps = len(vector.steps)
    outcome = run("verify", tmp_path / "out")
    assert (outcome.exit_code, outcome.stdout) == (0, f"1 vectors, {steps} events: no differences\n")
    path.write_bytes(path.read_bytes() + b"\n")
    refused = run("verify", tmp_path / "out").exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{path}: not the state of the vector beside it"


def test_export_writes_into_nothing_that_is_there(folder: Path) -> None:
    refused = run("export", folder, "WTF-02").exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{folder}: cannot be written: it exists already"


def test_verify_finds_a_journal_that_is_another_vectors(folder: Path) -> None:
    path = min(folder.rglob("*/*.jsonl"))
    path.write_bytes(path.read_bytes() + b"\n")
    refused = run("verify", folder).exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{path}: not the journal of the vector beside it"


def test_verify_finds_a_vector_that_the_manifest_does_not_list(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    first = min(manifest["sha256"])
    manifest["sha256"][first] = "0" * 64
    path.write_text(json.dumps(manifest), "utf-8")
    refused = run("verify", folder).exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{folder}: {first}: the manifest does not list it with this sha256"


def test_verify_leaves_no_folder_by_a_name(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({"sha256": {"../../etc": "0" * 64}}), "utf-8")
    refused = run("verify", folder).exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{path}: sha256: not the id of a vector: '../../etc'"


def test_verify_finds_an_answer_that_the_specification_does_not_give(folder: Path) -> None:
    [vector, *_] = vectors_of(["WTF-02"])
    wrong = json.loads(json.dumps(vector.text))
    wrong["steps"][-1]["expect"]["levied"] = ["zoe:USD"]
    wrong["sha256"] = content_hash(wrong)
    wrong["id"] = f"{vector.id[:-8]}{wrong['sha256'][:8]}"
    for suffix in (".json", ".jsonl"):
        old = (folder / file_of(vector.id)).with_suffix(suffix)
        old.rename((folder / file_of(wrong["id"])).with_suffix(suffix))
    remove_all_but(folder, file_of(wrong["id"]))
    (folder / file_of(wrong["id"])).write_bytes(indented(wrong))
    (folder / "manifest.json").write_text(json.dumps({"sha256": {wrong["id"]: wrong["sha256"]}}), "utf-8")
    outcome = run("verify", folder)
    number = len(vector.steps)
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (
        1,
        [
            f"{wrong['id']}: step {number}: levied is ['zoe:USD'], the specification says []",
            f"1 vectors, {number} events: 1 differences",
        ],
    )


def test_verify_finds_garbage(folder: Path) -> None:
    path = min(folder.rglob("*/*.json"))
    path.write_bytes(b"\x00\xff{")
    refused = run("verify", folder).exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{path}: not UTF-8 at byte 2"


def test_verify_finds_that_a_vector_is_missing(folder: Path) -> None:
    path = min(folder.rglob("*/*.json"))
    path.unlink()
    refused = run("verify", folder).exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{path}: cannot be read: No such file or directory"


def test_verify_finds_one_vector_in_the_place_of_another(folder: Path) -> None:
    first, second, *_ = sorted(folder.rglob("*/*.json"))
    for suffix in (".json", ".jsonl"):
        first.with_suffix(suffix).write_bytes(second.with_suffix(suffix).read_bytes())
    refused = run("verify", folder).exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{folder}: sha256: the manifest lists other vectors"


@pytest.mark.parametrize("name", ["notes.txt", "WTF-02/more.json", "questions.jsonl.bak"])
def test_verify_finds_a_file_more(folder: Path, name: str) -> None:
    (folder / name).write_text("{}", "utf-8")
    refused = run("verify", folder).exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{folder / name}: the manifest does not list it"


def test_an_export_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import os, signal\n"
        "from marginspec_conformance.vectors import exporting, writing\n"
        "done = []\n"
        "right = writing.journal_text\n"
        "def dying(vector):\n"
        "    done.append(vector)\n"
        "    return right(vector) if len(done) < 3 else os.kill(os.getpid(), signal.SIGKILL)\n"
        "writing.journal_text = dying\n"
        "exporting.command(['out', 'WTF-02'])\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "out").exists()
    assert run("export", tmp_path / "out", "WTF-02").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_verify_of_nothing_is_no_success(folder: Path) -> None:
    remove_all_but(folder)
    (folder / "manifest.json").write_text('{"sha256": {}}', "utf-8")
    refused = run("verify", folder).exception
    assert isinstance(refused, InputError)
    assert str(refused) == f"{folder}: there is no vector to check"


def test_verify_takes_a_shard_of_the_suite() -> None:
    outcome = run("verify", "--shard", "1/40")
    assert outcome.exit_code == 0
    assert re.fullmatch(r"\d+ vectors, \d+ events, \d+ questions: no differences\n", outcome.stdout)


def test_a_vector_is_made_again_from_itself() -> None:
    for vector in vectors_of(["FND-01"]):
        assert vector_object(draft_of(vector)) == vector.text
