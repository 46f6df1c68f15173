"""The table of planted faults: it lists today's faults, each with a vector or a reason, and a sample is judged anew."""

import json
import random
from functools import cache
from hashlib import sha256
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner

from marginspec_conformance.faults.catalogue import fault_named, faults_by_hand
from marginspec_conformance.faults.judging import BALANCES, Judged, seen_by, shortest_first
from marginspec_conformance.faults.table import PAGE, TABLE, Row, page_of, read_killers, read_reasons, read_rows, row_of
from marginspec_conformance.running.command import command
from marginspec_conformance.vectors import Vector, read_vectors
from marginspec_conformance.vectors.question import AskedQuestion, read_questions

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "conformance"
SAMPLE, RUN = 6, 2
ROWS = read_rows(FOLDER)
SEED = int(sha256((FOLDER / TABLE).read_bytes()).hexdigest()[:8], 16)
"""Another sample for each table, the same one in every run."""
BY_HASH = "settlement.settle.liquidate_unhealthy:skipped-2"
"""It leaves out the first element of a set, which is another one in every process, and so is the vector."""
NOTICED = [row for row in ROWS.values() if row.level is not None]
SHOWN_BY_RUN = [row for row in NOTICED if row.level == BALANCES]
"""Not those that show in decisions, as some of them never end, and each of these takes the limit's time."""


@cache
def suite() -> dict[str, Vector]:
    """The vectors by clause and slug, as the table names them."""
    return {one.id.rpartition("/")[0]: one for one in read_vectors()}


@cache
def questions() -> list[AskedQuestion]:
    return list(read_questions())


@cache
def prepared() -> list[Judged]:
    return shortest_first(suite().values())


def sampled(rows: list[Row], count: int) -> list[Row]:
    return random.Random(SEED).sample(rows, count)


def test_the_table_is_of_todays_faults() -> None:
    known = json.loads((ROOT / "docs" / "theorems" / "mutants.json").read_text("utf-8"))["rows"]
    mutants = {one["id"]: one["what"] for one in known}
    by_hand = {one.name: one.what for one in faults_by_hand()}
    assert {row.fault: row.what for row in ROWS.values()} == {**by_hand, **mutants}


def test_a_fault_is_noticed_by_a_vector_or_there_is_a_reason() -> None:
    assert {row.vector for row in NOTICED if row.level != 0} <= set(suite())
    assert {row.vector for row in NOTICED if row.level == 0} <= {one.id.rpartition("/")[0] for one in questions()}
    missed = {row.fault for row in ROWS.values() if row.level is None}
    assert missed == set(read_reasons(FOLDER))


def test_the_page_is_made_of_the_table() -> None:
    assert (FOLDER / PAGE).read_text("utf-8") == page_of(
        list(ROWS.values()), read_reasons(FOLDER), read_killers(FOLDER)
    )


@pytest.mark.parametrize("row", sampled(list(ROWS.values()), SAMPLE), ids=lambda row: row.fault)
def test_a_fault_is_judged_as_the_table_says(row: Row) -> None:
    fault = fault_named(row.fault)
    found = row_of(fault, seen_by(fault, prepared(), questions()))
    assert found == (attrs.evolve(row, vector=found.vector) if row.fault == BY_HASH else row)


@pytest.mark.parametrize("row", sampled(SHOWN_BY_RUN, RUN), ids=lambda row: row.fault)
def test_run_finds_what_the_table_says(row: Row) -> None:
    vector = suite()[row.vector].id
    ended = CliRunner().invoke(command, [vector, "--engine", f"fault:{row.fault}"])
    assert ended.exit_code == 1, ended.output
