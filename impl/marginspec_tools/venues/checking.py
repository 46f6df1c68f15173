"""`marginspec check`: whether a venue computes what it documents, for one account."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from marginspec import RULEBOOK_VERSION
from marginspec_tools.console import DIVERGED, INCONCLUSIVE, json_option, one_line, people_console, print_json_line
from marginspec_tools.venues.claims import Exhibit, Row, Verdict, counts, judged
from marginspec_tools.venues.readers import VENUES
from marginspec_tools.venues.reading import Reading, read_files

CHECK_VERSION = 1
PATH = click.Path(path_type=Path)
MANY = 40
FIRST_OF_MANY = 4
"""Of more than so many rows that have the same verdict on the same field, people see the first few."""


@click.command("check")
@click.argument("venue", type=click.Choice(sorted(VENUES)))
@click.argument("files", type=PATH, nargs=-1, required=True)
@json_option
@click.pass_context
def command(context: click.Context, venue: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Compare what VENUE shows of an account, in FILES as it answers them, with what the rules say.

    FILES are JSON or CSV, in any order; what each is is seen by its shape. Every field that can be checked gets a
    verdict: equal; equal as displayed, to less than one unit of its last digit; differs; undecided by rounding; not
    checked, with the reason.

    Exit codes: 0 what could be checked is equal; 1 something differs; 2 wrong usage or input; 4 nothing could be
    checked, or something is undecided.
    """
    reading = read_files(VENUES[venue], files)
    exhibit = reading.exhibit()
    rows = judged(exhibit)
    if as_json:
        for row in rows:
            print_json_line(attrs.asdict(row))
        print_json_line(summary(exhibit, rows, reading))
    else:
        print_table(exhibit, rows)
        click.echo(verdict_line(exhibit, counts(rows), reading))
    context.exit(exit_code(counts(rows)))


def exit_code(found: dict[Verdict, int]) -> int:
    """How the command ends, by how many fields have each verdict."""
    if found["differs"]:
        return DIVERGED
    compared = found["equal"] + found["equal as displayed"]
    return INCONCLUSIVE if found["undecided by rounding"] or not compared else 0


def summary(exhibit: Exhibit, rows: Sequence[Row], reading: Reading) -> dict[str, Any]:
    """The last line of JSON."""
    return {
        "check": CHECK_VERSION,
        "rulebook": RULEBOOK_VERSION,
        "venue": exhibit.venue,
        "read": reading.counted(),
        "empty": reading.empty(),
        "fields": counts(rows),
        "notes": list(exhibit.notes),
    }


def print_table(exhibit: Exhibit, rows: Sequence[Row]) -> None:
    """The rows for people, and what they come to."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in ("of", "field", "shown", "exact", "verdict", "clause"):
        table.add_column(name, overflow="fold", justify="right" if name in ("shown", "exact") else "left")
    for cells in shortened(rows):
        table.add_row(*cells)
    console = people_console()
    console.print(table)
    for why, fields in reasons(rows):
        console.print(one_line(f"{why}: {fields}"))
    for note in exhibit.notes:
        console.print(one_line(f"note: {note}"))


def shortened(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """The cells of rows; of very many of the same field with the same verdict only the first, and how many more."""
    numbers = Counter((row.field, row.verdict) for row in rows)
    passed: Counter[tuple[str, str]] = Counter()
    for row in rows:
        kind = row.field, row.verdict
        passed[kind] += 1
        most = MANY if numbers[kind] <= MANY or row.verdict == "differs" else FIRST_OF_MANY
        if passed[kind] <= most:
            exact = f"{row.exact}  ({row.why})" if row.verdict == "differs" and row.why else row.exact
            yield tuple(map(one_line, (row.place, row.field, row.shown, exact, row.verdict, row.clause)))
        elif passed[kind] == numbers[kind]:
            yield (f"and {numbers[kind] - most:,} more", row.field, "", "", row.verdict, row.clause)


def reasons(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Why fields are not checked or undecided: each reason once, and the fields."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.why and row.verdict != "differs":
            found.setdefault(f"{row.verdict}, {row.why}", {})[row.field] = None
    yield from ((why, ", ".join(fields)) for why, fields in found.items())


def verdict_line(exhibit: Exhibit, found: dict[Verdict, int], reading: Reading) -> str:
    """The last lines for people: what was read, and what it comes to."""
    records = [f"{number:,} {kind}" for kind, number in reading.counted().items()]
    records += [f"nothing in {one_line(file)}" for file in reading.empty()]
    said = ", ".join(f"{number:,} {verdict}" for verdict, number in found.items() if number)
    return f"read: {', '.join(records)}\n{exhibit.venue}, rulebook {RULEBOOK_VERSION}: {said or 'nothing to check'}"
