"""`marginspec import`: a venue's files as questions, an opening state or a journal."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import msgspec

from marginspec_journal import InputError
from marginspec_tools.console import Spool, json_option, one_line, print_json_line, printable_path
from marginspec_tools.venues.answers import read_answers
from marginspec_tools.venues.claims import Exhibit
from marginspec_tools.venues.figures import NotToBeHad
from marginspec_tools.venues.journals import journal_of
from marginspec_tools.venues.readers import VENUES
from marginspec_tools.venues.rounding import Rounding
from marginspec_tools.venues.told import tolerances_for
from marginspec_tools.venues.written import questions_of, state_of

IMPORT_VERSION = 1
PATH = click.Path(path_type=Path)
Made = tuple[str, Path, bytes]
"""What a file is, where it goes, and its text."""


@click.command("import")
@click.argument("venue", type=click.Choice(sorted(VENUES)))
@click.argument("files", type=PATH, nargs=-1, required=True)
@click.option("--questions", type=PATH, metavar="JSON", help="Write questions for calc, on each position.")
@click.option("--state", type=PATH, metavar="JSON", help="Write an opening state, with all other accounts as one.")
@click.option("--journal", type=PATH, metavar="JSONL", help="Write a journal of what happened, with what was observed.")
@json_option
def command(
    venue: str, files: tuple[Path, ...], questions: Path | None, state: Path | None, journal: Path | None, as_json: bool
) -> None:
    """Read what VENUE shows of an account, in FILES as it answers them, and write it as this project's files.

    FILES are JSON or CSV, in any order; what each is is seen by its shape. Whatever a file of this project cannot hold
    exactly is rounded, and said so. The account is called `account`; whoever it trades with is one synthetic account,
    `others`, so that what needs all accounts (funds, deleveraging, levies) says nothing of the venue.

    Without trades, the journal goes on from the opening state: replay it with --from.

    Exit codes: 0 written; 2 wrong usage or input, nothing written.
    """
    if questions is None and state is None and journal is None:
        raise click.UsageError("name what to write: --questions, --state or --journal")
    chosen = VENUES[venue]
    exhibit = chosen.exhibit(read_answers(chosen, files))
    rounding = Rounding()
    makers: list[tuple[str, Path | None, Callable[[Exhibit, Rounding], bytes]]] = [
        ("questions", questions, lambda shown, notes: indented(questions_of(shown.snapshot, notes))),
        ("state", state, lambda shown, notes: indented(state_of(shown.snapshot, notes))),
        ("journal", journal, lambda shown, notes: lines_of(journal_of(shown, notes))),
    ]
    try:
        made = [(what, path, make(exhibit, rounding)) for what, path, make in makers if path is not None]
    except NotToBeHad as reason:
        raise InputError(printable_path(files[0]), None, None, str(reason)) from None
    write_all(made, files)
    if journal is not None and exhibit.snapshot.positions:
        rounding.say(tolerance_note(exhibit))
    notes = [*exhibit.notes, *rounding.notes]
    if as_json:
        written = {what: printable_path(path) for what, path, _ in made}
        print_json_line({"import": IMPORT_VERSION, "venue": exhibit.venue, "written": written, "notes": notes})
        return
    for note in notes:
        click.echo(one_line(f"note: {note}"))
    for what, path, text in made:
        click.echo(f"{what}: {printable_path(path)}, {text.count(10):,} lines")


def tolerance_note(exhibit: Exhibit) -> str:
    """Which tolerances of `audit` are what rounding alone comes to."""
    options = " ".join(f"--tolerance {kind}={up_to_wire(amount)}" for kind, amount in tolerances_for(exhibit).items())
    return f"venues cut what the rules round up, and what is rounded here shows in other figures: audit with {options}"


def up_to_wire(amount: Fraction) -> str:
    """A tolerance in the digits that a journal has, up."""
    return Rounding().up("", amount)


def write_all(made: list[Made], files: tuple[Path, ...]) -> None:
    """Write files, none before all can be."""
    paths = [path for _, path, _ in made]
    spools = []
    try:
        for place, (_, path, text) in enumerate(made):
            spool = Spool(path, (*files, *paths[:place]))
            spools.append(spool)
            spool.write(text)
        for spool in spools:
            spool.publish()
    finally:
        for spool in spools:
            spool.__exit__(None, None, None)


def indented(document: Any) -> bytes:
    """A document of JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def lines_of(lines: list[dict[str, Any]]) -> bytes:
    """Lines of JSON."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
