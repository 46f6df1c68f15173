"""What the index keeps a history of: figures of the state by kind and name, and how the database holds them."""

from typing import Any, Final, Literal, NamedTuple, get_args

import attrs
import msgspec

from marginspec.model.account import Direction, DomainKey, Lot, Order, Setting
from marginspec.model.effects import FundStatus
from marginspec.model.market import Market

Kind = Literal[
    "ledger",
    "position",
    "order",
    "setting",
    "claim",
    "lot",
    "account",
    "market",
    "mark",
    "fund",
    "uncovered",
    "open_interest",
    "paid_in",
    "paid_out",
    "borne",
    "next_lot",
    "lots",
]
"""Balance of a ledger account, position, order, settings, claim on relief, lot, position mode, parameters of a market
(without its mark), mark, counters of a market's funds, uncovered shortfall, a market's open interest,
what was paid in and out of an asset, what each bearer bore of its losses, the next lot's id, a market's lots
together."""
KINDS: tuple[Kind, ...] = get_args(Kind)
NUMBERS: dict[Kind, int] = {kind: number for number, kind in enumerate(KINDS)}


@attrs.frozen
class Lots:
    """The open lots of a market taken together: how many, and of each side the quantity and the cost, signed alike.

    Sums of lots follow from them, however many lots there are: a quantity's value at mark is proportional to it.
    """

    number: int = 0
    long: int = 0
    long_cost: int = 0
    short: int = 0
    short_cost: int = 0

    def plus(self, side: Direction, number: int, quantity: int, cost: int) -> "Lots":
        """The same with so many more lots on a side, so much more quantity there, and so much more cost."""
        if side == "long":
            held = self.long + quantity, self.long_cost + cost, self.short, self.short_cost
        else:
            held = self.long, self.long_cost, self.short + quantity, self.short_cost + cost
        return Lots(self.number + number, *held)


NO_LOTS = Lots()
RECORDS: dict[Kind, type] = {
    "order": Order,
    "setting": Setting,
    "lot": Lot,
    "market": Market,
    "fund": FundStatus,
    "lots": Lots,
}
"""Kinds whose values are records; all others are integers, and position modes texts."""
INT64 = 2**63


LOT: Final = "lot:"
"""How the name of a lot's balance begins."""


class Owned(NamedTuple):
    """A figure: its kind and name, and the account and market whose page shows it, empty if there is none."""

    kind: Kind
    name: str
    account: str = ""
    market: str = ""

    @property
    def lot(self) -> int | None:
        """The lot that it is, or whose balance it is; None if it is of no lot."""
        if self.kind == "lot":
            return int(self.name)
        is_balance = self.kind == "ledger" and self.name.startswith(LOT)
        return int(self.name.removeprefix(LOT)) if is_balance else None

    @property
    def is_ephemeral(self) -> bool:
        """Whether it comes and goes for good, as orders, lots and the balances of lots do."""
        return self.kind == "order" or self.lot is not None


def stored(value: Any) -> Any:
    """A value as the database holds it: nothing for what is not there, exact integers, records as JSON."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        # SQLite's integers have 64 bits; a figure that is wider is a text, never a float.
        return value if -INT64 <= value < INT64 else str(value)
    return None if value is None else msgspec.json.encode(value).decode()


def value_of(kind: Kind, held: Any) -> Any:
    """The value that the database holds; None for what is not there."""
    if held is None or kind == "account":
        return held
    if kind in RECORDS:
        return msgspec.json.decode(held, type=RECORDS[kind])
    return int(held)


def domain_name(domain: DomainKey) -> str:
    """A domain's name: its four parts, joined by colons, those of the cross domain that are empty too."""
    return ":".join(domain)


def domain_named(name: str) -> DomainKey:
    """The domain of a name."""
    return DomainKey(*name.split(":"))  # type: ignore[arg-type]  # the name was made of a domain
