"""Public libraries as engines: an adapter for each, run by the Python of an environment of its own; what they answered
is recorded, and the page docs/conformance/field.md is made of the records.
"""
