"""An event taken again under observation: its effects with the state before each, or the check that refused it."""

from types import TracebackType

import attrs
from immutables import Map

from marginspec.model.effects import Effect, Transferred
from marginspec.model.events import Event
from marginspec.model.ledger import LedgerAccount
from marginspec.model.rejections import Reason, Rejected, require
from marginspec.model.state import State
from marginspec.model.units import Money
from marginspec.registry import HANDLERS, REGISTRY, RuleCode
from marginspec.settlement.settle import settle
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_tools.explain.explanation import Clause

Ledger = Map[LedgerAccount, Money]


class WatchedEffects(list[Effect]):
    """The effects of a transaction; takes down what the state is after each."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__()
        self.transaction = transaction
        self.books: list[State] = [transaction.before]

    def append(self, effect: Effect) -> None:
        """Take an effect, and the state that it led to."""
        super().append(effect)
        before = self.books[-1].ledger
        after = booked(before, effect) if isinstance(effect, Transferred) else before
        self.books.append(state_within(self.transaction, after))


def booked(balances: Ledger, moved: Transferred) -> Ledger:
    """A ledger after a transfer."""
    for account, amount in ((moved.source, -moved.amount), (moved.target, moved.amount)):
        balance = Money(balances.get(account, Money(0)) + amount)
        balances = balances.set(account, balance) if balance else balances.delete(account)
    return balances


def state_within(transaction: Transaction, balances: Ledger) -> State:
    """What a transaction reads at this point, as a state."""
    fields = {field.name: getattr(transaction, field.name) for field in attrs.fields(State)}
    return State(**{**fields, "ledger": balances})


@attrs.frozen
class Watched:
    """An event under observation.

    `books[i]` is the state before `effects[i]`. The first `own` effects are the event's, those up to
    `settled` settlement's, the rest tells the funds. For a refused event: the reason, the clause of the check
    that refused it, and `refused_in`, which reads as the state did at that moment.
    """

    event: Event
    effects: tuple[Effect, ...]
    books: tuple[State, ...]
    own: int
    settled: int
    event_market: str | None
    exposed: tuple[str, ...]
    reason: Reason | None
    check: Clause | None
    refused_in: Transaction

    @property
    def before(self) -> State:
        """The state before the event."""
        return self.books[0]

    @property
    def after(self) -> State:
        """The state after the event."""
        return self.books[-1] if self.reason is None else self.books[0]


def watch(before: State, event: Event) -> Watched:
    """Take an event again, as `transition.apply` does, and observe it."""
    transaction = Transaction(before)
    effects = WatchedEffects(transaction)
    transaction.effects = effects
    try:
        HANDLERS[type(event)](transaction, event)
        require(not transaction.out_of_range, Reason.OUT_OF_RANGE)
    except Rejected as refusal:
        check = refusing_check(refusal.__traceback__)
        return observation(event, transaction, effects, len(effects), len(effects), refusal.reason, check)
    own = len(effects)
    settle(transaction)
    settled = len(effects)
    transaction.publish_funds()
    return observation(event, transaction, effects, own, settled, None, None)


def observation(
    event: Event,
    transaction: Transaction,
    effects: WatchedEffects,
    own: int,
    settled: int,
    reason: Reason | None,
    check: Clause | None,
) -> Watched:
    """What was observed, closed."""
    exposed = tuple(sorted({*transaction.exposed, *transaction.uncovered, *transaction.before.uncovered}))
    market = transaction.event_market
    return Watched(
        event, tuple(effects), tuple(effects.books), own, settled, market, exposed, reason, check, transaction
    )


def refusing_check(trace: TracebackType | None) -> Clause:
    """The clause of the innermost function of the rulebook that a refusal passed through."""
    found = code_of(apply.__module__, apply.__qualname__)
    while trace is not None:
        frame = trace.tb_frame
        found = code_of(frame.f_globals["__name__"], frame.f_code.co_qualname) or found
        trace = trace.tb_next
    assert found is not None, "the transition itself is registered"
    return Clause(found.ids[0] if found.name != apply.__qualname__ else "NUM-03", found.sentence)


def code_of(module: str, name: str) -> RuleCode | None:
    """The registered code of that name; None if the function executes no clause."""
    return next((code for code in REGISTRY if (code.module, code.name) == (module, name)), None)
