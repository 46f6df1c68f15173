"""Mutants: which faults are made, what judges them, and a campaign that goes on where it was stopped."""

import ast
import json
from itertools import product
from pathlib import Path
from typing import Any

import attrs
import pytest
from click import UsageError

import marginspec_proofs.theorems
from marginspec_proofs.mutation import judging, mutants
from marginspec_proofs.mutation.judging import (
    CHEAP,
    CRASHED,
    SURVIVED,
    TESTS,
    Judgement,
    Limits,
    NotProved,
    Weight,
    citing_tests,
    copy_package,
    copy_rules,
    hash_of_test,
    inputs_hash,
    judge,
    judge_again,
    judge_by_proof,
    judge_by_tests,
    status_within,
    weigh,
)
from marginspec_proofs.mutation.mutants import (
    ENGINE,
    MOST_OF_A_FUNCTION,
    MOST_OF_LOOPS,
    MOST_SWAPPED,
    RULES,
    Mutant,
    by_chance,
    chosen_mutants,
    functions_with_clauses,
    mutants_of,
)
from marginspec_proofs.mutation.several_lines import OF_LOOPS, SWAPPED, faults_of_several_lines
from marginspec_proofs.prover.proving import Outcome
from marginspec_proofs.prover.solvers import TooManySteps, ask_z3, metered
from marginspec_proofs.prover.statements import REGISTRY
from marginspec_tools.prove import mutants as mutating
from marginspec_tools.prove.mutants import Row, Table, campaign_code, read_table, run_campaign, save

assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
ROOT = Path(__file__).parents[2]
MUTANTS = {one.id: one for one in chosen_mutants(ROOT)}

MODULE = '''
@rule("LEV-01")
def example(left: int, right: int) -> int:
    """A text of 1 < 2 is left alone."""
    assert left < 7
    found: int = max(left, 3)
    if not left == right and found in (left, right):
        book.count = div_up(left, right)
        return -found
    return f(left, right) if found >= 0 else 0
'''


def whats(text: str) -> list[str]:
    ((prefix, function),) = functions_with_clauses(ast.parse(text))
    found = list(mutants_of("module", prefix + function.name, function, text))
    for one in found:
        ast.parse(one.text)
    return [f"{one.id.partition(':')[2]}: {one.what}" for one in found]


def test_every_fault_of_a_function() -> None:
    assert whats(MODULE) == [
        "opposite-1: max(left, 3) -> min(left, 3)",
        "constant-1: 3 -> 4",
        "constant-2: 3 -> 2",
        "branch-1: not left == right and found in (left, right) -> False",
        "junction-1: not left == right and found in (left, right) -> not left == right or found in (left, right)",
        "sign-1: not left == right -> left == right",
        "comparison-1: left == right -> left != right",
        "comparison-2: found in (left, right) -> found not in (left, right)",
        "dropped-1: book.count = div_up(left, right) -> pass",
        "opposite-2: div_up(left, right) -> div_down(left, right)",
        "arguments-1: div_up(left, right) -> div_up(right, left)",
        "sign-2: -found -> found",
        "branch-2: f(left, right) if found >= 0 else 0 -> 0",
        "branch-3: f(left, right) if found >= 0 else 0 -> f(left, right)",
        "comparison-3: found >= 0 -> found > 0",
        "constant-3: 0 -> 1",
        "constant-4: 0 -> -1",
        "arguments-2: f(left, right) -> f(right, left)",
        "constant-5: 0 -> 1",
        "constant-6: 0 -> -1",
    ]


def test_a_method_has_its_class_in_its_name_and_functions_without_a_clause_have_no_mutants() -> None:
    text = (
        'class Book:\n    @rule("LED-01")\n    def empty(self) -> bool:\n        return True\n\n'
        "def free() -> int:\n    return 1\n"
    )
    ((prefix, function),) = functions_with_clauses(ast.parse(text))
    (mutant,) = mutants_of("model.state", prefix + function.name, function, text)
    assert attrs.asdict(mutant) | {"text": "", "origin": ""} == {
        "id": "model.state.Book.empty:constant-1",
        "function": "marginspec.model.state.Book.empty",
        "what": "True -> False",
        "line": 2,
        "module": "model.state",
        "clauses": ("LED-01",),
        "text": "",
        "origin": "",
        "package": RULES,
    }
    assert mutant.text == text.replace("True", "(False)")


def test_the_engines_rules_have_faults_of_several_lines_alone() -> None:
    of_engine = [one for one in MUTANTS.values() if one.package == ENGINE]
    assert {one.kind for one in of_engine} == {SWAPPED, *OF_LOOPS}
    assert {one.function.rpartition(".")[0] == f"marginspec_engine.{one.module}" for one in of_engine} == {True}
    assert {one.id.startswith("engine.rules.") for one in of_engine} == {True}


def test_the_opposite_of_a_division_is_known_in_the_module() -> None:
    mutant = next(one for one in MUTANTS.values() if "div_up(" in one.what and ":opposite-" in one.id)
    assert mutant.text.endswith("\nfrom marginspec.model.units import div_down, div_up\n")


def test_at_most_so_many_of_a_function_are_chosen_always_the_same() -> None:
    sorts = (((SWAPPED,), MOST_SWAPPED), (OF_LOOPS, MOST_OF_LOOPS))
    of_places = [one.function for one in MUTANTS.values() if one.kind not in (SWAPPED, *OF_LOOPS)]
    assert max(of_places.count(one) for one in of_places) == MOST_OF_A_FUNCTION
    for (kinds, most), package in product(sorts, (RULES, ENGINE)):
        functions = [one.function for one in MUTANTS.values() if one.kind in kinds and one.package == package]
        assert max((functions.count(one) for one in functions), default=0) == most[package]
    assert list(MUTANTS.values()) == chosen_mutants(ROOT)


LOOPING = '''
@rule("LEV-01")
def example(book: Book, wanted: int) -> int:
    """A text."""
    found = start(book)
    while found < wanted:
        book.grow()
        found = measure(book)
    for key, value in sorted(book.items()):
        if value:
            book.drop(key)
            book.effects.append(key)
    return sum(one for one in book.rest if one)
'''


def test_every_fault_of_several_lines() -> None:
    own = [one for one in whats(LOOPING) if one.startswith((SWAPPED, *OF_LOOPS))]
    assert own == [
        "bounded-1: while found < wanted: -> ends after 8 turns",
        "round-1: while found < wanted: -> one round only",
        "swapped-1: book.grow(); found = measure(book) -> the other way round",
        "bounded-2: for key, value in sorted(book.items()): -> ends after 8 turns",
        "round-2: sorted(book.items()) -> without the last",
        "skipped-1: sorted(book.items()) -> without the first",
        "swapped-2: book.drop(key); book.effects.append(key) -> the other way round",
        "skipped-2: book.rest -> without the first",
        "stale-1: found = measure(book) -> as it was before",
    ]


def text_of(fault: str) -> str:
    """The body of the example with a fault of several lines, after its docstring."""
    ((prefix, function),) = functions_with_clauses(ast.parse(LOOPING))
    found = {one.id.partition(":")[2]: one for one in mutants_of("module", prefix + function.name, function, LOOPING)}
    return found[fault].text.partition('"""A text."""\n')[2]


def test_a_planted_bound_counts_turns_before_each() -> None:
    assert text_of("bounded-1").splitlines()[:8] == [
        "    found = start(book)",
        "    turns = 0",
        "    while found < wanted:",
        "        if turns >= 8:",
        "            break",
        "        turns = turns + 1",
        "        book.grow()",
        "        found = measure(book)",
    ]
    assert "list(sorted(book.items()))[:-1]" in text_of("round-2")
    assert "found = measure(book)\n        book.grow()\n" in text_of("swapped-1")
    assert "        book.grow()\n        pass\n" in text_of("stale-1")


QUIETLY = """
def example(book):
    for side in range(len(layout.SIDES)):
        book[side] = 1
    for heap in (layout.LONG_HEAP, layout.SHORT_HEAP):
        transfer(book, heap)
        put(book, heap, 1)
        effect(book, heap)
    prefetch_domains(book)
    settle(book)
    row = market_row(book, 1)
"""


def kinds_in(text: str) -> list[str]:
    """The faults of several lines of the text's one function."""
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    return [one.kind for one in faults_of_several_lines(function)]


def test_what_says_nothing_is_not_planted() -> None:
    assert kinds_in(QUIETLY) == ["round", "skipped", "round", "skipped"]
    longer = QUIETLY.replace("len(layout.SIDES)", "book.count")
    assert kinds_in(longer) == ["bounded", "round", "skipped", "round", "skipped"]
    louder = QUIETLY.replace("put(", "move(")
    assert kinds_in(louder) == ["round", "skipped", "round", "skipped", "swapped", "swapped"]


def test_the_choice_stays_when_a_module_moves_to_another_room() -> None:
    ((_, function),) = functions_with_clauses(ast.parse(MODULE))

    def order(module: str) -> list[str]:
        found = sorted(mutants_of(module, "example", function, MODULE), key=by_chance)
        return [one.id.partition(":")[2] for one in found]

    assert order("levy") == order("settlement.levy") == order("a.b.levy") != order("settlement.waterfall")


# ------------------------------------------------------------- judging

WEIGHTS = {name: Weight("", 10_000, CHEAP, 1_000_000) for name in REGISTRY}


def fault(right: str, wrong: str, module: str, function: str) -> Mutant:
    named = Mutant("", f"marginspec.{module}.{function}", "", 1, module, ("NUM-02", "ACC-03"), "", "")
    text = (ROOT / RULES / named.path).read_text("utf-8")
    assert text.count(right) == 1
    return attrs.evolve(named, text=text.replace(right, wrong))


def test_a_theorem_refutes_a_fault_and_does_so_again() -> None:
    mutant = fault("    return -(-numerator // divisor)", "    return numerator // divisor", "model.units", "div_up")
    first = judge(mutant, ROOT, WEIGHTS)
    assert first.killed_by == "proof"
    assert first.evidence.split(" ")[1:3] == ["is", "failed:"]
    assert judge(mutant, ROOT, WEIGHTS, first) == first


def test_a_test_notices_a_fault_and_does_so_again(tmp_path: Path) -> None:
    module = "handlers.account_settings"
    copy_rules(
        ROOT, tmp_path, fault("attrs.evolve(setting, leverage=event.leverage)", "setting", module, "set_leverage")
    )
    first = judge_by_tests(["tests/spec/handlers"], ROOT, tmp_path)
    assert first.killed_by == "tests"
    assert first.evidence.startswith("tests/spec/handlers/test_account_settings.py::test_")
    assert judge_again(first, ROOT, tmp_path, WEIGHTS) == first
    unread = judge_by_tests(["tests/spec/margin"], ROOT, tmp_path)
    assert unread == Judgement("tests", "tests/spec/margin/test_bands.py")
    assert judge_again(unread, ROOT, tmp_path, WEIGHTS) == unread


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("FAILED a.py::test_b - assert 1 == 2", "a.py::test_b"),
        ("FAILED a.py::test_b[c - d] - assert [1] - [2]", "a.py::test_b[c - d]"),
        ("FAILED a.py::test_b[c d]", "a.py::test_b[c d]"),
        ("ERROR a.py - KeyError: 'x'", "a.py"),
    ],
)
def test_a_failed_test_is_named(line: str, name: str) -> None:
    found = judging.FAILURE.search(f"short summary\n{line}\n1 failed in 1.00s\n")
    assert found is not None
    assert found[1] == name


def test_tests_that_crash_notice_a_fault(tmp_path: Path) -> None:
    crashing = tmp_path / "test_crashing.py"
    crashing.write_text("import os\n\n\ndef test_one() -> None:\n    os.abort()\n", "utf-8")
    assert judge_by_tests([str(crashing)], ROOT, tmp_path) == Judgement("tests", "the engine crashes")
    assert judge_again(Judgement("tests", CRASHED), ROOT, tmp_path, WEIGHTS) == SURVIVED


def test_tests_that_do_not_end_notice_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "PATIENCE", 2)
    endless = tmp_path / "test_endless.py"
    endless.write_text("def test_one() -> None:\n    while True:\n        pass\n", "utf-8")
    assert judge_by_tests([str(endless)], ROOT, tmp_path) == Judgement("tests", "the tests do not end")


def test_evidence_that_is_gone_or_weak_judges_nothing(tmp_path: Path) -> None:
    copy_package(ROOT, tmp_path, RULES)
    for known in (
        SURVIVED,
        Judgement("proof", "T-GONE-1 is failed: a claim"),
        Judgement(None, "T-SHARE-1 is unknown: a claim"),
        Judgement("tests", "the tests do not end"),
        Judgement("tests", "tests/spec/model/test_units.py::test_gone"),
    ):
        assert judge_again(known, ROOT, tmp_path, WEIGHTS) == SURVIVED


def test_right_rules_survive(tmp_path: Path) -> None:
    copy_package(ROOT, tmp_path, RULES)
    assert judge_by_proof(["T-SHARE-1"], ROOT, tmp_path, WEIGHTS) == SURVIVED
    assert judge_by_proof([], ROOT, tmp_path, WEIGHTS) == SURVIVED


def test_a_theorem_that_is_undecided_kills_nothing_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = fault(
        "    return -(-numerator // divisor)", "    return -(-numerator // divisor) + 0", "model.units", "div_up"
    )
    scarce = {name: Weight("", 0, 0, 0) for name in WEIGHTS}
    asked: list[object] = []
    answers = [SURVIVED, SURVIVED, Judgement("tests", "x")]

    def answer_next(*arguments: object) -> Judgement:
        asked.append(arguments[0])
        return answers.pop(0)

    monkeypatch.setattr(judging, "judge_by_tests", answer_next)
    monkeypatch.setattr(Weight, "limits", Limits(0, 1, 1))
    undecided = judge(mutant, ROOT, scarce)
    assert undecided.killed_by is None
    assert " is unknown: it takes more than twice as much" in undecided.evidence
    assert asked == [citing_tests(ROOT, mutant.clauses), list(TESTS)]
    assert judge(mutant, ROOT, scarce) == Judgement("tests", "x")


CITING = {
    "tests/spec/test_one.py": '@pytest.mark.rule("LIQ-01", "LIQ-02")\ndef test_a(): ...\ndef test_b(): ...\n',
    "tests/spec/deeper/test_two.py": 'pytestmark = pytest.mark.rule("LIQ-02")\ndef test_c() -> None: ...\n',
    "tests/spec_audit/test_three.py": '@pytest.mark.rule("INV-01")\nclass TestD:\n    pass\n',
    "tests/engine/test_four.py": '@pytest.mark.rule("LIQ-01")\ndef test_e() -> None: ...\n',
}
"""Files of tests that cite clauses."""


def test_tests_are_found_by_the_clauses_that_they_cite(tmp_path: Path) -> None:
    for name, text in CITING.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    one, two = "tests/spec/test_one.py::test_a", "tests/spec/deeper/test_two.py"
    assert citing_tests(tmp_path, ("LIQ-01",)) == [one]
    assert citing_tests(tmp_path, ("LIQ-01", "LIQ-02")) == [two, one]
    assert citing_tests(tmp_path, ("INV-01", "LIQ-99")) == ["tests/spec_audit/test_three.py::TestD"]
    assert judge_by_tests(citing_tests(tmp_path, ("LIQ-99",)), ROOT, ROOT) == SURVIVED


def test_limits_count_what_z3_is_asked() -> None:
    script = "(declare-const x Int) (assert (< x 3)) (assert (> x 3))"
    with metered() as meter:
        ask_z3(script)
        ask_z3(script)
    assert (meter.questions, meter.steps) == (2, 2 * meter.dearest)
    with pytest.raises(TooManySteps), metered(most_questions=0):
        ask_z3(script)
    with pytest.raises(TooManySteps), metered(most_steps=meter.dearest - 1):
        ask_z3(script)
    assert ask_z3(script).verdict == "unsat"


def test_a_theorem_within_and_without_its_limits() -> None:
    weight = weigh("T-SHARE-1")
    assert weight.inputs == judging.current_hash("T-SHARE-1")
    assert weight.dearest <= weight.steps
    assert status_within("T-SHARE-1", weight.limits) == ("proved", "")
    assert status_within("T-SHARE-1", Limits(1, 10**6, 10**6)) == ("unknown", "it takes more than twice as much")
    assert status_within("T-SHARE-1", Limits(100, 1, 10**6))[0] == "unknown"


def failing(monkeypatch: pytest.MonkeyPatch, status: str, failure: str) -> None:
    def prove(theorem: Any, **_: object) -> Outcome:
        return Outcome(theorem, status, 1, 1, (), 1, 1, failure)  # type: ignore[arg-type]  # any status

    monkeypatch.setattr(judging, "prove", prove)


def test_what_needs_a_number_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "failed", "NotSymbolic: a rule needs a number")
    assert status_within("T-SHARE-1", Limits(1, 1, 1)) == ("unknown", "NotSymbolic: a rule needs a number")
    failing(monkeypatch, "failed", "a claim")
    assert status_within("T-SHARE-1", Limits(1, 1, 1)) == ("failed", "a claim")
    with pytest.raises(NotProved, match=r"^T-SHARE-1 is failed of the rules as they are: a claim$"):
        weigh("T-SHARE-1")


def test_what_does_not_end_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def prove(*_: object, **__: object) -> Outcome:
        raise judging.Endless

    monkeypatch.setattr(judging, "prove", prove)
    assert status_within("T-SHARE-1", Limits(1, 1, 1)) == ("unknown", "it does not end")


def test_a_refuted_theorem_counts_before_an_undecided_one(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"T-SHARE-1": ("unknown", "a"), "T-SHARE-2": ("failed", "b"), "T-SHARE-3": ("proved", "")}
    monkeypatch.setattr(judging, "status_within", lambda name, _limits: said[name])
    module = "marginspec_proofs.theorems.numbers"

    def asked(*ids: str) -> str:
        return judging.first_not_proved([(one, module, (1, 1, 1)) for one in ids])

    assert asked("T-SHARE-1", "T-SHARE-2") == "T-SHARE-2 is failed: b"
    assert asked("T-SHARE-1", "T-SHARE-3") == "T-SHARE-1 is unknown: a"
    assert asked("T-SHARE-3") == ""


def test_a_test_is_hashed_by_its_own_text(tmp_path: Path) -> None:
    def hash_with(folder: str, text: str, evidence: str = "file.py::test_one[a]") -> str:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file.py").write_text(text, "utf-8")
        return hash_of_test(tmp_path / folder, evidence)

    first = hash_with("first", "@mark(1)\ndef test_one() -> None:\n    pass\n")
    assert first == hash_with("moved", "import a\n\n@mark(1)\ndef test_one() -> None:\n    pass\n\nb = 1\n")
    assert first != hash_with("marked", "@mark(2)\ndef test_one() -> None:\n    pass\n")
    assert first != hash_with("changed", "@mark(1)\ndef test_one() -> None:\n    return\n")
    assert hash_with("gone", "def test_two() -> None:\n    pass\n") == "gone"
    assert hash_with("endless", "def test_one() -> None:\n    pass\n", "the tests do not end") == ""
    assert hash_of_test(tmp_path, "nowhere.py::test_one") == "gone"


def test_a_file_that_cannot_be_read_is_hashed_by_what_runs_at_import(tmp_path: Path) -> None:
    def hash_with(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, "utf-8")
        return hash_of_test(tmp_path, name)

    first = hash_with("first.py", "import a\n\nONE = 1\n\ndef test_one() -> None:\n    pass\n")
    assert first == hash_with("tests.py", "import b\n\nONE = 1\n\ndef test_two() -> None:\n    pass\n")
    assert first != hash_with("changed.py", "import a\n\nONE = 2\n\ndef test_one() -> None:\n    pass\n")


def test_a_judgement_rests_on_what_it_names() -> None:
    mutant = MUTANTS["handlers.funding.funding_due:opposite-1"]
    judgements = (
        SURVIVED,
        Judgement("proof", "T-SHARE-1 is failed: a"),
        Judgement("proof", "T-SHARE-2 is failed: a"),
        Judgement("proof", "T-GONE-1 is failed: a"),
        Judgement("tests", "the tests do not end"),
    )
    assert len({inputs_hash(mutant, one, ROOT) for one in judgements}) == len(judgements)
    assert inputs_hash(mutant, SURVIVED, ROOT) != inputs_hash(attrs.evolve(mutant, what=""), SURVIVED, ROOT)


# ------------------------------------------------------------- campaigns


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a rulebook of one function, where campaigns judge everything at once."""
    for folder in ("spec/marginspec/handlers", *TESTS):
        (tmp_path / folder).mkdir(parents=True)
    text = '@rule("FND-01")\ndef funding_due(value, rate):\n    return value * rate + 1\n'
    (tmp_path / "spec" / "marginspec" / "handlers" / "funding.py").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mutants, "MOST_OF_A_FUNCTION", 4)
    monkeypatch.setattr(mutating, "current_weights", lambda *_: {})
    monkeypatch.setattr(mutating, "unchanged_failure", lambda *_: "")
    return tmp_path


def judge_as(monkeypatch: pytest.MonkeyPatch, answer: Judgement) -> list[tuple[str, Judgement]]:
    asked: list[tuple[str, Judgement]] = []

    def answer_next(mutant: Mutant, _root: Path, _weights: object, former: Judgement) -> Judgement:
        asked.append((mutant.id.partition(":")[2], former))
        return answer

    monkeypatch.setattr(mutating, "judge", answer_next)
    return asked


def test_a_campaign_judges_what_is_new_and_tries_what_it_knows(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_proof = Judgement("proof", "T-ROUND-5 is failed: a claim")
    asked = judge_as(monkeypatch, by_proof)
    assert len(run_campaign(checkout, ("handlers.funding.funding_due:constant",), 1)) == 2
    assert sorted(asked) == [("constant-1", SURVIVED), ("constant-2", SURVIVED)]
    asked.clear()
    rows = run_campaign(checkout, (), 1)
    assert [row.id.partition(":")[2] for row in rows] == ["arithmetic-1", "arithmetic-2", "constant-1", "constant-2"]
    assert sorted(asked) == [("arithmetic-1", SURVIVED), ("arithmetic-2", SURVIVED)]
    asked.clear()
    assert run_campaign(checkout, (), 1) == rows
    assert asked == []
    path = checkout / "spec" / "marginspec" / "handlers" / "funding.py"
    path.write_text(path.read_text("utf-8").replace("+ 1", "+ 2"), "utf-8")
    run_campaign(checkout, ("handlers.funding.funding_due:constant",), 1)
    assert sorted(asked) == [("constant-1", by_proof), ("constant-2", by_proof)]


def test_the_table_is_read_as_it_was_written(checkout: Path) -> None:
    mutant = chosen_mutants(checkout)[0]
    row = Row(mutant.id, mutant.function, 3, "a → b", "tests", "x", "0")
    save(checkout, Table({mutant.id: row}, {"T-SHARE-1": Weight("1", 2, 3, 2)}))
    assert read_table(checkout) == Table({mutant.id: row}, {"T-SHARE-1": Weight("1", 2, 3, 2)})
    page = (checkout / mutating.PAGE).read_text("utf-8")
    assert "1 mutants: 0 killed by proof, 1 by tests only, 0 survive." in page
    assert "| `handlers.funding.funding_due` | 1 | 0 | 1 | 0 |" in page


def test_a_survivor_needs_a_reason(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judge_as(monkeypatch, SURVIVED)
    assert campaign_code(("handlers.funding.funding_due:arithmetic-2",), 1, as_json=False) == 1
    assert capsys.readouterr().out.splitlines() == [
        "handlers.funding.funding_due:arithmetic-2 survives without a reason: value * rate -> value + rate",
        "1 mutants: 0 killed by proof, 0 by tests only, 1 survive.",
    ]
    asked = judge_as(monkeypatch, SURVIVED)
    run_campaign(checkout, ("handlers.funding.funding_due:arithmetic-2",), 1)
    assert asked == [("arithmetic-2", SURVIVED)]
    asked.clear()
    (checkout / mutating.REASONS).write_text('"handlers.funding.funding_due:arithmetic-2" = "Why not."\n', "utf-8")
    assert campaign_code(("handlers.funding.funding_due:arithmetic-2",), 1, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["what"] == "value * rate -> value + rate"
    assert asked == []
    assert "  Why not.\n" in (checkout / mutating.PAGE).read_text("utf-8")


def test_a_campaign_needs_a_checkout_and_right_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="need a checkout"):
        run_campaign(tmp_path, (), 1)
    monkeypatch.setattr(mutating, "unchanged_failure", lambda _root, package: f"tests/test_{package.name}.py::test_y")
    with pytest.raises(UsageError, match=r"fail a test.*test_marginspec_engine\.py::test_y$"):
        mutating.check_unchanged(ROOT, (ENGINE,))
