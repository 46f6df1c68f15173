"""The campaign of mutants: every chosen mutant of the rules is judged, and the table of all is kept in docs/theorems.

A row says what it rests on by a hash, so a campaign goes on where it was stopped, and judges anew only what a
change of rules, theorems or tests concerns; what killed a mutant before is tried first.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import groupby
from pathlib import Path

import attrs
import click

import marginspec_proofs.theorems
from marginspec_journal.atomic import atomic_writer
from marginspec_proofs.mutation.judging import (
    SURVIVED,
    TESTS,
    Judgement,
    Killer,
    NotProved,
    Weight,
    Weights,
    current_hash,
    inputs_hash,
    judge,
    unchanged_failure,
    weigh,
)
from marginspec_proofs.mutation.mutants import ENGINE, RULES, Mutant, chosen_mutants
from marginspec_proofs.mutation.several_lines import OF_LOOPS, SWAPPED
from marginspec_tools.console import QuietPool, with_progress

TABLE = Path("docs/theorems/mutants.json")
PAGE = Path("docs/theorems/mutants.md")
REASONS = Path("docs/theorems/survivors.toml")
SAVED_EVERY = 10

assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"


@attrs.frozen
class Row:
    """A judged mutant: what was changed and where, what killed it on which evidence, and the hash of its inputs."""

    id: str
    function: str
    line: int
    what: str
    killed_by: Killer | None
    evidence: str
    inputs: str

    @property
    def judgement(self) -> Judgement:
        """What the row says of its mutant."""
        return Judgement(self.killed_by, self.evidence)

    @property
    def is_of_the_engine(self) -> bool:
        """Whether its function is one of the optimized engine's."""
        return self.function.startswith(f"{ENGINE.name}.")

    @property
    def is_of_several_lines(self) -> bool:
        """Whether its fault is one of several lines."""
        return self.id.rpartition(":")[2].rpartition("-")[0] in (SWAPPED, *OF_LOOPS)


@attrs.define
class Table:
    """Rows by mutant, and what the theorems cost on the right rules."""

    rows: dict[str, Row]
    weights: dict[str, Weight]


def read_table(root: Path) -> Table:
    """The table as it was left; empty if there is none yet."""
    path = root / TABLE
    if not path.is_file():
        return Table({}, {})
    read = json.loads(path.read_text("utf-8"))
    rows, weights = [Row(**one) for one in read["rows"]], read["theorems"]
    return Table({one.id: one for one in rows}, {name: Weight(**one) for name, one in weights.items()})


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
    return row is not None and row == row_of(mutant, row.judgement, root)


def run_campaign(root: Path, beginnings: tuple[str, ...], jobs: int) -> list[Row]:
    """Judge the mutants whose ids begin so (all, if none is named) and whose rows are not current; give all rows.

    Survivors without a reason are judged again, as a test may have been written since.
    """
    if not (root / RULES).is_dir() or not all((root / tests).is_dir() for tests in TESTS):
        raise click.UsageError("mutants need a checkout of the project: run this at its top")
    mutants = {one.id: one for one in chosen_mutants(root)}
    table = read_table(root)
    table.rows = {name: row for name, row in table.rows.items() if name in mutants}
    unexplained = {row.id for row in unexplained_rows(table.rows.values(), read_reasons(root))}
    wanted = [
        one
        for name, one in mutants.items()
        if name.startswith(beginnings or ("",))
        and (name in unexplained or not is_current(one, table.rows.get(name), root))
    ]
    check_unchanged(root, {one.package for one in wanted})
    if wanted:
        table.weights = current_weights(root, table.weights, jobs)
    judge_all(root, wanted, table, jobs)
    return [table.rows[name] for name in mutants if name in table.rows]


def unexplained_rows(rows: Iterable[Row], reasons: dict[str, str]) -> list[Row]:
    """Survivors without a written reason."""
    return [row for row in rows if row.killed_by is None and not reasons.get(row.id, "").strip()]


def judge_all(root: Path, wanted: list[Mutant], table: Table, jobs: int) -> None:
    """Judge mutants and put their rows into the table, which is saved on the way and at every end.

    A row that has not had its turn stays as it was, and so does its hash, which shows that it is old.
    """
    with ThreadPoolExecutor(jobs) as pool:
        begun = {}
        for mutant in wanted:
            known = table.rows[mutant.id].judgement if mutant.id in table.rows else SURVIVED
            begun[pool.submit(judge, mutant, root, table.weights, known)] = mutant
        try:
            for count, one in enumerate(with_progress(as_completed(begun), "judging mutants", len(wanted)), 1):
                table.rows[begun[one].id] = row_of(begun[one], one.result(), root)
                if count % SAVED_EVERY == 0:
                    save(root, table)
        finally:
            pool.shutdown(cancel_futures=True)
            save(root, table)


def check_unchanged(root: Path, packages: Iterable[Path]) -> None:
    """Refuse rules, or an engine, that their own tests refute as they are."""
    for package in packages:
        failed = unchanged_failure(root, package)
        if failed:
            raise click.UsageError(f"the rules as they are fail a test, so that no mutant can be judged: {failed}")


def current_weights(root: Path, known: Weights, jobs: int) -> dict[str, Weight]:
    """What each theorem costs on the rules as they are; refuses rules that their own theorems refute."""
    named = sorted({one.id for mutant in chosen_mutants(root) for one in mutant.theorems})
    found = {name: known[name] for name in named if name in known and known[name].inputs == current_hash(name)}
    with QuietPool(jobs) as pool:
        begun = {pool.submit(weigh, name): name for name in named if name not in found}
        try:
            done = with_progress(as_completed(begun), "weighing theorems", len(begun))
            found.update((begun[one], one.result()) for one in done)
        except NotProved as error:
            raise click.UsageError(str(error)) from error
    return {name: found[name] for name in named}


def save(root: Path, table: Table) -> None:
    """Write the table and its page, in the order of the mutants."""
    listed = [table.rows[one.id] for one in chosen_mutants(root) if one.id in table.rows]
    (root / TABLE).parent.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join(json.dumps(attrs.asdict(row), ensure_ascii=False) for row in listed)
    weights = ",\n".join(f'"{name}": {json.dumps(attrs.asdict(one))}' for name, one in table.weights.items())
    with atomic_writer(root / TABLE) as stream:
        stream.write(f'{{"mutants": 1, "theorems": {{\n{weights}\n}}, "rows": [\n{rows}\n]}}\n'.encode())
    (root / PAGE).write_text(page_text(listed, read_reasons(root)), "utf-8")


def open_questions(root: Path) -> list[str]:
    """What is wrong with the table: mutants to be judged anew, survivors without a reason, needless reasons."""
    rows, reasons = read_table(root).rows, read_reasons(root)
    mutants = {one.id: one for one in chosen_mutants(root)}
    survivors = {row.id for row in rows.values() if row.killed_by is None}
    found = [
        f"{name} is to be judged anew" for name, one in mutants.items() if not is_current(one, rows.get(name), root)
    ]
    found += [f"{name} is no mutant" for name in rows if name not in mutants]
    found += [f"{row.id} survives without a reason" for row in unexplained_rows(rows.values(), reasons)]
    found += [f"{name} has a reason, but does not survive" for name in sorted(set(reasons) - survivors)]
    listed = [rows[name] for name in mutants if name in rows]
    page = root / PAGE
    if not page.is_file() or page.read_text("utf-8") != page_text(listed, reasons):
        found.append(f"{PAGE} does not say what {TABLE.name} says")
    return found


def page_text(rows: list[Row], reasons: dict[str, str]) -> str:
    """The table as a page of Markdown: counts of each function, and every survivor with its reason."""
    survivors = [row for row in rows if row.killed_by is None]
    lines = [
        "# Mutants",
        "",
        "Generated by `marginspec prove --mutants`; do not edit.",
        "Each mutant is a small fault in one function of the rules: a comparison, an operation, a constant,",
        "a direction of rounding, arguments, a branch or a statement; or of several lines: a loop that ends too early,",
        "a member that is skipped, a figure that is not taken anew.",
        "The theorems that name the function are tried on it first, then the tests that cite its clauses,",
        "then all tests of the rules.",
        "In the optimized engine's copy of the rules faults of several lines alone are planted, swapped statements",
        "among them; `tests/engine/test_uncompiled.py` judges, which compares both without compiling.",
        "Assertions are not changed, as they state nothing of their own.",
        "",
        totals(rows),
        "",
        "| mutants | in all | killed by proof | by tests | survive |",
        "|---|--:|--:|--:|--:|",
        counted("of the specification", [row for row in rows if not row.is_of_the_engine]),
        counted("of the engine", [row for row in rows if row.is_of_the_engine]),
        counted("of several lines, of either", [row for row in rows if row.is_of_several_lines]),
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
        yield counted(f"`{function.removeprefix('marginspec.')}`", list(group))


def counted(name: str, rows: list[Row]) -> str:
    """A line of a table: how many mutants, and what became of them."""
    counts = [len(rows), count_of(rows, "proof"), count_of(rows, "tests"), count_of(rows, None)]
    return f"| {name} | " + " | ".join(map(str, counts)) + " |"


def count_of(rows: list[Row], killer: Killer | None) -> int:
    """How many rows have this killer."""
    return sum(row.killed_by == killer for row in rows)


def campaign_code(beginnings: tuple[str, ...], jobs: int, as_json: bool) -> int:
    """Run the campaign in this checkout and print what came of it; 1 if a mutant survives without a written reason."""
    rows = run_campaign(Path.cwd(), beginnings, jobs)
    unexplained = unexplained_rows(rows, read_reasons(Path.cwd()))
    if as_json:
        for row in rows:
            click.echo(json.dumps(attrs.asdict(row)))
    else:
        for row in unexplained:
            click.echo(f"{row.id} survives without a reason: {row.what}")
        click.echo(totals(rows))
    return 1 if unexplained else 0
