"""The campaign of mutants: every chosen mutant of the rules is judged, and the table of all is kept in docs/theorems.

A row says what it rests on by a hash, so a campaign goes on where it was stopped, and judges anew only what a
change of rules, theorems or tests has touched.
"""

import json
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
import click

from marginspec_journal.atomic import atomic_writer
from marginspec_proofs.mutants import RULES, Judgement, Mutant, chosen_mutants, inputs_hash, judged
from marginspec_tools.progress import counted

TABLE = Path("docs/theorems/mutants.json")
PAGE = Path("docs/theorems/mutants.md")
REASONS = Path("docs/theorems/survivors.toml")
SAVED_EVERY = 10


@attrs.frozen
class Row:
    """A judged mutant: what was changed and where, what killed it on which evidence, and the hash of its inputs."""

    id: str
    function: str
    line: int
    what: str
    killed_by: str | None
    evidence: str
    inputs: str


def read_rows(root: Path) -> dict[str, Row]:
    """The table's rows by mutant; none if there is no table yet."""
    path = root / TABLE
    if not path.is_file():
        return {}
    return {one["id"]: Row(**one) for one in json.loads(path.read_text("utf-8"))["rows"]}


def read_reasons(root: Path) -> dict[str, str]:
    """Why each survivor may survive, as written by people."""
    path = root / REASONS
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def row_of(mutant: Mutant, judgement: Judgement, root: Path) -> Row:
    """A mutant's row."""
    inputs = inputs_hash(mutant, judgement, root)
    stated = (mutant.id, mutant.function, mutant.line, mutant.what)
    return Row(*stated, judgement.killed_by, judgement.evidence, inputs)


def is_current(mutant: Mutant, row: Row | None, root: Path) -> bool:
    """Whether a row is what would be found today: all that it rests on is unchanged."""
    if row is None:
        return False
    killer: Any = row.killed_by
    return row == row_of(mutant, Judgement(killer, row.evidence), root)


def run_campaign(root: Path, beginnings: tuple[str, ...], jobs: int) -> list[Row]:
    """Judge the mutants whose ids begin so (all, if none is named) and whose rows are not current; give all rows."""
    if not (root / RULES).is_dir() or not (root / "tests" / "unit").is_dir():
        raise click.UsageError("mutants need a checkout of the project: run this at its top")
    mutants = chosen_mutants(root)
    rows = {one.id: row for one in mutants if is_current(one, row := read_rows(root).get(one.id), root) and row}
    wanted = [one for one in mutants if one.id not in rows and one.id.startswith(beginnings or ("",))]
    with ThreadPoolExecutor(jobs) as pool:
        begun = {pool.submit(judged, mutant, root): mutant for mutant in wanted}
        try:
            for count, one in enumerate(counted(as_completed(begun), f"judging {len(wanted)} mutants"), 1):
                rows[begun[one].id] = row_of(begun[one], one.result(), root)
                if count % SAVED_EVERY == 0:
                    save(root, mutants, rows)
        finally:
            pool.shutdown(cancel_futures=True)
            save(root, mutants, rows)
    return [rows[one.id] for one in mutants if one.id in rows]


def save(root: Path, mutants: list[Mutant], rows: dict[str, Row]) -> None:
    """Write the table and its page, in the order of the mutants."""
    listed = [rows[one.id] for one in mutants if one.id in rows]
    (root / TABLE).parent.mkdir(parents=True, exist_ok=True)
    text = ",\n".join(json.dumps(attrs.asdict(row), ensure_ascii=False) for row in listed)
    with atomic_writer(root / TABLE) as stream:
        stream.write(f'{{"mutants": 1, "rows": [\n{text}\n]}}\n'.encode())
    (root / PAGE).write_text(page_text(listed, read_reasons(root)), "utf-8")


def open_questions(root: Path) -> list[str]:
    """What is wrong with the table: mutants to be judged anew, survivors without a reason, needless reasons."""
    rows, reasons = read_rows(root), read_reasons(root)
    mutants = chosen_mutants(root)
    survivors = {row.id for row in rows.values() if row.killed_by is None}
    found = [f"{one.id} is to be judged anew" for one in mutants if not is_current(one, rows.get(one.id), root)]
    found += [f"{one} is no mutant" for one in rows if one not in {mutant.id for mutant in mutants}]
    found += [f"{one} survives without a reason" for one in sorted(survivors) if not reasons.get(one, "").strip()]
    found += [f"{one} has a reason, but does not survive" for one in sorted(set(reasons) - survivors)]
    return found


def page_text(rows: list[Row], reasons: dict[str, str]) -> str:
    """The table as a page of Markdown: counts of each function, and every survivor with its reason."""
    survivors = [row for row in rows if row.killed_by is None]
    lines = [
        "# Mutants",
        "",
        "Generated by `marginspec prove --mutants`; do not edit.",
        "Each mutant is a small fault in one function of the rules: a comparison, an operation, a constant,",
        "a direction of rounding, arguments, a branch or a statement.",
        "The theorems that name the function are tried on it first, then the tests of the rules.",
        "Assertions are not changed, as they state nothing of their own.",
        "",
        totals(rows),
        "",
        "| function | mutants | killed by proof | by tests | survive |",
        "|---|--:|--:|--:|--:|",
        *(function_rows(rows)),
        "",
        "## Survivors",
        "",
    ]
    for row in survivors:
        reason = reasons.get(row.id, "No reason is written yet.")
        lines += [f"- `{row.id}`, line {row.line}: `{row.what}`.", f"  {reason}"]
    return "\n".join(lines) + "\n"


def totals(rows: list[Row]) -> str:
    """How many mutants there are, and what became of them."""
    proof, tests, none = (count_of(rows, killer) for killer in ("proof", "tests", None))
    return f"{len(rows)} mutants: {proof} killed by proof, {tests} by tests only, {none} survive."


def function_rows(rows: list[Row]) -> Iterator[str]:
    """A row a function."""
    for function, group in groupby(rows, key=lambda row: row.function):
        own = list(group)
        counts = [len(own), count_of(own, "proof"), count_of(own, "tests"), count_of(own, None)]
        yield f"| `{function.removeprefix('marginspec.')}` | " + " | ".join(map(str, counts)) + " |"


def count_of(rows: list[Row], killer: str | None) -> int:
    """How many rows have this killer."""
    return sum(row.killed_by == killer for row in rows)


def campaign_code(beginnings: tuple[str, ...], jobs: int, as_json: bool) -> int:
    """Run the campaign in this checkout and tell of it; 1 if a mutant survives without a written reason."""
    rows = run_campaign(Path.cwd(), beginnings, jobs)
    reasons = read_reasons(Path.cwd())
    unexplained = [row for row in rows if row.killed_by is None and not reasons.get(row.id, "").strip()]
    if as_json:
        for row in rows:
            click.echo(json.dumps(attrs.asdict(row)))
    else:
        for row in unexplained:
            click.echo(f"{row.id} survives without a reason: {row.what}")
        click.echo(totals(rows))
    return 1 if unexplained else 0
