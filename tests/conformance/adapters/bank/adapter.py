"""A bank by means of the kit: it keeps wallets, and calls a mark a liquidation."""

from engine_protocol import (
    Books,
    Engine,
    Numbers,
    Object,
    about,
    accepted,
    brackets,
    decimal,
    decimals_of,
    default_leverage,
    domain,
    in_order,
    leaving_out,
    parties,
    position,
    rejected,
    serve,
    units,
    unsupported,
)


class Adapter(Engine):
    def hello(self) -> Object:
        return leaving_out(about("bank", "1", 4, ["batch"]), "ADL-02", "ADL-06")

    def start(self) -> None:
        self.cash: dict[str, int] = {}
        self.leverage, self.books, self.numbers = 0, Books(), Numbers()

    def save(self) -> dict[str, int]:
        return dict(self.cash)

    def restore(self, saved: dict[str, int]) -> None:
        self.cash = saved

    def step(self, event: Object, want: str) -> Object:
        liquidated: list[str] = []
        quantities: dict[str, str] = {}
        decimals = decimals_of(self.header, "USD")
        wallet = f"wallet:{event.get('account')}:{event.get('asset')}"
        if event["type"] == "list_market":
            self.leverage, self.rows = default_leverage(event["tiers"]), brackets(event["tiers"], decimals)
        elif event["type"] == "deposit":
            self.cash[wallet] = self.cash.get(wallet, 0) + units(event["amount"], decimals)
        elif event["type"] == "withdraw":
            if self.cash.get(wallet, 0) < units(event["amount"], decimals):
                return rejected("INSUFFICIENT_BALANCE")
            self.cash[wallet] -= units(event["amount"], decimals)
        elif event["type"] == "mark_price":
            held = position("alice", event["market"])
            liquidated = in_order(
                [domain(held, "USD"), "alice:USD", "alice:A.B:BOTH:EUR", "alice:A:BOTH:EUR", "al:USD"]
            )
            quantities = {held: decimal(-self.leverage, 1)}
        elif event["type"] == "trade":
            taker, maker = parties(event)
            bought = f"wallet:{taker}:USD"
            self.cash[bought] = self.cash.get(bought, 0) + self.money(event, event["price"])
            if event["price"] == "13":
                return rejected(None)
            held = self.rows[-1]["deduction"] + self.numbers.of(maker)
            quantities = {position(taker, event["market"]): decimal(held, self.listing(event)["quantity_decimals"])}
            liquidated = [domain(self.numbers.name(1), "USD")]
        else:
            return unsupported(event["type"])
        ledger = {name: decimal(money, decimals) for name, money in self.cash.items()}
        return accepted(liquidated=liquidated, changes=self.books.changes(event, ledger, quantities))


serve(Adapter())
