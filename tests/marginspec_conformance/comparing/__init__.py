"""Comparing: what is expected of an event, where an answer differs, and what may be said of an engine."""
