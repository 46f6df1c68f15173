"""Vectors: generated from the specification, usable without the runner."""
