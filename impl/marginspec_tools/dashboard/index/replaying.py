"""Events in, receipts out, on either engine: as objects, and as the lines that a replay writes."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple, Protocol

from marginspec.model.effects import Effect, FeesUpdated, LimitsUpdated, MarketListed, Receipt, TiersUpdated
from marginspec.model.events import Event, ListMarket, UpdateFees, UpdateLimits, UpdateTiers
from marginspec.model.market import Market
from marginspec.transition import SpecificationEngine
from marginspec_journal.states import OpenedState

LISTING = (ListMarket, UpdateTiers, UpdateFees, UpdateLimits)
"""Events that list or change a market, whose effects hold tables."""


class Answer(NamedTuple):
    """An event's receipt, and its line of a receipts file without the newline."""

    receipt: Receipt
    line: bytes


class Replay(Protocol):
    """A run of a journal that goes on as its events come."""

    def take(self, events: list[Event]) -> Iterator[Answer]:
        """The answers to some events; each must be taken before the next ones are given."""

    def pass_over(self, events: list[Event]) -> None:
        """Take events whose answers are known."""

    @property
    def hash(self) -> str:
        """The chain's hash after the events so far."""


class SpecificationReplay:
    """A run of the specification."""

    def __init__(self, start: OpenedState) -> None:
        self._engine, self._chain = SpecificationEngine(start.state), start.chain()

    def take(self, events: list[Event]) -> Iterator[Answer]:
        """The answers to some events."""
        for event in events:
            receipt = self._engine.apply(event)
            yield Answer(receipt, self._chain.append(event, receipt).line())

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
