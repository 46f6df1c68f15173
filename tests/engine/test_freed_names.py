"""Names that only refused events state, and those of orders that are gone, are freed; their numbers are used again."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec_conformance.generator.events import (
    ASSET,
    cancel,
    deposit,
    funding,
    listing,
    mark,
    order,
    settle,
    trade,
    withdraw,
)
from marginspec_engine import layout
from marginspec_engine.batches.event_columns import rows_of_events
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.memory import tables
from marginspec_engine.memory.names import Names
from marginspec_engine.states.snapshots import Origin, read_snapshot, write_snapshot
from marginspec_journal import Record, write_journal, write_lines
from marginspec_journal.states import opening
from marginspec_tools.runs.fast_running import FastRun
from marginspec_tools.runs.running import Run
from worlds.pair import Pair
from worlds.states import MINIMAL

OPENING: tuple[Event, ...] = (
    *(listing(), mark("100"), listing("B"), mark("20", "B")),
    *(deposit("alice", "100000"), deposit("bob", "100000")),
)
EVENTS = 6 * tables.LEAST_FREED


def unknown_markets() -> Iterator[Event]:
    """Marks of ever new markets."""
    return (mark("1", f"M{number:07}") for number in range(10**6))


def unknown_accounts() -> Iterator[Event]:
    """Withdrawals of ever new accounts."""
    return (withdraw(f"a{number:07}", "1") for number in range(10**6))


def unknown_assets() -> Iterator[Event]:
    """Withdrawals in ever new assets."""
    return (withdraw("alice", "1", f"C{number:07}") for number in range(10**6))


def unknown_orders() -> Iterator[Event]:
    """Ever new orders that nobody has are cancelled."""
    return (cancel("alice", f"o{number:07}") for number in range(10**6))


def passing_orders() -> Iterator[Event]:
    """Ever new orders, each taken back at once."""
    for number in range(10**6):
        yield order("alice", "buy", "1", "90", id=f"o{number:07}")
        yield cancel("alice", f"o{number:07}")


FLOODS = (unknown_markets, unknown_accounts, unknown_assets, unknown_orders, passing_orders)


def sizes(run: BatchRun) -> dict[str, int]:
    """How many words each vector of the book has, and how many names there are, but for what waits to be taken."""
    book, known = run.engine.tables.book, run.engine.tables
    waiting = (layout.EFFECTS, layout.RECEIPT, layout.UNDONE, layout.LINES)
    vectors = {str(vector): int(book[vector + layout.USED]) for vector in layout.BOOK_VECTORS if vector not in waiting}
    slots = {f"map {one}": int(book[one + layout.SLOTS]) for one in layout.MAPS}
    return {**vectors, **slots, **{of: len(known.names(of)) for of in tables.TEXTS_OF}}


@pytest.mark.parametrize("flood", FLOODS)
def test_memory_does_not_grow_with_names_that_nobody_has(flood: object) -> None:
    assert callable(flood)
    run = BatchRun(opening(State(header=MINIMAL)))
    run.take(rows_of_events(run.engine.tables, list(OPENING)))
    events, most = flood(), []
    for _ in range(4):
        found = []
        for _ in range(12):
            run.take(rows_of_events(run.engine.tables, list(islice(events, tables.LEAST_FREED // 2))))
            found.append(sizes(run))
        most.append({name: max(one[name] for one in found) for name in found[0]})
    assert most[1] == most[2] == most[3]
    assert len(run.engine.tables.market_rows()) == 2


@pytest.mark.parametrize("flood", FLOODS)
def test_the_same_event_by_event(flood: object) -> None:
    assert callable(flood)
    engine = OptimizedEngine(State(header=MINIMAL))
    for event in (*OPENING, *islice(flood(), EVENTS)):
        engine.apply(event)
    most = 2 * tables.LEAST_FREED
    assert all(len(engine.tables.names(of)) <= most for of in tables.TEXTS_OF)
    assert all(
        len(names.texts) == len(names.numbers) + len(names.free) for names in map(engine.tables.names, tables.TEXTS_OF)
    )


# ----------------------------------------------------------------- both engines, while names come and go


def coming_and_going(seed: int, count: int) -> list[Event]:
    """Events of few accounts, markets and orders that exist and many that do not, and now and then one that will."""
    chance, events = Random(seed), list(OPENING)
    for _ in range(count):
        account, market = (f"{kind}{chance.randrange(60):02}" for kind in ("z", "Y"))
        asset, name = chance.choice((ASSET, "EUR", f"X{chance.randrange(40)}")), f"o{chance.randrange(500)}"
        events.append(
            chance.choice(
                (
                    withdraw(account, "1", asset),
                    mark(str(chance.randrange(80, 120)), chance.choice(("A", market))),
                    deposit(account if chance.random() < 0.2 else "alice", str(chance.randrange(-1, 500)), asset),
                    listing(market) if chance.random() < 0.1 else mark("7", market),
                    order(chance.choice(("alice", "bob", account)), "buy", "1", "70", id=name),
                    order(chance.choice(("alice", account)), "sell", "1", "130", id=name),
                    cancel(chance.choice(("alice", "bob", account)), name),
                    trade(chance.choice(("alice", account)), chance.choice(("bob", account)), "2", "100", "A"),
                    trade(account, "bob", "1", "7", market),
                    settle("7", market),
                    funding("0.01", chance.choice(("A", market))),
                )
            )
        )
    return events


@pytest.mark.parametrize("seed", range(6))
def test_receipts_and_states_are_equal_while_numbers_are_used_again(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LEAST_FREED", 3)
    freed, drop = Counter[int](), Names.drop

    def counted(names: Names, numbers: list[int]) -> None:
        freed[id(names)] += len(numbers)
        drop(names, numbers)

    monkeypatch.setattr(Names, "drop", counted)
    pair = Pair(State(header=MINIMAL))
    for place, event in enumerate(coming_and_going(seed, 800)):
        pair.take(event)
        if place % 50 == 49:
            pair.compare()
    assert all(freed[id(pair.engine.tables.names(of))] > 0 for of in tables.TEXTS_OF)
    pair.restart()
    pair.compare()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_lines_of_a_file_are_equal_while_numbers_are_used_again(
    seed: int, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marginspec_engine.batches import event_columns
    from marginspec_tools.runs import fast_running

    monkeypatch.setattr(tables, "LEAST_FREED", 3)
    monkeypatch.setattr(event_columns, "ROWS_AT_ONCE", 40)
    monkeypatch.setattr(fast_running, "EVENTS_AT_ONCE", 40)
    path, journal = tmp_path / f"journal.{suffix}", [Record(0, event) for event in coming_and_going(seed, 600)]
    (write_lines if suffix == "jsonl" else write_journal)(path, MINIMAL, journal)
    expected, found = Run(path), FastRun(path, with_lines=True)
    lines = b"".join(step.chained.line() + b"\n" for step in expected)
    assert b"".join(found) == lines
    assert found.reached() == expected.reached()


def test_a_run_whose_numbers_are_free_goes_on_from_its_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "LEAST_FREED", 3)
    events = coming_and_going(35, 400)
    run = BatchRun(opening(State(header=MINIMAL)))
    for place in range(0, 300, 30):
        run.take(rows_of_events(run.engine.tables, events[place : place + 30]))
    assert all(run.engine.tables.names(of).free for of in tables.TEXTS_OF)
    write_snapshot(tmp_path / "run.snapshot", run, Origin("0" * 64, "0" * 64))
    kept = read_snapshot(tmp_path / "run.snapshot")
    assert kept.opened == run.reached()
    again = kept.run()
    for one in (run, again):
        one.take(rows_of_events(one.engine.tables, events[300:]))
    assert again.reached() == run.reached()
