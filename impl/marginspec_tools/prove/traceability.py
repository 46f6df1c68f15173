"""The matrix clause -> statements of the source -> code -> theorems -> tests, generated from the project itself.

`python -m marginspec_tools.prove.traceability --write` writes docs/traceability.md; without `--write` it tells
whether the page is up to date and every clause has code and a test, and those of sections 2 to 7 a theorem (exit
code 1 if not).
"""

import argparse
import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs

import marginspec
import marginspec_audit
import marginspec_proofs.theorems
from marginspec.registry import REGISTRY, RuleCode
from marginspec_proofs.prover.statements import REGISTRY as THEOREMS
from marginspec_proofs.prover.statements import Theorem

CLAUSE_HEADING = re.compile(r"^### ([A-Z]{3}-\d{2})\b[ .:]*(.*)$")
SOURCE_ID = re.compile(r"\bSRC-\d{2}\b")
THEOREM_ID = re.compile(r"^T-[A-Z]+(-\d+)?$")
PAGE = Path("docs/traceability.md")
PROVED_SECTIONS = ("02", "07")
"""The rulebook's pages from ledger to waterfall: each of their clauses must be named by a theorem."""


@attrs.frozen
class Clause:
    """A clause of the published rulebook: id, title, and the page that has it."""

    id: str
    title: str
    page: str


@attrs.frozen
class Citation:
    """A test that cites a clause by its marker."""

    clause: str
    test: str


@attrs.frozen
class Matrix:
    """All clauses, the code registered for them, theorems and tests that cite them, and the known source statements."""

    clauses: tuple[Clause, ...]
    code: tuple[RuleCode, ...]
    theorems: tuple[Theorem, ...]
    citations: tuple[Citation, ...]
    sources: frozenset[str]


def read_matrix(root: Path) -> Matrix:
    """Read the matrix from a checkout: rulebook pages, the imported rules, the tests' text."""
    assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
    for package in (marginspec, marginspec_audit):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    sources = frozenset(SOURCE_ID.findall((root / "docs/sources.md").read_text("utf-8")))
    return Matrix(
        tuple(read_clauses(root)),
        tuple(sorted(REGISTRY, key=lambda code: code.module)),
        tuple(THEOREMS.values()),
        tuple(read_citations(root)),
        sources,
    )


def read_clauses(root: Path) -> Iterator[Clause]:
    """Clauses in the order of the rulebook's pages."""
    for page in sorted((root / "docs/rulebook").glob("*.md")):
        for line in page.read_text("utf-8").splitlines():
            heading = CLAUSE_HEADING.match(line)
            if heading:
                yield Clause(heading[1], heading[2], page.name)


def read_citations(root: Path) -> Iterator[Citation]:
    """Every `pytest.mark.rule(...)` on a test, a test class or a whole test file, read as text."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                name = f"{path.relative_to(root).as_posix()}::{node.name}"
                for decorator in node.decorator_list:
                    yield from cited_by(decorator, name)
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "pytestmark":
                yield from cited_by(node.value, path.relative_to(root).as_posix())


def cited_by(expression: ast.expr, name: str) -> Iterator[Citation]:
    """The clause ids in the rule markers of an expression."""
    for call in ast.walk(expression):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "rule":
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield Citation(argument.value, name)


def gaps(matrix: Matrix) -> list[str]:
    """What the matrix lacks: clauses without code or test, ids that no page has."""
    known = [clause.id for clause in matrix.clauses]
    coded = {clause_id for code in matrix.code for clause_id in code.ids}
    tested = {citation.clause for citation in matrix.citations}
    found = [f"clause {one} stands twice in the rulebook" for one in sorted(set(known)) if known.count(one) > 1]
    found += [f"clause {one} has no code" for one in known if one not in coded]
    found += [f"clause {one} has no test" for one in known if one not in tested]
    proved = {clause_id for theorem in matrix.theorems for clause_id in theorem.rules}
    sections = [clause.id for clause in matrix.clauses if PROVED_SECTIONS[0] <= clause.page[:2] <= PROVED_SECTIONS[1]]
    found += [f"clause {one} has no theorem" for one in sections if one not in proved]
    found += [f"a theorem cites unknown clause {one}" for one in sorted(proved - set(known))]
    found += [f"code cites unknown clause {one}" for one in sorted(coded - set(known))]
    unknown = sorted(one for one in tested - set(known) if not THEOREM_ID.match(one))
    found += [f"a test cites unknown clause {one}" for one in unknown]
    cited_sources = {source for code in matrix.code for source in code.sources}
    found += [f"code cites unknown statement {one}" for one in sorted(cited_sources - matrix.sources)]
    found += [f"no code stems from statement {one}" for one in sorted(matrix.sources - cited_sources)]
    return found


def page_text(matrix: Matrix) -> str:
    """The matrix as a page of Markdown, one row a clause."""
    lines = [
        "# Traceability",
        "",
        "Generated by `make docs` from the rulebook's pages, the rules' registry, the theorems and the tests' markers.",
        "Do not edit.",
        "",
        "| clause | statements of the source | code | theorems | tests |",
        "|---|---|---|---|---|",
    ]
    for clause in matrix.clauses:
        code = [entry for entry in matrix.code if clause.id in entry.ids]
        sources = sorted({source for entry in code for source in entry.sources})
        places = ", ".join(f"`{entry.module.removeprefix('marginspec.')}.{entry.name}`" for entry in code)
        tests = tests_of(matrix, clause.id)
        link = f"[{clause.id}](rulebook/{clause.page}) {clause.title}".rstrip()
        proved = " ".join(theorem.id for theorem in matrix.theorems if clause.id in theorem.rules)
        lines.append(f"| {link} | {' '.join(sources)} | {places} | {proved} | {tests} |")
    return "\n".join(lines) + "\n"


def tests_of(matrix: Matrix, clause_id: str) -> str:
    """How many tests cite a clause, and in which files."""
    cited = sorted({citation.test for citation in matrix.citations if citation.clause == clause_id})
    files = sorted({test.split("::")[0].removeprefix("tests/") for test in cited})
    return f"{len(cited)}: " + ", ".join(f"`{file}`" for file in files)


def main() -> None:
    """Write the page, or say what is stale or missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/traceability.md")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout")
    options = parser.parse_args()
    matrix = read_matrix(options.root)
    page = options.root / PAGE
    if options.write:
        page.write_text(page_text(matrix), "utf-8")
    found = gaps(matrix)
    if not page.exists() or page.read_text("utf-8") != page_text(matrix):
        found.append("docs/traceability.md is stale: run `make docs`")
    sys.stderr.writelines(f"{gap}\n" for gap in found)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
