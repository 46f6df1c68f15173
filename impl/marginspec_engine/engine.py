"""The optimized engine: the same events, receipts and states as the specification, on rows of words."""

from collections.abc import Callable, Iterator
from typing import Any

from marginspec.model.effects import Effect, FeesUpdated, LimitsUpdated, MarketListed, Receipt, TiersUpdated
from marginspec.model.events import Event, ListMarket, UpdateFees, UpdateLimits, UpdateTiers
from marginspec.model.market import Market
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, State
from marginspec_engine import layout
from marginspec_engine.layout.effect_reading import EffectReader
from marginspec_engine.layout.event_words import write_event
from marginspec_engine.layout.reasons import ACCEPTED, REASONS, TOO_WIDE
from marginspec_engine.memory.python_words import Draft, PythonWords, vector_of
from marginspec_engine.memory.tables import Tables
from marginspec_engine.numba.door import APPLY, SETTLE_MARKET, enter
from marginspec_engine.rules.market import Refused, checked_fees, checked_limits, checked_tick, checked_tiers, need
from marginspec_engine.rules.transition import apply_event
from marginspec_engine.states.reading import load_state
from marginspec_engine.states.writing import StateWriter
from marginspec_journal.errors import InputError

TOO_WIDE_STATE = "a figure in it is past the limits of NUM-03 and 64 bits: only --engine spec goes on from it"


class OptimizedEngine:
    """An engine that goes on from a state; one event after another, as the Engine protocol says.

    InputError if the state is past the limits that hold for every state that is reached, and so far past them that its
    figures do not fit.
    """

    def __init__(self, state: State) -> None:
        self.tables = Tables(state.header)
        try:
            load_state(self.tables, state)
        except OverflowError:
            raise InputError("state", None, None, TOO_WIDE_STATE) from None
        self._reader, self._writer = EffectReader(self.tables), StateWriter(self.tables)
        self._listing: dict[type, Callable[[Any], tuple[Effect, ...]]] = {
            ListMarket: self._list_market,
            UpdateTiers: self._update_tiers,
            UpdateFees: self._update_fees,
            UpdateLimits: self._update_limits,
        }

    @classmethod
    def from_header(cls, header: Header) -> "OptimizedEngine":
        """An engine without markets, accounts or money."""
        return cls(State(header=header))

    def state(self) -> State:
        """The state after the events so far."""
        return self._writer.state()

    def is_in(self, state: State) -> bool:
        """Whether this is the state after the events so far, of which only a part is made at a time."""
        return all(part == getattr(state, name) for name, part in self._writer.parts())

    def markets(self) -> Iterator[Market]:
        """The markets that are listed."""
        return self._writer.listed_markets()

    def apply(self, event: Event) -> Receipt:
        """Take one event; a rejected one leaves the state as it was."""
        listing = self._listing.get(type(event))
        if listing is not None:
            try:
                return Receipt(None, listing(event))
            except Refused as refusal:
                return Receipt(refusal.reason, ())
        self.tables.free_names()
        write_event(self.tables, event, self.tables.book[layout.EVENT_WORDS :])
        reason = self.enter(APPLY)
        if reason == TOO_WIDE:
            reason = self.apply_widely()
        return self._receipt(reason)

    def enter(self, task: int, first: int = 0, second: int = 0, third: int = 0) -> int:
        """Have compiled code do a task on the book; what its numbers mean and what it gives, see `enter_at`."""
        self.tables.rank()
        given: int = enter(self.tables.book.ctypes.data, task, first, second, third)
        return given

    def apply_widely(self) -> int:
        """Take the event in the event words with Python's integers; gives its reason."""
        draft = Draft()
        reason = apply_event(PythonWords(draft, self.tables.book.ctypes.data))
        if reason == ACCEPTED:
            draft.keep()
        else:
            draft.drop()
        return reason

    def _receipt(self, reason: int) -> Receipt:
        if reason != ACCEPTED:
            return Receipt(REASONS[reason], ())
        return Receipt(None, self._effects())

    def _effects(self) -> tuple[Effect, ...]:
        return tuple(self._reader.effects(vector_of(self.tables.book, layout.EFFECTS)))

    # ------------------------------------------------------------- markets

    def _list_market(self, event: ListMarket) -> tuple[Effect, ...]:
        need(not self.tables.is_known(event.market), Reason.MARKET_EXISTS)
        asset_decimals = self.tables.header.decimals(event.asset)
        tick = checked_tick(event, asset_decimals)
        tiers = checked_tiers(event.tiers, asset_decimals)
        limits = checked_limits(event, asset_decimals)
        fees = checked_fees(event)
        number, asset = self.tables.market(event.market), self.tables.asset(event.asset)
        self.tables.list_market(number, asset, (event.price_decimals, event.quantity_decimals), tick)
        self.tables.set_tiers(number, tiers)
        self.tables.set_fees(number, fees)
        self.tables.set_limits(number, limits)
        return (MarketListed(self._writer.market(number)), *self._settled(layout.NONE))

    def _update_tiers(self, event: UpdateTiers) -> tuple[Effect, ...]:
        number = self._listed(event.market)
        tiers = checked_tiers(event.tiers, self._asset_decimals(number))
        self.tables.set_tiers(number, tiers)
        updated = TiersUpdated(event.market, self._writer.market(number).tiers)
        return (updated, *self._settled(number))

    def _update_fees(self, event: UpdateFees) -> tuple[Effect, ...]:
        number = self._listed(event.market)
        self.tables.set_fees(number, checked_fees(event))
        updated = FeesUpdated(event.market, self._writer.market(number).fees)
        return (updated, *self._settled(layout.NONE))

    def _update_limits(self, event: UpdateLimits) -> tuple[Effect, ...]:
        number = self._listed(event.market)
        self.tables.set_limits(number, checked_limits(event, self._asset_decimals(number)))
        updated = LimitsUpdated(event.market, self._writer.market(number).limits)
        return (updated, *self._settled(layout.NONE))

    def _asset_decimals(self, number: int) -> int:
        """Digits after the point of a market's asset."""
        asset = int(self.tables.market_rows()[number, layout.ASSET])
        return int(self.tables.asset_rows()[asset, layout.DECIMALS])

    def _listed(self, market: str) -> int:
        need(self.tables.is_listed(market), Reason.UNKNOWN_MARKET)
        return self.tables.markets.numbers[market]

    def _settled(self, number: int) -> tuple[Effect, ...]:
        """Settle an accepted event, of whose market every domain is to be looked at, if it is one."""
        self.enter(SETTLE_MARKET, number)
        return self._effects()
