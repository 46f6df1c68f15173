"""The vectors of the suite, as cases."""

from collections.abc import Iterator

from marginspec_conformance.driving.checking import Case
from marginspec_conformance.running.cases import Vector
from marginspec_conformance.vectors import read_vectors


def suite_vectors() -> Iterator[Vector]:
    """All vectors of the suite, in their order."""
    for one in read_vectors():
        case = Case(one.header, one.events, one.opened)
        yield Vector(one.id, one.clause, one.clauses, one.kind, case, one.answers)
