"""Fuzzing: an engine and the specification side by side on random journals, until they part."""
