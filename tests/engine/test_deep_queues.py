"""Queues of dozens of counterparties, tied and not, passed over and taken up again, are gone through as the rules do.

The journals of the other tests have a handful of accounts, so that their queues are one or two deep.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import get_args

import pytest
from immutables import Map

from marginspec.margin.margin import movable
from marginspec.model.effects import Deleveraged
from marginspec.model.events import Deposit, Event
from marginspec.model.state import Header, Profile, Ranking, State
from marginspec.model.units import Decimal8
from marginspec_conformance.generator.events import (
    ASSET,
    deposit,
    fill,
    fund,
    leverage,
    listing,
    margin_mode,
    mark,
    position_mode,
    trade,
    withdraw,
)
from worlds.pair import Pair
from worlds.states import cross

PROFILES = [Profile(ranking, last) for ranking in get_args(Ranking) for last in ("levy", "none")]
SEEDS = range(6)
ACCOUNTS = 48
MARKS = (1000, 1000)


def opening(chance: Random) -> Iterator[Event]:
    """Accounts in every mode, some of them twins, so that scores are tied, with positions entered at many prices."""
    for market, price in zip("AB", MARKS, strict=True):
        yield listing(market, (("0", 50, "0.01"), ("20000", 20, "0.02"), ("60000", 5, "0.1")))
        yield mark(str(price), market)
    cash, levers = chance.choices((900, 2000, 9000), k=6), chance.choices((5, 20, 50), k=6)
    for number in range(ACCOUNTS):
        yield deposit(f"a{number}", str(cash[number % 6]))
        if number % 7 == 3:
            yield position_mode(f"a{number}")
        for market in "AB":
            if number % 5 == 2:
                yield margin_mode(f"a{number}", market=market)
            yield leverage(f"a{number}", levers[number % 6], market)


def trading(chance: Random) -> Iterator[Event]:
    """Trades between any two, near a mark that moves a little."""
    for _ in range(150):
        market, price = chance.choice("AAB"), chance.randrange(960, 1041)
        if chance.random() < 0.3:
            yield mark(str(price), market)
        buyer, seller = chance.sample(range(ACCOUNTS), 2)
        yield trade(f"a{buyer}", f"a{seller}", str(chance.choice((1, 5, 5, 17, 30))), str(price), market)


def crashing(chance: Random) -> Iterator[Event]:
    """Gaps down and up, with a little insurance now and then, and trades between them."""
    for _ in range(10):
        market = chance.choice("AAB")
        yield mark(str(chance.choice((500, 700, 850, 900, 1000, 1120, 1300, 1700))), market)
        if chance.random() < 0.3:
            yield fund(str(chance.randrange(1, 400)))
        for _ in range(3):
            buyer, seller = chance.sample(range(ACCOUNTS), 2)
            yield trade(f"a{buyer}", f"a{seller}", "3", str(chance.choice((900, 1000, 1100))), market)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: f"{profile.adl_ranking}-{profile.last_resort}")
def test_deep_queues(profile: Profile) -> None:
    steps: Counter[int] = Counter()
    for seed in SEEDS:
        chance = Random(seed)
        pair = Pair(State(header=Header(profile, Map({ASSET: 0}))))
        for event in (*opening(chance), *trading(chance), *crashing(chance)):
            effects = pair.take(event).effects
            steps[sum(isinstance(effect, Deleveraged) for effect in effects)] += 1
        pair.compare()
    assert max(steps) >= 20, steps


SMALL = {"A": ("0early", "1950"), "A, later": ("late", "1950"), "B": ("0early", "2950")}
"""Of each case who owes little and what that account pays in: ten a lot remain owing; `large` owes 300 a lot."""


def spared(case: str) -> Iterator[Event]:
    """Until the last mark: lots of two debtors, and shorts of whom few have room for that of the large one.

    The third, not the first in the queue, gains room when it closes the small lot.
    Shorts gain in A, and the third in B, what they lose in C, so that they may withdraw their spare.
    """
    small, cash = SMALL[case]
    for market in "ABC":
        yield listing(market, (("0", 10, "0.099"),))
        yield mark("1000", market)
    yield fund("28550")
    for account in ("first", "second", "third", "fourth", "last", "maker"):
        yield deposit(account, "1000000")
        for market in "ABC":
            yield leverage(account, 10, market)
    for account, amount in ((small, cash), ("large", "9500")):
        yield deposit(account, amount)
        yield leverage(account, 10)
    yield trade(small, "maker", "5", "1000", case[0])
    yield trade("large", "maker", "95", "1000")
    yield trade("maker", "third", "5", "1000", "B")
    for account, size, price in (("first", 1, 1100), ("second", 1, 1100), ("third", 10, 1000), ("fourth", 1, 900)):
        yield trade("maker", account, str(size), str(price))
        yield trade(account, "maker", str(size if size == 1 else 2 * size), "1000", "C")
    for market, fallen in (("C", "300"), ("B", "400"), ("A", "600")):
        yield mark(fallen, market)
    yield trade("maker", "last", "82" if case == "B" else "87", "600")


def withdrawals(state: State) -> Iterator[Event]:
    """All that the four may withdraw."""
    for account in ("first", "second", "third", "fourth"):
        yield withdraw(account, str(movable(state, cross(account))))


STEPS = {
    "A": ["1 first", "1 second", "1 fourth", "1 third", "2 third", "2 last"],
    "A, later": ["1 last", "2 first", "2 second", "2 fourth", "2 third"],
    "B": ["2 last", "1 third", "2 third"],
}
"""Which lots are closed against whom, in each case."""


@pytest.mark.parametrize("case", STEPS)
def test_a_counterparty_that_gains_room_is_found(case: str) -> None:
    pair = Pair(State(header=Header(Profile(), Map({ASSET: 0}))))
    for event in spared(case):
        assert pair.take(event).rejected is None, event
    for event in withdrawals(pair.state):
        assert pair.take(event).rejected is None, event
    effects = pair.take(mark("580")).effects
    found = [f"{effect.lot} {effect.counterparty.account}" for effect in effects if isinstance(effect, Deleveraged)]
    assert found == STEPS[case]
    pair.compare()


SIZES = (7, 3, 11, 1, 13, 5, 17, 9, 19, 6)


def test_ties_of_other_numbers_are_told_from_near_ties() -> None:
    """Scores that are equal, of accounts of many sizes, whose guesses in floating point are not: their keys decide."""
    pair = Pair(State(header=Header(Profile(), Map({ASSET: 8}))))
    price, cash = "1000.123457", 34198765433
    opening: list[Event] = [listing("A", (("0", 10, "0.05"),), decimals=(6, 0), tick="0.000001"), mark(price)]
    opening += [deposit("debtor", str(101 * sum(SIZES))), leverage("debtor", 10)]
    for size in SIZES:
        opening += [Deposit(f"a{size}", ASSET, Decimal8(cash * size)), leverage(f"a{size}", 10)]
        opening.append(trade("debtor", f"a{size}", str(size), price))
    for event in opening:
        assert pair.take(event).rejected is None, event
    effects = pair.take(mark("777.987654")).effects
    found = [effect.counterparty.account for effect in effects if isinstance(effect, Deleveraged)]
    assert found == sorted(f"a{size}" for size in SIZES)


# ----------------------------------------------------------------- several markets of an asset

NO_LEVY = State(header=Header(Profile(last_resort="none"), Map({ASSET: 0})))


def steps_after(state: State, events: list[Event], last: Event) -> list[tuple[str, int, str]]:
    """Market, lot and counterparty of each step of the last event, of which both engines say the same."""
    pair = Pair(state)
    for event in events:
        assert pair.take(event).rejected is None, event
    effects = pair.take(last).effects
    pair.compare()
    steps = [effect for effect in effects if isinstance(effect, Deleveraged)]
    return [(step.counterparty.market, step.lot, step.counterparty.account) for step in steps]


def markets() -> list[Event]:
    """A, B and C, and traders of any means."""
    events: list[Event] = []
    for market in "ABC":
        events += [listing(market, (("0", 10, "0.05"),)), mark("1000", market)]
    traders = ("maker", "bad", *(f"able{number}" for number in range(20)))
    return [*events, *(deposit(account, "1000000") for account in traders)]


def indebted(account: str, market: str, size: int, price: int, bad: int) -> list[Event]:
    """A long at ten times its deposit; the short on its other side has sold at a bad price."""
    return [
        deposit(account, str(size * price // 10)),
        leverage(account, 10, market),
        trade(account, "maker", str(size), str(price), market),
        trade("maker", "bad", str(size), str(bad), market),
    ]


def test_a_market_is_taken_up_again_when_a_step_may_exceed_its_shortfall() -> None:
    """A is short by 200, without a pair, B by 60, though each of its lots loses 100, C by 55; 95 are missing.

    Seven steps of C leave 60, so that a step of B restores the test.
    """
    events = [
        *markets(),
        *indebted("first", "B", 1, 1000, 800),
        mark("940", "B"),
        fill("maker", "1", "940", market="B"),
    ]
    events += [trade("bad", "maker", "1", "940", "B"), fund("220"), *indebted("second", "B", 1, 940, 800)]
    events += [mark("746", "B"), trade("maker", "able0", "1", "900", "B")]
    events += [*indebted("third", "C", 11, 1000, 850), mark("895", "C")]
    events += [trade("maker", f"able{place}", "1", "950", "C") for place in range(1, 12)]
    found = steps_after(NO_LEVY, [*events, *indebted("fourth", "A", 40, 1000, 850)], mark("895"))
    assert [(market, lot) for market, lot, _ in found] == [("C", 3)] * 7 + [("B", 2)]


def test_of_markets_with_the_same_shortfall_the_first_by_id_comes_first() -> None:
    """B had lots first."""
    events = [*markets(), *indebted("first", "B", 10, 1000, 850), *indebted("second", "A", 10, 1000, 850)]
    events += [trade("maker", "able1", "10", "950", market) for market in "AB"]
    found = steps_after(NO_LEVY, [*events, fund("50"), mark("895", "B")], mark("895"))
    assert found == [("A", 2, "able1")]


def test_after_each_step_the_largest_shortfall_comes_first() -> None:
    """A is short by 60, B by 50; a step takes 6 from A, 5 from B, since each counterparty has one lot."""
    events = [*markets(), *indebted("first", "B", 10, 1000, 850), *indebted("second", "A", 10, 1000, 850)]
    events += [trade("maker", f"able{place}", "1", "950", "AB"[place % 2]) for place in range(20)]
    found = steps_after(NO_LEVY, [*events, fund("50"), mark("895", "B")], mark("894"))
    assert "".join(market for market, _, _ in found) == "AABABABABAB"


def test_of_lots_on_both_sides_the_oldest_comes_first() -> None:
    """A short taken over at a rise loses still when a long is taken over at a fall."""
    events = [*markets(), fund("5050"), mark("450"), deposit("short", "450"), leverage("short", 10)]
    events += [trade("maker", "short", "10", "450"), trade("bad", "maker", "10", "700"), mark("1000")]
    events += [*indebted("long", "A", 20, 1000, 850), trade("maker", "able1", "10", "950")]
    events += [trade("able2", "maker", "10", "480")]
    assert steps_after(NO_LEVY, events, mark("700")) == [("A", 1, "able2")]
