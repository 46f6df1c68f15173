"""What sets of accounts gain in aimed journals, measured beside what T-LUNCH-6 says that they are given and no more."""

from fractions import Fraction
from itertools import combinations

import attrs
import pytest

from marginspec.margin.margin import domain_margin, lot_cost
from marginspec.model import events
from marginspec.model.account import DomainKey
from marginspec.model.effects import Deleveraged, LotOpened, LotReduced, Receipt, Transferred
from marginspec.model.events import Event
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import RATE_ONE, WIRE_DECIMALS, Decimal8, Price, Quantity
from marginspec.transition import apply
from marginspec_conformance.generator.aimed import ACCOUNTS, Seeded, aimed_event, world

SETS = tuple(frozenset(chosen) for size in (1, 2, 5) for chosen in combinations(ACCOUNTS, size))
JOURNALS = 10
EVENTS = 90


@attrs.define
class Given:
    """What an event gives to one set of accounts and its lots, in quanta of any asset, and exactly."""

    accounts: frozenset[str]
    before: State
    amount: Fraction = Fraction(0)
    owned: set[int] = attrs.Factory(set)
    left: dict[int, Quantity] = attrs.Factory(dict)

    def __attrs_post_init__(self) -> None:
        """Lots are owned by those from whom they were taken over."""
        self.owned = {lot.id for lot in self.before.lots.values() if lot.account in self.accounts}
        self.left = {lot.id: lot.quantity for lot in self.before.lots.values()}

    def quantities(self, market: str) -> list[Quantity]:
        """Signed quantities of the set's positions and lots in a market."""
        held = [(key.account, key.market, quantity) for key, quantity in self.before.positions.items()]
        held += [(lot.account, lot.market, lot.quantity) for lot in self.before.lots.values()]
        return [quantity for account, place, quantity in held if place == market and account in self.accounts]

    def by_event(self, event: Event) -> None:
        """Marks and funding give to all quantities, prices to those who deal at them."""
        if isinstance(event, events.MarkPrice | events.SettleMarket):
            market = self.before.markets[event.market]
            change = Price(units(event.price, market.price_decimals) - (market.mark or 0))
            self.amount += sum(market.value(change, one) for one in self.quantities(market.id))
        elif isinstance(event, events.Funding):
            market = self.before.markets[event.market]
            value = sum(market.at_mark(one) for one in self.quantities(market.id))
            self.amount -= Fraction(value * event.rate, RATE_ONE)
        elif isinstance(event, events.Trade):
            size = units(event.quantity, self.before.markets[event.market].quantity_decimals)
            for party, quantity in ((event.buyer, size), (event.seller, -size)):
                self.deal(event, party, Quantity(quantity))
        elif isinstance(event, events.LiquidationFill):
            size = units(event.quantity, self.before.markets[event.market].quantity_decimals)
            self.deal(event, event.counterparty, Quantity(size if event.side == "long" else -size))

    def deal(self, event: events.Trade | events.LiquidationFill, party: str, quantity: Quantity) -> None:
        """A party of the set gains what the value at mark is above that at the price."""
        if party in self.accounts:
            self.amount -= self.better(event, quantity)

    def better(self, event: events.Trade | events.LiquidationFill, quantity: Quantity) -> int:
        """What a signed quantity is worth more at the event's price than at the mark."""
        market: Market = self.before.markets[event.market]
        price = Price(units(event.price, market.price_decimals))
        return market.value(price, quantity) - market.at_mark(quantity)

    def by_effects(self, event: Event, receipt: Receipt) -> None:
        """Payments in and out, rebates, draws and deleveraging for own lots, and what passes from lot to lot."""
        sold: dict[int, int] = {}
        for effect in receipt.effects:
            if isinstance(effect, LotOpened):
                self.left[effect.lot.id] = effect.lot.quantity
                self.owned |= {effect.lot.id} if effect.lot.account in self.accounts else set()
            elif isinstance(effect, LotReduced):
                closed = self.left[effect.lot] - effect.quantity
                self.left[effect.lot] = effect.quantity
                sold[effect.lot] = sold.get(effect.lot, 0) + closed
            elif isinstance(effect, Deleveraged):
                quantity = effect.quantity if sold[effect.lot] > 0 else -effect.quantity
                sold[effect.lot] -= quantity
                if effect.lot in self.owned and effect.counterparty.account not in self.accounts:
                    self.amount += effect.loss
            elif isinstance(effect, Transferred):
                self.by_transfer(effect)
        if isinstance(event, events.LiquidationFill):
            self.amount += sum(self.better(event, Quantity(sold[lot])) for lot in self.owned & set(sold))

    def by_transfer(self, moved: Transferred) -> None:
        """What comes to the set, or to its lots, from outside, from the house, from funds or from others' lots."""
        source, target = moved.source, moved.target
        if target.account in self.accounts and (source.kind == "external" or moved.rule == "TRD-01"):
            self.amount += moved.amount
        if source.account in self.accounts and target.kind == "external":
            self.amount -= moved.amount
        if target.kind == "lot" and target.lot in self.owned and moved.rule == "WTF-01":
            self.amount += moved.amount
        if source.kind == target.kind == "lot":
            self.amount += moved.amount * ((target.lot in self.owned) - (source.lot in self.owned))


def units(decimal: Decimal8, decimals: int) -> int:
    """An event's decimal in units."""
    return int(decimal // 10 ** (WIRE_DECIMALS - decimals))


def wealth(state: State, accounts: frozenset[str]) -> int:
    """Equities, claims on relief, and what lots of these accounts gain at mark, in quanta of any asset."""
    domains = {DomainKey(account, asset) for account in accounts for asset in ("EUR", "USD")}
    domains.update(domain for account in accounts for domain in state.domains_of.get(account, ()))
    claimed = [item for claims in state.relief_claims.values() for item in claims.items()]
    claims = sum(claim for domain, claim in claimed if domain.account in accounts)
    lots = [lot for lot in state.lots.values() if lot.account in accounts]
    gains = sum(state.markets[lot.market].at_mark(lot.quantity) - lot_cost(state, lot.id) for lot in lots)
    return sum(domain_margin(state, domain).equity for domain in domains) + claims + gains


@pytest.mark.rule("LIQ-03", "ADL-03", "LVY-01", "LVY-02", "MKT-05")
@pytest.mark.parametrize("batch", range(4))
def test_a_set_and_its_lots_gain_no_more_than_they_are_given(batch: int) -> None:
    for seed in range(batch * JOURNALS, (batch + 1) * JOURNALS):
        chooser = Seeded(seed)
        opened = world(chooser)
        state = State(header=opened.header)
        for place in range(len(opened.opening) + EVENTS):
            event = opened.opening[place] if place < len(opened.opening) else aimed_event(chooser, state)
            after, receipt = apply(state, event)
            for accounts in SETS if receipt.rejected is None else ():
                given = Given(accounts, state)
                given.by_event(event)
                given.by_effects(event, receipt)
                gained = wealth(after, accounts) - wealth(state, accounts)
                assert gained <= given.amount, (seed, place, sorted(accounts), event)
            state = after
