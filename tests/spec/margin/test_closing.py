"""What closing part of a position releases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marginspec.margin.closing import released_cost
from marginspec.model.units import Money, Quantity


@pytest.mark.rule("ACC-02", "ADL-03")
@pytest.mark.parametrize(
    ("cost", "size", "part", "released"),
    [
        *[(100, 3, 1, 34), (100, 3, 2, 67), (100, 3, 3, 100), (100, 3, 0, 0)],
        *[(-100, 3, 1, -33), (-100, 3, 2, -66), (-100, 3, 3, -100), (7, 7, 3, 3)],
    ],
)
def test_released_cost_rounds_up_so_that_profit_rounds_down(cost: int, size: int, part: int, released: int) -> None:
    assert released_cost(Money(cost), Quantity(size), Quantity(part)) == released


@pytest.mark.rule("ACC-02", "ADL-03")
@given(cost=st.integers(-(10**6), 10**6), parts=st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_partial_closes_add_up_within_a_quantum_each(cost: int, parts: list[int]) -> None:
    # IN-02: what is released part by part sums to the whole, each within a quantum of its exact share.
    left, size = cost, sum(parts)
    for part in parts:
        released = released_cost(Money(left), Quantity(size), Quantity(part))
        assert 0 <= released * size - left * part < size
        left, size = left - released, size - part
    assert left == 0
