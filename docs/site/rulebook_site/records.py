"""All that the project records about a clause: read once, by the readers that tests and commands use too."""

import ast
import re
from functools import cached_property
from pathlib import Path

import attrs

from engines.field.libraries import libraries
from engines.field.measuring import Measured, measured
from marginspec.registry import RuleCode
from marginspec_conformance.faults.table import Row as PlantedFault
from marginspec_conformance.faults.table import read_rows
from marginspec_conformance.vectors import Vector, read_vectors
from marginspec_conformance.vectors.question import AskedQuestion, read_questions
from marginspec_proofs.prover.statements import REGISTRY, Theorem
from marginspec_tools.prove.mutants import Row as Mutant
from marginspec_tools.prove.mutants import read_reasons, read_table
from marginspec_tools.prove.status import Entry, pages_of, read_status
from marginspec_tools.prove.traceability import Clause, Matrix, read_matrix
from rulebook_site.markdown import Row, rows_in, title_of

CLAUSE_ID = re.compile(r"\b([A-Z]{3}-\d{2})(?: to ([A-Z]{3}-\d{2}))?\b")
DECISION_CLAUSES = re.compile(r"^Clauses: (.*)$", re.MULTILINE)
KNOWN_DIFFERENCES = "Differences that are known"
"""The heading of the table in the page on checking an account."""


@attrs.frozen
class Decision:
    """A decision: its number, its title, and the clauses that it settles."""

    number: str
    title: str
    page: str
    clauses: frozenset[str]


@attrs.frozen
class Statement:
    """A statement of the source text, and how it is read."""

    id: str
    text: str
    reading: str


@attrs.frozen
class Incident:
    """A failure of a real system, what it broke, and the clauses that prevent it."""

    id: str
    happened: str
    broke: str
    clauses: frozenset[str]


@attrs.frozen
class VenueDifference:
    """A figure that a venue shows otherwise than the rules give it."""

    venue: str
    figure: str
    shown: str
    rules: str


@attrs.define
class Records:
    """What is recorded, as a checkout has it; each kind is read when it is first asked for."""

    root: Path
    matrix: Matrix = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.matrix = read_matrix(self.root)

    @property
    def docs(self) -> Path:
        """The folder of documents."""
        return self.root / "docs"

    @cached_property
    def clauses(self) -> dict[str, Clause]:
        """The clauses by id, in the rulebook's order."""
        return {clause.id: clause for clause in self.matrix.clauses}

    def code_of(self, clause: str) -> list[RuleCode]:
        """The functions and classes that execute a clause; those that it is first of stand first."""
        found = [code for code in self.matrix.code if clause in code.ids]
        return sorted(found, key=lambda code: code.ids[0] != clause)

    def ids_in(self, text: str) -> frozenset[str]:
        """The clauses that a text names, those of a range included."""
        order, found = list(self.clauses), set[str]()
        for first, last in CLAUSE_ID.findall(text):
            if first in self.clauses:
                found.update(order[order.index(first) : order.index(last or first) + 1])
        return frozenset(found)

    # ------------------------------------------------------------------- documents

    @cached_property
    def statements(self) -> dict[str, Statement]:
        """The statements of the source text by id."""
        return {row.cells[0]: Statement(*row.cells) for row in rows_in(self.docs / "sources.md")}

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """The incidents, in order."""
        cells = (row.cells for row in rows_in(self.docs / "incidents.md"))
        return tuple(Incident(name, happened, broke, self.ids_in(ids)) for name, happened, broke, ids, _ in cells)

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """The decisions, in order."""
        found = []
        for path in sorted((self.docs / "decisions").glob("0*.md")):
            number, _, title = title_of(path).partition(" ")
            (listed,) = DECISION_CLAUSES.findall(path.read_text("utf-8"))
            found.append(Decision(number, title, path.name, self.ids_in(listed)))
        return tuple(found)

    @cached_property
    def venue_differences(self) -> list[tuple[frozenset[str], VenueDifference]]:
        """What venues are known to show otherwise, with the clauses that it is about."""
        rows = [row for row in rows_in(self.docs / "how-to/check-an-account.md") if row.heading == KNOWN_DIFFERENCES]
        return [(self.ids_in(row.cells[-1]), VenueDifference(*row.cells)) for row in rows]

    @cached_property
    def glossary(self) -> list[Row]:
        """The terms of the field, each with its meaning and its clauses."""
        return rows_in(self.docs / "glossary.md")

    # ------------------------------------------------------------------- proofs

    @cached_property
    def theorems(self) -> dict[str, Theorem]:
        """All theorems by id."""
        return dict(REGISTRY)

    @cached_property
    def status(self) -> dict[str, Entry]:
        """What became of each theorem, as the last whole run wrote it down."""
        return {entry.id: entry for entry in read_status(self.root).theorems}

    @cached_property
    def theorem_pages(self) -> dict[str, list[str]]:
        """The pages on theorems, and which each introduces."""
        return pages_of(self.root)

    def mutants_of(self, clause: str) -> list[Mutant]:
        """The judged mutants of a clause's functions."""
        names = {f"{code.module}.{code.name}" for code in self.code_of(clause)}
        return [row for row in self._mutants if row.function in names]

    def engine_mutants_of(self, clause: str) -> list[Mutant]:
        """The judged mutants of the optimized engine's functions whose docstrings name a clause."""
        rows = [row for row in self._mutants if row.is_of_the_engine]
        return [row for row in rows if clause in self.ids_in(self._engine_docstrings.get(row.function, ""))]

    @cached_property
    def _engine_docstrings(self) -> dict[str, str]:
        """The docstrings of the optimized engine's rules, by name; read as text, since loading them compiles."""
        folder, found = self.root / "impl" / "marginspec_engine" / "rules", dict[str, str]()
        for path in sorted(folder.glob("*.py")):
            for one in ast.parse(path.read_text("utf-8")).body:
                if isinstance(one, ast.FunctionDef):
                    found[f"marginspec_engine.rules.{path.stem}.{one.name}"] = ast.get_docstring(one) or ""
        return found

    @cached_property
    def _mutants(self) -> tuple[Mutant, ...]:
        return tuple(read_table(self.root).rows.values())

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Why a mutant may survive, by its id."""
        return read_reasons(self.root)

    # ------------------------------------------------------------------- conformance

    @cached_property
    def vectors(self) -> tuple[Vector, ...]:
        """The conformance vectors."""
        return tuple(read_vectors())

    @cached_property
    def questions(self) -> tuple[AskedQuestion, ...]:
        """The questions of level 0."""
        return tuple(read_questions())

    @cached_property
    def planted_faults(self) -> tuple[PlantedFault, ...]:
        """The faults that were planted, each with the vector that notices it."""
        return tuple(read_rows(self.docs / "conformance").values())

    @cached_property
    def field(self) -> list[Measured]:
        """What public libraries answered to the questions."""
        return [measured(way) for library in libraries() for way in library.ways]
