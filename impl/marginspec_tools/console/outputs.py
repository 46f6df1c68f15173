"""What commands write: files that appear whole when all is known, tables for people, lines for programs."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import click
import msgspec

from marginspec_journal.atomic import atomic_folder, atomic_writer
from marginspec_journal.errors import unwritable

if TYPE_CHECKING:
    from rich.console import Console

MARKUP = "\\`*[]<>|&~"
"""Characters that Markdown would take for more than themselves."""
PIPE_WIDTH = 200
"""Columns for a reader that is no terminal: wide enough that no table is broken over lines."""


class Spool:
    """An output that is kept out of sight while a command runs and appears under its path when published.

    It has no name until then, so neither bad input nor a kill leaves anything of it behind. A path that
    cannot be written to is refused at once, before the work.
    """

    def __init__(self, path: Path, inputs: tuple[Path, ...] = ()) -> None:
        self.path = path
        check_target(path, inputs)
        with refusing_os_errors(path):
            self._stream: BinaryIO = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    @property
    def stream(self) -> BinaryIO:
        """What is written so far, for whoever writes it as a file."""
        return self._stream

    def write(self, text: bytes) -> None:
        """Add to what will be published."""
        with refusing_os_errors(self.path):
            self._stream.write(text)

    def publish(self) -> None:
        """Give the output its path, in place of what may have been there."""
        with refusing_os_errors(self.path):
            self._stream.seek(0)
            with atomic_writer(self.path) as target:
                shutil.copyfileobj(self._stream, target)


@contextmanager
def line_writer(path: Path | None, inputs: tuple[Path, ...] = ()) -> Iterator[Callable[[bytes], None]]:
    """What writes lines to a file that appears when all are written, or, without a path, prints them."""
    if path is None:
        yield click.echo
        return
    with Spool(path, inputs) as spool:
        yield lambda text: spool.write(text + b"\n")
        spool.publish()


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to write into that takes the path's name when all is written; on any error nothing is left of it.

    Refused if something else than an empty folder stands at the path, or nothing can be written beside it.
    """
    with refusing_os_errors(path):
        if path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
            raise unwritable(path, "it exists already")
    with atomic_folder(path) as part:
        yield part


def check_target(path: Path, inputs: tuple[Path, ...]) -> None:
    """Refuse a path where a file cannot stand, or that is one of the command's inputs."""
    with refusing_os_errors(path):
        if os.path.islink(os.path.realpath(path)):
            raise unwritable(path, "symbolic links form a loop")
        if path.is_dir():
            raise unwritable(path, "Is a directory")
        if path.exists() and not path.is_file():
            raise unwritable(path, "not a regular file")
        for source in inputs:
            # A path may be a loop of links, which `resolve` would not bear.
            if os.path.realpath(path) == os.path.realpath(source) or (
                path.exists() and source.exists() and path.samefile(source)
            ):
                raise unwritable(path, "this command reads or writes it too")


@contextmanager
def refusing_os_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors at a path into an InputError that names it."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None


def print_json_line(fields: dict[str, Any]) -> None:
    """Print a line of JSON."""
    click.echo(msgspec.json.encode(fields))


def one_line(text: str) -> str:
    """A text for people, without characters that break the line, turn its direction, or that a terminal might obey."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def markdown_line(text: str) -> str:
    """A text for people who read Markdown, in which it is nothing but text."""
    escaped = "".join(f"\\{one}" if one in MARKUP else one for one in one_line(text))
    return escaped.replace("://", ":\\//").replace("www.", "www\\.")


def print_error(error: object) -> None:
    """Say in one line on stderr what is wrong."""
    click.echo(f"error: {one_line(str(error))}", err=True)


class PipedText:
    """Standard output for who reads it from a pipe: lines without blanks at their ends."""

    def __init__(self) -> None:
        self._stream = sys.stdout

    def write(self, text: str) -> None:
        """Write whole lines."""
        self._stream.write(re.sub(" +$", "", text, flags=re.MULTILINE))

    def flush(self) -> None:
        """Write what is buffered."""
        self._stream.flush()


def page_width() -> int:
    """How many characters a line for people has: the terminal's, or without one those of a wide page."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH


def people_console() -> "Console":
    """Where people read: the terminal, or without one a wide page."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(markup=False, highlight=False)
    piped: Any = PipedText()
    return Console(markup=False, highlight=False, width=PIPE_WIDTH, file=piped)


def print_fields(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and what they are, the latter one below the other."""
    fields = list(rows)
    width = max(len(name) for name, _ in fields)
    for name, text in fields:
        click.echo(f"{name:<{width}}  {text}")


def printable_path(path: Path) -> str:
    """A path as text that can be printed anywhere."""
    return str(path).encode("utf-8", "backslashreplace").decode()
