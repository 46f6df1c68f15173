"""The table of mutants: it is of today, its survivors are explained, and a sample of it is judged anew.

What is wrong is told by mutant; `marginspec prove --mutants` mends all but a survivor without a reason.
"""

import random
import shutil
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from marginspec_proofs.mutation.judging import CRASHED, TESTS_OF, Judgement, copy_rules, current_hash, judge_again
from marginspec_proofs.mutation.mutants import ENGINE, RULES, Mutant, chosen_mutants
from marginspec_tools.prove.mutants import PAGE, REASONS, TABLE, Row, open_questions, read_reasons, read_table

ROOT = Path(__file__).parents[2]
FEWEST = 300
FEWEST_KILLED_IN_A_HUNDRED = 95
SAMPLE = 10
QUICK = 400_000
"""Steps of Z3 that a theorem of the sample may take, so that all of it ends in less than a minute."""

ROWS = read_table(ROOT).rows
WEIGHTS = read_table(ROOT).weights
KILLED = [row for row in ROWS.values() if row.killed_by]


def is_quick(row: Row) -> bool:
    """Whether a row's evidence is one test, or a theorem that is proved soon."""
    if row.killed_by == "tests":
        return row.evidence.startswith("tests/")
    theorem_id = row.evidence.split(" ")[0]
    return theorem_id in WEIGHTS and WEIGHTS[theorem_id].steps <= QUICK


@cache
def mutants() -> dict[str, Mutant]:
    """The mutants of the rules as they are."""
    return {one.id: one for one in chosen_mutants(ROOT)}


SEED = int(sha256((ROOT / TABLE).read_bytes()).hexdigest()[:8], 16)
"""Another sample for each table, the same one in every run."""


@cache
def sample() -> list[Row]:
    """Rows that are judged anew."""
    known = [row for row in KILLED if row.id in mutants() and is_quick(row)]
    return random.Random(SEED).sample(known, SAMPLE)


def test_the_table_is_of_today_and_every_survivor_is_explained() -> None:
    assert open_questions(ROOT) == []


def test_proofs_and_tests_kill_enough_of_enough_mutants() -> None:
    assert len(ROWS) >= FEWEST
    assert len(KILLED) * 100 >= len(ROWS) * FEWEST_KILLED_IN_A_HUNDRED


@pytest.mark.parametrize("place", range(SAMPLE))
def test_what_killed_a_mutant_still_does(place: int, tmp_path: Path) -> None:
    row = sample()[place]
    copy_rules(ROOT, tmp_path, mutants()[row.id])
    found = judge_again(row.judgement, ROOT, tmp_path, WEIGHTS)
    crashed = Judgement("tests", CRASHED)
    assert found in (row.judgement, crashed), f"{row.id} of the sample with seed {SEED}"


# ------------------------------------------------------------- what a wrong table is told


def files_of_tests(root: Path) -> list[Path]:
    """The files of the tests that judge mutants."""
    named = [root / one for tests in TESTS_OF.values() for one in tests]
    return [path for one in named for path in ([one] if one.is_file() else one.rglob("test_*.py"))]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the table rests on, and of the table."""
    for package in (RULES, ENGINE):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*files_of_tests(ROOT), *(ROOT / one for one in (TABLE, PAGE, REASONS))):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def replace_in(path: Path, right: str, wrong: str) -> None:
    """Put a text in the place of another, which is there once."""
    text = path.read_text("utf-8")
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong), "utf-8")


def survivor() -> str:
    """A mutant that survives."""
    return next(row.id for row in ROWS.values() if row.killed_by is None)


def test_a_changed_function_is_to_be_judged_anew(checkout: Path) -> None:
    replace_in(
        checkout / RULES / "settlement" / "levy.py",
        "ledger.wallet(domain.account, domain.asset)\n    transaction",
        "ledger.wallet(domain.account, domain.asset)  # new\n    transaction",
    )
    own = [row.id for row in ROWS.values() if row.function == "marginspec.settlement.levy.pay_back"]
    assert open_questions(checkout) == [f"{name} is to be judged anew" for name in own] != []


def test_a_changed_test_is_to_be_judged_anew(checkout: Path) -> None:
    row = next(row for row in KILLED if row.killed_by == "tests" and "::" in row.evidence)
    file, _, test = row.evidence.partition("::")
    replace_in(checkout / file, f"def {test.partition('[')[0]}(", f"def {test.partition('[')[0]}_(")
    found = open_questions(checkout)
    assert f"{row.id} is to be judged anew" in found
    assert {ROWS[one.split(" ")[0]].evidence.partition("[")[0] for one in found} == {row.evidence.partition("[")[0]}


def test_another_test_of_the_file_changes_nothing(checkout: Path) -> None:
    for path in files_of_tests(checkout):
        path.write_text(path.read_text("utf-8") + "\n\ndef test_new() -> None:\n    pass\n", "utf-8")
    assert open_questions(checkout) == []


def test_a_changed_theorem_is_to_be_judged_anew(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = next(row for row in KILLED if row.killed_by == "proof")
    changed = row.evidence.split(" ")[0]
    monkeypatch.setattr(
        "marginspec_proofs.mutation.judging.current_hash", lambda name: "new" if name == changed else current_hash(name)
    )
    found = open_questions(checkout)
    assert f"{row.id} is to be judged anew" in found
    killed = {one.id for one in KILLED if one.evidence.split(" ")[0] == changed}
    assert {one.split(" ")[0] for one in found} >= killed


def test_a_missing_row_and_a_row_too_many(checkout: Path) -> None:
    replace_in(checkout / TABLE, f'"id": "{KILLED[0].id}"', f'"id": "{KILLED[0].id}000"')
    assert open_questions(checkout)[:2] == [f"{KILLED[0].id} is to be judged anew", f"{KILLED[0].id}000 is no mutant"]


def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor(checkout: Path) -> None:
    replace_in(checkout / REASONS, f'"{survivor()}" = ', f'"{KILLED[0].id}" = ')
    assert open_questions(checkout) == [
        f"{survivor()} survives without a reason",
        f"{KILLED[0].id} has a reason, but does not survive",
        f"{PAGE} does not say what {TABLE.name} says",
    ]


def test_an_empty_reason_is_none(checkout: Path) -> None:
    reason = read_reasons(checkout)[survivor()]
    replace_in(checkout / REASONS, f'"{survivor()}" = "{reason}"', f'"{survivor()}" = " "')
    assert open_questions(checkout)[0] == f"{survivor()} survives without a reason"
