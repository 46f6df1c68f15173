"""The library freqtrade, asked for `Exchange.dry_run_liquidation_price` and `Exchange.get_maintenance_ratio_and_amt`.

An argument names the venue whose formula is asked for (binance, bybit, gate, bitget, hyperliquid), and a second one,
`bot`, asks as the library's own bot does: it tells the margin of a position where the tier of its value is meant.
"""

import sys
from types import SimpleNamespace
from typing import Any

from asking import Calculator, Held, Market, Question, band, calculated, price_text, text_of
from engine_protocol import Object, serve, unsupported
from freqtrade.enums import MarginMode, RunMode, TradingMode
from freqtrade.exchange import Binance, Bitget, Bybit, Gate, Hyperliquid

VENUES: dict[str, Any] = {
    "binance": Binance,
    "bybit": Bybit,
    "gate": Gate,
    "bitget": Bitget,
    "hyperliquid": Hyperliquid,
}
BY_MARGIN = ("hyperliquid",)
"""Venues whose formula takes the margin, and finds no tier by it."""
WITH_OTHERS = ("binance", "hyperliquid")
"""Venues with a formula for cross accounts."""
NO_FEE = 1e-300
"""Questions know no taker fee; of a fee of zero the library thinks that it is not known, and takes the venue's."""


def pair_of(market: Market) -> str:
    """The library's name of a market."""
    return f"{market.name}/USDT:USDT"


def tiers_of(market: Market) -> list[dict[str, float]]:
    """A market's tiers as the library keeps them."""
    return [
        {
            "minNotional": float(one.floor),
            "maintenanceMarginRate": float(one.rate),
            "maxLeverage": float(one.max_leverage),
            "maintAmt": float(one.deduction),
        }
        for one in market.tiers
    ]


def exchange_of(venue: str, question: Question) -> Any:
    """The library's exchange with all that its liquidation price reads; its own constructor would call the venue."""
    kind = VENUES[venue]
    exchange = kind.__new__(kind)
    # The destructor closes connections, of which this object has none.
    exchange.close = lambda: None
    exchange.margin_mode = MarginMode.CROSS if question.others else MarginMode.ISOLATED
    exchange.trading_mode = TradingMode.FUTURES
    # In the other modes it asks the venue for marks.
    exchange._config = {"runmode": RunMode.BACKTEST}
    markets = {one.market.name: one.market for one in question.held}
    exchange._leverage_tiers = {pair_of(one): tiers_of(one) for one in markets.values()}
    exchange._markets = {
        pair_of(one): {
            "taker": NO_FEE,
            "inverse": False,
            "limits": {"leverage": {"max": float(one.tiers[0].max_leverage)}},
        }
        for one in markets.values()
    }
    return exchange


class Freqtrade(Calculator):
    """Tiers and liquidation prices by the formula of a venue."""

    library = "freqtrade"

    def __init__(self, venue: str, *, as_bot: bool) -> None:
        self.venue, self.as_bot = venue, as_bot
        self.note = f"{venue}, as its bot asks" if as_bot else venue

    def ask_tier(self, question: Question) -> Object:
        """Rate and deduction of each position's tier; the venues have that function in common."""
        if self.venue != "binance":
            return unsupported("tier")
        exchange, rows = exchange_of(self.venue, question), []
        for one in question.asked:
            rate, amount = exchange.get_maintenance_ratio_and_amt(pair_of(one.market), self._stake(one))
            rows.append({"side": one.side, "maintenance_rate": text_of(rate), "deduction": text_of(amount)})
        return calculated(positions=rows)

    def ask_band(self, question: Question) -> Object:
        """The liquidation price."""
        lacking = question.lacking(cross=self.venue in WITH_OTHERS)
        if lacking:
            return unsupported(lacking)
        [position] = question.asked
        cash, trades = float(question.cash), []
        for other in question.others:
            # For want of marks the library values other positions at their entries: they are told as entered at mark,
            # and what they have gained until then as cash.
            cash += float(other.unrealised)
            trades.append(self._trade(other))
        price = exchange_of(self.venue, question).dry_run_liquidation_price(
            pair=pair_of(position.market),
            open_rate=float(position.entry),
            is_short=position.quantity < 0,
            amount=float(position.size),
            stake_amount=float(question.cash) if self.venue in BY_MARGIN else self._stake(position),
            leverage=float(position.size * position.entry / question.cash) if question.cash else 1.0,
            wallet_balance=cash,
            open_trades=trades,
        )
        return band(question, price_text(price))

    def _trade(self, held: Held) -> Any:
        return SimpleNamespace(
            pair=pair_of(held.market),
            amount=float(held.size),
            open_rate=float(held.market.mark),
            stake_amount=self._stake(held),
        )

    def _stake(self, held: Held) -> float:
        """What the library finds the tier by."""
        return float(held.size * held.entry / held.leverage if self.as_bot else held.notional)


if __name__ == "__main__":
    serve(Freqtrade(sys.argv[1], as_bot=sys.argv[2:] == ["bot"]))
