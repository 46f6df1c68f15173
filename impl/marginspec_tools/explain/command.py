"""`marginspec explain`: any event, account or market of a journal, as a tree of what the rules did, or their terms."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import click
import msgspec

from marginspec.transition import apply
from marginspec_journal import InputError, Record
from marginspec_tools.console import EngineCrash, json_option, page_width
from marginspec_tools.explain import subjects
from marginspec_tools.explain.explained import ALL, DEPTH, Explained
from marginspec_tools.runs import Run, start_option

DEPTH_HELP = "Levels of rule calls to show below those that changed something; all shows every call."
Text = str | None
Number = int | None


def depth_of(context: click.Context, option: click.Parameter, text: str) -> int:  # noqa: ARG001 - as click calls it
    """How many levels of figures are asked for: a number, or all."""
    if text != "all" and not (text.isascii() and text.isdigit()):
        raise click.BadParameter(f"{text!r} is neither a number nor all")
    return ALL if text == "all" else int(text)


@click.command("explain")
@click.argument("journal", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("seq", type=click.IntRange(min=0), required=False)
@click.option("--ref", metavar="REF", help="Explain the event with this ref, instead of SEQ.")
@click.option("--account", metavar="NAME", help="Explain this account as it stands after the event.")
@click.option("--market", metavar="M", help="With --account: only there. Alone: explain this market after the event.")
@click.option("--depth", callback=depth_of, metavar="N|all", default=str(DEPTH), show_default=True, help=DEPTH_HELP)
@start_option
@json_option
def command(
    journal: Path, seq: Number, ref: Text, account: Text, market: Text, depth: int, start: Path | None, as_json: bool
) -> None:
    """Explain event SEQ of JOURNAL: why it was refused, or what it did and why.

    With --account or --market, explain what is there after event SEQ; 0 is before the first event. The rules run
    as they always do, and the explanation is what they were observed to do. --json prints every term, whatever the
    depth.

    Exit codes: 0 explained; 2 wrong usage or input; 3 the rules crashed on an event.
    """
    if (seq is None) == (ref is None):
        raise click.UsageError("give either the number of an event or --ref")
    run = Run(journal, start)
    number = number_of(journal, ref, run.start.events) if seq is None else seq
    gc.disable()  # a trace is kept to its end: looking for what is unused in it takes a third of the time
    try:
        explained = explanation_of(run, number, account, market)
        lines = explained.lines(depth, page_width())
        told = msgspec.json.encode(explained.as_object()) if as_json else "\n".join(lines)
    finally:
        gc.enable()
    click.echo(told)


def number_of(journal: Path, ref: Text, before: int) -> int:
    """The number of the event with a ref; an InputError if none has it, or several."""
    found = [str(number) for number, one in enumerate(Run(journal).journal, before + 1) if one.ref == ref]
    if len(found) != 1:
        several = f"; give a number: {', '.join(found[:10])}" if found else ""
        raise InputError(str(journal), None, "ref", f"{len(found) or 'no'} events have ref {ref!r}{several}")
    return int(found[0])


def explanation_of(run: Run, number: int, account: Text, market: Text) -> Explained:
    """What was asked for: of the event of that number, or of what stands after it."""
    standing = account is not None or market is not None
    records, state, reached = iter(run.journal), run.state, run.start.events
    before = number if standing else number - 1
    for record in islice(records, max(0, before - reached)):
        with running(run, record):
            state, reached = apply(state, record.event)[0], reached + 1
    asked = None if standing else next(records, None)
    if reached != before or (asked is None and not standing):
        last = reached + (asked is not None) + sum(1 for _ in records)
        known = f"they are numbered {run.start.events + (not standing)} to {last}"
        raise InputError(run.journal.name, None, None, f"no event {number}; {known}")
    for what, name, there in (("account", account, state.accounts), ("market", market, state.markets)):
        if name is not None and name not in there:
            known = f"after event {number} there is no {what} {name!r}; there are {len(there)}"
            raise InputError(run.journal.name, None, None, known)
    if asked is not None:
        with running(run, asked):
            return subjects.explain_event(state, asked, number)
    if account is not None:
        return subjects.explain_account(state, number, account, market)
    return subjects.explain_market(state, number, market or "")


@contextmanager
def running(run: Run, record: Record) -> Iterator[None]:
    """Tell a failure of the rules on an event as an EngineCrash."""
    try:
        yield
    except Exception as error:
        reason = "the specification crashed on this event; please report it as a bug"
        raise EngineCrash(f"{run.journal.name}:{record.line}: {reason}") from error
