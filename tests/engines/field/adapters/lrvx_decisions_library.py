"""The library lrvx at level 2: whom its `LiquidationEngine` liquidates and deleverages at marks.

The library has accounts with equity and positions, tiers, an insurance fund and deleveraging. It has no orders, no
refusals, no fees by rate and no partial liquidation; the adapter keeps wallets and average entries beside it. After a
liquidation the library and the rulebook hold different things by design, and nothing more is answered.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import lrvx
from engine_protocol import Engine, Object, accepted, ok, serve, unsupported

NOTHING: Object = {"liquidated": [], "deleveraged": [], "levied": []}
FREE = ("taker_fee", "maker_fee", "clearance_fee")
LIMITS = ("price_band", "fill_band", "funding_cap", "position_limit")
STATED = ("buyer_fee", "seller_fee", "buyer_order", "seller_order")


@dataclass
class Position:
    """What an account has in a market: a signed quantity and its cost."""

    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)


@dataclass
class Books:
    """What the library is told: markets, marks, wallets, positions, insurance."""

    markets: dict[str, Object] = field(default_factory=dict)
    marks: dict[str, Decimal] = field(default_factory=dict)
    wallets: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    positions: dict[tuple[str, str], Position] = field(default_factory=dict)
    insurance: dict[str, Decimal] = field(default_factory=dict)

    def trade(self, account: str, market: str, quantity: Decimal, price: Decimal) -> None:
        """An account buys, or sells a quantity below zero; what it closes is realised into its wallet."""
        held = self.positions.setdefault((account, market), Position())
        if held.quantity * quantity >= 0:
            held.quantity, held.cost = held.quantity + quantity, held.cost + quantity * price
            return
        closed = min(abs(quantity), abs(held.quantity)).copy_sign(held.quantity)
        released = held.cost * closed / held.quantity
        owner = account, self.markets[market]["asset"]
        self.wallets[owner] = self.wallets.get(owner, Decimal(0)) + closed * price - released
        held.quantity, held.cost = held.quantity - closed, held.cost - released
        rest = quantity + closed
        held.quantity, held.cost = held.quantity + rest, held.cost + rest * price


class Marked:
    """The library's engine with the accounts of an asset, made of the books for one mark."""

    def __init__(self, books: Books, asset: str) -> None:
        self.asset, self.symbols = asset, sorted(name for name, one in books.markets.items() if one["asset"] == asset)
        self.names = sorted({account for account, market in books.positions if market in self.symbols})
        self.engine = lrvx.LiquidationEngine()
        for tier in books.markets[self.symbols[0]]["tiers"]:
            self.engine.add_tier(float(tier["floor"]), float(tier["maintenance_rate"]))
        self.engine.set_insurance_fund_capital(float(books.insurance.get(asset, 0)))
        self.engine.set_liquidation_slippage_bps(0.0)
        self.engine.set_adl_enabled(True)
        self.engine.set_adl_ranking(lrvx.AdlRanking.Binance)
        # The library keeps no hold of the accounts that are attached to it.
        self.accounts = [self._account(books, number, name) for number, name in enumerate(self.names)]
        for account in self.accounts:
            self.engine.attach_account(account)

    def _account(self, books: Books, number: int, name: str) -> Any:
        account = lrvx.Account(number, float(books.wallets.get((name, self.asset), 0)))
        account.set_margin_mode(lrvx.MarginMode.Cross)
        for symbol, market in enumerate(self.symbols):
            held = books.positions.get((name, market))
            if held is not None and held.quantity:
                account.open_position(symbol, float(held.quantity), float(held.cost / held.quantity))
                account.set_mark(symbol, float(books.marks[market]))
        return account

    def mark(self, market: str, price: Decimal) -> Object:
        """What the library decides at a mark."""
        found = self.engine.on_mark(self.symbols.index(market), float(price))
        liquidated = list(dict.fromkeys(f"{self.names[one]}:{self.asset}" for one in found["liquidated"]))
        deleveraged = [f"{self.names[one]}:{market}:BOTH" for one in found["adl_closed_out"]]
        return {"liquidated": liquidated, "deleveraged": deleveraged, "levied": []}


class LrvxDecisions(Engine):
    """Decisions at marks."""

    def __init__(self) -> None:
        self.books, self.is_over = Books(), False

    def hello(self) -> Object:
        """The library's own name and version."""
        return {
            "answer": "hello",
            "protocol": 1,
            "name": "lrvx",
            "version": version("lrvx"),
            "language": "Python",
            "rulebook": "2",
            "level": 2,
            "capabilities": ["adl", "no_levy"],
        }

    def reset(self, state: Object | None) -> Object:
        """Begin with nothing."""
        self.__init__()  # type: ignore[misc]  # the same as a new one
        return ok() if state is None else unsupported("reset_state")

    def step(self, event: Object, want: str) -> Object:
        """Take an event of those that the library, or the books beside it, can follow."""
        method = getattr(self, f"take_{event['type']}", None)
        if method is None or want not in ("verdict", "decisions"):
            return unsupported(event["type"])
        if self.is_over:
            return unsupported("after_liquidation")
        answer: Object = method(event)
        return answer

    def take_list_market(self, event: Object) -> Object:
        """One table of tiers for all markets of an asset, and no fees by rate."""
        if any(float(event[name]) for name in FREE):
            return unsupported("fees")
        if any(name in event for name in LIMITS):
            return unsupported("limits")
        tables = [one["tiers"] for one in self.books.markets.values() if one["asset"] == event["asset"]]
        if any(one != event["tiers"] for one in tables):
            return unsupported("tiers_of_each_market")
        self.books.markets[event["market"]] = event
        return accepted(**NOTHING)

    def take_set_leverage(self, event: Object) -> Object:
        """The library has no leverage of a cross position to set."""
        return accepted(**NOTHING)

    def take_deposit(self, event: Object) -> Object:
        """Money for a wallet."""
        owner = event["account"], event["asset"]
        self.books.wallets[owner] = self.books.wallets.get(owner, Decimal(0)) + Decimal(event["amount"])
        return accepted(**NOTHING)

    def take_fund_insurance(self, event: Object) -> Object:
        """Money for the insurance fund."""
        if "market" in event:
            return unsupported("reserve_of_a_market")
        fund = self.books.insurance
        fund[event["asset"]] = fund.get(event["asset"], Decimal(0)) + Decimal(event["amount"])
        return accepted(**NOTHING)

    def take_trade(self, event: Object) -> Object:
        """A trade without fees."""
        if any(name in event for name in STATED):
            return unsupported("orders_and_stated_fees")
        quantity, price = Decimal(event["quantity"]), Decimal(event["price"])
        self.books.trade(event["buyer"], event["market"], quantity, price)
        self.books.trade(event["seller"], event["market"], -quantity, price)
        return accepted(**NOTHING)

    def take_mark_price(self, event: Object) -> Object:
        """A mark, at which the library decides."""
        market, price = event["market"], Decimal(event["price"])
        self.books.marks[market] = price
        decided = Marked(self.books, self.books.markets[market]["asset"]).mark(market, price)
        self.is_over = bool(decided["liquidated"])
        return accepted(**decided)


if __name__ == "__main__":
    serve(LrvxDecisions())
