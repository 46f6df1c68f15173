"""Times the peer lrvx: reads questions as lines of JSON, answers each with a line of seconds.

Run by the Python of the peer's own environment; needs nothing but it and the standard library.
"""

import json
import sys
import time
from typing import Any

import lrvx

kept: list[Any] = []


def engine_of(question: dict[str, Any]) -> Any:
    """The peer's engine with the accounts and positions that a question states."""
    engine = lrvx.LiquidationEngine()
    for floor, rate in question["tiers"]:
        engine.add_tier(floor, rate)
    engine.set_insurance_fund_capital(0.0)
    engine.set_adl_enabled(True)
    engine.set_adl_ranking(lrvx.AdlRanking.Binance)
    if question["by_engine"]:
        open_by_engine(engine, question)
        return engine
    mode = lrvx.MarginMode.Isolated if question["isolated"] else lrvx.MarginMode.Cross
    half = question["accounts"] // 2
    for number, equity in enumerate(question["equities"]):
        account = lrvx.Account(number, equity)
        account.set_margin_mode(mode)
        for symbol in range(question["markets"]):
            quantity = question["quantity"] if number < half else -question["quantity"]
            if question["isolated"]:
                account.open_position(symbol, quantity, question["price"], equity)
            else:
                account.open_position(symbol, quantity, question["price"])
            account.set_mark(symbol, question["price"])
        kept.append(account)
        engine.attach_account(account)
    return engine


def open_by_engine(engine: Any, question: dict[str, Any]) -> None:
    """Have the engine itself open the positions of a market, as an exchange would."""
    half = question["accounts"] // 2
    for number, equity in enumerate(question["equities"]):
        quantity = question["quantity"] if number < half else -question["quantity"]
        engine.open_position(number, 0, quantity, question["price"], equity)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Seconds that each mark of a question's path takes, and what came of them."""
    engine = engine_of(question)
    seconds = []
    counts = [0, 0]
    for price in question["path"]:
        started = time.perf_counter()
        found = engine.on_mark(0, price)
        seconds.append(time.perf_counter() - started)
        counts[0] += found["liquidations_count"]
        counts[1] += found["adl_closeouts_count"]
    kept.clear()
    return {"seconds": seconds, "liquidations": counts[0], "deleveragings": counts[1]}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
