"""What may be said of an engine, and under which conditions."""

import attrs
import pytest

from marginspec.model.state import Profile
from marginspec_conformance.comparing.levels import LEVELS, Counts, Standing

PASSED = Counts(cases=7, passed=5, skipped=1, undecided=1, events=40)


def standing(level: int, counts: Counts = PASSED) -> Standing:
    """What is said at a level after some cases."""
    return Standing(LEVELS[level], (Profile(),), "0.9", ("ADL-06",), counts, "0.01 (inclusive)")


@pytest.mark.parametrize(
    ("level", "sentence"),
    [
        (0, "calc: 5 of 7"),
        (1, "books sound: the engine's own balances kept the invariants over 40 events; no rule was compared"),
        (2, "decides as the rulebook over 40 events; balances were not compared"),
        (3, "decides as the rulebook, with balances within 0.01 (inclusive) at each of 40 events"),
        (4, "conforms in decisions and balances, exactly, over 40 events"),
        (5, "conforms in every receipt, by hash, over 40 events"),
    ],
)
def test_each_level_has_its_own_sentence(level: int, sentence: str) -> None:
    extent = "" if level == 0 else "; 5 of 7 cases passed"
    assert standing(level).sentence() == f"{sentence}{extent}"
    assert standing(level).conditions() == (
        f"level {level}, rulebook 2, profiles binance/levy, suite 0.9; "
        "clauses left out: ADL-06; skipped: 1; undecided: 1"
    )


def test_a_failure_and_nothing_decided_are_said_as_that() -> None:
    failed, nothing = standing(4, Counts(cases=3, passed=2, failed=1)), standing(4, Counts(cases=2, skipped=2))
    assert (failed.holds, failed.sentence()) == (False, "does not hold at level 4: 1 of 3 cases differ")
    assert (nothing.holds, nothing.sentence()) == (False, "nothing was decided at level 4")
    broken = standing(4, Counts(cases=3, passed=2, engine_failed=1))
    assert (broken.holds, broken.sentence()) == (False, "does not hold at level 4: the engine failed in 1 of 3 cases")
    both = standing(4, Counts(cases=3, passed=1, failed=1, engine_failed=1)).sentence()
    assert both == "does not hold at level 4: 1 of 3 cases differ; the engine failed in 1 of 3 cases"
    assert standing(4).holds


def test_of_an_engine_that_failed_nothing_good_is_said() -> None:
    found = standing(4, Counts(cases=3, passed=2, engine_failed=1, events=9))
    assert (found.holds, found.sentence()) == (False, "does not hold at level 4: the engine failed in 1 of 3 cases")


def test_of_a_part_of_the_suite_that_is_said() -> None:
    found = attrs.evolve(standing(4), part="the short suite and shard 1/2")
    assert found.sentence() == (
        "conforms in decisions and balances, exactly, over 40 events; 5 of 7 cases passed, "
        "of the short suite and shard 1/2 only"
    )
    assert "suite 0.9, of the short suite and shard 1/2 only; clauses left out" in found.conditions()
