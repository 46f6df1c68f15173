"""What the index answers: exact integers in the units of the market or asset that each answer names."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Generic, TypeVar

import attrs

from marginspec.model.account import Lot
from marginspec.model.state import State
from marginspec.model.units import Money, Quantity
from marginspec_journal import Record
from marginspec_tools.dashboard.index.values import Kind

Row = TypeVar("Row")


@attrs.frozen
class Head:
    """How far an index is: its last event, what is known of it, and whether there is more to come.

    `run` is another one whenever the index was begun anew, `first` the number of events before the journal's own.
    `total` is about how many events the journal has. `broken` says what is wrong with the journal, whose events before
    that are indexed; `notice` why the index was begun anew.
    """

    run: str
    first: int
    seq: int
    accepted: int
    hash: str
    ts: str | None
    total: int
    is_building: bool
    broken: str | None
    notice: str | None
    accounts: int
    markets: int

    @property
    def mark(self) -> str:
        """Another text whenever anything else is known."""
        return sha256(repr(self).encode("utf-8", "backslashreplace")).hexdigest()[:16]


@attrs.frozen
class Page(Generic[Row]):
    """Some rows, and where the next page begins; None at the end.

    A page may have fewer rows than were asked for, or none, and a next one: so much was looked at without finding more.
    """

    rows: tuple[Row, ...]
    after: int | None


@attrs.frozen
class EventRow:
    """An event: its number, type and market, the reason if it was rejected, how many effects it had, when and what ref.

    `money` is what the waterfall passed on, in 1e-8; None if nothing was liquidated and no fund was drawn on.
    """

    seq: int
    type: str
    market: str | None
    rejected: str | None
    effects: int
    money: int | None
    ts: str | None
    ref: str | None


@attrs.frozen
class Change:
    """What an event made of a figure: its value before and after; None where there was or is nothing."""

    kind: Kind
    name: str
    before: Any
    after: Any


@attrs.frozen
class Event:
    """An event with its line, its receipt's line, and some of its effects as receipts state them, from `first` on.

    The receipt's line of an event with many effects has none of them: they are read `EFFECTS_AT_ONCE` at a time.
    `changes` are those of the effects that are shown.
    """

    row: EventRow
    text: str
    receipt: str
    hash: str
    first: int
    effects: tuple[Mapping[str, Any], ...]
    changes: tuple[Change, ...]


@attrs.frozen
class Moment:
    """An event with the state before it, for rules to be run on.

    The state has all accounts, or those alone that the event names or changed, on which the rules give the same
    receipt.
    """

    before: State
    record: Record
    seq: int


@attrs.frozen
class Version:
    """A figure's value after an event that set it, and the one before; None where there is nothing."""

    seq: int
    before: Any
    value: Any


@attrs.frozen
class Movement:
    """A transfer from or to a ledger account: by which rule, to or from which other one; negative if money left.

    Rule and other account are empty for what all other transfers of an event with very many effects came to, and for
    what there was where the journal begins. `balance` is what the account had after the event, of which this may be one
    of several movements.
    """

    seq: int
    rule: str
    other: str
    amount: Money
    balance: Money


@attrs.frozen
class Point:
    """Values of a figure from one event to another: the lowest, the highest, and the last."""

    first: int
    last: int
    low: int
    high: int
    value: int


@attrs.frozen
class Borne:
    """Who bore, gained or got back how much in an event.

    `bearer` is reserve, insurance, relief, house, deleveraging or levy; `profit` is what a reserve gained, `returned`
    what a domain got back of a levy. `name` is the position that was deleveraged or the domain that was levied.
    """

    seq: int
    place: int
    bearer: str
    asset: str
    amount: Money
    lot: int | None
    market: str | None
    account: str | None
    name: str
    quantity: Quantity
    layer: str


@attrs.frozen
class OpenLot:
    """A lot as it stands after an event, and its cost, signed like its quantity."""

    lot: Lot
    cost: Money


@attrs.frozen
class LotRow:
    """A lot: what was taken, of which position, why, at which cost; its liquidation, None if it is older."""

    id: int
    seq: int
    liquidation: int | None
    account: str
    market: str
    side: str
    margin_mode: str
    reason: str
    quantity: Quantity
    cost: Money


@attrs.frozen
class Liquidation:
    """A domain that was liquidated, the lots that were taken of it, and who has borne their losses until an event.

    `borne` has the sum for each bearer of the losses of its lots, and `profit` for what reserves gained by them.
    Of lots, the first `LOTS_SHOWN` are given and counted.
    """

    id: int
    seq: int
    ts: str | None
    account: str
    asset: str
    market: str
    side: str
    equity: Money
    maintenance: Money
    lots: tuple[LotRow, ...]
    borne: Mapping[str, Money]


@attrs.frozen
class MarketRow:
    """A market: its name, asset and decimals, and the events that listed and settled it, if there are."""

    name: str
    asset: str
    price_decimals: int
    quantity_decimals: int
    since: int
    until: int | None
