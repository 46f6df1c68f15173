"""What is special of the suite: each clause at its boundary, each limit to the last quantum, and what the tables name.

That a vector lies just there is shown by a fault: the boundary moved by the least there is, and a vector notices it.
"""

import re
from collections.abc import Iterator
from functools import cache

import pytest

from marginspec_conformance.faults.catalogue import fault_named
from marginspec_conformance.faults.judging import HASHES, Judged, seen_by, shortest_first
from marginspec_conformance.faults.planting import PACKAGE, Planted, planted, text_of
from marginspec_conformance.protocol.messages import Refused
from marginspec_conformance.vectors import Vector, read_vectors
from marginspec_conformance.vectors.question import AskedQuestion, read_questions
from marginspec_conformance.vectors.reading import suite_manifest
from worlds.refusals import BY_EVENT

BOUNDARIES = {
    "ACC-01": "handlers.account_settings.set_leverage:comparison-1",
    "ACC-02": "margin.closing.released_cost:opposite-1",
    "ACC-04": "handlers.cash.adjust_isolated_margin:comparison-4",
    "ADL-01": "settlement.deleveraging.find_step:comparison-1",
    "ADL-02": "settlement.rankings.binance_score:opposite-2",
    "ADL-03": "margin.closing.released_cost:opposite-1",
    "ADL-04": "deleveraging may leave a counterparty at its maintenance",
    "ADL-06": "handlers.declared_deleveraging.declared_deleveraging:constant-1",
    "FND-01": "handlers.funding.funding_due:opposite-1",
    "INV-07": "handlers.fills.close_lots:comparison-1",
    "LED-01": "transaction.Transaction.transfer:constant-1",
    "LED-02": "handlers.trading.pay_rebates:comparison-2",
    "LED-03": "handlers.cash.withdraw_house:comparison-1",
    "LIQ-01": "margin.margin.is_healthy:comparison-1",
    "LIQ-02": "settlement.liquidation.position_to_step_down:comparison-1",
    "LIQ-03": "settlement.liquidation.equity_shares:comparison-1",
    "LIQ-04": "handlers.fills.lots_to_close:opposite-1",
    "LIQ-05": "handlers.fills.close_lots:comparison-1",
    "LVY-01": "the first claimant of a levy pays what roundings left",
    "LVY-02": "settlement.waterfall.needed_relief:constant-2",
    "MKT-01": "model.market.list_market:comparison-1",
    "MKT-02": "model.market.TierTable.holding:comparison-1",
    "MKT-03": "model.market.TierTable.holding:comparison-1",
    "MKT-04": "handlers.guards.check_band:comparison-2",
    "MKT-05": "settlement.market_closing.empty_reserve:constant-1",
    "MRG-02": "margin.margin.initial_margin:opposite-1",
    "MRG-03": "margin.margin.open_loss:comparison-1",
    "MRG-04": "margin.margin.maintenance_margin:opposite-1",
    "MRG-05": "margin.margin.is_healthy:comparison-1",
    "MRG-06": "handlers.cash.withdraw:comparison-1",
    "MRG-07": "margin.bands.liquidation_band:constant-2",
    "MRG-08": "margin.bands.bankruptcy_price:opposite-1",
    "NUM-01": "model.market.list_market:comparison-3",
    "NUM-02": "model.units.next_share:comparison-1",
    "NUM-03": "handlers.guards.quantity_in:comparison-2",
    "SET-01": "settlement ends after one round",
    "TRD-01": "handlers.trading.pay_rebates:comparison-2",
    "TRD-02": "handlers.trading.check_booked:comparison-1",
    "TRD-03": "handlers.guards.only_reduces:comparison-3",
    "TRN-01": "transaction.Transaction.count_funds:opposite-1",
    "WTF-01": "handlers.fills.close_lots:comparison-1",
    "WTF-02": "settlement.settle.restore_cover:constant-1",
}
"""By clause, a fault that moves its boundary by the least; a vector or question of that very clause notices it."""
NO_BOUNDARY = {
    "ACC-03": "which domain a position belongs to depends on settings alone",
    "MRG-01": "a notional is a product, exact, and compared with nothing here",
    "JRN-01": "a receipt is the same or another one",
    "INV": "invariants follow from the other clauses",
}
"""Clauses without a boundary, and why; those of invariants but one, by the letters that they begin with."""

TOPICS = {
    "ties of scores": ("settlement.deleveraging.compare_ranked:constant-6", "the lowest score is deleveraged first"),
    "a notional exactly at a floor": ("a floor belongs to the tier above it",),
    "price bands": ("handlers.guards.check_band:comparison-2", "a price band is not widened to the next ticks"),
    "fill bands": ("handlers.guards.check_fill_band:comparison-2", "a fill band is widened to the next ticks"),
    "position limits": ("a position at its limit is too large",),
    "layers of a levy": ("settlement.levy.layer_weight:opposite-1", "the levy spares the house"),
    "dust of a levy": ("the first claimant of a levy pays what roundings left", "model.units.next_share:comparison-1"),
    "returned relief": (
        "settlement.waterfall.needed_relief:constant-2",
        "relief stays when a market has closed",
        "relief is drawn and nobody's claim falls",
    ),
    "rounds of settlement": ("settlement ends after one round", "deleveraging starts in the smallest shortfall"),
}
"""What vectors are directed at, and the faults that show it."""

BOUND = re.compile(r"\b(?:MAX|MIN)_[A-Z_]+\b|(?<=<= )RATE_ONE\b|(?<=max_leverage < )RATE_ONE\b")
NOT_SHOWN = {
    "handlers/account_settings.py MAX_LEVERAGE + 1": "no tier allows more than 1000, and the reason is the same"
}
"""Limits moved by one that no answer shows, and why."""
NOWHERE = (HASHES, "")


@cache
def suite() -> tuple[Vector, ...]:
    return tuple(read_vectors())


@cache
def prepared() -> tuple[Judged, ...]:
    return tuple(shortest_first(suite()))


@cache
def questions() -> tuple[AskedQuestion, ...]:
    return tuple(read_questions())


@pytest.mark.parametrize("clause", BOUNDARIES)
def test_a_clause_has_a_vector_at_its_boundary(clause: str) -> None:
    of_clause = {one.id for one in suite() if clause in one.clauses}
    vectors = [one for one in prepared() if one.id in of_clause]
    asked = [one for one in questions() if clause in one.clauses]
    assert seen_by(fault_named(BOUNDARIES[clause]), vectors, asked) is not None


def test_every_clause_has_a_boundary_or_a_reason() -> None:
    clauses = {*suite_manifest()["clauses"], *suite_manifest()["questions"]["clauses"]}
    without = {clause for clause in clauses if clause not in BOUNDARIES}
    assert {"INV" if clause.startswith("INV") else clause for clause in without} == set(NO_BOUNDARY)
    assert set(BOUNDARIES) <= clauses


@pytest.mark.parametrize(("topic", "fault"), [(topic, fault) for topic in TOPICS for fault in TOPICS[topic]])
def test_vectors_are_directed_at_what_is_delicate(topic: str, fault: str) -> None:
    assert (seen_by(fault_named(fault), prepared()) or NOWHERE)[0] < HASHES, topic


def moved_limits() -> Iterator[Planted]:
    """The rulebook with one limit moved by one, at one place, up or down."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        text = text_of(name)
        for found in BOUND.finditer(text):
            for change in ("+ 1", "- 1"):
                what = f"{found[0]} {change}"
                moved = f"{text[: found.start()]}({what}){text[found.end() :]}"
                try:
                    fault = planted(f"{name} {what}", what, name, moved)
                except SyntaxError:
                    # An import, or where the limit is defined.
                    continue
                if fault.swaps:
                    yield fault


def test_every_limit_is_shown_to_the_last_quantum() -> None:
    limits = list(moved_limits())
    assert len(limits) > 40
    assert {one.name for one in limits if seen_by(one, prepared(), questions()) is None} == set(NOT_SHOWN)


def test_every_event_is_refused_for_every_reason_that_it_has() -> None:
    refused = {
        (type(one.events[-1]).__name__, one.answers[-1].reason)
        for one in suite()
        if isinstance(one.answers[-1], Refused)
    }
    assert refused == {(event, reason) for event in BY_EVENT for reason in BY_EVENT[event].split()}
