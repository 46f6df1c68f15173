"""`marginspec explain`: any event, account or market of a journal, as a tree of values, rules and roundings."""

from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from marginspec.model.state import State
from marginspec_tools.console import json_option
from marginspec_tools.explain.accounts import UnknownNameError, explain_account
from marginspec_tools.explain.events import explain_event
from marginspec_tools.explain.explanation import Explanation, MismatchError, as_object
from marginspec_tools.explain.markets import explain_market
from marginspec_tools.explain.showing import tree_of
from marginspec_tools.runs import Run, Step, start_option

__all__ = ["command", "explain_account", "explain_event"]

DIVERGENCE = 1


class UsageProblem(click.ClickException):
    """What was asked for is not in the journal: exit code 2."""

    exit_code = 2


@click.command("explain")
@click.argument("journal", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("seq", type=click.IntRange(min=0))
@click.option("--account", metavar="NAME", help="Explain this account as it stands after the event.")
@click.option("--market", metavar="M", help="With --account: only there. Alone: explain this market after the event.")
@click.option("--depth", type=click.IntRange(min=1), help="Show so many levels of the tree.  [default: all]")
@start_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    journal: Path,
    seq: int,
    account: str | None,
    market: str | None,
    depth: int | None,
    start: Path | None,
    as_json: bool,
) -> None:
    """Explain event SEQ of JOURNAL: why it was refused, or what it did and why.

    With --account or --market, explain what is there after event SEQ; 0 is before the first event. Every
    figure is computed by the rulebook itself and compared with what the run has; exit code 1 if they differ.
    """
    run = Run(journal, start)
    try:
        explained, about = explanation_of(run, seq, account, market)
    except UnknownNameError as error:
        raise UsageProblem(str(error)) from error
    except MismatchError as error:
        click.echo(f"error: the explanation differs from the run: {error}", err=True)
        context.exit(DIVERGENCE)
    if as_json:
        click.echo(msgspec.json.encode({"explain": 1, "rulebook": "1", **about, **as_object(explained)}).decode())
    else:
        Console().print(tree_of(explained, depth))


def explanation_of(run: Run, seq: int, account: str | None, market: str | None) -> tuple[Explanation, dict[str, Any]]:
    """What was asked for, and which event of the journal it is about."""
    if account is None and market is None:
        step = step_at(run, seq)
        taken = step.taken
        about = {"seq": seq, "line": step.record.line, "ts": step.record.ts, "ref": step.record.ref}
        explained = explain_event(taken.before, taken.event, taken.receipt, taken.after)
        return titled(explained, about), {name: value for name, value in about.items() if value is not None}
    state = state_after(run, seq)
    explained = explain_account(state, account, market) if account is not None else explain_market(state, market or "")
    return titled(explained, {"seq": seq}), {"seq": seq}


def titled(explained: Explanation, about: dict[str, Any]) -> Explanation:
    """An explanation that says which event it is about."""
    told = [f"{name} {about[name]}" for name in ("ts", "ref") if about.get(name) is not None]
    when = f"after event {about['seq']}" if "line" not in about else f"event {about['seq']}, line {about['line']}"
    return Explanation(
        f"{', '.join([when, *told])}: {explained.title}",
        explained.value,
        explained.unit,
        explained.clause,
        explained.formula,
        explained.rounding,
        explained.inputs,
    )


def step_at(run: Run, seq: int) -> Step:
    """The step of that number; a usage problem if the journal has none."""
    for step in run:
        if step.number == seq:
            return step
    raise out_of_range(run, seq, first=run.start.events + 1)


def state_after(run: Run, seq: int) -> State:
    """The state after the event of that number."""
    if seq == run.start.events:
        return run.state
    for step in run:
        if step.number == seq:
            return step.taken.after
    raise out_of_range(run, seq, first=run.start.events)


def out_of_range(run: Run, seq: int, first: int) -> UsageProblem:
    """That the journal has no event of that number."""
    last = run.reached().events
    return UsageProblem(f"{run.journal.name}: no event {seq}; they are numbered {first} to {last}")
