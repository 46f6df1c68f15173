"""`marginspec conform shrink`: the shortest journal that shows an engine's first difference."""

from collections import Counter
from pathlib import Path

import attrs
import click

from marginspec_conformance.connectors.session import EngineFailure
from marginspec_conformance.driving.checking import Case, Checked, check, needed_to_begin
from marginspec_conformance.driving.options import Asked, Seconds, engine_options, failure_text, opened_engine
from marginspec_conformance.fuzzing.driving import Growing, wanting
from marginspec_conformance.protocol.messages import PARTS
from marginspec_conformance.shrinking.saving import check_journal_target, explaining, save, start_of
from marginspec_conformance.shrinking.shrinker import Shrinker
from marginspec_conformance.stories.telling import tell
from marginspec_journal import open_journal
from marginspec_journal.states import read_state
from marginspec_tools.console import CRASHED, DIVERGED, INCONCLUSIVE, one_line


@click.command()
@click.argument("journal", type=click.Path(path_type=Path))
@engine_options
@click.option("--from", "start", type=click.Path(path_type=Path), help="The state file that the journal goes on from.")
@click.option("--max-time", type=Seconds(0.1), default=60.0, show_default=True, help="Seconds to shrink.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Where the shrunk journal goes.")
@click.pass_context
def command(
    ctx: click.Context,
    journal: Path,
    engine_text: str,
    level: int | None,
    tolerance: str,
    timeout: float,
    start: Path | None,
    max_time: float,
    out: Path | None,
) -> None:
    """Make a JOURNAL shorter as long as an engine's first difference stays the same.

    Events that the engine lacks are left out first.

    Exit codes: 1 it differs, and the shortest journal is written; 2 wrong usage or input; 3 the engine failed; 4 it
    does not differ, so that there is nothing to shrink.
    """
    target = out or journal.with_name(f"{journal.name.partition('.')[0]}.shrunk.jsonl")
    # What it is called by default may be the journal itself, which is then shrunk already, as when it is asked again.
    check_journal_target(target, *([] if out is None else [journal]))
    read = open_journal(journal)
    case = Case(read.header, tuple(one.event for one in read), None if start is None else read_state(start))
    if not case.events:
        click.echo("the journal has no events")
        ctx.exit(INCONCLUSIVE)
    try:
        asked = opened_engine(engine_text, level, tolerance, timeout)
        taken, left_out = taken_by(asked, case)
        if left_out:
            of_all = f"{left_out.total()} of {len(case.events)} events"
            click.echo(one_line(f"left out: {of_all}, {wanting(left_out)}"))
        shrunk = Shrinker(asked.engine, taken, asked.plan, max_time).shrink()
        if shrunk is None:
            click.echo(one_line(f"nothing to shrink: {nothing_found(check(asked.engine, taken, asked.plan))}"))
            asked.engine.close()
            ctx.exit(INCONCLUSIVE)
        for line in save(shrunk, target):
            click.echo(line)
        again = asked.again("shrink", target, *start_of(shrunk.case, target))
        story = tell(shrunk.case, shrunk.checked, again, asked.plan, explaining(shrunk.case, target))
        for line in story.lines():
            click.echo(one_line(line))
        asked.engine.close()
    except EngineFailure as failure:
        click.echo(f"the engine failed: {failure_text(failure)}", err=True)
        ctx.exit(CRASHED)
    ctx.exit(DIVERGED)


def taken_by(asked: Asked, case: Case) -> tuple[Case, Counter[str]]:
    """A case up to its first difference, without the events that the engine lacks, and by word how many these are.

    As it is, if it lacks what all of it needs.
    """
    as_it_is = case, Counter[str]()
    if asked.engine.lacks(needed_to_begin(case)) or asked.engine.begin(case.header, case.opened) is not None:
        return as_it_is
    growing = Growing(asked.engine, asked.plan, attrs.evolve(case, events=()), asked.left_out.intersection(PARTS))
    for event in case.events:
        if growing.take(event) is not None:
            break
    return (growing.case, growing.left_out) if growing.case.events else as_it_is


def nothing_found(checked: Checked) -> str:
    """What came of a case that shows no difference."""
    if checked.outcome != "skipped":
        why = f" ({checked.why})" if checked.why else ""
        return f"{checked.outcome} after {checked.judged} events{why}"
    if checked.place < 0:
        return f"the engine lacks {checked.why.removeprefix('needs ')}"
    lacking = checked.why.removeprefix("needs ")
    return f"{checked.judged} events agree, and the engine has nothing for the next: {lacking}"
