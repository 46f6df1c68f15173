"""Liquidation prices by the peer ccxt: reads questions as lines of JSON, answers each with a line of prices.

Run by the Python of the peer's own environment; needs nothing but it and the standard library.

The peer computes a price where a venue's answer has none, while it parses the position. It picks the tier by the
notional at mark and drops the tier's maintenance amount: only in the first tier, whose amount is zero, is the price
that of the rulebook. In all others the peer has the position liquidated too early.
"""

import json
import sys
import time
from typing import Any

import ccxt

SYMBOL = "ALONE/USDT:USDT"
MARKET_ID = "ALONEUSDT"
PRICE_DIGITS = "1e-12"
"""Fine enough that what the peer rounds away is no more than what a float cannot hold."""
CROSS = "the peer prices a cross position by the wallet's balance as if the account had no other position"


def exchange_of(tiers: list[list[float]]) -> Any:
    """The peer's exchange with one market and its tiers, as if both had been loaded."""
    exchange = ccxt.binance()
    market = {
        "id": MARKET_ID,
        "symbol": SYMBOL,
        "type": "swap",
        "spot": False,
        "contract": True,
        "linear": True,
        "contractSize": 1.0,
        "precision": {"price": PRICE_DIGITS},
    }
    exchange.set_markets([market])
    exchange.options["leverageBrackets"] = {SYMBOL: [[repr(floor), repr(rate)] for floor, rate, _ in tiers]}
    return exchange


def position_of(quantity: float, entry: float, cash: float, mark: float) -> dict[str, Any]:
    """A position as the venue describes it; the price depends on none of the margins, the leverage and the PnL."""
    return {
        "symbol": MARKET_ID,
        "positionSide": "BOTH",
        "positionAmt": repr(quantity),
        "entryPrice": repr(entry),
        "notional": repr(quantity * mark),
        "unrealizedProfit": repr(quantity * (mark - entry)),
        "isolated": True,
        "isolatedWallet": repr(cash),
        "isolatedMargin": repr(cash + quantity * (mark - entry)),
        "initialMargin": "1",
        "maintMargin": "1",
        "leverage": "1",
        "updateTime": 0,
    }


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Liquidation prices, null where the peer finds none, and the seconds that its calls took."""
    if question["kind"] != "isolated":
        return {"unsupported": CROSS}
    exchange = exchange_of(question["tiers"])
    market = exchange.market(SYMBOL)
    positions = [position_of(*row) for row in question["positions"]]
    started = time.perf_counter()
    parsed = [exchange.parse_account_position(position, market) for position in positions]
    seconds = time.perf_counter() - started
    return {"prices": [position["liquidationPrice"] for position in parsed], "seconds": seconds}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
