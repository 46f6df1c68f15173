"""A toy engine and its adapter: cross margin, markets of one tier, trades that open; it liquidates nobody."""

from copy import deepcopy
from fractions import Fraction
from math import ceil

from engine_protocol import Engine, Object, accepted, ok, rejected, serve, unsupported

AMOUNTS = ("amount", "price", "quantity")


class Adapter(Engine):
    def hello(self) -> Object:
        about = {"name": "toy", "version": "1", "language": "Python", "rulebook": "2", "level": 2}
        return {"answer": "hello", "protocol": 1, **about, "capabilities": ["batch"]}

    def configure(self, header: Object) -> Object:
        self.quanta = {asset: 10 ** given["decimals"] for asset, given in header["assets"].items()}
        return ok()

    def reset(self, state: Object | None) -> Object:
        self.markets, self.marks, self.cash, self.positions = {}, {}, {}, {}
        return ok() if state is None else unsupported("reset_state")

    def step(self, event: Object, want: str) -> Object:
        take = getattr(self, event["type"], lambda **_: unsupported(event["type"]))
        fields = {name: Fraction(value) if name in AMOUNTS else value for name, value in event.items()}
        del fields["type"]
        if any(not 0 < fields[name] < 10**9 for name in AMOUNTS if name in fields):
            return unsupported("checks of amounts")
        before = deepcopy(vars(self))
        refusal = take(**fields)
        vars(self).update(before if refusal else {})  # what is not accepted changes nothing
        return refusal or accepted(liquidated=[], deleveraged=[], levied=[])

    def list_market(self, market, tiers, **terms):
        if market in self.markets:
            return rejected("MARKET_EXISTS")
        if len(tiers) != 1 or tiers[0]["floor"] != "0" or tiers[0]["max_leverage"] > 1000:
            return unsupported("checks of tiers, and several of them")
        if not 0 < Fraction(tiers[0]["maintenance_rate"]) * tiers[0]["max_leverage"] < 1:
            return rejected("INVALID_TIERS")
        self.markets[market] = terms | tiers[0]

    def deposit(self, account, asset, amount):
        if amount != self.up(amount, asset):
            return rejected("INVALID_AMOUNT")
        cash = self.cash.setdefault(account, {})
        cash[asset] = cash.get(asset, 0) + amount

    def withdraw(self, account, asset, amount):
        if account not in self.cash:
            return rejected("UNKNOWN_ACCOUNT")
        equity, initial, _ = self.margins(account, asset)
        if amount > min(self.cash[account].get(asset, 0), equity) - initial:
            return rejected("INSUFFICIENT_BALANCE")
        self.cash[account][asset] -= amount

    def mark_price(self, market, price):
        if market not in self.markets:
            return rejected("UNKNOWN_MARKET")
        self.marks[market] = price
        margins = [self.margins(account, self.markets[market]["asset"]) for account in self.cash]
        if any(equity <= maintenance for equity, _, maintenance in margins if maintenance):
            return unsupported("liquidation")

    def trade(self, market, buyer, seller, quantity, price, taker):
        if market not in self.marks:
            return rejected("NO_MARK" if market in self.markets else "UNKNOWN_MARKET")
        terms = self.markets[market]
        for side, account, signed in (("buyer", buyer, quantity), ("seller", seller, -quantity)):
            held, cost = self.positions.get((account, market), (0, 0))
            if held * signed < 0:
                return unsupported("trades that close")
            rate = Fraction(terms["taker_fee" if side == taker else "maker_fee"])
            self.cash[account][terms["asset"]] -= self.up(price * quantity * rate, terms["asset"])
            self.positions[account, market] = held + signed, cost + price * signed
        margins = [self.margins(account, terms["asset"]) for account in (buyer, seller)]
        if any(equity < initial for equity, initial, _ in margins):
            return rejected("INSUFFICIENT_MARGIN")

    def margins(self, account, asset):
        equity, initial, maintenance = self.cash[account].get(asset, 0), 0, 0
        for (owner, market), (quantity, cost) in self.positions.items():
            terms, value = self.markets[market], self.marks[market] * quantity
            if owner == account and terms["asset"] == asset:
                least = self.up(abs(value) * Fraction(terms["maintenance_rate"]), asset)
                equity, maintenance = equity + value - cost, maintenance + least
                quantum = Fraction(1, self.quanta.get(asset, 10**8))
                initial += max(self.up(abs(value) / min(20, terms["max_leverage"]), asset), least + quantum)
        return equity, initial, maintenance

    def up(self, amount, asset):
        quanta = self.quanta.get(asset, 10**8)
        return Fraction(ceil(amount * quanta), quanta)


if __name__ == "__main__":
    serve(Adapter())
