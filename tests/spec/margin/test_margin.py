"""Margin: notional, margins, equity, health, orders, what is available and movable."""

import pytest

from marginspec.margin.margin import (
    DomainMargin,
    OrderLoad,
    PositionMargin,
    add_order,
    available_margin,
    cash_account,
    cost_of,
    domain_initial,
    domain_margin,
    domain_of,
    initial_margin,
    initial_margin_of,
    is_healthy,
    leverage_of,
    load_margin,
    lot_cost,
    maintenance_margin,
    margin_mode_of,
    movable,
    movable_margin,
    notional_of,
    open_loss,
    order_margin,
    position_margin,
    positions_of_domain,
    reserved_for_orders,
)
from marginspec.model.account import Order
from marginspec.model.rejections import Reason
from marginspec.model.units import Money, Price, Quantity
from marginspec_conformance.generator.events import (
    deposit,
    leverage,
    listing,
    margin_mode,
    mark,
    new_tiers,
    order,
    position_mode,
    trade,
    withdraw,
)
from worlds.states import cross, isolated_domain, key, minimal, refusal, resting, settled, table, with_balances

TIERS = table(("0", 10, "0.05"), ("1000", 5, "0.1"))
LOW, HIGH = TIERS.tiers
MARKED = minimal(mark=Price(100))

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))


def margin(cash: int, equity: int, maintenance: int, *positions: PositionMargin) -> DomainMargin:
    return DomainMargin(Money(cash), Money(equity), Money(maintenance), positions)


HELD = PositionMargin(key("alice"), Money(0), Money(0), Money(0), Money(0), LOW)


@pytest.mark.rule("MRG-01")
@pytest.mark.parametrize(("value", "notional"), [(0, 0), (7, 7), (-7, 7)])
def test_notional(value: int, notional: int) -> None:
    assert notional_of(Money(value)) == notional


@pytest.mark.rule("MRG-04", "MKT-02")
@pytest.mark.parametrize(
    ("notional", "maintenance"),
    [
        *[(0, 0), (1, 1), (20, 1), (21, 2), (999, 50), (1000, 50)],
        # Above 1000: 10% less 50, rounded up.
        *[(1001, 51), (1010, 51), (1011, 52), (2000, 150), (2**62, 461168601842738791 - 50)],
    ],
)
def test_maintenance_rounds_up_and_has_no_step_at_a_floor(notional: int, maintenance: int) -> None:
    assert maintenance_margin(Money(notional), TIERS.holding(Money(notional))) == maintenance


@pytest.mark.rule("MRG-02")
@pytest.mark.parametrize(
    ("notional", "leverage", "initial"),
    [
        *[(0, 10, 0), (1, 1, 2), (1, 10, 2), (2, 1, 2), (20, 10, 2), (21, 10, 3), (100, 10, 10), (101, 10, 11)],
        # The tier's 5 beats a leverage of 10; 1 stays 1.
        *[(1000, 10, 100), (1001, 10, 201), (1001, 1, 1001), (1001, 1000, 201)],
    ],
)
def test_initial_margin_exceeds_maintenance(notional: int, leverage: int, initial: int) -> None:
    tier = TIERS.holding(Money(notional))
    maintenance = maintenance_margin(Money(notional), tier)
    assert initial_margin(Money(notional), leverage, tier, maintenance) == initial
    assert initial > maintenance or notional == 0


@pytest.mark.rule("MRG-02")
def test_initial_margin_is_a_quantum_above_a_steep_maintenance() -> None:
    assert initial_margin(Money(100), 10, LOW, Money(10)) == 11
    assert initial_margin(Money(100), 10, LOW, Money(9)) == 10
    assert initial_margin(Money(100), 10, LOW, Money(8)) == 10


@pytest.mark.rule("ACC-01")
def test_margin_mode_is_cross_until_set() -> None:
    assert margin_mode_of(OPEN, "alice", "A") == "cross"
    assert margin_mode_of(settled(margin_mode("alice"), state=OPEN), "alice", "A") == "isolated"
    assert margin_mode_of(settled(margin_mode("alice"), state=OPEN), "bob", "A") == "cross"
    assert margin_mode_of(settled(leverage("alice", 5), state=OPEN), "alice", "A") == "cross"


@pytest.mark.rule("ACC-01")
def test_leverage_is_20_or_the_first_tiers_until_set() -> None:
    assert leverage_of(OPEN, "alice", OPEN.markets["A"]) == 10
    for leverages, found in (((21,), 20), ((20,), 20), ((19,), 19)):
        changed = settled(new_tiers(("0", leverages[0], "0.01")), state=OPEN)
        assert leverage_of(changed, "alice", changed.markets["A"]) == found
    chosen = settled(leverage("alice", 3), state=OPEN)
    assert leverage_of(chosen, "alice", chosen.markets["A"]) == 3
    assert leverage_of(chosen, "bob", chosen.markets["A"]) == 10


HEDGED = settled(
    *(listing("B"), mark("50", "B"), listing("E", asset="EUR"), mark("10", "E"), deposit("alice", "500", "EUR")),
    *(deposit("bob", "500", "EUR"), position_mode("alice"), margin_mode("alice", market="B")),
    trade("alice", "bob", "4", "100"),
    trade("bob", "alice", "2", "100"),
    trade("alice", "bob", "6", "50", "B"),
    trade("alice", "bob", "10", "10", "E"),
    mark("110"),
    mark("48", "B"),
    state=OPEN,
)


@pytest.mark.rule("ACC-03")
def test_domains() -> None:
    assert domain_of(HEDGED, key("alice", "A", "LONG")) == cross("alice")
    assert domain_of(HEDGED, key("alice", "B", "LONG")) == isolated_domain("alice", "B", "LONG")
    assert domain_of(HEDGED, key("alice", "E", "LONG")) == cross("alice", "EUR")
    assert domain_of(HEDGED, key("bob", "B")) == cross("bob")
    assert positions_of_domain(HEDGED, cross("alice")) == (key("alice", "A", "LONG"), key("alice", "A", "SHORT"))
    assert positions_of_domain(HEDGED, cross("carol")) == ()
    assert str(cash_account(cross("alice"))) == "wallet:alice:USD"
    assert str(cash_account(isolated_domain("alice", "B", "LONG"))) == "isolated:alice:B:LONG"
    assert cross("alice").is_cross
    assert not isolated_domain("alice", "B", "LONG").is_cross
    assert sorted([isolated_domain("alice", "B", "LONG"), cross("bob"), cross("alice")]) == [
        *(cross("alice"), isolated_domain("alice", "B", "LONG"), cross("bob"))
    ]


@pytest.mark.rule("ACC-03", "MRG-01", "MRG-02", "MRG-04")
def test_margin_of_positions_and_domains() -> None:
    long = PositionMargin(key("alice", "A", "LONG"), Money(440), Money(400), Money(40), Money(22), LOW)
    short = PositionMargin(key("alice", "A", "SHORT"), Money(220), Money(-200), Money(-20), Money(11), LOW)
    assert position_margin(HEDGED, long.key) == long
    assert position_margin(HEDGED, short.key) == short
    # 1000 in cash less the isolated position's 30.
    both = domain_margin(HEDGED, cross("alice"))
    assert (both, domain_initial(HEDGED, both)) == (margin(970, 990, 33, long, short), 44 + 22)
    # 6 at 50 moved 30; 6 * 48 = 288: 12 lost, initial 28.8, maintenance 14.4.
    own = domain_margin(HEDGED, isolated_domain("alice", "B", "LONG"))
    alone = PositionMargin(key("alice", "B", "LONG"), Money(288), Money(300), Money(-12), Money(15), LOW)
    assert (own, domain_initial(HEDGED, own)) == (margin(30, 18, 15, alone), 29)
    idle = domain_margin(HEDGED, cross("carol"))
    assert (idle, domain_initial(HEDGED, idle)) == (margin(5000, 5000, 0), 0)
    other = domain_margin(HEDGED, cross("alice", "EUR"))
    assert (other.equity, other.maintenance, domain_initial(HEDGED, other)) == (500, 5, 10)
    assert cost_of(HEDGED, key("alice", "A", "SHORT")) == -200
    assert cost_of(HEDGED, key("alice", "A")) == 0
    assert lot_cost(HEDGED, 99) == 0


@pytest.mark.rule("MRG-05")
@pytest.mark.parametrize(
    ("equity", "maintenance", "flat", "healthy"),
    [(51, 50, False, True), (50, 50, False, False), (49, 50, False, False), (0, 0, False, False), (-1, 0, True, True)],
)
def test_health(equity: int, maintenance: int, flat: bool, healthy: bool) -> None:
    assert is_healthy(margin(0, equity, maintenance, *() if flat else (HELD,))) == healthy


@pytest.mark.rule("MRG-03")
@pytest.mark.parametrize(
    ("placed", "load"),
    [
        (resting(3, 100), OrderLoad(Quantity(3))),
        (resting(3, 110), OrderLoad(Quantity(3), bid_loss=Money(30))),
        (resting(3, 90), OrderLoad(Quantity(3))),
        (resting(-3, 100), OrderLoad(asks=Quantity(3))),
        (resting(-3, 90), OrderLoad(asks=Quantity(3), ask_loss=Money(30))),
        (resting(-3, 110), OrderLoad(asks=Quantity(3))),
        (resting(3, 110, reduce_only=True), OrderLoad()),
        (resting(3, 110, side="LONG"), OrderLoad(Quantity(3), bid_loss=Money(30))),
        (resting(-3, 90, side="LONG"), OrderLoad()),
        (resting(3, 110, side="SHORT"), OrderLoad()),
        (resting(-3, 90, side="SHORT"), OrderLoad(asks=Quantity(3), ask_loss=Money(30))),
    ],
)
def test_an_order_adds_its_quantity_and_open_loss(placed: Order, load: OrderLoad) -> None:
    assert add_order(OrderLoad(), placed, MARKED) == load


@pytest.mark.rule("MRG-03")
def test_loads_add_up() -> None:
    one = add_order(OrderLoad(Quantity(1), Quantity(2), Money(3), Money(1)), resting(4, 101), MARKED)
    assert one == OrderLoad(Quantity(5), Quantity(2), Money(7), Money(1))
    assert add_order(one, resting(-2, 99), MARKED) == OrderLoad(Quantity(5), Quantity(4), Money(7), Money(3))


@pytest.mark.rule("MRG-03")
@pytest.mark.parametrize(("held", "loss"), [(0, 7 + 11), (3, 7 + 11), (4, 7), (5, 7), (-2, 7 + 11), (-3, 11), (-4, 11)])
def test_orders_that_at_most_close_bear_no_open_loss(held: int, loss: int) -> None:
    load = OrderLoad(Quantity(3), Quantity(4), Money(7), Money(11))
    assert open_loss(load, Quantity(held)) == loss


@pytest.mark.rule("MRG-02", "MRG-03")
@pytest.mark.parametrize(("quantity", "initial"), [(0, 0), (1, 10), (-1, 10), (10, 100), (11, 220), (-11, 220)])
def test_initial_margin_of_a_quantity(quantity: int, initial: int) -> None:
    assert initial_margin_of(Quantity(quantity), 10, MARKED) == initial


@pytest.mark.rule("MRG-03")
@pytest.mark.parametrize(
    ("bids", "asks", "loss", "held", "reserved"),
    [
        *[(0, 0, 0, 5, 0), (3, 0, 0, 0, 30), (3, 0, 7, 0, 37), (3, 4, 0, 0, 40), (3, 4, 0, 5, 30), (3, 4, 0, -5, 40)],
        # Bids lose 7 if filled, asks 14: those that only close what is held do not count.
        *[(3, 4, 7, 0, 61), (3, 4, 7, 4, 37), (3, 4, 7, 3, 51), (3, 4, 7, -3, 54), (3, 4, 7, -2, 61)],
        # Closing 5 and opening 5 again needs no more; one more does.
        *[(0, 10, 0, 5, 0), (0, 11, 0, 5, 10), (10, 0, 0, -5, 0), (11, 0, 0, -5, 10)],
        # 11 lots are in the second tier, at 5 instead of 10.
        *[(1, 0, 0, 10, 120)],
    ],
)
def test_order_margin_is_what_the_larger_position_needs_more(
    bids: int, asks: int, loss: int, held: int, reserved: int
) -> None:
    load = OrderLoad(Quantity(bids), Quantity(asks), Money(loss), Money(2 * loss))
    assert load_margin(load, Quantity(held), 10, MARKED) == reserved


@pytest.mark.rule("MRG-03")
def test_order_margin_of_an_asset_is_reserved_in_the_cross_domain() -> None:
    placed = settled(
        order("alice", "buy", "2", "110", position_side="LONG"),
        order("alice", "sell", "1", "110", id="o2", position_side="LONG"),
        order("alice", "buy", "2", "45", id="o3", market="B", position_side="LONG"),
        order("alice", "buy", "5", "10", id="o4", market="E", position_side="LONG"),
        state=settled(deposit("alice", "1"), state=HEDGED),
    )
    # A: 6 lots at 110 need 66, 4 need 44. B: 8 at 48 need 38.4, 6 need 28.8.
    assert order_margin(placed, "alice", "USD") == 22 + 10
    assert order_margin(placed, "alice", "EUR") == 5
    assert order_margin(placed, "bob", "USD") == 0
    assert reserved_for_orders(placed, cross("alice")) == 32
    assert reserved_for_orders(placed, isolated_domain("alice", "B", "LONG")) == 0
    # 971 in cash, equity 991, initial margin 66.
    assert movable(placed, cross("alice")) == 971 - 66 - 32


@pytest.mark.rule("MRG-06")
@pytest.mark.parametrize(
    ("cash", "equity", "initial", "reserved", "available", "withdrawable"),
    [
        *[(100, 100, 0, 0, 100, 100), (100, 120, 30, 10, 80, 60), (100, 80, 30, 10, 40, 40)],
        *[(100, 40, 30, 10, 0, 0), (100, 41, 30, 10, 1, 1), (100, 39, 30, 10, 0, 0), (-5, 80, 30, 10, 40, 0)],
    ],
)
def test_available_counts_profit_and_movable_does_not(
    cash: int, equity: int, initial: int, reserved: int, available: int, withdrawable: int
) -> None:
    found = margin(cash, equity, 0)
    assert available_margin(found, Money(initial), Money(reserved)) == available
    assert movable_margin(found, Money(initial), Money(reserved)) == withdrawable


@pytest.mark.rule("MRG-06")
@pytest.mark.parametrize(("at", "most"), [("100", 900), ("120", 760), ("80", 720)])
def test_a_withdrawal_of_all_that_is_withdrawable_leaves_the_domain_healthy(at: str, most: int) -> None:
    held = settled(trade("alice", "carol", "10", "100"), mark(at), state=OPEN)
    assert movable(held, cross("alice")) == most
    assert refusal(held, withdraw("alice", str(most + 1))) == Reason.INSUFFICIENT_BALANCE
    left = settled(withdraw("alice", str(most)), state=held)
    assert is_healthy(domain_margin(left, cross("alice")))
    assert movable(left, cross("alice")) == 0


@pytest.mark.rule("MRG-05", "LIQ-01")
def test_the_event_decides_health_as_the_rule_does() -> None:
    # 10 lots at 100, cash 100: at 95 equity 50 is above maintenance 47.5, at 94 equity 40 is not above 47.
    held = settled(deposit("dave", "100"), trade("dave", "carol", "10", "100"), state=OPEN)
    assert settled(mark("95"), state=held).positions[key("dave")] == 10
    assert key("dave") not in settled(mark("94"), state=held).positions
    assert not is_healthy(domain_margin(with_balances(held, wallet__dave__USD=50), cross("dave")))
    assert is_healthy(domain_margin(with_balances(held, wallet__dave__USD=51), cross("dave")))
