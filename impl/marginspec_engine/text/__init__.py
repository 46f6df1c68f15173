"""Canonical text and its hash, written in the engine's memory."""

# Compiled code knows literals by numbers that depend on all that were made before. So all are made here, in one order,
# whichever module of this folder a process asks for first.
from marginspec_engine.text import canonical

__all__ = ["canonical"]
