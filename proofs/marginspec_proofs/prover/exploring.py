"""Symbolic execution: a function is run once for every path through it, and each path collects what must hold on it.

A path is the list of branches taken. At a branch both sides are tried if numbers are known that lead there,
or if the solver does not exclude it; that a side is *not* reachable is itself an obligation, so the second
solver judges it too. Nothing depends on time: budgets count the solver's own steps.
"""

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from marginspec_proofs.prover.solvers import Answer, ask_z3
from marginspec_proofs.prover.symbols import activate, deactivate, term_of_truth
from marginspec_proofs.prover.terms import TRUE, Assertion, Term, conjunction, evaluate, negation, script

MAX_PATHS = 20_000
"""More paths than this are a failure of the theorem's design, not a proof."""

Model = dict[str, int]


class Infeasible(Exception):  # noqa: N818 - the end of a path, not an error
    """No numbers satisfy what this path assumes."""


class TooManyPaths(Exception):  # noqa: N818 - names the limit that was met
    """A function has more paths than an exploration may take."""


@attrs.frozen
class Obligation:
    """Assertions that cannot hold together: the facts of a path and the negation of what is claimed on it."""

    claim: str
    assertions: tuple[Assertion, ...]

    @property
    def script(self) -> str:
        """The obligation as SMT-LIB; proved if the answer is `unsat`."""
        return script(self.assertions)


@attrs.frozen
class Judged:
    """An obligation with Z3's answer."""

    obligation: Obligation
    answer: Answer


@attrs.define
class Path:
    """One run of the function: branches taken, facts that hold there, obligations that arose.

    `models` are numbers known to satisfy all facts; a path that has none may be unreachable, so a failure
    on it is only a failure once numbers are found.
    """

    prefix: tuple[bool, ...]
    models: list[Model]
    budget: int
    decisions: list[bool] = attrs.Factory(list)
    facts: list[Assertion] = attrs.Factory(list)
    judged: list[Judged] = attrs.Factory(list)
    alternatives: list[tuple[tuple[bool, ...], list[Model]]] = attrs.Factory(list)
    quotients: dict[tuple[Term, Term], Term] = attrs.Factory(dict)
    declared: list[str] = attrs.Factory(list)
    raised: BaseException | None = None

    def declare(self, name: str) -> Term:
        """A variable; numbers known so far that do not name it are forgotten."""
        assert name not in self.declared, f"{name} is declared twice"
        self.declared.append(name)
        self.models = [model for model in self.models if name in model]
        return Term(name)

    def assume(self, condition: Any, source: str) -> None:
        """Take a condition for granted on the rest of the path; Infeasible if it cannot hold here."""
        term = term_of_truth(condition)
        if term == TRUE:
            return
        self.keep(term, source)
        if not self.models:
            self._find_model(f"assumption excluded: {source}")

    def keep(self, term: Term, name: str) -> None:
        """Add a fact."""
        self.facts.append(Assertion(f"{name} #{len(self.facts)}", term))
        self.models = [model for model in self.models if evaluate(term, model)]

    def decide(self, condition: Term) -> bool:
        """Take a branch: as the prefix says, or one that is reachable, leaving the other for later."""
        if len(self.decisions) < len(self.prefix):
            return self._take(condition, self.prefix[len(self.decisions)])
        holding = [model for model in self.models if evaluate(condition, model)]
        failing = [model for model in self.models if not evaluate(condition, model)]
        true_side = self._reachable(condition, holding)
        false_side = self._reachable(negation(condition), failing)
        if true_side is None and false_side is None:
            raise Infeasible
        if true_side is not None and false_side is not None:
            self.alternatives.append(((*self.decisions, False), false_side))
        if true_side is not None:
            self.models = [*self.models, *(model for model in true_side if model not in self.models)]
            return self._take(condition, True)
        self.models = [*self.models, *(model for model in false_side or [] if model not in self.models)]
        return self._take(condition, False)

    def _take(self, condition: Term, side: bool) -> bool:
        self.decisions.append(side)
        self.keep(condition if side else negation(condition), "branch")
        return side

    def _reachable(self, condition: Term, models: list[Model]) -> list[Model] | None:
        """Numbers that lead to a side, an empty list if that is undecided, None if there are none."""
        if models:
            return models
        answer = self._ask(Obligation("branch excluded", (*self.facts, Assertion("branch taken", condition))))
        if answer.verdict == "unsat":
            return None
        return [self._checked(answer.model, condition)] if answer.verdict == "sat" else []

    def _find_model(self, claim: str) -> None:
        answer = self._ask(Obligation(claim, tuple(self.facts)))
        if answer.verdict == "unsat":
            raise Infeasible
        if answer.verdict == "sat":
            self.models.append(self._checked(answer.model, TRUE))

    def _ask(self, obligation: Obligation) -> Answer:
        answer = ask_z3(obligation.script, self.budget)
        if answer.verdict == "unsat":
            self.judged.append(Judged(obligation, answer))
        return answer

    def _checked(self, model: Model, condition: Term) -> Model:
        """A solver's numbers, tried on every fact; variables that it left out may be anything, so are zero."""
        complete = {**dict.fromkeys(self.declared, 0), **model}
        wrong = [fact.name for fact in self.facts if not evaluate(fact.term, complete)]
        assert not wrong, f"Z3's numbers do not satisfy {wrong}"
        assert evaluate(condition, complete), "Z3's numbers do not satisfy the branch"
        return complete

    def quotient(self, numerator: Term, divisor: Term) -> Term:
        """The floor of a division, as a variable between its two bounds; the divisor must be positive."""
        if (numerator, divisor) in self.quotients:
            return self.quotients[numerator, divisor]
        self.claim("the divisor is positive", Term("<", (Term(0), divisor)))
        name = f"quotient{len(self.quotients)}"
        for model in self.models:
            model[name] = evaluate(numerator, model) // evaluate(divisor, model)
        floor = self.declare(name)
        product = Term("*", (floor, divisor))
        self.keep(Term("<=", (product, numerator)), "floor")
        self.keep(Term("<", (numerator, Term("+", (product, divisor)))), "floor")
        self.quotients[numerator, divisor] = floor
        return floor

    def claim(self, sentence: str, term: Term) -> None:
        """What must hold here, whatever the numbers: judged at once, and a fact from here on."""
        if term == TRUE:
            return
        obligation = Obligation(sentence, (*self.facts, Assertion("claim denied", negation(term))))
        against = next((model for model in self.models if not evaluate(term, model)), None)
        if against is not None:
            self.judged.append(Judged(obligation, Answer("sat", against, (), 0)))
        else:
            answer = ask_z3(obligation.script, self.budget)
            model = self._checked(answer.model, negation(term)) if answer.verdict == "sat" else {}
            self.judged.append(Judged(obligation, attrs.evolve(answer, model=model)))
        if self.judged[-1].answer.verdict == "unsat":
            self.keep(term, f"shown: {sentence}")

    @property
    def condition(self) -> Term:
        """All facts of the path."""
        return conjunction(fact.term for fact in self.facts)


def explore(run: Callable[[Path], Any], budget: int) -> Iterator[Path]:
    """Run a function once for every reachable path, in a fixed order; TooManyPaths past the limit."""
    pending: list[tuple[tuple[bool, ...], list[Model]]] = [((), [])]
    count = 0
    while pending:
        prefix, models = pending.pop()
        path = Path(prefix, [dict(model) for model in models], budget)
        activate(path)
        try:
            run(path)
        except Infeasible:
            path.raised = None
            path.models = []
        except Exception as error:  # a rule that fails on symbols is a finding, to be judged by the caller
            path.raised = error
        finally:
            deactivate()
        pending.extend(path.alternatives)
        count += 1
        if count > MAX_PATHS:
            raise TooManyPaths(f"more than {MAX_PATHS} paths")
        yield path
