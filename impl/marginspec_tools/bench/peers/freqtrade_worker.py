"""Liquidation prices by the peer freqtrade: reads questions as lines of JSON, answers each with a line of prices.

Run by the Python of the peer's own environment; needs nothing but it and the standard library.

What the peer computes is exact, up to floats, for the tier that it picks. It picks the tier once, by the stake that
it is told, and never looks whether the tier also holds the notional at the price found; the rulebook's band does.
"""

import json
import sys
import time
from types import SimpleNamespace
from typing import Any

from freqtrade.enums import MarginMode, RunMode, TradingMode
from freqtrade.exchange import Binance

Call = tuple[str, float, bool, float, float, float, float, list[Any]]

ALONE = "ALONE/USDT:USDT"
LEVERAGE = 1.0
"""The peer asks for a leverage and does not use it."""
TWO_SIDES = "of two positions in one market the peer leaves out one"


def leverage_tiers(tiers: list[list[float]]) -> list[dict[str, float]]:
    """A tier table as the peer keeps it: with the maintenance amount, which makes maintenance continuous."""
    rows = []
    amount, rate_below = 0.0, 0.0
    for floor, rate, max_leverage in tiers:
        amount += floor * (rate - rate_below)
        rate_below = rate
        rows.append(
            {"minNotional": floor, "maintenanceMarginRate": rate, "maxLeverage": max_leverage, "maintAmt": amount}
        )
    return rows


def exchange_of(margin_mode: Any, pairs: list[str], tiers: list[list[float]]) -> Any:
    """The peer's exchange with all that its liquidation price reads; its own constructor would call the venue."""
    exchange = Binance.__new__(Binance)
    # The destructor closes connections, of which this object has none.
    exchange.close = lambda: None
    exchange.margin_mode = margin_mode
    exchange.trading_mode = TradingMode.FUTURES
    # In the other modes it asks the venue for marks.
    exchange._config = {"runmode": RunMode.BACKTEST}
    exchange._leverage_tiers = dict.fromkeys(pairs, leverage_tiers(tiers))
    return exchange


def pair_of(market: int) -> str:
    """The peer's name of a market."""
    return f"M{market}/USDT:USDT"


def isolated_call(quantity: float, entry: float, cash: float, mark: float) -> Call:
    """What the peer is told of an isolated position.

    The stake is the notional at mark. The peer's own bot gives the collateral instead, and so picks too low a tier
    for every position with leverage that has outgrown the first.
    """
    size = abs(quantity)
    return ALONE, entry, quantity < 0, size, size * mark, LEVERAGE, cash, []


def cross_call(domain: dict[str, Any]) -> Call:
    """What the peer is told of a cross account, about the position in the market asked about.

    For want of marks the peer values other positions at their entries, and if it had marks it would count their
    unrealised PnL as if all were long. So marks are given as entries, and the PnL that they leave out as cash.
    """
    asked = domain["asked"]
    cash = domain["cash"]
    others = []
    own = None
    for market, quantity, entry, mark in domain["positions"]:
        size = abs(quantity)
        if market == asked:
            own = (pair_of(market), entry, quantity < 0, size, size * mark, LEVERAGE)
        else:
            cash += quantity * (mark - entry)
            trade = {"pair": pair_of(market), "amount": size, "open_rate": mark, "stake_amount": size * mark}
            others.append(SimpleNamespace(**trade))
    assert own is not None, "the domain has no position in the market asked about"
    return *own, cash, others


def has_two_sides(domain: dict[str, Any]) -> bool:
    """Whether a domain has two positions in a market."""
    return len({row[0] for row in domain["positions"]}) < len(domain["positions"])


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Liquidation prices, null where no positive one exists, and the seconds that the peer's calls took."""
    if question["kind"] == "isolated":
        exchange = exchange_of(MarginMode.ISOLATED, [ALONE], question["tiers"])
        calls = [isolated_call(*row) for row in question["positions"]]
    else:
        domains = question["domains"]
        if any(map(has_two_sides, domains)):
            return {"unsupported": TWO_SIDES}
        pairs = sorted({pair_of(row[0]) for domain in domains for row in domain["positions"]})
        exchange = exchange_of(MarginMode.CROSS, pairs, question["tiers"])
        calls = [cross_call(domain) for domain in domains]
    started = time.perf_counter()
    prices = [exchange.dry_run_liquidation_price(*call) for call in calls]
    seconds = time.perf_counter() - started
    return {"prices": [price if price > 0 else None for price in prices], "seconds": seconds}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
