"""Proofs of the rulebook: its own functions are run on symbolic integers, and two solvers judge what is claimed."""
