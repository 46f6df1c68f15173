"""The optimized engine: the rules on columns of 64-bit integers, compiled, equal to the specification."""
