"""What is proved, as documents: docs/theorems/status.json, and docs/theorems/README.md made from it.

Both are written by a run of all theorems only (`marginspec prove --status`). Each theorem's entry carries the hash of
all that it can reach, so that a test sees when a proof is of other code than today's.
"""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs

import marginspec_proofs.theorems
from marginspec_journal.atomic import atomic_writer
from marginspec_proofs.prover.sources import machinery_hash, theorem_hash
from marginspec_proofs.prover.statements import REGISTRY

FOLDER = Path("docs/theorems")
STATUS, PAGE = FOLDER / "status.json", FOLDER / "README.md"
SOLVERS = {"Z3": "z3-solver", "cvc5": "cvc5"}
THEOREM_ID = re.compile(r"\bT-[A-Z]+-(?:\d+|[A-Z]+)\b")
HEAD = "| theorem | says | clauses | scope | status | paths | obligations |"
NOT_PAGES = ("README.md", "mutants.md", "unshown.md")


@attrs.frozen
class Entry:
    """A theorem as it was proved: status, counts, what each solver needed, and the hash of all that it reaches."""

    id: str
    status: str
    paths: int
    obligations: int
    z3_resources: int
    cvc5_resources: int
    hash: str


@attrs.frozen
class ProofStatus:
    """All theorems as they were proved, with which solvers, by which machinery."""

    solvers: dict[str, str]
    machinery: str
    theorems: tuple[Entry, ...]


def solver_versions() -> dict[str, str]:
    """The installed solvers."""
    return {name: version(package) for name, package in SOLVERS.items()}


def entry_of(summary: Any) -> Entry:
    """A theorem's entry, from what became of it."""
    counts = (summary.paths, summary.obligations, summary.z3_resources, summary.cvc5_resources)
    return Entry(summary.id, summary.status, *counts, theorem_hash(REGISTRY[summary.id]))


def write_status(root: Path, summaries: list[Any]) -> None:
    """Write both documents of a checkout, from a run of all theorems."""
    assert [one.id for one in summaries] == list(REGISTRY), "a status is of all theorems"
    status = ProofStatus(solver_versions(), machinery_hash(), tuple(entry_of(one) for one in summaries))
    lines = ",\n".join(json.dumps(attrs.asdict(entry)) for entry in status.theorems)
    head = json.dumps({"solvers": status.solvers, "machinery": status.machinery})[:-1]
    with atomic_writer(root / STATUS) as stream:
        stream.write(f'{head}, "theorems": [\n{lines}\n]}}\n'.encode())
    with atomic_writer(root / PAGE) as stream:
        stream.write(page_text(root, status).encode())


def read_status(root: Path) -> ProofStatus:
    """The status as it stands in a checkout."""
    stated = json.loads((root / STATUS).read_text("utf-8"))
    entries = tuple(Entry(**one) for one in stated["theorems"])
    return ProofStatus(stated["solvers"], stated["machinery"], entries)


def pages_of(root: Path) -> dict[str, list[str]]:
    """The pages on theorems, each with the theorems that it introduces: those at the beginning of a heading or item."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / FOLDER).glob("*.md")):
        if path.name not in NOT_PAGES:
            lines = [line for line in path.read_text("utf-8").splitlines() if line.startswith(("#", "- **"))]
            found[path.name] = [one for line in lines for one in THEOREM_ID.findall(introduction(line))]
    return found


def introduction(line: str) -> str:
    """What a heading or an item introduces: the whole heading, or what stands before an item's colon."""
    return line if line.startswith("#") else line.partition(":")[0]


def flaws(root: Path) -> list[str]:
    """What is stale or missing in the documents on proofs."""
    if not (root / STATUS).is_file():
        return ["there is no status: run `marginspec prove --status`"]
    status = read_status(root)
    entries = {entry.id: entry for entry in status.theorems}
    found = [f"{one} has no status" for one in REGISTRY if one not in entries]
    found += [f"{one} is no theorem any more" for one in entries if one not in REGISTRY]
    known = [entry for entry in status.theorems if entry.id in REGISTRY]
    found += [f"{one.id} is {one.status}" for one in known if one.status != "proved"]
    found += [f"{one.id} was proved of other code" for one in known if one.hash != theorem_hash(REGISTRY[one.id])]
    if status.machinery != machinery_hash():
        found.append("the proofs were made by other machinery")
    if status.solvers != solver_versions():
        found.append(f"the proofs were made with {status.solvers}, not {solver_versions()}")
    found += page_flaws(root)
    if not found and (root / PAGE).read_text("utf-8") != page_text(root, status):
        found.append(f"{PAGE.as_posix()} is not what the status gives")
    return found


def page_flaws(root: Path) -> Iterator[str]:
    """Theorems that no page introduces, or two; ids on pages that no theorem has."""
    introduced = [one for ids in pages_of(root).values() for one in ids]
    yield from (f"no page introduces {one}" for one in REGISTRY if one not in introduced)
    yield from (f"{one} is introduced twice" for one in REGISTRY if introduced.count(one) > 1)
    yield from (f"a page introduces {one}, which is no theorem" for one in introduced if one not in REGISTRY)


def page_text(root: Path, status: ProofStatus) -> str:
    """The page of Markdown: a table for each page on theorems."""
    entries = {entry.id: entry for entry in status.theorems}
    proved = sum(entry.status == "proved" for entry in status.theorems)
    obligations = sum(entry.obligations for entry in status.theorems)
    solvers = " and ".join(f"{name} {number}" for name, number in status.solvers.items())
    lines = [
        "# Theorems",
        "",
        "Generated by `marginspec prove --status`; do not edit.",
        "",
        f"{len(entries)} theorems, {proved} proved: {obligations:,} obligations, each by {solvers}.",
        "Which faults in the rules they find is told in [mutants](mutants.md).",
    ]
    for page, ids in pages_of(root).items():
        title = (root / FOLDER / page).read_text("utf-8").splitlines()[0].removeprefix("# ")
        lines += ["", f"## [{title}]({page})", "", HEAD, "|---|---|---|---|---|--:|--:|"]
        lines += [row_of(entries[one]) for one in ids if one in entries]
    return "\n".join(lines) + "\n"


def row_of(entry: Entry) -> str:
    """A theorem's row."""
    theorem = REGISTRY[entry.id]
    said = (entry.id, theorem.sentence, " ".join(theorem.rules), theorem.scope, entry.status)
    return "| " + " | ".join([*said, f"{entry.paths:,}", f"{entry.obligations:,}"]) + " |"


assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
