"""Faults planted in the rulebook's own functions: to name the faults that would explain an engine's answer."""
