"""The drafts of the conformance vectors: journals and what each is there for; `python -m worlds.suite` writes them."""
