"""One event, whole: from a state to the next, with a receipt."""

from collections.abc import Callable
from typing import Any

from marginspec.handlers.account_settings import set_leverage, set_margin_mode, set_position_mode
from marginspec.handlers.cash import adjust_isolated_margin, deposit, fund_insurance, withdraw, withdraw_house
from marginspec.handlers.fills import liquidation_fill
from marginspec.handlers.funding import funding
from marginspec.handlers.markets import open_market, set_mark, update_fees, update_tiers
from marginspec.handlers.orders import cancel_order, place_order
from marginspec.handlers.trading import trade
from marginspec.model import events
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.rejections import Reason, Rejected, require
from marginspec.model.state import Header, State
from marginspec.registry import rule
from marginspec.settlement.settle import settle
from marginspec.transaction import Transaction

HANDLERS: dict[type, Callable[[Transaction, Any], None]] = {
    events.ListMarket: open_market,
    events.UpdateTiers: update_tiers,
    events.UpdateFees: update_fees,
    events.MarkPrice: set_mark,
    events.Deposit: deposit,
    events.Withdraw: withdraw,
    events.FundInsurance: fund_insurance,
    events.WithdrawHouse: withdraw_house,
    events.SetPositionMode: set_position_mode,
    events.SetMarginMode: set_margin_mode,
    events.SetLeverage: set_leverage,
    events.AdjustIsolatedMargin: adjust_isolated_margin,
    events.PlaceOrder: place_order,
    events.CancelOrder: cancel_order,
    events.Trade: trade,
    events.Funding: funding,
    events.LiquidationFill: liquidation_fill,
}
"""What takes each type of event."""


@rule("JRN-01", "INV-09", "SET-01", "NUM-03", source="SRC-12")
def apply(state: State, event: Event) -> tuple[State, Receipt]:
    """Each event is accepted whole and settled, or rejected for one reason and changes nothing.

    Gives the next state and the receipt. An assertion that fails here is a bug of the rules.
    """
    transaction = Transaction(state)
    try:
        HANDLERS[type(event)](transaction, event)
        require(not transaction.out_of_range, Reason.OUT_OF_RANGE)
    except Rejected as refusal:
        return state, Receipt(refusal.reason, ())
    settle(transaction)
    transaction.publish_funds()
    return transaction.commit(), Receipt(None, tuple(transaction.effects))


class SpecificationEngine:
    """The specification as an engine: holds the state and applies one event after another."""

    def __init__(self, state: State) -> None:
        self._state = state

    @classmethod
    def from_header(cls, header: Header) -> "SpecificationEngine":
        """An engine without markets, accounts or money."""
        return cls(State(header=header))

    def apply(self, event: Event) -> Receipt:
        """Take one event; a rejected one leaves the state as it was."""
        self._state, receipt = apply(self._state, event)
        return receipt

    def state(self) -> State:
        """The state after the events so far."""
        return self._state
