"""The conformance kit: any engine, in any language, proves itself against the rulebook.

It stands above the tools: it asks engines by the protocol, compares what they answer with the specification, tells
where they first differ, and ships the vectors and the adapters to begin with.
"""

PROTOCOL_VERSION = 1
"""The version of the engine protocol (docs/conformance/protocol.md)."""
