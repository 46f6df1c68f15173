"""The index answers what the specification's states and receipts say, at any event, of any journal."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from immutables import Map

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec.transition import SpecificationEngine, apply
from marginspec_conformance.generator import journals
from marginspec_journal import Record, open_journal, write_journal
from marginspec_tools.dashboard.index import Builder, Index
from marginspec_tools.simulate import stress_day_path

EVENTS = 300
KINDS = {
    "aimed": journals.aimed_journal,
    "giant": journals.giant_journal,
    "glitch": journals.glitch_journal,
    "ruin": journals.ruin_journal,
    "crowd": journals.crowd_journal,
    "avalanche": journals.avalanche_journal,
    "narrow": journals.narrow_journal,
}
"""Kinds of random journals: what they reach is said where they are made."""
Kind = Callable[[int, int], tuple[Header, journals.Choose]]


@attrs.frozen
class Step:
    """An event of a run of the specification."""

    seq: int
    record: Record
    before: State
    receipt: Receipt
    after: State


def steps_of(path: Path) -> Iterator[Step]:
    journal = open_journal(path)
    state = State(header=journal.header)
    for seq, record in enumerate(journal, start=1):
        before = state
        state, receipt = apply(state, record.event)
        yield Step(seq, record, before, receipt, state)


def random_journal(path: Path, kind: Kind, seed: int) -> None:
    header, choose = kind(seed, EVENTS)
    engine = SpecificationEngine.from_header(header)
    records: list[Record] = []
    for line in range(2, EVENTS + 2):
        event: Event = choose(engine.state())
        engine.apply(event)
        records.append(Record(line, event))
    write_journal(path, header, records)


@contextmanager
def indexed(journal: Path, folder: Path) -> Iterator[Index]:
    with closing(Builder(journal, folder / "an.index")) as builder:
        builder.build()
    with closing(Index(folder / "an.index")) as index:
        yield index


@pytest.fixture(scope="module")
def stress_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with indexed(stress_day_path(), tmp_path_factory.mktemp("index")) as index:
        yield index


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return list(steps_of(stress_day_path()))


def check_states(index: Index, steps: Iterator[Step], every: int) -> None:
    for step in steps:
        if step.seq % every == 0:
            assert index.state_at(step.seq) == step.after
            check_parts(index, step.seq, step.after)


def check_parts(index: Index, seq: int, state: State) -> None:
    """Each account and market by itself is as it is in the whole."""
    funds = index.funds_state(seq)
    for name in ("markets", "lots", "lots_in", "next_lot", "uncovered", "fund_status", "closed_markets"):
        assert getattr(funds, name) == getattr(state, name)
    assert (funds.open_interest, funds.open_value) == (state.open_interest, state.open_value)
    assert funds.ledger == Map({one: state.ledger[one] for one in state.ledger if not one.account})
    for account in state.accounts:
        assert own_of(index.account_state(seq, account), "") == own_of(state, account)
    for market in state.markets:
        part = index.market_state(seq, market)
        assert part.markets == Map({market: state.markets[market]})
        assert part.lots == Map({lot: state.lots[lot] for lot in state.lots_in.get(market, ())})
        for name in ("fund_status", "open_interest"):
            assert getattr(part, name).get(market) == getattr(state, name).get(market)
        assert index.queue_state(seq, market).positions_in.get(market) == state.positions_in.get(market)


def own_of(state: State, account: str) -> dict[str, Any]:
    """What of a state is an account's; of every account's if none is named."""
    of_keys = ("settings", "positions", "positions_of")
    claims = [(domain, own[domain]) for own in state.relief_claims.values() for domain in own]
    return {
        "balances": {one: state.ledger[one] for one in state.ledger if one.account and account in ("", one.account)},
        "claims": {domain: amount for domain, amount in claims if account in ("", domain.account)},
        **{name: kept(getattr(state, name), lambda key: account in ("", key[0])) for name in of_keys},
        **{
            name: kept(getattr(state, name), lambda key: account in ("", key))
            for name in ("accounts", "orders", "domains_of")
        },
    }


def kept(entries: Map[Any, Any], is_kept: Callable[[Any], bool]) -> dict[Any, Any]:
    return {key: value for key, value in entries.items() if is_kept(key)}


def test_states_of_the_stress_day(stress_day: Index, steps: list[Step]) -> None:
    check_states(stress_day, iter(steps), 100)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_states_of_random_journals(tmp_path: Path, kind: Kind, seed: int) -> None:
    path = tmp_path / "random.jsonl"
    random_journal(path, kind, seed)
    with indexed(path, tmp_path) as index:
        check_states(index, steps_of(path), 6)


def test_moments_can_be_run_again(stress_day: Index, steps: list[Step]) -> None:
    whole = 0
    for step in steps[::3]:
        moment = stress_day.moment(step.seq)
        assert (moment.seq, moment.record) == (step.seq, step.record)
        assert apply(moment.before, moment.record.event)[1] == step.receipt
        whole += moment.is_whole
        if moment.is_whole:
            assert moment.before == step.before
    assert 0 < whole < len(steps) // 30
