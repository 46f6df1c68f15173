"""Observers: what they are told of an event, in order, and that what watched before watches again afterwards."""

import cProfile
import linecache
import pstats
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import pytest

from marginspec.margin import margin
from marginspec.margin.margin import domain_margin, is_healthy
from marginspec.model.account import DomainKey
from marginspec.model.effects import Effect, PositionModeSet, Transferred
from marginspec.model.events import Event, Funding, Withdraw
from marginspec.model.ledger import account_named
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import Decimal8, Money
from marginspec.observation import Observer, Refusal, observed_by
from marginspec.registry import REGISTRY, RuleCode
from marginspec.transition import apply
from marginspec_conformance.generator.events import deposit, listing, mark, trade
from worlds.states import settled

USES_PROFILE = sys.version_info < (3, 12)


class Notes:
    """An observer that takes down names, answers and effects."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.refusals: list[Refusal] = []

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        self.told.append((rule.name, sorted(names)))

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:
        self.told.append(("answer", answer if isinstance(answer, int | None) else type(answer).__name__))

    def effect(self, effect: Effect) -> None:
        self.told.append(effect)

    def refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)
        self.told.append(refusal.reason)


@pytest.fixture
def state() -> State:
    return settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"))


def test_an_observer_is_told_of_calls_answers_and_effects_in_order(state: State) -> None:
    notes = Notes()
    moved = Transferred("USD", account_named("external:USD"), account_named("wallet:zoe:USD"), Money(5), "ACC-01")
    after, receipt = apply(state, deposit("zoe", "5"), notes)
    assert (after, receipt) == apply(state, deposit("zoe", "5"))
    assert notes.told == [
        ("apply", ["event", "observer", "state"]),
        ("deposit", ["event", "transaction"]),
        ("positive_amount_in", ["amount", "asset", "book"]),
        ("amount_in", ["amount", "asset", "book"]),
        ("in_units", ["decimal", "decimals"]),
        ("div_down", ["divisor", "numerator"]),
        ("answer", 5),
        ("answer", 5),
        ("answer", 5),
        ("answer", 5),
        PositionModeSet("zoe", "one_way"),
        ("Transaction.transfer", ["amount", "asset", "rule_id", "self", "source", "target"]),
        moved,
        ("answer", None),
        ("check_net_deposits", ["asset", "transaction"]),
        ("answer", None),
        ("answer", None),
        ("settle", ["transaction"]),
        ("return_relief", ["transaction"]),
        ("answer", None),
        ("answer", None),
        ("Transaction.publish_funds", ["self"]),
        ("answer", None),
        ("answer", "tuple"),
    ]


def test_an_observer_is_told_which_line_refused_and_what_its_variables_were(state: State) -> None:
    notes = Notes()
    event = Withdraw("alice", "USD", Decimal8(2000 * 10**8))
    assert apply(state, event, notes) == apply(state, event)
    (refusal,) = notes.refusals
    assert notes.told[-1] is refusal.reason is Reason.INSUFFICIENT_BALANCE
    assert refusal.code.co_name == "withdraw"
    with open(refusal.code.co_filename, encoding="utf-8") as source:
        lines = source.read().splitlines()
    assert lines[refusal.line - 1].strip() == (
        "require(amount <= movable(transaction, domain), Reason.INSUFFICIENT_BALANCE)"
    )
    assert (refusal.names["amount"], refusal.names["domain"]) == (2000, DomainKey("alice", "USD"))
    assert refusal.known["movable"].__name__ == "movable"


def test_a_refusal_that_is_raised_names_the_function_that_raised(state: State) -> None:
    notes = Notes()
    apply(state, Funding("X", Decimal8(1)), notes)
    assert [(one.code.co_name, one.reason) for one in notes.refusals] == [("known_market", Reason.UNKNOWN_MARKET)]


def test_every_registered_rule_can_be_seen() -> None:
    assert [rule.name for rule in REGISTRY if rule.code is None] == []


def test_a_class_has_no_code_that_could_be_seen() -> None:
    assert RuleCode(("MRG-01",), (), "module", "Name", "A class.", DomainKey).code is None


def test_rules_outside_an_event_can_be_observed(state: State) -> None:
    notes = Notes()
    with observed_by(notes):
        assert is_healthy(domain_margin(state, DomainKey("alice", "USD")))
    assert notes.told == [
        ("domain_margin", ["book", "domain"]),
        ("answer", "DomainMargin"),
        ("is_healthy", ["margin"]),
        ("answer", True),
    ]


# ------------------------------------------------------------- what watched before


EVENTS: tuple[Event, ...] = (trade("alice", "bob", "1", "100"), trade("alice", "alice", "1", "100"))


class FailingObserver(Notes):
    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        raise ValueError("an observer's own error")


@pytest.mark.skipif(not USES_PROFILE, reason="from Python 3.12 on no profile is touched")
@pytest.mark.parametrize("observer", [Notes(), FailingObserver()])
@pytest.mark.parametrize("event", EVENTS)
def test_a_profile_is_set_again(state: State, event: Event, observer: Observer) -> None:
    def profile(frame: FrameType, kind: str, argument: object) -> None:
        pass

    sys.setprofile(profile)
    try:
        if isinstance(observer, FailingObserver):
            with pytest.raises(ValueError, match="own error"):
                apply(state, event, observer)
        else:
            apply(state, event, observer)
        found = sys.getprofile()
    finally:
        sys.setprofile(None)
    assert found is profile


def test_the_standard_profiler_goes_on(state: State) -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    apply(state, EVENTS[0], Notes())
    domain_margin(state, DomainKey("alice", "USD"))
    profiler.disable()
    profiled = {name for _, _, name in pstats.Stats(profiler).stats}  # type: ignore[attr-defined]  # undocumented
    assert "domain_margin" in profiled


def test_nothing_is_told_afterwards(state: State) -> None:
    notes = Notes()
    apply(state, EVENTS[0], notes)
    told = list(notes.told)
    apply(state, EVENTS[0])
    assert notes.told == told
    assert sys.getprofile() is None


def test_an_error_of_the_rules_ends_the_observation(state: State) -> None:
    notes = Notes()
    with pytest.raises(KeyError):
        apply(state, "no event", notes)  # type: ignore[arg-type]  # what no engine is given
    told = list(notes.told)
    apply(state, EVENTS[0])
    assert notes.told == told
    assert told[0] == ("apply", ["event", "observer", "state"])
    assert sys.getprofile() is None


def test_one_observer_may_watch_while_another_does(state: State) -> None:
    outer, inner = Notes(), Notes()
    with observed_by(outer):
        is_healthy(domain_margin(state, DomainKey("alice", "USD")))
        apply(state, EVENTS[0], inner)
        is_healthy(domain_margin(state, DomainKey("bob", "USD")))
    assert outer.told[0] == ("domain_margin", ["book", "domain"])
    assert outer.told[-2:] == [("is_healthy", ["margin"]), ("answer", True)]
    assert inner.told[0] == ("apply", ["event", "observer", "state"])
    assert sys.getprofile() is None


def test_the_line_of_an_answer_is_that_of_its_return(state: State) -> None:
    lines: list[tuple[str, str]] = []

    class Lines(Notes):
        def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:
            lines.append((type(answer).__name__, linecache.getline(margin.__file__, line).strip()))

    with observed_by(Lines()):
        margins = domain_margin(state, DomainKey("alice", "USD"))
        is_healthy(margins)
        margin.initial_margin(Money(0), 5, state.markets["A"].tiers.tiers[0], Money(0))
    assert lines == [
        ("DomainMargin", "return DomainMargin(cash, Money(equity), Money(maintenance), tuple(positions))"),
        ("bool", "return not margin.positions or margin.equity > margin.maintenance"),
        ("int", "return NOTHING"),
    ]
