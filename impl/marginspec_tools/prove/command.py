"""`marginspec prove`: the theorems, proved on the rulebook's own functions by two solvers."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import as_completed
from contextlib import contextmanager
from pathlib import Path

import attrs
import click
from rich.table import Table

import marginspec_proofs.theorems
from marginspec_journal import Record, write_journal
from marginspec_journal.states import opening, write_state
from marginspec_proofs.prover.certificates import Flaw, flaws_of, listed_certificates, seal, write_certificate
from marginspec_proofs.prover.proving import Status, prove
from marginspec_proofs.prover.replaying import run_of
from marginspec_proofs.prover.statements import REGISTRY
from marginspec_proofs.theorems.necessity import AN_EXAMPLE
from marginspec_tools.console import (
    QuietPool,
    json_option,
    people_console,
    refuse_parameters,
    refusing_os_errors,
    whole_folder,
    with_progress,
)
from marginspec_tools.prove.counterexamples import example_of
from marginspec_tools.prove.mutants import campaign_code
from marginspec_tools.prove.status import FOLDER, write_status

STATED = "witnesses"
"""How the scope of a theorem begins whose example is numbers that it states."""
MOST_CALLS = 20
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
@click.option("--fast", is_flag=True, help="Only theorems that take a few seconds.")
@click.option(
    "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="all cores", help="How many processes."
)
@click.option(
    "--export",
    type=click.Path(path_type=Path),
    help="Write what the solvers answered, as certificates, into a new folder.",
)
@click.option(
    "--recheck",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Have the solvers check the certificates in this folder again.",
)
@click.option(
    "--mutants",
    is_flag=True,
    help="Change the rules, one fault at a time: does a theorem or a test notice it?  ID: prefix of mutants' ids.",
)
@click.option("--status", is_flag=True, help="Prove all theorems and write docs/theorems/status.json and README.md.")
@click.option(
    "--journal", type=click.Path(path_type=Path), help="Write the theorem's example or counterexample as a journal."
)
@click.option("--state", type=click.Path(path_type=Path), help="Write the state that the example starts from.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    ids: tuple[str, ...],
    fast: bool,
    jobs: int,
    export: Path | None,
    recheck: Path | None,
    mutants: bool,
    status: bool,
    journal: Path | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """Prove theorems by id, or all whose ids begin so (T-ADL); without ids, all.

    Exit codes: 0 all are proved; 1 one fails; 2 wrong usage; 4 none fails, but a solver finds no answer.
    """
    check_options(context)
    if mutants:
        context.exit(campaign_code(ids, jobs, as_json))
    if recheck is not None:
        context.exit(recheck_code(recheck, jobs, as_json))
    chosen = chosen_ids(ids, fast)
    if (journal is not None or state is not None) and len(chosen) != 1:
        raise click.UsageError(
            "--journal and --state need one theorem: name it, as in marginspec prove T-NUM-1 --journal FILE"
        )
    if export is None:
        summaries = proved_in_parallel(chosen, jobs, None)
    else:
        with whole_folder(export) as folder:
            summaries = proved_in_parallel(chosen, jobs, folder)
            seal(folder)
    if status:
        write_status(Path(), summaries)
    if journal is not None or state is not None:
        write_example(journal, state, summaries)
    for text in json_lines(summaries) if as_json else failure_lines(summaries):
        click.echo(text)
    if not as_json:
        print_table(summaries)
    context.exit(exit_code(summaries))


def check_options(context: click.Context) -> None:
    """Refuse what would do nothing in a check of certificates, of mutants, or in a run that writes the status."""
    if context.params["mutants"]:
        others = ["fast", "export", "recheck", "status", "journal", "state"]
        refuse_parameters(context, others, "has no effect with --mutants: leave it out")
    if context.params["recheck"] is not None:
        others = ["ids", "fast", "export", "status", "journal", "state"]
        refuse_parameters(context, others, "has no effect with --recheck: leave it out")
    if context.params["status"]:
        others = ["ids", "fast", "journal", "state"]
        refuse_parameters(context, others, "cannot be combined with --status, which proves all theorems")
        if not FOLDER.is_dir():
            raise click.UsageError("--status must be run at the top of a checkout")


def exit_code(summaries: list[Summary]) -> int:
    """0 if all are proved; else that of a failure, before that of a solver which does not know."""
    codes = {EXIT_CODES[one.status] for one in summaries} - {0}
    return min(codes, default=0)


def chosen_ids(ids: tuple[str, ...], fast: bool) -> list[str]:
    """The theorems that the arguments name, in order of their definition; refuses what names none.

    An argument that is a theorem's id names this one only (T-ADL-1), any other all that begin so.
    """
    assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
    named: set[str] = set()
    for wanted in ids or ("",):
        found = [wanted] if wanted in REGISTRY else [name for name in REGISTRY if name.startswith(wanted)]
        if not found:
            raise click.BadParameter(f"there is no theorem {wanted}", param_hint="ID")
        named.update(found)
    chosen = [name for name in REGISTRY if name in named and (REGISTRY[name].fast or not fast)]
    if not chosen:
        raise click.UsageError("none of these theorems is fast")
    return chosen


def proved_in_parallel(ids: list[str], jobs: int, certificates: Path | None) -> list[Summary]:
    """Summaries in the order of the ids; slow theorems begin first, so that none is left alone at the end."""
    with fixed_hash_seed(), QuietPool(jobs) as pool:
        begun = {
            pool.submit(summary_of, name, certificates): name
            for name in sorted(ids, key=lambda name: REGISTRY[name].fast)
        }
        summaries = {begun[one]: one.result() for one in with_progress(as_completed(begun), "proving", len(begun))}
    return [summaries[name] for name in ids]


@contextmanager
def fixed_hash_seed() -> Iterator[None]:
    """Processes begun in here hash texts alike: the order of some maps hangs on that, and so does a proof's cost."""
    seed = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = "0"
    try:
        yield
    finally:
        if seed is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = seed


def json_lines(summaries: list[Summary]) -> Iterator[str]:
    """A line a theorem for programs."""
    for one in summaries:
        yield json.dumps({"prove": 1, **attrs.asdict(one)})


def failure_lines(summaries: list[Summary]) -> Iterator[str]:
    """What was found against the theorems that are not proved, with its numbers and what the rules do with them.

    Of a theorem that is proved and about an example, its example.
    """
    for one in summaries:
        if one.status != "proved":
            yield f"{one.id} is {one.status}: {one.failure}"
            yield from example_lines(one, one.counterexample)
        elif one.scope == AN_EXAMPLE or one.scope.startswith(STATED):
            yield f"{one.id} has an example:"
            yield from example_lines(one, one.witness)


def example_lines(one: Summary, numbers: dict[str, int] | None) -> Iterator[str]:
    """Numbers, the calls that the theorem makes with them, and how to get them as files where they are such."""
    if numbers is None:
        return
    yield from (f"    {name} = {value}" for name, value in numbers.items())
    run = run_of(REGISTRY[one.id], numbers)
    yield from (f"    {text}" for text in list(dict.fromkeys(call.text() for call in run.calls))[:MOST_CALLS])
    example = example_of(run)
    if example is None:
        return
    if example.begins_empty():
        yield f"    a journal of it: marginspec prove {one.id} --journal FILE"
        return
    yield f"    as files: marginspec prove {one.id} --state STATE --journal FILE, for replay --from STATE FILE"
    for broken in example.broken:
        yield f"    which refuses the state, as {broken.invariant} is broken: {broken.what}, {broken.where}"


def write_example(journal: Path | None, state: Path | None, summaries: list[Summary]) -> None:
    """Write a theorem's counterexample, or its witness: the events that it applies, the state that they begin in."""
    (only,) = summaries
    numbers = only.counterexample or only.witness
    example = example_of(run_of(REGISTRY[only.id], numbers)) if numbers is not None else None
    if example is None:
        raise click.UsageError(f"{only.id} has no example that a file can hold; its calls are all that there is")
    if state is None and not example.begins_empty():
        raise click.UsageError(f"the example of {only.id} starts from a state: name a file for it with --state")
    if state is not None:
        with refusing_os_errors(state):
            write_state(state, opening(example.start))
    if journal is not None:
        with refusing_os_errors(journal):
            write_journal(journal, example.start.header, [Record(*one) for one in enumerate(example.events, 2)])


def print_table(summaries: list[Summary]) -> None:
    """A table for people."""
    console = people_console()
    table = Table("theorem", "status", "scope")
    for title in ("paths", "obligations", "Z3", "its steps", "cvc5", "its steps"):
        table.add_column(title, justify="right")
    table.add_column("sentence")
    for one in summaries:
        first = (one.z3.get("unsat", 0), one.z3_resources)
        second = (one.cvc5.get("unsat", 0), one.cvc5_resources)
        counts = [f"{count:,}" for count in (one.paths, one.obligations, *first, *second)]
        table.add_row(one.id, one.status, one.scope, *counts, one.sentence)
    console.print(table)
    statuses = Counter(one.status for one in summaries)
    console.print(", ".join(f"{count} {status}" for status, count in sorted(statuses.items())))


def checked_flaws(place: Path, known: str) -> list[Flaw]:
    """The flaws of a certificate, in a process that has all theorems, as importing this module gives it."""
    return flaws_of(place, known)


def recheck_code(folder: Path, jobs: int, as_json: bool) -> int:
    """Check certificates that were written before, against the rules as they are; 1 if one does not hold."""
    listed = listed_certificates(folder)
    assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
    with fixed_hash_seed(), QuietPool(jobs) as pool:
        waiting = [pool.submit(checked_flaws, folder / name, known) for name, known in listed.items()]
        flaws = [flaw for one in with_progress(waiting, "checking", len(waiting)) for flaw in one.result()]
    flaws += [
        Flaw(path.name, "is not in the list of certificates")
        for path in sorted(folder.iterdir())
        if path.is_dir() and path.name not in listed
    ]
    for flaw in flaws:
        click.echo(json.dumps(attrs.asdict(flaw)) if as_json else f"{flaw.file}: {flaw.why}")
    if not as_json:
        click.echo(f"{len(listed)} certificates, {len(flaws)} flaws")
    return 1 if flaws or not listed else 0
