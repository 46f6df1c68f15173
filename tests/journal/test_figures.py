"""What people see of a field: its text and the unit that it counts."""

import pytest

from marginspec.model import events
from marginspec.model.effects import Effect
from marginspec.model.events import Event
from marginspec.model.fields import Amount, Flag, Integer, Kind
from marginspec_journal.figures import Figure, figure, figures_of
from worlds.events import decimal
from worlds.samples import EFFECTS, EVENTS, FULL_STATE, LOT

FILL = events.LiquidationFill("BTCUSDC", "long", "bob", decimal("0.01"), decimal("110000"))

pytestmark = pytest.mark.rule("JRN-01")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Amount("money"), -12_340_000, "-12.340000 USDC"),
        (Amount("price"), 11_440_000, "114400.00 USDC"),
        (Amount("quantity"), -10, "-0.010 BTCUSDC"),
        (Amount("quantity", form="unsigned"), -10, "-0.010 BTCUSDC"),
        (Amount("rate"), 50_000, "0.0005"),
        (Amount("money", stated=True), 1_250_000_000, "12.5 USDC"),
        (Amount("price", stated=True), 10_000_000, "0.1 USDC"),
        (Amount("quantity", stated=True), 100_000_000, "1 BTCUSDC"),
        (Integer(), 20, "20"),
        (Flag(), True, "yes"),
        (Flag(), False, "no"),
    ],
)
def test_figure_of_a_market(kind: Kind, value: int, text: str) -> None:
    assert str(figure(kind, value, FULL_STATE, market="BTCUSDC")) == text


def test_money_of_an_asset_that_has_no_market() -> None:
    assert figure(Amount("money"), 1, FULL_STATE, asset="EURX") == Figure("0.00000001", "EURX")


def shown(record: object) -> str:
    return ", ".join(f"{name} {one}" for name, one in figures_of(record, FULL_STATE))


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (events.Deposit("alice", "USDC", decimal("1000")), "account alice, asset USDC, amount 1000 USDC"),
        (events.Funding("BTCUSDC", decimal("-0.0001")), "market BTCUSDC, rate -0.0001"),
        (FILL, "market BTCUSDC, side long, counterparty bob, quantity 0.01 BTCUSDC, price 110000 USDC"),
        (EFFECTS[1], "market BTCUSDC, tiers 2"),
        (
            EFFECTS[7],
            (
                "account alice, order o1, market BTCUSDC, position_side BOTH, quantity -0.010 BTCUSDC, "
                "price 114500.00 USDC, reduce_only no"
            ),
        ),
        (EFFECTS[10], "asset USDC, source wallet:alice:USDC, target house:USDC, amount 1.500000 USDC, rule TRD-01"),
        (EFFECTS[12], "account alice, asset USDC, equity -0.000005 USDC, maintenance 0.000007 USDC"),
        (
            LOT,
            (
                "lot 7, account bob, market BTCUSDC, side SHORT, margin_mode isolated, quantity -0.004 BTCUSDC, "
                "reason takeover"
            ),
        ),
    ],
)
def test_figures_of_a_record(record: Event | Effect, text: str) -> None:
    assert shown(record) == text


def test_every_event_and_effect_has_figures() -> None:
    for record in (*EVENTS, *EFFECTS):
        assert all(one.text for _, one in figures_of(record, FULL_STATE))
