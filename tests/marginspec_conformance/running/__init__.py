"""Running: the vectors asked of an engine, and what may be said of it then."""
