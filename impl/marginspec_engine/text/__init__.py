"""Canonical text and its hash, written in the engine's memory."""
