"""The registry of rules, and the reasons of rejection as an order."""

import re

import pytest

from marginspec.model.rejections import Reason, Rejected, require
from marginspec.registry import REGISTRY, RuleCode, rule, sentence_of

WIRE_ORDER = """
UNKNOWN_MARKET MARKET_EXISTS INVALID_MARKET INVALID_TIERS UNKNOWN_ACCOUNT NO_MARK SELF_TRADE INVALID_PRICE
PRICE_OUT_OF_BAND INVALID_QUANTITY INVALID_AMOUNT INVALID_RATE INVALID_LEVERAGE WRONG_POSITION_SIDE ORDER_EXISTS
UNKNOWN_ORDER
ORDER_MISMATCH REDUCE_ONLY NO_POSITION NOT_FLAT LEVERAGE_REDUCTION NOT_ISOLATED NO_INVENTORY NO_COUNTERPARTY
COVER_EXCEEDED INSUFFICIENT_FUNDS INSUFFICIENT_BALANCE LEVERAGE_ABOVE_TIER POSITION_LIMIT NEGATIVE_CASH
UNHEALTHY INSUFFICIENT_MARGIN OUT_OF_RANGE
"""


@pytest.fixture
def registry() -> list[RuleCode]:
    """What is registered while a test runs is forgotten afterwards."""
    return list(REGISTRY)


@pytest.mark.rule("JRN-01")
def test_code_is_registered_with_ids_sources_and_its_first_paragraph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marginspec.registry.REGISTRY", [])

    @rule("LIQ-01", "LIQ-02", source="SRC-01 SRC-02")
    def documented() -> int:
        """A sentence.

        More.
        """
        return 7

    @rule("LIQ-03")
    def silent() -> None:
        pass

    name = "test_code_is_registered_with_ids_sources_and_its_first_paragraph.<locals>"
    from marginspec import registry as rules

    sentence = "A sentence."
    assert [
        RuleCode(("LIQ-01", "LIQ-02"), ("SRC-01", "SRC-02"), __name__, f"{name}.documented", sentence),
        RuleCode(("LIQ-03",), (), __name__, f"{name}.silent", ""),
    ] == rules.REGISTRY
    assert (documented(), silent()) == (7, None)
    assert sentence_of("LIQ-02") == sentence
    with pytest.raises(KeyError, match="LIQ-99"):
        sentence_of("LIQ-99")


@pytest.mark.rule("JRN-01")
def test_every_registered_sentence_is_one_paragraph(registry: list[RuleCode]) -> None:
    assert registry
    for code in registry:
        assert re.match(r"[A-Z].*[.,;:)]?", code.sentence), code
        assert all(re.fullmatch(r"[A-Z]{3}-\d{2}", one) for one in code.ids), code


@pytest.mark.rule("JRN-01")
def test_reasons_stand_in_the_order_of_the_wire_format() -> None:
    assert [reason.value for reason in Reason] == WIRE_ORDER.split()
    assert [reason.name for reason in Reason] == WIRE_ORDER.split()


@pytest.mark.rule("INV-09")
def test_require_refuses_with_its_reason() -> None:
    require(True, Reason.NO_MARK)
    with pytest.raises(Rejected, match="NO_MARK") as refused:
        require(False, Reason.NO_MARK)
    assert refused.value.reason is Reason.NO_MARK
