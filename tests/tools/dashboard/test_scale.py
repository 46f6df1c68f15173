"""What takes too long for a page is asked for first, and the page says what it did not look at; files are whole."""

from typing import Any

import pytest

from marginspec.margin.margin import lot_cost
from marginspec.model.state import State
from marginspec_audit.transparency import market_status
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit import invariant_sentences
from marginspec_tools.dashboard.index.rows import NAMING_ACCOUNTS
from marginspec_tools.dashboard.pages import event as event_page
from marginspec_tools.dashboard.pages import invariants, liquidations, market, queue
from tools.dashboard.test_content import Truth, money, records, truth
from worlds.served import Served

__all__ = ["truth"]

EVENT, MARKET = 2100, "SUIUSDT"
"""An event after which a market has several lots."""
DELEVERAGING = 1674
NEEDS_ALL = 2298
"""An event for which the rules look at accounts that its receipt does not name."""


def main_of(day: Served, path: str) -> str:
    """The page's own part."""
    answer = day.get(path)
    assert answer.status_code == 200
    return answer.text.partition("<main")[2]


def held_in(truth: Truth, name: str) -> int:
    """How many positions were ever held in a market."""
    return len({key for state in truth.states for key in state.positions if key.market == name})


def named_in(truth: Truth) -> int:
    """How many accounts the events name."""
    events = [step.record.event for step in truth.steps]
    return len({name for event in events for field in NAMING_ACCOUNTS if (name := getattr(event, field, None))})


# ----------------------------------------------------------------- lots


def lots_of(state: State, name: str) -> list[tuple[str, ...]]:
    """The lots of a market, newest first, as the page has them."""
    listed = state.markets[name]
    found = list[tuple[str, ...]]()
    for number in reversed(state.lots_in[name]):
        lot, cost = state.lots[number], lot_cost(state, number)
        pnl = listed.at_mark(lot.quantity) - cost
        held = decimal_text(lot.quantity, listed.quantity_decimals)
        found.append((str(number), lot.account, held, money(cost), money(pnl)))
    return found


def test_many_lots_are_shown_some_at_a_time_and_explained_together(
    day: Served, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "FEW_LOTS", 1)
    state = truth.states[EVENT]
    number, status = len(state.lots_in[MARKET]), market_status(state, MARKET)
    assert number > 1
    rows = records(day, "market/lots", market=MARKET, at=EVENT)
    shown = [tuple(row[name] for name in ("lot", "account", "quantity", "cost", "pnl")) for row in rows]
    assert shown == lots_of(state, MARKET)
    page = main_of(day, f"/market?market={MARKET}&at={EVENT}")
    assert f"There are {number}, newest first." in page
    assert f"PnL of its {number} lots, which the table has one by one: {money(status.lots_pnl)} = " in page
    assert f"shortfall: {money(status.shortfall)} = {money(max(0, -status.lots_pnl))} of loss" in page
    second = main_of(day, f"/market?market={MARKET}&at={EVENT}&lots.after={shown[0][0]}")
    lots = second.partition('id="lots"')[2].partition("</section>")[0]
    assert [one[0] in lots for one in ((f">{shown[0][1]}<",), (f">{shown[1][1]}<",))] == [False, True]


def test_the_overview_counts_lots_that_it_takes_together(day: Served, truth: Truth) -> None:
    for row in records(day, "overview/markets", at=EVENT):
        assert row["lots"] == str(len(truth.states[EVENT].lots_in.get(row["market"], ())))


# ----------------------------------------------------------------- queues


def test_queues_of_many_positions_are_ranked_when_that_is_asked(
    day: Served, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/queue?market=BTCUSDT&at={DELEVERAGING}"
    at_once = {side: records(day, f"queue/{side}", market="BTCUSDT", at=DELEVERAGING) for side in ("long", "short")}
    monkeypatch.setattr(queue, "AT_ONCE", 3)
    held = held_in(truth, "BTCUSDT")
    page = main_of(day, path)
    assert page.count(f"Not ranked: {held} positions were held here, more than 3.") == 2
    assert f'<a href="{path.replace("&", "&amp;")}&amp;rank=all">Rank all of them</a>' in page
    asked = main_of(day, f"{path}&rank=all")
    assert ("Not ranked" in asked, "Rank all of them" in asked) == (False, False)
    # A file is whole without being asked, and one place leads to its reason.
    assert {side: records(day, f"queue/{side}", market="BTCUSDT", at=DELEVERAGING) for side in at_once} == at_once
    account = at_once["short"][0]["account"]
    assert f"the score and the quantile of <bdi>{account}</bdi>" in main_of(day, f"{path}&account={account}")


def test_queues_of_very_many_positions_are_on_no_page(day: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "AT_ONCE", 2)
    monkeypatch.setattr(queue, "MOST", 3)
    path = f"market=BTCUSDT&at={DELEVERAGING}"
    page = main_of(day, f"/queue?{path}&rank=all")
    told = f"which no page ranks: `marginspec explain JOURNAL {DELEVERAGING} --market BTCUSDT` does, in its time."
    assert (page.count(told), "Rank all of them" in page, "long.csv" in page) == (2, False, False)
    for one in (f"/queue/long.csv?{path}", f"/queue?{path}&account=a00010"):
        answer = day.get(one)
        assert (answer.status_code, told in answer.text) == (422, True)


def test_looks_at_very_many_accounts_are_refused(day: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_ACCOUNTS", 5)
    page = main_of(day, f"/queue?market=DOGEUSDT&at={DELEVERAGING}")
    assert ("Whom it looked at is on no page" in page, "looks=all" in page) == (True, False)
    answer = day.get(f"/queue?market=DOGEUSDT&at={DELEVERAGING}&looks=all")
    reason = "There are more than 5 accounts: the event is not run again on all of them for a page."
    assert (answer.status_code, reason in answer.text) == (422, True)


# ----------------------------------------------------------------- invariants


def test_a_page_says_that_it_looked_at_the_funds_alone(
    day: Served, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = records(day, "invariants/verdicts", at=EVENT)
    monkeypatch.setattr(invariants, "AT_ONCE", 5)
    page = main_of(day, f"/invariants?at={EVENT}")
    unchecked = len(invariant_sentences()) - len(invariants.OF_FUNDS)
    assert page.count(">not checked</span>") == unchecked
    told = f'<span class="number">{named_in(truth)}</span> accounts have been named.'
    assert f"Of the state after this event, only the funds were looked at, since {told}" in page
    assert f'<a href="/invariants?at={EVENT}&amp;accounts=all">Check all accounts</a>' in page
    asked = main_of(day, f"/invariants?at={EVENT}&accounts=all")
    accounts = f'<span class="number">{len(truth.states[EVENT].accounts)}</span>'
    assert "not checked" not in asked
    assert f"All accounts were looked at, {accounts} of them, and the event was run again." in asked
    # A file is whole without being asked.
    assert records(day, "invariants/verdicts", at=EVENT) == whole
    monkeypatch.setattr(invariants, "MOST_CHECKED", 5)
    page = main_of(day, f"/invariants?at={EVENT}&accounts=all")
    assert ("No page checks more than" in page, "Check all accounts" in page) == (True, False)
    assert page.count(">not checked</span>") == unchecked


# ----------------------------------------------------------------- explanations


def test_an_event_of_very_many_effects_is_explained_on_no_page(day: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_page, "MOST_EFFECTS", 10)
    effects = day.get(f"/event/effects.json?at={DELEVERAGING}").json()
    for path in (f"/event?at={DELEVERAGING}", f"/event?at={DELEVERAGING}&why=some"):
        page = main_of(day, path)
        assert f"An event of {len(effects)} effects is explained on no page: `marginspec explain` does it" in page
        assert ("hx-trigger" in page.partition('id="why"')[2].partition("</section>")[0]) is False


def test_an_event_that_needs_all_accounts_is_explained_when_that_is_asked(
    day: Served, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/event?at={NEEDS_ALL}"
    at_once = main_of(day, f"{path}&why=all").partition('id="why"')[2].partition("</section>")[0]
    monkeypatch.setattr(event_page, "FEW_ACCOUNTS", 5)
    page = main_of(day, f"{path}&why=some")
    told = f"which may take some seconds: {named_in(truth)} were named."
    assert f"The rules need more than the accounts that the event concerns: they can be run on all, {told}" in page
    assert f'<a href="{path}&amp;why=whole#why">Run them on all accounts</a>' in page
    asked = main_of(day, f"{path}&why=whole").partition('id="why"')[2].partition("</section>")[0]
    assert asked == at_once
    monkeypatch.setattr(event_page, "MOST_ACCOUNTS", 5)
    page = main_of(day, f"{path}&why=other")
    assert "The rules need all accounts for it, and more than 5 were named: `marginspec explain` does it" in page


# ----------------------------------------------------------------- who bore what


def test_of_who_bore_what_the_first_are_shown(day: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {"liquidation": "1", "at": 2154}
    whole = records(day, "liquidations/borne", **asked)
    assert len(whole) > 1
    monkeypatch.setattr(liquidations, "MOST_BORNE", 1)
    assert len(records(day, "liquidations/borne", **asked)) == 1
    assert "The first 1 are shown, lot by lot." in main_of(day, "/liquidations?liquidation=1&at=2154")


# ----------------------------------------------------------------- what is not there yet


@pytest.mark.parametrize(
    ("path", "title", "reason", "event"),
    [
        ("/market?market=YFIUSDT&at=20", "No such market", "there is no market 'YFIUSDT' yet: event 25 lists it.", 25),
        ("/queue?market=YFIUSDT&at=20", "No such market", "there is no market 'YFIUSDT' yet: event 25 lists it.", 25),
        ("/account?account=a00036&at=20", "No such account", "'a00036' yet: it comes with event 100.", 100),
    ],
)
def test_what_is_not_there_yet_is_said_with_the_event_that_brings_it(
    day: Served, path: str, title: str, reason: str, event: int
) -> None:
    answer = day.get(path)
    assert (answer.status_code, f"<h1>{title}</h1>" in answer.text) == (404, True)
    assert reason.replace("'", "&#39;") in answer.text
    where, _, name = path.partition("?")
    there = f"{where}?at={event}&amp;{name.partition('&')[0]}"
    assert f'<a href="{there}">After event {event}</a>' in answer.text
    assert day.get(there.replace("&amp;", "&")).status_code == 200
