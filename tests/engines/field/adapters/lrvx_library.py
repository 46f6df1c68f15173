"""The library lrvx, asked by marks whether its `LiquidationEngine` liquidates an account.

It has no function for a liquidation price; the band is sought by its decisions: the nearest prices, on the grid of the
market, at which it liquidates.
"""

from decimal import Decimal
from typing import Any

import lrvx
from asking import Calculator, Question, calculated
from engine_protocol import Object, serve, unsupported

ACCOUNT = 1
HIGHEST = 2**40
"""Prices above so many units are not looked at."""


def is_liquidated(question: Question, price: Decimal) -> bool:
    """Whether the library liquidates the account once the market asked about is marked at a price."""
    numbers = {name: number for number, name in enumerate(sorted({one.market.name for one in question.held}), 1)}
    engine, account = lrvx.LiquidationEngine(), lrvx.Account(ACCOUNT, float(question.cash))
    account.set_margin_mode(lrvx.MarginMode.Cross)
    for tier in question.market.tiers:
        engine.add_tier(float(tier.floor), float(tier.rate))
    for one in question.held:
        number = numbers[one.market.name]
        account.open_position(number, float(one.quantity), float(one.entry))
        account.set_mark(number, float(one.market.mark))
    engine.attach_account(account)
    found: dict[str, Any] = engine.on_mark(numbers[question.market.name], float(price))
    return ACCOUNT in found["liquidated"]


class Lrvx(Calculator):
    """Bands of accounts with one position in a market."""

    library = "lrvx"

    def ask_band(self, question: Question) -> Object:
        """The nearest prices at which it liquidates."""
        lacking = question.lacking(cross=True)
        if lacking:
            return unsupported(lacking)
        if any(one.market.tiers != question.market.tiers for one in question.held):
            return unsupported("tiers_of_each_market")
        unit = Decimal(1).scaleb(-question.market.price_decimals)
        mark = int(question.market.mark / unit)
        if is_liquidated(question, question.market.mark):
            below: int | None = mark
            above: int | None = mark
        else:
            below = nearest(question, unit, mark, 1)
            above = nearest(question, unit, mark, max(HIGHEST, 16 * mark))
        return calculated(
            liquidation_price_below=None if below is None else format(below * unit, "f"),
            liquidation_price_above=None if above is None else format(above * unit, "f"),
        )


def nearest(question: Question, unit: Decimal, safe: int, end: int) -> int | None:
    """By halving, the price nearest to a safe one, towards an end, at which the account is liquidated."""
    if not is_liquidated(question, end * unit):
        return None
    while abs(end - safe) > 1:
        middle = (safe + end) // 2
        if is_liquidated(question, middle * unit):
            end = middle
        else:
            safe = middle
    return end


if __name__ == "__main__":
    serve(Lrvx())
