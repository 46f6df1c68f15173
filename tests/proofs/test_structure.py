"""What the shape of the rules' code proves: who writes the ledger, who moves money, from where to where.

The theorems take the rules' functions one by one; that there are no others is read off their syntax here.
"""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

import attrs
import pytest
from immutables import Map

import marginspec
from marginspec.handlers.trading import Booked, Leg
from marginspec.margin.closing import Part
from marginspec.margin.margin import DomainMargin, PositionMargin
from marginspec.model.effects import Effect, Receipt
from marginspec.model.events import Event
from marginspec.model.state import Book, Header, State
from marginspec.transaction import Transaction
from marginspec_proofs.mutation.mutants import module_of

PACKAGE = Path(__file__).parents[2] / "spec" / "marginspec"
RULES = sorted(PACKAGE.rglob("*.py"))
FUNDS = ("reserve", "insurance", "relief", "house", "clearing")
Call = tuple[str, str, str]
"""The module that moves money, the ledger account that it comes from, the one that it goes to."""

GIVEN_BACK = "cash_account(domain) if is_there else ledger.wallet(domain.account, domain.asset)"

CALLS: set[Call] = {
    ("handlers.cash", "cash_account(source)", "cash_account(target)"),
    ("handlers.cash", "ledger.external(event.asset)", "ledger.wallet(event.account, event.asset)"),
    ("handlers.cash", "ledger.external(event.asset)", "ledger.insurance(event.asset)"),
    ("handlers.cash", "cash_account(domain)", "ledger.external(event.asset)"),
    ("handlers.cash", "ledger.house(event.asset)", "ledger.external(event.asset)"),
    ("handlers.trading", "ledger.position(*buyer_key)", "ledger.position(*seller_key)"),
    ("margin.closing", "ledger.position(*part.key)", "part.cash"),
    ("handlers.trading", "leg.cash", "ledger.insurance(asset)"),
    ("handlers.trading", "leg.cash", "ledger.house(asset)"),
    ("handlers.trading", "ledger.house(market.asset)", "leg.cash if leg.key in transaction.positions else wallet"),
    ("handlers.trading", "cash_account(cross)", "leg.cash"),
    ("handlers.trading", "leg.cash", "ledger.wallet(domain.account, domain.asset)"),
    ("margin.closing", "cash_account(domain)", "ledger.wallet(domain.account, domain.asset)"),
    ("transaction", "payer", "clearing(asset)"),
    ("transaction", "clearing(asset)", "receiver"),
    ("handlers.funding", "ledger.clearing(market.asset)", "ledger.insurance(market.asset)"),
    ("settlement.liquidation", "ledger.lot(taken.id)", "ledger.position(*key)"),
    ("settlement.liquidation", "cash_account(domain)", "ledger.lot(taken.id)"),
    ("handlers.fills", "ledger.position(*key)", "ledger.lot(lot.id)"),
    ("settlement.waterfall", "ledger.lot(lot_id)", "ledger.reserve(market.id)"),
    ("settlement.market_closing", "ledger.position(*key)", "cash_account(domain)"),
    ("settlement.market_closing", "ledger.reserve(market.id)", "ledger.insurance(market.asset)"),
    ("settlement.waterfall", "ledger.reserve(market.id)", "ledger.lot(lot_id)"),
    ("settlement.waterfall", "ledger.insurance(market.asset)", "ledger.lot(lot_id)"),
    ("settlement.waterfall", "ledger.relief(market.asset)", "ledger.lot(lot_id)"),
    ("settlement.deleveraging", "ledger.position(*key)", "ledger.lot(lot.id)"),
    ("settlement.deleveraging", "ledger.lot(lot.id)", "ledger.reserve(market.id)"),
    ("settlement.deleveraging", "ledger.lot(heir.id)", "ledger.lot(lot.id)"),
    ("settlement.levy", "ledger.house(asset)", "ledger.insurance(asset)"),
    ("settlement.levy", "cash_account(domain)", "ledger.relief(domain.asset)"),
    ("settlement.levy", "ledger.relief(domain.asset)", GIVEN_BACK),
    ("settlement.claims", "ledger.relief(domain.asset)", "ledger.insurance(domain.asset)"),
    ("transaction", "source", "target"),
    ("transaction", "target", "source"),
}
"""Every way of money through the rules. A new one belongs here with the theorem that speaks of its source."""

CASH: set[str] = {"cash_account(domain)", "leg.cash"}
"""What legs and parts of positions carry as their cash; `cash_account` names wallets and isolated margin."""


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def all_functions() -> Iterator[ast.FunctionDef]:
    for path in RULES:
        yield from functions(ast.parse(path.read_text("utf-8")))


def names_in(function: ast.FunctionDef) -> dict[str, str]:
    """What the function's own names stand for; one that is assigned twice stands for nothing but itself."""
    meaning: dict[str, str] = {}
    for written, value in assigned_in(function):
        meaning[written] = written if written in meaning else value
    return meaning


def assigned_in(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Each name that a function assigns, with what it assigns to it."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names, values = [target], [node.value]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    names, values = target.elts, node.value.elts
                for name, value in zip(names, values, strict=True):
                    yield ast.unparse(name), ast.unparse(value)


def called(function: ast.FunctionDef, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in names:
                yield node


def calls_that_move_money() -> set[Call]:
    found = set()
    for path in RULES:
        for function in functions(ast.parse(path.read_text("utf-8"))):
            meaning = names_in(function)
            for call in called(function, "transfer", "move"):
                source, target = (ast.unparse(argument) for argument in call.args[1:3])
                found.add((module_of(path, PACKAGE), meaning.get(source, source), meaning.get(target, target)))
    return found


@pytest.mark.rule("LED-01", "LED-02", "LED-03")
def test_money_moves_in_these_ways_only() -> None:
    assert calls_that_move_money() == CALLS


@pytest.mark.rule("LED-03", "INV-07")
def test_only_the_profit_of_a_fill_and_of_what_was_declared_goes_to_a_reserve() -> None:
    assert {call for call in calls_that_move_money() if "reserve(" in call[2]} == {
        ("settlement.deleveraging", "ledger.lot(lot.id)", "ledger.reserve(market.id)"),
        ("settlement.waterfall", "ledger.lot(lot_id)", "ledger.reserve(market.id)"),
    }


@pytest.mark.rule("LED-02", "INV-03", "WTF-01")
def test_funds_pay_in_these_ways_only() -> None:
    from_a_fund = tuple(f"{owner}{name}(" for owner in ("ledger.", "") for name in FUNDS)
    assert {call for call in calls_that_move_money() if call[1].startswith(from_a_fund)} == {
        ("handlers.cash", "ledger.house(event.asset)", "ledger.external(event.asset)"),
        ("handlers.trading", "ledger.house(market.asset)", "leg.cash if leg.key in transaction.positions else wallet"),
        ("transaction", "clearing(asset)", "receiver"),
        ("handlers.funding", "ledger.clearing(market.asset)", "ledger.insurance(market.asset)"),
        ("settlement.waterfall", "ledger.reserve(market.id)", "ledger.lot(lot_id)"),
        ("settlement.waterfall", "ledger.insurance(market.asset)", "ledger.lot(lot_id)"),
        ("settlement.waterfall", "ledger.relief(market.asset)", "ledger.lot(lot_id)"),
        ("settlement.market_closing", "ledger.reserve(market.id)", "ledger.insurance(market.asset)"),
        ("settlement.levy", "ledger.house(asset)", "ledger.insurance(asset)"),
        ("settlement.levy", "ledger.relief(domain.asset)", GIVEN_BACK),
        ("settlement.claims", "ledger.relief(domain.asset)", "ledger.insurance(domain.asset)"),
    }


@pytest.mark.rule("LED-02", "ACC-03")
def test_cash_of_a_leg_is_that_of_its_domain() -> None:
    carried = set()
    for function in all_functions():
        meaning = names_in(function)
        for call in called(function, "Leg", "Part"):
            cash = ast.unparse(call.args[2])
            carried.add(meaning.get(cash, cash))
    assert carried == CASH
    assert {ast.unparse(value) for value in returned("cash_account")} == {
        "ledger.isolated(account, market, side) if market else ledger.wallet(account, asset)"
    }


def returned(name: str) -> Iterator[ast.expr]:
    for function in all_functions():
        if function.name == name:
            yield from (node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value)


@pytest.mark.rule("FND-01", "LED-02")
def test_funding_is_owed_by_domains_and_lots() -> None:
    (rule,) = (function for function in all_functions() if function.name == "funding")
    owing = {ast.unparse(call.args[0]) for call in called(rule, "append")}
    assert owing == {"(cash_account(domain), amount)", "(ledger.lot(lot_id), amount)"}


def writers_of(index: str) -> set[str]:
    """Functions that assign an attribute of that name, or evolve one."""
    found = set()
    for function in all_functions():
        for node in ast.walk(function):
            assigned = (
                isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del) and node.attr == index
            )
            evolved = isinstance(node, ast.keyword) and node.arg == index
            by_name = isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "setattr",
                "delattr",
                "vars",
                "exec",
            )
            if assigned or evolved or by_name:
                found.add(function.name)
    return found


def writers_into(index: str) -> set[str]:
    """Functions that give or take an entry of an attribute of that name."""
    return {
        function.name
        for function in all_functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
        if isinstance(node.value, ast.Attribute) and node.value.attr == index
    }


@pytest.mark.rule("LED-01", "INV-01")
def test_only_a_transfer_writes_the_ledger() -> None:
    """An event's own copy of the ledger is taken at its beginning, and is a state's when it is over."""
    assert (writers_of("ledger"), writers_of("balances")) == ({"go_on", "commit"}, {"go_on"})
    assert (writers_into("ledger"), writers_into("balances")) == (set(), {"transfer"})
    assert {function.name for function in all_functions() for _ in called(function, "go_on")} == {"__init__"}


@pytest.mark.rule("LED-01", "INV-09")
def test_states_are_made_by_committing_or_from_nothing() -> None:
    makers = {function.name for function in all_functions() for _ in called(function, "State")}
    assert makers == {"commit", "from_header"}


def code_objects() -> Iterator[type]:
    for module in pkgutil.walk_packages(marginspec.__path__, "marginspec."):
        for _, found in inspect.getmembers(import_module(module.name), inspect.isclass):
            if found.__module__ == module.name and attrs.has(found):
                yield found


def is_frozen(found: type) -> bool:
    setter: object = found.__setattr__
    return setter is State.__setattr__


def attributes_assigned_of() -> set[str]:
    """What attributes are assigned of, in all functions; a ledger account that is being made is `made`."""
    nodes = (node for function in all_functions() for node in ast.walk(function))
    stored = (one for one in nodes if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store | ast.Del))
    return {ast.unparse(one.value) for one in stored}


@pytest.mark.rule("INV-09")
def test_only_a_transaction_changes() -> None:
    """A rejected event's transaction is dropped, so what no transaction shares and nothing else changes stays.

    What rules are given, work out and hand on is not frozen, for speed; no rule assigns an attribute of it either.
    """
    handed_on = {*get_args(Event), *get_args(Effect), Receipt, PositionMargin, DomainMargin, Leg, Booked, Part}
    assert {found for found in code_objects() if not is_frozen(found)} == {Book, Transaction, *handed_on}
    assert attributes_assigned_of() == {"self", "transaction", "made"}
    empty = State()
    assert {type(getattr(empty, field.name)) for field in attrs.fields(State)} == {Map, int, tuple, Header}


@pytest.mark.rule("INV-09", "JRN-01")
def test_a_refused_event_gives_the_state_that_it_found() -> None:
    (rule,) = (
        function
        for function in all_functions()
        if function.name == "apply" and [one.arg for one in function.args.args][:2] == ["state", "event"]
    )
    (guarded,) = (node for node in rule.body if isinstance(node, ast.Try))
    (refusal,) = guarded.handlers
    assert [ast.unparse(node) for node in refusal.body] == ["return (state, Receipt(refusal.reason, ()))"]
    assert "state" not in names_in(rule)
