"""`marginspec serve`: a journal's dashboard, for readers on this machine."""

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import click

from marginspec_journal import InputError
from marginspec_journal.reading import LINES_SUFFIXES, PARQUET_SUFFIX
from marginspec_tools.console import printable_path, refusing_os_errors
from marginspec_tools.runs import start_option

EXTRA = ("jinja2", "starlette", "uvicorn")
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
    missing = [package for package in EXTRA if find_spec(package) is None]
    if missing:
        raise click.UsageError(
            f"serving needs the extra: pip install 'marginspec[serve]' ({', '.join(missing)} missing)"
        )


@click.command("serve")
@click.argument("journal", metavar="JOURNAL|FOLDER", type=click.Path(exists=True, path_type=Path))
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
@start_option
def command(journal: Path, port: int, host: str, index: Path | None, start: Path | None) -> None:
    """Show JOURNAL, or the only journal in FOLDER, as pages in a browser on this machine, until Ctrl-C.

    Prints the address. Pages appear while the journal is being indexed, and follow it as it grows; the index is kept
    for the next time. Nothing is sent anywhere, and nobody else can read.

    Exit codes: 0 ended by Ctrl-C; 2 wrong usage or input.
    """
    need_extra()
    from marginspec_tools.dashboard.index import index_path
    from marginspec_tools.dashboard.server import bound_socket, opened_server

    served = journal_in(journal)
    with refusing_os_errors(Path(f"{host}:{port}")):
        listening = bound_socket(host, port)
    with listening, opened_server(served, index or index_path(served), start, listening) as (server, following):
        named = f"[{host}]" if ":" in host else host
        click.echo(f"{printable_path(served)}: http://{named}:{listening.getsockname()[1]}/")
        # An interrupt is how it is meant to end.
        with suppress(KeyboardInterrupt):
            server.run([listening])
        if following.failure is not None:
            raise following.failure
