"""Reading vectors: those of the suite or of a file, chosen by clause, by shard, or as the short suite."""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from marginspec_conformance.vectors.vector import Vector, vector_of
from marginspec_journal.canonical import JsonObject
from marginspec_journal.errors import InputError, unreadable
from marginspec_journal.strict_json import parse_document

SUITE = "suite.jsonl.gz"
MANIFEST = "manifest.json"
WHOLE = (1, 1)
COMPRESSED = ".gz"
MOST_DIGITS = 6
"""Of the numbers of a shard."""


def read_vectors(path: Path | None = None) -> Iterator[Vector]:
    """The vectors of a file of JSON Lines, also one that gzip made, or without a path those of the suite, in order.

    InputError if the file cannot be read, or a line is no vector or is not what its sha256 says.
    """
    place = suite_path() if path is None else path
    try:
        with gzip.open(place, "rb") if place.suffix == COMPRESSED else place.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield vector_of(parse_document(line, str(place), number))
    except (OSError, EOFError) as error:
        raise unreadable(place, error if isinstance(error, OSError) else OSError(0, "it is cut short")) from None


def vectors_of(
    names: Sequence[str] = (), shard: tuple[int, int] = WHOLE, smoke: bool = False, path: Path | None = None
) -> Iterator[Vector]:
    """The vectors of some clauses or ids, or all; of one shard of several; of the short suite only if `smoke`.

    A vector is of each of its `clauses`. InputError if a name is of no vector.
    """
    number, count = shard
    of_smoke = frozenset(suite_manifest()["smoke"]) if smoke else None
    named = _named(read_vectors(path), tuple(names))
    chosen = (one for one in named if of_smoke is None or one.id in of_smoke)
    return islice(chosen, number - 1, None, count)


def _named(vectors: Iterable[Vector], names: tuple[str, ...]) -> Iterator[Vector]:
    unknown = set(names)
    for vector in vectors:
        own = {vector.id, *vector.clauses}
        unknown -= own
        if not names or not own.isdisjoint(names):
            yield vector
    if unknown:
        raise InputError("CLAUSE", None, None, f"no vector is of {', '.join(sorted(unknown))}")


def shard_of(text: str) -> tuple[int, int]:
    """A shard from `2/5`; InputError if it is none."""
    number, slash, count = text.partition("/")
    if slash and all(one.isascii() and one.isdecimal() and len(one) <= MOST_DIGITS for one in (number, count)):
        shard = int(number), int(count)
        if 1 <= shard[0] <= shard[1]:
            return shard
    raise InputError("--shard", None, None, f"expected a shard such as 2/5, found {text!r}")


def suite_path() -> Path:
    """Where the suite's vectors stand in the installed package."""
    return Path(str(files("marginspec_conformance.vectors"))) / SUITE


def suite_version() -> str:
    """The version of the suite, which rises with every change of a vector."""
    return str(suite_manifest()["suite"])


@cache
def suite_manifest() -> JsonObject:
    """The manifest of the suite: versions, counts, the short suite, and the sha256 of each vector and of the file."""
    manifest: Any = parse_document(suite_path().with_name(MANIFEST).read_bytes(), MANIFEST).value
    assert isinstance(manifest, dict), "the manifest of the suite is an object"
    return manifest
