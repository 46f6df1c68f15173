"""`marginspec conform doctor`: walk through the protocol with an engine, and say what to mend."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from marginspec_conformance.connectors.channel import Channel
from marginspec_conformance.connectors.conversation import shown
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import EngineFailure, Limits
from marginspec_conformance.connectors.transcripts import recorded
from marginspec_conformance.doctor.example import EVENTS
from marginspec_conformance.doctor.walk import ADVICE, Step, Walk, step_object
from marginspec_conformance.driving.options import Seconds
from marginspec_tools.console import CRASHED, DIVERGED, Spool, json_option, one_line, print_json_line

STDERR_LINES = 10

Opener = Callable[[Limits], Channel]


@click.command("doctor")
@click.argument("engine")
@click.option(
    "--timeout",
    type=Seconds(0.001),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the engine may take for an answer.",
)
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Write down what was said.")
@json_option
@click.pass_context
def command(context: click.Context, engine: str, timeout: float, record: Path | None, as_json: bool) -> None:
    """Walk through the protocol with ENGINE: say what was asked, what came back, and what to mend.

    ENGINE is exec:COMMAND, py:MODULE:FACTORY, http://127.0.0.1:PORT, attach:PORT or journal:FILE. Whether the answers
    are right is for `marginspec conform run` to say; here they need only be answers.

    Exit codes: 0 nothing to mend; 1 something to mend; 2 wrong usage or input; 3 the engine failed.
    """
    channel, limits = connector_of(engine).channel, Limits(timeout, timeout)
    show = (lambda step: print_json_line(step_object(step))) if as_json else print_step
    if record is None:
        steps = shown_steps(channel, limits, show)
    else:
        with Spool(record) as spool:
            writing = recorded(connector_of(engine), lambda line: spool.write(line + b"\n"))
            steps = shown_steps(writing.channel, limits, show)
            spool.publish()
    context.exit(concluded(steps, quiet=as_json))


def shown_steps(channel: Opener, limits: Limits, show: Callable[[Step], None]) -> list[Step]:
    """The steps of a walk, each shown when it is done."""
    steps = []
    for step in walked(channel, limits):
        show(step)
        steps.append(step)
    return steps


def walked(channel: Opener, limits: Limits) -> Iterator[Step]:
    """The steps of a walk; one alone if the engine cannot be reached."""
    try:
        opened = channel(limits)
    except EngineFailure as failure:
        yield Step("start", mend=[ADVICE[failure.kind]], failure=failure, stderr=failure.stderr)
        return
    yield from Walk(opened, limits)


def print_step(step: Step) -> None:
    """Print a step for people."""
    word = "failed" if step.failure else "to mend" if step.mend else "ok"
    click.echo(f"{step.name}: {word}")
    for title, line in (("sent", step.sent), ("got", step.got)):
        if line:
            click.echo(f"  {title:<5} {shown(line)}")
    if step.failure:
        click.echo(f"  fail  {one_line(str(step.failure))}")
    for said in step.stderr.splitlines()[-STDERR_LINES:]:
        click.echo(f"  err   {one_line(said)}")
    for title, texts in (("mend", step.mend), ("note", step.notes)):
        for text in texts:
            click.echo(f"  {title:<5} {one_line(text)}")


def lacking(steps: list[Step]) -> str:
    """Which of the events that were asked are unsupported, in words; nothing if none is."""
    asked = [one for one in steps if one.name in EVENTS]
    lacked = [one.name for one in asked if not one.is_supported]
    return (
        f"; {len(asked) - len(lacked)} of {len(asked)} events supported, and not {', '.join(lacked)}" if lacked else ""
    )


def concluded(steps: list[Step], *, quiet: bool) -> int:
    """Say what the walk came to, and give the exit code."""
    failed = any(step.failure for step in steps)
    wrong = sum(bool(step.mend) for step in steps)
    if not quiet:
        told = "the engine failed" if failed else f"{wrong} of {len(steps)} steps have something to mend"
        click.echo(told if failed or wrong else f"{len(steps)} steps, nothing to mend{lacking(steps)}")
    return CRASHED if failed else DIVERGED if wrong else 0
