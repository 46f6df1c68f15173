"""Vectors read from the suite and from files: chosen, sharded, and refused where they are not what they say."""

import gzip
import json
import re
from itertools import zip_longest
from pathlib import Path

import pytest

from marginspec.model.events import Deposit
from marginspec.model.units import Decimal8
from marginspec_conformance.protocol.messages import Accepted, Changes
from marginspec_conformance.vectors import read_vectors, shard_of, vectors_of
from marginspec_conformance.vectors.making import Draft, draft_of, vector_object
from marginspec_conformance.vectors.reading import suite_manifest
from marginspec_conformance.vectors.writing import suite_text
from marginspec_journal import InputError
from marginspec_journal.canonical import JsonObject
from worlds.states import MINIMAL

DRAFT = Draft(
    "ACC-01", "first-deposit", "It opens the account.", MINIMAL, (Deposit("alice", "USD", Decimal8(5 * 10**8)),)
)
HASH = "05914d64"


def written(folder: Path, *vectors: JsonObject) -> Path:
    path = folder / "vectors.jsonl"
    path.write_bytes(suite_text(vectors))
    return path


def test_a_vector_is_read_as_it_was_made(tmp_path: Path) -> None:
    made = vector_object(DRAFT)
    [found] = read_vectors(written(tmp_path, made))
    assert (found.clause, found.clauses, found.kind, found.why) == ("ACC-01", ("ACC-01",), "valid", DRAFT.why)
    assert (found.flags, found.venues, found.opened) == ((), (), None)
    assert found.events == DRAFT.events
    told = Changes({"external:USD": "-5", "wallet:alice:USD": "5"}, {}, {})
    assert found.answers == (Accepted((), (), (), told, hash=made["steps"][0]["expect"]["hash"]),)
    assert found.id == f"ACC-01/first-deposit/{found.sha256[:8]}"
    assert draft_of(found) == DRAFT
    assert vector_object(draft_of(found)) == made


def test_gzip_is_read_as_it_is(tmp_path: Path) -> None:
    plain = written(tmp_path, vector_object(DRAFT))
    packed = tmp_path / "vectors.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_vectors(packed)) == list(read_vectors(plain))
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(InputError, match=f"^{re.escape(str(packed))}: cannot be read: it is cut short$"):
        list(read_vectors(packed))


def test_a_changed_vector_is_refused(tmp_path: Path) -> None:
    made = vector_object(DRAFT)
    changed = json.loads(json.dumps(made).replace('"wallet:alice:USD": "5"', '"wallet:alice:USD": "6"'))
    path = written(tmp_path, made, changed)
    with pytest.raises(InputError, match=f"^{re.escape(str(path))}:2: sha256: the content's is [0-9a-f]{{64}}$"):
        list(read_vectors(path))


EARLIER = (
    'rulebook 1 has other outcomes and is not run any more, expected "2": '
    "events and questions run by that once they state it; states and answers must be made anew"
)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("vector", 2, "vector: unknown version, expected 1"),
        ("rulebook", "1", f"rulebook: {EARLIER}"),
        ("steps", [], "steps: a vector has at least one step"),
        ("id", "ACC-01/first-deposit/00000000", f"id: must end in /{HASH}"),
        ("more", 1, "more: unknown field"),
    ],
)
def test_what_is_no_vector_is_refused(tmp_path: Path, field: str, value: object, message: str) -> None:
    path = written(tmp_path, {**vector_object(DRAFT), field: value})
    with pytest.raises(InputError) as refused:
        list(read_vectors(path))
    assert str(refused.value) == f"{path}:1: {message}"


def test_a_clause_gives_all_its_vectors() -> None:
    found = list(vectors_of(["LIQ-02"]))
    assert [one.id for one in found] == [one.id for one in read_vectors() if "LIQ-02" in one.clauses]
    assert list(vectors_of([found[3].id])) == [found[3]]


def test_a_name_of_no_vector_is_refused() -> None:
    with pytest.raises(InputError, match=r"^CLAUSE: no vector is of LIQ-99, QQQ-01$"):
        list(vectors_of(["LIQ-02", "QQQ-01", "LIQ-99"]))


def test_shards_share_the_vectors_out() -> None:
    whole = [one.id for one in vectors_of(["TRD-02"])]
    parts = [[one.id for one in vectors_of(["TRD-02"], (number, 3))] for number in (1, 2, 3)]
    assert sorted(one for part in parts for one in part) == sorted(whole)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_shards_of_the_suite_are_equal_parts_of_all_of_it() -> None:
    parts = [[one.id for one in vectors_of(shard=(number, 2))] for number in (1, 2)]
    assert [one for pair in zip_longest(*parts) for one in pair if one] == [one.id for one in read_vectors()]
    assert len(parts[0]) - len(parts[1]) in (0, 1)
    smoke = [one.id for number in (1, 2, 3) for one in vectors_of(shard=(number, 3), smoke=True)]
    assert sorted(smoke) == sorted(suite_manifest()["smoke"])


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "a/b", "1/2/3", "-1/2", "\u0662/\u0665", "1/1000000"])
def test_a_shard_is_one_of_several(text: str) -> None:
    assert shard_of("2/5") == (2, 5)
    with pytest.raises(InputError, match=f"^--shard: expected a shard such as 2/5, found '{text}'$"):
        shard_of(text)
