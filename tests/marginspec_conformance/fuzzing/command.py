"""`marginspec conform fuzz`: an engine and the specification side by side on random journals."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

import attrs
import click

from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.registry import sentence_of
from marginspec.transition import apply
from marginspec_conformance.connectors.session import EngineFailure
from marginspec_conformance.driving.checking import Case, check
from marginspec_conformance.driving.logging import logged, setting_of
from marginspec_conformance.driving.options import (
    Asked,
    Seconds,
    check_log,
    engine_options,
    exit_code,
    failure_text,
    log_option,
    opened_engine,
)
from marginspec_conformance.driving.probing import probe
from marginspec_conformance.fuzzing.driving import NO_TRADE, Fuzz, Tried, wanting
from marginspec_conformance.protocol.messages import PARTS
from marginspec_conformance.reporting.known import clauses_known
from marginspec_conformance.reporting.log import Case as LoggedCase
from marginspec_conformance.reporting.log import Ending, LogWriter, Outcome
from marginspec_conformance.shrinking.passes import markets_of
from marginspec_conformance.shrinking.saving import check_journal_target, explaining, save
from marginspec_conformance.shrinking.shrinker import Shrinker, Shrunk
from marginspec_conformance.stories.telling import tell
from marginspec_journal.errors import InputError
from marginspec_tools.console import CRASHED, DIVERGED, one_line

SHRINKING_S = 30.0
SHORT = 8
"""A journal of so many events for each of its markets is short enough to be read."""
MOST_SHRUNK = 3
"""So many journals that differ are shrunk, until one gets short."""


@attrs.define
class Progress:
    """What a fuzz has done so far."""

    counts: Counter[str] = attrs.Factory(Counter)
    events: int = 0
    accepted: Counter[str] = attrs.Factory(Counter)
    left_out: Counter[str] = attrs.Factory(Counter)
    log: LogWriter | None = None

    def add(self, case: LoggedCase) -> None:
        """Count a case, and write it to the log."""
        self.counts[case.outcome] += 1
        if self.log is not None:
            self.log.add(case)

    def lines(self) -> Iterator[str]:
        """What was asked and accepted, and what was left out for want of what."""
        by_type = ", ".join(f"{count} {name}" for name, count in self.accepted.most_common())
        yield f"accepted by both: {self.accepted.total()} of {self.events} events: {by_type or 'none'}"
        if self.left_out:
            yield f"left out: {self.left_out.total()} events, {wanting(self.left_out)}"


@click.command()
@engine_options
@click.option("--max-time", type=Seconds(0.1), default=60.0, show_default=True, help="Seconds to go on.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The first journal's seed.")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("fuzz.jsonl"), show_default=True,
              help="Where the journal of a difference is saved.")  # fmt: skip
@click.option("--without", multiple=True, metavar="CLAUSE", help="Go on past what falls under a clause (ADL-01).")
@click.option("--known", type=click.Path(path_type=Path), metavar="FILE", help="Go on past clauses of known failures.")
@log_option
@click.pass_context
def command(
    ctx: click.Context,
    engine_text: str,
    level: int | None,
    tolerance: str,
    timeout: float,
    max_time: float,
    seed: int,
    out: Path,
    without: tuple[str, ...],
    known: Path | None,
    log: Path | None,
) -> None:
    """Drive an engine and the specification side by side with random journals aimed at the edges of solvency.

    Ends at a difference that could be made short, or the third one, which is saved, or when time is up, which is no
    failure. A journal is skipped from a difference on that falls under a clause that is left out.

    Exit codes: 0 nothing differed; 1 a difference; 2 wrong usage or input; 3 the engine failed; 4 nothing was compared.
    """
    check_journal_target(out)
    check_log(log, engine_text, out, known)
    left_out = frozenset(without) | (clauses_known(known, today()) if known is not None else frozenset())
    for clause in sorted(left_out.difference(PARTS)):
        check_clause(clause)
    try:
        asked = attrs.evolve(opened_engine(engine_text, level, tolerance, timeout), known=left_out)
        ctx.exit(fuzzed(asked, max_time, seed, out, log))
    except EngineFailure as failure:
        click.echo(f"the engine failed: {failure_text(failure)}", err=True)
        ctx.exit(CRASHED)


def today() -> date:
    """The day on which known failures may have expired."""
    return datetime.now(tz=UTC).date()


def check_clause(clause: str) -> None:
    """InputError if no rule is of a clause."""
    try:
        sentence_of(clause)
    except KeyError:
        raise InputError("CLAUSE", None, None, f"no rule is of {one_line(clause)}") from None


def fuzzed(asked: Asked, most_s: float, seed: int, out: Path, log: Path | None) -> int:
    """Fuzz, tell what came of it, write the log; gives the exit code."""
    progress = Progress()
    if log is None:
        return ended(asked, progress, most_s, seed, out)
    with LogWriter(log, setting_of(asked, "fuzz", "random", seed)) as progress.log:
        return ended(asked, progress, most_s, seed, out)


def ended(asked: Asked, progress: Progress, most_s: float, seed: int, out: Path) -> int:
    """Fuzz until a difference or the end of time; an engine that fails ends it, too."""
    began = monotonic()
    try:
        if determined(asked, progress, seed):
            search(asked, progress, Fuzz(asked.engine, asked.plan, seed, most_s, asked.left_out), out)
    except EngineFailure as failure:
        progress.add(LoggedCase("engine", "", "engine failed", failure_text(failure)))
        click.echo(f"the engine failed: {failure_text(failure)}", err=True)
    finally:
        asked.engine.close()
    counts = progress.counts
    code = exit_code(failed=counts["failed"], engine_failed=counts["engine failed"], passed=counts["passed"])
    rate = progress.events / max(monotonic() - began, 1e-9)
    nothing = "nothing was decided" if progress.accepted["trade"] else f"nothing was compared, as {NO_TRADE},"
    verdict = {DIVERGED: "differs from the rulebook", 0: "no difference found"}.get(code, nothing)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    left_out = f", without {', '.join(sorted(asked.left_out))}" if asked.left_out else ""
    said = f"{verdict} at level {asked.plan.level}{left_out}: {progress.events} events ({rate:.0f}/s)"
    click.echo(f"{said}; journals: {outcomes or 'none'}")
    for line in progress.lines():
        click.echo(one_line(f"  {line}"))
    if progress.log is not None:
        progress.log.end(Ending(said, code))
    return code


def determined(asked: Asked, progress: Progress, seed: int) -> bool:
    """Whether the engine gives the same answers twice."""
    from marginspec_conformance.generator.journals import KINDS, kind_of

    header, choose = KINDS[kind_of(seed)](seed, 128)
    state, events = State(header=header), list[Event]()
    for _ in range(128):
        events.append(choose(state))
        state, _ = apply(state, events[-1])
    case = Case(header, tuple(events))
    differs = probe(asked.engine, case, asked.plan)
    if differs is None:
        return True
    click.echo(one_line(f"not deterministic: {differs}"))
    outcome: Outcome = "failed"
    progress.add(LoggedCase("determinism", "INV-10", outcome, one_line(str(differs))))
    return False


def search(asked: Asked, progress: Progress, fuzz: Fuzz, out: Path) -> None:
    """Go on until a journal that differs gets short, or several did; the shortest is saved and told."""
    found: list[tuple[Shrunk, Tried]] = []
    for tried in fuzz:
        progress.events += tried.checked.judged
        progress.accepted += tried.accepted
        progress.left_out += tried.left_out
        if tried.checked.outcome != "differs":
            progress.add(logged(f"seed-{tried.seed}", "", tried.checked, None, 0))
            continue
        found.append((shrunk(asked, tried), tried))
        if is_short(found[-1][0].case) or len(found) == MOST_SHRUNK:
            break
    if found:
        told(asked, progress, found, out)


def is_short(case: Case) -> bool:
    """Whether a case can be read at a glance."""
    markets = {name for event in case.events for name in markets_of(event)}
    return len(case.events) <= SHORT * len(markets)


def told(asked: Asked, progress: Progress, found: list[tuple[Shrunk, Tried]], out: Path) -> None:
    """Save the shortest journal and tell of it; the others are counted."""
    shortest = min(found, key=lambda one: len(one[0].case.events))
    again = asked.again("shrink", out)
    for small, tried in found:
        story = None
        if small is shortest[0]:
            story = tell(small.case, small.checked, again, asked.plan, explaining(small.case, out))
            for line in (*save(small, out), *story.lines()):
                click.echo(one_line(line))
        progress.add(logged(f"seed-{tried.seed}", story.clause if story else "", tried.checked, story, 0))
    if others := [f"--seed {tried.seed}" for small, tried in found if small is not shortest[0]]:
        click.echo(f"told: the shortest of {len(found)} that differ; the others come again with {', '.join(others)}")


def shrunk(asked: Asked, tried: Tried) -> Shrunk:
    """Shrink a journal that differs."""
    small = Shrinker(asked.engine, tried.case, asked.plan, SHRINKING_S).shrink()
    if small is None:
        # It differed once and does not again: the engine depends on something else than the events that it decided.
        again = check(asked.engine, tried.case, asked.plan)
        words = ", ".join(tried.left_out)
        lacked = f"; is anything changed by what it says is unsupported: {words}?" if words else ""
        raise EngineFailure("protocol", f"a difference did not come again: {again.outcome}{lacked}")
    return small
