"""What a line of a journal says was observed: the exchange's own answer to an event, and what it had after it.

Here its shape and the grammar of its names are checked. Whether there is such an account, and whether a value agrees,
depends on the state, and is for an audit.
"""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from marginspec.model.account import MarginMode
from marginspec.model.fields import StatedMoney, StatedPrice, StatedQuantity, StatedRate
from marginspec.model.rejections import Reason
from marginspec_journal.ledger_names import POSITION_SIDES, ledger_account_of
from marginspec_journal.names import is_reference
from marginspec_journal.records import RecordForm
from marginspec_journal.strict_json import Node

Observed = Mapping[str, Any]


@attrs.frozen
class ObservedPosition:
    """A position: its quantity, signed, and as much of its settings and figures as was observed.

    A price of 0 says that there is none. `adl` is the deleveraging indicator, 0 to 4.
    """

    quantity: StatedQuantity
    margin_mode: MarginMode | None = None
    leverage: int | None = None
    entry_price: StatedPrice | None = None
    unrealised: StatedMoney | None = None
    liquidation_price: StatedPrice | None = None
    bankruptcy_price: StatedPrice | None = None
    maintenance: StatedMoney | None = None
    initial: StatedMoney | None = None
    adl: int | None = None


@attrs.frozen
class ObservedDomain:
    """A margin domain's figures, as many as were observed; `margin_ratio` is maintenance margin over equity."""

    equity: StatedMoney | None = None
    maintenance: StatedMoney | None = None
    initial: StatedMoney | None = None
    order_margin: StatedMoney | None = None
    available: StatedMoney | None = None
    movable: StatedMoney | None = None
    margin_ratio: StatedRate | None = None


@attrs.frozen
class ObservedFunds:
    """A market's funds and lots as the exchange publishes them (TRN-01), as many of the figures as were observed."""

    balance: StatedMoney | None = None
    high_water: StatedMoney | None = None
    inflow: StatedMoney | None = None
    outflow: StatedMoney | None = None
    insurance_drawn: StatedMoney | None = None
    deleveraged: StatedMoney | None = None
    levied: StatedMoney | None = None
    lots: int | None = None
    long_lots: StatedQuantity | None = None
    short_lots: StatedQuantity | None = None
    lots_pnl: StatedMoney | None = None
    shortfall: StatedMoney | None = None


@attrs.frozen
class ObservedLot:
    """A lot of the liquidation engine: its quantity, signed, and its cost, signed alike, if that was observed."""

    quantity: StatedQuantity
    cost: StatedMoney | None = None


POSITION = RecordForm(ObservedPosition)
DOMAIN = RecordForm(ObservedDomain)
FUNDS = RecordForm(ObservedFunds)
LOT = RecordForm(ObservedLot)


def observed_of(node: Node) -> Observed:
    """What was observed, as it stands; refuses unknown fields, and values and names that are malformed."""
    fields = node.record((), ("accepted", "rejected", "code", *READERS))
    answers = [name for name in ("accepted", "rejected", "code") if name in fields]
    if "accepted" in answers and len(answers) > 1:
        node.fail(f"both accepted and {answers[1]}")
    if "accepted" in fields and not fields["accepted"].flag():
        fields["accepted"].fail("expected true")
    if "rejected" in fields:
        fields["rejected"].choice(tuple(Reason))
    if "code" in fields and not is_reference(fields["code"].text()):
        fields["code"].fail("expected 1 to 128 printable ASCII characters")
    for name, read in READERS.items():
        for key, entry in fields[name].entries() if name in fields else ():
            read(key, entry)
    observed: Observed = node.value
    return observed


def _ledger_entry(name: str, entry: Node) -> None:
    ledger_account_of(name, entry)
    entry.wire_decimal()


def _named_decimal(name: str, entry: Node) -> None:
    entry.name_of(name)
    entry.wire_decimal()


def _position_entry(name: str, entry: Node) -> None:
    check_owner(name, entry, "ACCOUNT:MARKET:SIDE")
    POSITION.read(entry)


def _domain_entry(name: str, entry: Node) -> None:
    check_owner(name, entry, "ACCOUNT:ASSET" if name.count(":") == 1 else "ACCOUNT:MARKET:SIDE:ASSET")
    DOMAIN.read(entry)


def _funds_entry(name: str, entry: Node) -> None:
    entry.name_of(name)
    FUNDS.read(entry)


def _lot_entry(name: str, entry: Node) -> None:
    entry.integer_of(name)
    LOT.read(entry)


def check_owner(name: str, node: Node, form: str) -> None:
    """Refuse a name that is not made as `form` says, of names and a side with colons between."""
    parts, stated = name.split(":"), form.split(":")
    if len(parts) != len(stated):
        node.fail(f"expected {form}")
    for part, kind in zip(parts, stated, strict=True):
        if kind == "SIDE":
            node.choice_of(part, POSITION_SIDES)
        else:
            node.name_of(part)


READERS: dict[str, Callable[[str, Node], None]] = {
    "ledger": _ledger_entry,
    "positions": _position_entry,
    "domains": _domain_entry,
    "marks": _named_decimal,
    "funds": _funds_entry,
    "uncovered": _named_decimal,
    "lots": _lot_entry,
}
"""What checks an entry of each group of observed values: its name, and what is observed of it."""
