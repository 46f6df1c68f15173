"""Drafts that stand as lines of JSON in tests/vectors/directed: taken from tests of the rules, or sought at random.

A line has `clause`, `clauses` besides it, `slug`, `why`, `header`, `state` or null, and `events`.
"""

from collections.abc import Iterator
from pathlib import Path

from marginspec_conformance.vectors.making import Draft
from marginspec_conformance.vectors.vector import texts
from marginspec_journal.events import record_of
from marginspec_journal.header import header_of
from marginspec_journal.states import state_in
from marginspec_journal.strict_json import Node, parse_document

FOLDER = Path(__file__).parents[2] / "vectors" / "directed"
FIELDS = ("clause", "clauses", "slug", "why", "header", "state", "events")


def drafts() -> Iterator[Draft]:
    """The drafts of all files, in the order of their names."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            yield draft_of(parse_document(line, path.name, number))


def draft_of(root: Node) -> Draft:
    """The draft that a line states."""
    fields = root.record(FIELDS)
    events = tuple(record_of(node, place).event for place, node in enumerate(fields["events"].elements(), 1))
    return Draft(
        fields["clause"].text(),
        fields["slug"].text(),
        fields["why"].text(),
        header_of(fields["header"]),
        events,
        None if fields["state"].value is None else state_in(fields["state"]),
        texts(fields["clauses"]),
    )
