"""What would follow, against the specification asked the same from the same state."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from html import escape
from pathlib import Path

import pytest

from marginspec.model.effects import Deleveraged, DomainLiquidated
from marginspec.model.events import MarkPrice
from marginspec.model.units import Decimal8
from marginspec.transition import apply
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit import contrast
from marginspec_tools.dashboard.app import Dashboard
from marginspec_tools.dashboard.index import Builder, Index
from marginspec_tools.dashboard.pages import whatif
from marginspec_tools.dashboard.view import Source
from marginspec_tools.runs import Run
from marginspec_tools.simulate import stress_day_path
from tools.dashboard.test_content import Truth, money, records, truth
from worlds.lines import lines_of_the_day
from worlds.served import Served, answer_of

__all__ = ["truth"]


def test_another_mark_is_what_the_rules_say(day: Served, truth: Truth) -> None:
    state = truth.states[1500]
    _, receipt = apply(state, MarkPrice("BTCUSDT", Decimal8(60_000 * 10**8)))
    lost = sum(effect.loss for effect in receipt.effects if isinstance(effect, Deleveraged))
    (row,) = records(day, "whatif/asked", market="BTCUSDT", mark="60000", at=1500)
    found = (row["mark"], row["stage"], int(row["liquidated"]), row["deleveraging"])
    liquidated = sum(isinstance(effect, DomainLiquidated) for effect in receipt.effects)
    assert found == ("60000.00", "deleveraging", liquidated, money(lost))


def test_each_scenario_of_a_sweep_is_that_mark_alone(day: Served, truth: Truth) -> None:
    state = truth.states[1500]
    rows = records(day, "whatif/sweep", sweep="all", at=1500)
    assert len({row["market"] for row in rows}) * 16 == len(rows)
    for row in rows:
        mark = Decimal8(int(decimal_text(int(row["mark"].replace(".", "")), 0)))
        market = state.markets[row["market"]]
        event = MarkPrice(market.id, Decimal8(mark * 10 ** (8 - market.price_decimals)))
        effects = apply(state, event)[1].effects
        liquidated = sum(isinstance(effect, DomainLiquidated) for effect in effects)
        assert int(row["liquidated"]) == liquidated, row


def test_another_day_is_what_an_audit_says_of_it(day: Served) -> None:
    run = Run(stress_day_path())
    for _ in run:
        pass
    told = contrast(run, stress_day_path(), None, {}, {"adl_ranking": "bitmex", "last_resort": "none"})
    rows = records(day, "whatif/contrast", ranking="bitmex", resort="none", at=2400)
    assert [(row["account"], row["asset"], row["here"], row["there"], row["gain"]) for row in rows] == told.rows()
    assert told.text in day.get("/whatif?ranking=bitmex&resort=none").text


def test_what_cannot_be_asked_is_refused_with_the_reason(day: Served) -> None:
    refused = {
        "/whatif?market=BTCUSDT&mark=x": "The mark &#39;x&#39; is not a decimal",
        "/whatif?market=BTCUSDT&mark=0.001": "The mark 0.001 is not a multiple above zero of the tick",
        "/whatif?market=BTCUSDT&mark=-5": "The mark -5 is not a multiple above zero of the tick",
        "/whatif?market=NONE&mark=5": "there is no market",
        "/whatif?ranking=best": "&#39;best&#39; is none of binance, bitmex",
    }
    for path, reason in refused.items():
        answer = day.get(path)
        assert (answer.status_code in (400, 404), reason in answer.text) == (True, True), path


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Dashboard]:
    """The dashboard of the day's first events, whose journal may come to anything."""
    journal = tmp_path / "small.jsonl"
    journal.write_bytes(b"".join(lines_of_the_day()[:61]))
    with closing(Builder(journal, tmp_path / "small.index")) as builder:
        builder.build()
    with closing(Index(tmp_path / "small.index")) as index:
        yield Dashboard(index, Source(journal))


def become_pipe(journal: Path) -> None:
    """A pipe that nobody writes into: who opened it would wait for ever."""
    journal.unlink()
    os.mkfifo(journal)


def become_another(journal: Path) -> None:
    """Another journal of as many events."""
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:-1], lines[-2]]))


def go_on(journal: Path) -> None:
    """More events than the index has yet."""
    journal.write_bytes(b"".join(lines_of_the_day()[:102]))


@pytest.mark.parametrize(
    ("change", "status", "title", "reason"),
    [
        (Path.unlink, 409, "The journal cannot be run", "{}: cannot be read: No such file or directory"),
        (become_pipe, 409, "The journal cannot be run", "{}: not a file: pages read a journal more than once"),
        (become_another, 409, "The journal was replaced", "{} is another journal than the one that is shown."),
        (
            go_on,
            422,
            "Too long for a page",
            "The day has more than 100 events; `marginspec audit --against` compares days of any length.",
        ),
    ],
)
def test_a_journal_that_is_not_what_it_was_is_not_run(
    small: Dashboard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    status: int,
    title: str,
    reason: str,
) -> None:
    monkeypatch.setattr(whatif, "MOST_EVENTS", 100)
    journal = tmp_path / "small.jsonl"
    change(journal)
    answer = answer_of(small, "/whatif?ranking=bitmex")
    told = f"<h1>{title}</h1>", f"<p><bdi>{escape(reason.format(journal))}</bdi></p>"
    assert (answer.status_code, *(text in answer.text for text in told)) == (status, True, True)


def test_a_journal_that_goes_on_is_still_the_day(small: Dashboard, tmp_path: Path) -> None:
    (tmp_path / "small.jsonl").write_bytes(b"".join(lines_of_the_day()[:71]))
    answer = answer_of(small, "/whatif?ranking=bitmex")
    assert (answer.status_code, "Under bitmex,levy instead of binance,levy: 0 accounts" in answer.text) == (200, True)
