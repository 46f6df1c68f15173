"""The library jesse, asked for `Position.liquidation_price` and `Position.bankruptcy_price` of isolated positions."""

import math
from types import SimpleNamespace
from typing import Any

from asking import Calculator, Question, band, calculated, price_text
from engine_protocol import Object, serve, unsupported
from jesse.models.Position import Position

EXCHANGE = SimpleNamespace(type="futures", futures_leverage_mode="isolated")


def position_of(question: Question) -> Any:
    """The library's position, whose leverage says what part of its value at entry its margin is."""
    [held] = question.asked
    margin = float(question.cash)
    leverage = float(held.size * held.entry) / margin if margin else math.inf
    return Position(
        {
            "qty": float(held.quantity),
            "entry_price": float(held.entry),
            "current_price": float(held.market.mark),
            "exchange": EXCHANGE,
            "strategy": SimpleNamespace(leverage=leverage),
        }
    )


class Jesse(Calculator):
    """Liquidation and bankruptcy prices of isolated positions."""

    library = "jesse"

    def ask_band(self, question: Question) -> Object:
        """The liquidation price."""
        lacking = question.lacking(cross=False)
        return unsupported(lacking) if lacking else band(question, price_text(position_of(question).liquidation_price))

    def ask_bankruptcy(self, question: Question) -> Object:
        """The bankruptcy price."""
        lacking = question.lacking(cross=False)
        if lacking:
            return unsupported(lacking)
        return calculated(bankruptcy_price=price_text(position_of(question).bankruptcy_price))


if __name__ == "__main__":
    serve(Jesse())
