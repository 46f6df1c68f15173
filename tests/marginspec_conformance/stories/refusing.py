"""Why the rulebook refuses an event: the check in the rules' own words, whose it is, and the figures compared."""

from collections.abc import Iterator
from typing import Any

from marginspec.model.events import Event
from marginspec_conformance.comparing.expected import Expected
from marginspec_journal import InputError, Record
from marginspec_journal.canonical import JsonObject
from marginspec_tools.explain import explain_event

PARTIES = ("domain", "key", "leg.key", "source", "account", "market")
"""Names of rules' variables that say whom a check is about, those that say most first."""
ANSWERS = ("yes", "no", "none")


def refusal_text(expected: Expected) -> str:
    """The check that refuses an event, and its figures; empty if it is accepted, or the rules' source is not there."""
    if expected.receipt.rejected is None:
        return ""
    try:
        explained = explain_event(expected.before, Record(1, expected.event), 1)
    except InputError:
        return ""
    terms: list[JsonObject] = explained.as_object()["terms"]
    refused = next(one for one in reversed(terms) if one["name"] == "refused")
    asked = [one for one in terms if one["parent"] == refused["parent"]]
    word = "unless" if any(f", unless: {refused['check']}" in line for line in explained.lines()) else "since"
    found = [*unhealthy(asked), *unfitting(asked), *compared(refused, asked)]
    figures = ", ".join(dict.fromkeys(found or concerned(refused, expected.event)))
    return f"{word} {refused['check']}" + (f": {figures}" if figures else "")


def compared(refused: JsonObject, asked: list[JsonObject]) -> Iterator[str]:
    """Whom a check is about, and the figures that it names; what it only answers by yes or no says nothing more."""
    single = {one["name"]: one for one in refused["inputs"] if isinstance(one["value"], str)}
    party = next((single[name]["value"] for name in PARTIES if name in single), "")
    margins = [one for one in asked if one["name"] == "domain_margin"]
    tested = next((one["value"] for one in refused["inputs"] if one["name"] == "margin"), None)
    if not party:
        party = next((domain_of(one) for one in margins if one["value"] == tested), "")
    if party:
        yield party
    for name, one in single.items():
        if one["value"] not in (*ANSWERS, party):
            yield f"{name} {one['value']} {one['unit']}".rstrip()


def concerned(refused: JsonObject, event: Event) -> Iterator[str]:
    """The parties that a check of all of them says yes of."""
    parties = [getattr(event, name) for name in ("buyer", "seller", "counterparty") if hasattr(event, name)]
    for one in refused["inputs"]:
        if isinstance(one["value"], list) and len(one["value"]) == len(parties):
            yield from (name for name, said in zip(parties, one["value"], strict=True) if said.value == "yes")


def unhealthy(asked: list[JsonObject]) -> Iterator[str]:
    """The figures of the domains that a check found unhealthy: each was asked for its margin, then for its health."""
    margins, health = ([one for one in asked if one["name"] == name] for name in ("domain_margin", "is_healthy"))
    for margin, healthy in zip(margins, health, strict=False):
        if healthy["value"] == "no":
            found: dict[str, Any] = margin["value"]
            yield f"{domain_of(margin)}: equity {found['equity']}, maintenance {found['maintenance']}"


def unfitting(asked: list[JsonObject]) -> Iterator[str]:
    """The positions of which a check found that leverage or size do not fit."""
    for one in asked:
        if one["name"] in ("leverage_fits", "size_fits") and one["value"] == "no":
            yield from (str(given["value"]) for given in one["inputs"] if given["name"] == "key")


def domain_of(margin: JsonObject) -> str:
    """The domain that a term of the trace is the margin of."""
    return next((str(one["value"]) for one in margin["inputs"] if one["name"] == "domain"), "")
