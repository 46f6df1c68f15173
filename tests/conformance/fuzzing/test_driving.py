"""Random journals beside an engine that has part of the rulebook only."""

from collections import Counter
from itertools import islice

from marginspec.transition import SpecificationEngine
from marginspec_conformance.comparing.expected import expected_of
from marginspec_conformance.comparing.leaving import Parts, exercised, settled_by
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Checked, Plan, check
from marginspec_conformance.engines import RulebookAdapter
from marginspec_conformance.fuzzing.driving import NO_TRADE, Fuzz, Tried, wanting
from marginspec_conformance.protocol.messages import Answer, Refused, Unsupported, Want
from marginspec_journal.canonical import JsonObject

SEED = 1
PLAN = Plan(4)


class Part(RulebookAdapter):
    """The rulebook without leverages, and for one asset, the first that comes."""

    asset = ""

    def step(self, event: JsonObject, want: Want) -> Answer:
        """Answer an event."""
        if event["type"] == "set_leverage":
            return Unsupported("leverages")
        if event["type"] == "deposit" and event["asset"] != (self.asset or event["asset"]):
            return Unsupported("several assets")
        self.asset = event.get("asset", self.asset)
        return super().step(event, want)

    def reset(self, state: JsonObject | None = None) -> None:
        """Begin anew."""
        self.asset = ""
        super().reset(state)


class Refusing(RulebookAdapter):
    """An engine that has no deposits, and so no account to trade."""

    def step(self, event: JsonObject, want: Want) -> Answer:
        """Answer an event."""
        return Unsupported("several assets") if event["type"] == "deposit" else super().step(event, want)


def part() -> Part:
    """An engine that has part of the rulebook only."""
    return Part("part", SpecificationEngine)


def refusing() -> Refusing:
    """An engine without deposits."""
    return Refusing("refusing", SpecificationEngine)


def engine(name: str) -> Engine:
    """One of these engines."""
    return Engine(connector_of(f"py:{__name__}:{name}"), Limits())


def tried(name: str, count: int) -> list[Tried]:
    """The first journals beside one of these engines."""
    return list(islice(Fuzz(engine(name), PLAN, SEED, 60), count))


def test_what_an_engine_lacks_leaves_out_that_event_alone() -> None:
    found = tried("part", 12)
    assert {one.checked.outcome for one in found} == {"agrees"}
    left_out = sum((one.left_out for one in found), Counter[str]())
    assert left_out.keys() == {"leverages", "several assets"}
    assert all(one.accepted["deposit"] and one.accepted["trade"] for one in found[1:])
    assert all(one.checked.judged == len(one.case.events) for one in found)
    assert {check(engine("part"), one.case, PLAN).outcome for one in found} == {"agrees"}


def test_events_of_the_parts_that_an_engine_leaves_out_are_left_out() -> None:
    parts = frozenset({"input_checks", "several_assets"})
    rulebook = Engine(connector_of("py:marginspec_conformance.engines:specification"), Limits())
    found = list(islice(Fuzz(rulebook, PLAN, SEED, 60, parts), 12))
    left_out = sum((one.left_out for one in found), Counter[str]())
    assert left_out.keys() == parts
    for one in found:
        shown, state = Parts(), one.case.start().state
        for event in one.case.events:
            expected = expected_of(state, event)
            state = expected.after
            assert not parts & (exercised([expected.answer]) | shown.exercised_by(event))


def test_events_by_which_a_clause_left_out_moves_money_are_left_out() -> None:
    """Who takes over what the rulebook steps down differs from then on, and by other clauses."""
    rulebook = Engine(connector_of("py:marginspec_conformance.engines:specification"), Limits())
    found = list(islice(Fuzz(rulebook, PLAN, SEED, 60, frozenset({"LIQ-02"})), 12))
    assert sum((one.left_out for one in found), Counter[str]()).keys() == {"LIQ-02"}
    for one in found:
        state = one.case.start().state
        for event in one.case.events:
            expected = expected_of(state, event)
            state = expected.after
            assert "LIQ-02" not in settled_by(expected.receipt)


def test_what_is_counted_as_accepted_is_what_the_rulebook_accepts_of_the_journal() -> None:
    [found] = tried("part", 1)
    state, count = found.case.start().state, 0
    for event in found.case.events:
        expected = expected_of(state, event)
        state, count = expected.after, count + (not isinstance(expected.answer, Refused))
    assert count == found.accepted.total() > 0


def test_a_journal_without_a_trade_is_undecided() -> None:
    for one in tried("refusing", 3):
        assert one.checked == Checked("undecided", len(one.case.events), why=NO_TRADE)
        assert one.left_out["several assets"] > 0


def test_words_beyond_the_most_frequent_are_counted() -> None:
    assert wanting(Counter({"orders": 2, "hedge": 3})) == "for want of hedge (3), orders (2)"
    assert wanting(Counter(map(str, range(22)))).endswith("19 (1), and 2 more words")
