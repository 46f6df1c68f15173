"""The vectors of the suite, as cases."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from marginspec_conformance.driving.checking import Case
from marginspec_conformance.running.cases import Vector
from marginspec_journal.errors import InputError

READING = "marginspec_conformance.vectors.reading"


def suite_vectors() -> Iterator[Vector]:
    """All vectors of the suite, in their order; InputError if this build has none."""
    if find_spec(READING) is None:
        raise InputError("vectors", None, None, "this build has no suite; name a file of vectors with --vectors")
    for one in import_module(READING).read_vectors():
        case = Case(one.header, one.events, one.opened)
        yield Vector(one.id, one.clause, one.clauses, one.kind, case, one.answers)
