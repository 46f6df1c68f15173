"""Writing vectors: the suite and its manifest, and folders for those who read them by their own tools."""

import gzip
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec_conformance.vectors.question import QUESTIONS, questions_entry, questions_text
from marginspec_conformance.vectors.reading import MANIFEST, SUITE
from marginspec_conformance.vectors.vector import VECTOR_VERSION
from marginspec_journal.atomic import atomic_writer
from marginspec_journal.canonical import JsonObject, sorted_json

JOURNAL, START = ".jsonl", ".start.json"
SMOKE = 60
"""About so many vectors are in the short suite."""


def write_suite(folder: Path, suite: str, vectors: Sequence[JsonObject], questions: Sequence[JsonObject]) -> None:
    """Write the suite's files and their manifest into a folder; equal vectors and questions give equal bytes."""
    packed = gzip.compress(suite_text(vectors), mtime=0)
    with atomic_writer(folder / SUITE) as stream:
        stream.write(packed)
    with atomic_writer(folder / QUESTIONS) as stream:
        stream.write(questions_text(questions))
    manifest = {**manifest_of(suite, vectors, SUITE, packed), "questions": questions_entry(questions)}
    with atomic_writer(folder / MANIFEST) as stream:
        stream.write(indented(manifest))


def suite_text(vectors: Iterable[JsonObject]) -> bytes:
    """Vectors as JSON Lines."""
    return b"".join(sorted_json(one) + b"\n" for one in vectors)


def manifest_of(suite: str, vectors: Sequence[JsonObject], file: str | None = None, packed: bytes = b"") -> JsonObject:
    """What a set of vectors holds: versions, counts by clause, kind and flag, the short suite, and every sha256."""
    clauses = Counter(clause for one in vectors for clause in one["clauses"])
    kinds, flags = Counter(one["kind"] for one in vectors), Counter(flag for one in vectors for flag in one["flags"])
    manifest: JsonObject = {
        "manifest": 1,
        "vector": VECTOR_VERSION,
        "rulebook": RULEBOOK_VERSION,
        "suite": suite,
        "count": len(vectors),
        "steps": sum(len(one["steps"]) for one in vectors),
        "kinds": dict(sorted(kinds.items())),
        "clauses": dict(sorted(clauses.items())),
        "flags": dict(sorted(flags.items())),
        "smoke": smoke_of(vectors),
        "sha256": {one["id"]: one["sha256"] for one in vectors},
    }
    return manifest if file is None else {**manifest, "file": {"name": file, "sha256": sha256(packed).hexdigest()}}


def smoke_of(vectors: Sequence[JsonObject]) -> list[str]:
    """The short suite: the fewest and shortest vectors found that have every clause, kind and reason of rejection.

    The next one taken is always the one that has the most of what is still missing, the shorter one of two, the first
    of those. If that leaves fewer than SMOKE, the shortest of the others fill it up, one of each clause at a time.
    """
    wanted = {one["id"]: touched(one) for one in vectors}
    missing: set[str] = set().union(*wanted.values())
    chosen: list[JsonObject] = []
    while missing:
        best = min(vectors, key=lambda one: (-len(wanted[one["id"]] & missing), len(one["steps"])))
        chosen.append(best)
        missing -= wanted[best["id"]]
    taken = {one["id"] for one in chosen}
    others = sorted((one for one in vectors if one["id"] not in taken), key=lambda one: len(one["steps"]))
    met: Counter[str] = Counter()
    for one in others:
        met[one["clause"]] += 1
        if met[one["clause"]] == 1 and len(taken) < SMOKE:
            taken.add(one["id"])
    return [one["id"] for one in vectors if one["id"] in taken]


def touched(vector: JsonObject) -> frozenset[str]:
    """What a vector is about: its clause, kind and flags, and the reason that it is refused for."""
    reason = vector["steps"][-1]["expect"].get("reason")
    return frozenset({vector["kind"], *vector["clauses"], *vector["flags"], *([reason] if reason else [])})


def write_folder(folder: Path, suite: str, vectors: Sequence[JsonObject], questions: Sequence[JsonObject] = ()) -> None:
    """Write each vector as CLAUSE/SLUG-HASH.json with what `beside` has, questions, and a manifest."""
    for one in vectors:
        path = folder / file_of(one["id"])
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(indented(one))
        for suffix, text in beside(one).items():
            path.with_suffix(suffix).write_bytes(text)
    manifest = manifest_of(suite, vectors)
    if questions:
        (folder / QUESTIONS).write_bytes(questions_text(questions))
        manifest["questions"] = questions_entry(questions)
    (folder / MANIFEST).write_bytes(indented(manifest))


def file_of(vector_id: str) -> str:
    """Where a vector stands in a folder."""
    clause, slug, digest = vector_id.split("/")
    return f"{clause}/{slug}-{digest}.json"


def beside(vector: JsonObject) -> dict[str, bytes]:
    """The files of a vector but for its own, by suffix: its journal, and the state that it begins from, if any."""
    start = {} if vector["state"] is None else {START: indented(vector["state"])}
    return {JOURNAL: journal_text(vector), **start}


def journal_text(vector: JsonObject) -> bytes:
    """The journal of a vector, as JSON Lines."""
    lines = [vector["header"], *(step["event"] for step in vector["steps"])]
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def indented(fields: JsonObject) -> bytes:
    """An object as people read it, its fields in the order of their names."""
    return msgspec.json.format(sorted_json(fields), indent=2) + b"\n"
