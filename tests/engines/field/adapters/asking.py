"""What the adapters of libraries have in common: questions in the numbers that libraries take, answers as texts.

It runs in the environments of the libraries, and needs nothing but the standard library and `engine_protocol`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from engine_protocol import Engine, Object, unsupported


@dataclass(frozen=True)
class Tier:
    """A row of a market's tiers, with the deduction that makes maintenance continuous, as venues publish it."""

    floor: Decimal
    max_leverage: int
    rate: Decimal
    deduction: Decimal


@dataclass(frozen=True)
class Market:
    """A market at its mark."""

    name: str
    mark: Decimal
    price_decimals: int
    tiers: tuple[Tier, ...]

    def tier_of(self, notional: Decimal) -> Tier:
        """The last tier whose floor the notional reaches."""
        return [one for one in self.tiers if one.floor <= notional][-1]


@dataclass(frozen=True)
class Held:
    """An open position; its quantity is positive if it is long."""

    market: Market
    side: str
    quantity: Decimal
    entry: Decimal
    leverage: int

    @property
    def size(self) -> Decimal:
        """The quantity without its sign."""
        return abs(self.quantity)

    @property
    def notional(self) -> Decimal:
        """The value at mark."""
        return self.size * self.market.mark

    @property
    def unrealised(self) -> Decimal:
        """The profit at mark."""
        return self.quantity * (self.market.mark - self.entry)


@dataclass(frozen=True)
class Question:
    """A question of `marginspec calc`."""

    kind: str
    cash: Decimal
    held: tuple[Held, ...]
    market: Market

    @property
    def asked(self) -> tuple[Held, ...]:
        """The positions in the market asked about."""
        return tuple(one for one in self.held if one.market.name == self.market.name)

    @property
    def others(self) -> tuple[Held, ...]:
        """The positions in other markets."""
        return tuple(one for one in self.held if one.market.name != self.market.name)

    def lacking(self, *, cross: bool) -> str:
        """What a library that has one position in a market, and with `cross` several markets, has nothing for."""
        if len(self.asked) != 1:
            return "hedge" if self.asked else "no_position"
        names = [one.market.name for one in self.held]
        if len(set(names)) < len(names):
            return "hedge"
        return "" if cross or not self.others else "cross"


def question_of(given: Object) -> Question:
    """A question as it is asked."""
    markets = {name: market_of(name, fields) for name, fields in given["markets"].items()}
    domain = given["domain"]
    held = tuple(held_of(one, markets) for one in domain["positions"])
    return Question(given["kind"], Decimal(domain["cash"]), held, markets[given["market"]])


def market_of(name: str, fields: Object) -> Market:
    """A market of a question."""
    tiers: list[Tier] = []
    deduction, below = Decimal(0), Decimal(0)
    for row in fields["tiers"]:
        floor, rate = Decimal(row["floor"]), Decimal(row["maintenance_rate"])
        deduction += floor * (rate - below)
        below = rate
        tiers.append(Tier(floor, row["max_leverage"], rate, deduction))
    return Market(name, Decimal(fields["mark"]), fields["price_decimals"], tuple(tiers))


def held_of(fields: Object, markets: dict[str, Market]) -> Held:
    """A position of a question."""
    quantity = Decimal(fields["quantity"])
    entry = Decimal(fields["entry"]) if "entry" in fields else Decimal(fields["cost"]) / quantity
    return Held(markets[fields["market"]], fields["side"], quantity, entry, fields["leverage"])


def text_of(number: Any) -> str | None:
    """A number of a library as the text of the same number; None for what is none."""
    if number is None or not math.isfinite(number):
        return None
    return format(Decimal(repr(float(number))), "f")


def price_text(number: Any) -> str | None:
    """A price as a text; None where a library says by a price below zero, or none, that there is no such price."""
    text = text_of(number)
    return None if text is None or Decimal(text) <= 0 else text


def calculated(**values: Any) -> Object:
    """An answer to a question."""
    return {"answer": "calc", "values": values}


def band(question: Question, price: str | None) -> Object:
    """The answer of a library that has one liquidation price, which lies below a long and above a short."""
    [position] = question.asked
    near, far = "liquidation_price_below", "liquidation_price_above"
    if position.quantity < 0:
        near, far = far, near
    return calculated(**{near: price, far: None})


class Calculator(Engine):
    """A library that answers questions: a method for each kind that it has something for."""

    library = ""
    note = ""
    """What is particular about how it is asked, for its name."""

    def hello(self) -> Object:
        """The library's own name and version."""
        return {
            "answer": "hello",
            "protocol": 1,
            "name": f"{self.library} {self.note}".strip(),
            "version": version(self.library),
            "language": "Python",
            "rulebook": "2",
            "level": 0,
            "capabilities": ["calc"],
        }

    def calc(self, question: Object) -> Object:
        """Ask the method of the question's kind."""
        method: Callable[[Question], Object] | None = getattr(self, f"ask_{question['kind']}", None)
        return unsupported(question["kind"]) if method is None else method(question_of(question))
