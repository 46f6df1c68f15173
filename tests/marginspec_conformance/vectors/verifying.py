"""`marginspec vectors verify`: that vectors are as they were made, and that the rulebook still answers as they say."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click

from marginspec_conformance.vectors.making import draft_of, vector_object
from marginspec_conformance.vectors.question import QUESTIONS, AskedQuestion, read_questions, rulebook_answer
from marginspec_conformance.vectors.reading import MANIFEST, read_vectors, shard_of, suite_path
from marginspec_conformance.vectors.vector import Vector, vector_of
from marginspec_conformance.vectors.writing import JOURNAL, START, beside, file_of
from marginspec_journal.canonical import JsonObject
from marginspec_journal.errors import InputError
from marginspec_journal.strict_json import read_document
from marginspec_tools.console import DIVERGED, one_line

Kept = TypeVar("Kept", Vector, AskedQuestion)


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--shard", default="1/1", show_default=True, help="One of several parts only, such as 2/5.")
@click.pass_context
def command(ctx: click.Context, folder: Path | None, shard: str) -> None:
    """Check the vectors of the suite, or those exported into FOLDER.

    Each must be what its sha256 and the manifest say, and the specification must answer each event as it is written.

    Exit codes: 0 all holds; 1 a vector differs; 2 wrong usage or input.
    """
    number, count = shard_of(shard)
    vectors = list(islice(suite_vectors() if folder is None else folder_vectors(folder), number - 1, None, count))
    if not vectors:
        raise InputError(str(folder or "--shard"), None, None, "there is no vector to check")
    wrong = 0
    for vector in vectors:
        for difference in differences(vector):
            click.echo(f"{one_line(vector.id)}: {one_line(difference)}")
            wrong += 1
    questions = list(islice(folder_questions(folder or suite_path().parent), number - 1, None, count))
    for question in questions:
        if question.expected != rulebook_answer(question.asked):
            click.echo(f"{one_line(question.id)}: not what the specification answers")
            wrong += 1
    steps = sum(len(one.steps) for one in vectors)
    counted = f"{len(vectors)} vectors, {steps} events" + (f", {len(questions)} questions" if questions else "")
    click.echo(f"{counted}: {wrong or 'no'} differences")
    if wrong:
        ctx.exit(DIVERGED)


def suite_vectors() -> Iterator[Vector]:
    """The vectors of the suite; InputError if its file or one of them is not what the manifest says."""
    path = suite_path()
    manifest = read_document(path.with_name(MANIFEST))
    stated = manifest.member("file").member("sha256")
    if stated.text() != sha256(path.read_bytes()).hexdigest():
        stated.fail(f"{path.name} has another one")
    return listed(manifest.member("sha256").fields(), read_vectors(path), str(path))


def folder_vectors(folder: Path) -> Iterator[Vector]:
    """The vectors that a folder's manifest lists; InputError if one is missing or another one, or a file is more."""
    manifest = read_document(folder / MANIFEST)
    stated = manifest.member("sha256").fields()
    places = {name: place_of(folder, name) for name in stated}
    known = {folder / MANIFEST, *places.values()}
    known.update(place.with_suffix(suffix) for place in places.values() for suffix in (JOURNAL, START))
    known |= {folder / QUESTIONS} if "questions" in manifest.fields() else set()
    for path in sorted(folder.rglob("*")):
        if path not in known and not path.is_dir():
            raise InputError(str(path), None, None, "the manifest does not list it")
    return listed(stated, map(read_exported, places.values()), str(folder))


def place_of(folder: Path, name: str) -> Path:
    """Where a vector of a folder stands; InputError if its id is no id."""
    if name.count("/") != 2 or not name.replace("/", "").replace("-", "").replace("_", "").isalnum():
        raise InputError(str(folder / MANIFEST), None, "sha256", f"not the id of a vector: {name[:60]!r}")
    return folder / file_of(name)


def folder_questions(folder: Path) -> Iterator[AskedQuestion]:
    """The questions that a folder's manifest lists; InputError if one is missing, or is not what it says."""
    manifest = read_document(folder / MANIFEST)
    if "questions" not in manifest.fields():
        return iter(())
    path = folder / QUESTIONS
    return listed(manifest.member("questions").member("sha256").fields(), read_questions(path), str(path))


def read_exported(path: Path) -> Vector:
    """A vector of a folder; InputError if its journal, or the state that it begins from, is not its own."""
    vector = vector_of(read_document(path))
    own = beside(vector.text)
    for suffix, what in ((JOURNAL, "journal"), (START, "state")):
        file = path.with_suffix(suffix)
        if (file.read_bytes() if file.is_file() else None) != own.get(suffix):
            raise InputError(str(file), None, None, f"not the {what} of the vector beside it")
    return vector


def listed(stated: JsonObject, vectors: Iterator[Kept], place: str) -> Iterator[Kept]:
    """Vectors or questions, each with the sha256 that the manifest has for its id; InputError at the first without."""
    found = []
    for vector in vectors:
        if stated.get(vector.id) != vector.sha256:
            raise InputError(place, None, vector.id, "the manifest does not list it with this sha256")
        found.append(vector.id)
        yield vector
    if sorted(found) != sorted(stated):
        raise InputError(place, None, "sha256", "the manifest lists other vectors")


def differences(vector: Vector) -> Iterator[str]:
    """Where the specification answers otherwise than a vector says."""
    right = vector_object(draft_of(vector))
    for number, (stated, now) in enumerate(zip(vector.text["steps"], right["steps"], strict=True), 1):
        if stated["expect"] != now["expect"]:
            yield f"step {number}: {first_difference(stated['expect'], now['expect'])}"
            return
    for name in right:
        if name not in ("id", "sha256") and vector.text[name] != right[name]:
            yield f"{name}: not what the specification gives"
            return


def first_difference(stated: dict[str, Any], now: dict[str, Any]) -> str:
    """The first field of two expectations that differs, in words."""
    name = next(one for one in {**now, **stated} if stated.get(one) != now.get(one))
    return f"{name} is {stated.get(name)}, the specification says {now.get(name)}"
