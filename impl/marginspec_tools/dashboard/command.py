"""`marginspec serve`: a journal's dashboard, for readers on this machine."""

from contextlib import suppress
from pathlib import Path

import click

from marginspec_journal import InputError
from marginspec_journal.reading import LINES_SUFFIXES, PARQUET_SUFFIX
from marginspec_tools.console import (
    CRASHED,
    SERVE,
    WRONG_INPUT,
    install_line,
    missing_packages,
    printable_path,
    refusing_os_errors,
)
from marginspec_tools.runs import start_option
from marginspec_tools.simulate import stress_day_path

HOSTS = ("127.0.0.1", "::1", "localhost")
PORT = 8765


def loopback_host(context: click.Context, option: click.Parameter, host: str) -> str:  # noqa: ARG001 - as click calls it
    """A host that is this machine alone: what is served has no password."""
    if host not in HOSTS:
        raise click.BadParameter(f"{host!r} is not loopback; there are {', '.join(HOSTS)}")
    return host


def journal_in(path: Path) -> Path:
    """The journal that a path is, or the only one in a folder."""
    if not path.is_dir():
        return path
    suffixes = (*LINES_SUFFIXES, PARQUET_SUFFIX)
    found = sorted(one.name for one in path.iterdir() if one.name.endswith(suffixes) and one.is_file())
    if len(found) != 1:
        several = f"several journals ({', '.join(found)}): name one of them" if found else "no journal"
        raise InputError(str(path), None, None, f"the folder has {several}")
    return path / found[0]


def need_extra() -> None:
    """Refuse to serve where what it needs is not installed."""
    missing = missing_packages(SERVE)
    if missing:
        raise click.UsageError(f"serving needs the extra: {install_line('serve')} ({', '.join(missing)} missing)")


def shown(journal: Path | None, *, is_demo: bool) -> Path:
    """What is to be shown: the one journal or folder that was named, or the bundled stress day."""
    if (journal is None) != is_demo:
        raise click.UsageError("name one journal, or one folder, or --demo")
    return stress_day_path() if journal is None else journal


@click.command("serve")
@click.argument("journal", metavar="[JOURNAL|FOLDER]", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--demo", "is_demo", is_flag=True, help="Show the bundled stress day.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes any that is free."
)
@click.option("--host", callback=loopback_host, default="127.0.0.1", show_default=True, help="A loopback address only.")
@click.option(
    "--index",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the index here, not in the user's cache.",
)
@click.option(
    "--audit",
    "audits",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Show this report of an audit too; may be repeated.",
)
@click.option(
    "--conformance",
    "logs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Show this log of a conformance run too; may be repeated.",
)
@start_option
def command(
    journal: Path | None,
    port: int,
    host: str,
    index: Path | None,
    audits: tuple[Path, ...],
    logs: tuple[Path, ...],
    start: Path | None,
    *,
    is_demo: bool,
) -> None:
    """Show JOURNAL, or the only journal in FOLDER, as pages in a browser on this machine, until Ctrl-C.

    Prints the address. Pages appear while the journal is being indexed, and follow it as it grows; the index is kept
    for the next time. Reports of audits and logs of conformance runs in FOLDER, and in its folders, are shown side by
    side. Nothing is sent anywhere, and nobody else can read.

    Exit codes: 0 ended by Ctrl-C; 2 wrong usage or input; 3 indexing crashed.
    """
    named = shown(journal, is_demo=is_demo)
    need_extra()
    from marginspec_tools.dashboard.index import index_path
    from marginspec_tools.dashboard.reports import found_reports
    from marginspec_tools.dashboard.server import bound_socket, opened_server
    from marginspec_tools.dashboard.view import Source

    served = journal_in(named)
    source = Source(served, start, found_reports(named if named.is_dir() else None, audits, logs))
    with refusing_os_errors(Path(f"{host}:{port}")):
        listening = bound_socket(host, port)
    with listening, opened_server(source, index or index_path(served), listening) as server:
        address = f"[{host}]" if ":" in host else host
        click.echo(f"{printable_path(served)}: http://{address}:{listening.getsockname()[1]}/")
        # An interrupt is how it is meant to end.
        with suppress(KeyboardInterrupt):
            server.run([listening])
    if server.failure:
        # What it was has been told where it happened.
        raise click.exceptions.Exit(WRONG_INPUT if server.failure == WRONG_INPUT else CRASHED)
