"""A journal through an engine: what agrees, what differs and where, what is skipped and what is undecided."""

from collections.abc import Callable, Sequence

import attrs
import pytest
from immutables import Map

from marginspec.model import events
from marginspec.model.events import Event
from marginspec.model.fields import type_name
from marginspec.model.state import Header, Profile
from marginspec.model.units import Decimal8
from marginspec_conformance.comparing.amounts import Tolerance
from marginspec_conformance.comparing.differences import Difference, DifferenceKind
from marginspec_conformance.comparing.expected import Expected, expected_of
from marginspec_conformance.driving.checking import Case, Checked, Plan, check
from marginspec_conformance.driving.probing import probe
from marginspec_conformance.faults.engine import ALL
from marginspec_conformance.generator.events import deposit, listing, mark, order, trade, withdraw
from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Changes,
    Choice,
    Digest,
    Errored,
    Refused,
    Unsupported,
    Want,
)
from marginspec_journal.canonical import JsonObject
from worlds.changed_answers import Changed, ChangedSession, hung

OPENING: tuple[Event, ...] = (listing(), mark("100"), deposit("alice", "300"), deposit("bob", "300"))
TRADE = trade("alice", "bob", "1", "100")
CASE = Case(Header(), (*OPENING, TRADE, mark("110"), trade("bob", "alice", "1", "110")))


def at(event: Event, change: Callable[[Accepted], Answer]) -> Callable[[JsonObject, Answer], Answer]:
    """Change the answer to events of a class, if it accepts them."""
    name = type_name(type(event))

    def changed(told: JsonObject, answer: Answer) -> Answer:
        fits = told["type"] == name and isinstance(answer, Accepted)
        return change(answer) if fits and isinstance(answer, Accepted) else answer

    return changed


def with_balance(name: str, text: str) -> Callable[[Accepted], Answer]:
    """The answer with another balance, if balances are told."""

    def changed(answer: Accepted) -> Answer:
        if answer.changes is None:
            return answer
        return attrs.evolve(answer, changes=attrs.evolve(answer.changes, ledger={**answer.changes.ledger, name: text}))

    return changed


def known(case: Case) -> tuple[Expected, ...]:
    """What the oracle expects of a case, as a fuzz knows it."""
    state, found = case.start().state, list[Expected]()
    for event in case.events:
        found.append(expected_of(state, event))
        state = found[-1].after
    return tuple(found)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_the_rulebook_agrees_with_itself(level: int) -> None:
    assert check(Changed().engine(), CASE, Plan(level)) == checked_whole()


def checked_whole() -> Checked:
    """What comes of a case that agrees to its end."""
    return Checked("agrees", len(CASE.events))


def test_a_wrong_balance_is_found_where_it_is_first_told() -> None:
    wrong = at(TRADE, with_balance("wallet:alice:USD", "299"))
    checked = check(Changed(wrong).engine(), CASE, Plan(4))
    assert (checked.outcome, checked.place, checked.judged) == ("differs", 4, 5)
    assert checked.differences == (Difference("ledger", "wallet:alice:USD", "300", "299"),)


def test_within_a_tolerance_a_rounding_is_no_difference_and_is_gone_on_from() -> None:
    """At level 3 the oracle takes the engine's balance over: what follows is computed from it."""
    off = at(TRADE, with_balance("wallet:alice:USD", "299"))
    engine = Changed(lambda told, answer: off(told, answer) if told.get("buyer") == "alice" else answer).engine()
    inclusive, exclusive = Tolerance.of_text("1"), Tolerance.of_text("<1")
    assert check(engine, Case(Header(), CASE.events[:5]), Plan(3, inclusive)).outcome == "agrees"
    assert check(engine, Case(Header(), CASE.events[:5]), Plan(3, exclusive)).place == 4
    # It tells 310 of alice at the end, as if it had not lost one; from its own 299 that should be 309.
    assert check(engine, CASE, Plan(3, inclusive)).outcome == "agrees"
    half = check(engine, CASE, Plan(3, Tolerance.of_text("0.5")))
    assert half.differences == (Difference("ledger", "wallet:alice:USD", "300", "299"),)


def test_what_is_not_told_at_a_level_is_not_compared() -> None:
    wrong = at(TRADE, with_balance("wallet:alice:USD", "299"))
    assert check(Changed(wrong).engine(), CASE, Plan(2)).outcome == "agrees"
    refused = check(Changed(at(TRADE, lambda _: Refused("UNHEALTHY"))).engine(), CASE, Plan(2))
    assert refused.differences == (Difference("verdict", "", "accepted", "rejected (UNHEALTHY)"),)


def test_reasons_are_compared_at_level_4_only() -> None:
    case = Case(Header(), (*OPENING, trade("alice", "alice", "1", "100")))
    change = lambda _, answer: Refused("UNHEALTHY") if isinstance(answer, Refused) else answer  # noqa: E731 - one line
    assert check(Changed(change).engine(), case, Plan(3)).outcome == "agrees"
    assert check(Changed(change).engine(), case, Plan(4)).differences == (
        Difference("reason", "", "SELF_TRADE", "UNHEALTHY"),
    )


def test_books_that_do_not_sum_to_zero_are_unsound() -> None:
    wrong = at(TRADE, with_balance("wallet:alice:USD", "299"))
    checked = check(Changed(wrong).engine(), CASE, Plan(1))
    assert (checked.place, checked.differences) == (4, (Difference("books", "INV-01 USD", "balances sum to 0", "-1"),))


def test_a_fund_below_zero_and_quantities_that_do_not_sum_are_unsound() -> None:
    def change(answer: Accepted) -> Answer:
        told = answer.changes or Changes()
        ledger = {**told.ledger, "house:USD": "-5", "wallet:bob:USD": "305"}
        return attrs.evolve(answer, changes=Changes(ledger, {"alice:A:BOTH": "1"}))

    checked = check(Changed(at(TRADE, change)).engine(), CASE, Plan(1))
    assert checked.differences == (
        Difference("books", "INV-02 A", "quantities sum to 0", "1"),
        Difference("books", "INV-03 house:USD", "at least 0", "-5"),
    )


def test_what_an_engine_lacks_is_skipped() -> None:
    case = Case(Header(), (*OPENING, order("alice", "buy", "1", "100")))
    engine = Changed(capabilities=ALL - {"orders"}).engine()
    assert (check(engine, case, Plan(4)).outcome, check(engine, case, Plan(4)).why) == ("skipped", "needs orders")
    bitmex = Case(Header(Profile("bitmex")), OPENING)
    assert check(Changed(capabilities=ALL - {"bitmex"}).engine(), bitmex, Plan(4)).why == "needs bitmex"
    midway = check(Changed(at(TRADE, lambda _: Unsupported("trades"))).engine(), CASE, Plan(4))
    assert (midway.outcome, midway.place, midway.why) == ("skipped", 4, "needs trades")


def test_what_an_engine_that_does_not_deleverage_has_no_answer_to_is_skipped() -> None:
    """Who loses all and more is taken over, and bob is deleveraged: nobody is, here."""
    opened = (listing(), mark("100"), deposit("alice", "10"), deposit("bob", "900"), trade("alice", "bob", "1", "100"))
    case = Case(Header(), (*opened, mark("50")))

    def nobody(_: JsonObject, answer: Answer) -> Answer:
        return attrs.evolve(answer, deleveraged=()) if isinstance(answer, Accepted) else answer

    for capabilities, outcome, why in ((ALL, "differs", ""), (ALL - {"adl"}, "skipped", "needs adl")):
        checked = check(Changed(nobody, capabilities).engine(), case, Plan(4))
        assert (checked.outcome, checked.place, checked.why) == (outcome, 5, why)


def test_an_engine_that_fails_at_an_event_differs_there() -> None:
    checked = check(Changed(at(TRADE, lambda _: Errored("division by zero"))).engine(), CASE, Plan(4))
    assert checked.differences == (Difference("errored", "", "accepted", "division by zero"),)


def test_an_event_that_never_answers_differs_there() -> None:
    """The batch has no answer, so the engine is started anew and asked for one event after another."""

    def hang(answer: Accepted) -> Answer:
        raise hung()

    connector = Changed(at(TRADE, hang))
    checked = check(connector.engine(), CASE, Plan(4))
    assert (checked.place, checked.differences) == (
        4,
        (Difference("no answer", "", "an answer", "nothing within 0.5 s"),),
    )
    assert (connector.opened, connector.asked) == (2, [7, 1, 1, 1, 1, 1])


def test_as_long_as_digests_agree_no_answers_are_asked_for() -> None:
    many = Case(Header(), (*OPENING, *(deposit("alice", "1") for _ in range(100))))
    connector = Changed(capabilities=ALL | {"digest"})
    assert check(connector.engine(), many, Plan(4), known(many)).outcome == "agrees"
    assert connector.asked == [64, 40]


def test_where_a_digest_differs_the_answers_of_that_batch_are_asked_for() -> None:
    events = (*OPENING, *(deposit("alice", "1") for _ in range(70)), TRADE)
    case = Case(Header(), events)
    connector = Changed(at(TRADE, with_balance("wallet:bob:USD", "1")), ALL | {"digest"})
    checked = check(connector.engine(), case, Plan(4), known(case))
    assert (checked.place, checked.differences) == (74, (Difference("ledger", "wallet:bob:USD", "300", "1"),))
    # The first batch by digest; the second by digest, then after the first again, by its answers.
    assert connector.asked == [64, 11, 64, 11]


def test_stored_answers_spare_the_oracle_and_a_wrong_one_is_judged_by_it() -> None:
    answers = tuple(one.answer for one in known(CASE))
    assert check(Changed().engine(), CASE, Plan(4), (), answers) == checked_whole()
    wrong = at(TRADE, with_balance("wallet:alice:USD", "299"))
    assert check(Changed(wrong).engine(), CASE, Plan(4), (), answers).place == 4


# Alice is long 4 at 100 with 40. At 95 her equity is 20 and her maintenance 19: healthy by a single quantum.
WHOLE = Header(asset_decimals=Map({"USD": 0}))
TIGHT: tuple[Event, ...] = (*OPENING[:2], deposit("alice", "40"), OPENING[3], trade("alice", "bob", "4", "100"))


def liquidating(answer: Accepted) -> Answer:
    """Alice is liquidated, whatever the rulebook says."""
    return Accepted(("alice:USD",), (), ())


def marked(price: str, level: int) -> tuple[str, tuple[Difference, ...]]:
    """What comes of a mark at which an engine liquidates alice."""
    change = at(events.MarkPrice("A", Decimal8(1)), liquidating)
    engine = Changed(lambda told, answer: change(told, answer) if told.get("price") == price else answer).engine()
    checked = check(engine, Case(WHOLE, (*TIGHT, mark(price))), Plan(level))
    return checked.outcome, checked.differences


def test_a_decision_that_one_quantum_turns_is_undecided_where_engines_may_round() -> None:
    wrong = (Difference("liquidated", "", "nobody", "alice:USD"),)
    assert marked("95", 2) == ("undecided", wrong)
    assert marked("96", 2) == ("differs", wrong)
    assert marked("95", 4)[0] == "differs"


@pytest.mark.parametrize(
    ("word", "kind"),
    [("liquidation", "liquidated"), ("deleveraging", "deleveraged"), ("adl", "deleveraged"), ("levy", "levied")],
)
def test_what_an_engine_lacks_and_the_rulebook_does_not_do_is_a_difference(word: str, kind: DifferenceKind) -> None:
    lacking = Changed(at(events.MarkPrice("A", Decimal8(1)), lambda _: Unsupported(word)))
    case = Case(WHOLE, (OPENING[0], mark("96")))
    wrong = (Difference(kind, "", "nobody", f"unsupported ({word})"),)
    for level in (2, 4):
        checked = check(lacking.engine(), case, Plan(level))
        assert (checked.outcome, checked.place, checked.differences) == ("differs", 1, wrong)
    # Of books alone nothing is decided; another word says nothing of the rulebook.
    assert check(lacking.engine(), case, Plan(1)).outcome == "skipped"
    other = Changed(at(events.MarkPrice("A", Decimal8(1)), lambda _: Unsupported("marks")))
    assert check(other.engine(), case, Plan(4)).why == "needs marks"


def test_a_liquidation_that_an_engine_lacks_where_the_rulebook_refuses_is_another_verdict() -> None:
    engine = Changed(lambda told, answer: Unsupported("liquidation") if told["type"] == "withdraw" else answer)
    checked = check(engine.engine(), Case(WHOLE, (*OPENING, withdraw("alice", "301"))), Plan(2))
    wrong = Difference("verdict", "", "rejected (INSUFFICIENT_BALANCE)", "unsupported (liquidation)")
    assert (checked.outcome, checked.differences) == ("differs", (wrong,))


@pytest.mark.parametrize(
    ("price", "level", "outcome"),
    [("94", 4, "skipped"), ("95", 2, "skipped"), ("95", 4, "differs"), ("96", 2, "differs")],
)
def test_it_is_none_where_there_is_one_or_one_quantum_makes_it(price: str, level: int, outcome: str) -> None:
    change = at(events.MarkPrice("A", Decimal8(1)), lambda _: Unsupported("liquidation"))
    engine = Changed(lambda told, answer: change(told, answer) if told.get("price") == price else answer).engine()
    assert check(engine, Case(WHOLE, (*TIGHT, mark(price))), Plan(level)).outcome == outcome


def test_a_choice_of_a_clause_that_leaves_none_is_wrong() -> None:
    chosen = at(TRADE, lambda answer: attrs.evolve(answer, choices=(Choice("TRD-01", quantity="1"),)))
    checked = check(Changed(chosen, ALL | {"choices"}).engine(), CASE, Plan(3))
    assert checked.differences == (Difference("choice", "TRD-01", "a clause that leaves a choice", "TRD-01"),)


def test_an_engine_that_answers_otherwise_the_second_time_is_not_deterministic() -> None:
    times = iter(range(10_000))

    def change(answer: Accepted) -> Answer:
        return with_balance("wallet:alice:USD", str(next(times)))(answer)

    moody = at(TRADE, change)
    differs = probe(Changed(moody).engine(), CASE, Plan(4))
    assert differs is not None
    told = "event 5 changes ledger wallet:alice:USD: the first run says 0, the second 2"
    assert (differs.kind, str(differs)) == ("determinism", told)
    assert probe(Changed().engine(), CASE, Plan(4)) is None


class InBatches(ChangedSession):
    """Answers otherwise in batches than to steps, and gives the digest of what it would answer to steps."""

    def steps(self, events: Sequence[JsonObject], want: Want) -> list[Answer]:
        answers = super().steps(events, want)
        return answers if len(events) == 1 else [*answers[:-1], Refused("IN_A_BATCH")]


class OtherDigest(ChangedSession):
    """Gives the digest of something else."""

    def digest(self, events: Sequence[JsonObject], want: Want) -> Digest:
        return Digest(len(self.steps(events, want)), "0" * 64)


@pytest.mark.parametrize(
    ("session", "place", "first", "second"),
    [
        (InBatches, "event 7 answer", "rejected (IN_A_BATCH)", "accepted"),
        (OtherDigest, "events 1 to 7", "answers of the digest ", "0" * 64),
    ],
)
def test_the_probe_asks_in_each_of_the_ways_that_are_used(
    session: type[ChangedSession], place: str, first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = Changed(capabilities=ALL | {"digest"})
    assert probe(connector.engine(), CASE, Plan(4)) is None
    monkeypatch.setattr("worlds.changed_answers.ChangedSession", session)
    differs = probe(connector.engine(), CASE, Plan(4))
    assert differs is not None
    assert (differs.kind, differs.name) == ("determinism", place)
    assert (differs.expected.startswith(first), differs.actual) == (True, second)


class NoDigest(ChangedSession):
    """Has no digest where an answer is an error."""

    def digest(self, events: Sequence[JsonObject], want: Want) -> Digest | Unsupported | Errored:
        failed = [one for one in self.steps(events, want) if isinstance(one, Errored)]
        return failed[0] if failed else super().digest(events, want)


def test_an_engine_without_a_digest_for_some_events_is_asked_for_their_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worlds.changed_answers.ChangedSession", NoDigest)
    engine = Changed(at(TRADE, lambda _: Errored("no book")), ALL | {"digest"}).engine()
    checked = check(engine, CASE, Plan(4), known(CASE))
    assert (checked.outcome, checked.place) == ("differs", 4)
    assert checked.differences[0] == Difference("errored", "", "accepted", "no book")
