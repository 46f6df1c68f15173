"""Benchmarks of the optimized engine, each beside a peer or a reference in the same run; figures are ratios."""
