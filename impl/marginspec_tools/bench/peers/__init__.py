"""Workers that time peers; each runs in an environment of its own, and none is imported here."""
