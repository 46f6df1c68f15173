"""The vectors of the suite, as cases."""

from collections.abc import Iterator

from marginspec_conformance.running.cases import Vector


def suite_vectors() -> Iterator[Vector]:
    """All vectors of the suite, in their order."""
    raise NotImplementedError
