"""What the rulebook expects of an engine, and how an engine differs from it."""
