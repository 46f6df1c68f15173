"""The library ccxt, asked for what it computes of a position where the venue's answer has none.

`binance.parse_account_position` gives a liquidation price, and the maintenance rate of the position's tier.
"""

from decimal import Decimal
from typing import Any

import ccxt
from asking import Calculator, Held, Question, band, calculated, price_text, text_of
from engine_protocol import Object, serve, unsupported

SYMBOL, MARKET_ID = "ALONE/USDT:USDT", "ALONEUSDT"


def parsed(question: Question, position: Held, cash: Decimal) -> dict[str, Any]:
    """What the library makes of a position, as if market and tiers had been loaded."""
    exchange = ccxt.binance()
    market = {
        "id": MARKET_ID,
        "symbol": SYMBOL,
        "type": "swap",
        "spot": False,
        "contract": True,
        "linear": True,
        "contractSize": 1.0,
        "precision": {"price": f"1e-{question.market.price_decimals}"},
    }
    exchange.set_markets([market])
    tiers = [[format(one.floor, "f"), format(one.rate, "f")] for one in position.market.tiers]
    exchange.options["leverageBrackets"] = {SYMBOL: tiers}
    found: dict[str, Any] = exchange.parse_account_position(described(position, cash), market)
    return found


def described(position: Held, cash: Decimal) -> dict[str, Any]:
    """A position as the venue describes it; what the library computes depends on none of the two margins."""
    sign = 1 if position.quantity > 0 else -1
    return {
        "symbol": MARKET_ID,
        "positionSide": position.side,
        "positionAmt": format(position.quantity, "f"),
        "entryPrice": format(position.entry, "f"),
        "notional": format(sign * position.notional, "f"),
        "unrealizedProfit": format(position.unrealised, "f"),
        "isolated": True,
        "isolatedWallet": format(cash, "f"),
        "isolatedMargin": "1",
        "initialMargin": "1",
        "maintMargin": "1",
        "leverage": str(position.leverage),
        "updateTime": 0,
    }


class Ccxt(Calculator):
    """Tiers, and liquidation prices of isolated positions."""

    library = "ccxt"

    def ask_tier(self, question: Question) -> Object:
        """The rate of each position's tier, of which the library tells nothing else."""
        rows = []
        for one in question.asked:
            rate = parsed(question, one, question.cash)["maintenanceMarginPercentage"]
            rows.append({"side": one.side, "maintenance_rate": text_of(rate)})
        return calculated(positions=rows)

    def ask_band(self, question: Question) -> Object:
        """The liquidation price."""
        lacking = question.lacking(cross=False)
        if lacking:
            return unsupported(lacking)
        [position] = question.asked
        return band(question, price_text(parsed(question, position, question.cash)["liquidationPrice"]))


if __name__ == "__main__":
    serve(Ccxt())
