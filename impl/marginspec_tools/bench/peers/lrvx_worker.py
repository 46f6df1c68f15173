"""Times the peer lrvx: reads questions as lines of JSON, answers each with a line of seconds.

Run by the Python of the peer's own environment; needs nothing but it and the standard library.
"""

import json
import sys
import time
from typing import Any

import lrvx


class Exchange:
    """The peer's engine with positions, and the accounts that are attached to it, if any."""

    def __init__(self, question: dict[str, Any]) -> None:
        self.engine = lrvx.LiquidationEngine()
        for floor, rate in question["tiers"]:
            self.engine.add_tier(floor, rate)
        self.engine.set_insurance_fund_capital(0.0)
        self.engine.set_adl_enabled(True)
        self.engine.set_adl_ranking(lrvx.AdlRanking.Binance)
        half, quantity = len(question["equities"]) // 2, question["quantity"]
        self._quantities = half * [quantity] + half * [-quantity]
        self._attached: list[Any] = []
        if question["opened_by"] == "engine":
            self._open(question)
        else:
            self._attach(question)

    def _open(self, question: dict[str, Any]) -> None:
        """Have the engine itself open a position of each account, with an equity of its own: isolated."""
        for number, (equity, quantity) in enumerate(zip(question["equities"], self._quantities, strict=True)):
            self.engine.open_position(number, 0, quantity, question["price"], equity)

    def _attach(self, question: dict[str, Any]) -> None:
        """Attach cross accounts.

        All accounts are made before their positions, so that both lie close together in memory: a mark then takes the
        peer less than half as long at 100,000 accounts as when each account is followed by its positions.
        """
        self._attached = [lrvx.Account(number, equity) for number, equity in enumerate(question["equities"])]
        for account, quantity in zip(self._attached, self._quantities, strict=True):
            account.set_margin_mode(lrvx.MarginMode.Cross)
            for symbol in range(question["markets"]):
                account.open_position(symbol, quantity, question["price"])
                account.set_mark(symbol, question["price"])
        for account in self._attached:
            self.engine.attach_account(account)

    def mark(self, path: list[tuple[int, float]]) -> dict[str, Any]:
        """Seconds that each mark of a path takes, a symbol and a price, and what came of them."""
        seconds, liquidations, deleveragings = [], 0, 0
        for symbol, price in path:
            started = time.perf_counter()
            found = self.engine.on_mark(symbol, price)
            seconds.append(time.perf_counter() - started)
            liquidations += found["liquidations_count"]
            deleveragings += found["adl_closeouts_count"]
        return {"seconds": seconds, "liquidations": liquidations, "deleveragings": deleveragings}


def main() -> None:
    """Answer questions: one with `equities` makes a new exchange, one with a `path` has marks come to it."""
    exchange: Exchange | None = None
    for line in sys.stdin:
        question = json.loads(line)
        if "equities" in question:
            # The one before is given up first, so that its memory is at hand.
            exchange = None
            exchange = Exchange(question)
        assert exchange is not None, "the first question makes an exchange"
        print(json.dumps(exchange.mark(question.get("path", []))), flush=True)


main()
