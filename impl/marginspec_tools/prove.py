"""`marginspec prove`: the theorems, proved on the rulebook's own functions by two solvers."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import attrs
import click
from rich.table import Table

import marginspec_proofs.theorems
from marginspec_proofs.certificates import check_certificates, write_certificate
from marginspec_proofs.proving import Status, prove
from marginspec_proofs.statements import REGISTRY
from marginspec_tools.outputs import people_console, refusals, unwritable
from marginspec_tools.progress import counted

EXIT_CODES: dict[Status, int] = {"proved": 0, "failed": 1, "vacuous": 1, "unknown": 4}


@attrs.frozen
class Summary:
    """What became of a theorem, without its obligations: counts, solvers' verdicts and costs, numbers against it."""

    id: str
    sentence: str
    rules: tuple[str, ...]
    scope: str
    uses: tuple[str, ...]
    status: Status
    paths: int
    obligations: int
    z3: dict[str, int]
    cvc5: dict[str, int]
    z3_resources: int
    cvc5_resources: int
    failure: str
    counterexample: dict[str, int] | None
    witness: dict[str, int] | None


def summary_of(theorem_id: str, certificates: Path | None) -> Summary:
    """Prove a theorem; leave its certificate in a folder, if one is given."""
    outcome = prove(REGISTRY[theorem_id])
    if certificates is not None:
        write_certificate(certificates, outcome)
    theorem = outcome.theorem
    return Summary(
        id=theorem.id,
        sentence=theorem.sentence,
        rules=theorem.rules,
        scope=theorem.scope,
        uses=theorem.uses,
        status=outcome.status,
        paths=outcome.paths,
        obligations=len(outcome.obligations),
        z3=dict(Counter(one.judged.answer.verdict for one in outcome.obligations)),
        cvc5=dict(Counter(one.second.verdict for one in outcome.obligations if one.second is not None)),
        z3_resources=outcome.z3_resources,
        cvc5_resources=outcome.cvc5_resources,
        failure=outcome.failure,
        counterexample=outcome.counterexample,
        witness=outcome.witness,
    )


@click.command("prove")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--fast", is_flag=True, help="Only theorems that the tests prove too.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="all cores")
@click.option("--export", type=click.Path(path_type=Path), help="Write certificates into a new folder.")
@click.option("--recheck", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Check certificates.")
@click.option("--json", "as_json", is_flag=True, help="Lines for programs.")
def command(
    ids: tuple[str, ...], fast: bool, jobs: int, export: Path | None, recheck: Path | None, as_json: bool
) -> None:
    """Prove theorems by their ids, or all that begin so (T-ADL); without ids, all.

    Exit codes: 0 all are proved; 1 one fails; 4 a solver does not know.
    """
    if recheck is not None:
        click.get_current_context().exit(recheck_code(recheck, as_json))
    chosen = [name for name in chosen_ids(ids) if not fast or REGISTRY[name].fast]
    if export is None:
        summaries = proved_in_parallel(chosen, jobs, None)
    else:
        with new_folder(export) as folder:
            summaries = proved_in_parallel(chosen, jobs, folder)
    for text in json_lines(summaries) if as_json else failure_lines(summaries):
        click.echo(text)
    if not as_json:
        show(summaries)
    click.get_current_context().exit(max(EXIT_CODES[one.status] for one in summaries))


def chosen_ids(ids: tuple[str, ...]) -> list[str]:
    """The theorems that the arguments name, in order of their definition; refuses what names none."""
    assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
    for wanted in ids:
        if not any(name.startswith(wanted) for name in REGISTRY):
            raise click.BadParameter(f"there is no theorem {wanted}", param_hint="ID")
    return [name for name in REGISTRY if not ids or name.startswith(ids)]


def proved_in_parallel(ids: list[str], jobs: int, certificates: Path | None) -> list[Summary]:
    """Summaries in the order of the ids; each theorem is proved in a process of its own choice of solver state."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(summary_of, name, certificates) for name in ids]
        return [one.result() for one in counted(waiting, "proving")]


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that appears under its path when all is in it; refuses a path where something is."""
    if path.exists() or path.is_symlink():
        raise unwritable(path, "already there; certificates go into a new folder")
    with refusals(path), tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as place:
        folder = Path(place) / "certificates"
        folder.mkdir()
        yield folder
        folder.rename(path)


def json_lines(summaries: list[Summary]) -> Iterator[str]:
    """A line a theorem for programs."""
    for one in summaries:
        yield json.dumps({"prove": 1, **attrs.asdict(one)})


def failure_lines(summaries: list[Summary]) -> Iterator[str]:
    """What was found against the theorems that are not proved, with its numbers."""
    for one in summaries:
        if one.status != "proved":
            yield f"{one.id} is {one.status}: {one.failure}"
            for name, value in (one.counterexample or {}).items():
                yield f"    {name} = {value}"


def show(summaries: list[Summary]) -> None:
    """A table for people."""
    console = people_console()
    table = Table("theorem", "status", "scope", "paths", "obligations", "Z3", "cvc5", "sentence")
    for one in summaries:
        counts: list[Any] = [one.paths, one.obligations, one.z3.get("unsat", 0), one.cvc5.get("unsat", 0)]
        table.add_row(one.id, one.status, one.scope, *map(str, counts), one.sentence)
    console.print(table)
    statuses = Counter(one.status for one in summaries)
    console.print(", ".join(f"{count} {status}" for status, count in sorted(statuses.items())))


def recheck_code(folder: Path, as_json: bool) -> int:
    """Check certificates that were written before; 1 if one does not hold."""
    flaws = list(check_certificates(folder))
    for flaw in flaws:
        click.echo(json.dumps(attrs.asdict(flaw)) if as_json else f"{flaw.file}: {flaw.why}")
    if not flaws and not as_json:
        click.echo("all certificates hold")
    return 1 if flaws else 0
