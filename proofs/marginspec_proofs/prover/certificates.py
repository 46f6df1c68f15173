"""Certificates: every obligation of a theorem as SMT-LIB, with both solvers' answers, for others to check again."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
from z3 import Z3Exception

from marginspec_journal.errors import InputError
from marginspec_journal.whole_files import read_whole
from marginspec_proofs.prover import exploring
from marginspec_proofs.prover.exploring import TooManyPaths, explore
from marginspec_proofs.prover.proving import Outcome, Proved
from marginspec_proofs.prover.solvers import Z3_BUDGET, Answer, ask_cvc5, ask_z3, versions
from marginspec_proofs.prover.sources import machinery_hash, theorem_hash
from marginspec_proofs.prover.statements import REGISTRY, NumericCase, OutOfScope, SymbolicCase, Theorem

MANIFEST = "manifest.json"
INDEX = "certificates.json"
NAME = re.compile(r"[0-9]{5,9}\.smt2")
"""The names of the obligations' files."""
EXPECTED = "(set-info :status unsat)\n"
"""The head of every obligation: what a solver must answer."""


@attrs.frozen
class Flaw:
    """What is wrong with a certificate: the file, and why it does not hold."""

    file: str
    why: str


def write_certificate(folder: Path, outcome: Outcome) -> None:
    """Write a theorem's obligations and its manifest into a new folder of its own."""
    place = folder / outcome.theorem.id
    place.mkdir()
    rows = [write_obligation(place, number, one) for number, one in enumerate(outcome.obligations, 1)]
    theorem = outcome.theorem
    manifest: dict[str, Any] = {
        "theorem": theorem.id,
        "sentence": theorem.sentence,
        "rules": list(theorem.rules),
        "scope": theorem.scope,
        "uses": list(theorem.uses),
        "status": outcome.status,
        "solvers": versions(),
        "source_sha256": theorem_hash(theorem),
        "witness": outcome.witness,
        "obligations": rows,
    }
    (place / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=True) + "\n", "utf-8")


def write_obligation(place: Path, number: int, one: Proved) -> dict[str, Any]:
    """Write one obligation, and give its row of the manifest."""
    script = EXPECTED + one.judged.obligation.script
    name = f"{number:05}.smt2"
    (place / name).write_text(script, "utf-8")
    answer, second = one.judged.answer, one.second
    return {
        "file": name,
        "sha256": sha256(script.encode()).hexdigest(),
        "claim": one.judged.obligation.claim,
        "z3": {"verdict": answer.verdict, "resources": answer.resources},
        "cvc5": None if second is None else {"verdict": second.verdict, "resources": second.resources},
        "core": sorted({entry.rsplit(" #", 1)[0] for entry in answer.core}),
    }


def seal(folder: Path) -> None:
    """Write the list of all certificates in a folder, with the hash of each manifest."""
    manifests = {path.parent.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob(f"*/{MANIFEST}")}
    listed = {"certificates": 1, "machinery_sha256": machinery_hash(), "manifests": dict(sorted(manifests.items()))}
    (folder / INDEX).write_text(json.dumps(listed, indent=1) + "\n", "utf-8")


# ----------------------------------------------------------------- checking


def listed_certificates(folder: Path) -> dict[str, str]:
    """The manifests' hashes by theorem; refuses a folder that holds no certificates of this machinery."""
    path = folder / INDEX
    try:
        listed = json.loads(read_whole(path))
        found = {str(name): str(known) for name, known in listed["manifests"].items()}
        machinery = str(listed["machinery_sha256"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(str(path), None, None, "is not a list of certificates") from None
    if machinery != machinery_hash():
        raise InputError(str(path), None, "machinery_sha256", "made by other machinery than is here")
    return found


def flaws_of(place: Path, known: str) -> list[Flaw]:
    """Check a certificate: its hashes, each text by both solvers, and that its texts are what the rules ask for.

    The theorem is explored anew, without a solver: an obligation counts as proved if its text is the certificate's.
    So a text that was dropped, added or replaced is noticed, though the folder was sealed again.
    """
    file = f"{place.name}/{MANIFEST}"
    path = place / MANIFEST
    if not path.is_file() or sha256(text := read_whole(path)).hexdigest() != known:
        return [Flaw(file, "is missing, or not the one that was hashed")]
    if place.name not in REGISTRY:
        return [Flaw(file, "there is no such theorem")]
    theorem = REGISTRY[place.name]
    try:
        manifest = json.loads(text)
        rows = {name_of(row["file"]): str(row["sha256"]) for row in manifest["obligations"]}
        stated = {name: manifest[name] for name in claims_of(theorem)}
        numbers = {str(name): int(number) for name, number in manifest["witness"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [Flaw(file, "is not a manifest of a theorem that is proved")]
    flaws = [
        Flaw(file, f"its {name} is not that of the theorem")
        for name, one in claims_of(theorem).items()
        if stated[name] != one
    ]
    flaws += [Flaw(file, f"its witness {why}") for why in witness_flaws(theorem, numbers)]
    extra = sorted({path.name for path in place.glob("*.smt2")} - set(rows))
    flaws.extend(Flaw(f"{place.name}/{name}", "is not in the manifest") for name in extra)
    for name, digest in rows.items():
        why = flaw_of(place / name, digest)
        if why is not None:
            flaws.append(Flaw(f"{place.name}/{name}", why))
    return flaws + [Flaw(*one) for one in differences(theorem, file, rows)]


def name_of(stated: str) -> str:
    """The name of an obligation's file; ValueError if it is none, and might lead elsewhere."""
    if NAME.fullmatch(stated) is None:
        raise ValueError(stated)
    return stated


def claims_of(theorem: Theorem) -> dict[str, Any]:
    """What a certificate says of its theorem, if it is one of the theorem as it is now."""
    return {
        "theorem": theorem.id,
        "sentence": theorem.sentence,
        "rules": list(theorem.rules),
        "scope": theorem.scope,
        "uses": list(theorem.uses),
        "status": "proved",
        "source_sha256": theorem_hash(theorem),
    }


def witness_flaws(theorem: Theorem, numbers: dict[str, int]) -> Iterator[str]:
    """Why numbers are no example of a theorem, which without one might be about nothing."""
    case = NumericCase(numbers)
    try:
        theorem.statement(case)
    except (OutOfScope, LookupError) as error:
        yield f"is out of scope: {error}"
    if case.failed:
        yield f"refutes: {case.failed[0]}"


def differences(theorem: Theorem, manifest: str, rows: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Where the texts of a certificate are not those of the obligations that the theorem has by the rules."""
    shown, asked = set(rows.values()), set[str]()

    def is_among(script: str, budget: int) -> Answer:  # noqa: ARG001 - asked as a solver is
        digest = sha256((EXPECTED + script).encode()).hexdigest()
        asked.add(digest)
        return Answer("unsat" if digest in shown else "unknown", {}, (), 0)

    with asking(is_among):
        try:
            for path in explore(lambda path: theorem.statement(SymbolicCase(path)), Z3_BUDGET):
                missing = next((one for one in path.judged if one.answer.verdict != "unsat"), None)
                if missing is not None or path.raised is not None:
                    what = f"{type(path.raised).__name__}" if missing is None else missing.obligation.claim
                    yield manifest, f"an obligation of the theorem is not among its own: {what}"
                    return
        except TooManyPaths as error:
            yield manifest, f"the theorem cannot be explored: {error}"
            return
    place = manifest.partition("/")[0]
    for name, digest in rows.items():
        if digest not in asked:
            yield f"{place}/{name}", "is no obligation of the theorem"


@contextmanager
def asking(solver: Callable[[str, int], Answer]) -> Iterator[None]:
    """Have explorations ask this in place of Z3; they know of no other way, as all else asks Z3 itself."""
    names = vars(exploring)
    before = names["ask_z3"]
    names["ask_z3"] = solver
    try:
        yield
    finally:
        names["ask_z3"] = before


def flaw_of(path: Path, digest: str) -> str | None:
    """Why an obligation does not hold; None if it does."""
    if not path.is_file():
        return "missing"
    script = read_whole(path)
    if sha256(script).hexdigest() != digest:
        return "its text is not the one that was hashed"
    for solver, ask in (("z3", ask_z3), ("cvc5", ask_cvc5)):
        try:
            verdict = ask(script.decode("utf-8")).verdict
        except (RuntimeError, UnicodeDecodeError, Z3Exception):
            return f"{solver} cannot read it"
        if verdict != "unsat":
            return f"{solver} says {verdict}"
    return None
