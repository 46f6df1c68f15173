"""`marginspec explain`: any event, account or market of a journal, as a tree of what the rules did, or their terms."""

from itertools import islice
from pathlib import Path

import click
import msgspec

from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_journal import Record
from marginspec_tools.explain.explained import ALL, DEPTH, Explained
from marginspec_tools.explain.sources import NoSourceError
from marginspec_tools.runs.running import EngineCrash, Run, json_option, start_option


class UsageProblem(click.ClickException):
    """What was asked for is not in the journal, or cannot be told: exit code 2."""

    exit_code = 2


class Depth(click.ParamType):
    """How many levels of figures: a number, or all."""

    name = "depth"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; a usage problem if it is none."""
        if value == "all" or isinstance(value, int):
            return ALL if value == "all" else int(value)
        if not value.isascii() or not value.isdigit():
            self.fail(f"{value!r} is neither a number nor all", param, ctx)
        return int(value)


@click.command("explain")
@click.argument("journal", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("seq", type=click.IntRange(min=0), required=False)
@click.option("--ref", metavar="REF", help="Explain the event with this ref, instead of SEQ.")
@click.option("--account", metavar="NAME", help="Explain this account as it stands after the event.")
@click.option("--market", metavar="M", help="With --account: only there. Alone: explain this market after the event.")
@click.option(
    "--depth",
    type=Depth(),
    metavar="N|all",
    default=DEPTH,
    show_default=True,
    help="Show so many levels of figures below what moved; all shows every call of a rule.",
)
@start_option
@json_option
def command(
    journal: Path,
    seq: int | None,
    ref: str | None,
    account: str | None,
    market: str | None,
    depth: int,
    start: Path | None,
    as_json: bool,
) -> None:
    """Explain event SEQ of JOURNAL: why it was refused, or what it did and why.

    With --account or --market, explain what is there after event SEQ; 0 is before the first event. The rules run
    as they always do, and what is told is what they were seen to do. --json prints every term, whatever the depth.
    """
    if (seq is None) == (ref is None):
        raise UsageProblem("give either the number of an event or --ref")
    run = Run(journal, start)
    number = seq if ref is None else number_of(journal, ref, run.start.events)
    assert number is not None, "either was given"
    try:
        explained = explanation_of(run, number, account, market)
        text = msgspec.json.encode(explained.as_object()).decode() if as_json else "\n".join(explained.lines(depth))
    except NoSourceError as error:
        raise UsageProblem(str(error)) from error
    click.echo(text)


def number_of(journal: Path, ref: str, before: int) -> int:
    """The number of the event with a ref; a usage problem if none has it, or several."""
    records = enumerate(Run(journal).journal, before + 1)
    found = [number for number, record in records if record.ref == ref]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageProblem(f"{journal}: no event has ref {ref!r}")
    told = ", ".join(str(number) for number in found[:10])
    raise UsageProblem(f"{journal}: {len(found)} events have ref {ref!r}, give a number: {told}")


def explanation_of(run: Run, number: int, account: str | None, market: str | None) -> Explained:
    """What was asked for: of the event of that number, or of what stands after it."""
    standing = account is not None or market is not None
    records = iter(run.journal)
    state, reached = run.state, run.start.events
    before = number if standing else number - 1
    for record in islice(records, max(0, before - reached)):
        state, reached = next_state(run, state, record), reached + 1
    asked = None if standing else next(records, None)
    if reached != before or (asked is None and not standing):
        last = reached + (asked is not None) + sum(1 for _ in records)
        raise UsageProblem(f"{run.journal.name}: {no_event(number, run.start.events + (not standing), last)}")
    if asked is not None:
        from marginspec_tools.explain.events import explain_event

        return explain_event(state, asked, number)
    from marginspec_tools.explain.standing import UnknownNameError, explain_account, explain_market

    try:
        if account is not None:
            return explain_account(state, number, account, market)
        return explain_market(state, number, market or "")
    except UnknownNameError as error:
        raise UsageProblem(str(error)) from error


def no_event(number: int, first: int, last: int) -> str:
    """That a journal has no event of that number, and which it has."""
    return f"no event {number}; they are numbered {first} to {last}" if last >= first else f"no event {number}; none is"


def next_state(run: Run, state: State, record: Record) -> State:
    """The state after an event; an EngineCrash if the rules fail on it."""
    try:
        return apply(state, record.event)[0]
    except Exception as error:
        reason = "the specification crashed on this event; please report it as a bug"
        raise EngineCrash(f"{run.journal.name}:{record.line}: {reason}") from error
