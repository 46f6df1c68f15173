"""Audits: what is checked after every event of a journal, and the report of it."""
