"""The prover itself: expressions, symbols, both solvers, and every way in which a theorem is not proved."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marginspec.model.units import div_down
from marginspec_proofs.prover import proving
from marginspec_proofs.prover.exploring import Path, explore
from marginspec_proofs.prover.proving import Outcome, prove
from marginspec_proofs.prover.solvers import Answer, ask_cvc5, ask_z3
from marginspec_proofs.prover.statements import ALL_INTEGERS, Case, NumericCase, OutOfScope, Theorem, theorem
from marginspec_proofs.prover.symbols import Boolean, Integer, NotSymbolic, implies, negate
from marginspec_proofs.prover.terms import (
    FALSE,
    TRUE,
    Assertion,
    Term,
    conjunction,
    evaluate,
    negation,
    script,
    variables_of,
)

X, Y = Term("x"), Term("y")


def stated(statement: Callable[[Case], None]) -> Theorem:
    """A theorem that is not registered."""
    return Theorem("T-TEST-1", "", (), ALL_INTEGERS, (), (), True, statement)


def proved(statement: Callable[[Case], None], **options: Any) -> Outcome:
    """What becomes of a statement."""
    return prove(stated(statement), **options)


# ------------------------------------------------------------- expressions


def test_not_and_and_know_constants() -> None:
    assert (negation(TRUE), negation(FALSE), negation(negation(X))) == (FALSE, TRUE, X)
    assert conjunction([]) == TRUE
    assert conjunction([TRUE, X]) == X
    assert conjunction([X, Y]) == Term("and", (X, Y))


def test_an_expression_without_a_value_for_a_variable_has_none() -> None:
    with pytest.raises(KeyError, match="y"):
        evaluate(Term("+", (X, Y)), {"x": 1})


def test_variables_are_listed_once_in_order() -> None:
    assert variables_of([Term("+", (Y, X)), Term("<", (X, Y)), TRUE, Term(3)]) == ["y", "x"]


def test_a_script_names_what_occurs_twice_once() -> None:
    twice = Term("*", (X, Y))
    text = script([Assertion("a", Term("<", (twice, Term(-1)))), Assertion("b", Term("=", (twice, X)))])
    assert text.splitlines()[2:] == [
        "(declare-const |x| Int)",
        "(declare-const |y| Int)",
        "(define-fun shared0 () Int (* |x| |y|))",
        "(assert (! (< shared0 (- 1)) :named |a|))",
        "(assert (! (= shared0 |x|) :named |b|))",
        "(check-sat)",
    ]


# ------------------------------------------------------------- symbols


def test_arithmetic_with_constants_stays_plain() -> None:
    x = Integer(X)
    assert [str(one) for one in (x + 0, 0 + x, x - 0, x * 1, 1 * x)] == [str(x)] * 5
    assert (x * 0, x - x, 0 * x) == (0, 0, 0)
    assert all(isinstance(one, int) for one in (x * 0, x - x))
    assert (-x).term == Term("-", (X,))
    assert (0 - (0 - x)).term == X


def test_comparisons_that_need_no_numbers_are_plain() -> None:
    x = Integer(X)
    assert (x == x) is True
    assert (x < x) is False
    assert (x <= x) is True
    assert (x != x) is False
    assert (x == "x") is False


@pytest.mark.parametrize(
    "ask",
    [hash, int, float, "{:d}".format, [1, 2].__getitem__, range, lambda one: one % 2, lambda one: one**2, round],
    ids=["hash", "int", "float", "format", "index", "range", "remainder", "power", "round"],
)
def test_what_would_decide_unseen_is_refused(ask: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        ask(Integer(X))


def test_a_symbol_outside_an_exploration_has_no_truth() -> None:
    with pytest.raises(NotSymbolic, match="outside"):
        bool(Integer(X) < 3)


def test_what_is_no_number_joins_no_symbol() -> None:
    with pytest.raises(NotSymbolic, match="str"):
        Integer(X) + "1"
    with pytest.raises(NotSymbolic, match="int"):
        Boolean(X) & 1


def test_negate_and_implies_take_plain_truth_too() -> None:
    assert negate(True) is False
    assert implies(False, False) is True
    assert implies(True, False) is False


def test_truth_of_a_symbol_branches() -> None:
    def run(path: Path) -> None:
        x = Integer(path.declare("x"))
        if x:
            path.claim("not zero", (x != 0).term)

    paths = list(explore(run, 1_000_000))
    assert [path.decisions for path in paths] == [[True], [False]]
    assert [evaluate(X, path.models[0]) == 0 for path in paths] == [False, True]


# ------------------------------------------------------------- solvers

HARD = """(set-logic QF_NIA)
(declare-const x Int) (declare-const y Int) (declare-const z Int)
(assert (> x 1)) (assert (> y 1)) (assert (= (* x y) (+ (* z z z z) 1000003)))
(assert (= (* x (+ y z)) (+ (* y y y) 77)))
(check-sat)
"""


def test_both_solvers_read_the_same_text() -> None:
    for term, verdict in ((Term("<", (X, Term(-5))), "sat"), (Term("<", (X, X)), "unsat")):
        text = script([Assertion("a bar-less name: NUM-03 #1", term)])
        assert (ask_z3(text).verdict, ask_cvc5(text).verdict) == (verdict, verdict)


def test_z3_gives_numbers_or_a_core() -> None:
    below, above = Assertion("below", Term("<", (X, Term(4)))), Assertion("above", Term("<", (Term(2), X)))
    assert ask_z3(script([below, above])).model == {"x": 3}
    wrong = Assertion("wrong", Term("<", (Term(7), X)))
    assert ask_z3(script([below, above, wrong])).core == ("below", "wrong")


@pytest.mark.parametrize("ask", [ask_z3, ask_cvc5])
def test_a_tiny_budget_is_unknown(ask: Callable[[str, int], Answer]) -> None:
    assert ask(HARD, 10).verdict == "unknown"


def test_a_question_costs_the_same_each_time() -> None:
    text = script([Assertion("a", Term("<", (Term("*", (X, X)), Term("*", (Term(2), X)))))])
    for ask in (ask_z3, ask_cvc5):
        first, second = ask(text), ask(text)
        assert first == second
        assert first.resources > 0


numbers = st.integers(-(2**70), 2**70) | st.integers(-5, 5)
expressions = st.recursive(
    st.sampled_from([X, Y]) | numbers.map(Term),
    lambda inner: st.one_of(
        st.builds(Term, st.sampled_from(["+", "-", "*"]), st.tuples(inner, inner)),
        st.builds(Term, st.just("-"), st.tuples(inner)),
    ),
    max_leaves=6,
)
relations = st.builds(Term, st.sampled_from(["<", "<=", "="]), st.tuples(expressions, expressions))
conditions = st.recursive(
    relations,
    lambda inner: st.one_of(
        st.builds(Term, st.just("not"), st.tuples(inner)), st.builds(Term, st.just("and"), st.tuples(inner, inner))
    ),
    max_leaves=4,
)


@settings(max_examples=40)
@given(conditions, numbers, numbers)
def test_both_solvers_mean_by_the_text_what_evaluation_means(condition: Term, x: int, y: int) -> None:
    values = {"x": x, "y": y}
    fixed = [Assertion(f"value of {name}", Term("=", (Term(name), Term(value)))) for name, value in values.items()]
    text = script([*fixed, Assertion("condition", condition)])
    verdict = "sat" if evaluate(condition, values) else "unsat"
    assert (ask_z3(text).verdict, ask_cvc5(text).verdict) == (verdict, verdict)


# ------------------------------------------------------------- outcomes


def test_a_true_claim_is_proved_with_a_witness() -> None:
    def statement(case: Case) -> None:
        x = case.integer("x", 3, 9)
        case.claim("a square", x * x >= 9)

    outcome = proved(statement)
    assert (outcome.status, outcome.paths, outcome.witnesses) == ("proved", 1, 1)
    assert outcome.witness is not None
    assert 3 <= outcome.witness["x"] <= 9
    assert all(one.second is not None and one.second.verdict == "unsat" for one in outcome.obligations)


def test_a_false_claim_fails_with_numbers() -> None:
    def statement(case: Case) -> None:
        x, y = case.integer("x", 0, 100), case.integer("y", 1, 100)
        case.claim("nothing is lost", div_down(x, y) * y == x)

    outcome = proved(statement)
    assert (outcome.status, outcome.failure) == ("failed", "nothing is lost")
    found = outcome.counterexample
    assert found is not None
    assert set(found) == {"x", "y"}
    assert found["x"] // found["y"] * found["y"] != found["x"]


def test_only_one_path_in_many_is_wrong() -> None:
    def statement(case: Case) -> None:
        x = case.integer("x")
        if x > 1000:
            case.claim("not this one", x != 4711)

    outcome = proved(statement)
    assert (outcome.status, outcome.counterexample) == ("failed", {"x": 4711})


def test_without_numbers_in_scope_a_theorem_is_vacuous() -> None:
    def statement(case: Case) -> None:
        x = case.integer("x", 0)
        case.assume(x * x < 0, "NUM-02")
        case.claim("anything", x == x + 1)

    assert proved(statement).status == "vacuous"


def test_an_exception_on_a_reachable_path_fails() -> None:
    def statement(case: Case) -> None:
        if case.integer("x") == 12345:
            raise ValueError("never")

    outcome = proved(statement)
    assert (outcome.status, outcome.failure) == ("failed", "ValueError: never")
    assert outcome.counterexample == {"x": 12345}


def test_an_exception_on_an_unreachable_path_does_not() -> None:
    def statement(case: Case) -> None:
        x = case.integer("x")
        if x * x < 0:
            raise ValueError("never")
        case.claim("a square", x * x >= 0)

    assert proved(statement).status == "proved"


def test_a_divisor_that_may_be_zero_fails() -> None:
    def statement(case: Case) -> None:
        case.claim("anything", case.integer("x") // case.integer("y", 0) <= 2**99)

    outcome = proved(statement)
    assert (outcome.status, outcome.failure) == ("failed", "the divisor is positive")


def test_what_is_too_hard_is_unknown_and_so_not_proved() -> None:
    def statement(case: Case) -> None:
        x, y = case.integer("x", 2), case.integer("y", 2)
        case.claim("a prime", x * y != 1_000_003)

    outcome = proved(statement, budget=10)
    assert (outcome.status, outcome.failure) == ("unknown", "a prime")


def test_too_many_paths_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def statement(case: Case) -> None:
        case.one_of("x", tuple(range(9)))

    monkeypatch.setattr("marginspec_proofs.prover.exploring.MAX_PATHS", 5)
    outcome = proved(statement)
    assert (outcome.status, outcome.failure) == ("unknown", "more than 5 paths")


def true_claim(case: Case) -> None:
    case.claim("above", case.integer("x", 3) > 2)


@pytest.mark.parametrize(("verdict", "status"), [("sat", "failed"), ("unknown", "unknown")])
def test_a_disagreement_of_cvc5_is_not_proved(verdict: str, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "ask_cvc5", lambda _script, _budget: Answer(verdict, {}, (), 1))
    outcome = proved(true_claim)
    assert (outcome.status, outcome.failure) == (status, f"cvc5 says {verdict}: above")
    assert proved(true_claim, second_opinion=False).status == "proved"


def test_z3_alone_cannot_make_a_false_claim_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Z3 that calls everything unsatisfiable is contradicted by the second solver."""

    def statement(case: Case) -> None:
        x = case.integer("x")
        case.claim("false", x * x != 49)

    monkeypatch.setattr(
        "marginspec_proofs.prover.exploring.ask_z3", lambda _script, _budget: Answer("unsat", {}, (), 1)
    )
    assert proved(statement).status == "failed"


def test_numbers_of_z3_that_do_not_satisfy_the_facts_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "marginspec_proofs.prover.exploring.ask_z3", lambda _script, _budget: Answer("sat", {"x": 2}, (), 1)
    )
    outcome = proved(true_claim)
    assert outcome.status != "proved"
    assert "do not satisfy" in outcome.failure


def test_a_witness_that_ends_otherwise_on_plain_numbers_fails() -> None:
    def statement(case: Case) -> None:
        x = case.integer("x", 3)
        case.claim("above", x > 2 if isinstance(x, Integer) else x < 0)

    outcome = proved(statement)
    assert (outcome.status, outcome.failure) == ("failed", "a witness refutes: above")


def test_what_was_shown_helps_but_an_assumption_is_not_shown() -> None:
    def statement(case: Case) -> None:
        x, y = case.integer("x"), case.integer("y")
        case.assume(x < y, "NUM-03")
        case.claim("first", x + 1 <= y)
        case.claim("second", x + 1 < y + 1)

    outcome = proved(statement)
    assert outcome.status == "proved"
    cores = [one.judged.answer.core for one in outcome.obligations]
    assert all("claim denied" in core for core in cores)


# ------------------------------------------------------------- statements


def test_choices_are_paths_of_their_own() -> None:
    seen: list[str] = []

    def statement(case: Case) -> None:
        seen.append(case.one_of("who", ("alice", "bob", "carol")))
        case.claim("either", case.truth("is long") | negate(case.truth("is short")) | True)

    assert proved(statement).paths == 3
    assert set(seen) == {"alice", "bob", "carol"}


def test_numbers_out_of_scope_are_refused() -> None:
    case = NumericCase({"x": 3})
    with pytest.raises(OutOfScope, match="NUM-03"):
        case.integer("x", 4)
    with pytest.raises(OutOfScope, match="LED-02"):
        case.assume(False, "LED-02")
    case.claim("no", False)
    assert (case.failed, case.held) == (["no"], [])


def test_an_id_is_given_once() -> None:
    with pytest.raises(AssertionError, match="T-NUM-1"):
        theorem("T-NUM-1", of=())(true_claim)
