"""What theorems take from each other: each theorem that an assumption names is there and stated, none goes round."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from types import FunctionType
from typing import Any

import pytest

import marginspec_proofs.theorems
from marginspec.registry import REGISTRY as RULES
from marginspec_proofs.prover.sources import named_by, names_in, plain_function, reached
from marginspec_proofs.prover.statements import REGISTRY, Theorem

assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
THEOREM_ID = re.compile(r"\bT-[A-Z]+(?:-(?:\d+|[A-Z]+))?\b")
TAKING = ("assume", "integer")
"""What a theorem takes numbers and facts by; the last argument says from where."""
STATEMENTS = {one.statement for one in REGISTRY.values()}


def cited_in(found: Any) -> set[str]:
    """The theorems that the assumptions in a function's or class's text name."""
    cited = set[str]()
    for call in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(found)))):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in TAKING:
            sources = [*call.args[1:], *(one.value for one in call.keywords)]
            texts = (part.value for one in sources for part in ast.walk(one) if isinstance(part, ast.Constant))
            cited.update(name for text in texts if isinstance(text, str) for name in THEOREM_ID.findall(text))
    return cited


def helped_by(statement: Any) -> Iterator[Any]:
    """A statement, and all functions and classes of the theorems' modules that it names, and so on; no other one."""
    seen, pending = set[Any](), [statement]
    while pending:
        found = pending.pop()
        if found not in seen:
            seen.add(found)
            yield found
            named = (plain_function(one) for _, one in named_by(found))
            pending += [one for one in named if is_of_theorems(one) and one not in STATEMENTS]


def is_of_theorems(found: Any) -> bool:
    """Whether this is a function or class of a module of theorems."""
    return isinstance(found, FunctionType | type) and found.__module__.startswith(marginspec_proofs.theorems.__name__)


@cache
def cited(theorem: Theorem) -> frozenset[str]:
    """The theorems that a theorem's assumptions name, itself or in what it calls."""
    return frozenset(name for one in helped_by(theorem.statement) for name in cited_in(one)) - {theorem.id}


@pytest.mark.parametrize("theorem_id", REGISTRY)
def test_what_an_assumption_names_is_a_theorem_that_is_stated(theorem_id: str) -> None:
    theorem = REGISTRY[theorem_id]
    assert sorted(cited(theorem) - set(REGISTRY)) == []
    assert sorted(cited_in(theorem.statement) - {theorem_id} - set(theorem.uses)) == []


def test_no_theorem_rests_on_itself() -> None:
    on = {name: {*one.uses, *cited(one)} for name, one in REGISTRY.items()}
    while leaves := {name for name, needed in on.items() if not needed}:
        on = {name: needed - leaves for name, needed in on.items() if name not in leaves}
    assert on == {}


# ------------------------------------------------------------- what a theorem runs

BEFORE = {("T-TIER-11", "tier_table")}
"""What a theorem runs on the bundled tables when its module is read."""


@pytest.mark.parametrize("theorem_id", REGISTRY)
def test_a_theorem_can_reach_what_it_is_of(theorem_id: str) -> None:
    theorem = REGISTRY[theorem_id]
    names, methods = set(reached((theorem.statement,))), names_in(theorem.statement.__code__)
    for function in map(plain_function, theorem.functions):
        owner = f"{function.__module__}.{function.__qualname__}"
        is_reached = {owner, owner.rpartition(".")[0]} & names or function.__name__ in methods
        assert is_reached or (theorem_id, function.__name__) in BEFORE, owner


# ------------------------------------------------------------- what no theorem names

BY_TESTS_ONLY = (
    "handlers.account_settings.set_margin_mode",
    "handlers.account_settings.set_position_mode",
    "handlers.cash.deposit",
    "handlers.cash.fund_insurance",
    "handlers.fills.liquidation_fill",
    "handlers.final_settlement.settle_finally",
    "handlers.guards.amount_in",
    "handlers.guards.check_net_deposits",
    "handlers.guards.known_account",
    "handlers.guards.marked_market",
    "handlers.guards.positive_amount_in",
    "handlers.guards.price_in",
    "handlers.guards.quantity_in",
    "handlers.guards.tick_price_in",
    "handlers.markets.open_market",
    "handlers.markets.update_fees",
    "handlers.markets.update_limits",
    "handlers.markets.update_tiers",
    "handlers.orders.cancel_order",
    "handlers.orders.fits_order",
    "handlers.orders.reduce_order",
    "handlers.trading.check_orders",
    "handlers.trading.leg_of",
    "handlers.trading.leverage_fits",
    "handlers.trading.return_margin",
    "handlers.trading.size_fits",
    "handlers.trading.trade",
    "handlers.trading.traded_key",
    "margin.margin.domain_of",
    "margin.margin.initial_margin_of",
    "margin.margin.leverage_of",
    "margin.margin.margin_mode_of",
    "margin.margin.notional_of",
    "margin.margin.position_margin",
    "marginspec_audit.states.balances_sum_to_zero",
    "marginspec_audit.states.cover_test_holds",
    "marginspec_audit.states.domains_are_healthy",
    "marginspec_audit.states.equities_are_not_negative",
    "marginspec_audit.states.funds_are_not_negative",
    "marginspec_audit.states.lots_are_consistent",
    "marginspec_audit.states.net_deposits_are_not_negative",
    "marginspec_audit.states.nothing_is_uncovered",
    "marginspec_audit.states.quantities_sum_to_zero",
    "marginspec_audit.states.relief_is_claimed_and_needed",
    "marginspec_audit.transitions.lots_only_shrink",
    "marginspec_audit.transitions.rejection_changes_nothing",
    "marginspec_audit.transitions.reserve_changes_are_explained",
    "marginspec_audit.transitions.second_run_agrees",
    "marginspec_audit.transitions.waterfall_is_in_order",
    "marginspec_audit.transparency.indicators",
    "marginspec_audit.transparency.market_status",
    "model.market.check_fees",
    "model.market.limits_of",
    "model.market.list_market",
    "settlement.deleveraging.score_of",
    "settlement.market_closing.close_market",
    "transaction.Transaction.count_funds",
)
"""Functions with clauses that no theorem names: tests notice their faults. One that a theorem names may go."""


def test_functions_that_no_theorem_names_are_these() -> None:
    named = {plain_function(one) for theorem in REGISTRY.values() for one in theorem.functions}
    codes = {one.__code__ for one in named if isinstance(one, FunctionType)}
    unnamed = {
        f"{one.module}.{one.name}".removeprefix("marginspec.") for one in RULES if one.code and one.code not in codes
    }
    assert unnamed <= set(BY_TESTS_ONLY)
