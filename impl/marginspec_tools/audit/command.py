"""`marginspec audit`: a journal checked event by event, with a report folder."""

import csv
import io
import tempfile
from contextlib import ExitStack
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import click
import msgspec
from rich.console import Console
from rich.table import Table

from marginspec import RULEBOOK_VERSION
from marginspec.model.state import State
from marginspec_journal import InputError
from marginspec_journal.canonical import JOURNAL_VERSION
from marginspec_journal.state_objects import STATE_VERSION
from marginspec_tools.audit import folder
from marginspec_tools.audit.findings import Finding, broken_invariants, finding_object
from marginspec_tools.audit.liquidations import COLUMNS, liquidation_rows
from marginspec_tools.audit.observed import observed_differences
from marginspec_tools.audit.recount import Recount
from marginspec_tools.audit.summary import Tally, fund_columns, summary_object, summary_text
from marginspec_tools.console.outputs import one_line, people_console, print_line, shown_path
from marginspec_tools.console.progress import counted
from marginspec_tools.runs.replay import print_lines, print_text, text_rows
from marginspec_tools.runs.running import Run, Step, engine_option, json_option, start_option
from marginspec_tools.runs.violations import broken_at_start

PATH = click.Path(path_type=Path)


@attrs.frozen
class Inputs:
    """The files that are audited, and their hashes from before the run."""

    journal: Path
    start: Path | None
    hashes: dict[str, str]

    @classmethod
    def of(cls, journal: Path, start: Path | None) -> "Inputs":
        """The files as they are now."""
        return cls(journal, start, hashes_of(journal, start))

    def check_unchanged(self) -> None:
        """Refuse files that are not what was audited any more, so that the report's hashes are of what was read."""
        now = hashes_of(self.journal, self.start)
        for name, digest in self.hashes.items():
            if now[name] != digest:
                path = self.journal if name == "journal" or self.start is None else self.start
                raise InputError(str(path), None, None, "changed while it was audited")


def hashes_of(journal: Path, start: Path | None) -> dict[str, str]:
    """SHA-256 of the inputs, by what they are."""
    inputs = {"journal": journal} if start is None else {"journal": journal, "state": start}
    hashes: dict[str, str] = {}
    for name, path in inputs.items():
        try:
            hashes[name] = folder.sha256_of_file(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(str(path), None, None, f"cannot be read: {reason}") from None
    return hashes


@click.command("audit")
@click.argument("journal", type=PATH)
@click.option("--report", type=PATH, metavar="FOLDER", required=True, help="Where the report is written.")
@click.option("--force", is_flag=True, help="Replace the report that is in the folder already.")
@start_option
@engine_option
@json_option
@click.pass_context
def command(
    context: click.Context, journal: Path, report: Path, force: bool, start: Path | None, engine: str, as_json: bool
) -> None:
    """Run JOURNAL, check every event, and write a report folder.

    Checked are all invariants after every event; the transparency figures, counted anew from the transfers;
    and what the exchange's own engine answered, where the journal's `observed` says it. The report appears
    when the run is over, whole: summary.md, summary.json, funds.csv, liquidations.csv, findings.jsonl and
    manifest.json.

    Exit codes: 0 nothing was found; 1 findings; 2 wrong usage or input, nothing written.
    """
    place = folder.checked_folder(report, force=force)
    inputs = Inputs.of(journal, start)
    run = Run(journal, start, engine)
    broken = broken_at_start(run.start) if start is not None else []
    if broken:
        if as_json:
            print_lines(run, broken, checked=True)
        else:
            print_text(people_console(), run, broken, checked=True)
        context.exit(1)
    tally, summary = audit(run, inputs, place)
    if as_json:
        for found in tally.first:
            print_line(finding_object(found))
        print_line({**summary, "report": shown_path(place)})
    else:
        print_audit(people_console(), run, tally, place)
    context.exit(0 if tally.holds else 1)


def audit(run: Run, inputs: Inputs, place: Path) -> tuple[Tally, dict[str, Any]]:
    """Run to the end with all checks and publish the report; gives what was counted, and the summary."""
    with ExitStack() as stack:
        # Files without a name: a kill leaves nothing of them.
        contents: dict[str, BinaryIO] = {
            name: stack.enter_context(tempfile.TemporaryFile(dir=place.parent)) for name in folder.REPORT_FILES
        }
        tally = check_events(run, contents[folder.FINDINGS], contents[folder.LIQUIDATIONS])
        inputs.check_unchanged()
        start = None if inputs.start is None else shown_path(inputs.start)
        summary = summary_object(run, tally, shown_path(inputs.journal), start)
        contents[folder.SUMMARY].write(pretty(summary))
        contents[folder.SUMMARY_TEXT].write(summary_text(summary, tally).encode())
        contents[folder.FUNDS].write(funds_table(run.state))
        contents[folder.MANIFEST].write(pretty(manifest(run, inputs, contents)))
        folder.publish(place, contents)
    return tally, summary


def check_events(run: Run, findings: BinaryIO, liquidations: BinaryIO) -> Tally:
    """Run to the end with all checks; writes findings and liquidations as they come."""
    tally, recount = Tally(), Recount(run.start.state)
    liquidations.write(csv_line(COLUMNS))
    last: Step | None = None
    for step in counted(run, "auditing"):
        last = step
        tally.observed += step.record.observed is not None
        for row in liquidation_rows(step):
            tally.happened[row.kind] += 1
            liquidations.write(csv_line(attrs.astuple(row)))
        for found in (*broken_invariants(step), *recount.take(step), *observed_differences(step)):
            write_finding(found, tally, findings)
    for found in recount.finish(last) if last is not None else ():
        write_finding(found, tally, findings)
    return tally


def write_finding(found: Finding, tally: Tally, findings: BinaryIO) -> None:
    """Count a finding and write its line."""
    tally.add(found)
    findings.write(msgspec.json.encode(finding_object(found)) + b"\n")


def csv_line(cells: tuple[Any, ...]) -> bytes:
    """A line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def funds_table(state: State) -> bytes:
    """funds.csv: the status of every market."""
    rows = [fund_columns(state, market) for market in sorted(state.markets)]
    header = csv_line(tuple(rows[0])) if rows else b"market\n"
    return header + b"".join(csv_line(tuple(row.values())) for row in rows)


def manifest(run: Run, inputs: Inputs, contents: dict[str, BinaryIO]) -> dict[str, Any]:
    """What the report was made of and by: hashes of inputs and files, final hash, versions."""
    return {
        "manifest": 1,
        "versions": {
            "marginspec": version("marginspec"),
            "rulebook": RULEBOOK_VERSION,
            "journal": JOURNAL_VERSION,
            "state": STATE_VERSION,
        },
        "inputs": inputs.hashes,
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


def pretty(fields: dict[str, Any]) -> bytes:
    """JSON that people can read too."""
    return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def print_audit(console: Console, run: Run, tally: Tally, place: Path) -> None:
    """Totals, findings by kind, the first findings, and where the report is."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in text_rows(run):
        table.add_row(name, text)
    for kind, count in sorted(tally.happened.items()):
        table.add_row(kind, f"{count:,}")
    console.print(table)
    for found in tally.first:
        console.print(found.text, style="red", soft_wrap=True)
    total = tally.findings.total()
    if total > len(tally.first):
        console.print(f"and {total - len(tally.first):,} more in findings.jsonl", style="red")
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(tally.findings.items()))
    style, verdict = ("red", f"{total:,} findings: {counts}") if total else ("green", "nothing was found")
    console.print(verdict, style=style)
    console.print(f"report in {one_line(str(place))}", soft_wrap=True)
