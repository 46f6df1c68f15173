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

import attrs
import click
import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec.model.state import State
from marginspec_journal import InputError
from marginspec_journal.errors import unreadable
from marginspec_journal.header import JOURNAL_VERSION
from marginspec_journal.state_objects import STATE_VERSION
from marginspec_tools.audit import folder
from marginspec_tools.audit.checks import Checks, Tally
from marginspec_tools.audit.findings import Finding
from marginspec_tools.audit.liquidations import COLUMNS, liquidation_rows
from marginspec_tools.audit.summary import audit_fields, compared_text, findings_text, summary_object, summary_text
from marginspec_tools.audit.waterfall import all_funds
from marginspec_tools.console import json_option, one_line, print_fields, print_json_line, printable_path, with_progress
from marginspec_tools.runs import Run, broken_in, engine_option, estimated_events, print_run, start_option

PATH = click.Path(path_type=Path)


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
@start_option
@engine_option
@json_option
@click.pass_context
def command(
    context: click.Context, journal: Path, report: Path, force: bool, start: Path | None, engine: str, as_json: bool
) -> None:
    """Run JOURNAL, check every event, and write a report folder.

    It checks all invariants after every event; the transparency figures, by counting them anew from the transfers;
    and the answers of the exchange's own engine, where the journal states them as `observed`. The report is written
    whole when the run is over: summary.md, summary.json, funds.csv, liquidations.csv, findings.jsonl and
    manifest.json.

    Exit codes: 0 no findings; 1 findings; 2 wrong usage or input, nothing written.
    """
    place = folder.checked_folder(report, force=force)
    inputs = {"journal": journal} if start is None else {"journal": journal, "state": start}
    hashes = hashes_of(inputs)
    run = Run(journal, start, engine)
    broken = broken_in(run.start.state) if start is not None else []
    if broken:
        print_run(run, broken, checked=True, as_json=as_json)
        context.exit(1)
    tally, summary = audit(run, inputs, hashes, place)
    if as_json:
        for found in tally.first:
            print_json_line(attrs.asdict(found))
        print_json_line({**summary, "report": printable_path(place)})
    else:
        print_audit(run, tally, summary, place)
    context.exit(0 if tally.holds else 1)


def audit(run: Run, inputs: dict[str, Path], hashes: dict[str, str], place: Path) -> tuple[Tally, dict[str, Any]]:
    """Run to the end with all checks and publish the report; gives what was counted, and the summary.

    Refuses inputs that are not those of the hashes any more, so that these are of what was read.
    """
    with ExitStack() as stack:
        # Files without a name: a kill leaves nothing of them.
        contents: dict[str, BinaryIO] = {
            name: stack.enter_context(tempfile.TemporaryFile(dir=place.parent)) for name in folder.REPORT_FILES
        }
        tally = check_events(run, inputs["journal"], contents[folder.FINDINGS], contents[folder.LIQUIDATIONS])
        for name, digest in hashes_of(inputs).items():
            if digest != hashes[name]:
                raise InputError(str(inputs[name]), None, None, "changed while it was audited")
        summary = summary_object(run, tally, {name: printable_path(path) for name, path in inputs.items()})
        contents[folder.SUMMARY].write(indented_json(summary))
        contents[folder.SUMMARY_TEXT].write(summary_text(run, tally, summary).encode())
        contents[folder.FUNDS].write(funds_table(run.state, tally))
        contents[folder.MANIFEST].write(indented_json(manifest(run, hashes, contents)))
        folder.publish(place, contents)
    return tally, summary


def check_events(run: Run, journal: Path, findings: BinaryIO, liquidations: BinaryIO) -> Tally:
    """Run to the end with all checks; writes findings and liquidations as they come."""
    checks = Checks(run)
    liquidations.write(csv_line(COLUMNS))
    for step, found in with_progress(checks, "auditing", estimated_events(journal)):
        for row in liquidation_rows(step):
            liquidations.write(csv_line(row.get(column) for column in COLUMNS))
        write_findings(found, findings)
    write_findings(checks.finish(), findings)
    return checks.tally


def write_findings(found: list[Finding], findings: BinaryIO) -> None:
    """Write findings, a line each."""
    for finding in found:
        findings.write(msgspec.json.encode(attrs.asdict(finding)) + b"\n")


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


def print_audit(run: Run, tally: Tally, summary: dict[str, Any], place: Path) -> None:
    """Totals, the first findings, how many there are, what they come from, and where the report is."""
    print_fields(audit_fields(run, tally))
    for found in tally.first:
        click.secho(found.text, fg="red")
    more = tally.findings.total() - len(tally.first)
    if more:
        click.secho(f"and {more:,} more in findings.jsonl", fg="red")
    click.echo(compared_text(summary["observed"]))
    click.secho(findings_text(summary["findings"]), fg="green" if tally.holds else "red")
    click.echo(f"report in {one_line(str(place))}")
