"""The aimed generator: random journals at the edges of solvency, each from its seed alone."""
