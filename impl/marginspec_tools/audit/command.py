"""`marginspec audit`: a journal checked event by event, with a report folder."""

import csv
import io
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec.model.state import State
from marginspec_journal import InputError
from marginspec_journal.errors import unreadable
from marginspec_journal.header import JOURNAL_VERSION
from marginspec_journal.names import is_name
from marginspec_journal.state_objects import STATE_VERSION
from marginspec_tools.audit import folder
from marginspec_tools.audit.audited import EXIT_CODES, Audited
from marginspec_tools.audit.checks import FIRST_SHOWN, Tally
from marginspec_tools.audit.comparison import Comparison
from marginspec_tools.audit.coverage import COLUMNS as COVERAGE_COLUMNS
from marginspec_tools.audit.liquidations import COLUMNS, liquidation_rows
from marginspec_tools.audit.opening import completed
from marginspec_tools.audit.summary import (
    audit_fields,
    compared_text,
    findings_text,
    limits_text,
    notes_text,
    summary_object,
    summary_text,
)
from marginspec_tools.audit.waterfall import all_funds
from marginspec_tools.console import json_option, one_line, print_fields, print_json_line, printable_path, with_progress
from marginspec_tools.observed import TOLERABLE, ToleranceOption, ValueKind, read_reasons, tolerances_of
from marginspec_tools.runs import Run, engine_option, estimated_events, start_option

PATH = click.Path(path_type=Path)


def account_name(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """The name of an account, if it is one."""
    if name is not None and not is_name(name):
        raise click.BadParameter(f"{name!r} is not a name")
    return name


def hashes_of(inputs: dict[str, Path]) -> dict[str, str]:
    """SHA-256 of the inputs, by what they are."""
    hashes: dict[str, str] = {}
    for name, path in inputs.items():
        try:
            hashes[name] = folder.sha256_of_file(path)
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from None
    return hashes


@click.command("audit")
@click.argument("journal", type=PATH)
@click.option("--report", type=PATH, metavar="FOLDER", required=True, help="Write the report to this folder.")
@click.option("--force", is_flag=True, help="Replace the report in the folder.")
@click.option(
    "--tolerance",
    "tolerances",
    type=ToleranceOption(),
    multiple=True,
    help=f"Let values of a kind differ by so much, inclusive; may be repeated. Kinds: {', '.join(TOLERABLE)}.",
)
@click.option("--reasons", type=PATH, metavar="FILE", help="What the exchange's own codes of refusals stand for.")
@start_option
@click.option("--accept-broken", is_flag=True, help="Go on from a state that breaks invariants; they are findings.")
@click.option(
    "--subset",
    metavar="NAME",
    callback=account_name,
    help="Only some accounts are known: this one stands for all others, and what needs all is not checked.",
)
@engine_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    journal: Path,
    report: Path,
    force: bool,
    tolerances: tuple[tuple[ValueKind, int], ...],
    reasons: Path | None,
    start: Path | None,
    accept_broken: bool,
    subset: str | None,
    engine: str,
    as_json: bool,
) -> None:
    """Run JOURNAL, check every event, and write a report folder.

    It checks all invariants after every event; the transparency figures, by counting them anew from the transfers;
    and the answers of the exchange's own engine, where the journal states them as `observed`. What differs is put down
    to its cause, one finding for each, ranked by the money at stake. The report is written whole when the run is over:
    summary.md, summary.json, findings.jsonl, consequences.jsonl, notes.jsonl, coverage.csv, funds.csv,
    liquidations.csv and manifest.json.

    Exit codes: 0 all that was observed agrees; 1 findings; 2 wrong usage or input, nothing written; 4 nothing was
    observed, so that nothing was compared.
    """
    place = folder.checked_folder(report, force=force)
    inputs = {"journal": journal, **({"state": start} if start else {}), **({"reasons": reasons} if reasons else {})}
    hashes = hashes_of(inputs)
    codes = read_reasons(reasons) if reasons else {}
    run = Run(journal, start, engine, lambda opened: completed(opened, subset) if start and subset else opened)
    comparison = Comparison(str(journal), tolerances_of(tolerances), codes, subset)
    audited = Audited(run, comparison, subset, accept_broken)
    summary = audit(audited, inputs, hashes, place)
    if as_json:
        for found in audited.findings[:FIRST_SHOWN]:
            print_json_line(found.as_object())
        print_json_line({**summary, "report": printable_path(place)})
    else:
        print_audit(audited, summary, place)
    context.exit(EXIT_CODES[audited.verdict])


def audit(audited: Audited, inputs: dict[str, Path], hashes: dict[str, str], place: Path) -> dict[str, Any]:
    """Run to the end with all checks and publish the report; gives the summary.

    Refuses inputs that are not those of the hashes any more, so that these are of what was read.
    """
    with ExitStack() as stack:
        # Files without a name: a kill leaves nothing of them.
        contents: dict[str, BinaryIO] = {
            name: stack.enter_context(tempfile.TemporaryFile(dir=place.parent)) for name in folder.REPORT_FILES
        }
        check_events(audited, inputs["journal"], contents[folder.CONSEQUENCES], contents[folder.LIQUIDATIONS])
        for name, digest in hashes_of(inputs).items():
            if digest != hashes[name]:
                raise InputError(str(inputs[name]), None, None, "changed while it was audited")
        summary = summary_object(audited, {name: printable_path(path) for name, path in inputs.items()})
        contents[folder.SUMMARY].write(indented_json(summary))
        contents[folder.SUMMARY_TEXT].write(summary_text(audited, summary).encode())
        for found in audited.findings:
            write_line(found.as_object(), contents[folder.FINDINGS])
        for note in audited.notes:
            write_line(note.as_object(), contents[folder.NOTES])
        contents[folder.COVERAGE].write(table(COVERAGE_COLUMNS, audited.comparison.coverage.rows()))
        contents[folder.FUNDS].write(funds_table(audited.run.state, audited.tally))
        contents[folder.MANIFEST].write(indented_json(manifest(audited.run, hashes, contents)))
        folder.publish(place, contents)
    return summary


def check_events(audited: Audited, journal: Path, consequences: BinaryIO, liquidations: BinaryIO) -> None:
    """Run to the end with all checks; writes consequences and liquidations as they come."""
    liquidations.write(csv_line(COLUMNS))
    for step, following in with_progress(audited, "auditing", estimated_events(journal)):
        for row in liquidation_rows(step):
            liquidations.write(csv_line(row.get(column) for column in COLUMNS))
        for consequence in following:
            write_line(consequence.as_object(), consequences)
    for consequence in audited.at_end:
        write_line(consequence.as_object(), consequences)


def write_line(fields: dict[str, Any], stream: BinaryIO) -> None:
    """Write a line of JSON."""
    stream.write(msgspec.json.encode(fields) + b"\n")


def table(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> bytes:
    """A table as CSV; what a row has not is left empty."""
    return csv_line(columns) + b"".join(csv_line(row.get(column) for column in columns) for row in rows)


def csv_line(cells: Iterable[Any]) -> bytes:
    """A line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def funds_table(state: State, tally: Tally) -> bytes:
    """funds.csv: the status of every market."""
    rows = [funds.as_object() for funds in all_funds(state, tally.lots_opened)]
    header = csv_line(rows[0]) if rows else b"market\n"
    return header + b"".join(csv_line(row.values()) for row in rows)


def manifest(run: Run, hashes: dict[str, str], contents: dict[str, BinaryIO]) -> dict[str, Any]:
    """What the report was made of and by: hashes of inputs and files, final hash, versions."""
    return {
        "manifest": 1,
        "versions": {
            "marginspec": version("marginspec"),
            "rulebook": RULEBOOK_VERSION,
            "journal": JOURNAL_VERSION,
            "state": STATE_VERSION,
        },
        "inputs": hashes,
        "hash": run.chain.hash,
        "files": {name: sha256_of_stream(contents[name]) for name in sorted(contents) if name != folder.MANIFEST},
    }


def sha256_of_stream(stream: BinaryIO) -> str:
    """SHA-256 of a stream from its beginning, in hexadecimal."""
    stream.seek(0)
    digest = sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def indented_json(fields: dict[str, Any]) -> bytes:
    """JSON that people can read too."""
    return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def print_audit(audited: Audited, summary: dict[str, Any], place: Path) -> None:
    """Totals, the first findings, how many there are, what they come from, and where the report is."""
    print_fields(audit_fields(audited))
    for line in limits_text(audited):
        click.echo(line)
    found = audited.findings
    for one in found[:FIRST_SHOWN]:
        click.secho(one.text, fg="red")
    if len(found) > FIRST_SHOWN:
        click.secho(f"and {len(found) - FIRST_SHOWN:,} more in findings.jsonl", fg="red")
    if audited.notes:
        click.echo(notes_text(summary["notes"]))
    click.echo(compared_text(summary["coverage"]))
    click.secho(findings_text(summary["findings"]), fg=COLOURS[audited.verdict])
    click.echo(f"report in {one_line(str(place))}")


COLOURS = {"holds": "green", "findings": "red", "not compared": "yellow"}
