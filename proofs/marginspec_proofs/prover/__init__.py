"""The prover: symbolic execution of Python, obligations, two solvers, witnesses and certificates."""
