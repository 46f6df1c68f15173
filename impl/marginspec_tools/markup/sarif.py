"""SARIF 2.1.0, which code hosts show beside a change."""

from collections.abc import Iterable
from typing import Any

import msgspec

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def sarif_bytes(version: str, rules: dict[str, str], results: Iterable[dict[str, Any]], told: dict[str, Any]) -> bytes:
    """A report of one run: its rules with what they say, its results, and what is told of the run beside them.

    Each result names its rule by `ruleId`; where that stands among the rules is added.
    """
    places = {rule: place for place, rule in enumerate(rules)}
    driver = {
        "name": "marginspec",
        "version": version,
        "rules": [{"id": rule, "shortDescription": {"text": said}} for rule, said in rules.items()],
    }
    run = {
        "tool": {"driver": driver},
        "results": [{"ruleIndex": places[one["ruleId"]], **one} for one in results],
        "properties": told,
    }
    return msgspec.json.format(msgspec.json.encode({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})) + b"\n"
