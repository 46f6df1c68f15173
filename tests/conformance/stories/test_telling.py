"""Stories: the clause, the first term that differs, the candidate faults, and what is not affected."""

from marginspec.model.state import Header
from marginspec_conformance.driving.checking import Case, Plan, check
from marginspec_conformance.faults.catalogue import fault_named
from marginspec_conformance.generator.events import deposit, listing, mark, trade
from marginspec_conformance.stories.telling import tell
from worlds.changed_answers import Changed

HEDGED = (listing(taker="0.001"), mark("100"), deposit("alice", "300"), deposit("bob", "300"))


def test_a_story_tells_the_clause_the_term_and_the_faults() -> None:
    """Of a fee of 0.3, the half that is due to insurance stays where it was."""
    engine = Changed(fault=fault_named("a fee's insurance part is not paid")).engine()
    case = Case(Header(), (listing(taker="0.001", share="0.5"), *HEDGED[1:], trade("alice", "bob", "3", "100")))
    checked = check(engine, case, Plan(4))
    story = tell(case, checked, "marginspec conform shrink x.jsonl -e x", Plan(4))
    assert story.lines()[0] == ("event 5 (trade): ledger insurance:USD: expected 0.15, the engine says 0 (unchanged)")
    assert (story.clause, story.place) == ("TRD-01", 5)
    assert "a fee's insurance part is not paid" in [one.name for one in story.candidates.found]
    assert story.lines()[-1] == "again: marginspec conform shrink x.jsonl -e x"


def test_the_sentence_is_of_the_code_that_moved_what_differs() -> None:
    """Of several pieces of code under one clause, it is not the first."""
    engine = Changed(fault=fault_named("released cost rounds down")).engine()
    opened = (trade("alice", "bob", "1", "100"), trade("alice", "bob", "2", "101"))
    case = Case(Header(), (*HEDGED, *opened, trade("bob", "alice", "1", "100")))
    story = tell(case, check(engine, case, Plan(4)), "again", Plan(4), with_faults=False)
    assert story.lines()[1] == (
        "clause ACC-02: Closing realises the value of the part less its released cost, into the position's domain."
    )


def test_without_faults_the_trace_names_the_clause() -> None:
    engine = Changed(fault=fault_named("a fee's insurance part is not paid")).engine()
    case = Case(Header(), (listing(taker="0.001", share="0.5"), *HEDGED[1:], trade("alice", "bob", "3", "100")))
    story = tell(case, check(engine, case, Plan(4)), "again", Plan(4), with_faults=False)
    assert (story.clause, story.agreeing) == (
        "TRD-01",
        "the verdict, liquidated, deleveraged, levied, 2 of 2 changes of positions, 3 of 5 changes of ledger",
    )
    assert "candidate faults: not sought; `run --explain` seeks them" in story.lines()
