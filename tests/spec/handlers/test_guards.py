"""Guards that several events share."""

from collections.abc import Callable
from contextlib import suppress

import attrs
import pytest

from marginspec.handlers import guards as checks
from marginspec.model.account import PositionMode, PositionSide
from marginspec.model.ledger import external
from marginspec.model.market import Limits, Market
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import Header, State
from marginspec.model.units import Decimal8, Money, Price, Quantity, Rate
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import decimal, deposit, listing, mark, order, position_mode, trade
from worlds.states import MINIMAL, key, minimal, resting, settled

MARKED = minimal(mark=Price(100), price_decimals=1, quantity_decimals=2, tick=Price(5))
OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), position_mode("alice"))
HEDGED = settled(trade("alice", "bob", "4", "100"), trade("bob", "alice", "3", "100"), state=OPEN)


def refused(call: Callable[[], object]) -> Reason:
    with pytest.raises(Rejected) as found:
        call()
    return found.value.reason


@pytest.mark.rule("ACC-01", "MKT-01")
def test_markets_accounts_and_marks_must_exist() -> None:
    assert checks.known_market(OPEN, "A") is OPEN.markets["A"]
    assert refused(lambda: checks.known_market(OPEN, "B")) == Reason.UNKNOWN_MARKET
    assert checks.known_account(OPEN, "alice") == "hedge"
    assert refused(lambda: checks.known_account(OPEN, "zoe")) == Reason.UNKNOWN_ACCOUNT
    assert checks.marked_market(MARKED) == 100
    assert refused(lambda: checks.marked_market(minimal())) == Reason.NO_MARK


@pytest.mark.rule("NUM-03", "MKT-01")
@pytest.mark.parametrize(
    ("text", "any_price", "on_tick"),
    [
        *[("0.1", 1, None), ("0.5", 5, 5), ("0.6", 6, None), ("10.0", 100, 100), ("0.50", 5, 5)],
        *[("0", None, None), ("-0.5", None, None), ("0.05", None, None)],
    ],
)
def test_prices(text: str, any_price: int | None, on_tick: int | None) -> None:
    for check, price in ((checks.price_in, any_price), (checks.tick_price_in, on_tick)):
        if price is None:
            assert refused(lambda check=check: check(MARKED, decimal(text))) == Reason.INVALID_PRICE  # type: ignore[misc]
        else:
            assert check(MARKED, decimal(text)) == price


@pytest.mark.rule("NUM-03")
def test_a_price_is_at_most_its_limit() -> None:
    unit = 10**7
    assert checks.price_in(MARKED, Decimal8(2**53 * unit)) == 2**53
    assert refused(lambda: checks.price_in(MARKED, Decimal8((2**53 + 1) * unit))) == Reason.INVALID_PRICE


@pytest.mark.rule("NUM-03")
@pytest.mark.parametrize(("text", "lots"), [("0.01", 1), ("1", 100), ("1.230", 123)])
def test_quantities(text: str, lots: int) -> None:
    assert checks.quantity_in(MARKED, decimal(text), Price(100)) == lots


@pytest.mark.rule("NUM-03")
@pytest.mark.parametrize("text", ["0", "-0.01", "0.001"])
def test_invalid_quantities(text: str) -> None:
    assert refused(lambda: checks.quantity_in(MARKED, decimal(text), Price(100))) == Reason.INVALID_QUANTITY


@pytest.mark.rule("NUM-03")
@pytest.mark.parametrize(
    ("market", "price", "most"),
    [
        (minimal(mark=Price(1)), 1, 2**53),
        (minimal(mark=Price(1)), 2**10, 2**52),
        (minimal(mark=Price(2**10)), 1, 2**52),
        (minimal(mark=Price(1), quanta_per_unit=2**12), 1, 2**50),
    ],
)
def test_a_quantity_and_its_value_are_bounded_at_the_price_and_at_mark(market: Market, price: int, most: int) -> None:
    assert checks.quantity_in(market, Decimal8(most * 10**8), Price(price)) == most
    over = Decimal8((most + 1) * 10**8)
    assert refused(lambda: checks.quantity_in(market, over, Price(price))) == Reason.INVALID_QUANTITY


@pytest.mark.rule("NUM-01", "NUM-03")
def test_amounts() -> None:
    state = State(header=MINIMAL)
    assert checks.amount_in(state, "USD", decimal("-7")) == -7
    assert checks.amount_in(State(), "USD", decimal("0.00000001")) == 1
    assert checks.amount_in(state, "USD", Decimal8(2**62 * 10**8)) == 2**62
    assert checks.amount_in(state, "USD", Decimal8(-(2**62) * 10**8)) == -(2**62)
    for wrong in (decimal("0"), decimal("0.5"), Decimal8((2**62 + 1) * 10**8), Decimal8(-(2**62 + 1) * 10**8)):
        assert refused(lambda wrong=wrong: checks.amount_in(state, "USD", wrong)) == Reason.INVALID_AMOUNT  # type: ignore[misc]
    assert checks.positive_amount_in(state, "USD", decimal("1")) == 1
    assert refused(lambda: checks.positive_amount_in(state, "USD", decimal("-1"))) == Reason.INVALID_AMOUNT
    assert Header().decimals("USD") == 8


@pytest.mark.rule("NUM-03", "FND-01")
def test_funding_rates() -> None:
    for rate in (-(10**8), 0, 10**8):
        assert checks.funding_rate(MARKED, Decimal8(rate)) == rate
    for rate in (-(10**8) - 1, 10**8 + 1):
        assert refused(lambda rate=rate: checks.funding_rate(MARKED, Decimal8(rate))) == Reason.INVALID_RATE  # type: ignore[misc]


@pytest.mark.rule("ACC-01")
@pytest.mark.parametrize(
    ("mode", "side", "fits"),
    [
        *[("one_way", "BOTH", True), ("one_way", "LONG", False), ("one_way", "SHORT", False)],
        *[("hedge", "BOTH", False), ("hedge", "LONG", True), ("hedge", "SHORT", True)],
    ],
)
def test_sides_fit_the_position_mode(mode: PositionMode, side: PositionSide, fits: bool) -> None:
    assert checks.fits_mode(mode, side) == fits


@pytest.mark.rule("ACC-01", "TRD-01")
@pytest.mark.parametrize(
    ("account", "side", "quantity", "fits"),
    [
        *[("bob", "BOTH", 100, True), ("bob", "BOTH", -100, True), ("bob", "LONG", 1, False)],
        *[("alice", "BOTH", 1, False), ("alice", "LONG", 100, True), ("alice", "LONG", -4, True)],
        *[("alice", "LONG", -5, False), ("alice", "SHORT", -100, True), ("alice", "SHORT", 3, True)],
        ("alice", "SHORT", 4, False),
    ],
)
def test_a_hedge_side_closes_at_most_to_flat(account: str, side: PositionSide, quantity: int, fits: bool) -> None:
    def check() -> None:
        checks.check_position_side(HEDGED, key(account, "A", side), Quantity(quantity))

    if fits:
        check()
    else:
        assert refused(check) == Reason.WRONG_POSITION_SIDE


@pytest.mark.rule("TRD-03")
@pytest.mark.parametrize(
    ("held", "quantity", "reduces"),
    [
        *[(5, -5, True), (5, -6, False), (5, -1, True), (5, 1, False), (0, 1, False), (0, -1, False)],
        *[(-5, 5, True), (-5, 6, False), (-5, -1, False)],
    ],
)
def test_what_only_reduces(held: int, quantity: int, reduces: bool) -> None:
    assert checks.only_reduces(Quantity(held), Quantity(quantity)) == reduces


@pytest.mark.rule("TRD-03")
def test_orders_are_found_by_account_and_id() -> None:
    placed = settled(order("bob", "sell", "1", "100"), state=OPEN)
    assert checks.open_order(placed, "bob", "o1") == resting(-1, 100)
    assert refused(lambda: checks.open_order(placed, "bob", "o2")) == Reason.UNKNOWN_ORDER
    assert refused(lambda: checks.open_order(placed, "alice", "o1")) == Reason.UNKNOWN_ORDER
    assert (checks.signed("buy", Quantity(3)), checks.signed("sell", Quantity(3))) == (3, -3)


@pytest.mark.rule("NUM-03")
@pytest.mark.parametrize(("amount", "past"), [(2**60, False), (2**60 + 1, True)])
def test_net_deposits_past_their_limit_are_remembered(amount: int, past: bool) -> None:
    transaction = Transaction(OPEN)
    transaction.balances[external("EUR")] = Money(-amount)
    checks.check_net_deposits(transaction, "EUR")
    assert transaction.out_of_range == past


def within(market: Market, check: Callable[[Market, Price], None], distances: range) -> list[int]:
    """The distances from the mark, in price units, that a check lets pass."""
    passing = []
    for distance in distances:
        with suppress(Rejected):
            check(market, Price(distance))
            passing.append(distance)
    return passing


@pytest.mark.rule("MKT-04")
@pytest.mark.parametrize(
    ("mark", "band", "farthest"),
    [
        # 1% of 100 is 1 unit: the next tick on either side is 5 away.
        (100, "0.01", 5),
        # 5% is just that tick; with any more of it the next one counts.
        *[(100, "0.05", 9), (100, "0.05000001", 10), (100, "0.1", 14)],
        # A mark off the tick, of which 1% is 1.02: 105 is 3 away, 100 is 2 away, 110 would be 8 away.
        (102, "0.01", 6),
        (100, "1", 104),
    ],
)
def test_a_price_band_is_widened_to_the_next_ticks(mark: int, band: str, farthest: int) -> None:
    limited = attrs.evolve(MARKED, mark=Price(mark), limits=Limits(price_band=Rate(decimal(band))))
    assert within(limited, checks.check_band, range(-10, 200)) == list(range(-10, farthest + 1))
    assert within(MARKED, checks.check_band, range(-10, 200)) == list(range(-10, 200))


@pytest.mark.rule("MKT-04", "LIQ-05")
@pytest.mark.parametrize(
    ("mark", "band", "farthest"), [(100, "0.05", 5), (100, "0.04999999", 4), (102, "0.05", 5), (100, "0.00000001", 0)]
)
def test_a_fill_band_is_not_widened(mark: int, band: str, farthest: int) -> None:
    limited = attrs.evolve(MARKED, mark=Price(mark), limits=Limits(fill_band=Rate(decimal(band))))
    assert within(limited, checks.check_fill_band, range(-10, 200)) == list(range(-10, farthest + 1))
    assert within(MARKED, checks.check_fill_band, range(-10, 200)) == list(range(-10, 200))


@pytest.mark.rule("MKT-04", "FND-01")
def test_a_funding_cap_takes_the_place_of_one() -> None:
    limited = attrs.evolve(MARKED, limits=Limits(funding_cap=Rate(1_000)))
    for rate in (-1_000, 0, 1_000):
        assert checks.funding_rate(limited, Decimal8(rate)) == rate
    for rate in (-1_001, 1_001):
        assert refused(lambda rate=rate: checks.funding_rate(limited, Decimal8(rate))) == Reason.INVALID_RATE  # type: ignore[misc]
