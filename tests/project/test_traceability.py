"""The traceability matrix is complete and its page up to date."""

from pathlib import Path

import attrs

from marginspec.registry import RuleCode
from marginspec_proofs.mutation.citations import Citation
from marginspec_proofs.prover.statements import ALL_INTEGERS, Theorem
from marginspec_tools.prove.traceability import PAGE, Clause, Matrix, gaps, page_text, read_matrix

ROOT = Path(__file__).parents[2]


def test_every_clause_has_code_and_a_test_and_every_id_exists() -> None:
    assert gaps(read_matrix(ROOT)) == []


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / PAGE).read_text("utf-8") == page_text(read_matrix(ROOT)), "run `make docs`"


def theorem_on(clause: str) -> Theorem:
    """A theorem that names a clause."""
    return Theorem("T-LIQ-1", "A sentence.", (clause,), ALL_INTEGERS, (), (), True, print)


COMPLETE = Matrix(
    clauses=(Clause("LIQ-01", "Liquidation", "06-liquidation.md"),),
    code=(RuleCode(("LIQ-01",), ("SRC-02",), "marginspec.settlement.liquidation", "liquidate", "A sentence."),),
    theorems=(theorem_on("LIQ-01"),),
    citations=(Citation("LIQ-01", "tests/spec/test_x.py::test_a"), Citation("T-SOLV-1", "tests/proofs/test_y.py")),
    sources=frozenset({"SRC-02"}),
)


def test_a_complete_matrix_has_no_gaps() -> None:
    assert gaps(COMPLETE) == []


def test_each_gap_is_named() -> None:
    lacking = attrs.evolve(
        COMPLETE,
        clauses=(*COMPLETE.clauses, *COMPLETE.clauses, Clause("LIQ-02", "Step-down", "06-liquidation.md")),
        code=(*COMPLETE.code, RuleCode(("LIQ-99",), ("SRC-99",), "marginspec.settlement.liquidation", "other", "B.")),
        theorems=(*COMPLETE.theorems, theorem_on("LIQ-97")),
        citations=(*COMPLETE.citations, Citation("LIQ-98", "tests/spec/test_x.py::test_b")),
        sources=frozenset({"SRC-02", "SRC-03"}),
    )
    assert gaps(lacking) == [
        "clause LIQ-01 stands twice in the rulebook",
        "clause LIQ-02 has no code",
        "clause LIQ-02 has no test",
        "clause LIQ-02 has no theorem",
        "a theorem cites unknown clause LIQ-97",
        "code cites unknown clause LIQ-99",
        "a test cites unknown clause LIQ-98",
        "code cites unknown statement SRC-99",
        "no code stems from statement SRC-03",
    ]


def test_a_row_names_sources_code_theorems_and_tests() -> None:
    first = "[LIQ-01](rulebook/06-liquidation.md) Liquidation"
    rest = "SRC-02 | `settlement.liquidation.liquidate` | T-LIQ-1 | 1: `spec/test_x.py`"
    assert page_text(COMPLETE).splitlines()[-1] == f"| {first} | {rest} |"
