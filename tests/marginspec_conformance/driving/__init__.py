"""Driving: an engine asked for the events of a journal, cheaply, and judged where it answers otherwise."""
