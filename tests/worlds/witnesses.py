"""The journals of theorems whose example is what they are about.

`make recordings` writes them into tests/vectors/witnesses, from the theorems themselves.
tests/proofs/test_replaying.py holds both to each other.
"""

from pathlib import Path

import marginspec_proofs.theorems
from marginspec_journal import Record, write_journal
from marginspec_proofs.prover.replaying import run_of
from marginspec_proofs.prover.statements import REGISTRY

FOLDER = Path(__file__).parents[1] / "vectors" / "witnesses"
EXAMPLES = {
    "T-WHY-1": {"insurance": 1},
    "T-WHY-2": {"insurance": 1},
    "T-WHY-3": {"price": 40},
    "T-WHY-4": {"entry": 90},
    "T-WHY-5": {"insurance": 6},
    "T-WHY-6": {"insurance": 1},
    "T-BAND-24": {"mark": 11},
    "T-BAND-25": {"mark": 9},
    "T-BAND-26": {"mark": 9},
    "T-BAND-27": {"mark": 1_793_085},
    "T-LUNCH-7": {"mark": 140},
}
"""The numbers of each journal. They are kept here, as a solver may find others that are as good."""

assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"


def write_witness(theorem_id: str, folder: Path) -> Path:
    """Write the journal of a theorem's example into a folder."""
    found = run_of(REGISTRY[theorem_id], EXAMPLES[theorem_id]).history()
    assert found is not None, f"{theorem_id} applies events"
    assert found.begins_empty(), f"{theorem_id} begins in an empty state"
    path = folder / f"{theorem_id}.jsonl"
    write_journal(path, found.start.header, [Record(line, event) for line, event in enumerate(found.events, 2)])
    return path


if __name__ == "__main__":
    for name in EXAMPLES:
        write_witness(name, FOLDER)
