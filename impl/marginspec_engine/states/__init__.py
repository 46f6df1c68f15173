"""States in and out of the engine's tables, and snapshots of a run."""
