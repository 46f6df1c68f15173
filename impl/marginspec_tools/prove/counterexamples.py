"""A theorem's example as files: the journal that it applies, and the state that it begins in.

A state in a proof holds only what the theorem speaks of. Two things are added that no rule asks for: what makes the
ledger sum up to zero has come from outside, and a reserve has been as high as it is. If the wire format cannot carry
the rest as it is, or the events do something else from there, there is no such file.
"""

import tempfile
from pathlib import Path

import attrs
from immutables import Map

from marginspec.model import ledger
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.market import Market, TierTable
from marginspec.model.state import Header, State
from marginspec.model.units import Money
from marginspec.transition import apply
from marginspec_audit import Violation, asset_of, check_state
from marginspec_journal import InputError
from marginspec_journal.states import opening, read_state, write_state
from marginspec_proofs.prover.replaying import Run


@attrs.frozen
class Example:
    """A state to start from, what it breaks, and the events after it; no events where a theorem calls a function."""

    start: State
    broken: tuple[Violation, ...]
    events: tuple[Event, ...]

    def begins_empty(self) -> bool:
        """Whether a journal is all that is needed."""
        return self.start == State(header=self.start.header)


def example_of(run: Run) -> Example | None:
    """The example that files can carry, if there is one."""
    history = run.history()
    if history is not None and history.begins_empty():
        return Example(history.start, (), history.events)
    found = history.start if history is not None else run.found()
    start = read_back(found) if found is not None and found != State(header=found.header) else None
    if start is None:
        return None
    if history is not None and receipts_of(start, history.events) != history.receipts:
        return None
    return Example(start, check_state(start), history.events if history is not None else ())


def receipts_of(state: State, events: tuple[Event, ...]) -> tuple[Receipt, ...]:
    """What the rules say to these events, each applied to what the one before left."""
    receipts = []
    for event in events:
        state, receipt = apply(state, event)
        receipts.append(receipt)
    return tuple(receipts)


def read_back(state: State) -> State | None:
    """The state as a state file gives it back; None if the file would not hold the same."""
    if not all(isinstance(market.tiers, TierTable) for market in state.markets.values()):
        return None
    whole = completed(state)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        try:
            write_state(path, opening(whole))
            read = read_state(path).state
        except InputError:
            return None
    return read if attrs.evolve(read, open_value=whole.open_value) == whole else None


def completed(state: State) -> State:
    """The state with its deposits and high-water marks, without zeros, in an asset whose quanta fit its markets."""
    balances = {account: balance for account, balance in state.ledger.items() if balance}
    for account, balance in tuple(balances.items()):
        outside = ledger.external(asset_of(state, account))
        balances[outside] = Money(balances.get(outside, 0) - balance)
    statuses = {
        name: attrs.evolve(status, high_water=max(status.high_water, status.balance))
        for name, status in state.fund_status.items()
    }
    return attrs.evolve(
        state,
        header=fitted_header(state),
        ledger=Map({account: balance for account, balance in balances.items() if balance}),
        fund_status=Map(statuses),
    )


def fitted_header(state: State) -> Header:
    """The header, with the digits that markets count quanta by."""
    decimals = {market.asset: digits_of(market) for market in state.markets.values()}
    return attrs.evolve(state.header, asset_decimals=state.header.asset_decimals.update(decimals))


def digits_of(market: Market) -> int:
    """Digits of the quantum of a market's asset: its price's, its quantity's, and those of quanta a price unit."""
    return market.price_decimals + market.quantity_decimals + len(str(market.quanta_per_unit)) - 1
