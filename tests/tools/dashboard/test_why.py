"""The pages that say why: an event, an account and a queue, against the specification's own run of the journal."""

from collections import Counter
from fractions import Fraction

import pytest

from marginspec.margin import bands
from marginspec.margin import margin as margins
from marginspec.model import ledger
from marginspec.model.account import Direction, DomainKey, PositionKey
from marginspec.model.effects import Deleveraged
from marginspec.model.events import Trade
from marginspec.model.state import State
from marginspec.model.units import FLAT, NOTHING
from marginspec.settlement.deleveraging import queue_of
from marginspec.settlement.levy import domains_of_asset
from marginspec_audit.transparency import indicators
from marginspec_journal.decimals import decimal_text
from marginspec_tools.dashboard.pages import nearest
from marginspec_tools.explain import explain_event, fraction_text, name_of
from tools.dashboard.test_content import EVENTS, Truth, money, records, truth
from worlds.served import Served

__all__ = ["truth"]

ACCOUNT = "a00036"
DELEVERAGING = (1674, "DOGEUSDT")


def price(text: int | None, decimals: int) -> str | None:
    """A price, if there is one."""
    return None if text is None else decimal_text(text, decimals)


# ----------------------------------------------------------------- events


@pytest.mark.parametrize("event", [event for event in EVENTS if event])
def test_amounts_before_and_after_are_those_of_the_states(day: Served, truth: Truth, event: int) -> None:
    before, after = truth.states[event - 1], truth.states[event]
    changed = {
        account.name: (money(before.balance(account)), money(after.balance(account)))
        for account in {**before.ledger, **after.ledger}
        if before.balance(account) != after.balance(account)
    }
    held = {
        ":".join(key): [
            decimal_text(state.positions.get(key, FLAT), state.markets[key.market].quantity_decimals)
            for state in (before, after)
        ]
        for key in {**before.positions, **after.positions}
        if before.positions.get(key) != after.positions.get(key)
    }
    rows = records(day, "event/amounts", at=event)
    assert {row["name"]: (row["before"], row["after"]) for row in rows if row["what"] == "balance"} == changed
    assert {row["name"]: [row["before"], row["after"]] for row in rows if row["what"] == "position"} == held


@pytest.mark.parametrize("event", [event for event in EVENTS if event])
def test_effects_are_those_of_the_receipt(day: Served, truth: Truth, event: int) -> None:
    receipt = truth.steps[event - 1].transition.receipt
    types = Counter(row["effect"] for row in records(day, "event/effects", at=event))
    assert types.total() == len(receipt.effects)
    assert types["deleveraged"] == sum(isinstance(effect, Deleveraged) for effect in receipt.effects)


def test_the_explanation_is_that_of_the_rules(day: Served, truth: Truth) -> None:
    event, _ = DELEVERAGING
    step = truth.steps[event - 1]
    lines = "\n".join(explain_event(step.transition.before, step.record, event).lines(2)).splitlines()
    page = day.get(f"/event?at={event}&why=all").text
    assert page.count("<li") > len(lines) // 2
    assert "asked: market DOGEUSDT, price" in page
    # The heavy explanation is not part of the page until it is asked for.
    assert "asked: market DOGEUSDT, price" not in day.get(f"/event?at={event}").text


def test_the_start_has_no_event(day: Served) -> None:
    page = day.get("/event?at=0")
    assert (page.status_code, "The journal begins here: no event has come yet." in page.text) == (200, True)


# ----------------------------------------------------------------- accounts


def domains_of(state: State, account: str) -> list[DomainKey]:
    """The account's domains that hold anything."""
    found = [domain for domain in domains_of_asset(state, "USDT") if domain.account == account]
    return [domain for domain in found if margins.domain_margin(state, domain).positions or state.balance(cash(domain))]


def cash(domain: DomainKey) -> ledger.LedgerAccount:
    """Where a domain's cash is."""
    return margins.cash_account(domain)


@pytest.mark.parametrize("event", [500, *EVENTS[1:]])
def test_domains_are_those_of_the_rules(day: Served, truth: Truth, event: int) -> None:
    state, wanted = truth.states[event], []
    for domain in domains_of(state, ACCOUNT):
        margin, reserved = margins.domain_margin(state, domain), margins.reserved_for_orders(state, domain)
        initial = margins.domain_initial(state, margin)
        wanted.append(
            {
                "cash": money(margin.cash),
                "equity": money(margin.equity),
                "maintenance": money(margin.maintenance),
                "initial": money(initial),
                "orders": money(reserved),
                "available": money(margins.available_margin(margin, initial, reserved)),
                "movable": money(margins.movable_margin(margin, initial, reserved)),
                "claim": money(state.relief_claims.get("USDT", {}).get(domain, NOTHING)),  # type: ignore[call-overload]  # an empty one
                "health": "holds",
            }
        )
    rows = records(day, "account/domains", account=ACCOUNT, at=event)
    assert [{name: row[name] for name in wanted[0]} for row in rows] == wanted


@pytest.mark.parametrize("event", [500, 1000, 1674])
def test_positions_have_the_bands_of_the_rules(day: Served, truth: Truth, event: int) -> None:
    state = truth.states[event]
    wanted = {}
    for key in sorted(one for one in state.positions if one.account == ACCOUNT):
        market, domain = state.markets[key.market], margins.domain_of(state, key)
        band, digits = bands.liquidation_band(state, domain, key.market), market.price_decimals
        wanted[key.market, key.side.lower()] = (
            decimal_text(state.positions[key], market.quantity_decimals),
            price(band.lower, digits),
            price(band.upper, digits),
            price(bands.bankruptcy_price(state, domain, key.market), digits),
        )
    rows = records(day, "account/positions", account=ACCOUNT, at=event)
    found = {
        (row["market"], row["side"]): (row["quantity"], row["below"], row["above"], row["bankruptcy"]) for row in rows
    }
    assert found == wanted


def nearest_of(state: State, market: str) -> list[tuple[str, ...]]:
    """The positions of a market whose domains some mark of it liquidates, nearest first, as the page has them."""
    listed, found = state.markets[market], []
    for key in state.positions:
        if key.market == market:
            band = bands.liquidation_band(state, margins.domain_of(state, key), market)
            ends = [end for end in (band.lower, band.upper) if end is not None]
            found += [(abs(end - listed.marked()), ":".join(key), key, end) for end in ends]
    kept: dict[PositionKey, tuple[str, ...]] = {}
    for distance, _, key, end in sorted(found):
        quantity = decimal_text(state.positions[key], listed.quantity_decimals)
        prices = (decimal_text(one, listed.price_decimals) for one in (end, distance))
        percent = decimal_text(distance * 10_000 // listed.marked(), 2)
        kept.setdefault(key, (key.account, key.side.lower(), quantity, *prices, percent))
    return [*kept.values()]


SHOWN_OF_NEAR = ("account", "side", "quantity", "price", "distance", "share")


@pytest.mark.parametrize(("event", "market"), [(1000, "1000SHIBUSDT"), (1650, "BTCUSDT"), (2154, "SUIUSDT")])
def test_positions_nearest_to_liquidation(day: Served, truth: Truth, event: int, market: str) -> None:
    rows = records(day, "market/nearest", market=market, at=event)
    assert [tuple(row[name] for name in SHOWN_OF_NEAR) for row in rows] == nearest_of(truth.states[event], market)
    mark = truth.states[event].markets[market].marked()
    ends = {row["where"]: int(row["price"].replace(".", "")) for row in rows}
    assert ends == {where: end for where, end in ends.items() if (end < mark) == (where == "below")}


def test_of_more_positions_than_a_page_works_out_it_is_asked_or_told(
    day: Served, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "AT_ONCE", 3)
    held = len({key for state in truth.states for key in state.positions if key.market == "BTCUSDT"})
    page = day.get("/market?market=BTCUSDT&at=1650").text
    assert f"Not worked out: {held} positions were held here, more than 3." in page
    assert 'href="/market?market=BTCUSDT&amp;at=1650&amp;near=all#nearest"' in page
    rows = records(day, "market/nearest", market="BTCUSDT", at=1650, near="all")
    wanted = nearest_of(truth.states[1650], "BTCUSDT")
    assert [tuple(row[name] for name in SHOWN_OF_NEAR) for row in rows] == wanted
    # A file is whole without being asked.
    assert records(day, "market/nearest", market="BTCUSDT", at=1650) == rows
    monkeypatch.setattr(nearest, "MOST", 5)
    page = day.get("/market?market=BTCUSDT&at=1650&near=all").text
    reason = "More than 5 positions were held here: their bands stand on no page but each account&#39;s own."
    assert (reason in page, "near=all#nearest" in page) == (True, False)
    answer = day.get("/market/nearest.csv?market=BTCUSDT&at=1650")
    assert (answer.status_code, reason in answer.text) == (422, True)


def test_every_change_of_a_wallet_adds_up_to_its_balance(day: Served, truth: Truth) -> None:
    rows = records(day, "account/money", account=ACCOUNT, at=2400)
    units = [int(row["amount"].replace(".", "")) for row in rows]
    assert sum(units) == truth.states[2400].balance(ledger.wallet(ACCOUNT, "USDT"))
    assert rows[0]["balance"] == money(sum(units))


def test_accounts_are_found_by_the_beginning_of_their_names(day: Served, truth: Truth) -> None:
    rows = records(day, "accounts/accounts", prefix="a0003", at=2400)
    wanted = sorted(name for name in truth.states[2400].accounts if name.startswith("a0003"))
    assert [row["account"] for row in rows] == wanted


def test_events_are_filtered(day: Served, truth: Truth) -> None:
    rows = records(day, "events/events", type="trade", market="BTCUSDT", only="rejected", at=2400)
    wanted = [
        step.number
        for step in truth.steps
        if isinstance(step.record.event, Trade)
        and step.record.event.market == "BTCUSDT"
        and step.transition.receipt.rejected
    ]
    assert [int(row["event"]) for row in rows] == wanted[::-1]
    assert day.get("/events?type=nothing").status_code == 400
    assert day.get("/events?only=nothing").status_code == 400


# ----------------------------------------------------------------- queues


@pytest.mark.parametrize("event", EVENTS[1:])
def test_queues_are_those_of_the_rules(day: Served, truth: Truth, event: int) -> None:
    state = truth.states[event]
    quantiles = indicators(state, "BTCUSDT")
    sides: tuple[Direction, ...] = ("long", "short")
    for side in sides:
        wanted = [
            (ranked.key, fraction_text(Fraction(ranked.score.numerator, ranked.score.denominator)))
            for ranked in queue_of(state, "BTCUSDT", side)
        ]
        rows = records(day, f"queue/{side}", market="BTCUSDT", at=event)
        keys = [PositionKey(row["account"], "BTCUSDT", row["side"].upper()) for row in rows]
        assert [(key, row["exact"]) for key, row in zip(keys, rows, strict=True)] == wanted
        assert [int(row["indicator"]) for row in rows] == [quantiles[key] for key in keys]


def test_a_rank_is_explained_as_the_rules_take_it(day: Served, truth: Truth) -> None:
    state = truth.states[1674]
    place, ranked = 2, queue_of(state, "BTCUSDT", "short")[2]
    account, side = ranked.key.account, ranked.key.side.lower()
    page = day.get(f"/queue?market=BTCUSDT&account={account}&side={side}&at=1674").text
    told = page.partition('id="why"')[2].partition("</section>")[0]
    score = decimal_text(ranked.score.numerator * 10**8 // ranked.score.denominator, 8)
    lead = f"score of: ≈{score} with key {name_of(ranked.key)}, "
    assert (f"<bdi>{place + 1}. {name_of(ranked.key)}</bdi>" in told, lead in told) == (True, True)
    assert ranked.score.numerator > 0
    answer = day.get(f"/queue?market=BTCUSDT&account={account}&side=north&at=1674")
    reason = f"After event 1674 &#39;{account}&#39; has no position of side &#39;north&#39; in BTCUSDT."
    assert (answer.status_code, reason in answer.text) == (404, True)


def test_looks_of_an_event_are_its_deleveragings_and_those_passed_over(day: Served, truth: Truth) -> None:
    deleveraged = [
        (step, done)
        for step in truth.steps
        if (done := [effect for effect in step.transition.receipt.effects if isinstance(effect, Deleveraged)])
    ]
    for step, done in deleveraged[::3]:
        for market in sorted({effect.counterparty.market for effect in done}):
            rows = records(day, "queue/looks", market=market, at=step.number, looks="all")
            digits = step.transition.before.markets[market].quantity_decimals
            wanted = [
                (str(effect.lot), effect.counterparty.account, decimal_text(effect.quantity, digits))
                for effect in done
                if effect.counterparty.market == market
            ]
            assert [(row["lot"], row["account"], row["closed"]) for row in rows if row["closed"]] == wanted
            passed = {row["reason"].partition(":")[0] for row in rows if not row["closed"]}
            assert passed <= {"passed over"}
