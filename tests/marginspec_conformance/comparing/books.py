"""An engine's own books, kept from what it tells of its events, and the invariants that can be asked of them."""

from collections import defaultdict
from collections.abc import Iterator

import attrs

from marginspec.model import events
from marginspec.model.events import Event
from marginspec.model.ledger import FUND_KINDS, account_named
from marginspec.model.state import State
from marginspec.model.units import WIRE_DECIMALS, Decimal8
from marginspec_audit import STATE_INVARIANTS, check_state
from marginspec_conformance.comparing.amounts import read_amount, shortest
from marginspec_conformance.comparing.differences import Difference
from marginspec_conformance.comparing.figures import Figures
from marginspec_conformance.protocol.messages import Accepted, Changes
from marginspec_journal.canonical import JsonObject
from marginspec_journal.errors import InputError
from marginspec_journal.states import state_in
from marginspec_journal.strict_json import Node

FROM_CHANGES = ("INV-01", "INV-02", "INV-03")
"""Invariants that can be asked of balances alone; of a state, which an engine may give, all of every state can be."""


@attrs.define
class Books:
    """Balances and quantities as an engine told them, in 1e-8, and what is known of markets from the journal."""

    asset_of_market: dict[str, str] = attrs.Factory(dict)
    balances: dict[str, Decimal8] = attrs.Factory(dict)
    quantities: dict[str, Decimal8] = attrs.Factory(dict)
    asset_of_lot: dict[str, str] = attrs.Factory(dict)
    markets_with_lots: set[str] = attrs.Factory(set)

    @classmethod
    def of(cls, state: State) -> "Books":
        """Books that begin with a state's figures."""
        figures = Figures(state)
        books = cls({market.id: market.asset for market in state.markets.values()})
        for kind, held in (("ledger", books.balances), ("positions", books.quantities)):
            held.update(
                (name, units) for name, text in figures[kind].items() if (units := read_amount(text)) is not None
            )
        books.asset_of_lot = {f"lot:{lot.id}": state.markets[lot.market].asset for lot in state.lots.values()}
        books.markets_with_lots = {lot.market for lot in state.lots.values()}
        return books

    def take(self, event: Event, answer: Accepted) -> list[Difference]:
        """Book what an event changed; gives the invariants that do not hold after it.

        A lot is of the asset of the event that it was first told at, since an event moves money of one asset only. One
        whose account stays at zero is never told, but whoever tells of a liquidation may have taken lots over.
        """
        if isinstance(event, events.ListMarket):
            self.asset_of_market[event.market] = event.asset
        asset = getattr(event, "asset", None) or self.asset_of_market.get(getattr(event, "market", ""), "")
        changes, wrong = answer.changes or Changes(), list[Difference]()
        for kind, told, held in (
            ("ledger", changes.ledger, self.balances),
            ("positions", changes.positions, self.quantities),
        ):
            for name, text in told.items():
                units = read_amount(text)
                if units is None:
                    wrong.append(Difference("books", name, f"a decimal in {kind}", text))
                else:
                    held[name] = units
                if name.startswith("lot:"):
                    self.asset_of_lot.setdefault(name, asset)
        if answer.liquidated or any(name.startswith("lot:") for name in changes.ledger):
            self.markets_with_lots.update(one for one, of in self.asset_of_market.items() if of == asset)
        return [*wrong, *self.broken()]

    def broken(self) -> Iterator[Difference]:
        """The invariants that do not hold of the books."""
        sums: dict[str, int] = defaultdict(int)
        for name, units in self.balances.items():
            sums[self.asset_of(name)] += units
        for asset, total in sorted(sums.items()):
            if total:
                yield Difference("books", f"INV-01 {asset}", "balances sum to 0", amount(total))
        by_market: dict[str, int] = defaultdict(int)
        for name, units in self.quantities.items():
            by_market[name.split(":")[1] if ":" in name else name] += units
        for market, total in sorted(by_market.items()):
            if total and market not in self.markets_with_lots:
                yield Difference("books", f"INV-02 {market}", "quantities sum to 0", amount(total))
        for name, units in sorted(self.balances.items()):
            kind = name.partition(":")[0]
            if kind in FUND_KINDS and units < 0:
                yield Difference("books", f"INV-03 {name}", "at least 0", amount(units))
            elif kind == "clearing" and units:
                yield Difference("books", f"INV-03 {name}", "0 after every event", amount(units))

    def asset_of(self, name: str) -> str:
        """The asset of a ledger account by its name; empty if it is none."""
        if name in self.asset_of_lot:
            return self.asset_of_lot[name]
        try:
            account = account_named(name)
        except ValueError:
            return ""
        return account.asset or self.asset_of_market.get(account.market, "")


def amount(units: int) -> str:
    """Units of 1e-8 as a decimal."""
    return shortest(units, WIRE_DECIMALS)


def broken_in_state(told: JsonObject) -> list[Difference]:
    """The invariants of every state that an engine's own state breaks; one difference if it is no state at all."""
    try:
        opened = state_in(Node("the engine's state", None, "", told))
    except InputError as refused:
        return [Difference("books", "state", "a state as in a file", str(refused))]
    assert set(FROM_CHANGES) <= set(STATE_INVARIANTS)
    return [Difference("books", f"{one.invariant} {one.where}", "holds", one.what) for one in check_state(opened.state)]
