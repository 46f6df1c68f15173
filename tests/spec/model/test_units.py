"""Numbers: units, divisions and sharing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marginspec.model import units
from marginspec.model.rejections import Reason
from marginspec.model.units import Decimal8, Money, div_down, div_up, in_units, share_pro_rata
from marginspec_conformance.generator.events import decimal, listing, mark
from worlds.states import refusal, settled


@pytest.mark.rule("NUM-02")
@pytest.mark.parametrize(
    ("numerator", "divisor", "down", "up"),
    [
        *[(0, 1, 0, 0), (1, 1, 1, 1), (6, 3, 2, 2), (-6, 3, -2, -2)],
        *[(7, 3, 2, 3), (8, 3, 2, 3), (-7, 3, -3, -2), (-8, 3, -3, -2), (1, 10**9, 0, 1), (-1, 10**9, -1, 0)],
        (2**200 + 1, 2, 2**199, 2**199 + 1),
    ],
)
def test_divisions_name_their_direction(numerator: int, divisor: int, down: int, up: int) -> None:
    assert (div_down(numerator, divisor), div_up(numerator, divisor)) == (down, up)


@pytest.mark.rule("NUM-02")
@pytest.mark.parametrize("divisor", [0, -1])
def test_a_division_needs_a_positive_divisor(divisor: int) -> None:
    with pytest.raises(AssertionError, match="positive divisor"):
        div_down(1, divisor)
    with pytest.raises(AssertionError, match="positive divisor"):
        div_up(1, divisor)


@pytest.mark.rule("NUM-01")
@pytest.mark.parametrize(
    ("text", "decimals", "counted"),
    [
        *[("1.5", 0, None), ("1.0", 0, 1), ("-3", 0, -3), ("0", 0, 0), ("-1.5", 0, None)],
        *[("1.50", 1, 15), ("1.51", 1, None), ("0.00000001", 8, 1), ("0.00000001", 7, None), ("-0.1", 8, -(10**7))],
    ],
)
def test_decimals_are_counted_in_units_exactly(text: str, decimals: int, counted: int | None) -> None:
    assert in_units(decimal(text), decimals) == counted


@pytest.mark.rule("NUM-02")
@pytest.mark.parametrize(
    ("amount", "claims", "shares"),
    [
        (0, (1, 2), (0, 0)),
        (10, (5,), (10,)),
        # IN-17: claims 1, 1, 1 and 2 to share; nobody gets more than his claim rounded up.
        (2, (1, 1, 1), (1, 1, 0)),
        # Exact shares 2.5, 2.5, 5: the spare quantum goes to the first that is not an integer.
        (10, (1, 1, 2), (3, 2, 5)),
        # Exact shares 5, 2.5, 2.5: the first is an integer and gets none.
        (10, (2, 1, 1), (5, 3, 2)),
        # Exact shares 1/3, 0, 2/3.
        (1, (1, 0, 2), (1, 0, 0)),
        # Exact shares 0.7, 1.4, 4.9.
        (7, (1, 2, 7), (1, 2, 4)),
    ],
)
def test_shares_are_floors_then_single_quanta(amount: int, claims: tuple[int, ...], shares: tuple[int, ...]) -> None:
    assert share_pro_rata(Money(amount), claims) == shares


@pytest.mark.rule("NUM-02")
@given(amount=st.integers(0, 2**70), claims=st.lists(st.integers(0, 2**70), min_size=1, max_size=8))
def test_shares_sum_up_and_stay_within_a_quantum(amount: int, claims: list[int]) -> None:
    total = sum(claims)
    if total == 0:
        return
    shares = share_pro_rata(Money(amount), tuple(claims))
    assert sum(shares) == amount
    for claim, share in zip(claims, shares, strict=True):
        assert amount * claim // total <= share <= -(-amount * claim // total)


@pytest.mark.rule("NUM-03")
def test_limits() -> None:
    limits = {name: getattr(units, name) for name in dir(units) if name.startswith(("MAX_", "MIN_"))}
    assert limits == {
        "MAX_QUANTITY": 2**53,
        "MAX_PRICE": 2**53,
        "MAX_AMOUNT": 2**62,
        "MAX_VALUE": 2**62,
        "MAX_BALANCE": 2**62,
        "MAX_NET_DEPOSITS": 2**60,
        "MAX_OPEN_INTEREST_TRADED": 2**60,
        "MAX_FUND": 2**60,
        "MAX_OPEN_INTEREST_MARKED": 2**61,
        "MAX_GROSS_COST": 2**60,
        "MIN_LEVERAGE": 1,
        "MAX_LEVERAGE": 1000,
        "MAX_TIERS": 64,
    }
    assert (units.RATE_ONE, units.WIRE_DECIMALS, units.DEFAULT_ASSET_DECIMALS) == (10**8, 8, 8)


@pytest.mark.rule("NUM-03")
def test_a_price_at_its_limit_is_a_price() -> None:
    listed = settled(listing())
    assert refusal(listed, mark(str(2**53))) is None
    assert refusal(listed, mark(str(2**53 + 1))) == Reason.INVALID_PRICE
    assert Decimal8(2**53 * 10**8) == decimal(str(2**53))
