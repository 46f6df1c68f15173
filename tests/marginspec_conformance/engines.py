"""The specification and the optimized engine as engines under test, at level 5: `py:marginspec_conformance.engines:…`.

What they answer of balances follows from the effects in their receipts.
"""

from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import TypeVar, get_args

import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec.engine import Engine as RulebookEngine
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    Levied,
    PositionChanged,
    Receipt,
    ReliefReturned,
    Transferred,
)
from marginspec.model.ledger import LedgerAccount
from marginspec.model.state import State
from marginspec.transition import SpecificationEngine
from marginspec_conformance.adapter import Adapter
from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Calculated,
    Capability,
    Changes,
    Hello,
    Refused,
    Unsupported,
    Want,
)
from marginspec_journal.canonical import JsonObject
from marginspec_journal.decimals import decimal_text
from marginspec_journal.digits import digits_of
from marginspec_journal.events import record_of
from marginspec_journal.header import header_of
from marginspec_journal.state_objects import claim_name
from marginspec_journal.states import OpenedState, opening, state_in, state_text
from marginspec_journal.strict_json import Node
from marginspec_tools.calculate.calc import answer as calculated
from marginspec_tools.calculate.calc import question_id_of, question_of

Key = TypeVar("Key", LedgerAccount, PositionKey)

ALL = frozenset(get_args(Capability)) - {"choices"}
"""What both have: the whole rulebook, as the rulebook has it, and so nothing of their own choice."""
LEVEL = 5


class RulebookAdapter(Adapter):
    """One of the rulebook's engines, with the figures before the next event and the chain of its receipts."""

    def __init__(self, name: str, opened: Callable[[State], RulebookEngine]) -> None:
        self._name, self._opened_engine = name, opened
        self._begin(opening(State()))

    def hello(self) -> Hello:
        """What the engine says of itself."""
        return Hello(self._name, version("marginspec"), "Python", RULEBOOK_VERSION, LEVEL, ALL)

    def configure(self, header: JsonObject) -> None:
        """Take the header of a journal."""
        self._header = header_of(Node("header", None, "", header))
        self._begin(opening(State(header=self._header)))

    def reset(self, state: JsonObject | None) -> None:
        """Begin anew."""
        if state is None:
            self._begin(opening(State(header=self._header)))
        else:
            self._begin(state_in(Node("state", None, "", state)))

    def _begin(self, opened: OpenedState) -> None:
        self._header = opened.state.header
        self._engine, self._start, self._chain = self._opened_engine(opened.state), opened, opened.chain()
        self._digits = digits_of(opened.state)
        self._balances: dict[LedgerAccount, int] = dict(opened.state.ledger)
        self._quantities: dict[PositionKey, int] = dict(opened.state.positions)
        self._claims = _claims(opened.state)
        self._accepted = opened.accepted

    def step(self, event: JsonObject, want: Want) -> Answer:
        """Take an event."""
        record = record_of(Node("event", None, "", event), 1)
        receipt = self._engine.apply(record.event)
        chain = self._chain.append(record.event, receipt).hash
        if receipt.rejected is not None:
            return Refused(receipt.rejected.value, chain if want == "receipts" else None)
        self._accepted += 1
        self._digits.add_listed(receipt)
        changes = self._changed(receipt)
        if want == "receipts":
            return Accepted(hash=chain)
        if want == "verdict":
            return Accepted()
        return Accepted(*_decisions(receipt.effects), changes=None if want == "decisions" else changes)

    def _changed(self, receipt: Receipt) -> Changes:
        """What the receipt's effects changed, taken over into the figures."""
        money, old_quantities = self._moved(receipt)
        ledger = {one.name: self._money(asset, self._balances.get(one, 0)) for one, asset in sorted(money.items())}
        positions = {
            ":".join(key): _shortest(self._quantities.get(key, 0), self._digits.markets[key.market].quantity)
            for key in sorted(old_quantities)
            if self._quantities.get(key, 0) != old_quantities[key]
        }
        touches_relief = any(
            isinstance(one, Levied | ReliefReturned | DomainLiquidated) for one in receipt.effects
        ) or any(one.kind == "relief" for one in money)
        return Changes(ledger, positions, self._changed_claims() if touches_relief else {})

    def _moved(self, receipt: Receipt) -> tuple[dict[LedgerAccount, str], dict[PositionKey, int]]:
        """Ledger accounts whose balance is another, with their asset, and the quantities of positions before."""
        sums: dict[LedgerAccount, int] = {}
        assets: dict[LedgerAccount, str] = {}
        before: dict[PositionKey, int] = {}
        for effect in receipt.effects:
            if isinstance(effect, Transferred):
                for account, amount in ((effect.source, -effect.amount), (effect.target, effect.amount)):
                    sums[account] = sums.get(account, 0) + amount
                    assets[account] = effect.asset
            elif isinstance(effect, PositionChanged):
                before.setdefault(effect.key, self._quantities.get(effect.key, 0))
                _put(self._quantities, effect.key, effect.quantity)
        for account, amount in sums.items():
            _put(self._balances, account, self._balances.get(account, 0) + amount)
        return {account: assets[account] for account, amount in sums.items() if amount != 0}, before

    def _changed_claims(self) -> dict[str, str]:
        before, self._claims = self._claims, _claims(self._engine.state())
        return {
            claim_name(domain): self._money(domain.asset, self._claims.get(domain, 0))
            for domain in sorted({*before, *self._claims}, key=claim_name)
            if before.get(domain, 0) != self._claims.get(domain, 0)
        }

    def _money(self, asset: str, quanta: int) -> str:
        return _shortest(quanta, self._digits.assets[asset])

    def state(self) -> JsonObject | Unsupported:
        """The whole state, as in a file."""
        events, state = self._chain.events, self._engine.state()
        reached = OpenedState(state, events, self._accepted, events - self._accepted, self._chain.hash)
        given: JsonObject = msgspec.json.decode(state_text(reached))
        return given

    def calc(self, question: JsonObject) -> Calculated | Unsupported:
        """The answer to a question."""
        node = Node("question", None, "", question)
        values = calculated(question_of(node, question_id_of(node)))
        return Calculated({name: values[name] for name in values if name not in ("calc", "rulebook", "id", "kind")})


def _put(figures: dict[Key, int], key: Key, figure: int) -> None:
    if figure:
        figures[key] = figure
    else:
        figures.pop(key, None)


def _claims(state: State) -> dict[DomainKey, int]:
    return {domain: claim for claims in state.relief_claims.values() for domain, claim in claims.items()}


def _decisions(effects: Iterable[Effect]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Who was liquidated, deleveraged and levied, in the order of the effects."""
    found: tuple[list[str], list[str], list[str]] = ([], [], [])
    for effect in effects:
        if isinstance(effect, DomainLiquidated):
            found[0].append(claim_name(effect.domain))
        elif isinstance(effect, Deleveraged):
            found[1].append(":".join(effect.counterparty))
        elif isinstance(effect, Levied):
            found[2].append(claim_name(effect.domain))
    return tuple(found[0]), tuple(found[1]), tuple(found[2])


def _shortest(units: int, decimals: int) -> str:
    text = decimal_text(units, decimals)
    return text.rstrip("0").rstrip(".") if decimals else text


def specification() -> RulebookAdapter:
    """The specification as an engine under test."""
    return RulebookAdapter("marginspec specification", SpecificationEngine)


def optimized() -> RulebookAdapter:
    """The optimized engine as an engine under test; it is compiled before, if it has to be."""
    from marginspec_tools.runs.engines import opened_engine

    return RulebookAdapter("marginspec optimized engine", lambda state: opened_engine("fast", state))
