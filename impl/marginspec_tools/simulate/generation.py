"""All events of a simulated venue, with the times and lines of a journal: its opening, events of the mix, its end.

Nearly every event is accepted; some refusals are kept on purpose.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from marginspec.model import events
from marginspec.model.events import Event
from marginspec.model.rejections import Reason
from marginspec.model.units import WIRE_DECIMALS, Decimal8
from marginspec_audit import Transition
from marginspec_journal import Record
from marginspec_tools.simulate.accounts import first_deposit, first_setting, propose_cash, propose_deposit
from marginspec_tools.simulate.operations import final_settlement, propose_mark, propose_mistake, propose_venue
from marginspec_tools.simulate.parameters import Parameters
from marginspec_tools.simulate.trading import propose_order, propose_trade
from marginspec_tools.simulate.venue import TRIES, Venue, wire_amount

CLOCK_START = datetime(2026, 1, 1, tzinfo=UTC)


PROPOSALS: dict[str, Callable[[Venue], Event | None]] = {
    "trades": propose_trade,
    "orders": propose_order,
    "cash": propose_cash,
    "marks": propose_mark,
    "venue": propose_venue,
}


def open_venue(venue: Venue) -> Iterator[Event]:
    """List the markets, set their first marks, fund the insurance; every account deposits and sets something."""
    for opened in venue.parameters.markets:
        yield opened.listing
        units = Decimal8(opened.start_price * 10 ** (WIRE_DECIMALS - opened.listing.price_decimals))
        yield events.MarkPrice(opened.id, units)
    assets = sorted({opened.listing.asset for opened in venue.parameters.markets})
    for asset in assets:
        fund = wire_amount(venue, asset, max(1, venue.parameters.insurance * venue.unit(asset)))
        yield events.FundInsurance(asset, fund)
    for index in range(venue.parameters.accounts):
        asset = assets[index % len(assets)]
        yield events.Deposit(venue.account(index), asset, wire_amount(venue, asset, first_deposit(venue, index, asset)))
        yield first_setting(venue, index)


def next_event(venue: Venue) -> Transition:
    """The next event of the mix; what would be refused is tried anew, but for some refusals that are kept."""
    if venue.random.happens(venue.parameters.mistakes):
        return venue.take(propose_mistake(venue))
    propose = PROPOSALS[venue.random.weighted(venue.parameters.mix)]
    for _ in range(TRIES):
        event = propose(venue)
        if event is None:
            continue
        answered = venue.answer_to(event)
        reason = answered.receipt.rejected
        if reason is None and not venue.overfills(answered):
            return venue.advance(answered)
        if reason not in (None, Reason.OUT_OF_RANGE) and venue.random.happens(venue.parameters.kept_refusals):
            return venue.advance(answered)
    return venue.take(propose_deposit(venue, venue.any_account(), venue.market()))


def simulated_events(parameters: Parameters) -> Iterator[Transition]:
    """All events of a scenario, with what each did."""
    return run_venue(Venue(parameters))


def run_venue(venue: Venue) -> Iterator[Transition]:
    """All events of a new venue, with what each did: the opening, then the mix, then markets that are settled."""
    for event in open_venue(venue):
        yield venue.take(event)
    while venue.passed < venue.parameters.events - venue.parameters.settled:
        yield next_event(venue)
    for market in venue.markets[: venue.parameters.settled]:
        yield venue.take(final_settlement(venue, market))


def event_time(place: int) -> str:
    """The time of an event: one a second, from the start of 2026."""
    return (CLOCK_START + timedelta(seconds=place)).strftime("%Y-%m-%dT%H:%M:%SZ")


def generate(parameters: Parameters) -> Iterator[Record]:
    """All events of a scenario as records of a journal; the header has the first line."""
    for place, taken in enumerate(simulated_events(parameters)):
        yield Record(line=place + 2, event=taken.event, ts=event_time(place), ref=None, observed=None)
