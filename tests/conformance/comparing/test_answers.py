"""Answers to questions, field by field."""

from fractions import Fraction
from typing import Any

import pytest

from marginspec_conformance.comparing.amounts import EXACT, Tolerance
from marginspec_conformance.comparing.answers import compared, decimal
from marginspec_conformance.comparing.differences import Difference

RATIO = {"numerator": "1", "denominator": "2"}
EQUAL = {"numerator": "2", "denominator": "4"}
NUMBERS = {"numerator": 1, "denominator": 2}
SCORES = {"positions": [{"side": "LONG", "binance": RATIO}, {"side": "SHORT", "binance": RATIO}]}


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"initial": "5.00000000"}, {"initial": "5"}),
        ({"initial": "5.00000000"}, {"initial": 5}),
        ({"price": None}, {"price": None, "more": "is left aside"}),
        ({"positions": []}, {"positions": []}),
        (SCORES, {"positions": [{"side": "LONG", "binance": EQUAL}, SCORES["positions"][1]]}),
    ],
)
def test_right_answers(expected: dict[str, Any], actual: dict[str, Any]) -> None:
    found = compared(expected, actual)
    assert (found.differences(), found.untold, found.inexact()) == ((), (), ())


@pytest.mark.parametrize(
    ("expected", "actual", "difference"),
    [
        ("97", "97.5", Difference("calc", "price", "97", "97.5 (off by 0.5)")),
        ("97", None, Difference("calc", "price", "97", "none")),
        (None, "97", Difference("calc", "price", "none", "97")),
        ("97", 97.0, Difference("calc", "price", "97", "97.0")),
        ("97", True, Difference("calc", "price", "97", "True")),
        ("97", "9.7e1", Difference("calc", "price", "97", "9.7e1")),
        ("97", "٩٧", Difference("calc", "price", "97", "٩٧")),
        ("97", "9" * 100, Difference("calc", "price", "97", "9" * 80 + "…")),
        (RATIO, {"numerator": "1", "denominator": "0"}, Difference("calc", "price", "1/2", "1/0")),
        (RATIO, NUMBERS, Difference("calc", "price", "1/2", str(NUMBERS))),
        (RATIO, {"numerator": "2", "denominator": "3"}, Difference("calc", "price", "1/2", "2/3 (off by 0.167)")),
    ],
)
def test_wrong_answers(expected: Any, actual: Any, difference: Difference) -> None:
    assert compared({"price": expected}, {"price": actual}).differences() == (difference,)


def test_rows_are_compared_by_their_sides() -> None:
    found = compared(SCORES, {"positions": [SCORES["positions"][0]]})
    assert found.differences() == (Difference("calc", "positions", "LONG, SHORT", "LONG"),)
    assert found.untold == ("positions.SHORT.binance",)


@pytest.mark.parametrize("malformed", [None, {}, [1], [{"side": 1}], [{"binance": RATIO}], "LONG"])
def test_rows_that_are_none(malformed: Any) -> None:
    [difference] = compared(SCORES, {"positions": malformed}).differences()
    assert (difference.name, difference.expected) == ("positions", "LONG, SHORT")


@pytest.mark.parametrize(
    ("tolerance", "agrees"), [(EXACT, False), ("0.5", True), ("<0.5", False), ("<0.50000001", True), ("0.49", False)]
)
def test_tolerances(tolerance: Any, agrees: bool) -> None:
    allowed = tolerance if isinstance(tolerance, Tolerance) else Tolerance.of_text(tolerance)
    assert (compared({"price": "97"}, {"price": "97.5"}).differences(allowed) == ()) == agrees


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(5), "5"),
        (Fraction(1, 2), "0.5"),
        (Fraction(1, 3), "0.334"),
        (Fraction(2, 3 * 10**9), "0.000000000667"),
        (Fraction(100001, 3), "33334"),
    ],
)
def test_numbers_as_decimals(number: Fraction, text: str) -> None:
    assert decimal(number) == text
