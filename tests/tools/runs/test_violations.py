"""What of the invariants need not be looked at where a state follows from its receipt: what an event cannot break."""

from collections import Counter
from pathlib import Path

import attrs

from marginspec.model.state import State
from marginspec_audit import EVENT_INVARIANTS
from marginspec_tools.runs import Run
from marginspec_tools.runs.violations import unbreakable

VECTORS = Path(__file__).parents[2] / "vectors"
JOURNALS = sorted(path for folder in ("golden", "attacks") for path in (VECTORS / folder).glob("*.jsonl"))


def test_what_is_left_out_holds_and_of_the_waterfall_sees_no_state() -> None:
    left_out, seen = Counter[str](), Counter[str]()
    for path in JOURNALS:
        for step in Run(path):
            names, taken = unbreakable(step.transition), step.transition
            left_out.update(names)
            seen.update(EVENT_INVARIANTS.keys() - names)
            assert [found for name in names for found in EVENT_INVARIANTS[name](taken)] == []
            if "INV-08" in names:
                # Effects alone decide that there is nothing to be in order: any state would do.
                hollow = attrs.evolve(taken, before=State(), after=State())
                assert list(EVENT_INVARIANTS["INV-08"](hollow)) == []
    assert left_out.keys() == {"INV-07", "INV-08", "INV-10", "INV-11"}
    assert seen.keys() == {"INV-07", "INV-08", "INV-09", "INV-11"}
