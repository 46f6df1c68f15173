"""What records declare of their fields, as documents, columns and the engine's words follow it."""

from typing import get_args

import pytest

from marginspec import handlers
from marginspec.model.account import PositionKey, Setting
from marginspec.model.effects import Effect, Levied, OrderPlaced, OrderReduced, TiersUpdated, Transferred
from marginspec.model.events import Event, Trade
from marginspec.model.fields import Amount, Choice, Field, Flag, Integer, LedgerName, Name, Rows, fields_of, type_name
from marginspec.model.market import Market, Tier
from marginspec.registry import HANDLERS

SIDES = Choice(("BOTH", "LONG", "SHORT"))


def test_an_event_states_decimals_and_may_leave_fields_out() -> None:
    assert type_name(Trade) == "trade"
    assert fields_of(Trade) == (
        Field("market", Name("market"), ("market",), optional=False),
        Field("price", Amount("price", stated=True), ("price",), optional=False),
        Field("quantity", Amount("quantity", stated=True), ("quantity",), optional=False),
        Field("buyer", Name("account"), ("buyer",), optional=False),
        Field("seller", Name("account"), ("seller",), optional=False),
        Field("taker", Choice(("buyer", "seller")), ("taker",), optional=False),
        Field("buyer_side", SIDES, ("buyer_side",), optional=True),
        Field("seller_side", SIDES, ("seller_side",), optional=True),
        Field("buyer_order", Name("order"), ("buyer_order",), optional=True),
        Field("seller_order", Name("order"), ("seller_order",), optional=True),
        Field("buyer_fee", Amount("money", stated=True), ("buyer_fee",), optional=True),
        Field("seller_fee", Amount("money", stated=True), ("seller_fee",), optional=True),
    )


def test_a_record_inside_another_stands_among_its_fields() -> None:
    assert type_name(OrderPlaced) == "order_placed"
    assert fields_of(OrderPlaced) == (
        Field("account", Name("account"), ("account",), optional=False),
        Field("order", Name("order"), ("order", "id"), optional=False),
        Field("market", Name("market"), ("order", "market"), optional=False),
        Field("position_side", SIDES, ("order", "position_side"), optional=False),
        Field("quantity", Amount("quantity", form="sided"), ("order", "quantity"), optional=False),
        Field("price", Amount("price"), ("order", "price"), optional=False),
        Field("reduce_only", Flag(), ("order", "reduce_only"), optional=False),
    )
    assert fields_of(OrderReduced)[-1] == Field("quantity", Amount("quantity", form="unsigned"), ("quantity",), False)


def test_a_cross_domain_has_no_market_and_no_side() -> None:
    assert type_name(Levied) == "levy"
    assert fields_of(Levied) == (
        Field("account", Name("account"), ("domain", "account"), optional=False),
        Field("asset", Name("asset"), ("domain", "asset"), optional=False),
        Field("market", Name("market"), ("domain", "market"), optional=True),
        Field("side", SIDES, ("domain", "side"), optional=True),
        Field("layer", Choice(("profit", "spare", "equity")), ("layer",), optional=False),
        Field("amount", Amount("money"), ("amount",), optional=False),
    )


def test_what_follows_from_the_rest_or_stands_elsewhere_is_not_stated() -> None:
    assert "quanta_per_unit" not in {field.name for field in fields_of(Market)}
    assert "mark" not in {field.name for field in fields_of(Market)}
    assert fields_of(TiersUpdated)[-1] == Field("tiers", Rows(Tier), ("tiers", "tiers"), optional=False)
    assert [field.name for field in fields_of(Tier)] == ["floor", "max_leverage", "maintenance_rate"]


def test_other_kinds() -> None:
    assert fields_of(Setting)[1] == Field("leverage", Integer(), ("leverage",), optional=True)
    assert fields_of(Transferred)[1] == Field("source", LedgerName(), ("source",), optional=False)
    assert [field.path for field in fields_of(PositionKey)] == [("account",), ("market",), ("side",)]


@pytest.mark.rule("JRN-01")
def test_every_event_has_one_handler() -> None:
    modules = {handler.__module__.rpartition(".")[2] for handler in HANDLERS.values()}
    assert set(HANDLERS) == set(get_args(Event))
    assert modules == set(handlers.__all__)


def unit_is_named(record: type) -> bool:
    """Whether a record names the market or asset in whose unit its amounts count."""
    names = {field.kind.of for field in fields_of(record) if isinstance(field.kind, Name)}
    amounts = {field.kind.of for field in fields_of(record) if isinstance(field.kind, Amount)}
    return ("market" in names or not amounts & {"price", "quantity"}) and (
        bool(names & {"market", "asset"}) or "money" not in amounts
    )


def test_every_amount_has_a_unit() -> None:
    assert [record for record in (*get_args(Event), *get_args(Effect)) if not unit_is_named(record)] == []
