"""Proving a theorem: all its paths, all its obligations by both solvers, a witness for each path."""

from typing import Literal

import attrs

from marginspec_proofs.prover.exploring import Judged, Path, TooManyPaths, explore
from marginspec_proofs.prover.solvers import CVC5_BUDGET, Z3_BUDGET, Answer, ask_cvc5
from marginspec_proofs.prover.statements import NumericCase, OutOfScope, SymbolicCase, Theorem

Status = Literal["proved", "failed", "unknown", "vacuous"]


@attrs.frozen
class Proved:
    """An obligation with both solvers' answers; `second` is None where cvc5 was not asked."""

    judged: Judged
    second: Answer | None


@attrs.frozen
class Outcome:
    """What became of a theorem.

    `paths` counts the paths whose numbers satisfy the assumptions; `witnesses` how many of them were run again
    on plain numbers, with the same end. A failure carries what was claimed, the numbers against it and why.
    """

    theorem: Theorem
    status: Status
    paths: int
    witnesses: int
    obligations: tuple[Proved, ...]
    z3_resources: int
    cvc5_resources: int
    failure: str = ""
    counterexample: dict[str, int] | None = None
    witness: dict[str, int] | None = None


def prove(theorem: Theorem, second_opinion: bool = True, budget: int = Z3_BUDGET) -> Outcome:
    """Explore a theorem and judge everything that it claims; stops at the first failure."""
    obligations: list[Proved] = []
    paths = witnesses = 0
    witness: dict[str, int] | None = None
    failure: tuple[Status, str, dict[str, int] | None] | None = None
    try:
        for path in explore(lambda path: theorem.statement(SymbolicCase(path)), budget):
            failure = failure_of(path) or witness_failure(theorem, path)
            obligations.extend(Proved(judged, _second(judged) if second_opinion else None) for judged in path.judged)
            failure = failure or disagreement(obligations)
            if failure is not None:
                break
            if path.models:
                paths += 1
                witnesses += 1
                witness = witness or inputs(path)
    except TooManyPaths as error:
        failure = ("unknown", str(error), None)
    if failure is None and paths == 0:
        failure = ("vacuous", "no numbers satisfy the assumptions", None)
    status, text, numbers = failure or ("proved", "", None)
    return Outcome(
        theorem=theorem,
        status=status,
        paths=paths,
        witnesses=witnesses,
        obligations=tuple(obligations),
        z3_resources=sum(one.judged.answer.resources for one in obligations),
        cvc5_resources=sum(one.second.resources for one in obligations if one.second is not None),
        failure=text,
        counterexample=numbers,
        witness=witness,
    )


def _second(judged: Judged) -> Answer:
    return ask_cvc5(judged.obligation.script, CVC5_BUDGET)


def inputs(path: Path) -> dict[str, int]:
    """Numbers of a path's inputs, without the quotients that the run added."""
    added = {str(term.head) for term in path.quotients.values()}
    return {name: path.models[0][name] for name in path.declared if name not in added}


def failure_of(path: Path) -> tuple[Status, str, dict[str, int] | None] | None:
    """What went wrong on a path: a claim refuted or undecided, or an exception that the theorem did not expect."""
    for judged in path.judged:
        if judged.answer.verdict == "sat":
            added = {str(term.head) for term in path.quotients.values()}
            numbers = {name: value for name, value in judged.answer.model.items() if name not in added}
            return "failed", judged.obligation.claim, numbers
        if judged.answer.verdict != "unsat":
            return "unknown", judged.obligation.claim, None
    if path.raised is not None:
        said = f"{type(path.raised).__name__}: {path.raised}"
        return ("failed", said, inputs(path)) if path.models else ("unknown", said, None)
    return None


def witness_failure(theorem: Theorem, path: Path) -> tuple[Status, str, dict[str, int] | None] | None:
    """Run the theorem on a path's own numbers, without any symbol: it must be in scope and hold."""
    if not path.models:
        return None
    numbers = inputs(path)
    case = NumericCase(numbers)
    try:
        theorem.statement(case)
    except OutOfScope as error:
        return "failed", f"a witness is out of scope: {error}", numbers
    if case.failed:
        return "failed", f"a witness refutes: {case.failed[0]}", numbers
    return None


def disagreement(obligations: list[Proved]) -> tuple[Status, str, dict[str, int] | None] | None:
    """An obligation that the second solver does not confirm."""
    for one in obligations:
        if one.second is not None and one.second.verdict != one.judged.answer.verdict:
            status: Status = "unknown" if one.second.verdict == "unknown" else "failed"
            return status, f"cvc5 says {one.second.verdict}: {one.judged.obligation.claim}", None
    return None
