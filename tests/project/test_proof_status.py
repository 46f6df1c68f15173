"""The documents on proofs say what was proved, of today's rules."""

import json
from functools import cache
from pathlib import Path

import attrs
import pytest

from marginspec_proofs.prover.sources import machinery_hash, theorem_hash
from marginspec_proofs.prover.statements import REGISTRY
from marginspec_tools.prove import status as proof_status
from marginspec_tools.prove.status import FOLDER, PAGE, STATUS, Entry, ProofStatus, flaws, page_text, solver_versions

ROOT = Path(__file__).parents[2]


def test_every_theorem_is_proved_of_todays_rules_and_stands_on_one_page() -> None:
    assert flaws(ROOT) == []


@cache
def status_of_today() -> ProofStatus:
    """A status in which every theorem of today is proved."""
    entries = tuple(Entry(name, "proved", 1, 1, 1, 1, theorem_hash(one)) for name, one in REGISTRY.items())
    return ProofStatus(solver_versions(), machinery_hash(), entries)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A checkout of which only the documents on proofs are there, with a status of today."""
    (tmp_path / FOLDER).mkdir(parents=True)
    for path in (ROOT / FOLDER).iterdir():
        (tmp_path / FOLDER / path.name).write_bytes(path.read_bytes())
    stated(tmp_path, status_of_today())
    assert flaws(tmp_path) == []
    return tmp_path


def stated(root: Path, status: ProofStatus) -> None:
    """Write a status with its page."""
    (root / STATUS).write_text(json.dumps(attrs.asdict(status)), "utf-8")
    (root / PAGE).write_text(page_text(root, status), "utf-8")


def test_each_stale_entry_is_named(copied: Path) -> None:
    first, second, third, *rest = status_of_today().theorems
    gone = Entry("T-GONE-1", "proved", 1, 1, 1, 1, "")
    changed = (attrs.evolve(second, hash="0" * 64), attrs.evolve(third, status="unknown"))
    stated(copied, attrs.evolve(status_of_today(), theorems=(*changed, *rest, gone)))
    assert flaws(copied) == [
        f"{first.id} has no status",
        "T-GONE-1 is no theorem any more",
        f"{third.id} is unknown",
        f"{second.id} was proved of other code",
    ]


def test_other_solvers_and_other_machinery_are_named(copied: Path) -> None:
    here = status_of_today().solvers
    stated(copied, attrs.evolve(status_of_today(), machinery="", solvers={"Z3": "1.0"}))
    assert flaws(copied) == [
        "the proofs were made by other machinery",
        f"the proofs were made with {{'Z3': '1.0'}}, not {here}",
    ]


def test_a_page_that_was_edited_is_named(copied: Path) -> None:
    (copied / PAGE).write_text("All is proved.\n", "utf-8")
    assert flaws(copied) == ["docs/theorems/README.md is not what the status gives"]


def test_a_theorem_is_introduced_on_one_page(copied: Path) -> None:
    page = copied / FOLDER / "ranges.md"
    text = page.read_text("utf-8").replace("**T-RANGE-1**", "**T-RANGE-99**").replace("**T-RANGE-3**", "**T-RANGE-2**")
    page.write_text(text, "utf-8")
    assert flaws(copied) == [
        "no page introduces T-RANGE-1",
        "no page introduces T-RANGE-3",
        "T-RANGE-2 is introduced twice",
        "a page introduces T-RANGE-99, which is no theorem",
    ]


def test_without_a_status_that_is_said(tmp_path: Path) -> None:
    assert flaws(tmp_path) == ["there is no status: run `marginspec prove --status`"]


def test_a_status_is_of_all_theorems(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="a status is of all theorems"):
        proof_status.write_status(tmp_path, [])
