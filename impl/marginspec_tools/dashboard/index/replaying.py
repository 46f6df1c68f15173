"""Events in, receipts out, on either engine: as objects, and as the lines that a replay writes."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from marginspec.model.effects import Effect, FeesUpdated, LimitsUpdated, MarketListed, TiersUpdated
from marginspec.model.events import Event, ListMarket, UpdateFees, UpdateLimits, UpdateTiers
from marginspec.model.market import Market
from marginspec.model.rejections import Reason
from marginspec.transition import SpecificationEngine
from marginspec_journal.states import OpenedState

if TYPE_CHECKING:
    from marginspec_tools.dashboard.index.bulk import Bulk

LISTING = (ListMarket, UpdateTiers, UpdateFees, UpdateLimits)
"""Events that list or change a market, whose effects hold tables."""


Text: TypeAlias = bytes | memoryview
"""The text of a line, or a view of it within a text of many."""


class Answer(NamedTuple):
    """An event's receipt: the reason if it was rejected, how many effects it has, and which; its line.

    Effects that are many and alike may be left out, if the batch has them in bulk. They are read once, before the next
    answer is asked for: those of one event may be millions.
    """

    rejected: Reason | None
    made: int
    effects: Iterable[Effect]
    line: Text


class Batch(NamedTuple):
    """The answers to events that follow each other, and what of their effects is not among these, if anything is."""

    answers: Iterable[Answer]
    bulk: "Bulk | None"


class Replay(Protocol):
    """A run of a journal that goes on as its events come."""

    has_bulk: bool
    """Whether balances and positions come in bulk."""

    def take(self, events: list[Event]) -> Iterator[Batch]:
        """The answers to some events; each batch must be used up before the next one is made."""

    def pass_over(self, events: list[Event]) -> None:
        """Take events whose answers are known."""

    @property
    def hash(self) -> str:
        """The chain's hash after the events so far."""


class SpecificationReplay:
    """A run of the specification."""

    has_bulk = False

    def __init__(self, start: OpenedState) -> None:
        self._engine, self._chain = SpecificationEngine(start.state), start.chain()

    def take(self, events: list[Event]) -> Iterator[Batch]:
        """The answers to some events."""
        yield Batch([self._answer(event) for event in events], None)

    def _answer(self, event: Event) -> Answer:
        receipt = self._engine.apply(event)
        line = self._chain.append(event, receipt).line()
        return Answer(receipt.rejected, len(receipt.effects), receipt.effects, line)

    def pass_over(self, events: list[Event]) -> None:
        """Take events whose answers are known."""
        for _ in self.take(events):
            pass

    @property
    def hash(self) -> str:
        """The chain's hash after the events so far."""
        return self._chain.hash


def opened_replay(engine: str, start: OpenedState) -> Replay:
    """A run on an engine, spec or fast."""
    if engine == "spec":
        return SpecificationReplay(start)
    from marginspec_tools.dashboard.index.fast_replaying import OptimizedReplay

    return OptimizedReplay(start)


def listing_effect(event: Event, market: Market) -> Effect:
    """The effect of an accepted event that lists or changes a market, from the market as it is after it."""
    match event:
        case ListMarket():
            return MarketListed(market)
        case UpdateTiers():
            return TiersUpdated(market.id, market.tiers)
        case UpdateFees():
            return FeesUpdated(market.id, market.fees)
        case _:
            return LimitsUpdated(market.id, market.limits)


def apart(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Events in order, those that list or change a market each by itself."""
    for listing, some in groupby(events, lambda event: isinstance(event, LISTING)):
        if listing:
            yield from ([event] for event in some)
        else:
            yield list(some)
