"""The conformance vectors: journals with the answers that the rulebook gives, each for one clause."""

from marginspec_conformance.vectors.reading import read_vectors, shard_of, suite_version, vectors_of
from marginspec_conformance.vectors.vector import Step, Vector

__all__ = ["Step", "Vector", "read_vectors", "shard_of", "suite_version", "vectors_of"]
