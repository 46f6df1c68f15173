"""A toy engine and its adapter: cross margin, one-way positions, trades that open; it liquidates nobody."""

from copy import deepcopy
from fractions import Fraction

from engine_protocol import Engine, Object, about, accepted, leaving_out, ok, rejected, serve, unsupported


class Adapter(Engine):
    def hello(self) -> Object:
        return leaving_out(about("toy", "1", 2, ["batch"]), "input_checks")

    def configure(self, header: Object) -> Object:
        self.quanta = {asset: 10 ** given["decimals"] for asset, given in header["assets"].items()}
        return ok()

    def start(self) -> None:
        self.markets, self.marks, self.cash, self.positions = {}, {}, {}, {}

    def step(self, event: Object, want: str) -> Object:
        take = getattr(self, event["type"], lambda **_: unsupported(event["type"]))
        amounts = {name: Fraction(event[name]) for name in ("amount", "price", "quantity") if name in event}
        return take(**{name: amounts.get(name, value) for name, value in event.items() if name != "type"}) or accepted()

    def save(self):
        return deepcopy(vars(self))

    def restore(self, saved):
        vars(self).update(saved)

    def list_market(self, market, tiers, **terms):
        names = ("floor", "max_leverage", "maintenance_rate")
        floors, leverages, rates = ([Fraction(one[name]) for one in tiers] for name in names)
        steps = [rate - before for rate, before in zip(rates, [0, *rates])]
        self.markets[market] = terms | {"tiers": list(zip(floors, leverages, steps))}

    def deposit(self, account, asset, amount):
        cash = self.cash.setdefault(account, {})
        cash[asset] = cash.get(asset, 0) + amount

    def withdraw(self, account, asset, amount):
        equity, initial, _ = self.margins(account, asset)
        if amount > min(self.cash[account].get(asset, 0), equity) - initial:
            return rejected("INSUFFICIENT_BALANCE")
        self.cash[account][asset] -= amount

    def mark_price(self, market, price):
        self.marks[market] = price
        margins = [self.margins(account, self.markets[market]["asset"]) for account in self.cash]
        if any(equity <= maintenance for equity, _, maintenance in margins if maintenance):
            return unsupported("liquidation")

    def trade(self, market, buyer, seller, quantity, price, taker):
        if market not in self.marks:
            return rejected("NO_MARK")
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
            value, terms = self.marks[market] * quantity, self.markets[market]
            if owner == account and terms["asset"] == asset:
                tiers = [one for one in terms["tiers"] if one[0] < abs(value)]
                least = self.up(sum((abs(value) - floor) * step for floor, _, step in tiers), asset)
                equity, maintenance = equity + value - cost, maintenance + least
                dust = least + self.up(Fraction(1, 10**9), asset)
                initial += max(self.up(abs(value) / min(20, tiers[-1][1]), asset), dust)
        return equity, initial, maintenance

    def up(self, amount, asset):
        quanta = self.quanta.get(asset, 10**8)
        return Fraction(-(-amount * quanta // 1), quanta)


if __name__ == "__main__":
    serve(Adapter())
