"""`marginspec audit`: a journal checked event by event, with a report folder."""

import csv
import io
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from platform import python_version
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
from marginspec_journal.states import OpenedState
from marginspec_tools.audit import checkpoint as checkpoints
from marginspec_tools.audit import folder
from marginspec_tools.audit.audited import EXIT_CODES, Audited
from marginspec_tools.audit.baseline import Review, read_baseline
from marginspec_tools.audit.checkpoint import Checkpoint
from marginspec_tools.audit.checks import FIRST_SHOWN, Tally
from marginspec_tools.audit.comparison import Comparison
from marginspec_tools.audit.coverage import COLUMNS as COVERAGE_COLUMNS
from marginspec_tools.audit.faults import decimal_of
from marginspec_tools.audit.garbage import looking_seldom, set_aside
from marginspec_tools.audit.liquidations import COLUMNS, liquidation_rows
from marginspec_tools.audit.opening import check_synthetic, completed
from marginspec_tools.audit.profiles import COLUMNS as CONTRASTED
from marginspec_tools.audit.profiles import Contrast, ProfileOption, contrast
from marginspec_tools.audit.report.content import Report
from marginspec_tools.audit.report.history import History
from marginspec_tools.audit.report.machines import junit, sarif
from marginspec_tools.audit.report.page import page
from marginspec_tools.audit.report.setting import Setting
from marginspec_tools.audit.summary import (
    audit_fields,
    compared_text,
    findings_text,
    limits_text,
    notes_text,
    summary_object,
    summary_text,
)
from marginspec_tools.audit.verify import verified
from marginspec_tools.audit.waterfall import all_funds
from marginspec_tools.console import (
    json_option,
    markdown_line,
    one_line,
    print_fields,
    print_json_line,
    printable_path,
    refuse_parameters,
    with_progress,
)
from marginspec_tools.observed import TOLERABLE, ToleranceOption, ValueKind, read_reasons, tolerances_of
from marginspec_tools.runs import Run, engine_option, estimated_events, run_by_steps, start_option

PATH = click.Path(path_type=Path)
SAMPLE, FEW_EVENTS, MOST_LOOKS = 50_000, 20_000, 10
"""How many events apart the optimized engine's states are looked at, if not told otherwise, from so many events on.

Of a journal of which these are too many looks, each of which takes longer the more accounts there are, it is the
least multiple of that by which they are not.
"""


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
@click.argument("journal", type=PATH, required=False)
@click.option("--report", type=PATH, metavar="FOLDER", help="Write the report to this folder.")
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
@click.option("--baseline", type=PATH, metavar="FOLDER", help="Say what became of the findings of an earlier report.")
@click.option("--against", type=ProfileOption(), help="Say who would have gained or lost under another profile.")
@click.option(
    "--profile", type=ProfileOption(), help="The profile that --against is compared with.  [default: its own]"
)
@click.option("--verify", type=PATH, metavar="FOLDER", help="Only see whether a report is as its manifest says.")
@click.option("--signers", type=PATH, metavar="FILE", help="With --verify: whose signatures count.")
@click.option("--auditor", default="", metavar="TEXT", help="Who audits, and when: stands in the report as given.")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Check the invariants of states after every Nth event, and at the start and the end; those of events always."
    f"  [default: 1; of --engine fast {SAMPLE} from {FEW_EVENTS:,} events on, above {MOST_LOOKS * SAMPLE:,} more]",
)
@engine_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    journal: Path | None,
    report: Path | None,
    force: bool,
    tolerances: tuple[tuple[ValueKind, int], ...],
    reasons: Path | None,
    start: Path | None,
    accept_broken: bool,
    subset: str | None,
    baseline: Path | None,
    against: dict[str, Any] | None,
    profile: dict[str, Any] | None,
    verify: Path | None,
    signers: Path | None,
    auditor: str,
    sample: int | None,
    engine: str,
    as_json: bool,
) -> None:
    """Run JOURNAL, check every event, and write a report folder.

    It checks all invariants after every event, those of states as --sample says; the transparency figures, by counting
    them anew from the transfers; and the answers of the exchange's own engine, where the journal states them as
    `observed`. What differs is put down to its cause, one finding for each, ranked by the money at stake. The report is
    written whole when the run is over: report.html, to be read and printed, with summary.md, summary.json,
    findings.jsonl, findings.sarif, junit.xml, consequences.jsonl, notes.jsonl, coverage.csv, funds.csv,
    liquidations.csv and manifest.json. Of a long journal a checkpoint is kept beside the folder: stopped by whatever,
    the same command goes on from there.

    Exit codes: 0 all that was observed agrees; 1 findings; 2 wrong usage or input, nothing written; 4 nothing was
    observed, so that nothing was compared. Of --verify: 0 the report is as its manifest says; 1 it is not.
    """
    if verify is not None:
        others = context.params.keys() - {"verify", "signers", "as_json"}
        refuse_parameters(context, others, "does nothing with --verify")
        context.exit(verify_report(verify, signers, as_json=as_json))
    if journal is None or report is None:
        raise click.UsageError("give a journal and --report FOLDER, or --verify FOLDER")
    if profile is not None and against is None:
        raise click.UsageError("--profile needs --against")
    if signers is not None:
        raise click.UsageError("--signers needs --verify")
    place = folder.checked_folder(report, force=force)
    earlier = None if baseline is None else read_baseline(baseline)
    inputs = {"journal": journal, **({"state": start} if start else {}), **({"reasons": reasons} if reasons else {})}
    hashes = hashes_of(inputs)
    codes = read_reasons(reasons) if reasons else {}
    apart = sample or default_sample(engine, journal)
    run = audited_run(engine, journal, start, subset, apart)
    comparison = Comparison(str(journal), tolerances_of(tolerances), codes, subset)
    audited = Audited(run, comparison, subset, accept_broken, apart)
    profiles = None if against is None else (profile or {}, against)
    made_by = versions(), checkpoints.program_sha256()
    setting = Setting(auditor, inputs, hashes, given_options(context, inputs), *made_by, earlier, profiles)
    summary = audit(audited, setting, place)
    print_audit(audited, summary, place, as_json=as_json)
    context.exit(EXIT_CODES[audited.verdict])


def default_sample(engine: str, journal: Path) -> int:
    """How many events apart the invariants of states are checked, if that was not given."""
    events = estimated_events(journal) or 0
    if engine != "fast" or events < FEW_EVENTS:
        return 1
    return SAMPLE * max(1, -(-events // (MOST_LOOKS * SAMPLE)))


def audited_run(engine: str, journal: Path, start: Path | None, subset: str | None, sample: int) -> Run:
    """The run of an engine, of which all is compared that a checkpoint keeps."""

    def prepared(opened: OpenedState) -> OpenedState:
        """The state that is audited from: one of some accounts, made whole."""
        if subset is None:
            return opened
        check_synthetic(journal, opened, subset)
        return completed(opened, subset) if start else opened

    return run_by_steps(engine, journal, start, prepared, sample, checkpoints.EVERY)


def audit(audited: Audited, setting: Setting, place: Path) -> dict[str, Any]:
    """Run to the end with all checks and publish the report; gives the summary.

    Refuses inputs that are not those of the hashes any more, so that these are of what was read.
    """
    inputs, history = setting.inputs, History(audited.run.start.state, audited.run.start.events)
    with ExitStack() as stack:
        # Files without a name: a kill leaves nothing of them.
        contents: dict[str, BinaryIO] = {
            name: stack.enter_context(tempfile.TemporaryFile(dir=place.parent)) for name in folder.REPORT_FILES
        }
        checkpoint = Checkpoint(place, setting, contents)
        history = checkpoint.resume(audited, history)
        with looking_seldom():
            check_events(audited, history, inputs["journal"], checkpoint)
        for name, digest in hashes_of(inputs).items():
            if digest != setting.hashes[name]:
                raise InputError(str(inputs[name]), None, None, "changed while it was audited")
        summary = summary_object(audited, setting)
        report = Report(audited, summary, history, setting, *compared_reports(audited, setting))
        for name, part in report.compared():
            summary[name] = part.as_object()
        contents[folder.SUMMARY].write(indented_json(summary))
        contents[folder.SUMMARY_TEXT].write(summary_text(audited, summary).encode())
        for _, part in report.compared():
            contents[folder.SUMMARY_TEXT].write(f"\n{markdown_line(part.text)}.\n".encode())
        if report.contrast is not None:
            contents[folder.PROFILES] = stack.enter_context(tempfile.TemporaryFile(dir=place.parent))
            contents[folder.PROFILES].write(csv_line(CONTRASTED) + b"".join(map(csv_line, report.contrast.rows())))
        for found in audited.findings:
            write_line(found.as_object(), contents[folder.FINDINGS])
        for note in audited.notes:
            write_line(note.as_object(), contents[folder.NOTES])
        contents[folder.COVERAGE].write(table(COVERAGE_COLUMNS, audited.comparison.coverage.rows()))
        contents[folder.PAGE].write(page(report))
        contents[folder.SARIF].write(sarif(audited, setting))
        contents[folder.JUNIT].write(junit(audited))
        contents[folder.FUNDS].write(funds_table(audited.run.state, audited.tally))
        contents[folder.MANIFEST].write(indented_json(manifest(audited.run, setting, contents)))
        folder.publish(place, contents)
        checkpoint.remove()
    return summary


def compared_reports(audited: Audited, setting: Setting) -> tuple[Review | None, Contrast | None]:
    """What became of an earlier report's findings, and of the day under another profile, if that was asked."""
    review = None if setting.baseline is None else setting.baseline.review(audited.findings)
    if setting.profiles is None or not audited.is_run:
        return review, None
    return review, contrast(audited.run, setting.inputs["journal"], setting.inputs.get("state"), *setting.profiles)


def verify_report(place: Path, signers: Path | None, *, as_json: bool) -> int:
    """Say whether a report is as its manifest says; gives the exit code."""
    state = verified(place, signers)
    if as_json:
        print_json_line(state.as_object())
    for line in () if as_json else state.lines():
        click.secho(line, fg="red" if not state.holds else "green" if state.signature.is_right else "yellow")
    return 0 if state.holds else 1


def check_events(audited: Audited, history: History, journal: Path, checkpoint: Checkpoint) -> None:
    """Run to the end with all checks; writes consequences and liquidations as they come, and checkpoints."""
    consequences, liquidations = (checkpoint.spooled[name] for name in (folder.CONSEQUENCES, folder.LIQUIDATIONS))
    if liquidations.tell() == 0:
        liquidations.write(csv_line(COLUMNS))
    run, total = audited.run, estimated_events(journal)
    for step, following in with_progress(audited, "auditing", total, lambda: run.chain.events - run.start.events):
        history.take(step, [audited.folding.findings, audited.comparison.findings])
        for row in liquidation_rows(step):
            liquidations.write(csv_line(row.get(column) for column in COLUMNS))
        for consequence in following:
            write_line(consequence.as_object(), consequences)
        if checkpoint.is_due(step.number):
            checkpoint.write(audited, history)
        set_aside(step.number)
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


def given_options(context: click.Context, inputs: dict[str, Path]) -> tuple[str, ...]:
    """The options that were given, as words of a command, but for the folder and what only says how to print."""
    given = context.params
    words: list[str] = []
    for kind, amount in given["tolerances"]:
        words += ["--tolerance", f"{kind}={decimal_of(amount)}"]
    words += [word for name, path in inputs.items() if name in FILES for word in (FILES[name], printable_path(path))]
    words += ["--baseline", printable_path(given["baseline"])] if given["baseline"] else []
    for name in ("profile", "against"):
        words += [f"--{name}", ",".join(given[name].values())] if given[name] else []
    words += ["--sample", str(given["sample"])] if given["sample"] else []
    words += ["--accept-broken"] if given["accept_broken"] else []
    words += [word for name in ("subset", "auditor") if given[name] for word in (f"--{name}", given[name])]
    return (*words, "--engine", given["engine"]) if given["engine"] != "spec" else tuple(words)


FILES = {"reasons": "--reasons", "state": "--from"}


def versions() -> dict[str, str]:
    """What an audit is made by."""
    return {
        "marginspec": version("marginspec"),
        "rulebook": RULEBOOK_VERSION,
        "journal": str(JOURNAL_VERSION),
        "state": str(STATE_VERSION),
        "python": python_version(),
    }


def manifest(run: Run, setting: Setting, contents: dict[str, BinaryIO]) -> dict[str, Any]:
    """What the report was made of and by: hashes of inputs and files, final hash, versions."""
    return {
        "manifest": 1,
        "versions": setting.versions,
        "program": setting.program,
        "auditor": setting.auditor,
        "inputs": setting.hashes,
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


def print_audit(audited: Audited, summary: dict[str, Any], place: Path, *, as_json: bool) -> None:
    """Totals, the first findings, how many there are, what they come from, and where the report is."""
    if as_json:
        for one in audited.findings[:FIRST_SHOWN]:
            print_json_line(one.as_object())
        print_json_line({**summary, "report": printable_path(place)})
        return
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
    for told in ("baseline", "contrast"):
        if told in summary:
            click.echo(one_line(summary[told]["text"]))
    click.echo(compared_text(summary["coverage"]))
    is_within = audited.verdict == "holds" and summary["coverage"]["tolerated"]
    click.secho(one_line(findings_text(summary)), fg="yellow" if is_within else COLOURS[audited.verdict])
    click.echo(f"report in {one_line(str(place))}")


COLOURS = {"holds": "green", "findings": "red", "not compared": "yellow"}
