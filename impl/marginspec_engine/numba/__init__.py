"""How the engine's Python becomes compiled code."""
