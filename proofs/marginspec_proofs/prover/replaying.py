"""What a theorem does with given numbers: the calls of the rules' functions that it makes, and the events it applies.

The theorem runs on plain numbers, without any symbol, while the interpreter reports calls. A theorem that applies
events gives a journal that anybody can replay, and the state that it starts from if that is not empty; one that calls
a function on a state gives that state; of others the calls alone are the example.
"""

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import attrs

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.ledger import LedgerAccount
from marginspec.model.state import State
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_proofs.prover.sources import plain_function
from marginspec_proofs.prover.statements import NumericCase, OutOfScope, Theorem


@attrs.frozen
class Call:
    """A call of one of the rules' functions: its name, its arguments by name, what it gave or raised."""

    function: str
    arguments: dict[str, Any]
    outcome: str

    def text(self) -> str:
        """The call as one line; a state is told by the numbers in it, a transaction by its state."""
        arguments = ", ".join(f"{name}={shown(value)}" for name, value in self.arguments.items())
        return f"{self.function}({arguments}) gives {self.outcome}"


@attrs.frozen
class Applied:
    """An event that a theorem applied: the state that it found, the state that it left, the receipt."""

    before: State
    event: Event
    after: State
    receipt: Receipt


@attrs.frozen
class History:
    """A state and events that were applied to it, each to what the one before left, with their receipts."""

    start: State
    events: tuple[Event, ...]
    receipts: tuple[Receipt, ...]

    def begins_empty(self) -> bool:
        """Whether there is nothing in the state at the start."""
        return self.start == State(header=self.start.header)


@attrs.frozen
class Run:
    """A theorem on given numbers: the calls of the functions that it names, and each event that it applied."""

    calls: tuple[Call, ...]
    applied: tuple[Applied, ...]

    def history(self) -> History | None:
        """The longest run of events from an empty state, or else from the first state; None without any.

        Where an event was applied twice, first by the rules and then by changed ones, the first counts.
        """
        if not self.applied:
            return None
        found = [one.before for one in self.applied]
        state = next((one for one in found if one == State(header=one.header)), found[0])
        taken: list[Applied] = []
        for one in self.applied:
            if one.before is state and not (taken and taken[-1].event is one.event):
                taken.append(one)
                state = one.after
        return History(taken[0].before, tuple(one.event for one in taken), tuple(one.receipt for one in taken))

    def found(self) -> State | None:
        """The state that the first call found, if it was given one."""
        states = (value for call in self.calls for value in call.arguments.values() if isinstance(value, State))
        return next(states, None)


def run_of(theorem: Theorem, numbers: dict[str, int]) -> Run:
    """Run a theorem on given numbers and take down what it does; numbers out of its scope end it early."""
    calls: list[Call] = []
    applied: list[Applied] = []
    watched = {plain_function(one).__code__: name_of(one) for one in theorem.functions if not isinstance(one, type)}
    begun: dict[FrameType, dict[str, Any]] = {}

    def watch(frame: FrameType, what: str, given: Any) -> None:
        if frame.f_code in watched or frame.f_code is apply.__code__:
            if what == "call":
                begun[frame] = {name: as_it_is(value) for name, value in frame.f_locals.items()}
            elif what == "return":
                arguments = begun.pop(frame)
                if frame.f_code in watched:
                    calls.append(Call(watched[frame.f_code], arguments, shown(given)))
                if frame.f_code is apply.__code__ and given is not None:
                    applied.append(Applied(arguments["state"], arguments["event"], *given))

    with watching(watch):
        run_plainly(theorem, numbers)
    return Run(tuple(calls), tuple(applied))


def as_it_is(value: Any) -> Any:
    """A value that later changes leave alone: of a transaction, the state that it would leave now."""
    if not isinstance(value, Transaction):
        return value
    left = value.commit()
    value.go_on(left.ledger)
    return left


class watching:  # noqa: N801 - reads as a context manager
    """While this lasts, the interpreter reports calls and returns."""

    def __init__(self, watch: Callable[[FrameType, str, Any], None]) -> None:
        self.watch = watch

    def __enter__(self) -> None:
        sys.setprofile(self.watch)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


def run_plainly(theorem: Theorem, numbers: dict[str, int]) -> None:
    """Run a theorem on plain numbers; what it raises is its failure, and ends it."""
    try:
        theorem.statement(NumericCase(numbers))
    except (OutOfScope, AssertionError, ArithmeticError, LookupError):
        return


def name_of(function: Any) -> str:
    """A function's name as one imports it."""
    found = plain_function(function)
    return f"{found.__module__}.{found.__qualname__}"


def shown(value: Any) -> str:
    """A value as it is written; of a state what it holds, of a ledger account its name."""
    if isinstance(value, State):
        return f"State({', '.join(held_by(value))})"
    return repr(str(value) if isinstance(value, LedgerAccount) else value)


def held_by(state: State) -> Iterator[str]:
    """What a state holds that has numbers in it, each by its name."""
    for market in state.markets.values():
        yield f"mark of {market.id} {market.mark}"
    for name in ("ledger", "positions", "lots", "orders", "open_interest", "open_value"):
        for key, value in sorted(getattr(state, name).items(), key=lambda item: str(item[0])):
            yield f"{name} {shown_key(key)} {getattr(value, 'quantity', value)}"


def shown_key(key: Any) -> str:
    """A key of a state, in words."""
    if isinstance(key, LedgerAccount) or not isinstance(key, tuple):
        return str(key)
    return " ".join(map(str, key))
