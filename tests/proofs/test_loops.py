"""Loops of the rules: each one is cut out by a theorem, and a bound that is planted into one is noticed."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import marginspec_proofs.theorems
from marginspec.settlement.settle import restore_cover, settle
from marginspec_proofs.mutation.mutants import module_of
from marginspec_proofs.prover import loops
from marginspec_proofs.prover.loops import Left, Loop, header_of, leaves_early, loops_of
from marginspec_proofs.prover.proving import Outcome, prove
from marginspec_proofs.prover.statements import ALL_INTEGERS, REGISTRY, Case, NumericCase, Theorem

assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
PACKAGE = Path(__file__).parents[2] / "spec" / "marginspec"
NO_RULES = ("model.fields", "observation")
"""Modules that read types and watch; no clause stands there."""
ALL_LOOPS = ("settlement.", "margin.", "model.units", "handlers.fills", "handlers.funding")
"""Rooms of which each loop has a theorem; elsewhere each one that may end early."""
Place = tuple[str, str]
"""A function with its module, and the header of a loop of it."""


def loops_in_rules() -> Iterator[tuple[Place, bool]]:
    """Each loop of the rules, and whether it may end early."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = module_of(path, PACKAGE)
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef) and module not in NO_RULES:
                for loop in loops_of(function):
                    yield (f"{module}.{function.name}", header_of(loop)), leaves_early(loop)


def loops_with_theorems(monkeypatch: pytest.MonkeyPatch) -> set[Place]:
    """Each loop of which a theorem on loops or settlement runs a turn, as seen when they are proved."""
    turned: set[Place] = set()
    turn = Loop.turn

    def noted(self: Loop, /, *within: Any, **names: Any) -> Left:
        turned.add((f"{self.function.__module__.removeprefix('marginspec.')}.{self.function.__name__}", self.header))
        return turn(self, *within, **names)

    monkeypatch.setattr(loops.Loop, "turn", noted)
    for name, theorem in REGISTRY.items():
        if name.startswith(("T-LOOP-", "T-SETTLE-")):
            assert prove(theorem, second_opinion=False).status == "proved"
    return turned


@pytest.mark.rule("SET-01", "LIQ-01", "ADL-01", "ADL-04", "ADL-06", "MRG-07", "MKT-02")
def test_each_loop_has_a_theorem(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = loops_with_theorems(monkeypatch)
    wanted = {place for place, early in loops_in_rules() if early or place[0].startswith(ALL_LOOPS)}
    assert wanted - turned == set()
    assert {place for place in turned if place not in dict(loops_in_rules())} == set()


def test_those_that_may_end_early_are_these() -> None:
    assert sorted(f"{place}: {header}" for (place, header), early in loops_in_rules() if early) == [
        "handlers.declared_deleveraging.declared_deleveraging: while step is not None",
        "margin.bands.first_below: while abs(outside - inside) > 1",
        "model.market.holding: for tier in self.tiers[1:]",
        "settlement.deleveraging.first_step: for lot in lots",
        "settlement.deleveraging.first_step: for ranked in queues[market.id, opposite]",
        "settlement.deleveraging.halved: while high - low > 1",
        "settlement.liquidation.liquidate: while not is_healthy(margin)",
        "settlement.settle.next_step: for market_id in by_shortfall(found)",
        "settlement.settle.restore_cover: while missing > 0",
        "settlement.settle.settle: while not settled",
    ]


# ------------------------------------------------------------- the prover's knife


def counted(limit: int, step: int) -> int:
    """A loop that ends as it should."""
    total = 0
    while total < limit:
        total = total + step
    return total


def counted_too_few(limit: int, step: int) -> int:
    """The same, with a bound that was planted in its body."""
    total, turns = 0, 0
    while total < limit:
        turns = turns + 1
        if turns == 64:
            break
        total = total + step
    return total


def counted_within(limit: int, step: int) -> int:
    """The same, with a bound that was planted in its header."""
    total, turns = 0, 0
    while total < limit and turns < 64:
        total, turns = total + step, turns + 1
    return total


def about(function: Callable[..., Any]) -> Outcome:
    """What becomes of a theorem that the loop of a function is left only at its limit."""

    def statement(case: Case) -> None:
        limit, total, step = case.integer("limit", 0), case.integer("total", 0), case.integer("step", 1)
        loop = Loop(case, function, "while total < limit")
        left = loop.turn(limit=limit, total=total, step=step)
        case.claim("step: over at its limit", (total >= limit) == (left.how == "over"))
        case.claim("step: else it goes on", left.how in ("over", "again"))

    return prove(Theorem("T-TEST-1", "", (), ALL_INTEGERS, (), (), True, statement))


def test_a_bound_in_a_loop_is_noticed() -> None:
    assert (about(counted).status, about(counted).failure) == ("proved", "")
    in_body, in_header = about(counted_too_few), about(counted_within)
    assert (in_body.status, in_body.failure) == ("failed", "step: a turn of counted_too_few reads no other names")
    assert (in_header.status, in_header.failure) == (
        "failed",
        "step: counted_within has the loop `while total < limit`",
    )


def test_turns_are_left_in_four_ways() -> None:
    case = NumericCase({})
    loop = Loop(case, restore_cover, "while missing > 0")
    assert loop.turn(missing=0) == Left("over", {"missing": 0})
    assert case.failed == []
    assert [Loop(case, ways, "while value > 0").turn(value=value).how for value in (0, 1, 2, 3, 4)] == [
        "over",
        "again",
        "break",
        "return",
        "again",
    ]


def ways(value: int) -> int:
    """A loop with every way out."""
    while value > 0:
        if value == 1:
            continue
        if value == 2:
            break
        if value == 3:
            return 7
        value = value - 1
    return value


def test_around_a_loop_any_names_may_be_left_and_what_it_returns_is_returned() -> None:
    loop = Loop(NumericCase({}), ways, "while value > 0")
    assert loop.around(lambda names: Left("over", {"value": names.value + 5}))(2) == 7
    assert loop.around(lambda _: Left("return", {}, "at once"))(2) == "at once"


def test_a_loop_that_is_not_there_is_a_claim_that_fails() -> None:
    case = NumericCase({})
    with pytest.raises(LookupError, match="while True"):
        Loop(case, settle, "while True")
    assert case.failed == ["step: settle has the loop `while True`"]
    assert Loop(case, settle, "for asset in assets", 2, 2).goes_through(assets="all") == "all"
    assert SimpleNamespace(**loops.plain_names({"_": 1, "a": 2})) == SimpleNamespace(a=2)
