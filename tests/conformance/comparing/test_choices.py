"""An engine's own choices: taken where the clause leaves them, with what follows; refused where it does not."""

import attrs
import pytest

from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec_conformance.comparing.differences import Difference
from marginspec_conformance.comparing.judging import Judge
from marginspec_conformance.generator.events import declare, deposit, leverage, listing, mark, new_fees, trade
from marginspec_conformance.protocol.messages import Accepted, Changes, Choice
from marginspec_journal.states import opening
from worlds.states import MINIMAL, settled

# Erin is long 20 at 100 with 400; at 86 the rulebook leaves her 11, the most of the tier below.
STEPPING_DOWN = settled(
    *(listing(), mark("100"), deposit("carol", "5000"), deposit("erin", "400")),
    *(leverage("erin", 5), leverage("carol", 5), new_fees(clearance="0.01"), trade("erin", "carol", "20", "100")),
    header=MINIMAL,
)
# Dave's five lots, bankrupt at 88, stand against carol's four, sold at 107.5 on average, and erin's four at 103.
DELEVERAGING = settled(
    *(listing(), mark("100"), deposit("dave", "60"), deposit("bob", "1000"), deposit("carol", "1000")),
    *(deposit("erin", "1000"), trade("bob", "carol", "3", "110"), trade("bob", "erin", "3", "104")),
    *(trade("dave", "carol", "1", "100"), trade("dave", "erin", "1", "100"), trade("dave", "bob", "3", "100")),
    mark("92"),
    header=MINIMAL,
)
# A mark of 1000 leaves 880 without cover: 818 are late's profit, the rest comes from what others can spare.
LEVIED = settled(
    *(listing(rows=(("0", 5, "0.1"),)), mark("100"), deposit("s", "20"), deposit("w", "20"), deposit("flat", "1000")),
    *(deposit("late", "40"), deposit("mm", "100"), leverage("s", 5), leverage("w", 5), leverage("late", 5)),
    *(trade("w", "s", "1", "100"), mark("118"), trade("late", "w", "1", "121")),
)

TEN_LEFT = Accepted(
    ("erin:USD",),
    changes=Changes(
        # Ten sold at 86 lose 140, and 1% of 860, up, is the clearance fee.
        {"lot:1": "-851", "position:erin:A:BOTH": "-1000", "wallet:erin:USD": "251"},
        {"erin:A:BOTH": "10"},
    ),
    choices=(Choice("LIQ-02", quantity="10"),),
)
ERIN_FIRST = Accepted(
    deleveraged=("erin:A:BOTH",),
    changes=Changes(
        # Two of her four, sold at 103, close at 92, and the lots' gain of 4 each goes to the reserve.
        {"lot:1": "-264", "position:erin:A:BOTH": "206", "reserve:A": "8", "wallet:erin:USD": "1022"},
        {"erin:A:BOTH": "-2"},
    ),
    choices=(Choice("ADL-02", counterparty="erin:A:BOTH"),),
)
FLAT_ALONE = Accepted(
    levied=("late:USD", "flat:USD"),
    changes=Changes(
        {"relief:USD": "880", "wallet:late:USD": "-778", "wallet:flat:USD": "938"},
        claims={"late:USD": "818", "flat:USD": "62"},
    ),
    choices=(Choice("LVY-01", shares={"late:USD": "818"}), Choice("LVY-01", shares={"flat:USD": "62"})),
)
AT: dict[str, tuple[State, Event, Accepted]] = {
    "LIQ-02": (STEPPING_DOWN, mark("86"), TEN_LEFT),
    "ADL-02": (DELEVERAGING, declare("2"), ERIN_FIRST),
    "LVY-01": (LEVIED, mark("1000"), FLAT_ALONE),
}


def judged(state: State, event: Event, answer: Accepted, level: int = 3) -> tuple[str, tuple[Difference, ...]]:
    """What is said of an answer."""
    found = Judge(opening(state), level).take(event, answer)
    return found.verdict, found.differences


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("clause", AT)
def test_a_choice_that_a_clause_leaves_is_taken_with_what_follows(clause: str, level: int) -> None:
    assert judged(*AT[clause], level) == ("agrees", ())


@pytest.mark.parametrize("clause", ["LIQ-02", "LVY-01"])
def test_without_saying_so_it_is_a_difference(clause: str) -> None:
    state, event, answer = AT[clause]
    verdict, differences = judged(state, event, attrs.evolve(answer, choices=()))
    assert (verdict, {one.kind for one in differences} - {"ledger", "positions", "claims", "levied"}) == (
        "differs",
        set(),
    )
    assert differences


@pytest.mark.parametrize("clause", AT)
def test_at_level_4_no_choice_is_left(clause: str) -> None:
    assert judged(*AT[clause], 4)[0] == "differs"


def test_what_follows_from_a_choice_is_compared() -> None:
    wrong = attrs.evolve(ERIN_FIRST, deleveraged=("carol:A:BOTH",))
    assert judged(DELEVERAGING, declare("2"), wrong, 2) == (
        "differs",
        (Difference("deleveraged", "", "erin:A:BOTH", "carol:A:BOTH"),),
    )


@pytest.mark.parametrize(
    ("clause", "choices", "difference"),
    [
        (
            *("LIQ-02", (Choice("LIQ-02", quantity="21"),)),
            ("LIQ-02", "a cut of more than nothing and at most 20 units", "21 units"),
        ),
        (
            *("LIQ-02", (Choice("LIQ-02", quantity="0"),)),
            ("LIQ-02", "a cut of more than nothing and at most 20 units", "0 units"),
        ),
        (
            *("ADL-02", (Choice("ADL-02", counterparty="dave:A:BOTH"),)),
            ("ADL-02", "an eligible counterparty that stays healthy", "dave:A:BOTH"),
        ),
        (
            *("ADL-02", (Choice("ADL-02", counterparty="erin:A:BOTH"), Choice("ADL-02", counterparty="carol:A:BOTH"))),
            ("ADL-02", "no choice left to make", "one more choice"),
        ),
        (
            *("LVY-01", (Choice("LVY-01", shares={"late:USD": "817"}),)),
            ("LVY-01", "shares of 818 quanta in sum", "817"),
        ),
        (
            *("LVY-01", (Choice("LVY-01", shares={"late:USD": "817", "s:USD": "1"}),)),
            ("LVY-01", "shares of those who share only", "s:USD"),
        ),
        (
            *("LVY-01", (*FLAT_ALONE.choices[:1], Choice("NUM-02", shares={"flat:USD": "62"}))),
            ("NUM-02", "a share of flat:USD from 54 to 56 quanta", "62"),
        ),
    ],
)
def test_a_choice_against_the_clauses_conditions_is_wrong(
    clause: str, choices: tuple[Choice, ...], difference: tuple[str, str, str]
) -> None:
    state, event, answer = AT[clause]
    verdict, differences = judged(state, event, attrs.evolve(answer, choices=choices))
    assert (verdict, differences[0]) == ("differs", Difference("choice", *difference))
