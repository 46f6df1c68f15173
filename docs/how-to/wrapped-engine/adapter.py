"""Between marginspec and our venue's engine: `python3 adapter.py`."""

from copy import deepcopy

from engine_protocol import (
    Books,
    Engine,
    Object,
    Unsupported,
    about,
    accepted,
    domain,
    leaving_out,
    parties,
    position,
    rejected,
    serve,
    unsupported,
)
from venue import Venue, VenueError

REASONS = {"NOT_ENOUGH_FREE": "INSUFFICIENT_BALANCE", "NOT_ENOUGH_MARGIN": "INSUFFICIENT_MARGIN"}


class Adapter(Engine):
    def hello(self) -> Object:
        return leaving_out(about("venue", "1", 2, ["batch"]), "input_checks", "several_assets")

    def start(self) -> None:
        self.venue, self.books, self.liquidated = Venue(), Books(), []

    def step(self, event: Object, want: str) -> Object:
        take = getattr(self, event["type"], None)
        if take is None:
            return unsupported(event["type"])
        self.asset, self.liquidated = event.get("asset") or self.asset, []
        try:
            take(event)
        except VenueError as error:
            return rejected(REASONS.get(str(error)))
        if self.venue.fund < 0:
            return unsupported("deleveraging")
        return accepted(liquidated=self.liquidated, changes=self.books.changes(event, *self.balances()))

    def save(self) -> Venue:
        return deepcopy(self.venue)

    def restore(self, saved: Venue) -> None:
        self.venue = saved

    def list_market(self, event: Object) -> None:
        names = ("floor", "maintenance_rate", "max_leverage")
        brackets = [tuple(number(tier[name]) for name in names) for tier in event["tiers"]]
        self.venue.add_market(event["market"], number(event["tick"]), brackets, *fees(event))

    def deposit(self, event: Object) -> None:
        self.venue.transfer(event["account"], number(event["amount"]))

    def withdraw(self, event: Object) -> None:
        self.venue.transfer(event["account"], -number(event["amount"]))

    def mark_price(self, event: Object) -> None:
        gone = self.venue.mark(event["market"], number(event["price"]))
        self.liquidated = [domain(user, self.asset) for user in gone]

    def trade(self, event: Object) -> None:
        if event["market"] in self.venue.markets and event["market"] not in self.venue.marks:
            raise Unsupported("trades before the first mark")
        sign = 1 if event["taker"] == "buyer" else -1
        self.venue.fill(event["market"], *parties(event), sign * number(event["quantity"]), number(event["price"]))

    def balances(self) -> tuple[dict[str, str], dict[str, str]]:
        ledger = {f"wallet:{user}:{self.asset}": f"{cash:.8f}" for user, cash in self.venue.balance.items()}
        ledger[f"insurance:{self.asset}"] = f"{self.venue.fund:.8f}"
        quantities = {}
        for (user, symbol), (size, cost) in self.venue.positions.items():
            ledger[f"position:{position(user, symbol)}"] = f"{-cost:.8f}"
            quantities[position(user, symbol)] = f"{size:.8f}"
        return ledger, quantities


def number(text: object) -> float:
    """What the venue counts in; beyond 2^53 quanta a float has not all digits."""
    if abs(float(str(text))) >= 2**53 / 10**8:
        raise Unsupported("big numbers")
    return float(str(text))


def fees(event: Object) -> tuple[float, float]:
    return number(event["taker_fee"]), number(event["maker_fee"])


if __name__ == "__main__":
    serve(Adapter())
