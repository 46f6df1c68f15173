"""The broken engines, one after another: whether `run` alone and `fuzz` alone catch each, and what they blame.

    .venv/bin/python tests/engines/table.py [--save] [NAME]...

It prints a table in Markdown, and ends with 1 if one is not caught, or `fuzz` blames no clause of broken.json. `--save`
keeps the journals that `fuzz` found and made short, in node/faults.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from time import monotonic

import attrs
import click
from click.testing import CliRunner

from marginspec_conformance.command import command
from marginspec_conformance.reporting.log import read_log
from marginspec_journal import open_journal

HERE = Path(__file__).parent
BROKEN = json.loads((HERE / "node" / "broken.json").read_text("utf-8"))
COLUMNS = "engine", "to be blamed", "`run`", "vectors", "seconds", "`fuzz`", "seconds", "events left"
HANGING = ("never-terminates",)
"""A run ends at the first difference of these: each of the others would last as long as the limit."""


@attrs.frozen
class Caught:
    """What a command came to: its exit code, how many cases differ, the clause most blamed, and the seconds it took."""

    code: int
    failed: int
    clause: str
    seconds: float


def caught(*arguments: str, log: Path) -> Caught:
    """What `conform` with these arguments came to."""
    began = monotonic()
    ended = CliRunner().invoke(command, [*arguments, "--log", str(log)], standalone_mode=False)
    seconds = monotonic() - began
    blamed = Counter(case.finding.clause for case in read_log(log).cases if case.finding is not None)
    clause = blamed.most_common(1)[0][0] if blamed else "-"
    return Caught(int(ended.return_value or 0), blamed.total(), clause, seconds)


def row(name: str, folder: Path, journal: Path) -> tuple[list[str], bool]:
    """A row of the table, and whether all is as it should be."""
    engine = ("-e", f"exec:node {HERE / 'node' / 'broken.mjs'} --fault {name}", "--timeout", "0.5")
    fast = ("--fail-fast",) if name in HANGING else ()
    clauses = BROKEN[name]["clauses"]
    run = caught("run", *fast, *engine, log=folder / f"{name}.run")
    fuzz = caught("fuzz", "-o", str(journal), *engine, log=folder / f"{name}.fuzz")
    length = str(len(list(open_journal(journal)))) if fuzz.failed else "-"
    ran = (run.clause, str(run.failed), f"{run.seconds:.1f}")
    cells = [name, ", ".join(clauses), *ran, fuzz.clause, f"{fuzz.seconds:.1f}", length]
    return cells, run.code == fuzz.code == 1 and fuzz.clause in clauses


def line(cells: tuple[str, ...] | list[str]) -> str:
    """A row in Markdown."""
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    """Print the table."""
    click.echo(f"{line(COLUMNS)}\n{line(['---'] * len(COLUMNS))}")
    is_right = True
    with TemporaryDirectory() as folder:
        for name in [one for one in arguments if one != "--save"] or BROKEN:
            journal = Path(folder) / f"{name}.jsonl"
            cells, as_it_should = row(name, Path(folder), journal)
            if "--save" in arguments and journal.exists():
                copyfile(journal, HERE / "node" / "faults" / journal.name)
            is_right = is_right and as_it_should
            click.echo(line(cells))
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
