"""Certificates: every obligation of a theorem as SMT-LIB, with both solvers' answers, for others to check again."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
from z3 import Z3Exception

from marginspec_journal.errors import InputError, unreadable
from marginspec_proofs.prover.proving import Outcome, Proved
from marginspec_proofs.prover.solvers import ask_cvc5, ask_z3, versions
from marginspec_proofs.prover.sources import machinery_hash, theorem_hash

MANIFEST = "manifest.json"
INDEX = "certificates.json"
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


def listed_certificates(folder: Path) -> dict[str, str]:
    """The manifests' hashes by theorem; refuses a folder that holds no certificates."""
    path = folder / INDEX
    try:
        listed = json.loads(path.read_text("utf-8"))
        return {str(name): str(known) for name, known in listed["manifests"].items()}
    except OSError as error:
        raise unreadable(path, error) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(str(path), None, None, "is not a list of certificates") from None


def flaws_of(place: Path, known: str) -> list[Flaw]:
    """Check a certificate by itself: hashes are compared, and both solvers asked anew from each text."""
    path = place / MANIFEST
    if not path.is_file() or sha256(path.read_bytes()).hexdigest() != known:
        return [Flaw(f"{place.name}/{MANIFEST}", "is missing, or not the one that was hashed")]
    manifest = json.loads(path.read_text("utf-8"))
    flaws: list[Flaw] = []
    if manifest["status"] != "proved":
        flaws.append(Flaw(f"{place.name}/{MANIFEST}", f"the theorem is {manifest['status']}"))
    rows = {row["file"]: row for row in manifest["obligations"]}
    extra = sorted({path.name for path in place.glob("*.smt2")} - set(rows))
    flaws.extend(Flaw(f"{place.name}/{name}", "is not in the manifest") for name in extra)
    for name, row in rows.items():
        why = flaw_of(place / name, row)
        if why is not None:
            flaws.append(Flaw(f"{place.name}/{name}", why))
    return flaws


def flaw_of(path: Path, row: dict[str, Any]) -> str | None:
    """Why an obligation does not hold; None if it does."""
    if not path.is_file():
        return "missing"
    script = path.read_text("utf-8")
    if sha256(script.encode()).hexdigest() != row["sha256"]:
        return "its text is not the one that was hashed"
    for solver, ask in (("z3", ask_z3), ("cvc5", ask_cvc5)):
        try:
            verdict = ask(script).verdict
        except (RuntimeError, Z3Exception):
            return f"{solver} cannot read it"
        if verdict != "unsat":
            return f"{solver} says {verdict}"
    return None
