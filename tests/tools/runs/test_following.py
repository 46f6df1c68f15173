"""A state that is kept by receipts alone is the specification's, after every event."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import get_args

import attrs
import pytest

from marginspec.model.effects import DomainLiquidated, Effect, LotReduced, Receipt
from marginspec.model.events import Event
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import FLAT
from marginspec.transition import apply
from marginspec_conformance.generator.journals import KINDS
from marginspec_conformance.vectors import read_vectors
from marginspec_conformance.vectors.making import draft_of
from marginspec_journal import open_journal
from marginspec_tools.runs.following import TAKERS, followed

VECTORS = Path(__file__).parents[2] / "vectors"
JOURNALS = sorted(path for folder in ("golden", "attacks", "cases") for path in (VECTORS / folder).glob("*.jsonl"))
EVENTS, SHARDS = 300, 8


def differing(found: State, expected: State) -> list[str]:
    """The fields in which two states differ."""
    names = (field.name for field in attrs.fields(State))
    return [name for name in names if getattr(found, name) != getattr(expected, name)]


def check_followed(state: State, events: Iterable[Event]) -> set[type]:
    """Compare after every event; gives the classes of the effects that there were."""
    kept, seen = state, set[type]()
    for number, event in enumerate(events, 1):
        state, receipt = apply(state, event)
        kept = followed(kept, receipt)
        seen.update(map(type, receipt.effects))
        assert differing(kept, state) == [], f"event {number}: {event}"
    return seen


def test_every_effect_is_followed() -> None:
    assert {*TAKERS, DomainLiquidated} == set(get_args(Effect))


def test_golden_journals_and_cases_are_followed() -> None:
    seen: set[type] = set()
    for path in JOURNALS:
        journal = open_journal(path)
        seen |= check_followed(State(header=journal.header), (record.event for record in journal))
    assert seen == set(get_args(Effect))


@pytest.mark.parametrize("shard", range(SHARDS))
def test_vectors_of_the_conformance_suite_are_followed(shard: int) -> None:
    for vector in islice(read_vectors(), shard, None, SHARDS):
        check_followed(draft_of(vector).start().state, vector.events)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS)
def test_random_journals_are_followed(kind: str, seed: int) -> None:
    header, choose = KINDS[kind](seed, EVENTS)
    state = kept = State(header=header)
    for number in range(EVENTS):
        state, receipt = apply(state, choose(state))
        kept = followed(kept, receipt)
        assert differing(kept, state) == [], number


def test_a_rejection_leaves_the_same_state() -> None:
    state = State()
    assert followed(state, Receipt(Reason.UNKNOWN_MARKET, ())) is state


def test_a_receipt_that_no_rule_gives_from_there_is_not_followed() -> None:
    with pytest.raises(KeyError):
        followed(State(), Receipt(None, (LotReduced(1, "ABC", FLAT),)))
