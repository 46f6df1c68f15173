"""A state that is kept by receipts alone is the specification's, after every event."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import get_args

import attrs
import pytest

from marginspec.model.effects import DomainLiquidated, Effect, LotReduced, Receipt, Transferred
from marginspec.model.events import Event
from marginspec.model.ledger import LedgerAccount, house, wallet
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import FLAT, Money
from marginspec.transition import apply
from marginspec_conformance.generator.journals import KINDS
from marginspec_conformance.vectors import read_vectors
from marginspec_conformance.vectors.making import draft_of
from marginspec_journal import open_journal
from marginspec_tools.runs.following import TAKERS, followed

VECTORS = Path(__file__).parents[2] / "vectors"
JOURNALS = sorted(path for folder in ("golden", "attacks", "cases") for path in (VECTORS / folder).glob("*.jsonl"))
EVENTS, SHARDS = 300, 8
HOUSE, WALLET = house("USDT"), wallet("alice", "USDT")


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
    assert {*TAKERS, DomainLiquidated, Transferred} == set(get_args(Effect))


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


@pytest.mark.parametrize(
    ("source", "target", "amount", "told"),
    [
        (HOUSE, WALLET, 1, "house:USDT at -1 by TRD-01"),
        (WALLET, WALLET, 1, "transfer from wallet:alice:USDT to itself"),
        (WALLET, HOUSE, 0, "transfer of 0 from wallet:alice:USDT to house:USDT"),
        (WALLET, HOUSE, -1, "transfer of -1 from wallet:alice:USDT to house:USDT"),
    ],
)
def test_a_transfer_that_no_rule_makes_is_not_followed(
    source: LedgerAccount, target: LedgerAccount, amount: int, told: str
) -> None:
    moved = Transferred("USDT", source, target, Money(amount), "TRD-01")
    with pytest.raises(AssertionError) as refused:
        followed(State(), Receipt(None, (moved,)))
    assert str(refused.value) == told


def test_a_receipt_that_no_rule_gives_from_there_is_not_followed() -> None:
    with pytest.raises(KeyError):
        followed(State(), Receipt(None, (LotReduced(1, "ABC", FLAT),)))
