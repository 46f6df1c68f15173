"""The theorems: the fast ones are proved anew, all of them are well-formed, and costs are the same in every run."""

from pathlib import Path

import pytest

import marginspec_proofs.theorems
from marginspec_proofs.prover.proving import prove
from marginspec_proofs.prover.sources import MACHINERY, reached, theorem_hash
from marginspec_proofs.prover.statements import INDUCTION, REGISTRY
from marginspec_tools.prove.mutants import read_table

assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"
WEIGHTS = read_table(Path(__file__).parents[2]).weights
MOST_QUESTIONS = 400
FAST = [
    name
    for name, one in REGISTRY.items()
    if one.fast and not (name in WEIGHTS and WEIGHTS[name].questions > MOST_QUESTIONS)
]
"""Those that take longer are left to `marginspec prove`; that they were proved of today's rules is tested of all."""
EXAMPLES = ("T-BAND-24", "T-BAND-25", "T-BAND-26", "T-BAND-27", "T-LUNCH-7", "T-WHY-2")
ENDED = {
    "T-KERNEL-5": {"it divides what is at least zero"},
    "T-KERNEL-26": {"rough scores are compared where there are some"},
    "T-SETTLE-1": {"T-SETTLE-4: who may be unhealthy is looked at"},
    "T-TRADE-4": {"a flip turns a position"},
    **{name: {"what is sought"} for name in EXAMPLES},
}
"""Assumptions that end a path, of the fast theorems: each leaves out numbers that the theorem does not speak of.

An example is sought among the numbers that show it.
"""
EXCLUDED = "assumption excluded: "
CHEAP = ("T-NUM-1", "T-SHARE-1", "T-CONS-2")


@pytest.mark.parametrize("theorem_id", FAST)
def test_a_fast_theorem_is_proved(theorem_id: str) -> None:
    outcome = prove(REGISTRY[theorem_id])
    assert outcome.status == "proved", f"{outcome.failure} {outcome.counterexample}"
    assert outcome.witnesses == outcome.paths > 0
    claims = {one.judged.obligation.claim for one in outcome.obligations}
    ended = {claim.removeprefix(EXCLUDED) for claim in claims if claim.startswith(EXCLUDED)}
    assert ended == ENDED.get(theorem_id, set()), "a path ends at an assumption, unseen"
    if REGISTRY[theorem_id].scope == INDUCTION:
        assert any(claim.startswith("step: ") for claim in claims)


@pytest.mark.parametrize("theorem_id", CHEAP)
def test_a_proof_costs_the_same_each_time(theorem_id: str) -> None:
    assert prove(REGISTRY[theorem_id]) == prove(REGISTRY[theorem_id])


@pytest.mark.parametrize("theorem_id", REGISTRY)
def test_a_theorem_says_what_it_is_about(theorem_id: str) -> None:
    theorem = REGISTRY[theorem_id]
    assert theorem.sentence.endswith(".")
    assert theorem.rules
    assert set(theorem.uses) <= set(REGISTRY)
    assert theorem_id not in theorem.uses


def test_the_hash_of_a_theorem_covers_what_it_reaches() -> None:
    theorem = REGISTRY["T-SHARE-3"]
    names = set(reached((theorem.statement, *theorem.functions)))
    assert {"marginspec.model.units.next_share", "marginspec.model.units.div_down"} <= names
    assert "marginspec_proofs.theorems.numbers.whole_multiples" in names
    assert not any(name.startswith(f"marginspec_proofs.prover.{module}.") for name in names for module in MACHINERY)
    assert theorem_hash(theorem) == theorem_hash(theorem)
    assert theorem_hash(theorem) != theorem_hash(REGISTRY["T-SHARE-1"])


def test_a_method_called_on_a_field_is_reached_by_the_type_of_the_field() -> None:
    theorem = REGISTRY["T-KERNEL-11"]
    assert "marginspec.model.market.TierTable" in reached((theorem.statement, *theorem.functions))
