"""Simulated venues: journals from a seed or from real closes."""
