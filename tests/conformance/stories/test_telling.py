"""Stories: the clause, the first term that differs, the candidate faults, and what is not affected."""

import json
from collections.abc import Callable

import attrs
import pytest
from immutables import Map

from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec_conformance.driving.checking import Case, Plan, check
from marginspec_conformance.faults.candidates import Candidate
from marginspec_conformance.faults.catalogue import fault_named
from marginspec_conformance.generator.events import deposit, listing, mark, trade, withdraw
from marginspec_conformance.protocol.messages import Accepted, Answer, Refused, Unsupported
from marginspec_conformance.stories.telling import candidate_line, tell
from marginspec_journal.events import event_object
from worlds.changed_answers import Changed

HEADER = Header(asset_decimals=Map({"USD": 0}))
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
    asked = {"type": "trade", "buyer": "bob", "market": "A", "price": "100", "quantity": "1", "seller": "alice"}
    assert story.lines()[1] == f"asked: {json.dumps({**asked, 'taker': 'buyer'})}"
    assert story.lines()[2] == (
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


@pytest.mark.parametrize(
    ("level", "agreeing"),
    [
        (2, "the verdict, deleveraged, levied"),
        (4, "the verdict, deleveraged, levied, 1 of 1 changes of positions, 3 of 3 changes of ledger"),
    ],
)
def test_nothing_is_said_of_what_was_not_compared(level: int, agreeing: str) -> None:
    """An engine tells all balances, and nobody of who is liquidated; at level 2 no balance is compared."""
    engine = Changed(lambda _, answer: liquidating_nobody(answer)).engine()
    opened = (listing(), mark("100"), deposit("alice", "30"), deposit("bob", "300"))
    case = Case(Header(), (*opened, trade("alice", "bob", "1", "100"), mark("72")))
    checked = check(engine, case, Plan(level))
    story = tell(case, checked, "again", Plan(level), with_faults=False)
    assert (story.clause, str(story.first)) == ("LIQ-01", "liquidated: expected alice:USD, the engine says nobody")
    assert story.agreeing == agreeing


def test_a_liquidation_that_an_engine_lacks_and_the_rulebook_has_not_is_told() -> None:
    engine = Changed(lambda told, answer: Unsupported("liquidation") if told.get("price") == "99" else answer).engine()
    case = Case(Header(), (*HEDGED, mark("99")))
    story = tell(case, check(engine, case, Plan(2)), "again", Plan(2))
    assert (story.clause, str(story.first)) == (
        "LIQ-01",
        "liquidated: expected nobody, the engine says unsupported (liquidation)",
    )
    assert story.agreeing == "nothing more was compared of this event"
    assert "candidate faults: not sought, as the engine decided nothing" in story.lines()


@pytest.mark.parametrize(
    ("last", "change", "told"),
    [
        (
            mark("79"),
            lambda answer: attrs.evolve(answer, liquidated=()),
            ["by the rulebook: alice:USD: equity 0 USD, maintenance 4 USD", "explain: marginspec explain j.jsonl 6"],
        ),
        (
            mark("99"),
            lambda answer: attrs.evolve(answer, liquidated=("bob:USD",)),
            [
                "by the rulebook: bob:USD: equity 301 USD, maintenance 5 USD",
                "explain: marginspec explain j.jsonl 6 --account bob",
            ],
        ),
        (
            mark("99"),
            lambda _: Unsupported("liquidation"),
            [
                "by the rulebook: alice:USD: equity 20 USD, maintenance 5 USD",
                "explain: marginspec explain j.jsonl 6 --account alice",
            ],
        ),
        (
            trade("bob", "alice", "1", "90"),
            lambda _: Refused("UNHEALTHY"),
            [
                (
                    "by the rulebook: alice:USD: equity 11 USD, maintenance 0 USD, "
                    "bob:USD: equity 310 USD, maintenance 0 USD"
                ),
                "explain: marginspec explain j.jsonl 6",
            ],
        ),
        (mark("99"), lambda _: Refused("INVALID_PRICE"), ["explain: marginspec explain j.jsonl 6"]),
    ],
)
def test_equity_and_maintenance_of_whom_it_is_about_are_told_and_how_to_see_more(
    last: Event, change: Callable[[Accepted], Answer], told: list[str]
) -> None:
    opened = (listing(), mark("100"), deposit("alice", "21"), deposit("bob", "300"), trade("alice", "bob", "1", "100"))
    asked = event_object(last)
    engine = Changed(
        lambda event, answer: change(answer) if event == asked and isinstance(answer, Accepted) else answer
    )
    case = Case(HEADER, (*opened, last))
    checked = check(engine.engine(), case, Plan(2))
    story = tell(case, checked, "again", Plan(2), "marginspec explain j.jsonl", with_faults=False)
    assert [line for line in story.lines() if line.startswith(("by the rulebook", "explain"))] == told


def test_a_fault_without_a_clause_is_named_alone() -> None:
    assert candidate_line(Candidate("a", "a new mark suspects nobody", ())) == (
        "would be explained by: a new mark suspects nobody"
    )


def liquidating_nobody(answer: Answer) -> Answer:
    return attrs.evolve(answer, liquidated=()) if isinstance(answer, Accepted) else answer


REFUSED: list[tuple[tuple[Event, ...], str]] = [
    (
        (withdraw("alice", "291"),),
        (
            "refused unless amount <= movable(transaction, domain): alice cross USD, amount 291 USD, "
            "movable(transaction, domain) 290 USD"
        ),
    ),
    (
        (withdraw("alice", "250"), trade("alice", "bob", "5", "100")),
        "refused since margin.equity < demanded: alice cross USD, margin.equity 50 USD, demanded 60 USD",
    ),
    (
        (trade("alice", "bob", "1", "100", buyer_fee="0.5"),),
        "refused since fee is None or abs(fee) > value: value 100 USD",
    ),
    ((trade("alice", "zoe", "1", "100"),), "refused since account not in book.accounts: zoe"),
    ((trade("alice", "bob", "40", "100"),), "refused since any(too_high): alice A, bob A"),
    ((withdraw("alice", "280"), trade("bob", "alice", "1", "70")), "refused since any(owing): alice"),
    (
        (withdraw("alice", "285"), trade("alice", "bob", "1", "106")),
        "refused since not all(healthy): alice cross USD: equity 9 USD, maintenance 10 USD",
    ),
]


@pytest.mark.parametrize(("events", "told"), REFUSED)
def test_a_refusal_is_told_with_whose_it_is_and_the_figures_compared(events: tuple[Event, ...], told: str) -> None:
    engine = Changed(lambda _, answer: answer if isinstance(answer, Accepted) else Accepted((), (), ())).engine()
    case = Case(HEADER, (listing(), *HEDGED[1:], trade("alice", "bob", "1", "100"), *events))
    story = tell(case, check(engine, case, Plan(2)), "again", Plan(2), with_faults=False)
    assert told == story.lines()[3]
