"""The two solvers: each gets the same SMT-LIB text, a fresh context, and a budget counted in its own steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import attrs
import cvc5
import z3

Z3_BUDGET = 40_000_000
"""Z3's resource units (`rlimit`) for one question."""
CVC5_BUDGET = 1_000_000
"""cvc5's resource units (`rlimit-per`) for one question."""


@attrs.frozen
class Answer:
    """What a solver said: `sat`, `unsat` or `unknown`; a model's numbers, or the names in an unsat core; the cost."""

    verdict: str
    model: dict[str, int]
    core: tuple[str, ...]
    resources: int


class TooManySteps(BaseException):
    """Z3 is asked more, or its answers cost more, than they may; no exception of the rules, so they cannot catch it."""


@attrs.define
class Meter:
    """Questions to Z3, what the answers cost, and the dearest; TooManySteps as soon as a limit is passed."""

    most_questions: int | None
    most_steps: int | None
    questions: int = 0
    steps: int = 0
    dearest: int = 0

    def count(self, answer: Answer) -> None:
        """Add a question and its answer's cost."""
        self.questions += 1
        self.steps += answer.resources
        self.dearest = max(self.dearest, answer.resources)
        for count, most in ((self.questions, self.most_questions), (self.steps, self.most_steps)):
            if most is not None and count > most:
                raise TooManySteps


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(most_questions: int | None = None, most_steps: int | None = None) -> Iterator[Meter]:
    """Count what Z3 is asked inside, whoever asks."""
    meter = Meter(most_questions, most_steps)
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


def ask_z3(script: str, budget: int = Z3_BUDGET) -> Answer:
    """Z3's answer to a script; the same text and version give the same answer and cost."""
    answer = _ask_z3(script, budget)
    meter = _meter.get()
    if meter is not None:
        meter.count(answer)
    return answer


def _ask_z3(script: str, budget: int) -> Answer:
    """Ask Z3 in a context of its own."""
    context = z3.Context()
    solver = z3.Solver(ctx=context)
    solver.set("rlimit", budget)
    solver.set("random_seed", 0)
    solver.set("unsat_core", True)
    solver.from_string(script)
    verdict = str(solver.check())
    resources = _resources(solver)
    if verdict == "sat":
        model = solver.model()
        values = {str(name): model[name] for name in model.decls() if name.arity() == 0}
        numbers = {name: value.as_long() for name, value in values.items() if isinstance(value, z3.IntNumRef)}
        return Answer(verdict, numbers, (), resources)
    core = tuple(sorted(str(name).strip("|") for name in solver.unsat_core())) if verdict == "unsat" else ()
    return Answer(verdict, {}, core, resources)


def _resources(solver: z3.Solver) -> int:
    statistics = solver.statistics()
    return int(statistics.get_key_value("rlimit count")) if "rlimit count" in statistics.keys() else 0  # noqa: SIM118 - no dictionary


def ask_cvc5(script: str, budget: int = CVC5_BUDGET) -> Answer:
    """cvc5's verdict on the text of a script, read by its own parser."""
    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setOption("rlimit-per", str(budget))
    symbols = cvc5.SymbolManager(terms)
    parser = cvc5.InputParser(solver, symbols)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "obligation")
    verdict = "unknown"
    while not (command := parser.nextCommand()).isNull():
        said = command.invoke(solver, symbols).split()
        verdict = said[0] if said and said[0] in ("sat", "unsat") else verdict
    statistics = solver.getStatistics().get(True)
    return Answer(verdict, {}, (), int(statistics["resource::resourceUnitsUsed"]["value"]))


def versions() -> dict[str, str]:
    """Versions of both solvers."""
    return {"z3": z3.get_version_string(), "cvc5": cvc5.__version__}
