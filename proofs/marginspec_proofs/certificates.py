"""Certificates: every obligation of a theorem as SMT-LIB, with both solvers' answers, for others to check again."""

import json
from collections.abc import Iterator
from hashlib import sha256
from inspect import getsource
from pathlib import Path
from typing import Any

import attrs

from marginspec_proofs.proving import Outcome, Proved
from marginspec_proofs.solvers import ask_cvc5, ask_z3, versions
from marginspec_proofs.statements import Theorem

MANIFEST = "manifest.json"


@attrs.frozen
class Flaw:
    """What is wrong with a certificate: the file, and why it does not hold."""

    file: str
    why: str


def source_hash(theorem: Theorem) -> str:
    """SHA-256 of the theorem's own text and that of the rulebook's functions which it names."""
    texts = [getsource(theorem.statement), *(getsource(function) for function in theorem.functions)]
    return sha256("\n".join(texts).encode()).hexdigest()


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
        "source_sha256": source_hash(theorem),
        "witness": outcome.witness,
        "obligations": rows,
    }
    (place / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=True) + "\n", "utf-8")


def write_obligation(place: Path, number: int, one: Proved) -> dict[str, Any]:
    """Write one obligation, and give its row of the manifest."""
    script = one.judged.obligation.script
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


def check_certificates(folder: Path) -> Iterator[Flaw]:
    """Read certificates, and nothing else: hashes are compared, and both solvers asked anew from each text."""
    for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
        stated = json.loads(manifest.read_text("utf-8"))
        if stated["status"] != "proved":
            yield Flaw(f"{manifest.parent.name}/{MANIFEST}", f"the theorem is {stated['status']}")
        for row in stated["obligations"]:
            path = manifest.parent / row["file"]
            why = flaw_of(path, row)
            if why is not None:
                yield Flaw(f"{manifest.parent.name}/{row['file']}", why)


def flaw_of(path: Path, row: dict[str, Any]) -> str | None:
    """Why an obligation does not hold; None if it does."""
    if not path.is_file():
        return "missing"
    script = path.read_text("utf-8")
    if sha256(script.encode()).hexdigest() != row["sha256"]:
        return "its text is not the one that was hashed"
    for solver, verdict in (("z3", ask_z3(script).verdict), ("cvc5", ask_cvc5(script).verdict)):
        if verdict != "unsat":
            return f"{solver} says {verdict}"
    return None
