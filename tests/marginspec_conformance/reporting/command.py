"""`marginspec conform report`: the reports of a log, and two logs side by side."""

from datetime import UTC, datetime
from pathlib import Path

import click

from marginspec_conformance.reporting.badge import badge
from marginspec_conformance.reporting.difference import Changed, difference
from marginspec_conformance.reporting.junit import junit, summary_of
from marginspec_conformance.reporting.known import judge, read_known
from marginspec_conformance.reporting.log import read_log
from marginspec_conformance.reporting.markdown import markdown
from marginspec_conformance.reporting.page import page
from marginspec_conformance.reporting.sarif import sarif
from marginspec_conformance.reporting.summary import facts
from marginspec_journal.atomic import atomic_writer
from marginspec_tools.console import DIVERGED, INCONCLUSIVE, one_line, unwritable, whole_folder

REPORTS = {
    "junit.xml": junit,
    "summary.md": markdown,
    "report.html": page,
    "report.sarif": lambda log: sarif(log, "log.ndjson"),
    "badge.json": badge,
}
"""What is made of a log, by the name of its file."""


@click.group()
def command() -> None:
    """Make reports of a log, compare two logs, hold one against known failures."""


@command.command("make")
@click.argument("log", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the reports in FOLDER.")
def make(log: Path, folder: Path, *, force: bool) -> None:
    """Write JUnit XML, a Markdown summary, an HTML page, SARIF and a badge of LOG into FOLDER, beside a copy of LOG."""
    found = read_log(log)
    contents = {"log.ndjson": log.read_bytes(), **{name: report(found) for name, report in REPORTS.items()}}
    if force and folder.is_dir():
        for name, content in contents.items():
            with atomic_writer(folder / name) as target:
                target.write(content)
    else:
        if folder.is_dir() and any(folder.iterdir()):
            raise unwritable(folder, "the folder is not empty; --force replaces the reports in it")
        with whole_folder(folder) as part:
            for name, content in contents.items():
                (part / name).write_bytes(content)
    click.echo(one_line(found.ending.verdict))
    for name, value in facts(found):
        click.echo(f"  {name}: {one_line(value)}")
    click.echo(f"{folder}: log.ndjson, {', '.join(REPORTS)}")


@command.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.pass_context
def diff(ctx: click.Context, old: Path, new: Path) -> None:
    """Say what changed from log OLD to log NEW; exit code 1 if anything got worse, or a case is gone."""
    found = difference(read_log(old), read_log(new))
    for title, changes in (("worse", found.worse), ("better", found.better), ("different", found.other)):
        show(title, changes)
    for one in found.added:
        click.echo(f"new: {one_line(one.id)}: {one_line(one.after)}")
    for name in found.gone:
        click.echo(f"gone: {one_line(name)}")
    if found.worse or found.gone:
        ctx.exit(DIVERGED)
    click.echo("nothing got worse")


@command.command("judge")
@click.argument("log", type=click.Path(path_type=Path))
@click.argument("known", type=click.Path(path_type=Path))
@click.pass_context
def judge_known(ctx: click.Context, log: Path, known: Path) -> None:
    """Hold LOG against the file KNOWN of known failures; exit code 1 if there are others, or KNOWN is not true.

    Exit code 4 if nothing passed, and nothing failed but what is known.
    """
    judged = read_log(log)
    found = judge(judged, read_known(known), datetime.now(UTC).date())
    for case in found.new:
        click.echo(f"failed: {one_line(case.id)}: {one_line(summary_of(case))}")
    for wrong in found.wrong:
        click.echo(f"known failures: {one_line(wrong)}")
    click.echo(f"{len(found.known)} known failures, {len(found.new)} others")
    if not found.holds:
        ctx.exit(DIVERGED)
    if not judged.counts()["passed"]:
        click.echo("nothing passed: nothing was decided")
        ctx.exit(INCONCLUSIVE)


def show(title: str, changes: tuple[Changed, ...]) -> None:
    """Cases that changed, a line each."""
    for one in changes:
        click.echo(f"{title}: {one_line(one.id)}: {one_line(one.before)} -> {one_line(one.after)}")
