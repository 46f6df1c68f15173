"""The page of events: its table has every type of event with the fields that its class declares."""

import re
from pathlib import Path
from typing import get_args

import attrs
import pytest

from marginspec.model.events import Event
from marginspec.model.fields import Choice, Field, Rows, fields_of, type_name

PAGE = (Path(__file__).parents[2] / "docs" / "rulebook" / "09-events.md").read_text("utf-8")
FIELDS = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", PAGE.partition("|---")[2], re.MULTILINE))
CLASSES: dict[str, type] = {type_name(one): one for one in get_args(Event)}


def within(field: Field) -> tuple[str, ...]:
    """What the page may name beside a field: the words of a choice, the fields of rows."""
    match field.kind:
        case Choice(words):
            return words
        case Rows(record):
            return tuple(one.name for one in attrs.fields(record))
    return ()


def test_every_type_of_event_is_there_and_no_other() -> None:
    assert set(FIELDS) == set(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
def test_its_fields_are_those_that_the_class_declares(name: str) -> None:
    fields = fields_of(CLASSES[name])
    beside = {word for field in fields for word in within(field)} - {field.name for field in fields}
    stated = [
        [word for word in dict.fromkeys(re.findall(r"`(\w+)`", part)) if word not in beside]
        for part in f"{FIELDS[name]}; optional ".split("; optional ")[:2]
    ]
    assert stated == [[field.name for field in fields if field.optional == optional] for optional in (False, True)]
