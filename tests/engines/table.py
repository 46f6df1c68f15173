"""The broken engines, one after another: whether `run` alone and `fuzz` alone catch each, and what they blame.

    .venv/bin/python tests/engines/table.py [NAME]...

It prints a table in Markdown, and ends with 1 if one is not caught, or not blamed on a clause of broken.json.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import attrs
from click.testing import CliRunner

from marginspec_conformance.command import command
from marginspec_conformance.reporting.log import read_log
from marginspec_journal import open_journal

HERE = Path(__file__).parent
BROKEN = json.loads((HERE / "node" / "broken.json").read_text("utf-8"))
COLUMNS = "engine", "blamed should be", "`run`", "vectors", "seconds", "`fuzz`", "seconds", "shrunk to"


@attrs.frozen
class Caught:
    """What a command came to: its exit code, how many cases differ, the clause blamed, and the seconds it took."""

    code: int
    failed: int
    clause: str
    seconds: float


def caught(*arguments: str, log: Path) -> Caught:
    """What `conform` with these arguments came to."""
    began = monotonic()
    ended = CliRunner().invoke(command, [*arguments, "--log", str(log)], standalone_mode=False)
    seconds = monotonic() - began
    findings = [case.finding for case in read_log(log).cases if case.finding is not None]
    clause = findings[0].clause if findings else "-"
    return Caught(int(ended.return_value or 0), len(findings), clause, seconds)


def row(name: str, folder: Path) -> tuple[list[str], bool]:
    """A row of the table, and whether all is as it should be."""
    engine = ("-e", f"exec:node {HERE / 'node' / 'broken.mjs'} --fault {name}", "--timeout", "1")
    clauses, journal = BROKEN[name]["clauses"], folder / f"{name}.jsonl"
    # An engine that hangs is not asked all vectors: each of them would last as long as its limit.
    hangs = ("--fail-fast",) if name == "never-terminates" else ()
    run = caught("run", *hangs, *engine, log=folder / f"{name}.run")
    fuzz = caught("fuzz", "-o", str(journal), *engine, log=folder / f"{name}.fuzz")
    length = len(list(open_journal(journal))) if journal.exists() else 0
    cells = [
        name,
        " ".join(clauses),
        run.clause,
        str(run.failed),
        f"{run.seconds:.1f}",
        fuzz.clause,
        f"{fuzz.seconds:.1f}",
        str(length),
    ]
    return cells, run.code == fuzz.code == 1 and fuzz.clause in clauses


def line(cells: tuple[str, ...] | list[str]) -> str:
    """A row in Markdown."""
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Print the table."""
    print(line(COLUMNS), line(["---"] * len(COLUMNS)), sep="\n")
    is_right = True
    with TemporaryDirectory() as folder:
        for name in sys.argv[1:] or BROKEN:
            cells, as_it_should = row(name, Path(folder))
            is_right = is_right and as_it_should
            print(line(cells), flush=True)
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
