"""Liquidation prices by the peer jesse: reads questions as lines of JSON, answers each with a line of prices.

Run by the Python of the peer's own environment; needs nothing but it and the standard library.

The peer has no tiers: all positions have a maintenance rate of 0.4 %, charged on the notional at entry, where the
rulebook charges it on the notional at the price sought. So even under a flat table of 0.4 % the peer's price lies
above the rulebook's by 0.4 % of the distance between that and the entry: too early for a long that is liquidated
below its entry, too late for a short that is liquidated above.
"""

import json
import math
import sys
import time
from types import SimpleNamespace
from typing import Any

from jesse.models.Position import Position

EXCHANGE = SimpleNamespace(type="futures", futures_leverage_mode="isolated")
CROSS = "the peer has no liquidation price of cross positions: it answers NaN"


def position_of(quantity: float, entry: float, cash: float, mark: float) -> Any:
    """The peer's position, whose leverage says what share of its notional at entry its cash is."""
    leverage = abs(quantity) * entry / cash if cash else math.inf
    attributes = {
        "qty": quantity,
        "entry_price": entry,
        "current_price": mark,
        "exchange": EXCHANGE,
        "strategy": SimpleNamespace(leverage=leverage),
    }
    return Position(attributes)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Liquidation prices, null where no positive one exists, and the seconds that reading them from the peer took."""
    if question["kind"] != "isolated":
        return {"unsupported": CROSS}
    positions = [position_of(*row) for row in question["positions"]]
    started = time.perf_counter()
    prices = [position.liquidation_price for position in positions]
    seconds = time.perf_counter() - started
    return {"prices": [price if price > 0 else None for price in prices], "seconds": seconds}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
