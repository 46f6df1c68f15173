"""`marginspec import`: a venue's files as questions, an opening state or a journal."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import msgspec

from marginspec_journal import InputError
from marginspec_journal.errors import unwritable
from marginspec_tools.console import Spool, json_option, one_line, print_json_line, printable_path
from marginspec_tools.observed import ValueKind
from marginspec_tools.venues.claims import Exhibit, not_agreeing
from marginspec_tools.venues.figures import NotToBeHad
from marginspec_tools.venues.journals import begins_flat, journal_of
from marginspec_tools.venues.needs import needs_of_state, needs_of_story
from marginspec_tools.venues.readers import VENUES
from marginspec_tools.venues.reading import Reading, read_files
from marginspec_tools.venues.rehearsal import rehearse
from marginspec_tools.venues.rounding import Rounding
from marginspec_tools.venues.written import OTHERS, questions_of, state_of

IMPORT_VERSION = 1
PATH = click.Path(path_type=Path)
Asked = dict[str, Path | None]
"""What may be written, and where to, if it is asked for."""


@click.command("import")
@click.argument("venue", type=click.Choice(sorted(VENUES)))
@click.argument("files", type=PATH, nargs=-1, required=True)
@click.option("--questions", type=PATH, metavar="JSON", help="Write questions for calc, on each position.")
@click.option("--state", type=PATH, metavar="JSON", help="Write an opening state, with all other accounts as one.")
@click.option("--journal", type=PATH, metavar="JSONL", help="Write a journal of what happened, with what was observed.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@json_option
def command(
    venue: str,
    files: tuple[Path, ...],
    questions: Path | None,
    state: Path | None,
    journal: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Read what VENUE shows of an account, in FILES as it answers them, and write it as this project's files.

    FILES are JSON or CSV, in any order; what each is is seen by its shape. Whatever a file of this project cannot hold
    exactly is rounded, and said so. The account is called `account`; whoever it trades with is one synthetic account,
    `others`, so that what needs all accounts (funds, deleveraging, levies) says nothing of the venue.

    With trades, the journal tells all since the account was flat; without, the present marks, and goes on from the
    state, which is then to be written with it. The last line is the audit that fits what was written.

    Exit codes: 0 written; 2 wrong usage or input, nothing written.
    """
    asked: Asked = {"questions": questions, "state": state, "journal": journal}
    wanted = {what: path for what, path in asked.items() if path is not None}
    if not wanted:
        raise click.UsageError("name what to write: --questions, --state or --journal")
    for what, path in wanted.items():
        check_path(what, path, force=force)
    reading = read_files(VENUES[venue], files)
    exhibit = reading.exhibit()
    check_fit(exhibit, wanted)
    rounding = Rounding()
    try:
        refuse_lacking(reading, exhibit, wanted)
        texts, tolerances = made(exhibit, wanted, rounding)
        notes = [*exhibit.notes, *notes_of(reading, exhibit), *rounding.notes]
    except NotToBeHad as reason:
        raise InputError(exhibit.venue, None, None, str(reason)) from None
    write_all([(path, texts[what]) for what, path in wanted.items()], files)
    audit = audit_line(wanted, tolerances) if "journal" in wanted else None
    if as_json:
        paths = {what: printable_path(path) for what, path in wanted.items()}
        fields = {"import": IMPORT_VERSION, "venue": exhibit.venue, "written": paths, "notes": notes, "audit": audit}
        print_json_line(fields)
        return
    print_written(wanted, texts, notes, audit)


def print_written(wanted: Mapping[str, Path], texts: Mapping[str, bytes], notes: list[str], audit: str | None) -> None:
    """Print, for people, the notes, what was written, and the audit that fits it."""
    for note in notes:
        click.echo(one_line(f"note: {note}"))
    for what, path in wanted.items():
        click.echo(f"{what}: {printable_path(path)}, {texts[what].count(10):,} lines")
    if audit is not None:
        click.echo(one_line(f"audit: {audit}"))


def check_path(what: str, path: Path, *, force: bool) -> None:
    """Refuse a path where something stands, since it may be an answer that cannot be asked for again.

    So too one by which no command knows a journal.
    """
    if what == "journal" and path.suffix != ".jsonl":
        raise unwritable(path, "not a journal's name: expected .jsonl")
    if not force and os.path.lexists(path):
        raise unwritable(path, "it exists already; --force replaces it")


def check_fit(exhibit: Exhibit, wanted: Mapping[str, Path]) -> None:
    """Refuse a state and a journal that do not fit each other."""
    if "journal" not in wanted:
        return
    flat = begins_flat(exhibit)
    if flat and "state" in wanted:
        raise click.UsageError(
            "with trades --journal begins with nothing, and does not go on from the present --state: "
            "write one of them, or leave the trades out"
        )
    if not flat and "state" not in wanted:
        raise click.UsageError("without trades --journal goes on from the present state: write --state with it")


def refuse_lacking(reading: Reading, exhibit: Exhibit, wanted: Mapping[str, Path]) -> None:
    """Refuse files that do not say all that is needed, and name all that is missing, and in which file."""
    snapshot, needed = exhibit.snapshot, dict[tuple[str, str], None]()
    if "journal" in wanted and begins_flat(exhibit):
        needed.update(dict.fromkeys(needs_of_story(snapshot, exhibit.story())))
    if wanted.keys() - {"journal"}:
        needed.update(dict.fromkeys(needs_of_state(snapshot)))
    if not needed:
        return
    given = ", ".join(reading.files_of(reading.venue.tiers))
    lacking = {"tiers": f" ({given} has none that could be used)" if given else ""}
    said = [f"{snapshot.sources[source]}, for {what}{lacking.get(source, '')}" for source, what in needed]
    raise InputError(exhibit.venue, None, None, f"needs {'; '.join(said)}")


def made(
    exhibit: Exhibit, wanted: Mapping[str, Path], rounding: Rounding
) -> tuple[dict[str, bytes], Mapping[ValueKind, Fraction]]:
    """The texts of what is to be written, by what it is, and what an audit must tolerate; the rules have run both."""
    texts: dict[str, bytes] = {}
    tolerances: Mapping[ValueKind, Fraction] = {}
    opening = None
    if "questions" in wanted:
        texts["questions"] = indented(questions_of(exhibit.snapshot, rounding))
    if "state" in wanted:
        state = state_of(exhibit.snapshot, rounding)
        opening = printable_path(wanted["state"]), state
        texts["state"] = indented(state)
    if "journal" in wanted:
        journal = journal_of(exhibit, rounding)
        rehearse(journal.lines, printable_path(wanted["journal"]), opening)
        texts["journal"], tolerances = lines_of(journal.lines), journal.tolerances
    return texts, tolerances


def notes_of(reading: Reading, exhibit: Exhibit) -> Iterator[str]:
    """What the files lack, and what does not agree with the rules in them."""
    for file in reading.empty():
        yield f"{file}: shows nothing"
    for one in reading.missing():
        yield f"{one.place}: {one.field}: {one.why}"
    for found in not_agreeing(exhibit):
        yield f"before anything is rounded: {found}"


def audit_line(wanted: Mapping[str, Path], tolerances: Mapping[ValueKind, Fraction]) -> str:
    """The audit that fits what was written, as a command."""
    words = ["marginspec", "audit", printable_path(wanted["journal"])]
    words += ["--from", printable_path(wanted["state"])] if "state" in wanted else []
    words += ["--subset", OTHERS, "--report", "report/"]
    for kind, amount in tolerances.items():
        words += ["--tolerance", f"{kind}={up_to_wire(amount)}"]
    return shlex.join(words)


def up_to_wire(amount: Fraction) -> str:
    """A tolerance in the digits that a journal has, up."""
    return Rounding().up("", amount)


def write_all(texts: list[tuple[Path, bytes]], files: tuple[Path, ...]) -> None:
    """Write files, none before all can be."""
    paths = [path for path, _ in texts]
    with ExitStack() as stack:
        spools = []
        for place, (path, text) in enumerate(texts):
            spool = stack.enter_context(Spool(path, (*files, *paths[:place])))
            spool.write(text)
            spools.append(spool)
        for spool in spools:
            spool.publish()


def indented(document: Any) -> bytes:
    """A document of JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def lines_of(lines: list[dict[str, Any]]) -> bytes:
    """Lines of JSON."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
