"""Runs of a journal through an engine."""
