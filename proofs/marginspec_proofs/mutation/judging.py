"""Judging mutants: does a theorem or a test of the rules notice a fault?

First the theorems that name the faulty function are tried on a faulty copy of the rulebook, the cheapest first, in a
process of their own; if none is refuted, the tests that cite a clause of the function, then all tests of the rules, and
last the theorems that take a minute. What all of them let pass is a survivor, also if a theorem became undecided.
Limits count Z3's steps, as multiples of what a theorem costs on the right rules; time only ends loops that never end.
"""

import ast
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Literal

import attrs

from marginspec_proofs.mutation.citations import read_citations
from marginspec_proofs.mutation.mutants import ENGINE, RULES, Mutant
from marginspec_proofs.prover.proving import prove
from marginspec_proofs.prover.solvers import TooManySteps, metered
from marginspec_proofs.prover.sources import hash_of, theorem_hash
from marginspec_proofs.prover.statements import REGISTRY
from marginspec_proofs.prover.symbols import NotSymbolic

PATIENCE = 120
"""Seconds of the processor for all tests; ends loops that never end."""
PATIENCE_WITH_A_THEOREM = 120
"""Seconds of the processor for a theorem; ends loops that never end and ask no solver."""
CHEAP = 2_000_000
"""Steps of Z3 that a theorem takes at most to be tried before the tests."""
TESTS = ("tests/spec", "tests/spec_audit")
"""Where the tests of the rules are."""
TESTS_OF: dict[Path, tuple[str, ...]] = {RULES: TESTS, ENGINE: ("tests/engine/test_uncompiled.py",)}
"""What tests tell a faulty package from the right one: of the engine, those that need no compiler."""
ENDLESS, CRASHED = "the tests do not end", "the engine crashes"
"""Evidence when no test fails by itself: a loop without end, and memory that is read or written where none is."""
UNDECIDED = "unknown"
"""The status of a theorem that cannot be proved any more, but is not refuted either."""
PASSED, FAILED, INTERRUPTED, NOT_FOUND = 0, 1, 2, 4
"""Exit codes of the tests: all passed, one failed, files that cannot be imported, a test that is not there."""
FAILURE = re.compile(r"^(?:FAILED|ERROR) (\S+\[.*?\]|\S+)(?= - |$)", re.MULTILINE)
"""A failure in the tests' summary, by the test's name; parameters may have blanks."""

Killer = Literal["proof", "tests"]


@attrs.frozen
class Judgement:
    """What killed a mutant, if anything did, and the evidence: a theorem with its failed claim, or a test.

    A theorem that is only undecided kills nothing; it is named all the same.
    """

    killed_by: Killer | None
    evidence: str


SURVIVED = Judgement(None, "")


@attrs.frozen
class Limits:
    """What a theorem may cost when a mutant is judged: questions to Z3, steps of one question, steps of all."""

    questions: int
    a_question: int
    steps: int


@attrs.frozen
class Weight:
    """What a theorem costs on the right rules: the hash of what it was proved of, questions, steps, the dearest."""

    inputs: str
    questions: int
    steps: int
    dearest: int

    @property
    def limits(self) -> Limits:
        """Enough for a theorem that is proved about as before; a run that branches for ever ends soon."""
        return Limits(2 * self.questions + 100, 4 * self.dearest + 100_000, 2 * self.steps + 1_000_000)


Weights = Mapping[str, Weight]
"""Weights by theorem."""


class NotProved(Exception):  # noqa: N818 - not an error of the program: the rules are wrong
    """A theorem is not proved of the rules as they are, so that it cannot tell right from wrong."""


def weigh(theorem_id: str) -> Weight:
    """Prove a theorem of the rules as they are, and tell what it cost."""
    import_module("marginspec_proofs.theorems")
    with metered() as meter:
        outcome = prove(REGISTRY[theorem_id], second_opinion=False)
    if outcome.status != "proved":
        raise NotProved(f"{theorem_id} is {outcome.status} of the rules as they are: {outcome.failure}")
    return Weight(current_hash(theorem_id), meter.questions, meter.steps, meter.dearest)


# ------------------------------------------------------------- judging


def judge(mutant: Mutant, root: Path, weights: Weights, former: Judgement = SURVIVED) -> Judgement:
    """What kills a mutant: the former evidence if it still does, else a theorem, else a test."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        copy_rules(root, place, mutant)
        again = judge_again(former, root, place, weights) if is_cheap(former, weights) else SURVIVED
        if again.killed_by:
            return again
        undecided = SURVIVED
        for judgement in judgements(mutant, root, place, weights):
            if judgement.killed_by:
                return judgement
            undecided = undecided if undecided.evidence else judgement
        return undecided


def is_cheap(former: Judgement, weights: Weights) -> bool:
    """Whether former evidence is soon tried again: all but a theorem that takes a minute."""
    known = weights.get(former.evidence.split(" ")[0])
    return known is None or known.steps <= CHEAP


def judgements(mutant: Mutant, root: Path, place: Path, weights: Weights) -> Iterator[Judgement]:
    """What each kind of evidence says of a faulty copy, the cheapest kind first."""
    named = [one.id for one in mutant.theorems]
    cheap = [one for one in named if weights[one].steps <= CHEAP]
    yield judge_by_proof(cheap, root, place, weights)
    yield judge_by_tests(citing_tests(root, mutant.clauses), root, place)
    yield judge_by_tests(list(TESTS_OF[mutant.package]), root, place)
    yield judge_by_proof([one for one in named if one not in cheap], root, place, weights)


def judge_again(former: Judgement, root: Path, place: Path, weights: Weights) -> Judgement:
    """What the former evidence alone says of a faulty copy."""
    theorem_id = former.evidence.split(" ")[0]
    if former.killed_by == "proof" and theorem_id in REGISTRY:
        return judge_by_proof([theorem_id], root, place, weights)
    if former.killed_by == "tests" and (root / former.evidence.partition("::")[0]).is_file():
        return judge_by_tests([former.evidence], root, place)
    return SURVIVED


def unchanged_failure(root: Path, package: Path) -> str:
    """The test that fails on an unchanged copy of the rules, or of the engine; empty if none does."""
    with TemporaryDirectory() as folder:
        copy_package(root, Path(folder), package)
        return judge_by_tests(list(TESTS_OF[package]), root, Path(folder)).evidence


def copy_rules(root: Path, place: Path, mutant: Mutant) -> None:
    """A copy of a mutant's package, with its change."""
    copy_package(root, place, mutant.package)
    (place / mutant.package.name / mutant.path).write_text(mutant.text, "utf-8")


def copy_package(root: Path, place: Path, package: Path) -> None:
    """A copy of the rulebook or of the engine, without what is compiled."""
    shutil.copytree(root / package, place / package.name, ignore=shutil.ignore_patterns("__pycache__"))


def judge_by_proof(ids: list[str], root: Path, place: Path, weights: Weights) -> Judgement:
    """Which theorem is not proved any more of a faulty copy, and what it claims; the cheapest is tried first."""
    if not ids:
        return SURVIVED
    asked = [
        (one, REGISTRY[one].statement.__module__, attrs.astuple(weights[one].limits))
        for one in sorted(ids, key=lambda one: weights[one].steps)
    ]
    finished = run_python(place, ["-m", __name__, json.dumps(asked)], root, None)
    if finished is None or finished.returncode != 0:
        return SURVIVED
    evidence = json.loads(finished.stdout)
    refuted = evidence and f" is {UNDECIDED}: " not in evidence
    return Judgement("proof" if refuted else None, evidence)


def judge_by_tests(tests: list[str], root: Path, place: Path) -> Judgement:
    """Which of these tests fails first on a faulty copy, or which file of tests cannot be read."""
    if not tests:
        return SURVIVED
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={place / 'tests'}"]
    finished = run_python(place, ["-m", "pytest", *options, *tests], root, PATIENCE)
    if finished is None:
        return Judgement("tests", ENDLESS)
    if finished.returncode < 0:
        return Judgement("tests", CRASHED)
    if finished.returncode in (PASSED, NOT_FOUND):
        return SURVIVED
    failed = FAILURE.search(finished.stdout)
    if finished.returncode not in (FAILED, INTERRUPTED) or failed is None:
        raise RuntimeError(f"the tests broke down: {finished.stdout}{finished.stderr}")
    return Judgement("tests", failed[1])


def run_python(
    place: Path, command: list[str], root: Path, seconds: int | None
) -> subprocess.CompletedProcess[str] | None:
    """Run Python with a faulty copy of the rulebook before all others; None after so many seconds of the processor.

    Seconds of the clock would make a fault of what else the machine does.
    """
    before = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(before), "PYTHONDONTWRITEBYTECODE": "1"}
    begun = subprocess.Popen(
        [sys.executable, *command], cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with begun as process:
        if seconds is not None:
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (seconds, seconds + 1))
        stdout, stderr = process.communicate()
    if process.returncode == -signal.SIGXCPU:
        return None
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def citing_tests(root: Path, clauses: tuple[str, ...]) -> list[str]:
    """The tests of the rules that cite one of these clauses."""
    citations = (one for folder in TESTS for one in read_citations(root, folder))
    return list(dict.fromkeys(one.test for one in citations if one.clause in clauses))


# ------------------------------------------------------------- in a process of its own


class Endless(BaseException):
    """A theorem's run does not end."""


def raise_endless(_number: int, _frame: FrameType | None) -> None:
    """Leave what does not end."""
    raise Endless


def first_not_proved(asked: list[tuple[str, str, tuple[int, int, int]]]) -> str:
    """The first of these theorems that fails, else the first that is undecided; empty if all are proved."""
    signal.signal(signal.SIGVTALRM, raise_endless)
    undecided = ""
    for theorem_id, module, limits in asked:
        import_module(module)
        status, said = status_within(theorem_id, Limits(*limits))
        if status in ("failed", "vacuous"):
            return f"{theorem_id} is {status}: {said}"
        if status != "proved":
            undecided = undecided or f"{theorem_id} is {status}: {said}"
    return undecided


def status_within(theorem_id: str, limits: Limits) -> tuple[str, str]:
    """A theorem's status within limits, and what is wrong with it.

    A run that needs a number where it has a symbol refutes nothing: it is undecided.
    """
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE_WITH_A_THEOREM)
    try:
        with metered(limits.questions, limits.steps):
            outcome = prove(REGISTRY[theorem_id], second_opinion=False, budget=limits.a_question)
    except TooManySteps:
        return UNDECIDED, "it takes more than twice as much"
    except Endless:
        return UNDECIDED, "it does not end"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    needs_numbers = outcome.failure.startswith(NotSymbolic.__name__)
    return UNDECIDED if needs_numbers else outcome.status, outcome.failure


# ------------------------------------------------------------- what a judgement rests on


def inputs_hash(mutant: Mutant, judgement: Judgement, root: Path) -> str:
    """SHA-256 of what a judgement rests on: the function, the change, and the theorem or the test that killed it.

    A test counts by its own text, so that its neighbours may change. A survivor rests on all that the function
    reaches, and on all theorems that name it.
    """
    parts = [mutant.origin, mutant.what]
    if judgement.killed_by == "proof":
        named = judgement.evidence.split(" ")[0]
        parts += [current_hash(named)] if named in REGISTRY else ["gone"]
    elif judgement.killed_by == "tests":
        parts += [hash_of_test(root, judgement.evidence)]
    else:
        parts += [reach_of(mutant, root), *(current_hash(one.id) for one in mutant.theorems)]
    return sha256("\n".join(parts).encode()).hexdigest()


@cache
def current_hash(theorem_id: str) -> str:
    """The hash of a theorem."""
    return theorem_hash(REGISTRY[theorem_id])


def reach_of(mutant: Mutant, root: Path) -> str:
    """The hash of all that a mutant's function reaches; of all the engine, where functions are made of texts."""
    if mutant.package == ENGINE:
        return hash_of_files(root / ENGINE)
    return hash_of_function(f"{mutant.package.name}.{mutant.module}", mutant.function)


@cache
def hash_of_files(package: Path) -> str:
    """The hash of a package's text."""
    return sha256(b"".join(path.read_bytes() for path in sorted(package.rglob("*.py")))).hexdigest()


@cache
def hash_of_function(module: str, function: str) -> str:
    """The hash of all that a function of a module reaches."""
    found = import_module(module)
    for name in function.removeprefix(f"{found.__name__}.").split("."):
        found = getattr(found, name)
    return hash_of((found,))


@cache
def hash_of_test(root: Path, evidence: str) -> str:
    """SHA-256 of a test's own text; of what runs at import if a file could not be read; empty without either."""
    file, _, test = evidence.partition("::")
    path = root / file
    if not path.is_file():
        return "gone" if test else ""
    text = path.read_text("utf-8")
    wanted = test.partition("[")[0]
    own = [lines_of(node, text) for node in ast.parse(text).body if belongs_to(node, wanted)]
    return sha256("\n".join(own).encode()).hexdigest() if own else "gone"


def belongs_to(node: ast.stmt, test: str) -> bool:
    """Whether a statement of a file is a test, or, if none is named, runs at import and is none itself."""
    if isinstance(node, ast.FunctionDef):
        return node.name == test
    return not test and not isinstance(node, ast.Import | ast.ImportFrom)


def lines_of(node: ast.stmt, text: str) -> str:
    """The lines of a statement, with its decorators."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(first_not_proved(json.loads(sys.argv[1]))))
