"""Amounts and tolerances."""

import pytest

from marginspec.model.units import Decimal8
from marginspec_conformance.comparing.amounts import EXACT, Tolerance, read_amount, shortest
from marginspec_journal import InputError


def test_the_shortest_form_of_an_amount() -> None:
    assert [shortest(150, 2), shortest(100, 2), shortest(-5, 2), shortest(100, 0)] == ["1.5", "1", "-0.05", "100"]


@pytest.mark.parametrize("text", ["1e5", "1.123456789", "-0", " 1", "", None, 1, True, "1" * 31])
def test_what_is_no_decimal_is_no_amount(text: object) -> None:
    assert read_amount(text) is None


def test_a_tolerance_is_inclusive_unless_it_says_otherwise() -> None:
    inclusive, exclusive = Tolerance.of_text("0.01"), Tolerance.of_text("<0.01")
    assert [inclusive.allows(off) for off in (-1_000_000, 1_000_000, 1_000_001)] == [True, True, False]
    assert [exclusive.allows(off) for off in (0, -999_999, 1_000_000)] == [True, True, False]
    assert [str(inclusive), str(exclusive)] == ["0.01 (inclusive)", "0.01 (exclusive)"]
    assert EXACT.allows(0)
    assert not EXACT.allows(1)


@pytest.mark.parametrize("text", ["one cent", "<0"])
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        Tolerance.of_text(text)
    reason = f"expected a decimal, such as 0.01 (inclusive) or <0.01 (exclusive), found '{text}'"
    assert str(refused.value) == f"--tolerance: {reason}"
    assert Tolerance.of_text("0.5").most == Decimal8(50_000_000)
