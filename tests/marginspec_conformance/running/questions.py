"""Level 0 of `marginspec conform run`: questions about one domain, each answer judged by field."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from time import monotonic, perf_counter_ns

import attrs
import click

from marginspec.registry import sentence_of
from marginspec_conformance.comparing.amounts import Tolerance
from marginspec_conformance.comparing.answers import Compared, compared, decimal
from marginspec_conformance.comparing.differences import Difference
from marginspec_conformance.comparing.levels import LEVELS, Counts, Standing
from marginspec_conformance.connectors.session import EngineFailure
from marginspec_conformance.driving.logging import safe, setting_of
from marginspec_conformance.driving.options import Asked, exit_code, failure_text
from marginspec_conformance.protocol.messages import Errored, Unsupported
from marginspec_conformance.reporting.log import Case, Ending, Finding, LogWriter, Outcome
from marginspec_conformance.vectors import suite_version
from marginspec_conformance.vectors.question import AskedQuestion
from marginspec_tools.console import one_line

MOST_STORIES = 10
"""So many differences are told at length; all are in the log."""
MOST_FAILURES = 3
"""An engine that failed so often in a row is asked no more."""
NO_PROFILE = "none"
"""Questions are of one domain: no profile has a part in their answers."""
NOTHING = Compared((), ())
CALC = "calc"
"""The capability, and the kind of what differs."""


def asked_questions(asked: Asked, questions: Sequence[AskedQuestion], log: Path | None, *, fail_fast: bool) -> int:
    """Ask an engine questions, with a log if one is wanted; gives the exit code."""
    run = QuestionRun(asked, fail_fast)
    if log is None:
        return run.ended(questions)
    with LogWriter(log, setting_of(asked, "run", NO_PROFILE)) as run.log:
        return run.ended(questions)


@attrs.frozen
class Judged:
    """What came of a question: right, wrong by some fields, not answered, or not in all fields."""

    differences: tuple[Difference, ...] = ()
    lacking: str = ""
    compared: Compared = NOTHING

    def outcome(self) -> Outcome:
        """What is counted."""
        if self.differences:
            return "failed"
        if self.lacking:
            return "skipped"
        return "undecided" if self.compared.untold else "passed"

    def reason(self, tolerance: Tolerance) -> str:
        """Why it was skipped or is undecided, or how far off a right answer is."""
        if self.lacking:
            return self.lacking
        if self.compared.untold:
            return f"says nothing of {', '.join(self.compared.untold)}"
        inexact = [f"{one.name} off by {decimal(one.off or Fraction(0))}" for one in self.compared.inexact()]
        return f"within {tolerance}: {', '.join(inexact)}" if inexact and not self.differences else ""


def judged(asked: Asked, question: AskedQuestion) -> Judged:
    """Ask an engine a question; EngineFailure if it fails apart from being wrong."""
    left_out = sorted(asked.left_out & set(question.clauses))
    if left_out:
        return Judged(lacking=f"left out: {left_out[0]}")
    if CALC not in asked.engine.hello.capabilities:
        return Judged(lacking=f"needs {CALC}")
    heard = asked.engine.session.calc(question.asked)
    if isinstance(heard, Unsupported):
        return Judged(lacking=f"needs {heard.capability}")
    if isinstance(heard, Errored):
        return Judged((Difference("errored", CALC, "an answer", heard.message),))
    found = compared(question.expected, heard.values)
    return Judged(found.differences(asked.plan.tolerance), compared=found)


@attrs.define
class QuestionRun:
    """One run over questions: the engine, what it was asked with, and what came of it so far."""

    asked: Asked
    fail_fast: bool = False
    log: LogWriter | None = None
    counts: Counter[str] = attrs.Factory(Counter)
    skipped: Counter[str] = attrs.Factory(Counter)
    furthest: dict[str, Fraction] = attrs.Factory(dict)
    """By kind and field, how far numbers are off at most."""

    def ended(self, questions: Sequence[AskedQuestion]) -> int:
        """Ask the questions, and tell and log how it ended; gives the exit code."""
        began, cut_short = monotonic(), self._run(questions)
        self.asked.engine.close()
        counts = self.counts
        code = exit_code(failed=counts["failed"], engine_failed=counts["engine failed"], passed=counts["passed"])
        told = Counts(len(questions), *(counts[one] for one in ("passed", "failed", "skipped", "undecided")))
        hello, tolerance = self.asked.engine.hello, str(self.asked.plan.tolerance)
        standing = Standing(LEVELS[0], (), suite_version(), hello.left_out, told, tolerance, self.asked.part)
        said = LEVELS[0].sentence.format(passed=told.passed, cases=told.cases)
        more = [f"{counts[one]} {one}" for one in ("failed", "undecided", "skipped", "engine failed") if counts[one]]
        said = "; ".join([said, *more, *([cut_short] if cut_short else [])])
        click.echo(f"{said}\n{standing.conditions()}\n{len(questions)} questions in {monotonic() - began:.1f} s")
        for lacking, count in self.skipped.most_common():
            click.echo(one_line(f"  skipped: {count}, {lacking}"))
        for name, off in sorted(self.furthest.items()):
            click.echo(f"  {name}: off by at most {decimal(off)}")
        if self.log is not None:
            self.log.end(Ending(f"{said} ({standing.conditions()})", code, cut_short))
        return code

    def _run(self, questions: Sequence[AskedQuestion]) -> str:
        """Ask the questions; gives why not all were asked, if so."""
        in_a_row = 0
        for number, question in enumerate(questions, 1):
            try:
                self._take(question)
                in_a_row = 0
            except EngineFailure as failure:
                self._fail(question, failure)
                in_a_row += 1
            left = len(questions) - number
            if left and (in_a_row == MOST_FAILURES or (self.fail_fast and self.counts["failed"])):
                return f"{left} of {len(questions)} questions were not asked"
        return ""

    def _take(self, question: AskedQuestion) -> None:
        began = perf_counter_ns()
        found = judged(self.asked, question)
        micros = (perf_counter_ns() - began) // 1000
        for one in found.compared.inexact():
            name = f"{question.kind} {one.name}"
            self.furthest[name] = max(self.furthest.get(name, Fraction(0)), one.off or Fraction(0))
        outcome = found.outcome()
        if outcome == "skipped":
            self.skipped[found.lacking] += 1
        finding = self._finding(question, found) if outcome == "failed" else None
        reason = safe(found.reason(self.asked.plan.tolerance))
        self._add(Case(question.id, question.clause, outcome, reason, finding, micros))

    def _finding(self, question: AskedQuestion, found: Judged) -> Finding:
        first = found.differences[0]
        again = self.asked.again("run", question.id)
        sentence = sentence_of(question.clause)
        story = tuple(safe(line) for line in story_of(question, found, sentence, again))
        if self.counts["failed"] < MOST_STORIES:
            click.echo("\n  ".join((one_line(f"{question.id}:"), *story)))
        return Finding(
            1,
            f"calc {question.kind}",
            question.clause,
            sentence,
            first.kind,
            safe(first.name),
            safe(first.expected),
            safe(first.actual),
            story,
            reproduce=again,
        )

    def _fail(self, question: AskedQuestion, failure: EngineFailure) -> None:
        """An engine that failed is started anew for the next question."""
        self.asked.engine.close()
        text = failure_text(failure)
        click.echo(f"{one_line(question.id)}: the engine failed: {text}", err=True)
        self._add(Case(question.id, question.clause, "engine failed", text))

    def _add(self, case: Case) -> None:
        self.counts[case.outcome] += 1
        if self.log is not None:
            self.log.add(case)


def story_of(question: AskedQuestion, found: Judged, sentence: str, again: str) -> list[str]:
    """What an engine got wrong at a question, as lines for people."""
    first, *others = found.differences
    wrong = {one.name for one in found.differences}
    right = [one.name for one in found.compared.fields if one.name not in wrong]
    return [
        f"question ({question.kind}): {question.why}",
        f"{first}",
        f"clause {question.clause}: {sentence}",
        *(f"also: {other}" for other in others),
        f"not affected: {', '.join(right) or 'nothing else was compared'}",
        f"again: {again}",
    ]
