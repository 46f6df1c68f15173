"""One event, whole: from a state to the next, with a receipt."""

from marginspec import handlers as handlers  # importing the package registers every handler
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import Header, State
from marginspec.observation import Observer, observed_by
from marginspec.registry import HANDLERS, rule
from marginspec.settlement.settle import settle
from marginspec.transaction import Transaction


@rule("JRN-01", "INV-09", "SET-01", "NUM-03", source="SRC-12")
def apply(state: State, event: Event, observer: Observer | None = None) -> tuple[State, Receipt]:
    """Each event is accepted whole and settled, or rejected for one reason and changes nothing.

    Gives the next state and the receipt. An assertion that fails here is a bug of the rules. An observer is told of
    every call of a rule, every effect and the line that refused; it changes nothing.
    """
    if observer is not None:
        with observed_by(observer):
            return apply(state, event)
    transaction = Transaction(state)
    try:
        HANDLERS[type(event)](transaction, event)
        if transaction.out_of_range:
            raise Rejected(Reason.OUT_OF_RANGE)
        settle(transaction)
    except Rejected as refusal:
        return state, Receipt(refusal.reason, ())
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
