"""`marginspec conform init`: an adapter to begin with, in a language."""

import shlex
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import click

from marginspec_journal.errors import unwritable
from marginspec_tools.console import one_line, whole_folder


class Language(NamedTuple):
    """What to type to build and to run an adapter in its folder; nothing is built where the first is empty."""

    build: str
    run: str


LANGUAGES = {
    "python": Language("", "python3 adapter.py"),
    "node": Language("", "node adapter.mjs"),
    "java": Language("javac *.java", "java Adapter"),
    "cpp": Language("g++ -O2 -std=c++17 -o adapter adapter.cpp", "./adapter"),
    "rust": Language("cargo build --release", "target/release/adapter"),
    "go": Language("go build -o adapter .", "./adapter"),
}
"""The languages, by the name of their folder."""


@click.command()
@click.option("--lang", type=click.Choice(list(LANGUAGES)), required=True, help="Language of the adapter.")
@click.argument("folder", type=click.Path(path_type=Path))
def command(lang: str, folder: Path) -> None:
    """Write an adapter into FOLDER that starts as it is and answers that every event is unsupported.

    Fill it in, one type of event after another; `marginspec conform doctor` says what is wrong with its answers,
    `marginspec conform run` what it gets wrong.

    Exit codes: 0 written; 2 FOLDER is not empty or cannot be written.
    """
    language = LANGUAGES[lang]
    with as_file(files("marginspec_conformance.adapters") / lang) as source, whole_folder(folder) as part:
        try:
            shutil.copytree(source, part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        except shutil.Error as error:
            # It lists every file with its reason, as a text that begins with the number of the error.
            raise unwritable(folder, error.args[0][0][2]) from None
    build = [language.build] if language.build else []
    ask = [f"marginspec conform {words} 'exec:{language.run}'" for words in ("doctor", "run -e")]
    for line in (f"cd {shlex.quote(str(folder))}", *build, *ask):
        click.echo(one_line(line))
