"""Theorems, their status, mutants, and the matrix of what belongs to each clause."""
