"""Near ties: decisions that one quantum more or less would turn, of which an engine that rounds cannot be sure."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from marginspec.model.effects import Effect
from marginspec.observation import Refusal
from marginspec.registry import RuleCode
from marginspec.transition import apply
from marginspec_conformance.comparing.choices import Chosen, choosing
from marginspec_conformance.comparing.expected import Expected, decisions_of
from marginspec_conformance.comparing.figures import domains_near, nudged
from marginspec_conformance.protocol.messages import DECISIONS, Accepted, Choice, Refused

ACCOUNTS_OF_EVENTS = ("account", "buyer", "seller", "counterparty")


@attrs.define
class EqualScores:
    """An observer that notes whether deleveraging compared two scores that were equal."""

    seen: bool = False

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        """Look at what is compared."""
        if rule.name == "compare_ranked":
            first, second = names["first"].score, names["second"].score
            self.seen |= first.numerator * second.denominator == second.numerator * first.denominator

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:
        """Nothing is to be noted."""

    def effect(self, effect: Effect) -> None:
        """Nothing is to be noted."""

    def refused(self, refusal: Refusal) -> None:
        """Nothing is to be noted."""


def is_near_tie(expected: Expected, actual: Accepted | Refused) -> bool:
    """Whether what an engine decided is what the rulebook decides with a quantum more or less, or equal scores.

    What the engine says it chose it is held to, also then.
    """
    decided, choices = decision(actual), actual.choices if isinstance(actual, Accepted) else ()
    if any(turned == decided for turned in turned_decisions(expected, choices)):
        return True
    chose = any(one.clause == "ADL-02" for one in choices)
    return not chose and deleverages_others(expected, actual) and has_equal_scores(expected)


def may_turn(expected: Expected, decided: str) -> bool:
    """Whether with a quantum more or less somebody is liquidated, deleveraged or levied, by the decision's name."""
    place = 1 + DECISIONS.index(decided)
    return any(turned[0] and turned[place] for turned in turned_decisions(expected, ()))


def decision(answer: Accepted | Refused) -> tuple[object, ...]:
    """The verdict, and who is liquidated, deleveraged and levied."""
    if isinstance(answer, Refused):
        return (False,)
    return (True, answer.liquidated or (), answer.deleveraged or (), answer.levied or ())


def turned_decisions(expected: Expected, choices: tuple[Choice, ...]) -> Iterator[tuple[object, ...]]:
    """What the rulebook decides when one domain's cash is a quantum more, or less; what its assertions stop is none."""
    for domain in domains_near(expected.before, accounts_near(expected)):
        for quanta in (1, -1):
            try:
                with choosing(Chosen.of(choices)):
                    _, receipt = apply(nudged(expected.before, domain, quanta), expected.event)
            except AssertionError:
                continue
            yield (False,) if receipt.rejected is not None else (True, *decisions_of(receipt))


def accounts_near(expected: Expected) -> frozenset[str]:
    """The accounts that an event may decide about: those it names and those with a position in its market."""
    event, state = expected.event, expected.before
    named = {getattr(event, name, None) for name in ACCOUNTS_OF_EVENTS} - {None}
    market = getattr(event, "market", None)
    return frozenset({*named, *(key.account for key in state.positions if key.market == market)})  # type: ignore[arg-type]  # None is taken out above


def deleverages_others(expected: Expected, actual: Accepted | Refused) -> bool:
    """Whether the only difference is who is deleveraged, or in which order."""
    right = expected.answer
    if isinstance(right, Refused) or isinstance(actual, Refused):
        return False
    return (right.liquidated or (), right.levied or ()) == (actual.liquidated or (), actual.levied or ())


def has_equal_scores(expected: Expected) -> bool:
    """Whether the event's queues have equal scores."""
    observer = EqualScores()
    apply(expected.before, expected.event, observer)
    return observer.seen
