"""`marginspec conform run`: the vectors asked of an engine, and what may be said of it."""

from collections import Counter
from pathlib import Path
from time import monotonic, perf_counter_ns

import attrs
import click

from marginspec.model.events import Trade
from marginspec.model.state import Profile
from marginspec_conformance.comparing.differences import Difference, Silence
from marginspec_conformance.comparing.levels import LEVELS, Counts, Standing
from marginspec_conformance.connectors.session import EngineFailure
from marginspec_conformance.driving.checking import Checked
from marginspec_conformance.driving.logging import logged, setting_of
from marginspec_conformance.driving.options import (
    Asked,
    check_log,
    engine_options,
    exit_code,
    failure_text,
    log_option,
    opened_engine,
)
from marginspec_conformance.driving.probing import probe
from marginspec_conformance.protocol.messages import Accepted
from marginspec_conformance.reporting.log import Case as LoggedCase
from marginspec_conformance.reporting.log import Ending, LogWriter
from marginspec_conformance.running.questions import asked_questions
from marginspec_conformance.running.vector import case_of, checked_of, story_of
from marginspec_conformance.stories.telling import Story, candidate_line
from marginspec_conformance.vectors import Step, Vector, shard_of, suite_version, vectors_of
from marginspec_conformance.vectors.question import questions_of
from marginspec_journal.errors import InputError
from marginspec_tools.console import CRASHED, one_line

MOST_STORIES = 10
"""So many differences are told at length, one of a clause, the shortest; all are in the log."""
MOST_UNDECIDED = 12
"""So many vectors that are undecided are named with the reason."""
MOST_OTHERS = 5
"""So many differences of a clause beside the one that is told are named, each with the shortest vector that has it."""
MOST_REASONS = 5
"""So many reasons for skipping are told, the most frequent first."""
MOST_NAMED = 12
"""So many further reasons are named without a count of their own."""
MOST_FAILURES = 3
"""An engine that failed so often in a row is asked no more."""
MOST_SILENCES = 3
"""An engine that gave no answer within its time in so many vectors in a row is asked no more."""


@click.command()
@click.argument("clauses", nargs=-1, metavar="[CLAUSE]...")
@engine_options
@click.option("--explain", is_flag=True, help="Seek the faults that would explain what is told: some seconds each.")
@click.option("--fail-fast", is_flag=True, help="End at the first difference.")
@click.option("--shard", default="1/1", show_default=True, help="Run one of several equal parts only.")
@click.option("--smoke", is_flag=True, help="Run the short suite only.")
@click.option("--vectors", type=click.Path(path_type=Path), help="Vectors from a file instead of those of the suite.")
@log_option
@click.pass_context
def command(
    ctx: click.Context,
    clauses: tuple[str, ...],
    engine_text: str,
    level: int | None,
    tolerance: str,
    timeout: float,
    explain: bool,
    fail_fast: bool,
    shard: str,
    smoke: bool,
    vectors: Path | None,
    log: Path | None,
) -> None:
    """Ask an engine the vectors, all or those of some clauses (LIQ-01) or ids, and say what it conforms to.

    At level 0 it is asked the suite's questions instead.

    Exit codes: 0 it conforms at its level; 1 a divergence; 2 wrong usage or input; 3 the engine failed; 4 nothing was
    decided.
    """
    if smoke and vectors is not None:
        raise click.UsageError("--smoke runs the short suite, and --vectors a file of your own: name one of them")
    part = shard_of(shard)
    check_log(log, engine_text, vectors)
    try:
        asked = opened_engine(engine_text, level, tolerance, timeout, least=0)
    except EngineFailure as failure:
        click.echo(f"the engine failed: {failure_text(failure)}", err=True)
        ctx.exit(CRASHED)
    asked = attrs.evolve(asked, part=part_of(clauses, shard, smoke, vectors), vectors=vectors)
    of_questions = asked.plan.level == 0
    try:
        questions = questions_of(clauses, part, vectors) if of_questions else []
        # The shortest of each clause is told, and so they are asked in that order.
        chosen = (
            [] if of_questions else sorted(vectors_of(clauses, part, smoke, vectors), key=lambda one: len(one.steps))
        )
    except InputError:
        asked.engine.close()
        raise
    if of_questions:
        ctx.exit(asked_questions(asked, questions, log, fail_fast=fail_fast))
    run = Run(asked, explain, fail_fast)
    if log is None:
        ctx.exit(run.ended(chosen))
    with LogWriter(log, setting_of(asked, "run", profiles_of(chosen))) as run.log:
        ctx.exit(run.ended(chosen))


def part_of(clauses: tuple[str, ...], shard: str, smoke: bool, vectors: Path | None) -> str:
    """Of which part of the suite a run is, or of which file, in words; empty for the whole suite."""
    parts = [
        *([f"the file {vectors.name}"] if vectors is not None else []),
        *(["the short suite"] if smoke else []),
        *([", ".join(clauses)] if clauses else []),
        *([f"shard {shard}"] if shard_of(shard) != (1, 1) else []),
    ]
    return one_line(" and ".join(parts))


def profiles_of(vectors: list[Vector]) -> str:
    """The profiles of some vectors, in words."""
    profiles = {one.header.profile for one in vectors}
    return ", ".join(sorted(f"{one.adl_ranking}/{one.last_resort}" for one in profiles))


def vectors_text(count: int) -> str:
    """So many vectors, in words."""
    return f"{count} {'vector' if count == 1 else 'vectors'}"


def is_accepted_trade(step: Step) -> bool:
    """Whether a step of a vector is a trade that the rulebook accepts."""
    return isinstance(step.event, Trade) and isinstance(step.answer, Accepted)


Cause = tuple[str, ...]
"""What two differences have in common that are of one cause: event and kind, and the decisions where they differ."""
DECIDED = ("verdict", "reason")


def cause_of(event: str, first: Difference) -> Cause:
    """The cause of a first difference; figures differ from vector to vector, and say nothing of it."""
    kind = first.name.partition(":")[0]
    return (event, first.kind, kind, *((first.expected, first.actual) if first.kind in DECIDED else ()))


@attrs.define
class Alike:
    """Vectors that differ alike: the shortest, what its event is and what differs first, and how many there are."""

    shortest: str
    event: str
    first: Difference
    count: int = 0


@attrs.define
class Run:
    """One run: the engine, what it was asked with, and what came of it so far."""

    asked: Asked
    explain: bool = False
    fail_fast: bool = False
    log: LogWriter | None = None
    counts: Counter[str] = attrs.Factory(Counter)
    causes: dict[str, dict[Cause, Alike]] = attrs.Factory(dict)
    """By clause that differs, what differs, and in which vectors; the first is the one told."""
    told: int = 0
    explained: Counter[tuple[str, str]] = attrs.Factory(Counter)
    skipped: Counter[str] = attrs.Factory(Counter)
    undecided: dict[str, str] = attrs.Factory(dict)
    decided: set[str] = attrs.Factory(set)
    """Clauses of which a vector passed or differed."""
    passed: Counter[str] = attrs.Factory(Counter)
    """How many vectors of each clause passed."""
    events: int = 0
    trades: int = 0
    """So many of them are trades that the rulebook accepts, without which little is left to be wrong about."""

    def ended(self, vectors: list[Vector]) -> int:
        """Run the vectors, and tell and log how it ended; gives the exit code."""
        began, cut_short = monotonic(), self._run(vectors)
        self.asked.engine.close()
        counts = self.counts
        code = exit_code(failed=counts["failed"], engine_failed=counts["engine failed"], passed=counts["passed"])
        standing = self._standing(vectors)
        said = standing.sentence()
        if counts["engine failed"] and self.asked.engine.hello.level < self.asked.plan.level:
            said += f"; it claims level {self.asked.engine.hello.level} only"
        if counts["passed"] and not self.trades:
            said += "; none of them was a trade that is accepted"
        if cut_short:
            said += f"; {cut_short}"
        # What holds says so itself.
        passed = "" if standing.holds else f"{counts['passed']} of {vectors_text(counts.total())} passed; "
        click.echo(f"{said}\n{standing.conditions()}\n{passed}{self.events} events in {monotonic() - began:.1f} s")
        self._tell_failed()
        self._tell_undecided()
        self._tell_skipped()
        self._tell_clauses(Counter(one.clause for one in vectors))
        for (_, line), count in self.explained.most_common(1):
            click.echo(f"  {count} of {self.told} told {one_line(line)}")
        if self.log is not None:
            self.log.end(Ending(said, code, cut_short))
        return code

    def _tell_failed(self) -> None:
        """By clause, how many vectors differ, and how many of them as the one that was told."""
        counted = {clause: sum(one.count for one in causes.values()) for clause, causes in self.causes.items()}
        for clause, count in sorted(counted.items(), key=lambda one: -one[1]):
            first, *further = self.causes[clause].values()
            alike = first.count
            like = f", {alike} of them by the same difference" if 1 < alike < count else ""
            like = ", all by the same difference" if 1 < alike == count else like
            click.echo(f"  {clause}: {vectors_text(count)} {'differs' if count == 1 else 'differ'}{like}")
            for one in further[:MOST_OTHERS]:
                click.echo(one_line(f"    also {one.count}, as {one.shortest} ({one.event}): {one.first}"))
        if self.told < self.counts["failed"]:
            others = "`run ID` tells one, and --log FILE writes all, for `marginspec conform report make FILE FOLDER`"
            click.echo(f"  told: {self.told} of {self.counts['failed']}, the shortest of each clause; {others}")

    def _tell_undecided(self) -> None:
        for name, reason in [*self.undecided.items()][:MOST_UNDECIDED]:
            click.echo(one_line(f"  undecided: {name}, {reason}"))
        if len(self.undecided) > MOST_UNDECIDED:
            click.echo(f"  undecided: {len(self.undecided) - MOST_UNDECIDED} more, which --log FILE writes")

    def _tell_skipped(self) -> None:
        reasons = self.skipped.most_common()
        for reason, count in reasons[:MOST_REASONS]:
            click.echo(f"  skipped: {vectors_text(count)}, {reason}")
        if rest := reasons[MOST_REASONS:]:
            named = ", ".join(reason.removeprefix("needs ") for reason, _ in rest[:MOST_NAMED])
            more = ", …" if len(rest) > MOST_NAMED else ""
            others = vectors_text(sum(count for _, count in rest))
            click.echo(f"  skipped: {others}, needs another: {one_line(named)}{more}")

    def _tell_clauses(self, of_clauses: Counter[str]) -> None:
        """Of which clauses only some vectors passed, and of which none was decided."""
        in_part = [
            f"{clause} {self.passed[clause]} of {count}"
            for clause, count in sorted(of_clauses.items())
            if clause in self.decided and self.passed[clause] < count
        ]
        if in_part:
            click.echo(f"  passed only in part: {', '.join(in_part)}")
        if left := sorted(of_clauses.keys() - self.decided):
            click.echo(f"  nothing was decided of {', '.join(left)}")

    def _run(self, vectors: list[Vector]) -> str:
        """Run the vectors; gives why not all were run, if so."""
        in_a_row = silent = 0
        try:
            if vectors and not self._is_determined(vectors):
                return "the vectors were not run: the engine is not deterministic"
        except EngineFailure as failure:
            self._fail("determinism", "INV-10", failure)
        for number, vector in enumerate(vectors, 1):
            try:
                silent = silent + 1 if self._take(vector) else 0
                in_a_row = 0
            except EngineFailure as failure:
                self._fail(vector.id, vector.clause, failure)
                in_a_row += 1
            is_useless = in_a_row == MOST_FAILURES or silent == MOST_SILENCES
            if is_useless or (self.fail_fast and self.counts["failed"]):
                return (
                    f"{len(vectors) - number} of {len(vectors)} vectors were not run" if number < len(vectors) else ""
                )
        return ""

    def _is_determined(self, vectors: list[Vector]) -> bool:
        longest = max(vectors, key=lambda one: (one.opened is None, len(one.steps)))
        if longest.opened is not None:
            return True
        differs = probe(self.asked.engine, case_of(longest), self.asked.plan)
        if differs is not None:
            click.echo(one_line(f"not deterministic: {differs}"))
            self._add(LoggedCase("determinism", "INV-10", "failed", one_line(str(differs))))
        return differs is None

    def _take(self, vector: Vector) -> bool:
        """Ask a vector, and count what came of it; gives whether the engine gave no answer within its time."""
        began = perf_counter_ns()
        checked = checked_of(self.asked, vector)
        micros = (perf_counter_ns() - began) // 1000
        self.events += checked.judged
        if checked.outcome in ("agrees", "differs"):
            self.trades += sum(map(is_accepted_trade, vector.steps[: checked.judged]))
        story = self._story(vector, checked) if checked.outcome == "differs" else None
        self._add(logged(vector.id, vector.clause, checked, story, micros))
        return checked.found is not None and isinstance(checked.found.heard, Silence)

    def _story(self, vector: Vector, checked: Checked) -> Story:
        """The story of a vector that differs, told if it is the first of its clause."""
        story = story_of(self.asked, vector, checked, with_faults=False)
        is_told = story.clause not in self.causes and self.told < MOST_STORIES
        event, first = story.event["type"], story.first
        alike = Alike(vector.id, event, first)
        self.causes.setdefault(story.clause, {}).setdefault(cause_of(event, first), alike).count += 1
        if not is_told:
            return story
        self.told += 1
        if self.explain:
            story = story_of(self.asked, vector, checked, with_faults=True)
        self.explained.update({(one.name, candidate_line(one)): 1 for one in story.candidates.found})
        click.echo(one_line(f"{vector.id}:"))
        for line in story.lines():
            click.echo(f"  {one_line(line)}")
        return story

    def _fail(self, case: str, clause: str, failure: EngineFailure) -> None:
        """An engine that failed is started anew for the next vector."""
        self.asked.engine.close()
        text = failure_text(failure)
        click.echo(f"{one_line(case)}: the engine failed: {text}", err=True)
        self._add(LoggedCase(case, clause, "engine failed", text))

    def _add(self, case: LoggedCase) -> None:
        self.counts[case.outcome] += 1
        if case.outcome in ("passed", "failed"):
            self.decided.add(case.clause)
        if case.outcome == "passed":
            self.passed[case.clause] += 1
        if case.outcome == "skipped":
            self.skipped[case.reason] += 1
        if case.outcome == "undecided":
            self.undecided[case.id] = case.reason
        if self.log is not None:
            self.log.add(case)

    def _standing(self, vectors: list[Vector]) -> Standing:
        counts, plan, hello = self.counts, self.asked.plan, self.asked.engine.hello
        told = Counts(
            cases=counts.total(),
            passed=counts["passed"],
            failed=counts["failed"],
            skipped=counts["skipped"],
            undecided=counts["undecided"],
            events=self.events,
            engine_failed=counts["engine failed"],
        )
        profiles: tuple[Profile, ...] = tuple({one.header.profile for one in vectors})
        suite, tolerance = suite_version(), str(plan.tolerance)
        return Standing(LEVELS[plan.level], profiles, suite, hello.left_out, told, tolerance, self.asked.part)
