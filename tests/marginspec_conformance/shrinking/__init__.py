"""Shrinking: the shortest journal whose first difference is the same."""
