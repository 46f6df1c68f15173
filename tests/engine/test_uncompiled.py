"""The engine's rules without the compiler equal the specification: what judges faults that are planted in them."""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Literal, get_args

import pytest
from immutables import Map

from marginspec.model.account import PositionSide
from marginspec.model.effects import Deleveraged, ReserveStatus
from marginspec.model.events import Event
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, Profile, State
from marginspec.transition import apply
from marginspec_conformance.faults.uncompiled import UncompiledEngine
from marginspec_conformance.generator.aimed import Seeded, settling_event, world
from marginspec_conformance.generator.events import (
    adjust,
    cancel,
    declare,
    deposit,
    fill,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    new_tiers,
    order,
    position_mode,
    settle,
    trade,
    withdraw,
)
from marginspec_conformance.generator.journals import KINDS
from marginspec_engine import layout
from marginspec_engine.index.suspects import suspect
from marginspec_engine.layout import NONE
from marginspec_engine.layout.reasons import ACCEPTED, NOT_FLAT, TOO_WIDE
from marginspec_engine.memory.python_words import Draft, PythonWords
from marginspec_engine.memory.words import domain_row
from marginspec_engine.rules import deleveraging, transition
from marginspec_journal import open_journal
from worlds.pair import Pair
from worlds.states import MINIMAL

VECTORS = Path(__file__).parents[1] / "vectors"
EVENTS = 400
PATIENCE = 20
"""Seconds of the processor for a test, which takes less than one: a faulty rule may go round for ever."""


def raise_endless(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("the engine does not end")


@pytest.fixture(autouse=True)
def ends() -> Iterator[None]:
    """A test that does not end fails."""
    before = signal.signal(signal.SIGVTALRM, raise_endless)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def uncompiled(state: State) -> Pair:
    """Both at a state."""
    pair = Pair(state)
    pair.engine = UncompiledEngine(state)
    return pair


@pytest.mark.parametrize("folder", ["attacks", "cases", "golden", "witnesses"])
def test_vectors(folder: str) -> None:
    for path in sorted((VECTORS / folder).glob("*.jsonl")):
        journal = open_journal(path)
        pair = uncompiled(State(header=journal.header))
        for record in journal:
            pair.take(record.event)
        pair.compare()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_random_journals(kind: str, seed: int) -> None:
    header, choose = KINDS[kind](seed, EVENTS)
    pair = uncompiled(State(header=header))
    for _ in range(EVENTS):
        pair.take(choose(pair.state))
    pair.compare()


@pytest.mark.parametrize("seed", range(6))
def test_journals_in_which_markets_end(seed: int) -> None:
    chooser = Seeded(seed)
    opened = world(chooser)
    pair = uncompiled(State(header=opened.header))
    for event in opened.opening:
        pair.take(event)
    for _ in range(EVENTS // 4):
        pair.take(settling_event(chooser, pair.state))
    pair.compare()


# ------------------------------------------------------------- every side


def told(*journal: Event, header: Header = MINIMAL) -> Pair:
    """Both after some events, all of which they accept."""
    pair = uncompiled(State(header=header))
    go_on(pair, *journal)
    return pair


def go_on(pair: Pair, *journal: Event) -> None:
    """Both take some more, and accept them."""
    for event in journal:
        assert pair.take(event).rejected is None, event
    pair.compare()


@pytest.mark.parametrize("side", get_args(PositionSide))
def test_a_position_of_each_side_bounds_leverage_and_modes(side: PositionSide) -> None:
    pair = told(listing(), mark("100"), deposit("alice", "4000"), deposit("bob", "4000"), leverage("bob", 5))
    go_on(pair, *() if side == "BOTH" else (position_mode("alice"),))
    if side == "SHORT":
        go_on(pair, leverage("alice", 5), trade("bob", "alice", "15", "100", seller_side=side))
    else:
        go_on(pair, leverage("alice", 5), trade("alice", "bob", "15", "100", buyer_side=side))
    assert pair.take(leverage("alice", 6)).rejected == Reason.LEVERAGE_ABOVE_TIER
    assert pair.take(margin_mode("alice")).rejected == Reason.NOT_FLAT
    assert pair.take(position_mode("alice", "one_way" if side != "BOTH" else "hedge")).rejected == Reason.NOT_FLAT
    go_on(pair, leverage("alice", 2))


@pytest.mark.parametrize("side", get_args(PositionSide))
def test_an_isolated_position_of_each_side_keeps_its_leverage(side: PositionSide) -> None:
    pair = told(listing(), mark("100"), deposit("alice", "4000"), deposit("bob", "4000"), margin_mode("alice"))
    go_on(pair, leverage("alice", 5), *() if side == "BOTH" else (position_mode("alice"),))
    if side == "SHORT":
        go_on(pair, trade("bob", "alice", "5", "100", seller_side=side))
    else:
        go_on(pair, trade("alice", "bob", "5", "100", buyer_side=side))
    assert pair.take(leverage("alice", 4)).rejected == Reason.LEVERAGE_REDUCTION


# ------------------------------------------------------------- more than eight of everything

TEN = [f"M{number}" for number in range(10)]
"""Markets, or assets, that are more than the turns after which a faulty loop may end."""
MANY = [f"a{number:02}" for number in range(12)]
"""Accounts."""


def to_the_limit(pair: Pair, event: Callable[[str], Event], most: int) -> int:
    """Both refuse an event of one more than the rules accept; gives how much these accept, which is not taken."""
    least = 0
    while most - least > 1:
        middle = (least + most) // 2
        is_accepted = apply(pair.state, event(str(middle)))[1].rejected is None
        least, most = (middle, most) if is_accepted else (least, middle)
    assert pair.take(event(str(most))).rejected is not None
    return least


def unpayable(market: str, asset: str) -> tuple[Event, ...]:
    """A lot that nobody can be deleveraged for; a mark of 800 is levied."""
    return (
        *(listing(market, asset=asset), mark("1000", market)),
        *(deposit("alice", "112", asset), deposit("bob", "1000", asset), deposit("carol", "5000", asset)),
        *(trade("alice", "carol", "1", "1000", market), mark("900", market), trade("carol", "bob", "1", "880", market)),
    )


def ten_positions() -> list[Event]:
    """Alice is long in ten markets and has an order in each; bob is the other side."""
    opened: list[Event] = [deposit("alice", "3000"), deposit("bob", "9000")]
    for number, market in enumerate(TEN):
        opened += [listing(market), mark("100", market), trade("alice", "bob", str(number % 4 + 3), "100", market)]
        opened += [order("alice", "buy", str(number + 1), "90", id=f"o{number}", market=market)]
    return opened


def test_many_positions_and_orders_in_a_domain() -> None:
    pair = told(*ten_positions())
    go_on(pair, withdraw("alice", str(to_the_limit(pair, partial(withdraw, "alice"), 4000) - 700)))
    for market in TEN:
        to_the_limit(pair, partial(order, "alice", "buy", price="95", market=market), 400)
        to_the_limit(pair, partial(trade, "alice", "bob", price="100", market=market), 400)
        assert pair.take(margin_mode("alice", market=market)).rejected == Reason.NOT_FLAT
        go_on(pair, leverage("alice", 5, market), leverage("alice", 10, market))
    go_on(pair, withdraw("alice", str(to_the_limit(pair, partial(withdraw, "alice"), 4000))))
    go_on(pair, *(mark("88", market) for market in TEN), mark("40", "M9"), mark("1000", "M0"), mark("70", "M5"))


def test_orders_in_many_markets_forbid_another_margin_mode() -> None:
    listed = [event for market in TEN for event in (listing(market), mark("100", market))]
    pair = told(*listed, deposit("alice", "1000"))
    go_on(pair, *(order("alice", "buy", "1", "90", id=market, market=market) for market in TEN))
    for market in TEN:
        assert pair.take(margin_mode("alice", market=market)).rejected == Reason.NOT_FLAT
    go_on(pair, settle("100", "M3"), cancel("alice", "M0"), margin_mode("alice", market="M0"))


def test_many_assets_have_relief() -> None:
    pair = told(header=Header(asset_decimals=Map(dict.fromkeys(TEN, 0))))
    for name in TEN:
        go_on(pair, *unpayable(name, name))
    for price in ("850", "800", "870", "880", "1000"):
        go_on(pair, *(mark(price, name) for name in reversed(TEN)))
    go_on(pair, *(fund("5", name) for name in TEN), *(settle("700", name) for name in TEN))


def test_many_assets_lack_cover() -> None:
    pair = told(header=Header(Profile(last_resort="none"), Map(dict.fromkeys(TEN, 0))))
    for name in TEN:
        go_on(pair, *unpayable(name, name), mark("800", name))
    go_on(pair, *(mark("790", name) for name in TEN), *(fund("10", name) for name in TEN))
    for name in TEN:
        assert pair.take(settle("780", name)).rejected == Reason.COVER_EXCEEDED
    go_on(pair, *(mark("1000", name) for name in TEN))


def test_a_levy_has_many_payers_and_looks_at_many_markets() -> None:
    others = [event for market in TEN for event in (listing(market), mark("100", market))]
    pair = told(*unpayable("Z", "USD"), *others, *(deposit(name, str(200 + place)) for place, name in enumerate(MANY)))
    go_on(pair, *(trade("bob", "carol", "1", "100", market) for market in TEN))
    go_on(pair, mark("800", "Z"), mark("700", "Z"), mark("720", "Z"))
    go_on(pair, *(withdraw(name, "100") for name in MANY), mark("850", "Z"), mark("860", "Z"), mark("1000", "Z"))


def lots(side: Literal["long", "short"]) -> list[Event]:
    """Twelve accounts at the edge of their margin, each with one lot of a side, and twelve with the other one."""
    opened: list[Event] = []
    for place, name in enumerate(MANY):
        poor, rich = f"{side}-{name}", f"rich-{side}-{name}"
        opened += [deposit(poor, str(12 + place // 4)), deposit(rich, "1000")]
        opened += [trade(poor, rich, "1", "100") if side == "long" else trade(rich, poor, "1", "100")]
    return opened


@pytest.mark.parametrize("last", [fill("dave", "11", "86"), declare("11"), declare("12"), mark("20"), settle("60")])
def test_many_lots_in_a_market(last: Event) -> None:
    pair = told(listing(cap="0.1"), mark("100"), deposit("dave", "20000"), fund("90"), *lots("short"), mark("109"))
    go_on(pair, mark("100"), *lots("long"), *(order("dave", "buy", "1", "70", id=name) for name in MANY))
    assert len(pair.state.lots) == len(MANY)
    go_on(pair, order("rich-long-a03", "buy", "1", "60"), mark("91"), funding("0.05"), mark("89"), funding("-0.1"))
    assert len(pair.state.lots) == 2 * len(MANY)
    go_on(pair, last)


def test_many_tiers_are_stepped_down() -> None:
    rows = tuple((str(100 * place), 30 - place, f"0.{3 * place + 1:03}") for place in range(14))
    pair = told(listing(rows=rows), mark("10"), deposit("alice", "272"), deposit("bob", "9000"))
    go_on(pair, leverage("alice", 15), leverage("bob", 2), trade("alice", "bob", "135", "10"), mark("9"), mark("8"))
    assert len(pair.state.lots) == 9


# ------------------------------------------------------------- what is seldom met


@pytest.mark.parametrize(("kind", "seed"), [("crowds", 17)])
def test_journals_that_reach_what_others_do_not(kind: str, seed: int) -> None:
    header, choose = KINDS[kind](seed, EVENTS)
    pair = uncompiled(State(header=header))
    for _ in range(EVENTS):
        pair.take(choose(pair.state))


def test_deposits_and_funds_have_a_limit_together() -> None:
    pair = told(deposit("alice", "1"))
    assert to_the_limit(pair, fund, 2**61) == to_the_limit(pair, partial(deposit, "alice"), 2**61) == 2**60 - 1


def test_amounts_below_zero_that_need_more_than_64_bits() -> None:
    pair = told(listing(), mark("100"), deposit("alice", str(10**13)), deposit("bob", "1000"), margin_mode("alice"))
    go_on(pair, trade("alice", "bob", "5", "100"), adjust("alice", str(10**12)))
    assert pair.take(adjust("alice", str(-(10**13)))).rejected is not None
    assert pair.take(adjust("alice", f"-{10**12}.5")).rejected == Reason.INVALID_AMOUNT
    go_on(pair, adjust("alice", str(-(10**12))))


@pytest.mark.parametrize("closing", [fill("dave", "12", "89"), declare("12")])
def test_rows_of_closed_lots_are_used_again(closing: Event) -> None:
    pair, rows = told(listing(), mark("100"), deposit("dave", "20000"), leverage("dave", 2)), []
    for _ in range(2):
        go_on(pair, *lots("long"), mark("89"))
        assert len(pair.state.lots) == len(MANY)
        go_on(pair, closing, mark("100"))
        assert not pair.state.lots
        rows.append(int(pair.engine.tables.book[layout.LOTS + layout.USED]))
    assert rows[0] == rows[1]


def test_a_step_is_looked_for_in_many_markets() -> None:
    pair = told(deposit("bob", "90000"), deposit("carol", "90000"))
    for market in TEN:
        poor = f"poor-{market}"
        go_on(pair, listing(market), mark("1000", market), deposit(poor, "112"))
        go_on(pair, trade(poor, "carol", "1", "1000", market), mark("900", market))
        go_on(pair, trade("carol", "bob", "1", "880", market), mark("800", market))
    go_on(pair, listing("Z"), mark("100", "Z"), deposit("dave", "60"), deposit("erin", "9000"))
    go_on(pair, trade("dave", "erin", "5", "100", "Z"))
    assert any(isinstance(one, Deleveraged) for one in pair.take(mark("80", "Z")).effects)


def test_equity_is_shared_over_many_positions() -> None:
    pair = told(deposit("alice", "510"), deposit("bob", "9000"))
    for market in TEN:
        go_on(pair, listing(market), mark("100", market), trade("alice", "bob", "5", "100", market))
    go_on(pair, *(mark("95", market) for market in TEN), mark("90", "M0"))
    assert len(pair.state.lots) == len(TEN)


def test_many_orders_are_cancelled() -> None:
    pair = told(
        listing(), mark("100"), deposit("alice", "200"), deposit("bob", "9000"), trade("alice", "bob", "9", "100")
    )
    go_on(pair, *(order("alice", "sell", "1", "200", id=name) for name in MANY), mark("80"))
    assert not pair.state.orders


def test_many_orders_would_lose_at_once() -> None:
    pair = told(listing(), mark("100"), deposit("alice", "400"))
    go_on(pair, *(order("alice", "buy", "1", "105", id=name) for name in MANY))
    assert to_the_limit(pair, partial(withdraw, "alice"), 500) == 400 - 1200 // 5 - 5 * len(MANY)


def test_halving_finds_room_among_many_lots() -> None:
    pair = told(header=Header(asset_decimals=Map({"USD": 3})))
    go_on(pair, *(listing(name, decimals=(0, 3)) for name in ("A", "B")), mark("100"), mark("100", "B"), fund("100"))
    go_on(pair, deposit("dave", "60"), *(deposit(name, "1000") for name in ("alice", "bob", "carol")))
    go_on(pair, trade("dave", "carol", "5", "100"), trade("carol", "bob", "5", "100"), withdraw("bob", "900"))
    go_on(pair, trade("bob", "alice", "5", "100", "B"), mark("80"), mark("70", "B"))
    (step,) = (one for one in pair.take(declare("5")).effects if isinstance(one, Deleveraged))
    assert 2000 < step.quantity < 5000


def test_lots_are_looked_at_until_somebody_is_eligible_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    oldest = iter(range(len(MANY)))
    last = len(MANY) - 1
    monkeypatch.setattr(deleveraging, "oldest_bearable", lambda *_: next(oldest))
    monkeypatch.setattr(deleveraging, "first_eligible", lambda _book, _market, lot, _most: lot if lot == last else NONE)
    monkeypatch.setattr(deleveraging, "terms_of", lambda *_: (False, 1, 1))
    monkeypatch.setattr(deleveraging, "step_of", lambda _book, *step: step)
    pair = told(listing())
    book = PythonWords(Draft(), pair.engine.tables.book.ctypes.data)
    assert deleveraging.find_step(book, 0, 1, 1)[:2] == (last, last)


def test_markets_are_taken_up_again_before_one_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noting(name: str) -> Callable[..., int]:
        def note(*_: object) -> int:
            asked.append(name)
            return NONE

        return note

    for name in ("refresh_leaves", "take_up_restoring", "shortest_market"):
        monkeypatch.setattr(deleveraging, name, noting(name))
    assert deleveraging.next_step(PythonWords(Draft(), 0), 1) == deleveraging.NO_STEP
    assert asked == ["refresh_leaves", "take_up_restoring", "shortest_market"]


def test_new_tiers_are_felt_by_many() -> None:
    pair = told(listing(), mark("100"), *lots("long"))
    go_on(pair, new_tiers(("0", 5, "0.19")))
    assert len(pair.state.lots) == len(MANY)


def test_a_late_asset_is_restored_while_many_lack_cover() -> None:
    pair = told(header=Header(Profile(last_resort="none"), Map(dict.fromkeys((*TEN, "Z"), 0))))
    for name in TEN:
        go_on(pair, *unpayable(name, name), mark("800", name))
    go_on(pair, listing("Z", asset="Z"), mark("100", "Z"), deposit("dave", "60", "Z"), deposit("erin", "9000", "Z"))
    go_on(pair, trade("dave", "erin", "5", "100", "Z"))
    assert any(isinstance(one, Deleveraged) for one in pair.take(mark("80", "Z")).effects)


def test_an_event_counts_the_funds_of_many_markets() -> None:
    pair = told(fund("400"), deposit("erin", "90000"), *unpayable("Z", "USD"))
    for market in TEN:
        poor = f"poor-{market}"
        go_on(pair, listing(market), mark("100", market), deposit(poor, "60"), trade(poor, "erin", "5", "100", market))
        go_on(pair, mark("80", market))
    deleveraged = [
        one.counterparty.market for one in pair.take(mark("400", "Z")).effects if isinstance(one, Deleveraged)
    ]
    assert deleveraged == TEN


@pytest.mark.parametrize("refused", ["buyer", "seller"])
def test_either_party_may_not_be_larger_than_the_limit(refused: str) -> None:
    pair = told(listing(limit="500"), mark("100"), *(deposit(name, "9000") for name in ("alice", "bob", "carol")))
    go_on(pair, trade("alice", "bob", "5", "100"))
    wrong = trade("alice", "carol", "1", "100") if refused == "buyer" else trade("carol", "bob", "1", "100")
    assert pair.take(wrong).rejected == Reason.POSITION_LIMIT


def test_initial_margin_of_many_positions_bounds_a_trade() -> None:
    pair = told(deposit("alice", "530"), deposit("bob", "9000"))
    for market in TEN:
        go_on(pair, listing(market), mark("100", market), trade("alice", "bob", "5", "100", market))
    assert to_the_limit(pair, partial(trade, "alice", "bob", price="100", market="M4"), 5) == 3


def test_a_figure_that_is_too_wide_refuses_an_event() -> None:
    book = PythonWords(Draft(), told(listing()).engine.tables.book.ctypes.data)
    transition.begin(book)
    book[layout.WIDE] = 1
    assert transition.finish(book, ACCEPTED) == TOO_WIDE


def test_counts_of_nothing_are_not_published() -> None:
    pair = told(listing(), mark("100"), *(deposit(name, "1000") for name in ("bob", "carol")), deposit("dave", "60"))
    go_on(pair, trade("dave", "carol", "5", "100"), mark("90"), fill("bob", "1", "93"), mark("88"))
    assert not any(isinstance(one, ReserveStatus) for one in pair.take(declare("2")).effects)


def test_a_refused_event_leaves_nobody_under_suspicion() -> None:
    pair = told(*(deposit(name, "1") for name in MANY))
    book = PythonWords(Draft(), pair.engine.tables.book.ctypes.data)
    transition.begin(book)
    for domain in range(len(MANY)):
        suspect(book, domain)
    assert transition.finish(book, NOT_FLAT) == NOT_FLAT
    assert [domain_row(book, domain)[layout.FLAGS] for domain in range(len(MANY))] == [0] * len(MANY)


def test_an_event_leaves_no_counterparty_unlooked_at() -> None:
    late = MANY[-1]
    pair = told(
        listing("Z"), mark("1000", "Z"), deposit("alice", "112"), deposit("bob", "1000"), deposit("carol", "5000")
    )
    go_on(pair, *(deposit(name, "1000") for name in MANY), trade("alice", "carol", "1", "1000", "Z"), mark("900", "Z"))
    go_on(pair, trade("carol", "bob", "1", "800", "Z"), mark("500", "Z"))
    assert len(pair.state.relief_claims["USD"]) > 8
    go_on(pair, fund("2000"))
    go_on(pair, withdraw(late, str(to_the_limit(pair, partial(withdraw, late), 1001))), deposit(late, "10"))
    rows = (("0", 50, "0.01"),)
    go_on(
        pair,
        listing("A", rows),
        mark("100"),
        listing("B", rows),
        mark("100", "B"),
        leverage(late, 50),
        leverage(late, 50, "B"),
    )
    go_on(pair, *(deposit(name, "12") for name in ("dave", "erin")), deposit("zoe", "9000"))
    go_on(pair, trade("dave", late, "1", "100"), trade("erin", late, "1", "100"), trade("carol", "zoe", "1", "100"))
    go_on(pair, trade(late, "carol", "1", "100", "B"), mark("88"), mark("80"), mark("64", "B"))
    steps = [one.counterparty.account for one in pair.take(declare("2")).effects if isinstance(one, Deleveraged)]
    assert steps == [late, "zoe"]
