"""What random events reach: how often each reason, layer of a levy, kind of step and more occurs, as the rules run.

`EXPECTED` names all that the campaigns are aimed at. A tally counts it by standing in for a few functions of the
rules, which it then calls; nothing that they decide changes.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import pairwise
from typing import Any, get_args
from unittest.mock import patch

from immutables import Map

from marginspec.handlers import declared_deleveraging
from marginspec.margin.bands import exact_health_at, liquidation_band, view_of
from marginspec.margin.margin import lot_cost
from marginspec.model.account import Direction, DomainKey, PositionKey
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    Layer,
    Levied,
    LotOpened,
    LotReduced,
    PositionChanged,
    Receipt,
    ReliefReturned,
    Transferred,
)
from marginspec.model.events import Event, MarkPrice
from marginspec.model.market import Market
from marginspec.model.rejections import Reason
from marginspec.model.state import Book, State
from marginspec.model.units import RATE_ONE, Price
from marginspec.settlement import deleveraging, liquidation, settle
from marginspec.settlement.deleveraging import Ranked, Step, heir_of, lot_loss, terms_of
from marginspec.settlement.rankings import Score
from marginspec.transaction import Transaction
from marginspec_conformance.generator.declared import EVENT_CLASSES

Rule = Callable[..., Any]
"""A function of the rules that something stands in for."""
Happened = Counter[tuple[str, str]]
"""How often what has occurred, named by its group and what of it."""
MANY = 12
"""A dozen: from here on a loop of the rules has turned often."""
FUNDS = ("reserve", "insurance", "relief")
DEEP: dict[str, type] = {
    "steps": Deleveraged,
    "lots opened": LotOpened,
    "lots reduced": LotReduced,
    "positions changed": PositionChanged,
    "domains liquidated": DomainLiquidated,
    "domains levied": Levied,
    "claims returned": ReliefReturned,
}
EXPECTED: dict[str, tuple[str, ...]] = {
    "accepted": tuple(one.__name__ for one in EVENT_CLASSES),
    "refused": tuple(one.__name__ for one in EVENT_CLASSES),
    "reason": tuple(reason.value for reason in Reason),
    "levy": ("house", *get_args(Layer)),
    "step": (
        *(
            "at the lot's price",
            "at own entry",
            "halved",
            "of a lot that does not lose",
            "one lot kept back",
            "rest to an heir",
        ),
        *("of a lot whose cost has the other sign", "declared", "in settlement"),
    ),
    "ties in a queue": (
        *("BOTH before BOTH", "BOTH before LONG", "LONG before BOTH", "LONG before LONG"),
        *("BOTH before SHORT", "SHORT before BOTH", "SHORT before SHORT"),
    ),
    "step-downs of a domain": ("1", "2", "3 or more"),
    "takeover": (
        *(f"after {downs} step-downs" for downs in ("0", "1", "2", "3 or more")),
        *("in round 1", "in round 2", "of a levied domain"),
    ),
    "levied domains": ("looked at again",),
    "draw": (*FUNDS, "own claim"),
    "relief returned": ("before liquidation", "at the end"),
    "assets looked at": ("1", "2"),
    "band of a hedge": ("lower end", "upper end", "both ends", "next price", "no end"),
    f"{MANY} or more in an event": tuple(DEEP),
}
"""What shall occur, in groups."""


def table(happened: Happened) -> str:
    """How often all that is expected has occurred, and whatever else has, by groups."""
    lines = []
    for group in dict.fromkeys([*EXPECTED, *(group for group, _ in sorted(happened))]):
        others = sorted(what for found, what in happened if found == group and what not in EXPECTED.get(group, ()))
        counts = (f"{what} {happened[group, what]}" for what in (*EXPECTED.get(group, ()), *others))
        lines.append(f"{group}: {', '.join(counts)}")
    return "\n".join(lines)


def missing(happened: Happened) -> list[tuple[str, str]]:
    """What is expected and has not occurred."""
    return [(group, what) for group, names in EXPECTED.items() for what in names if not happened[group, what]]


def number(count: int, most: int) -> str:
    """A count as the table has it, the larger ones together."""
    return str(count) if count < most else f"{most} or more"


class Tally:
    """Counts of what occurred in a run of events."""

    def __init__(self) -> None:
        self.counts: Happened = Counter()
        self._round = self._downs = 0
        self._taken_over = False
        self._is_paused = False

    def count(self, group: str, what: str, times: int = 1) -> None:
        """Count something that occurred."""
        if times and not self._is_paused:
            self.counts[group, what] += times

    # ------------------------------------------------------------- as receipts tell

    def take(self, event: Event, receipt: Receipt, after: State) -> None:
        """Count what an event's receipt tells, and the bands after a mark."""
        self._round = 0
        kind = type(event).__name__
        if receipt.rejected is not None:
            self.count("refused", kind)
            self.count("reason", receipt.rejected.value)
            return
        self.count("accepted", kind)
        if isinstance(event, MarkPrice):
            self._take_bands(after, event.market)
        for effect in receipt.effects:
            self._take_effect(effect)
        for what, effect_class in DEEP.items():
            if sum(isinstance(effect, effect_class) for effect in receipt.effects) >= MANY:
                self.count(f"{MANY} or more in an event", what)

    def _take_effect(self, effect: Effect) -> None:
        if isinstance(effect, Levied):
            self.count("levy", effect.layer)
        elif isinstance(effect, Transferred):
            if effect.rule == "LVY-01" and effect.source.kind == "house":
                self.count("levy", "house")
            elif effect.rule == "WTF-01":
                self.count("draw", effect.source.kind)
            elif effect.rule == "LIQ-03" and effect.source.kind == "relief":
                self.count("draw", "own claim")

    # ------------------------------------------------------------- as rules run

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is entered, what the rules of settlement do is counted."""
        watched: dict[tuple[Any, str], Rule] = {
            (settle, "return_relief"): self._return_relief,
            (settle, "liquidate_unhealthy"): self._liquidate_unhealthy,
            (settle, "liquidate"): self._liquidate,
            (liquidation, "step_down"): self._step_down,
            (liquidation, "take_over"): self._take_over,
            (deleveraging, "queue_of"): self._queue_of,
            (settle, "deleverage"): self._deleverage,
            (declared_deleveraging, "deleverage"): self._deleverage,
        }
        with ExitStack() as stack:
            for (module, name), counted in watched.items():
                stack.enter_context(patch.object(module, name, partial(counted, getattr(module, name))))
            yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While this is entered, rules may run that are not the event's own doing: an invariant's."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused, self._round = False, 0

    def _return_relief(self, rule: Rule, transaction: Transaction) -> None:
        place = "at the end" if self._round else "before liquidation"
        told = len(transaction.effects)
        rule(transaction)
        returned = sum(isinstance(effect, ReliefReturned) for effect in transaction.effects[told:])
        self.count("relief returned", place, returned)

    def _liquidate_unhealthy(self, rule: Rule, transaction: Transaction) -> None:
        self._round += 1
        if self._round == 1:
            looked_at = len({*transaction.exposed, *transaction.uncovered})
            self.count("assets looked at", str(looked_at))
        else:
            self.count("levied domains", "looked at again", len(transaction.suspects & levied_in(transaction)))
        rule(transaction)

    def _liquidate(self, rule: Rule, transaction: Transaction, domain: DomainKey) -> None:
        self._downs, self._taken_over = 0, False
        rule(transaction, domain)
        if self._downs:
            self.count("step-downs of a domain", number(self._downs, 3))
        if self._taken_over:
            self.count("takeover", f"after {number(self._downs, 3)} step-downs")
            self.count("takeover", f"in round {self._round}")
            self.count("takeover", "of a levied domain", domain in levied_in(transaction))

    def _step_down(self, rule: Rule, transaction: Transaction, domain: DomainKey, key: PositionKey) -> None:
        self._downs += 1
        rule(transaction, domain, key)

    def _take_over(self, rule: Rule, transaction: Transaction, domain: DomainKey) -> None:
        self._taken_over = True
        rule(transaction, domain)

    def _queue_of(self, rule: Rule, book: Book, market: str, side: Direction) -> tuple[Ranked, ...]:
        queue: tuple[Ranked, ...] = rule(book, market, side)
        for first, second in pairwise(queue):
            if equal(first.score, second.score) and first.key.account != second.key.account:
                self.count("ties in a queue", f"{first.key.side} before {second.key.side}")
        return queue

    def _deleverage(self, rule: Rule, transaction: Transaction, market: Market, step: Step) -> None:
        terms, heir = terms_of(transaction, market, step.lot, step.counterparty), heir_of(transaction, step.lot)
        assert terms is not None, "a step has terms"
        size, cost = abs(step.lot.quantity), lot_cost(transaction, step.lot.id)
        loses = lot_loss(transaction, market, step.lot) > 0
        kinds = {
            "in settlement": transaction.settling,
            "declared": not transaction.settling,
            "at the lot's price": loses and not terms.at_entry,
            "at own entry": terms.at_entry,
            "of a lot that does not lose": not loses,
            "halved": step.is_last,
            "one lot kept back": terms.at_entry and heir is None and step.quantity == size - 1,
            "rest to an heir": terms.at_entry and heir is not None and step.quantity == size,
            "of a lot whose cost has the other sign": cost * step.lot.quantity < 0,
        }
        for kind, holds in kinds.items():
            self.count("step", kind, holds)
        rule(transaction, market, step)

    # ------------------------------------------------------------- as a state has it

    def _take_bands(self, state: State, market: str) -> None:
        """Count the bands of all that hold both sides of a market; each end is where exact health falls below two."""
        for domain, sides in Counter(state.positions_in.get(market, Map()).values()).items():
            if sides == 2:
                self.count("band of a hedge", ends_of_band(state, domain, market))


def levied_in(transaction: Transaction) -> set[DomainKey]:
    """Who has been levied in this event so far."""
    return {effect.domain for effect in transaction.effects if isinstance(effect, Levied)}


def equal(first: Score, second: Score) -> bool:
    """Two scores are the same fraction."""
    return first.numerator * second.denominator == second.numerator * first.denominator


def ends_of_band(state: State, domain: DomainKey, market: str) -> str:
    """Which ends the band of a hedge has; asserts that no price before an end could be one."""
    view, mark = view_of(state, domain, market), state.markets[market].marked()
    band = liquidation_band(state, domain, market)
    ends = [price for price in (band.lower, band.upper) if price is not None]
    for end in ends:
        before = Price(end + 1 if end < mark else end - 1)
        assert exact_health_at(view, end) < 2 * RATE_ONE, (domain, market, band)
        assert before == mark or exact_health_at(view, before) >= 2 * RATE_ONE, (domain, market, band)
    if any(abs(end - mark) == 1 for end in ends):
        return "next price"
    return "both ends" if len(ends) == 2 else ("no end" if not ends else "lower end" if band.lower else "upper end")
